"""Vietnamese: spaces part syllables, thousands are grouped by points, decimals follow a comma."""

from __future__ import annotations

import datetime as dt
import re
from typing import ClassVar

from localize.languages.spoken import Spoken, currency_sign, letter_names


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
        month = ["tư"] if day.month == 4 else self.integer(day.month)
        return ["ngày", *self.integer(day.day), "tháng", *month, "năm", *self.integer(day.year)]

    def time_words(self, hour: int, minute: int) -> list[str]:
        return [*self.integer(hour), "giờ", *(self.integer(minute) if minute else [])]

    def fraction_words(self, part: int, whole: int) -> list[str]:
        return [*self.integer(part), "phần", *(["tư"] if whole == 4 else self.integer(whole))]


LANGUAGE = Vietnamese()
