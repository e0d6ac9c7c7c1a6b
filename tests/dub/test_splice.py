"""A dubbed track is made of the source's own packets but where the dub is."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from films import real
from sounds import RATE, heard, likeness, outside, shifted, tune, video

from localize.dub.decoded import decoded
from localize.dub.noise import draws, match
from localize.dub.splice import Grid, grid_of, spliced
from localize.media.mapped import blank
from localize.media.pcm import Samples

SAID = [(0.9, 1.4)]


def changed(samples: Samples, rate: int, stretches: list[tuple[float, float]]) -> Samples:
    """The sound with a tone in place of what is heard in the stretches."""
    mixed = blank(*samples.shape)
    mixed[:] = samples
    for start, end in stretches:
        first, last = round(start * rate), round(end * rate)
        swell = np.sin(np.pi * np.arange(last - first) / (last - first)) ** 2
        tone = 0.2 * np.sin(2 * np.pi * 330 * np.arange(last - first) / rate)
        mixed[first:last] = mixed[first:last] * (1 - 0.9 * swell[:, None]) + (tone * swell)[:, None]
    return mixed


@pytest.mark.parametrize("said", [SAID, [(0.0, 0.5), (1.6, 1.9)], [(2.4, 3.0)], []], ids=["middle", "beginning", "end", "nothing"])
def test_outside_the_dub_the_track_decodes_to_the_same_samples(tmp_path: Path, said: list[tuple[float, float]]) -> None:
    source = video(tmp_path / "a.mp4", tune(3.0))
    sound = decoded(source)
    assert sound is not None
    mixed = changed(sound.samples, RATE, said)
    made = spliced(source, 0, mixed, said, tmp_path / "new.mp4", rate=RATE, layout="stereo")
    before, after = heard(source), heard(tmp_path / "new.mp4")
    assert len(before) == len(after)
    free = outside(len(after), made.touched, RATE)
    assert np.array_equal(after[free], before[free])
    assert made.kept > 0
    assert not made.note
    for start, end in said:
        inside = slice(round(start * RATE), round(end * RATE))
        assert likeness(after[inside], mixed[inside]) > 20
    assert sum(end - start for start, end in made.touched) < sum(end - start + 0.5 for start, end in said) + 1e-9


def test_what_is_declared_as_touched_covers_the_dub(tmp_path: Path) -> None:
    source = video(tmp_path / "a.mp4", tune(3.0))
    made = spliced(source, 0, changed(decoded(source).samples, RATE, SAID), SAID, tmp_path / "new.mp4", rate=RATE, layout="stereo")  # type: ignore[union-attr]
    (start, end), = made.touched  # fmt: skip
    assert start <= SAID[0][0]
    assert SAID[0][1] <= end


@pytest.mark.parametrize(("name", "late"), [("a.mp4", 0.4), ("a.mp4", -0.3), ("a.mkv", 0.0), ("a.mkv", 0.3), ("a.mov", 0.01)])
def test_the_track_starts_when_the_source_does(tmp_path: Path, name: str, late: float) -> None:
    source = shifted(video(tmp_path / "plain.mp4", tune(2.5)), tmp_path / name, late)
    sound = decoded(source)
    assert sound is not None
    made = spliced(source, 0, changed(sound.samples, RATE, SAID), SAID, tmp_path / "new.mp4", rate=RATE, layout="stereo")
    # The new file has no pictures: what was heard before them is not in it, and it starts with them.
    with av.open(str(tmp_path / "new.mp4")) as container:
        frames = [(frame.time or 0.0, frame.to_ndarray().T) for frame in container.decode(audio=0)]
    after_it = np.concatenate([part for _, part in frames])
    first = round(frames[0][0] * RATE)
    old = sound.samples[first : first + len(after_it)]
    free = outside(first + len(old), made.touched, RATE)[first:]
    assert free.sum() > RATE
    assert likeness(after_it[: len(old)][free], old[free]) > 90


@pytest.mark.parametrize(
    ("name", "codec", "why"), [("a.mkv", "pcm_s16le", "pcm_s16le"), ("a.mkv", "libopus", "opus"), ("a.ts", "aac", "headers of their own")]
)
def test_other_codecs_are_encoded_anew_with_a_note(tmp_path: Path, name: str, codec: str, why: str) -> None:
    source = video(tmp_path / name, tune(2.0, 48_000), rate=48_000, codec=codec, seconds=2.0)
    sound = decoded(source)
    assert sound is not None
    made = spliced(source, 0, sound.samples, [], tmp_path / "new.mp4", rate=48_000, layout="stereo")
    assert why in made.note
    assert made.kept == 0
    assert made.touched == [(0.0, len(sound.samples) / 48_000)]
    assert likeness(heard(tmp_path / "new.mp4"), sound.samples) > 15


def test_lossless_is_exact_everywhere(tmp_path: Path) -> None:
    source = video(tmp_path / "a.mp4", tune(2.0), seconds=2.0)
    mixed = changed(decoded(source).samples, RATE, SAID)  # type: ignore[union-attr]
    made = spliced(source, 0, mixed, SAID, tmp_path / "new.mp4", rate=RATE, layout="stereo", lossless=True)
    assert made.touched == SAID
    assert likeness(heard(tmp_path / "new.mp4"), mixed) > 110


def test_one_channel_and_a_low_rate(tmp_path: Path) -> None:
    source = video(tmp_path / "a.mp4", tune(3.0, 22_050)[:, :1].copy(), rate=22_050, bits="48k")
    sound = decoded(source)
    assert sound is not None
    assert (sound.rate, sound.layout) == (22_050, "mono")
    made = spliced(source, 0, changed(sound.samples, 22_050, SAID), SAID, tmp_path / "new.mp4", rate=22_050, layout="mono")
    before, after = heard(source), heard(tmp_path / "new.mp4")
    free = outside(len(after), made.touched, 22_050)
    assert likeness(after[free], before[free]) > 60


def test_noise_that_is_left_to_the_decoder_stays_the_same(tmp_path: Path) -> None:
    hiss = tune(4.0) + 0.03 * np.random.default_rng(5).standard_normal((4 * RATE, 2)).astype(np.float32)
    source = video(tmp_path / "a.mp4", hiss, bits="96k", seconds=4.0)
    grid = grid_of(source, 0)
    assert isinstance(grid, Grid)
    assert sum(draws([list(grid.between(0, len(grid.packets)))], 2, grid.header)) > 0
    made = spliced(source, 0, changed(decoded(source).samples, RATE, SAID), SAID, tmp_path / "new.mp4", rate=RATE, layout="stereo")  # type: ignore[union-attr]
    before, after = heard(source), heard(tmp_path / "new.mp4")
    free = outside(len(after), made.touched, RATE)
    assert not made.note
    assert np.array_equal(before[free], after[free])


def test_versions_of_packets_are_taken_that_draw_as_much_noise(tmp_path: Path) -> None:
    hiss = 0.05 * np.random.default_rng(5).standard_normal((2 * RATE, 2)).astype(np.float32)
    noisy, quiet = (grid_of(video(tmp_path / f"{k}.mp4", sound, bits="96k"), 0) for k, sound in enumerate((hiss, 0 * hiss)))
    assert isinstance(noisy, Grid)
    assert isinstance(quiet, Grid)
    old, none = list(noisy.between(10, 39)), list(quiet.between(10, 39))
    taken: list[bytes] = []
    assert match(old, zip(none, old, strict=True), 2, noisy.header, taken.append) == 0
    assert sum(draws([taken], 2, noisy.header)) == sum(draws([old], 2, noisy.header)) > 0
    assert match(old, ([packet] for packet in none), 2, noisy.header, taken.append) == sum(draws([old], 2, noisy.header))


def test_noise_for_which_there_is_no_room_at_the_end_is_drawn_early(tmp_path: Path) -> None:
    hiss = 0.05 * np.random.default_rng(5).standard_normal((2 * RATE, 2)).astype(np.float32)
    noisy, quiet = (grid_of(video(tmp_path / f"{k}.mp4", sound, bits="96k"), 0) for k, sound in enumerate((hiss, 0 * hiss)))
    assert isinstance(noisy, Grid)
    assert isinstance(quiet, Grid)
    loud, none = list(noisy.between(10, 39)), list(quiet.between(10, 39))
    wanted = sum(draws([loud], 2, noisy.header))
    old = [*none * 3, *loud]
    versions = [[a, b] for a, b in zip(none * 3, loud * 3, strict=True)] + [[a, a] for a in none]
    assert match(old, versions, 2, noisy.header, [].append) > 0
    taken: list[bytes] = []
    assert match(old, versions, 2, noisy.header, taken.append, early=True) == 0
    assert len(taken) == len(old)
    assert sum(draws([taken], 2, noisy.header)) == wanted


@pytest.mark.parametrize("name", ["latentsync_demo1.mp4", "latentsync_demo3.mp4", "liveportrait_d6.mp4", "videoretalking_face4.mp4"])
def test_real_videos_sound_the_same_outside_the_dub(tmp_path: Path, name: str) -> None:
    source = real(name)
    sound = decoded(source)
    assert sound is not None
    said = [(1.0, 1.8), (3.0, 3.9)]
    mixed = changed(sound.samples, sound.rate, said)
    made = spliced(source, 0, mixed, said, tmp_path / "new.mp4", rate=sound.rate, layout=sound.layout)
    before, after = heard(source), heard(tmp_path / "new.mp4")
    assert len(before) == pytest.approx(len(after), abs=0.001 * sound.rate)  # what these files say of their length is in ms
    before, after = before[: len(after)], after[: len(before)]
    free = outside(len(after), made.touched, sound.rate)
    assert likeness(after[free], before[free]) > 60
    for start, end in said:
        inside = slice(round(start * sound.rate), round(end * sound.rate))
        assert likeness(after[inside], mixed[inside]) > 20
