"""Cut a full Noto Sans SC down to what selling clips in simplified Chinese need.

    python assets/fonts/subset.py NotoSansSC_700Bold.ttf assets/fonts/NotoSansSC-Bold.ttf

Kept: the 6763 hanzi of GB 2312 levels 1 and 2, hanzi beyond it that jieba's dictionary knows from real text
(names mostly: 喆 堃 玥 ...), CJK punctuation, full-width forms, Latin, and the signs prices, units and lists use.
Hinting is dropped: at caption sizes it changes nothing that is seen and is a third of the file. Needs fonttools.
"""

from __future__ import annotations

import sys
from pathlib import Path

import jieba
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont

MIN_FREQUENCY = 20  # of words in jieba's dictionary that a hanzi outside GB 2312 must reach

RANGES = (
    (0x20, 0x17F),  # Latin with the accents of European brand names
    (0x1A0, 0x1B0),
    (0x1EA0, 0x1EF9),  # Vietnamese
    (0x2010, 0x2044),  # dashes, quotes, bullets, per mille
    (0x20A0, 0x20C0),  # currency signs
    (0x2100, 0x2122),  # ℃ № ™
    (0x2150, 0x216B),  # fractions, Roman numerals
    (0x2190, 0x2199),  # arrows
    (0x2200, 0x2265),  # ≈ ≤ ≥ √
    (0x2460, 0x2473),  # ①
    (0x25A0, 0x2667),  # ■ ★ ♥
    (0x2713, 0x2717),  # ✓ ✗
    (0x3000, 0x301F),  # CJK punctuation
    (0x338E, 0x33A1),  # ㎎ ㎏ ㎜ ㎡
    (0xFF01, 0xFF5E),  # full-width forms
    (0xFFE0, 0xFFE6),
)


def gb2312() -> set[int]:
    """The hanzi of GB 2312: rows 16 to 87, cells 1 to 94, less the five empty cells of row 55."""
    rows = (bytes((0xA0 + row, 0xA0 + cell)) for row in range(16, 88) for cell in range(1, 95))
    return {ord(c) for pair in rows if (c := pair.decode("gb2312", errors="ignore"))}


def names() -> set[int]:
    """Hanzi of words that real text uses at least MIN_FREQUENCY times, by jieba's counts."""
    jieba.initialize()
    return {ord(c) for word, count in jieba.dt.FREQ.items() if count >= MIN_FREQUENCY for c in word if "\u4e00" <= c <= "\u9fff"}


def main(source: Path, target: Path) -> None:
    options = Options(layout_features=["*"], hinting=False, name_IDs=["*"], notdef_outline=True, recalc_timestamp=False)
    font = TTFont(source, recalcTimestamp=False)
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=gb2312() | names() | {c for low, high in RANGES for c in range(low, high + 1)})
    subsetter.subset(font)
    font.save(target)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
