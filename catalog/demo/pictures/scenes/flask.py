"""LM-FLASK-500: an insulated steel bottle, powder coated, with a bamboo cap and a cord loop."""

import math

import bpy
import numpy as np
from studio import (
    box,
    camera,
    canvas,
    empty,
    font,
    grain,
    group,
    lathe,
    leaf_shadow,
    material,
    mottled,
    patch,
    printed,
    rope,
    softbox,
    spot,
    sweep,
    symbol,
    wide,
    wood,
)

SAGE, CLAY, NIGHT = "#86937c", "#b06f53", "#2f3f50"


def steel(rough: float = 0.22) -> bpy.types.Material:
    return grain(material("steel", "#c9c8c4", rough, Metallic=1.0, Anisotropic=0.5), 60, 0.05, 0.01, (1, 1, 30))


def mark() -> bpy.types.Material:
    """The wordmark, laser-cut through the coat down to bright steel; read from the bottom up."""
    image, draw = canvas(1600, 360)
    symbol(draw, (190, 170), 210, "#e9e8e3")
    wide(draw, (920, 180), "LUMORA", font("500Medium", 210), "#e9e8e3", 0.22)
    return printed(image.rotate(90, expand=True), 0.3, paper=False, Metallic=0.85)


def cap(cord: str) -> list[bpy.types.Object]:
    """The cap at the origin, its rim at z = 0."""
    bamboo = wood(("#b98a52", "#cfa468", "#e0bd85"), "z", 0.5)
    parts = [
        lathe("cap ring", [(0.2, 0), (0.262, 0, 0.008), (0.262, 0.07, 0.008), (0.2, 0.07)], steel()),
        lathe(
            "cap", [(0.2, 0.07), (0.27, 0.07, 0.012), (0.27, 0.36, 0.03), (0.19, 0.36, 0.006), (0.185, 0.352, 0.004), (0, 0.352)], bamboo
        ),
        lathe("cap plate", [(0, 0.353), (0.182, 0.353), (0.182, 0.357, 0.003), (0, 0.357)], steel(0.3)),
    ]
    pin = steel(0.2)
    for side in (-1, 1):
        stud = lathe("stud", [(0, 0), (0.042, 0), (0.042, 0.035, 0.012), (0, 0.035)], pin, 32)
        stud.location, stud.rotation_euler = (side * 0.262, 0, 0.235), (0, side * math.pi / 2, 0)
        parts.append(stud)
    loop = [(0.315 * math.cos(a), 0.02 * math.sin(3 * a), 0.235 + 0.36 * math.sin(a) ** 0.8) for a in np.linspace(0, math.pi, 48)]
    leather = grain(material("cord", cord, 0.6), 40, 0.3, 0.01)
    parts.append(rope("loop", loop, 0.03, leather))
    return parts


def bottle(coat: str, cord: str = "#7a5a3d", closed: bool = True) -> bpy.types.Object:
    powder = grain(material("powder coat", coat, 0.5, Coat_Weight=0.06, Coat_Roughness=0.4), 130, 0.22, 0.01, detail=2)
    body = [(0.3, 0.05), (0.352, 0.05), (0.364, 0.062, 0.01), (0.364, 1.62, 0.3), (0.25, 1.93, 0.16), (0.25, 2.0, 0.01), (0.24, 2.0)]
    parts = [
        lathe("foot", [(0, 0.012), (0.3, 0.012, 0.02), (0.32, 0, 0.01), (0.345, 0, 0.018), (0.356, 0.05, 0.005), (0.3, 0.05)], steel()),
        lathe("body", body, powder),
        lathe(
            "neck",
            [
                (0.235, 1.98),
                (0.235, 2.05, 0.006),
                (0.222, 2.06),
                (0.222, 2.3, 0.014),
                (0.196, 2.3, 0.014),
                (0.196, 2.0, 0.05),
                (0.3, 1.7, 0.1),
                (0.31, 0.1),
            ],
            steel(0.18),
        ),
        patch("mark", 0.3652, 0.45, 1.5, 38, mark()),
    ]
    thread = [((0.226) * math.cos(a), 0.226 * math.sin(a), 2.1 + 0.055 * a / (2 * math.pi)) for a in np.linspace(0, 5 * math.pi, 160)]
    parts.append(rope("thread", thread, 0.012, steel(0.18)))
    if closed:
        parts.append(group(cap(cord), (0, 0, 2.035)))
    return group(parts)


