"""A WooCommerce export: variations and their parents wherever they stand, sales by their dates, headers in any language."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from localize.domain import Finding
from localize.products import tables, woocommerce
from localize.products.draft import Asked, Draft, Layout, Skipped
from localize.products.tables import Row, Table

REAL = Path(__file__).parents[3] / "shared" / "testdata" / "catalogs"
HEADER = (
    "ID,Type,SKU,Name,Published,Short description,Description,Date sale price starts,Date sale price ends,Sale price,Regular price,"
    "Categories,Images,Parent,External URL,Attribute 1 name,Attribute 1 value(s),Attribute 1 visible,Attribute 1 global,"
    "Attribute 2 name,Attribute 2 value(s),Attribute 2 visible,Attribute 2 global,Meta: _x\n"
)
# All columns of an export, as the exporter orders them.
ORDER = [
    "id", "type", "sku", "name", "published", "featured", "visibility", "short_description", "description", "sale_from", "sale_to",
    "tax_status", "tax_class", "in_stock", "stock", "low", "backorders", "sold_individually", "weight", "length", "width",
    "height", "reviews", "note", "sale_price", "regular_price", "categories", "tags", "shipping_class", "images", "download_limit",
    "download_expiry", "parent", "grouped", "upsells", "cross_sells", "url", "button", "position",
]  # fmt: skip

Outcome = Layout | Draft | Finding | Skipped
Shop = Callable[..., list[Outcome]]


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """Reads the rows under WooCommerce's English header."""

    def read(rows: str, header: str = HEADER) -> list[Outcome]:
        (tmp_path / "shop.csv").write_text(header + rows, encoding="utf-8")
        return list(woocommerce.read(tables.load(tmp_path / "shop.csv"), Asked()))

    return read


def drafts(outcomes: list[Outcome]) -> list[Draft]:
    return [o for o in outcomes if isinstance(o, Draft)]


def skipped(outcomes: list[Outcome]) -> dict[int, str]:
    return {o.row: o.reason for o in outcomes if isinstance(o, Skipped)}


def said(outcomes: list[Outcome]) -> list[str]:
    return [o.message for o in outcomes if isinstance(o, Finding)]


def test_a_simple_product(shop: Shop) -> None:
    layout, mug = shop(
        r"7,simple,MUG,Mug,1,Keeps warm,Fired twice.\nGlazed by hand.,,,250,290,"
        '"Home, Home > Kitchen > Mugs","https://s.example/a.jpg, https://s.example/w_3,h_4/b.jpg",,,Material,"Stone\\, fired, Clay",1,0,'
        "Brand,Baan,1,0,x\n"
    )
    assert isinstance(layout, Layout)
    assert layout.headers["price"] == "Regular price"
    assert isinstance(mug, Draft)
    assert mug.cells == {
        "sku": "MUG",
        "title": "Mug",
        "price": "250",
        "was_price": "290",
        "description": "Keeps warm\nFired twice.\nGlazed by hand.",
        "category": "Home > Kitchen > Mugs",
        "images": "https://s.example/a.jpg\nhttps://s.example/w_3,h_4/b.jpg",
        "features": "Material: Stone, fired, Clay",
        "brand": "Baan",
    }


def test_a_product_without_a_sku_is_known_by_its_number(shop: Shop) -> None:
    assert [d.cells["sku"] for d in drafts(shop(MUG.replace("MUG", "")))] == ["id-9"]


VARIABLE = '741,variable,TEE,Tee,1,,,,,,,Tops,t.jpg,,,Color,"Blue, Red",1,1,Fabric,Linen,1,0,\n'
BLUE = "742,variation,TEE-B,Tee - Blue,1,,,,,20,25,,b.jpg,{},,Color,Blue,,1,,,,,\n"
RED = "743,variation,TEE-R,Tee - Red,1,,,,,,30,,,{},,Color,Red,,1,,,,,\n"
MUG = "9,simple,MUG,Mug,1,,,,,,290,,m.jpg,,,,,,,,,,,\n"


