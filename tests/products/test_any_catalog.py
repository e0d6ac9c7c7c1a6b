"""Exports as they arrive: edited by hand, cut, saved again by some spreadsheet. Whatever was done to one, every row of it is
accounted for, and nothing but a UserError stops the reading."""

import csv
import html
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from localize.errors import UserError
from localize.products import Asked, open_catalog

Cells = list[list[str]]


def table(text: str) -> Cells:
    return [line.split("|") for line in text.strip().splitlines()]


# Small exports with what makes each hard: variants apart from their parent, pictures of their own rows, drafts, sales.
EXPORTS: dict[str, Cells] = {
    "shopify": table("""
Handle|Title|Body (HTML)|Published|Option1 Name|Option1 Value|Variant SKU|Variant Price|Variant Compare At Price|Image Src|Status
tee|Linen tee|<p>Cool, light</p><ul><li>Washes well</li></ul>|TRUE|Size|S|T-S|39.90|49.90|https://s.example/1.jpg|active
tee||||Size|M|T-M|42.00||https://s.example/2.jpg|
mug|Mug|A mug|TRUE|Title|Default Title|MUG|1290||https://s.example/m.jpg|active
tee|||||||||https://s.example/3.jpg|
old|Old mug||TRUE|Title|Default Title|OLD|9.00|||draft
"""),
    "woocommerce": table("""
ID|Type|SKU|Name|Published|Description|Date sale price ends|Sale price|Regular price|Images|Parent|Attribute 1 name|Attribute 1 value(s)
8|variation||Tee - S|1|||25|30|https://s.example/s.jpg|id:7|Size|S
7|variable|TEE|Tee|1|<b>Linen</b>|2020-01-01|||https://s.example/a.jpg, https://s.example/b.jpg||Size|S, M
9|variation||Tee - M|1||||||TEE|Size|M
10|simple|MUG|Mug|1||2030-01-01|990|1.290,50|https://s.example/m.jpg||Clay|Red
11|grouped|SET|Set|1||||||||
12|simple|OLD|Old|'-1||||||||
"""),
    "google": table("""
id|title|description|image_link|additional_image_link|condition|price|sale_price|brand|item_group_id|color
A1|Tee, blue|Soft cotton|https://s.example/a.jpg|https://s.example/b.jpg,https://s.example/c.jpg|new|25 EUR|19.99 EUR|Baan|G|blue
B1|Mug|A mug|https://s.example/m.jpg||new|9.00 EUR||Baan||
A2|Tee, blue|Soft cotton|https://s.example/a.jpg||new|27.00 EUR||Baan|G|red
"""),
    "amazon": table("""
TemplateType=home|Version=2024.1|The top 3 rows are for Amazon.com use only.||||||
Seller SKU|Product Name|Standard Price|Main Image URL|Parentage|Parent SKU|Variation Theme|Color|Key Product Features
item_sku|item_name|standard_price|main_image_url|parent_child|parent_sku|variation_theme|color_name|bullet_point1
MUG|Mug||https://s.example/m.jpg|parent||Color||Stoneware
MUG-R|Mug, red|19.90|https://s.example/r.jpg|child|MUG|Color|Red|Stoneware
MUG-B|Mug, blue|21.90|https://s.example/b.jpg|child|MUG|Color|Blue|Stoneware
BOWL|Bowl|15|https://s.example/o.jpg|||||Holds a litre
"""),
    "magento": table("""
sku|product_type|name|price|special_price|base_image|additional_images|description|visibility|product_online|configurable_variations
T-S|simple|Tee S|25||/t/s.jpg||Soft|Not Visible Individually|1|
TEE|configurable|Tee|25|20|/t/a.jpg|/t/b.jpg,/t/c.jpg|<p>Soft</p>|Catalog, Search|1|sku=T-S,size=S
MUG|simple|Mug|9||/m.jpg||A mug|Catalog, Search|2|
"""),
    "taobao": table("""
商品标题|价格|划线价|主图|卖点|颜色
不锈钢保温杯 500 毫升|￥59.00|79|https://s.example/1.jpg|保温 12 小时；不漏水|黑
陶瓷马克杯|¥29起||https://s.example/2.jpg||白
礼盒|--||||
"""),
}  # fmt: skip
SPOILT = (
    "",
    " ",
    "0",
    "-1",
    "1e3",
    "12,5",
    "=1+1",
    "'-1",
    "￥",
    "<p>",
    "a\nb",
    "\x00",
    '"',
    "id:7",
    "TEE",
    "tee",
    "true",
    "https://",
    "x" * 300,
)


