"""A dub in a video's sound: heard well where it is, and nothing else is changed."""

from __future__ import annotations

import subprocess
import tempfile
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from sounds import RATE, in_memory, outside, shifted, tune, video, voice
from sounds import heard as all_heard

from localize.dub.decoded import HEARD, RARE, Sound, _change, _layout, decoded, heard
from localize.dub.sound import Bed, Mixed, Stretch, _peaks, _put, dubbed
from localize.dub.splice import spliced
from localize.errors import NotReady, UserError
from localize.media import metering, mixing, pcm
from localize.media.command import ffmpeg_exe
from localize.media.mapped import blank
from localize.media.pcm import Samples

SAID = [(1.0, 2.0), (4.0, 5.0)]


def source(samples: Samples, rate: int = RATE, layout: str = "stereo") -> Sound:
    on_disk = blank(*samples.shape)
    on_disk[:] = samples
    return Sound(on_disk, rate, layout)


def dub(*starts: float, seconds: float = 0.8) -> list[tuple[float, Samples]]:
    return [(start, voice(seconds)) for start in starts]


def part(mixed: Mixed, start: float, end: float) -> Samples:
    return np.ascontiguousarray(mixed.samples[round(start * mixed.rate) : round(end * mixed.rate)])


def clicks(samples: Samples, rate: int) -> float:
    """The highest of a ms above 16 kHz, against the median of all: what jumps is heard there."""
    spectrum = np.fft.rfft(samples[:, 0])
    spectrum[np.fft.rfftfreq(len(samples), 1 / rate) < 16_000] = 0
    cells = np.abs(np.fft.irfft(spectrum, len(samples)))[: len(samples) // 44 * 44].reshape(-1, 44).max(axis=1)
    return float(cells.max() / np.median(cells))


@pytest.mark.parametrize("bed", ["ducked", "muted", "separated", "music"])
def test_outside_the_stretches_all_is_the_source_s_sample_for_sample(bed: Bed) -> None:
    original = source(tune(7.0))
    silence, music = (lambda at, stop: original.samples[at:stop] * 0), Path("assets/music/calm.ogg")
    mixed = dubbed(original, 7.0, dub(1.0, 4.1), SAID, bed, background=silence, music=music)
    free = outside(len(mixed.samples), mixed.touched, RATE)
    assert np.array_equal(mixed.samples[free], original.samples[free])
    assert not np.array_equal(part(mixed, 1.2, 1.8), original.samples[round(1.2 * RATE) : round(1.8 * RATE)])
    starts, ends = zip(*mixed.touched, strict=True)
    assert starts[0] == pytest.approx(1.0 - 0.12, abs=0.001)
    assert ends[-1] == pytest.approx(5.0 + 0.16, abs=0.001)
    assert len(mixed.touched) == (1 if bed == "music" else 2)


def test_the_dub_is_as_loud_as_the_source_s_speech_and_far_above_it() -> None:
    original = source(tune(7.0))
    spoken = metering.measured(np.concatenate([pcm.resampled(np.ascontiguousarray(tune(7.0)[RATE : 2 * RATE, k]), RATE, 48_000)[:, None]
                                            for k in (0, 1)], axis=1)).integrated  # fmt: skip
    mixed = dubbed(original, 7.0, dub(1.0, 4.0), [SAID[0]])
    assert mixed.loudness == pytest.approx(spoken, abs=0.3)
    assert mixed.loudness - mixed.under >= 12
    silent = dubbed(original, 7.0, [(1.0, 0 * voice(0.8))], [SAID[0]])
    left = part(silent, 1.1, 1.9) / original.samples[round(1.1 * RATE) : round(1.9 * RATE)]
    assert 20 * np.log10(np.median(left)) == pytest.approx(-18, abs=0.5)


def test_a_louder_place_is_lowered_further() -> None:
    loud = tune(7.0)
    loud[4 * RATE : 5 * RATE] *= 4
    mixed = dubbed(source(loud), 7.0, dub(1.0, 4.1), [SAID[0]])
    assert mixed.loudness - mixed.under >= 12


def test_the_source_goes_down_and_comes_back_without_a_click() -> None:
    t = np.arange(7 * RATE) / RATE
    tone = np.repeat((0.3 * np.sin(2 * np.pi * 440 * t))[:, None], 2, axis=1).astype(np.float32)
    tone += 1e-4 * np.random.default_rng(1).standard_normal(tone.shape).astype(np.float32)
    mixed = dubbed(source(tone), 7.0, [(1.0, 0.5 * voice(0.8) * 0)], SAID)
    assert clicks(mixed.samples, RATE) < 6
    cut = tone.copy()
    cut[RATE : 2 * RATE] *= 0.1
    assert clicks(cut, RATE) > 6, "a jump is seen"


def test_peaks_are_kept_in_the_stretches_only() -> None:
    hot = np.clip(6 * tune(7.0), -1, 1).astype(np.float32)
    mixed = dubbed(source(hot), 7.0, [(1.0, voice(0.8) * np.float32(1)), (4.1, voice(0.8))], SAID)
    for start, end in SAID:
        assert metering.measured(part(mixed, start, end)).true_peak <= -1.5
    free = outside(len(mixed.samples), mixed.touched, RATE)
    assert np.abs(mixed.samples[free]).max() == 1.0
    assert np.array_equal(mixed.samples[free], hot[free])


def hot(seconds: float, rate: int) -> Samples:
    """A sound on disk that is too loud nearly everywhere: [n, 1]."""
    out = blank(round(seconds * rate), 1)
    out[:, 0] = np.random.default_rng(2).normal(0, 0.6, len(out))
    return out


def test_a_stretch_is_limited_by_blocks_as_it_would_be_at_once() -> None:
    rate, out = 8000, hot(13.0, 8000)
    stretch, source = Stretch.around((4000, 100_000), len(out), rate), np.array(out)
    _put(out, stretch, lambda at, stop: np.array(out[at:stop]), rate)
    blocks = [(at, min(at + 4096 * 8, stretch.end)) for at in range(stretch.begin, stretch.end, 4096 * 8)]
    assert len(blocks) == 3
    peaks = np.concatenate([_peaks(lambda at, stop: source[at:stop], *block, len(out), 8) for block in blocks])
    down = stretch.down(stretch.begin, stretch.end)
    curve = mixing.limits(np.where(down[::8] < 1, 0, peaks), 10 ** (mixing.PEAK / 20))
    places = np.arange(stretch.begin, stretch.end)
    limit = 1 - (1 - np.interp(places, stretch.begin + np.arange(len(curve)) * 8 + 4.0, curve)) * down
    assert np.array_equal(out[stretch.begin : stretch.end], source[stretch.begin : stretch.end] * limit[:, None].astype(np.float32))
    assert limit.min() < 0.5


def test_a_long_stretch_takes_no_more_memory_than_a_short_one() -> None:
    rate, most = 8000, []
    for seconds in (20, 120):
        out = blank(seconds * rate, 1)
        tracemalloc.start()
        _put(out, Stretch.around((0, len(out)), len(out), rate), lambda at, stop, out=out: np.array(out[at:stop]), rate)
        most.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert most[1] < 1.2 * most[0]


def test_a_background_takes_the_source_s_place() -> None:
    original, hum = source(tune(7.0)), np.full((7 * RATE, 2), 0.01, np.float32)
    mixed = dubbed(original, 7.0, [], SAID, "separated", background=lambda at, stop: hum[at:stop])
    assert part(mixed, 1.0, 2.0) == pytest.approx(0.01, abs=1e-6)


@pytest.mark.heavy
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells how much of a file is in memory")
@pytest.mark.parametrize("bed", ["separated", "ducked"])
def test_a_long_sound_is_never_in_memory_as_a_whole(bed: Bed) -> None:
    seconds, most = 160, 0
    source, rest = Sound(blank(seconds * RATE, 2), RATE, "stereo"), blank(seconds * RATE, 2)  # 56 MB each, and a voice of 28 MB
    before, speech = in_memory(), voice(7.9)

    def pieces() -> Iterator[tuple[float, Samples]]:
        nonlocal most
        for start in range(0, seconds, 8):
            most = max(most, in_memory())
            yield start, speech

    def background(at: int, stop: int) -> Samples:
        nonlocal most
        most = max(most, in_memory())
        return rest[at:stop]

    dubbed(source, seconds, pieces(), [(start, start + 7.9) for start in range(0, seconds, 8)], bed, background=background)
    assert max(most, in_memory()) - before < 16


def test_muted_is_silent() -> None:
    mixed = dubbed(source(tune(7.0)), 7.0, [], SAID, "muted")
    assert np.abs(part(mixed, 1.0, 2.0)).max() == 0


def test_a_video_without_sound_is_given_some() -> None:
    mixed = dubbed(None, 5.0, dub(1.0, 3.0), [])
    assert (mixed.rate, mixed.layout, mixed.samples.shape) == (48_000, "stereo", (240_000, 2))
    assert metering.measured(part(mixed, 1.0, 1.8)).integrated == pytest.approx(-14, abs=0.5)
    assert np.abs(part(mixed, 0.0, 0.5)).max() == 0
    under = dubbed(None, 5.0, dub(1.0, 3.0), [], "music", music=Path("assets/music/calm.ogg"))
    assert under.touched == [(0.0, 5.0)]
    assert np.abs(part(under, 2.2, 2.6)).max() > 0


def test_what_is_spoken_behind_the_end_is_cut_off() -> None:
    mixed = dubbed(source(tune(3.0)), 3.0, dub(2.5), [])
    assert len(mixed.samples) == 3 * RATE
    assert mixed.touched[-1][1] == 3.0


def test_surround_speaks_from_the_middle() -> None:
    wide = np.repeat(tune(4.0)[:, :1], 6, axis=1) * np.float32(0.3)
    mixed = dubbed(source(wide, layout="5.1"), 4.0, dub(1.0), [(1.0, 2.0)], "muted")
    loudest = np.abs(part(mixed, 1.1, 1.7)).max(axis=0)
    assert loudest[2] > 0
    assert loudest[[0, 1, 3, 4, 5]].max() == 0


@pytest.mark.parametrize(
    ("own", "kept", "lossless"),
    [
        ("mono", "mono", "mono"), ("stereo", "stereo", "stereo"), ("3.0", "3.0", "3.0"), ("5.1", "5.1", "5.1"), ("quad", "quad", "5.0"),
        ("2.1", "2.1", "5.1"), ("3.0(back)", "3.0(back)", "4.0"), ("hexagonal", "hexagonal", "5.1"), ("5.1(side)", "5.1", "5.1"),
        ("5.0(side)", "5.0", "5.0"), ("quad(side)", "5.0", "5.0"), ("3.1", "5.1", "5.1"), ("4.1", "5.1", "5.1"), ("6.1", "5.1", "5.1"),
        ("7.1", "5.1", "5.1"), ("7.1(wide)", "5.1", "5.1"), ("22.2", "5.1", "5.1"), ("downmix", "stereo", "stereo"),
        ("1 channels", "mono", "mono"), ("6 channels", "5.1", "5.1"), ("8 channels", "5.1", "5.1"), ("16 channels", "5.1", "5.1"),
    ],
)  # fmt: skip
def test_a_layout_is_one_that_a_dub_can_have(own: str, kept: str, lossless: str) -> None:
    assert _layout(av.AudioLayout(own), RARE) == kept
    assert _layout(av.AudioLayout(own), ()) == lossless


@pytest.mark.parametrize(
    ("own", "rate", "change"),
    [
        ("7.1", 48_000, "7.1 to 5.1"), ("7.1", 192_000, "7.1 to 5.1 and 192000 Hz to 48000 Hz"),
        ("stereo", 176_400, "176400 Hz to 48000 Hz"),
        ("6.1", 48_000, "6.1 to 5.1"), ("6.0", 48_000, "6.0 to 5.1"), ("hexagonal", 48_000, "hexagonal to 5.1"),
        ("8 channels", 48_000, "8 channels to 5.1"), ("6 channels", 48_000, ""), ("5.1(side)", 48_000, ""), ("quad", 48_000, ""),
        ("2.1", 48_000, ""), ("downmix", 48_000, ""), ("mono", 48_000, ""),
    ],
)  # fmt: skip
def test_what_a_dub_can_not_have_of_a_sound_is_said(own: str, rate: int, change: str) -> None:
    assert _change(av.AudioLayout(own), _layout(av.AudioLayout(own), ()), rate, 48_000) == change


@pytest.mark.parametrize(
    ("layout", "codec", "name"),
    [
        ("7.1", "aac", "a.mp4"), ("7.1", "flac", "a.mkv"), ("6.1", "aac", "a.mp4"), ("quad", "aac", "a.mp4"), ("2.1", "flac", "a.mkv"),
        ("5.1(side)", "ac3", "a.mkv"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("lossless", [False, True])
def test_a_video_with_many_channels_is_dubbed(tmp_path: Path, layout: str, codec: str, name: str, lossless: bool) -> None:
    own = av.AudioLayout(layout)
    assert _layout(own, RARE) != "7.1", "what comes out of it ends the process"
    tones = "|".join(f"0.1*sin(2*PI*{200 + 60 * k}*t)" for k in range(own.nb_channels))
    inputs = ["-f", "lavfi", "-i", "testsrc2=s=64x64:r=25:d=0.4", "-f", "lavfi", "-i", f"aevalsrc={tones}:c={layout}:s=48000:d=0.4"]
    command = [ffmpeg_exe(), "-v", "error", *inputs, "-c:v", "libx264", "-c:a", codec, "-b:a", "640k", str(tmp_path / name)]
    subprocess.run(command, check=True)
    sound = decoded(tmp_path / name, lossless=lossless)
    assert sound is not None
    at = [channel.name for channel in av.AudioLayout(sound.layout).channels]
    made = spliced(tmp_path / name, 0, sound.samples, [], tmp_path / "new.mp4", rate=48_000, layout=sound.layout, lossless=lossless)
    assert made.kept == 0 or (layout, lossless) == ("quad", False)
    assert bool(sound.change) == (layout in ("7.1", "6.1"))
    with av.open(str(tmp_path / "new.mp4")) as container:
        assert container.streams.audio[0].layout.name == sound.layout
    after = all_heard(tmp_path / "new.mp4")
    for k, channel in enumerate(own.channels):  # each has its own tone, where it was, but for the low one that takes none of these
        place = {"SL": "BL", "SR": "BR"}.get(channel.name, channel.name)
        if place in at and channel.name != "LFE" and own.nb_channels <= 6:
            spectrum = np.abs(np.fft.rfft(after[4800:14400, at.index(place)]))
            assert np.fft.rfftfreq(9600, 1 / 48_000)[spectrum.argmax()] == 200 + 60 * k


def test_sound_counts_from_the_first_picture(tmp_path: Path) -> None:
    late = decoded(shifted(video(tmp_path / "a.mp4", tune(2.0)), tmp_path / "late.mp4", 0.5))
    plain = decoded(tmp_path / "a.mp4")
    assert late is not None
    assert plain is not None
    shift = round(0.5 * RATE)
    assert np.abs(late.samples[: shift - 1024]).max() == 0  # what the encoder begins with may be heard
    assert np.array_equal(late.samples[shift : shift + RATE], plain.samples[:RATE])
    listened = heard(tmp_path / "late.mp4")
    assert listened is not None
    assert len(listened) == pytest.approx(2.5 * HEARD, abs=0.05 * HEARD)
    assert np.abs(listened[: round(0.47 * HEARD)]).max() < 1e-3 < np.abs(listened[round(0.5 * HEARD) :]).max()


def test_a_full_disk_is_told_with_the_room_that_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = video(tmp_path / "a.mp4", tune(1.0), seconds=1.0)
    if not Path("/dev/full").exists():
        pytest.skip("no disk is always full here")
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda: Path("/dev/full").open("wb"))  # noqa: SIM115
    with pytest.raises(NotReady, match=r"has no room for 0\.4 MB of sound.*TMPDIR"):
        decoded(source)
    with pytest.raises(NotReady, match="TMPDIR"):
        heard(source)


def test_a_video_without_sound_has_none_and_a_track_must_be_there(tmp_path: Path) -> None:
    assert decoded(video(tmp_path / "mute.mp4")) is None
    assert heard(tmp_path / "mute.mp4") is None
    with pytest.raises(UserError, match="no sound track 3"):
        decoded(video(tmp_path / "a.mp4", tune(1.0), seconds=1.0), track=2)
