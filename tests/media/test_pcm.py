"""Sound comes back as it was written, and any file's is read at the rate asked for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from encodes import encode

from localize.errors import UserError
from localize.media import pcm
from localize.media.pcm import RATE


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
