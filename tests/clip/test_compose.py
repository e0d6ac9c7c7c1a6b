"""A clip's frames: which shot is shown when, where its texts are, and how its cards come and go."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import combinations, pairwise
from pathlib import Path

import films
import numpy as np
import pytest

from localize.clip import layout as layouts
from localize.clip.cards import Palette
from localize.clip.compose import FADE, RISE, SLIDE, Composer, falling, shots, views
from localize.clip.footage import look
from localize.clip.layout import Box, Layout, inside
from localize.clip.render import cover_frame
from localize.domain import Line, Money, Script, Speech, Text, Word
from localize.pixels import Pixels
from localize.timeline import Timeline, lay_out

PRODUCT_ONLY, PRESENTER_RIGHT, TWO_PRESENTERS = (layouts.get(n) for n in ("product-only", "presenter-right", "two-presenters"))
FPS = 30
LINES = (
    Line(role="hook", text="a", show="title"),
    Line(role="problem", text="a", show="picture"),
    Line(role="feature", text="a", show="feature", feature=0),
    Line(role="feature", text="a", show="feature", feature=1),
    Line(role="feature", text="a", show="feature", feature=2),
    Line(role="proof", text="a", show="picture"),
    Line(role="price", text="a", show="price"),
    Line(role="cta", text="a", show="cta"),
)
SPEECH = Speech(audio="", rate=48_000, duration=1.2, words=(Word(text="a", start=0, end=1.2),), mouths=(), engine="espeak")
TEXTS = {
    "th": Text(title="หูฟังไร้สาย Lumora Air",
               features=("แบตเตอรี่ใช้ได้นาน 30 ชั่วโมง", "กันน้ำระดับ IPX5", "ชาร์จเร็วด้วย USB-C"),
               brand="Lumora"),
    "vi": Text(title="Tai nghe không dây Lumora Air",
               features=("Pin dùng liên tục 30 giờ", "Chống nước IPX5", "Sạc nhanh USB-C"), brand="Lumora"),
    "id": Text(title="Earbuds nirkabel Lumora Air",
               features=("Baterai tahan 30 jam", "Tahan air IPX5", "Isi cepat USB-C"), brand="Lumora"),
    "zh": Text(title="Lumora Air 无线耳机",
               features=("续航长达30小时", "IPX5防水", "USB-C快充"), brand="Lumora"),
    "en": Text(title="Lumora Air wireless earbuds",
               features=("30 hours of battery", "IPX5", "Fast charging by USB-C"), brand="Lumora"),
}  # fmt: skip


@dataclass(frozen=True)
class Patch:
    """A plain square as presenter or caption."""

    rgba: Pixels
    x: int
    y: int
    key: Hashable


PERSON = Patch(np.full((400, 300, 4), (200, 160, 140, 255), np.uint8), 200, 600, "person")


LAYOUTS = (PRODUCT_ONLY, PRESENTER_RIGHT, TWO_PRESENTERS)


def timeline(lines: tuple[Line, ...] = LINES) -> Timeline:
    return lay_out(lines, [SPEECH] * len(lines), FPS)


def script(language: str = "en", lines: tuple[Line, ...] = LINES, text: Text | None = None) -> Script:
    now, was = Money(amount=Decimal("449000"), currency="VND"), Money(amount=Decimal("599000"), currency="VND")
    return Script(language=language, lines=lines, text=text or TEXTS[language], price=now, was_price=was, engine="templates")


def pictures(count: int) -> list[Pixels]:
    colours = [(210, 60, 50), (50, 160, 70), (60, 80, 200), (200, 190, 60)]
    return [np.full((800, 720, 3), colours[k], np.uint8) for k in range(count)]


def composer(
    language: str = "en", count: int = 3, lines: tuple[Line, ...] = LINES, captions: Iterable[Patch] = (), text: Text | None = None,
    layout: Layout = PRESENTER_RIGHT,
) -> Composer:  # fmt: skip
    shown = tuple(captions)
    return Composer(
        layout, script(language, lines, text), timeline(lines), pictures(count), Palette("#D9482B", "#FFC145"), "",
        [lambda t: (PERSON,)] * len(layout.presenters), lambda t: shown, 180,
    )  # fmt: skip


@pytest.fixture(scope="module")
def english() -> Composer:
    return composer()


# ---- shots


def test_each_line_is_one_shot_and_they_cover_the_clip() -> None:
    made = shots(script(), timeline(), 3)
    assert len(made) == len(LINES)
    assert made[0].start == 0
    assert made[-1].end == timeline().duration
    assert all(a.end == b.start for a, b in pairwise(made))
    for shot, spoken in zip(made, timeline().spoken, strict=True):
        assert shot.start <= spoken.start < spoken.end <= shot.end


def test_a_shot_shows_the_card_its_line_asks_for() -> None:
    assert [s.card for s in shots(script(), timeline(), 3)] == [
        ("title", 0), None, ("feature", 0), ("feature", 1), ("feature", 2), None, ("price", 0), ("cta", 0),
    ]  # fmt: skip


def test_a_feature_the_product_has_not_shows_no_card() -> None:
    lines = (Line(role="feature", text="a", show="feature", feature=7), Line(role="feature", text="a", show="feature"))
    assert [s.card for s in shots(script(lines=lines), timeline(lines), 2)] == [None, None]


@pytest.mark.parametrize(
    ("count", "wanted"), [(1, [0] * 8), (2, [0, 1, 1, 0, 1, 1, 0, 0]), (3, [0, 1, 1, 2, 0, 1, 0, 0]), (5, [0, 1, 1, 2, 3, 1, 0, 0])]
)
def test_features_walk_through_the_pictures_and_the_price_returns_to_the_first(count: int, wanted: list[int]) -> None:
    assert [s.picture for s in shots(script(), timeline(), count)] == wanted


# ---- where texts are


def overlap(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
@pytest.mark.parametrize("language", TEXTS)
def test_every_text_is_in_the_safe_box_and_none_covers_another(language: str, layout: Layout) -> None:
    text = TEXTS[language]
    long = Text(title=" ".join([text.title] * 3), features=tuple(" ".join([f] * 4) for f in text.features), brand=text.brand)
    found = composer(language, 1, text=long, layout=layout).text_boxes()
    assert set(found) >= {"label", "captions", "title card 1", "feature card 1", "feature card 3", "price card 1", "cta card 1"}
    assert all(inside(box, PRESENTER_RIGHT.safe) for box in found.values()), found
    for one, other in combinations(found, 2):
        if not (one.split()[-1].isdigit() and other.split()[-1].isdigit()):  # two cards are never shown at the same time
            assert not overlap(found[one], found[other]), (one, other, found)


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
def test_no_text_reaches_into_a_face(layout: Layout) -> None:
    """Of Mali, whose head is from 350 to 590 and from 62 to 362 of her canvas."""
    heads = [(x + 350, y + 62, x + 590, y + 362) for x, y, _, _ in layout.presenters]
    boxes = composer(layout=layout).text_boxes()
    assert not [(name, head) for name, box in boxes.items() for head in heads if overlap(box, head)]


def test_two_hosts_stand_apart_and_both_are_drawn() -> None:
    made = at(composer(layout=TWO_PRESENTERS), 1.0)
    one, other = TWO_PRESENTERS.presenters
    assert other[0] - one[0] >= 622 - 318  # Mali's shoulders
    for x, y, _, _ in (one, other):
        assert np.abs(made[y + PERSON.y + 300, x + PERSON.x + 280] - luma(200, 160, 140)) <= 3


def test_a_voice_over_shows_more_of_the_picture_and_nobody() -> None:
    made = at(composer(layout=PRODUCT_ONLY), 1.0)
    assert PRODUCT_ONLY.picture[3] > PRESENTER_RIGHT.picture[3]
    assert not (np.abs(made.astype(int) - luma(200, 160, 140)) <= 1).mean() > 0.02


@pytest.mark.parametrize(("hosts", "layout"), enumerate((PRODUCT_ONLY, PRESENTER_RIGHT, TWO_PRESENTERS)))
def test_the_layout_goes_by_the_hosts_that_are_seen(hosts: int, layout: Layout) -> None:
    assert layouts.get(layouts.default(hosts)) is layout
    assert len(layout.presenters) == hosts


# ---- frames


def at(made: Composer, t: float) -> Pixels:
    """The luma plane [1920, 1080] at a time."""
    return made.frame(round(t * FPS)).y.copy()


def luma(*rgb: int) -> float:
    """BT.709 in limited range."""
    return 16 + 219 / 255 * float(np.dot((0.2126, 0.7152, 0.0722), rgb))


def test_the_same_inputs_give_the_same_frames(english: Composer) -> None:
    other = composer()
    for index in (0, 37, 90, 200, timeline().frames - 1):
        assert np.array_equal(english.frame(index).buffer, other.frame(index).buffer)
    later = english.frame(37).buffer.copy()
    english.frame(150)
    assert np.array_equal(english.frame(37).buffer, later)  # in whatever order they are asked for


def test_the_label_is_in_every_frame(english: Composer) -> None:
    left, top, right, bottom = english.text_boxes()["label"]
    for index in range(0, timeline().frames, 29):
        part = english.frame(index).y[top:bottom, left:right]
        assert (part > 220).mean() > 0.08
        assert part.min() < 120


def test_presenter_and_captions_are_drawn_where_the_layout_says() -> None:
    mark = Patch(np.full((60, 200, 4), (0, 255, 0, 255), np.uint8), 100, 40, "mark")
    seen = at(composer(captions=[mark]), 1.0)
    x, y = PRESENTER_RIGHT.presenters[0][0] + PERSON.x, PRESENTER_RIGHT.presenters[0][1] + PERSON.y
    assert np.abs(seen[y + 200 : y + 390, x + 200 : x + 290].astype(int) - luma(200, 160, 140)).max() <= 3
    x, y = PRESENTER_RIGHT.captions[0] + 100, PRESENTER_RIGHT.captions[3] - 180 + 40
    assert np.abs(seen[y + 4 : y + 56, x + 4 : x + 196].astype(int) - luma(0, 255, 0)).max() <= 3


def test_one_picture_fades_into_the_next(english: Composer) -> None:
    shot = english.shots[3]
    assert english.shots[2].picture != shot.picture
    x, y = 900, 500
    moments = (shot.start - 2 / FPS, shot.start + FADE / 2, shot.start + FADE + 2 / FPS)
    before, middle, after = (float(at(english, t)[y, x]) for t in moments)
    assert before == pytest.approx(luma(50, 160, 70), abs=3)
    assert after == pytest.approx(luma(60, 80, 200), abs=3)
    assert middle == pytest.approx((before + after) / 2, abs=12)


def paper(made: Composer, t: float, name: str = "price card 1") -> np.ndarray:
    """The rows of the card's column in which its paper is seen."""
    _, top, right, bottom = made.text_boxes()[name]
    strip = at(made, t)[top - 20 : bottom + RISE + 20, right - 28 : right - 22].astype(int)
    return np.flatnonzero(strip.mean(axis=1) > 210)


