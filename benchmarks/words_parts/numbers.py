"""Numbers aloud: 200 written things a language, 40 with words written by hand and 160 held to properties.

The 40 stand in cases/numbers_<code>.tsv and were written from knowledge of the language, not by running the code. The 160
are drawn anew (always the same ones). What is said for them is read back into numbers by a small reader of number words of
this file's own, which shares nothing with localize/languages, and must give the value that was written.

    python -m benchmarks.words_parts.numbers

prints what fails.
"""

from __future__ import annotations

import csv
import datetime as dt
import random
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from localize import languages

from . import Figure

CASES = Path(__file__).parent / "cases"
BY_HAND, DRAWN = 40, 160
CLOSE_UP = ("th", "zh")  # written without spaces: what is said is compared without them

Words = list[str]


class Case(NamedTuple):
    """A written thing, the value it has, and what must be true of its words: `wrong` says what is not ("" if all is well)."""

    kind: str
    text: str
    value: object
    wrong: Callable[[Words], str]


@dataclass(frozen=True)
class Tongue:
    """A language as this benchmark knows it. Names are written as they are said, words parted by spaces."""

    digits: str  # 0-9
    others: dict[str, int]  # words of a value beside the digits
    scales: tuple[tuple[str, int], ...]  # largest first; a missing count before one is 1
    rewrite: tuple[tuple[str, str], ...]  # patterns that make the words regular
    bad: str  # what no speaker would say inside a number
    minus: str
    point: str
    percent: str  # "{} percent"
    to: str
    letters: dict[str, str]
    coins: dict[str, tuple[str, str]]  # sign -> coin, hundredth
    units: dict[str, str]  # sign -> name, "one/many"
    months: tuple[str, ...]
    phone: str  # 0 and 1 are themselves, # is any figure
    within: str  # a sentence around {}
    grouped_by: str = ","

    def value(self, words: Words) -> int:
        """The whole number that the words say. ValueError for words that say none."""
        text = " ".join(words)
        if re.search(self.bad, text):
            raise ValueError(f"nobody says {text!r}")
        for pattern, plain in self.rewrite:
            text = re.sub(pattern, plain, text)
        return self._value(text.split())

    def _value(self, words: Words) -> int:
        for name, size in self.scales:
            if name in words:
                at = len(words) - 1 - words[::-1].index(name)
                low = self._value(words[at + 1 :]) if words[at + 1 :] else 0
                if low >= size:
                    raise ValueError(f"{words[at + 1 :]} stands below {name}")
                return (self._value(words[:at]) if words[:at] else 1) * size + low
        known = {word: n for n, word in enumerate(self.digits.split())} | self.others
        if not words or any(word not in known for word in words) or (len(words) > 1 and known[words[0]] < 20):
            raise ValueError(f"{words} is no number")
        return sum(known[word] for word in words)

    def number(self, words: Words) -> Decimal:
        """The number that the words say, with a sign and decimals or without."""
        if words[:1] == [self.minus]:
            return -self.number(words[1:])
        if self.point not in words:
            return Decimal(self.value(words))
        at = words.index(self.point)
        return Decimal(f"{self.value(words[:at])}.{self.figures(words[at + 1 :])}")

    def figures(self, words: Words) -> str:
        """The figures that are said one by one."""
        named = self.digits.split()
        return "".join(str(named.index(word)) for word in words)

    def written(self, value: Decimal | int) -> str:
        """A number in figures with the language's own separators."""
        text = f"{value:,f}" if isinstance(value, Decimal) else f"{value:,}"
        return text if self.grouped_by == "," else text.translate(str.maketrans(",.", ".,"))


LATIN = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def named(names: str) -> dict[str, str]:
    return dict(zip(LATIN, names.split(", "), strict=True))


