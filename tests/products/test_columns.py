"""What columns mean, by their names and by what stands below them."""

from __future__ import annotations

from pathlib import Path

import pytest

from localize.errors import UserError
from localize.products import columns, tables
from localize.products.headers import net, norm, senses, unit
from localize.products.tables import Table


def table(tmp_path: Path, text: str) -> Table:
    file = tmp_path / "shop.csv"
    file.write_text(text, encoding="utf-8")
    return tables.load(file)[0]


def meant(tmp_path: Path, text: str, currency: str = "") -> dict[str, str]:
    """Field -> header, of all columns that are used."""
    return {g.field: g.header for g in columns.propose(table(tmp_path, text), currency) if g.field}


def field(header: str) -> str:
    found = senses(header)
    return found[0].field if found else "?"


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("Product_Name", "product name"),
        ("*Seller-SKU ", "seller sku"),
        ("optionGroups", "option groups"),
        ("ImageURL", "image url"),
        ("商品标题（必填）", "商品标题"),
        ("Ｐｒｉｃｅ", "price"),
        ("售价(元)", "售价"),
        ("\ufeffTên sản phẩm *\n(tối đa 120 ký tự)", "tên sản phẩm"),
        ("宝 贝 标 题", "宝贝标题"),
    ],
)
def test_headers_are_compared_without_what_is_not_their_name(header: str, name: str) -> None:
    assert norm(header) == name


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("宝贝标题", "title"), ("商品名称", "title"), ("品名", "title"), ("Nama Produk*", "title"), ("ชื่อสินค้า", "title"),
        ("Tên sản phẩm", "title"), ("商品名", "title"), ("상품명", "title"), ("Naziv proizvoda", "title"), ("Название товара", "title"),
        ("一口价", "price"), ("拼单价", "price"), ("Harga Jual", "price"), ("ราคาขาย", "price"), ("Giá bán", "price"),
        ("Verkaufspreis", "price"),
        ("券后价", "sale_price"), ("促销价", "sale_price"), ("special_price", "sale_price"), ("Giá khuyến mãi", "sale_price"),
        ("划线价", "was_price"), ("吊牌价", "was_price"), ("市场价", "was_price"), ("Compare-at price", "was_price"),
        ("ราคาเต็ม", "was_price"),
        ("卖点", "features"), ("宝贝卖点", "features"), ("Bullet Point 3", "features"), ("จุดเด่น", "features"), ("Keunggulan", "features"),
        ("主图链接", "images"), ("image1_src", "images"), ("Foto Produk 2", "images"), ("Gambar 1*", "images"), ("Hình ảnh", "images"),
        ("商家编码", "sku"), ("货号", "sku"), ("Kode Produk", "sku"), ("mã sản phẩm", "sku"), ("Артикул", "sku"), ("Reference #", "sku"),
        ("商品ID", "group"), ("Product Handle", "group"), ("item_group_id", "group"), ("parent_sku", "parent"),
        ("option2_value", "option2_value"), ("Variant Option 1 Name", "option1_name"), ("SKU属性", "option_pairs"),
        ("规格值", "option_values"),
        ("商品详情链接", "link"), ("good_url", "link"), ("品牌", "brand"), ("Merek", "brand"), ("Thương hiệu", "brand"),
        ("类目", "category"),
    ],
)  # fmt: skip
def test_names_of_many_languages(header: str, expected: str) -> None:
    assert field(header) == expected


@pytest.mark.parametrize(
    ("header", "why"),
    [
        ("店铺名称", "no brand"), ("Seller", "no brand"), ("nama toko", "no brand"), ("销量", "sold"), ("sold", "sold"),
        ("购买人数", "sold"),
        ("cost", "never shown"), ("成本价", "never shown"), ("Harga Beli", "never shown"), ("meta_title", "search engines"),
        ("库存", "in stock"), ("店铺链接", "not to the product"), ("_id", "database"),
    ],
)  # fmt: skip
def test_names_that_only_look_like_ours(header: str, why: str) -> None:
    assert senses(header)[0].field == ""
    assert why in senses(header)[0].why


