"""Speech from a server with OpenAI's API: what is sent, how the sound that comes back is read, and what nobody gets to see."""

from __future__ import annotations

import base64
import struct
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import servers
from servers import Model, Reply

from localize import account, engines, languages
from localize.domain import Usage
from localize.errors import NotReady, Transient, UserError
from localize.media.pcm import write_wav
from localize.voice import Sound, Speaker, VoiceStyle
from localize.voice.openai_speech import OpenAIVoice, SpeechOptions
from localize.voice.received import decoded

KEY = "sk-test-7f3a9c"
RATE = 24_000
# A second of sound that begins and ends in silence, so that a shift shows.
TONE = np.concatenate([np.zeros(4800), 0.5 * np.sin(np.arange(14400) * 2 * np.pi * 440 / RATE), np.zeros(4800)]).astype(np.float32)
LINE = "Only 3 left, buy now!"
SPOKEN = "Only three left, buy now!"


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)


def voice(model: Model, **options: Any) -> OpenAIVoice:
    chosen = {"speech_model": "tiny", "speech_voice": "ann", "base_url": model.address, "retries": 0, "timeout": 60} | options
    return OpenAIVoice(SpeechOptions.model_validate(chosen))


def said(engine: OpenAIVoice, text: str = LINE, language: str = "en", **style: Any) -> Sound:
    spoken = languages.get(language)
    return engine.speak(spoken.read(text), spoken, VoiceStyle(**style))


def onset(samples: npt.NDArray[np.float32], rate: int) -> float:
    return float(np.flatnonzero(np.abs(samples) > 0.1)[0]) / rate


def wav(samples: npt.NDArray[np.float32], data_size: int, riff_size: int) -> bytes:
    """A WAV with the sizes that are given, true or not."""
    pcm = (samples * 32767).astype("<i2").tobytes()
    return (
        struct.pack("<4sI4s4sIHHIIHH", b"RIFF", riff_size, b"WAVE", b"fmt ", 16, 1, 1, RATE, RATE * 2, 2, 16)
        + struct.pack("<4sI", b"data", data_size)
        + pcm
    )


# ---- what is sent


def test_a_line_goes_out_as_it_is_said_and_comes_back_as_sound() -> None:
    with servers.running(servers.sound(TONE)) as model:
        sound = said(voice(model, speech_instructions="Cheerful.", speech_extra={"seed": 7}))
    assert model.paths == ["/v1/audio/speech"]
    assert model.keys == [f"Bearer {KEY}"]
    assert model.asked == [
        {"model": "tiny", "input": SPOKEN, "voice": "ann", "response_format": "wav", "instructions": "Cheerful.", "seed": 7}
    ]
    assert sound.rate == RATE
    assert np.abs(sound.samples - TONE).max() < 1e-3
    assert sound.words == ()  # the server tells no times
    assert sound.mouths == ()


def test_fields_of_ones_own_do_not_replace_what_is_said() -> None:
    with servers.running(servers.sound(TONE)) as model:
        said(voice(model, speech_extra={"input": "something else", "voice": "eve"}))
    assert model.asked[0]["input"] == SPOKEN
    assert model.asked[0]["voice"] == "ann"


@pytest.mark.parametrize(
    ("language", "gender", "name"), [("th", "male", "c"), ("th", "female", "a"), ("vi", "male", "b"), ("vi", "female", "ann")]
)
def test_the_voice_is_the_one_named_most_exactly(language: str, gender: str, name: str) -> None:
    with servers.running(servers.sound(TONE)) as model:
        said(voice(model, speech_voices={"th": "a", "male": "b", "th-male": "c"}), "1", language, gender=gender)
    assert model.asked[0]["voice"] == name


def test_a_gender_that_is_none_is_refused() -> None:
    with servers.running(servers.sound(TONE)) as model, pytest.raises(UserError, match="female or male, not 'robot'"):
        said(voice(model), gender="robot")
    assert model.asked == []


def test_nothing_to_say_asks_nobody() -> None:
    with servers.running(servers.sound(TONE)) as model:
        sound = said(voice(model), "🎉 🎁")
    assert model.asked == []
    assert sound.duration == 0
    assert [w.text for w in sound.words] == [t.text for t in languages.get("en").read("🎉 🎁")]


# ---- pace


