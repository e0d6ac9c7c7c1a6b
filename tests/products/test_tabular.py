"""Any table becomes products: which rows are one, which are none, and what the seller is told about it."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from localize.domain import Finding
from localize.errors import UserError
from localize.products import tables, tabular, unpacked
from localize.products.draft import Asked, Draft, Layout, Skipped
from localize.products.tables import Row, Table

CATALOGS = Path(__file__).parents[2].parent / "shared" / "testdata" / "catalogs"


class Read:
    """A table read to its end: its drafts, what was skipped and what was said."""

    def __init__(self, found: list[Table], asked: Asked) -> None:
        items = list(tabular.read(found, asked))
        self.layout = next(i for i in items if isinstance(i, Layout))
        self.drafts = [i for i in items if isinstance(i, Draft)]
        self.skipped = [i for i in items if isinstance(i, Skipped)]
        self.said = [i.message for i in items if isinstance(i, Finding)]
        self.warned = [i.message for i in items if isinstance(i, Finding) and i.severity == "warn"]
        rows = sum(d.rows for d in self.drafts) + sum(s.rows for s in self.skipped)
        filled = sum(1 for t in found for r in t.rows() if not r.blank and r.number)
        assert rows in (filled - len(found), filled), "each row is in exactly one draft or skipped"


def read(tmp_path: Path, text: str, **asked: object) -> Read:
    file = tmp_path / "shop.csv"
    file.write_text(text, encoding="utf-8")
    own = tables.load(file)
    if "columns" not in asked:
        assert tabular.recognises(own[0])
    return Read(own, Asked(**asked))  # type: ignore[arg-type]


# ---- shop systems


def test_magento_configurables_take_their_variants_by_sku(tmp_path: Path) -> None:
    text = (
        "sku,store_view_code,product_type,categories,name,description,price,special_price,special_price_to_date,visibility,product_online,"
        "base_image,small_image,additional_images,additional_attributes,configurable_variations,url_key\n"
        'tee-s,,simple,Men/Tops,Tee S,,19.00,,,Not Visible Individually,1,/t/s.jpg,/t/s.jpg,,"color=Red,size=S",,tee-s\n'
        'tee-m,,simple,Men/Tops,Tee M,,21.00,,,Not Visible Individually,1,/t/m.jpg,/t/m.jpg,,"color=Red,size=M",,tee-m\n'
        'tee,,configurable,Men/Tops,Cotton tee,<p>Soft.</p>,,,,"Catalog, Search",1,/t/t.jpg,/t/t.jpg,"/t/t2.jpg,/t/t3.jpg",'
        '"material=Cotton,country_of_manufacture=Laos","sku=tee-s,color=Red,size=S|sku=tee-m,color=Red,size=M",tee\n'
        "tee,th,,,เสื้อยืดผ้าฝ้าย,,,,,,,,,,,,\n"
        'cap,,simple,Men/Caps,Cap,,15.00,9.00,2999-01-01,"Catalog, Search",1,/c.jpg,/c.jpg,,,,cap\n'
        'hat,,simple,Men/Caps,Hat,,25.00,9.00,2001-01-01,"Catalog, Search",1,/h.jpg,/h.jpg,,,,hat\n'
        'old,,simple,Men/Caps,Old hat,,15.00,,,"Catalog, Search",2,/o.jpg,/o.jpg,,,,old\n'
        "spare,,simple,Men/Caps,Spare,,15.00,,,Not Visible Individually,1,/o.jpg,/o.jpg,,,,spare\n"
    )
    found = read(tmp_path, text)
    tee, cap, hat = found.drafts
    assert (tee.row, tee.rows, tee.cells["sku"], tee.cells["title"], tee.cells["title_th"]) == (2, 4, "tee", "Cotton tee", "เสื้อยืดผ้าฝ้าย")
    assert [(v.cells["sku"], v.cells["price"], v.options) for v in tee.variants] == [
        ("tee-s", "19.00", {"color": "Red", "size": "S"}),
        ("tee-m", "21.00", {"color": "Red", "size": "M"}),
    ]
    assert tee.cells["images"] == "/t/t.jpg"
    assert tee.cells["extra_images"] == "/t/t2.jpg\n/t/t3.jpg"
    assert "material: Cotton" in tee.cells["features"]
    assert (cap.cells["price"], cap.cells["was_price"]) == ("9.00", "15.00")
    assert hat.cells["price"] == "25.00", "a special price whose time is over is not used"
    assert any("its time is over" in s for s in found.said)
    assert [s.reason.partition(":")[0] for s in found.skipped] == [
        "the shop does not show it",
        "the shop shows it only as part of another product, which is not in this file",
    ]


def test_bagisto_variants_name_their_parent(tmp_path: Path) -> None:
    text = (
        "sku,parent_sku,locale,type,categories,images,name,description,price,cost,visible_individually,configurable_variants,url_key\n"
        'JK,,en,configurable,Men/Coats,"j1.webp,j2.webp",Jacket,Warm.,,,1,"sku=JK-1,color=Red|sku=JK-2,color=Blue",jacket\n'
        "JK-1,JK,en,simple,Men/Coats,r.webp,Jacket red,Warm.,40,12,0,,jacket-red\n"
        "JK-2,JK,en,simple,Men/Coats,b.webp,Jacket blue,Warm.,45,12,0,,jacket-blue\n"
        "CAP,,en,simple,Men/Caps,c.webp,Cap,Light.,9,3,1,,cap\n"
    )
    jacket, cap = read(tmp_path, text).drafts
    assert (jacket.cells["title"], jacket.cells["images"], "price" in jacket.cells) == ("Jacket", "j1.webp\nj2.webp", False)
    assert [(v.cells, v.options) for v in jacket.variants] == [
        ({"sku": "JK-1", "price": "40", "images": "r.webp"}, {"color": "Red"}),
        ({"sku": "JK-2", "price": "45", "images": "b.webp"}, {"color": "Blue"}),
    ]
    assert (cap.cells["sku"], cap.cells["price"], cap.cells["language"]) == ("CAP", "9", "en")


def test_medusa_rows_are_variants_and_drafts_of_the_shop_are_left_out(tmp_path: Path) -> None:
    head = (
        "Product Id;Product Handle;Product Title;Product Status;Product Thumbnail;Product Image 1;Variant Id;Variant Title;Variant Sku;"
        "Variant Option 1 Name;Variant Option 1 Value;Variant Price EUR;Variant Price USD\n"
    )
    rows = (
        "prod_1;shirt;Shirt;published;t.png;s.png;variant_1;S;SH-S;Size;S;10;12\n"
        "prod_1;shirt;Shirt;published;t.png;s.png;variant_2;M;SH-M;Size;M;11;13\n"
        "prod_2;sock;Sock;draft;k.png;k.png;variant_3;One;SO;Size;One;3;4\n"
    )
    found = read(tmp_path, head + rows)
    (shirt,) = found.drafts
    assert (shirt.cells["sku"], shirt.cells["currency"], shirt.rows) == ("shirt", "USD", 2)
    assert [(v.cells["price"], v.options) for v in shirt.variants] == [("12", {"Size": "S"}), ("13", {"Size": "M"})]
    assert found.skipped[0].reason == "the shop does not show it: its Product Status is 'draft'"
    assert any("it is the price in EUR; the one in USD is read" in s for s in found.said)
    assert [v.cells["price"] for v in read(tmp_path, head + rows, currency="EUR").drafts[0].variants] == ["10", "11"]

    hidden = read(tmp_path, head + rows.replace("published", "proposed"))
    assert len(hidden.drafts) == 2, "where the shop shows nothing, everything is read"
    assert any("all products are hidden" in s for s in hidden.warned)


def test_vendure_continues_a_product_on_rows_without_a_name(tmp_path: Path) -> None:
    text = (
        "name    ,slug  ,description ,assets ,facets                         ,optionGroups,optionValues,sku ,price  ,variantAssets\n"
        "Laptop  ,laptop,A thin one. ,l.jpg  ,category:Electronics|brand:Acme,size|RAM    ,13 in|8GB   ,L138,1299.00,\n"
        "        ,      ,            ,       ,                               ,            ,15 in|8GB   ,L158,1399.00,l15.jpg\n"
        "Mouse   ,mouse ,Small.      ,m.jpg  ,category:Electronics|category:Mice|brand:Acme,,           ,M1  ,18.99  ,\n"
    )
    laptop, mouse = read(tmp_path, text).drafts
    assert (laptop.cells["sku"], laptop.cells["brand"], laptop.rows) == ("laptop", "Acme", 2)
    assert [v.options for v in laptop.variants] == [{"size": "13 in", "RAM": "8GB"}, {"size": "15 in", "RAM": "8GB"}]
    assert laptop.variants[1].cells["images"] == "l15.jpg"
    assert (mouse.cells["sku"].strip(), mouse.cells["category"], mouse.variants) == ("M1", "Electronics > Mice", [])


def test_spree_prices_of_parents_are_none_and_other_currencies_are_no_variants(tmp_path: Path) -> None:
    head = "slug,sku,name,price,compare_at_price,currency,status,description,category1,option1_name,option1_value,image1_src\n"
    rows = (
        "fan,FAN,Tower fan,0,0,USD,active,Quiet.,Fans,,,https://x.example.com/fan.webp\n"
        "fan,FAN-W,,89.99,0,USD,,,,Color,White,https://x.example.com/w.webp\n"
        "fan,FAN-B,,79.99,99.99,USD,,,,Color,Black,https://x.example.com/b.webp\n"
        "kettle,KET,Kettle,24.00,0,USD,active,Fast.,Kettles,,,https://x.example.com/k.webp\n"
        "fan,FAN-W,,84.99,0,EUR,,,,,,\n"
        "fan,FAN-B,,74.99,0,EUR,,,,,,\n"
    )
    found = read(tmp_path, head + rows)
    kettle, fan = found.drafts
    assert kettle.cells["price"] == "24.00"
    assert (fan.row, fan.rows, "price" in fan.cells) == (2, 5, False), "rows that stand apart are joined"
    assert [(v.cells["price"], v.cells["currency"], v.options) for v in fan.variants] == [
        ("89.99", "USD", {"Color": "White"}),
        ("79.99", "USD", {"Color": "Black"}),
    ]
    assert any("2 in EUR" in s for s in found.said)
    euros = read(tmp_path, head + rows, currency="EUR").drafts[-1]
    assert [v.cells["price"] for v in euros.variants] == ["84.99", "74.99"]
    assert euros.cells["currency"] == "EUR"


def test_parents_that_share_a_sku_are_told_apart_by_their_slug(tmp_path: Path) -> None:
    text = (
        "slug,sku,name,price,option1_name,option1_value\n"
        "robot-1,ROBOT,Robot one,0,,\nrobot-1,R1-W,,100,Color,White\n"
        "robot-2,ROBOT,Robot two,0,,\nrobot-2,R2-W,,200,Color,White\n"
    )
    found = read(tmp_path, text)
    assert [d.cells["sku"] for d in found.drafts] == ["ROBOT", "robot-2"]
    assert any("SKUs that several products have (1, such as 'ROBOT')" in w for w in found.warned)


def test_saleor_prices_stand_in_channels(tmp_path: Path) -> None:
    text = (
        "id,name,description as str,category,product media,variant sku,variant id,default-channel (channel price amount),"
        "default-channel (channel variant currency code),default-channel (channel variant cost price),Author (product attribute),"
        "size (variant attribute)\n"
        "UHJv1,Apple juice,Fell straight from the tree.,Juices,https://x.example.com/a.png,43226647,UHJw1,5.00,USD,1.00,,1l\n"
        "UHJv2,Bean juice,From the fields.,Juices,https://x.example.com/b.png,43226648,UHJw2,7.00,USD,1.00,,1l\n"
    )
    apple, bean = read(tmp_path, text).drafts
    assert (apple.cells["price"], apple.cells["currency"], apple.cells["sku"]) == ("5.00", "USD", "43226647")
    assert (bean.cells["title"], bean.cells["images"]) == ("Bean juice", "https://x.example.com/b.png")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (  # PrestaShop
            "Product ID;Active (0/1);Name *;Categories (x,y,z...);Price tax excluded;Wholesale price;Reference #;Manufacturer;"
            "Short description;"
            "Description;Image URLs (x,y,z...);Meta title\n"
            "1;1;Wool scarf;Home,Scarves;29.00;11.00;SC-1;Nordlys;Soft.;Long and soft.;https://x.example.com/1.jpg,https://x.example.com/2.jpg;Scarf\n",
            {"sku": "SC-1", "title": "Wool scarf", "price": "29.00", "brand": "Nordlys", "description": "Long and soft.",
             "images": "https://x.example.com/1.jpg\nhttps://x.example.com/2.jpg", "category": "Home,Scarves"},
        ),
        (  # OpenCart's export tool
            "product_id,name(en-gb),categories,sku,upc,quantity,model,manufacturer,image_name,price,description(en-gb),meta_title(en-gb),status\n"
            "40,Red phone,20,PH-40,,970,product 11,Acme,catalog/demo/p1.jpg,101.0000,Made to ring.,Phone,true\n",
            {"sku": "PH-40", "title": "Red phone", "price": "101.0000", "brand": "Acme", "images": "catalog/demo/p1.jpg",
             "description": "Made to ring.", "language": "en"},
        ),
        (  # Lazada
            "Group No,Catagory,*Product Name,Product Images1,Product Images2,*Brand,Main Description,Highlights,Color Family,"
            "SellerSKU,*Price,SpecialPrice,*Quantity\n"
            "1,Mugs,Steel mug,https://my-live.slatic.net/a.jpg,https://my-live.slatic.net/b.jpg,"
            "Acme,Strong.,Keeps warm,Red,MUG-R,39.90,29.90,5\n",
            {"sku": "MUG-R", "title": "Steel mug", "price": "29.90", "was_price": "39.90", "brand": "Acme", "features": "Keeps warm",
             "images": "https://my-live.slatic.net/a.jpg\nhttps://my-live.slatic.net/b.jpg", "options": '{"Color Family": ["Red"]}'},
        ),
        (  # 1688
            "商品标题,货号,价格(元),起批量,主图,附图,商品链接,供应商,成交量\n"
            "不锈钢保温杯 500毫升,BW-50,￥26.50,2,//cbu01.alicdn.com/a.jpg,//cbu01.alicdn.com/b.jpg,"
            "detail.1688.com/offer/600000000001.html,某某工厂,300\n",
            {"sku": "BW-50", "title": "不锈钢保温杯 500毫升", "price": "￥26.50", "currency": "CNY", "images": "https://cbu01.alicdn.com/a.jpg",
             "extra_images": "https://cbu01.alicdn.com/b.jpg", "link": "https://detail.1688.com/offer/600000000001.html"},
        ),
        (  # Pinduoduo
            "商品ID,商品标题,商品主图,拼单价,单买价,商品参考价,销量\n"
            "88001,玻璃茶壶 大号,https://img.pddpic.com/a.jpeg,29.9,35.9,59,1.2万\n",
            {"sku": "88001", "title": "玻璃茶壶 大号", "price": "29.9", "was_price": "59", "images": "https://img.pddpic.com/a.jpeg"},
        ),
        (  # Douyin shop
            "商品ID,商品名称,商品一级类目,商品现价,商品原价,商品状态,商品链接,店铺名称\n"
            "3600001,竹制砧板 加厚,厨具,49.00,79.00,售卖中,https://haohuo.jinritemai.com/views/product/item2?id=3600001,竹之家\n",
            {"sku": "3600001", "title": "竹制砧板 加厚", "price": "49.00", "was_price": "79.00", "category": "厨具"},
        ),
        (  # Vietnamese price list
            "STT;Mã hàng;Tên sản phẩm;Giá bán;Giá gốc;Thương hiệu;Hình ảnh;Tồn kho\n"
            "1;AM01;Ấm siêu tốc 1,8 lít;350.000 ₫;420.000 ₫;Bếp Nhà;am01.jpg;12\n",
            {"sku": "AM01", "title": "Ấm siêu tốc 1,8 lít", "price": "350.000 ₫", "was_price": "420.000 ₫",
             "brand": "Bếp Nhà", "images": "am01.jpg"},
        ),
    ],
)  # fmt: skip
def test_exports_of_shops_and_marketplaces(tmp_path: Path, text: str, expected: dict[str, str]) -> None:
    (draft,) = read(tmp_path, text).drafts
    assert draft.cells | expected == draft.cells


# ---- shops whose rows say what kind they are, and what holds of their prices


def test_squarespaces_sale_counts_only_where_it_is_on(tmp_path: Path) -> None:
    text = (
        "Product ID [Non Editable],Variant ID [Non Editable],Product Type [Non Editable],Title,Description,SKU,Option Name 1,"
        "Option Value 1,Price,Sale Price,On Sale,Stock,Categories,Tags,Visible,Hosted Image URLs\n"
        "5a,1,PHYSICAL,Oak tray,Solid.,SQ1,Size,Small,40.00,30.00,No,5,/trays,wood,Yes,https://x.example.com/a.jpg https://x.example.com/b.jpg\n"
        ",2,,,,SQ2,Size,Large,60.00,45.00,No,3,,,,\n"
        "5b,3,PHYSICAL,Ash bowl,Turned.,SQ3,,,25.00,19.00,Yes,5,/bowls,wood,Yes,https://x.example.com/c.jpg\n"
        "5c,4,PHYSICAL,Old cup,Old.,SQ4,,,15.00,0.00,No,5,/cups,wood,No,https://x.example.com/d.jpg\n"
    )
    found = read(tmp_path, text)
    tray, bowl = found.drafts
    assert [(v.cells["price"], v.cells.get("was_price"), v.options) for v in tray.variants] == [
        ("40.00", None, {"Size": "Small"}),
        ("60.00", None, {"Size": "Large"}),
    ]
    assert tray.cells["images"].count("\n") == 1
    assert (bowl.cells["price"], bowl.cells["was_price"]) == ("19.00", "25.00")
    assert found.skipped[0].reason == "the shop does not show it: its Visible is 'No'"
    assert any("'Sale Price' was not used in 2 rows: 'On Sale' does not say yes" in s for s in found.said)


WIX = (
    "handleId,fieldType,name,productImageUrl,collection,sku,price,surcharge,visible,discountMode,discountValue,"
    "productOptionName1,productOptionType1,productOptionDescription1,productOptionName2,productOptionType2,productOptionDescription2\n"
)


def test_wix_takes_discounts_off_and_adds_surcharges(tmp_path: Path) -> None:
    rows = (
        "p1,Product,Linen shirt,a~mv2.jpg;b~mv2.png,Shirts,LS,50,,true,PERCENT,20,Size,DROP_DOWN,S;L,Color,COLOR,#ff0000:Red;#0000ff:Blue\n"
        "p2,Product,Wool cap,https://x.example.com/c.jpg,Caps,WC,20,,true,AMOUNT,5,Size,DROP_DOWN,S;L,,,\n"
        "p3,Product,Felt hat,d.jpg,Caps,FH,30,,true,PERCENT,0,,,,,,\n"
        "p4,Product,Old hat,e.jpg,Caps,OH,30,,false,PERCENT,0,,,,,,\n"
        "p1,Variant,,,,LS-S,,0,true,,,,,S,,,#ff0000:Red\n"
        "p1,Variant,,,,LS-L,,10.5,true,,,,,L,,,#0000ff:Blue\n"
        "p5,Product,Odd hat,f.jpg,Caps,OD,30,,true,PERCENT,a lot,,,,,,\n"
    )
    found = read(tmp_path, WIX + rows)
    cap, hat, shirt, odd = found.drafts
    assert (shirt.row, shirt.rows, shirt.cells["sku"], shirt.cells["category"]) == (2, 3, "LS", "Shirts")
    assert [(v.cells["sku"], v.cells["price"], v.cells["was_price"], v.options) for v in shirt.variants] == [
        ("LS-S", "40", "50", {"Size": "S", "Color": "Red"}),
        ("LS-L", "48.40", "60.50", {"Size": "L", "Color": "Blue"}),
    ]
    media = "https://static.wixstatic.com/media/"
    assert shirt.cells["images"] == f"{media}a~mv2.jpg\n{media}b~mv2.png"
    assert (cap.cells["price"], cap.cells["was_price"], cap.cells["images"]) == ("15", "20", "https://x.example.com/c.jpg")
    assert json.loads(cap.cells["options"]) == {"Size": ["S", "L"]}
    assert (hat.cells["price"], "was_price" in hat.cells) == ("30", False)
    assert odd.cells["price"] == "30"
    assert any("discounts or surcharges of 1 rows are no plain numbers" in w for w in found.warned)
    assert [s.reason for s in found.skipped] == ["the shop does not show it: its visible is 'false'"]
    whole = read(tmp_path, WIX + "p2,Product,Cap,c.jpg,Caps,WC,99999,,true,PERCENT,15,,,,,,\n", currency="VND").drafts[0]
    assert whole.cells["price"] == "84999", "no decimals where the money has none"


def test_a_surcharge_in_a_sheet_of_ones_own_is_not_added(tmp_path: Path) -> None:
    (mug,) = read(tmp_path, "sku,title,price,surcharge\nM,Mug,10,5\n").drafts
    assert mug.cells["price"] == "10"


def test_bigcommerces_skus_and_rules_are_their_products(tmp_path: Path) -> None:
    text = (
        "Item Type,Product ID,Product Name,Product Type,Product Code/SKU,Brand Name,Option Set,Product Description,Price,Cost Price,"
        "Retail Price,Sale Price,Product Visible?,Category,Product Image ID - 1,Product Image File - 1\n"
        "Product,11,Steel kettle,P,KT,Fjell,Colours,Boils.,80.00,30.00,100.00,0.00,Y,Kitchen,5,k.jpg\n"
        '  SKU,41,"[CS]Colour=Red:#ff0000,[RB]Size=1 l",,KT-R,,,,,,,,,,,r.jpg\n'
        '  SKU,42,"[CS]Colour=Blue:#0000ff,[RB]Size=2 l",,KT-B,,,,,,,,,,,\n'
        "  Rule,51,,,KT-B,,,,[ADD]10,,,,Y,,,\n"
        "Product,12,Tea tin,P,TT,Fjell,,Tight.,12.00,3.00,0.00,9.00,Y,Kitchen,6,t.jpg\n"
        "Product,13,Gone tin,P,TG,Fjell,,Tight.,12.00,3.00,0.00,0.00,N,Kitchen,7,u.jpg\n"
    )
    found = read(tmp_path, text)
    kettle, tin = found.drafts
    assert (kettle.cells["sku"], kettle.cells["title"], kettle.rows, kettle.cells["category"]) == ("KT", "Steel kettle", 4, "Kitchen")
    assert [(v.cells["sku"], v.cells["price"], v.cells["was_price"], v.options) for v in kettle.variants] == [
        ("KT-R", "80.00", "100.00", {"Colour": "Red", "Size": "1 l"}),
        ("KT-B", "80.00", "100.00", {"Colour": "Blue", "Size": "2 l"}),
    ]
    assert (tin.cells["price"], tin.cells["was_price"], tin.cells["images"]) == ("9.00", "12.00", "t.jpg")
    assert found.skipped[0].reason == "the shop does not show it: its Product Visible? is 'N'"
    assert any("1 rows with rules for the prices of variants were not used" in w for w in found.warned)


def test_groups_without_a_price_are_no_products(tmp_path: Path) -> None:
    text = (
        "sku,type,categories,name,price\nCAP,simple,Caps,Cap,9\nSET,bundle,Sets,Set of caps,\nGRP,grouped,Sets,Group of caps,0\n"
        "BOX,bundle,Sets,Box of caps,25\n"
    )
    found = read(tmp_path, text)
    assert [(d.cells["sku"], d.cells["category"]) for d in found.drafts] == [("CAP", "Caps"), ("BOX", "Sets")]
    assert {s.reason for s in found.skipped} == {"a group of products, without a price of its own"}
    assert "category" not in read(tmp_path, "sku,type,name,price\nCAP,simple,Cap,9\n").drafts[0].cells


def test_magento_1_leaves_the_code_out_of_a_products_further_rows(tmp_path: Path) -> None:
    text = (
        "sku,_store,_attribute_set,_type,_category,name,description,price,special_price,status,visibility,image,_media_image,_super_products_sku\n"
        "GW-S,,Default,simple,,Gown S,Soft.,40.00,,1,1,/s.jpg,/s.jpg,\n"
        "GW,,Default,configurable,Gowns,Gown,Soft.,40.00,,1,4,/g.jpg,/g.jpg,GW-S\n"
        ",,,,Women,,,,,,,,/g2.jpg,\n"
        "CAP,,Default,simple,Caps,Cap,Soft.,15.00,12.00,1,4,/c.jpg,/c.jpg,\n"
        ",de,,,,Kappe,Weich.,,,,,,,\n"
        "OFF,,Default,simple,Caps,Old cap,Soft.,15.00,,2,4,/c.jpg,/c.jpg,\n"
    )
    found = read(tmp_path, text)
    gown, cap = found.drafts
    assert (gown.cells["sku"], gown.cells["title"], gown.cells["category"], gown.cells["price"], gown.rows) == (
        "GW",
        "Gown",
        "Gowns",
        "40.00",
        2,
    )
    assert (cap.cells["title"], cap.cells["price"], cap.cells["was_price"], cap.rows) == ("Cap", "12.00", "15.00", 2)
    assert [s.row for s in found.skipped] == [2, 7]


def test_prestashops_price_with_tax_is_the_one_that_buyers_pay(tmp_path: Path) -> None:
    head, row = "Product ID;Name;Reference;Price (tax excl.)", "1;Wool scarf;SC;29.00"
    both = read(tmp_path, f"{head};Price (tax incl.)\n{row};34.80\n")
    assert both.drafts[0].cells["price"] == "34.80"
    assert not any("without tax" in w for w in both.warned)
    assert any("the prices in 'Price (tax excl.)' are without tax" in w for w in read(tmp_path, f"{head}\n{row}\n").warned)
    discounted = read(
        tmp_path, f"{head};Discount amount;Discount percent;Discount from (yyyy-mm-dd);Feature(Name:Value:Position)\n"
        f"{row};0;20;2999-01-01;Composition:Wool, silk:1,Style:Casual:2\n"
    )  # fmt: skip
    assert any("without what 'Discount percent' takes off" in w for w in discounted.warned)
    assert discounted.drafts[0].cells["features"] == "Composition: Wool, silk\nStyle: Casual"
    assert unpacked.placed("Ratio: 4 to 3") == "Ratio: 4 to 3"


def test_etsys_lists_of_values_codes_and_materials(tmp_path: Path) -> None:
    text = (
        "TITLE,DESCRIPTION,PRICE,CURRENCY_CODE,QUANTITY,TAGS,MATERIALS,IMAGE1,IMAGE2,VARIATION 1 TYPE,VARIATION 1 NAME,"
        "VARIATION 1 VALUES,SKU\n"
        'Leaf ring,By hand.,35.00,USD,4,"ring,gift","silver,copper",https://x.example.com/a.jpg,https://x.example.com/b.jpg,Custom,'
        'Ring size,"6,7","RG-6,RG-7"\n'
        'Clay mug,By hand.,22.00,USD,2,"mug,clay",clay,https://x.example.com/c.jpg,,,,,MUG-1\n'
    )
    ring, mug = read(tmp_path, text).drafts
    assert (ring.cells["sku"], mug.cells["sku"]) == ("RG-6", "MUG-1")
    assert json.loads(ring.cells["options"]) == {"Ring size": ["6", "7"]}
    assert ring.cells["features"] == "Materials: silver, copper"
    assert "category" not in ring.cells
    assert ring.cells["images"] == "https://x.example.com/a.jpg\nhttps://x.example.com/b.jpg"


def test_ebays_variations_stand_below_their_listing(tmp_path: Path) -> None:
    text = (
        "*Action(SiteID=US|Country=US|Currency=USD),Custom label (SKU),*Title,*StartPrice,PicURL,Relationship,RelationshipDetails\n"
        "Add,TS,Cotton tee,,https://x.example.com/t.jpg|https://x.example.com/u.jpg,,Size=S;M|Color=Red;Blue\n"
        ",TS-S,,12.00,https://x.example.com/r.jpg,Variation,Size=S|Color=Red\n"
        ",TS-M,,14.00,,Variation,Size=M|Color=Blue\n"
        "Add,HT,Straw hat,22.00,https://x.example.com/h.jpg,,\n"
    )
    tee, hat = read(tmp_path, text, currency="EUR").drafts
    assert (tee.cells["sku"], tee.rows, tee.cells["currency"]) == ("TS", 3, "USD")
    assert [(v.cells["price"], v.options) for v in tee.variants] == [
        ("12.00", {"Size": "S", "Color": "Red"}),
        ("14.00", {"Size": "M", "Color": "Blue"}),
    ]
    assert (hat.cells["sku"], hat.cells["price"]) == ("HT", "22.00")


def test_squares_online_price_and_archive(tmp_path: Path) -> None:
    text = (
        "Token,Item Name,SKU,Item Type,Price,Online Sale Price,Archived,Option Name 1,Option Value 1\n"
        "A1,Blue jug,JG-S,Physical,30.00,24.00,N,Size,Small\nA2,Blue jug,JG-L,Physical,40.00,,N,Size,Large\n"
        "A3,Old jug,JG-0,Physical,20.00,,Y,,\n"
    )
    found = read(tmp_path, text)
    (jug,) = found.drafts
    assert [(v.cells["price"], v.cells.get("was_price")) for v in jug.variants] == [("24.00", "30.00"), ("40.00", None)]
    assert found.skipped[0].reason == "the shop does not show it: its Archived is 'Y'"


def test_ecwids_and_hikashops_variants_follow_their_product(tmp_path: Path) -> None:
    shelf, box = read(
        tmp_path,
        "type,product_internal_id,product_sku,product_name,product_price,product_compare_to_price,product_is_available\n"
        "product,901,EC-1,Pine shelf,45.00,60.00,true\nproduct_option,901,,,,,\nproduct_variation,901,EC-1-M,,50.00,,\n"
        "product,902,EC-2,Pine box,15.00,,true\n",
    ).drafts
    assert (shelf.cells["sku"], shelf.rows) == ("EC-1", 3)
    assert [(v.cells["price"], v.cells.get("was_price")) for v in shelf.variants] == [("45.00", "60.00"), ("50.00", None)]
    assert box.cells["price"] == "15.00"
    pot, cup = read(
        tmp_path,
        "product_id;product_parent_id;product_name;product_code;product_type;product_published;price_value\n"
        "1;0;Tea pot;TP;main;1;30.00\n2;1;;TP-red;variant;1;32.00\n3;1;;TP-blue;variant;1;0\n4;0;Tea cup;TC;main;1;5.00\n",
    ).drafts
    assert [(v.cells["sku"], v.cells["price"]) for v in pot.variants] == [("TP-red", "32.00"), ("TP-blue", "30.00")]
    assert (pot.cells["sku"], cup.cells["sku"]) == ("TP", "TC")


def test_amounts_that_may_be_hundredths_are_no_prices(tmp_path: Path) -> None:
    file = tmp_path / "shop.json"
    shirt = {"title": "Shirt", "handle": "shirt", "variants": [{"sku": "S1", "prices": [{"amount": 1950, "currency_code": "usd"}]}]}
    file.write_text(json.dumps([shirt, shirt | {"title": "Sock", "handle": "sock"}]), encoding="utf-8")
    own = tables.load(file)
    assert not tabular.recognises(own[0])
    assert "'variants.prices.amount' is none, as its price may count in hundredths" in tabular.missing(own)


@pytest.mark.parametrize(
    "text",
    [
        "First Name,Last Name,Email,Accepts Marketing,Total Spent\nAnn,Holm,ann@example.com,yes,120.00\nBo,Lind,bo@example.com,no,40.50\n",
        "Order ID,Date,Name,Email,Total,Currency\n1001,2024-01-01,Ann Holm,a@example.com,120.00,EUR\n"
        "1002,2024-01-02,Bo Lind,b@example.com,40.50,EUR\n",
    ],
)
def test_a_list_of_customers_or_orders_is_no_catalog(tmp_path: Path, text: str) -> None:
    file = tmp_path / "people.csv"
    file.write_text(text, encoding="utf-8")
    own = tables.load(file)
    assert not tabular.recognises(own[0])
    assert "is a list of customers or orders" in tabular.missing(own)


def test_a_catalog_may_have_an_email_column(tmp_path: Path) -> None:
    assert read(tmp_path, "sku,title,price,email\nM,Mug,10,a@example.com\n").drafts
    assert read(tmp_path, "product name,price,email,order no\nMug,10,a@example.com,1\n").drafts


def test_tokopedias_upload_table_has_notes_above_and_below_its_header(tmp_path: Path) -> None:
    text = (
        ",Informasi Produk,,,,,,,\n"
        "Pesan Error,Nama Produk*,Deskripsi Produk,Kategori Kode*,Berat* (Gram),Foto Produk 1*,Foto Produk 2,SKU Name,Harga (Rp)*\n"
        ",Wajib diisi. Maksimal 70 karakter,Maksimal 2000 karakter,Wajib diisi,Wajib,Masukkan URL,Opsional,Opsional,Wajib diisi\n"
        ",Gelas kopi 350 ml,Tahan panas,1759,300,https://images.tokopedia.net/a.jpg,https://images.tokopedia.net/b.jpg,GL-1,25000\n"
    )
    found = read(tmp_path, text)
    (glass,) = found.drafts
    assert [(s.row, s.reason) for s in found.skipped] == [(1, "it stands above the header"), (3, "it says how to fill in the table")]
    assert (glass.cells["price"], glass.cells["currency"], glass.cells["sku"]) == ("25000", "IDR", "GL-1")
    assert glass.cells["images"].count("\n") == 1
    assert "category" not in glass.cells, "a category's number says nothing"
    assert (found.layout.currency, found.layout.language) == ("IDR", "id")


def test_taobaos_data_package_has_three_rows_of_header(tmp_path: Path) -> None:
    hexed = "0123456789abcdef" * 2
    text = (
        "version 1.00\t\t\t\t\t\n"
        "title\tcid\tprice\tnum\tdescription\tpicture\touter_id\tsubtitle\n"
        "宝贝名称\t宝贝类目\t宝贝价格\t宝贝数量\t宝贝描述\t新图片\t商家编码\t宝贝卖点\n"
        f"保温杯 不锈钢\t50013172\t59.00\t10\t<p>好用</p>\t{hexed}:1:0:|https://img.alicdn.com/a.jpg;{hexed}:1:1:|;\tBW-1\t保温12小时\n"
    )
    found = read(tmp_path, text)
    (cup,) = found.drafts
    assert [s.row for s in found.skipped] == [1, 2]
    assert cup.cells["images"] == f"https://img.alicdn.com/a.jpg\n{hexed}.tbi"
    assert (cup.cells["title"], cup.cells["price"], cup.cells["features"], cup.cells["sku"]) == (
        "保温杯 不锈钢",
        "59.00",
        "保温12小时",
        "BW-1",
    )


def test_a_chinese_shops_template_continues_with_sku_values_only(tmp_path: Path) -> None:
    text = (
        "商品ID,商品标题*,商品首图*,商品其他图片,规格1,SKU值,SKU图片,售价*,原价\n"
        '空：新增商品,最多255字符,URL,多个URL用换行表示,最多255字符,,完整URL,2位小数,2位小数\n'
        ',运动鞋 白色,https://x.example.com/a.jpg,"https://x.example.com/b.jpg\nhttps://x.example.com/c.jpg","Size\n40\n41",Size:40,,199.00,299.00\n'
        ",,,,,Size:41,,209.00,299.00\n"
    )  # fmt: skip
    found = read(tmp_path, text)
    (shoe,) = found.drafts
    assert [s.row for s in found.skipped] == [2]
    assert (shoe.row, shoe.rows, shoe.cells["extra_images"].count("\n")) == (3, 2, 1)
    assert [(v.cells["price"], v.options) for v in shoe.variants] == [("199.00", {"Size": "40"}), ("209.00", {"Size": "41"})]


# ---- which rows are one product


def test_rows_of_one_code_that_differ_in_size_are_variants(tmp_path: Path) -> None:
    text = (
        "款号,商品名称,颜色,尺码,售价,图片\n"
        "A10,针织衫,米色,S,129,a.jpg\nA10,针织衫,米色,M,129,a.jpg\nA10,针织衫,黑色,M,139,b.jpg\nB20,围巾,红色,均码,59,c.jpg\n"
    )
    knit, scarf = read(tmp_path, text).drafts
    assert [v.options for v in knit.variants] == [
        {"颜色": "米色", "尺码": "S"},
        {"颜色": "米色", "尺码": "M"},
        {"颜色": "黑色", "尺码": "M"},
    ]
    assert knit.variants[2].cells == {"sku": "A10", "price": "139", "images": "b.jpg"}
    assert knit.cells["sku"] == "A10"
    assert json.loads(scarf.cells["options"]) == {"颜色": ["红色"], "尺码": ["均码"]}


def test_rows_of_one_title_that_differ_in_colour_are_variants(tmp_path: Path) -> None:
    text = "Nama Produk,Warna,Harga\nKaos polos,Merah,45000\nKaos polos,Biru,47000\nTopi,Hitam,30000\n"
    shirt, cap = read(tmp_path, text).drafts
    assert [(v.row, v.options) for v in shirt.variants] == [(2, {"Warna": "Merah"}), (3, {"Warna": "Biru"})]
    assert cap.variants == []


def test_variants_of_a_group_may_have_titles_of_their_own(tmp_path: Path) -> None:
    text = "item group id,id,title,price,color\nT,T1,Cotton tee red,12,red\nT,T2,Cotton tee blue,13,blue\nC,C1,Cap,9,red\n"
    assert [(d.cells["title"], len(d.variants)) for d in read(tmp_path, text).drafts] == [("Cotton tee red", 2), ("Cap", 0)]


def test_one_code_for_products_of_other_names_joins_nothing(tmp_path: Path) -> None:
    text = "group id,sku,title,price,color\n7,A,Steel mug,12,red\n7,B,Glass teapot,13,blue\n8,C,Wool scarf,9,red\n"
    assert [d.cells["sku"] for d in read(tmp_path, text).drafts] == ["A", "B", "C"]


def test_one_title_on_two_pages_is_two_products(tmp_path: Path) -> None:
    text = "title,color,price,url\nRing,gold,45,x.example.com/1\nRing,silver,47,x.example.com/2\nChain,gold,30,x.example.com/3\n"
    assert len(read(tmp_path, text).drafts) == 3


def test_sizes_in_one_cell_are_options(tmp_path: Path) -> None:
    (tee,) = read(tmp_path, 'name,price,sizes\nTee,12.00,"S, M, L"\n').drafts
    assert json.loads(tee.cells["options"]) == {"sizes": ["S", "M", "L"]}


def test_a_product_told_twice_stays_two_drafts(tmp_path: Path) -> None:
    text = "product_id,name,price\n1,Mug,9.90\n1,Mug,9.90\n2,Cup,4.50\n"
    assert [d.cells["sku"] for d in read(tmp_path, text).drafts] == ["1", "1", "2"]


def test_a_row_without_a_title_is_no_variant_of_the_one_above(tmp_path: Path) -> None:
    text = "sku,name,price,image\nA,Mug,9.90,a.jpg\nB,,4.50,b.jpg\nC,Pot,19.00,c.jpg\n"
    assert [d.rows for d in read(tmp_path, text).drafts] == [1, 1, 1]


def test_an_id_of_its_own_for_each_row_is_the_sku(tmp_path: Path) -> None:
    (first, _) = read(tmp_path, "product_id,name,price,sale\n2874,กล่องใส่ของ,46,10800\n4144,กล่องลูกฟูก,44,19000\n").drafts
    assert (first.cells["sku"], first.cells["price"]) == ("2874", "46")


@pytest.mark.parametrize("header", ["", "Unnamed: 0", "index"])
@pytest.mark.parametrize("numbers", [("0", "1", "2", "3"), ("0.0", "1.0", "2.0", "3.0"), ("1", "2", "5", "7")])
def test_a_number_for_each_row_is_no_sku(tmp_path: Path, header: str, numbers: tuple[str, ...]) -> None:
    rows = "".join(f"{n},￥{50 + i}.00,加厚钢制货架 型号{'AB'[i % 2]}\n" for i, n in enumerate(numbers))
    found = read(tmp_path, f"{header},price,title\n{rows}")
    assert [d.cells.get("sku") for d in found.drafts] == [None] * 4


def test_what_tells_products_of_one_title_apart_is_said(tmp_path: Path) -> None:
    found = read(tmp_path, ",price,title\n5f3a,￥50.00,加厚钢制货架\n91bc,￥51.00,加厚钢制货架\n77de,￥52.00,落地灯\n")
    assert [d.cells["sku"] for d in found.drafts] == ["5f3a", "91bc", "77de"]
    assert any("told apart by 'column A'" in said for said in found.said)
    found = read(tmp_path, "编号,price,title\n1,￥50.00,加厚钢制货架\n2,￥51.00,加厚钢制货架\n3,￥52.00,落地灯\n")
    assert [d.cells["sku"] for d in found.drafts] == ["1", "2", "3"]


def test_a_row_with_a_cell_too_many_is_no_product(tmp_path: Path) -> None:
    found = read(tmp_path, "name,price,image\nMug, red,9.90,a.jpg\nCup,4.50,b.jpg\n")
    assert "the row has 4 cells, the header 3" in found.drafts[0].trouble
    assert found.drafts[1].trouble == ""


def test_the_header_once_more_is_skipped(tmp_path: Path) -> None:
    found = read(tmp_path, "name,price\nMug,9.90\nname,price\nCup,4.50\n")
    assert [s.reason for s in found.skipped] == ["it is the header once more"]


def test_sums_headings_and_a_second_table_are_no_products(tmp_path: Path) -> None:
    report = (
        "Tên hàng,Giá bán,Số lượng,Ghi chú\nNước mắm 500ml,42.000đ,3,\nGạo thơm 5kg,180.000đ,2,\nTỔNG CỘNG,222.000đ,5,\n"
        "--- BÁN CHẬM ---,,,\nTên hàng,Số lượng,Thành tiền,Ghi chú\nMuối,3,126000,\n"
    )
    found = read(tmp_path, report)
    assert [d.cells["title"] for d in found.drafts if not d.trouble] == ["Nước mắm 500ml", "Gạo thơm 5kg"]
    assert [s.reason for s in found.skipped] == ["it adds up the other rows", "it is a heading", "it is the header of another table"]
    assert "below another header, row 6" in found.drafts[-1].trouble, "a count must not become a price"


def test_a_sum_whose_word_stands_in_another_column_is_no_product(tmp_path: Path) -> None:
    found = read(tmp_path, "序号,商品名称,价格\n1,保温杯,59\n2,炒锅,299\n合计,,358\n")
    assert [d.cells["title"] for d in found.drafts] == ["保温杯", "炒锅"]
    assert [s.reason for s in found.skipped] == ["it adds up the other rows"]


def test_a_regular_price_stays_the_one_before_where_the_price_is_the_sales_already(tmp_path: Path) -> None:
    found = read(tmp_path, "name,sku,price,regular_price,sale_price\nSteel mug,M,12.90,19.90,12.90\nTin mug,T,9.90,9.90,\nPot,P,30,35,25\n")
    prices = [(d.cells["price"], d.cells.get("was_price", "")) for d in found.drafts]
    assert prices == [("12.90", "19.90"), ("9.90", "9.90"), ("25", "30")]


def test_a_discount_beside_the_prices_and_prices_with_a_coupon_are_told(tmp_path: Path) -> None:
    found = read(tmp_path, "name,price,discount\nMug,290,10\nCup,190,0\n")
    assert any("without what 'discount' takes off" in said for said in found.warned)
    assert not any("takes off" in said for said in read(tmp_path, "name,price,discount\nMug,290,0\nCup,190,0\n").warned)
    assert not any("takes off" in said for said in read(tmp_path, "name,price,was_price,discount\nMug,290,390,25%\n").warned)
    assert any(
        "'券后价' are prices for some buyers only" in said for said in read(tmp_path, "商品标题,券后价\n保温杯,59\n玻璃杯,39\n").warned
    )


def test_what_is_no_price_is_named_where_there_is_none(tmp_path: Path) -> None:
    file = tmp_path / "cost.csv"
    file.write_text("Tên hàng,Giá nhập,Giá bán (nghìn)\nNước mắm,30000,42\nGạo,150000,180\n", encoding="utf-8")
    found = tables.load(file)
    assert not tabular.recognises(found[0])
    message = tabular.missing(found)
    assert "'Giá nhập' is none, as it is what the seller pays" in message
    assert "'Giá bán (nghìn)' is none" in message
    assert "written in full" in message


def test_headers_tell_the_language_where_titles_are_names(tmp_path: Path) -> None:
    assert read(tmp_path, "id,nama,harga,foto\n1,CCTV EZVIZ C6N,439000,a.jpg\n2,SSD VGEN,608000,b.jpg\n").layout.language == "id"
    assert read(tmp_path, "name,price\nMug,290\nCup,190\n").layout.language == ""


def test_variants_of_vietnamese_shops_follow_their_product(tmp_path: Path) -> None:
    sapo = (
        "Tên sản phẩm*,Mã SKU*,Thuộc tính 1,Giá trị thuộc tính 1,Giá bán,Giá so sánh,Giá vốn\n"
        'Áo khoác,AK-D,Màu,Đen,"350.000","450.000",200000\n,AK-X,Màu,Xanh,"370.000",,200000\nMũ,MU,,,"120.000",,50000\n'
    )
    coat, hat = read(tmp_path, sapo).drafts
    assert [(v.cells["sku"], v.cells["price"], v.options) for v in coat.variants] == [
        ("AK-D", "350.000", {"Màu": "Đen"}),
        ("AK-X", "370.000", {"Màu": "Xanh"}),
    ]
    assert (hat.cells["sku"], hat.cells["price"], hat.rows) == ("MU", "120.000", 1)


def test_bytes_that_a_program_wrote_for_a_text_are_the_text(tmp_path: Path) -> None:
    draft = read(tmp_path, "name,price,brand\nb'\\xe2\\x98\\x95 Mug',290,NoBrand\nb'broken,190,Acme\n").drafts
    assert [d.cells["title"] for d in draft] == ["☕ Mug", "b'broken"]
    assert [d.cells["brand"] for d in draft] == ["", "Acme"]


def test_a_description_that_says_please_is_no_instruction(tmp_path: Path) -> None:
    text = "name,price,description,note\nMug,Rp 9.000,Please wash by hand.,required: none\nCup,Rp 4.500,,\n"
    assert len(read(tmp_path, text).drafts) == 2


# ---- cells


@pytest.mark.parametrize(
    ("cell", "pictures"),
    [
        ("//img.alicdn.com/a.jpg", ["https://img.alicdn.com/a.jpg"]),
        ("img.alicdn.com/a.jpg", ["https://img.alicdn.com/a.jpg"]),
        ('<img alt="x" src="https://x.example.com/a.jpg" title=""/><img src=//x.example.com/b.jpg>', ["https://x.example.com/a.jpg", "https://x.example.com/b.jpg"]),
        ('["https://x.example.com/a.jpg", "//x.example.com/b.jpg"]', ["https://x.example.com/a.jpg", "https://x.example.com/b.jpg"]),
        ("['a.jpg', 'b.jpg']", ["a.jpg", "b.jpg"]),
        ("a.jpg,b.png;c.webp", ["a.jpg", "b.png", "c.webp"]),
        ("https://x.example.com/a,b.jpg?s=1,2", ["https://x.example.com/a,b.jpg?s=1,2"]),
        ("https://x.example.com/a.jpg https://x.example.com/b.jpg", ["https://x.example.com/a.jpg", "https://x.example.com/b.jpg"]),
        ("my photos/red mug.jpg", ["my photos/red mug.jpg"]),
    ],
)  # fmt: skip
def test_pictures_are_unpacked(cell: str, pictures: list[str]) -> None:
    assert unpacked.pictures(cell).split("\n") == pictures


def test_titles_that_are_lists_are_joined_and_doubted(tmp_path: Path) -> None:
    rows = "\n".join(
        f'"[""\\n【新款】平板 "","" Pro {n}英寸\\n""]",{n}999.00,img.alicdn.com/{n}.jpg,detail.tmall.com/item.htm?id=58{n}'
        for n in range(1, 6)
    )
    found = read(tmp_path, "describe,price,image_url,good_url\n" + rows + "\n")
    assert found.drafts[0].cells["title"] == "【新款】平板 Pro 1英寸"
    assert found.drafts[0].cells["link"] == "https://detail.tmall.com/item.htm?id=581"
    assert any("lists of parts" in w for w in found.warned)
    assert (found.layout.currency, found.layout.language) == ("CNY", "zh")


def test_titles_that_are_notices_are_doubted_loudly(tmp_path: Path) -> None:
    rows = "\n".join(f"{n},￥{n}9.00,全国免费送装，年终大促，包邮" if n % 3 else f"{n},￥{n}9.00,铁艺书架 {n} 层" for n in range(1, 13))
    found = read(tmp_path, ",price,title\n" + rows + "\n")
    assert any("read like notices" in w for w in found.warned)
    assert not any("sku" in d.cells for d in found.drafts), "the row's number is another as soon as a row is added"


# ---- what cannot be understood


def test_variants_without_a_title_are_no_catalog(tmp_path: Path) -> None:
    file = tmp_path / "sku.csv"
    file.write_text("颜色分类,尺码,价格,数量,商家编码\n黑色,M,97.0,3,4214\n黑色,L,97.0,3,4214\n", encoding="utf-8")
    (own,) = tables.load(file)
    assert not tabular.recognises(own)
    assert "lists only variants" in tabular.missing([own])
    assert "Add a column with the title" in tabular.missing([own])


def test_a_table_without_a_header_needs_the_campaigns_columns(tmp_path: Path) -> None:
    text = "Steel bottle,¥39.00,a.jpg\nGlass teapot,¥89.00,b.jpg\n"
    file = tmp_path / "shop.csv"
    file.write_text(text, encoding="utf-8")
    (own,) = tables.load(file)
    assert not tabular.recognises(own)
    assert "no row that names its columns" in tabular.missing([own])
    assert "title: A, price: B, images: C" in tabular.missing([own])
    asked = Asked(columns={"title": "A", "price": "B", "images": "3"})
    assert tabular.maps(own, asked)
    found = read(tmp_path, text, columns=asked.columns)
    assert [d.cells["title"] for d in found.drafts] == ["Steel bottle", "Glass teapot"]
    assert found.layout.headers["price"] == "column B"


def test_columns_that_are_not_there_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no column 'Titel'"):
        read(tmp_path, "name,price\nMug,9.90\n", columns={"title": "Titel"})
    with pytest.raises(UserError, match="no column gives the price"):
        read(tmp_path, "name,about\nMug,red\nCup,blue\n", columns={"title": "name"})


@pytest.mark.heavy
def test_a_large_table_is_read_in_flat_memory(tmp_path: Path) -> None:
    """Of a product's rows none is kept when it is told; only hashes are, of those that may stand apart."""
    file = tmp_path / "large.csv"
    with file.open("w", encoding="utf-8") as f:
        f.write("handle,name,price,size\n")
        f.writelines(f"h{n // 4},{'Shirt' if n % 4 == 0 else ''},{100 + n % 90},{'SMLX'[n % 4]}\n" for n in range(40_000))
    tracemalloc.start()
    assert sum(d.rows for d in _drafts(file)) == 40_000
    assert tracemalloc.get_traced_memory()[1] < 6_000_000
    tracemalloc.stop()


