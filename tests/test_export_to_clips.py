"""A shop's own export becomes clips, with its pictures from the shop's server."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from localize import planning, stages
from localize.campaign import load
from localize.stages import Studio
from localize.store import LocalStore

SHOPIFY = """\
Handle,Title,Body (HTML),Vendor,Type,Option1 Name,Option1 Value,Variant SKU,Variant Price,Variant Compare At Price,Image Src,\
Image Position,Status
clay-mug,Clay Mug,"<p>Thrown by hand.</p><ul><li>Holds 350 ml</li><li>Safe in the dishwasher</li><li>Keeps tea warm</li></ul>",\
Corner,Kitchen,Size,Small,MUG-S,12.50,15.00,{server}/pictures/mug.jpg,1,active
clay-mug,,,,,,Large,MUG-L,16.00,,{server}/pictures/lamp.jpg,2,
sample,Sample,,Corner,,Title,Default Title,S-1,0.00,,,,draft
"""

CHINESE = """\
商品标题,价格,划线价,卖点,主图
【限时包邮】手工陶土马克杯🔥,￥59.00,￥79.00,容量350毫升|可用洗碗机清洗,{server}/pictures/mug.jpg
"""

CAMPAIGN = """\
name: shop
catalog: export.csv
{more}
channels: [{{name: tiktok, platform: tiktok}}]
fetch: {{allow_private: true}}
script: {{seconds: 15}}
"""


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("export", "more", "said", "price"),
    [
        (SHOPIFY, "currency: USD\nlanguages: [en]", ["Clay Mug", "from $12.50"], {"amount": "12.50", "currency": "USD"}),
        (CHINESE, "languages: [zh]", ["手工陶土马克杯", "¥59"], {"amount": "59.00", "currency": "CNY"}),
    ],
    ids=["shopify", "chinese"],
)
def test_an_export_becomes_clips(shop: Path, server: str, export: str, more: str, said: list[str], price: dict[str, str]) -> None:
    (shop / "export.csv").write_text(export.format(server=server), encoding="utf-8")
    (shop / "campaign.yaml").write_text(CAMPAIGN.format(more=more), encoding="utf-8")
    settings = load(shop / "campaign.yaml")
    (job,) = planning.plan(settings).jobs
    clip, _, reused = stages.make(Studio(settings, LocalStore(shop / "store")), job)
    assert not reused
    assert clip.blocked == ()
    sidecar = json.loads(Path(clip.sidecar).read_text(encoding="utf-8"))
    lines = " ".join(line["text"] for line in sidecar["lines"])
    for words in said:
        assert words in lines
    assert "包邮" not in lines
    assert sidecar["product"]["price"] == price
    assert "mug.jpg" in sidecar["product"]["images"]
