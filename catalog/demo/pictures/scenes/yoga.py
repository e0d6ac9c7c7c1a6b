"""LM-YOGA-06: a two-tone yoga mat, 6 mm, rolled, with a carrying strap."""

import math

import bpy
import numpy as np
from flask import SAGE, bottle
from studio import (
    add,
    box,
    camera,
    canvas,
    empty,
    font,
    grain,
    grid,
    group,
    lathe,
    leaf_shadow,
    material,
    mottled,
    printed,
    ribbon,
    rope,
    softbox,
    spot,
    symbol,
    wide,
    wood,
)

TEAL, SAND, PLUM, ROSE, SLATE, SKY = "#3f6f72", "#d9c3a0", "#6b4a63", "#dcb1a8", "#454c57", "#a9bccb"
THICK, CORE, WIDE = 0.06, 0.13, 5.6


def foam(colour: str) -> bpy.types.Material:
    """Closed-cell foam with the fine pressed pattern of a grippy mat."""
    paint = material("foam", colour, 0.72, Sheen_Weight=0.12)
    where = add(paint, "ShaderNodeTexCoord")
    cells = add(paint, "ShaderNodeTexVoronoi", {"Vector": where.outputs["Object"]}, Scale=22.0)
    bump = add(paint, "ShaderNodeBump", {"Height": cells.outputs["Distance"]}, Strength=0.25, Distance=0.02)
    paint.node_tree.links.new(bump.outputs[0], paint.node_tree.nodes["Principled BSDF"].inputs["Normal"])
    return paint


def spiral(turns: float, offset: float) -> list[tuple[float, float]]:
    """The roll's cross-section (y, z) at a height `offset` within the mat, from the core outwards, ending at the bottom."""
    pitch = (THICK + 0.006) / (2 * math.pi)
    angles = np.linspace(0, turns * 2 * math.pi, int(turns * 72))
    start = -math.pi / 2 - turns * 2 * math.pi
    return [((CORE + pitch * a + offset) * math.cos(start + a), (CORE + pitch * a + offset) * math.sin(start + a)) for a in angles]


def layer(name: str, low: list[tuple[float, float]], high: list[tuple[float, float]], colour: str, wide_: float) -> bpy.types.Object:
    """One colour of the mat: the slab between two lines of the cross-section, `wide_` long in x, with slightly rounded edges."""
    half, soft = wide_ / 2, 0.008
    rows = []
    for (y0, z0), (y1, z1) in zip(low, high, strict=True):
        at = lambda x, t, y0=y0, z0=z0, y1=y1, z1=z1: (x, y0 + (y1 - y0) * t, z0 + (z1 - z0) * t)  # noqa: E731
        rows.append(
            [
                at(-half + soft, 0),
                at(half - soft, 0),
                at(half, 0.15),
                at(half, 0.85),
                at(half - soft, 1),
                at(-half + soft, 1),
                at(-half, 0.85),
                at(-half, 0.15),
            ]
        )
    return grid(name, rows, foam(colour), tube=True, sharp=70)


def outer(turns: float = 7.5) -> float:
    return CORE + (THICK + 0.006) * turns + THICK


def roll(top: str, under: str, turns: float = 7.5, length: float = WIDE) -> bpy.types.Object:
    """A rolled mat lying along x on the floor; the darker colour is outside."""
    lift = outer(turns)
    lines = [[(y, z + lift) for y, z in spiral(turns, k)] for k in (0, THICK / 2, THICK)]
    return group([layer("under", lines[0], lines[1], under, length), layer("top", lines[1], lines[2], top, length)])


