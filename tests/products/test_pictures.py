"""Pictures as shops have them: upright sRGB pixels, or a reason a seller understands."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from localize.errors import UserError
from localize.products import pictures

CATALOGS = Path(__file__).parents[1] / "fixtures" / "catalogs"
REAL = Path(__file__).parents[3] / "shared" / "testdata" / "product_images"
needs_real = pytest.mark.skipif(not REAL.is_dir(), reason="the shared real product pictures are not on this machine")


def split(mode: str = "RGB") -> Image.Image:
    """60x40: left half red, right half blue."""
    image = Image.new("RGB", (60, 40), (255, 0, 0))
    image.paste((0, 0, 255), (30, 0, 60, 40))
    return image.convert(mode)


def near(pixel: object, colour: tuple[int, ...], by: int = 12) -> bool:
    return bool(np.abs(np.asarray(pixel, int) - colour).max() <= by)


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.gif", "a.bmp", "a.tiff", "a.avif"])
def test_every_format_a_shop_has(tmp_path: Path, name: str) -> None:
    split().save(tmp_path / name, quality=95)
    assert pictures.check(tmp_path / name) == ""
    pixels = pictures.load(tmp_path / name, 1000)
    assert (pixels.shape, pixels.dtype) == ((40, 60, 3), np.uint8)
    assert near(pixels[20, 5], (254, 0, 0), 20)
    assert near(pixels[20, 55], (0, 0, 254), 20)


def test_a_wrong_ending_does_not_matter(tmp_path: Path) -> None:
    split().save(tmp_path / "a.jpg", "WEBP")
    assert pictures.check(tmp_path / "a.jpg") == ""
    assert pictures.load(tmp_path / "a.jpg", 30).shape == (20, 30, 3)


def test_the_longer_side_is_at_most_what_was_asked_and_nothing_is_enlarged(tmp_path: Path) -> None:
    Image.new("RGB", (3000, 1500), "red").save(tmp_path / "wide.jpg")
    assert pictures.load(tmp_path / "wide.jpg", 1080).shape == (540, 1080, 3)
    assert pictures.load(tmp_path / "wide.jpg", 1).shape == (1, 1, 3)
    assert pictures.load(CATALOGS / "lamp.jpg", 1080).shape == (96, 128, 3)


@pytest.mark.parametrize(
    ("orientation", "red_at"), [(1, (20, 5)), (3, (20, 55)), (6, (5, 20)), (8, (55, 20)), (2, (20, 55)), (99, (20, 5))]
)
def test_a_phone_s_orientation_is_applied(tmp_path: Path, orientation: int, red_at: tuple[int, int]) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    split().save(tmp_path / "a.jpg", quality=95, exif=exif)
    assert near(pictures.load(tmp_path / "a.jpg", 60)[red_at], (254, 0, 0), 20)


def test_transparency_is_kept_and_an_alpha_that_hides_nothing_is_dropped(tmp_path: Path) -> None:
    assert pictures.load(CATALOGS / "mug.png", 96).shape == (96, 96, 4)
    split("RGBA").save(tmp_path / "opaque.png")
    assert pictures.load(tmp_path / "opaque.png", 96).shape == (40, 60, 3)
    palette = split("P")
    palette.info["transparency"] = palette.getpixel((0, 0))
    palette.save(tmp_path / "palette.png")
    pixels = pictures.load(tmp_path / "palette.png", 96)
    assert (pixels.shape, pixels[20, 5, 3], pixels[20, 55, 3]) == ((40, 60, 4), 0, 255)


def test_no_dark_seam_where_a_see_through_edge_is_scaled(tmp_path: Path) -> None:
    image = Image.new("RGBA", (400, 400), (0, 0, 0, 0))
    image.paste((255, 255, 255, 255), (0, 0, 199, 400))
    image.save(tmp_path / "a.png")
    pixels = pictures.load(tmp_path / "a.png", 100)
    assert pixels[..., :3][pixels[..., 3] > 8].min() > 240


def test_grey_pictures_of_sixteen_bits_keep_their_range(tmp_path: Path) -> None:
    Image.fromarray(np.linspace(0, 65535, 256, dtype=np.uint16).reshape(16, 16)).save(tmp_path / "a.png")
    pixels = pictures.load(tmp_path / "a.png", 16)
    assert (pixels.shape, pixels[0, 0, 0], pixels[8, 0, 0], pixels[-1, -1, 0]) == ((16, 16, 3), 0, 128, 255)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "CMYK", "P", "I"])
def test_other_colour_modes_become_rgb(tmp_path: Path, mode: str) -> None:
    split("L").convert(mode).save(tmp_path / "a.tiff")
    assert pictures.load(tmp_path / "a.tiff", 60).shape == (40, 60, 3)


def test_colours_follow_their_profile(tmp_path: Path) -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    for profile in (srgb.tobytes(), lab.tobytes(), b"not a profile"):  # the last two do not fit the picture and are ignored
        split().save(tmp_path / "a.png", icc_profile=profile)
        assert near(pictures.load(tmp_path / "a.png", 60)[20, 5], (255, 0, 0), 2)


def test_an_animation_gives_its_first_frame(tmp_path: Path) -> None:
    Image.new("RGB", (20, 20), "red").save(tmp_path / "a.gif", save_all=True, append_images=[Image.new("RGB", (20, 20), "blue")])
    assert near(pictures.load(tmp_path / "a.gif", 20)[10, 10], (254, 0, 0))


def png_that_claims(width: int, height: int) -> bytes:
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header)) + b"\0\0\0\x09IDAT"


def jpeg() -> bytes:
    buffer = io.BytesIO()
    Image.effect_noise((200, 200), 60).convert("RGB").save(buffer, "JPEG")
    return buffer.getvalue()


def png(mode: str, colour: object, size: int = 50) -> bytes:
    buffer = io.BytesIO()
    Image.new(mode, (size, size), colour).save(buffer, "PNG")  # type: ignore[arg-type]
    return buffer.getvalue()


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")  # pytest sets aside the filter of the module
@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "the file is empty"),
        (b"not a picture at all", "not a picture (it is text)"),
        ("ข้อความ".encode(), "not a picture (it is text)"),
        (b"%PDF-1.7 \xff", "not a picture (it is a PDF)"),
        (b"<svg xmlns=''/>", "not a picture (it is an SVG drawing)"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not a picture (it is an EPS drawing)"),
        (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00", "HEIC"),
        (b"\xff\xd8\xff\xe0 nonsense", "damaged or cut off"),
        (jpeg()[:-3000], "damaged or cut off"),
        (png("RGB", "red", 400)[:-60], "damaged or cut off"),
        (png("RGBA", (255, 0, 0, 0)), "fully transparent"),
        (png("LA", (9, 0)), "fully transparent"),
        (png_that_claims(20_000, 20_000), "too large (400 megapixels"),
        (png_that_claims(12_000, 12_000), "too large (144 megapixels"),
        (png_that_claims(2**31 - 1, 2**31 - 1), "too large"),
    ],
)
def test_what_is_no_picture_says_why(tmp_path: Path, content: bytes, reason: str) -> None:
    (tmp_path / "a.jpg").write_bytes(content)
    assert reason in pictures.check(tmp_path / "a.jpg")
    if reason != "fully transparent":
        with pytest.raises(UserError, match=r"^a\.jpg: "):
            pictures.load(tmp_path / "a.jpg", 100)


def test_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    assert pictures.check(tmp_path / "none.jpg") == pictures.check(tmp_path) == "there is no such file"


@given(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), min_size=1, max_size=8), st.sampled_from(["mug.png", "lamp.jpg"]))
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_damaged_pictures_are_pixels_or_a_user_error(tmp_path: Path, changes: list[tuple[int, int]], name: str) -> None:
    damaged = bytearray((CATALOGS / name).read_bytes())
    for at, byte in changes:
        damaged[at % len(damaged)] = byte
    (tmp_path / name).write_bytes(damaged)
    reason = pictures.check(tmp_path / name)
    assert isinstance(reason, str)
    try:
        assert pictures.load(tmp_path / name, 64).shape[2] in (3, 4)
    except UserError:
        assert reason


@needs_real
def test_real_pictures() -> None:
    reasons = {p.name: pictures.check(p) for p in REAL.iterdir()}
    assert reasons.pop("broken_corrupt_header.jpg") == "the picture is damaged or cut off: save or copy it again"
    assert "fully transparent" in reasons.pop("png_fully_transparent.png")
    assert set(reasons.values()) == {""}
    for name in reasons:
        pixels = pictures.load(REAL / name, 540)
        assert max(pixels.shape[:2]) <= 540
        assert pixels.std() > 5


@needs_real
def test_real_troubles_come_out_as_they_should() -> None:
    assert pictures.load(REAL / "exif_orientation6_portrait.jpg", 2000).shape == (600, 450, 3)
    assert pictures.load(REAL / "solidus_bottles_1.png", 500).shape[2] == 4
    # The park of the CMYK picture: grass is greener than red, and not the neon of a conversion without its profile.
    grass = pictures.load(REAL / "cmyk_icc.jpg", 500)[190:240, 20:90].reshape(-1, 3).mean(0)
    assert grass[1] > grass[0] > grass[2]
    assert grass.max() < 200


def test_a_spacer_is_no_picture_and_a_thumbnail_is_told(tmp_path: Path) -> None:
    for name, size in (("spacer.png", (1, 1)), ("line.png", (4000, 2)), ("thumb.png", (120, 90)), ("good.png", (200, 20))):
        Image.new("RGB", size, "red").save(tmp_path / name)
    assert pictures.check(tmp_path / "spacer.png").startswith("it has only 1 x 1 pixels, as spacers of web pages do")
    assert "4000 x 2 pixels" in pictures.check(tmp_path / "line.png")
    assert [pictures.check(tmp_path / f"{n}.png") for n in ("thumb", "good")] == ["", ""]
    assert pictures.soft(tmp_path / "thumb.png").startswith("it has only 120 x 90 pixels and will look soft")
    assert not pictures.soft(tmp_path / "good.png")


def test_a_damaged_avif_is_no_video(tmp_path: Path) -> None:
    (tmp_path / "mug.avif").write_bytes(b"\0\0\0\x18ftypavif" + b"\0" * 200)
    assert "video" not in pictures.check(tmp_path / "mug.avif")
