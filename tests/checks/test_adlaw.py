"""The ad-law lint: each market's list finds what it says, passes what it says, and sees through the usual disguises."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from localize.assets import ASSETS
from localize.checks import adlaw
from localize.checks.adlaw import Entry
from localize.domain import Finding

OWN = {"CN": "zh", "ID": "id", "TH": "th", "VN": "vi"}
LEAST = {"CN": 35, "ID": 25, "TH": 25, "VN": 25}
# What a row's category says for an example of an entry that is only for such products.
CATEGORY = {
    "cosmetics": "face serum", "food": "snacks", "supplement": "dietary supplement", "device": "medical device",
    "drug": "otc drug", "formula": "infant formula", "alcohol": "whisky",
}  # fmt: skip


def entries() -> Iterator[Any]:
    for market in adlaw.MARKETS:
        for entry in adlaw.load(market).entries:
            yield pytest.param(market, entry, id=f"{market}-{entry.id}")


def found(text: str, market: str, category: str = "", **more: Any) -> list[Finding]:
    return adlaw.check([("Line 1", text)], language=more.pop("language", OWN[market]), market=market, category=category, **more)


def ids(findings: list[Finding]) -> list[str]:
    return [str(f.evidence["entry"]) for f in findings]


def category_of(entry: Entry) -> str:
    return CATEGORY[entry.categories[0]] if entry.categories else ""


# The lists ---------------------------------------------------------------------------------------------------------


def test_the_markets() -> None:
    assert set(adlaw.MARKETS) == set(OWN)
    for market in adlaw.MARKETS:
        assert adlaw.load(market).market == market
        assert len(adlaw.load(market).entries) >= LEAST[market]


@pytest.mark.parametrize(
    ("language", "market"), [("zh", "CN"), ("zh-CN", "CN"), ("th", "TH"), ("vi", "VN"), ("id", "ID"), ("en", ""), ("", "")]
)
def test_a_languages_market(language: str, market: str) -> None:
    assert adlaw.market_of(language) == market


def test_the_fingerprint_is_of_all_lists() -> None:
    assert re.fullmatch(r"adlaw-[0-9a-f]{16}", adlaw.fingerprint())
    assert adlaw.fingerprint() == adlaw.fingerprint.__wrapped__()


@pytest.mark.parametrize("market", sorted(OWN))
def test_ids_are_unique_and_every_law_is_used(market: str) -> None:
    rules = adlaw.load(market)
    names = [entry.id for entry in rules.entries]
    assert len(set(names)) == len(names)
    assert {entry.law for entry in rules.entries} == set(rules.laws)


@pytest.mark.parametrize(("market", "entry"), entries())
def test_an_entry_is_whole(market: str, entry: Entry) -> None:
    rules = adlaw.load(market)
    law = rules.laws[entry.law]
    assert all((law.article, law.name, law.own, law.says, entry.instead))
    assert bool(entry.terms) != bool(entry.needs)
    assert set(entry.terms or entry.needs) <= {rules.language, "en"}
    assert rules.language in (entry.terms or entry.needs)
    assert not law.says.endswith(".")
    assert set(entry.categories) | set(entry.not_for) <= set(CATEGORY)
    for pattern in (*entry.unless, *entry.unless_row, *(p for terms in (entry.terms, entry.needs) for ps in terms.values() for p in ps)):
        compiled = re.compile(adlaw._pattern(pattern))
        assert not compiled.fullmatch(""), f"{pattern} matches nothing at all"
        assert "[ " not in pattern, f"{pattern}: a space stands for any gap and can't be in brackets"


@pytest.mark.parametrize(("market", "entry"), entries())
def test_an_entry_finds_its_examples(market: str, entry: Entry) -> None:
    assert entry.finds
    for text in entry.finds:
        findings = found(text, market, category_of(entry))
        assert entry.id in ids(findings), text
        mine = next(f for f in findings if f.evidence["entry"] == entry.id)
        assert mine.severity == entry.severity
        assert all(word in text for word in str(mine.evidence["said"]).split(", "))


@pytest.mark.parametrize(("market", "entry"), entries())
def test_an_entry_passes_its_examples(market: str, entry: Entry) -> None:
    for text in entry.passes:
        findings = [f for f in found(text, market, category_of(entry)) if f.severity != "info"]
        if not entry.needs:
            findings = [f for f in findings if f.evidence["said"]]  # one line is no whole script
        assert ids(findings) == [], text


@pytest.mark.parametrize("market", sorted(OWN))
def test_every_group_of_products_is_known_by_its_words(market: str) -> None:
    groups = yaml.safe_load((adlaw.FOLDER / "groups.yaml").read_text("utf-8"))
    assert set(groups) == set(CATEGORY)
    for name, word in CATEGORY.items():
        assert name in adlaw._groups(word)
        assert groups[name][OWN[market]]


# Words of every day ------------------------------------------------------------------------------------------------

ORDINARY = {
    "CN": [
        "第一步，打开盖子；第二步，倒水。", "第一，轻；第二，稳。", "第一次用也很顺手", "最近很多家人在问", "最后说一下价格",
        "最多可装500毫升", "最高可达30小时", "最大功率1200W", "最低温度零下20度", "最长续航30小时", "最适合放在床头吗？看你",
        "最爱的颜色是哪个？", "一级大米", "特级初榨橄榄油", "符合国家标准", "每天第一杯咖啡", "第一代和第二代怎么选", "100%纯棉",
        "0蔗糖", "本店最轻的一款", "最佳赏味期7天", "建议最好手洗", "家人们，先别划走", "顶部有按键", "极简设计", "万能胶带",
        "最新款上架", "唯一编码可查", "无线充电更省心", "治愈系小夜灯", "领券后129元", "直播间专供", "数据线1米", "新品首发",
        "最小号也有货", "专业跑步鞋", "第三方检测", "无敌铁金刚手办",
    ],
    "TH": [
        "ในที่สุดก็มาแล้ว", "เลือกได้มากที่สุดเท่าที่ชอบ", "อันดับแรก ล้างให้สะอาด", "ขั้นตอนสุดท้าย เช็ดให้แห้ง", "เก็บรักษาในที่แห้ง",
        "รักษาความเย็นได้ 24 ชั่วโมง", "ใช้มือเดียวก็เปิดได้", "สินค้าดี ที่สุดท้ายแล้วต้องมี", "กดตะกร้าได้เลยค่ะ", "ผ้าฝ้าย 100%",
        "ส่งฟรีทั่วประเทศ", "รับประกัน 1 ปี", "อยู่ได้นาน", "น้ำหนักเบา พกง่าย", "ใส่สบายทั้งวัน", "ลองดูสักครั้งนะคะ",
        "ครั้งแรกที่ลองก็ชอบ", "ลดเหลือ ฿199", "สุดสัปดาห์นี้ไปไหนดี", "ผ่านอย่างรวดเร็ว", "มีอยู่แล้วสามสี",
    ],
    "VN": [
        "Thứ nhất là nhẹ, thứ hai là bền.", "Ít nhất 30 giờ", "Nhất định bạn sẽ dùng", "Chúng tôi thống nhất giá",
        "Cuối cùng cũng có hàng", "Lần đầu tiên dùng cũng dễ", "Một số màu mới", "Điểm thứ nhất là nhẹ", "Chỉ một nút duy nhất",
        "Thời điểm tốt nhất để tưới cây là sáng sớm", "Tốt nhất nên giặt tay", "Bảo hành 12 tháng", "Số 10 màu đỏ",
        "Công suất cao nhất 1200 W", "Phòng khách rộng hơn", "Sửa chữa dễ dàng", "Giá chỉ 199.000 ₫", "Miễn phí giao hàng",
        "Nhất là khi trời mưa", "100% cotton", "Đồng nhất về màu sắc", "Nhất trí với mọi người", "Bước 1: mở nắp",
    ],
    "ID": [
        "Cek satu per satu ya", "Dikirim paling lambat besok", "Paling tidak coba dulu", "Paling banyak 3 per orang", "Bebas ongkir",
        "Bebas biaya admin", "Terima kasih sudah mampir", "Terbuat dari katun", "Termasuk kabel USB-C",
        "Langkah nomor satu buka tutupnya", "Satu set isi dua", "Kotak obat dua sekat", "Pembayaran aman", "Pertama, buka tutupnya",
        "Warna terbaru", "Stok terbatas", "Tersedia tiga warna", "Terakhir, lap sampai kering", "100% katun", "Nomor 10",
        "Pembelian pertama diskon 10%", "Garansi seumur hidup dari toko", "Ternyata ringan", "Terang dan hemat",
        "Tertarik? Klik keranjang",
    ],
}  # fmt: skip


@pytest.mark.parametrize(("market", "text"), [(market, text) for market, texts in ORDINARY.items() for text in texts])
def test_ordinary_sentences_pass(market: str, text: str) -> None:
    assert [(f.evidence["entry"], f.evidence["said"]) for f in found(text, market) if f.severity != "info"] == []


@cache
def phrases(code: str) -> tuple[str, ...]:
    """Every sentence the embedded writer knows in a language."""

    def strings(data: Any) -> Iterator[str]:
        if isinstance(data, str):
            yield data
        else:
            for value in data.values() if isinstance(data, dict) else data:
                yield from strings(value)

    return tuple(strings(yaml.safe_load((ASSETS / "phrases" / f"{code}.yaml").read_text("utf-8"))["lines"]))


@pytest.mark.parametrize("category", ["", "face serum", "snacks"])
@pytest.mark.parametrize(("market", "code"), [*OWN.items(), *((market, "en") for market in OWN)])
def test_the_embedded_writers_sentences_pass(market: str, code: str, category: str) -> None:
    texts = [("Line", text) for text in phrases(code)]
    assert len(texts) > 100
    assert adlaw.check(texts, language=code, market=market, category=category) == []


# Disguises ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("market", "text", "entry", "said"),
    [
        ("CN", "国*家*级品质", "state-level", "国*家*级"),
        ("CN", "第🔥一品牌", "first", "第🔥一"),
        ("CN", "第❤️一品牌", "first", "第❤️一"),
        ("CN", "全网 最 低 价", "lowest-price", "全网 最 低"),
        ("CN", "这是最-佳选择", "best", "最-佳"),
        ("CN", "最【好】的杯子", "best", "最【好"),
        ("CN", "ＮＯ．１品牌", "number-one", "ＮＯ．１"),
        ("CN", "N O . 1 品牌", "number-one", "N O . 1"),
        ("CN", "№1品牌", "number-one", "№1"),
        ("CN", "TOP❶单品", "number-one", "TOP❶"),
        ("CN", "NO①品牌", "number-one", "NO①"),
        ("CN", "全国NO1️⃣", "number-one", "NO1️⃣"),
        ("CN", "笫一品牌", "first", "笫一"),
        ("CN", "苐壹品牌", "first", "苐壹"),
        ("CN", "蕞佳品质", "best", "蕞佳"),
        ("CN", "嶵好的", "best", "嶵好"),
        ("CN", "全网醉低价", "lowest-price", "全网醉低"),
        ("CN", "zui好的", "best", "zui好"),
        ("CN", "国家級品质", "state-level", "国家級"),
        ("CN", "中國馳名商標", "well-known-trademark", "中國馳名商標"),
        ("CN", "最\u200b好的杯子", "best", "最\u200b好"),
        ("CN", "治 疗失眠", "cure", "治 疗"),
        ("CN", "治liao失眠", "cure", "治liao"),
        ("CN", "b\u0336e\u0336s\u0336t\u0336 quality", "best", "b\u0336e\u0336s\u0336t\u0336 quality"),
        ("TH", "ดี ที่ สุด", "best", "ดี ที่ สุด"),
        ("TH", "หมอนดี🔥ที่🔥สุด", "best", "ดี🔥ที่🔥สุด"),
        ("TH", "ดีที่\u200bสุด", "best", "ดีที่\u200bสุด"),
        ("TH", "เเบรนด์เดียวที่กันน้ำ", "only", "เเบรนด์เดียวที่"),
        ("TH", "ยอดขายอันดับ ๑", "number-one", "ยอดขายอันดับ ๑"),
        ("TH", "หาย.ขาดแน่", "cure", "หาย.ขาด"),
        ("TH", "อ.ย. รับรอง", "fda-endorsed", "อ.ย. รับรอง"),
        ("VN", "Tốt n h ấ t thị trường", "best", "Tốt n h ấ t"),
        ("VN", unicodedata.normalize("NFD", "Tốt nhất thị trường"), "best", unicodedata.normalize("NFD", "Tốt nhất")),
        ("VN", "tốt nh*ất", "best", "tốt nh*ất"),
        ("VN", "Tốt 🔥 nhất", "best", "Tốt 🔥 nhất"),
        ("VN", "t.ố.t n.h.ấ.t", "best", "t.ố.t n.h.ấ.t"),
        ("VN", "Hàng tot nhat", "best", "tot nhat"),
        ("VN", "SỐ １ Việt Nam", "number-one", "SỐ １"),
        ("ID", "T e r b a i k", "best", "T e r b a i k"),
        ("ID", "te*rbaik", "best", "te*rbaik"),
        ("ID", "terb🔥aik", "best", "terb🔥aik"),
        ("ID", "t\u0435rbaik", "best", "t\u0435rbaik"),  # a Cyrillic е
        ("ID", "NOMOR   SATU", "number-one", "NOMOR   SATU"),
        ("ID", "satu satunya", "only", "satu satunya"),
    ],
)
def test_a_disguise_is_seen_through_and_shown_as_it_stands(market: str, text: str, entry: str, said: str) -> None:
    findings = found(text, market)
    assert entry in ids(findings)
    assert next(f for f in findings if f.evidence["entry"] == entry).evidence["said"] == said
    assert said in findings[0].message or len(findings) > 1


@pytest.mark.parametrize(
    ("market", "text"),
    [
        ("CN", "醉人的香味"), ("CN", "沉醉好梦"), ("CN", "N01黑色"), ("CN", "最、好几种颜色"), ("CN", "LN01 TOP10"),
        ("TH", "ราคาดี ที่สุดท้ายก็เลือก"), ("TH", "สุด ดีที่"), ("TH", "คลิปนี้"),
        ("VN", "n h ấ t"), ("VN", "tốt, nhất định"), ("VN", "tốt. Nhất là màu xanh"),
        ("ID", "a man in a hat"), ("ID", "jam an"), ("ID", "terbaikan"), ("ID", "di no matter 1"), ("ID", "palingan besok"),
    ],
)  # fmt: skip
def test_no_word_is_made_of_two(market: str, text: str) -> None:
    assert found(text, market) == []


# What is sold, what the row says, whose name -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("market", "text", "category", "entry"),
    [
        ("CN", "药用成分", "护肤", "cosmetics-medical"),
        ("CN", "增强免疫力", "食品", "food-disease"),
        ("CN", "美白", "面膜", "cosmetics-registration"),
        ("TH", "ขาวทันที", "เซรั่ม", "cosmetics-instant"),
        ("TH", "สุดยอด", "ขนม", "food-praise"),
        ("TH", "ลดน้ำหนัก", "อาหารเสริม", "food-health"),
        ("VN", "kháng viêm", "mỹ phẩm", "cosmetics-medical"),
        ("VN", "Bác sĩ khuyên dùng", "thực phẩm chức năng", "food-doctors"),
        ("ID", "Formula ampuh", "skincare", "cosmetics-words"),
        ("ID", "Kopi pelangsing", "kopi", "food-cure"),
    ],
)
def test_some_words_are_wrong_on_some_products_only(market: str, text: str, category: str, entry: str) -> None:
    assert entry in ids(found(text, market, category))
    assert entry not in ids(found(text, market, "electronics"))


def test_the_title_may_say_what_is_sold() -> None:
    assert "cosmetics-words" in ids(found("Aman dipakai", "ID", "home Lumora Face Serum 30 ml"))


def test_a_medical_device_may_name_what_it_treats() -> None:
    assert "cure" in ids(found("缓解疼痛", "CN", "电子"))
    assert "cure" not in ids(found("缓解疼痛", "CN", "医疗器械 理疗仪"))


@pytest.mark.parametrize(
    ("market", "text", "row", "entry", "bare", "proven"),
    [
        ("ID", "Camilan halal", "Sertifikat halal ID32110000123456789", "halal", "block", "warn"),
        ("CN", "天猫销量第一", "数据来源：生意参谋2025年6月，保温杯销量第一", "sales-rank", "block", "warn"),
        ("CN", "专利杯盖", "ZL202320123456.7", "patent", "warn", "info"),
        ("TH", "ยอดขายอันดับ 1", "ข้อมูลจาก Nielsen 2568", "number-one", "warn", "info"),
        ("VN", "Thương hiệu số 1 Việt Nam", "Theo Nielsen 2025", "number-one", "warn", "info"),
    ],
)
def test_proof_in_the_row_makes_it_milder(market: str, text: str, row: str, entry: str, bare: str, proven: str) -> None:
    without = next(f for f in found(text, market) if f.evidence["entry"] == entry)
    with_it = next(f for f in found(text, market, row_text=row) if f.evidence["entry"] == entry)
    assert (without.severity, with_it.severity) == (bare, proven)
    assert "document at hand" in with_it.message
    assert "document at hand" not in without.message


def test_a_registered_name_is_no_claim() -> None:
    assert ids(found("第一财富钱包，第一品牌", "CN", names=["第一财富"])) == ["first"]
    assert found("第一财富钱包", "CN", names=["第一财富"]) == []
    assert found("最好用", "CN", names=["", "Lumora"]) != []


# Statements that must be made ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("market", "category", "statement"),
    [
        ("CN", "保健食品", "本品不能代替药物"),
        ("TH", "อาหารเสริม", "อ่านคำเตือนในฉลากก่อนบริโภค ไม่มีผลในการป้องกันหรือรักษาโรค"),
        ("VN", "Thực phẩm chức năng", "Thực phẩm này không phải là thuốc, không có tác dụng thay thế thuốc chữa bệnh"),
    ],
)
def test_a_supplement_needs_its_statement(market: str, category: str, statement: str) -> None:
    lines = [("Line 1", "Lumora"), ("Line 2", "30")]
    missing = adlaw.check(lines, language=OWN[market], market=market, category=category)
    assert [(f.severity, f.evidence["where"], f.evidence["said"]) for f in missing] == [("block", "The script", "")]
    assert missing[0].message.startswith("The script lacks a statement: ")
    assert "Add the line: " in missing[0].message
    assert adlaw.check([*lines, ("Line 3", statement)], language=OWN[market], market=market, category=category) == []
    assert adlaw.check(lines, language=OWN[market], market=market, category="electronics") == []
    assert adlaw.check([], language=OWN[market], market=market, category=category) == []


def test_a_statement_may_run_over_two_lines() -> None:
    lines = [("Line 1", "Thực phẩm này không phải là thuốc,"), ("Line 2", "không có tác dụng thay thế thuốc chữa bệnh.")]
    assert adlaw.check(lines, language="vi", market="VN", category="viên uống") == []


# What is said ------------------------------------------------------------------------------------------------------


def test_the_message_says_where_what_why_and_what_instead() -> None:
    (finding,) = adlaw.check([("Line 1", "很轻"), ("The title", "最佳耳机")], language="zh", market="CN")
    assert (finding.check, finding.severity) == ("ad-law", "block")
    assert finding.message == (
        'The title says "最佳": in China an advertisement must not use words that nothing can beat (Advertising Law of China, '
        "广告法第九条第三项, art. 9(3)). Say what it does, with a number from the row, such as 保温12小时."
    )
    assert finding.evidence == {
        "where": "The title", "said": "最佳", "entry": "best", "law": "Advertising Law of China, art. 9(3)", "market": "CN",
    }  # fmt: skip


def test_one_finding_for_an_entry_and_place() -> None:
    findings = adlaw.check([("Line 1", "最好的音质，最佳的手感，最好"), ("Line 2", "最好")], language="zh", market="CN")
    assert [(f.evidence["where"], f.evidence["said"]) for f in findings] == [("Line 1", "最好, 最佳"), ("Line 2", "最好")]
    assert 'says "最好" and "最佳": ' in findings[0].message


def test_the_longer_words_are_told_and_the_more_severe() -> None:
    assert ids(found("全国销量第一", "CN")) == ["sales-rank"]  # not "first" as well
    assert ids(found("部队特供", "CN")) == ["supplied-to-state"]
    assert ids(found("รสชาติดีที่สุด", "TH", "ขนม")) == ["food-praise"]  # the same words: what blocks, not what warns
    assert set(ids(found("全国销量第一，第一品牌", "CN"))) == {"sales-rank", "first"}


@pytest.mark.parametrize("market", sorted(OWN))
def test_english_is_read_in_every_market(market: str) -> None:
    for language in ("en", OWN[market]):
        assert found("The best choice, no side effects", market, language=language) != []


def test_another_language_keeps_the_markets_own_words() -> None:
    assert ids(found("国家级品质", "CN", language="th")) == ["state-level"]


@pytest.mark.parametrize("market", ["", "US", "MY"])
def test_a_market_without_a_list_has_no_findings(market: str) -> None:
    assert adlaw.check([("Line 1", "最佳 the best ดีที่สุด")], language="zh", market=market) == []


def test_the_market_may_be_in_small_letters() -> None:
    assert ids(adlaw.check([("Line 1", "最佳")], language="zh", market="cn")) == ["best"]


@pytest.mark.parametrize("text", ["", " ", "🔥", "\u200b", "\u0301", "....", "a", "ำ", "第", "\ud83d", "١٢٣"])
@pytest.mark.parametrize("market", sorted(OWN))
def test_any_text_can_be_read(market: str, text: str) -> None:
    assert found(text, market) == []


def test_a_clean_script_is_read_once_and_asked_one_pattern(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which is why it takes milliseconds: no rule is looked at by itself, and none is made ready again."""
    texts = [(f"Line {n}", f"配合充电仓，续航可达 {n} 小时，蓝牙 5.3，单只仅重 4 克。") for n in range(10)]
    adlaw.check(texts, language="zh", market="CN", category="electronics")
    read, honest = [], adlaw._read
    monkeypatch.setattr(adlaw, "_read", lambda text: read.append(text) or honest(text))
    for name in ("_findings", "_terms", "load"):
        monkeypatch.setattr(adlaw, name, lambda *_, name=name: pytest.fail(f"{name} was called"))
    fresh = [(where, f"{text} 2") for where, text in texts]
    for _ in range(2):
        assert adlaw.check(fresh, language="zh", market="CN", category="electronics") == []
    assert read == [text for _, text in fresh]


def test_the_guide_names_every_market_and_law() -> None:
    guide = (Path(adlaw.__file__).parents[2] / "docs" / "adlaw.md").read_text("utf-8")
    for market in adlaw.MARKETS:
        section = guide.split(f"({market})")[1].split("\n## ")[0]
        assert f"{len(adlaw.load(market).entries)} entries" in section
        for law in adlaw.load(market).laws.values():
            assert law.name.split(",")[0] in section, law.name
