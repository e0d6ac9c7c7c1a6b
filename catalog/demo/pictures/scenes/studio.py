"""The photo studio the demo pictures are taken in: shapes, materials, light, camera (Blender as a module, Cycles on the CPU).

One unit is about a decimetre. Colours are sRGB hex strings as a designer writes them.
"""

import math
import random
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import bpy
import numpy as np
from mathutils import Vector
from PIL import Image, ImageDraw, ImageFont
from skimage.measure import marching_cubes

Point = tuple[float, float, float]
FONTS = Path(tempfile.gettempdir())  # render.py sets the folder that holds Kanit_<weight>.ttf


# ---------------------------------------------------------------- scene and camera


def empty(fill: str = "#ffffff", strength: float = 0.35) -> bpy.types.Scene:
    """An empty scene with even light of one colour from everywhere."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    world = bpy.data.worlds.new("fill")
    world.use_nodes = True
    background = world.node_tree.nodes["Background"]
    background.inputs["Color"].default_value = linear(fill)
    background.inputs["Strength"].default_value = strength
    scene.world = world
    return scene


def camera(
    at: Point, look: Point, lens: float = 70, fstop: float | None = None, focus: Point | None = None, size: tuple[int, int] = (1200, 1500)
) -> None:
    """A camera `at` a point that looks at another; `fstop` switches depth of field on (smaller is shallower)."""
    data = bpy.data.cameras.new("camera")
    data.lens = lens
    data.clip_end = 500
    if fstop:
        data.dof.use_dof = True
        data.dof.aperture_fstop = fstop
        data.dof.focus_distance = (Vector(focus or look) - Vector(at)).length
    obj = link(bpy.data.objects.new("camera", data))
    obj.location = at
    aim(obj, look)
    bpy.context.scene.camera = obj
    bpy.context.scene.render.resolution_x, bpy.context.scene.render.resolution_y = size


def softbox(
    at: Point, look: Point, width: float, height: float, watts: float, colour: str = "#ffffff", spread: float = 180
) -> bpy.types.Object:
    data = bpy.data.lights.new("softbox", "AREA")
    data.shape, data.size, data.size_y = "RECTANGLE", width, height
    data.energy, data.color, data.spread = watts, linear(colour)[:3], math.radians(spread)
    obj = link(bpy.data.objects.new("softbox", data))
    obj.location, obj.visible_camera = at, False
    aim(obj, look)
    return obj


def spot(at: Point, look: Point, watts: float, colour: str = "#fff1dc", radius: float = 0.12, angle: float = 50) -> None:
    """A small hard light: the sun through a window."""
    data = bpy.data.lights.new("spot", "SPOT")
    data.energy, data.color, data.shadow_soft_size = watts, linear(colour)[:3], radius
    data.spot_size, data.spot_blend = math.radians(angle), 0.4
    obj = link(bpy.data.objects.new("spot", data))
    obj.location = at
    aim(obj, look)


def bulb(at: Point, watts: float, colour: str, radius: float = 0.1) -> None:
    data = bpy.data.lights.new("bulb", "POINT")
    data.energy, data.color, data.shadow_soft_size = watts, linear(colour)[:3], radius
    link(bpy.data.objects.new("bulb", data)).location = at


def aim(obj: bpy.types.Object, look: Point) -> None:
    obj.rotation_euler = (Vector(look) - obj.location).to_track_quat("-Z", "Y").to_euler()


def sweep(paint: bpy.types.Material, back: float = 5, radius: float = 3) -> bpy.types.Object:
    """The paper sweep behind a product: floor, a round bend, wall; no horizon line."""
    line = [(-14.0, 0.0), (back - radius, 0.0)]
    line += [(back - radius + radius * math.sin(a), radius - radius * math.cos(a)) for a in np.linspace(0.05, math.pi / 2, 24)]
    line.append((back, 30.0))
    return grid("sweep", [[(-40.0, y, z) for y, z in line], [(40.0, y, z) for y, z in line]], paint)


# ---------------------------------------------------------------- shapes


def link(obj: bpy.types.Object) -> bpy.types.Object:
    bpy.context.scene.collection.objects.link(obj)
    return obj


def shape(
    name: str, points: Iterable[Point], faces: Iterable[Sequence[int]], paint: bpy.types.Material, sharp: float = 40
) -> bpy.types.Object:
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata([tuple(map(float, p)) for p in points], [], [tuple(map(int, f)) for f in faces])
    mesh.validate()
    mesh.polygons.foreach_set("use_smooth", [True] * len(mesh.polygons))
    mesh.set_sharp_from_angle(angle=math.radians(sharp))
    mesh.materials.append(paint)
    obj = link(bpy.data.objects.new(name, mesh))
    return obj


def grid(
    name: str,
    rows: Sequence[Sequence[Point]],
    paint: bpy.types.Material,
    ring: bool = False,
    tube: bool = False,
    sharp: float = 40,
    weigh: bool = True,
) -> bpy.types.Object:
    """A surface through rows. `ring` joins the last row to the first, `tube` each row's end to its start. UV: row, column in 0..1."""
    n, m = len(rows), len(rows[0])
    points = [p for row in rows for p in row]
    faces, uvs = [], []
    for i in range(n if ring else n - 1):
        for j in range(m if tube else m - 1):
            a, b = (i + 1) % n, (j + 1) % m
            faces.append((i * m + j, a * m + j, a * m + b, i * m + b))
            u0, u1, v0, v1 = i / (n - 1 + ring), (i + 1) / (n - 1 + ring), j / (m - 1 + tube), (j + 1) / (m - 1 + tube)
            uvs += [(u0, v0), (u1, v0), (u1, v1), (u0, v1)]
    obj = shape(name, points, faces, paint, sharp)
    if len(obj.data.loops) == len(uvs):
        obj.data.uv_layers.new().data.foreach_set("uv", [c for uv in uvs for c in uv])
    if weigh:
        obj.modifiers.new("normals", "WEIGHTED_NORMAL").keep_sharp = True
    return obj


