"""Vietnamese: spaces part syllables, thousands are grouped by points, decimals follow a comma."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from decimal import Decimal
from typing import ClassVar

from localize.languages.spoken import Spoken, currency_sign, letter_names
from localize.languages.written import UNTIL


class Vietnamese(Spoken):
    code: ClassVar[str] = "vi"
    name: ClassVar[str] = "Vietnamese"
    endonym: ClassVar[str] = "Tiếng Việt"
    currency: ClassVar[str] = "VND"
    espeak_voice: ClassVar[str] = "vi"
    ai_label: ClassVar[str] = "Tạo bởi AI"
    labels: ClassVar[dict[str, str]] = {
        "was": "Giá gốc", "now": "Chỉ còn", "save": "Tiết kiệm", "feature": "Nổi bật", "cart": "Bấm giỏ hàng",
        "sample": "Bản mẫu", "price": "Giá", "from": "Chỉ từ {}",
    }  # fmt: skip
    from_forms: ClassVar[tuple[str, ...]] = ("chỉ từ {}", "từ {}", "khởi điểm {}", "khởi điểm từ {}")

    locale: ClassVar[str] = "vi"
    dot_groups: ClassVar[bool] = True
    own: ClassVar[re.Pattern[str]] = re.compile("(?!)")  # Latin, with marks of its own
    digits: ClassVar[tuple[str, ...]] = ("không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín")
    letters: ClassVar[dict[str, str]] = letter_names(
        "a, bê, xê, đê, e, ép, giê, hát, i, giây, ca, lờ, mờ, nờ, o, pê, quy, rờ, ét, tê, u, vê, vê kép, ích, y, dét"
    )
    signs: ClassVar[dict[str, str]] = {
        "-": "âm", ".": "phẩy", "v.": "chấm", "–": "đến", "per": "trên", "of": "trên", ":": "trên", "×": "nhân", "x": "lần",
        "+": "cộng", "++": "cộng", "more": "hơn {}", "±": "cộng trừ", "&": "và", "=": "bằng", "@": "a còng", "~": "khoảng", "≈": "khoảng",
        "%": "phần trăm", "<": "dưới", ">": "trên", "≤": "không quá", "≥": "ít nhất", "24/7": "hai mươi bốn trên bảy",
    }  # fmt: skip

    def integer(self, n: int) -> list[str]:
        if n >= 10**9:
            high, rest = divmod(n, 10**9)
            return [*self.integer(high), "tỷ", *(self._groups(rest, higher=True) if rest else [])]
        return self._groups(n, higher=False) if n else [self.digits[0]]

    def _groups(self, n: int, *, higher: bool) -> list[str]:
        words: list[str] = []
        for size, name in ((10**6, ["triệu"]), (10**3, ["nghìn"]), (1, [])):
            group = n // size % 1000
            if group:
                words += [*self._below_thousand(group, full=higher or bool(words)), *name]
        return words

    def _below_thousand(self, n: int, *, full: bool) -> list[str]:
        """`full` names missing hundreds (không trăm), as is done after a higher group."""
        hundreds, tens, ones = n // 100, n // 10 % 10, n % 10
        words = [self.digits[hundreds], "trăm"] if hundreds or full else []
        if tens == 0:
            return [*words, *(["linh"] if words and ones else []), *([self.digits[ones]] if ones else [])]
        words += ["mười"] if tens == 1 else [self.digits[tens], "mươi"]
        last = {5: "lăm"} if tens == 1 else {1: "mốt", 4: "tư", 5: "lăm"}
        return [*words, last.get(ones, self.digits[ones])] if ones else words

    def priced(self, figures: str, currency: str) -> str:
        return f"{figures} {currency_sign(currency, self.locale)}"

    def date(self, day: dt.date) -> str:
        return f"{day.day}/{day.month}/{day.year}"

    def date_words(self, day: dt.date) -> list[str]:
        return ["ngày", *self._day(day.day, day.month), "năm", *self.integer(day.year)]

    def _month(self, month: int) -> list[str]:
        return ["tư"] if month == 4 else self.integer(month)

    def _day(self, day: int, month: int) -> list[str]:
        return [*self.integer(day), "tháng", *self._month(month)]

    def time_words(self, hour: int, minute: int) -> list[str]:
        return [*self.integer(hour), "giờ", *(self.integer(minute) if minute else [])]

    def fraction_words(self, part: int, whole: int) -> list[str]:
        return [*self.integer(part), "phần", *(["tư"] if whole == 4 else self.integer(whole))]

    def forms(self) -> dict[str, Callable[[re.Match[str]], list[str] | None]]:
        return {
            r"(?P<h>\d\d?)[hH](?P<min>[0-5]\d)(?!\w)": self._clock,
            rf"(?<=[Nn]gày )(?P<d>\d\d?)[/-](?P<m>\d\d?)(?:{UNTIL}(?P<d2>\d\d?)[/-](?P<m2>\d\d?))?(?![\d/-])": self._days,
            r"(?<=[Tt]háng )(?P<m>1[0-2]|0?[1-9])[/-](?P<y>\d{4})(?![\d/-])": lambda m: [
                *self._month(int(m["m"])), "năm", *self.integer(int(m["y"])),
            ],
            r"(?:(?<=[Tt]háng )|(?<=[Tt]hứ ))4(?![\d.,/-])": lambda m: ["tư"],
            r"(?P<a>\d{1,3})tr(?P<b>\d{1,3})(?!\w)": self._millions,
            r"(?P<a>\d)m(?P<b>[1-9]\d|[14-9])(?!\w)": lambda m: [*self.integer(int(m["a"])), "mét", *self.number_words(int(m["b"]))],
            r"1[89]00[ .]\d{4}(?!\d)": lambda m: self.one_by_one(re.sub(r"\D", "", m[0])),
        }  # fmt: skip

    def _clock(self, m: re.Match[str]) -> list[str] | None:
        """20h30."""
        return self.time_words(int(m["h"]), int(m["min"])) if int(m["h"]) <= 24 else None

    def _days(self, m: re.Match[str]) -> list[str] | None:
        """Days without their year: ngày 30/4, ngày 1/6-5/6."""
        days = [(int(m["d"]), int(m["m"])), *([(int(m["d2"]), int(m["m2"]))] if m["d2"] else [])]
        if any(not (1 <= day <= 31 and 1 <= month <= 12) for day, month in days):
            return None
        return [*self._day(*days[0]), *([self.signs["–"], *self._day(*days[1])] if len(days) > 1 else [])]

    def _millions(self, m: re.Match[str]) -> list[str]:
        """1tr290 is 1.290.000, 1tr2 is 1.200.000."""
        return self.number_words(Decimal(f"{m['a']}.{m['b']}") * 10**6 // 1)


LANGUAGE = Vietnamese()