@pytest.mark.parametrize(
    ("header", "expected", "currency", "language"),
    [
        ("Harga（Rp）", "price", "IDR", ""), ("price (USD)", "price", "USD", ""), ("售价(元)", "price", "CNY", ""),
        ("Variant Price DKK", "price", "DKK", ""), ("price_usd", "price", "USD", ""), ("Price [EUR]", "price", "EUR", ""),
        ("title_th", "title", "", "th"), ("name(en-gb)", "title", "", "en"), ("Product Name(English)", "title", "", "en"),
        ("description-vi_VN", "description", "", "vi"),
    ],
)  # fmt: skip
def test_a_header_may_say_the_currency_or_the_language(header: str, expected: str, currency: str, language: str) -> None:
    sense = senses(header)[0]
    assert (sense.field, sense.currency, sense.language) == (expected, currency, language)


@pytest.mark.parametrize(
    "header",
    [
        "价格(万元)", "价格/万元", "价格（万）", "Harga (ribu)", "Harga (dalam ribuan)", "Harga (Rp ribu)", "Harga (x1000)",
        "Giá (nghìn đồng)", "Giá bán nghìn VND", "Giá (1.000đ)", "Price (K)", "Price in thousands", "价格(分)", "price_cents",
    ],
)  # fmt: skip
def test_prices_that_count_thousands_or_hundredths_are_not_read(tmp_path: Path, header: str) -> None:
    assert senses(header)[0].field == ""
    assert "written in full" in senses(header)[0].why
    found = table(tmp_path, f"Name,{header}\nBlue mug,350\nRed cup,420\n")
    assert all(g.field != "price" for g in columns.propose(found))
    with pytest.raises(UserError, match="write them in full"):
        columns.chosen(found, {"price": header})


@pytest.mark.parametrize("header", ["Price (USD)", "Harga (Rp)", "售价(元)", "ราคา (บาท)", "Giá bán (đ)"])
def test_a_unit_of_money_in_the_header_counts_nothing(header: str) -> None:
    assert columns.scale(header) == ""


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("TenSP", "title"), ("ten san pham", "title"), ("GiaBan", "price"), ("Gia", "price"), ("MoTa", "description"),
        ("ThuongHieu", "brand"), ("Hinh", "images"), ("SoLuong", ""), ("codigo", "sku"), ("descripcion", "description"),
    ],
)  # fmt: skip
def test_names_without_their_marks(header: str, expected: str) -> None:
    assert field(header) == expected


@pytest.mark.parametrize(
    ("head", "price"),
    [
        ("京东价,市场价", "京东价"),
        ("市场价,网红价", "网红价"),
        ("price,realPrice", "realPrice"),
        ("参考价,销量", "参考价"),
        ("采购价,销售价", "销售价"),
        ("Harga Grosir,Harga Ecer", "Harga Ecer"),
        ("ราคาทุน,ราคาปลีก", "ราคาปลีก"),
        ("供货价,建议零售价", "建议零售价"),
    ],
)
def test_the_price_is_the_one_that_buyers_pay(tmp_path: Path, head: str, price: str) -> None:
    found = {g.field: g.header for g in columns.propose(table(tmp_path, f"品名,{head}\n保温杯,59,39\n玻璃杯,99,79\n"))}
    assert found.get("sale_price", found["price"]) == price


def test_a_cost_a_count_or_a_rank_is_never_the_price(tmp_path: Path) -> None:
    for head in ("采购价", "供货价", "销量", "排名", "total_count", "成交均价", "min_group_price", "Thành tiền", "Laba"):
        assert all(
            g.field != "price" or g.confidence < columns.SURE
            for g in columns.propose(table(tmp_path, f"品名,{head}\n保温杯,59\n玻璃杯,79\n"))
        )


