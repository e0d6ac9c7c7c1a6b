"""Shopee's templates and exports: the products in them, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from localize.domain import Finding
from localize.products import shopee, tables
from localize.products.draft import Asked, Draft, Layout, Skipped
from localize.products.tables import Row, Table
from localize.products.values import Number

REAL = Path(__file__).parents[3] / "shared" / "testdata" / "catalogs"

TEMPLATE = (
    "ps_category|0|0", "ps_product_name|1|0", "ps_product_description|1|0", "ps_sku_parent_short|0|0",
    "et_title_variation_integration_no|0|0", "et_title_variation_1|0|0", "et_title_option_for_variation_1|0|0",
    "et_title_image_per_variation|0|3", "et_title_variation_2|0|0",
    "et_title_option_for_variation_2|0|0", "ps_price|1|1", "ps_stock|0|1", "ps_sku_short|0|0", "ps_item_cover_image|0|3",
    "ps_item_image_1|0|3", "channel_id.7000|0|0",
)  # fmt: skip
VERSION = ("basic", "0123456789abcdef0123456789abcdef", "0", "4711")
THAI = (
    "หมวดหมู่", "ชื่อสินค้า", "รายละเอียดสินค้า", "Parent SKU", "รหัสรวมตัวเลือก", "ชื่อตัวเลือก 1", "ตัวเลือก 1", "รูปตัวเลือก", "ชื่อตัวเลือก 2",
    "ตัวเลือก 2", "ราคา", "คลัง", "SKU", "ภาพปก", "ภาพ 1", "Standard Delivery",
)  # fmt: skip
MUST = tuple("จำเป็น" for _ in THAI)
HELP = tuple(f"โปรดกรอก {h} 1 ถึง 1000000 ตัวอักษร" for h in THAI)


def table(*rows: tuple[str, ...], sheet: str = "Sheet1", name: str = "shop.xlsx") -> Table:
    numbered = [Row(n, cells) for n, cells in enumerate(rows, 1)]
    return Table(Path(name), lambda: numbered, sheet)


def line(name: str = "", price: str = "", **cells: str) -> tuple[str, ...]:
    """A row of the template, by short names of its columns."""
    at = {
        "category": 0, "text": 2, "parent": 3, "no": 4, "name1": 5, "one": 6, "picture": 7, "name2": 8, "two": 9, "stock": 11, "sku": 12,
        "cover": 13, "image": 14,
    }  # fmt: skip
    row = [""] * len(TEMPLATE)
    row[1], row[10] = name, price
    for key, cell in cells.items():
        row[at[key]] = cell
    return tuple(row)


def read(*found: Table) -> tuple[list[Layout], list[Draft], list[Skipped], list[Finding]]:
    assert all(map(shopee.recognises, found))
    told = list(shopee.read(found, Asked()))
    seen = sum(not row.blank for t in found for row in t.rows())
    assert seen == sum(o.rows for o in told if isinstance(o, (Draft, Skipped))), "every row is accounted for"
    return tuple([o for o in told if isinstance(o, kind)] for kind in (Layout, Draft, Skipped, Finding))  # type: ignore[return-value]


def test_a_filled_template_gives_its_products_and_no_instructions() -> None:
    cup = {"text": "เก็บร้อน 12 ชั่วโมง", "parent": "B-1", "stock": "5", "cover": "https://x/a.jpg", "image": "https://x/b.jpg"}
    layouts, drafts, skips, _ = read(table(TEMPLATE, VERSION, THAI, MUST, HELP, line("กระบอกน้ำ", "390", **cup)))
    (draft,) = drafts
    assert (draft.row, draft.cells["sku"], draft.cells["title"], draft.cells["price"]) == (6, "B-1", "กระบอกน้ำ", "390")
    assert draft.cells["images"] == "https://x/a.jpg\nhttps://x/b.jpg"
    assert not draft.variants
    assert [(s.row, s.rows) for s in skips] == [(1, 5)]
    assert (layouts[0].currency, layouts[0].language, layouts[0].headers["price"]) == ("THB", "th", "ราคา")


@pytest.mark.parametrize("above", [(VERSION, THAI, MUST, HELP, HELP), (THAI, MUST), (VERSION, HELP[:3], THAI), (VERSION, THAI), ()])
def test_however_many_rows_stand_above_the_first_product_stays(above: tuple[tuple[str, ...], ...]) -> None:
    _, drafts, _, _ = read(table(TEMPLATE, *above, line("ถ้วย", "", cover="https://x/a.jpg"), line("จาน", "99")))
    assert [d.cells["title"] for d in drafts] == ["ถ้วย", "จาน"]


def test_a_product_with_a_name_alone_is_no_instruction() -> None:
    _, drafts, _, _ = read(table(TEMPLATE, VERSION, THAI, MUST, HELP, line("ถ้วย"), line("จาน", "ask us", stock="3")))
    assert [d.cells["title"] for d in drafts] == ["ถ้วย", "จาน"]


def test_rows_with_one_integration_number_are_one_product_wherever_they_stand() -> None:
    red = {"no": "7", "name1": "Color", "one": "Red", "picture": "https://x/red.jpg", "name2": "Size", "cover": "https://x/a.jpg"}
    _, drafts, _, _ = read(
        table(
            TEMPLATE,
            THAI,
            line("Shirt", "100", two="M", sku="S-1", **red),
            line("Cup", "50", cover="https://x/c.jpg"),
            line("Shirt", "120", two="L", sku="S-2", **red),
        )
    )
    shirt, cup = drafts
    assert (shirt.rows, shirt.cells["sku"], "price" in shirt.cells) == (2, "7", False)
    assert [(v.row, v.cells["sku"], v.cells["price"], v.options) for v in shirt.variants] == [
        (3, "S-1", "100", {"Color": "Red", "Size": "M"}),
        (5, "S-2", "120", {"Color": "Red", "Size": "L"}),
    ]
    assert shirt.variants[0].cells["images"] == "https://x/red.jpg"
    assert cup.cells["price"] == "50"


def test_without_a_number_rows_that_follow_each_other_under_one_name_are_one_product() -> None:
    _, drafts, _, _ = read(
        table(TEMPLATE, THAI, line("Shirt", "100", name1="Size", one="M"), line("", "100", one="L"), line("Shirt", "100", one="L"))
    )
    assert [(d.cells["title"], d.rows) for d in drafts] == [("Shirt", 2), ("Shirt", 1)], "a size twice starts anew"
    assert [v.options for v in drafts[0].variants] == [{"Size": "M"}, {"Size": "L"}]


def test_a_parent_sku_that_is_used_twice_is_no_products_own() -> None:
    _, drafts, _, _ = read(
        table(
            TEMPLATE, THAI, line("Cup", "5", parent="P", sku="C-1"), line("Mug", "5", parent="P", sku="M-1"), line("Jar", "5", parent="P")
        )
    )
    assert [d.cells["sku"] for d in drafts] == ["C-1", "M-1", ""]


def test_the_sheet_of_examples_never_gives_products() -> None:
    codes = (*TEMPLATE[:15], "channel_id_")
    sample = table(codes, ("basic",), THAI, MUST, line("Kaos", "30000", cover="<insert URL here>"), sheet="Upload sample")
    _, drafts, skips, findings = read(table(TEMPLATE, VERSION, THAI, MUST, HELP, sheet="Template"), sample)
    assert not drafts
    assert [(s.row, s.rows) for s in skips] == [(1, 5), (1, 4), (5, 1)]
    assert "example" in skips[2].reason
    assert "fill the rows below row 5" in findings[0].message
    assert "'Template'" in findings[0].message


def test_what_a_seller_types_over_the_examples_is_a_product() -> None:
    codes = (*TEMPLATE[:15], "channel_id_")
    _, drafts, _, _ = read(table(codes, THAI, line("Cup", "30", cover="https://x/a.jpg"), line("Kaos", "30000", cover="<insert URL here>")))
    assert [d.cells["title"] for d in drafts] == ["Cup"]


def test_a_left_placeholder_is_no_picture_but_the_product_stays() -> None:
    _, drafts, _, _ = read(table(TEMPLATE, THAI, line("Cup", "30", cover="<insert URL here>")))
    assert drafts[0].cells["images"] == ""


def test_headers_pasted_again_are_no_product() -> None:
    _, drafts, skips, _ = read(table(TEMPLATE, THAI, MUST, line("Cup", "30"), THAI, MUST, line("Jar", "40")))
    assert [d.cells["title"] for d in drafts] == ["Cup", "Jar"]
    assert skips[0].rows == 5


def test_categories_lose_their_number_and_brands_that_are_none() -> None:
    codes = (*TEMPLATE, "ps_brand")
    _, drafts, _, _ = read(
        table(
            codes,
            THAI,
            (*line("Cup", "30", category=Number("100306")), "NoBrand"),
            (*line("Jar", "30", category="100024 - Home/Jars"), "12345/Acme"),
        )
    )
    assert [(d.cells["category"], d.cells["brand"]) for d in drafts] == [("", ""), ("Home/Jars", "Acme")]


@pytest.mark.parametrize(
    ("codes", "image", "currency"),
    [
        ({"channel_id.2000": "", "ps_direct_listing_price.SG|1|0": ""}, "", "MYR"),  # SG's price is another column
        ({"channel_id_8003": ""}, "", "IDR"),
        ({}, "https://cf.shopee.co.th/file/abc", "THB"),
        ({}, "https://down-vn.img.susercontent.com/file/sg-11134201-abc", "VND"),
        ({}, "https://s-cf-tw.shopeesz.com/file/sg-11134201-abc", "TWD"),
        ({}, "https://cdn.example/file/ph-11134207-abc", "PHP"),
        ({}, "https://cdn.example/a.jpg", ""),
    ],
)
def test_the_currency_is_the_markets(codes: dict[str, str], image: str, currency: str) -> None:
    english = ("Category", "Product Name", "Description", "Price", "Cover image")
    layouts, _, _, _ = read(
        table(
            ("ps_category", "ps_product_name", "ps_product_description", "ps_price", "ps_item_cover_image", *codes),
            english,
            ("", "Cup", "A cup.", "9.90", image),
        )
    )
    assert layouts[0].currency == currency


def test_malay_headers_are_not_taken_for_indonesian_ones() -> None:
    codes = ("ps_category", "ps_product_name", "ps_product_description", "ps_price")
    malay = ("Kategori", "Nama Produk", "Penerangan Produk", "Harga")
    indonesian = ("Kategori", "Nama Produk", "Deskripsi Produk", "Harga")
    for labels, told in ((malay, ("", "")), (indonesian, ("IDR", "id"))):
        layouts, _, _, _ = read(table(codes, labels, ("", "Cawan", "", "9.90")))
        assert (layouts[0].currency, layouts[0].language) == told


# --- exports -------------------------------------------------------------------------------------------------------

SALES = table(
    ("et_title_product_id", "et_title_product_name", "et_title_variation_id", "et_title_variation_name", "et_title_parent_sku",
     "et_title_variation_sku", "et_title_variation_price", "et_title_variation_stock"),
    ("sales_info", "220408_floatingstock"),
    ("", "", "", "", "", "", "Giá của sản phẩm đắt nhất chia cho rẻ nhất: 5"),
    ("Mã Sản phẩm", "Tên Sản phẩm", "Mã Phân loại", "Tên phân loại", "SKU Sản phẩm", "SKU", "Giá", "Số lượng"),
    ("101", "Áo thun", "1", "Đỏ,M", "AO", "AO-1", "199000", "5"),
    ("101", "Áo thun", "2", "Xanh,M", "", "AO-2", "219000", "0"),
    ("102", "Ly sứ", "3", "", "", "", "50000", "9"),
    name="sales.xlsx",
)  # fmt: skip
MEDIA = table(
    ("et_title_product_id", "et_title_parent_sku", "et_title_product_name", "et_title_product_category", "ps_item_cover_image",
     "ps_item_image.1", "et_title_variation_1", "et_title_option_1_for_variation_1", "et_title_option_image_1_for_variation_1",
     "et_title_option_2_for_variation_1", "et_title_option_image_2_for_variation_1"),
    ("media_info", "0123456789abcdef0123456789abcdef", "0", "4711"),
    ("Mã Sản phẩm", "SKU Sản phẩm", "Tên Sản phẩm", "Ngành hàng", "Ảnh bìa"),
    ("101", "AO", "Áo thun", "100 - Thời trang/Áo", "https://down-vn.img.susercontent.com/file/a", "https://x/b", "Màu", "Đỏ", "https://x/do",
     "Xanh"),
    ("102", "", "Ly sứ", "", "https://down-vn.img.susercontent.com/file/c"),
    ("103", "", "Hết hàng", "", "https://down-vn.img.susercontent.com/file/d"),
    name="media.xlsx",
)  # fmt: skip
BASIC = table(
    ("et_title_product_id", "et_title_parent_sku", "et_title_product_name", "et_title_product_description", "et_title_reason"),
    ("basic_info", "0123456789abcdef0123456789abcdef", "0", "4711"),
    ("Mã Sản phẩm", "SKU Sản phẩm", "Tên Sản phẩm", "Mô tả", "Lý do"),
    ("101", "AO", "Áo thun", "Vải cotton."),
    name="basic.xlsx",
)  # fmt: skip


def test_exports_given_together_are_joined_by_the_products_id() -> None:
    layouts, drafts, _, findings = read(BASIC, MEDIA, SALES)
    shirt = next(d for d in drafts if d.cells["sku"] == "AO")
    assert (shirt.row, shirt.rows, shirt.cells["description"], shirt.cells["category"]) == (5, 4, "Vải cotton.", "Thời trang/Áo")
    assert shirt.cells["images"].split() == ["https://down-vn.img.susercontent.com/file/a", "https://x/b"]
    assert [(v.options, v.cells["price"], v.cells["images"]) for v in shirt.variants] == [
        ({"Màu": "Đỏ", "Variation": "M"}, "199000", "https://x/do"),
        ({"Màu": "Xanh", "Variation": "M"}, "219000", ""),
    ]
    cup = next(d for d in drafts if d.cells["sku"] == "102")
    assert cup.cells["price"] == "50000"
    assert not cup.variants
    gone = next(d for d in drafts if d.cells["sku"] == "103")
    assert "not in the sales_info export" in gone.trouble
    assert {(layout.table.path.name, layout.currency, layout.language) for layout in layouts} == {
        ("sales.xlsx", "VND", "vi"),
        ("media.xlsx", "VND", "vi"),
    }
    assert not findings


def test_a_sales_export_alone_says_where_the_pictures_are() -> None:
    _, drafts, _, findings = read(SALES)
    assert [d.trouble for d in drafts] == ["", ""]
    assert drafts[0].variants[0].options == {"Variation": "Đỏ,M"}
    assert "media_info" in findings[0].message


def test_exports_without_prices_say_which_one_is_missing() -> None:
    _, drafts, _, _ = read(MEDIA, BASIC)
    assert len(drafts) == 3
    assert all("sales_info" in d.trouble for d in drafts)


def test_a_row_without_an_id_is_rejected_not_lost() -> None:
    rows = [*SALES.rows(), Row(8, ("", "Không mã", "", "", "", "", "10000", "1"))]
    _, drafts, _, _ = read(Table(Path("sales.xlsx"), lambda: rows))
    assert "no Mã Sản phẩm" in drafts[-1].trouble


@pytest.mark.parametrize(
    "other",
    [
        ("sku", "title", "price"),
        ("product_name", "seller_sku", "price"),
        ("et_title_category_name", "et_title_category_id"),
        ("ps_price", "x"),
    ],
)
def test_other_tables_are_not_recognised(other: tuple[str, ...]) -> None:
    assert not shopee.recognises(table(other, ("1", "2", "3")))


# --- real files ----------------------------------------------------------------------------------------------------


def real(*names: str) -> list[Table]:
    if not REAL.is_dir():
        pytest.skip("the real catalogs are not on this machine")
    return [t for name in names for t in tables.load(REAL / name) if shopee.recognises(t)]


def test_a_real_shop_of_51_products_in_466_rows() -> None:
    layouts, drafts, _, _ = read(*real("shopee_real_filled_rajakoko_id.xlsx"))
    assert (len(drafts), sum(d.rows for d in drafts)) == (51, 466)
    assert layouts[0].currency == "IDR"
    assert len({d.cells["sku"] for d in drafts}) == 51
    first = drafts[0]
    assert (first.row, first.rows, first.cells["sku"]) == (6, 33, "KPM 001")
    assert {v.cells["price"] for v in first.variants} == {"97750"}
    assert len({tuple(v.options.items()) for v in first.variants}) == 33


def test_real_exports_together_are_30_products() -> None:
    names = [f"shopee_export_2026_sg_{part}_info.xlsx" for part in ("basic", "media", "sales")]
    layouts, drafts, _, findings = read(*real(*names))
    assert len(drafts) == 30
    assert not any(d.trouble for d in drafts)
    assert not findings
    assert all(d.cells["images"] and d.cells["description"] for d in drafts)
    assert layouts[0].currency == "SGD"


@pytest.mark.parametrize("name", ["shopee_official_mass_upload_template_2023_id.xlsx", "shopee_official_mass_upload_template_2026_sg.xlsx"])
def test_a_real_template_without_products_gives_none(name: str) -> None:
    _, drafts, _, findings = read(*real(name))
    assert not drafts
    assert "no products yet" in findings[0].message
