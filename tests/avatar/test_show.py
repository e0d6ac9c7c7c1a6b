"""`crossreel avatar show`: what an avatar can do, in one picture."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner

from localize.cli import app


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