def rounded(corners: Sequence[tuple[float, ...]], steps: int = 7) -> list[tuple[float, float]]:
    """A line through corners (x, y[, radius]) with each corner rounded by its radius."""
    out: list[tuple[float, float]] = []
    for k, corner in enumerate(corners):
        p = np.array(corner[:2])
        radius = corner[2] if len(corner) > 2 else 0.0
        if k in (0, len(corners) - 1) or radius <= 0:
            out.append(tuple(p))
            continue
        a, b = np.array(corners[k - 1][:2]) - p, np.array(corners[k + 1][:2]) - p
        la, lb = np.linalg.norm(a), np.linalg.norm(b)
        a, b = a / la, b / lb
        half = math.acos(float(np.clip(a @ b, -1, 1))) / 2
        if half > math.pi / 2 - 0.01:
            out.append(tuple(p))
            continue
        reach = min(radius / math.tan(half), 0.49 * la, 0.49 * lb)
        centre = p + (a + b) / np.linalg.norm(a + b) * reach / math.cos(half)
        start, end = p + a * reach - centre, p + b * reach - centre
        turn = math.pi - 2 * half
        for t in np.linspace(0, 1, steps):
            q = (math.sin((1 - t) * turn) * start + math.sin(t * turn) * end) / math.sin(turn) + centre
            out.append((float(q[0]), float(q[1])))
    return out


def lathe(
    name: str, corners: Sequence[tuple[float, ...]], paint: bpy.types.Material, segments: int = 96, sharp: float = 40, at: Point = (0, 0, 0)
) -> bpy.types.Object:
    """A turned shape: corners (radius, height[, rounding]) around the z axis. Listed from the bottom up, outside first."""
    line = rounded(corners)
    rows = [
        [(max(r, 1e-4) * math.cos(a), max(r, 1e-4) * math.sin(a), z) for r, z in line]
        for a in np.linspace(0, 2 * math.pi, segments, endpoint=False)
    ]
    obj = grid(name, rows, paint, ring=True, sharp=sharp)
    obj.location = at
    return obj


def box(
    name: str, size: Point, paint: bpy.types.Material, bevel: float = 0.02, at: Point = (0, 0, 0), turn: float = 0, segments: int = 6
) -> bpy.types.Object:
    """A box with rounded edges that stands on `at`."""
    x, y, z = size[0] / 2, size[1] / 2, size[2]
    corners = [(-x, -y, 0), (x, -y, 0), (x, y, 0), (-x, y, 0), (-x, -y, z), (x, -y, z), (x, y, z), (-x, y, z)]
    faces = [(0, 3, 2, 1), (4, 5, 6, 7), (0, 1, 5, 4), (1, 2, 6, 5), (2, 3, 7, 6), (3, 0, 4, 7)]
    obj = shape(name, corners, faces, paint, sharp=180)
    edge = obj.modifiers.new("bevel", "BEVEL")
    edge.width, edge.segments, edge.limit_method = bevel, segments, "NONE"
    obj.modifiers.new("normals", "WEIGHTED_NORMAL")
    obj.location, obj.rotation_euler = at, (0, 0, math.radians(turn))
    return obj


