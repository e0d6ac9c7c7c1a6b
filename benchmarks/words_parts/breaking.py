"""Where lines of Thai break: captions and cards as clips have them, and beside them what wraps at a count of characters.

Read from SIB-200 (dev and train, 800 sentences). Two that know nothing of our word list judge where a word goes on: ICU's
word breaker, and PyThaiNLP's newmm with its own dictionary. A break is inside a word when neither has a boundary there. Our
words come from newmm too, with words added and rules of what stays together; so the breaks that ICU alone would not make
are shown as well. Widths are those of the shaped text in the shipped font, in pixels.

    python -m benchmarks.words_parts.breaking

lists the breaks inside words and what only one judge objects to.
"""

from __future__ import annotations

import csv
import re
import textwrap
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from pathlib import Path

from PIL import ImageFont
from pythainlp.tokenize import word_tokenize

from localize import languages
from localize.clip import layout as layouts
from localize.clip.captions import CaptionArt, Look
from localize.clip.paging import pages
from localize.clip.render import CAPTION_SIZE
from localize.clip.type import Style, block, chain, measure
from localize.domain import Word
from localize.languages import Token

from . import Figure

PRESENTER_RIGHT = layouts.get("presenter-right")

FILES = ("sib200_dev.tha_Thai.tsv", "sib200_train.tha_Thai.tsv")
FOLLOWING = "ะาำๅๆฯ"  # vowels and signs that belong to what stands before them, beside the marks above and below
SPOKEN = 0.075  # seconds a letter, for captions' pages
EVERY = 20  # of the sentences is set as a card's text, with its smaller sizes and its ellipsis, which takes longest

CAPTIONS = Look(width=PRESENTER_RIGHT.captions[2] - PRESENTER_RIGHT.captions[0], size=CAPTION_SIZE)
CARD = Style(44, "semibold")  # a feature's, in the room that its badge leaves
SMALLEST = 32
OWN_LETTERS = re.compile("[ก-ฺเ-๛A-Za-z0-9,.-]+(?: [ก-ฺเ-๛A-Za-z0-9,.-]+)*")
CARD_WIDTH = PRESENTER_RIGHT.card[2] - PRESENTER_RIGHT.card[0] - 68 - 3 * 28

# Breaks between two words that both judges cut elsewhere (สืบ + เนื่องจาก, สถาน + ที่ทาง, เป็นไป + ได้ที่), read by hand one by
# one. They are counted apart and shown.
BOTH_WRONG = (("สืบเนื่อง", "จาก"), ("สถานที่", "ทาง"), ("เป็นไปได้", "ที่"))


@dataclass
class Tally:
    """What was seen of the lines of one way to break. `objected` counts breaks by who calls them inside a word."""

    sentences: int = 0
    lines: int = 0
    breaks: int = 0
    forbidden: int = 0
    too_wide: int = 0
    objected: Counter[str] = field(default_factory=Counter)
    shown: list[str] = field(default_factory=list)

    def add(self, sentence: str, starts: Sequence[int], too_wide: int, judged: dict[str, frozenset[int]]) -> None:
        """A sentence whose lines start at those offsets."""
        self.sentences += 1
        self.lines += len(starts)
        self.too_wide += too_wide
        for at in starts[1:]:
            self.breaks += 1
            self.forbidden += forbidden_first(sentence[at])
            against = [judge for judge, bounds in judged.items() if at not in bounds]
            if against:
                who = " and ".join(against)
                if len(against) == len(judged) and between_words(sentence, at):
                    who += ", both wrong"
                self.objected[who] += 1
                self.shown.append(f"{who}: {sentence[max(0, at - 15) : at]}|{sentence[at : at + 15]}")

    @property
    def inside(self) -> int:
        """Breaks that all judges call inside a word."""
        return self.objected["ICU and PyThaiNLP"]


def between_words(sentence: str, at: int) -> bool:
    """Whether a break is one of those where reading showed both judges to be wrong."""
    return any(sentence[:at].endswith(before) and sentence[at:].startswith(after) for before, after in BOTH_WRONG)


