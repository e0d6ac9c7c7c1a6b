"""An avatar package: what avatar.yaml says, and the drawings it must come with."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import yaml

from localize import yamls
from localize.avatar.pose import Rig
from localize.domain import MOUTH_OPENING, Model
from localize.errors import UserError

PARTS = {
    "torso", "upper_arm", "forearm", "back_hair", "front_hair", "nose", "brow", "face/shut", "face/open", "eyes/open", "eyes/closed",
}  # fmt: skip


class Limb(Model):
    """One arm: where its shoulder is, and how long its bones are, in canvas units."""

    shoulder: tuple[float, float]
    upper: float
    fore: float
    mirrored: bool = False


class Package(Model):
    """avatar.yaml. All places are in canvas units: pixels at scale 1, from the canvas' top left."""

    name: str
    kind: Literal["drawn"]
    about: str
    licence: str
    canvas: tuple[int, int]
    anchors: dict[str, tuple[float, float]]
    middle: float  # the x the body mirrors about
    neck: tuple[float, float]  # the head tilts about it
    eyeline: float  # the y above which a mouth changes nothing, and below which eyes and brows change nothing
    limbs: dict[str, Limb]  # in drawing order
    colours: dict[str, str | dict[str, str | float]]
    rig: Rig

    @classmethod
    def read(cls, file: Path) -> Package:
        """Raises UserError if the file is missing or says something else than a package."""
        try:
            return cls.model_validate(yaml.safe_load(file.read_text("utf-8")))
        except (OSError, *yamls.NOT_YAML) as error:
            raise UserError(f"{file}: not an avatar package: {error}") from error

    def drawings(self) -> set[str]:
        """The parts the package must have for what its movements name."""
        rig = self.rig
        poses = [rig.rest, *(key.pose for move in rig.gestures.values() for key in move.keys)]
        hands = {f"hands/{v}" for pose in poses for v in pose.values() if isinstance(v, str)}
        eyes = {f"eyes/{v}" for feeling in rig.feelings.values() for v in feeling.values() if isinstance(v, str)}
        mouths = {f"mouths/{shape}" for shape in (*MOUTH_OPENING, "smile")}
        return hands | eyes | mouths | PARTS