def broken(cells: Cells, random: Random) -> Cells:
    """The table after a few of the things that people and programs do to one."""
    cells = [list(row) for row in cells]

    def row() -> int:
        return random.randrange(len(cells)) if random.random() < 0.1 else random.randrange(min(1, len(cells) - 1), len(cells))

    def column() -> int:
        return random.randrange(len(cells[0]) or 1)

    def put(at: int, place: int, text: str) -> None:
        if place < len(cells[at]):
            cells[at][place] = text

    def move_column(from_: int, to: int) -> None:
        for one in cells:
            if max(from_, to) < len(one):
                one.insert(to, one.pop(from_))

    deeds: tuple[Callable[[], object], ...] = (
        lambda: cells.pop(row()) if len(cells) > 1 else None,
        lambda: cells.insert(row(), list(cells[row()])),
        lambda: cells.insert(row(), []),
        lambda: cells.insert(row(), list(cells[0])),
        lambda: cells.append(cells.pop(row())),
        lambda: put(row(), column(), random.choice(SPOILT)),
        lambda: put(row(), column(), "".join(cells[row()][:1])),
        lambda: cells[row()].append(random.choice(SPOILT)),
        lambda: cells[row()].__delitem__(slice(random.randrange(1, 4), None)),
        lambda: move_column(column(), column()),
        lambda: [one.__delitem__(slice(at, at + 1)) for at in [column()] for one in cells],
    )
    for _ in range(random.randrange(8)):
        if not cells or not cells[0]:
            break
        random.choice(deeds)()
    return cells


def as_text(cells: Cells, random: Random) -> bytes:
    """The table as some program's CSV, at times not well formed."""
    out = io.StringIO()
    quoting = random.choice((csv.QUOTE_MINIMAL, csv.QUOTE_ALL))
    end = random.choice(("\r\n", "\n", "\r"))
    csv.writer(out, delimiter=random.choice(",;\t|"), quoting=quoting, lineterminator=end).writerows(cells)
    text = random.choice(("", "", "", "sep=;\r\n", "\n\n", "Exported on Monday\n")) + out.getvalue()
    if random.random() < 0.15:
        text = text.replace('"', "", 1)
    if random.random() < 0.15:
        text = text[: random.randrange(len(text) + 1)]
    return text.encode(random.choice(("utf-8", "utf-8-sig", "utf-16", "gb18030", "cp1252", "cp874")), errors="replace")


def as_records(cells: Cells, random: Random) -> bytes:
    """The table as JSON, with a field in a list or an object at times, or as a feed in XML."""
    header, *rows = cells
    records: list[dict[str, object]] = [dict(zip(header, row, strict=False)) for row in rows]
    for record in records:
        for name in list(record):
            if random.random() < 0.05:
                record[name] = random.choice((None, 12.5, True, [1, "a"], [{"price": "1"}, {"sku": "b"}], {"amount": 3, "currency": "EUR"}))
    if random.random() < 0.3:
        return as_feed(records, random)
    whole = random.choice((records, {"products": records, "count": len(records)}))
    text = json.dumps(whole) if random.random() < 0.7 else "\n".join(map(json.dumps, records))
    return text.encode() if random.random() < 0.9 else text.encode()[: random.randrange(len(text) + 1)]


