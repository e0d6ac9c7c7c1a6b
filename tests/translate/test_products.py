"""A product's texts in a market's language: who is asked first, and what happens when nobody knows."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import pytest

from localize import languages
from localize.checks import translations
from localize.domain import Finding, Money, Product, Text
from localize.engines import Card
from localize.errors import NotReady
from localize.translate import NO_HINTS, Hints, Translation
from localize.translate.glossary import GlossaryTranslator
from localize.translate.memory import MemoryTranslator
from localize.translate.products import MOST_WRONG, localize_lines, localize_text, translated_lines, untranslated

DEMO = Path(__file__).parents[2] / "catalog" / "demo"

MAT = Product(
    sku="LM-YOGA-06",
    title="Lumora Yoga Mat",
    price=Money(amount=Decimal(109), currency="CNY"),
    brand="Lumora",
    features=("Non-slip", "Carry strap", "6 mm"),
    description="It lies flat.",
    localized={"th": Text(title="เสื่อโยคะ Lumora"), "zh": Text(title="瑜伽垫", features=("双面防滑", "附赠绑带"))},
)


class Known:
    """A translator that knows what it is given, and remembers what it was asked."""

    def __init__(self, origin: str, texts: dict[str, str]) -> None:
        self.origin, self.texts, self.asked = origin, texts, list[str]()
        self.card = Card(name=origin, stage="translate", about="", version="1", licence="", machine=False)

    def translate(self, texts: Sequence[str], source: str, target: str, hints: Hints = NO_HINTS) -> list[Translation | None]:
        assert source == "en"
        self.asked += texts
        return [Translation(text=self.texts[t], origin=self.origin) if t in self.texts else None for t in texts]


def localize(product: Product, target: str, *known: Known, description: bool = True) -> tuple[Text, dict[str, str]]:
    made = localize_text(product, target, known, description=description)  # type: ignore[arg-type]
    return made.text, made.origins


def test_the_seller_s_own_text_first_then_the_translators_in_order() -> None:
    memory = Known("memory", {"Lumora Yoga Mat": "(unused)", "Carry strap": "สายรัด", "It lies flat.": "เรียบสนิท"})
    glossary = Known("glossary", {"Non-slip": "กันลื่น", "Carry strap": "(unused)", "6 mm": "6 มม."})
    text, origins = localize(MAT, "th", memory, glossary)
    assert text == Text(title="เสื่อโยคะ Lumora", brand="Lumora", features=("กันลื่น", "สายรัด", "6 มม."), description="เรียบสนิท")
    assert origins == {
        "title": "seller", "brand": "catalog", "features.0": "glossary", "features.1": "memory", "features.2": "glossary",
        "description": "memory",
    }  # fmt: skip
    assert memory.asked == ["Non-slip", "Carry strap", "6 mm", "It lies flat."]
    assert glossary.asked == ["Non-slip", "6 mm"], "only what the memory left"


def test_the_catalog_s_own_language_needs_no_translator() -> None:
    text, origins = localize(MAT, "en")
    assert text == Text(title=MAT.title, brand="Lumora", features=MAT.features, description=MAT.description)
    assert set(origins.values()) == {"catalog"}


def test_features_given_by_the_seller_replace_the_catalog_s() -> None:
    text, origins = localize(MAT, "zh", description=False)
    assert text == Text(title="瑜伽垫", brand="Lumora", features=("双面防滑", "附赠绑带"))
    assert origins == {"title": "seller", "brand": "catalog", "features.0": "seller", "features.1": "seller"}


def test_what_nothing_covers_is_listed_as_the_seller_wrote_it() -> None:
    with pytest.raises(NotReady) as failure:
        localize(MAT, "vi", Known("memory", {"Lumora Yoga Mat": "Thảm yoga Lumora", "6 mm": "6 mm"}))
    assert failure.value.missing == ("Non-slip", "Carry strap", "It lies flat.")
    assert str(failure.value) == (
        "LM-YOGA-06: no Vietnamese text for 'Non-slip'; 'Carry strap'; 'It lies flat.', which the catalog has in English. "
        "Add them to the catalog (column features_vi, description_vi), to the campaign's translation memory (`memory:`) or, "
        "term by term, to its glossary (`glossary:`)."
    )


def test_a_long_text_is_named_by_its_beginning() -> None:
    told = MAT.model_copy(update={"features": (), "description": "It lies flat at once. " * 30})
    with pytest.raises(NotReady) as failure:
        localize(told, "th")
    assert failure.value.missing == (told.description,)
    assert len(str(failure.value)) < 350


SHOES = Product(
    sku="SKO-1",
    title="Löparskor Lumora",
    price=Money(amount=Decimal(899), currency="SEK"),
    brand="Lumora",
    features=("Väger 1,5 kg", "Vattentäta"),
    options={"Storlek": ("38", "39")},
    language="sv",
)


def files(tmp_path: Path) -> list[MemoryTranslator | GlossaryTranslator]:
    (tmp_path / "memory.csv").write_text("source,th,vi\nLöparskor Lumora,รองเท้าวิ่ง Lumora,Giày chạy Lumora\n", encoding="utf-8")
    (tmp_path / "glossary.csv").write_text(
        "source,th,vi\nVäger {n} kg,หนัก {n} กก.,Nặng {n} kg\nVattentäta,กันน้ำ,Chống nước\n", encoding="utf-8"
    )
    return [MemoryTranslator([tmp_path / "memory.csv"]), GlossaryTranslator(tmp_path / "glossary.csv")]


def test_a_catalog_in_any_language_is_translated(tmp_path: Path) -> None:
    """Memory and glossary care for the texts, not for which language they are in; a Swedish 1,5 is a Thai 1.5."""
    made = localize_text(SHOES, "th", files(tmp_path))
    text, origins = made.text, made.origins
    assert text == Text(title="รองเท้าวิ่ง Lumora", brand="Lumora", features=("หนัก 1.5 กก.", "กันน้ำ"))
    assert origins == {"title": "memory", "brand": "catalog", "features.0": "glossary", "features.1": "glossary"}
    assert localize_text(SHOES, "vi", files(tmp_path)).text.features == ("Nặng 1,5 kg", "Chống nước")


@pytest.mark.parametrize(
    ("language", "named"),
    [("sv", "Swedish"), ("sr", "Serbian"), ("fr", "French"), ("ms", "Malay"), ("qqq", "qqq"), ("", "an unknown language")],
)
def test_a_catalog_in_a_language_that_is_not_ours_says_what_it_lacks(tmp_path: Path, language: str, named: str) -> None:
    foreign = SHOES.model_copy(update={"language": language, "description": "Nya."})
    with pytest.raises(NotReady) as failure:
        localize_text(foreign, "id", files(tmp_path))
    assert failure.value.missing == ("Löparskor Lumora", "Väger 1,5 kg", "Vattentäta", "Nya.")
    assert f"no Indonesian text for 'Löparskor Lumora'; 'Väger 1,5 kg'; 'Vattentäta'; 'Nya.', which the catalog has in {named}." in str(
        failure.value
    )
    assert "(column title_id, features_id, description_id)" in str(failure.value)


def test_a_product_in_the_job_s_language_is_used_as_it_is() -> None:
    """Nobody is asked, and its variants' options change nothing."""
    thai = Product(
        sku="B-1", title="กระเป๋าผ้า", price=Money(amount=Decimal(299), currency="THB"), price_from=True, features=("ซักได้",),
        description="ใบใหญ่", options={"สี": ("ดำ", "ขาว")}, language="th",
    )  # fmt: skip
    memory = Known("memory", {"กระเป๋าผ้า": "(unused)"})
    text, origins = localize(thai, "th", memory)
    assert text == Text(title="กระเป๋าผ้า", features=("ซักได้",), description="ใบใหญ่")
    assert set(origins.values()) == {"catalog"}
    assert memory.asked == []
    with pytest.raises(NotReady, match=r"no Vietnamese text for 'กระเป๋าผ้า'.* which the catalog has in Thai"):
        localize_text(thai, "vi", ())