TONGUES = {
    "th": Tongue(
        digits="ศูนย์ หนึ่ง สอง สาม สี่ ห้า หก เจ็ด แปด เก้า",
        others={"เอ็ด": 1, "ยี่": 2},
        scales=(("ล้าน", 10**6), ("แสน", 10**5), ("หมื่น", 10**4), ("พัน", 1000), ("ร้อย", 100), ("สิบ", 10)),
        rewrite=(),
        bad="หนึ่ง สิบ|สอง สิบ|สิบ หนึ่ง|(^| )ยี่(?! สิบ)|^เอ็ด|เอ็ด (?!ล้าน)",
        minus="ลบ", point="จุด", percent="{} เปอร์เซ็นต์", to="ถึง",
        letters=named("เอ, บี, ซี, ดี, อี, เอฟ, จี, เอช, ไอ, เจ, เค, แอล, เอ็ม, เอ็น, โอ, พี, คิว, อาร์, เอส, ที, ยู, วี, ดับเบิลยู, เอ็กซ์, วาย, แซด"),
        coins={"฿": ("บาท", "สตางค์"), "$": ("ดอลลาร์", "เซนต์"), "€": ("ยูโร", "เซนต์")},
        units={
            "มม.": "มิลลิเมตร", "cm": "เซนติเมตร", "ซม.": "เซนติเมตร", "เมตร": "เมตร", "กก.": "กิโลกรัม", "กรัม": "กรัม", "มล.": "มิลลิลิตร",
            "W": "วัตต์", "V": "โวลต์", "GB": "กิกะไบต์", "นิ้ว": "นิ้ว", "°C": "องศา เซลเซียส", "ชม.": "ชั่วโมง", "วัน": "วัน",
        },
        months=("มกราคม", "กุมภาพันธ์", "มีนาคม", "เมษายน", "พฤษภาคม", "มิถุนายน", "กรกฎาคม", "สิงหาคม", "กันยายน", "ตุลาคม", "พฤศจิกายน", "ธันวาคม"),
        phone="08#-###-####", within="ตอนนี้ {} แล้วค่ะ",
    ),
    "vi": Tongue(
        digits="không một hai ba bốn năm sáu bảy tám chín",
        others={"mốt": 1, "tư": 4, "lăm": 5},
        scales=(("tỷ", 10**9), ("triệu", 10**6), ("nghìn", 1000), ("trăm", 100), ("mươi", 10)),
        rewrite=(("mười", "một mươi"), ("trăm linh", "trăm")),
        bad="mươi (một|bốn|năm)|một mươi|(?<!trăm) linh|"
        "mười (năm|mốt|tư)|(?<!mươi) (mốt|tư)|^(mốt|tư|lăm)|trăm (một|hai|ba|bốn|năm|sáu|bảy|tám|chín)( (?!mươi)|$)",
        minus="âm", point="phẩy", percent="{} phần trăm", to="đến",
        letters=named("a, bê, xê, đê, e, ép, giê, hát, i, giây, ca, lờ, mờ, nờ, o, pê, quy, rờ, ét, tê, u, vê, vê kép, ích, y, dét"),
        coins={"₫": ("đồng", ""), "$": ("đô la", "xu"), "€": ("ơ rô", "xen")},
        units={
            "mm": "mi li mét", "cm": "xen ti mét", "m": "mét", "km": "ki lô mét", "kg": "ki lô gam", "g": "gam", "ml": "mi li lít",
            "lít": "lít", "W": "oát", "V": "vôn", "inch": "inh", "°C": "độ xê", "giờ": "giờ", "ngày": "ngày",
        },
        months=("một", "hai", "ba", "tư", "năm", "sáu", "bảy", "tám", "chín", "mười", "mười một", "mười hai"),
        phone="09##-###-###", within="Nay {} nhé", grouped_by=".",
    ),
    "id": Tongue(
        digits="nol satu dua tiga empat lima enam tujuh delapan sembilan",
        others={},
        scales=(("triliun", 10**12), ("miliar", 10**9), ("juta", 10**6), ("ribu", 1000), ("ratus", 100), ("puluh", 10)),
        rewrite=((r"\bse(ribu|ratus|puluh|belas)", r"satu \1"), (r"(\w+) belas", r"satu puluh \1")),
        bad="satu (ratus|puluh|belas)|(^|juta |miliar )satu ribu|puluh satu belas",
        minus="minus", point="koma", percent="{} persen", to="sampai",
        letters=named("a, be, ce, de, e, ef, ge, ha, i, je, ka, el, em, en, o, pe, ki, er, es, te, u, ve, we, eks, ye, zet"),
        coins={"Rp": ("rupiah", ""), "$": ("dolar", "sen"), "€": ("euro", "sen")},
        units={
            "mm": "milimeter", "cm": "sentimeter", "m": "meter", "km": "kilometer", "kg": "kilogram", "g": "gram", "ml": "mililiter",
            "liter": "liter", "W": "watt", "V": "volt", "inch": "inci", "°C": "derajat celsius", "jam": "jam", "hari": "hari",
        },
        months=("Januari", "Februari", "Maret", "April", "Mei", "Juni", "Juli", "Agustus", "September", "Oktober", "November", "Desember"),
        phone="08##-####-####", within="Kini {} ya", grouped_by=".",
    ),
    "zh": Tongue(
        digits="零 一 二 三 四 五 六 七 八 九",
        others={"两": 2},
        scales=(("亿", 10**8), ("万", 10**4), ("千", 1000), ("百", 100), ("十", 10)),
        rewrite=(("(?<=.) 零", ""),),
        bad="(?<!十 )二 [百千万亿]|两 十|零 零|. 零$|百 [一二三四五六七八九](?! 十)",
        minus="负", point="点", percent="百 分 之 {}", to="到",
        letters={c: c for c in LATIN},
        coins={"¥": ("元", ""), "$": ("美 元", ""), "€": ("欧 元", "")},
        units={
            "mm": "毫 米", "cm": "厘 米", "米": "米", "km": "公 里", "kg": "千 克", "g": "克", "ml": "毫 升", "L": "升", "W": "瓦",
            "V": "伏", "英寸": "英 寸", "℃": "摄 氏 度", "小时": "小 时", "天": "天",
        },
        months=("一", "二", "三", "四", "五", "六", "七", "八", "九", "十", "十 一", "十 二"),
        phone="1##-####-####", within="看：{}。",
    ),
    "en": Tongue(
        digits="zero one two three four five six seven eight nine",
        others={
            "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16, "seventeen": 17,
            "eighteen": 18, "nineteen": 19, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70,
            "eighty": 80, "ninety": 90,
        },
        scales=(("trillion", 10**12), ("billion", 10**9), ("million", 10**6), ("thousand", 1000), ("hundred", 100)),
        rewrite=(),
        bad=r"^(hundred|thousand|million)|\ba (hundred|thousand)|ty (ten|\w+teen|zero)",
        minus="minus", point="point", percent="{} percent", to="to",
        letters={c: c for c in LATIN},
        coins={"$": ("dollar/dollars", "cent/cents"), "€": ("euro/euros", "cent/cents"), "£": ("pound/pounds", "penny/pence")},
        units={
            "mm": "millimeter/millimeters", "cm": "centimeter/centimeters", "ft": "foot/feet", "km": "kilometer/kilometers",
            "kg": "kilogram/kilograms", "g": "gram/grams", "oz": "ounce/ounces", "lb": "pound/pounds", "ml": "milliliter/milliliters",
            "W": "watt/watts", "V": "volt/volts", "inches": "inch/inches", "hours": "hour/hours",
            "°F": "degree Fahrenheit/degrees Fahrenheit",
        },
        months=("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"),
        phone="8##-###-####", within="Now {} today",
    ),
}  # fmt: skip

