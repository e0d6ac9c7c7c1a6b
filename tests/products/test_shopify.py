"""A Shopify export: which rows are one product, what its variants and pictures are, and what is not for sale."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from localize import products
from localize.domain import Finding
from localize.products import shopify, tables
from localize.products.draft import Asked, Draft, Layout, Skipped
from localize.products.tables import Row, Table

REAL = Path(__file__).parents[3] / "shared" / "testdata" / "catalogs"
HEADER = (
    "Handle,Title,Body (HTML),Vendor,Type,Published,Option1 Name,Option1 Value,Option2 Name,Option2 Value,Variant SKU,"
    "Variant Price,Variant Compare At Price,Variant Requires Shipping,Image Src,Image Position,Gift Card,Variant Image,Status\n"
)

Outcome = Layout | Draft | Finding | Skipped
Shop = Callable[..., list[Outcome]]


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """Reads the rows under Shopify's header."""

    def read(rows: str, header: str = HEADER) -> list[Outcome]:
        (tmp_path / "shop.csv").write_text(header + rows, encoding="utf-8")
        return list(shopify.read(tables.load(tmp_path / "shop.csv"), Asked()))

    return read


def drafts(outcomes: list[Outcome]) -> list[Draft]:
    return [o for o in outcomes if isinstance(o, Draft)]


def skipped(outcomes: list[Outcome]) -> dict[int, str]:
    return {o.row: o.reason for o in outcomes if isinstance(o, Skipped)}


def said(outcomes: list[Outcome]) -> list[str]:
    return [o.message for o in outcomes if isinstance(o, Finding)]


def test_the_rows_of_a_handle_are_one_product_with_its_variants_and_pictures(shop: Shop) -> None:
    layout, tee = shop(
        "tee,Linen tee,<p>Cool</p>,Baan,Tops,true,Size,S,Colour,Sand,TEE-S,39.90,49.90,true,https://s.example/2.jpg,2,false,,active\n"
        "tee,,,,,,,M,,Sand,TEE-M,42.00,0.00,true,https://s.example/1.jpg,1,,https://s.example/m.jpg,\n"
        "tee,,,,,,,,,,,,,,https://s.example/3.jpg,3,,,\n"
    )
    assert isinstance(layout, Layout)
    assert layout.headers["price"] == "Variant Price"
    assert layout.headers["sku"] == "Handle"
    assert isinstance(tee, Draft)
    assert (tee.row, tee.rows, tee.trouble) == (2, 3, "")
    assert tee.cells == {
        "sku": "tee",
        "title": "Linen tee",
        "description": "<p>Cool</p>",
        "brand": "Baan",
        "category": "Tops",
        "images": "https://s.example/1.jpg\nhttps://s.example/2.jpg\nhttps://s.example/3.jpg",
    }
    small, medium = tee.variants
    assert small.options == {"Size": "S", "Colour": "Sand"}
    assert small.cells == {"sku": "TEE-S", "price": "39.90", "was_price": "49.90"}
    assert medium.row == 3
    assert medium.options == {"Size": "M", "Colour": "Sand"}
    assert medium.cells == {"sku": "TEE-M", "price": "42.00", "images": "https://s.example/m.jpg"}


def test_a_product_that_comes_in_one_way_has_its_price_itself(shop: Shop) -> None:
    (lamp,) = drafts(shop("lamp,Lamp,,,,true,Title,Default Title,,,L-1,89.00,,true,https://s.example/l.jpg,1,,,active\n"))
    assert lamp.variants == []
    assert lamp.cells["price"] == "89.00"
    assert "was_price" not in lamp.cells
    assert lamp.cells["sku"] == "lamp"


def test_the_template_of_2025_has_other_headers(shop: Shop) -> None:
    header = (
        "Title,URL handle,Description,Vendor,Product category,Type,Published on online store,Status,SKU,Option1 name,Option1 value,"
        "Price,Compare-at price,Product image URL,Image position,Variant image URL,Gift card,Price / International,Included / Asia\n"
    )
    layout, mug = shop(
        "Mug,mug,Holds 350 ml,Baan,Home & Garden > Kitchen,Mugs,TRUE,Active,MUG-W,Colour,White,290,390,https://s.example/a.jpg,1,,FALSE,9,\n"
        ",mug,,,,,,,MUG-B,,Black,310,,https://s.example/b.jpg,2,https://s.example/b.jpg,,11,\n",
        header,
    )
    assert isinstance(layout, Layout)
    assert layout.headers["description"] == "Description"
    assert isinstance(mug, Draft)
    assert mug.cells["category"] == "Home & Garden > Kitchen"
    assert [v.cells["price"] for v in mug.variants] == ["290", "310"]
    assert [v.options for v in mug.variants] == [{"Colour": "White"}, {"Colour": "Black"}]


