"""What the five languages share: a number is words, a price is words and a coin's name, a text is tokens.

A language file says its own number words, calendar and signs; everything here works on lists of words, which are
joined the way the language is written (`number`) or the way a voice wants them (`Token.say`).
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from abc import abstractmethod
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from typing import ClassVar

from babel.numbers import get_currency_name, get_currency_precision, get_currency_symbol

from localize.domain import Money
from localize.languages import signs as table
from localize.languages import tokens
from localize.languages.base import Language, Token

# Above this no language here has a name that a buyer would understand: the digits are said one by one.
LARGEST = 10**18

# CLDR still counts hundredths of these; no shop in their markets writes or says them.
WHOLE = frozenset({"IDR", "TWD"})


def letter_names(names: str) -> dict[str, str]:
    """The letters A-Z with their names, given in order with commas between."""
    return dict(zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", names.split(", "), strict=True))


class Spoken(Language):
    """A Language that says what it reads. `signs` gives the word of each sign that is said: see th.py for the list."""

    locale: ClassVar[str]
    joiner: ClassVar[str] = " "  # between the words of a number, as written
    dot_groups: ClassVar[bool] = False  # 1.290.000,5 rather than 1,290,000.5
    digits: ClassVar[tuple[str, ...]]  # 0-9 said one by one
    letters: ClassVar[dict[str, str]]  # the names of A-Z
    signs: ClassVar[dict[str, str]]
    months: ClassVar[tuple[str, ...]] = ()
    short_months: ClassVar[dict[str, str]] = {}  # written after the day: ธ.ค. -> ธันวาคม
    own: ClassVar[re.Pattern[str]]  # one letter of the language's own script; Latin always fits besides
    spells_short: ClassVar[bool] = False  # unknown capitals of up to three letters are letters, not a word

    # What each language says its own way -----------------------------------------------------------------------

    @abstractmethod
    def integer(self, n: int) -> list[str]:
        """The words of a whole number, 0 <= n < 10^18."""

    @abstractmethod
    def date_words(self, day: dt.date) -> list[str]:
        """The words of a date."""

    @abstractmethod
    def time_words(self, hour: int, minute: int) -> list[str]:
        """The words of a time of day."""

    @abstractmethod
    def fraction_words(self, part: int, whole: int) -> list[str]:
        """The words of 1/2, 3/4 and the like."""

    abbreviations: ClassVar[str] = "(?!)"  # of words of the language's own script, with a point after each: ค.ศ.

    def forms(self) -> dict[str, Callable[[re.Match[str]], list[str] | None]]:
        """Ways of writing that are this language's alone, as patterns with what is said for each (None: it was not that after
        all). They are tried before all others, in order."""
        return {}

    def ordinal_words(self, n: int) -> list[str]:
        """The words of an English 1st or 11th, as they stand in the names of things."""
        return self.number_words(n)

    def percent_words(self, amount: list[str]) -> list[str]:
        return [*amount, self.signs["%"]]

    def counted(self, value: Decimal) -> list[str]:
        """The words of a number in front of a unit."""
        return self.number_words(value)

    def inflect(self, name: str, value: Decimal) -> str:
        """A unit's or coin's name after that number. Names come as "one/many" where a language tells them apart."""
        return name

    def split(self, run: str) -> list[str]:
        """The words of a run of the language's own letters. Joined they give the run."""
        return [run]

    def said(self, words: list[str]) -> list[str]:
        """The words a token is said with, from those it is written with."""
        return words

    def begins_clause(self, before: Token, following: Token) -> bool:
        """Whether the space between two tokens parts two clauses."""
        return False

    # Numbers -----------------------------------------------------------------------------------------------------

    def number(self, value: Decimal | int) -> str:
        return self.joiner.join(self.number_words(value))

    def number_words(self, value: Decimal | int, point: str = ".") -> list[str]:
        """The words of any finite number; the decimals one by one after the word of `signs[point]`."""
        figures = format(Decimal(value), "f")
        whole, _, decimals = figures.lstrip("-").partition(".")
        words = self.integer(int(whole)) if int(whole) < LARGEST else self.one_by_one(whole)
        if decimals:
            words = [*words, self.signs[point], *self.one_by_one(decimals)]
        return [self.signs["-"], *words] if figures.startswith("-") else words

    def one_by_one(self, figures: str) -> list[str]:
        return [self.digits[int(f)] for f in figures]

    def figures(self, value: Decimal | int, places: int | None = None) -> str:
        """A number in figures with the market's separators; `places` decimals, or as many as it has."""
        text = f"{Decimal(value):,f}" if places is None else f"{value:,.{places}f}"
        return text.translate(str.maketrans(",.", ".,")) if self.dot_groups else text

    def percent(self, value: Decimal | int) -> str:
        return f"{self.figures(value)}%"

    def date_aloud(self, day: dt.date) -> str:
        return self.joiner.join(self.date_words(day))

    # Prices ------------------------------------------------------------------------------------------------------

    def price(self, money: Money) -> str:
        amount = shown(money)
        sign, amount = ("-" if amount < 0 else ""), abs(amount)
        text = self.figures(amount, max(0, -int(amount.as_tuple().exponent)))
        return sign + self.priced(text, money.currency)

    def priced(self, figures: str, currency: str) -> str:
        """Where the market puts the sign of a currency."""
        sign = currency_sign(currency, self.locale)
        return f"{sign} {figures}" if sign == currency else sign + figures

    def price_aloud(self, money: Money) -> str:
        return self.joiner.join(self.price_words(money))

    def price_words(self, money: Money) -> list[str]:
        amount = shown(money)
        coin, hundredth = self.coins(money.currency)
        cents = int(abs(amount) % 1 * 100)
        if not cents or not hundredth:
            return [*self.counted(amount.normalize()), self.inflect(coin, amount)]
        large, small = Decimal(int(abs(amount))), Decimal(cents)
        words = [*self.counted(large), self.inflect(coin, large)] if large else []
        words = [*words, *self.between_coins(bool(large)), *self.counted(small), self.inflect(hundredth, small)]
        return [self.signs["-"], *words] if amount < 0 else words

    def between_coins(self, both: bool) -> list[str]:
        return []

    def coins(self, currency: str) -> tuple[str, str]:
        """The spoken names of a currency and of its hundredth ("" where that is not said)."""
        names = table.coins(self.code).get(currency)
        if names:
            return names[0], names[1] if len(names) > 1 else ""
        one_many = (get_currency_name(currency, count=n, locale=self.locale) for n in (1, 2))
        return "/".join(dict.fromkeys(one_many)), ""

    # Texts -------------------------------------------------------------------------------------------------------

    def read(self, text: str) -> list[Token]:
        return tokens.read(self, text)

    def utter(self, words: list[str]) -> str:
        """The words as a voice takes them: parted by one space, with no hyphens."""
        return " ".join(" ".join(words).replace("-", " ").split())

    def foreign(self, text: str) -> str:
        strange = (c for c in text if unicodedata.category(c)[0] == "L" and not table.is_latin(c) and not self.own.match(c))
        return "".join(dict.fromkeys(strange))


def shown(money: Money) -> Decimal:
    """The amount as it is shown: rounded to the currency's decimals, none where it is whole."""
    places = 0 if money.currency in WHOLE else get_currency_precision(money.currency)
    amount = money.amount.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    return amount.quantize(Decimal(1)) if amount == amount.to_integral_value() else amount


@cache
def currency_sign(currency: str, locale: str) -> str:
    """The sign CLDR gives a currency in a locale; the bare yen-yuan sign only ever means the market's own money."""
    sign: str = get_currency_symbol(currency, locale)
    return "JP¥" if (currency, sign) == ("JPY", "¥") else sign
