"""Proofreading: one sheet out, corrected and approved by a person, and taken back."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock, Timeout
from openpyxl import load_workbook
from openpyxl.worksheet.worksheet import Worksheet
from typer.testing import CliRunner

from localize import planning, proofreading, review_sheet
from localize.campaign import load
from localize.cli import app
from localize.desk import Desk
from localize.errors import NotReady, UserError
from localize.planning import Job, Progress
from localize.review_sheet import TICK, Entry
from localize.reviews import Review, Reviews
from localize.store import LocalStore
from localize.translate.memory import remember
from localize.translate.products import Localized

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
    review_sheet.write(path, proofreading.collect(desk, jobs(desk)))
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
    answers, problems = review_sheet.read(path)
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


def test_of_two_hosts_the_sheet_shows_who_speaks(desk: Desk, shop: Path, tmp_path: Path) -> None:
    assert "host" not in written(desk, tmp_path / "one.xlsx")[0]
    text = (shop / "campaign.yaml").read_text(encoding="utf-8")
    hosts = "hosts: [{avatar: mali}, {avatar: arun, gender: male}]\n"
    (shop / "campaign.yaml").write_text(re.sub(r"(?ms)^hosts?:.*?(?=^\w|\Z)", "", text) + hosts, encoding="utf-8")
    two, path = Desk(load(shop / "campaign.yaml"), desk.store), tmp_path / "two.xlsx"
    rows = written(two, path)
    assert rows[0][:6] == ["product", "language", "part", "host", "source", "text"]
    mug = [row for row in rows if row[0] == "MUG-01"]
    said = {row[5]: row[3] for row in mug if row[2].startswith("line")}
    job = next(j for j in jobs(two) if j.product.sku == "MUG-01")
    script = two.draft(job, two.texts(job, Progress()), Progress())[0]
    assert said == {line.text: ("1 · mali, woman", "2 · arun, man")[line.host] for line in script.lines}
    assert len(set(said.values())) == 2
    assert {row[3] for row in mug if not row[2].startswith("line")} == {None}
    book = load_workbook(path)
    sheet = book.worksheets[0]
    assert [sheet.column_dimensions[c].hidden for c in "IJ"] == [False, True]
    line = next(row for row in sheet.iter_rows(min_row=2) if row[0].value == "MUG-01" and str(row[2].value).startswith("line 1"))
    line[3].value, line[7].value, line[8].value = "2 · somebody", "มาดูแก้วใบนี้กันค่ะ", TICK
    book.save(path)
    done = answered(two, path)
    assert (done.lines, done.approved, done.problems) == (1, 1, [])


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
    sheet.cell(gone, 1).value = "MUG-99"
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
    entry = review_sheet.Entry("A", "th", "title", "title", '=HYPERLINK("http://x.example")', "\x07=1+1", ("-1",))
    path = tmp_path / "review.xlsx"
    review_sheet.write(path, [entry])
    sheet = load_workbook(path).worksheets[0]
    assert [sheet.cell(2, c).data_type for c in (4, 5, 6)] == ["s", "s", "s"]
    assert sheet.cell(2, 5).value == "=1+1"


def test_a_sheet_that_is_there_is_not_written_over(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "review.xlsx"
    written(desk, path)
    with pytest.raises(UserError, match="hand it in with --read"):
        review_sheet.write(path, [])
    with pytest.raises(UserError, match=r"ends with \.xlsx"):
        review_sheet.write(tmp_path / "review.csv", [])


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04broken", b"a,b\n"])
def test_a_file_that_is_no_sheet_of_ours_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.xlsx"
    path.write_bytes(content)
    with pytest.raises(UserError, match="give the sheet that `crossreel review sheet` wrote"):
        review_sheet.read(path)
    with pytest.raises(UserError, match=r"gone\.xlsx"):
        review_sheet.read(tmp_path / "gone.xlsx")


def test_the_sheet_in_chinese(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "review.xlsx"
    review_sheet.write(path, proofreading.collect(desk, jobs(desk)[:1], "zh"), "zh")
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
    ran = CliRunner().invoke(app, ["review", "sheet", campaign, "--out", str(sheet)])
    assert ran.exit_code == 0, ran.output
    assert "2 texts are missing" in ran.output
    fill(sheet, **{"MUG-01: line 1 · hook": {"correction": "มาดูแก้วใบนี้กันค่ะ", "approve": TICK}})
    ran = CliRunner().invoke(app, ["review", "sheet", campaign, "--read", str(sheet), "--by", "Mali"])
    assert ran.exit_code == 0, ran.output
    assert "0 texts corrected, 1 lines corrected, 1 approved" in ran.output


def test_the_command_of_before_says_what_it_is_called_now() -> None:
    ran = CliRunner().invoke(app, ["review", "shop/campaign.yaml", "--read", "review.xlsx"])
    assert str(ran.exception) == "`crossreel review shop/campaign.yaml` is now `crossreel review sheet shop/campaign.yaml`."


# ---- rows and what they belong to


def rows_of(path: Path) -> tuple[Any, Worksheet]:
    book = load_workbook(path)
    sheet = book.worksheets[0]
    assert isinstance(sheet, Worksheet)
    return book, sheet


def number(sheet: Worksheet, sku: str, shown: str) -> int:
    """The row of a product in which a part's label or a source begins so."""
    found = (
        row[0].row for row in sheet.iter_rows(min_row=2) if row[0].value == sku and any(str(c.value).startswith(shown) for c in row[2:4])
    )
    return next(n for n in found if n)