def test_rows_of_a_handle_that_lie_apart_are_joined(shop: Shop) -> None:
    """A file sorted by price or SKU has a product's rows here and there."""
    outcomes = shop(
        "tee,,,,,,,S,,,T-S,10,,,,,,,\n"
        "mug,Mug,,,,true,Title,Default Title,,,M,20,,,,,,,active\n"
        "tee,Tee,,,,true,Size,M,,,T-M,30,,,,,,,active\n"
        "cap,Cap,,,,true,Title,Default Title,,,C,35,,,,,,,active\n"
        "tee,,,,,,,L,,,T-L,40,,,,,,,\n"
    )
    assert [(d.row, d.rows, d.cells["title"]) for d in drafts(outcomes)] == [(3, 1, "Mug"), (5, 1, "Cap"), (2, 3, "Tee")]
    assert [v.options for v in drafts(outcomes)[2].variants] == [{"Size": "S"}, {"Size": "M"}, {"Size": "L"}]


def test_consecutive_rows_are_read_as_they_come() -> None:
    """A million rows are not kept: after the first product only as many rows as it has were asked for."""
    asked = 0

    def rows() -> Iterator[Row]:
        nonlocal asked
        yield Row(1, ("Handle", "Title", "Variant Price", "Option1 Name", "Option1 Value"))
        for n in range(2, 1002):
            asked = n
            yield Row(n, (f"p{n // 2}", f"Product {n // 2}" if n % 2 == 0 else "", "5", "Size", "SM"[n % 2]))

    stream = shopify.read([Table(Path("many.csv"), rows)], Asked())
    assert isinstance(next(stream), Layout)
    first = next(stream)
    assert isinstance(first, Draft)
    assert asked == 4  # both rows of the first product and the first of the next
    assert sum(1 for _ in stream) == 499


def test_drafts_archived_and_unpublished_products_and_gift_cards_are_skipped_with_their_rows(shop: Shop) -> None:
    outcomes = shop(
        "a,A,,,,true,Size,S,,,,1,,,,,,,draft\na,,,,,,,M,,,,1,,,,,,,\n"
        "b,B,,,,true,Title,Default Title,,,,2,,,,,,,archived\n"
        "c,C,,,,FALSE,Title,Default Title,,,,3,,,,,,,active\n"
        "d,D,,,,true,Denomination,10,,,,10,,,,,true,,active\n"
        "e,E,,,,true,Title,Default Title,,,,5,,,,,,,active\n"
    )
    assert [d.cells["title"] for d in drafts(outcomes)] == ["E"]
    assert [o.rows for o in outcomes if isinstance(o, Skipped)] == [2, 1, 1, 1]
    assert skipped(outcomes)[2] == "a draft in Shopify: set its Status to 'active' for a clip of it"
    assert "archived" in skipped(outcomes)[4]
    assert "set 'Published' to TRUE" in skipped(outcomes)[5]
    assert "gift card" in skipped(outcomes)[6]
    assert said(outcomes) == []


def test_an_export_of_nothing_but_drafts_is_read_with_a_word_about_it(shop: Shop) -> None:
    outcomes = shop("a,A,,,,false,Title,Default Title,,,,1,,,,,,,draft\nb,B,,,,true,Title,Default Title,,,,2,,,,,,,draft\n")
    assert [d.cells["title"] for d in drafts(outcomes)] == ["A", "B"]
    assert said(outcomes) == ["none of the 2 products is active and published in Shopify, so all of them were read"]


def test_a_fee_that_an_app_adds_to_the_cart_is_no_product(shop: Shop) -> None:
    outcomes = shop(
        "cover,Shipping cover,,,,true,Title,0.98,,,COVER,0.98,,false,,,,,active\n"
        "cover,,,,,,,1.15,,,COVER,1.15,,false,,,,,\ncover,,,,,,,1.25,,,COVER,1.25,,false,,,,,\n"
        "book,E-book,,,,true,Title,Default Title,,,,9,,false,,,,,active\n"
    )
    assert "a fee" in skipped(outcomes)[2]
    assert [d.cells["title"] for d in drafts(outcomes)] == ["E-book"]


