"""The post of a dub: its title and how it begins, within what each platform takes, and that AI made it."""

from __future__ import annotations

from typing import get_args

import pytest

from localize import languages
from localize.domain import Channel, Disclosure, Line, Narration, Text
from localize.publish.post import measure, narrate, rendered, rules

PLATFORMS = get_args(Channel.model_fields["platform"].annotation)


def said(title: str, *lines: str, language: str = "th") -> tuple[Narration, Disclosure]:
    spoken = tuple(Line(role="feature", text=text, host=0) for text in lines)
    told = Narration(language=language, lines=spoken, text=Text(title=title), engine="memory")
    return told, Disclosure(label=languages.get(language).ai_label, producer="Corner", produce_id="1", made=("script", "voice"))


def test_a_post_has_the_title_the_first_sentences_and_that_ai_made_it() -> None:
    told, made = said("Đèn bàn", "Đèn này rất sáng.", "Giá chỉ hai trăm baht.", "Mua ngay.", "Tạm biệt.", language="vi")
    post = narrate(told, made, hashtags=["den ban", "#Sale", "sale"])
    assert post.title == "Đèn bàn"
    assert post.body.splitlines() == ["Đèn này rất sáng.", "Giá chỉ hai trăm baht.", "Mua ngay.", made.label]
    assert len(post.hashtags) == 2  # one of them was given twice


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("language", ["th", "vi", "id", "zh"])
def test_however_much_is_said_the_post_fits_and_says_that_ai_made_it(platform: str, language: str) -> None:
    told, made = said("lamp " * 400, *["This lamp is very bright. " * 120] * 3, language=language)
    post = narrate(told, made, platform, hashtags=[f"tag{n}" for n in range(60)])
    takes = rules(platform)
    assert measure(rendered(post, platform), takes.text.unit) <= takes.text.most
    if takes.title is not None:
        assert measure(post.title, takes.title.unit) <= takes.title.most
    assert len(post.hashtags) <= takes.hashtags.most
    assert post.body.endswith(made.label)
    assert post.title


@pytest.mark.parametrize("platform", [name for name in PLATFORMS if not rules(name).links])
def test_where_links_are_not_taken_no_sentence_has_one(platform: str) -> None:
    told, made = said("Lamp https://shop.example/lamp", "See https://shop.example/lamp today.", "It is bright.")
    post = narrate(told, made, platform)
    assert "shop.example" not in rendered(post, platform) + post.title
    assert "It is bright." in post.body
