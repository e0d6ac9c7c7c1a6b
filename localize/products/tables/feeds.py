"""Product feeds in XML as rows: RSS 2.0, Atom, YML and any file that repeats one element a product.

One row an item; row 0 is the names of all that any item has. They are local names (`g:image_link` is `image_link`),
with a dot for what stands inside (`shipping.price`) and for attributes (`price.currency`). An element that is there
several times has a line for each. Where an item has one name in two namespaces, Google's counts, and a text that says
something else is `title.other`. `<param name="Colour">red</param>` is a line `Colour: red` of `param`. HTML that was
escaped twice stays escaped once.

The file is streamed, first for the names, then for the rows, so its size is not limited. A DOCTYPE that declares
anything is refused, and what one names (YML's is shops.dtd) is never fetched, so there are no entities but XML's own
five; a bare & (or one of HTML's entities), which no XML may hold, is read as it is meant.
"""

from __future__ import annotations

import re
import xml.parsers.expat as expat
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from html.entities import html5
from pathlib import Path

from localize.errors import UserError
from localize.products.tables.charset import Reading
from localize.products.tables.rows import MAX_COLUMNS, Row, Table

# An element that is an item wherever it stands, in the order of how sure that is.
_ITEMS = ("item", "entry", "offer", "product", "shopitem", "goods", "good", "produk", "artikel", "article", "record", "row")
_VALUES = ("href", "url", "src", "value", "resource", "term")
# Tags of HTML that was not escaped: part of the text they stand in.
_INLINE = frozenset(["p", "br", "div", "span", "ul", "ol", "li", "b", "strong", "i", "em", "u", "h1", "h2", "h3", "h4", "h5", "h6", "a"])
_MAX_DEPTH = 64
_MAX_ITEM = 20_000_000
_SURVEYED = 4_000_000
_MAX_CATEGORIES = 100_000
_LONGEST_NAME = 500

_PROLOG = re.compile(r"(?:\s|<\?.*?\?>|<!--.*?-->)*", re.DOTALL)
_DECLARED = re.compile(r"<\?xml[^>]*?\sencoding\s*=\s*[\"']([\w.-]+)[\"']")
_HTML = re.compile(
    r"<(?:!doctype\s+html|(?:html|head|body|table|thead|tbody|tr|td|div|meta|style|center|form|script|title|font|span|p|br)\b)", re.I
)
_BARE = re.compile(r"&(?!(?:amp|lt|gt|quot|apos|#\d+|#x[0-9a-fA-F]+);)(?:(\w+);)?")
_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def is_xml(start: str) -> bool:
    """Whether a text that begins with < is XML, and not a web page."""
    after = _PROLOG.match(start)
    return not _HTML.match(start, after.end() if after else 0)


def root(start: str) -> str:
    """The local name of an XML text's first element."""
    after = _PROLOG.match(start)
    name = re.compile(r"<([^\s/>]+)").match(start, after.end() if after else 0)
    return local(name[1]) if name else ""


def declared(path: Path, reading: Reading, start: str) -> Reading:
    """The reading of an XML text that names its encoding."""
    named = _DECLARED.search(start[:200])
    return reading.told_to_be(path, named[1]) if named else reading


def chunks(path: Path, reading: Reading, mend: bool = False) -> Iterator[str]:
    """The file's text in pieces. With `mend`, bare & are escaped and characters that XML has not are left out."""
    kept = ""
    with path.open(encoding=reading.encoding, errors=reading.errors, newline="") as f:
        while chunk := f.read(1 << 16):
            if mend:
                chunk = kept + chunk
                cut = chunk.rfind("&", max(0, len(chunk) - 40))
                chunk, kept = (chunk[:cut], chunk[cut:]) if cut >= 0 else (chunk, "")
                chunk = _BARE.sub(_meant, _NO_XML.sub("", chunk))
            yield chunk
    if kept:
        yield _BARE.sub(_meant, kept)


def _meant(bare: re.Match[str]) -> str:
    letter = html5.get(f"{bare[1]};", "") if bare[1] else ""
    return letter if letter and letter not in "&<" else "&amp;" + bare[0][1:]


def load(path: Path, reading: Reading, start: str) -> list[Table]:
    """The one table of a feed. Raises UserError when it has no items, or a DOCTYPE that declares something."""
    reading = declared(path, reading, start)
    notes = reading.notes
    item, names, broken = _surveyed(path, reading, False)
    mend = False
    if broken is not None:
        meant, its_names, still_broken = _surveyed(path, reading, True)
        if still_broken is None:
            item, names, mend = meant, its_names, True
            notes = (*notes, f"The file is not sound XML ({broken}); it was read as it is meant. Escape & as &amp; where the feed is made.")
        elif not names:
            raise UserError(f"{path.name} is not sound XML ({broken}): export it again, or save the products as CSV (UTF-8)")
    if not names:
        raise UserError(
            f"{path.name} is XML without a list of products: export the products as CSV (UTF-8), .xlsx or a Google Merchant feed"
        )
    return [Table(path, partial(_rows, path, reading, item, names, mend), notes=notes)]


