"""A catalog in crossreel's own columns: what becomes a product, what a reject, and what is only said."""

import csv
import shutil
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from localize import languages, products
from localize.domain import Money, Product, Reject
from localize.errors import UserError
from localize.products import Catalog

CATALOGS = Path(__file__).parents[1] / "fixtures" / "catalogs"
HEADER = "sku,title,price,was_price,currency,images,footage,link\n"

Shop = Callable[..., Catalog]


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """Reads rows under the usual header, in a folder that has mug.png, lamp.jpg and note.jpg (a text)."""
    for name in ("mug.png", "lamp.jpg", "note.jpg"):
        shutil.copy(CATALOGS / name, tmp_path)

    def read(rows: str, header: str = HEADER) -> Catalog:
        (tmp_path / "shop.csv").write_text(header + rows, encoding="utf-8")
        return products.read(tmp_path / "shop.csv", currency="THB")

    return read


def only(catalog: Catalog) -> Product:
    assert not catalog.rejects, catalog.rejects
    (product,) = catalog.products
    return product


def reject(catalog: Catalog) -> Reject:
    assert not catalog.products
    (reject,) = catalog.rejects
    return reject


def test_a_full_row_becomes_a_product() -> None:
    mug, lamp, lid = products.read(CATALOGS / "shop.csv", language="en").products
    assert (mug.sku, mug.title, mug.brand, mug.category) == ("MUG-01", "Stoneware mug", "Baan", "kitchen")
    assert mug.price == Money(amount=Decimal(290), currency="THB")
    assert mug.was_price == Money(amount=Decimal(390), currency="THB")
    assert mug.features == ("Holds 350 ml", "Dishwasher safe", "Lid included")
    assert mug.description == "Fired twice, glazed by hand."
    assert mug.proof == "1 200 sold"
    assert mug.link == "https://shop.example/mug"
    assert mug.images == (str(CATALOGS / "mug.png"),)
    assert mug.source is not None
    assert (mug.source.file, mug.source.row) == ("shop.csv", 2)
    assert lamp.features == ("Three steps of light", "Folds flat")
    assert lamp.images == (str(CATALOGS / "lamp.jpg"), str(CATALOGS / "mug.png"))
    assert lid.sku == "00123"
    assert lid.price == Money(amount=Decimal(45), currency="THB")


def test_what_a_seller_wrote_for_us_is_read_as_it_stands() -> None:
    """A translation memory knows a text only letter by letter."""
    demo = Path(__file__).parents[2] / "catalog" / "demo" / "products.csv"
    rows = {row["sku"]: row for row in csv.DictReader(demo.open(encoding="utf-8-sig", newline=""))}
    for product in products.read(demo).products:
        row = rows[product.sku]
        assert product.title == row["title"]
        assert "|".join(product.features) == row["features"]
        assert product.description == row["description"]
        assert {code: "|".join(text.features) for code, text in product.localized.items()} == {
            code: row[f"features_{code}"] for code in product.localized
        }


@pytest.mark.skipif(not {"th", "vi", "id", "zh"} <= set(languages.codes()), reason="needs the four market languages")
def test_seller_given_texts_are_kept_by_language() -> None:
    catalog = products.read(CATALOGS / "shop.csv")
    mug, lamp, lid = catalog.products
    assert not catalog.warnings
    assert set(mug.localized) == {"th", "vi", "id", "zh"}
    assert mug.localized["th"].title == "แก้วเซรามิก"
    assert mug.localized["th"].features == ("จุ 350 มล.", "ล้างในเครื่องได้")
    assert {k: t.title for k, t in lamp.localized.items()} == {"vi": "Đèn bàn"}
    assert lid.localized == {}


