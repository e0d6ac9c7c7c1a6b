"""Sound is mixed to the platforms' loudness, frames are encoded once, and what a file says of itself is true."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import signal
import struct
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import films
import numpy as np
import numpy.typing as npt
import pytest
import yaml

from localize.clip import render
from localize.clip.canvas import Frame
from localize.errors import NotReady, UserError
from localize.media import mapped, metering, mixing, mp4, pcm, probing
from localize.media.command import MediaError, ffmpeg_exe
from localize.media.feed import PIPE, Feed
from localize.media.mp4 import Encoding
from localize.media.pcm import RATE, Samples

SMALL = Encoding(width=64, height=112, fps=30, crf=14)
TAGS = {"AIGC": json.dumps({"AIGC": {"Label": "1", "ContentProducer": "a=b;'c' \"d\" #é 生成", "ProduceID": "7"}}, ensure_ascii=False)}


def speech_like(seconds: float, *, pauses: tuple[tuple[float, float], ...] = (), level: float = 0.3) -> Samples:
    """A voice's pitch and harmonics, swelling five times a second, with sharp peaks; silent in the pauses."""
    t = np.arange(round(seconds * RATE)) / RATE
    pitch = 2 * np.pi * np.cumsum(200 + 40 * np.sin(2 * np.pi * 0.7 * t)) / RATE
    voice = sum(np.sin(k * pitch + k * k) / k for k in range(1, 18)) + 0.05 * np.random.default_rng(1).standard_normal(len(t))
    voice = voice * (0.15 + 0.85 * np.sin(np.pi * 5 * t) ** 2) * level / 2
    for start, end in pauses:
        voice[round(start * RATE) : round(end * RATE)] = 0
    return voice.astype(np.float32)


@pytest.fixture(scope="module")
def bed() -> Samples:
    """Three seconds of steady chords at 6 kHz and above, so that they can be told from the voice."""
    t = np.arange(3 * RATE) / RATE
    chord = sum(np.sin(2 * np.pi * f * t) for f in (6000, 7500, 9000))
    return metering.leveled(np.stack([chord, chord], axis=1).astype(np.float32), mixing.BED)


def rms(samples: Samples) -> float:
    return float(20 * np.log10(np.sqrt(np.mean(samples.astype(float) ** 2)) + 1e-9))


def high_band(samples: Samples) -> Samples:
    spectrum = np.fft.rfft(samples)
    spectrum[np.fft.rfftfreq(len(samples), 1 / RATE) < 5500] = 0
    return np.fft.irfft(spectrum, len(samples)).astype(np.float32)


def colour(frame: int) -> tuple[int, int, int]:
    """What all of a frame is painted in: another one for each of the first 60."""
    return 40 + 3 * frame, 90, 220 - 3 * frame


def encode(
    out: Path, frames: int = 15, *, encoding: Encoding = SMALL, audio: Path | None = None, tags: dict[str, str] | None = None
) -> Path:
    with mp4.encoder(out, encoding, audio, tags or {}) as pipe:
        for k in range(frames):
            rgb = np.full((encoding.height, encoding.width, 3), colour(k), np.uint8)
            pipe.write(Frame.of(rgb).buffer.data)
    return out


def wav(path: Path, seconds: float = 0.5, level: float = 0.3) -> Path:
    pcm.write_wav(path, speech_like(seconds, level=level))
    return path


# ---- sound


@pytest.mark.parametrize("shape", [(4800,), (4800, 2)])
def test_a_wav_comes_back_as_it_was_written(tmp_path: Path, shape: tuple[int, ...]) -> None:
    samples = np.random.default_rng(0).uniform(-0.9, 0.9, shape).astype(np.float32)
    pcm.write_wav(tmp_path / "a.wav", samples, 22_050)
    back, rate = pcm.read_wav(tmp_path / "a.wav")
    assert (back.shape, rate) == (shape, 22_050)
    assert np.abs(back - samples).max() < 1e-4


def test_what_is_too_loud_for_a_wav_is_clipped_not_wrapped(tmp_path: Path) -> None:
    pcm.write_wav(tmp_path / "a.wav", np.array([2.0, -2.0, 0.0], np.float32))
    assert pcm.read_wav(tmp_path / "a.wav")[0] == pytest.approx([1.0, -1.0, 0.0], abs=1e-4)