def rope(name: str, path: Sequence[Point], radius: float, paint: bpy.types.Material, closed: bool = False) -> bpy.types.Object:
    """A round cord along a smooth path."""
    data = bpy.data.curves.new(name, "CURVE")
    data.dimensions, data.bevel_depth, data.bevel_resolution, data.use_fill_caps = "3D", radius, 6, True
    line = data.splines.new("POLY")
    line.points.add(len(path) - 1)
    for point, p in zip(line.points, path, strict=True):
        point.co = (*p, 1)
    line.use_cyclic_u = closed
    line.use_smooth = True
    data.materials.append(paint)
    return link(bpy.data.objects.new(name, data))


def ribbon(
    name: str, path: Sequence[Point], across: Point, width: float, thick: float, paint: bpy.types.Material, closed: bool = False
) -> bpy.types.Object:
    """A flat band along a path: `across` is the direction of its width."""
    pts = np.array(path, float)
    side = np.array(across, float) / np.linalg.norm(across)
    after, before = np.roll(pts, -1, 0), np.roll(pts, 1, 0)
    if not closed:
        after[-1], before[0] = pts[-1], pts[0]
    along = after - before
    up = np.cross(along, side)
    up /= np.linalg.norm(up, axis=1, keepdims=True)
    edge = rounded(
        [
            (0, thick),
            (width / 2, thick, thick * 0.45),
            (width / 2, 0, thick * 0.45),
            (-width / 2, 0, thick * 0.45),
            (-width / 2, thick, thick * 0.45),
            (0, thick),
        ],
        4,
    )[:-1]
    rows = [[tuple(p + side * x + u * y) for x, y in edge] for p, u in zip(pts, up, strict=True)]
    return grid(name, rows, paint, ring=closed, tube=True, sharp=60)


def blob(
    name: str,
    field: Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray],
    low: Point,
    high: Point,
    step: float,
    paint: bpy.types.Material,
) -> bpy.types.Object:
    """The surface where a signed distance field is zero: for shapes that flow into one another."""
    axes = [np.arange(a, b + step, step) for a, b in zip(low, high, strict=True)]
    points, faces, _, _ = marching_cubes(field(*np.meshgrid(*axes, indexing="ij")), 0, spacing=(step,) * 3)
    obj = shape(name, points + np.array(low), faces[:, ::-1], paint, sharp=180)
    flat = obj.modifiers.new("smooth", "SMOOTH")
    flat.factor, flat.iterations = 0.5, 6
    return obj


def blend(a: np.ndarray, b: np.ndarray, k: float) -> np.ndarray:
    """The union of two distance fields with a fillet of about k between them."""
    h = np.clip(0.5 + 0.5 * (b - a) / k, 0, 1)
    return b + (a - b) * h - k * h * (1 - h)


def copy(obj: bpy.types.Object, at: Point, turn: Point = (0, 0, 0), scale: float = 1) -> bpy.types.Object:
    twin = link(obj.copy())
    twin.location, twin.rotation_euler, twin.scale = at, turn, (scale,) * 3
    return twin


def group(objs: Iterable[bpy.types.Object], at: Point = (0, 0, 0), turn: Point = (0, 0, 0), scale: float = 1) -> bpy.types.Object:
    """Puts objects under one handle that is moved, turned (radians) and scaled as a whole."""
    handle = link(bpy.data.objects.new("group", None))
    for obj in objs:
        if obj.parent is None:
            obj.parent = handle
    handle.location, handle.rotation_euler, handle.scale = at, turn, (scale,) * 3
    return handle


