"""Golden media: small films of what layouts look like, kept in tests/fixtures/golden, against which every frame is compared.

    python tests/clip/golden.py            what differs from what is kept, and a page of both to look at in out/golden
    python tests/clip/golden.py --accept   keep what is drawn now, after looking

Beside each film stand the digests of its full frames and of what drew them: on a machine that draws with the same versions, frames
must be equal to the byte.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from importlib.metadata import version
from pathlib import Path

# OpenCV takes what is fastest on each processor, which differs by a level here and there: all take the same (conftest.py does too).
os.environ.setdefault("OPENCV_IPP", "avx2")

import av
import cv2
import numpy as np

ROOT = Path(__file__).resolve().parents[2]
if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))

from benchmarks.layouts_parts import composed, lines  # noqa: E402
from localize.clip import layout as layouts  # noqa: E402
from localize.clip.canvas import Frame  # noqa: E402
from localize.domain import Money, Script, Text  # noqa: E402
from localize.pixels import Pixels  # noqa: E402

KEPT = ROOT / "tests" / "fixtures" / "golden"
SMALLER, EVERY = 4, 8  # of a frame's edges; of so many frames one is kept
ALIKE = 0.99  # SSIM

CASES = {
    "presenter-right": ("9:16", "th", "แก้วน้ำ Lumora เก็บเย็น 24 ชม.", ("เก็บความเย็นได้ 24 ชั่วโมง", "ไม่มีสาร BPA"), "THB", 290, 390),
    "two-presenters": ("9:16", "vi", "Bình giữ nhiệt Lumora", ("Giữ lạnh 24 giờ", "Không chứa BPA"), "VND", 290_000, 390_000),
    "price-drop": ("9:16", "id", "Botol minum Lumora", ("Tahan dingin 24 jam", "Bebas BPA"), "IDR", 199_000, 299_000),
    "picture-in-picture": ("1:1", "zh", "Lumora 保温杯", ("保冷24小时", "不含双酚A"), "CNY", 99, 129),
    "product-only": ("16:9", "en", "Lumora bottle", ("Cold for 24 hours", "Free of BPA"), "MYR", 59, 79),
}  # fmt: skip


@dataclass(frozen=True)
class Film:
    """What a case looks like: its frames made small, [n] of I420 planes stacked, and the digest of each in full."""

    frames: list[Pixels]
    digests: list[str]


def picture(hue: int) -> Pixels:
    """Something to sell: a bottle on a table, drawn here."""
    rgb = np.full((900, 900, 3), (235 - hue // 8, 225, 215 + hue // 12), np.uint8)
    cv2.rectangle(rgb, (0, 640), (900, 900), (190, 175, 160), -1)
    cv2.rectangle(rgb, (360, 240), (540, 740), (60 + hue // 2, 110, 200 - hue // 2), -1)
    cv2.rectangle(rgb, (405, 160), (495, 240), (40, 45, 55), -1)
    cv2.circle(rgb, (450, 480), 60, (250, 245, 235), -1, cv2.LINE_AA)
    return cv2.GaussianBlur(rgb, (0, 0), 1.2)


def drawn(name: str) -> Film:
    """A case as it is drawn now."""
    aspect, language, title, features, currency, now, was = CASES[name]
    layout = layouts.get(name, aspect)  # type: ignore[arg-type]
    text = Text(title=title, features=features, brand="Lumora")
    money = [Money(amount=Decimal(n), currency=currency) for n in (now, was)]
    script = Script(
        language=language, lines=lines(text, language, len(layout.stands)), text=text, price=money[0], was_price=money[1], engine="golden"
    )
    composer = composed(layout, script, [picture(0), picture(200)])
    film = Film([], [])
    small = Frame(layout.width // SMALLER // 2 * 2, layout.height // SMALLER // 2 * 2)
    for index in range(0, composer.timeline.frames, EVERY):
        frame = composer.frame(index)
        film.digests.append(hashlib.blake2b(frame.buffer, digest_size=16).hexdigest())
        for large, plane in ((frame.y, small.y), (frame.u, small.u), (frame.v, small.v)):
            cv2.resize(large, plane.shape[::-1], dst=plane, interpolation=cv2.INTER_AREA)
        film.frames.append(small.buffer.reshape(-1, small.width).copy())
    return film


def kept(name: str) -> Iterator[Pixels]:
    """The frames that are kept of a case."""
    with av.open(str(KEPT / f"{name}.mp4")) as container:
        for frame in container.decode(video=0):
            yield frame.to_ndarray(format="yuv420p")


def drawer() -> str:
    """What draws here: pictures are equal to the byte where it is the same."""
    packages = ("numpy", "opencv-python-headless", "pillow", "resvg_py")
    kernels = cv2.ipp.getIppVersion().split(" (")[0]  # for which processors: AVX2, AVX-512
    return ", ".join([platform.system(), platform.machine(), kernels, *(f"{name} {version(name)}" for name in packages)])


def digests(name: str) -> tuple[str, list[str]]:
    """What drew the kept frames, and their digests."""
    told = json.loads((KEPT / f"{name}.json").read_text("utf-8"))
    return told["drawer"], told["frames"]


def ssim(one: Pixels, other: Pixels) -> float:
    """Structural similarity (Wang et al. 2004) of two planes: windows of 11 px, sigma 1.5."""
    a, b = one.astype(np.float64), other.astype(np.float64)
    mean_a, mean_b = (cv2.GaussianBlur(x, (11, 11), 1.5) for x in (a, b))
    spread_a, spread_b = (cv2.GaussianBlur(x * x, (11, 11), 1.5) - m * m for x, m in ((a, mean_a), (b, mean_b)))
    both = cv2.GaussianBlur(a * b, (11, 11), 1.5) - mean_a * mean_b
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    like = (2 * mean_a * mean_b + c1) * (2 * both + c2) / ((mean_a**2 + mean_b**2 + c1) * (spread_a + spread_b + c2))
    return float(like.mean())


def likeness(one: Pixels, other: Pixels) -> float:
    """Of two I420 pictures: the least SSIM of their planes."""
    if one.shape != other.shape:
        return 0.0
    h = one.shape[0] * 2 // 3
    parts = [(one[:h], other[:h]), *((one[h:].reshape(2, h // 2, -1)[k], other[h:].reshape(2, h // 2, -1)[k]) for k in (0, 1))]
    return min(ssim(a, b) for a, b in parts)


def keep(name: str, film: Film) -> None:
    """Keep a case as it is drawn now."""
    KEPT.mkdir(parents=True, exist_ok=True)
    with av.open(str(KEPT / f"{name}.mp4"), "w", options={"fflags": "+bitexact"}) as container:
        stream = container.add_stream("libx264", rate=Fraction(30, EVERY))
        h, w = film.frames[0].shape
        stream.width, stream.height, stream.pix_fmt = w, h * 2 // 3, "yuv420p"
        stream.options = {"crf": "3", "preset": "veryslow", "threads": "1"}
        for n, picture in enumerate(film.frames):
            frame = av.VideoFrame.from_ndarray(picture, format="yuv420p")
            frame.pts, frame.time_base = n, Fraction(EVERY, 30)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    told = {"drawer": drawer(), "frames": film.digests}
    (KEPT / f"{name}.json").write_text(json.dumps(told, indent=0) + "\n", "utf-8")


def show(name: str, film: Film, folder: Path) -> Path:
    """A picture of the frames that differ most: kept above, drawn now below."""
    folder.mkdir(parents=True, exist_ok=True)
    pairs = sorted(zip(kept(name), film.frames, strict=False), key=lambda pair: likeness(*pair))[:6]
    columns = [np.vstack([cv2.cvtColor(p, cv2.COLOR_YUV2BGR_I420) for p in pair]) for pair in pairs]
    out = folder / f"{name}.png"
    cv2.imwrite(str(out), np.hstack(columns))
    return out


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accept", action="store_true", help="keep what is drawn now")
    asked = parser.parse_args()
    worst = 1.0
    for name in CASES:
        film = drawn(name)
        if (KEPT / f"{name}.mp4").is_file():
            likes = [likeness(a, b) for a, b in zip(kept(name), film.frames, strict=False)]
            worst = min([worst, *likes])
            print(f"{name}: least likeness {min(likes):.4f}; {show(name, film, ROOT / 'out' / 'golden')}")
        if asked.accept:
            keep(name, film)
    return 0 if asked.accept else int(worst < ALIKE)


if __name__ == "__main__":
    sys.exit(main())
