"""Words call gestures, in every language, and point where the frame shows what they name."""

from __future__ import annotations

import itertools
import re

import pytest
import yaml

from localize import languages
from localize.avatar import Scene, perform
from localize.avatar.choose import WORDS, called
from localize.avatar.library import shared, twins
from localize.avatar.perform import BUSY, HEAD_ONLY
from localize.clip import layout as layouts
from localize.domain import Gesture, Line, Mouth, Performance, Role, Show, Speech, Word
from localize.timeline import lay_out

PRESENTER_RIGHT = layouts.get("presenter-right")
TWO_PRESENTERS = layouts.get("two-presenters")

SHOWN: tuple[Show, ...] = ("picture", "feature", "cta")
SCENE = Scene((250, 880, 1080, 1920), PRESENTER_RIGHT.places)
CALLS = {
    "en": ("Follow us, then tap the cart. Thanks!", ["follow", "cart", "thanks"]),
    "th": ("กดติดตาม แล้วกดตะกร้าได้เลยค่ะ ขอบคุณค่ะ", ["follow", "cart", "thanks"]),
    "vi": ("Nhớ theo dõi, bấm giỏ hàng, cảm ơn cả nhà", ["follow", "cart", "thanks", "greeting"]),
    "id": ("Follow kami, klik keranjang kuning, terima kasih", ["follow", "cart", "thanks"]),
    "zh": ("点关注，点小黄车，谢谢大家", ["follow", "cart", "thanks"]),
}


def speech(text: str, language: str, pace: float = 0.4) -> Speech:
    """A text spoken with one token each `pace` seconds."""
    tokens = languages.get(language).read(text)
    words = tuple(Word(text=t.text, gap=t.gap, start=i * pace, end=(i + 1) * pace) for i, t in enumerate(tokens))
    mouths = tuple(Mouth(shape="CBDA"[i % 4], start=w.start, end=w.end) for i, w in enumerate(words))  # type: ignore[arg-type]
    return Speech(audio="", rate=24000, duration=len(words) * pace, words=words, mouths=mouths, engine="test")


def line(text: str, role: Role = "feature", gesture: str = "rest", show: Show = "picture") -> Line:
    return Line(role=role, text=text, gesture=gesture, show=show)


def acted(*lines: Line, language: str = "en", scene: Scene | None = SCENE, seed: int = 1) -> Performance:
    timeline = lay_out(lines, [speech(x.text, language) for x in lines], 30)
    return perform(timeline.spoken, (), timeline.duration, seed, language, scene)


def hands(performance: Performance) -> list[Gesture]:
    return [g for g in performance.gestures if g.name not in HEAD_ONLY]


@pytest.mark.parametrize("language", CALLS)
def test_words_call_what_they_mean_in_every_language(language: str) -> None:
    text, meanings = CALLS[language]
    assert [meaning for _, meaning in called(speech(text, language).words, language)] == meanings


def test_a_word_inside_another_calls_nothing() -> None:
    assert called(speech("A cartoon of freedom", "en").words, "en") == []
    assert called(speech("ห้ามพลาด", "th").words, "th") != [("ห้าม", "five")]
    assert "five" not in {meaning for _, meaning in called(speech("ห้ามพลาด", "th").words, "th")}


@pytest.mark.parametrize("language", sorted(languages.codes()))
def test_every_language_has_words_and_every_meaning_a_gesture(language: str) -> None:
    listed = yaml.safe_load((WORDS / f"{language}.yaml").read_text("utf-8"))
    says = {meaning for move in shared().gestures.values() for meaning in move.says} | {"follow"}
    assert set(listed) <= says
    assert {"follow", "cart", "price", "two", "greeting", "thanks", "free", "sale", "warranty", "shipping"} <= set(listed)
    assert all(isinstance(word, str) and word for words in listed.values() for word in words)


@pytest.mark.parametrize("language", CALLS)
def test_pointing_goes_to_the_button_on_its_word(language: str) -> None:
    text = CALLS[language][0]
    performance = acted(line(text, "cta"), language=language)
    places = {g.target: g for g in hands(performance)}
    cart = next(w for w, m in called(lay_out([line(text)], [speech(text, language)], 30).spoken[0].words, language) if m == "cart")
    assert places[PRESENTER_RIGHT.places["cart"]].peak == pytest.approx(cart.start + 0.12, abs=0.05)
    assert all(g.name.endswith("_left") for at, g in places.items() if at == PRESENTER_RIGHT.places["follow"]), "it is on her left"


def test_a_gesture_peaks_on_its_word() -> None:
    text = "It comes home to you within two days and the delivery is free"
    performance = acted(line(text))
    words = lay_out([line(text)], [speech(text, "en")], 30).spoken[0].words
    for gesture in hands(performance):
        assert min(abs(gesture.peak - w.start - 0.12) for w in words) < 0.05
    assert len(hands(performance)) >= 2, "a long Line has several"


def test_the_price_is_pointed_at_while_its_card_is_there() -> None:
    shown = hands(acted(line("The price is now lower", "price", show="price")))
    assert PRESENTER_RIGHT.places["card"] in {g.target for g in shown}
    unseen = hands(acted(line("The price is now lower", "price"), scene=Scene()))
    assert {g.target for g in unseen} == {None}