ORDINALS = (
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth sixteenth "
    "seventeenth eighteenth nineteenth twentieth twenty-first twenty-second twenty-third twenty-fourth twenty-fifth twenty-sixth "
    "twenty-seventh twenty-eighth twenty-ninth thirtieth thirty-first"
)


def said(code: str, text: str) -> str:
    """All that is said for a text."""
    return " ".join(token.say for token in languages.get(code).read(text) if token.say)


def plain(code: str, words: str) -> str:
    """Words as they are compared: without regard to case, and to spaces where the language has none."""
    words = words.casefold()
    return "".join(words.split()) if code in CLOSE_UP else " ".join(words.split())


def by_hand(code: str) -> list[tuple[str, str, str]]:
    """(kind, text, words) of the things whose words were written by hand."""
    with (CASES / f"numbers_{code}.tsv").open(encoding="utf-8", newline="") as f:
        return [(row["kind"], row["text"], row["said"]) for row in csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE)]


def wrong_by_hand(code: str) -> list[str]:
    return [
        f"{text} is {said(code, text)!r}, not {words!r}"
        for _, text, words in by_hand(code)
        if plain(code, said(code, text)) != plain(code, words)
    ]


# What must be true of the words of each kind ----------------------------------------------------------------------------


def _is(found: object, value: object) -> str:
    return "" if found == value else f"{found}, not {value}"