def test_every_bad_row_is_a_reject_that_says_what_to_do_and_the_good_ones_go_on() -> None:
    catalog = products.read(CATALOGS / "bad_rows.csv")
    assert [p.sku for p in catalog.products] == ["GOOD-1", "NO-OFFER"]
    assert catalog.rows == 18 == len(catalog.products) + len(catalog.rejects)
    found = {r.row: (r.column, r.value, r.reason) for r in catalog.rejects}
    expected = {
        3: ("sku", "", "give each product a code"),
        4: ("sku", "../etc/passwd", "write 'etc-passwd'"),
        5: ("sku", "GOOD-1", "already used in row 2"),
        6: ("title", "", "write what the product is called"),
        7: ("price", "", "write the selling price"),
        8: ("price", "call us", "'call us' is no amount"),
        9: ("price", "-5", "is negative"),
        10: ("price", "0", "is zero"),
        11: ("currency", "TBH", "did you mean THB?"),
        12: ("currency", "", "add a column 'currency'"),
        13: ("images", "mugg.png", "did you mean 'mug.png'?"),
        14: ("images", "note.jpg", "not a picture (it is text)"),
        15: ("images", "../catalogs/mug.png", "leaves the catalog's folder"),
        16: ("images", "ftp://shop.example/mug.png", "write its file name"),
        17: ("", "COMMA Mug  in red 290 THB", "the row has 7 cells, the header 6"),
        18: ("title", "", "Also in 'price': the price 'free' is no amount"),
    }
    assert found.keys() == expected.keys()
    for row, (column, value, part) in expected.items():
        assert found[row][:2] == (column, value)
        assert part in found[row][2]


def test_a_was_price_that_is_no_offer_is_left_out_with_a_warning() -> None:
    catalog = products.read(CATALOGS / "bad_rows.csv")
    assert catalog.products[1].was_price is None
    (warning,) = [w for w in catalog.warnings if w.evidence.get("column") == "was_price"]
    assert warning.message == "was_price is not shown: 200 is not above the price, 290"
    assert (warning.severity, warning.evidence["row"], warning.evidence["sku"]) == ("warn", 19, "NO-OFFER")


@pytest.mark.parametrize("was", ["soon", "Rp399", "399-499"])
def test_other_was_prices_that_cannot_be_shown(shop: Shop, was: str) -> None:
    catalog = shop(f"A,Mug,290,{was},THB,mug.png,,\n")
    assert only(catalog).was_price is None
    assert len(catalog.warnings) == 1


def test_a_bad_picture_beside_a_good_one_is_only_a_warning(shop: Shop) -> None:
    catalog = shop("A,Mug,290,,,note.jpg|gone.png|mug.png|mug.png,,\n")
    assert [Path(i).name for i in only(catalog).images] == ["mug.png"]
    assert {w.evidence["value"] for w in catalog.warnings} == {"note.jpg", "gone.png"}


def test_a_product_without_pictures_goes_on(shop: Shop) -> None:
    assert only(shop("A,Mug,290,,,,,\n")).images == ()


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("pictures", "is a folder"),
        ("ftp://cdn.example/mug.png", "may be files, or http"),
        ("file:///etc/passwd", "may be files, or http"),
        ("C:\\shop\\mug.png", "there is no file"),
    ],
)
def test_names_that_are_no_picture_file(shop: Shop, tmp_path: Path, cell: str, reason: str) -> None:
    (tmp_path / "pictures").mkdir()
    found = reject(shop(f'A,Mug,290,,,"{cell}",,\n'))
    assert found.column == "images"
    assert reason in found.reason


@pytest.mark.parametrize("address", ["https://cdn.example/mug.png", "s3://bucket/mug.png", "data:image/png;base64,AAAA"])
def test_addresses_of_pictures_are_kept_and_not_fetched_yet(shop: Shop, address: str) -> None:
    assert only(shop(f'A,Mug,290,,,"{address}",,\n')).images == (address,)


def test_several_pictures_separated_by_commas(shop: Shop) -> None:
    assert [Path(i).name for i in only(shop('A,Mug,290,,,"mug.png, lamp.jpg",,\n')).images] == ["mug.png", "lamp.jpg"]


