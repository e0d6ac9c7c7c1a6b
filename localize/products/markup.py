"""Texts as sellers keep them: HTML bodies, decorated titles, long descriptions; and what of them can be shown and said.

What is noise is data, assets/catalog/noise.yaml. Nothing is invented here: every text that comes out stands in what
went in, without its markup, decoration and boilerplate.
"""

from __future__ import annotations

import html as entities
import re
import unicodedata
from collections.abc import Collection, Iterator
from functools import lru_cache
from typing import Any, NamedTuple

import yaml
from selectolax.lexbor import LexborHTMLParser

from localize.assets import ASSETS
from localize.products import values

NOISE: dict[str, Any] = yaml.safe_load((ASSETS / "catalog" / "noise.yaml").read_text("utf-8"))


def _any(*parts: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{part})" for part in parts), re.IGNORECASE)


_PROMOTION = _any(*(p for parts in NOISE["promotion"].values() for p in parts))
_ALONE = _any(*NOISE["alone"])
_WORDS = frozenset(term for terms in NOISE["boilerplate"].values() for term in terms if " " not in term)
_PHRASES: dict[str, list[str]] = {}  # by their first word: there are many, and most sentences have none of these
for _term in (term for terms in NOISE["boilerplate"].values() for term in terms if " " in term):
    _PHRASES.setdefault(_term.split()[0], []).append(f" {_term} ")
_WITHIN = tuple(term for terms in NOISE["within"].values() for term in terms)
_DULL = _any(*NOISE["dull"])
_SECTION = _any(*NOISE["sections"])
_HEADING = _any(*NOISE["headings"])
_FIRST = re.compile(rf"(?:{'|'.join(map(re.escape, NOISE['first']))})[\s!！:：-]+", re.IGNORECASE)
_LEADING = re.compile(rf"(?:(?:{NOISE['leading']})(?:[/+！!，,]\s*|\s+))+")
_LEANING = _any(NOISE["leaning"])
_OPENING = _any(NOISE["opening"])
_CUT = re.compile(rf",\s(?={NOISE['cut']})", re.IGNORECASE)
_DENIES = _any(*NOISE["negation"].values())


# --- HTML ----------------------------------------------------------------------------------------------------------


class Body(NamedTuple):
    """What a text in HTML (or none) holds.

    `text`: plain lines; a paragraph, list item or table row each, without bullets. `items`: those of the lines that are list
    items. `images`: the addresses of its pictures, in order.
    """

    text: str
    items: tuple[str, ...]
    images: tuple[str, ...]


# Stand for what a tag means while the parser takes the tags away: they are no characters of any script.
_ITEM, _END = "\ue000", "\ue001"
_NO_MARKS = str.maketrans("", "", _ITEM + _END)
_TAG = re.compile(r"<[a-zA-Z/!]")
_ENTITY = re.compile(r"&(?:#\d+|#[xX][0-9a-fA-F]+|[a-zA-Z][a-zA-Z0-9]+);")
_BLOCK = re.compile(
    r"<(/?)(p|div|br|li|ul|ol|tr|td|th|table|h[1-6]|section|article|blockquote|hr|dt|dd|figure|details|summary)\b[^>]*>", re.IGNORECASE
)
_SHORTCODE = re.compile(
    r"\[(?:/[a-z][\w-]*|[a-z]+_[\w-]*(?:\s[^\]]*)?|[a-z][\w-]*\s+[\w-]+=[^\]]*|gallery|caption|embed|video|audio|playlist)\]", re.IGNORECASE
)
_UNSEEN = "script, style, noscript, template, title, xml, [hidden], [style*='display:none'], [style*='display: none']"


def body(html: str) -> Body:
    """What a description says, in HTML, in escaped HTML, or in plain lines."""
    if " | " in html and len(html) > 200 and html.count(" | ") > 3 and "\n" not in html:  # lines, from a table of one line a row
        html = re.sub(r"(?: \|)+ ", "\n", html)
    if "<" not in html and "&" not in html and "[" not in html and html.isascii() and html.isprintable() and html[:1] not in "-*+":
        return Body(values.plain(html), (), ())
    text = html
    for _ in range(2):  # escaped HTML, and HTML that was escaped twice
        if "&" not in text or _TAG.search(text):
            break
        text = entities.unescape(text)
    images: tuple[str, ...] = ()
    if _TAG.search(text):
        text, images = _parsed(text)
    if "&" in text and _ENTITY.search(text):
        text = entities.unescape(text)
    if "[" in text:
        text = _SHORTCODE.sub(" ", text)
    return _lined(text, images)


