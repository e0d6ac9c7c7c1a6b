"""What a table's columns mean: by their headers, in many languages, and by what stands below them.

A name proposes (headers.py), the cells confirm or refuse: a column called "price"
that holds texts is none, and where no column is called a title, the one with short texts that differ may be it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import pairwise

from rapidfuzz import fuzz, process

from localize import languages
from localize.errors import UserError
from localize.products.draft import FIELDS, LOCALIZED
from localize.products.headers import DECIDING, data, norm, scale, senses
from localize.products.tables import Row, Table
from localize.products.values import shown

# Fields that may be spread over several columns.
SEVERAL = frozenset(("images", "extra_images", "variant_images", "features", "footage"))
PRICES = frozenset(("price", "sale_price", "was_price", "price_to"))
# So many rows below the header are looked at.
SAMPLE = 100
SURE = 0.5  # a guess below this is only a proposal


@dataclass(frozen=True)
class Guess:
    """What a column is taken for: the field ("" when it is not used), how sure that is (0 to 1), and why. `currency` and
    `language` are what its header says about its cells, `number` is that of a numbered column (image 2), `tongue` the
    language that the header is in ("" for English, and where it is not known)."""

    index: int
    header: str
    field: str
    confidence: float
    why: str
    currency: str = ""
    language: str = ""
    number: int = 0
    tongue: str = ""


# ---- cells


_IMAGE = re.compile(r"<img\b|^data:image/|\.(?:jpe?g|png|webp|gif|avif|bmp|tiff?|tbi)(?:$|[^a-z0-9])|^[0-9a-f]{32}:\d:", re.I)
_IMAGE_HOST = re.compile(r"//[^/]*(?:img|image|cdn|photo|pic|susercontent|slatic|static)[^/]*/", re.I)
_ADDRESS = re.compile(r"^\s*(?:https?:)?//\S|^\s*(?:[\w-]+\.)+[a-z]{2,6}/\S*$", re.I)
_PRICE = re.compile(r"^\D{0,14}\d[\d\s.,'’]*(?:\D{0,6}\d[\d\s.,'’]*)?\D{0,10}$")
_NUMBER = re.compile(r"^[\s+-]*\d[\d.,\s]*$")
_TAG = re.compile(r"</?(?:p|div|br|ul|ol|li|span|strong|b|h\d|table|tr|td|img|font|section)\b[^>]*>", re.I)
_MONEY = re.compile(r"[¥￥$€£฿₫₱₹₩]|^\s*rp|\d\s*(?:(?:đ|vnđ)(?!\w)|元|บาท)|\d[.,]\d\d\s*$", re.I)


@dataclass
class Look:
    """What a sample of a column's cells looks like, each as the share of those that are filled."""

    cells: Sequence[str]
    rows: int
    image: float = field(init=False)
    address: float = field(init=False)
    price: float = field(init=False)
    number: float = field(init=False)
    money: float = field(init=False)
    tagged: float = field(init=False)
    distinct: float = field(init=False)
    length: float = field(init=False)

    def __post_init__(self) -> None:
        cells = self.cells
        self.image = self._share(lambda c: bool(_IMAGE.search(c) or (_ADDRESS.search(c) and _IMAGE_HOST.search(c))))
        self.address = self._share(lambda c: bool(_ADDRESS.search(c)))
        self.price = self._share(lambda c: len(c) < 40 and bool(_PRICE.match(c.strip())) and not _ADDRESS.search(c))
        self.number = self._share(lambda c: bool(_NUMBER.match(c)))
        self.money = self._share(lambda c: bool(_MONEY.search(c)))
        self.tagged = self._share(lambda c: "<" in c and bool(_TAG.search(c)))
        self.distinct = len(set(cells)) / len(cells) if cells else 0.0
        self.length = sum(map(len, cells)) / len(cells) if cells else 0.0

    def _share(self, test: Callable[[str], bool]) -> float:
        return sum(map(test, self.cells)) / len(self.cells) if self.cells else 0.0

    @property
    def kinds(self) -> bool:
        """Whether the cells only say what kind of row each is."""
        return bool(self.cells) and {c.casefold() for c in self.cells} <= kinds("variant", "group", "other")

    @property
    def texts(self) -> bool:
        return bool(self.cells) and self.number < 0.5 and self.address < 0.5 and self.image < 0.5

    @property
    def counts(self) -> bool:
        """Whether the cells only count the rows."""
        numbers = [int(n) for c in self.cells if (n := c.removesuffix(".0")).isdecimal()]
        return len(numbers) == len(self.cells) > 2 and numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def numbering(cells: Sequence[str]) -> bool:
    """Whether cells only number the rows, as programs do that write tables: whole numbers that rise from row to row, with gaps
    where rows were taken out."""
    numbers = [int(n) for c in cells if (n := c.strip().removesuffix(".0")).isdecimal() and len(n) < 12]
    rising = all(a < b for a, b in pairwise(numbers))
    return len(numbers) == len(cells) > 1 and rising and numbers[-1] - numbers[0] < 10 * len(numbers)


