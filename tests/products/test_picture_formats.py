"""Pictures as they come from phones, printers, studios and attackers: each kind, with what is seen of it."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from localize.products import pictures

REAL = Path(__file__).parents[3] / "shared" / "testdata" / "product_images"
needs_real = pytest.mark.skipif(not REAL.is_dir(), reason="the shared real product pictures are not on this machine")
PROJECT = Path(__file__).parents[2]

RED, BLUE = (255, 0, 0), (0, 0, 255)


def halves(width: int = 60, height: int = 40) -> Image.Image:
    """Left half red, right half blue."""
    image = Image.new("RGB", (width, height), RED)
    image.paste(BLUE, (width // 2, 0, width, height))
    return image


def saved(image: Image.Image, path: Path, **how: Any) -> Path:
    image.save(path, **how)
    return path


def colours(path: Path, longest: int = 60) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The middle of the left and of the right half."""
    pixels = pictures.load(path, longest)
    assert pictures.check(path) == ""
    middle, width = pixels.shape[0] // 2, pixels.shape[1]
    return tuple(map(int, pixels[middle, width // 6])), tuple(map(int, pixels[middle, -width // 6]))


def near(found: tuple[int, ...], wanted: tuple[int, ...], by: int = 30) -> bool:
    return all(abs(f - w) <= by for f, w in zip(found, wanted, strict=True))


# --- how shops save them -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF"])
def test_the_content_decides_and_not_the_ending(tmp_path: Path, kind: str) -> None:
    left, right = colours(saved(halves(), tmp_path / "picture.doc", format=kind))
    assert near(left, RED, 40)
    assert near(right, BLUE, 40)


@pytest.mark.parametrize(
    ("name", "how"),
    [
        ("progressive.jpg", {"progressive": True}),
        ("whole-colour.jpg", {"subsampling": 0}),
        ("lossless.webp", {"lossless": True}),
        ("interlaced.gif", {"interlace": 1}),
        ("lzw.tiff", {"compression": "tiff_lzw"}),
        ("jpeg.tiff", {"compression": "jpeg"}),
        ("deflate.tiff", {"compression": "tiff_adobe_deflate"}),
    ],
)
def test_ways_to_save_them(tmp_path: Path, name: str, how: dict[str, Any]) -> None:
    left, right = colours(saved(halves(), tmp_path / name, **how))
    assert near(left, RED, 40)
    assert near(right, BLUE, 40)


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.tiff"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_phones_write_which_side_is_up(tmp_path: Path, name: str, orientation: int) -> None:
    upright = halves()
    turned = {
        2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE, 8: Image.Transpose.ROTATE_270,
    }  # fmt: skip
    stored = upright.transpose(turned[orientation]) if orientation > 1 else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    left, right = colours(saved(stored, tmp_path / name, exif=exif))
    assert near(left, RED, 40)
    assert near(right, BLUE, 40)


def test_print_colours_with_and_without_a_profile(tmp_path: Path) -> None:
    # JPEG holds CMYK upside down, as Photoshop does; TIFF holds it as it is. No profile for it is at hand that may be shipped,
    # so one of another kind stands for a profile that doesn't fit.
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    ink = Image.merge("CMYK", [Image.new("L", (60, 40), v) for v in (0, 255, 255, 0)])
    ink.paste((255, 255, 0, 0), (30, 0, 60, 40))
    for name, how in (("a.jpg", {"quality": 95}), ("a.tiff", {}), ("b.jpg", {"icc_profile": srgb}), ("b.tiff", {"icc_profile": srgb})):
        left, right = colours(saved(ink, tmp_path / name, **how))
        assert near(left, RED, 40)
        assert near(right, BLUE, 40)
    assert b"Adobe" in (tmp_path / "a.jpg").read_bytes()[:200]


def test_a_profile_is_followed(tmp_path: Path) -> None:
    # A picture in which 128 means what sRGB calls 255: half of everything is white.
    wide = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    lab = Image.merge("LAB", [Image.new("L", (60, 40), v) for v in (136, 208, 195)])  # sRGB red is L 53, a 80, b 67
    left, _ = colours(saved(lab, tmp_path / "lab.tiff", icc_profile=wide))
    assert near(left, RED, 12)


def test_a_palette_with_see_through_colours(tmp_path: Path) -> None:
    image = halves().quantize(2)
    image.info["transparency"] = image.getpixel((0, 0))
    for name in ("a.png", "a.gif"):
        left, right = colours(saved(image, tmp_path / name))
        assert (left[3], right[3]) == (0, 255)
        assert near(right[:3], BLUE)
    several = halves().quantize(2)
    alphas = bytes(128 if n == several.getpixel((0, 0)) else 255 for n in range(2))
    left, right = colours(saved(several, tmp_path / "b.png", transparency=alphas))
    assert (left[3], right[3]) == (128, 255)


def test_grey_with_see_through_parts(tmp_path: Path) -> None:
    image = Image.new("LA", (60, 40), (200, 255))
    image.paste((10, 0), (30, 0, 60, 40))
    assert colours(saved(image, tmp_path / "a.png")) == ((200, 200, 200, 255), (10, 10, 10, 0))
    # A colour of an RGB or grey picture that stands for nothing.
    left, right = colours(saved(halves(), tmp_path / "b.png", transparency=RED))
    assert (left[3], right) == (0, (*BLUE, 255))


def test_sixteen_bits(tmp_path: Path) -> None:
    ramp = np.linspace(0, 65535, 60, dtype=np.uint16)[None].repeat(40, 0)
    left, right = colours(saved(Image.fromarray(ramp), tmp_path / "grey.png"))
    assert (left[0], right[0]) == (43, 216)
    left, right = colours(saved(Image.fromarray(ramp), tmp_path / "grey.tiff"))
    assert (left[0], right[0]) == (43, 216)
    deep = b"".join(b"\0" + struct.pack(">3H", 65535, 0, 0) * 60 for _ in range(40))
    (tmp_path / "rgb.png").write_bytes(png(60, 40, deep, depth=16))
    assert colours(tmp_path / "rgb.png") == (RED, RED)


def test_a_large_picture_of_sixteen_bits_is_its_whole_range_however_it_is_cut(tmp_path: Path) -> None:
    steps = np.zeros((1200, 900), np.int32)
    steps[600:] = 40_000  # the brightest pixel stands far below the first strip
    pixels = pictures.load(saved(Image.fromarray(steps), tmp_path / "a.tiff"), 100)
    assert (pixels.shape, pixels[10, 10, 0], pixels[-10, 10, 0]) == ((100, 75, 3), 0, round(40_000 * 255 / 65535))


@pytest.mark.parametrize("mode", ["L", "P", "RGB", "RGBA", "LA", "CMYK", "1"])
def test_strips_leave_no_seams(tmp_path: Path, mode: str) -> None:
    slope = np.linspace(0, 255, 1700)[:, None].repeat(1300, 1).astype(np.uint8)
    image = Image.fromarray(slope).convert("RGB").convert(mode)
    found = pictures.load(saved(image, tmp_path / "a.tiff"), 170)[..., 0].mean(axis=1)
    assert found.shape == (170,)
    if mode != "1":  # dithered
        assert np.abs(np.diff(found) - 1.5).max() < (6 if mode == "P" else 2)


@pytest.mark.parametrize("name", ["a.gif", "a.webp", "a.png", "a.tiff", "a.avif"])
def test_of_several_frames_the_first(tmp_path: Path, name: str) -> None:
    frames = [Image.new("RGB", (20, 20), c) for c in ("red", "blue", "lime")]
    path = saved(frames[0], tmp_path / name, save_all=True, append_images=frames[1:])
    assert near(colours(path)[0][:3], (254, 0, 0), 10)


# --- what can't be shown -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "keeps"), [("JPEG", 0.97), ("JPEG", 0.5), ("PNG", 0.97), ("WEBP", 0.9), ("GIF", 0.9), ("BMP", 0.97)])
def test_a_picture_with_its_end_missing_is_refused(tmp_path: Path, kind: str, keeps: float) -> None:
    # Even where only the last lines are missing: half a product, or grey below it, is no advertisement.
    path = saved(Image.effect_noise((300, 300), 60).convert("RGB"), tmp_path / "a", format=kind)
    assert pictures.check(path) == ""
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * keeps)])
    assert "damaged or cut off" in pictures.check(path)