def test_rows_without_a_handle_go_on_with_the_product_above_or_are_one_by_their_title(shop: Shop) -> None:
    tee, mug = drafts(shop("tee,Tee,,,,true,Size,S,,,,1,,,,,,,active\n,,,,,,,M,,,,2,,,,,,,\n,Mug,,,,true,,,,,,3,,,,,,,active\n"))
    assert (tee.rows, len(tee.variants)) == (2, 2)
    assert mug.cells == {"sku": "", "title": "Mug", "price": "3"}


def test_no_row_is_lost(shop: Shop) -> None:
    """No title anywhere, a note below the table, a header in the middle, a comma without quotation marks, blank rows."""
    outcomes = shop(
        "tee,,,,,,Size,S,,,,1,,,,,,,\ntee,,,,,,,M,,,,2,,,,,,,\n"
        ",,,,,,,,,,,,,,,,,,\n"
        "Note: columns in red are required,,,,,,,,,,,,,,,,,,\n" + HEADER + "mug,Mug,Warm, and big,,,true,,,,,,3,,,,,,,active\n"
    )
    assert sum(o.rows for o in outcomes if isinstance(o, (Draft, Skipped))) == 5
    nameless, broken = drafts(outcomes)
    assert nameless.cells["title"] == ""
    assert "the row has 20 cells, the header 19" in broken.trouble
    assert skipped(outcomes) == {5: "a handle and nothing else: no title, price or picture", 6: "the header again"}


def test_padded_cells_are_read_without_the_padding(shop: Shop) -> None:
    header = "Handle  ,Title   ,Option1 Name,Option1 Value  ,Variant Price,Status  \n"
    (mug,) = drafts(shop("mug     ,Mug     ,Title       ,Default Title  ,4.00         ,active  \n", header))
    assert mug.cells == {"sku": "mug", "title": "Mug", "price": "4.00"}


def test_crossreels_own_columns_may_be_added_to_an_export(shop: Shop) -> None:
    """Such as the currency, which no Shopify export tells."""
    header = "Handle,Title,Option1 Name,Option1 Value,Variant Price,Currency,Title_th,Proof\n"
    (mug,) = drafts(shop("mug,Mug,Title,Default Title,290,THB,แก้ว,1200 sold\n", header))
    assert mug.cells == {"sku": "mug", "title": "Mug", "price": "290", "currency": "THB", "title_th": "แก้ว", "proof": "1200 sold"}


METAFIELDS = (
    "Handle,Title,Option1 Name,Option1 Value,Variant Price,Material (product.metafields.custom.material),"
    "Benefits (product.metafields.custom.benefits),Care (product.metafields.custom.care_guide),"
    "Related (product.metafields.custom.related),Rating count (product.metafields.reviews.rating_count),"
    "Color (product.metafields.shopify.color-pattern),Age group (product.metafields.shopify.age-group)\n"
)


def test_metafields_that_say_something_become_features(shop: Shop) -> None:
    (tee,) = drafts(
        shop(
            'tee,Tee,Size,S,9,"[""linen"",""cotton""]","• Cool in summer\n• Dries in an hour",'
            "gid://shopify/Page/77,blue-shirt-2; red-shirt,12,sea-green; white,adults\n",
            METAFIELDS,
        )
    )
    assert tee.cells["features"].split("\n") == [
        "Material: linen, cotton", "Cool in summer", "Dries in an hour", "Color: sea green, white",
    ]  # fmt: skip


def test_shopifys_own_metafields_of_a_shop_in_another_language_are_slugs_without_its_letters(shop: Shop) -> None:
    header = METAFIELDS.replace("Color (", "Färg (")
    (tee,) = drafts(shop("tee,Tröja,Storlek,S,9,linne,,,,,bla,vuxna\n", header))
    assert tee.cells["features"] == "Material: linne"


def test_one_fact_alone_does_not_take_the_place_of_the_description(shop: Shop) -> None:
    header = "Handle,Title,Body (HTML),Option1 Name,Variant Price,Flavor (product.metafields.shopify.flavor)\n"
    (pie,) = drafts(shop("pie,Pie,<p>Baked this morning.</p>,Title,4,apple; cinnamon\n", header))
    assert "features" not in pie.cells


def test_other_tables_are_not_taken_for_shopifys(tmp_path: Path) -> None:
    for header in ("sku,title,price", "Handle,Name,Price", "Product Handle;Product Title;Variant SKU", "handle,title,price"):
        (tmp_path / "other.csv").write_text(header + "\n1,2,3\n", encoding="utf-8")
        assert not any(map(shopify.recognises, tables.load(tmp_path / "other.csv"))), header