def leaf_shadow(light: Point, target: Point, share: float = 0.55, seed: int = 3, size: float = 1.0, fronds: int = 3) -> None:
    """Palm leaves, unseen by the camera, between a light and the set: their shadow falls on the picture."""
    rng = random.Random(seed)
    centre = Vector(light).lerp(Vector(target), share)
    paint = material("leaf", "#1c2a18")
    facing = (Vector(light) - Vector(target)).to_track_quat("Z", "Y").to_euler()
    for k in range(fronds):
        points, faces = [], []
        for i in range(15):
            for side in (-1, 1):
                base = np.array([0.0, i * 0.16])
                angle = math.radians(90 - side * (62 - i * 2.4) + rng.uniform(-5, 5))
                length = 1.15 * math.sin(math.pi * (i + 4) / 21) + 0.2
                d = np.array([math.cos(angle), math.sin(angle)])
                w = np.array([-d[1], d[0]]) * 0.055
                n = len(points)
                points += [
                    (*base, 0),
                    (*(base + d * length * 0.45 + w), 0),
                    (*(base + d * length), 0),
                    (*(base + d * length * 0.45 - w), 0),
                ]
                faces.append((n, n + 1, n + 2, n + 3))
        obj = shape("frond", points, faces, paint)
        obj.location = centre + Vector((rng.uniform(-0.6, 0.6) * size, rng.uniform(-0.2, 0.2), rng.uniform(-0.8, 0.5) * size))
        obj.rotation_euler = facing
        obj.rotation_euler.rotate_axis("Z", math.radians(-50 + 75 * k + rng.uniform(-15, 15)))
        obj.scale = (size * 0.8,) * 3
        obj.visible_camera = obj.visible_glossy = obj.visible_transmission = False


# ---------------------------------------------------------------- materials


def linear(colour: str) -> tuple[float, float, float, float]:
    """sRGB hex to the linear RGBA that Blender calculates in."""
    rgb = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    r, g, b = ((c / 12.92) if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb)
    return (r, g, b, 1.0)


def material(name: str, colour: str, rough: float = 0.5, **inputs: float | str) -> bpy.types.Material:
    """A Principled material; other inputs by Blender's names with _ for space, e.g. Coat_Weight=0.5."""
    paint = bpy.data.materials.new(name)
    paint.use_nodes = True
    shader = paint.node_tree.nodes["Principled BSDF"]
    shader.inputs["Base Color"].default_value = linear(colour)
    shader.inputs["Roughness"].default_value = rough
    for key, value in inputs.items():
        shader.inputs[key.replace("_", " ")].default_value = linear(value) if isinstance(value, str) else value
    return paint


def add(paint: bpy.types.Material, kind: str, links: dict[str, object] | None = None, **values: object) -> bpy.types.Node:
    """One more node in a material: `links` join its inputs to other nodes' outputs, `values` set its inputs."""
    node = paint.node_tree.nodes.new(kind)
    for key, value in values.items():
        node.inputs[key.replace("_", " ")].default_value = value
    for key, socket in (links or {}).items():
        paint.node_tree.links.new(socket, node.inputs[key])
    return node


def grain(
    paint: bpy.types.Material, scale: float, strength: float, depth: float = 0.02, stretch: Point = (1, 1, 1), detail: float = 3
) -> bpy.types.Material:
    """Fine relief from noise: powder coat, paper, brushed metal (stretch), leather."""
    where = add(paint, "ShaderNodeTexCoord")
    place = add(paint, "ShaderNodeMapping", {"Vector": where.outputs["Object"]}, Scale=stretch)
    noise = add(paint, "ShaderNodeTexNoise", {"Vector": place.outputs[0]}, Scale=scale, Detail=detail)
    bump = add(paint, "ShaderNodeBump", {"Height": noise.outputs[0]}, Strength=strength, Distance=depth)
    paint.node_tree.links.new(bump.outputs[0], paint.node_tree.nodes["Principled BSDF"].inputs["Normal"])
    return paint


def mottled(
    paint: bpy.types.Material,
    colours: Sequence[str],
    scale: float,
    stretch: Point = (1, 1, 1),
    detail: float = 5,
    spread: tuple[float, float] = (0.32, 0.68),
) -> bpy.types.Material:
    """Colour that varies by noise between the given colours: wood (stretched), stone, roasted beans."""
    where = add(paint, "ShaderNodeTexCoord")
    place = add(paint, "ShaderNodeMapping", {"Vector": where.outputs["Object"]}, Scale=stretch)
    noise = add(paint, "ShaderNodeTexNoise", {"Vector": place.outputs[0]}, Scale=scale, Detail=detail, Roughness=0.6, Distortion=0.4)
    ramp = add(paint, "ShaderNodeValToRGB", {"Fac": noise.outputs[0]})
    while len(ramp.color_ramp.elements) < len(colours):
        ramp.color_ramp.elements.new(0.5)
    for k, colour in enumerate(colours):
        ramp.color_ramp.elements[k].position = spread[0] + (spread[1] - spread[0]) * k / (len(colours) - 1)
        ramp.color_ramp.elements[k].color = linear(colour)
    paint.node_tree.links.new(ramp.outputs[0], paint.node_tree.nodes["Principled BSDF"].inputs["Base Color"])
    return paint


