"""The seller's own transcript of a video: .srt, .vtt, .ass, .ssa with times, .txt without.

Files come from many hands: any encoding, commas or points in times, positions and tags, speakers' names, sound notes, cues out of
order. What can be put right is, with a finding; what can't is an error that names the file, the line and the way out.
"""

from __future__ import annotations

import html
import itertools
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from localize.domain import Finding
from localize.dub import Talk
from localize.dub.sentences import Piece, sentences_of
from localize.errors import UserError
from localize.products.tables import charset

KINDS = (".srt", ".vtt", ".ass", ".ssa", ".txt")
LARGEST = 20_000_000  # bytes; an hour's subtitles have a hundred thousand
SLACK = 0.5  # s by which a last cue may outlast its video

_STAMP = r"(?:(\d{1,3}):)?(\d{1,2}):(\d{1,2})(?:[.,:](\d{1,3}))?"
_TIMES = re.compile(rf"^\s*{_STAMP}\s*-+>\s*{_STAMP}(?=\s|$)(.*)$")
# SubViewer's, as YouTube gives it (.sbv), and a moment alone in a line, as its page does.
_SBV = re.compile(r"^\s*(\d{1,3}):(\d{1,2}):(\d{1,2})\.(\d{1,3}),(\d{1,3}):(\d{1,2}):(\d{1,2})\.(\d{1,3})\s*$")
_MOMENT = re.compile(r"^\s*\(?(?:(\d{1,2}):)?(\d{1,3}):(\d{2})(?:[.,](\d{1,3}))?\)?\s*$")
_ARROW = re.compile(r"^\s*[\d:.,]*\d\s*-+>|-->")
_TAG = re.compile(r"<v(?:\.[\w.]*)?\s+([^>]+)>|</?[a-zA-Z][^<>]*>|<\d[\d:.]*>|\{\\[^{}]*\}")
# Sounds and music, told in brackets of all kinds; parts of a cue between notes are sung.
_NOTE = re.compile(r"\[[^\[\]]*\]|【[^】]*】|〔[^〕]*〕|（[^（）]*）|\([^()]*\)|[♪♫♬][^♪♫♬]*[♪♫♬]|[♪♫♬].*$|^[\s#]*#[^#]+#\s*$")
_SOUND = re.compile(
    r"music|applau|laugh|cheer|sigh|cough|silence|inaudible|noise|sound|ring|beep|click|gasp|chuckl|whisper|instrument|crowd|bell|song|singing|"
    r"เพลง|ดนตรี|เสียง|ปรบมือ|หัวเราะ|nhạc|tiếng|vỗ tay|cười|musik|tepuk|tertawa|suara|音乐|音樂|掌声|掌聲|笑|歌|声|聲|鼓掌|背景",
    re.IGNORECASE,
)
_NAME = re.compile(r"^(?P<name>[^\W\d_][^:：]{0,29}?)\s*(?:[:：])(?P<wide>\s+|(?<=：)|$)(?P<rest>.*)$", re.DOTALL)
_DASH = re.compile(r"^\s*[-–—‐]\s*(?=\S)")


@dataclass(frozen=True)
class Cue:
    """What stands under one time of a transcript, or in one line of one without times (`start` and `end` are None).
    `speaker` is a name, or "-1", "-2" for those who are told apart by dashes alone; `line` is its number in the file."""

    text: str
    start: float | None = None
    end: float | None = None
    speaker: str = ""
    line: int = 0


def parse(path: str | Path) -> tuple[Cue, ...]:
    """A transcript's cues in the file's order, plain text without tags, sound notes and speakers' marks.

    Raises UserError for a file that is not there, of another kind, without text, or with a time that can't be read.
    """
    path = Path(path)
    text = _text(path)
    kind = _kind(path, text)
    read = {"srt": _timed, "vtt": _timed, "ass": _substation, "txt": _plain}[kind]
    cues = tuple(cue for raw in read(text, path) for cue in _spoken(raw))
    if not cues:
        raise UserError(f"{path} says nothing: a transcript needs what is said in the video, as .srt or .vtt with times or .txt without.")
    return _named(cues)


