"""Akulaku's template: two rows of headers, and cells that say that there is nothing to say."""

from __future__ import annotations

from pathlib import Path

import pytest

from localize.products import akulaku, tables
from localize.products.draft import Asked, Draft, Layout, Skipped
from localize.products.tables import Row, Table

REAL = Path(__file__).parents[3] / "shared" / "testdata" / "catalogs"

ENGLISH = (
    "*Category ID", "*Goods Name", "Color", "Other Variations", "*Price", "*Stock", "*Product SKU", "*Goods Brand", "Specification",
    "*Main Image URL", "Extra Image URL1", "SKU Image", "White background photo", "*Goods Description",
    "Description Image", "Description Image 2",
)  # fmt: skip
INDONESIAN = (
    "*Kategori ID", "*Nama Produk", "Warna", "Other Variations", "*Harga（Rp）", "*Jumlah", "*Produk SKU", "*Merek", "Spesifikasi",
    "*Gambar Utama URL", "Gambar Banner 1", "SKU Gambar", "Foto Produk Berlatar Putih", "*Deskripsi Produk",
    "Rincian Gambar", "Rincian Gambar 2",
)  # fmt: skip
HELP = tuple("Masukkan dengan benar (antara Rp1-Rp100.000.000)" for _ in ENGLISH)


def table(*rows: tuple[str, ...]) -> Table:
    numbered = [Row(n, cells) for n, cells in enumerate(rows, 1)]
    return Table(Path("akulaku.xlsx"), lambda: numbered)


def goods(name: str, color: str = "", price: str = "50.000", sku: str = "1", brand: str = "Other", **more: str) -> tuple[str, ...]:
    return (
        "1204", name, color, "", price, "5", sku, brand, more.get("spec", ""), "https://x/a.jpg", "https://x/b.jpg",
        more.get("picture", ""), "https://x/white.jpg", "Bagus.", "https://x/d.jpg",
    )  # fmt: skip


def read(found: Table) -> tuple[list[Layout], list[Draft], list[Skipped]]:
    told = list(akulaku.read([found], Asked()))
    seen = sum(not row.blank for row in found.rows())
    assert seen == sum(o.rows for o in told if isinstance(o, (Draft, Skipped))), "every row is accounted for"
    return tuple([o for o in told if isinstance(o, kind)] for kind in (Layout, Draft, Skipped))  # type: ignore[return-value]


def test_a_product_with_nothing_to_say() -> None:
    layouts, (cup,), skips = read(table(ENGLISH, INDONESIAN, HELP, goods("Gelas", spec="bahan: kaca; isi: 300 ml;")))
    assert (cup.row, cup.cells["sku"], cup.cells["brand"], cup.cells["category"]) == (4, "", "", "")
    assert (cup.cells["price"], cup.cells["features"].split("\n")[0]) == ("50.000", "bahan: kaca")
    assert cup.cells["images"].split() == ["https://x/a.jpg", "https://x/b.jpg"]
    assert cup.cells["extra_images"].split() == ["https://x/white.jpg", "https://x/d.jpg"]
    assert (layouts[0].currency, layouts[0].language, layouts[0].headers["price"]) == ("IDR", "id", "Harga（Rp）")
    assert [(s.row, s.rows) for s in skips] == [(1, 3)]


def test_rows_of_one_name_whose_colours_differ_are_one_product() -> None:
    _, drafts, _ = read(
        table(
            ENGLISH,
            INDONESIAN,
            goods("Kaos", "Merah", "50.000", "K-M", "Acme", picture="https://x/m.jpg"),
            goods("Kaos", "Biru", "55.000", "K-B", "Acme"),
            goods("Gelas", sku="G-1"),
            goods("Gelas", sku="G-2"),
        )
    )
    assert [(d.cells["title"], d.cells["sku"], d.rows) for d in drafts] == [("Kaos", "", 2), ("Gelas", "G-1", 1), ("Gelas", "G-2", 1)]
    assert [(v.options, v.cells["sku"], v.cells["images"]) for v in drafts[0].variants] == [
        ({"Warna": "Merah"}, "K-M", "https://x/m.jpg"),
        ({"Warna": "Biru"}, "K-B", ""),
    ]
    assert drafts[0].cells["brand"] == "Acme"


def test_one_row_of_headers_is_enough() -> None:
    layouts, drafts, _ = read(table(ENGLISH, goods("Mug")))
    assert len(drafts) == 1
    assert layouts[0].currency == ""


def test_other_tables_are_not_recognised() -> None:
    assert not akulaku.recognises(table(("Nama Produk", "Harga", "Merek"), ("Gelas", "1", "2")))


def test_the_real_template_has_no_product_until_somebody_fills_it() -> None:
    if not REAL.is_dir():
        pytest.skip("the real catalogs are not on this machine")
    (found,) = tables.load(REAL / "akulaku_official_bulk_template_id.xlsx")
    assert akulaku.recognises(found)
    _, drafts, skips = read(found)
    assert not drafts
    assert skips[0].rows == 3