def test_a_short_script_needs_no_description() -> None:
    known = Known("memory", {t: t for t in ("Lumora Yoga Mat", *MAT.features)})
    text, origins = localize(MAT, "vi", known, description=False)
    assert text.description == ""
    assert "description" not in origins
    assert "It lies flat." not in known.asked


def demo_products() -> list[Product]:
    with (DEMO / "products.csv").open(encoding="utf-8", newline="") as file:
        return [demo_product(row) for row in csv.DictReader(file)]


def demo_product(row: dict[str, str]) -> Product:
    def listed(cell: str) -> tuple[str, ...]:
        return tuple(filter(None, cell.split("|")))

    def text(code: str) -> Text:
        features = listed(row[f"features_{code}"])
        return Text(title=row[f"title_{code}"], features=features, description=row[f"description_{code}"])

    return Product(
        sku=row["sku"], title=row["title"], price=Money(amount=Decimal(row["price"]), currency=row["currency"]), brand=row["brand"],
        features=listed(row["features"]), description=row["description"], proof=row["proof"],
        localized={code: text(code) for code in ("th", "vi", "id", "zh") if row[f"title_{code}"]},
    )  # fmt: skip


@pytest.mark.parametrize("target", ["th", "vi", "id", "zh"])
def test_the_demo_catalog_is_covered(target: str) -> None:
    translators = [MemoryTranslator([DEMO / "memory.csv"]), GlossaryTranslator(DEMO / "glossary.csv")]
    origins: Counter[str] = Counter()
    for product in demo_products():
        made = localize_text(product, target, translators)
        text, origin = made.text, made.origins
        origins += Counter(origin.values())
        for said in (text.title, *text.features, text.description, text.proof):
            assert languages.get(target).foreign(said) == "", said
        assert len(text.features) == len(product.features)
    assert min(origins["seller"], origins["memory"], origins["glossary"]) >= 2


