"""`crossreel avatar show`: what an avatar can do, in one picture."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner

from localize.cli import app
from localize.errors import UserError


@pytest.mark.heavy
def test_a_drawn_avatar_is_shown_with_all_it_can_do(tmp_path: Path) -> None:
    out = tmp_path / "arun.png"
    result = CliRunner().invoke(app, ["avatar", "show", "arun", "--out", str(out)])
    assert result.exit_code == 0, result.output
    picture = Image.open(out)
    assert picture.width == 2400
    assert picture.height > 4000  # some sixty gestures
    assert len(picture.convert("P").getcolors() or []) > 50


def test_a_filmed_one_has_nothing_to_draw(tmp_path: Path) -> None:
    (tmp_path / "anna").mkdir()
    (tmp_path / "anna" / "avatar.yaml").write_text("name: anna\nkind: filmed\n")
    result = CliRunner().invoke(app, ["avatar", "show", str(tmp_path / "anna")])
    assert result.exit_code == 1
    assert "avatar check" in str(result.exception)


def shown(out: Path) -> UserError:
    result = CliRunner().invoke(app, ["avatar", "show", "arun", "--out", str(out)])
    assert isinstance(result.exception, UserError), result.output
    return result.exception


def test_a_file_that_is_named_like_no_picture_is_told_with_the_way_out(tmp_path: Path) -> None:
    for name in ("arun", "arun.txt"):
        assert f"{tmp_path / name} is not named like a picture: give a name that ends with .png" in str(shown(tmp_path / name))
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_can_t_be_written_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    assert f"{tmp_path / 'file'} can't be made" in str(shown(tmp_path / "file" / "arun.png"))
    monkeypatch.setattr("localize.avatar.sheet.contact_sheet", lambda avatar, width: Image.new("RGB", (8, 8)))
    (tmp_path / "arun.png").mkdir()
    assert f"{tmp_path / 'arun.png'} can't be written: Is a directory. Give another file." in str(shown(tmp_path / "arun.png"))
