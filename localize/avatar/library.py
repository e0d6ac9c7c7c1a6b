"""The gestures, hands and feelings that every avatar shares: assets/avatars/gestures.yaml, which an avatar.yaml adds to and overrides."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from pydantic import Field, ValidationError

from localize import yamls
from localize.assets import ASSETS
from localize.avatar.pose import Feelings, Key, Move, Put, Rig
from localize.domain import Model
from localize.errors import UserError

FILE = ASSETS / "avatars" / "gestures.yaml"
SIDES = {"right": "left", "left": "right"}
ASIDE = frozenset({"head.tilt", "head.x", "face.x", "gaze.x", "body.x"})  # what turns the other way in a mirror


class Hand(Model):
    """A shape a hand may be drawn in, and the one that stands in where an avatar has no such drawing (empty: it must have it)."""

    about: str
    instead: str = ""


class Library(Model):
    """gestures.yaml. A gesture with `mirror` is there twice: `point_at` and `point_at_left`, `present_right` and `present_left`."""

    hands: dict[str, Hand]
    feelings: Feelings
    gestures: dict[str, Move] = Field(min_length=1)

    @classmethod
    def read(cls, file: Path) -> Library:
        """Raises UserError if the file is missing or says something else."""
        try:
            return cls.model_validate(yamls.read(file, "a gesture library")[0])
        except ValidationError as error:
            raise UserError(f"{file}: not a gesture library: {error}") from error


@cache
def shared() -> Library:
    """The shipped library."""
    return Library.read(FILE)


def equipped(own: Rig, drawn: Iterable[str]) -> Rig:
    """An avatar's rig with the shared gestures and feelings it does not have itself, every mirrored twin, and only hands that
    are among its `drawn` ones or must be."""
    library, has = shared(), set(drawn)
    moves = twins({**library.gestures, **own.gestures})

    def shown(pose: Mapping[str, float | str]) -> dict[str, float | str]:
        return {k: stand_in(v, has, library.hands) if k.endswith(".shape") and isinstance(v, str) else v for k, v in pose.items()}

    gestures = {
        name: move.model_copy(update={"keys": tuple(key.model_copy(update={"pose": shown(key.pose)}) for key in move.keys)})
        for name, move in moves.items()
    }
    return own.model_copy(update={"gestures": gestures, "feelings": {**library.feelings, **own.feelings}, "rest": shown(own.rest)})


def stand_in(hand: str, drawn: set[str], hands: Mapping[str, Hand]) -> str:
    """The first of a shape, what may be shown instead of it, and so on, that is drawn; else the last, which must be."""
    while hand not in drawn and hand in hands and hands[hand].instead:
        hand = hands[hand].instead
    return hand


def twins(moves: Mapping[str, Move]) -> dict[str, Move]:
    """The moves and the mirrored ones of those that ask for it, unless there is one of that name already."""
    out = dict(moves)
    for name, move in moves.items():
        if move.mirror:
            out.setdefault(twin(name), mirrored(move))
    return out


def twin(name: str) -> str:
    return f"{name.removesuffix('_right')}_left"


def mirrored(move: Move) -> Move:
    """The same move with the other hand, as in a mirror."""
    keys = tuple(_turned_key(k) for k in move.keys)
    sway = {_other(n): s.model_copy(update={"by": -s.by if n in ASIDE else s.by}) for n, s in move.sway.items()}
    reach = None if move.reach is None else "left" if move.reach == "right" else "right"
    return move.model_copy(update={"keys": keys, "sway": sway, "reach": reach, "mirror": False, "about": f"{move.about} Mirrored."})


def _turned_key(key: Key) -> Key:
    pose, put = dict(_turned(n, v) for n, v in key.pose.items()), {SIDES[side]: _turned_put(at) for side, at in key.put.items()}
    return Key.model_validate({**dict(key), "pose": pose, "put": put})


def _turned_put(at: Put) -> Put:
    name, _, side = at.near.rpartition("_")
    return at.model_copy(update={"near": f"{name}_{SIDES[side]}"}) if side in SIDES else at


def _other(channel: str) -> str:
    side, _, rest = channel.partition(".")
    return f"{SIDES[side]}.{rest}" if side in SIDES else channel


def _turned(channel: str, value: float | str) -> tuple[str, float | str]:
    return _other(channel), -value if channel in ASIDE and not isinstance(value, str) else value
