"""The numbers of a text with their units: what sellers write, and what it may mean."""

from __future__ import annotations

from decimal import Decimal

import pytest

from localize import quantities


def found(text: str, code: str) -> list[tuple[set[str], set[str]]]:
    return [({format(v, "f") for v in q.values}, set(q.units)) for q in quantities.find(text, code)]


@pytest.mark.parametrize(
    ("code", "text", "value", "unit"),
    [
        ("en", "20,000 mAh", "20000", "milliamp hour"),
        ("vi", "20.000 mAh", "20000", "milliamp hour"),
        ("vi", "1.290.000 ₫", "1290000", "VND"),
        ("id", "Rp89 ribu", "89000", "IDR"),
        ("id", "127 ribu rupiah", "127000", "IDR"),
        ("th", "฿1,290", "1290", "THB"),
        ("th", "ราคา 590 บาท", "590", "THB"),
        ("th", "3 หมื่น", "30000", ""),
        ("zh", "3万毫安时", "30000", "milliamp hour"),
        ("zh", "10公斤", "10", "kilogram"),
        ("vi", "350k", "350000", ""),
        ("vi", "1,5 triệu đồng", "1500000", "VND"),
        ("en", "20% off", "20", "%"),
        ("th", "ลด 20 เปอร์เซ็นต์", "20", "%"),
        ("en", "5.3", "5.3", ""),
        ("en", "5,3", "5.3", ""),
        ("sv", "1299,50 kr", "1299.5", ""),
    ],
)
def test_a_number_and_its_unit(code: str, text: str, value: str, unit: str) -> None:
    ((values, units),) = found(text, code)
    assert value in values
    assert (unit in units) if unit else not units


def test_a_price_today_is_no_number_of_days() -> None:
    assert found("เหลือ ฿390 วันนี้", "th") == [({"390"}, {"THB"})]
    assert found("ส่ง 3 วันนี้", "th") == [({"3"}, set())]


def test_figures_of_names_are_no_numbers() -> None:
    assert found("IPX5, USB-C, M2 and Rp5", "en") == [({"5"}, {"IDR"})]
    assert quantities.codes("IPX5 und M2, Rp5, 40 km2") == ["IPX5", "M2"]


def test_what_can_be_read_in_two_ways_has_both_values() -> None:
    assert found("1.250 kg", "en") == [({"1.25", "1250"}, {"kilogram"})]
    assert found("1.250 kg", "vi") == [({"1250"}, {"kilogram"})]


@pytest.mark.parametrize(
    ("code", "text", "value"),
    [
        ("en", "half an hour", "30"), ("zh", "半小时", "30"), ("th", "ครึ่งชั่วโมง", "0.5"), ("en", "one and a half hours", "1.5"),
        ("vi", "một tiếng rưỡi", "1.5"), ("en", "in September", "9"), ("th", "กันยายน", "9"), ("en", "the seventh", "7"),
        ("zh", "双层", "2"), ("en", "Elizabeth II", "2"),
    ],
)  # fmt: skip
def test_other_ways_to_say_a_number(code: str, text: str, value: str) -> None:
    assert Decimal(value).normalize() in quantities.in_words(text, code)


def test_what_is_counted_in_words() -> None:
    assert quantities.counted("ปรับได้ห้าระดับ", "th") == [(Decimal(5), "ห้าระดับ")]
    assert quantities.counted("satu set, enam tingkat", "id") == [(Decimal(6), "enam tingkat")]
    assert quantities.coins_in_words("ใบละร้อยสี่สิบห้าบาท", "th", "THB") == [(Decimal(145), "ร้อยสี่สิบห้าบาท")]


def test_a_year_in_the_other_calendar() -> None:
    assert quantities.spoken_year(Decimal(2026)) == {Decimal(2569)}
    assert quantities.spoken_year(Decimal(2569)) == {Decimal(2026)}
    assert not quantities.spoken_year(Decimal(12))


@pytest.mark.parametrize(
    ("code", "text", "value", "unit"),
    [
        ("vi", "1 triệu 290 nghìn đồng", "1290000", "VND"), ("vi", "1tr290", "1290000", ""), ("vi", "1tr29", "1290000", ""),
        ("id", "1 juta 200 ribu rupiah", "1200000", "IDR"), ("zh", "89块9", "89.9", "CNY"), ("zh", "2千克", "2", "kilogram"),
        ("zh", "2千瓦", "2", "kilowatt"), ("zh", "3千人", "3000", ""),
    ],
)  # fmt: skip
def test_amounts_as_people_say_them(code: str, text: str, value: str, unit: str) -> None:
    assert found(text, code) == [({value}, {unit} if unit else set())]


def test_lists_networks_and_barcodes() -> None:
    assert [v for values, _ in found("36,37,38,39", "en") for v in values] == ["36", "37", "38", "39"]
    assert found("3-in-1", "en")[0] == ({"3"}, set())
    assert quantities.codes("3-in-1 charger") == []
    assert found("5G, 4K", "en") == []
    assert found("8850123456789012345", "th") == []


def test_a_time_of_day_is_known_as_one() -> None:
    assert [q.clock for q in quantities.find("at 9, 11:20, 3 pm, for 8 hours", "en")] == [True, True, False, True, False]


def test_prices_in_chinese_words() -> None:
    assert quantities.coins_in_words("九块九", "zh", "CNY") == [(Decimal("9.9"), "九块九")]
