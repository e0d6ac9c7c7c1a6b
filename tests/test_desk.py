"""The desk: texts and scripts of a campaign, by whom they were made, what was found, what it cost, and what people corrected."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import servers
from servers import Model, Reply

from localize import account, planning, proofreading
from localize.campaign import Campaign, load
from localize.desk import Desk
from localize.domain import Text
from localize.errors import Blocked, NotReady, UserError
from localize.planning import Job, Progress
from localize.review_sheet import Answer, digest
from localize.reviews import Review
from localize.sections import HostSettings
from localize.store import LocalStore
from localize.translate.memory import remember
from localize.translate.products import Localized

ROWS = """\
sku,title,price,was_price,category,features,images
CUP-01,Clay cup 350 ml,290,390,kitchen,Holds 350 ml|Dishwasher safe,pictures/mug.jpg
"""
THAI = {
    "Clay cup 350 ml": "ถ้วยดินเผา 350 มล.",
    "Holds 350 ml": "จุได้ 350 มล.",
    "Dishwasher safe": "เข้าเครื่องล้างจานได้",
}
PRICES = "price_in: 1, price_out: 2"


def translating(texts: dict[str, str]) -> Callable[[dict[str, Any]], Reply]:
    """A model that knows some texts by heart, and says the others in English."""

    def answers(body: dict[str, Any]) -> Reply:
        user = body["messages"][1]["content"]
        asked = json.loads(user[user.index("[\n") : user.rindex("]") + 1])
        return Reply(json.dumps({"translations": [texts.get(t, t) for t in asked]}, ensure_ascii=False))

    return answers


def campaign(shop: Path, model: Model | None = None, more: str = "", rows: str = ROWS) -> Campaign:
    (shop / "products.csv").write_text(rows, encoding="utf-8")
    options = f"  options: {{openai: {{model: tiny, base_url: '{model.address}', retries: 0, {PRICES}}}}}\n" if model else ""
    text = (shop / "campaign.yaml").read_text(encoding="utf-8").replace("languages: [th, vi]", "languages: [th]")
    (shop / "campaign.yaml").write_text(
        f"{text}\nsource_language: en\nscript: {{seconds: 15}}\nengines:\n  voice: espeak\n{options}{more}", encoding="utf-8"
    )
    return load(shop / "campaign.yaml")


def at_desk(settings: Campaign, store: LocalStore) -> tuple[Desk, Job]:
    return Desk(settings, store), planning.plan(settings).jobs[0]


def texts(desk: Desk, job: Job) -> tuple[Localized, Progress]:
    progress = Progress()
    return desk.texts(job, progress), progress


def test_what_nobody_has_is_translated_by_the_machine_that_is_ready(shop: Path, store: LocalStore) -> None:
    with servers.running(answers=translating(THAI)) as model:
        desk, job = at_desk(campaign(shop, model), store)
        with account.opened() as spent:
            made, _ = texts(desk, job)
        assert made.text.title == "ถ้วยดินเผา 350 มล."
        assert set(made.origins.values()) == {"openai"}
        assert made.findings == ()
        assert spent.usage.requests == 1
        assert spent.usage.cost == Decimal("0.00014")  # 100 tokens in, 20 out
        again, _ = texts(desk, job)
        assert again == made
    assert len(model.asked) == 1  # the second time it was in the store


def test_a_wrong_translation_is_asked_for_again_with_the_reason(shop: Path, store: LocalStore) -> None:
    replies = [dict(THAI, **{"Holds 350 ml": "จุได้ 530 มล."}), THAI]

    def answers(body: dict[str, Any]) -> Reply:
        return translating(replies[min(len(model.asked), 2) - 1])(body)

    with servers.running(answers=answers) as model:
        made, _ = texts(*at_desk(campaign(shop, model), store))
    assert made.text.features[0] == "จุได้ 350 มล."
    assert "Feature 1 has lost '350 ml'" in model.said(1)
    assert "Clay cup" not in model.asked[1]["messages"][1]["content"].split("begin")[1]  # only what was wrong is asked for


def test_what_stays_wrong_is_not_used_and_said_to_be_so(shop: Path, store: LocalStore) -> None:
    poor = translating({**THAI, "Dishwasher safe": "Dishwasher safe for your daily use"})
    with servers.running(answers=poor) as model, pytest.raises(NotReady) as caught:
        texts(*at_desk(campaign(shop, model), store))
    assert caught.value.missing == ("Dishwasher safe",)
    assert "What openai made of 'Dishwasher safe' was not used" in str(caught.value)
    assert "is not all in Thai" in str(caught.value)


def test_people_come_first_and_are_never_overruled(shop: Path, store: LocalStore) -> None:
    (shop / "memory.csv").write_text("source,th\nHolds 350 ml,จุได้เยอะมาก\n", encoding="utf-8")
    with servers.running(answers=translating(THAI)) as model:
        made, progress = texts(*at_desk(campaign(shop, model, "memory: [memory.csv]\n"), store))
    assert made.text.features[0] == "จุได้เยอะมาก"
    assert made.origins["features.0"] == "memory"
    (finding,) = made.findings
    assert (finding.severity, "has lost '350 ml'" in finding.message) == ("warn", True)
    assert progress.findings == [finding]
    assert "Holds" not in model.said()


def test_the_glossary_is_told_and_verified(shop: Path, store: LocalStore) -> None:
    (shop / "glossary.csv").write_text("source,th,note\ncup,แก้ว,\nClay,,keep as is\n", encoding="utf-8")
    good = {**THAI, "Clay cup 350 ml": "แก้ว Clay 350 มล."}
    with servers.running(answers=translating(THAI)) as model, pytest.raises(NotReady, match="must call 'cup' 'แก้ว'"):
        texts(*at_desk(campaign(shop, model, "glossary: glossary.csv\n"), store))
    assert "cup = แก้ว" in model.said(0)
    assert "stay exactly as they are: Clay" in model.said(0)
    with servers.running(answers=translating(good)) as model:
        made, _ = texts(*at_desk(campaign(shop, model, "glossary: glossary.csv\n"), LocalStore(shop / "other")))
    assert made.text.title == "แก้ว Clay 350 มล."


def test_back_translation_is_compared_with_the_source(shop: Path, store: LocalStore) -> None:
    back = {"ถ้วยดินเผา 350 มล.": "Clay cup 350 ml", "จุได้ 350 มล.": "Holds 350 ml", "เข้าเครื่องล้างจานได้": "A red bicycle"}
    with servers.running(answers=translating(THAI | back)) as model:
        made, _ = texts(*at_desk(campaign(shop, model, "translation: {back: true}\n"), store))
    (finding,) = made.findings
    assert (finding.check, finding.severity) == ("back-translation", "warn")
    assert "comes back as 'A red bicycle'" in finding.message
    assert len(model.asked) == 2


def test_without_a_machine_the_way_to_one_is_said(shop: Path, store: LocalStore) -> None:
    with pytest.raises(NotReady, match=r"Or get a machine that translates ready: .*openai \(no model is named"):
        texts(*at_desk(campaign(shop), store))
    with pytest.raises(NotReady, match="translate: auto"):
        texts(*at_desk(campaign(shop, more="  translate: none\n"), store))


def test_a_machine_that_is_named_must_be_ready(shop: Path, store: LocalStore) -> None:
    with pytest.raises(NotReady, match="'m2m100' is not ready"):
        texts(*at_desk(campaign(shop, more="  translate: m2m100\n"), store))
    with pytest.raises(UserError, match=r"allow_noncommercial"):
        texts(*at_desk(campaign(shop, more="  translate: [nllb]\n"), store))


# ---- scripts


def test_a_script_in_the_seller_s_language_is_translated_line_by_line(shop: Path, store: LocalStore) -> None:
    rows = (
        "sku,title,price,was_price,currency,category,features,images\nCUP-01,陶杯350毫升,290,390,THB,厨房,可用洗碗机清洗,pictures/mug.jpg\n"
    )
    script = json.dumps(
        {
            "lines": [
                {"role": "hook", "text": "大家看看这个陶杯，350毫升。", "gesture": "wave", "emotion": "happy", "feature": None},
                {"role": "feature", "text": "可用洗碗机清洗。", "gesture": "count_1", "emotion": "happy", "feature": 1},
                {"role": "price", "text": "原价฿390，现在฿290。", "gesture": "open_hands", "emotion": "happy", "feature": None},
                {"role": "cta", "text": "点下面的小黄车。", "gesture": "point_down", "emotion": "happy", "feature": None},
            ]
        },
        ensure_ascii=False,
    )  # fmt: skip
    thai = {
        "陶杯350毫升": "ถ้วยดินเผา 350 มล.", "可用洗碗机清洗": "เข้าเครื่องล้างจานได้",
        "大家看看这个陶杯，350毫升。": "ทุกคนมาดูถ้วยดินเผา 350 มล. ใบนี้กันค่ะ", "可用洗碗机清洗。": "เข้าเครื่องล้างจานได้เลยค่ะ",
        "原价฿390，现在฿290。": "จากปกติ ฿390 ตอนนี้ ฿290 ค่ะ", "点下面的小黄车。": "กดตะกร้าเหลืองด้านล่างเลยค่ะ",
    }  # fmt: skip

    def answers(body: dict[str, Any]) -> Reply:
        writing = "You write the words" in body["messages"][0]["content"]
        return Reply(script) if writing else translating(thai)(body)

    with servers.running(answers=answers) as model:
        settings = campaign(shop, model, "  script: openai\n", rows)
        settings = settings.model_copy(
            update={"source_language": "zh", "script": settings.script.model_copy(update={"written_in": "source"})}
        )
        desk, job = at_desk(settings, store)
        assert job.product.language == "zh"
        progress = Progress()
        made = desk.script(job, desk.texts(job, progress), progress)
    assert made.language == "th"
    assert [line.text for line in made.lines] == list(thai.values())[2:]
    assert made.sources[2] == "原价฿390，现在฿290。"
    assert [line.role for line in made.lines] == ["hook", "feature", "price", "cta"]
    assert made.text.title == "ถ้วยดินเผา 350 มล."


def demo_shop(shop: Path, store: LocalStore, more: str = "") -> tuple[Desk, Job]:
    """The shop of conftest, whose texts its seller has given in Thai."""
    text = (shop / "campaign.yaml").read_text(encoding="utf-8")
    (shop / "campaign.yaml").write_text(f"{text}\nscript: {{seconds: 15}}\n{more}", encoding="utf-8")
    return at_desk(load(shop / "campaign.yaml"), store)


def script(desk: Desk, job: Job) -> list[str]:
    progress = Progress()
    return [line.text for line in desk.script(job, desk.texts(job, progress), progress).lines]


def test_a_corrected_line_takes_the_place_of_the_written_one(shop: Path, store: LocalStore) -> None:
    desk, job = demo_shop(shop, store)
    before = script(desk, job)
    desk.reviews.add([Review("MUG-01", "th", before[0], "มาดูแก้วใบนี้กันค่ะ")])
    desk.reviews.save()
    again, job = at_desk(load(shop / "campaign.yaml"), store)
    assert script(again, job) == ["มาดูแก้วใบนี้กันค่ะ", *before[1:]]


def test_a_correction_is_held_against_the_row_like_any_line(shop: Path, store: LocalStore) -> None:
    desk, job = demo_shop(shop, store)
    desk.reviews.add([Review("MUG-01", "th", script(desk, job)[0], "แก้วที่ดีที่สุดในไทย รับประกัน 9 ปี")])
    with pytest.raises(Blocked, match="Line 1 says 9 ปี"):
        script(desk, job)


def test_where_approval_is_asked_for_nothing_is_made_without_it(shop: Path, store: LocalStore) -> None:
    desk, job = demo_shop(shop, store, "review: scripts\n")
    progress = Progress()
    written = desk.draft(job, desk.texts(job, progress), progress)[0]
    with pytest.raises(Blocked, match=rf"{len(written.lines)} of {len(written.lines)} lines wait for approval"):
        script(desk, job)
    desk.reviews.add(Review("MUG-01", "th", line.text, approved=True) for line in written.lines[1:])
    desk.reviews.add([Review("MUG-01", "th", written.lines[0].text, "มาดูแก้วใบนี้กันค่ะ", approved=True)])
    assert script(desk, job)[0] == "มาดูแก้วใบนี้กันค่ะ"


def test_a_machine_s_text_waits_for_a_reader_and_is_a_person_s_word_once_approved(shop: Path, store: LocalStore) -> None:
    with servers.running(answers=translating(THAI)) as model:
        desk, job = at_desk(campaign(shop, model, more="review: translations\n"), store)
        with pytest.raises(Blocked, match="3 of 3 texts wait for approval"):
            script(desk, job)
        entries = list(proofreading.collect(desk, [job]))
        assert proofreading.unread(desk, entries)
        texts = [e for e in entries if proofreading.asked(desk, e)]
        assert [e.part for e in texts] == ["title", "features.0", "features.1"]
        answers = [Answer(e.part, e.sku, e.language, e.part, digest(e.source), digest(e.text), "", approved=True) for e in texts]
        done = proofreading.accept(desk, [job], answers, by="Mali", at="2026-11-27 10:00")
        assert (done.texts, done.approved, done.problems) == (0, 3, [])
        asked = len(model.asked)
        again, job = at_desk(load(shop / "campaign.yaml"), store)
        assert script(again, job)
        assert not proofreading.unread(again, proofreading.collect(again, [job]))
        assert len(model.asked) == asked  # what people have said is not asked of a machine again


def test_a_correction_in_the_memory_leaves_what_a_machine_made_of_other_products(shop: Path, store: LocalStore) -> None:
    more = ROWS + "JUG-02,Glass jug,390,,kitchen,,pictures/mug.jpg\n"
    with servers.running(answers=translating(THAI | {"Glass jug": "เหยือกแก้ว"})) as model:
        desk = Desk(campaign(shop, model, rows=more), store)
        cup, jug = planning.plan(desk.campaign).jobs
        for job in (cup, jug):
            desk.texts(job, Progress())
        asked = len(model.asked)
        remember(desk.campaign.accepted_file(), [("Glass jug", "th", "เหยือกน้ำ")])
        again = Desk(load(shop / "campaign.yaml"), store)
        assert again.texts(cup, Progress()).text.title == THAI["Clay cup 350 ml"]
        assert again.texts(jug, Progress()).text.title == "เหยือกน้ำ"
        assert len(model.asked) == asked


def test_the_market_s_law_is_looked_at(shop: Path, store: LocalStore) -> None:
    desk, job = demo_shop(shop, store)
    product = job.product.model_copy(
        update={"localized": {"th": job.product.localized["th"].model_copy(update={"features": ("รักษาโรคหายขาด",)})}}
    )
    with pytest.raises(Blocked, match=re.compile("Act", re.IGNORECASE)):
        script(desk, Job(product, "th"))


# ---- what is made anew, and what is not


def changed(job: Job, **what: Any) -> Job:
    return Job(job.product.model_copy(update=what), job.language)


def test_what_no_translator_sees_pays_for_no_translation(shop: Path, store: LocalStore) -> None:
    with servers.running(answers=translating(THAI)) as model:
        desk, job = at_desk(campaign(shop, model), store)
        texts(desk, job)
        other = job.product.model_copy(update={"language": "en"}).localized
        moved = job.product.source.model_copy(update={"row": 99}) if job.product.source else None
        vietnamese = {**other, "vi": Text(title="Cốc")}
        unseen: list[dict[str, Any]] = [
            {"source": moved}, {"price": job.product.price.model_copy(update={"amount": Decimal(9)})}, {"images": ("/x.jpg",)},
            {"localized": vietnamese}, {"description": "only long scripts use it"},
        ]  # fmt: skip
        for what in unseen:
            texts(desk, changed(job, **what))
        assert len(model.asked) == 1
        with pytest.raises(NotReady):
            texts(desk, changed(job, features=("Something that nobody knows",)))
        assert len(model.asked) > 1


def test_what_the_writer_sees_makes_the_script_anew(shop: Path, store: LocalStore) -> None:
    desk, job = demo_shop(shop, store)
    progress = Progress()
    desk.draft(job, desk.texts(job, progress), progress)
    for what in ({"options": {"Size": ("S", "M")}}, {"features": ("Holds 360 ml", "Safe in the dishwasher")}, {"description": "New"}):
        fresh = Progress()
        desk.draft(changed(job, **what), desk.texts(job, fresh), fresh)
        assert fresh.made["script"] == 1, what


def test_a_word_added_to_a_list_of_the_checks_makes_them_anew(shop: Path, store: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    desk, job = demo_shop(shop, store)
    progress = Progress()
    desk.draft(job, desk.texts(job, progress), progress)
    monkeypatch.setattr("localize.checks.words_fingerprint", lambda: "another")
    fresh = Progress()
    desk.draft(job, desk.texts(job, fresh), fresh)
    assert (fresh.made["text"], fresh.made["script"]) == (1, 1)


# ---- two hosts


def pair(shop: Path, store: LocalStore, more: str = "") -> tuple[Desk, Job]:
    return demo_shop(shop, store, "hosts: [{gender: female}, {gender: male, avatar: mali}]\n" + more)


def test_a_dialogue_keeps_its_hosts_through_corrections(shop: Path, store: LocalStore) -> None:
    desk, job = pair(shop, store)
    progress = Progress()
    before = desk.script(job, desk.texts(job, progress), progress)
    assert {line.host for line in before.lines} == {0, 1}
    assert not progress.findings
    n = next(n for n, line in enumerate(before.lines) if line.host == 1)
    desk.reviews.add([Review("MUG-01", "th", before.lines[n].text, "ราคาเท่าไหร่ครับ")])
    after = desk.script(job, desk.texts(job, Progress()), Progress())
    assert [line.host for line in after.lines] == [line.host for line in before.lines]
    assert after.lines[n].text == "ราคาเท่าไหร่ครับ"


def test_a_translated_dialogue_keeps_its_hosts(shop: Path, store: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = campaign(shop).model_copy(update={"hosts": (HostSettings(), HostSettings(gender="male"))})
    source = settings.model_copy(update={"script": settings.script.model_copy(update={"written_in": "source"})})
    desk, job = at_desk(source, store)
    localized = Localized(Text(title=THAI["Clay cup 350 ml"], features=("จุได้ 350 มล.", "เข้าเครื่องล้างจานได้")), {}, {}, ())
    monkeypatch.setattr("localize.desk.localize_lines", lambda lines, *_, **__: ([f"บรรทัด {line}" for line in lines], []))
    written, _ = desk.written(job, localized, Progress())
    assert written.language == "th"
    assert [f"บรรทัด {line}" for line in written.sources] == [line.text for line in written.lines]
    assert {line.host for line in written.lines} == {0, 1}


def test_another_second_host_writes_the_script_anew_and_one_host_is_as_before(shop: Path, store: LocalStore) -> None:
    desk, job = pair(shop, store)
    texts_, progress = desk.texts(job, Progress()), Progress()
    desk.draft(job, texts_, progress)
    men = desk.campaign.model_copy(update={"hosts": (desk.campaign.hosts[1], desk.campaign.hosts[1])})
    for settings in (men, desk.campaign.model_copy(update={"hosts": desk.campaign.hosts[:1]})):
        fresh = Progress()
        written, _ = Desk(settings, store).draft(job, texts_, fresh)
        assert fresh.made["script"] == 1
    assert {line.host for line in written.lines} == {0}


def test_a_writer_for_one_host_is_told_of(shop: Path, store: LocalStore) -> None:
    desk, job = pair(shop, store)
    alone = desk.writer("th")
    desk.writer = lambda language: One(alone)  # type: ignore[assignment, method-assign]
    _, found = desk.draft(job, desk.texts(job, Progress()), Progress())
    assert any(f.check == "dialogue" and "Only one of the two hosts speaks" in f.message for f in found)


class One:
    """A writer that knows of no dialogues."""

    def __init__(self, writer: Any) -> None:
        self.writer, self.card = writer, writer.card

    def fingerprint(self) -> str:
        return "one"

    def write(self, product: Any, text: Any, price: Any, was: Any, language: str, brief: Any, judge: Any) -> Any:
        return self.writer.write(product, text, price, was, language, type(brief)(brief.seconds, gender=brief.gender))
