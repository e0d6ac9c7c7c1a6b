"""avatar.yaml of a filmed avatar."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from localize.avatar.filmed.loop import Loop
from localize.consent import Sha256
from localize.domain import Finding, Model
from localize.packages import CONSENT, NAME, beside

SHEET, FOOTAGE, MATTE, FACES = "avatar.yaml", "footage.mp4", "matte.mp4", "faces.npz"

OwnFile = Annotated[str, beside(SHEET)]


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