def forbidden_first(char: str) -> bool:
    """Whether no line may start with it: a tone mark, a vowel of the letter before, a sign that repeats or shortens."""
    return unicodedata.category(char)[0] == "M" or char in FOLLOWING


def judges(sentence: str) -> dict[str, frozenset[int]]:
    """The offsets at which each judge has a word begin or end."""
    from icu4py.breakers import WordBreaker  # a wheel for development alone

    icu = frozenset(_ends(list(WordBreaker(sentence, "th"))))
    return {"ICU": icu, "PyThaiNLP": frozenset(_ends(word_tokenize(sentence, engine="newmm", keep_whitespace=True)))}


def _ends(words: Sequence[str]) -> Iterator[int]:
    at = 0
    for word in words:
        at += len(word)
        yield at


# Ways to break --------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=4)
def _tokens(sentence: str) -> list[Token]:
    return languages.get("th").read(sentence)


def _ruler(style: Style) -> Callable[[str], float]:
    """What `measure` finds, without its search for the font of every letter where the language's own has all of them."""
    font = ImageFont.truetype(chain("th", style.weight)[0], style.size, layout_engine=ImageFont.Layout.RAQM)

    @cache
    def width(text: str) -> float:
        return font.getlength(text, language="th") if OWN_LETTERS.fullmatch(text) else measure(text, style, "th")

    return width


_caption_width, _card_width = _ruler(CAPTIONS.style), _ruler(CARD)


def captions(sentence: str) -> tuple[list[int], int]:
    """Where the lines of a sentence's captions start, and how many reach over the box as they are drawn."""
    words, offsets, at, clock = [], [], 0, 0.0
    for token in _tokens(sentence):
        offsets.append(at)
        words.append(Word(text=token.text, gap=token.gap, start=clock, end=clock + SPOKEN * len(token.text)))
        at, clock = at + len(token.text + token.gap), words[-1].end
    shown = pages(words, _caption_width, CAPTIONS.room)
    lines = [line for page in shown for line in page.lines]
    wide = [p for p in shown if any(_caption_width(_line(words, line)) > CAPTIONS.room for line in p.lines)]
    too_wide = 0
    if wide:  # a word wider than the box: its page is drawn smaller
        art = CaptionArt(shown, words, "th", CAPTIONS)
        for page in wide:
            for sprite in art.at(page.start)[:1]:
                ink = sprite.rgba[..., 3].any(axis=0).nonzero()[0]
                too_wide += sprite.x + ink[0] < 0 or sprite.x + ink[-1] >= CAPTIONS.width
    return [offsets[line[0]] for line in lines], too_wide


def _line(words: Sequence[Word], line: Sequence[int]) -> str:
    return "".join(words[k].text + words[k].gap for k in line).rstrip()


def card(sentence: str) -> tuple[list[int], int]:
    """Where a sentence breaks in the width of a feature's card, however many lines it takes."""
    lines = languages.wrap(_tokens(sentence), CARD_WIDTH, _card_width)
    texts = ["".join(t.text + t.gap for t in line) for line in lines]
    if any(_card_width(text.rstrip()) > CARD_WIDTH for text in texts):  # a word wider than the card makes all its letters smaller
        return _block(sentence, max_lines=len(sentence))
    return [0, *_ends(texts)][: len(texts)], 0


def fitted_card(sentence: str) -> tuple[list[int], int]:
    """The same in three lines as the clip draws it: smaller if need be, then cut with an ellipsis; the cut is a break, too."""
    return _block(sentence, max_lines=3)


def _block(sentence: str, max_lines: int) -> tuple[list[int], int]:
    made = block(sentence, CARD, "th", CARD_WIDTH, max_lines=max_lines, smallest=SMALLEST)
    starts = _found(sentence, [line.rstrip("…") for line in made.lines])
    if made.cut:
        end = starts[-1] + len(made.lines[-1].rstrip("…"))
        while sentence[end : end + 1] in tuple(" ,.;:!?"):  # what an ellipsis stands for
            end += 1
        starts.append(end)
    return starts, sum(measure(line, made.style, "th") > CARD_WIDTH for line in made.lines)