Place = tuple[str, ...]  # where the items stand: local names, from the root down


def _surveyed(path: Path, reading: Reading, mend: bool) -> tuple[Place, tuple[str, ...], expat.ExpatError | None]:
    """Where the items stand, the names of all that they have, and what is wrong with the XML."""
    names: dict[str, None] = {}
    item: Place = ()
    try:
        item = _item(path, reading, mend)
        for found in _found(path, reading, item, mend) if item else ():
            names.update(dict.fromkeys(found))
            if len(names) > MAX_COLUMNS:
                raise UserError(f"{path.name} has more than {MAX_COLUMNS} different fields: give all products the same ones")
    except expat.ExpatError as error:
        return item, tuple(names), error
    return item, tuple(names), None


def _rows(path: Path, reading: Reading, item: Place, names: tuple[str, ...], mend: bool) -> Iterator[Row]:
    yield Row(0, names)
    number = 0
    try:
        for number, found in enumerate(_found(path, reading, item, mend), 1):
            yield Row(number, tuple([found.get(name, "") for name in names]))
    except expat.ExpatError as error:
        yield Row(number + 1, (), f"from here on the XML is broken ({error}), and nothing after it was read: export the feed again")


# --- which element is an item --------------------------------------------------------------------------------------


@dataclass
class _Kind:
    """What is known of the elements at one place: how many they are, how much stands in them, how many hold several things."""

    count: int = 0
    inside: int = 0
    rich: int = 0


def _item(path: Path, reading: Reading, mend: bool) -> Place:
    """Where the items stand; () when nothing looks like one."""
    kinds: dict[Place, _Kind] = {}
    stack: list[tuple[str, int]] = []  # name, how many things inside

    def start(name: str, attributes: dict[str, str]) -> None:
        if stack:
            stack[-1] = (stack[-1][0], stack[-1][1] + 1)
        stack.append((local(name), sum(not a.startswith("xmlns") for a in attributes)))

    def end(_: str) -> None:
        if len(stack) < 8:
            kind = kinds.setdefault(tuple(name for name, _ in stack), _Kind())
            kind.count += 1
            kind.inside += stack[-1][1]
            kind.rich += stack[-1][1] > 1
        stack.pop()

    def likely(place: Place) -> tuple[int, bool, int, float]:
        kind, name = kinds[place], place[-1].casefold()
        known = _ITEMS.index(name) if name in _ITEMS else len(_ITEMS)
        return (-known, kind.count > 1, -len(place), kind.inside / kind.count)

    reader = parser(path)
    reader.StartElementHandler, reader.EndElementHandler = start, end
    broken, size = None, 0
    try:
        for chunk in chunks(path, reading, mend):
            reader.Parse(chunk)
            size += len(chunk)
            if size > _SURVEYED or len(kinds) > 10_000:
                break
        else:
            reader.Parse("", True)
    except expat.ExpatError as error:
        broken = error
    candidates = [place for place, kind in kinds.items() if kind.rich and (kind.count > 1 or place[-1].casefold() in _ITEMS)]
    if broken and not candidates:
        raise broken
    return max(candidates, key=likely, default=())


def local(name: str) -> str:
    """An XML name without its namespace's prefix."""
    return name.rpartition(":")[2]


def parser(path: Path) -> expat.XMLParserType:
    """An XML parser that raises UserError for a DOCTYPE with declarations in it, and follows none."""

    def doctype(_name: str, _system: str | None, _public: str | None, declares: bool) -> None:
        if declares:
            raise UserError(f"{path.name} has a DOCTYPE with declarations, which no product feed needs: export it without")

    made = expat.ParserCreate()
    made.buffer_text = True
    made.StartDoctypeDeclHandler = doctype
    return made


# --- items as cells ------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Element:
    name: str  # below the item, with dots
    prefix: str
    attributes: dict[str, str]
    texts: list[str] = field(default_factory=list)
    holds: bool = False


def _found(path: Path, reading: Reading, item: Place, mend: bool) -> Iterator[dict[str, str]]:
    """The cells of one item after the other, by name."""
    reader = _Items(path, item, mend)
    for chunk in chunks(path, reading, mend):
        try:
            reader.parser.Parse(chunk)
        finally:
            done, reader.done = reader.done, []
            yield from done
    reader.parser.Parse("", True)
    yield from reader.done


