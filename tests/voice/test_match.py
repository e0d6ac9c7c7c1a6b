"""The converter that matches speech to a reference at signal level."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from localize import languages
from localize.errors import NotReady, UserError
from localize.media.pcm import resampled, write_wav
from localize.voice import Samples, Speaker, VoiceStyle
from localize.voice.converters import match, spectra
from localize.voice.converters.match import MatchConverter
from localize.voice.converters.spectra import HOP, RATE, Spectra, analyse, power
from localize.voice.espeak import EspeakVoice
from localize.voice.polish import loudness

TONES = "Mà má mả, một nghìn đồng"


def speak(code: str, text: str, gender: str, pitch: float = 1.0) -> Samples:
    language = languages.get(code)
    speaker = Speaker("nobody", Path("nobody.wav"), "nobody", gender=gender)
    return EspeakVoice().speak(language.read(text), language, VoiceStyle(gender=gender, speaker=speaker, pitch=pitch)).samples


@pytest.fixture(scope="module")
def source() -> Samples:
    return speak("vi", TONES, "female")


@pytest.fixture(scope="module")
def man(tmp_path_factory: pytest.TempPathFactory) -> Speaker:
    """A man's reference as old recordings are: at 16 kHz, with some noise."""
    sound = resampled(speak("en", "The kettle boils a litre of water in three minutes, and switches itself off.", "male"), RATE, 16000)
    path = tmp_path_factory.mktemp("man") / "reference.wav"
    write_wav(path, sound + np.random.default_rng(0).standard_normal(len(sound)).astype(np.float32) * 1e-3, 16000)
    return Speaker("man", path, "man", gender="male")


@pytest.fixture(scope="module")
def converter() -> MatchConverter:
    return MatchConverter()


@pytest.fixture(scope="module")
def matched(converter: MatchConverter, source: Samples, man: Speaker) -> Samples:
    sound, rate = converter.convert(source, RATE, man)
    assert rate == RATE
    return sound


@pytest.fixture(scope="module")
def person(converter: MatchConverter, man: Speaker) -> match.Person:
    return converter._person(man)


@pytest.fixture(scope="module")
def frames(source: Samples, matched: Samples) -> tuple[Spectra, Spectra]:
    """The source's, and those of what came of it."""
    return analyse(source, breath=False), analyse(matched, breath=False)


def test_length_is_kept_and_nothing_clips(source: Samples, matched: Samples) -> None:
    assert len(matched) == len(source)
    assert matched.dtype == np.float32
    assert np.abs(matched).max() <= 0.96
    assert np.sqrt(np.mean(matched**2)) == pytest.approx(np.sqrt(np.mean(source**2)), rel=0.1)


def test_the_pitch_is_the_persons_and_the_tones_are_the_sources(frames: tuple[Spectra, Spectra], person: match.Person) -> None:
    (one, other), reference = frames, person.spectra
    assert np.median(other.pitch[other.voiced]) == pytest.approx(np.median(reference.pitch[reference.voiced]), rel=0.12)
    both = one.voiced & other.voiced
    assert np.corrcoef(np.log(one.pitch[both]), np.log(other.pitch[both]))[0, 1] > 0.95


def test_loudness_and_voicing_stay_where_they_were(source: Samples, matched: Samples, frames: tuple[Spectra, Spectra]) -> None:
    before, after = (loudness(x, RATE, window=0.030) for x in (source, matched))
    loud = before > before.max() - 30
    assert np.corrcoef(before[loud], after[loud])[0, 1] > 0.9
    one, other = frames
    heard = one.heard(30)
    assert (one.voiced == other.voiced)[heard].mean() > 0.85


def test_the_spectrum_comes_nearer_to_the_person(frames: tuple[Spectra, Spectra], person: match.Person) -> None:
    def colour(frames: Spectra) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        mean = frames.envelope[frames.voiced & frames.heard(30)][:, spectra.GRID < 7500].mean(0)
        return np.asarray(mean - mean.mean())

    theirs = colour(person.spectra)
    before, after = (np.sqrt(np.mean((colour(x) - theirs) ** 2)) for x in frames)
    assert after < 0.6 * before


def test_above_the_recordings_band_the_sound_goes_on(source: Samples, matched: Samples) -> None:
    def high(x: Samples) -> float:
        spectrum = np.abs(np.fft.rfft(x)) ** 2
        hertz = np.fft.rfftfreq(len(x), 1 / RATE)
        return float(10 * np.log10(spectrum[(hertz > 8500) & (hertz < 10500)].sum() / spectrum.sum()))

    assert abs(high(matched) - high(source)) < 15  # 16 kHz alone would have nothing there


def test_no_click_is_added(source: Samples, matched: Samples) -> None:
    """The steepest step, against how loud it is around."""

    def steepest(x: Samples) -> float:
        step = np.abs(np.diff(x, n=2))
        around = np.sqrt(np.convolve(x[1:-1] ** 2, np.ones(960) / 960, "same")) + 3e-3
        return float((step / around).max())

    assert steepest(matched) < max(2 * steepest(source), 2.5)


