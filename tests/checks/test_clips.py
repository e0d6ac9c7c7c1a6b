"""A good clip passes, and each fault made on purpose is found, and nothing else with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest

from localize.checks.clips import Expected, check
from localize.clip import cards, stills
from localize.clip.canvas import Frame, layer
from localize.errors import UserError
from localize.media import metering, mp4, pcm
from localize.media.mp4 import Encoding
from localize.media.pcm import RATE, Samples

SIZE = (540, 960)  # half of what a clip has: the label's check does not ask for more
SECONDS = 5.2
SPOKEN = ((0.3, 2.4), (2.7, 4.8))
LABEL = cards.ai_label("th", 500)
LABEL_AT = (20, 20)
LABEL_BOX = (20, 20, 20 + LABEL.width, 20 + LABEL.height)
ENCODING = Encoding(*SIZE, fps=10, preset="superfast")


def voice(seconds: float = SECONDS, spoken: tuple[tuple[float, float], ...] = SPOKEN) -> Samples:
    t = np.arange(round(seconds * RATE)) / RATE
    sound = sum(np.sin(2 * np.pi * 190 * k * t + k * k) / k for k in range(1, 15)) * (0.3 + 0.7 * np.sin(np.pi * 5 * t) ** 2) * 0.1
    heard = np.zeros(len(t), bool)
    for start, end in spoken:
        heard[round(start * RATE) : round(end * RATE)] = True
    return (sound * heard).astype(np.float32)


def frame(label: bool = True, size: tuple[int, int] = SIZE) -> Frame:
    y, x = np.mgrid[: size[1], : size[0]]
    picture = Frame.of(np.dstack([x * 255 // size[0], y * 255 // size[1], np.full_like(x, 180)]).astype(np.uint8))
    if label:
        picture.blend(layer(LABEL.rgba, *LABEL_AT))
    return picture


def encode(
    out: Path, sound: Samples | None, shown: Frame, encoding: Encoding = ENCODING,
    seconds: float = SECONDS, level: float = -14, clicks: bool = False,
) -> Path:  # fmt: skip
    """A clip of one frame, its sound brought to a loudness (LUFS), its peaks held below -3 dBFS but for the clicks."""
    wav = out.with_suffix(".wav")
    if sound is not None:
        for _ in range(3):  # holding the peaks takes some loudness away
            pcm.write_wav(wav, np.repeat(sound[:, None], 2, axis=1))
            sound = np.clip(sound * 10 ** ((level - metering.loudness(wav).integrated) / 20), -0.7, 0.7)
        if clicks:
            for at in range(RATE, 2 * RATE, RATE // 4):
                sound[at : at + 24] = 1.0
        pcm.write_wav(wav, np.repeat(sound[:, None], 2, axis=1))
    with mp4.encoder(out, encoding, wav if sound is not None else None, {}) as pipe:
        for _ in range(round(seconds * encoding.fps)):
            pipe.write(shown.buffer.data)
    return out


EXPECTED = Expected(
    width=SIZE[0], height=SIZE[1], fps=10, duration=SECONDS, target=6, safe=(10, 10, 530, 950),
    boxes={"label": LABEL_BOX, "captions": (20, 800, 520, 940)},
    spoken=SPOKEN, label=LABEL.rgba, label_glyph=LABEL.glyph, pictures=2,
)  # fmt: skip


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return encode(tmp_path_factory.mktemp("good") / "clip.mp4", voice(), frame())


def found(video: Path, expected: Expected = EXPECTED) -> list[tuple[str, str]]:
    return [(f.check, f.severity) for f in check(video, expected)]


def test_a_good_clip_has_no_finding(good: Path) -> None:
    assert check(good, EXPECTED) == []


def test_findings_are_told_in_a_sellers_words_with_what_was_measured(good: Path) -> None:
    (finding,) = check(good, replace(EXPECTED, label_glyph=30))
    assert finding.message == "The AI label's letters are 30 px high; the rule asks for 54."
    assert finding.evidence == {"glyph": 30}


def test_what_no_font_can_draw_is_told_and_does_not_stop_the_clip(good: Path) -> None:
    (finding,) = check(good, replace(EXPECTED, unprintable="🔥𠮷"))
    assert (finding.check, finding.severity) == ("glyphs", "warn")
    assert finding.message == "These characters are in no font and are not shown: 🔥 𠮷"


# ---- faults of the file


def late_index(good: Path, out: Path) -> Path:
    """The same streams with the index at the end."""
    with av.open(str(good)) as source, av.open(str(out), "w", format="mp4") as target:
        streams = {s.index: target.add_stream_from_template(s) for s in source.streams}
        for packet in source.demux():
            if packet.dts is not None:
                packet.stream = streams[packet.stream.index]
                target.mux(packet)
    return out


def hole() -> Samples:
    return voice(spoken=(SPOKEN[0],))


FAULTS: dict[str, tuple[Callable[[Path, Path], Path], list[str]]] = {
    "too quiet": (lambda out, good: encode(out, voice(), frame(), level=-20), ["loudness"]),
    "too loud": (lambda out, good: encode(out, voice(), frame(), level=-12), ["loudness"]),
    "clipped": (lambda out, good: encode(out, voice(), frame(), clicks=True), ["clipping"]),
    "a line that is not heard": (lambda out, good: encode(out, hole(), frame()), ["silence"]),
    "wrong size": (
        lambda out, good: encode(out, voice(), frame(size=(540, 720)), Encoding(540, 720, fps=10, preset="superfast")),
        ["spec"],
    ),
    "wrong frame rate": (
        lambda out, good: encode(out, voice(), frame(), Encoding(*SIZE, fps=5, preset="superfast")),
        ["spec"],
    ),
    "label missing": (lambda out, good: encode(out, voice(), frame(label=False)), ["label"]),
    "index at the end": (lambda out, good: late_index(good, out), ["spec"]),
    "too short for its frames": (lambda out, good: encode(out, voice(), frame(), seconds=6.4), ["duration"]),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_the_file_is_found_and_only_that(fault: str, tmp_path: Path, good: Path) -> None:
    make, wanted = FAULTS[fault]
    assert found(make(tmp_path / "clip.mp4", good)) == [(name, "block") for name in wanted]


def test_a_clip_without_sound_is_a_finding_not_a_crash(tmp_path: Path) -> None:
    findings = check(encode(tmp_path / "clip.mp4", None, frame()), EXPECTED)
    assert {(f.check, f.severity) for f in findings} == {("spec", "block")}
    assert "The sound is missing" in " ".join(f.message for f in findings)


def test_a_label_that_is_painted_over_is_found(tmp_path: Path) -> None:
    shown = frame()
    left, top, right, bottom = LABEL_BOX
    shown.blend(layer(np.full((bottom - top, right - left - 30, 4), (240, 240, 240, 255), np.uint8), left + 30, top))
    assert found(encode(tmp_path / "clip.mp4", voice(), shown)) == [("label", "block")]


def test_a_label_on_a_white_picture_is_still_read(tmp_path: Path) -> None:
    shown = Frame.of(np.full((SIZE[1], SIZE[0], 3), 255, np.uint8))
    shown.blend(layer(LABEL.rgba, *LABEL_AT))
    assert found(encode(tmp_path / "clip.mp4", voice(), shown)) == []


def test_a_label_on_a_real_backdrop_is_read(tmp_path: Path) -> None:
    noise = np.random.default_rng(4).integers(0, 255, (300, 300, 3), np.uint8)
    shown = Frame.of(stills.background(noise, *SIZE, "#FFC145"))
    shown.blend(layer(LABEL.rgba, *LABEL_AT))
    assert found(encode(tmp_path / "clip.mp4", voice(), shown)) == []


# ---- faults of what was meant


@pytest.mark.parametrize(
    ("changed", "wanted"),
    [
        ({"label_glyph": 53}, [("label", "block")]),
        ({"label_glyph": 54}, []),
        ({"boxes": {"label": LABEL_BOX, "price card 1": (20, 700, 531, 800)}}, [("safe box", "block")]),
        ({"boxes": {"label": LABEL_BOX, "price card 1": (10, 700, 530, 950)}}, []),
        ({"pictures": 0}, [("picture missing", "block")]),
        ({"spoken": ((0.3, 1.0), (2.7, 4.8))}, [("silence", "block")]),
        ({"duration": 5.0}, [("duration", "block")]),
        ({"target": 15}, [("duration", "warn")]),
    ],
)
def test_what_was_meant_is_checked_too(good: Path, changed: dict[str, object], wanted: list[tuple[str, str]]) -> None:
    assert found(good, replace(EXPECTED, **changed)) == wanted  # type: ignore[arg-type]


def test_what_is_no_video_is_refused(tmp_path: Path) -> None:
    (tmp_path / "clip.mp4").write_bytes(b"nothing")
    with pytest.raises(UserError, match="can't be read"):
        check(tmp_path / "clip.mp4", EXPECTED)