def test_any_sound_is_read_as_mono_at_the_rate_asked_for(tmp_path: Path) -> None:
    tone = np.sin(2 * np.pi * 440 * np.arange(22_050) / 22_050).astype(np.float32) * 0.5
    pcm.write_wav(tmp_path / "a.wav", np.stack([tone, tone], axis=1), 22_050)
    read = pcm.read_audio(tmp_path / "a.wav")
    assert len(read) == pytest.approx(RATE, abs=64)
    assert np.argmax(np.abs(np.fft.rfft(read[:RATE]))) == pytest.approx(440, abs=1)


def test_a_file_without_sound_is_refused_by_name(tmp_path: Path) -> None:
    silent = encode(tmp_path / "silent.mp4", 3)
    (tmp_path / "notes.txt").write_text("no sound in here")
    with pytest.raises(UserError, match=r"silent\.mp4 has no sound"):
        pcm.read_audio(silent)
    with pytest.raises(UserError, match=r"notes\.txt can't be read"):
        pcm.read_audio(tmp_path / "notes.txt")


def test_loudness_is_that_of_a_known_tone(tmp_path: Path) -> None:
    """A stereo 997 Hz sine that peaks at -18 dBFS is -18 LUFS (EBU Tech 3341, case 1, at another level)."""
    tone = np.sin(2 * np.pi * 997 * np.arange(4 * RATE) / RATE).astype(np.float32) * 10 ** (-18 / 20)
    pcm.write_wav(tmp_path / "tone.wav", np.stack([tone, tone], axis=1))
    level = metering.loudness(tmp_path / "tone.wav")
    assert level.integrated == pytest.approx(-18.0, abs=0.2)
    assert level.true_peak == pytest.approx(-18.0, abs=0.3)


def sounds() -> dict[str, Samples]:
    """What a meter can get wrong: pauses (both gates), peaks between samples, one side only, short, noise, longer than a block."""
    t = np.arange(6 * RATE) / RATE
    between = (np.sin(2 * np.pi * RATE / 4 * t + np.pi / 4) * 0.7 * np.minimum(1, 10 * t)).astype(np.float32)
    noise = (np.random.default_rng(3).standard_normal((5 * RATE, 2)) * 0.1).astype(np.float32)
    paused = speech_like(9, pauses=((0, 1.5), (4, 7.2)), level=0.4)
    paused[:RATE] += 0.003 * np.sin(2 * np.pi * 300 * np.arange(RATE) / RATE)
    return {
        "voice": speech_like(6), "paused": paused, "between": between, "noise": noise, "long": speech_like(31, level=0.1),
        "left": np.stack([speech_like(4), np.zeros(4 * RATE, np.float32)], axis=1), "short": speech_like(0.7),
        "low": (np.sin(2 * np.pi * 45 * t) * 0.5).astype(np.float32),
    }  # fmt: skip


@pytest.mark.parametrize("name", sounds())
def test_sound_in_memory_is_measured_as_ffmpeg_measures_its_file(tmp_path: Path, name: str) -> None:
    samples = sounds()[name]
    both = samples if samples.ndim == 2 else np.stack([samples, samples], axis=1)
    pcm.write_wav(tmp_path / "a.wav", both)
    ours, theirs = metering.measured(samples), metering.loudness(tmp_path / "a.wav")
    assert ours.integrated == pytest.approx(theirs.integrated, abs=0.1)
    assert ours.true_peak == pytest.approx(theirs.true_peak, abs=0.2)


@pytest.mark.parametrize("level", [0.02, 0.3, 0.95])
@pytest.mark.parametrize("music", [True, False], ids=["with music", "without music"])
def test_a_mix_is_as_loud_as_the_platforms_want_and_never_clips(tmp_path: Path, bed: Samples, music: bool, level: float) -> None:
    speech = speech_like(6.5, pauses=((0, 0.4), (2.5, 3.0), (5.4, 6.5)), level=level)
    samples = mixing.master(mixing.mix(speech, bed if music else None))
    assert samples.shape == (round(6.5 * RATE), 2)
    assert samples.dtype == np.float32
    pcm.write_wav(tmp_path / "mix.wav", samples)
    clip = encode(tmp_path / "clip.mp4", 195, audio=tmp_path / "mix.wav")
    for path in (tmp_path / "mix.wav", clip):
        heard = metering.loudness(path)
        assert heard.integrated == pytest.approx(-14.0, abs=0.3)
        assert heard.true_peak <= -1.5


def test_how_loud_a_voice_was_recorded_changes_nothing(bed: Samples) -> None:
    loud, soft = (mixing.master(mixing.mix(speech_like(3, level=level), bed)) for level in (0.5, 0.05))
    assert np.abs(loud - soft).max() < 1e-3


