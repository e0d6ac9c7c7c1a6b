"""Scripts of two hosts: both speak, in their own gender's words, about nothing that one host would not say, in the same time."""

from __future__ import annotations

import json
import re
import string
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
import servers
from servers import Reply
from test_chatted import GOOD, PRODUCT, TEXT, said, writer
from test_templates import FORBIDDEN, LANGUAGES, TEXTS, WRITER, numbers, prices, product

from localize import languages, pace
from localize.checks import adlaw, words
from localize.domain import Line, Script, Text
from localize.errors import UserError
from localize.script import Brief, Form, answer, dialogues, phrases, prompt

FORMS: tuple[Form, ...] = ("questions", "banter", "relay")


def write(language: str, sku: str = "A1", seconds: int = 30, form: Form | None = None, text: Text | None = None, **more: Any) -> Script:
    price, was = prices(language)
    brief = Brief(seconds, platform=more.get("platform", "tiktok"), gender="female", second="male", dialogue=form)
    return WRITER.write(product(sku), text or TEXTS[language], price, was if more.get("sale", True) else None, language, brief)


def said_by_either(language: str, slot: str) -> set[str]:
    """The replies of a slot as a woman and as a man say them."""
    pools, particles = phrases.dialogue(language)[slot], phrases.phrases(language).particles
    return {phrase.format_map(particles[gender]) for pool in pools.values() for phrase in pool for gender in ("female", "male")}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("form", FORMS)
def test_nobody_says_the_same_twice_of_a_product_with_little_to_say(language: str, form: Form) -> None:
    little = Text(title=TEXTS[language].title, features=TEXTS[language].features[:1])
    for sku in "ABCDEFGH":
        told = [line.text for line in write(language, sku, 60, form, little, sale=False).lines]
        assert sorted(set(told)) == sorted(told)


def test_a_long_dialogue_of_a_model_is_read_to_its_end() -> None:
    roles = ["hook", *["feature", "problem"] * 10, "price", "cta"]
    lines = [{"role": role, "text": f"Sentence {n}.", "host": n % 2} for n, role in enumerate(roles)]
    found, wrong = answer.parse(json.dumps({"lines": lines}), 0, ("female", "male"), "en")
    assert wrong == []
    assert [line.role for line in found] == roles


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("form", FORMS)
def test_both_speak_and_neither_for_long(language: str, form: Form) -> None:
    text = TEXTS[language]
    for seconds in (15, 30, 60):
        for sku, sale in (("A1", True), ("B2", False), ("C3", True)):
            script = write(language, sku, seconds, form, sale=sale)
            assert dialogues.one_sided(script.lines) == []
            assert (script.lines[0].role, script.lines[0].host, script.lines[-1].role) == ("hook", 0, "cta")
            assert 0.7 * seconds <= pace.length(script.lines, language) <= 1.2 * seconds
            told = [line.text for line in script.lines]
            assert len(set(told)) == len(told)
            for feature in text.features:
                assert sum(feature in line for line in told) <= 1
            speaks = languages.get(language)
            assert sum(speaks.price(script.price) in line for line in told) >= 1
            assert [f.message for f in words.check(script, product(sku)) if f.severity == "block"] == []
    bare = write(language, form=form, text=Text(title=text.title), sale=False)
    assert dialogues.one_sided(bare.lines) == []
    asked = said_by_either(language, "open")
    assert asked & {line.text for line in write(language, form=form).lines}, "it is known where it is said"
    assert not asked & {line.text for line in bare.lines}, "nobody would answer"


@pytest.mark.parametrize("form", FORMS)
def test_thai_particles_are_the_speaker_s(form: Form) -> None:
    for sku in ("A1", "B2", "C3", "D4"):
        for line in write("th", sku, 60, form).lines:
            wrong = "ครับ" if line.host == 0 else r"(?:ค่ะ|คะ)(?![ก-๙])"
            assert not re.search(wrong, line.text), line.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_replies_claim_nothing(language: str) -> None:
    particles = set(phrases.phrases(language).particles["female"])
    table = phrases.dialogue(language)
    assert set(table) == {"open", "relate", "more", "react", "pass", "ask_proof", "ask_price", "price", "close"}
    for slot, groups in table.items():
        for pool in groups.values():
            assert len(set(pool)) == len(pool) >= 3
            for phrase in pool:
                assert not re.search(FORBIDDEN[language], phrase, re.IGNORECASE)
                assert not numbers(phrase)
                places = {name for _, name, _, _ in string.Formatter().parse(phrase) if name} - particles
                assert places == ({"price"} if slot == "price" else set())
        assert all(len(table[slot]["general"]) >= 5 for slot in ("more", "react", "pass"))
    lines = [
        ("Line", p.format_map(dict.fromkeys(particles, ""))) for s, g in table.items() if s != "price" for pool in g.values() for p in pool
    ]
    assert adlaw.check(lines, language=language, market=adlaw.market_of(language), category="beauty", row_text="", names=()) == []


def test_the_sku_picks_the_form_and_a_campaign_may() -> None:
    brief = Brief(second="male")
    assert {dialogues.form_of(brief, f"S{n}") for n in range(20)} == set(FORMS)
    assert dialogues.form_of(Brief(second="male", dialogue="relay"), "S1") == "relay"
    assert write("en", "S1") == write("en", "S1", form=dialogues.form_of(brief, "S1"))


