"""Latin words in Thai letters: by sound against spellings that are accepted (Royal Institute, or common in shops)."""

from __future__ import annotations

import re

import pytest

from localize.languages import thai_loans
from localize.languages.thai_loans import spelled
from localize.languages.thai_sounds import phonemes

pytest.importorskip("espeakng_loader")

# Words the rules were written with, and words they had not seen; each with all the spellings that are accepted.
SEEN = """
microwave=ไมโครเวฟ computer=คอมพิวเตอร์ camera=คาเมรา/แคเมรา happy=แฮปปี้ shopping=ช็อปปิ้ง/ช้อปปิ้ง coffee=คอฟฟี่ jelly=เจลลี่
lemon=เลมอน summer=ซัมเมอร์ power=เพาเวอร์/พาวเวอร์ shower=ชาวเวอร์/เชาเวอร์ counter=เคาน์เตอร์ download=ดาวน์โหลด/ดาวน์โลด
mouse=เมาส์ note=โน้ต/โนต show=โชว์ tour=ทัวร์ air=แอร์ share=แชร์ gear=เกียร์ beer=เบียร์ idea=ไอเดีย view=วิว cube=คิวบ์
music=มิวสิก smart=สมาร์ต card=การ์ด/คาร์ด fashion=แฟชั่น/แฟชัน promotion=โปรโมชั่น/โปรโมชัน lotion=โลชั่น/โลชัน
version=เวอร์ชั่น/เวอร์ชัน golf=กอล์ฟ film=ฟิล์ม gold=โกลด์ milk=มิลก์/มิลค์ belt=เบลต์/เบลท์ bank=แบงก์/แบงค์ link=ลิงก์/ลิงค์
box=บ็อกซ์ max=แม็กซ์/แมกซ์ test=เทสต์ brand=แบรนด์ size=ไซซ์/ไซส์ light=ไลต์/ไลท์ line=ไลน์ style=สไตล์ switch=สวิตช์ slim=สลิม
snack=สแน็ก/สแนก spray=สเปรย์ sport=สปอร์ต star=สตาร์ quick=ควิก trend=เทรนด์ taxi=แท็กซี่ jacket=แจ็กเกต/แจ็กเก็ต
rocket=ร็อกเกต/ร็อกเก็ต budget=บัดเจต/บัดเจ็ต cover=คัฟเวอร์ honey=ฮันนี่ mascara=มาสคารา/มาสคาร่า/แมสคาร่า custom=คัสตอม
master=มาสเตอร์ center=เซ็นเตอร์/เซนเตอร์ printer=พรินเตอร์/ปรินเตอร์/พริ้นเตอร์ meter=มิเตอร์/มีเตอร์ party=ปาร์ตี้/พาร์ตี้
beauty=บิวตี้ paper=เปเปอร์/เพเปอร์ speaker=สปีกเกอร์/สปีคเกอร์ marketing=มาร์เก็ตติง/มาร์เก็ตติ้ง/มาร์เกตติ้ง logo=โลโก้
auto=ออโต้/ออโต pizza=พิซซ่า/พิซซา serum=เซรั่ม/ซีรัม/เซรัม model=โมเดล sensor=เซ็นเซอร์/เซนเซอร์ action=แอ็กชั่น/แอ็กชัน/แอคชั่น
package=แพ็กเกจ/แพกเกจ tablet=แท็บเล็ต/แท็บเลต laptop=แล็ปท็อป/แลปท็อป notebook=โน้ตบุ๊ก/โนตบุก charger=ชาร์จเจอร์ cable=เคเบิล
adapter=อะแดปเตอร์ vitamin=วิตามิน/ไวตามิน collagen=คอลลาเจน filter=ฟิลเตอร์ keyboard=คีย์บอร์ด gaming=เกมมิ่ง/เกมมิง screen=สกรีน
ultra=อัลตร้า/อัลตรา premium=พรีเมียม original=ออริจินัล/ออริจินอล game=เกม team=ทีม cream=ครีม mini=มินิ motor=มอเตอร์
studio=สตูดิโอ video=วิดีโอ/วีดีโอ stand=สแตนด์ set=เซต/เซ็ต net=เน็ต web=เว็บ shirt=เชิ้ต/เชิร์ต sale=เซล/เซลส์ free=ฟรี
gift=กิฟต์ print=พรินต์/ปรินต์ glass=กลาส/แกลส steak=สเต๊ก/สเตก cake=เค้ก/เคก course=คอร์ส bonus=โบนัส silicone=ซิลิโคน
plastic=พลาสติก/แพลสติก hotel=โฮเต็ล/โฮเทล guide=ไกด์ drive=ไดรฟ์ flash=แฟลช blender=เบลนเดอร์ mixer=มิกเซอร์
tumbler=ทัมเบลอร์/ทัมเบลอ flask=ฟลาสก์/แฟลสก์ shampoo=แชมพู
"""
UNSEEN = """
internet=อินเทอร์เน็ต/อินเตอร์เน็ต server=เซิร์ฟเวอร์ program=โปรแกรม project=โปรเจกต์/โปรเจ็กต์ protein=โปรตีน yoga=โยคะ/โยกา
sofa=โซฟา lipstick=ลิปสติก powder=พาวเดอร์/เพาเดอร์ cleanser=คลีนเซอร์/เคลนเซอร์ toner=โทนเนอร์/โทเนอร์ oil=ออยล์ gel=เจล
bag=แบ็ก/แบก backpack=แบ็กแพ็ก jeans=ยีนส์ sneaker=สนีกเกอร์ boot=บูต/บู๊ต sandal=แซนดัล/แซนเดิล shorts=ชอร์ตส์/ชอร์ต
sweater=สเวตเตอร์/สเว็ตเตอร์ scooter=สกูตเตอร์/สกู๊ตเตอร์ helmet=เฮลเมต/เฮลเม็ต pump=ปั๊ม/พัมป์ drone=โดรน robot=โรบอต/โรบ็อต
radio=เรดิโอ stereo=สเตอริโอ/สเตริโอ monitor=มอนิเตอร์ projector=โปรเจกเตอร์/โปรเจ็กเตอร์ scanner=สแกนเนอร์
router=เราเตอร์/เราต์เตอร์ modem=โมเด็ม/โมเดม digital=ดิจิทัล/ดิจิตอล analog=แอนะล็อก/อนาล็อก online=ออนไลน์ offline=ออฟไลน์
promo=โปรโม/โปรโม่ discount=ดิสเคานต์/ดิสเคาต์ voucher=เวาเชอร์/วอยเชอร์ coupon=คูปอง/คูพอน member=เมมเบอร์ club=คลับ
lucky=ลัคกี้/ลักกี้ baby=เบบี้/เบบี smoothie=สมูทตี้/สมูธี/สมูทที yogurt=โยเกิร์ต chocolate=ช็อกโกแลต/ช็อกโกเลต
vanilla=วานิลลา/วานิลลา/วะนิลลา cookie=คุกกี้ sauce=ซอส cheese=ชีส burger=เบอร์เกอร์ salad=สลัด/แซลัด soup=ซุป/ซูป
tank=แทงก์/แท็งก์ battery=แบตเตอรี่/แบตเตอรี inverter=อินเวอร์เตอร์ titanium=ไทเทเนียม/ไททาเนียม carbon=คาร์บอน nano=นาโน
fiber=ไฟเบอร์ cotton=คอตตอน nylon=ไนลอน linen=ลินิน/ลินิน
"""