def _parsed(text: str) -> tuple[str, tuple[str, ...]]:
    """The text that HTML shows, with marks for what its tags mean, and its pictures."""
    if not text.isascii():
        text = text.translate(_NO_MARKS)
    if _BLOCK.search(text):  # else line ends are the only structure there is
        text = re.sub(r"\s*\n\s*", lambda gap: "\n\n" if gap[0].count("\n") > 1 else " ", text)
    tree = LexborHTMLParser(_BLOCK.sub(_marked, text))
    for node in tree.css(_UNSEEN):
        node.decompose()
    lowered = text.lower()
    images = [_picture(node.attributes) for node in tree.css("img")] if "<img" in lowered else []
    for row in tree.css("tr") if "<tr" in lowered else ():
        if line := _row([_one_line(cell.text()) for cell in row.css("td, th")]):
            row.replace_with(f"\n{line}\n")
    shown = tree.body.text(separator="") if tree.body else ""
    return shown, tuple(dict.fromkeys(filter(None, images)))


def _marked(tag: re.Match[str]) -> str:
    """A tag with marks and line ends; those of cells inside them, as the parser moves text out from between cells."""
    closing, name = tag[1], tag[2].lower()
    if name == "li":
        return f"\n{_END}{tag[0]}" + ("" if closing else _ITEM)
    if name in ("ul", "ol"):
        return f"\n{_END}{tag[0]}\n"
    return f"\n{tag[0]}" if closing else f"{tag[0]}\n" if name in ("td", "th", "br", "hr") else f"\n{tag[0]}\n"


def _row(cells: list[str]) -> str:
    """A table's row as a line; "" where the table only arranges a page."""
    full = [cell for cell in cells if cell]
    if len(full) < 2 or any(len(cell) > 200 or _ITEM in cell for cell in full):
        return ""
    return f"{full[0].rstrip(':：')}: {', '.join(full[1:])}".translate(_NO_MARKS)


def _picture(attributes: dict[str, str | None]) -> str:
    # Where pictures load late, src is only a grey dot; and a picture one pixel wide counts visitors.
    if "1" in (attributes.get("width"), attributes.get("height")):
        return ""
    late = attributes.get("data-src") or attributes.get("data-original") or attributes.get("data-lazy-src")
    return values.address(late or attributes.get("src") or "")


def _one_line(text: str) -> str:
    """The lines of one list item or cell as one: a first line that is a heading of the others ends with a colon."""
    first, *more = values.lines(text).split("\n")
    if more and re.search(r"[^\W\d_]$", first) and len(first) < 60:
        first += ":"
    return " ".join((first, *more))


# --- lines and lists -----------------------------------------------------------------------------------------------

# Emoji, dingbats, shapes, arrows and what makes up emoji of several. Of ©®™ only texts that are spoken are rid.
_SYMBOLS = (
    "\u2190-\u21ff\u2300-\u23ff\u2460-\u24ff\u2500-\u27bf\u2900-\u297f\u2b00-\u2bff\u3030\u303d\u3297\u3299"
    "\U0001f000-\U0001faff\U000e0020-\U000e007f"
)
_SYMBOL = re.compile(rf"(?:[0-9#*]?\ufe0f?\u20e3|[{_SYMBOLS}\ufe0e\ufe0f\u200d※♡])+")
_SURE_BULLET = re.compile(r"^(?:[•●○◦▪▫■□◆◇‣⁃∙✓✔✅☑➤➢►▶★☆✦✧❖]\ufe0f?\s*|·\s*|[-–—*+]\s+)+(?=\S)")
_BULLETS = (
    re.compile(rf"(?:(?:[0-9#*]\ufe0f?\u20e3|[{_SYMBOLS}])[\ufe0e\ufe0f\u200d]*\s*)+(?=\S)"),
    re.compile(r"[-–—*+~](?=[^\W\d_])"),
    re.compile(r"(?=【[^】]{1,20}】.)"),
    re.compile(r"(?=\[[^\]]{1,20}\]\s*\S)"),
)  # fmt: skip
_NUMBERED = re.compile(r"^[(（]?(\d{1,2})[.)）、．:](?!\d)\s*(?=\S)")
_COUNTED = re.compile(r"^[(（]?\d{1,2}[.)）、]\s*(?=[^\W\d_])")
_EMPHASIS = re.compile(r"\*{2,}|_{2,}|^#{1,6}\s+|`")
_EMPHASISED = re.compile(r"(\*{1,3}|_{2,3})([^\s*_](?:[^*_]*[^\s*_:：.。!！?？])?)\1")


