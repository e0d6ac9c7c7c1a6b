"""Cut Noto Color Emoji down to the emoji of `emoji.txt`.

    python assets/fonts/subset_emoji.py NotoColorEmoji.ttf assets/fonts/NotoColorEmoji.ttf

Of the sequences (skin tones, joined people, flags, keycaps) exactly those listed are kept, which the usual closure over
ligatures would not do: with the letters of two flags it keeps all flags. Bitmaps of all emoji are drawn with 128 colours:
no difference is seen at half their size, and the file is half as large. Needs fonttools and Pillow.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont
from PIL import Image

SELECTOR = 0xFE0F
TONES = tuple(map(chr, range(0x1F3FB, 0x1F400)))


def listed() -> list[str]:
    """The emoji of the list, without variation selectors."""
    out: list[str] = []
    for line in Path(__file__).with_name("emoji.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("# "):
            continue
        first, *rest = line.split() or [""]
        for emoji in rest if first == "tones" else [first, *rest]:
            plain = emoji.replace(chr(SELECTOR), "")
            out += [plain, *(plain + tone for tone in TONES if first == "tones")]
    return [emoji for emoji in dict.fromkeys(out) if emoji]


def fewer_colours(png: bytes) -> bytes:
    """A bitmap with a palette of its own, if that is smaller."""
    out = io.BytesIO()
    Image.open(io.BytesIO(png)).convert("RGBA").quantize(128, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(
        out, "PNG", optimize=True
    )
    return min(png, out.getvalue(), key=len)


def main(source: Path, target: Path) -> None:
    font = TTFont(source, recalcTimestamp=False)
    cmap, names = font.getBestCmap(), font.getGlyphOrder()
    ligatures = font["GSUB"].table.LookupList.Lookup[0].SubTable[0].ligatures
    kept, characters = {names[0], *(g for c, g in cmap.items() if c == 0x20)}, {0x20, SELECTOR}
    for emoji in listed():
        first, *rest = (cmap.get(ord(c)) for c in emoji)
        made = next((lig.LigGlyph for lig in ligatures.get(first, ()) if lig.Component == rest), None) if rest else first
        if made is None:
            sys.exit(f"{source} has no {emoji} ({' '.join(f'{ord(c):x}' for c in emoji)})")
        kept |= {made, first, *rest}
        characters |= set(map(ord, emoji))
    for glyphs in ligatures.values():
        glyphs[:] = [lig for lig in glyphs if lig.LigGlyph in kept]
    options = Options(layout_features=["ccmp"], layout_closure=False, name_IDs=["*"], notdef_outline=True, recalc_timestamp=False)
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=characters, glyphs=kept)
    subsetter.subset(font)
    for strike in font["CBDT"].strikeData:
        for bitmap in strike.values():
            bitmap.ensureDecompiled()
            bitmap.imageData = fewer_colours(bitmap.imageData)
    font.save(target)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
