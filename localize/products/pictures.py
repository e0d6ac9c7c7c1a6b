"""Pictures: any file a shop has, as upright sRGB pixels for the frame, or why it is none."""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
import re
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms, ImageFile, PngImagePlugin, UnidentifiedImageError

from localize.errors import UserError
from localize.products.sources import buckets, fetch, kept
from localize.products.sources.fetch import Fetching

# What shops have. Pillow's others are left out: EPS would start Ghostscript, and most are read by code nobody attacks.
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")

# A file may say it is this large (a 20000x14000 scan is 280 megapixels) ...
MAX_PIXELS = 300_000_000
# ... but only JPEG can be decoded smaller than it is. The others are decoded whole, at 4 bytes a pixel, WebP at 16 (its
# decoder keeps canvases of its own) and AVIF at 10; none takes more than about 900 MB.
MAX_DECODED = {"WEBP": 50_000_000, "AVIF": 80_000_000}
MAX_DECODED_OTHERS = 100_000_000
# A progressive JPEG keeps two bytes for each sample until its last pass: 840 MB for 20000x14000 in 4:2:0.
MAX_COEFFICIENTS = 900_000_000
# With fewer pixels on a side it is a page's placeholder or spacer, and nothing of a product can be seen ...
LEAST_SIDE = 8
# ... and with fewer on the longer one it is a thumbnail, which looks soft.
SOFT_SIDE = 200
# Pillow warns from this size on and refuses twice as much; ours refuses at once, in a seller's words.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")  # EXIF that cannot be read: no news for a seller
# What a compressed text or colour profile of a PNG may unpack to: Photoshop writes more than Pillow's 1 MiB.
PngImagePlugin.MAX_TEXT_CHUNK = 16 << 20

# What Pillow's decoders raise on files that are cut off or damaged.
_DAMAGED = (
    OSError, SyntaxError, ValueError, EOFError, OverflowError, RuntimeError, TypeError, IndexError, KeyError, struct.error, zlib.error,
    Image.DecompressionBombError,
)  # fmt: skip

_ORIENTATION = 0x0112
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_270, 7: Image.Transpose.TRANSVERSE, 8: Image.Transpose.ROTATE_90,
}  # fmt: skip

_NOT_PICTURES = {
    b"%pdf": "it is a PDF", b"pk\x03\x04": "it is a ZIP archive or a document", b"rar!": "it is a RAR archive",
    b"%!ps": "it is an EPS drawing", b"8bps": "it is a Photoshop file", b"\x1f\x8b": "it is packed with gzip",
    b"\xff\x0a": "it is JPEG XL", b"\0\0\0\x0cjxl ": "it is JPEG XL", b"\0\0\0\x0cjp  ": "it is JPEG 2000",
}  # fmt: skip


def obtain(reference: str, folder: Path, limits: Fetching) -> Path:
    """The file on this machine that holds a picture: an absolute path as it is, or what an address gives.

    Addresses are http, https, s3 and data; what they give is kept below `folder`, each under its own file name, and
    only if it is a picture that can be shown. Raises UserError, NotReady (s3 without boto3 or credentials) and Transient.
    """
    scheme = reference.partition(":")[0].lower()
    if scheme in ("http", "https", "s3"):
        get = buckets.fetch if scheme == "s3" else fetch.fetch
        return get(reference, folder, limits, refuse=partial(_refused, fetch.shown(reference)))
    if scheme == "data":
        return _unwrapped(reference, folder, limits)
    path = Path(reference)
    if "://" in reference or not path.is_absolute():
        raise UserError(f"{fetch.shown(reference)} is neither a file beside the catalog nor an http, https, s3 or data address")
    if not path.is_file():
        raise UserError(f"{path.name}: there is no such file")
    return path


def _refused(name: str, path: Path) -> str:
    reason = check(path)
    return f"{name} cannot be shown: {reason}" if reason else ""


_DATA = re.compile(r"data:image/([\w.+-]{1,30})((?:;[\w.+-]+=[^;,]*)*)(;base64)?,", re.IGNORECASE | re.ASCII)


def _unwrapped(uri: str, folder: Path, limits: Fetching) -> Path:
    """The picture that a data: URI carries, as a file."""
    told = _DATA.match(uri)
    if not told:
        raise UserError("the data: picture is of no picture's type: write data:image/jpeg;base64, and the picture after it")
    body = uri[told.end() :]
    if len(body) > 3 * kept.most(limits.max_mb):  # %-encoded, a byte is three letters
        raise kept.too_large("the data: picture", limits.max_mb)
    try:
        content = unquote_to_bytes(body)
        if told[3]:
            letters = b"".join(content.split()).rstrip(b"=").translate(bytes.maketrans(b"-_", b"+/"))
            content = base64.b64decode(letters + b"=" * (-len(letters) % 4), validate=True)
    except (binascii.Error, UnicodeError) as error:
        raise UserError("the data: picture is cut off or not in base64: copy it again") from error

    def write(half: Path, _: kept.Marks | None) -> kept.Marks:
        kept.write(half, (content,), "the data: picture", limits.max_mb)
        return kept.Marks()

    name = f"picture.{told[1].lower().partition('+')[0]}"
    wait, refuse = limits.seconds, partial(_refused, "the data: picture")
    return kept.copy(f"data:{hashlib.sha256(content).hexdigest()}", name, folder, write, hasty=True, wait=wait, refuse=refuse)