def test_a_brief_for_one_host_is_known_as_before() -> None:
    assert set(Brief().seen()) == {"seconds", "style", "gender", "platform", "terms"}
    assert set(Brief(second="male").seen()) == {*Brief().seen(), "second", "dialogue"}
    assert WRITER.dialogue_fingerprint() not in WRITER.fingerprint()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_reply_stays_on_the_picture_before_it(language: str) -> None:
    lines, asked = write(language, "A1", 60, "questions").lines, said_by_either(language, "more")
    replies = [(line, before) for before, line in pairwise(lines) if line.text in asked]
    assert replies
    for line, before in replies:
        assert before.feature is not None
        assert (line.feature, line.show) == (before.feature, "picture")


def test_a_language_without_dialogue_is_named() -> None:
    with pytest.raises(UserError, match="no dialogue for language 'fr'"):
        phrases.dialogue("fr")
    with pytest.raises(UserError, match="genders female, male"):
        WRITER.write(product(), TEXTS["en"], prices("en")[0], None, "en", Brief(second="robot"))


def test_who_goes_on_too_long_is_found() -> None:
    def lines(hosts: list[int]) -> list[Line]:
        return [Line(role="feature", text="x", host=host) for host in hosts]

    assert dialogues.one_sided(lines([0, 0, 0, 1, 0])) == []
    assert dialogues.one_sided(lines([0, 0])) == ["Host 1 says nothing: both hosts must speak."]
    assert dialogues.one_sided(lines([1, 0, 0, 0, 0])) == ["Host 0 says lines 2 to 5: after 3 lines the other must speak."]


# ---- by a language model

PAIR = [line | {"host": host} for line, host in zip(GOOD, (0, 0, 1, 0, 1), strict=True)]
PAIR = [line | {"text": line["text"].replace("ค่ะ", "ครับ").replace("คะ ", "ครับ ")} if line["host"] else line for line in PAIR]
BRIEF = Brief(15, platform="tiktok", second="male", dialogue="banter")


def asked(*replies: list[dict[str, Any]], brief: Brief = BRIEF) -> tuple[Script, Any]:
    with servers.running(*(Reply(said(lines)) for lines in replies)) as model:
        script = writer(model).write(PRODUCT, TEXT, PRODUCT.price, PRODUCT.was_price, "th", brief)
    return script, model


def test_a_model_is_told_of_both_and_says_whose_each_line_is() -> None:
    script, model = asked(PAIR)
    assert [line.host for line in script.lines] == [0, 0, 1, 0, 1]
    assert (script.engine, len(model.asked)) == ("openai", 1)
    system = model.asked[0]["messages"][0]["content"]
    for told in ("host 0, who opens: a woman", "host 1: a man", "short, friendly reply", '"host": 0 or 1'):
        assert told in system
    schema = model.asked[0]["response_format"]["json_schema"]["schema"]
    assert schema == prompt.schema(BRIEF) != prompt.SCHEMA
    assert "host" in schema["properties"]["lines"]["items"]["required"]


def test_a_model_s_reply_stays_on_the_picture_before_it() -> None:
    aside = {"role": "feature", "text": "แล้วมีอะไรอีกครับ", "gesture": "rest", "emotion": "happy", "feature": None, "host": 1}
    own = PAIR[2] | {"host": 0, "text": GOOD[2]["text"]}
    told = aside | {"text": "ใบนี้เป็นงานดินเผาที่ดูแลง่ายและวางบนโต๊ะทำงานหรือในครัวก็เข้ากันดีกับของใช้ทุกชิ้นในบ้านครับ"}
    script, _ = asked([*PAIR[:2], aside, own, told, *PAIR[3:]], brief=replace(BRIEF, seconds=30))
    assert script.engine == "openai"
    assert [line.feature for line in script.lines] == [None, 0, 0, 1, None, None, None]
    # No card comes and so no sound; what tells of the thing is a feature's Line as before.
    assert [line.role for line in script.lines[2:5]] == ["problem", "feature", "feature"]
    assert [line.show for line in script.lines[2:5]] == ["picture", "feature", "picture"]


def test_a_host_in_other_words_is_put_right() -> None:
    script, _ = asked([line | {"host": f"Host {line['host']}"} for line in PAIR])
    assert [line.host for line in script.lines] == [0, 0, 1, 0, 1]


@pytest.mark.parametrize(
    ("bad", "told"),
    [
        (GOOD, "Line 1 has no host"),
        ([line | {"host": 0} for line in GOOD], "Host 1 says nothing"),
        ([line | {"host": int(n == 0)} for n, line in enumerate(GOOD)], "Host 0 says lines 2 to 5"),
        ([line | {"host": int(n > 2)} for n, line in enumerate(GOOD)], "Line 4 is host 1's, who is male, and says 'ค่ะ'"),
    ],
)
def test_a_dialogue_that_is_none_is_asked_for_again(bad: list[dict[str, Any]], told: str) -> None:
    script, model = asked(bad, PAIR)
    assert script.engine == "openai"
    assert told in json.dumps(model.asked[1]["messages"][-1], ensure_ascii=False)


def test_after_three_of_them_the_templates_write_for_two() -> None:
    script, model = asked(GOOD)
    assert (script.engine, len(model.asked)) == ("templates", 3)
    assert dialogues.one_sided(script.lines) == []
    assert "no host" in script.findings[0].message
