"""Scripts from templates: what they say, that they say nothing more, and how long they take."""

from __future__ import annotations

import re
import string
from decimal import Decimal

import pytest

from localize import languages, pace
from localize.domain import GESTURES, Money, Product, Script, Text
from localize.errors import UserError
from localize.script import Brief
from localize.script import templates as t

LANGUAGES = ("th", "vi", "id", "zh", "en")
GROUPS = ("electronics", "beauty", "kitchen", "home", "sports", "food", "fashion")
WRITER = t.TemplateWriter()

# Absolute claims that advertising law forbids or wants proved. Word borders matter: Indonesian nyaman holds aman.
FORBIDDEN = {
    "th": r"ที่สุด|อันดับ\s*(?:1|หนึ่ง)|เบอร์หนึ่ง|รับประกัน|การันตี|ปลอดภัย|หายขาด|จำนวนจำกัด|วันนี้เท่านั้น",
    "vi": r"\bnhất\b|duy nhất|số một|số 1\b|cam kết|bảo đảm|đảm bảo|kẻo hết|chỉ hôm nay",
    "id": r"\bpaling\b|\bterbaik\b|\bter(?:murah|laris|hebat)\b|nomor satu|satu-satunya|\b(?:bebas|aman|ampuh|dijamin)\b",
    "zh": r"最|第一|唯一|顶级|国家级|绝对|永久|万能|保证|限量|仅剩|仅限今天",
    "en": r"\b(?:best|no\.? ?1|number one|guaranteed?|only today|limited|cheapest|perfect|unique)\b",
}
MARKET = {
    "th": ("THB", "642", "842"),
    "vi": ("VND", "452000", "592000"),
    "id": ("IDR", "289000", "379000"),
    "zh": ("CNY", "129", "169"),
    "en": ("USD", "18.9", "24.9"),
}
TEXTS = {
    "th": Text(
        title="หูฟังไร้สาย Lumora พร้อมเคสชาร์จ",
        features=("ฟังได้นานถึง 30 ชม. รวมเคสชาร์จ", "เชื่อมต่อด้วยบลูทูธ 5.3", "กันละอองน้ำ IPX5", "เบาแค่ข้างละ 4 กรัม", "สีดำและสีขาว"),
        description="แตะที่ตัวหูฟังเพื่อเล่นเพลงหรือรับสายได้ทั้งสองข้าง เคสเล็กพอใส่กระเป๋ากางเกง",
        proof="ทดสอบเองแล้ว ฟังต่อเนื่องได้ 7 ชม. 20 นาที",
    ),
    "vi": Text(
        title="Tai nghe không dây Lumora kèm hộp sạc",
        features=(
            "Nghe tới 30 giờ cùng hộp sạc",
            "Bluetooth 5.3",
            "Chống nước bắn IPX5",
            "Mỗi bên tai chỉ nặng 4 g",
            "Có màu đen và trắng",
        ),
        description="Chạm vào tai nghe là bật nhạc hay nhận cuộc gọi, cả hai bên đều được. Hộp sạc bỏ vừa túi quần jeans.",
        proof="Tự đo thực tế, nghe liên tục 7 giờ 20 phút",
    ),
    "id": Text(
        title="Earbuds Nirkabel Lumora + Case Pengisi Daya",
        features=(
            "Tahan sampai 30 jam dengan case",
            "Bluetooth 5.3",
            "Tahan cipratan air IPX5",
            "Ringan, cuma 4 g per earbud",
            "Hitam dan putih",
        ),
        description="Tinggal sentuh earbud untuk putar musik dan angkat telepon. Case-nya muat di saku celana jeans.",
        proof="Hasil uji sendiri, menyala 7 jam 20 menit tanpa henti",
    ),
    "zh": Text(
        title="Lumora 无线耳机（含充电仓）",
        features=("配合充电仓，续航可达 30 小时", "蓝牙 5.3", "IPX5 防泼溅", "单只仅重 4 克", "有黑白两色"),
        description="左右两只都能触控，听歌、接电话点一点就行。充电仓放得进牛仔裤口袋。",
        proof="自己实测，连续播放 7 小时 20 分钟",
    ),
    "en": Text(
        title="Lumora Wireless Earbuds with Charging Case",
        features=(
            "Up to 30 hours with the charging case",
            "Bluetooth 5.3",
            "IPX5 splash resistance",
            "Only 4 g per earbud",
            "Black or white",
        ),
        description="Touch controls on each side play music and take calls. The case fits in a jeans pocket.",
        proof="In our own test they played for 7 hours 20 minutes",
    ),
}


