"""LM-SERUM-30: vitamin C face serum in an amber glass bottle with a dropper."""

import math

import bpy
import numpy as np
from PIL import Image
from studio import (
    box,
    camera,
    canvas,
    empty,
    font,
    glass,
    grain,
    grid,
    group,
    lathe,
    leaf_shadow,
    material,
    mottled,
    patch,
    printed,
    softbox,
    spot,
    sweep,
    symbol,
    wide,
)

INK = "#3a2a1c"


def label() -> bpy.types.Material:
    image, draw = canvas(1500, 1060, "#f6efe2")
    draw.rectangle((0, 0, 1500, 34), "#e08a2e")
    symbol(draw, (750, 185), 170, INK)
    wide(draw, (750, 330), "LUMORA", font("500Medium", 96), INK, 0.28)
    draw.line((590, 425, 910, 425), INK, 4)
    wide(draw, (750, 560), "VITAMIN C", font("400Regular", 176), INK, 0.06)
    wide(draw, (750, 710), "face serum", font("300Light", 104), INK, 0.08)
    wide(draw, (750, 930), "30 ml", font("400Regular", 70), INK, 0.12)
    return grain(printed(image, 0.6), 60, 0.06, 0.01)


def dropper(fluid: bpy.types.Material) -> list[bpy.types.Object]:
    """Rubber bulb, collar and glass pipette; the collar's lower rim is at z = 0."""
    rubber = grain(material("rubber", "#1d1b19", 0.45), 80, 0.08, 0.01)
    gold = material("gold", "#d2a562", 0.24, Metallic=1.0)
    ridges = [(0.2, 0.0), (0.222, 0.0, 0.01), (0.222, 0.27, 0.02), (0.14, 0.27)]
    tube = [
        (0.0, -1.08),
        (0.022, -1.08, 0.01),
        (0.03, -1.0, 0.02),
        (0.055, -0.86, 0.04),
        (0.055, 0.1),
        (0.042, 0.1),
        (0.042, -0.84, 0.04),
        (0.014, -1.0, 0.02),
        (0.0, -1.06),
    ]
    return [
        lathe("collar", ridges, gold),
        lathe("bulb", [(0.1, 0.26), (0.155, 0.26, 0.02), (0.15, 0.36, 0.05), (0.118, 0.42, 0.06), (0.13, 0.78, 0.12), (0, 0.8)], rubber),
        lathe("pipette", tube, glass("#ffffff"), 48),
        lathe("drawn up", [(0, -1.05), (0.013, -0.99, 0.02), (0.041, -0.83, 0.03), (0.041, -0.45), (0, -0.45)], fluid, 48),
    ]


def bottle(closed: bool = True, level: float = 0.92) -> bpy.types.Object:
    amber, fluid = glass("#d3a45c"), glass("#fbe4b4", ior=1.36)
    walls = [
        (0.0, 0.03),
        (0.3, 0.03, 0.05),
        (0.33, 0.0, 0.03),
        (0.42, 0.0, 0.06),
        (0.42, 1.2, 0.16),
        (0.19, 1.3, 0.07),
        (0.19, 1.5, 0.01),
        (0.155, 1.5, 0.01),
        (0.155, 1.29, 0.07),
        (0.375, 1.17, 0.13),
        (0.375, 0.1, 0.09),
        (0.0, 0.1),
    ]
    parts = [
        lathe("glass", walls, amber, 128),
        lathe("serum", [(0, 0.105), (0.371, 0.105, 0.085), (0.371, level), (0, level)], fluid, 96),
        patch("label", 0.4225, 0.2, 0.98, 150, label()),
    ]
    if closed:
        parts.append(group(dropper(fluid), (0, 0, 1.36)))
    return group(parts)


