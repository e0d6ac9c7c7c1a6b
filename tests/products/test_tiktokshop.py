"""TikTok Shop's templates and exports: a row is a variant, and the template's own example is nobody's product."""

from __future__ import annotations

from pathlib import Path

import pytest

from localize.domain import Finding
from localize.products import tables, tiktokshop
from localize.products.draft import Asked, Draft, Layout, Skipped
from localize.products.tables import Row, Table

REAL = Path(__file__).parents[3] / "shared" / "testdata" / "catalogs"

# An upload template of 2023: what the variations are is said in the headers.
UPLOAD = (
    "category", "brand", "product_name", "product_description", "parcel_weight", "property_value_1", "property_1_image", "property_value_2",
    "price", "quantity", "seller_sku", "main_image", "image_2",
)  # fmt: skip
LABELS = (
    "Kategori", "Merek", "Nama Produk", "Deskripsi", "Berat paket(g)", "Variasi 1 (Warna)", "Gambar Variasi 1", "Variasi 2 (Ukuran)",
    "Harga Ritel (Mata Uang Lokal)", "Jumlah", "SKU Penjual", "Gambar Produk Utama", "Gambar Produk 2",
)  # fmt: skip
MUST = tuple("Wajib" for _ in UPLOAD)
HELP = tuple("Hanya angka positif yang diterima, paling banyak 100 karakter." for _ in UPLOAD)
ABOVE = (UPLOAD, ("V2", "create_product", "metric"), LABELS, MUST, HELP)
SHIRT = ("601226/Pakaian/Kaos", "7032166/Acme", "Kaos polos", "<p>Katun.</p>", "200")
PICTURES = ("https://x/a.jpg", "https://x/b.jpg")


def table(*rows: tuple[str, ...], sheet: str = "Template") -> Table:
    numbered = [Row(n, cells) for n, cells in enumerate(rows, 1)]
    return Table(Path("tiktok.xlsx"), lambda: numbered, sheet)


def read(*found: Table) -> tuple[list[Layout], list[Draft], list[Skipped], list[Finding]]:
    assert all(map(tiktokshop.recognises, found))
    told = list(tiktokshop.read(found, Asked()))
    seen = sum(not row.blank for t in found for row in t.rows())
    assert seen == sum(o.rows for o in told if isinstance(o, (Draft, Skipped))), "every row is accounted for"
    return tuple([o for o in told if isinstance(o, kind)] for kind in (Layout, Draft, Skipped, Finding))  # type: ignore[return-value]


def test_variants_of_one_name_are_one_product() -> None:
    layouts, drafts, skips, _ = read(
        table(
            *ABOVE,
            (*SHIRT, "Hitam", "https://x/hitam.jpg", "M", "99000", "5", "K-1", *PICTURES),
            ("1/Rumah", "", "Gelas", "", "300", "", "", "", "25000", "3", "G-1", "https://x/g.jpg"),
            (*SHIRT, "Putih", "https://x/putih.jpg", "L", "109000", "5", "K-2", *PICTURES),
        )
    )
    shirt, cup = drafts
    assert (shirt.row, shirt.rows, shirt.cells["title"], shirt.cells["sku"]) == (6, 2, "Kaos polos", "")
    assert (shirt.cells["brand"], shirt.cells["category"], shirt.cells["images"]) == ("Acme", "Pakaian/Kaos", "\n".join(PICTURES))
    assert [(v.row, v.cells["price"], v.options, v.cells["images"]) for v in shirt.variants] == [
        (6, "99000", {"Warna": "Hitam", "Ukuran": "M"}, "https://x/hitam.jpg"),
        (8, "109000", {"Warna": "Putih", "Ukuran": "L"}, "https://x/putih.jpg"),
    ]
    assert (cup.cells["sku"], cup.cells["price"], cup.variants) == ("G-1", "25000", [])
    assert [(s.row, s.rows) for s in skips] == [(1, 5)]
    assert (layouts[0].currency, layouts[0].language, layouts[0].headers["price"]) == ("IDR", "id", "Harga Ritel (Mata Uang Lokal)")
    assert "description" in layouts[0].html


def test_the_templates_own_product_and_the_sheet_of_examples_are_none() -> None:
    example = (
        *SHIRT,
        "Black",
        "https://seller-th.tiktok.com/product/",
        "L",
        "1200",
        "100",
        "69",
        "https://seller-th.tiktok.com/product/detail page1",
    )
    own = table(("Example", "Product Name"), ("One variation", "Coffee machine", "https://seller.tiktok.com/product/detail page1.jpg"))
    _, drafts, skips, findings = read(table(*ABOVE, example), own)
    assert not drafts
    assert {s.reason for s in skips} == {"headers and instructions of the template", "an example of the template"}
    assert "fill the rows below row 5" in findings[0].message
    _, drafts, _, _ = read(table(*ABOVE, example, (*SHIRT, "", "", "", "99000", "5", "", *PICTURES)))
    assert [d.row for d in drafts] == [7]


