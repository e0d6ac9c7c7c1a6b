"""What a video says, and what is told where it says nothing that can be dubbed."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import numpy as np
import pytest
from dubs import TALK, srt
from sounds import tune, video

from localize import languages
from localize.assets import ASSETS
from localize.domain import SourceVideo
from localize.dub.listening import needs, understood
from localize.engines import Card
from localize.errors import NotReady, UserError
from localize.media.pcm import Samples, read_stereo, resampled
from localize.recognize import Recognizer, Transcript
from localize.voice import VoiceStyle
from localize.voice.espeak import EspeakVoice


class Deaf:
    """A recognizer that understands nothing."""

    card = Card(name="deaf", stage="recognize", about="", version="1", licence="")

    def transcribe(self, samples: Samples, rate: int, language: str = "", *, words: bool = False) -> Transcript:
        return Transcript("", language or "en", ())


def of(path: Path, transcript: Path | None = None, language: str = "en") -> SourceVideo:
    return SourceVideo(sku="v", title="v", video=str(path), transcript=str(transcript or ""), language=language)


def speaking(path: Path) -> Path:
    """A video of espeak's English."""
    english = languages.get("en")
    spoken = EspeakVoice().speak(english.read("This lamp is very bright. It costs only two hundred baht."), english, VoiceStyle())
    sound = resampled(spoken.samples, spoken.rate, 48_000)
    return video(path, np.repeat(sound[:, None], 2, axis=1), seconds=len(sound) / 48_000, rate=48_000)


def text(path: Path, said: str) -> Path:
    path.write_text(said, encoding="utf-8")
    return path


def test_a_transcript_with_times_says_all_and_nobody_listens(tmp_path: Path) -> None:
    source = of(video(tmp_path / "silent.mp4", seconds=1.0), text(tmp_path / "silent.srt", srt(TALK)))
    talk = understood(source, 0, 5.0, None, ())
    assert [(s.start, s.end, s.text) for s in talk.sentences] == list(TALK)
    assert (talk.language, talk.origin) == ("en", "silent.srt")
    assert not needs(source)


def test_the_language_of_a_transcript_is_told_from_its_words(tmp_path: Path) -> None:
    source = video(tmp_path / "a.mp4", seconds=1.0)
    said = text(tmp_path / "a.srt", srt([(0.5, 2.0, "这盏灯很亮，只要两百块钱。")]))
    assert understood(of(source, said, language=""), 0, 5.0, None, ()).language == "zh"
    doubtful = text(tmp_path / "b.srt", srt([(0.5, 2.0, "1234 5678")]))
    with pytest.raises(UserError, match=r"b\.srt: nobody can tell which language it is in"):
        understood(of(source, doubtful, language=""), 0, 5.0, None, ())


def test_a_transcript_without_times_is_laid_onto_the_speech(tmp_path: Path) -> None:
    source = of(speaking(tmp_path / "lamp.mp4"), text(tmp_path / "lamp.txt", "This lamp is very bright. It costs only two hundred baht."))
    assert needs(source)
    talk = understood(source, 0, 5.0, None, ())
    first, second = talk.sentences
    assert 0 <= first.start < first.end <= second.start < second.end <= 5.0


def test_what_is_no_transcript_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"page\.srt"):
        understood(of(tmp_path / "a.mp4", text(tmp_path / "page.srt", "<html><body>404</body></html>")), 0, 5.0, None, ())


def test_a_video_without_sound_asks_for_a_voice_over_with_times(tmp_path: Path) -> None:
    silent = video(tmp_path / "hands.mp4", seconds=1.0)
    with pytest.raises(UserError, match=r"hands\.mp4 has no sound, and it has no transcript: .* \(hands\.srt\) for a voice-over"):
        understood(of(silent), 0, 1.0, None, ())
    with pytest.raises(UserError, match="its transcript has no times"):
        understood(of(silent, text(tmp_path / "hands.txt", "This lamp is very bright.")), 0, 1.0, None, ())


def test_where_nobody_speaks_that_is_told_and_what_is_heard_instead(tmp_path: Path) -> None:
    quiet = video(tmp_path / "quiet.mp4", np.zeros((3 * 44_100, 2), np.float32))
    with pytest.raises(UserError, match=r"nobody speaks in quiet\.mp4 \(nobody is heard in 3 s\)"):
        understood(of(quiet), 0, 3.0, None, ())
    song = video(tmp_path / "song.mp4", read_stereo(ASSETS / "music" / "calm.ogg", 44_100)[: 6 * 44_100], seconds=6.0)
    with pytest.raises(UserError, match=r"only music is heard in 6 s\), so there is nothing to dub"):
        understood(of(song), 0, 6.0, None, ())


def test_speech_without_a_transcript_needs_somebody_who_listens(tmp_path: Path) -> None:
    source = of(speaking(tmp_path / "lamp.mp4"))
    with pytest.raises(NotReady, match=r"lamp\.mp4 has no transcript, and no engine here recognises speech") as stopped:
        understood(source, 0, 4.0, None, ())
    assert "lamp.srt" in stopped.value.how
    assert "crossreel models pull faster-whisper" in stopped.value.how
    with pytest.raises(UserError, match="s of speech were found, and deaf understood none: give a transcript"):
        understood(source, 0, 4.0, cast(Recognizer, Deaf()), ())


def test_a_track_that_is_not_there_is_named_whoever_says_what_is_spoken(tmp_path: Path) -> None:
    source = video(tmp_path / "a.mp4", tune(1.0), seconds=1.0)
    for transcript in (None, text(tmp_path / "a.srt", srt(TALK))):
        with pytest.raises(UserError, match=r"has no sound track 2: it has 1\."):
            understood(of(source, transcript), 1, 1.0, None, ())


def test_what_a_transcript_says_after_the_video_has_ended_or_at_once_is_told_of(tmp_path: Path) -> None:
    source = video(tmp_path / "a.mp4", seconds=3.0)
    both = text(tmp_path / "both.srt", srt([(0.5, 2.0, "This lamp is very bright."), (1.0, 2.5, "It costs two hundred baht.")]))
    talk = understood(of(source, both), 0, 3.0, None, ())
    assert talk.sentences[0].end <= talk.sentences[1].start
    late = text(tmp_path / "late.srt", srt([(0.5, 2.0, "This lamp is very bright."), (7.0, 9.0, "It costs two hundred baht.")]))
    talk = understood(of(source, late), 0, 3.0, None, ())
    assert len(talk.sentences) == 1
    assert "is after the video's end (0:03.0) and was left out" in talk.findings[0].message