@pytest.mark.parametrize("parent", ["id:741", "TEE", "tee", "741", "Tee"])
@pytest.mark.parametrize("order", ["VBRM", "BVMR", "BRMV", "MBRV", "VMBR"])
def test_variations_find_their_parent_wherever_it_stands(shop: Shop, parent: str, order: str) -> None:
    rows = {"V": VARIABLE, "B": BLUE.format(parent), "R": RED.format(parent), "M": MUG}
    found = {d.cells["title"]: d for d in drafts(shop("".join(rows[letter] for letter in order)))}
    assert set(found) == {"Tee", "Mug"}
    tee = found["Tee"]
    assert (tee.row, tee.rows) == (order.index("V") + 2, 3)
    assert tee.cells["features"] == "Fabric: Linen"
    blue, red = sorted(tee.variants, key=lambda v: v.options["Color"])
    assert (blue.options, blue.cells) == ({"Color": "Blue"}, {"sku": "TEE-B", "price": "20", "was_price": "25", "images": "b.jpg"})
    assert (red.options, red.cells) == ({"Color": "Red"}, {"sku": "TEE-R", "price": "30"})


def test_a_code_is_looked_for_before_a_name(shop: Shop) -> None:
    """A product called TEE is not the parent that the SKU TEE means."""
    outcomes = shop("1,variable,OTHER,TEE,1,,,,,,5,,,,,,,,,,,,,\n" + BLUE.format("TEE") + RED.format("TEE") + VARIABLE)
    assert [(d.cells["sku"], d.rows) for d in drafts(outcomes)] == [("OTHER", 1), ("TEE", 3)]


def test_variations_without_their_parent_are_told_together(shop: Shop) -> None:
    (orphans,) = drafts(shop(BLUE.format("id:741") + RED.format("id:741")))
    assert orphans.rows == 2
    assert orphans.trouble == "its parent 'id:741' is not in the file: export the variable product with it"
    assert [v.row for v in orphans.variants] == [2, 3]


def test_a_variable_product_without_its_variations_says_what_is_missing(shop: Shop) -> None:
    (tee,) = drafts(shop(VARIABLE))
    assert "export them with it" in tee.trouble


def test_what_is_not_published_is_skipped_with_its_variations(shop: Shop) -> None:
    outcomes = shop(
        VARIABLE.replace(",Tee,1,", ",Tee,-1,") + BLUE.format("TEE") + RED.format("TEE") + MUG
        + MUG.replace(",1,", ",0,").replace("MUG", "M2") + MUG.replace(",1,", ",'-1,").replace("MUG", "M3")
    )  # fmt: skip
    assert [d.cells["sku"] for d in drafts(outcomes)] == ["MUG"]
    assert {o.row: o.rows for o in outcomes if isinstance(o, Skipped)} == {2: 3, 6: 1, 7: 1}
    assert skipped(outcomes)[2] == "a draft in WooCommerce: publish it for a clip of it"
    assert "private" in skipped(outcomes)[6]


def test_a_variation_that_is_switched_off_is_no_choice(shop: Shop) -> None:
    outcomes = shop(VARIABLE + BLUE.format("TEE") + RED.format("TEE").replace("Tee - Red,1", "Tee - Red,0"))
    (tee,) = drafts(outcomes)
    assert (tee.rows, [v.options["Color"] for v in tee.variants]) == (2, ["Blue"])
    assert skipped(outcomes) == {4: "a variation that is switched off in WooCommerce"}


def test_an_export_of_nothing_but_drafts_is_read_with_a_word_about_it(shop: Shop) -> None:
    outcomes = shop(MUG.replace(",1,", ",-1,"))
    assert len(drafts(outcomes)) == 1
    assert said(outcomes) == ["none of the 1 products is published in WooCommerce, so all of them were read"]


def test_a_group_is_no_product_and_an_external_one_has_its_link(shop: Shop) -> None:
    outcomes = shop(
        "1,grouped,SET,Set,1,,,,,,,,,,,,,,,,,,,\n2,external,CUP,Cup,1,,,,,,9,,,,https://s.example/cup,,,,,,,,,\n"
        '3,"simple, virtual",GIFT,E-book,1,,,,,,5,,,,,,,,,,,,,\n'
    )
    assert "a group of products" in skipped(outcomes)[2]
    assert [(d.cells["sku"], d.cells.get("link")) for d in drafts(outcomes)] == [("CUP", "https://s.example/cup"), ("GIFT", None)]


