"""Where the shipped data lies: avatars, fonts, music, phrase templates."""

from __future__ import annotations

from pathlib import Path

ASSETS = Path(__file__).resolve().parent.parent / "assets"