def product(sku: str = "LM-EARB-01", category: str = "electronics", title: str = "Lumora Wireless Earbuds") -> Product:
    return Product(sku=sku, title=title, price=Money(amount=Decimal(129), currency="CNY"), category=category, brand="Lumora")


def prices(language: str) -> tuple[Money, Money]:
    currency, now, was = MARKET[language]
    return Money(amount=Decimal(now), currency=currency), Money(amount=Decimal(was), currency=currency)


def write(
    language: str, sku: str = "LM-EARB-01", text: Text | None = None, sale: bool = True, price_from: bool = False, **brief: object
) -> Script:
    price, was = prices(language)
    given = text if text is not None else TEXTS[language]
    thing = product(sku).model_copy(update={"price_from": price_from})
    return WRITER.write(thing, given, price, was if sale else None, language, Brief(**brief))  # type: ignore[arg-type]


def roles(script: Script) -> list[str]:
    return [line.role for line in script.lines]


def numbers(text: str) -> set[str]:
    return set(re.findall(r"\d+(?:[.,]\d+)*", text))


def phrases_of(language: str) -> list[tuple[str, str, str]]:
    return [(slot, group, p) for slot, groups in t.phrases(language).lines.items() for group, pool in groups.items() for p in pool]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("gender", ["female", "male"])
def test_every_number_comes_from_the_row_or_its_saving(language: str, gender: str) -> None:
    text, speaks = TEXTS[language], languages.get(language)
    price, was = prices(language)
    saved = t.saving(price, was)
    assert saved is not None
    known = [text.title, *text.features, text.description, text.proof]
    known += [speaks.price(price), speaks.price(was), speaks.price(saved[0]), speaks.percent(saved[1])]
    allowed = set().union(*map(numbers, known))
    for n in range(8):
        for line in write(language, sku=f"SKU-{n}", gender=gender, seconds=60, platform="tiktok").lines:
            assert numbers(line.text) <= allowed, line.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_phrases_claim_nothing_the_law_forbids_and_hold_no_figures(language: str) -> None:
    for slot, group, phrase in phrases_of(language):
        assert not re.search(FORBIDDEN[language], phrase, re.IGNORECASE), f"{slot}.{group}: {phrase}"
        assert not re.search(r"\d", phrase), f"{slot}.{group}: {phrase}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_phrases_only_have_places_that_are_filled(language: str) -> None:
    of_slot = {"hook": {"title"}, "proof": {"proof"}, "description": {"description"}, "price": {"price"}, "recall": {"price"},
               "now": {"price"}, "was": {"was"}, "saving": {"saved", "percent"}}  # fmt: skip
    particles = set(t.phrases(language).particles["female"])
    assert set(t.phrases(language).particles["male"]) == particles
    for slot, group, phrase in phrases_of(language):
        needed = {"feature"} if slot.startswith("feature") else of_slot.get(slot, set())
        if group in ("amount", "from_amount"):
            needed = needed - {"percent"}
        named = {name for _, name, _, _ in string.Formatter().parse(phrase) if name} - particles
        assert named == needed, f"{slot}.{group}: {phrase}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_there_are_variants_enough(language: str) -> None:
    lines = t.phrases(language).lines
    assert len(lines["hook"]["general"]) >= 4
    assert all(len(lines[slot][group]) >= 2 for slot in ("hook", "problem") for group in GROUPS)
    assert all(len(lines["cta"][place]) >= 4 for place in ("any", "tiktok", "douyin", "weibo"))
    assert all(len(pool) >= 3 for slot in set(lines) - {"hook", "problem", "cta"} for group, pool in lines[slot].items() if group != "next")
    assert len({p for _, _, p in phrases_of(language)}) > 100


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("seconds", [15, 30, 60])
def test_the_length_is_near_its_target(language: str, seconds: int) -> None:
    for sku in ("LM-EARB-01", "A1", "B2"):
        script = write(language, sku=sku, seconds=seconds, platform="tiktok")
        assert 0.7 * seconds <= pace.length(script.lines, language) <= 1.2 * seconds
        assert max(pace.seconds(line.text, language) for line in script.lines) < 9


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_each_length_says(language: str) -> None:
    short, middle, long = (write(language, seconds=s) for s in (15, 30, 60))
    assert roles(short)[0] == "hook"
    assert roles(short)[-1] == "cta"
    assert "price" in roles(short)
    assert 1 <= sum(line.feature is not None for line in short.lines) <= 2
    assert {"problem", "proof", "price"} <= set(roles(middle))
    said = [line.feature for line in middle.lines if line.feature is not None]
    assert said == [0, 1, 2][: len(said)]
    assert len(said) >= 2
    assert [line.feature for line in long.lines if line.feature is not None] == [0, 1, 2, 3, 4]
    assert long.text == TEXTS[language]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_host_knows_what_to_do(language: str) -> None:
    script = write(language, seconds=60, platform="tiktok")
    assert all(line.gesture in GESTURES for line in script.lines)
    by_role = {line.role: line for line in script.lines}
    assert script.lines[0].gesture in ("welcome", "wave")
    assert [line.gesture for line in script.lines if line.feature is not None][:3] == ["count_1", "count_2", "count_3"]
    assert by_role["proof"].gesture == "thumbs_up"
    assert (script.lines[-1].gesture, script.lines[-1].show) == ("point_down", "cta")