@cache
def kinds(*sorts: str) -> frozenset[str]:
    """The words for these sorts of rows: variant, group, other."""
    return frozenset(word for sort in sorts for word in data()["kinds"][sort])


def _against(meant: str, look: Look) -> str:
    """Why the cells can't be what the header says, "" when they can."""
    if not look.cells:
        return ""
    if meant in PRICES and look.price < 0.4:
        return "its cells are no prices"
    if meant in ("images", "extra_images", "variant_images") and look.image < 0.4 and look.address < 0.4:
        return "its cells are no pictures"
    if meant == "link" and look.address < 0.4:
        return "its cells are no addresses"
    if meant == "footage" and look.address < 0.4 and look.length > 60:
        return "its cells are no videos"
    if meant in ("features", "description") and look.tagged > 0.3:
        return ""
    if meant in ("title", "features", "description") and not look.texts:
        return "its cells are no texts"
    if meant == "kind" and not look.kinds:
        return "its cells do not say what kind of row each is"
    if meant == "category" and look.kinds:
        return "its cells say what kind of row each is"
    if meant in ("brand", "category") and (look.number > 0.6 or look.address > 0.5):
        return "its cells are numbers" if look.number > 0.6 else "its cells are addresses"
    if (meant == "sku" and (look.address > 0.5 or look.length > 90)) or (meant == "group" and look.address > 0.5):
        return "its cells are no codes"
    return ""


# ---- tables


def header(table: Table) -> Row | None:
    """The row that names the columns, None when none does. It may stand below notes: of the first rows it is the one with the
    most known names, or else a first row of texts above numbers and addresses."""
    top = table.top(20)
    best, at = 0.0, -1
    for n, row in enumerate(top):
        score = _score(row)
        # Of two rows of names, one above the other, the lower one is the seller's language; further down it is repeated.
        if score > best or (score == best and n == at + 1):
            best, at = score, n
    if best >= 1.2:
        return top[at]
    if len(top) > 1 and _names_only(top[0]) and any(_telling(c) for row in top[1:] for c in row.cells):
        return top[0]
    return None


def _score(row: Row) -> float:
    found: dict[str, float] = {}
    for cell in row.cells:
        if len(cell) > 80 or not cell.strip():
            continue
        if _telling(cell):
            found[cell] = -0.5
        elif meant := senses(cell.strip()):
            key = meant[0].field or meant[0].why
            found[key] = max(found.get(key, 0.0), meant[0].confidence if meant[0].field else 0.4)
    return sum(found.values())


def _telling(cell: str) -> bool:
    return bool(_NUMBER.match(cell) or _ADDRESS.search(cell))


