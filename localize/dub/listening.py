"""What a video says, however that is found out: by its transcript, or by listening to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from localize.domain import Line, Narration, SourceVideo, Text
from localize.dub import Talk, activity, aligning, decoded, hearing, transcript
from localize.errors import NotReady, UserError
from localize.products.tongue import detect
from localize.recognize import Recognizer

VERSION = "2"  # raise it when the same video would be understood otherwise
SPOKEN = 0.3  # s: less speech than that in all is a cough


def needs(video: SourceVideo) -> bool:
    """Whether a recognizer has a say: there is no transcript, or one without times."""
    return not video.transcript or Path(video.transcript).suffix.lower() == ".txt"


def means(video: SourceVideo) -> tuple[object, ...]:
    """What of this machine shapes a talk beside the recognizer: how speech is found, and whether voices are told apart."""
    return (activity.detector(), hearing.Embeddings().missing() == "") if needs(video) else ()


def understood(video: SourceVideo, track: int, seconds: float, recognizer: Recognizer | None, names: Sequence[str]) -> Talk:
    """The talk of a video of so many seconds; `track` is the sound track that counts, `names` are put right where they were misheard.

    Raises UserError where it says nothing, or nobody knows in which language, and as `transcript.parse`; NotReady where it has no
    transcript and nobody here can listen.
    """
    name = Path(video.video).name
    cues = transcript.parse(video.transcript) if video.transcript else ()
    with decoded.opened(Path(video.video), track):
        pass  # a track that is not there is told of before anything is paid for
    if cues and all(cue.start is not None for cue in cues):
        return transcript.talk_of(cues, _written(video, cues), seconds, Path(video.transcript).name)
    heard = decoded.heard(Path(video.video), track)
    if heard is None:
        timed = "its transcript has no times" if cues else "it has no transcript"
        raise UserError(
            f"{name} has no sound, and {timed}: give what is to be said with its times ({Path(name).stem}.srt) for a voice-over."
        )
    spoken = activity.listen(heard)
    if spoken.speech < SPOKEN:
        what = "only music is heard" if spoken.music > spoken.other else "nobody is heard"
        raise UserError(
            f"nobody speaks in {name} ({what} in {seconds:.0f} s), so there is nothing to dub: leave it out, or give what is to be said "
            f"with its times ({Path(name).stem}.srt) for a voice-over."
        )
    if cues:
        return aligning.aligned(cues, _written(video, cues), heard, recognizer, Path(video.transcript).name)
    if recognizer is None:
        how = 'pip install "crossreel[recognize]", then `crossreel models pull faster-whisper`.'
        way = f"Give a transcript ({Path(name).stem}.srt, .vtt, .ass or .txt beside it, or --transcript), or get a recognizer: {how}"
        raise NotReady(f"{name} has no transcript, and no engine here recognises speech.", missing=("recognize",), how=way)
    talk = hearing.hear(recognizer, heard, video.language)
    if not talk.sentences:
        raise UserError(
            f"{name}: {spoken.speech:.1f} s of speech were found, and {recognizer.card.name} understood none: give a transcript."
        )
    return hearing.corrected(talk, names)


def corrected(talk: Talk, edits: Mapping[str, str]) -> Talk:
    """The talk with what people wrote in place of its sentences, whose words then have no times any more."""
    sentences = tuple(s.model_copy(update={"text": edits[s.text], "words": ()}) if s.text in edits else s for s in talk.sentences)
    return talk.model_copy(update={"sentences": sentences})


def narrated(talk: Talk) -> Narration:
    """The talk as people read it over, in its own language."""
    said = tuple(Line(role="feature", text=sentence.text) for sentence in talk.sentences)
    return Narration(language=talk.language, lines=said, text=Text(), engine=talk.origin)


def _written(video: SourceVideo, cues: Sequence[transcript.Cue]) -> str:
    """The language of a transcript. Raises UserError where it can't be told."""
    if video.language:
        return video.language
    found, sure = detect(cue.text for cue in cues)
    if not found or sure < 0.5:
        raise UserError(
            f"{Path(video.transcript).name}: nobody can tell which language it is in: say so (`--from zh`, or `source_language`)."
        )
    return found