def carton() -> bpy.types.Object:
    image, draw = canvas(900, 1900, "#e8953c")
    draw.rectangle((0, 1450, 900, 1900), "#f6efe2")
    symbol(draw, (450, 300), 230, "#fff6e8")
    wide(draw, (450, 490), "LUMORA", font("500Medium", 110), "#fff6e8", 0.28)
    wide(draw, (450, 900), "VITAMIN C", font("400Regular", 150), "#fff6e8", 0.05)
    wide(draw, (450, 1040), "face serum", font("300Light", 96), "#fff6e8", 0.08)
    wide(draw, (450, 1680), "30 ml", font("400Regular", 80), INK, 0.12)
    front = grid("carton front", [[(x, -0.452, z) for z in (0.02, 2.28)] for x in (-0.44, 0.44)], grain(printed(image, 0.5), 70, 0.05))
    return group([box("carton", (0.9, 0.9, 2.3), material("card", "#e8953c", 0.5), 0.012), front])


def orange_face() -> Image.Image:
    """The cut face of an orange: segments with streaks of pulp, pale walls, white pith, peel."""
    n = 1000
    rng = np.random.default_rng(4)
    y, x = (np.mgrid[0:n, 0:n] - n / 2) / (n / 2)
    r, a = np.hypot(x, y), np.arctan2(y, x)
    streak = rng.normal(size=(24, 720))
    streak = sum(np.roll(streak, k, 1) for k in range(-3, 4)) / 2.6
    band = np.clip((r * 23).astype(int), 0, 23)
    pulp = streak[band, ((a + math.pi) / (2 * math.pi) * 719).astype(int)] * 0.5 + rng.normal(size=(n, n)) * 0.05
    part = (a / (2 * math.pi) * 10 + 0.06 * np.sin(r * 7)) % 1
    wall = np.minimum(part, 1 - part) * 2 * math.pi / 10 * r
    flesh = np.clip((wall - 0.012) / 0.03, 0, 1) * np.clip((r - 0.09) / 0.05, 0, 1) * np.clip((0.875 - r) / 0.03, 0, 1)
    pith, light, deep = np.array([246, 208, 138.0]), np.array([214, 128, 4.0]), np.array([184, 92, 0.0])
    tone = np.clip(0.5 + 0.4 * pulp + 0.25 * (r - 0.5), 0, 1)[..., None]
    rgb = pith + (light * (1 - tone) + deep * tone - pith) * flesh[..., None]
    rgb = np.where((r > 0.955)[..., None], np.array([222, 138, 14.0]), rgb)
    return Image.fromarray(np.uint8(np.clip(rgb, 0, 255))).convert("RGBA")


def fruit(half: bool = True, thick: float | None = None) -> bpy.types.Object:
    """An orange half (or a slice `thick` high), its cut face up at z = 0."""
    peel = grain(material("peel", "#d98a0a", 0.38, Coat_Weight=0.25), 16, 0.5, 0.02, detail=2)
    flesh = printed(orange_face(), 0.42, Specular_IOR_Level=0.3)
    size = 0.62
    if half and thick is None:
        skin = lathe("peel", [(size * math.sin(t), -size * math.cos(t) * 0.95) for t in np.linspace(0, math.pi / 2, 24)], peel)
    elif thick is not None:
        skin = lathe("peel", [(0, -thick), (size * 0.99, -thick), (size, -thick / 2), (size, 0)], peel)
    else:
        return lathe("orange", [(size * math.sin(t), -size * math.cos(t) * 0.95) for t in np.linspace(0, math.pi, 40)], peel)
    rings = np.linspace(0, size, 12)
    face = grid(
        "flesh",
        [[(r * math.cos(a), r * math.sin(a), 0.012 * (1 - (r / size) ** 6)) for a in np.linspace(0, 2 * math.pi, 72)] for r in rings],
        flesh,
    )
    for loop, uv in zip(face.data.loops, face.data.uv_layers[0].data, strict=True):
        p = face.data.vertices[loop.vertex_index].co
        uv.uv = (0.5 + p.x / (2 * size), 0.5 + p.y / (2 * size))
    grain(flesh, 22, 0.25, 0.02)
    return group([skin, face])


def place(obj: bpy.types.Object, at: tuple[float, float, float], turn: tuple[float, float, float] = (0, 0, 0), scale: float = 1) -> None:
    obj.location, obj.rotation_euler, obj.scale = at, [math.radians(t) for t in turn], (scale,) * 3


