"""A drawn host: its package of vector parts, loaded once, and each frame put together from ready pixels.

A frame is a stack of layers: hair behind, torso, arms as they are posed, hair before them, and the face, of which only
what changed is painted again. Whoever composes the clip keeps its own copies of layers whose pixels stay.
"""

from __future__ import annotations

import hashlib
import math
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from localize.avatar import library
from localize.avatar.art import Art, Matrix, Parts, film, shade_of, shades, shadow, warped
from localize.avatar.package import Package
from localize.avatar.pose import Pose, Score
from localize.avatar.reach import aimed
from localize.domain import MOUTH_OPENING, MouthShape, Performance
from localize.pixels import Pixels, alpha_of, meeting, over, put, scratch

JAWS = (0.0, 0.33, 0.67, 1.0)
LIDS = (0.0, 0.35, 0.7, 1.0)
SMILES = (0.0, 0.5, 1.0)
GAZES = ((0, 0), (-4, -1), (4, -1), (-2, 3), (2, 3), (0, -3))
ARMS = 16  # arms kept as they were posed: what is shown is kept as layers by who composes
SHADOW, DARKNESS = 16, 0.34  # how far (canvas units) and how strongly a hand shades what is behind it
BAND = 160  # rows of the head's picture in which hair is laid over the face together
TILTS = 24  # tilts of the head kept


@dataclass(frozen=True)
class Sprite:
    """Pixels [h, w, 4] with premultiplied alpha, and where they sit on the canvas. Equal keys mean equal pixels."""

    rgba: npt.NDArray[np.uint8]
    x: int
    y: int
    key: Hashable


class _Placed(NamedTuple):
    """Canvas pixels and where they sit."""

    rgba: Pixels
    x: int
    y: int


class _Limb(NamedTuple):
    """An arm in one pose with the shadow it casts on the torso, and its hand and forearm, which lie over the hair too where their
    `boxes` (left, top, right, bottom) meet it."""

    rgba: Pixels
    x: int
    y: int
    hands: tuple[_Placed, ...]
    boxes: tuple[tuple[int, int, int, int], ...]


class _HeadPose(NamedTuple):
    """Degrees, and whole canvas pixels: by whole pixels the hair need not be turned again."""

    tilt: float
    x: int
    y: int


class _Arm(NamedTuple):
    side: str
    upper: float
    fore: float
    hand: float
    upper_length: float
    fore_length: float
    shape: str
    rise: int


class _Brows(NamedTuple):
    """What the upper face shows."""

    look: tuple[int, int]
    eyes: str
    lids: float
    gaze: tuple[int, int]
    brow: float
    worry: float


class _Lips(NamedTuple):
    """What the lower face shows."""

    look: tuple[int, int]
    shape: MouthShape
    before: MouthShape
    smile: float


# The pictures of the packages this process has loaded, by fingerprint: drawing them costs more than a second of clip.
_PARTS: dict[str, Parts] = {}
MOST_PARTS = 8  # of hosts in sizes that are kept, of some 20 MB each


