"""Edge's voices, against a service of this machine that speaks their protocol: what is sent, the words' times, and every trouble."""

from __future__ import annotations

import asyncio
import itertools
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import servers

from localize import languages
from localize.errors import NotReady, Transient, UserError
from localize.media.pcm import resampled
from localize.voice import Sound, VoiceStyle, edge
from localize.voice.edge import EdgeOptions, EdgeVoice, Heard, laid
from localize.voice.espeak import EspeakVoice
from localize.voice.text import text_of

pytest.importorskip("edge_tts")
web = pytest.importorskip("aiohttp.web")

RATE = 24_000
TONE = np.concatenate([np.zeros(2400), 0.5 * np.sin(np.arange(19200) * 2 * np.pi * 300 / RATE), np.zeros(2400)]).astype(np.float32)


def mp3(samples: npt.NDArray[np.float32]) -> bytes:
    """As the service sends it: frames without any header."""
    return servers.spoken(samples, RATE, "mp3", write_xing="0", id3v2_version="0")


@dataclass
class Turn:
    """One answer: the sound, the words, and what goes wrong."""

    sound: bytes = b""
    words: list[Heard] = field(default_factory=list)
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    ends: bool = True
    says: str = ""
    hangs: bool = False


@dataclass
class Service:
    turns: list[Turn]
    configs: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    visits: int = 0
    over: asyncio.Event = field(default_factory=asyncio.Event)

    async def visit(self, request: Any) -> Any:
        turn = self.turns[min(self.visits, len(self.turns) - 1)]
        self.visits += 1
        if turn.status:
            return web.Response(status=turn.status, headers=turn.headers)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.configs.append(await socket.receive_str())
        self.asked.append((await socket.receive_str()).partition("\r\n\r\n")[2])
        if turn.hangs:
            await self.over.wait()
        await socket.send_str("X-RequestId:1\r\nPath:turn.start\r\n\r\n{}")
        for word in turn.words:
            data = {"Offset": round(word.start * 1e7), "Duration": round((word.end - word.start) * 1e7), "text": {"Text": word.text}}
            metadata = {"Metadata": [{"Type": "WordBoundary", "Data": data}]}
            await socket.send_str(f"X-RequestId:1\r\nContent-Type:application/json\r\nPath:audio.metadata\r\n\r\n{json.dumps(metadata)}")
        head = b"X-RequestId:1\r\nContent-Type:audio/mpeg\r\nPath:audio\r\n"
        for at in range(0, len(turn.sound), 720):
            await socket.send_bytes(len(head).to_bytes(2, "big") + head + turn.sound[at : at + 720])
        if turn.says:
            await socket.send_str(turn.says)
        if turn.ends:
            await socket.send_str("X-RequestId:1\r\nPath:turn.end\r\n\r\n{}")
        await socket.close()
        return socket


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "ws_proxy", "wss_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setattr(edge, "PAUSE", 0.01)


@contextmanager
def serving(monkeypatch: pytest.MonkeyPatch, *turns: Turn) -> Iterator[Service]:
    service, loop = Service(list(turns)), asyncio.new_event_loop()

    async def start() -> tuple[Any, int]:
        app = web.Application()
        app.router.add_get("/edge/v1", service.visit)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        return runner, runner.addresses[0][1]

    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    runner, port = asyncio.run_coroutine_threadsafe(start(), loop).result(60)
    monkeypatch.setattr("edge_tts.communicate.WSS_URL", f"ws://127.0.0.1:{port}/edge/v1?TrustedClientToken=none")
    try:
        yield service
    finally:
        loop.call_soon_threadsafe(service.over.set)
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(60)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def said(text: str = "Hello there.", language: str = "en", options: dict[str, Any] | None = None, **style: Any) -> Sound:
    spoken = languages.get(language)
    return EdgeVoice(EdgeOptions.model_validate(options or {})).speak(spoken.read(text), spoken, VoiceStyle(**style))


HELLO = Turn(mp3(TONE), [Heard("Hello", 0.1, 0.5), Heard("there", 0.5, 0.9)])


# ---- what is sent