def test_the_music_makes_room_for_the_voice_and_comes_back(bed: Samples) -> None:
    t = np.arange(8 * RATE) / RATE
    voice = (np.sin(2 * np.pi * 300 * t) * 0.3 * (0.4 + 0.6 * np.sin(np.pi * 5 * t) ** 2)).astype(np.float32)
    voice[: 2 * RATE] = 0
    voice[5 * RATE :] = 0
    heard = high_band(mixing.mix(voice, bed)[:, 0])
    before, first, under, after = (rms(heard[round(a * RATE) : round(b * RATE)]) for a, b in ((1, 1.8), (2.0, 2.1), (2.4, 4.9), (5.5, 7.0)))
    assert before - under == pytest.approx(mixing.DUCK, abs=0.5)
    assert first == pytest.approx(under, abs=1)  # it is down when the first word begins
    assert after == pytest.approx(before, abs=0.5)
    assert rms(heard[-480:]) < before - 20  # it ends faded, not cut


def test_what_lies_under_the_speech_is_ducked_like_music_and_not_looped() -> None:
    voice = speech_like(6, pauses=((0, 2), (4, 6)))
    t = np.arange(6 * RATE) / RATE
    hum = metering.leveled(np.sin(2 * np.pi * 3000 * t).astype(np.float32)[:, None].repeat(2, axis=1), -24.0)
    heard = (mixing.mix(voice, under=hum) - mixing.mix(voice))[:, 0]
    alone, below, after = (rms(heard[round(a * RATE) : round(b * RATE)]) for a, b in ((1, 1.8), (2.4, 3.9), (4.8, 6)))
    assert alone == pytest.approx(rms(hum[:, 0]), abs=0.1)
    assert alone - below == pytest.approx(mixing.DUCK, abs=0.5)
    assert after == pytest.approx(alone, abs=0.1)
    # With music beside it, each is as it would be alone.
    music = np.random.default_rng(1).normal(0, 0.02, (2 * RATE, 2)).astype(np.float32)
    both = mixing.mix(voice, music, None, hum)
    assert np.allclose(both - mixing.mix(voice, music), mixing.mix(voice, under=hum) - mixing.mix(voice), atol=1e-5)


def test_music_keeps_its_two_sides() -> None:
    t = np.arange(3 * RATE) / RATE
    left, right = np.sin(2 * np.pi * 500 * t), np.sin(2 * np.pi * 700 * t)
    out = mixing.master(mixing.mix(np.zeros(4 * RATE, np.float32), np.stack([left, right], axis=1).astype(np.float32)))
    assert abs(np.corrcoef(out.T)[0, 1]) < 0.05


def test_a_bed_is_looped_without_a_seam() -> None:
    t = np.arange(RATE) / RATE  # a second of whole periods
    tone = np.sin(2 * np.pi * 100 * t).astype(np.float32) * 0.1
    out = mixing.mix(np.zeros(4 * RATE, np.float32), np.stack([tone, tone], axis=1))[: 3 * RATE, 0]
    assert np.allclose(out, np.tile(tone, 3), atol=1e-6)


def test_silence_on_disk_has_its_room_before_it_is_written_into(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[int] = []

    def full(file: int, at: int, size: int) -> None:
        taken.append(size)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full, raising=False)
    with pytest.raises(NotReady, match=rf"{tempfile.gettempdir()}, has no room for 3\.2 GB of sound.*TMPDIR"):
        mapped.blank(400_000_000, 2)
    assert taken == [3_200_000_000]
    monkeypatch.delattr(os, "posix_fallocate")
    assert mapped.blank(10, 2).shape == (10, 2), "not every system has it"


@pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="here files have holes")
def test_silence_on_disk_has_no_holes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(np, "memmap", lambda out, *_, **__: os.fstat(out.fileno()).st_blocks * 512)
    assert mapped.blank(100_000, 2) >= 800_000  # type: ignore[operator]


def test_silence_stays_silence() -> None:
    assert not mixing.master(mixing.mix(np.zeros(RATE, np.float32))).any()


