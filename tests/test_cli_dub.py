"""`crossreel dub`: what is asked for becomes a campaign, and is made as any other."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from dubs import MEMORY, TALK, asked, srt
from sounds import tune, video

from localize import campaign as campaigns
from localize import cli, cli_dub
from localize.campaign import Campaign
from localize.dub.asked import ASKED

Command = Callable[..., tuple[int, str]]


@pytest.fixture
def crossreel(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Command:
    """`crossreel dub` as the shell runs it in a folder, up to where the run would begin."""
    monkeypatch.setattr(cli_dub, "night", lambda path, settings: None)
    monkeypatch.setenv("COLUMNS", "220")
    monkeypatch.chdir(tmp_path)

    def command(*args: object) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["crossreel", "dub", *map(str, args)])
        with pytest.raises(SystemExit) as e:
            cli.main()
        said = capsys.readouterr()
        return int(e.value.code or 0), said.out + said.err

    return command


def written(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((folder / ASKED).read_text(encoding="utf-8"))
    return found


def test_what_is_asked_for_is_a_campaign_that_can_be_run_again(crossreel: Command, tmp_path: Path) -> None:
    code, said = crossreel("talk.mp4", "clips", "--to", "th, vi", "--from", "zh", "--transcript", "talk.srt", "--keep-length")
    assert code == 0
    assert "asked for in dubs/dub.yaml" in said
    campaign = campaigns.load(tmp_path / "dubs" / "dub.yaml")
    assert campaign.dub.videos == (str(tmp_path / "talk.mp4"), str(tmp_path / "clips"))
    assert (campaign.languages, campaign.source_language) == (("th", "vi"), "zh")
    assert (campaign.dub.transcripts, campaign.dub.keep_length) == (str(tmp_path / "talk.srt"), True)
    assert Path(campaign.out) == tmp_path / "dubs"
    assert campaign.channels[0].kind == "folder"


def test_addresses_stay_as_they_are(crossreel: Command, tmp_path: Path) -> None:
    crossreel("s3://shop/clips/*.mp4", "https://shop.example/a.mp4", "--to", "id", "--out", "there")
    assert written(tmp_path / "there")["dub"]["videos"] == ["s3://shop/clips/*.mp4", "https://shop.example/a.mp4"]


def test_an_address_that_holds_a_key_is_for_its_owner_alone(crossreel: Command, tmp_path: Path) -> None:
    there = tmp_path / "dubs" / ASKED
    there.parent.mkdir()
    there.write_text("an older one, which all may read")
    there.chmod(0o644)
    crossreel("${TALK}", "https://shop.example/a.mp4?sig=${SIGNATURE}", "--to", "id")
    assert written(there.parent)["dub"]["videos"] == ["${TALK}", "https://shop.example/a.mp4?sig=${SIGNATURE}"]
    assert campaigns.load(there).dub.videos == ("${TALK}", "https://shop.example/a.mp4?sig=${SIGNATURE}")
    assert there.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("address", "secret"),
    [("https://anna:PASSW0RD@shop.example/talk.mp4", "the password"), ("https://shop.example/talk.mp4?sig=T0KEN", "the secret `sig`")],
)
def test_a_secret_that_is_written_out_is_refused_before_anything_is_written(crossreel: Command, address: str, secret: str) -> None:
    code, said = crossreel("talk.mp4", address, "--to", "th")
    assert code == 2
    assert f"{secret} stands in the address shop.example/talk.mp4" in said
    assert "write ${NAME} in its place" in said
    assert not [hidden for hidden in ("PASSW0RD", "T0KEN") if hidden in said]
    assert not Path("dubs").exists()


def test_a_call_runs_what_it_asked_for_whatever_another_writes_meanwhile(
    crossreel: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = list[Campaign]()

    def night(path: Path, settings: Campaign) -> None:
        if not begun:
            begun.append(settings)
            cli_dub.dub(["mug.mp4"], to="id", out=path.parent)  # another call, in between
        else:
            begun.append(settings)

    monkeypatch.setattr(cli_dub, "night", night)
    assert crossreel("talk.mp4", "--to", "th")[0] == 0
    assert [(one.dub.videos, one.languages) for one in begun] == [
        ((str(tmp_path / "talk.mp4"),), ("th",)), ((str(tmp_path / "mug.mp4"),), ("id",)),
    ]  # fmt: skip
    assert written(tmp_path / "dubs")["languages"] == ["id"]


def test_what_is_asked_for_is_written_whole_or_not_at_all(crossreel: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    crossreel("talk.mp4", "--to", "th")
    with (tmp_path / "dubs" / ASKED).open(encoding="utf-8") as read_by_another:
        crossreel("mug.mp4", "--to", "id")
        assert yaml.safe_load(read_by_another)["languages"] == ["th"]
    monkeypatch.setattr("os.replace", lambda *_: 1 / 0)
    monkeypatch.setattr(Path, "replace", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        cli_dub.dub(["lamp.mp4"], to="vi")
    assert written(tmp_path / "dubs")["languages"] == ["id"]
    assert [path.name for path in (tmp_path / "dubs").iterdir()] == [ASKED]  # nothing half made, and no lock


@pytest.mark.parametrize(
    ("option", "what"), [("--transcript", "a transcript"), ("--consent", "a consent"), ("--voice", "a voice")]
)  # fmt: skip
def test_an_address_of_what_must_be_a_file_is_refused_and_its_key_is_told_nowhere(crossreel: Command, option: str, what: str) -> None:
    code, said = crossreel("talk.mp4", "--to", "th", option, "https://anna:PASSW0RD@shop.example/talk.srt?sig=T0KEN")
    assert code == 2
    assert f"shop.example/talk.srt is an address, and {what} is read from this machine only: download it" in said
    assert not [secret for secret in ("PASSW0RD", "T0KEN") if secret in said]
    assert not Path("dubs").exists()


def test_a_platform_is_said_without_a_campaign_only(crossreel: Command, tmp_path: Path) -> None:
    assert crossreel("talk.mp4", "--to", "th", "--platform", "tiktok")[0] == 0
    assert campaigns.load(tmp_path / "dubs" / ASKED).channels[0].platform == "tiktok"
    (tmp_path / "shop").mkdir()
    code, said = crossreel("talk.mp4", "--to", "th", "--platform", "tiktok", "--campaign", asked(tmp_path / "shop" / "talk.mp4"))
    assert code == 2
    assert "the channels of the campaign say what theirs are for" in said


def test_of_a_campaign_all_stays_but_what_is_asked_for_here(crossreel: Command, tmp_path: Path) -> None:
    shop = tmp_path / "shop"
    shop.mkdir()
    path = asked(shop / "other.mp4", producer="Corner", review="scripts", dub={"captions": "burned"})
    crossreel("talk.mp4", "--to", "vi", "--campaign", path, "--sound", "muted")
    campaign = campaigns.load(tmp_path / "dubs" / "dub.yaml")
    assert (campaign.producer, campaign.review.mode, campaign.languages) == ("Corner", "scripts", ("vi",))
    assert [Path(memory) for memory in campaign.memories()] == [shop / "memory.csv"]
    assert (campaign.dub.sound, campaign.dub.captions, campaign.dub.videos) == ("muted", "track", (str(tmp_path / "talk.mp4"),))


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--to", "thai"], "thai"),
        (["--to", " , "], "say which languages to speak: --to th,vi,id"),
        (["--to", "th", "--campaign", "nothing.yaml"], "nothing.yaml"),
        (["--to", "th", "--track", "0"], "track"),
        (["--to", "th", "--sound", "loud"], "loud"),
    ],
)
def test_what_cannot_be_is_said_before_anything_starts(crossreel: Command, args: list[str], words: str) -> None:
    code, said = crossreel("talk.mp4", *args)
    assert code == 2
    assert words in said
    assert not Path("dubs").exists()


def test_a_folder_that_cannot_be_written_to_is_named(crossreel: Command, tmp_path: Path) -> None:
    (tmp_path / "dubs").write_text("a file", encoding="utf-8")
    code, said = crossreel("talk.mp4", "--to", "th")
    assert code == 2
    assert "dubs can't be written" in said


def run(folder: Path, *args: str) -> subprocess.CompletedProcess[str]:
    root = Path(__file__).parents[1]
    env = {**os.environ, "COLUMNS": "200", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(root)!r}); from localize.cli import main; main()"]
    return subprocess.run([*command, *args], cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=3000)


@pytest.mark.heavy
def test_videos_are_dubbed_by_one_command_and_the_next_one_makes_nothing(tmp_path: Path) -> None:
    video(tmp_path / "lamp.mp4", tune(5.0), seconds=5.0)
    (tmp_path / "lamp.srt").write_text(srt(TALK), encoding="utf-8")
    (tmp_path / "memory.csv").write_text(MEMORY, encoding="utf-8")
    (tmp_path / "silent.mp4").symlink_to(video(tmp_path / "quiet.mov", seconds=1.0))
    words = {"name": "words", "languages": ["th"], "memory": ["memory.csv"], "engines": {"translate": "none", "recognize": "none"},
             "channels": [{"name": "dubs", "kind": "folder", "options": {"flat": True}}], "hosts": [{"avatar": "none"}],
             "dub": {"videos": ["lamp.mp4"]}}  # fmt: skip
    (tmp_path / "words.yaml").write_text(yaml.safe_dump(words), encoding="utf-8")
    call = ("dub", "lamp.mp4", "silent.mp4", "--to", "th,id", "--from", "en", "--campaign", "words.yaml", "--sound", "ducked")

    first = run(tmp_path, *call)
    assert first.returncode == 2, first.stdout + first.stderr  # the silent one's is the seller's to mend
    assert "silent.mp4 has no sound, and it has no transcript" in first.stdout
    made = {path.name for path in (tmp_path / "dubs").iterdir()}
    assert made >= {f"lamp.{code}.{kind}" for code in ("th", "id") for kind in ("mp4", "srt", "vtt", "ass", "jpg", "json")} | {"dub.yaml"}
    assert json.loads((tmp_path / "dubs" / "lamp.th.json").read_text())["language"] == "th"

    again = run(tmp_path, *call)
    assert "0 clips made, 2 were there already" in again.stdout, again.stdout + again.stderr