def test_sorting_takes_the_hidden_column_along(tmp_path: Path) -> None:
    path = tmp_path / "review.xlsx"
    review_sheet.write(path, [Entry("A", "th", "title", "title", "Mug", "แก้ว")])
    sheet = rows_of(path)[1]
    assert sheet.auto_filter.ref == "A1:I2"
    assert (sheet.protection.sort, sheet.protection.deleteRows) == (False, False)  # False: not forbidden


def test_a_row_that_shows_what_its_key_does_not_is_refused(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "review.xlsx"
    written(desk, path)
    book, sheet = rows_of(path)
    first, second = number(sheet, "LAMP-03", "Desk Lamp XS"), number(sheet, "LAMP-03", "Three levels")
    for column in range(1, 9):  # sorted by a program that has left the last column where it was
        one, other = sheet.cell(first, column), sheet.cell(second, column)
        one.value, other.value = other.value, one.value
    sheet.cell(first, 7).value, sheet.cell(second, 7).value = "ปรับแสงได้ 3 ระดับ", "โคมไฟตั้งโต๊ะรุ่นเล็ก"
    hook, price = number(sheet, "MUG-01", "line 1"), number(sheet, "MUG-01", "line 4 · price")
    sheet.cell(hook, 7).value = "มาดูแก้วใบนี้กันค่ะ"
    sheet.cell(price, 5).value, sheet.cell(price, 8).value = "written over", TICK
    book.save(path)
    done = answered(desk, path)
    assert (done.texts, done.lines, done.approved) == (0, 1, 0)
    assert [p.partition(": it shows")[0] for p in done.problems] == [f"review.xlsx, row {n}" for n in sorted((first, second, price))]


def test_the_same_text_of_another_product_language_or_part_is_another_row(tmp_path: Path) -> None:
    path = tmp_path / "review.xlsx"
    entries = [Entry("A", "th", "text", "missing text", "Mug", ""), Entry("A", "vi", "text", "missing text", "Mug", "")]
    entries += [Entry("B", "vi", "text", "missing text", "Mug", ""), Entry("B", "vi", "title", "title", "Mug", "")]
    review_sheet.write(path, entries)
    book, sheet = rows_of(path)
    keys = [sheet.cell(n, 9).value for n in range(2, 6)]
    for n, key in enumerate((*keys[1:], keys[0]), 2):
        sheet.cell(n, 7).value, sheet.cell(n, 9).value = "cốc", key
    book.save(path)
    answers, problems = review_sheet.read(path)
    assert (answers, len(problems)) == ([], 4)


@pytest.mark.parametrize("text", ["a\xa0b\u3000c\u2028d", "one\r\ntwo\x0bthree", " \x07 in\u200bvisible\ud800 ", "long " * 8000, "350", ""])
def test_texts_that_a_cell_can_t_hold_as_they_are_are_known_again(tmp_path: Path, text: str) -> None:
    path = tmp_path / "review.xlsx"
    review_sheet.write(path, [Entry("Ａ\u3000１", "th", "text", "missing text", text, text)])
    book, sheet = rows_of(path)
    sheet.cell(2, 7).value = "แก้ว"
    book.save(path)
    answers, problems = review_sheet.read(path)
    assert [(a.sku, a.correction) for a in answers] == [("Ａ\u3000１", "แก้ว")]
    assert not problems


def test_white_space_of_every_kind_parts_words(tmp_path: Path) -> None:
    path = tmp_path / "review.xlsx"
    entry = Entry("A\u3000\xa01", "th", "title", "title", "Cup\u3000Large", "ถ้วย\xa0ใหญ่\tมาก\r\nแดง")
    review_sheet.write(path, [entry])
    sheet = rows_of(path)[1]
    assert [sheet.cell(2, c).value for c in (4, 5)] == ["Cup Large", "ถ้วย ใหญ่ มาก\nแดง"]
    assert sheet.cell(2, 9).value == entry.key  # as it is: "A\u3000\xa01" is the product


@pytest.mark.parametrize(
    "part", ["line.x", "line.", "line", "line.0", "line.-1", "line.1.bow", "features", "features.x", "title.1.2", "nonsense", ""]
)
def test_a_damaged_part_is_told_with_its_row(desk: Desk, tmp_path: Path, part: str) -> None:
    path = tmp_path / "review.xlsx"
    written(desk, path)
    book, sheet = rows_of(path)
    row = number(sheet, "MUG-01", "line 1")
    sheet.cell(row, 7).value = "มาดูแก้วใบนี้กันค่ะ"
    sheet.cell(row, 9).value = str(sheet.cell(row, 9).value).replace("line.1.hook", part)
    book.save(path)
    done = answered(desk, path)
    assert done.lines == 0
    assert [p.startswith(f"review.xlsx, row {row}: its hidden last column is damaged") for p in done.problems] == [True]


def test_a_sheet_of_before_has_no_roles_in_its_keys(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "review.xlsx"
    written(desk, path)
    book, sheet = rows_of(path)
    row = number(sheet, "MUG-01", "line 1")
    sheet.cell(row, 8).value = TICK
    sheet.cell(row, 9).value = str(sheet.cell(row, 9).value).replace("line.1.hook", "line.1")
    book.save(path)
    assert answered(desk, path).approved == 1


# ---- products that have no texts


def test_what_is_missing_and_no_text_is_no_row_to_fill_in(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lack = NotReady("the server answers 401.", missing=("set LLM_API_KEY",), how="Give a key.")
    monkeypatch.setattr(Desk, "texts", lambda *_: (_ for _ in ()).throw(lack))
    (entry,) = proofreading.collect(desk, jobs(desk)[:1])
    assert (entry.source, entry.text, entry.remarks) == ("Clay Mug", "", ("the server answers 401. Give a key.",))
    assert (entry.blocked, entry.fixed, entry.part == "text") == (True, True, False)
    path = tmp_path / "review.xlsx"
    review_sheet.write(path, [entry])
    book, sheet = rows_of(path)
    sheet.cell(2, 7).value = "แก้ว"  # without the protection
    book.save(path)
    done = answered(desk, path)
    assert (done.texts, done.problems) == (0, ["row 2: there is no text to correct in this row: nothing was done with it"])


def test_of_what_is_missing_only_texts_can_be_filled_in(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    lack = NotReady("no.", missing=("Clay Mug", "an engine", "Holds 350 ml"))
    monkeypatch.setattr(Desk, "texts", lambda *_: (_ for _ in ()).throw(lack))
    rows = list(proofreading.collect(desk, jobs(desk)[:1]))
    assert [(r.part, r.source, r.fixed) for r in rows] == [("text", "Clay Mug", False), ("text", "Holds 350 ml", False)]


# ---- what has changed, and by whom


@pytest.fixture
def ready(desk: Desk) -> Desk:
    """The shop with LAMP-03's texts in the memory."""
    remember(desk.campaign.accepted_file(), [("Desk Lamp XS", "th", "โคมเล็ก"), ("Three levels of light", "th", "ปรับแสงได้ 3 ระดับ")])
    return Desk(desk.campaign, desk.store)


def test_a_text_of_one_product_does_not_let_changed_lines_of_others_in(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "review.xlsx"
    written(desk, path)
    book, sheet = rows_of(path)
    sheet.cell(number(sheet, "LAMP-03", "Desk Lamp XS"), 7).value = "โคมไฟตั้งโต๊ะรุ่นเล็ก"
    row = number(sheet, "MUG-01", "line 1")
    sheet.cell(row, 7).value = "มาดูแก้วใบนี้กันค่ะ"
    book.save(path)
    catalog = Path(desk.campaign.catalog)
    catalog.write_text(catalog.read_text(encoding="utf-8").replace("แก้วดินเผา", "ถ้วยดินเผา"), encoding="utf-8")
    done = answered(desk, path)
    assert (done.texts, done.lines) == (1, 0)
    assert done.problems == [f"row {row}: this line has changed since the sheet was written: write the sheet anew"]


def corrected_with_its_text(desk: Desk, path: Path) -> int:
    """A sheet in which LAMP-03's title and a line with it are corrected, and the row of that line."""
    written(desk, path)
    book, sheet = rows_of(path)
    sheet.cell(number(sheet, "LAMP-03", "title"), 7).value = "โคมไฟจิ๋ว"
    row = number(sheet, "LAMP-03", "line 1")
    assert "โคมเล็ก" in str(sheet.cell(row, 5).value)
    sheet.cell(row, 7).value, sheet.cell(row, 8).value = "มาดูโคมไฟจิ๋วกันค่ะ", TICK
    book.save(path)
    return row


def test_a_line_may_be_corrected_along_with_its_text(ready: Desk, tmp_path: Path) -> None:
    corrected_with_its_text(ready, tmp_path / "review.xlsx")
    done = answered(ready, tmp_path / "review.xlsx")
    assert (done.texts, done.lines, done.approved, done.problems) == (1, 1, 1, [])
    assert lines(Desk(ready.campaign, ready.store), "LAMP-03")[0] == "มาดูโคมไฟจิ๋วกันค่ะ"


@pytest.mark.parametrize("change", ["fewer", "other roles", "changed before"])
def test_but_only_if_it_is_still_the_same_line(ready: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str) -> None:
    row = corrected_with_its_text(ready, tmp_path / "review.xlsx")
    written = Desk.written

    def other(desk: Desk, job: Job, localized: Localized, progress: Progress) -> Any:
        script, doubts = written(desk, job, localized, progress)
        first, *rest = script.lines
        if change == "changed before":
            first = first.model_copy(update={"text": f"{first.text} !"})
        elif localized.text.title == "โคมไฟจิ๋ว":
            first = first.model_copy(update={"role": "problem"}) if change == "other roles" else first
            rest = rest[:-1] if change == "fewer" else rest
        return script.model_copy(update={"lines": (first, *rest)}), doubts

    monkeypatch.setattr(Desk, "written", other)
    done = answered(ready, tmp_path / "review.xlsx")
    assert (done.texts, done.lines) == (1, 0)
    assert f"row {row}: this line has changed since the sheet was written: write the sheet anew" in done.problems


def test_a_text_that_somebody_has_corrected_since_is_refused(ready: Desk, tmp_path: Path) -> None:
    path = tmp_path / "review.xlsx"
    written(ready, path)
    book, sheet = rows_of(path)
    title, feature = number(sheet, "LAMP-03", "title"), number(sheet, "LAMP-03", "feature 1")
    sheet.cell(title, 7).value, sheet.cell(feature, 7).value = "โคมไฟจิ๋ว", "แสงสามระดับ"
    book.save(path)
    remember(ready.campaign.accepted_file(), [("Desk Lamp XS", "th", "โคมไฟของคนอื่น")])
    done = answered(ready, path)
    assert done.texts == 1
    assert done.problems == [f"row {title}: this text has changed since the sheet was written, to 'โคมไฟของคนอื่น': write it anew"]
    assert Path(ready.campaign.memory[0]).read_text(encoding="utf-8-sig").splitlines()[-2:] == [
        "Desk Lamp XS,โคมไฟของคนอื่น",
        "Three levels of light,แสงสามระดับ",
    ]
    again = answered(ready, path)  # what was taken over is no trouble a second time
    assert (again.texts, again.problems) == (0, done.problems)


def test_a_missing_text_that_somebody_has_given_since_is_refused(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "review.xlsx"
    written(desk, path)
    book, sheet = rows_of(path)
    title, feature = number(sheet, "LAMP-03", "Desk Lamp XS"), number(sheet, "LAMP-03", "Three levels")
    sheet.cell(title, 7).value, sheet.cell(feature, 7).value = "โคมไฟจิ๋ว", "แสงสามระดับ"
    book.save(path)
    remember(desk.campaign.accepted_file(), [("Desk Lamp XS", "th", "โคมไฟของคนอื่น"), ("Three levels of light", "th", "แสงสามระดับ")])
    done = answered(desk, path)
    assert done.texts == 0
    assert done.problems == [f"row {title}: this text has changed since the sheet was written, to 'โคมไฟของคนอื่น': write it anew"]


def test_a_text_that_the_catalog_has_by_now_is_refused(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "review.xlsx"
    written(desk, path)
    book, sheet = rows_of(path)
    title = number(sheet, "LAMP-03", "Desk Lamp XS")
    sheet.cell(title, 7).value = "โคมไฟจิ๋ว"
    book.save(path)
    catalog = Path(desk.campaign.catalog)
    catalog.write_text(
        catalog.read_text(encoding="utf-8").replace("pictures/lamp.jpg,,,,\n", "pictures/lamp.jpg,โคมไฟใหม่,,,\n"), encoding="utf-8"
    )
    done = answered(desk, path)
    assert (done.texts, [p.partition(":")[0] for p in done.problems]) == (0, [f"row {title}"])


def test_the_memory_is_held_while_it_is_added_to(ready: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    corrected_with_its_text(ready, tmp_path / "review.xlsx")
    held = []

    def watched(path: Path, entries: Any) -> None:
        with pytest.raises(Timeout):
            FileLock(path.with_name(f".{path.name}.lock")).acquire(timeout=0)
        held.append(path)
        remember(path, entries)

    monkeypatch.setattr(proofreading, "remember", watched)
    answered(ready, tmp_path / "review.xlsx")
    assert held == [ready.campaign.accepted_file()]


def test_what_others_hand_in_meanwhile_stays(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "review.xlsx"
    written(desk, path)
    book, sheet = rows_of(path)
    hook, second = number(sheet, "MUG-01", "line 1"), number(sheet, "MUG-01", "line 2")
    texts = [str(sheet.cell(n, 5).value) for n in (hook, second)]
    sheet.cell(hook, 7).value, sheet.cell(second, 8).value = "มาดูแก้วใบนี้กันค่ะ", TICK
    book.save(path)
    file = Path(desk.campaign.review.file)
    theirs = [Review("MUG-01", "th", texts[0], "แก้วของคนอื่น", True, "Noi"), Review("LAMP-02", "th", "x", approved=True, by="Noi")]
    judged = Desk.judged

    def slow(*args: Any, **kwargs: Any) -> Any:  # while this one's lines are looked at
        if not file.exists():
            reviews = Reviews.load(file)
            reviews.add(theirs)
            reviews.save()
        return judged(*args, **kwargs)

    monkeypatch.setattr(Desk, "judged", slow)
    done = answered(desk, path)
    assert (done.lines, done.approved) == (0, 1)
    assert done.problems == [f"row {hook}: somebody else has handed in this line meanwhile: write the sheet anew"]
    kept = list(Reviews.load(file).said.values())
    assert kept == [*theirs, Review("MUG-01", "th", texts[1], "", True, "Mali", "2026-11-26 10:00")]


# ---- approvals


def test_an_unreadable_word_takes_no_approval_back(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "review.xlsx"
    written(desk, path)
    fill(path, **{f"MUG-01: line {n}": {"approve": TICK} for n in ("1 · hook", "2 · feature")})
    assert answered(desk, path).approved == 2
    book, sheet = rows_of(path)
    hook, second, price = (number(sheet, "MUG-01", f"line {n}") for n in (1, 2, 4))
    for row in (hook, second, price):
        sheet.cell(row, 8).value = "maybe"
    sheet.cell(hook, 7).value = sheet.cell(hook, 5).value  # the words that were approved
    sheet.cell(price, 7).value = f"{sheet.cell(price, 5).value} !"
    book.save(path)
    done = answered(desk, path)
    assert (done.lines, done.approved, len(done.problems)) == (2, 0, 3)
    kept = {r.text: (r.edit, r.approved) for r in Reviews.load(Path(desk.campaign.review.file)).said.values()}
    shown = {row: str(sheet.cell(row, 5).value) for row in (hook, second, price)}
    assert kept == {shown[hook]: ("", True), shown[second]: ("", True), shown[price]: (f"{shown[price]} !", False)}


def test_a_correction_is_taken_in_the_form_that_catalogs_have(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "review.xlsx"
    written(desk, path)
    fill(path, **{"MUG-01: line 1 · hook": {"correction": "มาดู\u200bแก้วน\u0e49\u0e4d\u0e32"}})
    answers, _ = review_sheet.read(path)
    assert answers[0].correction == "มาดูแก้วน้ำ"


def refusal(desk: Desk, job: Job) -> Review | None:
    """Why a clip is not made, as the next night sees it."""
    fresh = Desk(desk.campaign, desk.store)
    return proofreading.rejected(fresh, proofreading.collect(fresh, [job]))


def reject(desk: Desk, job: Job) -> bool:
    shown = {entry.key for entry in proofreading.collect(desk, [job])}
    return proofreading.reject(Desk(desk.campaign, desk.store), job, shown, "not ours", by="Nok", at="2026-11-26 10:00")


def test_a_rejection_is_remembered_until_a_line_is_approved(desk: Desk, tmp_path: Path) -> None:
    mug = jobs(desk)[0]
    assert refusal(desk, mug) is None
    assert reject(desk, mug)
    kept = refusal(desk, mug)
    assert kept
    assert (kept.rejected, kept.by) == ("not ours", "Nok")
    assert not kept.approved
    rows = written(Desk(desk.campaign, desk.store), tmp_path / "review.xlsx")
    hook = next(row for row in rows if row[0] == "MUG-01" and row[2].startswith("line 1"))
    assert "its clip was rejected (Nok, 2026-11-26 10:00): not ours" in hook[5]
    fill(tmp_path / "review.xlsx", **{f"MUG-01: {hook[2]}": {"approve": TICK}})
    assert answered(desk, tmp_path / "review.xlsx").approved == 1
    assert refusal(desk, mug) is None


def test_a_corrected_line_and_a_changed_row_are_asked_about_again(desk: Desk) -> None:
    mug, lamp = jobs(desk)[:2]
    assert reject(desk, mug)
    assert reject(desk, lamp)
    line = next(iter(refused for refused in Reviews.load(Path(desk.campaign.review.file)).said.values() if refused.sku == "MUG-01"))
    Reviews.load(Path(desk.campaign.review.file)).keep([Review("MUG-01", "th", line.text, "คำใหม่ค่ะ", by="Mali")])
    assert refusal(desk, mug) is None
    table = Path(desk.campaign.catalog)
    table.write_text(table.read_text(encoding="utf-8").replace("โคมไฟตั้งโต๊ะ", "โคมไฟอ่านหนังสือ"), encoding="utf-8")
    assert refusal(desk, jobs(desk)[1]) is None


def test_what_has_changed_since_it_was_shown_is_not_rejected_unseen(desk: Desk) -> None:
    mug = jobs(desk)[0]
    shown = {entry.key for entry in proofreading.collect(desk, [mug])}
    table = Path(desk.campaign.catalog)
    table.write_text(table.read_text(encoding="utf-8").replace("แก้วดินเผา", "แก้วเซรามิก"), encoding="utf-8")
    now = jobs(desk)[0]
    assert not proofreading.reject(desk, now, shown, "", by="Nok", at="")
    assert refusal(desk, now) is None


def test_a_corrected_line_is_rejected_as_it_would_be_spoken(desk: Desk) -> None:
    mug = jobs(desk)[0]
    line = next(e.text for e in proofreading.collect(desk, [mug]) if e.part == "line.1.hook")
    Reviews.load(Path(desk.campaign.review.file)).keep([Review("MUG-01", "th", line, "มาดูแก้วใบนี้กันค่ะ", True, "Mali")])
    fresh = Desk(desk.campaign, desk.store)
    assert reject(fresh, mug)
    kept = Reviews.load(Path(desk.campaign.review.file)).said["MUG-01", "th", line]
    assert (kept.edit, kept.approved, kept.rejected) == ("มาดูแก้วใบนี้กันค่ะ", False, "not ours")
    assert refusal(desk, mug) is not None
