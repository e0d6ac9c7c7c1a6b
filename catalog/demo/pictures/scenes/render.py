"""Takes the demo pictures again: `python render.py --fonts FOLDER_WITH_KANIT --out FOLDER [--scale 30] [--samples 16] [PRODUCT ...]`."""

import argparse
import importlib
import tempfile
from pathlib import Path

import bpy
import studio
from PIL import Image

PRODUCTS = ("earbuds", "flask", "serum", "lamp", "yoga", "coffee")


def shoot(path: Path, samples: int, scale: int, threads: int) -> None:
    scene = bpy.context.scene
    scene.render.engine, scene.render.resolution_percentage = "CYCLES", scale
    scene.render.threads_mode, scene.render.threads = "FIXED", threads
    cycles = scene.cycles
    cycles.samples, cycles.use_adaptive_sampling, cycles.adaptive_threshold, cycles.adaptive_min_samples = (
        samples,
        True,
        0.03,
        max(8, samples // 4),
    )
    cycles.use_denoising, cycles.denoiser, cycles.denoising_prefilter = True, "OPENIMAGEDENOISE", "FAST"
    cycles.max_bounces, cycles.diffuse_bounces, cycles.glossy_bounces, cycles.transmission_bounces, cycles.transparent_max_bounces = (
        12,
        2,
        4,
        12,
        8,
    )
    cycles.use_light_tree = False
    cycles.caustics_reflective = cycles.caustics_refractive = False
    cycles.sample_clamp_indirect, cycles.blur_glossy, cycles.seed = 6, 0.5, 7
    scene.view_settings.view_transform = "Khronos PBR Neutral"
    with tempfile.TemporaryDirectory() as folder:
        scene.render.filepath = str(Path(folder) / "shot.png")
        scene.render.image_settings.file_format = "PNG"
        bpy.ops.render.render(write_still=True)
        Image.open(scene.render.filepath).convert("RGB").save(path, quality=89, optimize=True, progressive=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("products", nargs="*", default=PRODUCTS, metavar="PRODUCT", help="of " + ", ".join(PRODUCTS))
    parser.add_argument("--view", type=int, help="only this picture of each product (1, 2, 3)")
    parser.add_argument("--fonts", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--scale", type=int, default=100, help="per cent of the full size")
    parser.add_argument("--samples", type=int, default=10)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    studio.FONTS = args.fonts
    args.out.mkdir(parents=True, exist_ok=True)
    for product in args.products:
        for name, setting in importlib.import_module(product).PICTURES.items():
            if args.view is None or name.endswith(f"-{args.view}"):
                setting()
                shoot(args.out / f"{name}.jpg", args.samples, args.scale, args.threads)


if __name__ == "__main__":
    main()