def test_a_card_slides_up_as_it_comes(english: Composer) -> None:
    start = english.shots[6].start
    seen = [paper(english, start + k / FPS) for k in range(6, round(SLIDE * FPS) + 3)]
    tops = [rows[0] for rows in seen if len(rows)]
    assert tops == sorted(tops, reverse=True)
    assert tops[0] > tops[-1]
    assert tops[-1] == pytest.approx(20, abs=4)


def test_a_card_is_whole_while_its_line_is_said_and_gone_with_it(english: Composer) -> None:
    shot, box = english.shots[6], english.text_boxes()["price card 1"]
    settled = [len(paper(english, shot.start + part * (shot.end - shot.start))) for part in (0.4, 0.6, 0.8)]
    assert min(settled) > 0.9 * (box[3] - box[1])
    assert len(paper(english, shot.start + 0.5 / FPS)) == 0


def test_the_first_card_is_whole_in_the_first_frame() -> None:
    made = composer(count=1, lines=(Line(role="price", text="a", show="price"),))
    assert len(paper(made, 0.0)) == pytest.approx(len(paper(made, 0.8)), abs=2)
    assert len(paper(made, 0.8)) > 100


def test_no_eyes_are_closed_on_the_cover() -> None:
    times = timeline(LINES)
    usual = cover_frame(times, ()) / FPS
    for begins in (usual - 0.1, usual, usual + 0.02):
        assert cover_frame(times, [9.0, begins]) / FPS >= begins + 4 / 30  # a blink has four frames
    assert cover_frame(times, [usual - 0.5, usual + 0.5]) == round(usual * FPS)