def test_a_line_goes_out_as_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(monkeypatch, HELLO) as service:
        sound = said("Hello there & 3 more!", pace=1.1, pitch=1.05)
    assert '"wordBoundaryEnabled":"true"' in service.configs[0]
    (ssml,) = service.asked
    assert "<voice name='Microsoft Server Speech Text to Speech Voice (en-US, AriaNeural)'>" in ssml
    assert "<prosody pitch='+10Hz' rate='+10%' volume='+0%'>Hello there and three more!</prosody>" in ssml
    assert sound.rate == RATE
    assert sound.mouths == ()


@pytest.mark.parametrize(
    ("language", "gender", "name"),
    [("th", "male", "th-TH, NiwatNeural"), ("vi", "female", "vi-VN, HoaiMyNeural"), ("id", "male", "id-ID, ArdiNeural"),
     ("zh", "female", "zh-CN, XiaoxiaoNeural"), ("en", "male", "en-GB, RyanNeural"), ("en", "female", "en-US, AvaMultilingualNeural")],
)  # fmt: skip
def test_each_language_and_gender_has_its_voice(monkeypatch: pytest.MonkeyPatch, language: str, gender: str, name: str) -> None:
    others = {"en-male": "en-GB-RyanNeural", "en": "en-US-AvaMultilingualNeural"}
    with serving(monkeypatch, Turn(mp3(TONE))) as service:
        said("1 2 3", language, {"voices": others}, gender=gender)
    assert f"({name})" in service.asked[0]