def talk_of(cues: Sequence[Cue], language: str, duration: float, origin: str = "transcript") -> Talk:
    """The sentences of timed cues in a video of `duration` seconds; `origin` is the transcript's name.

    What was put right is in the talk's findings. Raises UserError for cues without times (they are aligned to the sound:
    `aligning.aligned`), and where none is within the video.
    """
    if bare := next((cue for cue in cues if cue.start is None), None):
        raise UserError(f"{origin}, line {bare.line}: {_short(bare.text)!r} has no time: its words must be found in the sound first.")
    found: list[Finding] = []
    kept = list(_within(cues, duration, origin, found))
    if not kept:
        first = cues[0]
        raise UserError(
            f"{origin}, line {first.line}: the first cue is at {clock(first.start or 0)}, but the video is over at {clock(duration)}: is "
            "it another video's transcript? Give this one's, or one whose times begin with this video."
        )
    names = speakers(kept)
    pieces = [
        Piece(cue.text, cue.start or 0.0, cue.end or 0.0, names[cue.speaker], breaks=not _goes_on(cue, after))
        for cue, after in zip(kept, [*kept[1:], None], strict=True)
    ]
    made = sentences_of(pieces, language)
    return Talk(language=language, sentences=made, origin=origin, speakers=len(set(names.values())), findings=tuple(found))


def speakers(cues: Iterable[Cue]) -> dict[str, int]:
    """The speakers' numbers by how the cues name them, in order; a cue without a name goes on with the one before."""
    numbers: dict[str, int] = {}
    for cue in cues:
        numbers.setdefault(cue.speaker, len(numbers))
    return numbers or {"": 0}


def clock(seconds: float) -> str:
    """A moment of a video as a seller reads it: 1:02.5."""
    minutes, rest = divmod(max(round(seconds, 1), 0.0), 60)
    return f"{int(minutes)}:{rest:04.1f}"


# ---- files


def _text(path: Path) -> str:
    if not path.is_file():
        raise UserError(f"there is no transcript {path}: give a file that ends in {', '.join(KINDS)}.")
    if path.suffix.lower() not in KINDS:
        raise UserError(f"{path}: a transcript ends in {', '.join(KINDS)}, not in {path.suffix or 'nothing'!r}: save it as one of these.")
    size = path.stat().st_size
    if size > LARGEST:
        raise UserError(f"{path} has {size / 1e6:.0f} MB: that is no transcript. Give the file with the video's words.")
    if not size:
        raise UserError(f"{path} is empty: a transcript needs what is said in the video.")
    try:
        text = "".join(charset.of(path).lines(path))
    except UserError as error:
        raise UserError(f"{path} is not text in any encoding crossreel knows: save it as {path.suffix.lower()} in UTF-8.") from error
    odd = sum(unicodedata.category(c) == "Cc" and c not in "\t\r\n\f\v" for c in text)
    if odd > len(text) // 100:
        raise UserError(f"{path} is no text, whatever its name says: save the transcript as {path.suffix.lower()} in UTF-8.")
    # Written as text twice, a file's lines end in two carriage returns and a line feed.
    text = re.sub(r"\r+\n|\r|\u2028", "\n", text)
    return unicodedata.normalize("NFC", text.replace("\0", ""))


def _kind(path: Path, text: str) -> str:
    """By what stands in it: an .srt may hold what a .vtt should, and a .txt may have times."""
    lines = text.split("\n")
    if text.lstrip().startswith("WEBVTT"):
        return "vtt"
    if any(line.strip().lower() == "[script info]" or line.startswith("Dialogue:") for line in lines):
        return "ass"
    if any(_stamp(line) for line in lines):
        return "srt"
    if path.suffix.lower() == ".txt":
        return "txt"
    wrong = next(((n, line) for n, line in enumerate(lines, 1) if _ARROW.search(line)), None)
    if wrong:
        raise _bad_time(path, *wrong)
    way = {".ass": "Dialogue: lines", ".ssa": "Dialogue: lines"}.get(path.suffix.lower(), "times such as 00:00:01,000 --> 00:00:03,500")
    raise UserError(f"{path} has no {way}. Give it as .txt if it has no times: they are found in the sound.")


