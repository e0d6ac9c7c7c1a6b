"""The booth: who speaks a Line, under which key, what is done with a bad take, and whose consent is asked."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from voice_packages import make

from localize import engines, languages
from localize.booth import Booth
from localize.campaign import Campaign
from localize.checks import speech as speech_checks
from localize.domain import Channel, Line
from localize.engines import Card
from localize.errors import Blocked, Left, NotReady
from localize.languages import Language, Token
from localize.planning import Progress
from localize.recognize import Transcript
from localize.sections import Engines, HostSettings
from localize.store import LocalStore, shut
from localize.voice import Sound, Speaker, VoiceStyle
from localize.voice.espeak import EspeakVoice

LINE = Line(role="hook", text="Botol ini tahan dingin dua belas jam.")
OTHER = Line(role="cta", text="Klik keranjang kuning sekarang juga ya!")
SILENCE = np.zeros(48000, np.float32)


class Plain:
    """A voice that knows nothing but how to speak (espeak's sound), and notes what it was asked."""

    card: ClassVar[Card] = Card("plain", "voice", "a stand-in", "1", "Apache-2.0", quality=50)

    def __init__(self, broken: int = 0) -> None:
        self.broken, self.asked, self.lines = broken, [], []  # type: ignore[var-annotated]

    def missing(self) -> str:
        return ""

    def fingerprint(self) -> str:
        return self.card.name

    def speak(self, tokens: Sequence[Token], language: Language, style: VoiceStyle) -> Sound:
        self.asked.append(style)
        self.lines.append(" ".join(t.say for t in tokens))
        if style.take < self.broken:
            return Sound(SILENCE, 48000)
        sound = EspeakVoice().speak(tokens, language, dataclasses.replace(style, speaker=None))
        return Sound(sound.samples, sound.rate)


class Cloning(Plain):
    card: ClassVar[Card] = dataclasses.replace(Plain.card, name="cloning", clones=True)


class Together(Plain):
    card: ClassVar[Card] = dataclasses.replace(Plain.card, name="together")

    def speak_all(self, lines: Sequence[Sequence[Token]], language: Language, style: VoiceStyle) -> list[Sound]:
        self.asked.append(len(lines))
        return [Sound(EspeakVoice().speak(line, language, VoiceStyle()).samples, 48000) for line in lines]


class Louder:
    """A converter whose work shows: it turns the wave upside down."""

    card: ClassVar[Card] = Card("louder", "convert", "a stand-in", "1", "Apache-2.0")

    def __init__(self) -> None:
        self.speakers: list[str] = []

    def missing(self) -> str:
        return ""

    def fingerprint(self) -> str:
        return "louder"

    def convert(self, samples: Any, rate: int, speaker: Speaker) -> tuple[Any, int]:
        self.speakers.append(speaker.name)
        return -samples, rate


class Ears:
    card: ClassVar[Card] = Card("ears", "recognize", "a stand-in", "1", "Apache-2.0")

    def __init__(self, text: str) -> None:
        self.text, self.heard = text, 0

    def missing(self) -> str:
        return ""

    def fingerprint(self) -> str:
        return f"ears {self.text}"

    def transcribe(self, samples: Any, rate: int, language: str = "", *, words: bool = False) -> Transcript:
        self.heard += 1
        return Transcript(self.text, language)

    def align(self, samples: Any, rate: int, words: Sequence[str], language: str) -> list[tuple[float, float]]:
        raise ValueError("not in this sound")


class Room:
    """A booth with stand-ins for its engines."""

    def __init__(self, folder: Path, **host: Any) -> None:
        self.folder, self.host = folder, host
        self.voice: Any = Plain()
        self.converter: Any = Louder()
        self.ears: Any = None
        self.changes: dict[str, Any] = {}

    def get(self, stage: engines.Stage, name: str, language: str, able: Any) -> Any:
        found = {"voice": self.voice, "convert": self.converter, "recognize": self.ears}[stage]
        if found is None or (name == "auto" and not able(found.card)):
            raise NotReady(f"no {stage} engine is ready")
        return found

    @property
    def booth(self) -> Booth:
        settings = {
            "name": "test", "catalog": "none.csv", "languages": ("id",), "channels": (Channel(kind="folder", name="out"),),
            "hosts": (HostSettings(**self.host),), **self.changes,
        }  # fmt: skip
        return Booth(Campaign(**settings), LocalStore(self.folder / "store"), self.get)


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return Room(tmp_path)


def test_a_line_is_spoken_once_and_timed(room: Room) -> None:
    progress = Progress()
    first, second = room.booth.speeches([LINE, OTHER], "id", progress)
    assert progress.made["voice"] == 2
    assert first.timing == "draft"
    tokens = languages.get("id").read(LINE.text)
    assert [w.text for w in first.words] == [t.text for t in tokens]
    assert first.words[0].start < first.words[-1].start < first.duration
    assert first.mouths[0].start == 0
    assert first.mouths[-1].end == pytest.approx(first.duration)
    assert first.recognition.state == "not run"
    again = Progress()
    assert room.booth.speeches([OTHER, LINE], "id", again) == [second, first]
    assert again.made["voice"] == 0
    assert len(room.voice.asked) == 2


def test_a_broken_take_is_spoken_again(room: Room) -> None:
    room.voice = Plain(broken=2)
    (speech,) = room.booth.speeches([LINE], "id", Progress())
    assert [style.take for style in room.voice.asked] == [0, 1, 2]
    assert not [f for f in speech.findings if f.severity == "block"]


def test_a_line_that_no_take_says_is_blocked_and_not_kept(room: Room) -> None:
    room.voice = Plain(broken=9)
    with pytest.raises(Blocked, match=r"Botol ini tahan dingin.*3 times"):
        room.booth.speeches([LINE], "id", Progress())
    room.voice = Plain()
    assert room.booth.speeches([LINE], "id", Progress())[0].duration > 1


def test_several_lines_at_once_where_the_voice_can(room: Room) -> None:
    room.voice = Together()
    room.booth.speeches([LINE, OTHER, LINE], "id", Progress())
    assert room.voice.asked == [2]
    assert room.voice.lines == []


def test_a_long_talk_is_spoken_by_some_at_once(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("localize.booth.TOGETHER", 2)
    room.voice = Together()
    talk = [Line(role="feature", text=f"{OTHER.text} {n}.") for n in range(4)]
    assert len(room.booth.takes(talk, "id", Progress())) == 4
    assert room.voice.asked == [2, 2]


def test_takes_have_the_voice_s_own_tempo_until_each_is_fitted(room: Room) -> None:
    """A dub's sentences have a time each, whatever length the campaign's clips are to have."""
    room.changes["script"] = {"seconds": 15}
    progress = Progress()
    lines = [LINE, Line(role="feature", text=f"{LINE.text} " * 8)]
    first, second = room.booth.takes(lines, "id", progress)
    assert (first.tempo, second.tempo) == (1.0, 1.0)
    assert second.duration > 15
    name = room.booth.key(LINE, "id")
    fitted = room.booth.fitted(first, name, 1.1, progress)
    assert fitted.tempo == 1.1
    assert fitted.duration == pytest.approx(first.duration / 1.1, abs=0.001)
    assert fitted.words[-1].end == pytest.approx(first.words[-1].end / 1.1, abs=0.01)
    assert room.booth.fitted(first, name, 1.0, progress) == first
    assert room.booth.fitted(first, name, 1.1, progress) == fitted
    assert progress.made["fit"] == 1


def test_what_can_be_spoken_is_kept_though_one_line_is_blocked(room: Room) -> None:
    class Choosy(Plain):
        def speak(self, tokens: Sequence[Token], language: Language, style: VoiceStyle) -> Sound:
            said = super().speak(tokens, language, style)
            return said if tokens[0].text == "Klik" else Sound(SILENCE, 48000)

    room.voice = Choosy()
    with pytest.raises(Blocked, match="Botol ini"):
        room.booth.takes([LINE, OTHER], "id", Progress())
    progress = Progress()
    assert room.booth.takes([OTHER], "id", progress)[0].duration > 1
    assert progress.made["voice"] == 0


def test_a_gpu_is_needed_for_lines_that_a_model_on_one_is_still_to_speak(room: Room) -> None:
    assert not room.booth.needs_gpu([LINE], "id")
    room.booth.speeches([LINE], "id", Progress())
    room.voice.report = lambda: "cuda:0 bfloat16"
    assert room.booth.needs_gpu([LINE, OTHER], "id")
    assert not room.booth.needs_gpu([LINE], "id")  # it is there already
    room.voice.report = lambda: "cpu float32"
    assert not room.booth.needs_gpu([OTHER], "id")


def test_nothing_is_spoken_where_the_store_is_shut(room: Room) -> None:
    (before,) = room.booth.speeches([LINE], "id", Progress())
    room.voice.asked.clear()
    with shut("the budget is used up"):
        assert room.booth.speeches([LINE], "id", Progress()) == [before]
        with pytest.raises(Left, match="used up"):
            room.booth.speeches([LINE, OTHER], "id", Progress())
        assert room.voice.asked == []
        room.voice = Together()
        with pytest.raises(Left, match="used up"):
            room.booth.speeches([LINE, OTHER], "id", Progress())
        assert room.voice.asked == []


def test_another_voice_pace_or_reading_is_another_key(room: Room, tmp_path: Path) -> None:
    keys = {room.booth.key(LINE, "id"), room.booth.key(LINE, "id")}
    assert len(keys) == 1
    room.voice = Together()
    keys.add(room.booth.key(LINE, "id"))
    room.host = {"pace": 1.1}
    keys.add(room.booth.key(LINE, "id"))
    lexicon = tmp_path / "say.csv"
    lexicon.write_text("word,language,say\nbotol,id,boh tol\n", encoding="utf-8")
    room.changes["pronunciation"] = str(lexicon)
    keys.add(room.booth.key(LINE, "id"))
    other = room.booth.key(OTHER, "id")
    room.changes = {}
    assert room.booth.key(OTHER, "id") == other, "a word that is not in the Line changes nothing"
    assert len(keys) == 4


def test_a_voice_without_a_pace_of_its_own_is_stretched(room: Room) -> None:
    (natural,) = room.booth.speeches([LINE], "id", Progress())
    room.host = {"pace": 1.1}
    room.voice = Plain()
    monotone = Plain.speak

    class Unpaced(Plain):
        def speak(self, tokens: Sequence[Token], language: Language, style: VoiceStyle) -> Sound:
            return monotone(self, tokens, language, dataclasses.replace(style, pace=1.0))

    room.voice = Unpaced()
    (quick,) = room.booth.speeches([LINE], "id", Progress())
    assert quick.tempo == 1.1
    assert quick.duration == pytest.approx(natural.duration / 1.1, abs=0.02)


@pytest.mark.heavy
def test_lines_that_would_be_far_too_long_are_fitted_together(room: Room) -> None:
    lines = [Line(role="feature", text=f"{LINE.text} Nomor {n}. {OTHER.text}") for n in range(4)]
    room.changes["script"] = {"seconds": 15}
    natural = [s.duration for s in Room(room.folder / "plain", **{}).booth.speeches(lines, "id", Progress())]
    progress = Progress()
    fitted = room.booth.speeches(lines, "id", progress)
    assert sum(natural) > 18
    (tempo,) = {s.tempo for s in fitted}
    assert 1 < tempo <= 1.15
    assert [s.duration for s in fitted] == pytest.approx([d / tempo for d in natural], abs=0.02)
    assert progress.made["fit"] == 4


def test_what_was_heard_is_told_and_heard_later_where_nobody_listened(room: Room) -> None:
    (before,) = room.booth.speeches([LINE], "id", Progress())
    assert before.recognition.state == "not run"
    room.ears = Ears("Botol ini tahan dingin 12 jam")
    (after,) = room.booth.speeches([LINE], "id", Progress())
    assert (after.recognition.state, after.recognition.rate) == ("ok", 0.0)
    assert after.audio == before.audio
    room.booth.speeches([LINE], "id", Progress())
    assert room.ears.heard == 1


def test_chinese_is_judged_again_once_other_characters_can_be_read(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    line = Line(role="feature", text="这款全新的无线蓝牙耳机，头发后面也不乱")
    room.ears = Ears("這款全新的無線藍牙耳機，頭髮後面也不亂。")
    monkeypatch.setattr(speech_checks, "simplifier", lambda: None)
    (before,) = room.booth.speeches([line], "zh", Progress())
    assert before.recognition.state == "warn"
    monkeypatch.setattr(speech_checks, "simplifier", lambda: lambda text: line.text)
    (after,) = room.booth.speeches([line], "zh", Progress())
    assert (after.recognition.state, after.recognition.rate, after.findings) == ("ok", 0.0, ())
    assert room.ears.heard == 2
    other = Line(role="feature", text=f"{line.text}。")
    room.booth.speeches([line, other], "zh", Progress())
    monkeypatch.setattr(speech_checks, "simplifier", lambda: None)
    assert room.booth.speeches([other], "zh", Progress())[0].recognition.state == "ok"
    assert room.ears.heard == 3


def test_a_take_that_is_heard_as_something_else_is_blocked(room: Room) -> None:
    room.ears = Ears("selamat pagi semuanya apa kabar kalian di sana hari ini")
    with pytest.raises(Blocked, match="Botol ini"):
        room.booth.speeches([LINE], "id", Progress())


def test_auto_leaves_out_voices_that_need_somebody_to_be(room: Room) -> None:
    room.voice = Cloning()
    with pytest.raises(NotReady):
        room.booth.speeches([LINE], "id", Progress())


# ---- in a person's voice


@pytest.fixture
def anna(room: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Room:

    room.host = {"voice": str(make(tmp_path / "anna", languages_=["id"], platforms=["folder", "tiktok"]))}
    return room


@pytest.mark.heavy
def test_a_voice_that_can_not_clone_is_converted(anna: Room) -> None:
    (speech,) = anna.booth.speeches([LINE], "id", Progress())
    assert anna.converter.speakers == ["anna"]
    assert speech.converter == "louder"
    told = anna.booth.account([speech])
    assert told["voice"] == "anna"
    assert len(told["consent"]) >= 12
    anna.changes["engines"] = Engines(convert="none")
    (plain,) = anna.booth.speeches([LINE], "id", Progress())
    assert plain.converter == ""


@pytest.mark.heavy
def test_a_voice_that_clones_is_not_converted(anna: Room) -> None:
    anna.voice = Cloning()
    anna.booth.speeches([LINE], "id", Progress())
    assert anna.converter.speakers == []
    assert anna.voice.asked[0].speaker.name == "anna"


@pytest.mark.heavy
def test_a_voice_that_clones_keeps_its_pitch_and_is_not_spoken_anew_for_another(anna: Room) -> None:
    keys = []
    for voice in (Cloning(), Plain()):
        anna.voice = voice
        for pitch in (1.0, 1.2):
            anna.host = {**anna.host, "pitch": pitch}
            keys.append(anna.booth.key(LINE, "id"))
        anna.booth.speeches([LINE], "id", Progress())
    assert keys[0] == keys[1]
    assert len(set(keys)) == 3
    assert anna.voice.asked[0].pitch == 1.2
    anna.voice = cloning = Cloning()
    anna.booth.speeches([OTHER], "id", Progress())
    assert cloning.asked[0].pitch == 1.0


def test_without_consent_to_the_language_nothing_is_spoken(anna: Room) -> None:
    with pytest.raises(Blocked, match="th"):
        anna.booth.speeches([LINE], "th", Progress())
    assert anna.voice.asked == []


def test_consent_to_platforms_is_asked_as_well(anna: Room) -> None:
    anna.booth.permit(language="id", platform="tiktok")
    with pytest.raises(Blocked, match="weibo"):
        anna.booth.permit(language="id", platform="weibo")


def test_another_consent_makes_other_speech(anna: Room, tmp_path: Path) -> None:

    before = anna.booth.key(LINE, "id")
    anna.host = {"voice": str(make(tmp_path / "again" / "anna", languages_=["id", "th"], platforms="all"))}
    assert anna.booth.key(LINE, "id") != before


# ---- two hosts

HERS = Line(role="hook", text=LINE.text, host=0)
HIS = Line(role="cta", text=OTHER.text, host=1)


def two(room: Room, *hosts: dict[str, Any]) -> Room:
    room.changes["hosts"] = tuple(HostSettings(**host) for host in hosts)
    return room


def test_each_line_is_spoken_as_its_host(room: Room) -> None:
    alone = room.booth.key(HERS, "id")
    two(room, {}, {"gender": "male", "pace": 1.1, "pitch": 0.9})
    keys = [room.booth.key(line, "id") for line in (HERS, HIS, HERS.model_copy(update={"host": 1}))]
    assert keys[0] == alone, "a second host changes nothing of the first one's speech"
    assert len(set(keys)) == 3
    room.booth.speeches([HERS, HIS], "id", Progress())
    assert [(s.gender, s.pace, s.pitch) for s in room.voice.asked] == [("female", 1.0, 1.0), ("male", 1.1, 0.9)]


def test_several_lines_at_once_are_of_one_host(room: Room) -> None:
    room.voice = Together()
    two(room, {}, {"gender": "male"})
    more = [line.model_copy(update={"text": f"{line.text} Yuk!"}) for line in (HERS, HIS)]
    room.booth.speeches([HERS, HIS, *more], "id", Progress())
    assert room.voice.asked == [2, 2]


@pytest.mark.heavy
def test_both_voices_and_both_consents(room: Room, tmp_path: Path) -> None:
    anna = str(make(tmp_path / "anna", languages_=["id"], platforms=["tiktok"]))
    budi = make(tmp_path / "budi", languages_=["id"], platforms=["tiktok", "weibo"], gender="male")
    two(room, {"voice": anna}, {"voice": str(budi), "gender": "male"})
    speeches = room.booth.speeches([HERS, HIS], "id", Progress())
    assert room.converter.speakers == ["anna", "budi"]
    told = room.booth.account(speeches, [HERS, HIS])
    assert [host["voice"] for host in told["hosts"]] == ["anna", "budi"]
    assert len({host["consent"] for host in told["hosts"]}) == 2
    room.booth.permit(language="id", platform="tiktok")
    with pytest.raises(Blocked, match="anna"):
        room.booth.permit(language="id", platform="weibo")
    room.booth.permit([HIS], language="id", platform="weibo")
    make(tmp_path / "later" / "budi", languages_=["id"], until=date(2026, 1, 3), gender="male")
    (budi / "consent.yaml").write_bytes((tmp_path / "later" / "budi" / "consent.yaml").read_bytes())
    with pytest.raises(Blocked, match="budi"):
        room.booth.permit(language="id")
    room.booth.permit([HERS], language="id")
    with pytest.raises(Blocked, match="budi"):
        room.booth.speeches([HERS, HIS], "id", Progress())
