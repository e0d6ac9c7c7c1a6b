"""What both converters with a model do, each with a narrow model of its own architecture and random weights."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import tiny_models
from tiny_models import noise

from localize.errors import NotReady, UserError
from localize.voice import Samples
from localize.voice.converters.freevc import FreeVCConverter
from localize.voice.converters.neural import ConverterOptions, NeuralConverter
from localize.voice.converters.openvoice import OpenVoiceConverter, OpenVoiceOptions
from localize.voice.converters.pieces import through


@dataclass(frozen=True)
class Kind:
    """A converter, how its narrow model is made, its rate in Hz, and where in speech a change is looked for (mean of all)."""

    of: Callable[[Path], NeuralConverter]
    make: Callable[[Path], Path]
    rate: int
    places: tuple[float, ...]
    files: tuple[str, ...]
    sub: str = ""


KINDS = {
    # Without WavLM's attention, which hears the whole: with it nothing would show where what is said goes to. Its frames of 20 ms
    # put a change anywhere within half of one.
    "freevc": Kind(
        lambda folder: FreeVCConverter(ConverterOptions(model=str(folder), device="cpu")),
        lambda place: tiny_models.freevc(place, layers=0),
        24000,
        (0.8, 0.907, 1.004, 1.111),
        ("model.pth", "config.json", "WavLM-Large.pt", "speaker_encoder.pt"),
    ),
    "openvoice": Kind(
        lambda folder: OpenVoiceConverter(OpenVoiceOptions(model=str(folder), device="cpu")),
        tiny_models.openvoice,
        22050,
        (1.0,),
        ("checkpoint.pth",),
        "converter",
    ),
}


@pytest.fixture(scope="module", params=KINDS)
def kind(request: pytest.FixtureRequest) -> Kind:
    for package in ("torch", "torchaudio", "TTS"):
        pytest.importorskip(package)
    return KINDS[request.param]


@pytest.fixture(scope="module")
def converter(kind: Kind, tmp_path_factory: pytest.TempPathFactory) -> NeuralConverter:
    folder = tmp_path_factory.mktemp("models") / "model"
    kind.make(folder / kind.sub)
    return kind.of(folder)


@pytest.mark.neural
@pytest.mark.parametrize("seconds", [0.02, 0.777, 3.0])
def test_it_keeps_the_length(kind: Kind, converter: NeuralConverter, tmp_path: Path, seconds: float) -> None:
    said, rate = converter.convert(noise(seconds), 48000, tiny_models.reference(tmp_path))
    assert rate == kind.rate
    assert abs(len(said) / rate - seconds) < 1e-4
    assert said.dtype == np.float32
    assert np.abs(said).max() > 0.01


@pytest.mark.neural
def test_what_is_said_stays_where_it_is(kind: Kind, converter: NeuralConverter, tmp_path: Path) -> None:
    """Where a short sound is added to the speech, there and nowhere else the converted speech changes."""
    speaker, plain = tiny_models.reference(tmp_path), noise(2)
    one, rate = converter.convert(plain, 48000, speaker)
    t, off = np.arange(len(one)) / rate, []
    for at in kind.places:
        added = plain.copy()
        added[round(at * 48000) :][:480] += (0.3 * np.sin(np.arange(480) * 0.3)).astype(np.float32)
        other, _ = converter.convert(added, 48000, speaker)
        change = (one - other) ** 2
        off.append(float((change * t).sum() / change.sum()) - at - 0.005)
        assert change[np.abs(t - at - 0.005) > 0.5].sum() < 0.01 * change.sum()
    assert np.mean(off) == pytest.approx(0, abs=0.01)


@pytest.mark.neural
def test_it_is_the_speakers_and_the_same_each_time(converter: NeuralConverter, tmp_path: Path) -> None:
    import torch

    one, other = tiny_models.reference(tmp_path), tiny_models.reference(tmp_path, tone=320)
    speech, found = noise(1), []
    first, _ = converter.convert(speech, 48000, one)

    def again() -> None:
        torch.rand(3)  # as any other engine of the process may
        found.append(converter.convert(speech, 48000, one)[0])

    threads = [threading.Thread(target=again) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 3
    assert all(np.array_equal(first, sound) for sound in found)
    assert not np.allclose(first, converter.convert(speech, 48000, other)[0], atol=0.01)


@pytest.mark.neural
def test_a_reference_is_listened_to_once(converter: NeuralConverter, tmp_path: Path) -> None:
    speaker = tiny_models.reference(tmp_path, tone=250)
    first, _ = converter.convert(noise(0.3), 48000, speaker)
    os.remove(speaker.reference)
    assert np.array_equal(converter.convert(noise(0.3), 48000, speaker)[0], first)


@pytest.mark.neural
def test_a_reference_too_short_is_refused(converter: NeuralConverter, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="shorter than a second"):
        converter.convert(noise(0.3), 48000, tiny_models.reference(tmp_path, seconds=0.5, tone=99))


@pytest.mark.neural
def test_the_broken_file_is_named(kind: Kind, tmp_path: Path) -> None:
    place = kind.make(tmp_path / "model" / kind.sub)
    for name in kind.files:
        whole = (place / name).read_bytes()
        (place / name).write_bytes(whole[: len(whole) // 2])
        with pytest.raises(NotReady, match=f"{name} can't be loaded".replace(".", r"\.")):
            kind.of(tmp_path / "model").convert(noise(0.3), 48000, tiny_models.reference(tmp_path))
        (place / name).write_bytes(whole)


@pytest.mark.parametrize("seconds", [0.0, 0.01, 1.234, 20.001, 47.5])
def test_speech_of_any_length_comes_out_at_its_length(seconds: float) -> None:
    """A model that only resamples: whatever its pieces, the sound comes out whole, in place and without a seam."""
    t = np.arange(round(seconds * 24000)) / 24000
    speech = (0.5 * np.sin(2 * np.pi * 220 * t) * (0.5 + 0.5 * np.sin(2 * np.pi * 0.7 * t))).astype(np.float32)
    heard: list[int] = []

    def run(piece: Samples, number: int) -> Samples:
        heard.append(len(piece))
        return np.interp(np.arange(len(piece) * 3 // 2) / 1.5, np.arange(len(piece)), piece).astype(np.float32)

    said = through(speech, 24000, run, 16000, 24000, 320)
    assert len(said) == len(speech)
    assert all(n % 320 == 0 and n <= 23 * 16000 for n in heard)
    assert len(heard) == (0 if not seconds else 1 if seconds <= 20 else len(heard))
    if seconds > 20:
        assert len(heard) > 1
    if seconds > 0.1:
        assert np.abs(said - speech)[240:-240].max() < 0.02