def _names_only(row: Row) -> bool:
    cells = [c.strip() for c in row.cells if c.strip()]
    return (
        len(cells) > 1 and len(set(cells)) == len(cells) and all(len(c) <= 40 and not _telling(c) and not _MONEY.search(c) for c in cells)
    )


def below(table: Table, head: Row | None, most: int = SAMPLE) -> list[Row]:
    """The first rows that may be products: without what only says how to fill in the table."""
    number = head.number if head else -1
    return [r for r in table.top(most + 20) if r.number > number and not r.trouble and not instructs(r.cells)][:most]


@cache
def _instructing() -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, data()["instructions"])), re.IGNORECASE)


def instructs(cells: Sequence[str]) -> bool:
    """Whether a row says how to fill in the columns, or names them once more."""
    filled = [c for c in cells if c.strip()]
    saying = sum(1 for c in filled if len(c) < 400 and _instructing().search(c))
    named = sum(1 for c in filled if len(c) < 40 and (s := senses(c.strip())) and s[0].confidence >= 0.9)
    return (saying >= 2 and saying >= 0.3 * len(filled)) or (named >= 3 and named >= 0.5 * len(filled))


def propose(table: Table, currency: str = "") -> list[Guess]:
    """What each column is taken for. A field is taken once, but those that may have several columns (images, features).
    Of prices in several currencies, the one asked for is taken."""
    head = header(table)
    return _assigned(head, below(table, head), currency, {})


def chosen(table: Table, columns: Mapping[str, str | Sequence[str]], currency: str = "") -> tuple[Row | None, list[Guess]]:
    """The header's row and what each column means by the campaign's `columns:`; what it does not mention is proposed, and
    a field that it leaves empty is not read. Columns are named by header, or by letter or number ("B", 2).

    Raises UserError for a field or column that there is not.
    """
    names = {norm(str(n)) for named in columns.values() for n in ([named] if isinstance(named, (str, int)) else named)}
    hits = [(sum(norm(c) in names for c in row.cells if c.strip()), -n, row) for n, row in enumerate(table.top(20))]
    head = max(hits)[2] if any(count for count, _, _ in hits) else header(table)
    wanted: dict[int, str] = {}
    for meant, named in columns.items():
        known = (*FIELDS, *DECIDING, *(f"{f}_{code}" for f in LOCALIZED for code in languages.codes()))
        if meant not in known and not re.fullmatch(r"option:.+|option\d_(?:name|value)", meant):
            raise UserError(f"columns: {shown(meant)} is no field of a product{_like(meant, known)}")
        for one in [named] if isinstance(named, (str, int)) else named:
            if str(one).strip():
                place = _place(table, head, str(one))
                title = head.cells[place] if head and place < len(head.cells) else ""
                if meant in PRICES and (counted := scale(title)):
                    raise UserError(f"columns: the prices of {shown(title)} count in {counted}: write them in full in the file")
                wanted[place] = meant
    dropped = {meant for meant, named in columns.items() if not named}
    guesses = _assigned(head, below(table, head), currency, wanted)
    return head, [replace(g, field="", why="the campaign says that it is not read") if g.field in dropped else g for g in guesses]


def _place(table: Table, head: Row | None, named: str) -> int:
    cells = head.cells if head else ()
    for same in (str.strip, norm):
        for i, cell in enumerate(cells):
            if same(cell) == same(named) and cell.strip():
                return i
    width = max((len(r.cells) for r in table.top(20)), default=0)
    letters = named.strip().upper()
    place = int(letters) - 1 if letters.isdecimal() else _letters(letters) if re.fullmatch(r"[A-Z]{1,2}", letters) else -1
    if 0 <= place < width:
        return place
    there = [c.strip() for c in cells if c.strip()]
    raise UserError(
        f"{table.where} has no column {shown(named)}{_like(named, there)}; it has {', '.join(map(shown, there)) or f'{width} columns'}"
    )


def _letters(letters: str) -> int:
    place = 0
    for letter in letters:
        place = place * 26 + ord(letter) - 64
    return place - 1


