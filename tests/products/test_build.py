"""What becomes of a draft: prices of variants, codes, pictures, languages, and the account of a whole catalog."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import pytest

from localize import products
from localize.domain import Finding, Money, Product, Reject
from localize.errors import UserError
from localize.products import Asked, Skipped, unpacked
from localize.products.build import Builder
from localize.products.draft import Draft, Layout, Outcome, Variant
from localize.products.tables import Table


def built(drafts: Sequence[Draft], asked: Asked | None = None, folder: Path | None = None, **layout: object) -> list[Outcome]:
    """The outcomes of drafts as if they had been read from folder/shop.csv."""
    table = Table((folder or Path()) / "shop.csv", list)
    builder = Builder(asked or Asked(language="en", currency="THB"))
    found: list[Outcome] = list(builder.understand(Layout(table, **layout), drafts))  # type: ignore[arg-type]
    for draft in drafts:
        found += builder.outcomes(draft)
    return found


def product(*drafts: Draft, **layout: object) -> Product:
    """The one product of drafts."""
    (only,) = [o for o in built(drafts, **layout) if isinstance(o, Product)]  # type: ignore[arg-type]
    return only


def reject(*drafts: Draft, **layout: object) -> Reject:
    (only,) = [o for o in built(drafts, **layout) if isinstance(o, Reject)]  # type: ignore[arg-type]
    return only


def warnings(outcomes: Sequence[Outcome]) -> list[str]:
    return [o.message for o in outcomes if isinstance(o, Finding) and o.severity == "warn"]


def baht(amount: str) -> Money:
    return Money(amount=Decimal(amount), currency="THB")


SHIRT = {"sku": "SHIRT", "title": "Linen shirt"}


def test_variants_become_one_product_with_options_and_a_price_range() -> None:
    shirt = product(
        Draft(
            2,
            SHIRT,
            [
                Variant(2, {"price": "350", "was_price": "400"}, {"Size": "M", "Colour": "blue"}),
                Variant(3, {"price": "299", "was_price": "390"}, {"Size": "S", "Colour": "blue"}),
                Variant(4, {"price": "420"}, {"Size": "L", "Colour": "white"}),
            ],
            rows=3,
        )
    )
    assert (shirt.price, shirt.price_to, shirt.price_from) == (baht("299"), baht("420"), True)
    assert shirt.was_price == baht("390"), "the former price of the variant that costs 299"
    assert shirt.options == {"Size": ("M", "S", "L"), "Colour": ("blue", "white")}
    assert shirt.source
    assert (shirt.source.row, shirt.source.rows) == (2, 3)


def test_variants_of_one_price_are_no_range() -> None:
    shirt = product(Draft(2, SHIRT, [Variant(2, {"price": "350"}), Variant(3, {"price": "350"})]))
    assert (shirt.price, shirt.price_to, shirt.price_from) == (baht("350"), None, False)


def test_a_parent_row_of_price_0_has_its_variants_price() -> None:
    parent = Draft(2, SHIRT | {"price": "0"}, [Variant(3, {"price": "350"}), Variant(4, {"price": "360"})])
    assert product(parent).price == baht("350")


def test_a_variant_whose_price_cannot_be_read_is_left_out_and_told() -> None:
    draft = Draft(2, SHIRT, [Variant(2, {"price": "ask us"}), Variant(3, {"price": "299"})])
    outcomes = built([draft])
    (shirt,) = [o for o in outcomes if isinstance(o, Product)]
    assert shirt.price == baht("299")
    assert any("variant in row 2 was left out" in w for w in warnings(outcomes))


def test_a_was_price_of_0_is_none_and_no_news() -> None:
    outcomes = built([Draft(2, SHIRT | {"price": "299", "was_price": "0.00"})])
    assert [o.was_price for o in outcomes if isinstance(o, Product)] == [None]
    assert warnings(outcomes) == []


def test_a_range_that_the_row_states_itself() -> None:
    shirt = product(Draft(2, SHIRT | {"price": "299", "price_to": "420", "options": '{"Size": ["S", "M"]}'}))
    assert (shirt.price_to, shirt.price_from) == (baht("420"), True)
    assert shirt.options == {"Size": ("S", "M")}
    assert product(Draft(2, SHIRT | {"price": "299", "options": "Size: S, M | Colour: red"})).options == {
        "Size": ("S", "M"), "Colour": ("red",),
    }  # fmt: skip


def test_a_product_without_a_code_gets_the_shops_number_or_one_made_of_its_title() -> None:
    linked = product(Draft(2, {"title": "裙子", "price": "52.68", "link": "https://detail.tmall.com/item.htm?id=682205494178&ns=1"}))
    assert linked.sku == "682205494178"
    named = product(Draft(7, {"title": "Laptop Fujitsu", "price": "52"}))
    again = product(Draft(9, {"title": "Laptop Fujitsu", "price": "60"}))
    assert named.sku == again.sku, "the code stays while the title does, wherever the row stands"
    assert named.sku.startswith("p-")


def test_another_offer_of_the_same_title_has_a_code_of_its_own_and_a_repeat_is_a_reject() -> None:
    mouse = {"title": "Chuột không dây", "images": "https://cdn.example/1.jpg"}
    outcomes = built([Draft(2, mouse | {"price": "99"}), Draft(3, mouse | {"price": "120"}), Draft(4, mouse | {"price": "99"})])
    made = [o for o in outcomes if isinstance(o, Product)]
    assert len({p.sku for p in made}) == 2
    assert any("row 2 has the same title and no SKU tells the two apart" in w for w in warnings(outcomes))
    assert [o.reason for o in outcomes if isinstance(o, Reject)] == ["this is row 2 again: delete one of the two, or give them SKUs"]


def test_the_sign_of_yen_and_yuan_is_yuan_in_a_chinese_catalog() -> None:
    drafts = [Draft(n, {"sku": f"D{n}", "title": f"秋装新款连衣裙长袖方领碎花气质裙子{n}", "price": f"￥{n}99起"}) for n in range(2, 6)]
    made = [o for o in built(drafts, Asked()) if isinstance(o, Product)]
    assert {p.price.currency for p in made} == {"CNY"}
    assert all(p.price_from for p in made)


def test_what_only_says_the_title_again_is_no_feature_of_a_shops_export() -> None:
    text = "<ul><li>Linen shirt</li><li>Dries within an hour</li><li>Two deep pockets</li><li>Cut a little wider</li></ul>"
    assert product(Draft(2, SHIRT | {"price": "9", "description": text})).features == (
        "Dries within an hour", "Two deep pockets", "Cut a little wider",
    )  # fmt: skip


def test_crossreels_own_table_must_have_codes() -> None:
    assert "the SKU is empty" in reject(Draft(2, {"title": "Mug", "price": "9"}), strict_sku=True).reason


def test_slashes_in_a_shops_code_become_hyphens_but_paths_are_refused() -> None:
    outcomes = built([Draft(2, {"sku": "KPM 001/BLK", "title": "Koko", "price": "9"})])
    assert [o.sku for o in outcomes if isinstance(o, Product)] == ["KPM 001-BLK"]
    assert any("slashes became '-'" in w for w in warnings(outcomes))
    for code in ("../../etc/passwd", "/etc/passwd", "a/../b", "..", "\\\\host\\share"):
        refused = reject(Draft(2, {"sku": code, "title": "Koko", "price": "9"}))
        assert refused.column == "sku", code


def test_the_same_code_twice_is_a_reject_and_the_same_product_twice_a_warning() -> None:
    outcomes = built([Draft(n, {"sku": code, "title": "Koko", "price": "9"}) for n, code in ((2, "A"), (3, "A"), (4, "B"))])
    assert [o.row for o in outcomes if isinstance(o, Reject)] == [3]
    assert any("row 2 has the same title and price" in w for w in warnings(outcomes))


def test_texts_of_html_lose_their_tags_and_lists_become_features() -> None:
    body = "<p>Woven in <b>Hanoi</b>.</p><ul><li>Dries in an hour</li><li>Two pockets</li></ul>"
    shirt = product(Draft(2, SHIRT | {"price": "299", "description": body}))
    assert {"Dries in an hour", "Two pockets"} <= set(shirt.features)
    assert "<" not in shirt.description
    assert "Woven in Hanoi." in shirt.description


def test_features_are_an_extract_of_the_description_where_no_column_has_them() -> None:
    text = "The brim keeps its shape in the rain. Folds flat into any bag."
    hat = product(Draft(2, {"sku": "HAT", "title": "Hat", "price": "299", "description": text}))
    assert hat.features
    assert all(f.rstrip(".") in text for f in hat.features)


def test_a_row_in_another_script_has_its_own_language() -> None:
    thai = product(Draft(2, {"sku": "B1", "title": "กล่องน้องรัก ฝาชน", "price": "46"}))
    assert thai.language == "th"
    stated = product(Draft(2, {"sku": "B1", "title": "Box", "price": "46", "language": "en_US"}))
    assert stated.language == "en"


def test_a_row_of_other_words_than_the_catalogs_has_its_own_language() -> None:
    english = "A foldable bike lock that offers effective protection. The lock has bars of 5 mm that are made of steel."
    swedish = 'En oväxlad, lila damcykel från Nordstjerna, 26" med fotbroms. Nya däck och slangar.'
    rows = [Draft(n, {"sku": f"L{n}", "title": f"Bike lock {n}", "price": "9", "description": english}) for n in range(2, 6)]
    rows.append(Draft(6, {"sku": "S", "title": "Nordstjerna 26", "price": "9", "description": swedish}))
    found = built(rows, Asked(currency="SEK"))
    assert [o.language for o in found if isinstance(o, Product)] == ["en"] * 4 + ["sv"]
    found = built(rows, Asked(currency="SEK", language="en"))  # the campaign decides
    assert [o.language for o in found if isinstance(o, Product)] == ["en"] * 5


def test_a_catalog_of_one_short_title_is_english() -> None:
    (only,) = (
        o for o in built([Draft(2, {"sku": "B", "title": "Steel bottle", "price": "10"})], Asked(currency="USD")) if isinstance(o, Product)
    )
    assert only.language == "en"


def catalog(folder: Path, rows: Sequence[str]) -> list[str]:
    """The warnings about a table of sku, title, price and images."""
    (folder / "shop.csv").write_text("\n".join(["sku,title,price,images", *rows]) + "\n", encoding="utf-8")
    return [w.message for w in products.read(folder / "shop.csv", currency="THB", pictures=False).warnings]


THINGS = ("Steel bottle", "Desk lamp with a clip", "Running shoes", "Garden hose", "Wooden spoon", "Bluetooth speaker", "Yoga mat", "Socks")


def test_one_picture_for_many_unlike_products_is_told_once(tmp_path: Path) -> None:
    rows = [f"S{n},{THINGS[n % 8]} {n},90,https://x.example/{n % 2}.jpg" for n in range(80)]
    (warning,) = [w for w in catalog(tmp_path, rows) if "pictures for" in w]
    assert warning.startswith("2 pictures for 80 products: ")
    assert "such as rows 2 and 4" in warning
    alike = [f"S{n},Cotton shirt in colour {n},90,https://x.example/shirt.jpg" for n in range(80)]
    assert not catalog(tmp_path, alike)
    few = [f"S{n},{THINGS[n % 8]} {n},90,https://x.example/{n if n > 4 else 0}.jpg" for n in range(80)]
    assert not catalog(tmp_path, few)


def test_the_price_of_a_deposit_is_doubted(tmp_path: Path) -> None:
    rows = ["A,定制沙发（定金）,90,", "B,Sofa DEPOSIT only,90,", "C,Safe deposit box,90,", "D,免押金 充电宝,90,", "E,Sofa,90,"]
    told = [w for w in catalog(tmp_path, rows) if "deposit, not what buyers pay" in w]
    assert ["'定金'" in told[0], "'deposit'" in told[1], len(told)] == [True, True, 2]


def test_the_catalogs_language_and_currency_are_found_and_told() -> None:
    rows = [
        Draft(n, {"sku": f"B{n}", "title": f"Sepatu lari pria wanita ringan nyaman dipakai sehari-hari {n}", "price": f"Rp{n}75.000"})
        for n in range(2, 10)
    ]
    outcomes = built(rows, Asked())
    made = [o for o in outcomes if isinstance(o, Product)]
    assert {p.language for p in made} == {"id"}
    assert made[0].price == Money(amount=Decimal(275000), currency="IDR")
    told = " ".join(o.message for o in outcomes if isinstance(o, Finding))
    assert "Indonesian" in told


def test_what_the_platform_uses_is_weaker_than_what_the_seller_says() -> None:
    draft = Draft(2, {"sku": "D1", "title": "连衣裙", "price": "52.68"})
    (made,) = [o for o in built([draft], Asked(), currency="CNY") if isinstance(o, Product)]
    assert made.price.currency == "CNY"
    (made,) = [o for o in built([draft], Asked(currency="TWD"), currency="CNY") if isinstance(o, Product)]
    assert made.price.currency == "TWD"


def test_addresses_are_kept_and_files_are_found(tmp_path: Path) -> None:
    (tmp_path / "mug.png").write_bytes(b"x")
    images = "https://cdn.example/a.jpg|mug.png|gone.png"
    outcomes = built([Draft(2, {"sku": "M", "title": "Mug", "price": "9", "images": images})], folder=tmp_path)
    (mug,) = [o for o in outcomes if isinstance(o, Product)]
    assert mug.images == ("https://cdn.example/a.jpg", str(tmp_path / "mug.png"))
    assert any("there is no file 'gone.png'" in w for w in warnings(outcomes))


def test_pictures_of_variants_come_after_the_products_own() -> None:
    draft = Draft(
        2, {"sku": "M", "title": "Mug", "images": "https://cdn.example/1.jpg", "extra_images": "https://cdn.example/2.jpg"},
        [Variant(2, {"price": "9", "images": "https://cdn.example/3.jpg"}), Variant(3, {"price": "9", "images": "https://cdn.example/1.jpg"})],
    )  # fmt: skip
    assert [i[-5:] for i in product(draft).images] == ["1.jpg", "2.jpg", "3.jpg"]


def test_several_files_are_one_catalog_and_a_bad_one_is_a_reject(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("sku,title,price\nA,Mug,9\n", encoding="utf-8")
    (tmp_path / "b.csv").write_text("sku,title,price\nB,Lamp,90\nA,Mug again,9\n", encoding="utf-8")
    (tmp_path / "c.csv").write_bytes(b"%PDF-1.7 not a table")
    catalog = products.read(sorted(tmp_path.iterdir()), currency="THB")
    assert [p.sku for p in catalog.products] == ["A", "B"]
    assert [(r.file, r.sku) for r in catalog.rejects] == [("c.csv", ""), ("b.csv", "A")]
    assert "PDF" in catalog.rejects[0].reason


def test_the_account_counts_every_row(tmp_path: Path) -> None:
    text = "Our autumn list\n\nsku,title,price\nA,Mug,9\n\nB,Lamp,\nC,Lid,5\n"
    (tmp_path / "shop.csv").write_text(text, encoding="utf-8")
    reading = products.open_catalog([tmp_path / "shop.csv"], Asked(currency="THB"))
    outcomes = list(reading)
    account = reading.account
    assert (account.product_rows, account.reject_rows, account.skipped_rows, account.seen) == (2, 1, 1, 5)
    assert account.balanced
    assert [o.reason for o in outcomes if isinstance(o, Skipped)] == ["what stands above the header"]
    assert reading.format == "native"


def test_a_format_that_the_file_is_not_and_one_that_there_is_not(tmp_path: Path) -> None:
    (tmp_path / "shop.csv").write_text("colour,size\nred,M\n", encoding="utf-8")
    with pytest.raises(UserError, match="is not crossreel's own table"):
        products.open_catalog([tmp_path / "shop.csv"], Asked(format="native"))
    with pytest.raises(UserError, match="'shopfy' is no catalog format"):
        products.open_catalog([tmp_path / "shop.csv"], Asked(format="shopfy"))


def test_signs_against_the_campaigns_currency_are_told_where_other_prices_have_none() -> None:
    rows = [Draft(2, SHIRT | {"price": "Rp 59.000"}), Draft(3, {"sku": "HAT", "title": "Hat", "price": "59000"})]
    (told,) = warnings(built(rows, Asked(language="en", currency="MYR")))
    assert told.startswith("signs in the prices say IDR, and prices without one are read as MYR")
    assert not warnings(built(rows, Asked(language="en", currency="IDR")))
    assert not warnings(built(rows[:1], Asked(language="en", currency="MYR")))


def test_lazadas_pictures_of_singapore_tell_no_currency() -> None:
    # Every country's shops have pictures on that host.
    assert unpacked.platform("https://sg-live.slatic.net/p/1.jpg") is None
    assert unpacked.platform("https://my-live.slatic.net/p/1.jpg") == ("MYR", "ms")
