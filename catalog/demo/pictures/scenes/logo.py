"""Draws the logo of the demo shop as paths: `python logo.py KANIT_MEDIUM.ttf demo_logo.svg [--ink #1f2a2e] [--sign #e08a2e]`."""

import argparse
from pathlib import Path

from fontTools.pens.svgPathPen import SVGPathPen
from fontTools.pens.transformPen import TransformPen
from fontTools.ttLib import TTFont

GAP = 0.2  # em between the letters
CAP = 100.0  # height of the capitals in the drawing
SIGN = 200.0  # width of the sign


def wordmark(face: TTFont, text: str, left: float, base: float) -> tuple[str, float]:
    """Path data of the text in capitals CAP high, and where it ends."""
    glyphs, names = face.getGlyphSet(), face.getBestCmap()
    scale = CAP / face["OS/2"].sCapHeight
    pen, x = SVGPathPen(glyphs, ntos=lambda v: f"{v:.2f}".rstrip("0").rstrip(".")), left
    for letter in text:
        glyph = glyphs[names[ord(letter)]]
        glyph.draw(TransformPen(pen, (scale, 0, 0, -scale, x, base)))
        x += (glyph.width + GAP * face["head"].unitsPerEm) * scale
    return pen.getCommands(), x - GAP * face["head"].unitsPerEm * scale


def sign(left: float, base: float) -> str:
    """The light that rises: a half disc and two arcs of its glow, as closed shapes."""
    x = left + SIGN / 2
    parts = [f"M{x - 0.19 * SIGN:.2f} {base}A{0.19 * SIGN:.2f} {0.19 * SIGN:.2f} 0 0 1 {x + 0.19 * SIGN:.2f} {base}Z"]
    for outer, inner in ((0.345, 0.27), (0.5, 0.425)):
        a, b = outer * SIGN, inner * SIGN
        parts.append(f"M{x - a:.2f} {base}A{a:.2f} {a:.2f} 0 0 1 {x + a:.2f} {base}H{x + b:.2f}A{b:.2f} {b:.2f} 0 0 0 {x - b:.2f} {base}Z")
    return "".join(parts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("font", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--ink", default="#1f2a2e")
    parser.add_argument("--sign", default="#e08a2e")
    args = parser.parse_args()
    base = 128.0
    letters, end = wordmark(TTFont(args.font), "LUMORA", 16 + SIGN + 52, base)
    args.out.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {end + 16:.0f} 156" role="img" aria-label="Lumora">'
        f'<path fill="{args.sign}" d="{sign(16, base)}"/><path fill="{args.ink}" d="{letters}"/></svg>\n'
    )


if __name__ == "__main__":
    main()
