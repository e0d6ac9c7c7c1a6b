"""How well Thai spelling is turned into sounds, against published pronunciations.

    python benchmarks/thai_front_end.py [--json] [--errors development|held-out|all]

The words stand in tests/fixtures/thai_pronunciations.tsv (from Wiktionary by WikiPron, in order of frequency). Rules,
costs and exceptions were tuned on the development half; the held-out half is only scored, and its errors are shown
only when asked for. A syllable is right when initial, vowel, length, final and tone all are; a word with a wrong
number of syllables has none right. Exits 1 when fewer than 95 % of the held-out syllables are right.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from pythainlp.tokenize import word_tokenize

from localize.languages.thai_sounds import Syllable, exceptions, phonemes, syllables
from localize.languages.thai_syllables import by_rules, letters

WORDS = Path(__file__).parents[1] / "tests" / "fixtures" / "thai_pronunciations.tsv"
SENTENCES = (
    "สวัสดีค่ะ วันนี้มีหูฟังบลูทูธตัวใหม่มาแนะนำ",
    "แบตเตอรี่ใช้ได้นานสามสิบชั่วโมง ชาร์จเร็วด้วยยูเอสบี",
    "ราคาพิเศษเพียงหนึ่งพันสองร้อยเก้าสิบบาท กดตะกร้าเลยค่ะ",
)


def notation(said: list[Syllable]) -> str:
    """Syllables as the word list writes them: พิเศษ -> pʰi3.seːt1."""
    return ".".join(f"{s.initial}{s.vowel}{'ː' if s.long and len(s.vowel) == 1 else ''}{s.final}{s.tone}" for s in said)


def words() -> list[tuple[str, str, list[str]]]:
    """(word, half, its accepted pronunciations), in order of frequency."""
    lines = [line for line in WORDS.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    return [(word, half, said.split("|")) for word, half, said in (line.split("\t") for line in lines)]


def right(read: str, accepted: list[str]) -> tuple[int, int]:
    """(right, all) syllables of one word, against the accepted pronunciation it is nearest to."""
    read_syllables = read.split(".")
    best = (0, len(accepted[0].split(".")))
    for said in (a.split(".") for a in accepted):
        same = sum(a == b for a, b in zip(read_syllables, said, strict=True)) if len(said) == len(read_syllables) else 0
        if same * best[1] > best[0] * len(said):
            best = (same, len(said))
    return best


def rules_alone(word: str) -> list[Syllable]:
    """A word read without exceptions and dictionary."""
    read = by_rules(word)
    return list(read[1]) if read else []


@dataclass(frozen=True)
class Score:
    """Accuracy over some words, and what went wrong."""

    words: int
    syllables: int
    syllable_accuracy: float
    word_accuracy: float
    wrong: list[str]


def score(half: str, read: Callable[[str], list[Syllable]], *, listed: bool = True) -> Score:
    """Score one half of the words, without those that stand in the exceptions unless `listed`."""
    good = total = whole = count = 0
    wrong = []
    for word, its_half, accepted in words():
        if its_half != half or (not listed and letters(word) in exceptions()):
            continue
        said = notation(read(word))
        ok, of = right(said, accepted)
        good, total, whole, count = good + ok, total + of, whole + (ok == of), count + 1
        if ok != of:
            wrong.append(f"{word}: {said}, not {' or '.join(accepted)}")
    return Score(count, total, good / total, whole / count, wrong)


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--json", action="store_true", help="one line of JSON")
    options.add_argument("--errors", choices=("development", "held-out", "all"), default="development", help="whose errors to list")
    asked = options.parse_args()
    results = {}
    for name, read in (("with exceptions", syllables), ("rules alone", rules_alone)):
        results[name] = {half: score(half, read) for half in ("development", "held-out")}
    unlisted = score("held-out", syllables, listed=False)
    accuracy = results["with exceptions"]["held-out"].syllable_accuracy
    if asked.json:
        scores = {name: {half: asdict(r) for half, r in halves.items()} for name, halves in results.items()}
        print(json.dumps({"syllable_accuracy": accuracy, "held_out_without_exceptions": asdict(unlisted), **scores}, ensure_ascii=False))
        return 0 if accuracy >= 0.95 else 1
    print(f"{'':18}{'half':14}{'words':>7}{'syllables':>11}{'syllables right':>17}{'words right':>13}")
    for name, halves in results.items():
        for half, r in halves.items():
            print(f"{name:18}{half:14}{r.words:>7}{r.syllables:>11}{r.syllable_accuracy:>17.1%}{r.word_accuracy:>13.1%}")
    listed = results["with exceptions"]["held-out"].words - unlisted.words
    print(f"{listed} held-out words stand in the exceptions, which were written from general knowledge and the development half;")
    print(f"without them {unlisted.syllable_accuracy:.1%} of {unlisted.syllables} held-out syllables are right.")
    for half in ("development", "held-out"):
        if asked.errors in (half, "all"):
            print(f"\nWrong in the {half} half:", *results["with exceptions"][half].wrong, sep="\n  ")
    print("\nPhonemes of three sentences:")
    for sentence in SENTENCES:
        said = " ".join(p for word in word_tokenize(sentence) if (p := phonemes(word)))
        print(f"  {sentence}\n    [[{said}]]")
    return 0 if accuracy >= 0.95 else 1


if __name__ == "__main__":
    sys.exit(main())
