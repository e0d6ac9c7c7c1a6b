"""LM-EARB-01: wireless earbuds in a charging case."""

import math

import bpy
import numpy as np
from mathutils import Matrix
from studio import (
    blend,
    blob,
    camera,
    canvas,
    empty,
    font,
    grain,
    grid,
    group,
    lathe,
    material,
    mottled,
    printed,
    softbox,
    sweep,
    symbol,
    wide,
)

Field = np.ndarray
SAND, INK, ROSE = "#d8cab8", "#2d3038", "#d9b3a6"
HALF = (1.22, 0.5, 0.98)  # half of the case's width, depth and height
APART = 0.64  # from the middle of the case to the middle of an earbud
SEAM = 0.3  # height of the lid's seam over the middle of the case


def pebble(x: Field, y: Field, z: Field, grow: float = 0.0) -> Field:
    """Distance to the closed case: an upright stadium, its edges fully rounded."""
    round_face, round_edge = 0.78, 0.4
    ax, az = np.abs(x) - HALF[0] + round_face, np.abs(z) - HALF[2] + round_face
    face = np.hypot(np.maximum(ax, 0), np.maximum(az, 0)) + np.minimum(np.maximum(ax, az), 0) - round_face + round_edge
    deep = np.abs(y) - HALF[1] + round_edge
    return np.hypot(np.maximum(face, 0), np.maximum(deep, 0)) + np.minimum(np.maximum(face, deep), 0) - round_edge - grow


def capsule(x: Field, y: Field, z: Field, a: tuple[float, float, float], b: tuple[float, float, float], radius: float) -> Field:
    p, d = np.stack([x - a[0], y - a[1], z - a[2]], -1), np.subtract(b, a)
    t = np.clip(p @ d / (d @ d), 0, 1)[..., None]
    return np.linalg.norm(p - t * d, axis=-1) - radius


def head(x: Field, y: Field, z: Field) -> Field:
    """The part of an earbud that sits in the ear (right side; the nozzle points to +x, +y)."""
    r = np.sqrt((x / 0.33) ** 2 + (y / 0.3) ** 2 + (z / 0.31) ** 2)
    return blend((r - 1) * 0.3, capsule(x, y, z, (0.1, 0.1, 0.02), (0.3, 0.26, 0.08), 0.16), 0.14)


def earbud(shell: str) -> bpy.types.Object:
    """One earbud, its stem down -z, about 1.6 high; the tip looks to +x +y."""
    body = material("bud", shell, 0.2, Coat_Weight=0.5, Coat_Roughness=0.06)
    parts = [
        blob(
            "bud",
            lambda x, y, z: blend(head(x, y, z), capsule(x, y, z, (-0.14, -0.1, -0.1), (-0.12, -0.12, -0.88), 0.14), 0.16),
            (-0.5, -0.5, -1.25),
            (0.6, 0.6, 0.5),
            0.016,
            body,
        ),
    ]
    soft = material("silicone", "#4a443e", 0.5)
    tip = [(0.11, 0.0), (0.2, -0.03, 0.03), (0.245, 0.05, 0.06), (0.2, 0.22, 0.1), (0.11, 0.28, 0.04), (0.085, 0.27, 0.02), (0.08, 0.15)]
    cap = lathe("tip", tip, soft, 64)
    mesh = lathe("mesh", [(0.0, 0.2), (0.085, 0.2)], grain(material("mesh", "#55585e", 0.4, Metallic=1.0), 120, 0.8, 0.01), 32)
    parts.append(group([cap, mesh], (0.29, 0.25, 0.075), (math.radians(-48), math.radians(48), 0)))
    gold = material("contact", "#d6b06a", 0.22, Metallic=1.0)
    dark = material("grille", "#1b1c1f", 0.55)
    parts.append(lathe("foot", [(0, -1.022), (0.08, -1.022, 0.01), (0.112, -0.985, 0.01), (0.1, -0.93)], gold, 48, at=(-0.12, -0.12, 0)))
    slot = blob(
        "slot",
        lambda x, y, z: np.maximum(capsule(x, y, z, (-0.128, -0.236, -0.42), (-0.124, -0.241, -0.68), 0.026), -1.0),
        (-0.2, -0.31, -0.76),
        (-0.05, -0.18, -0.34),
        0.006,
        dark,
    )
    parts.append(slot)
    return group(parts)


def pocket(x: Field, y: Field, z: Field, side: float) -> Field:
    """Where an earbud sits in the case, a little larger than the earbud."""
    u, w = side * x - APART, z - 0.42
    return np.minimum(head(-u, -y, w) - 0.05, capsule(-u, -y, w, (-0.14, -0.1, 0.0), (-0.12, -0.12, -0.9), 0.2))


def lower(x: Field, y: Field, z: Field) -> Field:
    shell = np.maximum(pebble(x, y, z), z - SEAM + 0.012)
    tray = np.maximum(pebble(x, y, z, -0.085), SEAM - 0.1 - z)
    return np.maximum(np.maximum(shell, -tray), -np.minimum(pocket(x, y, z, 1.0), pocket(x, y, z, -1.0)))


def upper(x: Field, y: Field, z: Field) -> Field:
    return np.maximum(np.maximum(pebble(x, y, z), SEAM + 0.012 - z), -pebble(x, y, z, -0.085))