def rates(words: str) -> tuple[float, float]:
    """The share of loans that sound as one of their accepted spellings does: exactly, and but for tones and lengths."""
    pairs = [pair.split("=") for pair in words.split()]
    exact = close = 0
    for word, accepted in pairs:
        ours = phonemes(thai_loans._english(word))
        theirs = [phonemes(spelling) for spelling in accepted.split("/")]
        exact += ours in theirs
        close += _bare(ours) in map(_bare, theirs)
    return exact / len(pairs), close / len(pairs)


def _bare(sounds: str) -> str:
    return re.sub(r"[\d:]", "", sounds)


def test_loans_sound_as_their_accepted_spellings():
    """By the rules alone, without the list of brands and loans."""
    assert len(SEEN.split()) + len(UNSEEN.split()) >= 180
    seen, unseen = rates(SEEN), rates(UNSEEN)
    assert seen[0] >= 0.92, seen
    assert seen[1] >= 0.96, seen
    assert unseen[0] >= 0.70, unseen
    assert unseen[1] >= 0.78, unseen


@pytest.mark.parametrize("pair", ["camera=คาเมรา", "battery=แบตเตอรี่", "chocolate=ช็อกโกแลต", "Xiaomi=เสียวหมี่", "iPhone=ไอโฟน", "Wi-Fi=ไวไฟ"])
def test_what_has_a_spelling_of_its_own_has_it(pair):
    word, thai = pair.split("=")
    assert spelled(word) == spelled(word.upper()) == thai


def test_letters_figures_and_parts():
    assert spelled("RTX") == "อาร์ ที เอ็กซ์"
    assert spelled("LM-500") == "แอล เอ็ม 500"
    assert spelled("iPhone15") == "ไอโฟน 15"
    assert spelled("5G") == "5 จี"
    assert spelled("PowerScreen") == "พาวเวอร์ สกรีน"
    assert spelled("") == ""
    assert spelled("ครีม") == "ครีม"


@pytest.mark.parametrize("word", ["Nguyễn", "rhythm", "hmm", "Žižek", "Đan", "x", "pst", "aaa", "schwa", "Zzyzx", "strengths", "Wroclaw"])
def test_any_word_becomes_thai_that_can_be_read(word):
    thai = spelled(word)
    assert thai
    assert all("\u0e00" <= c <= "\u0e7f" or c == " " for c in thai)
    assert all(phonemes(part) for part in thai.split())
