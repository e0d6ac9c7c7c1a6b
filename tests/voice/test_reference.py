"""References: what is refused and by which check, what is put right, and what of it is heard. Speech is espeak's."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import films
import numpy as np
import pytest

from localize import engines, languages
from localize.assets import ASSETS
from localize.errors import UserError
from localize.media import pcm
from localize.media.command import file, run
from localize.voice import VoiceStyle, speakers
from localize.voice import reference as references
from localize.voice.polish import loudness
from localize.voice.received import decoded
from localize.voice.reference import Recording, Samples

RATE = 48_000
TESTDATA = Path(__file__).resolve().parents[3] / "shared" / "testdata"
TEXT = (
    "This kettle boils a litre of water in three minutes, switches itself off, and stays cool outside. Nobody knows it better "
    "than we do, and we have sold them for eleven years. Two colours are left."
)


@cache
def spoken(gender: str = "female") -> Samples:
    english = languages.get("en")
    voice = engines.get("voice", "espeak")
    samples: Samples = voice.speak(english.read(TEXT), english, VoiceStyle(gender=gender)).samples  # type: ignore[attr-defined]
    rng = np.random.default_rng(1)  # a room is never silent
    return (samples + rng.normal(size=len(samples)) * 1e-4).astype(np.float32)


@pytest.fixture(autouse=True)
def by_signal(monkeypatch: pytest.MonkeyPatch) -> None:
    """The speakers are told apart by signal, as in the default install."""
    monkeypatch.setattr(speakers, "find_spec", lambda name: None)


def refused(samples: Samples, rate: int = RATE) -> set[str]:
    channels = samples.T if samples.ndim == 2 else samples[None]
    mono, _ = references._one_channel(channels)
    clipped = max(references._flat_tops(channel, rate) for channel in channels)
    return {f.check.removeprefix("reference.") for f in references.judge(Recording(mono, rate, clipped)).refused}


def test_clean_speech_is_accepted_and_measured() -> None:
    found = references.judge(Recording(spoken(), RATE, 0.0))
    assert not found.refused
    assert 5 < found.figures.seconds < 25
    assert found.figures.snr > 40
    assert found.figures.steady < references.STEADY
    assert found.gender == "female"
    assert references.judge(Recording(spoken("male"), RATE, 0.0)).gender == "male"


def test_what_can_not_be_mended_is_refused() -> None:
    voice = spoken()
    power = float(np.sqrt(np.mean(voice**2)))
    noise = np.random.default_rng(2).normal(size=len(voice)).astype(np.float32) * power
    assert refused(voice[: 2 * RATE]) == {"length"}
    assert refused(voice * 0) == {"silence"}
    assert refused(voice + noise * 0.3) == {"noise"}
    assert refused(noise) & {"noise", "speech"}
    assert refused(pcm.resampled(voice, RATE, 8000), 8000) >= {"rate"}
    assert refused(pcm.resampled(pcm.resampled(voice, RATE, 8000), 8000, RATE)) == {"band"}
    assert "silence" in refused(np.concatenate([voice[: 2 * RATE], np.zeros(20 * RATE, np.float32), voice[: 2 * RATE]]))


@pytest.mark.parametrize("tune", ["bright", "calm", "drive"])
def test_music_is_not_speech(tune: str) -> None:
    music = pcm.read_audio(ASSETS / "music" / f"{tune}.ogg", 24000)[: 10 * 24000]
    assert "music" in refused(music, 24000)
    voice = pcm.resampled(spoken(), RATE, 24000)[: len(music)]
    bed = music[: len(voice)] * np.float32(np.sqrt(np.mean(voice**2) / np.mean(music**2)))
    assert refused(voice + bed * np.float32(10 ** (-10 / 20)), 24000) & {"music", "noise"}


@pytest.mark.parametrize("after", [1.0, 0.3])
def test_clipping_is_seen_even_when_made_quieter(after: float) -> None:
    voice = spoken()
    top = np.quantile(np.abs(voice), 0.97)
    assert "clipping" in refused((np.clip(voice / top, -1, 1) * after).astype(np.float32))


def test_clipping_is_seen_after_another_rate() -> None:
    voice = spoken()
    loud = np.clip(voice / np.quantile(np.abs(voice), 0.95), -1, 1).astype(np.float32) * np.float32(0.5)
    assert references._flat_tops(pcm.resampled(loud, RATE, 24000), 24000) > references.CLIPPED
    assert references._flat_tops(pcm.resampled(voice, RATE, 24000), 24000) < references.CLIPPED


def test_a_woman_and_a_man_are_two_and_each_alone_is_one() -> None:
    both = np.concatenate([spoken(), np.zeros(RATE // 4, np.float32), spoken("male")])
    assert refused(both) == {"speakers"}
    for gender in ("female", "male"):
        found = references.judge(Recording(spoken(gender), RATE, 0.0))
        assert found.people
        assert found.people.people == "one"


def test_the_channel_that_holds_the_voice_is_taken() -> None:
    voice = spoken()
    for channels in (np.stack([voice * 0, voice]), np.stack([voice, -voice])):
        mono, said = references._one_channel(channels.astype(np.float32))
        assert said
        assert float(np.sqrt(np.mean(mono**2))) == pytest.approx(float(np.sqrt(np.mean(voice**2))), rel=0.01)


def test_a_long_recording_gives_its_clearest_stretch() -> None:
    rate = 16_000
    piece = np.append(pcm.resampled(spoken(), RATE, rate), np.zeros(rate // 2, np.float32))
    long = np.tile(piece, 1 + 95 * rate // len(piece))
    noisy = np.random.default_rng(3).normal(size=len(long)).astype(np.float32) * 3e-3
    noisy[len(long) // 2 :] *= 0.03  # the second half is clear
    found = references.judge(Recording(long + noisy, rate, 0.0))
    note = next(f for f in found.findings if f.check == "reference.length")
    assert note.severity == "info"
    assert 30 <= found.figures.seconds <= 60
    assert float(note.evidence["start"] or 0) >= len(long) / rate / 2 - 6


def test_silences_are_shortened_and_ends_cut() -> None:
    voice = spoken()
    quiet = np.zeros(3 * RATE, np.float32)
    found = references.judge(Recording(np.concatenate([quiet, voice, quiet, voice, quiet]), RATE, 0.0))
    alone = references.judge(Recording(voice, RATE, 0.0)).figures.seconds
    assert found.figures.seconds == pytest.approx(2 * alone + references.KEPT_PAUSE, abs=0.4)


def test_cleaning_sets_rate_level_and_low_end() -> None:
    rumble = 0.2 * np.sin(2 * np.pi * 20 * np.arange(len(spoken())) / RATE)
    samples, rate = references.clean((0.05 * spoken() + rumble).astype(np.float32), RATE)
    assert rate == 48_000
    spectrum = np.abs(np.fft.rfft(samples)) ** 2
    hertz = np.fft.rfftfreq(len(samples), 1 / rate)
    assert spectrum[hertz < 30].sum() < 0.01 * spectrum.sum()
    assert np.abs(samples).max() <= 10 ** (references.PEAK / 20) + 1e-4
    level = loudness(references.clean(0.05 * spoken(), RATE)[0], rate, references.FRAME, 0.025)
    assert references.LEVEL - 1.5 < references._activity(level)[2] < references.LEVEL + 0.5  # less where a peak would be too high
    assert references.clean(pcm.resampled(spoken(), RATE, 16000), 16000)[1] == 24_000


def sphere(path: Path, samples: Samples) -> Path:
    fields = {"channel_count": 1, "sample_count": len(samples), "sample_rate": 16000, "sample_n_bytes": 2, "sample_sig_bits": 16}
    head = "NIST_1A\n   1024\n" + "".join(f"{name} -i {value}\n" for name, value in fields.items())
    head += "sample_byte_format -s2 01\nsample_coding -s3 pcm\nend_head\n"
    path.write_bytes(head.encode().ljust(1024, b" ") + (np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return path


def test_sphere_under_a_wav_name_is_read(tmp_path: Path) -> None:
    narrow = pcm.resampled(spoken(), RATE, 16000)
    found = references.read(sphere(tmp_path / "a.wav", narrow))
    assert found.rate == 16000
    assert np.abs(found.samples - narrow).max() < 1e-3


@pytest.mark.parametrize("end", ["mp3", "m4a", "ogg", "flac", "mkv"])
def test_compressed_files_and_videos_are_read(tmp_path: Path, end: str) -> None:
    import ffmpeg

    pcm.write_wav(tmp_path / "a.wav", spoken())
    run(ffmpeg.input(file(tmp_path / "a.wav")).audio.output(file(tmp_path / f"b.{end}")), "encoding")
    found = references.examine(tmp_path / f"b.{end}")
    assert not found.refused


def test_a_title_in_any_encoding_is_no_hindrance(tmp_path: Path) -> None:
    pcm.write_wav(tmp_path / "a.wav", spoken())
    path = films.titled(tmp_path / "a.wav", tmp_path / "b.wav")
    assert len(references.read(path).samples) == len(references.read(tmp_path / "a.wav").samples)
    assert len(decoded(path.read_bytes())[0]) == len(spoken())


def test_what_has_no_sound_is_a_users_error(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_text("no sound")
    for path in (tmp_path / "a.wav", tmp_path / "none.wav"):
        with pytest.raises(UserError, match=str(path.name)):
            references.examine(path)


def test_several_recordings_are_joined_with_a_gap() -> None:
    parts = [references.judge(Recording(s, RATE, 0.0), alone=False) for s in (spoken()[: 4 * RATE], spoken()[4 * RATE : 8 * RATE])]
    assert not any(part.refused for part in parts)
    whole = references.joined(parts)
    seconds = sum(len(part.samples) / part.rate for part in parts)
    assert len(whole.samples) / whole.rate == pytest.approx(seconds + references.GAP, abs=0.01)
    assert not references.judge(whole).refused


@pytest.mark.skipif(not TESTDATA.is_dir(), reason="needs ../shared/testdata")
@pytest.mark.parametrize("name", ["timing/charsiu_sa1_sphere.wav", "talking_head/grid_bbaf2n.mpg", "speech/en_f5_basic_ref.wav"])
def test_real_recordings_that_are_too_short_are_refused_for_that_alone(name: str) -> None:
    assert {f.check for f in references.examine(TESTDATA / name).refused} == {"reference.length"}


@pytest.mark.skipif(not TESTDATA.is_dir(), reason="needs ../shared/testdata")
@pytest.mark.parametrize("name", ["speech/en_jfk.flac", "speech/zh_f5_basic_ref.wav", "talking_head/videoretalking_face4.mp4"])
def test_real_recordings_of_one_person_are_accepted(name: str) -> None:
    assert not references.examine(TESTDATA / name).refused


@pytest.mark.neural
def test_the_encoder_hears_people_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("resemblyzer")
    if not TESTDATA.is_dir():
        pytest.skip("needs ../shared/testdata: the encoder was made for people")
    monkeypatch.undo()
    one, other = (references.examine(TESTDATA / "speech" / name) for name in ("en_jfk.flac", "en_librispeech_2033-164914-0006.flac"))
    assert one.people
    assert (one.people.method, one.people.people) == ("resemblyzer", "one")
    assert speakers._alike(speakers._embedded(pcm.resampled(one.samples, one.rate, speakers.RATE))) > speakers.ALIKE
    both = np.concatenate([part.samples[: 6 * part.rate] for part in (_at(one, 16000), _at(other, 16000))])
    assert speakers._alike(speakers._embedded(both)) < speakers.ALIKE


def _at(part: references.Examined, rate: int) -> Recording:
    return Recording(pcm.resampled(part.samples, part.rate, rate), rate, 0.0)
