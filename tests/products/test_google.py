"""A Google Merchant feed: items, groups of items, and prices that say their currency."""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest

from localize.domain import Finding
from localize.products import google, tables
from localize.products.draft import Asked, Draft, Layout, Skipped

REAL = Path(__file__).parents[3] / "shared" / "testdata" / "catalogs" / "google_merchant_rss_317items.xml"
HEADER = (
    "id\ttitle\tdescription\tlink\timage link\tadditional image link\tprice\tsale price\tsale price effective date\tavailability\tbrand"
)
HEADER += "\tproduct type\titem group id\tcolor\tsize\tproduct highlight\tshipping.price\n"

Outcome = Layout | Draft | Finding | Skipped
Feed = Callable[..., list[Outcome]]


@pytest.fixture
def feed(tmp_path: Path) -> Feed:
    """Reads rows of |-separated cells as a feed of tabs."""

    def read(*rows: str, header: str = HEADER) -> list[Outcome]:
        text = header + "".join(row.replace("|", "\t") + "\n" for row in rows)
        (tmp_path / "feed.tsv").write_text(text, encoding="utf-8")
        return list(google.read(tables.load(tmp_path / "feed.tsv"), Asked()))

    return read


def drafts(outcomes: list[Outcome]) -> list[Draft]:
    return [o for o in outcomes if isinstance(o, Draft)]


def test_an_item_is_a_product_and_its_price_says_the_currency(feed: Feed) -> None:
    layout, mug = feed(
        "M1|Mug|Holds 350 ml|https://s.example/mug|https://s.example/1.jpg|https://s.example/w_3,h_4/2.jpg,https://s.example/3.jpg"
        "|290.00 THB|||out of stock|Baan|Home > Mugs||White|||40.00 THB"
    )
    assert isinstance(layout, Layout)
    assert layout.headers["images"] == "image link"
    assert isinstance(mug, Draft)
    assert mug.variants == []
    assert mug.cells == {
        "sku": "M1",
        "title": "Mug",
        "description": "Holds 350 ml",
        "link": "https://s.example/mug",
        "images": "https://s.example/1.jpg",
        "extra_images": "https://s.example/w_3,h_4/2.jpg\nhttps://s.example/3.jpg",
        "price": "290.00 THB",
        "brand": "Baan",
        "category": "Home > Mugs",
    }


def test_the_items_of_a_group_are_variants_that_differ_in_what_they_differ_in(feed: Feed) -> None:
    outcomes = feed(
        "T-S|Linen tee - S|||https://s.example/s.jpg||20.00 USD||||||tee|Sand|S||",
        "M1|Mug|||https://s.example/m.jpg||9.00 USD|||||||||",
        "T-M|Linen tee - M|||https://s.example/m2.jpg||25.00 USD||||||tee|Sand|M||",
    )
    mug, tee = drafts(outcomes)
    assert mug.cells["title"] == "Mug"
    assert (tee.row, tee.rows) == (2, 2)
    assert tee.cells["sku"] == "tee"
    assert tee.cells["title"] == "Linen tee"
    assert tee.cells["images"] == "https://s.example/s.jpg\nhttps://s.example/m2.jpg"
    assert [(v.cells["sku"], v.cells["price"], v.options) for v in tee.variants] == [
        ("T-S", "20.00 USD", {"Size": "S"}),
        ("T-M", "25.00 USD", {"Size": "M"}),
    ]


def test_titles_that_differ_in_more_than_the_option_leave_the_first_one(feed: Feed) -> None:
    (tee,) = drafts(
        feed("A|Tee with pocket|||x.jpg||1 USD||||||tee||S||", "B|Tee without sleeves|||x.jpg||1 USD||||||tee||M||"),
    )
    assert tee.cells["title"] == "Tee with pocket"


def test_a_group_is_joined_with_the_item_that_it_is_named_after(feed: Feed) -> None:
    (tee,) = drafts(feed("741|Tee|||x.jpg||1 USD|||||||||", "742|Tee|||x.jpg||2 USD||||||741||S||"))
    assert (tee.cells["sku"], tee.rows) == ("741", 2)


def test_two_items_of_one_id_that_are_no_group_stay_two(feed: Feed) -> None:
    assert [d.rows for d in drafts(feed("A|Mug|||x.jpg||1 USD|||||||||", "A|Cup|||x.jpg||1 USD|||||||||"))] == [1, 1]


