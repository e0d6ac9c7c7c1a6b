"""LM-LAMP-02: a rechargeable table lamp with an opal mushroom shade on a brass foot."""

import math
import random

import bpy
import numpy as np
from studio import add, box, bulb, camera, empty, grain, group, lathe, linear, material, mottled, rope, softbox, spot, sweep, wood

BRASS, CREAM, GREEN = "#c9a063", "#e9e1d3", "#5d6f5c"


def opal(glow: float) -> bpy.types.Material:
    """Opal glass lit from inside: brightest where it is seen face on, warmer towards the rim."""
    paint = material("opal", "#fff6e6", 0.22, Coat_Weight=0.6, Coat_Roughness=0.08)
    if glow:
        facing = add(paint, "ShaderNodeLayerWeight", Blend=0.35)
        ramp = add(paint, "ShaderNodeValToRGB", {"Fac": facing.outputs["Facing"]})
        ramp.color_ramp.elements[0].color, ramp.color_ramp.elements[1].color = linear("#ffd9a0"), linear("#e08a3c")
        shader = paint.node_tree.nodes["Principled BSDF"]
        paint.node_tree.links.new(ramp.outputs[0], shader.inputs["Emission Color"])
        shader.inputs["Emission Strength"].default_value = glow
    return paint


def lamp(metal: str, metallic: float, glow: float) -> bpy.types.Object:
    foot = grain(material("foot", metal, 0.3 if metallic else 0.5, Metallic=metallic), 60, 0.05, 0.01, (1, 1, 25))
    dark = material("rubber", "#222222", 0.6)
    dome = [(0.9 * math.sin(t), 1.86 + 0.72 * math.cos(t)) for t in np.linspace(math.pi / 2, 0.001, 30)]
    under = [(0.865 * math.sin(t), 1.845 + 0.66 * math.cos(t)) for t in np.linspace(0.001, math.pi / 2, 24)]
    parts = [
        lathe("feet", [(0, 0), (0.5, 0, 0.01), (0.5, 0.02), (0, 0.02)], dark),
        lathe(
            "base",
            [
                (0, 0.02),
                (0.56, 0.02, 0.02),
                (0.56, 0.13, 0.045),
                (0.1, 0.15, 0.05),
                (0.066, 0.3, 0.12),
                (0.066, 1.7, 0.06),
                (0.2, 1.86, 0.04),
                (0.2, 1.93),
                (0, 1.93),
            ],
            foot,
            128,
        ),
        lathe("shade", [*under, (0.885, 1.82), *dome], opal(glow), 128, sharp=80),
        lathe(
            "touch",
            [(0, 0.1385), (0.055, 0.1385, 0.004), (0.055, 0.146, 0.004), (0, 0.146)],
            material("touch", "#f6ead6", 0.3, Emission_Color="#ffd9a0", Emission_Strength=0.6 * bool(glow)),
        ),
    ]
    parts[-1].location = (0, -0.36, 0)
    if glow:
        for k in range(3):
            a = k * 2 * math.pi / 3
            bulb((0.45 * math.cos(a), 0.45 * math.sin(a), 1.72), 9, "#ffb765", 0.14)
            parts.append(bpy.context.scene.objects[-1])
    return group(parts)


def book(size: tuple[float, float, float], colour: str, at: tuple[float, float, float], turn: float) -> None:
    x, y, z = size
    cloth = grain(material("cloth", colour, 0.8), 90, 0.4, 0.01)
    pages = grain(material("pages", "#efe4cf", 0.9), 60, 0.8, 0.02, (0.2, 0.2, 14))
    parts = [
        box("cover", (x, y, 0.03), cloth, 0.012),
        box("cover", (x, y, 0.03), cloth, 0.012, (0, 0, z - 0.03)),
        box("pages", (x - 0.07, y - 0.07, z - 0.06), pages, 0.005, (0.01, 0, 0.03)),
    ]
    parts.append(box("spine", (0.035, y, z), cloth, 0.015, (-x / 2, 0, 0)))
    group(parts, at, (0, 0, math.radians(turn)))