def _after(words: Words, name: str, value: Decimal) -> Words:
    """The words before a name that must end them."""
    one, _, many = name.partition("/")
    ending = (one if value == 1 else many or one).split()
    if words[len(words) - len(ending) :] != ending:
        raise ValueError(f"{words} do not end with {' '.join(ending)!r}")
    return words[: len(words) - len(ending)]


def _amount(tongue: Tongue, words: Words, coins: tuple[str, str], value: Decimal) -> str:
    """A price: the coin's name and its number, and those of its hundredths where they have a name."""
    large, cents = Decimal(int(value)), value % 1 * 100
    if coins[0] == "元" and cents:  # 角 and 分 have a number each
        pattern = r"(?:(?P<a>.+) 元 ?)?(?:(?:(?P<b>[^零]) 角|零) ?)?(?:(?P<c>.) 分)?"
        parts = re.fullmatch(pattern, " ".join(words))
        if not parts:
            return f"no price: {words}"
        found = [tongue.value(part.split()) if part else 0 for part in (parts["a"], parts["b"], parts["c"])]
        return _is(found[0] * 100 + found[1] * 10 + found[2], int(value * 100))
    if not cents or not coins[1]:
        return _is(tongue.number(_after(words, coins[0], value)), value)
    words = _after(words, coins[1], cents)
    if not large:
        return _is(tongue.number(words), cents)
    name = coins[0].split("/")[0 if large == 1 else -1].split()
    at = next(i for i in range(len(words)) if words[i : i + len(name)] == name)
    rest = words[at + len(name) :]
    return _is((tongue.number(words[:at]), tongue.number(rest[1:] if rest[0] == "and" else rest)), (large, cents))


def _date(code: str, tongue: Tongue, words: Words, day: dt.date) -> str:
    text, month = " ".join(words), tongue.months[day.month - 1]
    if code == "en":
        found = re.fullmatch(rf"{month} ((?:twenty |thirty )?\w+) (.+)", text)
        ordinal = ORDINALS.split()[day.day - 1].replace("-", " ")
        rest = text.removeprefix(f"{month} {ordinal} ").split()
        return _is(day.year in _years(tongue, rest), True) if found and rest != words else f"no date: {text}"
    pattern = {"th": "วันที่ (.+) M (.+)", "vi": "ngày (.+) tháng M năm (.+)", "id": "(.+) M (.+)", "zh": "(.+) 年 M 月 (.+) 日"}[code]
    found = re.fullmatch(pattern.replace("M", month), text)
    if not found:
        return f"no date: {text}"
    if code == "zh":
        return _is((tongue.figures(found[1].split()), tongue.value(found[2].split())), (str(day.year), day.day))
    year = day.year + 543 * (code == "th")
    return _is((tongue.value(found[1].split()), tongue.value(found[2].split())), (day.day, year))


def _years(tongue: Tongue, words: Words) -> set[int]:
    """Every year that English words can be heard as: nineteen oh five, twenty twenty six, two thousand one."""
    if "thousand" in words or words[-1:] == ["hundred"]:
        return {tongue.value(words)}
    out = set()
    for at in range(1, len(words)):
        with suppress(ValueError):
            out.add(tongue.value(words[:at]) * 100 + tongue.value(words[at + (words[at] == "oh") :]))
    return out


def _code(tongue: Tongue, words: Words, text: str) -> str:
    """Letters by their names, figures as a number or one by one."""
    rest = words
    for part in re.findall(r"[A-Z]|\d+", text):
        if part.isalpha():
            name = tongue.letters[part].split()
            if rest[: len(name)] != name:
                return f"{part} of {text} is not said: {words}"
            rest = rest[len(name) :]
            continue
        names = {name.split()[0] for name in tongue.letters.values()}
        count = next((i for i, word in enumerate(rest) if word in names), len(rest))
        heard = rest[:count]
        one_by_one = len(heard) > 1 and all(word in tongue.digits.split() for word in heard)
        if (tongue.figures(heard) if one_by_one else str(tongue.value(heard))) != part:
            return f"{part} of {text} is said {heard}"
        rest = rest[count:]
    return f"too much is said for {text}: {rest}" if rest else ""


# The cases --------------------------------------------------------------------------------------------------------------


