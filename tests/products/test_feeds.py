"""Product feeds in XML: one row an item, whatever the items are called."""

from pathlib import Path

import pytest

from localize.errors import UserError
from localize.products import tables
from localize.products.tables import Row, Table, feeds

REAL = Path(__file__).parents[3] / "shared" / "testdata" / "catalogs"
GOOGLE = '<rss version="2.0" xmlns:g="http://base.google.com/ns/1.0"><channel><title>Shop</title><link>https://s.example</link>{}</channel></rss>'


def feed(path: Path, content: str | bytes) -> Table:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    (table,) = tables.load(path)
    return table


def items(path: Path, content: str | bytes) -> list[dict[str, str]]:
    """The cells that are not empty, by their column's name."""
    names, *rows = feed(path, content).rows()
    assert names.number == 0
    assert [r.number for r in rows] == [*range(1, len(rows) + 1)]
    return [{n: c for n, c in zip(names.cells, r.cells, strict=True) if c} for r in rows]


def test_a_google_merchant_feed(tmp_path: Path) -> None:
    one = """<item><g:id>1</g:id><title>Mug</title><g:price>390.00 THB</g:price><g:image_link>https://s.example/1.jpg</g:image_link>
      <g:additional_image_link>a.jpg</g:additional_image_link><g:additional_image_link>b.jpg</g:additional_image_link>
      <g:shipping><g:country>TH</g:country><g:price>30 THB</g:price></g:shipping>
      <description>&lt;p&gt;Holds &amp;lt; 1 l</description></item>"""
    assert items(tmp_path / "feed.xml", GOOGLE.format(one + "<item><g:id>2</g:id><g:late>x</g:late></item>")) == [
        {
            "id": "1", "title": "Mug", "price": "390.00 THB", "image_link": "https://s.example/1.jpg",
            "additional_image_link": "a.jpg\nb.jpg", "shipping.country": "TH", "shipping.price": "30 THB",
            "description": "<p>Holds &lt; 1 l",
        },
        {"id": "2", "late": "x"},
    ]  # fmt: skip


@pytest.mark.parametrize("prefix", ["g", "ns0"])
def test_where_an_item_has_a_name_twice_google_s_counts_and_the_other_is_kept(tmp_path: Path, prefix: str) -> None:
    item = "<item><title>Mug</title><g:title>Red mug</g:title><link>x</link><g:link>x</g:link></item>"
    content = GOOGLE.format(item).replace("g:", f"{prefix}:").replace("xmlns:g=", f"xmlns:{prefix}=")
    assert items(tmp_path / "feed.xml", content) == [{"title": "Red mug", "title.other": "Mug", "link": "x"}]


def test_an_atom_feed(tmp_path: Path) -> None:
    content = """<feed xmlns="http://www.w3.org/2005/Atom"><title>Shop</title><link rel="self" href="https://s.example/feed"/><entry>
      <title>Mug</title><link rel="alternate" type="text/html" href="https://s.example/1"/><link rel="enclosure" href="1.jpg"/>
      <content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>A <b>mug</b><br/>for tea</p></div></content></entry></feed>"""
    assert items(tmp_path / "feed", content) == [
        {
            "title": "Mug", "link": "https://s.example/1", "link.enclosure": "1.jpg", "content.type": "xhtml",
            "content": "<div><p>A <b>mug</b><br>for tea</p></div>",
        }
    ]  # fmt: skip


def test_a_yml_feed_in_its_own_encoding(tmp_path: Path) -> None:
    content = """<?xml version="1.0" encoding="windows-1251"?><yml_catalog><shop><currencies><currency id="RUR" rate="1"/>
      <currency id="USD" rate="2"/></currencies><categories><category id="1">Чашки</category><category id="2" parentId="1">Кружки</category>
      </categories><offers><offer id="12" available="true"><name>Кружка</name><price>10</price><picture>a</picture><picture>b</picture>
      <param name="Цвет">Красный</param><param name="Объем" unit="мл">300</param></offer></offers></shop></yml_catalog>"""
    assert items(tmp_path / "feed.xml", content.encode("cp1251")) == [
        {
            "id": "12", "available": "true", "name": "Кружка", "price": "10", "picture": "a\nb",
            "param": "Цвет: Красный\nОбъем: 300 мл",
        }
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "first"),
    [
        ('<products><product sku="1" title="Mug"/><product sku="2" title="Lamp"/></products>', {"sku": "1", "title": "Mug"}),
        ("<product><sku>1</sku><title>Mug</title></product>", {"sku": "1", "title": "Mug"}),
        ('<x><product><price unit="THB">9</price><image url="a"/></product></x>', {"price": "9", "price.unit": "THB", "image": "a"}),
        (
            "<catalog><groups><group><id>1</id><name>Cups</name></group><group><id>2</id><name>Pots</name></group></groups>"
            "<things><thing><sku>1</sku><name>Mug</name><price>9</price></thing><thing><sku>2</sku><name>Pot</name><price>8</price></thing>"
            "</things></catalog>",
            {"sku": "1", "name": "Mug", "price": "9"},
        ),
        (
            "<products><product><sku>1</sku><variants><variant><size>S</size><sku>1-S</sku></variant><variant><size>M</size><sku>1-M</sku>"
            "</variant></variants></product></products>",
            {"sku": "1", "variants.variant.size": "S\nM", "variants.variant.sku": "1-S\n1-M"},
        ),
    ],
)  # fmt: skip
def test_any_xml_that_repeats_an_element_a_product(tmp_path: Path, content: str, first: dict[str, str]) -> None:
    assert items(tmp_path / "shop.xml", content)[0] == first


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "GB2312"])
def test_the_encoding_is_the_one_of_the_bytes(tmp_path: Path, encoding: str) -> None:
    content = '<?xml version="1.0" encoding="GB2312"?><rss><channel><item><id>1</id><title>保温杯</title></item></channel></rss>'
    assert items(tmp_path / "feed.xml", content.encode(encoding)) == [{"id": "1", "title": "保温杯"}]