def test_the_pace_is_sent_as_speed() -> None:
    with servers.running(servers.sound(TONE)) as model:
        engine = voice(model)
        said(engine, pace=1.1)
        said(engine)
        said(engine, pace=9.0)
    assert [a.get("speed") for a in model.asked] == [1.1, None, 4.0]
    assert engine.paced


def test_a_server_that_refuses_speed_is_asked_without_and_the_pace_is_not_obeyed() -> None:
    def answers(body: dict[str, Any]) -> Reply:
        return Reply(status=400, error="Unknown field: speed") if "speed" in body else servers.sound(TONE)

    with servers.running(answers=answers) as model:
        engine = voice(model)
        assert engine.paced
        assert said(engine, pace=1.1).duration == 1.0
        assert not engine.paced  # whoever wants the pace stretches
        said(engine, pace=1.1)
    assert ["speed" in a for a in model.asked] == [True, False, False]


def test_a_model_that_is_known_to_ignore_speed_is_not_told_it() -> None:
    with servers.running(servers.sound(TONE)) as model:
        engine = voice(model, speech_speed=False)
        said(engine, pace=1.1)
    assert "speed" not in model.asked[0]
    assert not engine.paced


# ---- speakers


def test_the_reference_stays_here_unless_the_campaign_names_its_field(tmp_path: Path) -> None:
    write_wav(tmp_path / "ref.wav", TONE, RATE)
    speaker = Speaker("may", tmp_path / "ref.wav", "abc", transcript="Hello there.", language="en")
    with servers.running(servers.sound(TONE)) as model:
        plain, cloning = voice(model), voice(model, speech_reference="ref_audio", speech_reference_text="ref_text")
        said(plain, speaker=speaker)
        said(cloning, speaker=speaker)
        said(cloning)
    assert (plain.clones, cloning.clones) == (False, True)
    assert ["ref_audio" in a for a in model.asked] == [False, True, False]
    head, _, clip = model.asked[1]["ref_audio"].partition(",")
    assert head == "data:audio/wav;base64"
    assert base64.b64decode(clip) == (tmp_path / "ref.wav").read_bytes()
    assert model.asked[1]["ref_text"] == "Hello there."


def test_a_reference_that_is_gone_is_said_to_be(tmp_path: Path) -> None:
    with servers.running(servers.sound(TONE)) as model, pytest.raises(UserError, match="reference of the voice 'may'"):
        said(voice(model, speech_reference="ref_audio"), speaker=Speaker("may", tmp_path / "no.wav", "abc"))


# ---- sounds


@pytest.mark.parametrize("kind", ["wav", "flac", "mp3", "ogg"])
def test_any_container_is_read_whatever_was_asked_for(kind: str) -> None:
    with servers.running(servers.sound(TONE, RATE, kind) if kind != "ogg" else servers.sound(np.repeat(TONE, 2), 48_000, kind)) as model:
        sound = said(voice(model, speech_format="pcm"))
    assert onset(sound.samples, sound.rate) == pytest.approx(onset(TONE, RATE), abs=0.003)
    assert sound.duration == pytest.approx(1.0, abs=0.06)


def test_an_mp3_without_a_header_begins_where_its_sound_began() -> None:
    samples, rate = decoded(servers.spoken(TONE, RATE, "mp3", write_xing="0", id3v2_version="0"))
    assert onset(samples, rate) == pytest.approx(onset(TONE, RATE), abs=0.003)


def test_no_sound_is_cut_off_as_an_mp3_s_delay() -> None:
    early = np.tile(TONE[4800:9600], 3)
    samples, rate = decoded(servers.spoken(early, RATE, "mp3", write_xing="0", id3v2_version="0"))
    assert len(samples) / rate >= 0.6
    assert np.abs(samples[:240]).max() > 0.1


def test_raw_samples_have_the_rate_that_the_campaign_says() -> None:
    raw = (TONE * 32767).astype("<i2").tobytes()
    with servers.running(Reply(raw=raw, headers={"Content-Type": "audio/pcm"})) as model:
        assert said(voice(model, speech_format="pcm")).rate == RATE
        sound = said(voice(model, speech_format="pcm", speech_rate=48_000))
    assert sound.rate == 48_000
    assert sound.duration == 0.5