def test_pictures_in_folders_by_windows_names_and_by_absolute_path(shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    shutil.copy(CATALOGS / "mug.png", tmp_path / "pictures" / "mug 2.png")
    absolute = CATALOGS / "lamp.jpg"
    assert only(shop(f"A,Mug,290,,,pictures\\mug 2.png|{absolute},,\n")).images == (str(tmp_path / "pictures" / "mug 2.png"), str(absolute))


def test_a_name_is_found_however_its_accents_are_stored(shop: Shop, tmp_path: Path) -> None:
    shutil.copy(CATALOGS / "mug.png", tmp_path / "cốc gốm.png")  # as a Mac unpacks it
    assert len(only(shop("A,Mug,290,,,cốc gốm.png,,\n")).images) == 1


def test_footage_and_links_that_cannot_be_used_are_warnings(shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "mug.mp4").write_bytes(b"film")
    catalog = shop("A,Mug,290,,,mug.png,mug.mp4|gone.mp4,shop.example/mug\nB,Cup,290,,,mug.png,../x.mp4,javascript:alert(1)\n")
    first, second = catalog.products
    assert [Path(f).name for f in first.footage] == ["mug.mp4"]
    assert first.link == ""
    assert second.footage == ()
    assert second.link == ""
    assert [w.evidence["column"] for w in catalog.warnings] == ["footage", "link", "footage", "link"]


def test_headers_are_known_however_they_are_written(shop: Shop) -> None:
    catalog = shop("A,Mug,290,390,mug.png\n", "\ufeff SKU ,Title,PRICE,Was-Price,Images\n")
    assert only(catalog).was_price is not None
    assert not catalog.warnings


def test_unknown_columns_are_named_and_near_ones_suggested(shop: Shop) -> None:
    messages = [w.message for w in shop("A,Mug,290,x,y,z\n", "sku,title,price,imagess,colour,title_xx\n").warnings]
    assert messages == [
        "column 'imagess' was not read; it looks like 'images': rename it if so",
        "columns that crossreel does not know were not read: 'colour', 'title_xx'",
        "there is no column 'images': a clip needs at least one picture of its product",
    ]


def test_of_two_columns_with_one_name_the_first_is_read(shop: Shop) -> None:
    catalog = shop("A,Mug,290,190,mug.png\n", "sku,title,price,Price,images\n")
    assert only(catalog).price.amount == 290
    assert [w.message for w in catalog.warnings] == ["column 'Price' is there twice; only the first was read"]


def test_a_header_below_other_rows_is_found_and_blank_rows_count_as_in_a_spreadsheet(shop: Shop) -> None:
    catalog = shop("A,Mug,290\n,,\n\nB,Lamp,\n", "My shop 2026\n\nsku,title,price\n")
    assert catalog.products[0].source is not None
    assert catalog.products[0].source.row == 4
    assert catalog.rejects[0].row == 7
    assert catalog.rows == 3 == len(catalog.products) + len(catalog.rejects) + len(catalog.skipped)
    assert "the header is row 3" in catalog.warnings[0].message


def test_a_table_without_our_columns_says_which_are_missing(shop: Shop) -> None:
    with pytest.raises(UserError, match=r"shop.csv has no column with prices .*under `columns:`"):
        shop("A,Mug,red\n", "sku,title,colour\n")
    with pytest.raises(UserError, match="no products below"):
        shop("", "sku,title,price\n")


def test_doubtful_prices_are_read_and_told(shop: Shop) -> None:
    catalog = shop("A,Mug,1.290,,THB,mug.png,,\n")
    assert only(catalog).price.amount == 1290
    assert "may be 1290 or 1.29 THB" in catalog.warnings[0].message


def test_an_unknown_default_currency_is_refused() -> None:
    with pytest.raises(UserError, match="'BHT' is not an ISO 4217 code"):
        products.read(CATALOGS / "shop.csv", currency="BHT")


def test_rejects_are_written_for_a_spreadsheet_and_run_nothing_there(tmp_path: Path) -> None:
    reason = "write the selling price"
    products.write_rejects(
        [
            Reject(file="ร้าน.csv", row=3, sku="=1+1", column="price", value='=HYPERLINK("http://x")', reason=reason),
            Reject(file="ร้าน.csv", row=4, sku="@A", column="price", value="-5", reason=reason),
            Reject(file="ร้าน.csv", row=5, sku="-A", column="title", value="\t=2", reason=reason),
        ],
        tmp_path / "out" / "rejects.csv",
    )
    content = (tmp_path / "out" / "rejects.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(content.decode("utf-8-sig").splitlines()))
    assert rows[0] == ["file", "row", "sku", "column", "value", "reason", "rows"]
    assert rows[1] == ["ร้าน.csv", "3", "'=1+1", "price", '\'=HYPERLINK("http://x")', reason, "1"]
    assert rows[2] == ["ร้าน.csv", "4", "'@A", "price", "-5", reason, "1"]
    assert rows[3][2:5] == ["'-A", "title", "'\t=2"]
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["rejects.csv"]