class DrawnAvatar:
    """A loaded package. `frame` gives the same pixels for the same inputs, in whatever order frames are asked for.

    Not for several threads at once: it paints into its own buffers. Load one per thread.
    """

    def __init__(self, package: Package, parts: Parts, scale: float, fingerprint: str) -> None:
        self.package = package
        self.scale = scale
        self.size = (round(package.canvas[0] * scale), round(package.canvas[1] * scale))
        self.anchors: Mapping[str, tuple[float, float]] = {n: (x * scale, y * scale) for n, (x, y) in package.anchors.items()}
        self._parts = parts
        self._fingerprint = fingerprint
        self._score: Score | None = None
        self._tips: dict[str, tuple[float, float]] = {}
        self._arms: OrderedDict[_Arm, _Limb] = OrderedDict()
        self._hairs: OrderedDict[float, tuple[_Placed, _Placed]] = OrderedDict()
        self._head = _Head(parts, package)
        self._face: tuple[Hashable, _Placed] | None = None
        torso = self._parts["torso"]
        self._torso = _placed(torso, np.array([[scale, 0, 0], [0, scale, 0]]))
        self._torso_alpha = np.ascontiguousarray(self._torso.rgba[..., 3])
        self._last: Sprite | None = None

    @classmethod
    def load(cls, folder: Path, scale: float = 1.0, colours: Mapping[str, str] | None = None) -> DrawnAvatar:
        """Read and rasterise a package. `colours` replaces some of its colours (#rrggbb); shades derived from them follow.

        Raises UserError if the package is incomplete or a drawing cannot be drawn.
        """
        file = folder / "avatar.yaml"
        package = Package.read(file)
        texts = {p.relative_to(folder).with_suffix("").as_posix(): p.read_text("utf-8") for p in sorted(folder.rglob("*.svg"))}
        digest = hashlib.sha256(b"\0".join(path.read_bytes() for path in (file, library.FILE)))
        for name, text in texts.items():
            digest.update(name.encode() + b"\0" + text.encode())
        digest.update(repr((scale, sorted((colours or {}).items()), "drawn 2")).encode())
        fingerprint = digest.hexdigest()[:32]
        parts = _PARTS.get(fingerprint)
        if parts is None:
            parts = Parts(texts, shades(package.colours, colours or {}, str(file)), scale, folder)
            parts.need(sorted(package.drawings()))
            _PARTS[fingerprint] = parts
            for oldest in list(_PARTS)[:-MOST_PARTS]:  # of hosts and sizes that are not seen any more
                _PARTS.pop(oldest, None)
        return cls(package, parts, scale, fingerprint)

    def fingerprint(self) -> str:
        """Changes whenever the package's drawings, movements or colours do, or the size it was loaded at."""
        return self._fingerprint

    def sprites(self, performance: Performance, t: float) -> tuple[Sprite, ...]:
        """The host at `t` seconds of its performance, as layers from the back to the front. They may hang over the canvas.

        The pixels are the caller's to keep, not to change. Most frames move layers without changing their pixels.
        """
        return self.layers(self._pose(performance, t))

    def _pose(self, performance: Performance, t: float) -> Pose:
        if self._score is None or self._score.performance is not performance:
            self._score = Score(self.package.rig, performance, self._aim)
        return self._score.on_twos(t)

    def frame(self, performance: Performance, t: float) -> Sprite:
        """The host at `t` seconds as one picture, cut at the canvas. Equal keys mean equal pixels and place."""
        layers = self.sprites(performance, t)
        key = tuple((s.key, s.x, s.y) for s in layers)
        if self._last is None or self._last.key != key:
            self._last = self._flat(layers, key)
        return self._last

    def draw(self, pose: Pose) -> Sprite:
        """The host in one pose as one picture, cut at the canvas."""
        return self._flat(self.layers(pose), pose)

    def hand_at(self, performance: Performance, side: str, t: float) -> tuple[float, float]:
        """Where the tip of a hand is in the frame at t (pixels), `side` being the host's own."""
        pose = self._pose(performance, t)
        arm = _arm(side, pose)
        x, y = self._bones(arm)[1] @ np.array([*self._tip(arm.shape), 1.0])
        dx, dy = (round(pose.channels.get(f"body.{axis}", 0.0) * self.scale) for axis in "xy")
        return float(x) + dx + performance.origin[0], float(y) + dy + performance.origin[1]

    def _tip(self, shape: str) -> tuple[float, float]:
        """The end of a hand's longest finger in its own drawing: the point farthest from the wrist."""
        if shape not in self._tips:
            art = self._parts[f"hands/{shape}"]
            ys, xs = np.nonzero(art.rgba[..., 3] > 127)
            places = np.stack([art.x + (xs + 0.5) / art.density, art.y + (ys + 0.5) / art.density], axis=1)
            x, y = places[np.hypot(places[:, 0], places[:, 1]).argmax()]
            self._tips[shape] = (float(x), float(y))
        return self._tips[shape]

    def _aim(self, side: str, shape: str, place: tuple[float, float]) -> dict[str, float]:
        """The arm whose fingertip is at a place on the canvas, or that points there at full stretch."""
        limb = self.package.limbs[side]
        return aimed(limb, self._tip(shape), limb.frame((place[0] / self.scale, place[1] / self.scale), self.package.middle))

    def layers(self, pose: Pose) -> tuple[Sprite, ...]:
        """The host in one pose: hair behind, body, hair before, face, and hands that reach up to them. Movements are
        rounded to steps too small to see, so that pixels repeat."""
        c, s = pose.channels, self.scale
        head = _HeadPose(round(c.get("head.tilt", 0.0) * 4) / 4, round(c.get("head.x", 0.0) * s), round(c.get("head.y", 0.0) * s))
        look = (round(c.get("face.x", 0.0)), round(c.get("face.y", 0.0)))
        gaze = min(GAZES, key=lambda g: math.dist(g, (c.get("gaze.x", 0.0), c.get("gaze.y", 0.0))))
        brows = _Brows(
            look, pose.eyes, _nearest(pose.lids, LIDS), gaze, round(c.get("face.brow", 0.0)), round(c.get("face.worry", 0.0))
        )  # fmt: skip
        lips = _Lips(look, pose.shape, pose.before, _nearest(c.get("face.smile", 0.0), SMILES))
        arms = tuple(_arm(side, pose) for side in self.package.limbs)
        dx, dy = round(c.get("body.x", 0.0) * s), round(c.get("body.y", 0.0) * s)

        turn = self._turn(head.tilt)
        limbs, (back, front) = [self._limb(arm) for arm in arms], self._hair(head.tilt, turn)
        if self._face is None or self._face[0] != (head.tilt, brows, lips):
            self._face = (head.tilt, brows, lips), _placed(self._head.picture(brows, lips), turn)
        shown, face = self._face
        hx, hy = head.x + dx, head.y + dy
        out = [
            Sprite(back.rgba, back.x + hx, back.y + hy, ("back", head.tilt)),
            Sprite(self._torso.rgba, self._torso.x + dx, self._torso.y + dy, "torso"),
            *(Sprite(limb.rgba, limb.x + dx, limb.y + dy, arm) for limb, arm in zip(limbs, arms, strict=True)),
            Sprite(front.rgba, front.x + hx, front.y + hy, ("front", head.tilt)),
            Sprite(face.rgba, face.x + hx, face.y + hy, ("face", shown)),
        ]
        x0, x1 = head.x + front.x, head.x + front.x + front.rgba.shape[1]
        y1 = head.y + front.y + front.rgba.shape[0]
        for limb, arm in zip(limbs, arms, strict=True):
            for i, (hand, (left, top, right, bottom)) in enumerate(zip(limb.hands, limb.boxes, strict=True)):
                if top < y1 and bottom > front.y and left < x1 and right > x0:
                    out.append(Sprite(hand.rgba, hand.x + dx, hand.y + dy, ("hand", i, arm)))
        return tuple(out)

    def _flat(self, layers: tuple[Sprite, ...], key: Hashable) -> Sprite:
        left, top = max(0, min(s.x for s in layers)), max(0, min(s.y for s in layers))
        right = min(self.size[0], max(s.x + s.rgba.shape[1] for s in layers))
        canvas = np.zeros((self.size[1] - top, right - left, 4), np.uint8)
        for sprite in layers:
            over(canvas, sprite.x - left, sprite.y - top, sprite.rgba)
        return Sprite(canvas, left, top, key)

    def _turn(self, tilt: float) -> Matrix:
        """The head's matrix from canvas units to canvas pixels, tilted about the neck."""
        (x, y), cos, sin = self.package.neck, math.cos(math.radians(tilt)), math.sin(math.radians(tilt))
        return self.scale * np.array([[cos, -sin, x - cos * x + sin * y], [sin, cos, y - sin * x - cos * y]])

    def _hair(self, tilt: float, turn: Matrix) -> tuple[_Placed, _Placed]:
        """Back and front hair at a tilt: the largest pictures of a head, so turned once for each tilt."""
        if tilt not in self._hairs:
            back, front = (self._parts[name] for name in ("back_hair", "front_hair"))
            self._hairs[tilt] = _placed(back, turn), _placed(front, turn)
            if len(self._hairs) > TILTS:
                self._hairs.popitem(last=False)
        self._hairs.move_to_end(tilt)
        return self._hairs[tilt]

    def _limb(self, arm: _Arm) -> _Limb:
        """An arm in a pose, painted when it is first asked for."""
        if arm not in self._arms:
            self._arms[arm] = self._posed(arm)
            if len(self._arms) > ARMS:
                self._arms.popitem(last=False)
        self._arms.move_to_end(arm)
        return self._arms[arm]

    def _posed(self, arm: _Arm) -> _Limb:
        upper, *rest = (
            _placed(self._parts[name], bone)
            for name, bone in zip(("upper_arm", f"hands/{arm.shape}", "forearm"), self._bones(arm), strict=True)
        )
        pad = round(SHADOW * self.scale) + round(8 * self.scale)
        parts = (upper, *rest)
        left, top = min(p.x for p in parts) - pad, min(p.y for p in parts) - pad
        right, bottom = max(p.x + p.rgba.shape[1] for p in parts) + pad, max(p.y + p.rgba.shape[0] for p in parts) + pad
        canvas = scratch("limb", bottom - top, right - left, 4)
        canvas[:] = 0
        x, y, (h, w) = upper.x - left, upper.y - top, upper.rgba.shape[:2]
        canvas[y : y + h, x : x + w] = upper.rgba
        self._cast(canvas, (x, y, w, h), rest, left, top)
        for part in rest:
            over(canvas, part.x - left, part.y - top, part.rgba)
        boxes = tuple((p.x, p.y, p.x + p.rgba.shape[1], p.y + p.rgba.shape[0]) for p in rest)
        limb = _trimmed(_Placed(canvas, left, top))
        return _Limb(limb.rgba.copy(), limb.x, limb.y, tuple(_trimmed(part) for part in rest), boxes)

    def _cast(self, canvas: Pixels, upper: tuple[int, int, int, int], parts: Sequence[_Placed], left: int, top: int) -> None:
        """The soft shadow of hand and forearm on the upper arm (its x, y, width and height) and, as a dark film, on the torso behind."""
        both = scratch("arm", *canvas.shape[:2])
        both[:] = 0
        for part in parts:
            h, w = part.rgba.shape[:2]
            view = both[part.y - top : part.y - top + h, part.x - left : part.x - left + w]
            np.maximum(view, part.rgba[..., 3], out=view)
        shade = shade_of(both, SHADOW * self.scale)
        shade = shade._replace(x=shade.x + round(2 * self.scale), y=shade.y + round(8 * self.scale))
        x, y, w, h = upper
        shadow(canvas[y : y + h, x : x + w], shade._replace(x=shade.x - x, y=shade.y - y), DARKNESS)
        film(canvas, self._torso_alpha, self._torso.x - left, self._torso.y - top, shade, DARKNESS)

    def _bones(self, arm: _Arm) -> tuple[Matrix, Matrix, Matrix]:
        """The matrices of upper arm, hand and forearm from their own units (joint at 0,0, drawn downwards) to canvas pixels."""
        limb, middle = self.package.limbs[arm.side], self.package.middle
        side = np.array([[-1, 0, 2 * middle], [0, 1, 0]]) if limb.mirrored else np.array([[1, 0, 0], [0, 1, 0]], float)
        x, y = limb.shoulder[0], limb.shoulder[1] - arm.rise

        def bone(x: float, y: float, angle: float, stretch: float) -> Matrix:
            cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
            return np.array([[cos, -sin * stretch, x], [sin, cos * stretch, y], [0, 0, 1]])

        def end(bone: Matrix, length: float) -> tuple[float, float]:
            tip = bone @ np.array([0, length, 1])
            return float(tip[0]), float(tip[1])

        one = bone(2 * middle - x if limb.mirrored else x, y, arm.upper, arm.upper_length)
        two = bone(*end(one, limb.upper), arm.fore, arm.fore_length)
        three = bone(*end(two, limb.fore), arm.fore + arm.hand, 1.0)
        return self.scale * (side @ one), self.scale * (side @ three), self.scale * (side @ two)