def mark(ink: str) -> bpy.types.Object:
    image, draw = canvas(1500, 360)
    symbol(draw, (200, 170), 200, ink)
    wide(draw, (900, 180), "LUMORA", font("500Medium", 190), ink, 0.22)
    y = -HALF[1] - 0.0015
    return grid("mark", [[(x, y, z) for z in (-0.275, -0.125)] for x in (-0.3125, 0.3125)], printed(image, 0.35, paper=False))


def case(shell: str, ink: str, opened: float = 0) -> list[bpy.types.Object]:
    """The case around the origin; `opened` is the lid's angle in degrees."""
    paint = material("case", shell, 0.28, Coat_Weight=0.35, Coat_Roughness=0.12)
    low, high = (-1.3, -0.56, -1.04), (1.3, 0.56, 1.04)
    bottom = blob("case", lower, low, (1.3, 0.56, SEAM + 0.05), 0.016, paint)
    lid = blob("lid", upper, (low[0], low[1], SEAM - 0.04), high, 0.016, paint)
    lid.data.transform(Matrix.Translation((0, -HALF[1] + 0.06, -SEAM)))
    hinge = group([lid], (0, HALF[1] - 0.06, SEAM), (-math.radians(opened), 0, 0))
    parts = [bottom, hinge, mark(ink)]
    pin = lathe(
        "hinge", [(0, -0.45), (0.05, -0.45, 0.01), (0.05, 0.45, 0.01), (0, 0.45)], material("pin", "#bdbdbb", 0.25, Metallic=1.0), 32
    )
    pin.location, pin.rotation_euler = (0, HALF[1] - 0.05, SEAM), (0, math.pi / 2, 0)
    light = lathe(
        "light",
        [(0, 0), (0.026, 0, 0.004), (0.026, 0.01, 0.004), (0, 0.01)],
        material("light", "#f4fff2", 0.3, Emission_Color="#9be8a0", Emission_Strength=1.5),
        24,
    )
    light.location, light.rotation_euler = (0, -HALF[1] + 0.004, -0.02), (math.pi / 2, 0, 0)
    return [*parts, pin, light]


def seat(shell: str, side: float) -> bpy.types.Object:
    """An earbud in its place in the case; the left one is the right one's mirror image."""
    bud = earbud(shell)
    bud.location, bud.rotation_euler, bud.scale = (side * APART, 0, 0.42), (0, 0, math.pi), (side, 1, 1)
    return bud


def disc(radius: float, height: float, at: tuple[float, float, float], colour: str) -> None:
    stone = grain(mottled(material("stone", colour, 0.75), (colour, "#d6d6ea"), 3, spread=(0.4, 0.95)), 30, 0.2, 0.02, detail=6)
    lathe("disc", [(0, 0), (radius, 0, 0.02), (radius, height, 0.035), (0, height)], stone, 160, at=at)


def lights(key: float = 420) -> None:
    softbox((-4.4, -2.8, 4.4), (0, 0, 1), 2.6, 3.4, key)
    softbox((4.0, -0.8, 2.8), (0, 0, 1), 0.8, 3.6, 170, "#e6ecff")
    softbox((0.4, 3.6, 4.6), (0, 0, 1), 3.4, 1.4, 150, spread=95)


def hero() -> None:
    empty("#f2f0ff", 0.38)
    sweep(grain(material("paper", "#a9aed0", 0.9), 90, 0.05), 4.5)
    disc(2.05, 0.3, (0, 0.2, 0), "#bcbfdb")
    group([*case(SAND, "#7d6647", 104), seat(SAND, 1), seat(SAND, -1)], (0, 0.3, 1.285), (0, 0, math.radians(16)))
    lights()
    camera((0.6, -8.2, 3.7), (0.05, 0.25, 1.38), 84, 6.3, (0, -0.1, 1.4), (1200, 1200))


def detail() -> None:
    empty("#f2f0ff", 0.4)
    sweep(grain(material("paper", "#b9bdd9", 0.9), 90, 0.05), 4.5)
    disc(1.25, 0.36, (0.0, 0.1, 0), "#c3c6de")
    for side, at, turn in ((1.0, (-0.5, 0.15, 1.385), 200), (-1.0, (0.52, 0.0, 1.385), 75)):
        bud = earbud(SAND)
        bud.location, bud.rotation_euler, bud.scale = at, (0, 0, math.radians(turn)), (side, 1, 1)
    lights(360)
    camera((0.5, -6.0, 2.2), (0.02, 0, 1.1), 92, 4.5, (0.3, -0.2, 1.3), (1200, 1200))


def colours() -> None:
    empty("#f2f0ff", 0.4)
    sweep(grain(material("paper", "#c9c6d6", 0.9), 90, 0.05), 4.5)
    for k, (shell, ink, x, y, rise) in enumerate(
        ((INK, "#aab0bb", -1.75, 0.7, 0.62), (SAND, "#7d6647", 0.1, -0.35, 0.22), (ROSE, "#8c6a5f", 1.85, 0.75, 0.98))
    ):
        disc(1.35 - 0.1 * k, rise, (x, y, 0), "#bfbdd2")
        group(case(shell, ink), (x, y, rise + 0.985), (0, 0, math.radians((22, 8, -18)[k])))
    lights(520)
    camera((0.3, -10.5, 3.3), (0.05, 0.1, 1.2), 60, 9, (0.1, -0.8, 1.2), (1200, 1200))


PICTURES = {"lm-earb-01-1": hero, "lm-earb-01-2": detail, "lm-earb-01-3": colours}
