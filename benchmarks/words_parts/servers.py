"""A script by a model behind OpenAI's API, from a server of this machine that behaves well, slowly and badly.

What must come out is known: who writes the script, how often the server is asked, what it costs.
"""

from __future__ import annotations

import json
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

from benchmarks.words_parts import Figure
from localize import account
from localize.checks import words
from localize.domain import Money, Product, Text
from localize.errors import CrossreelError
from localize.script import Brief
from localize.script.chatted import OpenAIOptions, OpenAIWriter

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests"))

import servers
from servers import Reply

PRODUCT = Product(
    sku="MUG-01", title="Clay mug 350 ml", price=Money(amount=Decimal(290), currency="THB"), features=("Holds 350 ml",), language="en"
)  # fmt: skip
TEXT = Text(title="แก้วดินเผา 350 มล.", features=("จุได้ 350 มล.",))
LINES: list[dict[str, Any]] = [
    {"role": "hook", "text": "มาดูแก้วดินเผา 350 มล. กันค่ะ", "gesture": "wave", "emotion": "happy", "feature": None},
    {"role": "feature", "text": "ใบนี้จุได้ 350 มล. ค่ะ", "gesture": "count_1", "emotion": "happy", "feature": 1},
    {"role": "price", "text": "ราคา ฿290 ค่ะ", "gesture": "open_hands", "emotion": "happy", "feature": None},
    {"role": "cta", "text": "กดตะกร้าเหลืองได้เลยค่ะ", "gesture": "point_down", "emotion": "happy", "feature": None},
]
GOOD = Reply(json.dumps({"lines": LINES}, ensure_ascii=False), tokens=(1000, 300))
FALSE = Reply(json.dumps({"lines": [LINES[0], LINES[1] | {"text": "รับประกัน 9 ปีค่ะ"}, *LINES[2:]]}, ensure_ascii=False), tokens=(1000, 300))
BUSY, BROKEN = Reply(status=429, error="slow down", headers={"Retry-After": "0"}), Reply(status=500, error="oops")

# How the server behaves -> who writes, requests, dollars at 1 and 2 for a million tokens read and written.
CASES: list[tuple[str, list[Reply], tuple[str, int, str]]] = [
    ("well", [GOOD], ("openai", 1, "0.0016")),
    ("slowly", [Reply(GOOD.text, wait=1.0, tokens=(1000, 300))], ("openai", 1, "0.0016")),
    ("429, then 500, then well", [BUSY, BROKEN, GOOD], ("openai", 3, "0.0016")),
    ("429 for ever", [BUSY], ("Transient", 3, "0")),
    ("slower than its timeout", [Reply(GOOD.text, wait=4.0)], ("Transient", 3, "0")),
    ("broken JSON, then well", [Reply('{"lines": [', tokens=(1000, 10)), GOOD], ("openai", 2, "0.00262")),
    ("a false claim, then well", [FALSE, GOOD], ("openai", 2, "0.0032")),
    ("a false claim each time", [FALSE], ("templates", 3, "0.0048")),
    ("a refusal each time", [Reply(refusal="No.", tokens=(1000, 5))], ("templates", 3, "0.00303")),
]


def figures() -> list[Figure]:
    """For each behaviour what came out, and what must."""
    return [
        Figure(f"a script from a server that answers {name}", _told(got := _asked(replies)), _told(must), got == must)
        for name, replies, must in CASES
    ]  # fmt: skip


def _told(outcome: tuple[str, int, str]) -> str:
    return f"{outcome[0]}, {outcome[1]} requests, ${outcome[2]}"


def _asked(replies: list[Reply]) -> tuple[str, int, str]:
    with servers.running(*replies) as model, account.opened() as spent:
        options = OpenAIOptions(
            model="m", base_url=model.address, retries=2, timeout=2, key_variable="CROSSREEL_NO_KEY", price_in=Decimal(1),
            price_out=Decimal(2),
        )  # fmt: skip
        try:
            script = OpenAIWriter(options).write(
                PRODUCT, TEXT, PRODUCT.price, None, "th", Brief(15), lambda written: words.check(written, PRODUCT)
            )  # fmt: skip
            who = script.engine
        except CrossreelError as error:
            who = type(error).__name__
        return who, len(model.asked), format(spent.usage.cost.normalize(), "f")