@pytest.mark.skipif(not REAL.is_dir(), reason="needs ../shared/testdata")
@pytest.mark.parametrize(
    ("file", "rows", "products", "variants", "left_out"),
    [
        ("shopify_official_apparel.csv", 22, 20, 3, 0),
        ("shopify_official_jewelery.csv", 41, 20, None, 0),
        ("shopify_official_home_and_garden.csv", 21, 20, 2, 0),
        ("shopify_packt_product_data.csv", 21, 20, None, 0),
        ("shopify_padded_export.csv", 24, 24, 0, 0),
        ("shopify_real_hair_store_export.csv", 565, 81, None, 86),
        ("shopify_real_velofant_se_export.csv", 48, 12, None, 2),
    ],
)
def test_real_exports(file: str, rows: int, products: int, variants: int | None, left_out: int) -> None:
    outcomes = list(shopify.read(tables.load(REAL / file), Asked()))
    found = drafts(outcomes)
    assert len(found) == products
    assert sum(o.rows for o in outcomes if isinstance(o, Skipped)) == left_out
    assert sum(d.rows for d in found) == rows - left_out
    assert all(d.cells["title"] and d.cells["images"] for d in found)
    assert all(d.cells.get("price") or all(v.cells.get("price") for v in d.variants) for d in found)
    if variants is not None:
        assert sum(len(d.variants) for d in found) == variants


def test_a_metafield_with_a_list_is_a_list_of_points_and_a_size_table_is_none(shop: Shop) -> None:
    care = "Care (product.metafields.custom.care),Size chart (product.metafields.custom.sizes)"
    cells = '"\'- 100% cotton &amp; linen\n- Wash at 30\n\nOrigin","Size chart\n\tChest (cm)\nS\t49.5"'
    (tee,) = drafts(shop(f"tee,Linen tee,,,,,,,,,,90,,,,,,,,{cells}\n", HEADER.strip() + f",{care}\n"))
    assert tee.cells["features"] == "100% cotton & linen\nWash at 30"


def test_the_inventory_export_is_no_catalog_and_says_which_export_is(shop: Shop) -> None:
    header = "Handle,Title,Option1 Name,Option1 Value,SKU,Location,Available,On hand\n"
    outcomes = shop("mug,Mug,Title,Default Title,M,Shop,1,1\ntee,Tee,Size,S,T,Shop,0,0\n", header)
    assert drafts(outcomes) == []
    (stock,) = (o for o in outcomes if isinstance(o, Skipped))
    assert (stock.row, stock.rows) == (2, 2)
    assert stock.reason.endswith("this is Shopify's inventory export; choose Products, then Export, instead")


def test_the_json_of_the_products(tmp_path: Path) -> None:
    variants = [
        {"title": "Sand", "option1": "Sand", "sku": "T-1", "price": "49.00", "compare_at_price": "59.00"},
        {"title": "Ink", "option1": "Ink", "sku": "T-2", "price": "39.00", "compare_at_price": None},
    ]
    tee = {"title": "Tee", "handle": "tee", "body_html": "<p>Soft.</p>", "product_type": "Tops", "variants": variants}
    more = {"options": [{"name": "Colour", "values": ["Sand", "Ink"]}], "images": [{"src": f"https://s.example/{n}.jpg"} for n in "123"]}
    mug = {"title": "Mug", "handle": "mug", "body_html": None, "product_type": "", "variants": [{"option1": "Default Title", "price": "9"}]}
    (tmp_path / "products.json").write_text(json.dumps({"products": [tee | more, mug | {"images": []}]}), encoding="utf-8")
    first, second = drafts(list(shopify.read(tables.load(tmp_path / "products.json"), Asked())))
    assert (first.row, first.rows, first.cells["category"]) == (1, 1, "Tops")
    assert first.cells["images"].split("\n") == [f"https://s.example/{n}.jpg" for n in "123"]
    assert [(v.cells["price"], v.cells.get("was_price"), v.options) for v in first.variants] == [
        ("49.00", "59.00", {"Colour": "Sand"}),
        ("39.00", None, {"Colour": "Ink"}),
    ]
    assert (second.cells["title"], second.cells["price"], second.rows) == ("Mug", "9", 1)


def test_a_value_with_a_part_that_is_none_is_kept_whole(tmp_path: Path) -> None:
    header = "Handle,Title,Variant Price,Density (product.metafields.custom.density),Shades (product.metafields.custom.shades)"
    (tmp_path / "shop.csv").write_text(f"{header}\nwig,Lace wig,90,250% Large; (23),deep red; blond\n", encoding="utf-8")
    (only,) = products.read(tmp_path / "shop.csv", currency="USD").products
    assert only.features == ("Density: 250% Large; (23)", "Shades: deep red, blond")