def test_the_market_price_alone_is_read_with_little_confidence(tmp_path: Path) -> None:
    guess = next(g for g in columns.propose(table(tmp_path, "品名,市场价\n保温杯,59\n玻璃杯,79\n")) if g.field == "price")
    assert columns.SURE <= guess.confidence < 0.7
    assert "no other price" in guess.why


def test_html_with_pictures_is_a_description(tmp_path: Path) -> None:
    html = '"<p>Soft wool</p><img src=https://cdn.example/a.jpg>"'
    found = columns.propose(table(tmp_path, f"Name,Price,Description\nBlue mug,9,{html}\nRed cup,8,{html}\n"))
    assert [g.field for g in found] == ["title", "price", "description"]


def test_without_names_the_first_of_the_long_texts_is_the_title_and_counts_are_no_price(tmp_path: Path) -> None:
    found = table(tmp_path, "Blue steel mug,22,270,Blue steel mug for coffee and tea\nRed cup of glass,7,860,Red cup of glass with a lid\n")
    likely = {g.field: g.index for g in columns.propose(found)}
    assert likely["title"] == 0
    assert "price" not in likely


def test_a_slip_of_the_keyboard_is_a_weaker_guess(tmp_path: Path) -> None:
    guess = next(g for g in columns.propose(table(tmp_path, "Prodcut Name,Price\nMug,9.90\nCup,4.50\n")) if g.field == "title")
    assert guess.confidence < 0.8
    assert "nearly" in guess.why


def test_units_that_stand_for_one_currency() -> None:
    assert (unit("Rp"), unit("元"), unit("บาท"), unit("$"), unit("blue")) == ("IDR", "CNY", "THB", "", "")


def test_cells_refuse_what_the_name_proposes(tmp_path: Path) -> None:
    found = meant(tmp_path, "title,price,image,sale price\nMug,9.90,a.jpg,yes\nCup,4.50,b.jpg,no\nPot,19.00,c.jpg,yes\n")
    assert found == {"title": "title", "price": "price", "images": "image"}


def test_the_only_text_is_the_title_whatever_it_is_called(tmp_path: Path) -> None:
    text = "keyword,describe,price,shop\nphone,Red phone 128 GB,3999.00,Best shop\nphone,Blue phone 64 GB,2999.00,Best shop\n"
    guess = next(g for g in columns.propose(table(tmp_path, text)) if g.field == "title")
    assert guess.header == "describe"
    assert 0.5 <= guess.confidence < 0.7


def test_one_price_called_original_is_the_price(tmp_path: Path) -> None:
    assert meant(tmp_path, "标题,原价,图片\n杯子,59.00,a.jpg\n茶壶,129.00,b.jpg\n")["price"] == "原价"
    both = meant(tmp_path, "标题,原价,售价\n杯子,59.00,39.00\n茶壶,129.00,99.00\n")
    assert (both["price"], both["was_price"]) == ("售价", "原价")


def test_of_several_currencies_the_one_asked_for_is_taken(tmp_path: Path) -> None:
    text = "name,price eur,price usd,price thb\nMug,9.00,10.00,350\nCup,4.00,5.00,170\n"
    assert meant(tmp_path, text, "EUR")["price"] == "price eur"
    assert meant(tmp_path, text)["price"] == "price thb"
    other = next(g for g in columns.propose(table(tmp_path, text)) if g.header == "price usd")
    assert other.why == "it is the price in USD; the one in THB is read"


def test_pictures_may_have_several_columns(tmp_path: Path) -> None:
    found = columns.propose(table(tmp_path, "Nama Produk,Harga (Rp),Gambar 1,Gambar 2\nGelas,15000,a.jpg,b.jpg\nTeko,89000,c.jpg,\n"))
    assert [(g.header, g.number) for g in found if g.field == "images"] == [("Gambar 1", 1), ("Gambar 2", 2)]