def _timed(text: str, path: Path) -> Iterator[Cue]:
    """SubRip, WebVTT and SubViewer: what stands under each line of times, to the next empty line."""
    lines = text.split("\n")
    at = 0
    while at < len(lines):
        stamp = _stamp(lines[at])
        if not stamp:
            if _ARROW.search(lines[at]) and not lines[at].lstrip().startswith("NOTE"):
                raise _bad_time(path, at + 1, lines[at])
            # Notes and styles go on to the next empty line, whatever stands in them.
            if re.match(r"(NOTE|STYLE|REGION)(\s|$)", lines[at]):
                while at < len(lines) and lines[at].strip():
                    at += 1
            at += 1
            continue
        number, body = at + 1, []
        at += 1
        while at < len(lines) and lines[at].strip() and not _stamp(lines[at]):
            body.append(lines[at])
            at += 1
        # Without an empty line between two cues, the next one's number is no text.
        if at < len(lines) and _stamp(lines[at]) and body and body[-1].strip().isdecimal():
            body.pop()
        times = stamp.groups()
        yield Cue("\n".join(body), _seconds(times[:4]), _seconds(times[4:8]), line=number)


def _stamp(line: str) -> re.Match[str] | None:
    """A line of a cue's times: hours, minutes, seconds and their fraction twice."""
    return _TIMES.match(line) or _SBV.match(line)


def _seconds(parts: Sequence[str | None]) -> float:
    hours, minutes, seconds, fraction = parts
    return int(hours or 0) * 3600 + int(minutes or 0) * 60 + int(seconds or 0) + (float(f"0.{fraction}") if fraction else 0.0)


def _bad_time(path: Path, line: int, value: str) -> UserError:
    return UserError(f"{path}, line {line}: {_short(value)!r} is no time of a cue; write it as 00:00:01,000 --> 00:00:03,500.")


def _substation(text: str, path: Path) -> Iterator[Cue]:
    import pysubs2

    try:
        file = pysubs2.SSAFile.from_string(text, format_="ass" if "v4+" in text.lower() else "ssa")
    except (pysubs2.Pysubs2Error, ValueError, IndexError, KeyError) as error:
        raise UserError(f"{path} can't be read as {path.suffix.lower()} ({error}); save it anew, or as .srt.") from error
    numbers = [n for n, line in enumerate(text.split("\n"), 1) if re.match(r"(Dialogue|Comment):", line)]
    if len(file.events) != len(numbers):
        raise UserError(
            f"{path}: {len(numbers) - len(file.events)} of its {len(numbers)} lines of dialogue can't be read; save it anew, or as .srt."
        )
    for event, line in zip(file.events, numbers, strict=True):
        if not event.is_comment and not event.is_drawing:
            yield Cue(event.plaintext, event.start / 1000, event.end / 1000, speaker=event.name.strip(), line=line)


def _plain(text: str, path: Path) -> Iterator[Cue]:
    lines = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    moments = _moments(lines)
    for number, line in lines:
        if number not in moments:
            yield Cue(line, line=number)


def _moments(lines: Sequence[tuple[int, str]]) -> set[int]:
    """The numbers of the lines that are times: in a text copied from a video's page each line has one above it. They tell neither tenths
    nor ends, so the words are found in the sound. One here and there, or out of order, is said."""
    found = {number: _seconds(match.groups()) for number, line in lines if (match := _MOMENT.match(line))}
    rising = all(before <= after for before, after in itertools.pairwise(found.values()))
    return set(found) if len(found) > 1 and rising and 3 * len(found) >= len(lines) else set()