def test_a_sale_price_counts_in_its_time(shop: Shop) -> None:
    today, day = date.today(), timedelta(days=1)
    over, coming = f"{today - day} 0:00:00", f"{today + day} 0:00:00"
    sales = {"A": ",", "B": f"{over},{today} 23:59:59", "C": f",{over}", "D": f"{coming},", "E": ",soon"}
    outcomes = shop("".join(f"1,simple,{sku},{sku},1,,,{dates},8,10,,,,,,,,,,,,,\n" for sku, dates in sales.items()))
    assert {d.cells["sku"]: (d.cells["price"], d.cells.get("was_price")) for d in drafts(outcomes)} == {
        "A": ("8", "10"), "B": ("8", "10"), "C": ("10", None), "D": ("10", None), "E": ("8", "10"),
    }  # fmt: skip
    assert said(outcomes) == [f"2 sale prices do not hold today, {today}, by their dates (row 4, 5): the regular price was taken"]


def test_an_attribute_that_the_shop_does_not_show_is_not_said(shop: Shop) -> None:
    (mug,) = drafts(shop("9,simple,MUG,Mug,1,,,,,,290,,,,,Supplier,ACME,0,0,Holds,350 ml,1,0,\n"))
    assert mug.cells["features"] == "Holds: 350 ml"


