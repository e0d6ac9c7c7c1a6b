"""Pages of captions: a clip's timed words shared out into pages of one or two lines, and those as SubRip.

A line breaks only between words; widths are plain ones, so that nothing moves when the current word changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

from localize.clip import emoji
from localize.domain import Word
from localize.languages import Token, wrap
from localize.languages.base import CLAUSE_END, QUOTES, SENTENCE_END, bare, leans

HOLD = 0.4  # a shorter gap between two pages would flicker: the earlier one stays
TAIL = 0.25  # how long a page stays after its last word, before a longer silence
SHORT = 0.8  # a page shown for less is hard to read
FLASH = 0.3  # a page shown for less is not seen
OPENING = 0.6  # words said so soon are there from the first frame, which feeds show before a clip plays
STAY = 2.0  # the stay that is liveliest and still easily read


@dataclass(frozen=True)
class Page:
    """What is shown from `start` to `end` seconds: lines of indices of words."""

    start: float
    end: float
    lines: tuple[tuple[int, ...], ...]

    @property
    def words(self) -> tuple[int, ...]:
        return tuple(index for line in self.lines for index in line)


def pages(words: Sequence[Word], measure: Callable[[str], float], width: float, max_lines: int = 2) -> list[Page]:
    """Share out a clip's words into pages whose lines are no wider than `width` by `measure`.

    Pages prefer to end where a sentence, a clause or a breath ends, and to stay at least SHORT; a gap that holds a
    line break ("\\n") always ends one. A word wider than `width` has a line of its own. Pages do not overlap. Words said
    within OPENING are shown from 0 s.
    """
    out: list[Page] = []
    first = 0
    for index, word in enumerate(words):
        if "\n" in word.gap or index == len(words) - 1:
            out += _section(words, first, index + 1, measure, width, max_lines)
            first = index + 1
    return _timed(out, words)


def _section(words: Sequence[Word], first: int, last: int, measure: Callable[[str], float], width: float, max_lines: int) -> list[Page]:
    """The cheapest way to share words[first:last] out, found from the end backwards."""
    tokens = [Token(w.text, "", w.gap) for w in words]
    best: dict[int, tuple[float, int, tuple[tuple[int, ...], ...]]] = {last: (0.0, last, ())}
    for i in range(last - 1, first - 1, -1):
        for j in range(i + 1, last + 1):
            lines = wrap(tokens[i:j], width, measure)
            if len(lines) > max_lines and j > i + 1:
                break
            widest = max(measure("".join(t.text + t.gap for t in line).rstrip()) for line in lines)
            cost = best[j][0] + _cost(words, i, j, last, widest / width)
            if i not in best or cost < best[i][0]:
                best[i] = (cost, j, _indices(i, [len(line) for line in lines]))
    out, i = [], first
    while i < last:
        _, j, indices = best[i]
        out.append(Page(words[i].start, words[j - 1].end, indices))
        i = j
    return out


def _indices(first: int, counts: Sequence[int]) -> tuple[tuple[int, ...], ...]:
    out = []
    for count in counts:
        out.append(tuple(range(first, first + count)))
        first += count
    return tuple(out)


def _cost(words: Sequence[Word], i: int, j: int, last: int, fullness: float) -> float:
    """How bad words[i:j] is as a page: 1 for being one, and more for a bad moment to turn it, or too short or long a stay."""
    stay = (words[j].start if j < len(words) and words[j].start - words[j - 1].end < HOLD else words[j - 1].end + TAIL) - words[i].start
    cost = 1.0 + 4.0 * max(0.0, SHORT - stay) / SHORT + (0.5 if stay > STAY else 0.25) * (stay - STAY) ** 2
    if stay < FLASH:
        cost += 20.0
    if j < last:
        cost += _turn(words, j)
    # A sentence that ends inside of a page makes the next one start in its middle.
    cost += sum(1.2 for k in range(i + 1, j) if _turn(words, k) == 0.0)
    return cost + max(0.0, 0.3 - fullness) * 2.0


def _turn(words: Sequence[Word], j: int) -> float:
    """How bad it is to turn the page before words[j]: 0 after a sentence, 2 in the middle of a phrase, 3 after a word that leans on
    it, 4 before an emoji, which belongs to the words it follows, and between a figure and what it counts."""
    if emoji.only(words[j].text) or bare(words[j - 1].text):
        return 4.0
    spoken = j
    while spoken > 1 and emoji.only(words[spoken - 1].text):
        spoken -= 1
    said = words[spoken - 1].text.rstrip(QUOTES)
    pause = words[j].start - words[j - 1].end
    if said.endswith(SENTENCE_END) or pause >= HOLD:
        return 0.0
    if said.endswith(CLAUSE_END) or pause >= 0.15:
        return 0.3
    # Thai has no commas: where most words touch, a space is one.
    if words[j - 1].gap.strip("\n") and sum(bool(w.gap) for w in words) < len(words) / 2:
        return 0.5
    return 3.0 if leans(words[j - 1].text) else 2.0


def _timed(untimed: Sequence[Page], words: Sequence[Word]) -> list[Page]:
    """Hold every page as its neighbours allow: no flicker between two, none gone before it is seen."""
    out: list[Page] = []
    for page, after in zip_longest(untimed, untimed[1:]):
        end = max(page.end + TAIL, page.start + SHORT)
        if after is not None and after.start - end < HOLD:
            end = after.start
        out.append(replace(page, end=end))
    for k in range(len(out) - 1, 0, -1):  # a page that would flash comes early, which costs the one before it a little
        start = max(0.0, min(out[k].start, out[k].end - FLASH))
        out[k] = replace(out[k], start=start)
        out[k - 1] = replace(out[k - 1], end=min(out[k - 1].end, start), start=min(out[k - 1].start, start))
    if out and out[0].start < OPENING:
        out[0] = replace(out[0], start=0.0)
    return out


def srt(pages: Sequence[Page], words: Sequence[Word]) -> str:
    """The pages as SubRip."""

    def shown(page: Page) -> str:
        lines = ("".join(words[k].text + words[k].gap for k in line).strip() for line in page.lines)
        return "\n".join(filter(None, lines))

    return srt_of((page.start, page.end, shown(page)) for page in pages)


def srt_of(cues: Iterable[tuple[float, float, str]]) -> str:
    """Cues (start and end in s, text) as SubRip: numbered from 1, times as hours:minutes:seconds,milliseconds."""

    def clock(seconds: float) -> str:
        ms = round(seconds * 1000)
        return f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02},{ms % 1000:03}"

    return "\n".join(f"{n}\n{clock(start)} --> {clock(end)}\n{text}\n" for n, (start, end, text) in enumerate(cues, 1))
