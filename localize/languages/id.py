"""Indonesian: one of a power is se- (seratus, seribu), thousands are grouped by points, decimals follow a comma."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import ClassVar

from localize.languages.spoken import Spoken, currency_sign, letter_names
from localize.languages.written import GAP, UNTIL

POWERS = ((10**15, "kuadriliun"), (10**12, "triliun"), (10**9, "miliar"), (10**6, "juta"), (1000, "ribu"), (100, "ratus"), (10, "puluh"))


class Indonesian(Spoken):
    code: ClassVar[str] = "id"
    name: ClassVar[str] = "Indonesian"
    endonym: ClassVar[str] = "Bahasa Indonesia"
    currency: ClassVar[str] = "IDR"
    espeak_voice: ClassVar[str] = "id"
    ai_label: ClassVar[str] = "Dibuat dengan AI"
    labels: ClassVar[dict[str, str]] = {
        "was": "Harga normal", "now": "Jadi cuma", "save": "Hemat", "feature": "Keunggulan", "cart": "Klik keranjang",
        "sample": "Contoh", "price": "Harga", "from": "Mulai {}",
    }  # fmt: skip
    from_forms: ClassVar[tuple[str, ...]] = ("mulai dari {}", "mulai {}", "mulai dari cuma {}", "mulai dari hanya {}", "mulai hanya {}")

    locale: ClassVar[str] = "id"
    dot_groups: ClassVar[bool] = True
    own: ClassVar[re.Pattern[str]] = re.compile("(?!)")
    digits: ClassVar[tuple[str, ...]] = ("nol", "satu", "dua", "tiga", "empat", "lima", "enam", "tujuh", "delapan", "sembilan")
    letters: ClassVar[dict[str, str]] = letter_names(
        "a, be, ce, de, e, ef, ge, ha, i, je, ka, el, em, en, o, pe, ki, er, es, te, u, ve, we, eks, ye, zet"
    )
    signs: ClassVar[dict[str, str]] = {
        "-": "minus", ".": "koma", "v.": "titik", "–": "sampai", "per": "per", "of": "dari", ":": "banding", "×": "kali", "x": "kali",
        "+": "tambah", "++": "plus", "more": "{} lebih", "±": "kurang lebih", "&": "dan", "=": "sama dengan",
        "@": "at", "~": "sekitar", "≈": "sekitar",
        "%": "persen", "<": "kurang dari", ">": "lebih dari", "≤": "maksimal", "≥": "minimal",
        "24/7": "dua puluh empat jam tujuh hari",
    }  # fmt: skip
    months: ClassVar[tuple[str, ...]] = (
        "Januari", "Februari", "Maret", "April", "Mei", "Juni", "Juli", "Agustus", "September", "Oktober", "November", "Desember",
    )  # fmt: skip

    short_months: ClassVar[dict[str, str]] = {
        "Jan": "Januari", "Feb": "Februari", "Mar": "Maret", "Apr": "April", "Jun": "Juni", "Jul": "Juli", "Agu": "Agustus",
        "Agt": "Agustus", "Sep": "September", "Sept": "September", "Okt": "Oktober", "Nov": "November", "Des": "Desember",
    }  # fmt: skip

    def integer(self, n: int) -> list[str]:
        if n < 10:
            return [self.digits[n]]
        if 11 <= n < 20:
            return ["sebelas"] if n == 11 else [self.digits[n - 10], "belas"]
        size, name = next(power for power in POWERS if n >= power[0])
        count, rest = divmod(n, size)
        words = [f"se{name}"] if count == 1 and size <= 1000 else [*self.integer(count), name]
        return [*words, *self.integer(rest)] if rest else words

    def priced(self, figures: str, currency: str) -> str:
        sign = currency_sign(currency, self.locale)
        return f"{sign} {figures}" if sign == currency else sign + figures

    def date(self, day: dt.date) -> str:
        return f"{day.day} {self.months[day.month - 1]} {day.year}"

    def date_words(self, day: dt.date) -> list[str]:
        return [*self.integer(day.day), self.months[day.month - 1], *self.integer(day.year)]

    def time_words(self, hour: int, minute: int) -> list[str]:
        """Shops say it as it stands on the clock: jam sembilan tiga puluh."""
        return ["jam", *self.integer(hour), *(["nol"] * (0 < minute < 10)), *(self.integer(minute) if minute else [])]

    def forms(self) -> dict[str, Callable[[re.Match[str]], list[str] | None]]:
        """Times of day have a point: jam 08.00, 08.00-17.00 WIB, 09.30. A decimal never begins with 09."""
        time = r"(?P<h>[01]?\d|2[0-4])\.(?P<min>[0-5]\d)"
        until = rf"(?:{UNTIL}(?P<h2>[01]?\d|2[0-4])\.(?P<min2>[0-5]\d))?(?![.,\d])"
        return {
            rf"(?:(?<=[Jj]am )|(?<=[Pp]ukul )){time}{until}": lambda m: self._clock(m)[1:],
            rf"{time}{until}(?={GAP}(?:WIB|WITA|WIT)\b)": self._clock,
            rf"(?=0\d){time}{until}": self._clock,
        }

    def _clock(self, m: re.Match[str]) -> list[str]:
        words = self.time_words(int(m["h"]), int(m["min"]))
        return [*words, self.signs["–"], *self.time_words(int(m["h2"]), int(m["min2"]))[1:]] if m["h2"] else words

    def fraction_words(self, part: int, whole: int) -> list[str]:
        if (part, whole) == (1, 2):
            return ["setengah"]
        return [f"seper{self.digits[whole]}"] if part == 1 and whole < 10 else [*self.integer(part), "per", *self.integer(whole)]


LANGUAGE = Indonesian()