def test_what_no_xml_may_hold_is_read_as_it_is_meant(tmp_path: Path) -> None:
    item = "<item><id>1</id><link>https://s.example/?a=1&b=2</link><t>A&nbsp;B &lt; \x0b<![CDATA[x?a=1&b=2]]></t></item>"
    content = GOOGLE.format(item + "<item><id>2</id></item>" * 20_000)
    assert items(tmp_path / "feed.xml", content)[0] == {"id": "1", "link": "https://s.example/?a=1&b=2", "t": "A\xa0B < x?a=1&b=2"}
    assert feed(tmp_path / "feed.xml", content).notes[0].startswith("The file is not sound XML (not well-formed (invalid token): line 1")


def test_a_feed_that_breaks_off_says_where(tmp_path: Path) -> None:
    content = GOOGLE.format("<item><id>1</id><t>Mug</t></item>\n<item><id>2</id><t>La")
    names, mug, rest = feed(tmp_path / "feed.xml", content[: content.index("La") + 2]).rows()
    assert (names.cells, mug.cells) == (("id", "t"), ("1", "Mug"))
    assert (rest.number, rest.cells) == (2, ())
    assert rest.trouble.startswith("from here on the XML is broken (")
    assert "line 2" in rest.trouble


@pytest.mark.parametrize(
    ("content", "way_out"),
    [
        ("<urlset><url><loc>https://s.example</loc></url></urlset>", "is XML without a list of products: export"),
        ("<rss><channel><title>no items", "is not sound XML"),
        ('<?xml version="1.0"?><!-- x --><!DOCTYPE r [<!ENTITY a "b">]><r><item><a>1</a><b>2</b></item></r>', "has a DOCTYPE with"),
        ("<rss><channel><item>" + "<c>" * 100 + "</c>" * 100 + "<b/></item></channel></rss>", "has elements 64 deep in each other"),
        ("<x><item>" + "".join(f"<n{n}>1</n{n}>" for n in range(1100)) + "</item></x>", "has more than 1024 different fields"),
    ],
)
def test_what_is_no_feed_says_what_to_do(tmp_path: Path, content: str, way_out: str) -> None:
    with pytest.raises(UserError, match=rf"feed\.xml {way_out}"):
        feed(tmp_path / "feed.xml", content)


def test_an_item_is_cut_from_memory_when_it_is_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = GOOGLE.format("".join(f"<item><id>{n}</id><t>{'x' * 90}</t></item>" for n in range(2_000)))
    monkeypatch.setattr(feeds, "_MAX_ITEM", 1_000)  # what all the items hold together is far more
    assert len(items(tmp_path / "feed.xml", content)) == 2_000
    monkeypatch.setattr(feeds, "_MAX_ITEM", 50)
    with pytest.raises(UserError, match="has an item of more than"):
        feed(tmp_path / "feed.xml", content)


@pytest.mark.skipif(not REAL.is_dir(), reason="the shared real catalogs are not on this machine")
def test_a_real_feed() -> None:
    (table,) = tables.load(REAL / "google_merchant_rss_317items.xml")
    names, *rows = table.rows()
    assert {"id", "title", "description", "link", "image_link", "price", "item_group_id"} <= {*names.cells}
    assert len(rows) == 317
    assert all(isinstance(r, Row) and r.cells[names.cells.index("price")] for r in rows)


def test_a_doctype_without_declarations_is_not_followed(tmp_path: Path) -> None:
    content = '<?xml version="1.0"?><!DOCTYPE r SYSTEM "http://127.0.0.1:9/r.dtd"><r><item><id>1</id><t>A</t></item></r>'
    assert items(tmp_path / "feed.xml", content) == [{"id": "1", "t": "A"}]


YML = """<?xml version="1.0" encoding="UTF-8"?><!DOCTYPE yml_catalog SYSTEM "shops.dtd"><yml_catalog date="2026-01-01"><shop>
<currencies><currency id="RUR" rate="1"/></currencies>
<categories><category id="1">Дом</category><category id="7" parentId="1">Чашки &amp; кружки</category></categories>
<offers>{}</offers></shop></yml_catalog>"""


def test_yml_offers_have_titles_categories_and_currencies(tmp_path: Path) -> None:
    made = '<offer id="3" type="vendor.model"><price>90</price><currencyId>RUR</currencyId><categoryId>7</categoryId>'
    made += "<typePrefix>Кружка</typePrefix><vendor>Baan</vendor><model>M1</model></offer>"
    named = '<offer id="4"><name>Ваза</name><model>V9</model><price>50</price><categoryId>99</categoryId></offer>'
    mug, vase = items(tmp_path / "feed.xml", YML.format(made + named))
    assert (mug["name"], mug["category"], mug["currency"], mug["price"]) == ("Кружка Baan M1", "Чашки & кружки", "RUB", "90")
    assert (vase["name"], vase.get("category", "")) == ("Ваза", "")