def test_stereo_becomes_mono() -> None:
    with servers.running(servers.sound(np.stack([TONE, TONE], axis=1))) as model:
        sound = said(voice(model))
    assert sound.samples.shape == (RATE,)
    assert np.abs(sound.samples - TONE).max() < 1e-3


@pytest.mark.parametrize("size", [0xFFFFFFFF, 0x7FFFFFFF, 0xFFFFFFFF - 36, 0])
def test_a_wav_that_was_streamed_says_no_length_and_is_read_whole(size: int) -> None:
    samples, rate = decoded(wav(TONE, size, size))
    assert (len(samples), rate) == (RATE, RATE)


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        (Reply(raw=wav(TONE, 48000, 48036)[:20000]), "cut off: 28044 of its bytes"),
        (Reply(raw=wav(TONE[:0], 0, 36)), "no sound in it"),
        (Reply(raw=b"", headers={"Content-Type": "audio/wav"}), "it is empty"),
        (Reply(raw=bytes(range(256)) * 8, headers={"Content-Type": "audio/wav"}), "can't be decoded"),
        (Reply(raw=b"<html>Bad gateway</html>", headers={"Content-Type": "text/html"}), "is no sound .text/html.: <html>Bad"),
        (Reply(raw=b"<html>Bad gateway</html>", headers={"Content-Type": "audio/wav"}), "is no sound"),
        (Reply(raw=b'{"error": "no voice"}'), "is no sound .application/json.: .*no voice"),
        (Reply(raw=wav(TONE, 48000, 48036), headers={"Content-Length": "90000"}), "can't be reached: RemoteProtocolError"),
    ],
)  # fmt: skip
def test_an_answer_that_is_no_sound_is_passing_trouble(reply: Reply, says: str) -> None:
    reply.headers = {"Content-Type": "audio/wav"} | reply.headers if "no voice" not in str(reply.raw) else reply.headers
    with servers.running(reply) as model, pytest.raises(Transient, match=says):
        said(voice(model))


def test_half_a_sample_is_no_sound() -> None:
    with pytest.raises(ValueError, match="middle of a sample"):
        decoded(b"\0\1\2", RATE)


# ---- trouble


@pytest.mark.parametrize(
    ("reply", "error", "says"),
    [
        (Reply(status=401, error="bad key"), NotReady, "refuses the key in OPENAI_API_KEY"),
        (Reply(status=403, error="no"), NotReady, "refuses the key"),
        (Reply(status=404, error="no such model"), UserError, "has no speech model 'tiny'"),
        (Reply(status=400, error="input is longer than 4096"), UserError, "longer than 4096 .the Line: 'Only three left"),
        (Reply(status=422, error="voice ann is unknown"), UserError, "voice ann is unknown"),
        (Reply(status=503, error="loading"), Transient, "has trouble .503."),
    ],
)
def test_each_trouble_is_one_of_ours(reply: Reply, error: type[Exception], says: str) -> None:
    with servers.running(reply) as model, pytest.raises(error, match=says):
        said(voice(model))


def test_a_speed_of_the_campaign_s_own_is_the_campaign_s_to_mend() -> None:
    with servers.running(Reply(status=400, error="speed is unknown")) as model, pytest.raises(UserError, match="speed is unknown"):
        said(voice(model, speech_extra={"speed": 1.2}))


def test_a_busy_server_is_asked_again_and_each_request_is_charged() -> None:
    replies = [Reply(status=429, error="slow down", headers={"Retry-After": "0"}), servers.sound(TONE)]
    with servers.running(*replies) as model, account.opened() as spent:
        said(voice(model, retries=2, speech_price="15"))
    assert len(model.asked) == 2
    assert spent.usage == Usage(requests=2, cost=Decimal("15") * len(SPOKEN) / 1_000_000)


def test_what_has_no_price_is_counted_as_such_and_what_failed_costs_nothing() -> None:
    with servers.running(servers.sound(TONE), Reply(status=400, error="no")) as model, account.opened() as spent:
        said(voice(model))
        with pytest.raises(UserError):
            said(voice(model, speech_price="15"))
    assert spent.usage == Usage(requests=2, unpriced=1)


def test_a_server_that_stays_busy_says_when_to_come_back() -> None:
    with servers.running(Reply(status=429, error="quota", headers={"Retry-After": "0.01"})) as model:
        with pytest.raises(Transient, match="over its limit") as caught:
            said(voice(model, retries=1))
        assert caught.value.retry_after == 0.01