class _Head:
    """The face's own picture, upright: skin, features and the hair over it. Painted in place, only where something changed."""

    def __init__(self, parts: Parts, package: Package) -> None:
        self._parts, self._middle = parts, package.middle
        self._hair = parts["front_hair"]
        self._brows: _Brows | None = None
        self._lips: _Lips | None = None
        d = self._density = self._hair.density
        left, top, right, bottom = parts.face(1.0).box
        self._x, self._y = left - 6, top - 6
        self._canvas = np.zeros((math.ceil((bottom - top + 12) * d), math.ceil((right - left + 12) * d), 4), np.uint8)
        self._split = round((package.eyeline - self._y) * d)
        self._art = Art(self._canvas, self._x, self._y, d)
        self._strands = list(self._hair_over(self._hair))

    def _hair_over(self, hair: Art) -> Iterator[tuple[int, int, Pixels]]:
        """The hair that may lie over the face, without what it leaves open: x, y and pixels in the picture. By bands of rows and the
        runs of columns in them that show some."""
        x, y = round((hair.x - self._x) * self._density), round((hair.y - self._y) * self._density)
        both = meeting(self._canvas, x, y, hair.rgba)
        if both is None:
            return
        left, top, shown = max(0, x), max(0, y), both[1]
        for row in range(0, len(shown), BAND):
            band = shown[row : row + BAND]
            columns = np.flatnonzero(band[..., 3].max(axis=0))
            for run in np.split(columns, np.flatnonzero(np.diff(columns) > 1) + 1) if len(columns) else ():
                yield left + int(run[0]), top + row, band[:, run[0] : run[-1] + 1]

    def picture(self, brows: _Brows, lips: _Lips) -> Art:
        """The face showing these, in a box with the hair that falls into it. Valid until the next call."""
        if brows != self._brows:
            self._paint(0, self._split, brows, lips)
        if lips != self._lips:
            self._paint(self._split, self._canvas.shape[0], brows, lips)
        self._brows, self._lips = brows, lips
        return self._art

    def _paint(self, top: int, bottom: int, brows: _Brows, lips: _Lips) -> None:
        """Some rows of the picture, from nothing."""
        view = self._canvas[top:bottom]
        view[:] = 0
        dx, dy = lips.look

        def lay(part: Art, dx: float, dy: float, how: Callable[[Pixels, int, int, Pixels], None] = over) -> None:
            x, y = (part.x + dx - self._x) * self._density, (part.y + dy - self._y) * self._density
            how(view, round(x), round(y) - top, part.rgba)

        opening = (MOUTH_OPENING[lips.shape] + MOUTH_OPENING[lips.before]) / 2
        lay(self._parts.face(_nearest(opening, JAWS)), dx * 0.25, dy * 0.25, put)
        lay(self._parts.mouth(lips.shape, lips.before, lips.smile), dx, dy)
        lay(self._parts["nose"], dx * 1.3, dy * 1.3)
        if top < self._split:
            lay(self._parts.eyes(brows.eyes, brows.lids, brows.gaze), dx, dy)
            for side in (1, -1):
                x, y, pixels = self._brow(side, dx, dy - brows.brow, brows.worry)
                over(view, x, y - top, pixels)
        for x, y, strand in self._strands:
            over(view, x, y - top, strand)

    def _brow(self, side: int, dx: float, dy: float, worry: float) -> tuple[int, int, Pixels]:
        """A brow turned about its own middle, the other one mirrored: x, y and pixels in the head's picture."""
        part = self._parts["brow"]
        left, top, right, bottom = part.box
        cx, cy = (left + right) / 2, (top + bottom) / 2
        cos, sin = math.cos(math.radians(-worry)), math.sin(math.radians(-worry))
        turn = np.array([[cos, -sin, cx - cos * cx + sin * cy], [sin, cos, cy - sin * cx - cos * cy], [0, 0, 1]])
        mirror = np.array([[side, 0, 0 if side == 1 else 2 * self._middle], [0, 1, 0], [0, 0, 1]])
        move = self._density * np.array([[1, 0, dx - self._x], [0, 1, dy - self._y]])
        return warped(part.rgba, part.placed(move @ mirror @ turn))


def _arm(side: str, pose: Pose) -> _Arm:
    c = pose.channels
    upper, fore, hand = (round(c[f"{side}.{bone}"] * 2) / 2 for bone in ("upper", "fore", "hand"))
    return _Arm(
        side, upper, fore, hand, round(c[f"{side}.upper_length"], 2), round(c[f"{side}.fore_length"], 2), pose.shapes[f"{side}.shape"],
        round(c.get(f"{side}.rise", 0.0)),
    )  # fmt: skip


def _placed(part: Art, to_canvas: Matrix) -> _Placed:
    x, y, pixels = warped(part.rgba, part.placed(to_canvas))
    return _Placed(pixels, x, y)


def _trimmed(part: _Placed) -> _Placed:
    """Without the empty rows and columns about it, which would be converted and blended too. By pairs: chroma stays where it is."""
    x, y, w, h = cv2.boundingRect(alpha_of(part.rgba))
    left, top = x & ~1, y & ~1
    return _Placed(part.rgba[top : y + h, left : x + w], part.x + left, part.y + top)


def _nearest(value: float, steps: tuple[float, ...]) -> float:
    return min(steps, key=lambda s: abs(s - value))
