"""New captions lie over the old ones, in a band that is found or given, and can be read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import films
import numpy as np
import pytest

from localize.clip.canvas import Frame
from localize.clip.captions import CaptionArt, Look
from localize.clip.cards import Palette
from localize.clip.paging import pages
from localize.clip.type import ruler
from localize.domain import Word
from localize.dub import Cue
from localize.dub.captions import Band, Captions, Cover, burned, said
from localize.dub.picture import Shape
from localize.pixels import Pixels, over

PALETTE = Palette("#E4572E", "#FFC145")
SAID = ("今天给大家带来一款超好用的耳机", "音质清晰续航三十小时", "现在下单只要两百元", "送你一个收纳盒")


def spoken(texts: tuple[str, ...], seconds: float = 1.0, gap: str = "") -> tuple[Word, ...]:
    """Each text for so many seconds, in words of two letters."""
    out: list[Word] = []
    for n, text in enumerate(texts):
        parts = [text[k : k + 2] for k in range(0, len(text), 2)]
        step = 0.9 * seconds / len(parts)
        times = [n * seconds + k * step for k in range(len(parts) + 1)]
        out += [Word(text=p, gap=gap, start=a, end=b) for p, a, b in zip(parts, times, times[1:], strict=False)]
        out[-1] = out[-1].model_copy(update={"gap": "\n"})
    return tuple(out)


def ground(k: int, size: tuple[int, int] = (480, 270)) -> Pixels:
    """A soft picture that moves."""
    x, y = np.meshgrid(np.arange(size[0]), np.arange(size[1]))
    wave = 90 + 40 * np.sin((x + 4 * k) / 45) + 30 * np.cos(y / 38)
    return np.stack([wave, wave * 0.9, wave * 0.8], axis=2).astype(np.uint8)


def captioned(texts: tuple[str, ...], at: float = 0.86, count: int = 40, size: tuple[int, int] = (480, 270)) -> Iterator[Pixels]:
    """Frames, ten a second, with white outlined letters whose middle is at a part of the height."""
    words = spoken(texts)
    look = Look(size[0] * 9 // 10, 24, accent="#FFFFFF")
    art = CaptionArt(pages(words, ruler(look.style, "zh"), look.room, 1), words, "zh", look)
    for k in range(count):
        canvas = cv2.cvtColor(ground(k, size), cv2.COLOR_RGB2RGBA)
        for sprite in art.at(k / 10)[:1]:  # without the pill
            over(np.asarray(canvas, np.uint8), size[0] // 20 + sprite.x, round(at * size[1]) - art.height // 2 + sprite.y, sprite.rgba)
        yield np.ascontiguousarray(canvas[..., :3]).astype(np.uint8)


def film(path: Path, frames: Iterator[Pixels]) -> Shape:
    return Shape.of(films.film(path, frames, rate=10))  # type: ignore[arg-type]


@pytest.mark.parametrize("at", [0.86, 0.7, 0.15])
@pytest.mark.parametrize("size", [(480, 270), (270, 480)])
def test_burned_captions_are_found_where_they_are(tmp_path: Path, at: float, size: tuple[int, int]) -> None:
    texts = SAID if size[0] > size[1] else tuple(text[:8] for text in SAID)
    band = burned(film(tmp_path / "a.mp4", captioned(texts, at, size=size)))
    assert band is not None
    letter = 24 / size[1]
    assert at - 1.6 * letter < band.top < at - 0.4 * letter
    assert at + 0.4 * letter < band.bottom < at + 1.6 * letter


def test_what_is_no_caption_is_left_alone(tmp_path: Path) -> None:
    assert burned(film(tmp_path / "plain.mp4", (ground(k) for k in range(40)))) is None
    stands = captioned((SAID[0],) * 4)  # a slogan that never changes
    assert burned(film(tmp_path / "slogan.mp4", stands)) is None
    leaves = np.random.default_rng(0)
    rough = (cv2.resize(leaves.integers(0, 255, (68, 120, 3), np.uint8), (480, 270), interpolation=cv2.INTER_CUBIC) for _ in range(40))
    assert burned(film(tmp_path / "rough.mp4", rough)) is None  # type: ignore[arg-type]
    assert burned(film(tmp_path / "middle.mp4", captioned(SAID, at=0.48))) is None  # a product in hands, not a caption


@pytest.mark.parametrize("name", ["latentsync_demo1.mp4", "grid_bbaf2n.mpg"])
def test_people_before_a_camera_are_no_captions(name: str) -> None:
    assert burned(Shape.of(films.real(name))) is None


def edges(picture: Pixels) -> float:
    return float(np.abs(cv2.Laplacian(picture, cv2.CV_32F)).mean())


def test_nothing_in_the_band_can_be_read_and_all_else_is_as_it_was() -> None:
    picture = next(captioned(SAID))
    frame, before = Frame.of(picture), Frame.of(picture)
    Cover(Band(0.78, 0.94)).draw(frame, 0.0)
    assert edges(before.y[212:252]) > 10 * edges(frame.y[212:252])
    assert frame.y[212:252].max() < 150  # letters of any colour are read on it
    assert np.array_equal(frame.y[:194], before.y[:194])
    steps = np.abs(np.diff(frame.y[190:250].astype(int).mean(axis=1)))
    assert steps.max() < 12  # its edge is soft


def test_a_band_is_even_rows_within_the_frame() -> None:
    assert Band(0.78, 0.92).rows(100) == (78, 92)
    assert Band(0.785, 0.915).rows(200) == (156, 184)
    assert Band(0.9, 1.0).rows(90) == (80, 90)


def shown(captions: Captions, t: float, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of what is drawn."""
    frame = Frame(*size)
    frame.y[:], frame.u[:], frame.v[:] = 90, 128, 128
    captions.draw(frame, t)
    rows, columns = np.nonzero(frame.y != 90)
    return int(columns.min()), int(rows.min()), int(columns.max()), int(rows.max())