# ---- what is said


def _spoken(raw: Cue) -> Iterator[Cue]:
    """A cue's speech: one cue for each who speaks in it, their times shared by letters."""
    parts: list[tuple[str, str]] = []
    dashes = 0
    for line in html.unescape(raw.text).split("\n"):
        voice = next((m[1].strip() for m in _TAG.finditer(line) if m[1]), "")
        line = _without_notes(_TAG.sub("", line))
        name, line = _who(line)
        dashed = bool(_DASH.match(line))
        line = _DASH.sub("", line)
        if not name and dashed:
            name, line = _who(line)
        line = " ".join(line.split()).strip()
        if not line:
            continue
        name = voice or name
        dashes += dashed
        if parts and not name and not dashed:
            parts[-1] = (parts[-1][0], _two_lines(parts[-1][1], line))
        else:
            parts.append((name or raw.speaker or (f"-{dashes}" if dashed else ""), line))
    # A single dash tells of a change, but not to whom; and as a list's mark it tells nothing.
    if dashes == 1 and len(parts) == 1 and parts[0][0] == "-1":
        parts = [("", parts[0][1])]
    yield from _shared(raw, parts)


def _shared(raw: Cue, parts: Sequence[tuple[str, str]]) -> Iterator[Cue]:
    if raw.start is None or raw.end is None:
        yield from (replace(raw, text=text, speaker=name) for name, text in parts)
        return
    if raw.end <= raw.start:  # there is nothing to share until it has an end
        yield from (replace(raw, text=text, speaker=name) for name, text in parts)
        return
    total = sum(len(text) for _, text in parts) or 1
    now, length = raw.start, raw.end - raw.start
    for name, text in parts:
        end = now + length * len(text) / total
        yield replace(raw, text=text, speaker=name, start=round(now, 3), end=round(end, 3))
        now = end


def _without_notes(line: str) -> str:
    """Square brackets never hold speech; round ones may, so they go only as a whole line or with the words of a sound."""

    def kept(match: re.Match[str]) -> str:
        inside = match[0]
        speech = inside[0] in "(（" and inside.strip() != line.strip(" -–—") and not _SOUND.search(inside)
        return inside if speech else " "

    return _NOTE.sub(kept, line)


def _who(line: str) -> tuple[str, str]:
    """A speaker's name before a colon, and the rest: "ANNA: Hello", "Anna Lee: Hello", "主持人：大家好". Not "Price: 299"."""
    match = _NAME.match(line.strip().removeprefix(">>").strip())
    if not match or len(match["name"].split()) > 3 or not match["rest"].strip():
        return "", line
    name = match["name"].strip()
    return (name, match["rest"].strip()) if _is_name(name) else ("", line)


def _is_name(name: str) -> bool:
    """All capitals, words that begin with one, or a few signs of a script without capitals."""
    words = name.split()
    if any(c.lower() != c.upper() for c in name):
        return name.isupper() or all(word[0].isupper() or word[0].isdecimal() for word in words)
    return len(name) <= 12


def _named(cues: tuple[Cue, ...]) -> tuple[Cue, ...]:
    """Names that only one cue has are words before a colon ("Note: ..."), unless other cues have names, too; and a cue that names
    nobody goes on with who spoke before."""
    marked = [cue for cue in cues if cue.speaker]
    if len(marked) == 1 and len(cues) > 1 and not marked[0].speaker.startswith("-"):
        lone = marked[0]
        return tuple(replace(c, text=f"{lone.speaker}: {c.text}", speaker="") if c is lone else c for c in cues)
    out, last = [], marked[0].speaker if marked else ""
    for cue in cues:
        last = cue.speaker or last
        out.append(replace(cue, speaker=last))
    return tuple(out)


def _two_lines(above: str, below: str) -> str:
    """Two lines of a cue as one: without a space between scripts that write none."""
    tight = _unspaced(above[-1]) and _unspaced(below[0])
    return f"{above}{'' if tight else ' '}{below}"