def strap(colour: str, turns: float = 7.5, reach: float = 1.35, rise: float = 0.75) -> bpy.types.Object:
    """Two bands with buckles round the roll and a carrying band between them."""
    web = grain(material("webbing", colour, 0.85, Sheen_Weight=0.3), 30, 0.5, 0.02, (1, 6, 6))
    brass = material("buckle", "#c9a063", 0.28, Metallic=1.0)
    r = outer(turns) + 0.006
    parts = []
    for x in (-reach, reach):
        ring = [(x, r * math.cos(a), r + r * math.sin(a) - 0.004) for a in np.linspace(2 * math.pi, 0, 97)[:-1]]
        parts.append(ribbon("band", ring, (1, 0, 0), 0.26, 0.025, web, closed=True))
        a = math.radians(118)
        centre = np.array([x, r * math.cos(a) * 1.05, r + r * math.sin(a) * 1.05])
        tangent, side = np.array([0, -math.sin(a), math.cos(a)]), np.array([1.0, 0, 0])
        loop = [tuple(centre + side * 0.17 * sx + tangent * 0.1 * sy) for sx, sy in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
        parts.append(rope("buckle", loop, 0.02, brass, closed=True))
    sling = [
        (reach * math.sin(t), -0.1 * math.cos(t) ** 2, 2 * r + 0.02 + rise * math.cos(t) ** 1.3)
        for t in np.linspace(-math.pi / 2 + 0.001, math.pi / 2 - 0.001, 60)
    ]
    parts.append(ribbon("sling", sling, (0, 1, 0), 0.26, 0.028, web))
    return group(parts)


def tag(turns: float = 7.5) -> bpy.types.Object:
    """The wordmark, pressed in a lighter tone into the front of the roll."""
    image, draw = canvas(1500, 360)
    symbol(draw, (180, 170), 200, "#e8dcc6")
    wide(draw, (880, 180), "LUMORA", font("500Medium", 200), "#e8dcc6", 0.22)
    r = outer(turns) + 0.003
    rows = [[(x, r * math.cos(a), r + r * math.sin(a)) for a in np.radians(np.linspace(186, 158, 15))] for x in np.linspace(-0.75, 0.75, 2)]
    return grid("tag", rows, printed(image, 0.7, paper=False))


def floor(tone: tuple[str, str, str] = ("#b58d63", "#c9a47a", "#d8b88f")) -> None:
    """Oak boards and a plain wall with a skirting."""
    boards = wood(tone, "x", 0.42)
    for row in range(-6, 6):
        for col in range(-3, 3):
            plank = box("board", (7.98, 0.885, 0.2), boards, 0.008, (col * 8 + (row * 2.7) % 8, row * 0.9, -0.2), segments=2)
            plank.rotation_euler = (0, 0, math.pi * ((row + col) % 2))
    plaster = grain(material("plaster", "#e6ddd0", 0.95), 6, 0.15, 0.04, detail=8)
    box("wall", (60, 0.2, 30), plaster, 0.01, (0, 4.6, 0))
    box("skirting", (60, 0.12, 0.75), material("skirting", "#f1ebe2", 0.5), 0.03, (0, 4.48, 0))


def cork_block(at: tuple[float, float, float], turn: float) -> None:
    cork = grain(mottled(material("cork", "#b98d5e", 0.85), ("#8e653f", "#c39a6c", "#d3ae82"), 9, detail=9), 16, 0.5, 0.03, detail=8)
    box("block", (2.2, 1.2, 0.75), cork, 0.07, at, turn)


def plant(at: tuple[float, float, float], scale: float = 1.0) -> None:
    """A snake plant in a clay pot."""
    pot = lathe(
        "pot",
        [(0, 0), (0.55, 0, 0.08), (0.7, 1.1, 0.05), (0.64, 1.1, 0.03), (0.6, 0.95), (0, 0.95)],
        grain(material("pot", "#f0e8dc", 0.7), 30, 0.2),
    )
    green = mottled(material("leaf", "#40613f", 0.4), ("#2f4d33", "#54764c", "#86a06a"), 2.2, (1, 1, 5))
    parts = [pot]
    for k in range(11):
        a, tall, lean = k * 2.4, 1.7 + 1.3 * ((k * 0.618) % 1), 0.15 + 0.3 * ((k * 0.37) % 1)
        rows = []
        for t in np.linspace(0, 1, 18):
            w = 0.2 * (0.55 + 0.9 * t) * (1 - t**5) + 0.004
            r = 0.12 + 0.16 * (k % 3) * 0.6 + lean * t * t
            turn = a + 0.9 * t
            c = np.array([r * math.cos(a), r * math.sin(a), 0.9 + tall * t])
            d = np.array([-math.sin(turn), math.cos(turn), 0])
            n = np.array([math.cos(turn), math.sin(turn), 0])
            rows.append([tuple(c - d * w - n * 0.06 * w), tuple(c - n * 0.0), tuple(c + d * w - n * 0.06 * w)])
        leaf = grid("leaf", rows, green, sharp=90)
        leaf.modifiers.new("thick", "SOLIDIFY").thickness = 0.025
        parts.append(leaf)
    group(parts, at, scale=scale)


def window(watts: float, seed: int = 4, target: tuple[float, float, float] = (0.4, 2.5, 2.0)) -> None:
    sun = (-8.5, -8.0, 9.5)
    spot(sun, target, watts, radius=0.16, angle=60)
    leaf_shadow(sun, target, 0.6, seed, 1.7)


def mat(top: str, under: str, web: str, at: tuple[float, float, float], turn: float) -> bpy.types.Object:
    handle = group([roll(top, under), strap(web), tag()])
    handle.location, handle.rotation_euler = at, (0, 0, math.radians(turn))
    return handle


def hero() -> None:
    empty("#fff4e6", 0.42)
    floor()
    mat(TEAL, SAND, "#cdb48c", (-0.15, 0.2, 0), -32)
    cork_block((2.5, 2.35, 0), 14)
    plant((-3.1, 3.1, 0), 1.0)
    window(5200)
    softbox((-5.5, -4.5, 5.0), (0, 0, 1), 3.0, 4.0, 420)
    softbox((5.5, -1.5, 4.0), (0, 0, 1), 1.5, 4.0, 260, "#eef4ff")
    camera((1.0, -11.5, 4.1), (0.05, 0.4, 1.05), 62, 8, (0.8, -0.8, 0.8), (1200, 1200))


def detail() -> None:
    empty("#fff4e6", 0.42)
    floor()
    mat(TEAL, SAND, "#cdb48c", (-2.1, 0.9, 0), -38)
    window(4200, 7)
    softbox((-3.5, -5.0, 4.5), (0, -0.5, 0.7), 2.5, 3.0, 300)
    softbox((4.5, -2.0, 3.0), (0, 0, 0.7), 1.2, 3.0, 200, "#eef4ff")
    camera((2.6, -5.6, 2.3), (-0.35, -0.55, 0.72), 70, 3.5, (0.1, -0.85, 0.75), (1200, 1200))


def unrolled() -> bpy.types.Object:
    """A mat half spread: flat on the floor, its end still rolled."""
    turns = 3.6
    lift = outer(turns)
    lines = []
    for k in (0, THICK / 2, THICK):
        curl = [(y, z + lift) for y, z in spiral(turns, k)]
        flat = [(y, THICK - k) for y in np.linspace(0.0, -9.0, 60)[1:]]
        lines.append(curl + flat)
    return group([layer("under", lines[0], lines[1], SAND, WIDE), layer("top", lines[1], lines[2], TEAL, WIDE)])


def practice() -> None:
    empty("#fff4e6", 0.42)
    floor()
    sheet = unrolled()
    sheet.location, sheet.rotation_euler = (0.9, 1.6, 0), (0, 0, math.radians(-24))
    cork_block((-3.2, 2.5, 0), 18)
    flask = bottle(SAGE)
    flask.location, flask.scale, flask.rotation_euler = (-3.15, 0.95, 0), (1.05,) * 3, (0, 0, 0.1)
    plant((4.3, 3.4, 0), 1.1)
    window(5200, 12, (-0.5, 0.5, 0.5))
    softbox((-6, -3.5, 6.0), (0, 0, 0.5), 3.0, 4.0, 520)
    softbox((5.5, -2.5, 4.0), (0, 0, 0.7), 1.5, 3.0, 260, "#eef4ff")
    camera((-0.4, -12.0, 5.6), (-0.2, 0.3, 0.7), 58, 9, (0.5, 1.0, 0.7), (1200, 1200))


PICTURES = {"lm-yoga-06-1": hero, "lm-yoga-06-2": detail, "lm-yoga-06-3": practice}
