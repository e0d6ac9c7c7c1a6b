"""A long sound heard by a recognizer, with stand-ins that say exactly what they hear, and with tiny random models of the real ones."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import whispers

from localize.dub import Sentence, Spot, Talk
from localize.dub.activity import RATE, Activity
from localize.dub.hearing import WINDOW, Embeddings, corrected, cut, hear, told_apart
from localize.engines import Card
from localize.media.pcm import read_audio
from localize.recognize import HeardWord, Transcript
from localize.recognize.whisper import WhisperOptions, WhisperRecognizer

SPEECH = Path(__file__).resolve().parents[3] / "shared" / "testdata" / "speech"


class Script:
    """A recognizer that knows what is said when (word, start, end, confidence): each sample of the sound is its own time."""

    card = Card(name="script", stage="recognize", about="", version="1", licence="")

    def __init__(self, words, language="en"):
        self.words, self.told, self.asked = words, language, []

    def transcribe(self, samples, rate, language="", *, words=False):
        start, end = float(samples[0]), float(samples[-1])
        self.asked.append((round(start, 2), round(end, 2), language, words))
        told = self.told(start) if callable(self.told) else self.told
        inside = [HeardWord(w, a - start, b - start, c) for w, a, b, c in self.words if start <= (a + b) / 2 < end]
        return Transcript(" ".join(w.text for w in inside), language or told, tuple(inside))


class Nobody:
    def missing(self):
        return "nothing is installed."


def clocked(seconds):
    """A sound whose samples are their own times."""
    return (np.arange(round(seconds * RATE)) / RATE).astype(np.float32)


def where(*stretches, seconds=100.0):
    return Activity(tuple(stretches), seconds, 0.9, 0.0, 0.0, "webrtc")


def said(text, start, each=0.4, confidence=0.9):
    return [(word, start + n * each, start + (n + 0.9) * each, confidence) for n, word in enumerate(text.split())]


def test_words_of_all_windows_get_their_times_in_the_whole():
    words = said("Hello there. It is new.", 2.0) + said("Buy it now.", 40.0)
    script = Script(words)
    talk = hear(script, clocked(60), "en", where=where((2.0, 4.0), (40.0, 41.2)), diarizer=Nobody())
    assert [(s.text, round(s.start, 2)) for s in talk.sentences] == [("Hello there.", 2.0), ("It is new.", 2.8), ("Buy it now.", 40.0)]
    assert talk.sentences[2].words[1].start == pytest.approx(40.4, abs=1e-3)
    assert (talk.origin, talk.language, talk.speakers, talk.findings) == ("script", "en", 1, ())
    assert len(script.asked) == 2
    assert all(end - start <= WINDOW and words for start, end, _, words in script.asked)


def test_windows_are_cut_at_pauses_and_never_overlap():
    rng = np.random.default_rng(5)
    stretches, now = [], 0.0
    for _ in range(80):
        now += rng.uniform(0.3, 2.0)
        stretches.append((now, now + rng.uniform(0.5, 9)))
        now = stretches[-1][1]
    stretches.append((now + 0.4, now + 90.0))  # somebody who never draws breath
    windows = list(cut(stretches, now + 91))
    assert all(0 < end - start <= WINDOW for start, end in windows)
    assert all(a[1] <= b[0] + 1e-9 for a, b in pairwise(windows))
    for start, end in stretches[:-1]:
        assert any(a <= start and end <= b for a, b in windows)
    assert list(cut([], 10.0)) == []


def test_the_language_is_that_of_most_of_the_first_windows():
    words = said("a b c", 1.0) + said("d e f", 20.0) + said("g h i", 40.0)
    script = Script(words, lambda start: "ja" if start < 5 else "th")
    talk = hear(script, clocked(60), where=where((1.0, 2.2), (20.0, 21.2), (40.0, 41.2)), diarizer=Nobody())
    assert talk.language == "th"
    assert {language for *_, language, timed in script.asked if timed} == {"th"}


def test_a_sound_without_speech_makes_no_sentence():
    script = Script([])
    talk = hear(script, np.zeros(5 * RATE, np.float32), diarizer=Nobody())
    assert (talk.sentences, talk.language, script.asked) == ((), "", [])


def test_what_goes_round_in_circles_is_heard_once_and_told():
    words = said("We love it.", 1.0) + said("thank you " * 9, 2.4, 0.2)
    talk = hear(Script(words), clocked(20), "en", where=where((1.0, 6.2)), diarizer=Nobody())
    assert " ".join(s.text for s in talk.sentences) == "We love it. thank you"
    assert "repeats itself" in talk.findings[0].message


def test_words_that_nobody_can_say_or_that_are_in_silence_are_left_out():
    fast = hear(Script(said("extraordinarily " * 8 + "different words here", 1.0, 0.05)), clocked(20), "en",
                where=where((1.0, 2.0)), diarizer=Nobody())  # fmt: skip
    assert "in 1.0 s" in " ".join(f.message for f in fast.findings) or "repeats" in fast.findings[0].message
    words = [*said("Good.", 1.0), ("Bye", 2.4, 2.5, 0.1)]
    assert [s.text for s in hear(Script(words), clocked(20), "en", where=where((1.0, 1.4), (3.0, 3.4)), diarizer=Nobody()).sentences] == [
        "Good."
    ]


def test_a_doubtful_sentence_is_named_with_its_time():
    words = said("All is clear.", 62.0) + said("mumble mumbling.", 65.0, confidence=0.4)
    talk = hear(Script(words), clocked(70), "en", where=where((62.0, 63.2), (65.0, 65.8)), diarizer=Nobody())
    (finding,) = talk.findings
    assert (finding.check, finding.severity, finding.evidence["sentence"]) == ("recognition", "warn", 2)
    assert "Sentence 2 at 1:05.0 may be misheard (confidence 40%)" in finding.message
    assert "--transcript" in finding.message


def test_spaces_of_the_text_are_kept_between_thai_words():
    class Thai(Script):
        def transcribe(self, samples, rate, language="", *, words=False):
            found = super().transcribe(samples, rate, language, words=words)
            return Transcript("สวัสดีค่ะ วันนี้", "th", found.words)

    words = [("สวัสดี", 1.0, 1.5, 0.9), ("ค่ะ", 1.5, 1.7, 0.9), ("วันนี้", 1.8, 2.2, 0.9)]
    talk = hear(Thai(words, "th"), clocked(10), "th", where=where((1.0, 2.2)), diarizer=Nobody())
    assert talk.sentences[0].text == "สวัสดีค่ะ วันนี้"


# ---- names


def talk(*texts):
    return Talk(language="en", sentences=tuple(Sentence(text=t, start=n, end=n + 0.9) for n, t in enumerate(texts)), origin="script")


def test_misheard_names_are_put_right_with_a_finding_each():
    heard = talk("The loom ora serum is here.", "Lumera is Lumora.", "I love Lumora!", "Ask for VitaGlo 3 now.")
    fixed = corrected(heard, ["Lumora", "VitaGlow"])
    assert [s.text for s in fixed.sentences] == [
        "The Lumora serum is here.", "Lumora is Lumora.", "I love Lumora!", "Ask for VitaGlow 3 now.",
    ]  # fmt: skip
    assert len(fixed.findings) == 3
    assert "'loom ora' was heard and taken for the name 'Lumora'" in fixed.findings[0].message


@pytest.mark.parametrize("text", ["The aroma is lovely.", "A lunar, aura 299.", "Pro 20 or 30?", "Humor helps."])
def test_other_words_and_numbers_stay(text):
    assert corrected(talk(text), ["Lumora", "X2", "Pro"]) == talk(text)


def test_a_name_has_the_times_of_the_words_it_is_for():
    words = (Spot(text="The", start=0, end=0.2), Spot(text="loom", start=0.2, end=0.4), Spot(text="ora.", start=0.4, end=0.7))
    heard = Talk(language="en", origin="x", sentences=(Sentence(text="The loom ora.", start=0, end=0.7, words=words),))
    (sentence,) = corrected(heard, ["Lumora"]).sentences
    assert [(w.text, w.start, w.end) for w in sentence.words] == [("The", 0, 0.2), ("Lumora", 0.2, 0.7)]


# ---- speakers


class Twins:
    """A diarizer that hears the speaker in the first sample."""

    def missing(self):
        return ""

    def voice(self, samples, rate):
        angle = float(samples[0])
        return np.array([np.cos(angle), np.sin(angle)], np.float32)


def spoken_by(*angles):
    """A sound of 2 s a sentence, whose samples tell who speaks."""
    sound = np.repeat(np.array(angles, np.float32), 2 * RATE)
    return tuple(Sentence(text=f"S{n}.", start=2.0 * n, end=2.0 * n + 2) for n in range(len(angles))), sound


def test_speakers_are_told_apart_where_they_are_far_apart():
    sentences, sound = spoken_by(0.0, 0.1, 1.5, 0.05, 1.45, 1.55)
    count, made = told_apart(sentences, sound, Twins())
    assert (count, [s.speaker for s in made]) == (2, [0, 0, 1, 0, 1, 1])


def test_one_speaker_stays_one():
    sentences, sound = spoken_by(0.0, 0.3, 0.5, 0.2)
    assert told_apart(sentences, sound, Twins())[0] == 1
    assert told_apart(sentences, sound, Nobody()) == (1, sentences)


def test_a_short_sentence_is_its_neighbours():
    sentences, sound = spoken_by(0.0, 1.5)
    short = Sentence(text="Oh.", start=3.95, end=4.0)
    assert [s.speaker for s in told_apart((*sentences, short), sound, Twins())[1]] == [0, 1, 1]


@pytest.mark.neural
@pytest.mark.skipif(not SPEECH.is_dir(), reason="needs ../shared/testdata/speech")
def test_two_people_are_told_apart_by_their_voices():
    if lack := Embeddings().missing():
        pytest.skip(lack)
    names = (
        "en_ljspeech_LJ001-0001.wav",
        "en_librispeech_2033-164914-0006.flac",
        "en_ljspeech_LJ001-0009.wav",
        "en_librispeech_2033-164914-0008.flac",
    )
    parts = [read_audio(SPEECH / name, RATE)[: 7 * RATE] for name in names]
    sentences = tuple(Sentence(text="S.", start=7.0 * n, end=7.0 * n + len(p) / RATE - 0.1) for n, p in enumerate(parts))
    count, made = told_apart(sentences, np.concatenate(parts), Embeddings())
    assert (count, [s.speaker for s in made]) == (2, [0, 1, 0, 1])
    same = np.concatenate([parts[0], parts[2]])
    assert told_apart(sentences[:2], same, Embeddings())[0] == 1


@pytest.fixture(scope="module")
def grain(tmp_path_factory):
    return WhisperRecognizer(WhisperOptions(model=str(whispers.checkpoint(tmp_path_factory.mktemp("models") / "grain.pt")), device="cpu"))


@pytest.mark.neural
def test_a_real_engine_hears_more_than_one_window(grain):
    rng = np.random.default_rng(6)
    beat = np.repeat(rng.uniform(0.1, 1.0, 40), RATE).astype(np.float32)
    sound = (rng.normal(0, 0.1, 40 * RATE) * beat).astype(np.float32)
    talk = hear(grain, sound, where=where((1.0, 18.0), (19.0, 39.0), seconds=40.0), diarizer=Nobody())
    assert talk.origin == "whisper"
    assert len(talk.language) in (2, 3)
    assert all(0 <= s.start <= s.end <= 40 for s in talk.sentences)
    assert all(a.end <= b.start for a, b in pairwise(talk.sentences))