def _unspaced(c: str) -> bool:
    return "\u2e80" <= c <= "\u9fff" or "\uff00" <= c <= "\uffef"


# ---- times


def _within(cues: Sequence[Cue], duration: float, origin: str, found: list[Finding]) -> Iterator[Cue]:
    """The cues in order of time, without overlap, inside the video; what was changed is told in `found`."""

    def tell(cue: Cue, what: str) -> None:
        found.append(Finding(check="transcript", severity="warn", message=f"{origin}, line {cue.line}: {what}",
                             evidence={"line": cue.line, "start": cue.start, "end": cue.end}))  # fmt: skip

    ordered = sorted(cues, key=lambda cue: (cue.start or 0.0, cue.line))
    if [cue.line for cue in ordered] != [cue.line for cue in cues]:
        late = next(after for before, after in itertools.pairwise(cues) if (after.start or 0) < (before.start or 0))
        tell(late, f"the cue at {clock(late.start or 0)} stands after a later one: the cues were put in order of time.")
    groups = [list(group) for _, group in itertools.groupby(ordered, lambda cue: cue.start)]
    limits = [*(group[0].start or 0.0 for group in groups[1:]), float("inf")]
    ordered = [part for group, limit in zip(groups, limits, strict=True) for part in _side_by_side(group, limit, tell)]
    for n, cue in enumerate(ordered):
        start, end = cue.start or 0.0, cue.end or 0.0
        after = ordered[n + 1].start if n + 1 < len(ordered) else None
        if start >= duration:
            tell(cue, f"the cue at {clock(start)} is after the video's end ({clock(duration)}) and was left out: {_short(cue.text)!r}. "
                      "Is it this video's transcript?")  # fmt: skip
            continue
        if end <= start:
            tell(cue, _backwards(start, end))
            end = _given(start, after if after is not None and after > start else None)
        if end > duration:
            if end > duration + SLACK:
                tell(cue, f"the cue at {clock(start)} ends at {clock(end)}, after the video ({clock(duration)}): it was cut there.")
            end = duration
        if after is not None and end > after > start:
            if end - after > 0.1:
                tell(cue, f"the cues at {clock(start)} and {clock(after)} overlap: the first one now ends where the second begins.")
            end = after
        yield replace(cue, start=start, end=end)


def _backwards(start: float, end: float) -> str:
    return f"the cue at {clock(start)} ends at {clock(end)}, before it begins: it was given the time to the next one."


def _given(start: float, after: float | None) -> float:
    """The end in s of a cue that tells none: where the next one begins, if that is not too far away."""
    return min(start + 3.0 if after is None else after, start + 10.0)


def _side_by_side(cues: list[Cue], limit: float, tell: Callable[[Cue, str], None]) -> list[Cue]:
    """Cues that begin at one moment, one after the other, to the moment at which others begin."""
    if len(cues) == 1:
        return cues
    start, end = cues[0].start or 0.0, min(max(cue.end or 0.0 for cue in cues), limit)
    if len({cue.line for cue in cues}) > 1:  # and not two who speak in one
        tell(cues[0], f"{len(cues)} cues begin at {clock(start)}: they share their time. Two who speak at once can't be dubbed so.")
    if end <= start:
        tell(cues[0], _backwards(start, end))
        end = _given(start, limit if limit < float("inf") else None)
    whole = Cue("", start, end)
    shared = _shared(whole, [(cue.speaker, cue.text) for cue in cues])
    return [replace(part, line=cue.line) for part, cue in zip(shared, cues, strict=True)]


def _goes_on(cue: Cue, after: Cue | None) -> bool:
    """Whether a cue's sentence goes on in the next one: the same speaker right after it. Where it ends is told by its signs."""
    return after is not None and after.speaker == cue.speaker and (after.start or 0.0) - (cue.end or 0.0) < 0.7


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 60 else text[:57] + "..."
