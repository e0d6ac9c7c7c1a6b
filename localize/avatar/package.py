"""An avatar package: what avatar.yaml says, and the drawings it must come with."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import yaml

from localize import yamls
from localize.avatar.library import equipped
from localize.avatar.pose import Key, Put, Rig
from localize.avatar.reach import Limb, put
from localize.domain import MOUTH_OPENING, Model
from localize.errors import UserError

PARTS = {
    "torso", "upper_arm", "forearm", "back_hair", "front_hair", "nose", "brow", "face/shut", "face/open", "eyes/open", "eyes/closed",
}  # fmt: skip


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
        """The package with what it shares with all avatars, its arms put where its own proportions say.

        Raises UserError if the file is missing or says something else than a package.
        """
        try:
            own = cls.model_validate(yaml.safe_load(file.read_text("utf-8")))
        except (OSError, *yamls.NOT_YAML) as error:
            raise UserError(f"{file}: not an avatar package: {error}") from error
        rig = equipped(own.rig, (p.stem for p in (file.parent / "hands").glob("*.svg")))
        try:
            gestures = {
                name: move.model_copy(update={"keys": tuple(own._settled(key) for key in move.keys)}) for name, move in rig.gestures.items()
            }
        except KeyError as error:
            raise UserError(f"{file}: its gestures need the anchor or limb {error}, which it has not.") from error
        return own.model_copy(update={"rig": rig.model_copy(update={"gestures": gestures})})

    def _settled(self, key: Key) -> Key:
        """A key whose hands that are put somewhere are angles of this avatar's arms."""
        arms = {f"{side}.{joint}": v for side, at in key.put.items() for joint, v in self._arm(side, at).items()}
        return key.model_copy(update={"pose": {**arms, **key.pose}, "put": {}}) if arms else key

    def _arm(self, side: str, at: Put) -> dict[str, float]:
        limb, (x, y) = self.limbs[side], self.anchors[at.near]
        head = self.anchors["chin"][1] - self.anchors["head_top"][1]
        dx, dy = limb.frame((x, y), self.middle)
        return put(limb, (dx - at.by[0] * head, dy + at.by[1] * head), at.aim)

    def drawings(self) -> set[str]:
        """The parts the package must have for what its movements name."""
        rig = self.rig
        poses = [rig.rest, *(key.pose for move in rig.gestures.values() for key in move.keys)]
        hands = {f"hands/{v}" for pose in poses for v in pose.values() if isinstance(v, str)}
        eyes = {f"eyes/{v}" for feeling in rig.feelings.values() for v in feeling.values() if isinstance(v, str)}
        mouths = {f"mouths/{shape}" for shape in (*MOUTH_OPENING, "smile")}
        return hands | eyes | mouths | PARTS
