"""Proofreading: one sheet out, corrected and approved by a person, and taken back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from typer.testing import CliRunner

from localize import planning, proofreading
from localize.campaign import load
from localize.cli import app
from localize.desk import Desk
from localize.errors import UserError
from localize.planning import Job, Progress
from localize.proofreading import TICK
from localize.reviews import Reviews
from localize.store import LocalStore

COLUMN = {"part": 2, "source": 3, "text": 4, "remarks": 5, "correction": 6, "approve": 7}


@pytest.fixture
def desk(shop: Path, store: LocalStore) -> Desk:
    (shop / "memory.csv").write_text("source,th\nDesk Lamp XL,โคมไฟตั้งโต๊ะ XL\n", encoding="utf-8")
    rows = (shop / "products.csv").read_text(
        encoding="utf-8"
    ) + "LAMP-03,Desk Lamp XS,990,,home,Three levels of light,pictures/lamp.jpg,,,,\n"
    (shop / "products.csv").write_text(rows, encoding="utf-8")
    text = (shop / "campaign.yaml").read_text(encoding="utf-8").replace("[th, vi]", "[th]")
    (shop / "campaign.yaml").write_text(text + "\nmemory: [memory.csv]\nsource_language: en\nscript: {seconds: 15}\n", encoding="utf-8")
    return Desk(load(shop / "campaign.yaml"), store)


def jobs(desk: Desk) -> list[Job]:
    return list(planning.plan(desk.campaign).jobs)


def written(desk: Desk, path: Path) -> list[list[Any]]:
    proofreading.write(path, proofreading.collect(desk, jobs(desk)))
    return [list(row) for row in load_workbook(path).worksheets[0].iter_rows(values_only=True)]


def fill(path: Path, **cells: dict[str, str]) -> None:
    """Write into the sheet: by the part's label, e.g. {"line 1 · hook": {"correction": ...}}, in MUG-01's rows."""
    book = load_workbook(path)
    sheet = book.worksheets[0]
    for row in sheet.iter_rows(min_row=2):
        key = f"{row[0].value}: {row[2].value}"
        for name, text in cells.get(key, {}).items():
            row[COLUMN[name]].value = text
    book.save(path)


def answered(desk: Desk, path: Path) -> proofreading.Accepted:
    answers, problems = proofreading.read(path)
    done = proofreading.accept(desk, jobs(desk), answers, by="Mali", at="2026-11-26 10:00")
    done.problems = [*problems, *done.problems]
    return done


def lines(desk: Desk, sku: str) -> list[str]:
    job, progress = next(j for j in jobs(desk) if j.product.sku == sku), Progress()
    return [line.text for line in desk.draft(job, desk.texts(job, progress), progress)[0].lines]


def test_the_sheet_has_every_text_and_line(desk: Desk, tmp_path: Path) -> None:
    rows = written(desk, tmp_path / "review.xlsx")
    assert rows[0][:8] == ["product", "language", "part", "source", "text", "remarks", "correction", "approve"]
    mug = {row[2]: row for row in rows if row[0] == "MUG-01"}
    assert mug["title"][3:5] == ["Clay Mug", "แก้วดินเผา"]
    assert mug["feature 1"][3:6] == ["Holds 350 ml", "จุได้ 350 มล.", "from the catalog: correct it there"]
    hook = next(row for part, row in mug.items() if part.startswith("line 1"))
    assert "แก้วดินเผา" in hook[4]
    assert hook[3] == "Clay Mug"


def test_what_is_missing_stands_in_it_with_what_the_memory_offers(desk: Desk, tmp_path: Path) -> None:
    rows = written(desk, tmp_path / "review.xlsx")
    missing = {row[3]: row for row in rows if row[0] == "LAMP-03"}
    assert missing["Desk Lamp XS"][2:5] == ["missing text", "Desk Lamp XS", None]
    assert "92% the same (Desk Lamp XL): โคมไฟตั้งโต๊ะ XL" in missing["Desk Lamp XS"][5]


def test_what_is_filled_in_is_used_from_then_on(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "review.xlsx"
    before = {row[2]: row[4] for row in written(desk, path) if row[0] == "MUG-01"}
    book = load_workbook(path)
    for row in book.worksheets[0].iter_rows(min_row=2):
        if row[3].value == "Desk Lamp XS":
            row[6].value = "โคมไฟตั้งโต๊ะรุ่นเล็ก"
        elif row[3].value == "Three levels of light" and row[0].value == "LAMP-03":
            row[6].value = "ปรับแสงได้ 3 ระดับ"
        elif row[0].value == "MUG-01" and str(row[2].value).startswith("line 1"):
            row[6].value, row[7].value = "มาดูแก้วใบนี้กันค่ะ", TICK
        elif row[0].value == "MUG-01" and str(row[2].value).startswith("line 2"):
            row[7].value = "x"
    book.save(path)
    done = answered(desk, path)
    assert (done.texts, done.lines, done.approved, done.problems) == (2, 1, 2, [])
    after = Desk(load(Path(desk.campaign.catalog).with_name("campaign.yaml")), desk.store)
    assert lines(after, "MUG-01")[0] == "มาดูแก้วใบนี้กันค่ะ"
    assert lines(after, "MUG-01")[1:] == [text for part, text in before.items() if part.startswith("line")][1:]
    assert any("โคมไฟตั้งโต๊ะรุ่นเล็ก" in line for line in lines(after, "LAMP-03"))
    memory = Path(desk.campaign.memory[0]).read_text(encoding="utf-8-sig").splitlines()
    assert memory == ["source,th", "Desk Lamp XL,โคมไฟตั้งโต๊ะ XL", "Desk Lamp XS,โคมไฟตั้งโต๊ะรุ่นเล็ก", "Three levels of light,ปรับแสงได้ 3 ระดับ"]
    kept = [r for r in Reviews.load(Path(desk.campaign.review.file)).said.values() if r.sku == "MUG-01"]
    assert [(r.edit, r.approved, r.by) for r in kept] == [("มาดูแก้วใบนี้กันค่ะ", True, "Mali"), ("", True, "Mali")]


def test_rows_may_be_sorted_and_columns_put_in(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "review.xlsx"
    written(desk, path)
    book = load_workbook(path)
    sheet = book.worksheets[0]
    rows = sorted(([c.value for c in row] for row in sheet.iter_rows(min_row=2)), key=lambda row: str(row[4]))
    for n, row in enumerate(rows, 2):
        for c, value in enumerate(row, 1):
            sheet.cell(n, c).value = value
    sheet.insert_cols(3)
    for row in sheet.iter_rows(min_row=2):
        if row[0].value == "MUG-01" and str(row[3].value).startswith("line 1"):
            row[7].value = "มาดูแก้วใบนี้กันค่ะ"
    book.save(path)
    assert answered(desk, path).lines == 1


def test_what_can_t_be_taken_is_said_with_its_row_and_the_rest_counts(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "review.xlsx"
    written(desk, path)
    book = load_workbook(path)
    sheet = book.worksheets[0]
    numbers = {str(row[2].value): row[0].row for row in sheet.iter_rows(min_row=2) if row[0].value == "MUG-01"}
    hook, price = (next(n for part, n in numbers.items() if end in part) for end in ("hook", "price"))
    sheet.cell(hook, 7).value = "แก้วที่ดีที่สุดในโลก"
    sheet.cell(price, 8).value = "maybe"
    sheet.cell(numbers["title"], 7).value = "ถ้วย"
    sheet.cell(numbers["title"], 9).value = "broken"
    gone = next(n for part, n in numbers.items() if "call to action" in part)
    sheet.cell(gone, 7).value, sheet.cell(gone, 9).value = "x", str(sheet.cell(gone, 9).value).replace("MUG-01", "MUG-99")
    book.save(path)
    done = answered(desk, path)
    assert done.lines == 1
    told = "\n".join(done.problems)
    assert f"row {price}: 'maybe' in 'approve' is neither {TICK} nor empty" in told
    assert f"row {numbers['title']}: its hidden last column is damaged" in told
    assert "MUG-99 in th is not in the catalog" in told
    assert "best or most of its kind" in told
    assert "The clip will be stopped by it" in told


def test_a_line_that_has_changed_since_is_not_approved_unseen(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "review.xlsx"
    written(desk, path)
    fill(path, **{"MUG-01: line 1 · hook": {"approve": TICK}})
    catalog = Path(desk.campaign.catalog)
    catalog.write_text(catalog.read_text(encoding="utf-8").replace("แก้วดินเผา", "ถ้วยดินเผา"), encoding="utf-8")
    done = answered(desk, path)
    assert done.approved == 0
    assert "this line has changed since the sheet was written" in done.problems[0]


def test_cells_are_text_whatever_they_begin_with(desk: Desk, tmp_path: Path) -> None:
    entry = proofreading.Entry("A", "th", "title", "title", '=HYPERLINK("http://x.example")', "\x07=1+1", ("-1",))
    path = tmp_path / "review.xlsx"
    proofreading.write(path, [entry])
    sheet = load_workbook(path).worksheets[0]
    assert [sheet.cell(2, c).data_type for c in (4, 5, 6)] == ["s", "s", "s"]
    assert sheet.cell(2, 5).value == "=1+1"


def test_a_sheet_that_is_there_is_not_written_over(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "review.xlsx"
    written(desk, path)
    with pytest.raises(UserError, match="hand it in with --read"):
        proofreading.write(path, [])
    with pytest.raises(UserError, match=r"ends with \.xlsx"):
        proofreading.write(tmp_path / "review.csv", [])


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04broken", b"a,b\n"])
def test_a_file_that_is_no_sheet_of_ours_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.xlsx"
    path.write_bytes(content)
    with pytest.raises(UserError, match="give the sheet that `crossreel review` wrote"):
        proofreading.read(path)
    with pytest.raises(UserError, match=r"gone\.xlsx"):
        proofreading.read(tmp_path / "gone.xlsx")


def test_the_sheet_in_chinese(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "review.xlsx"
    proofreading.write(path, proofreading.collect(desk, jobs(desk)[:1], "zh"), "zh")
    book = load_workbook(path)
    assert [c.value for c in book.worksheets[0][1]][:8] == ["商品", "语言", "部分", "原文", "译文", "提示", "修改", "通过"]
    for row in book.worksheets[0].iter_rows(min_row=2):
        if "开场" in str(row[2].value):
            row[6].value, row[7].value = "มาดูแก้วใบนี้กันค่ะ", "是"
    book.save(path)
    done = answered(desk, path)
    assert (done.lines, done.approved) == (1, 1)


def test_the_command_writes_and_reads(desk: Desk, tmp_path: Path) -> None:
    campaign = str(Path(desk.campaign.catalog).with_name("campaign.yaml"))
    sheet = tmp_path / "r.xlsx"
    ran = CliRunner().invoke(app, ["review", campaign, "--out", str(sheet)])
    assert ran.exit_code == 0, ran.output
    assert "2 texts are missing" in ran.output
    fill(sheet, **{"MUG-01: line 1 · hook": {"correction": "มาดูแก้วใบนี้กันค่ะ", "approve": TICK}})
    ran = CliRunner().invoke(app, ["review", campaign, "--read", str(sheet), "--by", "Mali"])
    assert ran.exit_code == 0, ran.output
    assert "0 texts corrected, 1 lines corrected, 1 lines approved" in ran.output