def test_nothing_to_be_seen(tmp_path: Path) -> None:
    for name in ("a.png", "a.webp", "a.tiff"):
        assert "fully transparent" in pictures.check(saved(Image.new("RGBA", (50, 50), (255, 0, 0, 0)), tmp_path / name))
    palette = Image.new("P", (50, 50), 0)
    assert "fully transparent" in pictures.check(saved(palette, tmp_path / "b.gif", transparency=0))
    almost = Image.new("RGBA", (900, 900), (255, 0, 0, 0))
    almost.putpixel((899, 899), (255, 0, 0, 1))
    assert pictures.check(saved(almost, tmp_path / "c.png")) == ""


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"<!DOCTYPE html><h1>404", "a web page"),
        (b"\xef\xbb\xbf\n <html>", "a web page"),
        (b"<!-- made by a shop --><body>", "a web page"),
        (b'<?xml version="1.0"?><html xmlns="x">', "a web page"),
        (b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', "XML"),
        (b'<?xml version="1.0"?>\n<svg width="9">', "an SVG drawing"),
        (b'{"error": "not found"}', "text"),
        (b"PK\x03\x04....", "a ZIP archive"),
        (b"\xff\x0a....", "JPEG XL"),
        (b"\x00\x00\x00\x0cJXL \r\n\x87\n", "JPEG XL"),
        (b"\x00\x00\x00\x0cjP  \r\n\x87\n", "JPEG 2000"),
        (b"\x00\x00\x00\x20ftypisom\x00\x00", "a video"),
        (b"\x00\x00\x00\x18ftypmif1\x00\x00", "HEIC"),
    ],
)
def test_what_stands_under_a_pictures_name(tmp_path: Path, content: bytes, what: str) -> None:
    (tmp_path / "a.jpg").write_bytes(content)
    assert what in pictures.check(tmp_path / "a.jpg")