def _whole(dice: random.Random) -> int:
    """A whole number of any size that shops write, often with zeros inside."""
    size = dice.randint(1, 10)
    figures = [dice.choice("1123456789")] + [dice.choice("0001123456789") for _ in range(size - 1)]
    return int("".join(figures))


def _decimal(dice: random.Random) -> Decimal:
    """With one or two decimals: three would group thousands in half of the languages."""
    return Decimal(f"{dice.choice((dice.randint(0, 20), dice.randint(0, 9999)))}.{dice.randint(0, 9)}{dice.choice(('', *'123456789'))}")


def _coins(code: str, dice: random.Random, tongue: Tongue) -> tuple[str, Decimal]:
    """A price's sign and amount, two of three in the money of the market."""
    signs = list(tongue.coins)
    sign = signs[0] if dice.random() < 0.66 else dice.choice(signs[1:])
    if sign in ("₫", "Rp"):
        return sign, Decimal(dice.randint(1, 40_000) * dice.choice((500, 1000)))
    cents = Decimal(dice.choice(("0", "0", "0.50", "0.90", "0.99", "0.05", f"0.{dice.randint(1, 99):02}")))
    return sign, Decimal(dice.choice((dice.randint(0, 30), dice.randint(1, 99_999)))) + cents


def _price(code: str, dice: random.Random, tongue: Tongue) -> Case:
    sign, amount = _coins(code, dice, tongue)
    amount = amount or Decimal(1)
    figures = tongue.written(amount)
    text = f"{figures} {sign}" if sign == "₫" else f"{sign}{figures}"
    return Case("price", text, (sign, amount), lambda words: _amount(tongue, words, tongue.coins[sign], amount))


def _unit(code: str, dice: random.Random, tongue: Tongue) -> Case:
    sign, name = dice.choice(list(tongue.units.items()))
    value = Decimal(dice.choice((1, 2, dice.randint(1, 100), dice.randint(100, 30_000)))) + dice.choice(
        (Decimal(0), Decimal(0), Decimal("0.5"))
    )
    text = (
        tongue.written(value.normalize() if value % 1 else int(value))
        + ("" if code == "zh" else dice.choice((" ", "")) if sign.isascii() else " ")
        + sign
    )
    return Case("unit", text, (name, value), lambda words: _is(tongue.number(_after(words, name, value)), value))


def _phone(dice: random.Random, tongue: Tongue) -> Case:
    text = "".join(str(dice.randint(0, 9)) if c == "#" else c for c in tongue.phone)
    return Case("code", text, text, lambda words: _is(tongue.figures(words), text.replace("-", "")))


def _model(dice: random.Random, tongue: Tongue) -> Case:
    """Consonants, so that no word comes about, and none that is a currency's sign (RM, RP) or a version's (V)."""
    text = "".join(dice.sample("BCDFGHJKLNPQTWXZ", dice.randint(1, 2))) + str(dice.randint(1, 9999)) + dice.choice(("", "", "X", "T"))
    return Case("code", text, text, lambda words: _code(tongue, words, text))


def _day(code: str, dice: random.Random, tongue: Tongue) -> Case:
    day = dt.date(dice.randint(1950, 2060), 1, 1) + dt.timedelta(dice.randint(0, 364))
    y, m, d, month = day.year + 543 * (code == "th"), day.month, day.day, tongue.months[day.month - 1]
    text = dice.choice({
        "th": (f"{d} {month} {y}", f"{d:02}/{m:02}/{y}"),
        "vi": (f"{d}/{m}/{y}", f"{d:02}-{m:02}-{y}"),
        "id": (f"{d} {month} {y}", f"{d:02}/{m:02}/{y}"),
        "zh": (f"{y}年{m}月{d}日", f"{y}-{m:02}-{d:02}"),
        "en": (f"{month} {d}, {y}", f"{m}/{d}/{y}", f"{month[:3]} {d}, {y}"),
    }[code])  # fmt: skip
    return Case("date", text, day, lambda words: _date(code, tongue, words, day))


def _range(dice: random.Random, tongue: Tongue) -> Case:
    low = dice.randint(2, 90)
    high = low + dice.randint(1, 400)

    def wrong(words: Words) -> str:
        at = words.index(tongue.to)
        return _is((tongue.number(words[:at]), tongue.number(words[at + 1 :])), (low, high))

    return Case("range", f"{low}{dice.choice('-–')}{high}", (low, high), wrong)


