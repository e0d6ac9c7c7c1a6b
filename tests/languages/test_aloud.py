"""What a voice is given of the things that shops write: codes, addresses, tags, capitals, emoji, repeated signs, brands."""

from __future__ import annotations

import pytest

from localize.lexicon import Lexicon

CASES = {
    "th": """LM-FLASK-500=แอล เอ็ม FLASK ห้า ร้อย
RTX 4090=อาร์ ที เอ็กซ์ สี่ พัน เก้า สิบ
รองรับ 5G=รองรับ ห้า จี
ขนาด A4=ขนาด เอ สี่
สาย USB-C=สาย ยู เอส บี ซี
คลื่น 2.4GHz=คลื่น สอง จุด สี่ กิกะเฮิรตซ์
กันน้ำ IP68=กันน้ำ ไอ พี หก สิบ แปด
ชาร์จ 65W=ชาร์จ หก สิบ ห้า วัตต์
แบต 10000mAh=แบต หนึ่ง หมื่น มิลลิแอมป์
#ลดราคา #Shopee=ลดราคา ช้อปปี้
ดูที่ https://shop.example.com/p/123?x=1 นะคะ=ดู ที่ shop example com นะคะ
www.lumora.co.th=lumora co th
สุดยอด!!!=สุดยอด!
????=
WOW!!!=WOW!
🔥🔥 ลด 50% 🔥=ลด ห้า สิบ เปอร์เซ็นต์
ลำโพง Xiaomi ของแท้=ลำโพง เสียวหมี่ ของแท้
iPhone15 กับ iPhone 15 Pro=ไอโฟน สิบ ห้า กับ ไอโฟน สิบ ห้า โปร
หม้อทอด (Air Fryer) Philips=หม้อทอด แอร์ ฟรายเออร์ ฟิลิปส์
12.12=สิบ สอง สิบ สอง
8/256GB=แปด สอง ร้อย ห้า สิบ หก กิกะไบต์
หลอด E27 LED=หลอด อี ยี่ สิบ เจ็ด แอลอีดี
*ส่งฟรี* ___=ส่ง ฟรี
@lumora_official=แอท lumora official
Wi-Fi 6=ไวไฟ หก""",
    "vi": """LM-FLASK-500=lờ mờ FLASK năm trăm
RTX 4090=rờ tê ích bốn nghìn không trăm chín mươi
mạng 5G=mạng năm giê
khổ A4=khổ a bốn
cáp USB-C=cáp u ét bê xê
sóng 2.4GHz=sóng hai phẩy bốn gi ga héc
chuẩn IP68=chuẩn i pê sáu mươi tám
sạc 65W=sạc sáu mươi lăm oát
pin 10000mAh=pin mười nghìn mi li am pe giờ
#giamgia #Shopee=giamgia sóp pi
Xem https://shop.example.com/p/123?x=1 nhé=Xem shop example com nhé
bit.ly/abc, nhé=bit ly, nhé
Đẹp quá!!!=Đẹp quá!
?????=
MUA NGAY=MUA NGAY
GIẢM GIÁ SỐC 🔥=GIẢM GIÁ SỐC
Tai nghe Baseus Bluetooth 5.3=Tai nghe bây sút bờ lu tút năm chấm ba
iPhone15=ai phôn mười lăm
L'Oréal và L’Oreal=lo rê an và lo rê an
Nồi (Air Fryer) Philips=Nồi e phờ rai ơ phi líp
24/7=hai mươi bốn trên bảy
8/256GB=tám hai trăm năm mươi sáu gi ga bai
đèn LED E27=đèn lét e hai mươi bảy
@lumora_official=a còng lumora official
Wi-Fi 6=oai phai sáu""",
    "id": """LM-FLASK-500=el em FLASK lima ratus
RTX 4090=er te eks empat ribu sembilan puluh
jaringan 5G=jaringan lima ge
ukuran A4=ukuran a empat
kabel USB-C=kabel u es be ce
sinyal 2.4GHz=sinyal dua koma empat gigahertz
tahan air IP68=tahan air i pe enam puluh delapan
daya 65W=daya enam puluh lima watt
baterai 10000mAh=baterai sepuluh ribu mili ampere
#promo #Shopee=promo syopi
Cek https://shop.example.com/p/123?x=1 ya=Cek shop example com ya
bit.ly/abc, ya=bit ly, ya
Mantap!!!=Mantap!
?????=
FREE ONGKIR=FREE ONGKIR
DISKON 50% 🔥🔥=DISKON lima puluh persen
Earphone Anker Bluetooth=Earphone engker blutut
iPhone15=aifon lima belas
(Air Fryer) Philips=er frayer filips
kabel Type-C=kabel taip si
24/7=dua puluh empat jam tujuh hari
8/256GB=delapan dua ratus lima puluh enam giga bita
lampu LED E27=lampu led e dua puluh tujuh
@lumora_official=at lumora official
Wi-Fi 6=waifai enam""",
    "zh": """支持USB-C接口=支持 U S B C 接口
小米Xiaomi手机壳=小米 小米 手机 壳
LM-FLASK-500=L M FLASK 五百
看https://shop.example.com/p/123。=看 shop example com.
太好用了！！！=太好 用 了!
iPhone15保护壳=iPhone 十五 保护 壳
🔥只要¥199🔥=只要 一百九十九元
#Lumora 5G=Lumora 五 G
RTX 4090显卡=R T X 四千零九十 显卡
蓝牙Bluetooth 5.3=蓝牙 蓝牙 五点三""",
}


@pytest.mark.parametrize(("code", "case"), [(code, case) for code, cases in CASES.items() for case in cases.splitlines()])
def test_shops_writing_is_said(code: str, case: str) -> None:
    at = case.rindex("=")
    tokens = Lexicon.load().read(code, case[:at])
    assert " ".join(t.say + (t.pause if t.pause in ".!?" or "," in case[at:] else "") for t in tokens if t.say) == case[at + 1 :]
    assert "".join(t.text + t.gap for t in tokens) == case[:at]


def test_there_are_enough_cases() -> None:
    assert all(len(CASES[code].splitlines()) >= 20 for code in ("th", "vi", "id"))