# --- attacks -------------------------------------------------------------------------------------------------------


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(width: int, height: int, rows: bytes, *more: bytes, depth: int = 8) -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(more) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def grey_jpeg(width: int, height: int) -> bytes:
    """A JPEG of any size that is grey all over: after the header, each block is the six bits of `like the one before`."""
    buffer = io.BytesIO()
    Image.new("L", (8, 8), 128).save(buffer, "JPEG")
    small = buffer.getvalue()
    size, scan = small.index(b"\xff\xc0") + 5, small.index(b"\xff\xda")
    header = small[:size] + struct.pack(">HH", height, width) + small[size + 4 : scan + 10]
    blocks = (-(-width // 8)) * (-(-height // 8))
    return header + b"\x28\xa2\x8a" * (blocks // 4) + b"\xff\xd9"


def peak(*paths: Path) -> tuple[int, list[str]]:
    """MB that looking at pictures and loading them takes beyond what the program itself does, and what came out."""
    program = """
import sys
from localize.errors import UserError
from localize.products import pictures
def high():
    return next(int(l.split()[1]) for l in open("/proc/self/status") if l.startswith("VmHWM")) // 1024
before = high()
for path in sys.argv[1:]:
    print(pictures.check(path) or pictures.load(path, 1400).shape)
print(high() - before)
"""
    if not Path("/proc/self/status").exists():
        pytest.skip("this system does not say what a program's memory was at most")
    done = subprocess.run([sys.executable, "-c", program, *map(str, paths)], capture_output=True, text=True, check=True, cwd=PROJECT)
    *said, megabytes = done.stdout.splitlines()
    return int(megabytes), said


def test_a_scan_of_20000_by_14000_is_decoded_small(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(grey_jpeg(20_000, 14_000))
    megabytes, said = peak(tmp_path / "a.jpg")
    assert said == ["(980, 1400, 3)"]
    assert megabytes < 250  # whole, it would be 280 in grey and 840 in colour


def test_bombs_take_no_memory(tmp_path: Path) -> None:
    zeros = zlib.compress(bytes(100_000_000), 9)
    rows = b"".join(b"\0" + bytes(90) for _ in range(30))
    bombs = {
        "wide.png": (png(50_000, 50_000, b"\0"), "too large (300 megapixels at most"),
        "profile.png": (png(30, 30, rows, chunk(b"iCCP", b"x\0\0" + zeros)), "damaged"),
        "text.png": (png(30, 30, rows, *[chunk(b"zTXt", b"x\0\0" + zeros)] * 3), "damaged"),
        "wide.gif": (b"GIF89a\xff\xff\xff\xff\0\0\0,\0\0\0\0\xff\xff\xff\xff\0\x08\x00;", "too large"),
        "wide.bmp": (b"BM" + struct.pack("<IIIIiiHHIIiiII", 54, 0, 54, 40, 60_000, 60_000, 1, 24, 0, 0, 1, 1, 0, 0), "too large"),
    }
    for name, (content, _) in bombs.items():
        assert len(content) < 400_000
        (tmp_path / name).write_bytes(content)
    megabytes, said = peak(*(tmp_path / name for name in bombs))
    assert megabytes < 60
    for (name, (_, reason)), found in zip(bombs.items(), said, strict=True):
        assert reason in found, name


def test_a_thousand_frames_cost_no_more_than_one(tmp_path: Path) -> None:
    frames = [Image.new("P", (400, 400), n % 250) for n in range(1000)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:], disposal=2)
    megabytes, said = peak(tmp_path / "a.gif")
    assert (said, megabytes < 30) == (["(400, 400, 3)"], True)


def test_a_picture_may_carry_much_that_is_no_picture(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x9286] = "x" * 60_000
    assert near(colours(saved(halves(), tmp_path / "a.jpg", exif=exif, quality=95))[0], RED, 10)
    xmp = chunk(b"zTXt", b"xmp\0\0" + zlib.compress(b"Photoshop's history " * 100_000))
    rows = b"".join(b"\0" + bytes(RED) * 30 for _ in range(30))
    (tmp_path / "a.png").write_bytes(png(30, 30, rows, xmp))
    assert colours(tmp_path / "a.png") == (RED, RED)
    broken = b"\xff\xe1" + struct.pack(">H", 60) + b"Exif\0\0MM\0*" + b"\xff" * 48
    plain = saved(halves(), tmp_path / "b.jpg", quality=95).read_bytes()
    (tmp_path / "b.jpg").write_bytes(plain[:2] + broken + plain[2:])
    assert near(colours(tmp_path / "b.jpg")[0], RED, 10)


@pytest.mark.parametrize(
    ("kind", "size", "how"),
    [("WEBP", (9000, 6000), {"lossless": True, "method": 0}), ("PNG", (12_000, 9000), {}), ("GIF", (12_000, 9000), {})],
)
def test_too_large_for_formats_that_are_decoded_whole(tmp_path: Path, kind: str, size: tuple[int, int], how: dict[str, Any]) -> None:
    path = saved(Image.new("1" if kind == "PNG" else "P" if kind == "GIF" else "RGB", size), tmp_path / "a", format=kind, **how)
    assert "too large" in pictures.check(path)
    assert "2000 pixels on the longer side are plenty" in pictures.check(path)


# --- real ones -----------------------------------------------------------------------------------------------------


@needs_real
@pytest.mark.parametrize("path", sorted(REAL.iterdir()) if REAL.is_dir() else [], ids=lambda p: p.name)
def test_every_real_picture_is_pixels_or_a_reason(path: Path) -> None:
    reason = pictures.check(path)
    assert bool(reason) == (path.name in ("broken_corrupt_header.jpg", "png_fully_transparent.png"))
    if not reason:
        for longest in (96, 1400):
            pixels = pictures.load(path, longest)
            assert max(pixels.shape[:2]) <= longest
            assert pixels.std() > 5
