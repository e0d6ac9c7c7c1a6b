"""Thai: spaces part clauses, not words; vowels stand on all sides of their consonant; years count from the Buddha."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from decimal import Decimal
from typing import ClassVar

from localize.languages import thai_words
from localize.languages.base import Token
from localize.languages.spoken import Spoken, letter_names
from localize.languages.written import BUDDHIST, GAP, UNTIL

# What goes on with the clause before it, though a space parts them.
GOING_ON = frozenset({
    "เท่านั้น", "ค่ะ", "คะ", "ครับ", "นะ", "นะคะ", "นะครับ", "จ้า", "ค่า", "เลย", "ด้วย", "แล้ว", "ขึ้นไป",
    "จาก", "ถึง", "ต่อ", "และ", "หรือ", "กับ", "ที่", "ใน", "ของ", "สำหรับ", "เพียง", "แค่",
})  # fmt: skip

POWERS = ("", "สิบ", "ร้อย", "พัน", "หมื่น", "แสน")


class Thai(Spoken):
    code: ClassVar[str] = "th"
    name: ClassVar[str] = "Thai"
    endonym: ClassVar[str] = "ไทย"
    currency: ClassVar[str] = "THB"
    espeak_voice: ClassVar[str] = "th"
    ai_label: ClassVar[str] = "สร้างด้วย AI"
    labels: ClassVar[dict[str, str]] = {
        "was": "ราคาปกติ", "now": "ลดเหลือ", "save": "ประหยัด", "feature": "จุดเด่น", "cart": "กดตะกร้าเลย",
        "sample": "ตัวอย่าง", "price": "ราคา", "from": "เริ่มต้น {}",
    }  # fmt: skip
    from_forms: ClassVar[tuple[str, ...]] = (
        "เริ่มต้นที่ {}", "เริ่มต้น {}", "เริ่มต้นเพียง {}", "เริ่มต้นแค่ {}", "เริ่มต้นที่เพียง {}", "เริ่มต้นที่แค่ {}", "เริ่มที่ {}", "เริ่ม {}",
        "เริ่มเพียง {}", "ตั้งแต่ {}",
    )  # fmt: skip

    locale: ClassVar[str] = "th"
    joiner: ClassVar[str] = ""
    own: ClassVar[re.Pattern[str]] = re.compile("[\u0e01-\u0e3a\u0e40-\u0e4e]")
    spells_short: ClassVar[bool] = True
    digits: ClassVar[tuple[str, ...]] = ("ศูนย์", "หนึ่ง", "สอง", "สาม", "สี่", "ห้า", "หก", "เจ็ด", "แปด", "เก้า")
    letters: ClassVar[dict[str, str]] = letter_names(
        "เอ, บี, ซี, ดี, อี, เอฟ, จี, เอช, ไอ, เจ, เค, แอล, เอ็ม, เอ็น, โอ, พี, คิว, อาร์, เอส, ที, ยู, วี, ดับเบิลยู, เอ็กซ์, วาย, แซด"
    )
    # "." between decimals, "v." in a version, "–" from-to, "per" in km per hour, "of" in 4.9 of 5, ":" in 16:9,
    # "×" in 10×20, "x" in 2x, "+" between, "++" after a number.
    signs: ClassVar[dict[str, str]] = {
        "-": "ลบ", ".": "จุด", "v.": "จุด", "–": "ถึง", "per": "ต่อ", "of": "จาก", ":": "ต่อ", "×": "คูณ", "x": "เท่า",
        "+": "บวก", "++": "พลัส", "more": "{} กว่า", "±": "บวก ลบ", "&": "และ", "=": "เท่ากับ", "@": "แอท", "~": "ประมาณ", "≈": "ประมาณ",
        "%": "เปอร์เซ็นต์", "<": "น้อยกว่า", ">": "มากกว่า", "≤": "ไม่เกิน", "≥": "อย่างน้อย", "24/7": "ยี่ สิบ สี่ ชั่วโมง เจ็ด วัน",
    }  # fmt: skip
    months: ClassVar[tuple[str, ...]] = (
        "มกราคม", "กุมภาพันธ์", "มีนาคม", "เมษายน", "พฤษภาคม", "มิถุนายน", "กรกฎาคม", "สิงหาคม", "กันยายน", "ตุลาคม",
        "พฤศจิกายน", "ธันวาคม",
    )  # fmt: skip

    short_months: ClassVar[dict[str, str]] = dict(
        zip(["ม.ค.", "ก.พ.", "มี.ค.", "เม.ย.", "พ.ค.", "มิ.ย.", "ก.ค.", "ส.ค.", "ก.ย.", "ต.ค.", "พ.ย.", "ธ.ค."], months, strict=True)
    )

    abbreviations: ClassVar[str] = r"[เแโ]?[ก-ฮ]{1,3}[ิีุู]?\.(?:[เแโ]?[ก-ฮ]{1,3}[ิีุู]?\.)+"
    in_full: ClassVar[dict[str, str]] = {**short_months, "พ.ศ.": "พุทธศักราช", "ค.ศ.": "คริสต์ศักราช"}

    def integer(self, n: int) -> list[str]:
        if n >= 10**6:
            millions, rest = divmod(n, 10**6)
            return [*self.integer(millions), "ล้าน", *(self._below_million(rest, higher=True) if rest else [])]
        return self._below_million(n, higher=False) if n else [self.digits[0]]

    def _below_million(self, n: int, *, higher: bool) -> list[str]:
        """สิบ not หนึ่งสิบ, ยี่สิบ not สองสิบ, and a last one after anything higher is เอ็ด."""
        words: list[str] = []
        for power in range(len(POWERS) - 1, -1, -1):
            digit = n // 10**power % 10
            if not digit:
                continue
            if power == 1 and digit <= 2:
                words += ["ยี่"] * (digit == 2)
            elif power == 0 and digit == 1 and (words or higher):
                words.append("เอ็ด")
            else:
                words.append(self.digits[digit])
            words += [POWERS[power]] if power else []
        return words

    def date(self, day: dt.date) -> str:
        return f"{day.day} {self.months[day.month - 1]} {day.year + BUDDHIST}"

    def date_words(self, day: dt.date) -> list[str]:
        return ["วันที่", *self.integer(day.day), self.months[day.month - 1], *self.integer(day.year + BUDDHIST)]

    def time_words(self, hour: int, minute: int) -> list[str]:
        return [*self.integer(hour), "นาฬิกา", *([*self.integer(minute), "นาที"] if minute else [])]

    def forms(self) -> dict[str, Callable[[re.Match[str]], list[str] | None]]:
        hours = r"(?P<h>[01]?\d|2[0-4])\.(?P<min>[0-5]\d)"
        return {self.abbreviations: self._abbreviated, rf"{hours}{UNTIL}(?P<h2>[01]?\d|2[0-4])\.(?P<min2>[0-5]\d){GAP}น\.": self._hours}

    def _abbreviated(self, m: re.Match[str]) -> list[str]:
        """พ.ศ., ส.ส.: one word, said in full where that is known, else part by part."""
        return [self.in_full[m[0]]] if m[0] in self.in_full else m[0].rstrip(".").split(".")

    def _hours(self, m: re.Match[str]) -> list[str]:
        """09.00-17.30 น."""
        begin, end = self.time_words(int(m["h"]), int(m["min"])), self.time_words(int(m["h2"]), int(m["min2"]))
        return [*begin, self.signs["–"], *end]

    def fraction_words(self, part: int, whole: int) -> list[str]:
        return ["ครึ่ง"] if (part, whole) == (1, 2) else ["เศษ", *self.integer(part), "ส่วน", *self.integer(whole)]

    def inflect(self, name: str, value: Decimal) -> str:
        return name

    def split(self, run: str) -> list[str]:
        return [part for word in thai_words.cut(run) for part in re.findall("ฯลฯ|ๆ|[^ๆ]+", word)]

    def said(self, words: list[str]) -> list[str]:
        """ๆ says the word before once more; ฯ marks a name cut short and is silent; ฯลฯ is "and so on"."""
        out: list[str] = []
        for word in words:
            if word == "ๆ":
                out += out[-1:]
            elif word == "ฯลฯ":
                out += ["และ", "อื่น", "อื่น"]
            else:
                out += [word.replace("ฯ", "")]
        return out

    def begins_clause(self, before: Token, following: Token) -> bool:
        """Spaces also stand around figures, Latin names and ๆ, where the clause goes on."""
        return self.own.match(following.text) is not None and following.say not in GOING_ON and not before.text.endswith("ๆ")


LANGUAGE = Thai()
