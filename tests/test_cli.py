"""The command line: what each command prints, its exit code, and no traceback for what a user can mend."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from flows import watch
from localize import __version__, clearing, cli, engines, planning
from localize.errors import Blocked, CrossreelError, NotReady, Transient, UserError
from localize.store import LocalStore, key


@dataclass(frozen=True)
class Said:
    code: int
    out: str
    err: str


@pytest.fixture
def crossreel(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """Run a command as the shell would, on a wide terminal."""
    monkeypatch.setenv("COLUMNS", "220")

    def command(*args: object) -> Said:
        monkeypatch.setattr(sys, "argv", ["crossreel", *map(str, args)])
        with pytest.raises(SystemExit) as e:
            cli.main()
        said = capsys.readouterr()
        assert "Traceback" not in said.out + said.err
        return Said(int(e.value.code or 0), said.out, said.err)

    return command


def test_version(crossreel: Callable[..., Said]) -> None:
    assert crossreel("version") == Said(0, f"{__version__}\n", "")


def test_without_a_command_it_says_what_there_is(crossreel: Callable[..., Said]) -> None:
    said = crossreel()
    assert all(command in said.out + said.err for command in ("run", "doctor", "store", "version"))


def test_doctor_lists_the_engines(crossreel: Callable[..., Said]) -> None:
    said = crossreel("doctor")
    assert said.code == 0
    assert all(name in said.out for name in ("templates", "espeak", "viseme", "folder", "ffmpeg", "th (Thai)"))


def test_doctor_says_when_a_stage_has_no_engine_ready(crossreel: Callable[..., Said], monkeypatch: pytest.MonkeyPatch) -> None:
    from localize.voice.espeak import EspeakVoice

    monkeypatch.setattr(EspeakVoice, "missing", lambda self: "espeakng-loader is missing: pip install 'espeakng-loader[x]'")
    monkeypatch.setattr(engines, "survey", lambda stage, *_: [(EspeakVoice.card, EspeakVoice().missing())] if stage == "voice" else [])
    said = crossreel("doctor")
    assert said.code == 3
    assert "no engine is ready for: voice" in said.out
    assert "'espeakng-loader[x]'" in said.out


# ---- a dry run


def test_a_dry_run_says_what_would_be_made(crossreel: Callable[..., Said], shop: Path) -> None:
    said = crossreel("run", shop / "campaign.yaml", "--dry-run")
    assert said.code == 0
    assert "4 clips of 2 products, from 2 rows. Nothing was made." in said.out
    assert "Clay Mug" in said.out
    assert "th, vi" in said.out
    assert not (shop / "out").exists()


def test_what_is_doubtful_of_the_voice_is_said_before_anything_is_made(crossreel: Callable[..., Said], shop: Path) -> None:
    with (shop / "campaign.yaml").open("a", encoding="utf-8") as file:
        file.write("engines:\n  voice: voxcpm\n")
    for said in (crossreel("run", shop / "campaign.yaml", "--dry-run"), crossreel("doctor", shop / "campaign.yaml")):
        assert said.out.count("only speaks as somebody") == 1


def test_a_dry_run_of_a_part(crossreel: Callable[..., Said], shop: Path) -> None:
    run = ("run", shop / "campaign.yaml", "--dry-run")
    assert "2 clips of 2 products" in crossreel(*run, "--languages", "vi").out
    assert "2 clips of 1 products" in crossreel(*run, "--only", "LAMP-02").out
    assert "4 clips of 2 products" in crossreel(*run, "--only", "LAMP-02", "--only", "MUG-01").out
    assert "2 clips of 1 products" in crossreel(*run, "--limit", "1").out
    assert "1 clips of 1 products" in crossreel(*run, "--limit", "1", "--languages", " th ,").out


def test_rejected_rows_are_said_and_change_the_exit_code(crossreel: Callable[..., Said], shop: Path) -> None:
    with (shop / "products.csv").open("a", encoding="utf-8") as f:
        f.write("BAD-03,Bowl [/b],-5,,kitchen,,pictures/mug.jpg,,,,\n")
    said = crossreel("run", shop / "campaign.yaml", "--dry-run")
    assert said.code == 2
    assert "rejected  products.csv, row 4, price" in said.out
    assert "4 clips of 2 products, from 3 rows" in said.out


def test_brackets_in_a_title_are_shown_as_they_are(crossreel: Callable[..., Said], shop: Path) -> None:
    catalog = shop / "products.csv"
    catalog.write_text(catalog.read_text(encoding="utf-8").replace("Clay Mug", "[x1] Mug [/b2]"), encoding="utf-8")
    said = crossreel("run", shop / "campaign.yaml", "--dry-run")
    assert said.code == 0
    assert "[x1] Mug [/b2]" in said.out


# ---- what a user can mend


def test_a_campaign_that_is_not_there(crossreel: Callable[..., Said], tmp_path: Path) -> None:
    said = crossreel("run", tmp_path / "missing.yaml")
    assert said.code == 2
    assert str(tmp_path / "missing.yaml") in said.err
    assert said.out == ""


def test_every_mistake_of_a_campaign(crossreel: Callable[..., Said], shop: Path) -> None:
    path = shop / "campaign.yaml"
    path.write_text(path.read_text().replace("currency:", "curency:").replace("vi]", "vj]"))
    said = crossreel("run", path)
    assert said.code == 2
    assert [line.split(": ")[0] for line in said.err.splitlines()] == [f"{path}, line 3", f"{path}, line 4"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--only", "MUG-1"), ["no product 'MUG-1'", "Did you mean 'MUG-01'?"]),
        (("--languages", "th,zh"), ["no language 'zh'"]),
        (("--catalog", "nothing.csv"), ["nothing.csv"]),
    ],
)
def test_wishes_that_do_not_fit(crossreel: Callable[..., Said], shop: Path, options: tuple[str, ...], words: list[str]) -> None:
    said = crossreel("run", shop / "campaign.yaml", "--dry-run", *options)
    assert said.code == 2
    assert all(word in said.err for word in words)


def test_an_option_that_is_not_there(crossreel: Callable[..., Said], shop: Path) -> None:
    assert crossreel("run", shop / "campaign.yaml", "--langauges", "th").code == 2


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (UserError("row [3] is wrong"), 2, "row [3] is wrong\n"),
        (NotReady("no voice.", how="pip install 'crossreel[neural]'"), 3, "NotReady: no voice. pip install 'crossreel[neural]'\n"),
        (Transient("try later"), 4, "Transient: try later\n"),
        (Blocked("no label"), 5, "Blocked: no label\n"),
        (CrossreelError("stopped"), 1, "CrossreelError: stopped\n"),
    ],
)
def test_each_error_has_its_exit_code(
    crossreel: Callable[..., Said], shop: Path, monkeypatch: pytest.MonkeyPatch, error: CrossreelError, code: int, text: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(planning, "plan", fail)
    assert crossreel("run", shop / "campaign.yaml", "--dry-run") == Said(code, "", text)


def test_a_run_that_could_not_plan_says_why(crossreel: Callable[..., Said], shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Prefect keeps the error in the run's state; the shell still gets its message and its code."""

    class Failed:
        def result(self, raise_on_failure: bool) -> Exception:
            return UserError("products.csv has no product 'MUG-1'.")

    monkeypatch.setattr("flows.nightly.nightly", lambda *args, **kwargs: Failed())
    monkeypatch.setattr("flows.leash.serve", lambda: None)
    monkeypatch.setenv("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "CRITICAL")
    monkeypatch.setattr(watch, "watchers", [])
    said = crossreel("run", shop / "campaign.yaml", "--only", "MUG-1")
    assert (said.code, said.err) == (2, "products.csv has no product 'MUG-1'.\n")


def test_ctrl_c_ends_without_a_traceback(crossreel: Callable[..., Said], shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(planning, "plan", stop)
    assert crossreel("run", shop / "campaign.yaml", "--dry-run").code == 130


# ---- the store


def test_store_gc_removes_what_no_run_refers_to(crossreel: Callable[..., Said], home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = LocalStore(home / "store")
    kept, stale = (key("speech", "1", n) for n in range(2))
    for name in (kept, stale):
        store.make(name, lambda folder: None)
    store.note("monday", "MUG-01.th", json.dumps({"keys": [kept]}))
    (store.root / "tmp" / "clip-half").mkdir()
    monkeypatch.setattr(clearing, "SPARE", 0.0)  # as if a day had passed

    said = crossreel("store", "gc")
    assert said.code == 0
    assert "1 artifacts removed" in said.out
    assert (bool(store.find(kept)), bool(store.find(stale))) == (True, False)
    assert list((store.root / "tmp").iterdir()) == []


def test_store_gc_leaves_what_a_run_may_still_be_going_to_use(crossreel: Callable[..., Said], home: Path) -> None:
    LocalStore(home / "store").make(key("speech", "1"), lambda folder: None)
    assert "0 artifacts removed" in crossreel("store", "gc").out


def test_store_gc_removes_fetched_videos_that_nobody_has_asked_for_in_a_month(crossreel: Callable[..., Said], home: Path) -> None:
    for name, days in (("old", 31), ("new", 1)):
        copy = home / "footage" / name
        copy.mkdir(parents=True)
        (copy / "talk.mp4").write_bytes(bytes(1 << 20))
        os.utime(copy, (time.time() - days * 86_400,) * 2)
    assert "1 fetched files removed, 1 MiB freed" in crossreel("store", "gc").out
    assert [copy.name for copy in (home / "footage").iterdir()] == ["new"]


def test_store_gc_of_another_store(crossreel: Callable[..., Said], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clearing, "SPARE", 0.0)
    LocalStore(tmp_path / "s").make(key("speech", "1"), lambda folder: None)
    assert "1 artifacts removed" in crossreel("store", "gc", "--keep", "1", "--store", tmp_path / "s").out
    assert crossreel("store", "gc", "--keep", "0").code == 2