def stone(colour: str) -> bpy.types.Material:
    return grain(mottled(material("stone", colour, 0.7), (colour, "#fbf3e6"), 2.5, (1, 1, 4), 7, (0.35, 0.75)), 14, 0.3, 0.02, (1, 1, 3), 6)


def hero() -> None:
    empty("#fff0dc", 0.38)
    sweep(grain(material("paper", "#e9b277", 0.9), 90, 0.05), 4)
    box("slab", (3.0, 2.2, 0.42), stone("#efdcc2"), 0.04, (0.1, 0.15, 0), 9)
    place(bottle(), (-0.12, -0.1, 0.42), (0, 0, 10))
    place(fruit(), (0.86, 0.5, 0.93), (62, 0, 34), 0.86)
    place(fruit(thick=0.12), (0.82, -0.52, 0.54), (0, 0, 15), 0.72)
    sun = (-4.6, -4.0, 6.5)
    spot(sun, (0.2, 0.2, 0.9), 1700, radius=0.12)
    leaf_shadow(sun, (0.6, 1.6, 1.9), 0.6, 9, 0.75)
    softbox((-3.6, -1.6, 2.6), (0, 0, 1.3), 1.4, 3.6, 190)
    softbox((3.2, -0.6, 2.2), (0, 0, 1.2), 0.7, 3.4, 120)
    softbox((0.4, 3.4, 2.4), (0, 0, 1.1), 2.6, 2.4, 150, "#ffd9a6", 95)
    camera((1.35, -6.6, 2.35), (0.2, 0, 1.38), 84, 5.6, (-0.12, -0.5, 1.2))


def detail() -> None:
    empty("#fff0dc", 0.4)
    sweep(grain(material("paper", "#f6dcb8", 0.9), 90, 0.05), 4)
    place(bottle(closed=False, level=0.7), (0.0, 0.25, 0), (0, 0, 8))
    fluid = glass("#fbe4b4", ior=1.36)
    place(group(dropper(fluid)), (0.29, 0.25, 2.8), (0, 14, 0))
    bead = [(0.055 * math.sin(t) * (1 - 0.25 * math.cos(t / 2)), -0.06 * math.cos(t)) for t in np.linspace(0, math.pi, 20)]
    lathe("drop", bead, fluid, 40, at=(0.028, 0.25, 1.712))
    place(fruit(), (-1.15, 1.6, 0.55), (75, 0, -20))
    softbox((-3.0, -1.8, 3.2), (0, 0, 1.3), 1.4, 3.4, 230)
    softbox((2.8, -0.4, 2.4), (0, 0, 1.2), 0.6, 3.2, 130)
    softbox((0.4, 3.2, 2.6), (0, 0, 1.2), 2.6, 2.2, 150, "#ffd9a6", 95)
    camera((-0.7, -4.9, 2.3), (0.1, 0, 1.58), 72, 4, (0.05, 0.0, 1.4), (1200, 1200))


def gift() -> None:
    empty("#fff0dc", 0.4)
    sweep(grain(material("paper", "#f3cfa0", 0.9), 90, 0.05), 4)
    place(carton(), (-0.62, 0.75, 0), (0, 0, 14))
    place(bottle(), (0.5, 0.1, 0), (0, 0, -6))
    place(fruit(), (1.5, 0.75, 0.55), (72, 0, 28))
    place(fruit(thick=0.12), (-0.72, -0.75, 0.12), (0, 0, 15), 0.8)
    place(fruit(thick=0.12), (-1.45, -0.45, 0.2), (0, 9, 40), 0.8)
    place(fruit(False), (-1.85, 0.95, 0.58))
    softbox((-4.0, -2.6, 4.4), (0, 0, 1.0), 2.2, 3.0, 430)
    softbox((3.4, -0.8, 2.4), (0, 0, 1.2), 0.8, 3.4, 130)
    softbox((0.6, 3.4, 3.4), (0, 0, 1.0), 3.0, 1.6, 130, "#ffe2bb", 95)
    camera((0.4, -7.6, 3.1), (0.02, 0.1, 0.98), 78, 8, (0.5, -0.3, 1.0), (1200, 1200))


PICTURES = {"lm-serum-30-1": hero, "lm-serum-30-2": detail, "lm-serum-30-3": gift}