def load(path: str | Path, longest: int) -> npt.NDArray[np.uint8]:
    """The picture upright in sRGB, its longer side at most `longest` pixels: [height, width, 3], or 4 with alpha.

    Alpha is not premultiplied and only there when something is see-through. An animation gives its first frame.
    Never enlarged. Raises UserError for a file that is no whole picture.
    """
    with _opened(Path(path)) as image:
        # Twice the wanted size is enough for the fine scaling below.
        _shrink_decoding(image, 2 * longest)
        picture = _colours(_reduced(image, 2 * longest), image.info.get("icc_profile") or b"")
        turn = _UPRIGHT.get(_orientation(image))  # only now: Pillow turns a TIFF while it loads, and a PNG may say it at its end
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
            size = image.size
            _shrink_decoding(image, 64)
            image.load()
            if min(size) < LEAST_SIDE:
                return f"it has only {size[0]} x {size[1]} pixels, as spacers of web pages do: name the picture itself, 800 pixels are good"
            if _see_through(image) and not any(strip.getchannel("A").getextrema()[1] for strip in _strips(image, 256)):
                return "nothing in the picture can be seen: it is fully transparent"
    except UserError as error:
        return str(error).partition(": ")[2]
    return ""


def soft(path: str | Path) -> str:
    """What is to be said of a picture so small that it looks soft, "" of others and of what is no picture. Reads the header only."""
    try:
        with _opened(Path(path)) as image:
            width, height = image.size
    except UserError:
        return ""
    return (
        f"it has only {width} x {height} pixels and will look soft: 800 on the longer side are good"
        if max(width, height) < SOFT_SIDE
        else ""
    )


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
                    _refuse_large(path, image.width * image.height, MAX_DECODED.get(image.format or "", MAX_DECODED_OTHERS))
                elif "progressive" in image.info and _coefficients(image) > MAX_COEFFICIENTS:
                    raise UserError(
                        f"{path.name}: the picture is too large for a progressive JPEG: save it smaller, or without 'progressive'"
                    )
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


def _coefficients(image: Any) -> int:
    """Bytes that a progressive JPEG's samples take while it is decoded."""
    sampling = [(across, down) for _, across, down, _ in image.layer]
    whole = max(a for a, _ in sampling) * max(d for _, d in sampling)
    return int(2 * image.width * image.height * sum(a * d for a, d in sampling) / whole)


def _instead(start: bytes) -> str:
    """What the file is instead, as the rest of a sentence."""
    letters = start.lower().removeprefix(b"\xef\xbb\xbf").lstrip()
    for magic, what in _NOT_PICTURES.items():
        if start.lower().startswith(magic):
            return f" ({what})"
    if b"<svg" in letters[:1000]:
        return " (it is an SVG drawing)"
    if letters.startswith(b"<"):
        return " (it is XML)" if letters.startswith(b"<?xml") and b"<html" not in letters else " (it is a web page)"
    if start[4:8] == b"ftyp":
        iphone = start[8:12] in (b"heic", b"heix", b"hevc", b"mif1", b"msf1")
        if start[8:12] in (b"avif", b"avis"):
            return ", or it is damaged"
        return " crossreel can read (it is HEIC, as iPhones save them)" if iphone else " (it is a video)"
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


def _see_through(image: Image.Image) -> bool:
    return image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info


def _strips(image: Image.Image, rows: int) -> Iterator[Image.Image]:
    """The picture from top to bottom, some rows at a time, in 8 bits and without a palette (L, RGB, RGBA, CMYK ...):
    so large a picture is never there twice."""
    deep = image.mode == "F" or image.mode.startswith("I")
    full = _full_scale(image) if deep else 0.0
    mode = "RGBA" if _see_through(image) else "RGB"
    for top in range(0, image.height, rows):
        strip = image.crop((0, top, image.width, min(top + rows, image.height)))
        if deep:
            strip = _eight_bits(strip, full)
        if mode == "RGBA" or strip.mode in ("P", "1"):
            strip = strip.convert(mode)
        yield strip


def _reduced(image: Image.Image, longest: int) -> Image.Image:
    """The picture in 8 bits without a palette, at a whole fraction of its size that is not below `longest`."""
    image.load()
    by = max(1, max(image.size) // longest)
    whole: Image.Image | None = None
    rows = by * max(1, 256 // by)
    for n, strip in enumerate(_strips(image, rows)):
        part = strip.reduce(by) if by > 1 else strip
        if whole is None:
            whole = Image.new(part.mode, (part.width, -(-image.height // by)))
        whole.paste(part, (0, n * rows // by))
    assert whole is not None, "Pillow opens no picture without rows"
    return whole


def _colours(image: Image.Image, profile: bytes) -> Image.Image:
    """sRGB of any mode that `_reduced` gives; RGBA only when something is see-through."""
    alpha = image.getchannel("A") if image.mode == "RGBA" else None
    if alpha is not None:
        image = image.convert("RGB")
        if alpha.getextrema()[0] == 255:
            alpha = None
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


def _full_scale(image: Image.Image) -> float:
    """What white is in a picture of 16 or 32 bits, or of floats: by the mode where it says it, else by the brightest pixel."""
    if image.mode.startswith("I;16"):
        return 65535.0
    top = max(float(np.nanmax(np.asarray(strip), initial=0.0)) for strip in _rows(image))
    return 1.0 if top <= 1.0 and image.mode == "F" else 255.0 if top <= 255.0 else 65535.0 if top <= 65535.0 else top


def _rows(image: Image.Image) -> Iterator[Image.Image]:
    for top in range(0, image.height, 256):
        yield image.crop((0, top, image.width, min(top + 256, image.height)))


def _eight_bits(image: Image.Image, full: float) -> Image.Image:
    values = np.asarray(image, dtype=np.float64)
    return Image.fromarray(np.rint(np.nan_to_num(values * (255.0 / full))).clip(0, 255).astype(np.uint8))