def _percentage(dice: random.Random, tongue: Tongue) -> Case:
    value = dice.choice((Decimal(dice.randint(1, 100)), _decimal(dice) % 100))
    before, _, after = tongue.percent.partition("{}")
    head, tail = before.split(), after.split()

    def wrong(words: Words) -> str:
        if words[: len(head)] != head or words[len(words) - len(tail) :] != tail:
            return f"no percentage: {words}"
        return _is(tongue.number(words[len(head) : len(words) - len(tail)]), value)

    return Case("percent", f"{tongue.written(value)}%", value, wrong)


def drawn(code: str, seed: int = 2026) -> Iterator[Case]:
    """The cases of a language, 160 of them, with no text twice."""
    dice, tongue, texts = random.Random(f"{seed} {code}"), TONGUES[code], set[str]()

    def integer() -> Case:
        value = _whole(dice)
        text = tongue.written(value) if value >= 10**8 or dice.random() < 0.7 else str(value)
        return Case("integer", text, value, lambda words: _is(tongue.number(words), value))

    def decimal() -> Case:
        value = _decimal(dice) * dice.choice((1, 1, 1, -1))
        return Case("decimal", tongue.written(value), value, lambda words: _is(tongue.number(words), value))

    makers: tuple[tuple[int, Callable[[], Case]], ...] = (
        (25, integer), (20, decimal), (30, lambda: _price(code, dice, tongue)), (15, lambda: _percentage(dice, tongue)),
        (25, lambda: _unit(code, dice, tongue)), (10, lambda: _range(dice, tongue)), (10, lambda: _phone(dice, tongue)),
        (10, lambda: _model(dice, tongue)), (15, lambda: _day(code, dice, tongue)),
    )  # fmt: skip
    for count, make in makers:
        made = 0
        while made < count:
            case = make()
            if case.text not in texts and not re.fullmatch(r"(1[012])[.,/]\1%?", case.text):  # 11.11 is a sale day
                texts.add(case.text)
                made += 1
                yield case


def _separate(code: str, words: str) -> Words:
    """What is said as single words; in Chinese as single characters."""
    return list("".join(words.split())) if code == "zh" else words.split()


def fault(code: str, case: Case) -> str:
    """What is wrong with what is said for one case ("" if nothing is)."""
    tokens = languages.get(code).read(case.text)
    words = said(code, case.text)
    if "".join(token.text + token.gap for token in tokens) != case.text:
        return "its text does not come back"
    if not words or not all(token.say for token in tokens) or any(c.isdigit() for c in words):
        return f"not all is said: {words!r}"
    around = said(code, TONGUES[code].within.format(case.text))
    if plain(code, words) not in plain(code, around):
        return f"in a sentence it is {around!r}"
    try:
        return case.wrong(_separate(code, words))
    except (ValueError, StopIteration, IndexError) as e:
        return f"cannot be read back: {e}"


def wrong_drawn(code: str) -> list[str]:
    """What fails of the 160, two numbers that sound the same with it."""
    out, heard = [], dict[tuple[str, str], object]()
    for case in drawn(code):
        words = said(code, case.text)
        wrong = fault(code, case)
        if not wrong and heard.setdefault((case.kind, words), case.value) != case.value:
            wrong = f"sounds like {heard[case.kind, words]}: {words!r}"
        if wrong:
            out.append(f"{case.kind} {case.text}: {wrong}")
    return out


def figures(shared: Path | None) -> list[Figure]:
    """Right of the 40 and of the 160 of every language. Nothing of the shared data is needed."""
    out = []
    for code in languages.codes():
        for what, total, wrong in (("written by hand", BY_HAND, wrong_by_hand(code)), ("with all properties", DRAWN, wrong_drawn(code))):
            value = f"{total - len(wrong)} of {total}" + (f" (e.g. {wrong[0]})" if wrong else "")
            out.append(Figure(f"numbers aloud, {code}: {what}", value, f"{total} of {total}", not wrong))
    return out


def main() -> int:
    wrong = [f"{code} {fault}" for code in languages.codes() for fault in (*wrong_by_hand(code), *wrong_drawn(code))]
    print(*wrong, *(f"{figure.what:45}{figure.value}" for figure in figures(None)), sep="\n")
    return bool(wrong)


if __name__ == "__main__":
    raise SystemExit(main())