# ---- keys


def test_a_key_is_in_no_message_and_no_fingerprint() -> None:
    page = Reply(raw=f"<html>{KEY}</html>".encode(), headers={"Content-Type": "text/html"})
    with servers.running(Reply(status=400, error=f"the key {KEY} may not"), page) as model:
        engine = voice(model)
        for kind in (UserError, Transient):
            with pytest.raises(kind) as caught:
                said(engine)
            assert KEY not in str(caught.value)
        assert KEY not in engine.fingerprint()
        assert model.address not in engine.fingerprint()


def test_a_speech_server_of_its_own_never_gets_the_chat_server_s_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPEECH_KEY", "speech-1")
    with servers.running(servers.sound(TONE)) as model:
        apart = {"base_url": "https://chat.example/v1", "speech_base_url": model.address}
        said(voice(model, **apart))
        said(voice(model, **apart, speech_key_variable="SPEECH_KEY"))
        said(voice(model, speech_base_url=model.address))  # the same server
    assert model.keys == ["Bearer none", "Bearer speech-1", f"Bearer {KEY}"]


def test_a_server_that_wants_a_key_and_got_none_says_where_to_name_it() -> None:
    with servers.running(Reply(status=401, error="no key")) as model, pytest.raises(NotReady, match="speech_key_variable"):
        said(voice(model, base_url="https://chat.example/v1", speech_base_url=model.address))


# ---- options


def missing(**options: Any) -> str:
    return OpenAIVoice(SpeechOptions.model_validate(options)).missing()


def test_what_is_missing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "no speech model is named" in missing()
    assert missing(speech_model="tts-1") == ""
    local = {"speech_model": "kokoro", "base_url": "http://localhost:8880/v1"}
    assert "no voice is named" in missing(**local)
    assert missing(**local, speech_voice="af_bella") == ""
    elsewhere = {"speech_model": "tts-1", "base_url": "http://localhost:1/v1", "speech_base_url": "https://api.openai.com/v1"}
    assert "speech_key_variable" in missing(**elsewhere)
    assert missing(**elsewhere, speech_key_variable="OPENAI_API_KEY") == ""
    monkeypatch.delenv("OPENAI_API_KEY")
    assert "OPENAI_API_KEY is not set" in missing(speech_model="tts-1")
    with pytest.raises(NotReady, match="OPENAI_API_KEY is not set"):
        said(OpenAIVoice(SpeechOptions(speech_model="tts-1")))


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"speech_base_url": "localhost:8000"}, "is no server's address"),
        ({"speech_base_url": "http://me:secret@shop.example/v1"}, "put the key into the variable"),
        ({"speech_voices": {"thai": "a"}}, "write th, male or th-male"),
    ],
)
def test_options_are_looked_at(options: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        SpeechOptions.model_validate(options)


def test_the_fingerprint_tells_what_changes_the_sound() -> None:
    def printed(**options: Any) -> str:
        return OpenAIVoice(SpeechOptions.model_validate({"speech_model": "m"} | options)).fingerprint()

    same = [printed(), printed(timeout=3, retries=1, speech_price="3", key_variable="B")]
    changes: list[dict[str, Any]] = [
        {"speech_voice": "x"}, {"speech_voices": {"th": "x"}}, {"speech_instructions": "x"}, {"speech_format": "mp3"},
        {"speech_extra": {"a": 1}}, {"speech_speed": False}, {"speech_reference": "r"}, {"speech_model": "n"},
        {"base_url": "http://a/v1"},
    ]  # fmt: skip
    other = [printed(**change) for change in changes]
    assert len({*same, *other}) == 1 + len(other)
    assert printed(speech_extra={"a": 1, "b": 2}) == printed(speech_extra={"b": 2, "a": 1})


def test_the_chat_s_options_and_these_stand_beside_each_other() -> None:
    given = {"model": "gpt", "base_url": "http://localhost:1/v1", "timeout": 5, "speech_model": "tts-1", "speech_voice": "nova"}
    assert engines.problems({"openai": given}) == []
    ((where, _),) = engines.problems({"openai": given | {"base_url": "nowhere"}})
    assert where == ("openai", "base_url")