def naive(width: float, size: Callable[[str], float]) -> Callable[[str], tuple[list[int], int]]:
    """Python's textwrap at the count of characters that usually fills a width, as tools without shaping do it."""

    def broken(sentence: str) -> tuple[list[int], int]:
        lines = textwrap.wrap(sentence, usual(width, size))
        return _found(sentence, lines), sum(size(line) > width for line in lines)

    return broken


def usual(width: float, size: Callable[[str], float]) -> int:
    """How many characters of running Thai fill a width, marks counted, as a length in Python counts them."""
    sample = "วันนี้เรามีของดีราคาพิเศษมาแนะนำให้ทุกคนได้ลองใช้กันที่บ้านอย่างสบายใจ"
    return int(width / (size(sample) / len(sample)))


def _found(sentence: str, lines: Sequence[str]) -> list[int]:
    """Where each line starts in the sentence."""
    starts, at = [], 0
    for line in lines:
        at = sentence.index(line[:1], at) if line else at
        starts.append(at)
        at += len(line)
    return starts


WAYS: dict[str, tuple[Callable[[str], tuple[list[int], int]], int]] = {  # and of how many sentences one is taken
    "captions": (captions, 1),
    "cards": (card, 1),
    "cards cut to three lines": (fitted_card, EVERY),
    "naive wrapper, captions' box": (naive(CAPTIONS.room, _caption_width), 1),
    "naive wrapper, cards' box": (naive(CARD_WIDTH, _card_width), 1),
}


def measured(sentences: Sequence[str]) -> dict[str, Tally]:
    """Each way's tally over the sentences."""
    tallies = {name: Tally() for name in WAYS}
    for number, sentence in enumerate(" ".join(s.split()) for s in sentences):
        judged = judges(sentence)
        for name, (way, every) in WAYS.items():
            if number % every == 0:
                tallies[name].add(sentence, *way(sentence), judged)
    return tallies


def sentences(shared: Path) -> list[str]:
    """The Thai sentences of SIB-200."""
    found = []
    for name in FILES:
        with (shared / "parallel" / name).open(encoding="utf-8", newline="") as f:
            found += [row["text"] for row in csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE)]
    return found


def figures(shared: Path | None) -> list[Figure]:
    """For each way: breaks inside words, lines that start wrongly, lines over the box. Nothing without the shared data."""
    if shared is None:
        return []
    try:
        tallies = measured(sentences(shared))
    except ImportError as e:
        return [Figure("Thai lines", f"not measured: {e}; pip install icu4py", "measured", False)]
    out = []
    for name, tally in tallies.items():
        ours, by_hand = not name.startswith("naive"), tally.objected["ICU and PyThaiNLP, both wrong"]
        of = f"of {tally.breaks} breaks, {tally.lines} lines, {tally.sentences} sentences"
        for what, count in (
            ("inside a word (ICU and PyThaiNLP agree)", tally.inside),
            ("lines starting with a tone mark or following vowel", tally.forbidden),
            ("lines over the box", tally.too_wide),
        ):
            exempt = f", besides {by_hand} where both are wrong, read by hand" if by_hand and what.startswith("inside") else ""
            out.append(Figure(f"Thai lines, {name}: {what}", f"{count} {of}{exempt}", "0" if ours else "", count == 0 or not ours))
        alone = ", ".join(f"{tally.objected[judge]} by {judge}" for judge in ("ICU", "PyThaiNLP"))
        out.append(Figure(f"Thai lines, {name}: breaks that one judge alone calls inside a word", alone))
    return out


def main() -> int:
    shared = Path(__file__).resolve().parents[3] / "shared" / "testdata"
    tallies = measured(sentences(shared))
    for name, tally in tallies.items():
        print(f"{name}: {replace(tally, shown=[])}")
        if not name.startswith("naive"):
            print(*tally.shown, sep="\n  ")
    return sum(tally.inside + tally.forbidden + tally.too_wide for name, tally in tallies.items() if not name.startswith("naive")) > 0


if __name__ == "__main__":
    raise SystemExit(main())
