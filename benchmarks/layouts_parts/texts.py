"""Whether texts find their places: products made up at random, of the kind that break layouts, in every layout and shape of frame.

A clip without its presenters is composed; where its cards, label and captions are is asked of the composer, and what is drawn of a card
or a page of captions is held against its box.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from decimal import Decimal
from itertools import combinations

from benchmarks.figures import Figure
from benchmarks.layouts_parts import composed, lines, plain, shapes
from localize import languages
from localize.clip import layout as layouts
from localize.clip.layout import Box, Layout, inside, safe_box
from localize.domain import Money, Script, Text

CURRENCY = {"th": ("THB", 1), "vi": ("VND", 1000), "id": ("IDR", 500), "zh": ("CNY", 1), "en": ("MYR", 1)}
WORDS = {
    "th": "หูฟังไร้สาย กันน้ำ แบตเตอรี่ ใช้ได้นาน ชาร์จเร็ว เสียงดี น้ำหนักเบา พกพาง่าย รับประกัน สีดำ รุ่นใหม่ล่าสุด ของแท้",
    "vi": "tai nghe không dây chống nước pin dùng lâu sạc nhanh âm thanh trong trẻo nhỏ gọn bảo hành chính hãng nghiêng",
    "id": "earbuds nirkabel tahan air baterai awet pengisian cepat suara jernih ringan bergaransi resmi terbaru keberlanjutan",
    "zh": "无线 蓝牙 耳机 防水 超长续航 快速充电 音质清晰 轻巧便携 正品 保修 新款 黑色",
    "en": "wireless earbuds waterproof battery long-lasting quick charging clear sound lightweight warranty incomprehensibilities",
}
BRANDS = ("Lumora", "海尔集团", "شركة الأصيل", "אור", "Ünïcödé & Söhne", "🌸 Bloom", "A" * 40, "", "ACME-3000X/PRO", "แบรนด์ไทย")
MARGIN = 14  # px above the letters of captions, which only a word that pops up reaches into
FACE = (380, 90, 560, 356)  # of Mali's canvas
EMOJI = ("🔥", "✨", "💧", "👍🏽", "🇹🇭", "1️⃣")


def figures(count: int) -> list[Figure]:
    """`count` products, each in one language in every layout, in one shape of frame or another."""
    looks, boxes, wrong = 0, 0, list[str]()
    chance = random.Random(7)
    for n in range(count):
        language = list(WORDS)[n % len(WORDS)]
        script = _script(chance, language)
        # In every layout, each time in another shape of frame.
        for layout in (layout for k, layout in enumerate(shapes()) if (k + k // 4 + n) % 4 == 0):
            made = script.model_copy(update={"lines": lines(script.text, language, len(layout.stands))})
            composer = composed(layout, made, [plain()], presenters=[_nobody] * len(layout.stands))
            found = composer.text_boxes()
            looks, boxes = looks + 1, boxes + len(found)
            wrong += [f"product {n}, {language}, {layout.name} {layout.aspect}: {what}" for what in _faults(layout, found)]
    return [
        Figure(f"{count} products in {len(shapes())} layouts and shapes of frame: texts that overlap or leave their place",
               f"{len(wrong)} of {boxes} in {looks} clips" + (": " + "; ".join(wrong[:12]) if wrong else ""), "none", not wrong)
    ]  # fmt: skip


def _nobody(t: float) -> tuple[()]:
    return ()


def _faults(layout: Layout, found: dict[str, Box]) -> Iterator[str]:
    free: dict[Box, str] = {}
    for platform in ("tiktok", "douyin", "weibo", "any"):  # those alike are told once
        free.setdefault(safe_box(layout.aspect, (platform,)), platform)
    for rest, platform in free.items():
        yield from (f"{name} at {box} is under {platform}'s interface" for name, box in found.items() if not inside(box, rest))
    for name, box in found.items():
        if "card" in name and not (layout.card[0] <= box[0] and box[2] <= layout.card[2] + 1 and box[1] >= layout.card[1] - 1):
            yield f"{name} at {box} leaves its zone {layout.card}"
    left, top, right, bottom = found["captions"]
    found = found | {"captions": (left, top + MARGIN, right, bottom)}
    for (one, a), (other, b) in combinations([*found.items(), *((f"face {n}", box) for n, box in enumerate(_heads(layout)))], 2):
        together = one.split()[0] != "face" and not ("card" in one and "card" in other)  # two cards are never shown at once
        if together and a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]:
            yield f"{one} at {a} and {other} at {b} overlap"


def _heads(layout: Layout) -> list[Box]:
    """Where faces are: Mali's from hair to chin, or a whole window. Those of filmed hosts are kept free by `filmed.avatar.fitted`."""
    if layout.window:
        return [layout.window]
    if layouts.sheet(layout.name).kind == "filmed":
        return []
    left, top, right, bottom = (round(layout.scale * edge) for edge in FACE)
    return [(x + left, y + top, x + right, y + bottom) for x, y, _, _ in layout.presenters]


def _script(chance: random.Random, language: str) -> Script:
    currency, step = CURRENCY[language]
    now = Decimal(chance.choice((1, 9, 99, 589, 12_345, 1_234_567))) * step
    was = now * 2 if chance.random() < 0.6 else None
    words = WORDS[language].split()
    gap = "" if language in ("th", "zh") else " "

    def text(most: int) -> str:
        said = gap.join(chance.choices(words, k=chance.randint(1, most)))
        return f"{said} {chance.choice(EMOJI)}" if chance.random() < 0.2 else said

    told = Text(title=text(24), features=tuple(text(16) for _ in range(chance.choice((1, 3, 12)))), brand=chance.choice(BRANDS))
    money = Money(amount=now, currency=currency)
    languages.get(language)
    return Script(
        language=language, lines=(), text=told, price=money, was_price=Money(amount=was, currency=currency) if was else None,
        engine="none", price_from=chance.random() < 0.2,
    )  # fmt: skip