LANGUAGES = {
    "German": (
        'ID,Typ,Artikelnummer,Name,Veröffentlicht,Kurzbeschreibung,Beschreibung,"Datum, an dem Angebotspreis endet",Angebotspreis,'
        "Regulärer Preis,Kategorien,Bilder,Übergeordnetes Produkt,Attribut 1 Name,Attribut 1 Wert(e),"
        "Attribut 1 Sichtbar,Attribut 1 Global\n"
    ),
    "Spanish": (
        "ID,Tipo,SKU,Nombre,Publicado,Descripción corta,Descripción,Día en que termina el precio rebajado,Precio rebajado,Precio normal,"
        "Categorías,Imágenes,Superior,Nombre del atributo 1,Valor(es) del atributo 1,Atributo visible 1,Atributo global 1\n"
    ),
    "French": (
        "ID,Type,UGS,Nom,Publié,Description courte,Description,Date de fin de promo,Tarif promo,Tarif régulier,Catégories,Images,Parent,"
        "Nom de l’attribut 1,Valeur(s) de l’attribut 1 ,Attribut 1 visible,Attribut 1 global\n"
    ),
    "Indonesian": (
        "ID,Tipe,SKU,Nama,Published,Short description,Deskripsi,x,Harga obral,Harga normal,Kategori,Gambar-gambar,Induk,"
        "Nama atribut 1,Nilai Atribut 1,y 1,z 1\n"
    ),
    "Vietnamese": (
        "ID,Loại,Mã sản phẩm,Tên,Đã đăng,Mô tả ngắn,Mô tả,Ngày kết thúc giảm giá,Giá khuyến mãi,Giá bán thường,Danh mục,Hình ảnh,Gốc,"
        "Tên thuộc tính 1,Giá trị thuộc tính 1,Thuộc tính 1 hiển thị,Thuộc tính 1 chung\n"
    ),
    "Chinese": (
        "ID,类型,SKU,名称,已发布,简短描述,描述,促销截止日期,促销价格,常规售价,分类,图片,父级,"
        "属性 1 名称,属性 1 值,属性 1 可见,属性 1  的全局\n"
    ),
    "code": (
        "id,type,sku,name,published,short_description,description,date_on_sale_to,sale_price,regular_price,categories,images,parent_sku,"
        "attribute_1_name,attribute_1_values,attribute_1_visible,attribute_1_global\n"
    ),
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_headers_in_the_language_of_the_shop(shop: Shop, language: str) -> None:
    (tee,) = drafts(
        shop(
            "1,variable,TEE,T,1,short,long,,,,Tops,https://s.example/t.jpg,,Color,Blue,1,1\n"
            "2,variation,TEE-B,T,1,,,,20,25,,,TEE,Color,Blue,1,1\n",
            LANGUAGES[language],
        )
    )
    assert tee.cells == {"sku": "TEE", "title": "T", "description": "short\nlong", "category": "Tops", "images": "https://s.example/t.jpg"}
    assert tee.variants[0].cells == {"sku": "TEE-B", "price": "20", "was_price": "25"}
    assert tee.variants[0].options == {"Color": "Blue"}


def test_the_columns_of_the_plugin_that_many_shops_export_with(shop: Shop) -> None:
    header = (
        "parent_sku,sku,post_title,post_excerpt,post_content,post_status,regular_price,sale_price,images,tax:product_type,tax:product_cat,"
        "attribute:pa_size,attribute_data:pa_size,meta:attribute_pa_size\n"
    )
    (tee,) = drafts(
        shop(
            ",TEE,Tee,Cool,,publish,,,https://s.example/a.jpg ! alt : front | https://s.example/b.jpg ! alt : back,variable,"
            "Tops|Tops > Tees,S | M,0|1,\n"
            "TEE,TEE-S,,,,publish,20,15,,,,,,S\nTEE,TEE-M,,,,publish,20,,,,,,,M\n",
            header,
        )
    )
    assert tee.cells == {
        "sku": "TEE",
        "title": "Tee",
        "description": "Cool",
        "category": "Tops > Tees",
        "images": "https://s.example/a.jpg\nhttps://s.example/b.jpg",
    }
    assert [(v.options, v.cells["price"]) for v in tee.variants] == [({"Size": "S"}, "15"), ({"Size": "M"}, "20")]


@pytest.mark.parametrize("without", [(), ("low",)])
@pytest.mark.parametrize("barcode", [False, True])
def test_a_whole_export_in_a_language_that_is_not_known_is_read_by_the_order_of_its_columns(
    shop: Shop, without: tuple[str, ...], barcode: bool
) -> None:
    """As exports of before 2018 (no low stock amount) and since 2024 (a barcode after the SKU) have it."""
    order = [c for c in ORDER if c not in without]
    if barcode:
        order.insert(3, "barcode")

    def line(attribute: str, **cells: str) -> str:
        told = {"published": "1", "visibility": "visible", "tax_status": "taxable", "tax_class": "", **cells}
        return ",".join(told.get(column, "") for column in order) + f",{attribute}\n"

    header = ",".join(f"ช่อง{'กขคงจฉชซ'[i % 8]}{'กขคงจฉชซ'[i // 8]}" for i in range(len(order))) + ",ชื่อ 1,ค่า 1,แสดง 1,รวม 1\n"
    outcomes = shop(
        line("สี,แดง,1,1", id="5", type="variable", sku="TEE", name="เสื้อ", description="ดี", images="https://s.example/t.jpg")
        + line("สี,แดง,1,1", id="6", type="variation", sku="TEE-R", name="เสื้อ", sale_price="200", regular_price="250", parent="id:5")
        + line(",,,", id="7", type="simple", sku="MUG", name="แก้ว", regular_price="290", url="https://s.example/mug"),
        header,
    )
    tee, mug = drafts(outcomes)
    assert tee.cells == {"sku": "TEE", "title": "เสื้อ", "description": "ดี", "images": "https://s.example/t.jpg"}
    assert (tee.variants[0].cells, tee.variants[0].options) == ({"sku": "TEE-R", "price": "200", "was_price": "250"}, {"สี": "แดง"})
    assert mug.cells == {"sku": "MUG", "title": "แก้ว", "price": "290", "link": "https://s.example/mug"}


def test_no_row_is_lost(shop: Shop) -> None:
    outcomes = shop(MUG + ",,,,\n" + HEADER + "10,simple,CUP,Cup, or mug" + "," * 25 + "extra\n" + BLUE.format("") + VARIABLE)
    assert sum(o.rows for o in outcomes if isinstance(o, (Draft, Skipped))) == 5
    assert skipped(outcomes) == {4: "the header again"}
    assert [d.trouble for d in drafts(outcomes)] == [
        "",
        "the row has 30 cells, the header 24: put a text that contains the separator (a comma?) between quotation marks, \"like, this\"",
        "it has variations, but none of them that is switched on is in the file: export them with it",
        "a variation without a Parent",
    ]  # fmt: skip


def test_a_variation_with_cells_too_many_is_told_apart_from_its_product(shop: Shop) -> None:
    tee, broken = drafts(shop(VARIABLE + BLUE.format("TEE") + RED.format("TEE").rstrip() + ",,extra\n"))
    assert (tee.row, tee.rows, tee.trouble) == (2, 2, "")
    assert (broken.row, broken.rows) == (4, 1)
    assert "the row has 26 cells, the header 24" in broken.trouble


def test_simple_products_are_read_as_they_come() -> None:
    asked = 0

    def rows() -> Iterator[Row]:
        nonlocal asked
        yield Row(1, ("Type", "SKU", "Name", "Published", "Regular price"))
        for n in range(2, 1002):
            asked = n
            yield Row(n, ("simple", f"P{n}", f"Product {n}", "1", "5"))

    stream = woocommerce.read([Table(Path("many.csv"), rows)], Asked())
    assert isinstance(next(stream), Layout)
    assert isinstance(next(stream), Draft)
    assert asked == 2
    assert sum(1 for _ in stream) == 999


def test_other_tables_are_not_taken_for_woocommerces(tmp_path: Path) -> None:
    for header in ("sku,name,price", "Name,Regular price", "Type,Name,Regular price,Published"):
        (tmp_path / "other.csv").write_text(header + "\nshirt,2,3,4\n", encoding="utf-8")
        assert not any(map(woocommerce.recognises, tables.load(tmp_path / "other.csv"))), header


@pytest.mark.skipif(not REAL.is_dir(), reason="needs ../shared/testdata")
def test_real_exports() -> None:
    outcomes = list(woocommerce.read(tables.load(REAL / "woocommerce_sample_products.csv"), Asked()))
    found = {d.cells["sku"]: d for d in drafts(outcomes)}
    assert len(found) == 14
    assert sum(d.rows for d in found.values()) == 23
    assert list(skipped(outcomes)) == [17]
    assert (found["cc-hoodie"].rows, len(found["cc-hoodie"].variants)) == (7, 6)
    assert found["cc-tee"].cells["features"] == "Size: Large, Medium, Small"
    wines = drafts(list(woocommerce.read(tables.load(REAL / "woocommerce_real_serbian_wine.csv"), Asked())))
    assert len(wines) == 404
    assert wines[0].cells["features"].split("\n") == ["Vinarija: Aleksandrović", "Region: Šumadija", "Zemlja: Srbija", "Zapremina: 0.75 L"]


@pytest.mark.parametrize(
    "header",
    [
        "\tID,Тип,Артикул,Имя,Опубликован,Цена распродажи,Базовая цена,Категории,Изображения\n",
        "ID,Tipo,SKU,Nome,Publicado,Preço promocional,Preço,Categorias,Imagens\n",
        "Kimlik,Tür,Stok kodu (SKU),İsim,Yayımlanmış,İndirimli satış fiyatı,Normal fiyat,Kategoriler,Görseller\n",
    ],
)
def test_some_columns_of_an_export_in_other_languages(shop: Shop, header: str) -> None:
    outcomes = shop("9,simple,MUG,Mug,1,90,120,Home,https://s.example/a.jpg\n10,simple,OLD,Old mug,'-1,,50,Home,\n", header)
    (mug,) = drafts(outcomes)
    assert (mug.cells["title"], mug.cells["price"], mug.cells["was_price"]) == ("Mug", "90", "120")
    assert list(skipped(outcomes)) == [3]


def test_the_products_of_the_api_have_a_current_price_and_pictures_with_semicolons(shop: Shop) -> None:
    header = "id,name,sku,type,status,price,regular_price,sale_price,main_image,all_images,categories,permalink\n"
    pictures = "https://s.example/a.jpg,https://s.example/a.jpg; https://s.example/b.jpg"
    (set_,) = drafts(shop(f"7,Set,S,variable,publish,2890,,,{pictures},Boys,https://s.example/set/\n", header))
    assert set_.trouble == ""
    assert (set_.cells["price"], set_.cells["price_from"]) == ("2890", "true")
    assert set_.cells["images"] == "https://s.example/a.jpg\nhttps://s.example/b.jpg"
    assert set_.cells["link"] == "https://s.example/set/"
