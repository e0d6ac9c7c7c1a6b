"""What is said for a written number, price, unit, date or code. Every expected text is written by hand."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localize import languages
from localize.domain import Money

NUMBERS: dict[str, dict[str, str]] = {
    "th": {
        "0": "ศูนย์",
        "1": "หนึ่ง",
        "10": "สิบ",
        "11": "สิบเอ็ด",
        "20": "ยี่สิบ",
        "21": "ยี่สิบเอ็ด",
        "101": "หนึ่งร้อยเอ็ด",
        "299": "สองร้อยเก้าสิบเก้า",
        "1290": "หนึ่งพันสองร้อยเก้าสิบ",
        "15000": "หนึ่งหมื่นห้าพัน",
        "250000": "สองแสนห้าหมื่น",
        "1000000": "หนึ่งล้าน",
        "1000001": "หนึ่งล้านเอ็ด",
        "21000000": "ยี่สิบเอ็ดล้าน",
        "1000000000000": "หนึ่งล้านล้าน",
        "5.3": "ห้าจุดสาม",
        "0.05": "ศูนย์จุดศูนย์ห้า",
        "-7": "ลบเจ็ด",
    },
    "vi": {
        "0": "không",
        "5": "năm",
        "10": "mười",
        "15": "mười lăm",
        "21": "hai mươi mốt",
        "24": "hai mươi tư",
        "55": "năm mươi lăm",
        "105": "một trăm linh năm",
        "110": "một trăm mười",
        "1005": "một nghìn không trăm linh năm",
        "2026": "hai nghìn không trăm hai mươi sáu",
        "350000": "ba trăm năm mươi nghìn",
        "1290000": "một triệu hai trăm chín mươi nghìn",
        "1000005": "một triệu không trăm linh năm",
        "2000000000": "hai tỷ",
        "1000000000000": "một nghìn tỷ",
        "5.3": "năm phẩy ba",
        "1.25": "một phẩy hai năm",
        "-7": "âm bảy",
    },
    "id": {
        "0": "nol",
        "10": "sepuluh",
        "11": "sebelas",
        "12": "dua belas",
        "21": "dua puluh satu",
        "100": "seratus",
        "111": "seratus sebelas",
        "1000": "seribu",
        "1100": "seribu seratus",
        "2001": "dua ribu satu",
        "299000": "dua ratus sembilan puluh sembilan ribu",
        "100000": "seratus ribu",
        "1001000": "satu juta seribu",
        "1500000": "satu juta lima ratus ribu",
        "2000000000": "dua miliar",
        "1000000000000": "satu triliun",
        "5.3": "lima koma tiga",
        "-7": "minus tujuh",
    },
    "zh": {
        "0": "零",
        "2": "二",
        "10": "十",
        "12": "十二",
        "110": "一百一十",
        "199": "一百九十九",
        "202": "两百零二",
        "1005": "一千零五",
        "1010": "一千零一十",
        "2200": "两千两百",
        "10000": "一万",
        "12000": "一万两千",
        "20500": "两万零五百",
        "100000": "十万",
        "1000001": "一百万零一",
        "200000000": "两亿",
        "1000000000000": "一万亿",
        "5.3": "五点三",
        "-7": "负七",
    },
    "en": {
        "0": "zero",
        "13": "thirteen",
        "21": "twenty-one",
        "100": "one hundred",
        "199": "one hundred ninety-nine",
        "1290": "one thousand two hundred ninety",
        "20000": "twenty thousand",
        "1000001": "one million one",
        "1000000000000": "one trillion",
        "5.3": "five point three",
        "0.05": "zero point zero five",
        "-7": "minus seven",
    },
}

READ: dict[str, dict[str, str]] = {
    "th": {
        "฿1,290": "หนึ่ง พัน สอง ร้อย เก้า สิบ บาท",
        "299 บาท": "สอง ร้อย เก้า สิบ เก้า บาท",
        "199.-": "หนึ่ง ร้อย เก้า สิบ เก้า บาท",
        "฿99.50": "เก้า สิบ เก้า บาท ห้า สิบ สตางค์",
        "฿100-฿200": "หนึ่ง ร้อย ถึง สอง ร้อย บาท",
        "฿59/ชิ้น": "ห้า สิบ เก้า บาท ต่อ ชิ้น",
        "1.5 ล้านบาท": "หนึ่ง จุด ห้า ล้าน บาท",
        "$19.90": "สิบ เก้า ดอลลาร์ เก้า สิบ เซนต์",
        "¥199": "หนึ่ง ร้อย เก้า สิบ เก้า หยวน",
        "25%": "ยี่ สิบ ห้า เปอร์เซ็นต์",
        "-30%": "ลบ สาม สิบ เปอร์เซ็นต์",
        "๕๐%": "ห้า สิบ เปอร์เซ็นต์",
        "５０％": "ห้า สิบ เปอร์เซ็นต์",
        "500 ml": "ห้า ร้อย มิลลิลิตร",
        "500 มล.": "ห้า ร้อย มิลลิลิตร",
        "20,000 mAh": "สอง หมื่น มิลลิแอมป์",
        "20.000 mAh": "สอง หมื่น มิลลิแอมป์",
        "1.250 kg": "หนึ่ง จุด สอง ห้า ศูนย์ กิโลกรัม",
        "10W": "สิบ วัตต์",
        "6 mm": "หก มิลลิเมตร",
        "30 ชั่วโมง": "สาม สิบ ชั่วโมง",
        "30 hours": "สาม สิบ ชั่วโมง",
        "8–12 ชม.": "แปด ถึง สิบ สอง ชั่วโมง",
        "10x20x30 cm": "สิบ คูณ ยี่ สิบ คูณ สาม สิบ เซนติเมตร",
        "2x": "สอง เท่า",
        "1,000+ รีวิว": "หนึ่ง พัน กว่า รีวิว",
        "24/7": "ยี่ สิบ สี่ ชั่วโมง เจ็ด วัน",
        "5.3": "ห้า จุด สาม",
        "IPX7": "ไอ พี เอ็กซ์ เจ็ด",
        "A55": "เอ ห้า สิบ ห้า",
        "USB-C": "ยู เอส บี ซี",
        "5G": "ห้า จี",
        "9:30 น.": "เก้า นาฬิกา สาม สิบ นาที",
        "20.00 น.": "ยี่ สิบ นาฬิกา",
        "5 น.": "ห้า นาฬิกา",
        "14in": "สิบ สี่ นิ้ว",
        "3in1": "สาม in หนึ่ง",
        "12 ธันวาคม 2569": "วันที่ สิบ สอง ธันวาคม สอง พัน ห้า ร้อย หก สิบ เก้า",
        "12/12/2026": "วันที่ สิบ สอง ธันวาคม สอง พัน ห้า ร้อย หก สิบ เก้า",
        "12.12": "สิบ สอง สิบ สอง",
        "12-15 ธ.ค. 69": "สิบ สอง ถึง สิบ ห้า ธันวาคม หก สิบ เก้า",
        "1/2": "ครึ่ง",
        "081-234-5678": "ศูนย์ แปด หนึ่ง สอง สาม สี่ ห้า หก เจ็ด แปด",
        "SPF50+": "เอส พี เอฟ ห้า สิบ พลัส",
        "4.9/5": "สี่ จุด เก้า จาก ห้า",
        "25°C": "ยี่ สิบ ห้า องศา เซลเซียส",
    },
    "vi": {
        "350.000 ₫": "ba trăm năm mươi nghìn đồng",
        "1.290.000 ₫": "một triệu hai trăm chín mươi nghìn đồng",
        "350.000đ": "ba trăm năm mươi nghìn đồng",
        "350.000 VNĐ": "ba trăm năm mươi nghìn đồng",
        "350,000 ₫": "ba trăm năm mươi nghìn đồng",
        "350k": "ba trăm năm mươi nghìn",
        "1,5 triệu đồng": "một phẩy năm triệu đồng",
        "100.000–200.000 ₫": "một trăm nghìn đến hai trăm nghìn đồng",
        "$19.90": "mười chín đô la chín mươi xu",
        "¥199": "một trăm chín mươi chín nhân dân tệ",
        "25%": "hai mươi lăm phần trăm",
        "12,5%": "mười hai phẩy năm phần trăm",
        "-30%": "âm ba mươi phần trăm",
        "500 ml": "năm trăm mi li lít",
        "1,5 lít": "một phẩy năm lít",
        "1.5 lít": "một phẩy năm lít",
        "20.000 mAh": "hai mươi nghìn mi li am pe giờ",
        "20,000 mAh": "hai mươi nghìn mi li am pe giờ",
        "10W": "mười oát",
        "6 mm": "sáu mi li mét",
        "24 giờ": "hai mươi tư giờ",
        "8–12 giờ": "tám đến mười hai giờ",
        "30x40 cm": "ba mươi nhân bốn mươi xen ti mét",
        "2x": "hai lần",
        "1.000+ đánh giá": "hơn một nghìn đánh giá",
        "24/7": "hai mươi bốn trên bảy",
        "Bluetooth 5.3": "Bluetooth năm chấm ba",
        "IPX7": "i pê ích bảy",
        "A55": "a năm mươi lăm",
        "USB-C": "u ét bê xê",
        "4K": "bốn ca",
        "9:30": "chín giờ ba mươi",
        "ngày 12/12/2026": "ngày mười hai tháng mười hai năm hai nghìn không trăm hai mươi sáu",
        "3/4": "ba phần tư",
        "4,9/5": "bốn phẩy chín trên năm",
        "30°C": "ba mươi độ xê",
        "tệ 5 sao": "tệ năm sao",
        "24-inch": "hai mươi tư inh",
        "Gen 11th": "Gen mười một",
        "RAM - 14 inch": "RAM mười bốn inh",
    },
    "id": {
        "Rp299.000": "dua ratus sembilan puluh sembilan ribu rupiah",
        "Rp 4.850.000": "empat juta delapan ratus lima puluh ribu rupiah",
        "Rp. 50.000,-": "lima puluh ribu rupiah",
        "Rp299rb": "dua ratus sembilan puluh sembilan ribu rupiah",
        "299rb": "dua ratus sembilan puluh sembilan ribu",
        "Rp1,5 juta": "satu koma lima juta rupiah",
        "Rp10.000–Rp20.000": "sepuluh ribu sampai dua puluh ribu rupiah",
        "Rp1,5 juta–Rp2 juta": "satu koma lima juta sampai dua juta rupiah",
        "Rp5.000/buah": "lima ribu rupiah per buah",
        "$19.90": "sembilan belas dolar sembilan puluh sen",
        "¥199": "seratus sembilan puluh sembilan yuan",
        "25%": "dua puluh lima persen",
        "-30%": "minus tiga puluh persen",
        "500 ml": "lima ratus mililiter",
        "1,5 liter": "satu koma lima liter",
        "20.000 mAh": "dua puluh ribu mili ampere",
        "20,000 mAh": "dua puluh ribu mili ampere",
        "10W": "sepuluh watt",
        "6 mm": "enam milimeter",
        "30 jam": "tiga puluh jam",
        "8–12 jam": "delapan sampai dua belas jam",
        "30 x 40 cm": "tiga puluh kali empat puluh sentimeter",
        "2x": "dua kali",
        "24/7": "dua puluh empat jam tujuh hari",
        "Bluetooth 5.3": "Bluetooth lima titik tiga",
        "5.3": "lima koma tiga",
        "IPX7": "i pe eks tujuh",
        "A55": "a lima puluh lima",
        "USB-C": "u es be ce",
        "jam 20:00": "jam dua puluh",
        "9:05": "jam sembilan nol lima",
        "12 Desember 2026": "dua belas Desember dua ribu dua puluh enam",
        "12/12/2026": "dua belas Desember dua ribu dua puluh enam",
        "12 Des 2026": "dua belas Desember dua ribu dua puluh enam",
        "1/2": "setengah",
        "1/4": "seperempat",
        "4,9/5": "empat koma sembilan dari lima",
        "1.000+ ulasan": "seribu lebih ulasan",
    },
    "zh": {
        "¥199": "一百九十九元",
        "￥89.9": "八十九元九角",
        "¥19.99": "十九元九角九分",
        "¥5.05": "五元零五分",
        "¥2": "两元",
        "299元": "两百九十九元",
        "1.5万元": "一点五万元",
        "¥100-¥200": "一百到两百元",
        "$19.90": "十九点九美元",
        "350,000 VND": "三十五万越南盾",
        "25%": "百分之二十五",
        "-30%": "负百分之三十",
        "8–12%": "百分之八到十二",
        "８折": "八折",
        "2小时": "两小时",
        "2个月": "两个月",
        "12小时": "十二小时",
        "500ml": "五百毫升",
        "20000mAh": "两万毫安时",
        "10W": "十瓦",
        "10w+人": "十万多人",
        "1.5万": "一点五万",
        "6 mm": "六毫米",
        "10x20 cm": "十乘二十厘米",
        "2x": "两倍",
        "24/7": "全天二十四小时",
        "5.3": "五点三",
        "IPX7": "I P X 七",
        "A55": "A 五十五",
        "USB-C": "U S B C",
        "5G": "五 G",
        "2026年12月12日": "二零二六年十二月十二日",
        "1995 年": "一九九五年",
        "20:00": "二十点",
        "9:05": "九点零五分",
        "1/2": "二分之一",
        "25℃": "二十五摄氏度",
    },
    "en": {
        "$19.90": "nineteen dollars and ninety cents",
        "$1.01": "one dollar and one cent",
        "$0.99": "ninety nine cents",
        "$20": "twenty dollars",
        "฿1,290": "one thousand two hundred ninety baht",
        "€5": "five euros",
        "$5–$10": "five to ten dollars",
        "$1.5 million": "one point five million dollars",
        "25%": "twenty five percent",
        "-30%": "minus thirty percent",
        "500 ml": "five hundred milliliters",
        "1 hour": "one hour",
        "1.5 hours": "one point five hours",
        "24-hour": "twenty four hours",
        "20,000 mAh": "twenty thousand milliamp hours",
        "10W": "ten watts",
        '15.6"': "fifteen point six inches",
        "6 mm": "six millimeters",
        "8–12 days": "eight to twelve days",
        "10 x 20 cm": "ten by twenty centimeters",
        "2x": "two times",
        "24/7": "twenty four seven",
        "5.3": "five point three",
        "IPX7": "I P X seven",
        "A55": "A fifty five",
        "USB-C": "U S B C",
        "3-in-1": "three in one",
        "3 in 1": "three in one",
        "the 11th": "the eleventh",
        "121st": "one hundred twenty first",
        "9:30": "nine thirty",
        "9:05 AM": "nine oh five A M",
        "December 12, 2026": "December twelfth twenty twenty six",
        "12/25/2026": "December twenty fifth twenty twenty six",
        "3/4": "three quarters",
        "km/h": "km h",
        "100 km/h": "one hundred kilometers per hour",
        "0012": "zero zero one two",
    },
}

PRICES = [
    ("th", "1290", "THB", "฿1,290", "หนึ่งพันสองร้อยเก้าสิบบาท"),
    ("th", "299.50", "THB", "฿299.50", "สองร้อยเก้าสิบเก้าบาทห้าสิบสตางค์"),
    ("th", "19.9", "USD", "US$19.90", "สิบเก้าดอลลาร์เก้าสิบเซนต์"),
    ("vi", "350000", "VND", "350.000 ₫", "ba trăm năm mươi nghìn đồng"),
    ("vi", "1290000", "VND", "1.290.000 ₫", "một triệu hai trăm chín mươi nghìn đồng"),
    ("vi", "89.9", "CNY", "89,90 CN¥", "tám mươi chín phẩy chín nhân dân tệ"),
    ("id", "299000", "IDR", "Rp299.000", "dua ratus sembilan puluh sembilan ribu rupiah"),
    ("id", "299000.4", "IDR", "Rp299.000", "dua ratus sembilan puluh sembilan ribu rupiah"),
    ("id", "50", "SGD", "SGD 50", "lima puluh dolar Singapura"),
    ("zh", "199", "CNY", "¥199", "一百九十九元"),
    ("zh", "89.9", "CNY", "¥89.9", "八十九元九角"),
    ("zh", "1290", "THB", "THB 1,290", "一千两百九十泰铢"),
    ("zh", "500", "JPY", "JP¥500", "五百日元"),
    ("en", "19.9", "USD", "$19.90", "nineteen dollars and ninety cents"),
    ("en", "350000", "VND", "₫350,000", "three hundred fifty thousand dong"),
    ("en", "3", "CHF", "CHF 3", "three Swiss francs"),
    ("th", "-100", "THB", "-฿100", "ลบหนึ่งร้อยบาท"),
]


@pytest.mark.parametrize(("code", "value", "words"), [(c, v, w) for c, table in NUMBERS.items() for v, w in table.items()])
def test_number(code: str, value: str, words: str) -> None:
    assert languages.get(code).number(Decimal(value)) == words


@pytest.mark.parametrize(("code", "text", "words"), [(c, t, w) for c, table in READ.items() for t, w in table.items()])
def test_what_is_said_for_a_written_thing(code: str, text: str, words: str) -> None:
    assert " ".join(t.say for t in languages.get(code).read(text)) == words


@pytest.mark.parametrize(("code", "amount", "currency", "written", "aloud"), PRICES)
def test_price(code: str, amount: str, currency: str, written: str, aloud: str) -> None:
    money = Money(amount=Decimal(amount), currency=currency)
    assert languages.get(code).price(money) == written
    assert languages.get(code).price_aloud(money) == aloud


@pytest.mark.parametrize("code", languages.codes())
@settings(max_examples=30, deadline=None)
@given(
    amount=st.decimals(min_value="0.01", max_value="99999999", places=2),
    currency=st.sampled_from("THB VND IDR CNY USD EUR GBP JPY KRW SGD MYR PHP TWD HKD INR AUD".split()),  # noqa: SIM905
)
def test_a_written_price_is_read_as_the_price_it_is(code: str, amount: Decimal, currency: str) -> None:
    language = languages.get(code)
    money = Money(amount=amount, currency=currency)
    (token,) = language.read(language.price(money))
    assert token.say.replace(" ", "") == language.price_aloud(money).replace(" ", "").replace("-", "")


@pytest.mark.parametrize("code", languages.codes())
@settings(max_examples=20, deadline=None)
@given(day=st.dates(min_value=dt.date(1900, 1, 1), max_value=dt.date(2100, 12, 31)))
def test_a_written_date_is_read_as_the_day_it_is(code: str, day: dt.date) -> None:
    language = languages.get(code)
    (token,) = language.read(language.date(day))
    assert token.say.replace(" ", "") == language.date_aloud(day).replace(" ", "").replace("-", "")


@pytest.mark.parametrize(
    ("code", "written", "aloud"),
    [
        ("th", "12 ธันวาคม 2569", "วันที่สิบสองธันวาคมสองพันห้าร้อยหกสิบเก้า"),
        ("vi", "12/12/2026", "ngày mười hai tháng mười hai năm hai nghìn không trăm hai mươi sáu"),
        ("id", "12 Desember 2026", "dua belas Desember dua ribu dua puluh enam"),
        ("zh", "2026年12月12日", "二零二六年十二月十二日"),
        ("en", "December 12, 2026", "December twelfth twenty twenty-six"),
    ],
)
def test_date(code: str, written: str, aloud: str) -> None:
    day = dt.date(2026, 12, 12)
    assert languages.get(code).date(day) == written
    assert languages.get(code).date_aloud(day) == aloud


def test_percent() -> None:
    assert [languages.get(c).percent(Decimal("12.5")) for c in ("th", "vi", "id", "zh", "en")] == [
        "12.5%",
        "12,5%",
        "12,5%",
        "12.5%",
        "12.5%",
    ]
    assert languages.get("vi").percent(25) == "25%"


@pytest.mark.parametrize("code", languages.codes())
def test_whole_numbers_up_to_a_million_billion_have_words_of_their_own(code: str) -> None:
    language = languages.get(code)
    values = [10**n + d for n in range(16) for d in (-1, 0, 1)]
    assert len({language.number(v) for v in values}) == len(set(values))