def plinth(size: tuple[float, float, float], at: tuple[float, float, float], turn: float, colour: str) -> None:
    stone = grain(mottled(material("stone", colour, 0.8), (colour, "#efe6d8"), 3, spread=(0.3, 0.9)), 25, 0.25, 0.02, detail=6)
    box("plinth", size, stone, 0.03, at, turn)


def hero() -> None:
    empty("#fff6ea", 0.32)
    sweep(grain(material("paper", "#d9c9b2", 0.9), 90, 0.05), 4.5)
    plinth((2.3, 1.9, 0.5), (0, 0.1, 0), 14, "#e3d6c3")
    plinth((1.1, 1.0, 1.25), (0.95, 1.25, 0), -8, "#dccbb4")
    handle = bottle(SAGE)
    handle.location, handle.rotation_euler = (-0.12, -0.05, 0.5), (0, 0, math.radians(-14))
    sun = (-5.0, -5.5, 6.2)
    spot(sun, (0.3, 0.6, 1.4), 2600, radius=0.1)
    leaf_shadow(sun, (0.9, 1.5, 2.3), 0.62, 5, 0.8)
    softbox((-4.5, -2.5, 3.5), (0, 0, 1.6), 2.5, 4.5, 260)
    softbox((4.0, 0.2, 2.5), (0, 0, 1.6), 0.8, 4.0, 160, "#eaf2ff")
    camera((2.1, -8.3, 2.75), (0.08, 0.2, 1.62), 82, 5.6, (-0.12, -0.4, 1.6))


def detail() -> None:
    empty("#fff6ea", 0.3)
    sweep(grain(material("paper", "#c9cfbf", 0.9), 90, 0.05), 5)
    handle = bottle(SAGE, closed=False)
    handle.rotation_euler = (0, 0, math.radians(-20))
    plinth((1.6, 1.4, 1.55), (1.0, 0.65, 0), 10, "#e3d6c3")
    lid = group(cap("#7a5a3d"), (0.78, 0.3, 1.82), (math.radians(62), 0, math.radians(25)))
    lid.location = (0.74, 0.3, 1.80)
    softbox((-3.2, -2.0, 4.5), (0, 0, 1.9), 2.2, 3.5, 300)
    softbox((3.2, 1.4, 3.4), (0, 0, 2.0), 0.7, 3.0, 150, "#eaf2ff")
    softbox((0.5, 3.0, 5.0), (0, 0, 2.0), 3.0, 1.2, 110, spread=95)
    camera((-0.9, -4.0, 3.85), (0.26, 0.08, 1.8), 82, 3.2, (0.0, -0.22, 2.1), (1200, 1200))


def colours() -> None:
    empty("#fff6ea", 0.34)
    sweep(grain(material("paper", "#e4d9c8", 0.9), 90, 0.05), 4.5)
    for k, (coat, cord) in enumerate(((NIGHT, "#2b2b2b"), (SAGE, "#7a5a3d"), (CLAY, "#5f4231"))):
        handle = bottle(coat, cord)
        handle.location, handle.rotation_euler = (
            (-1.12 + 1.12 * k, 0.5 - 0.55 * (k == 1), 0.28 * (k != 1) + 0.0),
            (0, 0, math.radians((6, -8, -24)[k])),
        )
    plinth((3.9, 1.3, 0.28), (0, 0.75, 0), 0, "#d8c7ae")
    softbox((-4.2, -3.2, 4.2), (0, 0, 1.4), 2.6, 4.0, 480)
    softbox((4.2, 0.4, 2.6), (0, 0, 1.4), 0.9, 4.0, 170, "#eaf2ff")
    camera((0.7, -9.5, 2.5), (0, 0.2, 1.38), 75, 8, (0, 0, 1.4), (1200, 1200))


PICTURES = {"lm-flask-500-1": hero, "lm-flask-500-2": detail, "lm-flask-500-3": colours}