def test_a_card_that_stays_does_not_blink() -> None:
    lines = (Line(role="price", text="a", show="price"), Line(role="price", text="a", show="price"))
    made = composer(count=1, lines=lines)
    edge = made.shots[1].start
    heights = {len(paper(made, edge + k / FPS)) for k in range(-4, 5)}
    assert max(heights) - min(heights) <= 2
    assert min(heights) > 100


@pytest.mark.parametrize("line", [line for line in LINES if line.show in ("price", "cta")])
def test_the_cards_say_that_other_variants_cost_more(line: Line) -> None:
    """Over the same picture, and with the same frame but for the card."""
    plain_script = script(lines=(line,))
    shown = [
        Composer(PRESENTER_RIGHT, s, timeline((line,)), pictures(1), Palette("#D9482B", "#FFC145"), "", [lambda t: ()], lambda t: (), 180)
        for s in (plain_script, plain_script.model_copy(update={"price_from": True}))
    ]
    plain, other = (c.frame(20).y.copy() for c in shown)
    left, top, right, bottom = shown[1].text_boxes()[f"{line.show} card 1"]
    assert not np.array_equal(plain[top:bottom, left:right], other[top:bottom, left:right])
    margin = 40  # the shadow
    assert np.array_equal(plain[: top - margin], other[: top - margin])