def _lined(text: str, images: tuple[str, ...]) -> Body:
    """The text's lines, and those of them that are items: marked as such, after bullets, or numbered from 1 on."""
    if "\n" not in text and _ITEM not in text and _END not in text and text.isprintable():
        line = values.plain(text)
        return Body(_SURE_BULLET.sub("", line, count=1) if line[:1] in "-–—*+" or not line.isascii() else line, (), images)
    found: list[tuple[str, bool]] = []
    item = False
    for n, part in enumerate(re.split(f"([{_ITEM}{_END}])", text) if _ITEM in text or _END in text else [text]):
        if n % 2:
            item = part == _ITEM
        elif item:
            found.append((_one_line(part), True))
        else:
            found += [(line, False) for line in values.lines(part).split("\n")]
    lines = [(line, item) for line, item in found if line]
    if any(not item for _, item in lines) and len(lines) > 1:
        lines = _bulleted(lines)
    else:
        lines = [(_SURE_BULLET.sub("", line, count=1) if _SURE_BULLET.match(line) else line, item) for line, item in lines]
    return Body("\n".join(line for line, _ in lines), tuple(line for line, item in lines if item), images)


def _bulleted(lines: list[tuple[str, bool]]) -> list[tuple[str, bool]]:
    """The lines with bullets and numbers taken off, and told as items. What may be no bullet needs a second line like it. A line
    that is emphasised as a whole and stands above others is their heading, and ends with a colon."""
    count = [sum(bool(not item and bullet.match(line)) for line, item in lines) for bullet in _BULLETS]
    numbers = [int(n[1]) if not item and (n := _NUMBERED.match(line)) else 0 for line, item in lines]
    numbered = {1, 2} <= set(numbers)
    read = []
    headings = _emphasised(lines)
    for place, ((line, item), number) in enumerate(zip(lines, numbers, strict=True)):
        if heading := headings.get(place):
            read.append((heading, False))
            continue
        line = _EMPHASIS.sub("", line) if "**" in line or "__" in line or line[0] in "#`" else line
        bare = ""
        if not item:
            if sure := _SURE_BULLET.match(line):
                bare = line[sure.end() :]
            elif number and numbered:
                bare = _NUMBERED.sub("", line, count=1)
            else:
                bare = next((line[m.end() :] for b, n in zip(_BULLETS, count, strict=True) if n > 1 and (m := b.match(line))), "")
        if bare or line:
            read.append((bare or line, item or bool(bare)))
    return read


def _emphasised(lines: list[tuple[str, bool]]) -> dict[int, str]:
    """The headings among the lines that are emphasised as a whole, by their place. Several in a row are statements."""
    found = {n: told[2] for n, (line, item) in enumerate(lines) if not item and line[0] in "*_" and (told := _EMPHASISED.fullmatch(line))}
    last = len(lines) - 1
    return {n: text + _colon(text).strip() for n, text in found.items() if n < last and n + 1 not in found and n - 1 not in found}


# --- what may be shown and said ------------------------------------------------------------------------------------

_BRACKETS = re.compile(r"【([^【】]*)】|\[([^\[\]]*)\]|〔([^〔〕]*)〕|\(([^()]*)\)|（([^（）]*)）|\{([^{}]*)\}|\*([^*]{3,30})\*")
_ODD_ASCII = re.compile(r"[^A-Za-z0-9_ .,%&'/:;+-]")  # a third of the other's time, and most titles are
_ODD_TEXT = re.compile(r"[^\w\s.,%&'/:;+-]|[\U0001d400-\U0001d7ff\uff10-\uff5a]")
# A symbol parts what stands around it as a separator would, until it is known what that is.
_PART = "\ue002"
_SEPARATED = re.compile(rf"\s*(?:{_PART}|\||｜|!!+|！！+|~~+|//)[\s{_PART}|｜!！~]*|\s+[-–—]\s+")
_ENDS = ' \t|｜/\\,，、;；:：~-–—_=+*#.!！·•"' + _PART
_TRIM = " |｜/\\,，、;；:：~-–—_=+*#·•"
_NOISY = re.compile(
    rf"[|｜!！~【\[\]{{}}*#〔™®©×✕✖\u200b-\u200f\u2060\U0001d400-\U0001d7ff\uff10-\uff5a{_SYMBOLS}\ufe0f※♡]|//|\s[-–—]\s|[!?？]{{2}}"
)
_STYLED = re.compile(r"[\U0001d400-\U0001d7ff\uff10-\uff19\uff21-\uff3a\uff41-\uff5a]+")