def vase(at: tuple[float, float, float], colour: str, scale: float = 1) -> None:
    clay = grain(mottled(material("clay", colour, 0.75), (colour, "#d9c7b0"), 6, spread=(0.3, 0.95)), 30, 0.35, 0.02)
    pot = lathe(
        "vase",
        [
            (0, 0),
            (0.26, 0, 0.06),
            (0.44, 0.5, 0.3),
            (0.13, 0.92, 0.12),
            (0.17, 1.12, 0.02),
            (0.14, 1.12, 0.02),
            (0.1, 0.9, 0.1),
            (0.1, 0.5),
        ],
        clay,
    )
    straw = material("straw", "#c8a878", 0.8)
    rng = random.Random(8)
    parts = [pot]
    for _ in range(9):
        lean, way, tall = rng.uniform(0.15, 0.6), rng.uniform(0, 2 * math.pi), rng.uniform(0.9, 1.6)
        path = [(lean * t * t * math.cos(way), lean * t * t * math.sin(way), 0.8 + tall * t) for t in np.linspace(0, 1, 14)]
        parts.append(rope("stem", path, 0.009, straw))
        for t in np.linspace(0.55, 1.0, 16):
            p = (
                lean * t * t * math.cos(way) + rng.uniform(-0.04, 0.04),
                lean * t * t * math.sin(way) + rng.uniform(-0.04, 0.04),
                0.8 + tall * t,
            )
            seed = lathe("seed", [(0.022 * math.sin(a), 0.045 * -math.cos(a)) for a in np.linspace(0, math.pi, 8)], straw, 8, at=p)
            seed.rotation_euler = (rng.uniform(-0.7, 0.7), rng.uniform(-0.7, 0.7), 0)
            parts.append(seed)
    group(parts, at, scale=scale)


def room(wall: str, tone: tuple[str, str, str] = ("#6d4a30", "#8a6242", "#a67c56")) -> None:
    plaster = grain(mottled(material("plaster", wall, 0.95), (wall, wall), 2), 5, 0.25, 0.05, detail=8)
    box("wall", (40, 0.2, 30), plaster, 0.01, (0, 2.6, -8))
    box("table", (16, 4.3, 0.3), wood(tone, "x", 0.38), 0.03, (0, 0, -0.3))


def hero() -> None:
    empty("#8fa0c0", 0.2)
    room("#a38672", ("#8a6242", "#a67c56", "#bb9468"))
    handle = lamp(BRASS, 1.0, 1.15)
    handle.location = (-0.1, 0.1, 0)
    book((1.5, 1.05, 0.2), "#6f7d6a", (1.3, 0.35, 0), 12)
    book((1.35, 0.95, 0.16), "#c9b79c", (1.26, 0.35, 0.2), -4)
    vase((-1.5, 0.85, 0), "#a98a6c", 0.95)
    softbox((-4.5, -3.5, 4.0), (0, 0, 1.2), 2.0, 3.0, 280, "#ffe6c8")
    softbox((4.5, -1.0, 3.0), (0, 0, 1.2), 1.0, 3.0, 120, "#a9bede")
    camera((0.9, -7.6, 2.35), (0.05, 0.1, 1.42), 74, 4, (-0.1, -0.3, 1.5))


def detail() -> None:
    empty("#8fa0c0", 0.22)
    room("#a39a8c", ("#8a6242", "#a67c56", "#bb9468"))
    handle = lamp(BRASS, 1.0, 1.15)
    handle.location = (0, 0, 0)
    book((1.5, 1.05, 0.2), "#7a5747", (-1.6, 0.9, 0), -12)
    softbox((-3.5, -3.0, 3.0), (0, 0, 0.5), 1.5, 2.5, 150, "#ffe6c8")
    softbox((3.0, -0.6, 1.6), (0, 0, 0.5), 0.6, 2.2, 80, "#dfe9ff")
    camera((-0.9, -4.6, 1.75), (0.05, 0, 0.86), 58, 3.2, (0, -0.45, 0.3), (1200, 1200))


def colours() -> None:
    empty("#fff6ea", 0.4)
    sweep(grain(material("paper", "#ddd0c0", 0.9), 90, 0.05), 4.5)
    for k, (metal, metallic, glow) in enumerate(((CREAM, 0.0, 0.55), (BRASS, 1.0, 0.9), (GREEN, 0.0, 0.55))):
        handle = lamp(metal, metallic, glow)
        handle.location = (-1.95 + 1.95 * k, 0.6 * (k != 1), 0.0)
    spot((-5, -5, 6), (0, 0, 1), 1500, radius=0.3)
    softbox((-4.2, -3.2, 4.2), (0, 0, 1.4), 2.6, 4.0, 480)
    softbox((4.2, 0.4, 2.6), (0, 0, 1.4), 0.9, 4.0, 100, "#eaf2ff")
    camera((0.5, -10.5, 2.9), (0, 0.2, 1.2), 67, 8, (0, 0, 1.4), (1200, 1200))


PICTURES = {"lm-lamp-02-1": hero, "lm-lamp-02-2": detail, "lm-lamp-02-3": colours}