def letters(index: int) -> str:
    """A column as a spreadsheet calls it: 0 is A, 26 is AA."""
    text = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        text = chr(65 + rest) + text
    return text


def _like(word: str, choices: Iterable[str]) -> str:
    near = process.extractOne(word, list(choices), scorer=fuzz.WRatio, score_cutoff=70)
    return f": did you mean {shown(near[0])}?" if near else ""


def _assigned(head: Row | None, rows: Sequence[Row], currency: str, wanted: Mapping[int, str]) -> list[Guess]:
    """One guess per column: first what is wanted, then by the names, then by the cells of what is left."""
    width = max((len(r.cells) for r in (*rows, *([head] if head else []))), default=0)
    looks = [Look([c for r in rows if i < len(r.cells) and (c := r.cells[i].strip())], len(rows)) for i in range(width)]
    titles = [(head.cells[i].strip() if head and i < len(head.cells) else "") for i in range(width)]
    guesses = {i: Guess(i, titles[i], meant, 1.0, "the campaign says so", *_hints(titles[i])) for i, meant in wanted.items()}
    notes: dict[int, str] = {}
    for guess, _ in sorted(_candidates(titles, looks, notes), key=lambda pair: pair[1]):
        if guess.index not in guesses:
            _take(guess, guesses, notes, currency)
    _by_cells(guesses, looks, titles, notes)
    return [guesses.get(i) or Guess(i, titles[i], "", 0.0, notes.get(i, "its name says nothing")) for i in range(width)]


def _hints(title: str) -> tuple[str, str]:
    found = senses(title)
    return (found[0].currency, found[0].language) if found else ("", "")


def _candidates(titles: Sequence[str], looks: Sequence[Look], notes: dict[int, str]) -> Iterable[tuple[Guess, tuple[float, int, int, int]]]:
    """Everything the columns may be by name and does not contradict their cells, with what it is sorted by."""
    for i, title in enumerate(titles):
        for sense in senses(title):
            if not sense.field:
                notes.setdefault(i, sense.why)
                break
            if sense.nearly and not looks[i].cells:
                continue
            if why := _against(sense.field, looks[i]):
                notes[i] = f"{sense.why}, but {why}"
                continue
            meant = f"option:{title}" if sense.field == "option:" else sense.field
            sure = round(sense.confidence, 2)
            guess = Guess(i, title, meant, sure, sense.why, sense.currency, sense.language, sense.number, sense.tongue)
            # An empty column is no rival of a filled one.
            yield guess, (-round(sense.confidence if looks[i].cells else sense.confidence / 2, 1), sense.rank, sense.number, i)


def _take(guess: Guess, guesses: dict[int, Guess], notes: dict[int, str], currency: str) -> None:
    """Give the column its meaning, unless another column has it already and is as good."""
    if guess.language and guess.field in LOCALIZED and any(g.field == guess.field for g in guesses.values()):
        guess = replace(guess, field=f"{guess.field}_{guess.language}")
    rival = next((g for g in guesses.values() if g.field == guess.field), None)
    if rival is None or (guess.field in SEVERAL and min(guess.confidence, rival.confidence) >= 0.9):
        guesses[guess.index] = guess
    elif guess.currency and rival.currency and _preferred(guess.currency, currency) < _preferred(rival.currency, currency):
        del guesses[rival.index]
        guesses[guess.index] = guess
        notes[rival.index] = f"it is the {rival.field} in {rival.currency}; the one in {guess.currency} is read"
    elif guess.currency and rival.currency:
        notes[guess.index] = f"it is the {rival.field} in {guess.currency}; the one in {rival.currency} is read"
    else:
        notes.setdefault(guess.index, f"{guess.field} is read from {shown(rival.header)} already")


def _preferred(code: str, asked: str) -> int:
    order: list[str] = data()["money"]
    return -1 if code == asked else order.index(code) if code in order else len(order)