def test_what_would_be_markup_is_said_as_text(monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = [languages.Token("A", "Rock & <b>Roll</b>"), languages.Token("B", "on", pause=".")]
    words = [Heard("Rock", 0.1, 0.2), Heard("&amp;", 0.2, 0.3), Heard("Roll", 0.3, 0.4), Heard("on", 0.5, 0.6)]
    with serving(monkeypatch, Turn(mp3(TONE), words)) as service:
        sound = EdgeVoice(EdgeOptions()).speak(tokens, languages.get("en"), VoiceStyle())
    assert "Rock &amp; b Roll /b on.</prosody>" in service.asked[0]
    assert (sound.words[0].start, sound.words[1].start) == (0.1, 0.5)


def test_nothing_to_say_asks_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(monkeypatch, HELLO) as service:
        sound = said("🎉")
    assert service.visits == 0
    assert (sound.duration, [w.text for w in sound.words]) == (0, ["🎉"])


def test_it_may_be_asked_from_a_running_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    async def within() -> Sound:
        return said()

    with serving(monkeypatch, HELLO):
        assert len(asyncio.run(within()).words) == 2


# ---- times


def test_words_fit_the_sound_that_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """The service's times are those of the sound before it was encoded: what comes back is moved by no more than 2 ms."""
    language = languages.get("id")
    tokens = language.read("Beli sekarang, harga Rp299.000 saja!")
    spoken = EspeakVoice().speak(tokens, language, VoiceStyle())
    samples = resampled(spoken.samples, spoken.rate, RATE)
    heard = [Heard(t.say, w.start, w.end) for t, w in zip(tokens, spoken.words, strict=True)]
    with serving(monkeypatch, Turn(mp3(samples), heard)):
        sound = said("Beli sekarang, harga Rp299.000 saja!", "id")
    for got, true in zip(sound.words, spoken.words, strict=True):
        assert (got.text, got.gap) == (true.text, true.gap)
        assert got.start == pytest.approx(true.start, abs=1e-6)
        assert got.end == pytest.approx(true.end, abs=1e-6)
    n = min(len(samples), len(sound.samples))
    both = np.fft.irfft(np.fft.rfft(sound.samples[:n], 2 * n) * np.conj(np.fft.rfft(samples[:n], 2 * n)))
    lag = int(np.argmax(both))
    assert abs(lag if lag < n else lag - 2 * n) <= 0.002 * RATE


def times(text: str, language: str, *heard: Heard, duration: float = 10.0) -> dict[str, tuple[float, float]]:
    spoken = languages.get(language)
    tokens = spoken.read(text)
    sent, spans = text_of(tokens, spoken)
    got = laid(sent, spans, heard, duration)
    return {t.text: (round(a, 3), round(b, 3)) for t, (a, b) in zip(tokens, got, strict=bool(got))}


def test_several_of_its_words_in_one_token_join() -> None:
    heard = [Heard("สาม", 0, 0.2), Heard("ร้อย", 0.2, 0.4), Heard("บาท", 0.5, 0.8), Heard("ค่ะ", 0.9, 1.0)]
    assert times("฿300 ค่ะ", "th", *heard) == {"฿300": (0, 0.8), "ค่ะ": (0.9, 1.0)}


def test_several_tokens_in_one_of_its_words_share_it_by_letters() -> None:
    # แก้ว has three letters and a mark, ดินเผา five and one
    assert times("แก้วดินเผา", "th", Heard("แก้วดินเผา", 1.0, 1.8)) == {"แก้ว": (1.0, 1.3), "ดินเผา": (1.3, 1.8)}


def test_its_words_may_cut_across_ours() -> None:
    got = times("杯子可以装", "zh", Heard("杯", 0, 0.2), Heard("子可", 0.2, 0.6), Heard("以装", 0.6, 1.0))
    assert got == {"杯子": (0, 0.4), "可以": (0.4, 0.8), "装": (0.8, 1.0)}


def test_case_marks_and_repeated_words_do_not_lead_astray() -> None:
    got = times("The cup, the blue cup.", "en", *(Heard(w, i, i + 0.5) for i, w in enumerate(["the", "cup,", "The", "BLUE", "cup"])))
    assert got == {"The": (0, 0.5), "cup,": (1, 1.5), "the": (2, 2.5), "blue": (3, 3.5), "cup.": (4, 4.5)}


def test_words_that_overlap_are_cut_where_the_next_begins_and_none_leaves_the_sound() -> None:
    got = times("one two three", "en", Heard("one", 0, 0.9), Heard("two", 0.5, 1.0), Heard("three", 1.0, 9.0), duration=2.0)
    assert got == {"one": (0, 0.5), "two": (0.5, 1.0), "three": (1.0, 2.0)}


def test_a_word_that_is_not_ours_is_passed_over_and_one_not_told_of_takes_the_gap() -> None:
    long = "a comfortable wooden chair for everyone"
    words = [w for w in long.split() if w != "for"]
    heard = [Heard("a", 0, 0.2), Heard("quite", 0.2, 0.3), *(Heard(w, i, i + 0.5) for i, w in enumerate(words) if i)]
    got = times(long, "en", *heard)
    assert got["comfortable"] == (1, 1.5)
    assert got["for"] == (3.5, 4)
    assert got["everyone"] == (4, 4.5)


def test_an_emoji_has_no_length() -> None:
    assert times("go 🎉 now", "en", Heard("go", 0, 0.5), Heard("now", 1, 2)) == {"go": (0, 0.5), "🎉": (0.5, 0.5), "now": (1, 2)}


def test_no_times_are_made_up_where_its_words_are_not_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(monkeypatch, Turn(mp3(TONE), [Heard("something", 0, 0.5)])):
        assert said().words == ()


# ---- trouble


def test_a_broken_answer_is_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    dropped = Turn(HELLO.sound[:2880], HELLO.words, ends=False)
    with serving(monkeypatch, Turn(), dropped, HELLO) as service:
        sound = said()
    assert service.visits == 3
    assert sound.duration > 0.9


@pytest.mark.parametrize(
    ("turn", "error", "says"),
    [
        (Turn(), Transient, "gave no sound; .* the voice en-US-AriaNeural does not exist"),
        (Turn(HELLO.sound[:2880], HELLO.words, ends=False), Transient, "broke off: ConnectionResetError"),
        (Turn(HELLO.sound[:720], HELLO.words), Transient, "less sound than it says words for"),
        (Turn(b"no sound at all" * 100), Transient, "a sound that can't be used"),
        (Turn(says="X-RequestId:1\r\nPath:news\r\n\r\n{}"), Transient, "not its protocol"),
        (Turn(says="X-RequestId:1\r\nPath:audio.metadata\r\n\r\n{}"), Transient, "not its protocol .KeyError"),
        (Turn(says="nonsense"), Transient, "not its protocol"),
        (Turn(status=503), Transient, "has trouble .503"),
        (Turn(status=403), NotReady, "refuses this machine .403.*pip install -U edge-tts"),
        (Turn(status=403, headers={"Date": "never"}), NotReady, "refuses this machine .403"),
        (Turn(status=404), NotReady, "refuses this machine .404"),
    ],
)
def test_each_trouble_is_one_of_ours(monkeypatch: pytest.MonkeyPatch, turn: Turn, error: type[Exception], says: str) -> None:
    monkeypatch.setattr("edge_tts.communicate.DRM.clock_skew_seconds", 0.0)
    with serving(monkeypatch, turn), pytest.raises(error, match=says):
        said(options={"retries": 0})


def test_a_refusal_is_not_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(monkeypatch, Turn(status=404)) as service, pytest.raises(NotReady):
        said(options={"retries": 5})
    assert service.visits == 1


def test_a_service_that_says_nothing_is_not_waited_for_longer_than_said(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(monkeypatch, Turn(HELLO.sound, hangs=True)), pytest.raises(Transient, match="no answer in time"):
        said(options={"retries": 0, "timeout": 1})


def test_a_service_that_is_not_there_is_passing_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(monkeypatch, HELLO):
        pass
    with pytest.raises(Transient, match="can't be reached"):
        said(options={"retries": 0})


def test_the_way_goes_through_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(monkeypatch, HELLO) as service, pytest.raises(Transient, match="can't be reached"):
        said(options={"retries": 0, "proxy": "http://127.0.0.1:9"})
    assert service.visits == 0


# ---- what it is


def test_it_does_not_speak_what_it_has_no_voice_for() -> None:
    with pytest.raises(UserError, match="female or male, not 'robot'"):
        said(gender="robot")


def test_without_the_package_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert EdgeVoice(EdgeOptions()).missing() == ""
    monkeypatch.setattr(edge, "find_spec", lambda name: None)
    assert "pip install 'crossreel[edge]'" in EdgeVoice(EdgeOptions()).missing()
    with pytest.raises(NotReady, match="pip install"):
        said()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"voices": {"thai": "th-TH-NiwatNeural"}}, "write th or th-male"),
        ({"voices": {"th": "Niwat"}}, "is no voice's name"),
        ({"voices": {"th": "vi-VN-HoaiMyNeural"}}, "does not speak th"),
        ({"proxy": "http://me:secret@shop.example:80"}, "HTTPS_PROXY"),
        ({"proxy": "shop.example"}, "write it as http://host:port"),
    ],
)
def test_options_are_looked_at(options: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        EdgeOptions.model_validate(options)


def test_it_is_not_for_commerce_and_its_fingerprint_tells_its_voices() -> None:
    assert not EdgeVoice.card.commercial
    plain, other = EdgeVoice(EdgeOptions()), EdgeVoice(EdgeOptions(voices={"en": "en-GB-RyanNeural"}))
    assert plain.fingerprint() == EdgeVoice(EdgeOptions(proxy="http://127.0.0.1:1", timeout=5, retries=0)).fingerprint()
    assert plain.fingerprint() != other.fingerprint()


def test_times_are_in_order_within_the_sound_whatever_is_heard() -> None:
    draw = np.random.default_rng(5)
    spoken = languages.get("th")
    tokens = spoken.read("แก้วดินเผา Corner ราคาแค่ ฿1,290 ค่ะ! 🎉 ซื้อเลย")
    text, spans = text_of(tokens, spoken)
    tried = 0
    for _ in range(200):
        cuts = sorted({0, len(text), *draw.integers(0, len(text), draw.integers(1, 12)).tolist()})
        starts = draw.uniform(0, 6, len(cuts))
        heard = [
            Heard(text[a:b], s, s + draw.uniform(0, 2)) for a, b, s in zip(cuts, cuts[1:], starts, strict=False) if draw.random() > 0.05
        ]
        got = laid(text, spans, heard, 5.0)
        assert all(0 <= a <= b <= 5.0 for a, b in got)
        assert all(b <= c for (_, b), (c, _) in itertools.pairwise(got))
        tried += bool(got)
    assert tried > 100