def as_feed(records: list[dict[str, object]], random: Random) -> bytes:
    """The table as a feed, in YML's elements at times, with a bare & or cut off at others."""
    doctype = random.choice(("", "<!DOCTYPE x SYSTEM 'x.dtd'>"))
    yml = "yml_catalog><shop><categories><category id='7'>A</category></categories"
    outer, item = random.choice((("rss><channel", "item"), (yml, "offer")))
    told = "".join(f"<{item} id='{n}'>{''.join(map(element, r, r.values()))}</{item}>" for n, r in enumerate(records))
    text = f'<?xml version="1.0"?>{doctype}<{outer}>{told}'
    closed = text + "".join(f"</{name}>" for name in (("channel", "rss") if item == "item" else ("shop", "yml_catalog")))
    return random.choice((closed, closed, closed.replace("&amp;", "&"), closed[: random.randrange(len(closed))])).encode()


def element(header: str, cell: object) -> str:
    tag = re.sub(r"[^a-z]+", "_", header.lower()).strip("_") or "x"
    return f"<{tag}>{html.escape(str(cell)).replace(chr(0), '')}</{tag}>"


# One product as Shopify's JSON has it; what is broken in it is a field at a time.
NESTED = {
    "id": 1, "title": "Tee", "handle": "tee", "body_html": "<p>Soft</p>", "vendor": "Baan", "product_type": "Tops", "status": "active",
    "variants": [{"sku": "S", "price": "9.00", "compare_at_price": "12", "option1": "S"}, {"sku": "M", "price": "8", "option1": "M"}],
    "options": [{"name": "Size", "values": ["S", "M"]}], "images": [{"src": "https://s.example/1.jpg"}, {"src": "https://s.example/2.jpg"}],
}  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None)
@given(seed=st.integers(0, 2**32))
def test_every_object_is_accounted_for(tmp_path: Path, seed: int) -> None:
    random = Random(seed)
    products: list[object] = []
    for n in range(random.randrange(1, 5)):
        product: dict[str, object] = dict(NESTED, handle=random.choice(("tee", f"tee-{n}")))
        for field in random.sample(list(product), random.randrange(4)):
            product[field] = random.choice(
                (None, "", [], {}, 7, "a\nb\nc", [{}], [{"price": None}, {"src": "x\ny"}], [[1]], {"a": {"b": {"c": 1}}})
            )
        products.append(random.choice((product, product, product, product, 5)))
    (tmp_path / "products.json").write_text(json.dumps(random.choice((products, {"products": products}))), encoding="utf-8")
    try:
        reading = open_catalog([tmp_path / "products.json"], Asked(currency="EUR"))
    except UserError:
        return
    for _ in reading:
        pass
    assert reading.account.balanced, (reading.account, products)


@pytest.mark.parametrize("kind", EXPORTS)
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None)
@given(seed=st.integers(0, 2**32))
def test_every_row_is_accounted_for(tmp_path: Path, kind: str, seed: int) -> None:
    random = Random(seed)
    cells = broken(EXPORTS[kind], random)
    file = tmp_path / "shop.bin"
    file.write_bytes(as_records(cells, random) if cells and random.random() < 0.2 else as_text(cells, random))
    try:
        reading = open_catalog([file], Asked(currency=random.choice(("", "EUR", "THB"))))
    except UserError:
        return
    for _ in reading:
        pass
    account = reading.account
    assert account.balanced, (account, reading.format, file.read_bytes()[:2000])


@pytest.mark.parametrize("kind", EXPORTS)
def test_the_exports_themselves_are_read(tmp_path: Path, kind: str) -> None:
    out = io.StringIO()
    csv.writer(out).writerows(EXPORTS[kind])
    (tmp_path / "shop.csv").write_text(out.getvalue(), encoding="utf-8")
    (tmp_path / "t").mkdir()
    reading = open_catalog([tmp_path / "shop.csv"], Asked(currency="EUR" if kind != "taobao" else "CNY", pictures="https://s.example/"))
    list(reading)
    assert reading.format == (kind if kind not in ("magento", "taobao") else "table")
    assert reading.account.products >= 1
    assert reading.account.balanced