def test_newer_templates_name_their_variations_in_a_column() -> None:
    codes = (
        "category", "product_name", "property_name_1", "property_value_1", "property_name_2", "property_value_2", "price", "list_price",
        "quantity", "seller_sku", "main_image",
    )  # fmt: skip
    labels = ("Category", "Product name", "Primary variation name (theme)", "Primary variation value (option)", "", "", "Retail price")
    layouts, drafts, _, _ = read(
        table(
            codes,
            ("V5", "create_product", "imperial"),
            labels,
            ("Shirts", "Tee", "Color", "Red", "Size", "M", "19.99", "25", "3", "T", "https://x/t.jpg"),
            ("Shirts", "Tee", "Color", "Red", "Size", "L", "21.99", "25", "3", "T", "https://x/t.jpg"),
        )
    )  # fmt: skip
    assert layouts[0].currency == "USD", "pounds and inches"
    assert drafts[0].cells["sku"] == "T", "a code that all variants share is the product's"
    assert [(v.options, v.cells["was_price"]) for v in drafts[0].variants] == [
        ({"Color": "Red", "Size": "M"}, "25"),
        ({"Color": "Red", "Size": "L"}, "25"),
    ]


EXPORT = (
    "product_id", "category", "brand", "product_name", "product_description", "main_image", "sku_id", "variation_value", "price",
    "quantity", "seller_sku", "aimed_product_status",
)  # fmt: skip
VIETNAMESE = (
    "Mã sản phẩm", "Danh mục", "Thương hiệu", "Tên sản phẩm", "Mô tả", "Hình ảnh chính", "Mã SKU", "Giá trị biến thể", "Giá", "Số lượng",
)  # fmt: skip
EDITED = (EXPORT, ("V4", "All_Information", "metric"), VIETNAMESE, tuple("Bắt buộc" for _ in EXPORT))


def row(number: str, name: str, sku: str, option: str, price: str, status: str = "") -> tuple[str, ...]:
    return (
        number,
        "Vòng tay & Lắc tay (605274)",
        "",
        name,
        "<p>Đồng vàng</p>",
        f"https://x/{number}.jpg",
        sku,
        option,
        price,
        "9",
        "",
        status,
    )


def test_exports_are_joined_by_the_products_id_and_not_by_its_name() -> None:
    bracelet = row("17", "Vòng tay", "1", "48", "450000"), row("17", "Vòng tay", "2", "50", "470000")
    layouts, drafts, _, _ = read(table(*EDITED, *bracelet, row("18", "Vòng tay", "3", "Default", "90000")))
    assert [(d.cells["sku"], d.rows) for d in drafts] == [("17", 2), ("18", 1)]
    assert drafts[0].cells["category"] == "Vòng tay & Lắc tay"
    assert [v.options for v in drafts[0].variants] == [{"Variation": "48"}, {"Variation": "50"}]
    assert (layouts[0].currency, layouts[0].language) == ("VND", "vi")


def test_what_is_deactivated_is_no_product() -> None:
    off = row("18", "Nhẫn", "2", "", "2000", "Đã hủy kích hoạt(2)")
    _, drafts, skips, _ = read(table(*EDITED, row("17", "Vòng tay", "1", "", "1000"), off))
    assert [d.cells["sku"] for d in drafts] == ["17"]
    assert "'Đã hủy kích hoạt'" in skips[1].reason


def test_an_export_of_sales_information_alone_says_what_is_missing() -> None:
    codes = ("product_id", "product_name", "sku_id", "variation_value", "price", "quantity", "seller_sku")
    _, drafts, _, findings = read(table(codes, ("V4", "Sales_Information", "metric"), ("17", "Ring", "1", "Gold", "12", "3", "R-1")))
    assert drafts[0].cells["sku"] == "R-1"
    assert "All information" in findings[0].message


def test_a_row_without_an_id_is_rejected_not_lost() -> None:
    _, drafts, _, _ = read(table(*EDITED, row("", "Vòng tay", "1", "", "1000")))
    assert "no Mã sản phẩm" in drafts[0].trouble


@pytest.mark.parametrize(
    "other", [("sku", "title", "price"), ("product_name", "category", "price"), ("ps_product_name", "ps_price", "ps_stock")]
)
def test_other_tables_are_not_recognised(other: tuple[str, ...]) -> None:
    assert not tiktokshop.recognises(table(other, ("1", "2", "3")))


def test_the_real_template_has_no_product_until_somebody_fills_it() -> None:
    if not REAL.is_dir():
        pytest.skip("the real catalogs are not on this machine")
    found = tables.load(REAL / "tiktokshop_official_batchupload_template_2023_id.xlsx")
    _, drafts, _, findings = read(*[t for t in found if tiktokshop.recognises(t)])
    assert not drafts
    assert "no products yet" in findings[0].message