def test_thai_particles_follow_the_host() -> None:
    for sku in (f"SKU-{n}" for n in range(12)):
        hers = " ".join(line.text for line in write("th", sku=sku, seconds=60, gender="female").lines)
        his = " ".join(line.text for line in write("th", sku=sku, seconds=60, gender="male").lines)
        assert "ครับ" not in hers
        assert re.search("ค่ะ|คะ", hers)
        assert not re.search("ค่ะ|คะ", his)
        assert "ครับ" in his


def test_chinese_hosts_call_the_viewers() -> None:
    texts = {g: "".join(x.text for n in range(12) for x in write("zh", sku=f"S{n}", gender=g).lines) for g in ("female", "male")}
    assert "姐妹们" in texts["female"]
    assert "姐妹们" not in texts["male"]
    assert "朋友们" in texts["male"]


def test_the_call_to_action_names_the_place() -> None:
    place = {"tiktok": "ตะกร้าเหลือง", "weibo": "ลิงก์"}
    for platform, word in place.items():
        assert word in write("th", platform=platform).lines[-1].text
    assert "小黄车" in write("zh", platform="douyin").lines[-1].text
    assert re.search("链接", write("zh", platform="weibo").lines[-1].text)
    assert "keranjang kuning" in write("id", platform="tiktok").lines[-1].text.lower()


def test_variants_hang_on_the_sku_alone() -> None:
    before = write("vi")
    edited = TEXTS["vi"].model_copy(update={"features": ("Nghe tới 32 giờ cùng hộp sạc", *TEXTS["vi"].features[1:])})
    after = write("vi", text=edited)
    changed = [(a.text, b.text) for a, b in zip(before.lines, after.lines, strict=True) if a != b]
    assert len(changed) == 1
    assert "30" in changed[0][0]
    assert changed[0][0].replace("30", "32") == changed[0][1]
    assert write("vi") == before
    assert len({write("vi", sku=f"SKU-{n}").lines[-1].text for n in range(40)}) == 4, "every variant is picked for some SKU"


def test_the_picks_are_the_same_on_every_machine() -> None:
    assert [t._pick("LM-EARB-01", slot, 5) for slot in ("hook", "problem", "cta")] == [4, 3, 4]


@pytest.mark.parametrize("language", LANGUAGES)
def test_only_letters_of_the_language(language: str) -> None:
    for n in range(6):
        for line in write(language, sku=f"S{n}", seconds=60).lines:
            assert languages.get(language).foreign(line.text) == ""
            assert not set("{}") & set(line.text)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_bare_product_still_gets_a_script(language: str) -> None:
    script = write(language, text=Text(title=TEXTS[language].title), sale=False)
    assert {"hook", "problem", "price", "cta"} <= set(roles(script))
    assert "proof" not in roles(script)
    assert "feature" not in {line.show for line in script.lines}