TEXTS = {
    "th": ("วันนี้เรามีหูฟังรุ่นใหม่มาแนะนำให้ทุกคน",), "vi": ("Hôm nay mình giới thiệu tai nghe mới đây nhé",),
    "id": ("Hari ini kami punya earphone baru untuk kamu",),
}  # fmt: skip


@pytest.mark.parametrize("language", sorted(TEXTS))
@pytest.mark.parametrize("size", [(540, 960), (854, 480), (480, 480)])
def test_captions_stay_where_no_platform_covers_them(language: str, size: tuple[int, int]) -> None:
    captions = Captions(spoken(TEXTS[language], 3.0), language, *size, PALETTE)
    for page in captions.pages:
        left, top, right, bottom = shown(captions, page.start + 0.01, size)
        assert abs((left + right) / 2 - size[0] / 2) < 0.06 * size[0]
        assert left >= 0.05 * size[0] / 2
        assert top > size[1] / 2
        assert bottom <= {960: 730, 480: 480 * 1040 / 1080}[size[1]]
    assert all(len(page.lines) <= 2 for page in captions.pages)


@pytest.mark.parametrize("band", [Band(0.8, 0.9), Band(0.72, 0.95)])
def test_captions_fit_into_the_band(band: Band) -> None:
    size = (854, 480)
    captions = Captions(spoken(TEXTS["th"], 3.0), "th", *size, PALETTE, band)
    for page in captions.pages:
        _, top, _, bottom = shown(captions, page.start + 0.01, size)
        assert top >= band.top * 480 - 5
        assert bottom <= band.bottom * 480 + 5


def test_words_are_heard_as_much_faster_as_their_cue() -> None:
    words = [[Word(text="a", gap=" ", start=0.0, end=1.1), Word(text="b", start=1.1, end=2.2)], [Word(text="c", start=0.0, end=0.5)]]
    cues = (Cue(text="a b", start=1.0, end=3.0, tempo=1.1), Cue(text="c", start=4.0, end=4.5))
    moved = said(cues, words)
    assert [(w.text, w.gap, round(w.start, 3), round(w.end, 3)) for w in moved] == [
        ("a", " ", 1.0, 2.0), ("b", "\n", 2.0, 3.0), ("c", "\n", 4.0, 4.5),
    ]  # fmt: skip