def headline(title: str) -> str:
    """A title as it may be shown and spoken: without emoji and promotion (【下单至高减700元】, [FREE SHIPPING], 🔥HOT SALE🔥),
    else as it is, capitals and claims too. What is promotion alone stays, as a title is never empty."""
    text = values.plain(title)
    if (edge := _FIRST.match(text)) and edge.end() < len(text):
        text = text[edge.end() :]
    if not text.isascii() and (edge := _LEADING.match(text)) and edge.end() < len(text):
        text = text[edge.end() :]
    if not (_ODD_ASCII if text.isascii() else _ODD_TEXT).search(text) and " - " not in text:
        return text.strip(_TRIM) or text
    if not _NOISY.search(text) and (("(" not in text and "（" not in text) or _BRACKETS.sub(_without_promotion, text) == text):
        return text.strip(_TRIM) or text  # most of what is odd is a bracket with a size in it
    clean = _BRACKETS.sub(_without_promotion, _SYMBOL.sub(_PART, _unstyled(text)))
    parts = _SEPARATED.split(clean)
    gaps = _SEPARATED.findall(clean)
    alone = [not part.strip(_ENDS) or bool(_ALONE.fullmatch(part.strip(_ENDS))) for part in parts]
    first = next((n for n, noise in enumerate(alone) if not noise), 0)
    last = next((n for n in reversed(range(len(parts))) if not alone[n]), len(parts) - 1)
    line = parts[first] + "".join(gap + part for gap, part in zip(gaps[first:last], parts[first + 1 : last + 1], strict=True))
    return _tidied(line) or _tidied(_SYMBOL.sub(" ", text)) or text


def _unstyled(text: str) -> str:
    """Letters that only look otherwise (𝗕𝗲𝘀𝘁, ＡＢＣ) as what they are, without what nobody sees."""
    if text.isascii():
        return text
    text = text.replace("\u200b", "").replace("\u2060", "").replace("\u200e", "").replace("\u200f", "")
    text = re.sub(r"(?<=\d)(\s?)[✕✖✗](\s?)(?=\d)", r"\1×\2", text)
    return re.sub("[™®©]", "", _STYLED.sub(lambda run: unicodedata.normalize("NFKC", run[0]), text))


def _without_promotion(bracket: re.Match[str]) -> str:
    inside = next(group for group in bracket.groups() if group is not None).replace(_PART, " ").strip(_ENDS)
    if bracket[7] is not None:  # *NEW*
        return _PART if _ALONE.fullmatch(inside) else bracket[0]
    promotion = not inside or _ALONE.fullmatch(inside) or (len(inside) <= 40 and _PROMOTION.search(inside))
    return _PART if promotion else bracket[0]


def _tidied(text: str) -> str:
    line = _GAP.sub(_closed, text)
    line = re.sub(r"([!?！？])[!?！？]+", r"\1", line)
    line = " ".join(line.split()).strip(_TRIM)
    return re.sub(r"\s+([,.;:!?])(?=[\s)\]\"'”’]|$)", r"\1", line)  # before a digit or letter it is a part of that: .223, .NET


# What was taken out, with the marks that it stood between.
_GAP = re.compile(rf"([、，,;；·]?)\s*{_PART}[\s{_PART}]*([、，,;；·。！!])?(?=(.?))")


def _closed(gap: re.Match[str]) -> str:
    """What stands where something was taken out: of the marks around it one, else a space."""
    before, after, following = gap[1], gap[2] or "", gap[3]
    if not (mark := after or before):
        return " "
    return mark if mark in "、，；。！" or not following or following.isspace() else f"{mark} "


