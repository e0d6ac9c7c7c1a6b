"""crossreel catalog: what a seller types before anything is made, and what is said about the file."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import yaml
from PIL import Image
from rich.cells import cell_len

from localize import cli, products


@dataclass(frozen=True)
class Said:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def catalog(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Callable[..., Said]:
    """Run `crossreel catalog ...` as the shell would, in a folder of its own, on a wide terminal."""
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.chdir(tmp_path)

    def command(*args: object) -> Said:
        monkeypatch.setattr(sys, "argv", ["crossreel", "catalog", *map(str, args)])
        with pytest.raises(SystemExit) as e:
            cli.main()
        said = capsys.readouterr()
        assert "Traceback" not in said.out + said.err
        return Said(int(e.value.code or 0), said.out, said.err)

    return command


def wrote(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


GOOD = "sku,title,price,currency\nMUG-1,Clay mug,290,THB\nMUG-2,Tall mug,1390.50,THB\n"
MIXED = """\
sku,title,price,currency
MUG-1,Clay mug,290,THB
MUG-1,Clay mug again,290,THB
MUG-3,Tall mug,call us,THB
MUG-4,Wide mug,ask,THB
MUG-5,Red mug,120,THB
"""


# --- check ---------------------------------------------------------------------------------------------------------


def test_it_says_what_the_file_is_and_shows_its_products(catalog: Callable[..., Said], tmp_path: Path) -> None:
    said = catalog("check", wrote(tmp_path / "shop.csv", GOOD))
    assert said.code == 0
    assert "shop.csv: crossreel's own table" in said.out
    assert "2 rows = 2 of 2 products + 0 rejected + 0 that are no products" in said.out
    assert "1,390.50 THB" in said.out
    assert "make clips: in your campaign.yaml write" in said.out


def test_rejects_of_one_kind_are_told_once_with_an_example(catalog: Callable[..., Said], tmp_path: Path) -> None:
    said = catalog("check", wrote(tmp_path / "shop.csv", MIXED))
    assert said.code == 2
    assert "5 rows = 2 of 2 products + 3 rejected" in said.out
    told = [line for line in said.out.splitlines() if line.startswith("rejected")]
    assert len(told) == 2
    assert told[0].startswith("rejected  2 times, such as shop.csv, row 4, price: ")
    assert "'MUG-1' is already used in row 2" in told[1]


def test_json_is_one_object_and_nothing_else(catalog: Callable[..., Said], tmp_path: Path) -> None:
    said = catalog("check", wrote(tmp_path / "shop.csv", MIXED), "--json")
    assert said.code == 2
    report = said.json
    assert (report["format"], report["files"], report["rows"], report["products"], report["rejects"]) == ("native", ["shop.csv"], 5, 2, 3)
    assert report["balanced"]
    assert report["currency"] == {"THB": 2}
    assert report["reasons"][0]["count"] == 2
    assert report["reasons"][0]["example"]["row"] == 4
    assert [p["sku"] for p in report["preview"]] == ["MUG-1", "MUG-5"]


def test_prices_without_a_currency_are_shown_as_bare_numbers(catalog: Callable[..., Said], tmp_path: Path) -> None:
    path = wrote(tmp_path / "shop.csv", "sku,title,price\nMUG-1,Clay mug,1290\n")
    said = catalog("check", path)
    assert said.code == 0
    assert "no currency is stated: prices are shown as bare numbers; set `currency:` in the campaign or use --currency" in said.out
    assert "│ 1,290 │" in said.out
    assert "XXX" not in said.out
    said = catalog("check", path, "--currency", "thb")
    assert "1,290 THB" in said.out
    assert "no currency is stated" not in said.out
    assert "currency: THB\n" in said.out


def test_a_run_would_reject_what_has_no_currency(catalog: Callable[..., Said], tmp_path: Path) -> None:
    path = wrote(tmp_path / "shop.csv", "sku,title,price\nMUG-1,Clay mug,1290\n")
    assert [r.column for r in products.read(path).rejects] == ["currency"]


def test_ranges_options_and_other_languages_are_seen_at_once(catalog: Callable[..., Said], tmp_path: Path) -> None:
    row = {
        "sku": "T-1", "title": "T-shirt", "price": 199, "price_to": 299, "price_from": True, "currency": "THB",
        "options": "Size: S, M | Colour: red", "title_th": "เสื้อยืด", "language": "en", "images": ["https://shop.example/t.jpg"],
    }  # fmt: skip
    said = catalog("check", wrote(tmp_path / "shop.jsonl", json.dumps(row) + "\n"))
    assert "199 to 299 THB" in said.out
    assert "Size: S, M; Colour: red" in said.out
    assert "1 address" in said.out
    assert "en+th" in said.out


@pytest.mark.parametrize("columns", [60, 160])
def test_tables_of_wide_letters_are_aligned(
    columns: int, catalog: Callable[..., Said], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    text = (
        "sku,title,price,currency\nA-1,กระบอกน้ำสเตนเลสขนาด 500 มล.,฿390,THB\nA-2,不锈钢保温杯 500 毫升 大容量 便携 户外 运动水壶,59,CNY\n"
    )
    said = catalog("check", wrote(tmp_path / "shop.csv", text))
    rows = [line for line in said.out.splitlines() if line[:1] in "│┃┏└"]
    assert len({cell_len(row) for row in rows}) == 1
    assert "390 THB" in said.out


def test_the_normal_form_gives_the_same_products_again(catalog: Callable[..., Said], shop: Path, tmp_path: Path) -> None:
    rows = [
        {"sku": "0012", "title": "Tee", "price": 1.25, "currency": "KWD", "options": '{"Size, cm": ["S: 1", "M|2"]}',
         "price_to": 2.375, "price_from": True},
        {"sku": "B", "title": "Bowl | deep", "price": "1.290", "currency": "VND", "was_price": 1500000, "features": ["a; b", "c, d | e"],
         "description": "First.\nSecond.", "proof": "4.8 of 5", "brand": "Ba & Co", "category": "kitchen", "link": "https://shop.example/b",
         "images": ["https://shop.example/1.jpg?a=1,2", "https://shop.example/2.jpg"], "language": "id",
         "title_th": "ชาม", "features_th": ["ก", "ข"]},
    ]  # fmt: skip
    for source in (wrote(tmp_path / "rows.jsonl", "".join(json.dumps(r) + "\n" for r in rows)), shop / "products.csv"):
        assert catalog("check", source, "--out", "normal.jsonl", "--currency", "THB").code == 0
        first = products.read(source, currency="THB").products
        again = products.read(tmp_path / "normal.jsonl").products
        assert [p.model_copy(update={"source": None}) for p in again] == [p.model_copy(update={"source": None}) for p in first]


def test_what_is_wrong_is_written_for_a_spreadsheet(catalog: Callable[..., Said], tmp_path: Path) -> None:
    said = catalog("check", wrote(tmp_path / "shop.csv", MIXED), "--rejects", "bad/rejects.csv", "--out", "good.jsonl")
    assert "bad/rejects.csv: 3 rejects" in said.out
    with (tmp_path / "bad" / "rejects.csv").open(encoding="utf-8-sig", newline="") as f:
        assert [row["row"] for row in csv.DictReader(f)] == ["3", "4", "5"]
    assert len((tmp_path / "good.jsonl").read_text(encoding="utf-8").splitlines()) == 2


def test_the_catalog_is_never_written_over(catalog: Callable[..., Said], tmp_path: Path) -> None:
    path = wrote(tmp_path / "shop.csv", GOOD)
    said = catalog("check", path, "--out", path)
    assert said.code == 2
    assert "is the catalog itself" in said.err
    assert path.read_text(encoding="utf-8") == GOOD


def test_nothing_half_written_is_left_behind(catalog: Callable[..., Said], tmp_path: Path) -> None:
    said = catalog("check", wrote(tmp_path / "shop.csv", "sku,title,price\n"), "--out", "good.jsonl")
    assert said.code == 2
    assert [p.name for p in tmp_path.iterdir()] == ["shop.csv"]


def test_what_is_no_catalog_says_so(catalog: Callable[..., Said], tmp_path: Path) -> None:
    path = wrote(tmp_path / "note.csv", "just a note\n")
    said = catalog("check", path)
    assert said.code == 2
    assert said.out == ""
    assert "note.csv" in said.err
    said = catalog("check", path, "--json")
    assert said.code == 2
    assert "note.csv" in said.json["error"]


def test_without_a_catalog_it_says_how_to_give_one(catalog: Callable[..., Said]) -> None:
    said = catalog("check")
    assert said.code == 2
    assert "crossreel catalog check products.csv" in said.err


def test_it_takes_what_the_campaign_says(catalog: Callable[..., Said], shop: Path) -> None:
    wrote(shop / "products.csv", "Code,What,Cost\nM-1,Mug,290\n")
    text = (shop / "campaign.yaml").read_text(encoding="utf-8")
    wrote(shop / "campaign.yaml", text + "columns: {sku: Code, title: What, price: Cost}\n")
    said = catalog("check", "--campaign", shop / "campaign.yaml")
    assert said.code == 0
    assert "290 THB" in said.out
    assert f"make clips: crossreel run {shop / 'campaign.yaml'}" in said.out


def test_columns_can_be_named_on_the_command_line(catalog: Callable[..., Said], tmp_path: Path) -> None:
    path = wrote(tmp_path / "shop.csv", "编号,名称（全称）,到手,图\nA1,马克杯,59.00,https://shop.example/1.jpg\n")
    said = catalog(
        "check", path, "--columns", "sku=编号,title=名称（全称）,price=到手", "--columns", "images=图", "--currency", "CNY", "--json"
    )
    assert said.code == 0
    [mug] = said.json["preview"]
    assert (mug["sku"], mug["title"], mug["price"], mug["images"]) == ("A1", "马克杯", 59, ["https://shop.example/1.jpg"])


def test_a_column_setting_without_a_column_is_explained(catalog: Callable[..., Said], tmp_path: Path) -> None:
    said = catalog("check", wrote(tmp_path / "shop.csv", GOOD), "--columns", "title")
    assert said.code == 2
    assert "is not like title=商品标题" in said.err


def test_picture_files_are_looked_at_unless_told_otherwise(catalog: Callable[..., Said], shop: Path) -> None:
    (shop / "pictures" / "mug.jpg").write_bytes(b"not a picture")
    said = catalog("check", shop / "products.csv", "--currency", "THB", "--json")
    assert said.code == 2
    assert said.json["products"] == 1
    assert "'mug.jpg' cannot be shown" in said.json["reasons"][0]["example"]["message"]
    said = catalog("check", shop / "products.csv", "--currency", "THB", "--pictures", "0", "--json")
    assert said.code == 0
    assert said.json["products"] == 2


def test_thumbnails_are_told(catalog: Callable[..., Said], shop: Path) -> None:
    Image.new("RGB", (120, 90), "red").save(shop / "pictures" / "mug.jpg")
    for more in ((), ("--pictures", "9")):
        said = catalog("check", shop / "products.csv", "--currency", "THB", "--json", *more)
        [small] = [w["example"] for w in said.json["warnings"] if "120 x 90 pixels and will look soft" in w["example"]["message"]]
        assert small["value"] == "mug.jpg"


def test_pictures_at_addresses_are_only_fetched_when_asked(catalog: Callable[..., Said], tmp_path: Path) -> None:
    path = wrote(tmp_path / "shop.csv", "sku,title,price,currency,images\nM-1,Mug,290,THB,http://127.0.0.1:8000/mug.jpg\n")
    said = catalog("check", path, "--json")
    assert said.json["pictures"] == {"files": 0, "addresses": 1, "products_without": 0}
    assert not said.json["warnings"]
    said = catalog("check", path, "--pictures", "1")
    assert "private address" in said.out
    assert "none of its pictures can be shown" in said.out


# --- map -----------------------------------------------------------------------------------------------------------

CHINESE = "商品名称,售价,主图,备注\n马克杯,59.00,https://shop.example/1.jpg,\n茶壶,129.00,https://shop.example/2.jpg,\n"


def test_map_proposes_what_the_columns_are(catalog: Callable[..., Said], tmp_path: Path) -> None:
    said = catalog("map", wrote(tmp_path / "shop.csv", CHINESE))
    assert said.code == 0
    assert "shop.csv: 4 columns, 3 of them understood" in said.out
    line = next(line for line in said.out.splitlines() if "售价" in line and "│" in line)
    assert "price" in line
    assert "59.00" in line
    assert "%" in line


def test_the_proposal_can_be_pasted_into_a_campaign(catalog: Callable[..., Said], shop: Path) -> None:
    wrote(shop / "products.csv", CHINESE)
    said = catalog("map", shop / "products.csv")
    block = said.out.partition("columns:")[2]
    assert yaml.safe_load("columns:" + block) == {"columns": {"title": "商品名称", "price": "售价", "images": "主图"}}
    text = (shop / "campaign.yaml").read_text(encoding="utf-8").replace("THB", "CNY")
    wrote(shop / "campaign.yaml", text + "columns:" + block)
    said = catalog("check", "--campaign", shop / "campaign.yaml", "--json")
    assert [p["title"] for p in said.json["preview"]] == ["马克杯", "茶壶"]


def test_map_says_what_is_missing(catalog: Callable[..., Said], tmp_path: Path) -> None:
    said = catalog("map", wrote(tmp_path / "shop.csv", "名称,重量\n马克杯,300\n茶壶,800\n"))
    assert said.code == 2
    assert "no column was found for price: add it to `columns:` by hand" in said.out


def test_map_takes_the_sheet_that_it_understands_best(catalog: Callable[..., Said], tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["hello"])
    for row in (["Name", "Price"], ["Mug", 290], ["Pot", 590]):
        (book["Stock"] if "Stock" in book.sheetnames else book.create_sheet("Stock")).append(row)
    book.save(tmp_path / "shop.xlsx")
    assert "sheet 'Stock'" in catalog("map", tmp_path / "shop.xlsx").out
    said = catalog("map", tmp_path / "shop.xlsx", "--sheet", "Stok")
    assert said.code == 2
    assert "has no visible sheet 'Stok', only 'Sheet', 'Stock'" in said.err


# --- template ------------------------------------------------------------------------------------------------------


def test_a_template_that_is_filled_in_is_a_catalog(catalog: Callable[..., Said], tmp_path: Path) -> None:
    said = catalog("template", "shop.xlsx", "--language", "th", "--languages", "vi,id")
    assert said.code == 0
    assert "crossreel catalog check shop.xlsx" in said.out
    book = openpyxl.load_workbook(tmp_path / "shop.xlsx")
    book.worksheets[0].append(["A-1", "แก้วมัค", "Cốc sứ", "Mug", 290])
    book.save(tmp_path / "shop.xlsx")
    report = catalog("check", "shop.xlsx", "--currency", "THB", "--json").json
    assert (report["products"], report["rejects"], list(report["non_rows"].values())) == (1, 0, [1])
    assert report["preview"][0]["title_vi"] == "Cốc sứ"


def test_a_template_is_not_written_over_a_file(catalog: Callable[..., Said], tmp_path: Path) -> None:
    catalog("template", "shop.xlsx")
    said = catalog("template", "shop.xlsx")
    assert said.code == 2
    assert "is there already" in said.err