def test_the_same_comes_out_each_time(source: Samples, man: Speaker, matched: Samples) -> None:
    assert np.array_equal(MatchConverter().convert(source, RATE, man)[0], matched)


def test_another_rate_and_silence(converter: MatchConverter, source: Samples, man: Speaker) -> None:
    low = resampled(source, RATE, 24000)
    sound, rate = converter.convert(low, 24000, man)
    assert rate == RATE
    assert abs(len(sound) / RATE - len(low) / 24000) < HOP
    for nothing in (np.zeros(RATE, np.float32), np.zeros(0, np.float32)):
        assert np.array_equal(converter.convert(nothing, RATE, man)[0], nothing)
    hiss = np.random.default_rng(0).standard_normal(RATE // 2).astype(np.float32) * np.float32(0.05)
    assert np.isfinite(converter.convert(hiss, RATE, man)[0]).all()
    assert len(converter.convert(source[:500], RATE, man)[0]) == 500


def test_few_references_are_kept_and_each_is_heard_once(monkeypatch: pytest.MonkeyPatch, man: Speaker, person: match.Person) -> None:
    heard: list[str] = []

    def listened(speaker: Speaker) -> match.Person:
        heard.append(speaker.digest)
        return person

    monkeypatch.setattr(match, "listened", listened)
    converter = MatchConverter()
    threads = [threading.Thread(target=converter._person, args=(Speaker("m", man.reference, f"d{k % 2}"),)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(heard) == ["d0", "d1"]
    for k in range(9):
        converter._person(Speaker("m", man.reference, f"e{k}"))
    assert len(converter._people) == match.KEPT
    converter._person(Speaker("m", man.reference, "d0"))
    assert heard.count("d0") == 2


def test_a_reference_that_holds_no_voice_is_refused(tmp_path: Path, converter: MatchConverter, source: Samples) -> None:
    noise = np.random.default_rng(0).standard_normal(3 * RATE).astype(np.float32) * np.float32(0.1)
    for name, sound, why in (("silent", np.zeros(RATE, np.float32), "is silent"), ("noise", noise, "of voice")):
        write_wav(tmp_path / f"{name}.wav", sound, RATE)
        with pytest.raises(UserError, match=why):
            converter.convert(source, RATE, Speaker(name, tmp_path / f"{name}.wav", name))
    (tmp_path / "text.wav").write_text("no sound")
    with pytest.raises(UserError):
        converter.convert(source, RATE, Speaker("text", tmp_path / "text.wav", "text"))


def test_without_pyworld_it_is_not_ready(monkeypatch: pytest.MonkeyPatch, source: Samples, man: Speaker) -> None:
    assert MatchConverter().missing() == ""
    monkeypatch.setattr(match, "find_spec", lambda name: None)
    assert "pyworld" in MatchConverter().missing()
    with pytest.raises(NotReady, match="pip install"):
        MatchConverter().convert(source, RATE, man)


def test_the_fingerprint_names_the_analysis() -> None:
    assert MatchConverter().fingerprint().startswith(f"match {MatchConverter.card.version}, pyworld")
    assert "none" not in MatchConverter().fingerprint()


def test_the_way_runs_on_in_the_reference() -> None:
    """Of frames as alike, the following ones are taken; one that is much more alike is worth a leap."""
    cepstra = np.zeros((20, 2))
    near = np.array([[3, 10], [4, 11], [5, 15], [6, 16]])
    assert list(match.way(near, np.zeros((4, 2)), cepstra)) == [3, 4, 5, 6]
    far = np.zeros((4, 2))
    far[:2, 1] = far[2:, 0] = 9.0
    assert list(match.way(near, far, cepstra)) == [3, 4, 15, 16]


def test_speech_survives_being_taken_apart(source: Samples) -> None:
    taken = analyse(source, breath=True)
    again = spectra.synthesise(taken.pitch, taken.envelope, taken.breath, len(source))
    heard = taken.heard(25)
    assert np.abs(analyse(again, breath=False).level - taken.level)[heard].mean() < 2
    assert np.allclose(power(taken.envelope), taken.level)


def test_a_consonant_has_no_voice() -> None:
    rng, time = np.random.default_rng(0), np.arange(RATE) / RATE
    voice = sum(np.sin(2 * np.pi * 200 * k * time) / k for k in range(1, 15)) * 0.1
    noise = np.diff(rng.standard_normal(RATE + 1)) * 0.05
    sound = np.concatenate([voice, noise, voice]).astype(np.float32)
    found = analyse(sound, breath=False)
    assert found.voiced[20:180].mean() > 0.95
    assert found.voiced[220:380].mean() < 0.05
    assert np.median(found.pitch[found.voiced]) == pytest.approx(200, rel=0.01)