# ---- transitions, the falling price


@pytest.mark.parametrize("how", ["cut", "fade", "slide", "wipe", "zoom"])
def test_pictures_change_as_the_layout_says(how: str) -> None:
    """Seen in the picture's upper left and right, from one colour to another."""
    layout = PRODUCT_ONLY.model_copy(update={"transitions": {"default": how}})
    made = composer(layout=layout)
    n = next(n for n in range(1, 5) if made.shots[n].picture != made.shots[n - 1].picture)
    shot = made.shots[n]
    ends = [float(at(made, t)[100, 540]) for t in (shot.start - 0.1, shot.start + FADE + 0.1)]
    assert abs(ends[0] - ends[1]) > 10
    middle = at(made, shot.start + FADE / 2)[100].astype(float)
    left, right = middle[40], middle[1040]
    old, new = ends
    wanted = {"cut": (new, new), "slide": (old, new), "wipe": (new, old)}.get(how, ((old + new) / 2,) * 2)
    assert (left, right) == pytest.approx(wanted, abs=14)


def test_the_price_falls_from_the_old_one_to_the_new() -> None:
    now, was = script().price, script().was_price
    steps = [money.amount for money in falling(script())]
    assert was is not None
    assert 5 <= len(steps) <= 11
    assert steps == sorted(steps, reverse=True)
    assert now.amount < steps[-1] < steps[0] < was.amount
    assert all(amount % 1000 == 0 for amount in steps)
    assert falling(script().model_copy(update={"was_price": None})) == []
    cents = script().model_copy(
        update={name: Money(amount=Decimal(n), currency="MYR") for name, n in (("price", "9.90"), ("was_price", "12.50"))}
    )
    assert all(money.amount == round(money.amount, 1) for money in falling(cents))


def test_a_layout_that_counts_down_shows_the_last_price_from_then_on() -> None:
    made = composer(layout=layouts.get("price-drop"))
    plain = composer(layout=layouts.get("price-drop").model_copy(update={"countdown": False}))
    shot = made.shots[6]
    early, late = shot.start + 0.6, shot.start + 1.3
    assert not np.array_equal(at(made, early), at(plain, early))
    assert np.array_equal(at(made, late), at(plain, late))


# ---- footage


def film(path: Path, colours: Sequence[tuple[int, int, int]], seconds: float) -> Path:
    """A video that shows each colour in turn, with something that moves before it."""
    count = round(seconds * 25 / len(colours))

    def frames() -> Iterator[Pixels]:
        for colour in colours:
            for k in range(count):
                frame = np.full((400, 400, 3), colour, np.uint8)
                frame[150:250, 20 + (k * 4) % 300 :][:, :60] = 250
                yield frame

    return films.film(path, frames())


@pytest.mark.heavy
def test_footage_is_shown_between_the_pictures_each_time_another_part(tmp_path: Path) -> None:
    blue, green = (30, 60, 200), (40, 160, 60)
    seen = look(film(tmp_path / "a.mp4", [blue, green], 12))
    made = Composer(
        PRODUCT_ONLY, script(), timeline(), pictures(2), Palette("#D9482B", "#FFC145"), "", [], lambda t: (), 180, [seen]
    )  # fmt: skip
    shown = [views(2, 1)[shot.picture] for shot in made.shots]
    assert shown[:5] == [("picture", 0), ("footage", 0), ("footage", 0), ("picture", 1), ("picture", 0)]
    stretches_ = [made._stretches[n][1] for n in (1, 2)]
    assert stretches_[0].end <= stretches_[1].start + 0.5 or stretches_[1].end <= stretches_[0].start + 0.5
    x, y = 960, 200
    for n in (1, 2):
        middle = (made.shots[n].start + made.shots[n].end) / 2
        assert min(abs(float(at(made, middle)[y, x]) - luma(*colour)) for colour in (blue, green)) < 6
    assert abs(float(at(made, made.shots[4].start + FADE + 0.2)[y, x]) - luma(210, 60, 50)) < 6
    again = float(at(made, (made.shots[1].start + made.shots[1].end) / 2)[y, x])
    assert min(abs(again - luma(*colour)) for colour in (blue, green)) < 6  # going back opens it again
    assert sum(key[0] == "shot" for key in made._scenes) <= 3
