"""The sound without its voices: windows that join without a seam, and Demucs on a tiny model with random weights."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sounds import in_memory

from localize import engines
from localize.errors import NotReady, UserError
from localize.media.mapped import blank
from localize.separate import Samples, without
from localize.separate.demucs import FILE, DemucsSeparator

RATE = 8000


def noise(seconds: float, channels: int = 2, rate: int = RATE) -> Samples:
    return np.random.default_rng(7).normal(0, 0.1, (round(seconds * rate), channels)).astype(np.float32)


# ---- windows


def test_where_nothing_is_voice_all_stays_sample_by_sample() -> None:
    sound = noise(30)
    out = without(np.zeros_like, sound, RATE, [(3.0, 4.0), (10.0, 24.5)], longest=4)
    assert out.shape == sound.shape
    assert np.array_equal(out[2 * RATE : 5 * RATE], sound[2 * RATE : 5 * RATE])
    assert np.array_equal(out[9 * RATE : round(25.5 * RATE)], sound[9 * RATE : round(25.5 * RATE)])
    assert not out[6 * RATE : 8 * RATE].any()  # nobody asked for it


@pytest.mark.parametrize("seconds", [0.4, 3.0, 4.1, 7.0, 7.1, 29.9])
def test_where_all_is_voice_nothing_stays_however_many_windows_it_takes(seconds: float) -> None:
    sound = noise(30)
    out = without(lambda window: window, sound, RATE, [(0.05, seconds)], longest=4)
    assert np.abs(out[: round(seconds * RATE)]).max() < 1e-6


def test_windows_are_no_longer_than_the_model_hears_and_fade_into_each_other() -> None:
    lengths: list[int] = []

    def voices(window: Samples) -> Samples:
        lengths.append(len(window))
        return np.full_like(window, 0.1 * len(lengths))  # each window hears something else

    out = without(voices, np.zeros((30 * RATE, 1), np.float32), RATE, [(5.0, 20.0)], longest=4)
    assert max(lengths) <= 4 * RATE
    assert min(lengths) > 3 * RATE
    heard = out[5 * RATE : 20 * RATE, 0]
    assert np.abs(np.diff(heard)).max() < 2e-5 * 2  # 0.1 over a second


def test_stretches_that_meet_are_heard_as_one_and_a_file_serves_as_sound(tmp_path: Path) -> None:
    calls: list[int] = []

    def voices(window: Samples) -> Samples:
        calls.append(len(window))
        return window

    np.save(tmp_path / "sound.npy", noise(20))
    sound = np.load(tmp_path / "sound.npy", mmap_mode="r")
    without(voices, sound, RATE, [(12.0, 13.0), (10.0, 11.0), (1.0, 1.5)], longest=10)
    assert calls == [round(2.5 * RATE), 5 * RATE]
    assert not len(without(voices, noise(0), RATE, [(0.0, 1.0)], longest=10))
    assert not without(voices, noise(2), RATE, [], longest=10).any()
    assert len(calls) == 2


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells how much of a file is in memory")
def test_a_long_sound_is_never_in_memory_as_a_whole() -> None:
    sound = blank(1200 * RATE, 2)  # 77 MB, as what is left of it
    before = most = in_memory()

    def voices(window: Samples) -> Samples:
        nonlocal most
        most = max(most, in_memory())
        return window

    without(voices, sound, RATE, [(0.0, 1200.0)], longest=8)
    assert max(most, in_memory()) - before < 16


# ---- without a model


def test_what_is_missing_is_said_and_its_licence_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CROSSREEL_MODELS", str(tmp_path))
    assert "demucs" in engines.names("separate")
    with pytest.raises(UserError, match="non-commercial"):
        engines.get("separate", "demucs")
    monkeypatch.setattr("localize.separate.demucs.find_spec", lambda name: None if name == "demucs" else object())
    assert DemucsSeparator().missing() == "the package demucs is not installed (pip install 'crossreel[separate]')."
    monkeypatch.setattr("localize.separate.demucs.find_spec", lambda name: object())
    assert "crossreel models pull demucs" in DemucsSeparator().missing()
    with pytest.raises(NotReady, match="models pull demucs"):
        DemucsSeparator().background(noise(1), RATE, [(0.0, 1.0)])


# ---- a tiny model


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Demucs of the same build as the published one, with random weights, in the engine's folder as the hub has it. Returns it."""
    torch = pytest.importorskip("torch")
    from demucs.htdemucs import HTDemucs
    from safetensors.torch import save_file

    torch.manual_seed(1)
    shape: dict[str, Any] = {
        "sources": ["drums", "bass", "other", "vocals"], "channels": 8, "t_layers": 1, "t_heads": 2, "bottom_channels": 32,
    }  # fmt: skip
    model = HTDemucs(**shape, segment=Fraction(6, 5)).eval()
    kwargs = shape | {"segment": {"_type": "fraction", "numerator": 6, "denominator": 5}}
    told = {"klass": "demucs.htdemucs.HTDemucs", "args": "[]", "kwargs": json.dumps(kwargs)}
    monkeypatch.setenv("CROSSREEL_MODELS", str(tmp_path))
    (tmp_path / "demucs").mkdir()
    save_file({name: value.contiguous() for name, value in model.state_dict().items()}, tmp_path / "demucs" / FILE, told)
    return model


@pytest.mark.neural
def test_what_the_model_takes_for_a_voice_is_taken_out(tiny: Any) -> None:
    import torch

    sound = noise(1.2, rate=44_100)  # all that it hears at once
    out = DemucsSeparator().background(sound, 44_100, [(0.0, 1.2)])
    with torch.no_grad():
        voice = tiny(torch.from_numpy(sound.T.copy())[None])[0, 3].numpy().T
    assert np.abs(voice).max() > 1e-4
    assert np.allclose(out, sound - voice, atol=1e-5)


@pytest.mark.neural
@pytest.mark.parametrize(("channels", "rate"), [(1, 44_100), (2, 48_000), (3, 22_050), (6, 48_000)])
def test_any_channels_and_rates_are_heard(tiny: Any, channels: int, rate: int) -> None:
    sound = noise(3.0, channels, rate)
    separator = DemucsSeparator()
    out = separator.background(sound, rate, [(1.2, 1.6)])
    assert out.shape == sound.shape
    part = slice(round(1.2 * rate), round(1.6 * rate))
    assert all((out[part, k] != sound[part, k]).any() for k in range(channels))
    assert np.array_equal(out, DemucsSeparator().background(sound, rate, [(1.2, 1.6)]))  # by no chance
    assert separator.fingerprint().startswith("demucs-1-cpu-")


@pytest.mark.neural
def test_a_file_of_something_else_is_not_loaded(tiny: Any, tmp_path: Path) -> None:
    import torch
    from safetensors.torch import save_file

    path = tmp_path / "demucs" / FILE
    told = {"klass": "subprocess.Popen", "args": json.dumps([["touch", str(tmp_path / "made")]]), "kwargs": "{}"}
    save_file({"a": torch.zeros(1)}, path, told)
    with pytest.raises(NotReady, match="none of Demucs"):
        DemucsSeparator().background(noise(1), RATE, [(0.0, 1.0)])
    assert not (tmp_path / "made").exists()
    path.write_bytes(path.read_bytes()[:20])
    with pytest.raises(NotReady, match=FILE):
        DemucsSeparator().background(noise(1), RATE, [(0.0, 1.0)])