def test_texts_in_further_languages(tmp_path: Path) -> None:
    found = meant(tmp_path, "sku,name,name_th,price\nA1,Mug,แก้ว,9.90\nA2,Cup,ถ้วย,4.50\n")
    assert (found["title"], found["title_th"]) == ("name", "name_th")


def test_the_header_may_stand_below_notes(tmp_path: Path) -> None:
    text = "Export of 2 March,,\n,,\nชื่อสินค้า,ราคา,รูปภาพ\nแก้ว,99,a.jpg\n"
    head = columns.header(table(tmp_path, text))
    assert head is not None
    assert head.cells[0] == "ชื่อสินค้า"


def test_a_table_without_a_header_gets_a_proposal_by_its_cells(tmp_path: Path) -> None:
    text = (
        "1,Steel bottle 500 ml,¥39.00,https://img.example.com/a.jpg\n"
        "2,Glass teapot with a lid,¥89.00,https://img.example.com/b.jpg\n"
        "3,Set of six spoons,¥19.90,https://img.example.com/c.jpg\n"
    )
    own = table(tmp_path, text)
    assert columns.header(own) is None
    assert [(columns.letters(g.index), g.field) for g in columns.propose(own)] == [
        ("A", ""),
        ("B", "title"),
        ("C", "price"),
        ("D", "images"),
    ]


def test_the_campaign_names_columns_by_header_letter_or_number(tmp_path: Path) -> None:
    own = table(tmp_path, "What,How much,Pic\nMug,9.90,a.jpg\nCup,4.50,b.jpg\n")
    _, guesses = columns.chosen(own, {"title": "what", "price": "B", "images": ["3"]})
    assert [g.field for g in guesses] == ["title", "price", "images"]


def test_the_campaign_can_switch_a_column_off(tmp_path: Path) -> None:
    own = table(tmp_path, "name,price,brand\nMug,9.90,no name\nCup,4.50,no name\n")
    _, guesses = columns.chosen(own, {"title": "name", "price": "price", "brand": ""})
    assert [g.field for g in guesses] == ["title", "price", ""]


def test_a_column_that_is_not_there_is_an_error_that_says_which_may_be_meant(tmp_path: Path) -> None:
    own = table(tmp_path, "Nama Produk,Harga\nGelas,15000\n")
    with pytest.raises(UserError, match="no column 'Nama Prduk': did you mean 'Nama Produk'"):
        columns.chosen(own, {"title": "Nama Prduk"})
    with pytest.raises(UserError, match="'titel' is no field of a product: did you mean 'title'"):
        columns.chosen(own, {"titel": "Harga"})


def test_letters_are_a_spreadsheets() -> None:
    assert [columns.letters(n) for n in (0, 25, 26, 701)] == ["A", "Z", "AA", "ZZ"]


def test_a_column_of_kinds_is_no_category_and_a_retail_price_beside_a_price_is_the_one_before(tmp_path: Path) -> None:
    kinds = meant(tmp_path, "name,type,price,retail price\nMug,simple,10,12\nSet,Bundle,20,25\n")
    assert (kinds["kind"], kinds["price"], kinds["was_price"]) == ("type", "price", "retail price")
    sorts = meant(tmp_path, "name,type,retail price\nMug,Kitchen,10\nHat,Clothes,20\n")
    assert (sorts["category"], sorts["price"]) == ("type", "retail price")


@pytest.mark.parametrize("header", ["Usual Price (MYR)", "Was", "regular_price"])
def test_more_names_of_the_price_before(tmp_path: Path, header: str) -> None:
    assert meant(tmp_path, f"name,price,{header}\nMug,10,12\nPot,20,25\n")["was_price"] == header


@pytest.mark.parametrize(
    ("header", "without"),
    [
        ("Price (tax excl.)", True),
        ("Prix HT", True),
        ("价格(不含税)", True),
        ("Price (tax incl.)", False),
        ("Price", False),
        ("Height", False),
    ],
)
def test_a_header_may_say_that_prices_are_without_tax(header: str, without: bool) -> None:
    assert net(header) is without
