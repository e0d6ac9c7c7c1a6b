"""Pictures: any file a shop has, as upright sRGB pixels for the frame, or why it is none."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms, ImageFile, UnidentifiedImageError

from localize.errors import UserError

# What shops have. Pillow's others are left out: EPS would start Ghostscript, and most are read by code nobody attacks.
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")

# A file may say it is this large (a 20000x14000 scan is 280 megapixels) ...
MAX_PIXELS = 300_000_000
# ... but only JPEG can be decoded smaller than it is; the others cost 4 bytes a pixel, here 400 MB.
MAX_DECODED = 100_000_000
# Pillow warns from this size on and refuses twice as much; ours refuses at once, in a seller's words.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)

# What Pillow's decoders raise on files that are cut off or damaged.
_DAMAGED = (
    OSError, SyntaxError, ValueError, EOFError, OverflowError, RuntimeError, struct.error, zlib.error, Image.DecompressionBombError,
)  # fmt: skip

_ORIENTATION = 0x0112
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_270, 7: Image.Transpose.TRANSVERSE, 8: Image.Transpose.ROTATE_90,
}  # fmt: skip

_NOT_PICTURES = {
    b"%PDF": "it is a PDF", b"PK\x03\x04": "it is a ZIP archive or a document", b"<!DO": "it is a web page", b"<htm": "it is a web page",
    b"<?xm": "it is a drawing or XML", b"<svg": "it is an SVG drawing", b"%!PS": "it is an EPS drawing", b"8BPS": "it is a Photoshop file",
}  # fmt: skip


def load(path: str | Path, longest: int) -> npt.NDArray[np.uint8]:
    """The picture upright in sRGB, its longer side at most `longest` pixels: [height, width, 3], or 4 with alpha.

    Alpha is not premultiplied and only there when something is see-through. An animation gives its first frame.
    Never enlarged. Raises UserError for a file that is no whole picture.
    """
    with _opened(Path(path)) as image:
        # Twice the wanted size is enough for the fine scaling below.
        _shrink_decoding(image, 2 * longest)
        turn = _UPRIGHT.get(_orientation(image))
        picture = _colours(image)
        if max(picture.size) > longest:
            scale = longest / max(picture.size)
            size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
            picture = picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
        if turn is not None:
            picture = picture.transpose(turn)
        return np.array(picture, dtype=np.uint8)


def check(path: str | Path) -> str:
    """ "" when the file is a picture that can be shown, else why not, in a seller's words.

    Reads the whole file, as one that is cut off is only found at its end, but decodes no more than needed.
    """
    try:
        with _opened(Path(path)) as image:
            _shrink_decoding(image, 64)
            image.load()
            if "A" in image.getbands() or "transparency" in image.info:
                alpha = image.convert("RGBA").getchannel("A")
                if alpha.getextrema()[1] == 0:
                    return "nothing in the picture can be seen: it is fully transparent"
    except UserError as error:
        return str(error).partition(": ")[2]
    return ""


@contextmanager
def _opened(path: Path) -> Iterator[ImageFile.ImageFile]:
    """The picture with its header read. Whatever goes wrong until it is closed becomes a UserError."""
    try:
        if not path.is_file():
            raise UserError(f"{path.name}: there is no such file")
        with path.open("rb") as file:
            start = file.read(4096)
            if not start:
                raise UserError(f"{path.name}: the file is empty (0 bytes): save or copy it again")
            file.seek(0)
            Image.init()  # else formats whose plugin has not been loaded yet are KeyErrors
            with Image.open(file, formats=FORMATS) as image:
                _refuse_large(path, image.width * image.height, MAX_PIXELS)
                if image.format not in ("JPEG", "MPO"):
                    _refuse_large(path, image.width * image.height, MAX_DECODED)
                yield image
    except UnidentifiedImageError as error:
        raise UserError(f"{path.name}: this is not a picture{_instead(start)}: save it as JPG, PNG or WebP") from error
    except Image.DecompressionBombError as error:
        raise UserError(f"{path.name}: the picture is too large ({MAX_PIXELS // 1_000_000} megapixels at most): save it smaller") from error
    except MemoryError as error:
        raise UserError(f"{path.name}: the picture is too large for this machine's memory: save it smaller") from error
    except _DAMAGED as error:
        raise UserError(f"{path.name}: the picture is damaged or cut off: save or copy it again") from error


def _refuse_large(path: Path, pixels: int, most: int) -> None:
    if pixels > most:
        size = f"{pixels // 1_000_000} megapixels, at most {most // 1_000_000}"
        raise UserError(f"{path.name}: the picture is too large ({size}): save it smaller, 2000 pixels on the longer side are plenty")


def _instead(start: bytes) -> str:
    for magic, what in _NOT_PICTURES.items():
        if start[:4].lower() == magic.lower():
            return f" ({what})"
    if start[4:12] in (b"ftypheic", b"ftypheix", b"ftypmif1", b"ftyphevc"):
        return " crossreel can read (it is HEIC, as iPhones save them)"
    try:
        start.decode()
    except UnicodeDecodeError as error:
        return " (it is text)" if error.start > len(start) - 4 and b"\0" not in start else ", or it is damaged"
    return " (it is text)" if b"\0" not in start else ", or it is damaged"


def _shrink_decoding(image: ImageFile.ImageFile, longest: int) -> None:
    """Let a JPEG decode at 1/2, 1/4 or 1/8, but not below `longest`. Nothing for other formats."""
    scale = longest / max(image.size)
    if scale < 1:
        image.draft(None, (max(1, int(image.width * scale)), max(1, int(image.height * scale))))


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(_ORIENTATION, 1))
    except _DAMAGED:  # EXIF that cannot be read turns nothing
        return 1


def _colours(image: Image.Image) -> Image.Image:
    """8-bit sRGB of any mode; RGBA only when something is see-through."""
    profile = image.info.get("icc_profile")
    if image.mode.startswith("I") or image.mode == "F":
        image = _eight_bits(image)
    see_through = "A" in image.getbands() or "a" in image.getbands() or "transparency" in image.info
    alpha = None
    if see_through:
        alpha = image.convert("RGBA").getchannel("A")
        if alpha.getextrema()[0] == 255:
            alpha = None
    if image.mode in ("P", "PA", "LA", "La", "RGBa", "1"):
        image = image.convert("RGBA" if see_through else "RGB")
    if image.mode == "RGBA":
        image = image.convert("RGB")
    picture = _to_srgb(image, profile) if profile else image.convert("RGB")
    if alpha is not None:
        picture.putalpha(alpha)
    return picture


def _to_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):  # a profile of another kind than the picture, or a broken one
        converted = None
    return converted or image.convert("RGB")


def _eight_bits(image: Image.Image) -> Image.Image:
    """Grey of 16 or 32 bits, or floats: its own full scale becomes 0-255."""
    values = np.asarray(image, dtype=np.float64)
    top = float(np.nanmax(values, initial=0.0))
    full = 1.0 if top <= 1.0 and image.mode == "F" else 255.0 if top <= 255.0 else 65535.0 if top <= 65535.0 else top
    if image.mode.startswith("I;16"):
        full = 65535.0
    return Image.fromarray(np.nan_to_num(values * (255.0 / full)).clip(0, 255).astype(np.uint8))