def wood(colours: Sequence[str] = ("#8a5f3c", "#a9784f", "#c09468"), along: str = "x", rough: float = 0.45) -> bpy.types.Material:
    stretch = {"x": (0.35, 6.0, 6.0), "y": (6.0, 0.35, 6.0), "z": (6.0, 6.0, 0.35)}[along]
    paint = mottled(material("wood", colours[0], rough), colours, 1.6, stretch, 8)
    return grain(paint, 6, 0.15, 0.02, stretch, 6)


def printed(image: Image.Image, rough: float = 0.5, paper: bool = True, **inputs: float | str) -> bpy.types.Material:
    """A material showing a picture by the shape's UV. Without `paper` only its alpha is inked and the rest is clear."""
    path = Path(tempfile.mkstemp(suffix=".png")[1])
    image.save(path)
    paint = material("print", "#ffffff", rough, **inputs)
    shader = paint.node_tree.nodes["Principled BSDF"]
    picture = add(paint, "ShaderNodeTexImage")
    picture.image = bpy.data.images.load(str(path))
    picture.image.pack()
    path.unlink()
    picture.extension = "EXTEND"
    paint.node_tree.links.new(picture.outputs["Color"], shader.inputs["Base Color"])
    if not paper:
        paint.node_tree.links.new(picture.outputs["Alpha"], shader.inputs["Alpha"])
    return paint


def glass(colour: str, rough: float = 0.0, ior: float = 1.5) -> bpy.types.Material:
    """Coloured glass that lets light through to what it shades, which plain glass in a path tracer hardly does."""
    paint = material("glass", colour, rough, Transmission_Weight=1.0, IOR=ior)
    tree = paint.node_tree
    ray = add(paint, "ShaderNodeLightPath")
    clear = add(paint, "ShaderNodeBsdfTransparent", Color=linear(colour))
    mix = add(
        paint, "ShaderNodeMixShader", {0: ray.outputs["Is Shadow Ray"], 1: tree.nodes["Principled BSDF"].outputs[0], 2: clear.outputs[0]}
    )
    tree.links.new(mix.outputs[0], tree.nodes["Material Output"].inputs["Surface"])
    return paint


# ---------------------------------------------------------------- labels


def font(weight: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(next(FONTS.glob(f"**/Kanit_*{weight}.ttf"))), size)


def wide(
    draw: ImageDraw.ImageDraw, centre: tuple[float, float], text: str, face: ImageFont.FreeTypeFont, fill: str, gap: float = 0.0
) -> None:
    """Text centred at a point, with `gap` em between the letters."""
    widths = [draw.textlength(c, face) for c in text]
    x = centre[0] - (sum(widths) + gap * face.size * (len(text) - 1)) / 2
    for c, w in zip(text, widths, strict=True):
        draw.text((x, centre[1]), c, fill, face, anchor="lm")
        x += w + gap * face.size


def symbol(draw: ImageDraw.ImageDraw, centre: tuple[float, float], size: float, ink: str) -> None:
    """Lumora's sign: a light that rises behind a hill line (half disc, and two arcs of its glow)."""
    x, y = centre[0], centre[1] + size * 0.28
    for r, w in ((0.5, 0.075), (0.345, 0.075)):
        draw.arc((x - r * size, y - r * size, x + r * size, y + r * size), 180, 360, ink, max(1, round(w * size)))
    draw.pieslice((x - 0.19 * size, y - 0.19 * size, x + 0.19 * size, y + 0.19 * size), 180, 360, ink)


def patch(
    name: str, radius: float, low: float, high: float, degrees: float, paint: bpy.types.Material, facing: float = -90
) -> bpy.types.Object:
    """A label bent round a cylinder, centred at the angle `facing` (degrees; -90 is towards the camera)."""
    angles = np.radians(np.linspace(facing - degrees / 2, facing + degrees / 2, 49))
    return grid(name, [[(radius * math.cos(a), radius * math.sin(a), z) for z in (low, high)] for a in angles], paint)


def canvas(width: int, height: int, paper: str | None = None) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    image = Image.new("RGBA", (width, height), paper or (255, 255, 255, 0))
    return image, ImageDraw.Draw(image)
