"""Written numbers, prices, units, dates and codes in a text, and the words they are said with."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cache, cached_property
from typing import TYPE_CHECKING

from localize.domain import Money
from localize.languages import signs as table
from localize.languages.signs import LATIN, is_latin, number_of

if TYPE_CHECKING:
    from localize.languages.spoken import Spoken

BUDDHIST = 543  # years the Thai calendar is ahead
GAP = r"[^\S\n]?"
# Spaces group thousands only before 000 (150 000 đ): an "iPhone 15 128GB" has two numbers.
N = r"(?:(?<!\d)[1-9]\d{0,2}(?:[^\S\n]\d{3})*[^\S\n]000(?![\d.,])|\d+(?:[.,]\d+)*)"
TO = rf"(?:-|{GAP}[–~]{GAP})"
UNTIL = rf"{GAP}[-–~]{GAP}"  # between two things that each stand for themselves
ENDS = rf"(?![{LATIN}\d])"

# After these a dotted figure is a version, not a decimal: a Vietnamese says "chấm", not "phẩy".
VERSIONED = re.compile(
    r"(?:bluetooth|usb(?:[- ]?[abc])?|type-?[abc]|hdmi|wi-?fi|android|ios|windows|pcie|version|ver|gen|v)[\s.-]*$", re.IGNORECASE
)
VULGAR = "½⅓⅔¼¾⅛⅜⅝⅞"
MEMORY = frozenset({"KB", "MB", "GB", "TB"})
DEGREES = frozenset({"°C", "℃", "ºC", "°F", "℉", "ºF", "°", "º"})
# A subscriber's number: with its country or area before it, or as 138-1234-5678 and 1-800-555-0199.
PHONE = (
    r"(?:(?:\+\d{1,3}[- ]?\d{1,3}|0\d{1,3})(?:[- .]\d{3,4}){2}|0\d{1,3}(?:-|\) ?)\d{6,8}|0\d{1,3}\) ?\d{3,4}[- ]\d{3,4}"
    r"|(?:1-)?[1-9]\d\d-\d{3,4}-\d{4})(?![\d-])"
)
# An address: with its scheme, with www. before it, or with a path behind it.
_REST = r"[^\s<>\"'()\[\]（），。！？、]*[^\s<>\"'()\[\]（），。！？、.,!?;:…\u0e00-\u0e7f]"
_HOST = r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+"
ADDRESS = rf"(?:(?:https?://|www\.)(?P<host>{_HOST})|(?P<bare>{_HOST}(?=/[A-Za-z0-9?#])))(?:[:/?#]{_REST})?/?"
THAI_LETTER = re.compile("[ก-ฮะ-ฺเ-ๅ็-๎]")


@dataclass(frozen=True)
class Span:
    """A written thing at text[start:end] and its words."""

    start: int
    end: int
    words: tuple[str, ...]


def spelled(word: str, language: Spoken, *, in_code: bool = False) -> bool:
    """Whether a Latin word is said letter by letter: USB, HDMI, IPX, a lone C; not PRO, not Lumora."""
    if not word.isascii() or not word.isalpha() or word in table.short_words():
        return False
    if len(word) == 1:
        return in_code or language.spells_short or word.isupper()
    vowelless = not re.search("[aeiouy]", word, re.IGNORECASE)
    if word.isupper():
        return vowelless or word in table.acronyms() or (len(word) <= 3 and (in_code or language.spells_short))
    return in_code and vowelless and len(word) <= 3


def letters(word: str, language: Spoken) -> list[str]:
    return [language.letters[c] for c in word.upper()]


def _any(choices: dict[str, str], *, after: bool = True) -> str:
    """A pattern for any of the written forms, longest first; one that ends in a letter must end there."""
    ordered = sorted(choices, key=len, reverse=True)
    return "(?:" + "|".join(re.escape(c) + (ENDS if after and is_latin(c[-1]) else "") for c in ordered) + ")" if ordered else "(?!)"


def _precedes(sign: str) -> bool:
    """Whether a sign of money stands before its number as well: ฿, US$, THB, Rp; not the words บาท, won or 元."""
    return not sign[0].isalpha() or sign.isupper() or sign[:2] in ("Rp", "rp", "Rs")


class Reader:
    """Finds what is written in figures, signs and codes in folded texts of one language."""

    def __init__(self, language: Spoken) -> None:
        self.language = language
        self.units = table.units(language.code)
        self.multipliers = table.multipliers(language.code)
        self.money = table.signs_of_money()

    @cached_property
    def rules(self) -> list[tuple[re.Pattern[str], Callable[[re.Match[str]], list[str] | None]]]:
        """What may be written, in the order it is tried at a place where a figure, sign, abbreviation or Latin word begins."""
        unit, times, coin = _any(self.units), _any(self.multipliers), _any(self.money)
        before_number = _any({sign: "" for sign in self.money if _precedes(sign)}, after=False)
        sign = rf"(?P<sign>[-+±](?=\S)|[~≈<>≤≥]{GAP})?"
        amount, more = rf"(?P<a>{N})(?:{TO}(?P<b>{N}))?", r"(?P<more>\+)?"
        scaled = rf"{amount}(?:{GAP}(?P<times>{times}))?{more}"
        per = rf"(?:{GAP}/{GAP}(?P<per>{unit}))?"
        month = "|".join(map(re.escape, self.language.months)) or "(?!)"
        short = _any(self.language.short_months)
        patterns: list[tuple[str, Callable[[re.Match[str]], list[str] | None]]] = [
            (ADDRESS, self._address),
            *self.language.forms().items(),
            (r"(?P<y>\d{4})(?P<mark>[-/.])(?P<m>\d\d?)(?P=mark)(?P<d>\d\d?)(?!\d)", self._date),
            (r"(?P<d>\d\d?)(?P<mark>[-/.])(?P<m>\d\d?)(?P=mark)(?P<y>\d{4})(?!\d)", self._date),
            (rf"(?P<y>\d{{4}}){GAP}年{GAP}(?P<m>\d\d?){GAP}月{GAP}(?P<d>\d\d?){GAP}[日号]", self._date),
            (rf"(?P<d>\d\d?){GAP}(?P<name>{month}){GAP}(?P<y>\d{{4}})(?!\d)", self._date),
            (rf"(?P<name>{month}){GAP}(?P<d>\d\d?),?{GAP}(?P<y>\d{{4}})(?!\d)", self._date),
            (rf"(?P<a>\d\d?)(?:{TO}(?P<b>\d\d?))?{GAP}(?P<short>{short})(?:{GAP}(?P<y>\d{{4}}|\d\d)(?!\d))?", self._short_date),
            (rf"(?P<y>(?:1[1-9]|20)\d\d){GAP}年", self._year),
            (r"24/7(?![\d/])", lambda m: self.language.signs["24/7"].split()),
            (r"(?P<h>\d\d?):(?P<min>\d\d)(?::\d\d)?(?![\d:]|[.,]\d)(?:" + GAP + r"(?P<noon>[AaPp]\.?[Mm]\b\.?|น\.))?", self._time),
            (r"(?P<h>\d\d?)\.(?P<min>\d\d)" + GAP + r"(?P<noon>น\.)", self._time),
            (
                rf"(?P<sign>-)?(?P<coin>{before_number}){GAP}{scaled}(?:\.-)?(?:{TO}(?P=coin){GAP}(?P<c>{N})(?:{GAP}(?P<times2>{times}))?)?{per}",
                self._price,
            ),
            (rf"{sign}{scaled}{GAP}(?P<coin>{coin}){per}", self._price),
            (rf"(?P<a>{N})(?P<coin>\.-)(?!\d)", self._price),
            (PHONE, self._one_by_one),
            (rf"{sign}{amount}{more}{GAP}%", self._percent),
            (rf"{N}(?:[xX×*+]{N}| [xX×*+] {N})+(?:{GAP}(?P<unit>{unit}))?", self._product),
            (rf"(?P<a>{N})[xX×]{ENDS}", self._twofold),
            (rf"[x×](?P<a>{N}){ENDS}", self._twofold),
            (rf"{sign}{scaled}(?:{GAP}|-)(?P<unit>{unit}){per}", self._measure),
            (rf"{sign}{amount}{GAP}(?P<times>{times}){more}", self._scaled),
            (rf"(?:(?P<whole>\d+){GAP})?(?P<part>[{VULGAR}])(?:{GAP}(?P<unit>{unit}))?", self._vulgar),
            (rf"(?P<a>\d+):(?P<b>[0-5]\d[.,]\d+)(?![\d:])(?:{GAP}(?P<unit>{unit}))?", self._lap),
            (r"(?P<a>\d+):(?P<b>\d+)(?![\d:])", self._ratio),
            (rf"(?P<a>{N})/(?P<b>{N}){GAP}(?P<unit>{unit})", self._share),
            (rf"(?P<a>{N})/(?P<b>{N})(?![\d/])", self._share),
            (rf"(?P<a>\d+)(?:st|nd|rd|th){ENDS}", lambda m: self.language.ordinal_words(int(m["a"]))),
            (rf"[{LATIN}\d]+(?:[-.][{LATIN}\d]+)*", self._code),
            (rf"{sign}{amount}{more}", self._number),
            (rf"{sign}(?P<a>{N})(?P<b>(?!))?", self._number),  # 300-50 leads from nowhere to nowhere: its numbers are apart
        ]
        return [(re.compile(pattern), say) for pattern, say in patterns]

    def find(self, text: str, ends: set[int]) -> Iterator[Span]:
        """The written things of a folded text, in order. `ends` are the offsets where words of the text end: a
        Thai unit counts only when it is a whole word (30 วัน, not the beginning of 30 วันนี้)."""
        at = 0
        while begin := self._begins.search(text, at):
            at = begin.start()
            span = self._match(text, at, ends)
            if span:
                span = self._range(text, span, ends) or span
                yield span
            at = span.end if span else begin.end()

    @cached_property
    def _begins(self) -> re.Pattern[str]:
        signs = _any({sign: "" for sign in self.money if not sign[0].isalpha()}, after=False)
        return re.compile(rf"[{LATIN}]+|\d|(?={self.language.abbreviations}).|[-+~≈<>≤≥±×{VULGAR}]|{signs}")

    def _range(self, text: str, first: Span, ends: set[int]) -> Span | None:
        """What leads from `first` to something after it, each with a unit of its own: 50%-60%, 9:00-17:00, 290k – 350k."""
        mark = re.compile(UNTIL).match(text, first.end)
        if not mark or not text[mark.end() : mark.end() + 1].strip("-+±~≈<>≤≥") or text[mark.end()].isalpha():
            return None
        second = self._match(text, mark.end(), ends)
        if second is None:
            return None
        low, high = text[first.start : first.end], text[second.start : second.end]
        spaced = mark[0] not in "-–~" and "-" in mark[0]  # a dash between two things, unless they are alike
        if re.fullmatch(rf"[-+]?{N}(?:-{N})?", low) or (spaced and not self._alike(low, high)) or high.endswith("%") > low.endswith("%"):
            return None
        return Span(first.start, second.end, (*first.words, self.language.signs["–"], *second.words))

    def _alike(self, low: str, high: str) -> bool:
        """Whether two things are times, or written the same way and the first is less."""
        if all(re.match(r"\d\d?[:h]\d\d", written) for written in (low, high)):
            return True
        if re.sub(N, "0", low) != re.sub(N, "0", high):
            return False
        values = [[self._value(figures) or 0 for figures in re.findall(N, written)] for written in (low, high)]
        return values[0] < values[1]

    def _match(self, text: str, at: int, ends: set[int]) -> Span | None:
        if text[at] in "-+±" and at and (text[at - 1].isalnum() or text[at - 1] in "+-)") and not self._below(text, at):
            return None
        if at and at not in ends and self.language.own.match(text[at]) and self.language.own.match(text[at - 1]):
            return None  # an abbreviation begins where a word ends
        for pattern, say in self.rules:
            found = pattern.match(text, at)
            if not found or (THAI_LETTER.match(found[0][-1]) and found.end() not in ends):
                continue
            words = say(found)
            if words is not None:
                return Span(at, found.end(), tuple(words))
        return None

    def _below(self, text: str, at: int) -> bool:
        """Whether a dash right after a Thai or Chinese word is the minus of a temperature: 低至-18℃."""
        return self.language.own.match(text[at - 1]) is not None and re.match(rf"-{N}{GAP}[°℃º℉]", text[at:]) is not None

    # What each thing is said with. None: it was not that after all.

    def _value(self, figures: str) -> Decimal | None:
        return number_of(figures, self.language.dot_groups)

    def _figures(self, figures: str, *, version: bool = False) -> list[str]:
        """The words of figures with nothing beside them; leading zeros and barcodes are said one by one."""
        figures = "".join(figures.split())
        value = self._value(figures)
        if figures.isdigit() and (len(figures) > 8 or (figures[0] == "0" and len(figures) > 1)):
            return self.language.one_by_one(figures)
        if value is not None:
            return self.language.number_words(value, "v." if version else ".")
        point = [self.language.signs["v."]] if "," not in figures else []
        parts = [self._figures(part) for part in re.split("[.,]", figures)]
        return [word for i, part in enumerate(parts) for word in ([*point, *part] if i else part)]

    def _counted(self, figures: str) -> list[str]:
        value = self._value(figures)
        return self._figures(figures) if value is None else self.language.counted(value)

    def _amount(self, m: re.Match[str], say: Callable[[str], list[str]], *, more: str = "more") -> list[str] | None:
        """The words of `a`, or `a` to `b`, with their multiplier and what a + after them means."""
        groups = m.groupdict()
        words = say(m["a"])
        if groups["b"]:
            low, high = self._value(m["a"]), self._value(m["b"])
            if low is None or high is None or low >= high:
                return None
            words = [*words, self.language.signs["–"], *say(m["b"])]
        if groups.get("times"):
            words = [*words, self.multipliers[m["times"]]]
        if groups.get("more"):
            before, found, after = self.language.signs[more].partition("{}")
            words = [*before.split(), *words, *after.split()] if found else [*words, before]
        return words

    def _signed(self, m: re.Match[str], words: list[str]) -> list[str]:
        sign = (m.groupdict().get("sign") or "").strip()
        if sign == "-" and m.groupdict().get("unit") in DEGREES:
            return [self.language.signs.get("-°", self.language.signs["-"]), *words]
        return [self.language.signs[sign], *words] if sign else words

    def _named(self, unit: str, figures: str) -> list[str]:
        value = self._value(figures)
        return self.language.inflect(self.units[unit], Decimal(0) if value is None else value).split()

    def _per(self, m: re.Match[str]) -> list[str]:
        per = m.groupdict().get("per")
        return [self.language.signs["per"], *self._named(per, "1")] if per else []

    def _price(self, m: re.Match[str]) -> list[str] | None:
        groups, lang = m.groupdict(), self.language
        currency = self.money.get(m["coin"], "THB")  # 199.- is how Thai shops write 199 baht
        last = groups.get("c") or groups.get("b") or m["a"]
        value = self._value(last)
        if value is None or len(last) > 18:
            return None
        if groups.get("times") or groups.get("more") or groups.get("times2"):
            words = self._amount(m, self._counted)
            if words is None:
                return None
            if groups.get("c"):
                words = [*words, lang.signs["–"], *self._counted(m["c"]), *([self.multipliers[m["times2"]]] if m["times2"] else [])]
            return self._signed(m, [*words, *lang.inflect(lang.coins(currency)[0], Decimal(2)).split(), *self._per(m)])
        words = lang.price_words(Money(amount=value, currency=currency))
        if last != m["a"]:
            words = [*self._counted(m["a"]), lang.signs["–"], *words]
        return self._signed(m, [*words, *self._per(m)])

    def _percent(self, m: re.Match[str]) -> list[str] | None:
        amount = self._amount(m, self._figures, more="++")
        return None if amount is None else self._signed(m, self.language.percent_words(amount))

    def _measure(self, m: re.Match[str]) -> list[str] | None:
        amount = self._amount(m, self._figures if m.string[: m.start()].endswith("第") else self._counted)
        if m["unit"] == "in" and not self._inches(m):
            return None
        return None if amount is None else self._signed(m, [*amount, *self._named(m["unit"], m["b"] or m["a"]), *self._per(m)])

    @staticmethod
    def _inches(m: re.Match[str]) -> bool:
        """14in, 6.1 in and a last 10 in are sizes; 3 in 1 and 2 in stock are not."""
        return m.string[m.start("unit") - 1].isdigit() or "." in m["a"] or not re.match(r"[\s-]*\w", m.string[m.end("unit") :])

    def _scaled(self, m: re.Match[str]) -> list[str] | None:
        if m["times"] == "K" and (self._value(m["a"]) or 0) < 10:
            return None  # 4K is a screen, 350K is money
        amount = self._amount(m, self._counted)
        return None if amount is None else self._signed(m, amount)

    def _product(self, m: re.Match[str]) -> list[str]:
        parts = re.split(rf"({N})", m[0].removesuffix(m["unit"] or ""))[1:]
        numbers, marks = parts[::2], parts[1::2]
        words = self._figures(numbers[0])
        for mark, figures in zip(marks, numbers[1:], strict=False):
            words += [self.language.signs["+" if "+" in mark else "×"], *self._figures(figures)]
        return words + (self._named(m["unit"], numbers[-1]) if m["unit"] else [])

    def _twofold(self, m: re.Match[str]) -> list[str]:
        if m[0][0] in "x×":
            return [self.language.signs["×"], *self._figures(m["a"])]
        return [*self._counted(m["a"]), *self.language.signs["x"].split()]

    def _number(self, m: re.Match[str]) -> list[str] | None:
        version = VERSIONED.search(m.string[: m.start()]) is not None
        doubled = re.fullmatch(r"(1[012])[./]\1", m[0])
        if doubled:  # 11.11 and 12.12 are sale days
            return self._figures(doubled[1]) * 2
        amount = self._amount(m, lambda figures: self._figures(figures, version=version), more="++")
        return None if amount is None else self._signed(m, amount)

    def _one_by_one(self, m: re.Match[str]) -> list[str]:
        return self.language.one_by_one(re.sub(r"\D", "", m[0]))

    def _code(self, m: re.Match[str]) -> list[str] | None:
        """A model code: IPX7, A55, WH-1000XM5, 5G, 3-in-1. It has letters and figures; plain words are not codes."""
        if not re.search(r"\d", m[0]) or not re.search(f"[{LATIN}]", m[0]):
            return None
        words: list[str] = []
        for part in re.findall(rf"[{LATIN}]+|{N}", m[0]):
            if part[0].isdigit():
                long = part.isdigit() and len(part) > 4
                words += self.language.one_by_one(part) if long else self._figures(part, version=True)
            else:
                words += letters(part, self.language) if spelled(part, self.language, in_code=True) else [part]
        return words

    def _address(self, m: re.Match[str]) -> list[str] | None:
        """An address on the net is the name of its site; nobody says the rest."""
        host = (m["host"] or m["bare"]).removeprefix("www.")
        if not re.search("[A-Za-z]", host.rpartition(".")[2]):
            return None  # 4.9/5
        words: list[str] = []
        for part in re.findall(r"[A-Za-z]+|\d+", host):
            if part.isdigit():
                words += self._figures(part)
            else:
                words += letters(part, self.language) if spelled(part, self.language) and part.isupper() else [part]
        return words

    def _ratio(self, m: re.Match[str]) -> list[str]:
        return [*self._figures(m["a"]), self.language.signs[":"], *self._figures(m["b"])]

    def _vulgar(self, m: re.Match[str]) -> list[str]:
        """½, 1½ kg, 2⅓: with a whole number before it, as a decimal where that ends."""
        value, whole = Fraction(unicodedata.numeric(m["part"])).limit_denominator(8), int(m["whole"] or 0)
        part = self.language.fraction_words(value.numerator, value.denominator)
        if whole and value.denominator != 3:
            words = self.language.number_words(whole + Decimal(value.numerator) / value.denominator)
        else:
            words = [*self.language.number_words(whole), self.language.signs["&"], *part] if whole else part
        return words + (self._named(m["unit"], str(whole + 1)) if m["unit"] else [])

    def _lap(self, m: re.Match[str]) -> list[str]:
        """Minutes and seconds: 4:41.30. A unit after it would say the minutes twice."""
        return [*self._figures(m["a"]), *self._named("min", m["a"]), *self._figures(m["b"]), *self._named("s", m["b"])]

    def _share(self, m: re.Match[str]) -> list[str]:
        unit = m.groupdict().get("unit")
        if unit in MEMORY:  # 8/256GB: a phone's two memories
            return [*self._figures(m["a"]), *self._counted(m["b"]), *self._named(unit, m["b"])]
        return self._part(m["a"], m["b"]) + (self._named(unit, "1" if len(m["b"]) == 1 else m["b"]) if unit else [])

    def _part(self, a: str, b: str) -> list[str]:
        """1/2 is a half, 12/12 a sale day, 4.9/5 four point nine of five."""
        if a.isdigit() and b.isdigit() and 0 < int(a) < int(b) <= 10:
            return self.language.fraction_words(int(a), int(b))
        if a == b and re.fullmatch(r"1[012]", a):
            return self._figures(a) * 2
        return [*self._figures(a), self.language.signs["of"], *self._figures(b)]

    def _year(self, m: re.Match[str]) -> list[str]:
        return [*self.language.one_by_one(m["y"]), "年"]

    def _date(self, m: re.Match[str]) -> list[str] | None:
        groups = m.groupdict()
        day, year = int(m["d"]), int(m["y"])
        month = self.language.months.index(groups["name"]) + 1 if groups.get("name") else int(m["m"])
        if self.language.code == "en" and groups.get("mark") == "/" and m.start("d") < m.start("y") and month:
            day, month = month, day  # 12/25/2026
        if month > 12:
            day, month = month, day
        if year > 2400 and self.language.code == "th":
            year -= BUDDHIST
        try:
            words = self.language.date_words(date(year, month, day))
        except ValueError:
            return None
        return self._not_twice(m, words)

    def _short_date(self, m: re.Match[str]) -> list[str] | None:
        """A day, or days, of a month cut short: 12 ธ.ค. 69, 12-15 Des."""
        days = self._amount(m, self._figures)
        year = self._figures(m["y"]) if m["y"] else []
        return None if days is None else [*days, self.language.short_months[m["short"]], *year]

    def _time(self, m: re.Match[str]) -> list[str] | None:
        hour, minute, noon = int(m["h"]), int(m["min"]), (m.groupdict().get("noon") or "").lower()
        if hour > 24 or minute > 59 or (hour, minute) == (9, 16):  # 9:16 is the shape of a picture
            return None
        words = self.language.time_words(hour, minute)
        if noon[:1] in ("a", "p") and hour <= 12:
            words = [*(word for word in words if word != "o'clock"), self.language.letters[noon[0].upper()], self.language.letters["M"]]
        return self._not_twice(m, words)

    @staticmethod
    def _not_twice(m: re.Match[str], words: list[str]) -> list[str]:
        """The words without the first if it stands before already: "ngày 12/12/2026", "jam 20:00"."""
        before = m.string[: m.start()].rstrip().lower()
        return words[1:] if words[0] in ("ngày", "วันที่", "jam") and before.endswith((words[0], "pukul")) else words


@cache
def reader(language: Spoken) -> Reader:
    return Reader(language)
