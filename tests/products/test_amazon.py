"""Amazon's flat files and reports: parents and variants, other marketplaces' columns, rows that are to be deleted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from localize.domain import Finding
from localize.products import amazon, tables
from localize.products.draft import Asked, Draft, Layout, Skipped
from localize.products.tables import Row, Table

CLASSIC = (
    "feed_product_type", "item_sku", "brand_name", "item_name", "standard_price", "list_price", "main_image_url", "other_image_url1",
    "parent_child", "parent_sku", "variation_theme", "color_name", "size_name", "update_delete", "product_description", "bullet_point1",
    "bullet_point2",
)  # fmt: skip
LABELS = (
    "Product Type", "Seller SKU", "Brand Name", "Product Name", "Standard Price", "List Price", "Main Image URL", "Other Image URL",
    "Parentage", "Parent SKU", "Variation Theme", "Color", "Size", "Update Delete", "Description", "Key Product Features",
)  # fmt: skip
SETTINGS = (
    "TemplateType=fptcustom",
    "Version=2021.0625",
    "settings=attributeRow=3&dataRow=4&primaryMarketplaceId=amzn1.mp.o.A1F83G8C2ARO7P",
)


def table(*rows: Sequence[str], sheet: str = "Template") -> Table:
    numbered = [Row(n, tuple(cells)) for n, cells in enumerate(rows, 1)]
    return Table(Path("amazon.xlsx"), lambda: numbered, sheet)


def item(sku: str, name: str = "", price: str = "", **more: str) -> tuple[str, ...]:
    at = {name: n for n, name in enumerate(CLASSIC)}
    row = [""] * len(CLASSIC)
    for field, cell in {"item_sku": sku, "item_name": name, "standard_price": price, **more}.items():
        row[at[field]] = cell
    return tuple(row)


def read(*found: Table) -> tuple[list[Layout], list[Draft], list[Skipped], list[Finding]]:
    assert all(map(amazon.recognises, found))
    told = list(amazon.read(found, Asked()))
    seen = sum(not row.blank for t in found for row in t.rows())
    assert seen == sum(o.rows for o in told if isinstance(o, (Draft, Skipped))), "every row is accounted for"
    return tuple([o for o in told if isinstance(o, kind)] for kind in (Layout, Draft, Skipped, Finding))  # type: ignore[return-value]


def test_a_classic_flat_file() -> None:
    cup = {
        "feed_product_type": "drinking_cup", "brand_name": "Acme", "list_price": "12.00", "main_image_url": "https://x/a.jpg",
        "other_image_url1": "https://x/b.jpg", "product_description": "A cup.",
        "bullet_point1": "Holds 300 ml", "bullet_point2": "Oven-proof",
    }  # fmt: skip
    layouts, (draft,), skips, _ = read(table(SETTINGS, LABELS, CLASSIC, item("C-1", "Cup", "9.90", **cup)))
    assert (draft.row, draft.cells["sku"], draft.cells["title"], draft.cells["brand"]) == (4, "C-1", "Cup", "Acme")
    assert (draft.cells["price"], draft.cells["was_price"], draft.cells["category"]) == ("9.90", "12.00", "drinking cup")
    assert draft.cells["features"] == "Holds 300 ml\nOven-proof"
    assert draft.cells["images"].split() == ["https://x/a.jpg", "https://x/b.jpg"]
    assert (layouts[0].currency, layouts[0].headers["price"]) == ("GBP", "Standard Price")
    assert [(s.row, s.rows) for s in skips] == [(1, 3)]


def test_a_parent_and_its_variants_are_one_product_wherever_they_stand() -> None:
    child = {"parent_child": "Child", "parent_sku": "T", "variation_theme": "SizeColor", "color_name": "Red"}
    _, drafts, _, _ = read(
        table(
            SETTINGS,
            LABELS,
            CLASSIC,
            item("T-M", "Tee, M", "20", size_name="M", main_image_url="https://x/m.jpg", **child),
            item("C-1", "Cup", "9.90"),
            item("T", "Tee", parent_child="Parent", bullet_point1="Cotton"),
            item("T-L", "Tee, L", "22", size_name="L", **child),
        )
    )
    cup, tee = sorted(drafts, key=lambda d: d.cells["sku"])
    assert (tee.row, tee.rows, tee.cells["sku"], tee.cells["title"], tee.cells["features"]) == (4, 3, "T", "Tee", "Cotton")
    assert "price" not in tee.cells
    assert [(v.row, v.cells["sku"], v.cells["price"], v.options) for v in tee.variants] == [
        (4, "T-M", "20", {"Color": "Red", "Size": "M"}),
        (7, "T-L", "22", {"Color": "Red", "Size": "L"}),
    ]
    assert cup.cells["price"] == "9.90"


def test_variants_whose_parent_is_in_no_file_are_still_one_product() -> None:
    child = {"parent_sku": "T", "variation_theme": "Size", "color_name": "Red"}
    _, (tee,), _, _ = read(
        table(
            SETTINGS,
            LABELS,
            CLASSIC,
            item("T-M", "Tee, M", "20", size_name="M", **child),
            item("T-L", "Tee, L", "22", size_name="L", **child),
        )
    )
    assert (tee.cells["sku"], tee.cells["title"], [v.options for v in tee.variants]) == ("T", "Tee, M", [{"Size": "M"}, {"Size": "L"}])


def test_a_parent_alone_says_that_its_variants_are_missing() -> None:
    _, (tee,), _, _ = read(table(SETTINGS, LABELS, CLASSIC, item("T", "Tee", parent_child="Parent")))
    assert "none of its variants" in tee.trouble


def test_rows_that_are_to_be_deleted_are_no_products() -> None:
    _, drafts, skips, _ = read(
        table(SETTINGS, LABELS, CLASSIC, item("C-1", update_delete="Delete"), item("C-2", "Cup", "5", update_delete="Update"))
    )
    assert [d.cells["sku"] for d in drafts] == ["C-2"]
    assert "deleted" in skips[1].reason


def test_the_sheet_of_examples_never_gives_products() -> None:
    example = table(SETTINGS, LABELS, CLASSIC, item("1250", "Acme shoe", "30"), sheet="Example")
    _, drafts, skips, _ = read(table(SETTINGS, LABELS, CLASSIC, item("C-1", "Cup", "5")), example)
    assert [d.cells["sku"] for d in drafts] == ["C-1"]
    assert skips[-1].reason == "an example of the template"


@pytest.mark.parametrize(
    "names",
    [
        (
            "sku",
            "product-name",
            "brand",
            "bullet-point1",
            "product-description",
            "item-price",
            "currency",
            "main-image-url",
            "update-delete",
        ),
        ("sku", "ProductName", "Brand", "BulletPoint1", "Description", "ItemPrice", "Currency", "MainImageUrl", "UpdateDelete"),
    ],
)
def test_the_oldest_templates_have_their_names_in_the_second_row(names: tuple[str, ...]) -> None:
    cup = ("C-1", "Cup", "Acme", "Holds 300 ml", "A cup.", "9.90", "USD", "https://x/a.jpg", "")
    _, (draft,), skips, _ = read(table(("TemplateType=Home", "Version=1.4"), names, cup))
    assert [draft.cells[f] for f in ("sku", "title", "brand", "features", "description", "price", "currency", "images")] == list(cup[:-1])
    assert skips[0].rows == 2
    assert not amazon.recognises(table(names[:2], cup)), "without the template's type it may be anybody's"


def test_which_fields_are_mandatory_is_no_product() -> None:
    _, drafts, skips, _ = read(table(SETTINGS[:1], LABELS, CLASSIC, tuple("Required" for _ in CLASSIC), item("C-1", "Cup", "5")))
    assert [d.cells["sku"] for d in drafts] == ["C-1"]
    assert skips[1].row == 4


# --- templates of today --------------------------------------------------------------------------------------------

US, CA = "ATVPDKIKX0DER", "A2EUQ1WTGCTBG2"
TODAY = (
    "::record_action", "contribution_sku#1.value", "product_type#1.value",
    f"item_name[marketplace_id={US}][language_tag=en_US]#1.value", f"item_name[marketplace_id={US}][language_tag=zh_CN]#1.value",
    f"purchasable_offer[marketplace_id={CA}][audience=ALL]#1.our_price#1.schedule#1.value_with_tax",
    f"purchasable_offer[marketplace_id={US}][audience=B2B]#1.our_price#1.schedule#1.value_with_tax",
    f"purchasable_offer[marketplace_id={US}][audience=ALL]#1.our_price#1.schedule#1.value_with_tax",
    f"purchasable_offer[marketplace_id={US}][audience=ALL]#1.discounted_price#1.schedule#1.value_with_tax",
    f"list_price[marketplace_id={US}]#1.value", f"main_product_image_locator[marketplace_id={US}]#1.media_location",
    f"other_product_image_locator_1[marketplace_id={US}]#1.media_location",
    f"bullet_point[marketplace_id={US}][language_tag=en_US]#1.value",
    f"bullet_point[marketplace_id={US}][language_tag=en_US]#2.value", f"color[marketplace_id={US}][language_tag=en_US]#1.value",
    f"parentage_level[marketplace_id={US}]#1.value", f"child_parent_sku_relationship[marketplace_id={US}]#1.parent_sku",
)  # fmt: skip
TODAYS_SETTINGS = (
    f"settings=feedType=256&primaryMarketplaceId=amzn1.mp.o.{US}&contentLanguageTag=en_US&labelRow=4&attributeRow=5&dataRow=7",
)
TODAYS = (TODAYS_SETTINGS, ("Use English",), ("Listing Identity",), tuple(f"Label {n}" for n in range(len(TODAY))), TODAY)
EXAMPLE = ("Create or Replace", "ABC123", "SHIRT", "Example product")


def test_a_template_of_today() -> None:
    lamp = (
        "Create or Replace",
        "L-1",
        "LAMP",
        "Desk lamp",
        "台灯",
        "49.99",
        "30",
        "35.00",
        "29.00",
        "45",
        "https://x/l.jpg",
        "",
        "Bright",
        "Dims",
    )
    layouts, (draft,), skips, findings = read(table(*TODAYS, EXAMPLE, lamp))
    assert (draft.row, draft.cells["sku"], draft.cells["price"], draft.cells["currency"]) == (7, "L-1", "35.00", "USD")
    assert (draft.cells["was_price"], draft.cells["title"], draft.cells["title_zh"]) == ("45", "Desk lamp", "台灯")
    assert draft.cells["features"].split() == ["Bright", "Dims"]
    assert (layouts[0].currency, layouts[0].language) == ("USD", "en")
    assert [(s.row, s.rows) for s in skips] == [(1, 5), (6, 1)]
    assert "sale prices" in findings[0].message


def test_a_price_of_another_marketplace_keeps_its_currency() -> None:
    lamp = ("", "L-1", "LAMP", "Desk lamp", "", "49.99")
    _, (draft,), _, _ = read(table(*TODAYS, EXAMPLE, lamp))
    assert (draft.cells["price"], draft.cells["currency"]) == ("49.99", "CAD")


@pytest.mark.parametrize("action", ["Delete", "Löschen", "Supprimer", "Eliminar", "削除", "删除"])
def test_deleting_in_the_sellers_language(action: str) -> None:
    _, drafts, skips, _ = read(table(*TODAYS, EXAMPLE, (action, "L-1", "LAMP", "Desk lamp")))
    assert not drafts
    assert action in skips[-1].reason


# --- reports -------------------------------------------------------------------------------------------------------

REPORT = ("item-name", "item-description", "listing-id", "seller-sku", "price", "quantity", "open-date", "image-url", "asin1", "status")


def test_a_report_of_all_listings_in_windows_1252(tmp_path: Path) -> None:
    path = tmp_path / "All+Listings+Report.txt"
    lines = [
        REPORT,
        ("Café au lait cup – 300 ml", "For your café.", "0925PSL", "C-1", "15.99", "3", "2015-09-25", "", "B01", "Active"),
        ("Old cup", "", "0925PSM", "C-2", "5.00", "0", "2015-09-25", "", "B02", "Inactive"),
    ]
    path.write_bytes("\r\n".join("\t".join(line) for line in lines).encode("cp1252"))
    layouts, (draft,), skips, findings = read(*tables.load(path))
    assert (draft.cells["sku"], draft.cells["title"], draft.cells["price"]) == ("C-1", "Café au lait cup – 300 ml", "15.99")
    assert layouts[0].currency == "", "a report does not say which marketplace it is of"
    assert "Inactive" in skips[-1].reason
    assert "pictures" in findings[0].message


def test_a_report_is_read_row_by_row() -> None:
    read_so_far = 0

    def rows():  # type: ignore[no-untyped-def]
        nonlocal read_so_far
        yield Row(1, REPORT)
        for n in range(2, 100_000):
            read_so_far = n
            yield Row(n, (f"Cup {n}", "", "", f"C-{n}", "5.00", "1"))

    told = amazon.read([Table(Path("report.txt"), rows)], Asked())
    first = next(o for o in told if isinstance(o, Draft))
    assert first.cells["sku"] == "C-2"
    assert read_so_far < 300


def test_an_unreadable_row_is_rejected_not_lost() -> None:
    broken = [Row(1, REPORT), Row(2, (), "a quotation mark is not closed"), Row(3, ("Cup", "", "", "C-1", "5"))]
    drafts = [o for o in amazon.read([Table(Path("report.txt"), lambda: broken)], Asked()) if isinstance(o, Draft)]
    assert [d.trouble for d in drafts] == ["a quotation mark is not closed", ""]


@pytest.mark.parametrize("other", [("sku", "title", "price"), ("seller_sku", "product_name", "price"), ("item_sku", "amount")])
def test_other_tables_are_not_recognised(other: tuple[str, ...]) -> None:
    assert not amazon.recognises(table(other, ("1", "2", "3")))