class _Items:
    """Follows the parser through a feed, and puts each item's cells into `done`."""

    def __init__(self, path: Path, item: Place, mended: bool) -> None:
        self.done: list[dict[str, str]] = []
        self.item = list(item)
        self.place: list[str] = []
        self.google = {"g"}
        self.inside: list[_Element] = []
        self.cells: dict[str, dict[str, list[str]]] = {}  # name -> prefix -> texts
        self.size = 0
        self.file = path.name
        self.cdata = False
        self.inline: list[bool] = []  # of the open elements in the item, which are HTML
        self.yml = self.item[:1] == ["yml_catalog"]
        self.categories: dict[str, str] = {}  # of YML: the names by their ids
        self.category = ""  # whose name is being read
        self.parser = parser(path)
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.CharacterDataHandler = self.text
        if mended:
            self.parser.StartCdataSectionHandler = lambda: self.verbatim(True)
            self.parser.EndCdataSectionHandler = lambda: self.verbatim(False)

    def verbatim(self, begins: bool) -> None:
        # Within CDATA a bare & was right, and has been escaped all the same.
        self.cdata = begins

    def start(self, name: str, attributes: dict[str, str]) -> None:
        prefix, _, own = name.rpartition(":")
        for key, value in attributes.items():
            if key.startswith("xmlns:") and "base.google.com" in value:
                self.google.add(key[6:])
        if self.inside:
            above = self.inside[-1]
            self.inline.append(len(self.inside) > 1 and own.casefold() in _INLINE)
            if self.inline[-1]:
                above.texts.append(f"<{own}>")
                self.sized(len(own))
                return
            above.holds = True
            self.inside.append(_Element(f"{above.name}.{own}" if above.name else own, prefix, attributes))
            if len(self.inside) > _MAX_DEPTH:
                raise UserError(f"{self.file} has elements {_MAX_DEPTH} deep in each other: export the products as CSV (UTF-8) or .xlsx")
            return
        self.place.append(own)
        self.category = attributes.get("id", "") if self.yml and own == "category" else ""
        if self.place == self.item:
            self.inside.append(_Element("", prefix, attributes))
            self.cells, self.size = {}, 0

    def text(self, text: str) -> None:
        if self.inside:
            self.inside[-1].texts.append(text.replace("&amp;", "&") if self.cdata else text)
            self.sized(len(text))
        elif self.category and len(self.categories) < _MAX_CATEGORIES:
            self.categories[self.category] = self.categories.get(self.category, "") + text[:_LONGEST_NAME]

    def sized(self, more: int) -> None:
        self.size += more
        if self.size > _MAX_ITEM:
            raise UserError(f"{self.file} has an item of more than {_MAX_ITEM // 1_000_000} MB: export the products again")

    def end(self, name: str) -> None:
        if not self.inside:
            self.place.pop()
            self.category = ""
            return
        if self.inline and self.inline.pop():
            if local(name).casefold() != "br":
                self.inside[-1].texts.append(f"</{local(name)}>")
            return
        self.close(self.inside.pop())
        if not self.inside:
            self.place.pop()
            self.done.append(self.resolved())

    def close(self, element: _Element) -> None:
        name, text = element.name, "".join(element.texts).strip()
        left = {local(k): v.strip() for k, v in element.attributes.items() if not k.startswith("xmlns")}
        if name and not text and not element.holds:
            rel = left.pop("rel", "") if "href" in left else ""
            name = name if rel in ("", "alternate") else f"{name}.{rel}"
            text = next((left.pop(key) for key in _VALUES if key in left), "")
            if rel:
                left.pop("type", None)
        elif name and text and "name" in left:
            text = f"{left.pop('name')}: {text} {left.pop('unit', '')}".rstrip()
        if name and (text or not element.holds):
            self.add(name, element.prefix, text)
        for key, value in left.items():
            self.add(f"{name}.{key}" if name else key, element.prefix, value)

    def add(self, name: str, prefix: str, text: str) -> None:
        self.cells.setdefault(name, {}).setdefault("g" if prefix in self.google else prefix, []).append(text)

    def resolved(self) -> dict[str, str]:
        cells: dict[str, str] = {}
        for name, by_prefix in self.cells.items():
            texts = {prefix: "\n".join(filter(None, texts)) for prefix, texts in by_prefix.items()}
            best = next((texts[p] for p in ("g", *texts) if texts.get(p)), "")
            cells[name] = best
            other = "\n".join(t for t in dict.fromkeys(texts.values()) if t and t != best)
            if other:
                cells[f"{name}.other"] = other
        return self.told(cells) if self.yml else cells

    def told(self, cells: dict[str, str]) -> dict[str, str]:
        """A YML offer's cells by plain names. Its type says only which elements its title is made of."""
        if cells.pop("type", "") and "name" not in cells:
            cells["name"] = " ".join(part for column in ("typePrefix", "vendor", "model") if (part := cells.get(column, "")))
        if category := self.categories.get(cells.get("categoryId", "").split("\n")[0], "").strip():
            cells["category"] = category
        if currency := cells.pop("currencyId", ""):
            cells["currency"] = "RUB" if currency == "RUR" else currency
        return cells
