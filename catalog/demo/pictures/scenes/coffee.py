"""LM-COFE-250: roasted Arabica beans, 250 g, in a pouch."""

import math
import random

import bpy
import numpy as np
from mathutils import Euler, Matrix
from studio import (
    blob,
    box,
    camera,
    canvas,
    copy,
    empty,
    font,
    grain,
    grid,
    group,
    lathe,
    material,
    mottled,
    printed,
    rope,
    softbox,
    spot,
    sweep,
    symbol,
    wide,
    wood,
)

WIDTH, HEIGHT, DEPTH = 1.36, 2.15, 0.74
FOREST, CREAM, COPPER = "#20332c", "#f2e8d6", "#b9764a"


def depth(t: float) -> float:
    """How thick the pouch is at the share t of its height: full, then drawn in to the flat seal."""
    return 0.02 + (DEPTH - 0.02) * max(0.0, 1 - (t / 0.9) ** 2.4) ** 0.75


def dent(x: float, t: float) -> float:
    """Soft creases of the foil, more of them near the seal."""
    fold = 0.016 * math.sin(9 * x + 5 * t) * math.sin(4.5 * x - 11 * t) + 0.012 * math.sin(17 * x * t + 2) * t
    return fold * (0.1 + 1.3 * t * t) * min(1.0, (1 - t) / 0.12)


def front(x: float, t: float) -> tuple[float, float, float]:
    bulge = 0.07 * math.sin(math.pi * min(1, t / 0.9)) * math.cos(math.pi * x / WIDTH)
    return (x, -depth(t) / 2 - bulge + dent(x, t), t * HEIGHT)


def label(kind: str = "ARABICA") -> bpy.types.Material:
    image, draw = canvas(1300, 1560, CREAM)
    draw.rectangle((36, 36, 1264, 1524), outline=COPPER, width=7)
    symbol(draw, (650, 260), 260, COPPER)
    wide(draw, (650, 470), "LUMORA", font("500Medium", 150), FOREST, 0.26)
    draw.line((430, 600, 870, 600), COPPER, 5)
    wide(draw, (650, 770), kind, font("600SemiBold", 215), FOREST, 0.05)
    wide(draw, (650, 950), "roasted coffee", font("300Light", 118), FOREST, 0.05)
    wide(draw, (650, 1070), "whole beans", font("300Light", 118), FOREST, 0.05)
    draw.rectangle((36, 1270, 1264, 1524), COPPER)
    wide(draw, (650, 1395), "250 g", font("500Medium", 135), CREAM, 0.1)
    return grain(printed(image, 0.62), 50, 0.08, 0.01)


def pouch() -> bpy.types.Object:
    foil = grain(material("foil", FOREST, 0.36, Coat_Weight=0.15, Coat_Roughness=0.3), 4, 0.16, 0.05, detail=5)
    rows = []
    for t in np.concatenate([[0, 0.006, 0.02], np.linspace(0.04, 0.88, 70), np.linspace(0.885, 1, 12)]):
        half, tuck = depth(t) / 2, 0.2 * float(np.clip((t - 0.12) / 0.6, 0, 1)) * (depth(t) / DEPTH)
        inset = 0.03 * (1 - min(1.0, t / 0.02)) ** 2
        edge = WIDTH / 2 - inset
        xs = np.linspace(-edge, edge, 61)
        line = [(x, min(-0.006, front(x, t)[1] + inset), t * HEIGHT) for x in xs]
        line += [(edge - tuck * (1 - abs(y) / half), y * 0.985, t * HEIGHT) for y in np.linspace(-half, half, 15)[1:-1]]
        line += [
            (
                x,
                max(0.006, half - inset + 0.04 * math.sin(math.pi * min(1, t / 0.9)) * math.cos(math.pi * x / WIDTH) - dent(-x, t)),
                t * HEIGHT,
            )
            for x in xs[::-1]
        ]
        line += [(-edge + tuck * (1 - abs(y) / half), y * 0.985, t * HEIGHT) for y in np.linspace(half, -half, 15)[1:-1]]
        rows.append(line)
    bag = grid("pouch", rows, foil, tube=True, sharp=50)
    paper = grid(
        "label",
        [[tuple(np.add(front(x, t), (0, -0.006, 0))) for t in np.linspace(0.13, 0.74, 40)] for x in np.linspace(-0.52, 0.52, 30)],
        label(),
    )
    seams = [
        rope("seam", [(x, -0.011, (0.935 + 0.014 * k) * HEIGHT) for x in np.linspace(-WIDTH / 2 + 0.01, WIDTH / 2 - 0.01, 20)], 0.007, foil)
        for k in range(4)
    ]
    tie = box(
        "tie", (WIDTH + 0.06, 0.035, 0.1), grain(material("tin", COPPER, 0.3, Metallic=1.0), 20, 0.1), 0.008, (0, -0.012, 0.915 * HEIGHT)
    )
    return group([bag, paper, *seams, tie])