def test_no_saving_unless_the_old_price_was_higher() -> None:
    def yuan(amount: str) -> Money:
        return Money(amount=Decimal(amount), currency="CNY")

    assert t.saving(yuan("129"), yuan("169")) == (yuan("40"), 23), "23.67 % is floored"
    assert t.saving(yuan("169"), yuan("169")) is None
    assert t.saving(yuan("169"), yuan("129")) is None
    assert t.saving(yuan("129"), None) is None
    assert t.saving(yuan("129"), Money(amount=Decimal(900), currency="THB")) is None
    script = WRITER.write(product(), TEXTS["zh"], yuan("169"), yuan("129"), "zh", Brief())
    assert roles(script).count("price") == 1
    assert script.was_price is None, "the frame strikes no lower price out"
    assert "129" not in " ".join(line.text for line in script.lines)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("sale", [True, False])
def test_the_lowest_of_several_prices_is_never_said_as_the_price(language: str, sale: bool) -> None:
    speaks, (price, _) = languages.get(language), prices(language)
    for n in range(30):
        script = write(language, sku=f"S{n}", sale=sale, price_from=True, seconds=60)
        assert script.price_from
        stated = [line.text for line in script.lines if speaks.price(price) in line.text]
        assert stated
        assert all(speaks.price_from(price) in text for text in stated), stated


@pytest.mark.parametrize(
    ("language", "of_the_cheapest"),
    [("th", "ตัวเริ่มต้น"), ("vi", "ó loại"), ("id", "da varian"), ("zh", "起价那款"), ("en", "he starting option")],
)
def test_a_former_price_and_a_saving_are_said_of_the_cheapest_variant(language: str, of_the_cheapest: str) -> None:
    price, was = prices(language)
    for before in (was, Money(amount=price.amount + price.amount / 200, currency=price.currency)):
        for n in range(12):
            thing = product(f"S{n}").model_copy(update={"price_from": True})
            script = WRITER.write(thing, TEXTS[language], price, before, language, Brief(seconds=60))
            first, now, saving = (line.text for line in script.lines if line.role == "price")
            assert of_the_cheapest in first
            assert of_the_cheapest in saving
            assert languages.get(language).price_from(price) in now
            assert ("%" in saving) == (before == was), "below one percent it is said as an amount"


@pytest.mark.parametrize("language", LANGUAGES)
def test_only_the_price_lines_know_of_variants(language: str) -> None:
    for n in range(6):
        plain, ranged = write(language, sku=f"S{n}", seconds=30), write(language, sku=f"S{n}", price_from=True, seconds=30)
        assert (plain.lines[0], plain.lines[-1]) == (ranged.lines[0], ranged.lines[-1])
        assert not plain.price_from
        speaks, (price, _) = languages.get(language), prices(language)
        assert not any(speaks.price_from(price) in line.text for line in plain.lines)


def test_the_from_of_a_chinese_price_touches_it() -> None:
    said = [line.text for n in range(12) for line in write("zh", sku=f"S{n}", price_from=True, sale=False).lines if line.role == "price"]
    assert all("¥129起" in text for text in said)


def test_a_saving_below_one_percent_is_said_as_an_amount() -> None:
    script = WRITER.write(
        product(), TEXTS["zh"], Money(amount=Decimal(999), currency="CNY"), Money(amount=Decimal(1000), currency="CNY"), "zh", Brief()
    )
    said = [line.text for line in script.lines if line.role == "price"]
    assert len(said) == 3
    assert "¥1！" in said[-1]
    assert "%" not in "".join(said)