# ---- sentences that must be said in their time

LONG = "Chiếc bình này giữ lạnh liên tục trong suốt mười hai giờ đồng hồ, bạn mang đi đâu cũng được"
SHORTER = "Bình này giữ lạnh mười hai giờ liền, mang đi đâu cũng được"
SHORT = "Bình giữ lạnh mười hai giờ"
SOURCE = "This bottle stays cold for twelve hours, wherever you go"


class Wordy:
    """A machine that says each text otherwise each time it is asked, as listed, and notes how it was asked."""

    def __init__(self, *said: str) -> None:
        self.said, self.asked = said, list[tuple[tuple[str, ...], Hints]]()
        self.card = Card(name="wordy", stage="translate", about="", version="1", licence="")

    def translate(self, texts: Sequence[str], source: str, target: str, hints: Hints = NO_HINTS) -> list[Translation | None]:
        self.asked.append((tuple(texts), hints))
        return [Translation(self.said[min(len(self.asked), len(self.said)) - 1], "wordy") for _ in texts]


def judged(source: str, target: str, field: str, seconds: float) -> list[Finding]:
    return translations.check(source, target, "en", "vi", seconds=seconds, where=field)


def timed(machine: Wordy, seconds: float) -> tuple[str, list[str]]:
    (made,), found = translated_lines([SOURCE], "en", "vi", [machine], hints=NO_HINTS, judge=judged, seconds=[seconds])  # type: ignore[list-item]
    assert made
    assert made.origin == "wordy"
    return made.text, [f.check for f in found]


def test_a_line_that_is_too_long_for_its_time_is_asked_for_twice_more() -> None:
    machine = Wordy(LONG, SHORTER, SHORT)
    assert timed(machine, 1.5) == (SHORT, [])
    assert [hints.seconds for _, hints in machine.asked] == [(1.5,)] * 3
    assert [len(hints.wrong) for _, hints in machine.asked] == [0, 1, 1]
    assert "takes about" in machine.asked[1][1].wrong[0]


def test_nobody_is_asked_again_for_what_fits() -> None:
    machine = Wordy(LONG, SHORTER, SHORT)
    assert timed(machine, 6.0) == (LONG, [])
    assert len(machine.asked) == 1
    assert timed(Wordy(LONG, SHORTER, SHORT), 3.0)[0] == SHORTER


def test_the_shortest_is_kept_not_the_last() -> None:
    assert timed(Wordy(LONG, SHORTER, LONG), 1.0) == (SHORTER, ["time"])


def test_a_shorter_one_that_says_something_else_is_not_taken() -> None:
    assert timed(Wordy(LONG, "Bình giữ lạnh 24 giờ", "Bình"), 1.5) == (LONG, ["time"])
    assert timed(Wordy(LONG, "Bình giữ lạnh 24 giờ", SHORTER), 1.5) == (SHORTER, ["time"])


def test_a_machine_that_says_the_same_again_is_not_asked_a_third_time() -> None:
    machine = Wordy(LONG)
    assert timed(machine, 1.5) == (LONG, ["time"])
    assert len(machine.asked) == 2


def test_each_line_has_a_time_of_its_own_and_a_few_are_asked_for_at_once() -> None:
    lines = [f"{SOURCE}, and that makes {n}" for n in ("one", *"abcdefghij")]
    machine = Wordy(LONG, SHORT)
    translated_lines(lines, "en", "vi", [machine], hints=NO_HINTS, judge=judged, seconds=[9.0, *[2.0] * 10])  # type: ignore[list-item]
    assert [len(texts) for texts, _ in machine.asked] == [11, MOST_WRONG, 10 - MOST_WRONG]
    assert [hints.seconds for _, hints in machine.asked] == [(9.0, *[2.0] * 10), (2.0,) * MOST_WRONG, (2.0,) * (10 - MOST_WRONG)]
    assert machine.asked[1][0] == tuple(lines[1 : 1 + MOST_WRONG])


def test_a_line_without_a_time_of_its_own_has_that_of_any_line() -> None:
    machine = Wordy(f"{LONG}. {LONG}", LONG, SHORT)
    assert localize_lines([SOURCE], "en", "vi", [machine], hints=NO_HINTS, judge=judged)[0] == [LONG]  # type: ignore[list-item]
    assert [hints.seconds for _, hints in machine.asked] == [(7.0,)] * 2


def test_of_many_lines_that_nobody_has_the_first_are_named_and_all_are_listed() -> None:
    lines = [f"sentence {n}" for n in range(1, 701)]
    told = untranslated(lines, "th", [])
    assert str(told).startswith("no Thai translation for 'sentence 1'; 'sentence 2';")
    assert "'sentence 8'; 692 more. Let a machine translate" in str(told)
    assert told.missing == tuple(lines)
