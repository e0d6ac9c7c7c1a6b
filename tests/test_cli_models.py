"""crossreel models: list, pull and check, with engines made up here and a hub on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hub import Hub, running
from typer.testing import CliRunner, Result

from localize import cli_models, engines, pull
from localize.cli_models import models_app
from localize.engines import Card
from localize.errors import CrossreelError, NotReady, UserError
from localize.weights import Source


class Free:
    card = Card("free", "voice", "a voice", "1", "Apache-2.0", clones=True)
    WEIGHTS: ClassVar[tuple[Source, ...]] = (Source("maker/free", ("config.json", "*.bin"), licence="Apache-2.0"),)

    def missing(self) -> str:
        return ""


class Parted:
    card = Card("parted", "voice", "a voice of parts", "1", "CC-BY-NC-4.0", commercial=False)
    WEIGHTS: ClassVar[tuple[Source, ...]] = (
        Source("maker/shared", ("vocab.json",)),
        Source("maker/th", ("model.bin",), to="tha", languages=("th",)),
        Source("maker/vi", ("model.bin",), to="vie", languages=("vi",)),
    )


class PartedToo:
    card = Card("parted", "convert", "the same name in another stage", "1", "MIT")
    WEIGHTS: ClassVar[tuple[Source, ...]] = (Source("maker/shared", ("vocab.json",)), Source("maker/convert", ("convert.bin",)))


class Without:
    card = Card("without", "voice", "needs no weights", "1", "MIT")


FILES = {
    "maker/free/config.json": b"{}", "maker/free/model.bin": b"12345" * 1000, "maker/shared/vocab.json": b"[]",
    "maker/th/model.bin": b"th", "maker/vi/model.bin": b"vi", "maker/convert/convert.bin": b"c",
}  # fmt: skip


@pytest.fixture(autouse=True)
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    kinds = {"voice": [Free, Parted, Without], "convert": [PartedToo]}

    def points(group: str) -> list[EntryPoint]:
        stage = next(stage for stage, name in engines.GROUPS.items() if name == group)
        return [EntryPoint(kind.card.name, f"{__name__}:{kind.__name__}", group) for kind in kinds.get(stage, [])]

    monkeypatch.setattr(engines, "entry_points", points)
    monkeypatch.setattr(engines, "_found", engines._found.__wrapped__)
    monkeypatch.setenv("CROSSREEL_MODELS", str(tmp_path / "models"))
    monkeypatch.setattr(cli_models.console, "width", 200, raising=False)
    monkeypatch.setattr(pull, "PAUSES", (0.0,))
    monkeypatch.delenv("HF_TOKEN", raising=False)
    with running(files=dict(FILES), large={"maker/free/model.bin"}) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.address)
        yield hub


def call(*args: str, **how: Any) -> Result:
    return CliRunner().invoke(models_app, list(args), **how)


def told(*args: str) -> str:
    result = call(*args)
    assert result.exit_code == 0, result.exception or result.output
    return " ".join(result.output.split())


def test_the_list_says_what_is_needed_and_what_is_there(tmp_path: Path) -> None:
    before = told("list")
    assert "free" in before
    assert "Apache-2.0" in before
    assert "missing" in before
    assert "CC-BY-NC-4.0, MIT" in before
    assert "voice, convert" in before
    assert "without" not in before
    told("pull", "free", "--yes")
    after = told("list", "free")
    assert "there" in after
    assert "kB" in after
    assert str(tmp_path / "models" / "free") in after.replace(" ", "") or "models/free" in after
    assert "maker/free (config.json, *.bin): Apache-2.0" in after
    assert "parted" not in after


def test_a_pull_shows_sizes_and_licences_and_then_asks(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli_models, "_asks", lambda: True)
    no = call("pull", "free", input="n\n")
    assert no.exit_code == 1
    shown = " ".join(no.output.split())
    assert "model.bin" in shown
    assert "5 kB" in shown
    assert "apache-2.0" in shown
    assert "Licence of free: Apache-2.0." in shown
    assert shown.index("apache-2.0") < shown.index("Fetch them?")
    assert hub.fetched() == []
    yes = call("pull", "free", input="y\n")
    assert yes.exit_code == 0
    assert "free: 2 files fetched and verified, 0 were there." in " ".join(yes.output.split())


def test_where_nobody_can_be_asked_nothing_is_fetched(hub: Hub) -> None:
    result = call("pull", "free")
    assert isinstance(result.exception, UserError)
    assert str(result.exception).endswith("Say it with: crossreel models pull free --yes")
    assert hub.fetched() == []


def test_weights_that_are_not_for_commerce_need_a_yes_of_their_own(hub: Hub, tmp_path: Path) -> None:
    result = call("pull", "parted", "--yes")
    assert isinstance(result.exception, UserError)
    assert "--yes --accept-licence" in str(result.exception)
    assert "NOT for commercial use" in result.output
    assert hub.fetched() == []
    told("pull", "parted", "--yes", "--accept-licence")
    place = tmp_path / "models" / "parted"
    assert {path.relative_to(place).as_posix() for path in place.rglob("*.bin")} == {"tha/model.bin", "vie/model.bin", "convert.bin"}


@pytest.mark.parametrize(
    "licence", [{"license": "cc-by-nc-sa-4.0"}, {"license": "other", "license_name": "x-non-commercial"}, {"license": "cc_by_nc"}]
)
def test_a_hub_that_forbids_what_the_engine_allows_is_heard(hub: Hub, licence: dict[str, str]) -> None:
    hub.licence = licence
    result = call("pull", "free", "--yes")
    assert isinstance(result.exception, UserError)
    assert "NOT for commercial use" in result.output


def test_only_some_languages(tmp_path: Path) -> None:
    told("pull", "parted", "--only", "th", "--yes", "--accept-licence")
    place = tmp_path / "models" / "parted"
    assert (place / "tha" / "model.bin").read_bytes() == b"th"
    assert (place / "vocab.json").is_file()
    assert not (place / "vie").exists()
    told("pull", "parted", "--only", "vie,", "--yes", "--accept-licence")
    assert (place / "vie" / "model.bin").is_file()
    assert "all 4 files" in told("check", "parted")
    wrong = call("pull", "parted", "--only", "th,xx", "--yes")
    assert "no weights for xx; --only may be: th, tha, vi, vie." in str(wrong.exception)
    assert "it has one part" in str(call("pull", "free", "--only", "th", "--yes").exception)


def test_an_unknown_engine_is_told_the_near_one() -> None:
    for command in ("pull", "check", "list"):
        result = call(command, "fre")
        assert isinstance(result.exception, UserError)
        assert "Did you mean 'free'?" in str(result.exception)
        assert "Known: free, parted." in str(result.exception)


def test_check_finds_what_is_wrong(tmp_path: Path) -> None:
    assert isinstance(call("check", "free").exception, NotReady)
    told("pull", "free", "--yes")
    assert "free: all 2 files are as they were published." in told("check", "free")
    (tmp_path / "models" / "free" / "model.bin").write_bytes(b"54321" * 1000)
    result = call("check", "free")
    assert isinstance(result.exception, CrossreelError)
    assert "1 of 2 files of free are wrong. Get them again: crossreel models pull free" in str(result.exception)
    assert "has another content" in result.output
    told("pull", "free", "--yes")
    assert "all 2 files" in told("check", "free")


def test_sizes_are_read_easily() -> None:
    assert [cli_models._size(n) for n in (0, 999, 1000, 4_580_080_592)] == ["0 B", "999 B", "1 kB", "4.58 GB"]