@lru_cache(maxsize=4096)
def speakable(text: str) -> str:
    """A sentence or feature as it may be shown and spoken, "" if nothing is left: without emoji, decoration and promotion in
    brackets, 【Material】cotton as Material: cotton, and one exclamation mark for many."""
    line = values.plain(text)
    if " :" in line:
        line = line.replace(" :", ":")
    if line[:1] == "." and line[1:2] != ".":  # .Made of zinc: a bullet that a program has made a point
        line = line[1:]
    if not (_ODD_ASCII if line.isascii() else _ODD_TEXT).search(line):
        return _COUNTED.sub("", line, count=1).strip(_TRIM)
    line = _COUNTED.sub("", line, count=1)
    line = _SURE_BULLET.sub("", _SYMBOL.sub(_PART, _unstyled(line)), count=1) if not line.isascii() else line
    line = _BRACKETS.sub(_without_promotion, line)
    line = re.sub(r"^[【\[]([^】\]]{1,30})[】\]]\s*(?=[^\s】\]])", lambda head: f"{head[1]}{_colon(head[1])}", line)
    line = _tidied(re.sub(r"\*{2,}|_{2,}", "", line))
    return line if re.search(r"[^\W_]", line) else ""


def _colon(before: str) -> str:
    return "：" if re.search(r"[\u4e00-\u9fff]$", before) else ": "


# --- selling points ------------------------------------------------------------------------------------------------

_SMALL = "".join(filter(str.islower, map(chr, (*range(0x61, 0x530), *range(0x1E00, 0x1F00)))))  # of Latin, Greek and Cyrillic
# A sentence ends at a full stop before a capital, at Chinese marks, and at a semicolon that nothing in small letters follows but
# the next fact (colour: red); else that parts the halves of one thought. (The pattern begins with the mark, so that most of a
# text is passed over at once.)
_SENTENCE_END = re.compile(
    rf"[.!?…][\"”’)]?\s+(?=[\"“‘(]?[^\W\d_{_SMALL}\u0530-\u1dff])|[。！？；]\s*|[!?](?=[\u4e00-\u9fff])"
    rf"|;\s+(?=[^\s{_SMALL}]|[^:;.!?]{{1,30}}:\s)"
)
_REACH = re.compile(r"://|[Ww]{3}\.|@\w|#\w{2}|\.(?:com|net|org|co|id|vn|cn)\b|\d[\d ()-]{7,}\d")
_REACHING = re.compile(r"[@#\d]|\.\w|://")
_MONEY = re.compile(
    r"[฿₫€£¥￥$₱]\s?\d|\d\s?[฿₫€£元]|\brp\.?\s?\d|\d\s?(?:บาท|baht|đồng|đ\b|vnd|rb\b|ribu|usd|thb|idr|sek|kr\b)", re.IGNORECASE
)
_HAN = re.compile(r"[\u4e00-\u9fff]")
_THAI = re.compile(r"[\u0e00-\u0e7f]")


def selling_points(text: str, most: int = 6, items: Collection[str] = ()) -> tuple[str, ...]:
    """The sentences of a plain text that say something of the thing and can be said in one breath, at most so many, in their
    order. Left out are shipping, returns, contact, sizes and warranty, questions, addresses, prices, and what leans on the
    sentence before. Where there are few, facts of the form `material: cotton` fill up.

    `items` are those lines of the text that are list items: they may be short, and where three say something, they are it.
    """
    lowered = text[:2000].lower()
    if len(text) < 8 or any(filler in lowered for filler in NOISE["filler"]):
        return ()
    found: dict[str, str] = {}
    count = {"item": 0, "told": 0, "fact": 0}
    for sentence, listed in _sentences(text, items):
        said = speakable(sentence).rstrip(" .。;；,，")
        kind = "item" if listed else "fact" if _FACT.match(said) else "told"
        if said and said not in found and _tells(said, kind != "told"):
            found[said] = kind
            count[kind] += 1
            if count["item"] == most or (not items and count["told"] == most):
                break
    if count["item"] >= 3:
        return tuple(said for said, kind in found.items() if kind == "item")
    told = [said for said, kind in found.items() if kind != "fact"][:most]
    facts = [said for said, kind in found.items() if kind == "fact"][: most - len(told)] if len(told) < 3 else []
    return tuple(said for said in found if said in told or said in facts)


_FACT = re.compile(r"[^:：.!?]{1,30}[:：]\s*\S")
_AROUND = " :：-–—=*#.!【】[]"