def _by_cells(guesses: dict[int, Guess], looks: Sequence[Look], titles: Sequence[str], notes: dict[int, str]) -> None:
    """What is missing, by what the cells of the other columns look like."""
    fields = {g.field: g for g in guesses.values()}
    free = [i for i in range(len(looks)) if i not in guesses and i not in notes and looks[i].cells]
    if "price" not in fields and (price := _price_by_cells(fields, free, looks, titles)):
        guesses[price.index] = price
    if "title" not in fields and (title := _title_by_cells(guesses, free, looks, titles)):
        guesses[title.index] = title
    for i in free:
        if i not in guesses and looks[i].image > 0.6 and "images" not in fields:
            guesses[i] = Guess(i, titles[i], "images", 0.6, "its cells are pictures")
        elif i not in guesses and looks[i].address > 0.6 and looks[i].image < 0.3 and "link" not in fields:
            guesses[i] = Guess(i, titles[i], "link", 0.55, "its cells are addresses")


def _price_by_cells(fields: Mapping[str, Guess], free: Sequence[int], looks: Sequence[Look], titles: Sequence[str]) -> Guess | None:
    """What else may be the price: a sale's, a column whose name has a word for price in it, the price before, and last a
    single column of numbers, or the one whose cells are money."""
    if sale := fields.get("sale_price"):
        return replace(sale, field="price", confidence=min(sale.confidence, 0.8), why=f"{sale.why}, the only price")
    priced = [i for i in free if looks[i].price > 0.9 and not looks[i].counts and looks[i].length < 24 and not scale(titles[i])]
    named = [i for i in priced if _has_word(titles[i], "pricing")]
    if len(named) == 1:
        return Guess(named[0], titles[named[0]], "price", 0.6, "its name has a word for price, and its cells are prices")
    if was := fields.get("was_price"):
        # What a thing costs elsewhere or was meant to cost is no price to sell it by, unless there is no other.
        return replace(was, field="price", confidence=0.4 if named else 0.65, why=f"{was.why}, and there is no other price")
    money = [i for i in priced if looks[i].money > 0.5]
    if not (money or len(priced) == 1):
        return None
    i = max(money or priced, key=lambda i: looks[i].money)
    return Guess(i, titles[i], "price", 0.55 if money else 0.4, "its cells look like prices")


def _title_by_cells(guesses: Mapping[int, Guess], free: Sequence[int], looks: Sequence[Look], titles: Sequence[str]) -> Guess | None:
    """What else may be the title: texts that are short and differ, the first of those that are not much shorter than others."""
    described = [g.index for g in guesses.values() if g.field in ("description", "features")]
    texts = [i for i in (*described, *(i for i in free if i not in guesses)) if looks[i].texts and looks[i].distinct > 0.5]
    texts = [i for i in texts if 4 <= looks[i].length <= 160 and not looks[i].tagged]
    if not texts:
        return None
    if named := [i for i in texts if _has_word(titles[i], "naming")]:
        return Guess(named[0], titles[named[0]], "title", 0.65, "its name has a word for name, and its texts are short and differ")
    longest = max(looks[i].length for i in texts if looks[i].distinct > 0.8 or looks[i].distinct == max(looks[j].distinct for j in texts))
    long = [i for i in texts if looks[i].length >= 0.4 * longest]
    i = max(long, key=lambda i: (i in guesses, looks[i].distinct > 0.8, -i))
    why = "no column is called a title, and its texts are short and differ"
    return Guess(i, titles[i], "title", 0.6 if titles[i] else 0.5, why)


def _has_word(title: str, kind: str) -> bool:
    """Whether a header has one of the words in it; those of Latin letters stand apart or at an end."""
    name = norm(title)
    return any(
        re.search(rf"(?<![^\W_]){re.escape(w)}(?![^\W_])", name) if re.match(r"[a-zà-ỹ]", w) else w in name for w in map(norm, data()[kind])
    )
