"""Captions as files: SubRip for uploading, WebVTT with the time of every word, and ASS that looks like the captions in the frame.

write(folder, pages, words, "th", look, (60, 1276, 900, 1456))  # captions.srt, captions.vtt, captions.ass
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from fontTools.ttLib import TTFont

from localize.clip import emoji
from localize.clip.captions import Look, numbers
from localize.clip.fonts import chain, lacking
from localize.clip.paging import Page, srt
from localize.domain import Word

__all__ = ["ass", "srt", "vtt", "write"]

FRAME = (1080, 1920)

Box = tuple[int, int, int, int]  # left, top, right, bottom


def write(
    folder: Path, pages: Sequence[Page], words: Sequence[Word], language: str, look: Look, box: Box, frame: tuple[int, int] = FRAME
) -> None:
    """The three files into a folder. `box` is where captions stay in the frame of `frame` (width, height) pixels."""
    for suffix, text in (("srt", srt(pages, words)), ("vtt", vtt(pages, words)), ("ass", ass(pages, words, language, look, box, frame))):
        (folder / f"captions.{suffix}").write_text(text, encoding="utf-8")


def vtt(pages: Sequence[Page], words: Sequence[Word]) -> str:
    """The pages as WebVTT. A word that is heard after its cue began has its time before it, so that players show past and
    coming words apart."""
    cues = ["WEBVTT\n"]
    for number, page in enumerate(pages, 1):
        last, lines = _ms(page.start), []
        for line in page.lines:
            text = ""
            for k in line:
                at = _ms(words[k].start)
                if last < at < _ms(page.end) and not emoji.only(words[k].text):  # times in a cue must rise
                    text, last = f"{text}<{_clock(at)}>", at
                text += _escaped(words[k].text + words[k].gap)
            lines.append(text.strip())
        cues.append(f"{number}\n{_clock(_ms(page.start))} --> {_clock(_ms(page.end))}\n" + "\n".join(filter(None, lines)) + "\n")
    return "\n".join(cues)


def _ms(seconds: float) -> int:
    return round(seconds * 1000)


def _clock(ms: int) -> str:
    return f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02}.{ms % 1000:03}"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def ass(pages: Sequence[Page], words: Sequence[Word], language: str, look: Look, box: Box, frame: tuple[int, int] = FRAME) -> str:
    """The pages as Advanced SubStation Alpha: each word turns to the colour of what was heard when it is heard (karaoke),
    prices and numbers have theirs. Players need the fonts of assets/fonts, or the brand's; none draws the pill. Emoji are left out: players
    draw boxes in their place."""
    width, height = frame
    left, _, right, bottom = box
    font, scale = _font(language, look.font)
    style = look.style
    # A line's own box (3) would be drawn word by word and show its seams: 4 is one box, which libass draws.
    border, outline, back = ("4", 0, look.card) if look.card else ("1", style.outline_width, "#00000080")
    values = {
        "Name": "Caption", "Fontname": font, "Fontsize": round(look.size * scale), "PrimaryColour": _colour(look.heard),
        "SecondaryColour": _colour(style.fill), "OutlineColour": _colour(style.outline or "#00000000"), "BackColour": _colour(back),
        "Bold": -1, "Italic": 0, "Underline": 0, "StrikeOut": 0, "ScaleX": 100, "ScaleY": 100, "Spacing": 0, "Angle": 0,
        "BorderStyle": border, "Outline": outline, "Shadow": round(0.2 * look.size) if look.card else 2, "Alignment": 2,
        "MarginL": left, "MarginR": width - right, "MarginV": height - bottom, "Encoding": 1,
    }  # fmt: skip
    head = (
        f"[Script Info]\nScriptType: v4.00+\nPlayResX: {width}\nPlayResY: {height}\nWrapStyle: 2\nScaledBorderAndShadow: yes\n\n"
        f"[V4+ Styles]\nFormat: {', '.join(values)}\nStyle: {','.join(map(str, values.values()))}\n\n"
        "[Events]\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n"
    )
    marked = numbers(words, language)
    number = f"\\2c{_colour(look.number, alpha=False)}\\1c{_colour(look.number, alpha=False)}"
    lines = []
    for page in pages:
        begin, end = _cs(page.start), _cs(page.end)
        starts = [min(end, max(begin, _cs(words[k].start))) for k in page.words]
        lasting = dict(zip(page.words, (b - a for a, b in pairwise([*starts, end])), strict=True))
        silence = f"{{\\k{starts[0] - begin}}}" if starts and starts[0] > begin else ""
        rows = []
        for line in page.lines:
            row = ""
            for k in line:
                own, back = (number, "{\\r}") if k in marked else ("", "")
                text, gap = _literal(words[k].text), _literal(words[k].gap)
                row += f"{{\\k{lasting[k]}{own}}}{text}{back}{gap if text else ''}"
            rows.append(row.rstrip())
        lines.append(f"Dialogue: 0,{_ass_clock(begin)},{_ass_clock(end)},Caption,,0,0,0,,{silence}" + "\\N".join(rows) + "\n")
    return head + "".join(lines)


def _font(language: str, brand: str) -> tuple[str, float]:
    """The family that a language's captions are set in, and what ASS, whose sizes are heights of lines, multiplies sizes by."""
    own = brand and not lacking(Path(brand), language)
    with TTFont(brand if own else chain(language, "bold")[0], lazy=True) as font:
        metrics = font["OS/2"]
        return str(font["name"].getBestFamilyName()), (metrics.usWinAscent + metrics.usWinDescent) / font["head"].unitsPerEm


def _colour(colour: str, *, alpha: bool = True) -> str:
    """#RRGGBB or #RRGGBBAA as ASS has it: blue first, and how see-through instead of how opaque."""
    red, green, blue, opaque = colour[1:3], colour[3:5], colour[5:7], colour[7:9] or "FF"
    return f"&H{255 - int(opaque, 16):02X}{blue}{green}{red}".upper() if alpha else f"&H{blue}{green}{red}&".upper()


def _cs(seconds: float) -> int:
    return round(seconds * 100)


def _ass_clock(cs: int) -> str:
    return f"{cs // 360_000}:{cs // 6000 % 60:02}:{cs // 100 % 60:02}.{cs % 100:02}"


def _literal(text: str) -> str:
    """A text without emoji and what ASS would take for a tag: it has no escapes that all players know."""
    text = "".join(piece for piece in emoji.split(text) if not emoji.drawable(piece))
    return re.sub(r"\s+", " ", text.translate({ord("{"): "(", ord("}"): ")", ord("\\"): "/"}))
