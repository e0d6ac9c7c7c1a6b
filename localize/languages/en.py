"""English, as American shops write and say it: the language many catalogs come in."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from decimal import Decimal
from typing import ClassVar

from localize.languages.spoken import Spoken
from localize.languages.written import TO

POWERS = ((10**15, "quadrillion"), (10**12, "trillion"), (10**9, "billion"), (10**6, "million"), (1000, "thousand"), (100, "hundred"))
TEENS = ("ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen")
TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
ORDINALS = {"one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth", "twelve": "twelfth"}


class English(Spoken):
    code: ClassVar[str] = "en"
    name: ClassVar[str] = "English"
    endonym: ClassVar[str] = "English"
    currency: ClassVar[str] = "USD"
    espeak_voice: ClassVar[str] = "en-us"
    ai_label: ClassVar[str] = "AI-generated"
    labels: ClassVar[dict[str, str]] = {
        "was": "Was", "now": "Now", "save": "Save", "feature": "Highlights", "cart": "Tap the cart", "sample": "Sample", "price": "Price",
        "from": "From {}",
    }  # fmt: skip
    from_forms: ClassVar[tuple[str, ...]] = (
        "from {}", "from just {}", "from only {}", "starting at {}", "starting at just {}", "starting at only {}", "starts at {}",
        "starts at just {}", "start at {}", "as low as {}", "{} and up",
    )  # fmt: skip

    locale: ClassVar[str] = "en"
    own: ClassVar[re.Pattern[str]] = re.compile("(?!)")
    digits: ClassVar[tuple[str, ...]] = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
    letters: ClassVar[dict[str, str]] = {c: c for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}
    signs: ClassVar[dict[str, str]] = {
        "-": "minus", ".": "point", "v.": "point", "–": "to", "per": "per", "of": "out of", ":": "to", "×": "by", "x": "times",
        "+": "plus", "++": "plus", "more": "{} plus", "±": "plus or minus", "&": "and", "=": "equals",
        "@": "at", "~": "about", "≈": "about",
        "%": "percent", "<": "under", ">": "over", "≤": "at most", "≥": "at least", "24/7": "twenty four seven",
    }  # fmt: skip
    months: ClassVar[tuple[str, ...]] = (
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
    )  # fmt: skip

    def integer(self, n: int) -> list[str]:
        if n < 10:
            return [self.digits[n]]
        if n < 20:
            return [TEENS[n - 10]]
        if n < 100:
            return [TENS[n // 10 - 2] + (f"-{self.digits[n % 10]}" if n % 10 else "")]
        size, name = next(power for power in POWERS if n >= power[0])
        count, rest = divmod(n, size)
        return [*self.integer(count), name, *(self.integer(rest) if rest else [])]

    def inflect(self, name: str, value: Decimal) -> str:
        one, _, many = name.partition("/")
        return one if value == 1 else many or one

    def between_coins(self, both: bool) -> list[str]:
        return ["and"] if both else []

    def date(self, day: dt.date) -> str:
        return f"{self.months[day.month - 1]} {day.day}, {day.year}"

    def ordinal_words(self, n: int) -> list[str]:
        *before, last = self.number_words(n)
        ten, hyphen, one = last.rpartition("-")
        return [*before, ten + hyphen + (ORDINALS.get(one) or (one[:-1] + "ieth" if one.endswith("y") else one + "th"))]

    def date_words(self, day: dt.date) -> list[str]:
        return [self.months[day.month - 1], *self.ordinal_words(day.day), *self._year(day.year)]

    def forms(self) -> dict[str, Callable[[re.Match[str]], list[str] | None]]:
        """Days with a month's name, whole or cut short, with their year or without: July 4, Jan. 5, 2026, Dec 3-5, 5 Jan 2026."""
        short = "|".join(f"{name[:3]}(?:{name[3:]}|{'t' * (name == 'September')})" for name in self.months)
        name, th = rf"(?P<name>{short})\.?", "(?:st|nd|rd|th)?"
        return {
            r"(?P<h>1[0-2]|0?[1-9]) ?(?P<noon>[AaPp])\.?[Mm](?:\b\.?)(?!\w)": self._hour,
            rf"{name} (?P<d>\d\d?){th}(?:{TO}(?P<d2>\d\d?){th})?(?:,? (?P<y>\d{{4}}))?(?![\w%:/]|[.,-]\d)": self._days,
            rf"(?P<d>\d\d?){th} {name} (?P<y>\d{{4}})(?P<d2>(?!))?(?![\w/]|[.,-]\d)": self._days,
        }

    def _hour(self, m: re.Match[str]) -> list[str]:
        """9 AM."""
        return [*self.integer(int(m["h"])), m["noon"].upper(), "M"]

    def _days(self, m: re.Match[str]) -> list[str] | None:
        days = [int(d) for d in (m["d"], m["d2"]) if d]
        if any(not 1 <= day <= 31 for day in days):
            return None
        month = next(name for name in self.months if name.startswith(m["name"][:3]))
        until = [self.signs["–"], *self.ordinal_words(days[1])] if len(days) > 1 else []
        return [month, *self.ordinal_words(days[0]), *until, *(self._year(int(m["y"])) if m["y"] else [])]

    def _year(self, year: int) -> list[str]:
        century, rest = divmod(year, 100)
        if (century % 10 == 0 and rest < 10) or year < 1000:
            return self.integer(year)
        tail = ["hundred"] if not rest else ["oh", *self.integer(rest)] if rest < 10 else self.integer(rest)
        return [*self.integer(century), *tail]

    def time_words(self, hour: int, minute: int) -> list[str]:
        words = self.integer(hour % 12 or 12)
        words += ["oh"] * (0 < minute < 10) + (self.integer(minute) if minute else [])
        if hour > 12:
            return [*words, "p", "m"]
        return words if minute else [*words, "o'clock"]

    def fraction_words(self, part: int, whole: int) -> list[str]:
        names = {2: "half", 4: "quarter"}.get(whole) or self.ordinal_words(whole)[0]
        return [*self.integer(part), names + "s" * (part > 1)]


LANGUAGE = English()
