"""Chinese (Mandarin, simplified): no spaces, numbers grouped by ten thousands, two is 两 when it counts."""

from __future__ import annotations

import datetime as dt
import re
import warnings
from collections.abc import Callable
from decimal import Decimal
from functools import cache
from importlib import import_module
from typing import Any, ClassVar

from localize.assets import ASSETS
from localize.domain import Money
from localize.languages.spoken import Spoken, shown

HAN = "〇\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"


class Chinese(Spoken):
    code: ClassVar[str] = "zh"
    name: ClassVar[str] = "Chinese"
    endonym: ClassVar[str] = "中文"
    currency: ClassVar[str] = "CNY"
    espeak_voice: ClassVar[str] = "cmn"
    ai_label: ClassVar[str] = "AI生成"
    labels: ClassVar[dict[str, str]] = {
        "was": "原价", "now": "到手价", "save": "立省", "feature": "亮点", "cart": "点击小黄车", "sample": "示例", "price": "价格",
        "from": "{}起",
    }  # fmt: skip
    from_forms: ClassVar[tuple[str, ...]] = ("{}起", "低至{}", "起价{}", "起售价{}")

    locale: ClassVar[str] = "zh"
    joiner: ClassVar[str] = ""
    own: ClassVar[re.Pattern[str]] = re.compile(f"[{HAN}]")
    spells_short: ClassVar[bool] = True
    digits: ClassVar[tuple[str, ...]] = ("零", "一", "二", "三", "四", "五", "六", "七", "八", "九")
    letters: ClassVar[dict[str, str]] = {c: c for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}  # said as in English
    signs: ClassVar[dict[str, str]] = {
        "-": "负", "-°": "零下", ".": "点", "v.": "点", "–": "到", "per": "每", "of": "比", ":": "比", "×": "乘", "x": "倍",
        "+": "加", "++": "加", "more": "{} 多", "±": "正负", "&": "和", "=": "等于", "@": "艾特", "~": "大约", "≈": "大约",
        "%": "百分之", "<": "小于", ">": "大于", "≤": "不超过", "≥": "至少", "24/7": "全天二十四小时",
    }  # fmt: skip

    def integer(self, n: int) -> list[str]:
        words = self._integer(n)
        return words[1:] if words[:2] == ["一", "十"] else words

    def _integer(self, n: int) -> list[str]:
        for size, name in ((10**8, "亿"), (10**4, "万"), (1000, "千"), (100, "百"), (10, "十")):
            if n >= size:
                count, rest = divmod(n, size)
                head = ["两"] if count == 2 and size > 10 else self._integer(count)
                zero = ["零"] if rest and rest < size // 10 else []
                return [*head, name, *zero, *(self._integer(rest) if rest else [])]
        return [self.digits[n]]

    def counted(self, value: Decimal) -> list[str]:
        return ["两"] if value == 2 else self.number_words(value)

    def percent_words(self, amount: list[str]) -> list[str]:
        return [self.signs["%"], *amount]

    def priced(self, figures: str, currency: str) -> str:
        """Shops write ¥89.9, without the last zero."""
        return super().priced(figures.rstrip("0") if "." in figures else figures, currency)

    def price_words(self, money: Money) -> list[str]:
        """Yuan are said with their 角 and 分, any other money with a decimal point."""
        amount = shown(money)
        if money.currency != "CNY" or amount == amount.to_integral_value():
            return [*self.counted(amount.normalize()), *self.coins(money.currency)[0].split()]
        yuan, (jiao, fen) = int(abs(amount)), divmod(int(abs(amount) % 1 * 100), 10)
        words = [*self.counted(Decimal(yuan)), "元"] if yuan else []
        words += [self.digits[jiao], "角"] if jiao else (["零"] if yuan else [])
        words += [self.digits[fen], "分"] if fen else []
        return [self.signs["-"], *words] if amount < 0 else words

    def date(self, day: dt.date) -> str:
        return f"{day.year}年{day.month}月{day.day}日"

    def date_words(self, day: dt.date) -> list[str]:
        return [*self.one_by_one(str(day.year)), "年", *self.integer(day.month), "月", *self.integer(day.day), "日"]

    def forms(self) -> dict[str, Callable[[re.Match[str]], list[str] | None]]:
        return {
            r"(?P<m>1[0-2]|0?[1-9])月(?:(?P<d>[0-3]?\d)(?:[-–~](?P<d2>[0-3]?\d))?(?P<day>[日号]))?": self._day,
            r"(?P<a>[1-9][1-9])折": lambda m: [*self.one_by_one(m["a"]), "折"],  # 85折 is 八五折
        }

    def _day(self, m: re.Match[str]) -> list[str]:
        """A month, or days of it: 11月11日, 6月1-18日."""
        until = [self.signs["–"], *self.integer(int(m["d2"]))] if m["d2"] else []
        return [*self.integer(int(m["m"])), "月", *([*self.integer(int(m["d"])), *until, m["day"]] if m["d"] else [])]

    def time_words(self, hour: int, minute: int) -> list[str]:
        minutes = [*(["零"] * (minute < 10)), *self.integer(minute), "分"] if minute else []
        return [*self.counted(Decimal(hour)), "点", *minutes]

    def fraction_words(self, part: int, whole: int) -> list[str]:
        return [*self.integer(whole), "分之", *self.integer(part)]

    def split(self, run: str) -> list[str]:
        words: list[str] = _jieba().lcut(run)
        return words

    def utter(self, words: list[str]) -> str:
        """Characters close up, Latin apart: 五小时, but U S B 接口."""
        return re.sub(rf"(?<=[{HAN}]) (?=[{HAN}])", "", super().utter(words))


@cache
def _jieba() -> Any:
    """jieba's tokenizer with the words of selling that it lacks.

    Its own start-up writes a cache into the temporary folder and reports to stderr; filled by hand it does neither.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pkg_resources' deprecation, invalid escapes
        jieba: Any = import_module("jieba")
    tokenizer = jieba.Tokenizer()
    tokenizer.FREQ, tokenizer.total = tokenizer.gen_pfdict(tokenizer.get_dict_file())
    tokenizer.initialized = True
    for word in (ASSETS / "languages" / "zh_words.txt").read_text("utf-8").split():
        tokenizer.add_word(word)
    return tokenizer


LANGUAGE = Chinese()
