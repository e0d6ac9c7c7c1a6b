"""Emoji are whole, in colour, small enough to ship, and never drawn in parts."""

import importlib.util

import numpy as np
import pytest

from localize.assets import ASSETS
from localize.clip.emoji import FONT, HEIGHT, drawable, only, picture, split

SEQUENCES = ("👍🏽", "❤️‍🔥", "👨‍👩‍👧", "🇹🇭", "1️⃣", "#⃣", "☀️", "🏋️‍♀️", "🏳️‍🌈", "🙋‍♂️")


def listed():
    spec = importlib.util.spec_from_file_location("subset_emoji", ASSETS / "fonts" / "subset_emoji.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.listed()


def test_sequences_stay_whole_and_all_else_is_single():
    assert list(split("a" + "".join(SEQUENCES) + "b1 ที่")) == ["a", *SEQUENCES, *"b1 ที่"]
    assert list(split("🇹🇭🇻🇳🇮")) == ["🇹🇭", "🇻🇳", "🇮"]
    assert list(split("")) == []


@pytest.mark.parametrize("emoji", SEQUENCES)
def test_sequences_have_a_picture(emoji):
    assert drawable(emoji)
    assert only(emoji)


def test_every_emoji_of_the_list_is_in_the_font_which_stays_small():
    emoji = listed()
    assert len(emoji) > 500
    assert [e for e in emoji if len(e) == 1 and not drawable(e)] == []
    assert [e for e in emoji if len(e) > 1 and not drawable(e)] == []
    assert FONT.stat().st_size < 1_500_000
    assert (FONT.parent / "OFL-NotoColorEmoji.txt").exists()


@pytest.mark.parametrize("piece", ["1", "#", "a", "🦠", "👩🏽‍🚀", "🇮", "❤\ufe0e", "★", "\u200d", "\ufe0f"])
def test_what_is_no_emoji_or_is_lacking_has_none(piece):
    assert not drawable(piece)


def test_a_tone_that_the_font_lacks_is_drawn_without():
    assert drawable("🧘🏽")
    assert np.array_equal(picture("🧘🏽", 60), picture("🧘", 60))
    assert not np.array_equal(picture("👍🏽", 60), picture("👍", 60))


@pytest.mark.parametrize("size", [24, 58, 160])
def test_pictures_are_premultiplied_and_as_high_as_asked_for(size):
    fire = picture("🔥", size)
    assert fire.shape[0] == round(HEIGHT * size)
    assert (fire[..., :3] <= fire[..., 3:]).all()
    assert fire[..., 3].max() == 255


def test_only_tells_words_from_emoji():
    assert [only(text) for text in ("🔥🔥", "🔥!", "24🔥", "ว้าว🔥", "!", "", "🦠")] == [True, True, False, False, False, False, False]