def test_what_the_script_asks_for_is_done_on_the_word_that_says_it() -> None:
    performance = acted(line("Everything that you love is in the yellow bag", "cta", "point_down", "cta"))
    pointing = next(g for g in hands(performance) if g.name == "point_down")
    assert pointing.target == PRESENTER_RIGHT.places["cart"]
    assert pointing.peak == pytest.approx(0.333 + 7 * 0.4 + 0.12, abs=0.06)


def test_a_host_on_the_left_uses_the_hand_that_has_room() -> None:
    left = Scene((-200, 880, 660, 1920))
    names = {
        g.name
        for seed in range(6)
        for g in hands(acted(line("and there is another that we have", gesture="count_2"), scene=left, seed=seed))
    }
    assert names == {"count_2_left"}


PAIR = [Scene(box, TWO_PRESENTERS.places, partner_left=n == 0) for n, box in enumerate(TWO_PRESENTERS.presenters)]


@pytest.mark.parametrize("language", CALLS)
@pytest.mark.parametrize("host", [0, 1])
def test_a_host_of_two_never_reaches_across_the_other(host: int, language: str) -> None:
    """Body and face of either are the middle half of its canvas; the line is that from shoulder to fingertip."""
    own, other = TWO_PRESENTERS.presenters[host], TWO_PRESENTERS.presenters[1 - host]
    quarter = (other[2] - other[0]) / 4
    moves = twins(shared().gestures)
    calling = CALLS[language][0]
    for seed in range(6):
        for role, asked, show in itertools.product(
            ("hook", "feature", "price", "cta"), ("rest", "point_down", "point_at", "tap", "show_at"), SHOWN
        ):
            performance = acted(line(calling, role, asked, show), language=language, scene=PAIR[host], seed=seed)
            assert hands(performance), "something is done"
            for gesture in hands(performance):
                reach = moves[gesture.name].reach
                if gesture.target:
                    shoulder = (own[0] + (0.36 if reach == "right" else 0.68) * (own[2] - own[0]), own[1] + 490)
                    way = [tuple(a + k / 50 * (b - a) for a, b in zip(shoulder, gesture.target, strict=True)) for k in range(51)]
                    assert not any(other[0] + quarter < x < other[2] - quarter and y > other[1] for x, y in way), gesture
                else:
                    assert reach != ("left" if host == 0 else "right"), "nor does it point there without a target"


def test_a_host_of_two_still_points_at_what_is_on_its_side() -> None:
    for scene, word in ((PAIR[0], "cart"), (PAIR[1], "follow"), (SCENE, "cart"), (SCENE, "follow")):
        for seed in range(6):
            shown = hands(acted(line(f"and then there is the {word} that we have", "cta"), scene=scene, seed=seed))
            assert TWO_PRESENTERS.places[word] in {g.target for g in shown}, (word, seed)


def test_in_a_wide_frame_there_is_room_to_point_at_what_is_between_two_hosts() -> None:
    for n, box in enumerate(((-200, 100, 620, 1080), (1290, 100, 2110, 1080))):
        scene = Scene(box, {"picture": (820, 765), "card": (980, 792)}, partner_left=n == 0, width=1920)
        assert not any(scene.crosses(place) for place in scene.places.values())
        assert scene.crosses((box[0] + (1490, -1490)[n] + 410, 500)), "where the other one stands"


def test_what_is_behind_the_other_host_is_said_with_another_gesture() -> None:
    """The one on the right taps the cart in the air, the one on the left points up for the account."""
    for scene, word, meanings in ((PAIR[1], "cart", {"cart", "order"}), (PAIR[0], "follow", {"up"})):
        for seed in range(6):
            shown = hands(acted(line(f"and then there is the {word} that we have", "cta"), scene=scene, seed=seed))
            assert shown
            assert all(set(twins(shared().gestures)[g.name].says) & meanings and g.target is None for g in shown)


def test_nothing_is_shown_twice_in_eight_seconds_and_hands_rest_a_third() -> None:
    texts = [
        "Look at this small and light lamp",
        "It is free and safe",
        "Hello everyone, thanks",
        "Only today, hurry, order now",
        "It is strong",
    ]
    for seed in range(8):
        performance = acted(
            *[line(t, r) for t, r in zip(texts * 3, ("hook", "feature", "proof", "cta", "price") * 3, strict=True)], seed=seed
        )
        last: dict[str, float] = {}
        for g in hands(performance):
            plain = re.sub("_(left|right)$", "", g.name)
            assert g.start - last.get(plain, -99) >= 8 - 1e-6, (g.name, g.start)
            last[plain] = g.end
        assert sum(g.end - g.start for g in hands(performance)) <= performance.duration * BUSY + 1e-6
        assert len(last) >= 6, "and there is variety"


def test_eyes_look_away_only_while_hands_rest() -> None:
    performance = acted(*[line("and then there is something that we say for a while in calm", "proof")] * 4)
    looks = [g for g in performance.gestures if g.name.startswith("look_") and g.name in HEAD_ONLY]
    assert looks
    assert not any(g.start < look.end and look.start < g.end for g in hands(performance) for look in looks)


def test_twins_are_mirrored() -> None:
    moves = twins(shared().gestures)
    right, left = moves["point_up"].keys[0].pose, moves["point_up_left"].keys[0].pose
    assert left["left.upper"] == right["right.upper"]
    assert left["head.tilt"] == -float(right["head.tilt"])
    assert moves["present_left"].keys[0].put["left"] == moves["present_right"].keys[0].put["right"]
    assert moves["tap_left"].reach == "left"