def _drafts(file: Path) -> Iterator[Draft]:
    return (i for i in tabular.read(tables.load(file), Asked()) if isinstance(i, Draft))


# ---- real files


REAL = {  # file -> drafts, and one of them: row -> title, price
    "bagisto_products.xlsx": (5, 2, "Arctic Cozy Knit Unisex Beanie", "14"),
    "medusa_export_semicolon.csv": (2, 4, "Proposed product", "100"),
    "spree_products.csv": (37, 2, "Automatic Espresso Machine", ""),
    "vendure_products_padded.csv": (54, 9, "32-Inch Monitor", "310.00"),
    "id_tokopedia_rp_html.csv": (80, 3, "Laptop FUJITSU core i5 - RAM 4GB - HDD 320GB - 14 inch", "Rp1.999.000"),
    "th_shopee_boxes.csv": (139, 3, "กล่องจากใจ ฝาชน Size 00 (20 ใบ)", "44"),
    "vi_tiki_bom_crlf.csv": (384, 3, "Laptop Gigabyte U4 UD-50VN823SO 14 inch Core i5-1155G7/ Win 11 - Hàng Chính Hãng", "15490000"),
    "zh_jd_furniture_fullwidth_yen.xlsx": (90, 4, "包邮送到楼下免自提（除偏远）！可开发票！损坏包赔！", "￥259.00"),
    "zh_taobao_dresses_utf8.csv": (48, 2, "秋装新款2022女装连衣裙长袖方领碎花气质女神范收腰显瘦长裙子潮", "52.68"),
    "zh_tmall_mongo_export.csv": (240, 5, "Apple/苹果 10.5 英寸 Air", "4870.00"),
    "zh_shop_import_template_notes.xlsx": (1, 5, "Air Jordan 1 Low GS 'Black Summit White' 553560-045", ""),
}


