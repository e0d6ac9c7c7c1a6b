"""The spreadsheet to fill in: it opens, it helps in the seller's language, and what is filled in is read back."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from python_calamine import CalamineWorkbook

from localize import languages, products
from localize.domain import Money, Product
from localize.errors import UserError
from localize.products import native, template, wording
from localize.script import templates as phrases


def filled(path: Path, *rows: list[object]) -> Path:
    """The template with rows typed into it below the example."""
    book = openpyxl.load_workbook(path)
    for row in rows:
        book.worksheets[0].append(row)
    book.save(path)
    return path


def product(category: str) -> Product:
    return Product(sku="A-1", title="Thing", price=Money(amount=Decimal(9), currency="USD"), category=category)


def test_it_opens_in_the_sellers_language(tmp_path: Path) -> None:
    template.write(tmp_path / "shop.xlsx", language="zh", localized=["th"])
    header, example = CalamineWorkbook.from_path(str(tmp_path / "shop.xlsx")).get_sheet_by_index(0).to_python()
    assert header[:4] == ["商品编码", "商品标题", "商品标题（泰语）", "价格"]
    assert example[:2] == [template.EXAMPLE, "不锈钢保温杯 500 毫升"]
    assert openpyxl.load_workbook(tmp_path / "shop.xlsx").sheetnames == ["商品", "填写说明"]


def test_the_first_row_stays_in_view(tmp_path: Path) -> None:
    template.write(tmp_path / "shop.xlsx")
    assert openpyxl.load_workbook(tmp_path / "shop.xlsx").worksheets[0].freeze_panes == "B2"


def test_a_code_keeps_its_zeros(tmp_path: Path) -> None:
    template.write(tmp_path / "shop.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "shop.xlsx").worksheets[0]
    assert sheet.column_dimensions["A"].number_format == sheet["A2"].number_format == "@"


def test_cells_are_checked_while_they_are_typed(tmp_path: Path) -> None:
    template.write(tmp_path / "shop.xlsx", language="th")
    sheet = openpyxl.load_workbook(tmp_path / "shop.xlsx").worksheets[0]
    rules = {str(rule.sqref).partition("2:")[0]: rule for rule in sheet.data_validations.dataValidation}
    sku, title, price, was, currency, category = (rules[letter] for letter in "ABCDEG")
    assert sku.type == "custom"
    assert "SUMPRODUCT(--($A$2:$A$10000=A2))=1" in sku.formula1
    assert (title.type, title.operator, title.formula1) == ("textLength", "lessThanOrEqual", "120")
    assert (price.type, price.operator, price.formula1, price.errorStyle) == ("decimal", "greaterThan", "0", "stop")
    assert was.formula1 == "AND(ISNUMBER(D2),OR(NOT(ISNUMBER(C2)),D2>C2))"
    assert currency.formula1.startswith('"THB,VND,IDR,CNY,')
    assert "เครื่องครัว" in category.formula1
    assert price.prompt == "ราคาขาย เขียนเฉพาะจำนวนเงิน เช่น 1290 หรือ 12.90"


@pytest.mark.parametrize("code", wording.languages())
def test_excel_takes_every_help_and_list(code: str, tmp_path: Path) -> None:
    """Excel calls a workbook damaged whose prompts, errors or lists are longer than this."""
    template.write(tmp_path / "shop.xlsx", language=code, localized=wording.languages())
    for rule in openpyxl.load_workbook(tmp_path / "shop.xlsx").worksheets[0].data_validations.dataValidation:
        assert len(rule.prompt) <= 255
        assert len(rule.error) <= 225
        assert len(rule.promptTitle) <= 32
        assert len(rule.formula1) <= 255


@pytest.mark.parametrize("code", wording.languages())
def test_the_guide_explains_every_column(code: str, tmp_path: Path) -> None:
    template.write(tmp_path / "shop.xlsx", language=code)
    book = CalamineWorkbook.from_path(str(tmp_path / "shop.xlsx"))
    header = book.get_sheet_by_index(0).to_python()[0]
    explained = {row[0]: row[2] for row in book.get_sheet_by_index(1).to_python() if row[2]}
    assert all(explained[name] for name in header)


def test_no_name_stands_for_two_columns() -> None:
    names = Counter((native.name(header), field) for header, field in wording.headers().items())
    assert len({name for name, _ in names}) == len(names)


def test_there_is_a_sheet_for_every_language() -> None:
    assert set(wording.languages()) == set(languages.codes())


@pytest.mark.parametrize("code", wording.languages())
def test_the_categories_offered_choose_the_sentences(code: str) -> None:
    *offered, other = wording.categories(code)
    groups = [phrases.group_of(product(category)) for category in offered]
    assert groups == ["beauty", "kitchen", "electronics", "sports", "fashion", "home", "food"]
    assert phrases.group_of(product(other)) == "general"


@pytest.mark.parametrize(("code", "currency"), [("en", "USD"), ("zh", "CNY"), ("th", "THB"), ("vi", "VND"), ("id", "IDR")])
def test_what_is_filled_in_is_read_back(code: str, currency: str, tmp_path: Path) -> None:
    template.write(tmp_path / "shop.xlsx", language=code)
    row = ["00123", "Mug", 290, 390, currency, "Clay & Co", "", "Holds 350 ml|Dishwasher safe", "", "", "", "https://shop.example/mug"]
    catalog = products.read(filled(tmp_path / "shop.xlsx", row), language=code)
    assert [s.reason for s in catalog.skipped] != []
    assert not catalog.rejects
    [mug] = catalog.products
    assert (mug.sku, mug.title, mug.price) == ("00123", "Mug", Money(amount=Decimal(290), currency=currency))
    assert mug.was_price == Money(amount=Decimal(390), currency=currency)
    assert mug.brand == "Clay & Co"
    assert mug.features == ("Holds 350 ml", "Dishwasher safe")


def test_texts_in_other_languages_have_columns(tmp_path: Path) -> None:
    template.write(tmp_path / "shop.xlsx", language="zh", localized=["th", "zh", "th"])
    row = ["M-1", "马克杯", "แก้วมัค", 59, None, "CNY"]
    [mug] = products.read(filled(tmp_path / "shop.xlsx", row)).products
    assert isinstance(mug, Product)
    assert mug.title == "马克杯"
    assert mug.localized["th"].title == "แก้วมัค"


def test_a_sheet_in_use_is_not_written_over(tmp_path: Path) -> None:
    template.write(tmp_path / "shop.xlsx")
    with pytest.raises(UserError, match="is there already"):
        template.write(tmp_path / "shop.xlsx")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"language": "fr"}, "no template in 'fr'"),
        ({"localized": ["xx"]}, "no template in 'xx'"),
        ({"currency": "TBH"}, "'TBH' is not an ISO 4217 code"),
    ],
)
def test_what_it_does_not_know_is_said(settings: dict[str, object], message: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=message):
        template.write(tmp_path / "shop.xlsx", **settings)  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())


def test_it_is_an_excel_workbook(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"ends with \.xlsx"):
        template.write(tmp_path / "shop.csv")