def bean() -> bpy.types.Object:
    """A roasted bean, 11 mm long, its cleft down."""

    def field(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        body = (np.sqrt((x / 0.058) ** 2 + (y / 0.042) ** 2 + (z / 0.034) ** 2) - 1) * 0.034
        flat = -(z + 0.016)
        bent = y - 0.008 * np.sin(x * 48)
        cleft = np.hypot(bent, z + 0.017) - 0.0062
        return np.maximum(np.maximum(body, flat), -cleft)

    roast = mottled(
        material("roast", "#3a2114", 0.36, Coat_Weight=0.25, Coat_Roughness=0.25), ("#24130b", "#3d2315", "#523021"), 9, detail=5
    )
    return blob("bean", field, (-0.064, -0.05, -0.024), (0.064, 0.05, 0.04), 0.0032, grain(roast, 70, 0.35, 0.004))


def pour(count: int, drop: list[tuple[float, float, float, float]], solids: list[bpy.types.Object], seed: int = 1) -> None:
    """Lets beans fall until they lie still. `drop` is (x, y, spread, share of the beans); `solids` are what they fall on."""
    scene, rng = bpy.context.scene, random.Random(seed)
    bpy.ops.rigidbody.world_add()
    world = scene.rigidbody_world
    world.collection = bpy.data.collections.new("bodies")
    world.point_cache.frame_start, world.point_cache.frame_end = 1, 90
    first, beans = bean(), []
    # Bullet meets a coarse hull in the bean's place: the fine mesh would make it crawl.
    hull = lathe("hull", [(0.034 * math.sin(a), -0.034 * math.cos(a)) for a in np.linspace(0, math.pi, 6)], first.data.materials[0], 8)
    hull.modifiers.clear()
    hull.data.transform(Matrix.Diagonal((1.65, 1.2, 0.8, 1)))
    for x, y, spread, share in drop:
        for k in range(int(count * share)):
            far = spread * math.sqrt(rng.random())
            way = rng.uniform(0, 2 * math.pi)
            turn = Euler([rng.uniform(0, 6.3) for _ in range(3)])
            beans.append(copy(hull, (x + far * math.cos(way), y + far * math.sin(way), 0.15 + 0.02 * k), turn))
    bpy.data.objects.remove(hull)
    for obj in (*beans, *solids):
        world.collection.objects.link(obj)
        body = obj.rigid_body
        body.type = "ACTIVE" if obj in beans else "PASSIVE"
        body.collision_shape = "MESH" if obj.name.startswith("bowl") else "CONVEX_HULL"
        body.use_margin, body.collision_margin = True, 0.001
        body.friction, body.angular_damping, body.linear_damping, body.restitution = 0.8, 0.6, 0.15, 0.05
    world.substeps_per_frame, world.solver_iterations = 8, 10
    for frame in range(1, 91):
        scene.frame_set(frame)
    graph = bpy.context.evaluated_depsgraph_get()
    rest = [obj.evaluated_get(graph).matrix_world.copy() for obj in beans]
    bpy.ops.rigidbody.world_remove()
    for obj, matrix in zip(beans, rest, strict=True):
        obj.data, obj.matrix_world = first.data, matrix
        if matrix.translation.z < -0.05:
            bpy.data.objects.remove(obj)
    bpy.data.objects.remove(first)


def block(size: tuple[float, float, float], at: tuple[float, float, float], turn: float = 0) -> bpy.types.Object:
    """What beans bounce off instead of a finely modelled product; not in the picture."""
    obj = box("block", size, material("unseen", "#000000"), 0.01, at, turn)
    obj.hide_render = True
    return obj


def cup(at: tuple[float, float, float], colour: str = "#f4efe6") -> None:
    glaze = mottled(material("glaze", colour, 0.3, Coat_Weight=0.5, Coat_Roughness=0.12), (colour, "#e2d9ca"), 14, spread=(0.45, 0.95))
    walls = [
        (0, 0.02),
        (0.24, 0.02, 0.02),
        (0.26, 0, 0.02),
        (0.3, 0, 0.02),
        (0.42, 0.3, 0.2),
        (0.44, 0.66, 0.02),
        (0.415, 0.66, 0.02),
        (0.395, 0.3, 0.18),
        (0.25, 0.06, 0.08),
        (0, 0.05),
    ]
    ear = [(0.41 + 0.24 * math.sin(a), 0, 0.36 + 0.19 * math.cos(a)) for a in np.linspace(0.15, math.pi - 0.3, 30)]
    crema = mottled(material("crema", "#a8692f", 0.3, Coat_Weight=0.4), ("#6b3a18", "#a9692f", "#c98f4f"), 5, detail=6)
    saucer = lathe("saucer", [(0, 0), (0.3, 0, 0.02), (0.68, 0.09, 0.1), (0.67, 0.115, 0.01), (0.3, 0.04, 0.1), (0, 0.04)], glaze)
    parts = [
        lathe("cup", walls, glaze),
        rope("ear", ear, 0.045, glaze),
        lathe("coffee", [(0, 0.56), (0.36, 0.56, 0.02), (0.418, 0.567)], crema),
    ]
    group([group(parts, (0, 0, 0.045)), saucer], at, (0, 0, math.radians(-35)))


def scoop(at: tuple[float, float, float], turn: float) -> bpy.types.Object:
    timber = wood(("#7c5233", "#98683f", "#b0814f"), "x", 0.5)
    bowl = lathe("bowl", [(0, 0), (0.2, 0, 0.08), (0.27, 0.24, 0.06), (0.235, 0.24, 0.02), (0.18, 0.05, 0.08), (0, 0.04)], timber, 48)
    handle = rope("handle", [(0.24 + 1.0 * t, 0, 0.2 + 0.05 * math.sin(3 * t)) for t in np.linspace(0, 1, 24)], 0.05, timber)
    return group([bowl, handle], at, (0, 0, math.radians(turn)))


def table() -> bpy.types.Object:
    return box("table", (18, 8, 0.3), wood(("#5e3d27", "#7a5236", "#946845"), "x", 0.42), 0.03, (0, 1.0, -0.3))


def hero() -> None:
    empty("#fff0e0", 0.3)
    sweep(grain(material("paper", "#d9b48f", 0.9), 60, 0.05), 5.5).location.z = -0.31
    top = table()
    bag = pouch()
    bag.location, bag.rotation_euler = (0, 0.3, 0), (0, 0, math.radians(13))
    cup((1.24, 0.6, 0))
    solids = [top, block((WIDTH, DEPTH + 0.12, 2.1), (0, 0.3, 0), 13), block((0.9, 0.9, 0.6), (1.32, 0.55, 0))]
    pour(300, [(-0.55, -0.65, 0.32, 0.55), (0.35, -0.8, 0.55, 0.35), (-1.2, -0.2, 0.5, 0.1)], solids)
    softbox((-4.2, -2.6, 3.6), (0, 0, 1), 2.4, 3.4, 460)
    softbox((3.2, -1.6, 2.6), (0, 0, 1), 0.6, 3.2, 190, "#fff2e0")
    softbox((-3.0, 1.6, 2.4), (0, 0.3, 1), 0.7, 3.2, 150)
    softbox((0, 3.6, 3.4), (0, 0.3, 1.2), 3.0, 1.2, 140, "#ffdcb0", 95)
    camera((1.1, -7.4, 2.5), (0.18, 0.1, 0.95), 76, 5.6, (0, -0.15, 1.0))


def detail() -> None:
    empty("#fff0e0", 0.3)
    sweep(grain(material("paper", "#b98d68", 0.9), 60, 0.05), 5.5).location.z = -0.31
    top = table()
    bag = pouch()
    bag.location, bag.rotation_euler = (-0.5, 0.95, 0), (0, 0, math.radians(16))
    spoon = scoop((0.1, -0.25, 0), -28)
    solids = [top, block((WIDTH, DEPTH + 0.12, 2.1), (-0.5, 0.95, 0), 16), spoon.children[0]]
    pour(420, [(0.1, -0.25, 0.17, 0.28), (-0.5, -0.35, 0.4, 0.4), (0.7, -0.7, 0.5, 0.32)], solids, 5)
    softbox((-3.2, -1.0, 2.8), (0, 0, 0.2), 1.6, 2.4, 300)
    softbox((2.6, 1.2, 2.4), (0, 0, 0.2), 0.9, 2.4, 120, "#fff2e0")
    camera((0.35, -4.0, 1.95), (-0.02, -0.1, 0.32), 66, 3.2, (0.1, -0.4, 0.2), (1200, 1200))


def morning() -> None:
    empty("#fff0e0", 0.34)
    top = table()
    bag = pouch()
    bag.location, bag.rotation_euler = (-0.85, -1.15, 0.37), (math.radians(-90), 0, math.radians(12))
    cup((1.15, 0.55, 0))
    spoon = scoop((0.75, -0.75, 0), 24)
    solids = [top, block((WIDTH + 0.1, 2.2, 0.8), (-0.63, -0.1, 0), 12), block((1.3, 1.3, 0.5), (1.15, 0.55, 0)), spoon.children[0]]
    pour(330, [(0.75, -0.75, 0.17, 0.3), (0.35, -1.1, 0.5, 0.35), (0.4, 1.3, 0.45, 0.35)], solids, 3)
    sun = (-5.0, 4.0, 6.0)
    spot(sun, (0, 0, 0), 1700, radius=0.3)
    softbox((-3.5, -1.5, 5.0), (0, 0, 0), 2.4, 2.4, 420)
    camera((0.0, -0.9, 8.2), (0.08, -0.02, 0), 66, 11, (0, 0, 0.4), (1200, 1200))


PICTURES = {"lm-cofe-250-1": hero, "lm-cofe-250-2": detail, "lm-cofe-250-3": morning}