@pytest.mark.skipif(not CATALOGS.is_dir(), reason="needs ../shared/testdata, which is not part of the project")
@pytest.mark.parametrize("name", REAL)
def test_real_files(name: str) -> None:
    count, row, title, price = REAL[name]
    found = Read([t for t in tables.load(CATALOGS / name) if tabular.recognises(t)], Asked())
    assert len(found.drafts) == count
    draft = next(d for d in found.drafts if d.row == row)
    assert draft.cells["title"].strip() == title
    assert draft.cells.get("price", "").strip() == price


# ---- whatever stands in it

CELLS = st.sampled_from(
    ["", " ", "[", "[[", "['a", '["a", 1]', "[{}]", "a=b,c", ":", "|", "=1+1", "0", "-1", "12.00", "Rp", "2024-13-45", "//",
     "http://", "<img src=",
     "S", "Size:1", "sku=A,color=red|sku=B", "A", "B", "draft", "th", "必填", "9" * 400, "x" * 2000, "Mug", "ชื่อ", "\u202e"]
)  # fmt: skip
NAMES = ["name", "price", "sku", "handle", "parent_sku", "locale", "status", "visibility", "sale_price", "sale end",
         "image", "link", "color",
         "option1_name", "option1_value", "option values", "sku值", "configurable_variations",
         "additional_attributes", "facets", "features"]  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.lists(CELLS, min_size=len(NAMES), max_size=len(NAMES) + 1), max_size=12), known=st.booleans())
def test_any_cells_are_read_and_each_row_is_accounted_for(tmp_path: Path, rows: list[list[str]], known: bool) -> None:
    own = Table(tmp_path / "x.csv", lambda: [Row(n, tuple(cells)) for n, cells in enumerate([NAMES, *rows] if known else rows, 1)])
    tabular.missing([own])
    if tabular.recognises(own):
        Read([own], Asked())
    elif known:
        Read([own], Asked(columns={"title": "name", "price": "price"}))
