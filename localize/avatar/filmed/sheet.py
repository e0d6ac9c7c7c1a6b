"""avatar.yaml of a filmed avatar."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from localize.avatar.filmed.loop import Loop
from localize.consent import Sha256
from localize.domain import Finding, Model

SHEET, CONSENT, FOOTAGE, MATTE, FACES = "avatar.yaml", "consent.yaml", "footage.mp4", "matte.mp4", "faces.npz"
NAME = r"^[a-z0-9][a-z0-9_-]{0,60}$"


def _own_file(name: str) -> str:
    """A package is whole by itself: its files lie in its folder."""
    if name in ("", ".", "..") or "/" in name or "\\" in name:
        raise ValueError(f"{name!r} is not a file beside avatar.yaml: copy it there and write its name alone")
    return name


OwnFile = Annotated[str, AfterValidator(_own_file)]


class Sheet(Model):
    """avatar.yaml. `faces` is what found the face; `background` is keep, blur, a colour (#rrggbb) or a picture beside it; `matte`
    how the person was cut out (empty: not); `made_from` the SHA-256 of the video; `checks` what was measured of it."""

    kind: Literal["filmed"]
    name: str = Field(pattern=NAME)
    about: str = ""
    licence: str = ""
    fps: int
    size: tuple[int, int]
    frames: int = Field(ge=1)
    loop: Loop
    faces: str
    background: str = "keep"
    matte: str = ""
    consent: OwnFile = CONSENT
    made_from: tuple[Sha256, ...] = ()
    checks: dict[str, float] = Field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