def _sentences(text: str, items: Collection[str]) -> Iterator[tuple[str, bool]]:
    """The sentences outside of headings and of sections such as shipping or questions, and whether each is a list item. A
    heading with a colon and a single short line below it are a fact."""
    listed = frozenset(items)
    passed_over = answer = False
    heading = ""
    lines = text.split("\n")
    for n, line in enumerate(lines):
        bare = line.strip(_AROUND)
        if _is_heading(line, bare):
            answer = line.rstrip()[-1] in "?？"
            passed_over = bool(_SECTION.match(bare)) or (passed_over and answer)
            heading = "" if answer or _HEADING.fullmatch(bare) else bare
            continue
        if answer and _FACT.match(line):
            answer = False
        if passed_over or answer:
            continue
        after = lines[n + 1].rstrip() if n + 1 < len(lines) else ""
        if heading and len(line) < 60 and line[-1] not in ".。" and (not after or len(after) > 59 or after[-1] in ":：?？"):
            yield f"{heading}{_colon(heading)}{line}", False
        elif line in listed:
            yield line, True
        else:
            at = 0
            for end in _SENTENCE_END.finditer(line):
                if end[0][0] in ";；" and denies(line[at : end.start()]):
                    continue
                for clause in _clauses(line[at : end.start() + 1]):
                    yield clause, False
                at = end.end()
            for clause in _clauses(line[at:]):
                yield clause, False
        heading = ""


def _is_heading(line: str, bare: str) -> bool:
    """Whether a line names what follows: it is short and ends in a colon or question mark, or is a section's usual name."""
    if not bare or len(bare) > 60:
        return False
    return line.rstrip()[-1] in ":：?？" or bool(_HEADING.fullmatch(bare)) or (len(bare) < 40 and bool(_SECTION.fullmatch(bare)))


def denies(half: str) -> bool:
    """Whether a half of a sentence says what is not (it isn't just a lamp), which the other half is there to say right."""
    return bool(_DENIES.search(half))


def _clauses(sentence: str) -> Iterator[str]:
    """A sentence that is too long to be said as the clauses it is made of, those of Thai parted by spaces. Where words are written
    apart only its first clause stands by itself: the others lean on it, or begin within a name."""
    if len(sentence) <= _longest(sentence):
        yield sentence
    elif _HAN.search(sentence):
        *clauses, last = re.split(r"[，,]", sentence)
        yield from (clause for clause in clauses if not denies(clause))
        yield last
    elif _THAI.search(sentence):
        yield from _thai_clauses(sentence.split())
    else:
        clause = re.split(r"\s[–—-]\s|;\s", sentence, maxsplit=1)[0]
        first = clause if len(clause) <= _longest(clause) else _CUT.split(clause)[0]
        if first[:1].isupper() and len(first.split()) > 4 and not _OPENING.match(first) and not denies(first):
            yield first


def _thai_clauses(words: list[str]) -> Iterator[str]:
    """Neighbouring chunks of Thai until they are long enough to be a clause."""
    clause = ""
    for word in words:
        if len(clause) >= 25:
            yield clause
            clause = ""
        clause = f"{clause} {word}".strip()
    if clause:
        yield clause


def _longest(text: str) -> int:
    return 36 if _HAN.search(text) else 70 if _THAI.search(text) else 140


def _tells(said: str, short: bool) -> bool:
    """Whether a sentence says something of the thing by itself; a list item or fact may be short."""
    if len(said) > _longest(said) or said[-1] in "?？:：…" or ("(" in said) != (")" in said) or ("（" in said) != ("）" in said):
        return False
    letters = len(said) if len(said) > 40 else sum(map(str.isalpha, said))
    if said.isascii() or not (_HAN.search(said) or _THAI.search(said)):
        enough = letters >= 5 if short else letters >= 10 and said.count(" ") > 1
    else:
        enough = letters >= (2 if short else 4) * (1 if _HAN.search(said) else 2)
    if not enough or _LEANING.match(said) or _DULL.match(said) or _is_boilerplate(said):
        return False
    return not (_REACHING.search(said) and (_REACH.search(said) or _MONEY.search(said)))


def _is_boilerplate(said: str) -> bool:
    words = _WORD.findall(said.lower())
    if not _WORDS.isdisjoint(words):
        return True
    in_a_row = f" {' '.join(words)} "
    if any(phrase in in_a_row for word in words if word in _PHRASES for phrase in _PHRASES[word]):
        return True
    return not said.isascii() and any(term in said for term in _WITHIN)


_WORD = re.compile(r"[^\W_]+(?:&\w)?")