def test_the_limiter_lets_no_peak_through_and_does_not_pump() -> None:
    """A few clicks on a soft tone: the tone is as loud half a second behind them as without."""
    t = np.arange(4 * RATE) / RATE
    tone = np.sin(2 * np.pi * 440 * t) * 0.05
    clicks = tone.copy()
    clicks[RATE::RATE] += 0.9
    gain = mixing._limiting(metering.looked(np.stack([clicks, clicks]).astype(np.float32) * 3)[1], 0.5)
    assert (np.abs(clicks * 3) * gain).max() <= 0.5001
    assert gain[RATE + RATE // 2] > 0.999
    assert gain[RATE - RATE // 50] > 0.999


@pytest.mark.parametrize("sizes", [(50,), (6, 44), (20, 6, 7, 16, 1), (49, 1), (30, 20)])
def test_peaks_that_come_in_parts_are_limited_as_at_once(sizes: tuple[int, ...]) -> None:
    peaks = np.random.default_rng(4).uniform(0.0, 1.4, 50)
    whole, at = np.pad(mixing.limits(peaks, 0.5), 1, mode="edge"), 0
    taken: list[int] = []

    def parts() -> Iterator[npt.NDArray[np.float64]]:
        for start, size in zip(np.cumsum((0, *sizes)), sizes, strict=False):
            taken.append(size)
            yield peaks[start : start + size]

    for number, gains in enumerate(mixing.limits_by_parts(parts(), 0.5), 1):
        assert len(taken) == min(number + 1, len(sizes))
        assert np.array_equal(gains, whole[at : at + sizes[number - 1] + 2])
        at += sizes[number - 1]
    assert at == 50


def test_a_voice_keeps_its_place_through_mix_and_encode(tmp_path: Path) -> None:
    speech = speech_like(2.0, pauses=((0, 0.7), (1.4, 2.0)))
    pcm.write_wav(tmp_path / "mix.wav", mixing.master(mixing.mix(speech)))
    video = encode(tmp_path / "clip.mp4", 60, audio=tmp_path / "mix.wav")
    heard = pcm.read_audio(video)[: len(speech)]
    spectrum = np.fft.rfft(heard, 1 << 18) * np.conj(np.fft.rfft(speech, 1 << 18))
    lag = int(np.argmax(np.fft.irfft(spectrum)))
    assert min(lag, (1 << 18) - lag) <= RATE // 1000


def test_sound_effects_are_laid_over() -> None:
    ding = np.zeros((3 * RATE, 2), np.float32)
    at = np.arange(round(2.4 * RATE), round(2.6 * RATE))
    ding[at, 0] = 0.2 * np.sin(2 * np.pi * 2000 * at / RATE)
    out = mixing.master(mixing.mix(speech_like(3, pauses=((2, 3),)), None, ding))
    assert rms(out[round(2.42 * RATE) : round(2.58 * RATE), 0]) > -30
    assert rms(out[round(2.42 * RATE) : round(2.58 * RATE), 1]) < -60
    assert rms(out[round(2.1 * RATE) : round(2.3 * RATE), 0]) < -60


# ---- beds

BEDS = ("bright", "calm", "drive", "elegant", "playful")


@pytest.mark.parametrize("name", BEDS)
def test_a_bed_is_stereo_as_loud_as_the_others_and_loops(name: str) -> None:
    path = render.MUSIC / f"{name}.ogg"
    level, samples = metering.loudness(path), pcm.read_stereo(path)
    assert level.integrated == pytest.approx(-16, abs=0.2)
    assert level.true_peak < -1.3
    assert 40 * RATE < len(samples) < 70 * RATE
    assert np.abs(samples.mean(axis=0)).max() < 1e-3
    assert 0.3 < np.corrcoef(samples.T)[0, 1] < 0.9  # wide, and nothing is lost on a telephone's one loudspeaker
    # What a click would be: third differences where the end meets the start, beside those of every tenth of a second.
    around = np.abs(np.diff(np.concatenate([samples[-480:], samples[:480]]).mean(axis=1), 3))
    usual = np.abs(np.diff(samples.mean(axis=1), 3))
    usual = usual[: len(usual) // 4800 * 4800].reshape(-1, 4800).max(axis=1)
    assert around.max() < np.percentile(usual, 90)


@pytest.mark.parametrize(
    ("text", "group", "bed"),
    [
        ("Beauty > Skincare | Vitamin C Serum", "beauty", "elegant"), ("女装 | 连衣裙", "fashion", "elegant"),
        ("Electronics | Wireless earbuds", "earbuds", "drive"), ("บ้าน | โคมไฟ", "lamp", "calm"), ("Snacks | Cookies", "food", "playful"),
        ("宠物用品 | 猫砂", "general", "playful"), ("Pets | Cat tree", "home", "playful"), ("Home | Carpet", "home", "calm"),
        ("เครื่องประดับ | สร้อย", "fashion", "elegant"), ("Something", "general", "bright"), ("", "no such group", "bright"),
    ],
)  # fmt: skip
def test_the_bed_goes_with_what_is_sold(text: str, group: str, bed: str) -> None:
    assert render.bed_for(text, group) == bed


def test_every_mood_is_a_bed_and_every_group_has_one() -> None:
    table = yaml.safe_load((render.MUSIC / "moods.yaml").read_text("utf-8"))
    groups = yaml.safe_load((render.MUSIC.parent / "phrases" / "categories.yaml").read_text("utf-8"))
    assert {*table["words"], *table["groups"].values()} <= set(BEDS)
    assert set(table["groups"]) == {"general", *groups["wide"], *groups["narrow"]}


# ---- picture


def boxes(data: bytes, start: int = 0, end: int | None = None) -> Iterator[tuple[bytes, int, int]]:
    """An MP4's boxes at one level: kind, and where the content begins and ends."""
    end = len(data) if end is None else end
    while start + 8 <= end:
        size, kind = struct.unpack(">I4s", data[start : start + 8])
        yield kind, start + 8, start + size
        start += size


def inside(data: bytes, *path: bytes) -> tuple[int, int]:
    """The content of the box at a path, as (begin, end)."""
    at = (0, len(data))
    for kind in path:
        at = next((a, b) for k, a, b in boxes(data, *at) if k == kind)
    return at


def metadata(data: bytes) -> dict[str, str]:
    """The keys and values of moov/udta/meta, as any reader of ISO 14496-12 and QuickTime metadata finds them."""
    parents = [kind for kind, _, _ in boxes(data, *inside(data, b"moov"))]
    begin, end = inside(data, b"moov", *([b"udta"] if b"udta" in parents else []), b"meta")
    if data[begin : begin + 4] == b"\0\0\0\0":
        begin += 4  # a full box has a version and flags
    parts = {k: (a, b) for k, a, b in boxes(data, begin, end)}
    names = [data[a:b].decode() for _, a, b in boxes(data, parts[b"keys"][0] + 8, parts[b"keys"][1])]
    found = {}
    for kind, a, b in boxes(data, *parts[b"ilst"]):
        _, value, stop = next(iter(boxes(data, a, b)))
        found[names[int.from_bytes(kind, "big") - 1]] = data[value + 8 : stop].decode()
    return found


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clip")
    return encode(folder / "clip.mp4", 45, audio=wav(folder / "a.wav", 1.5), tags=TAGS)


def test_a_file_is_what_the_platforms_take(clip: Path) -> None:
    facts = probing.probe(clip)
    assert (facts.width, facts.height, facts.fps) == (64, 112, 30)
    assert (facts.codec, facts.profile, facts.pixels, facts.colours) == ("h264", "High", "yuv420p", 1)  # 1 is BT.709
    assert (facts.audio_codec, facts.audio_rate) == ("aac", 48_000)
    assert facts.duration == pytest.approx(1.5, abs=0.05)
    assert abs(facts.audio_start - facts.video_start) < 1 / 30
    assert facts.index_first


@pytest.mark.parametrize("preset", ["ultrafast", "medium"])
def test_every_preset_gives_the_profile_that_the_platforms_want(tmp_path: Path, preset: str) -> None:
    facts = probing.probe(encode(tmp_path / "a.mp4", 6, encoding=Encoding(64, 112, preset=preset)))
    assert (facts.profile, facts.pixels) == ("High", "yuv420p")


def test_colours_and_order_of_frames_survive(clip: Path) -> None:
    for k in (0, 7, 44):
        frame = probing.frame_at(clip, k / 30 + 0.001)
        assert frame.shape == (112, 64, 3)
        assert np.abs(frame.reshape(-1, 3).mean(axis=0) - colour(k)).max() <= 4  # a level of blue is half a level of chroma


def test_the_ai_label_in_the_metadata_comes_back_exactly(clip: Path) -> None:
    assert probing.probe(clip).tags["AIGC"] == TAGS["AIGC"]
    with av.open(str(clip)) as container:
        assert container.metadata["AIGC"] == TAGS["AIGC"]
    assert metadata(clip.read_bytes())["AIGC"] == TAGS["AIGC"]


def test_the_same_frames_give_the_same_file(tmp_path: Path) -> None:
    sound = wav(tmp_path / "a.wav")
    one, two = (encode(tmp_path / f"{n}.mp4", audio=sound, tags=TAGS, encoding=Encoding(64, 112, threads=1)) for n in "ab")
    assert one.read_bytes() == two.read_bytes()


def packets(path: Path) -> list[tuple[str, int | None, int | None, str]]:
    """Each packet of a file: of which stream, when, and the digest of what it holds."""
    with av.open(str(path)) as container:
        return [(p.stream.type, p.pts, p.dts, hashlib.sha256(bytes(p)).hexdigest()) for p in container.demux() if p.size]


def test_another_label_is_put_on_the_same_packets(tmp_path: Path, clip: Path) -> None:
    other = {"AIGC": TAGS["AIGC"].replace('"7"', '"8"'), "note": "für B"}
    for name in ("one.mp4", "two.mp4"):
        mp4.remux(clip, tmp_path / name, other)
    made = tmp_path / "one.mp4"
    assert packets(made) == packets(clip)
    before, after = probing.probe(clip), probing.probe(made)
    assert after.index_first
    assert (after.profile, after.pixels, after.colours, after.fps) == (before.profile, before.pixels, before.colours, before.fps)
    assert (after.duration, after.video_start, after.audio_start) == (before.duration, before.video_start, before.audio_start)
    assert {k: v for k, v in after.tags.items() if k in other} == other
    assert metadata(made.read_bytes())["AIGC"] == other["AIGC"]
    assert (tmp_path / "two.mp4").read_bytes() == made.read_bytes()
    mp4.remux(clip, tmp_path / "plain.mp4", {})
    assert "AIGC" not in probing.probe(tmp_path / "plain.mp4").tags


def test_a_file_that_can_not_be_remuxed_is_told_by_name(tmp_path: Path, clip: Path) -> None:
    with pytest.raises(MediaError, match=r"b\.mp4 failed: .*No such file"):
        mp4.remux(clip, tmp_path / "missing" / "b.mp4", {})
    mp4.remux(encode(tmp_path / "silent.mp4", 3), tmp_path / "c.mp4", {})
    assert probing.probe(tmp_path / "c.mp4").audio_codec == ""


def test_a_file_without_sound_or_tags_is_fine(tmp_path: Path) -> None:
    facts = probing.probe(encode(tmp_path / "a.mp4", 3))
    assert (facts.audio_codec, facts.audio_rate) == ("", 0)
    assert "AIGC" not in facts.tags


@pytest.mark.parametrize("name", ["-y.mp4", "concat:a.mp4", "http:b.mp4", "a b'c.mp4", "pipe:1", "%03d.mp4", "ราคา.mp4"])
def test_no_name_is_taken_for_an_option_or_a_protocol(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    out = encode(Path(name), 6, audio=wav(Path(f"{name}.wav"), 0.3))
    assert (tmp_path / name).is_file()
    assert probing.probe(out).height == 112
    assert len(pcm.read_audio(out)) > 0
    assert probing.frame_at(out, 0).shape == (112, 64, 3)
    assert metering.loudness(out).true_peak < 0
    mp4.remux(out, Path(f"again {name}.mp4"), {"k": "v"})
    assert probing.probe(f"again {name}.mp4").tags["k"] == "v"


def test_a_title_in_any_encoding_is_no_hindrance(tmp_path: Path, clip: Path) -> None:
    path = films.titled(clip, tmp_path / "a.mp4")
    assert probing.probe(path).height == 112
    assert len(pcm.read_audio(path)) > RATE
    assert probing.frame_at(path, 0).shape == (112, 64, 3)


def test_an_encoder_that_can_not_write_says_why(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match=r"clip\.mp4 failed: .*No such file or directory"):
        encode(tmp_path / "missing" / "clip.mp4", 60)


def test_an_encoder_that_can_not_read_its_sound_says_why(tmp_path: Path) -> None:
    (tmp_path / "bad.wav").write_bytes(b"not a sound at all")
    with pytest.raises(MediaError, match=r"clip\.mp4 failed: .*[Ii]nvalid"):
        encode(tmp_path / "clip.mp4", 60, audio=tmp_path / "bad.wav")


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[subprocess.Popen[bytes]]:
    """The processes that media starts, from now on."""
    ffmpeg_exe()  # asks each that it finds for its version, once
    processes: list[subprocess.Popen[bytes]] = []
    popen = subprocess.Popen

    def watched(*args: Any, **kwargs: Any) -> subprocess.Popen[bytes]:
        processes.append(popen(*args, **kwargs))
        return processes[-1]

    monkeypatch.setattr(subprocess, "Popen", watched)
    return processes


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Put a shell script in ffmpeg's place; it has its real one as $FFMPEG and leaves its words in the file that is returned."""

    def put(script: str) -> Path:
        said, path = tmp_path / "said", tmp_path / "ffmpeg"
        path.write_text(f"""#!/bin/sh\nFFMPEG='{real}'\nprintf '%s\\n' "$*" >>'{said}'\n{script}\n""")
        path.chmod(0o755)
        monkeypatch.setattr(mp4, "ffmpeg_exe", lambda: str(path))
        return said

    real = ffmpeg_exe()
    return put


def feeds() -> list[threading.Thread]:
    return [t for t in threading.enumerate() if t.name == "encoder feed"]


FRAME = bytes(64 * 112 * 3 // 2)


def test_a_killed_encoder_is_an_error_not_a_short_clip(tmp_path: Path, started: list[subprocess.Popen[bytes]]) -> None:
    def write() -> None:
        with mp4.encoder(tmp_path / "clip.mp4", SMALL, None, {}) as pipe:
            pipe.write(FRAME)
            started[0].kill()
            started[0].wait()
            for _ in range(200):
                pipe.write(FRAME)

    with pytest.raises(MediaError, match=r"clip\.mp4 failed"):
        write()
    assert started[0].poll() is not None
    assert not feeds()


@pytest.mark.skipif(not hasattr(fcntl, "F_SETPIPE_SZ"), reason="pipes have one size here")
def test_a_pipe_that_must_not_grow_is_used_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> int:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(fcntl, "fcntl", refused)
    assert probing.probe(encode(tmp_path / "clip.mp4", 3)).height == 112


def test_an_encoder_that_can_not_be_fed_is_ended(
    tmp_path: Path, started: list[subprocess.Popen[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def thread(*_: object, **__: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading, "Thread", thread)
    with pytest.raises(RuntimeError, match="new thread"):
        encode(tmp_path / "clip.mp4", 3)
    assert started[0].poll() is not None


def test_a_failure_while_composing_ends_the_encoder(tmp_path: Path, started: list[subprocess.Popen[bytes]]) -> None:
    with pytest.raises(ZeroDivisionError), mp4.encoder(tmp_path / "clip.mp4", SMALL, None, {}):
        raise ZeroDivisionError
    assert started[0].poll() is not None
    assert not feeds()


def test_a_frame_is_taken_as_it_is_when_it_is_written(tmp_path: Path) -> None:
    """Who composes paints the next frame into the same buffer at once."""
    buffer = Frame(64, 112).buffer
    with mp4.encoder(tmp_path / "a.mp4", SMALL, None, {}) as pipe:
        for k in range(30):
            buffer[:] = Frame.of(np.full((112, 64, 3), colour(k), np.uint8)).buffer
            pipe.write(buffer.data)
            buffer[:] = 255
    for k in (0, 15, 29):
        assert np.abs(probing.frame_at(tmp_path / "a.mp4", k / 30 + 0.001).reshape(-1, 3).mean(axis=0) - colour(k)).max() <= 4


def test_large_frames_arrive_as_they_were_written() -> None:
    """Their pages may lie in the pipe while later frames are written into the ring."""
    frames = [np.random.default_rng(k).bytes(PIPE + 12_345) for k in range(4 * Feed.RING)]
    receiving, sending = os.pipe()
    if hasattr(fcntl, "F_SETPIPE_SZ"):
        fcntl.fcntl(sending, fcntl.F_SETPIPE_SZ, PIPE)
    with open(receiving, "rb") as reader, open(sending, "wb") as pipe, ThreadPoolExecutor() as pool:
        got = pool.submit(reader.read)
        feed = Feed(pipe)
        for frame in frames:
            feed.write(frame)
        feed.finish()
        assert got.result() == b"".join(frames)


def test_a_frame_may_be_composed_where_it_is_sent_from() -> None:
    receiving, sending = os.pipe()
    with open(receiving, "rb") as reader, open(sending, "wb") as pipe, ThreadPoolExecutor() as pool:
        got = pool.submit(reader.read)
        feed = Feed(pipe)
        for k in range(3 * Feed.RING):
            room = feed.room(PIPE)
            room[:] = bytes([k]) * PIPE
            feed.write(room if k % 2 else b"*" * PIPE)
        feed.finish()
        assert got.result() == b"".join((bytes([k]) if k % 2 else b"*") * PIPE for k in range(3 * Feed.RING))


def test_an_encoder_that_hangs_can_be_interrupted(
    tmp_path: Path, started: list[subprocess.Popen[bytes]], stand_in: Callable[[str], Path]
) -> None:
    said = stand_in("exec sleep 600")
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # who runs the tests may ignore it

    def interrupt() -> None:
        ends = time.monotonic() + 120
        while not (said.exists() and feeds()) and time.monotonic() < ends:
            time.sleep(0.02)
        time.sleep(0.5)  # by then the pipe is full, and who writes into it waits
        os.kill(os.getpid(), signal.SIGINT)

    timer = threading.Thread(target=interrupt)
    timer.start()

    def write() -> None:
        with mp4.encoder(tmp_path / "clip.mp4", SMALL, None, {}) as pipe:
            while True:
                pipe.write(FRAME)

    try:
        with pytest.raises(KeyboardInterrupt):
            write()
    finally:
        timer.join()
        signal.signal(signal.SIGINT, before)
    assert started[0].poll() is not None
    assert not feeds()


def test_an_encoder_that_says_very_much_is_not_waited_for_for_ever(tmp_path: Path, stand_in: Callable[[str], Path]) -> None:
    stand_in("head -c 300000 /dev/zero | tr '\\0' 'x' >&2; echo >&2; echo 'and no more' >&2; exit 3")
    with pytest.raises(MediaError, match=r"and no more"):
        encode(tmp_path / "clip.mp4", 30)


# Pretends to have hardware: what it is asked to encode by it is encoded by x264.
PRETENDS = """
for word; do
  case $before in -cq|-tune|-rc|-spatial-aq|-b:v|-q:v) set -- "$@"; before=; shift; continue;; esac
  case $word in
    -cq|-tune|-rc|-spatial-aq|-b:v|-q:v) before=$word; shift; continue;;
    h264_nvenc|h264_videotoolbox) word=libx264;;
    p5) word=veryfast;;
  esac
  before=
  shift
  set -- "$@" "$word"
done
"""


@pytest.mark.parametrize(("has", "taken"), [("h264_nvenc", "nvenc"), ("h264_videotoolbox", "videotoolbox"), ("nothing", "x264")])
def test_auto_takes_the_machines_own_encoder_where_it_works(tmp_path: Path, stand_in: Callable[[str], Path], has: str, taken: str) -> None:
    lacks = f"case \"$*\" in *{has}*|*libx264*) ;; *h264_*) echo 'Cannot load the driver' >&2; exit 1;; esac"
    said = stand_in(f'{lacks}{PRETENDS}\nexec "$FFMPEG" "$@"')
    encoding = replace(SMALL, encoder="auto")
    for name in ("a.mp4", "b.mp4"):
        facts = probing.probe(encode(tmp_path / name, 10, encoding=encoding))
        assert (facts.codec, facts.profile) == ("h264", "High")
    assert mp4.coder("auto") == taken
    asked = said.read_text().splitlines()
    probes = [line for line in asked if "testsrc2" in line]
    assert len(probes) == len({line.split("-c:v ")[1].split()[0] for line in probes})  # once each, for all clips
    assert all("-frames:v 5 " in line for line in probes)
    encodes = [line for line in asked if "pipe:0" in line]
    wanted = {"nvenc": ("h264_nvenc", "-cq 17", "-b:v 0"), "videotoolbox": ("h264_videotoolbox", "-q:v 81"), "x264": ("libx264", "-crf 14")}
    assert len(encodes) == 2
    assert all(option in line for option in wanted[taken] for line in encodes)


def test_an_encoder_asked_for_by_name_must_work(tmp_path: Path, stand_in: Callable[[str], Path]) -> None:
    stand_in("echo 'Cannot load libcuda.so.1' >&2; exit 1")
    with pytest.raises(NotReady, match=r"nvenc does not work here: Cannot load libcuda"):
        encode(tmp_path / "a.mp4", 3, encoding=replace(SMALL, encoder="nvenc"))
    assert mp4.coder("x264") == "x264"  # nobody has to be asked


def test_clips_made_at_once_share_the_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(8)), raising=False)
    assert [mp4.threads(workers) for workers in (1, 2, 3, 4, 8, 64)] == [0, 4, 2, 2, 1, 1]


def test_what_is_no_video_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"\0\0\0\x18ftypmp42 and then nothing")
    with pytest.raises(UserError, match=r"a\.mp4 can't be read as a video"):
        probing.probe(tmp_path / "a.mp4")
    with pytest.raises(UserError, match=r"a\.wav has no picture"):
        probing.probe(wav(tmp_path / "a.wav"))


def test_a_frame_beyond_the_end_is_the_last_one(clip: Path) -> None:
    assert np.array_equal(probing.frame_at(clip, 60.0), probing.frame_at(clip, 44 / 30 + 0.001))