@pytest.mark.parametrize(
    ("language", "title", "head"),
    [
        ("en", "Lumora Wireless Earbuds with Charging Case", "Lumora Wireless Earbuds"),
        ("en", "[2026 NEW] Women's Summer Dress, Floral Print, V-Neck, Boho Beach Long Maxi Party", "Women's Summer Dress, Floral Print"),
        ("en", "Glass Food Storage Box Set of 3 - Airtight Leakproof Microwave Freezer Dishwasher", "Glass Food Storage Box Set of 3"),
        ("id", "Sepatu Lari Pria Wanita Sneakers Running Ringan untuk Olahraga", "Sepatu Lari Pria Wanita Sneakers Running"),
        ("vi", "Áo thun nam nữ cotton co giãn bốn chiều, form rộng, tay lỡ, nhiều màu", "áo thun nam nữ cotton co giãn bốn chiều"),
        ("zh", "【新款】夏季碎花连衣裙女，显瘦收腰长裙，法式复古气质裙子，海边度假沙滩裙", "夏季碎花连衣裙女，显瘦收腰长裙"),
    ],
)  # fmt: skip
def test_marketplace_titles_are_cut_for_speech(language: str, title: str, head: str) -> None:
    assert t.spoken_title(title, language) == head
    script = write(language, text=Text(title=title, features=TEXTS[language].features))
    assert script.text.title == title, "the frame shows all of it"
    assert title not in script.lines[0].text


def test_a_title_inside_a_sentence() -> None:
    assert t.spoken_title("Tai nghe không dây Lumora", "vi", "Lumora") == "tai nghe không dây Lumora"
    assert t.spoken_title("Lumora tai nghe không dây", "vi", "Lumora") == "Lumora tai nghe không dây"
    assert t.spoken_title("LED desk lamp", "en") == "LED desk lamp"
    assert t.spoken_title("Lumora 无线耳机（含充电仓）", "zh") == "Lumora 无线耳机"
    assert t.spoken("Fits iPhone (13, 14)", "en", t.FEATURE_COLUMNS) == "Fits iPhone (13, 14)", "brackets in a feature are said"


def test_a_thai_title_is_cut_between_words() -> None:
    title = "กระเป๋าสะพายข้างผู้หญิงหนังนิ่มใบใหญ่ใส่โน้ตบุ๊กได้กันน้ำใช้ทำงานและเดินทาง"
    head = t.spoken(title, "th", t.TITLE_COLUMNS)
    words = [token.text for token in languages.get("th").read(title)]
    starts = {"".join(words[:n]) for n in range(1, len(words))}
    assert head in starts
    assert t.columns(head) <= t.TITLE_COLUMNS


def test_figures_are_not_cut_at_their_commas() -> None:
    assert t.spoken("Power bank 1,200 mAh", "en", 40) == "Power bank 1,200 mAh"
    assert t.spoken("Lumora pocket power bank, 20,000 mAh with two ports", "en", 30) == "Lumora pocket power bank"


def test_product_texts_are_data() -> None:
    text = Text(title="Mug {price}", features=("{0} {sku.__class__}", "100% {ka} cotton"))
    said = " ".join(line.text for line in write("th", text=text).lines)
    assert "Mug {price}" in said
    assert "{0} {sku.__class__}" in said
    assert "100% {ka} cotton" in said


@pytest.mark.parametrize(
    ("category", "title", "group"),
    [
        ("electronics", "Lumora Wireless Earbuds", "earbuds"),
        ("electronics", "Lumora Soundbar", "electronics"),
        ("Home > Furniture", "Oak Coffee Table", "home"),
        ("Food & Drink", "Roasted Arabica Coffee", "coffee"),
        ("kitchen", "Insulated Steel Bottle", "flask"),
        ("Beauty & Personal Care", "Vitamin C Serum", "beauty"),
        ("服装 > 连衣裙", "碎花连衣裙", "fashion"),
        ("", "Sepatu Lari Pria", "fashion"),
        ("Toys", "Wooden Blocks", "general"),
        ("", "", "general"),
    ],
)
def test_the_category_leads_to_its_phrases(category: str, title: str, group: str) -> None:
    assert t.group_of(product(category=category, title=title)) == group


def test_what_it_cannot_write_it_refuses() -> None:
    price, _ = prices("en")
    with pytest.raises(UserError, match="no phrases for language 'fr'"):
        WRITER.write(product(), TEXTS["en"], price, None, "fr", Brief())
    with pytest.raises(UserError, match="'sarcastic'"):
        write("en", style="sarcastic")
    with pytest.raises(UserError, match="genders female, male"):
        write("en", gender="robot")


def test_the_engine_says_what_it_is() -> None:
    assert WRITER.missing() == ""
    assert WRITER.card.name == "templates"
    assert set(LANGUAGES) <= set(WRITER.card.languages)
    assert WRITER.fingerprint() == t.TemplateWriter().fingerprint()