def test_a_sale_price_counts_in_its_time(feed: Feed) -> None:
    day = timedelta(days=1)
    now, before, after = date.today(), date.today() - 9 * day, date.today() + 9 * day
    outcomes = feed(
        "A|A|||x.jpg||10.00 USD|8.00 USD||||||||||",
        f"B|B|||x.jpg||10.00 USD|8.00 USD|{before}T00:00+0700/{now}T23:59+0700|||||||||",
        f"C|C|||x.jpg||10.00 USD|8.00 USD|{before}T00:00+0700/{now - day}T23:59+0700|||||||||",
        f"D|D|||x.jpg||10.00 USD|8.00 USD|{after}T00:00+0700/{after}T23:59+0700|||||||||",
        "E|E|||x.jpg||10.00 USD|0.00 USD||||||||||",
    )
    assert [(d.cells["price"], d.cells.get("was_price")) for d in drafts(outcomes)] == [
        ("8.00 USD", "10.00 USD"), ("8.00 USD", "10.00 USD"), ("10.00 USD", None), ("10.00 USD", None), ("10.00 USD", None),
    ]  # fmt: skip
    (finding,) = [o for o in outcomes if isinstance(o, Finding)]
    assert "2 sale prices do not hold today" in finding.message
    assert "(row 4, 5)" in finding.message


def test_what_was_escaped_twice_is_read_once_more(feed: Feed) -> None:
    (tee,) = drafts(
        feed(
            "A|Salt &amp;amp; pepper|&lt;p&gt;Fine &amp;amp; dry&lt;/p&gt;|https://s.example/?a=1&amp;b=2"
            "|https://s.example/?i=1&amp;w=9||1 USD||||||||||"
        )
    )
    assert tee.cells["title"] == "Salt & pepper"
    assert tee.cells["description"] == "<p>Fine &amp; dry</p>"
    assert tee.cells["link"] == "https://s.example/?a=1&b=2"
    assert tee.cells["images"] == "https://s.example/?i=1&w=9"


def test_highlights_are_features(feed: Feed) -> None:
    header = "g:id,g:title,g:price,g:image_link,g:availability,g:product_highlight,g:product_highlight,g:google_product_category\n"
    (tee,) = drafts(feed("A,Tee,9 USD,x.jpg,in_stock,Cool in summer,Dries in an hour,1604", header=header))
    assert tee.cells["features"] == "Cool in summer\nDries in an hour"
    assert "category" not in tee.cells


def test_no_row_is_lost(feed: Feed) -> None:
    outcomes = feed("A|A|||x.jpg||1 USD|||||||||", "|No id|||x.jpg||1 USD|||||||||", "", "C|C|||x.jpg||1 USD||||||||||||too|many")
    assert [(d.row, d.rows, bool(d.trouble)) for d in drafts(outcomes)] == [(2, 1, False), (3, 1, False), (5, 1, True)]


def test_other_tables_are_not_taken_for_a_feed(tmp_path: Path) -> None:
    for header in ("id,title,price", "id,title,price,image", "sku,title,price,image_link,brand"):
        (tmp_path / "other.csv").write_text(header + "\n1,2,3\n", encoding="utf-8")
        assert not any(map(google.recognises, tables.load(tmp_path / "other.csv"))), header


ATOM = """<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom" xmlns:g="http://base.google.com/ns/1.0">
<title>Baan</title>
{}
</feed>"""
ENTRY = """<entry><g:id>{0}</g:id><g:title>Linen tee, {1}</g:title><g:description>Cool &amp;amp; light</g:description>
<g:link>https://s.example/tee</g:link><g:image_link>https://s.example/{1}.jpg</g:image_link><g:price>20.00 USD</g:price>
<g:additional_image_link>https://s.example/a.jpg</g:additional_image_link><g:additional_image_link>https://s.example/b.jpg</g:additional_image_link>
<g:shipping><g:country>TH</g:country><g:price>4.00 USD</g:price></g:shipping>
<g:availability>in_stock</g:availability><g:item_group_id>tee</g:item_group_id><g:size>{1}</g:size></entry>"""


def test_an_atom_feed(tmp_path: Path) -> None:
    path = tmp_path / "feed.xml"
    path.write_text(ATOM.format(ENTRY.format("T-S", "S") + ENTRY.format("T-M", "M")), encoding="utf-8")
    (tee,) = drafts(list(google.read(tables.load(path), Asked())))
    assert tee.rows == 2
    assert tee.cells["title"] == "Linen tee"
    assert tee.cells["description"] == "Cool & light"
    assert tee.cells["extra_images"] == "https://s.example/a.jpg\nhttps://s.example/b.jpg"
    assert [(v.cells["price"], v.options) for v in tee.variants] == [("20.00 USD", {"Size": "S"}), ("20.00 USD", {"Size": "M"})]


@pytest.mark.skipif(not REAL.is_file(), reason="needs ../shared/testdata")
def test_a_real_feed() -> None:
    outcomes = list(google.read(tables.load(REAL), Asked()))
    found = drafts(outcomes)
    assert len(found) == 73
    assert sum(d.rows for d in found) == 317
    assert not [o for o in outcomes if isinstance(o, Skipped)]
    hoodie = found[0]
    assert hoodie.cells["title"] == "Human Beings - Black Hoodie"
    assert [v.options for v in hoodie.variants] == [{"Size": size} for size in ("S", "M", "L", "XL", "2XL")]
    assert {v.cells["price"] for v in hoodie.variants} == {"75.00 USD"}
