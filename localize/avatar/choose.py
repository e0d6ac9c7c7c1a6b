"""Which gesture goes with which word: from a Line's words, its role and the gesture its script asks for.

What a word means is data (assets/avatars/words/<language>.yaml), and so is what a gesture says (assets/avatars/gestures.yaml). Here they
meet: each word that calls one is a Wish, the strongest wishes are granted first, and none shows again what was shown a moment ago.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

from localize import yamls
from localize.avatar.library import FILE, shared, twin, twins
from localize.avatar.pose import Move
from localize.domain import Line, Role, Word
from localize.timeline import Spoken

Point = tuple[float, float]

WORDS = FILE.parent / "words"
FRAME_WIDTH = 1080
APART = 11.0  # s between the peaks of the same gesture: eight from where it ended to where it begins
SPACED = 1.5  # s between two peaks: hands that change faster fidget
SOONEST = 0.8  # s between what the clip is for: "follow us and tap the cart" is two places in one breath
GLUED = 5  # letters of a phrase that cannot be mistaken
FIRST_WORD = (0.35, 0.8)  # s into its Line that a gesture peaks which no word calls

# Where what is meant can be seen, by name: "thing" is the card while there is one, else the picture.
SEEN = {
    "cart": "cart", "order": "cart", "down": "cart", "tap": "cart", "follow": "follow", "up": "follow", "price": "thing", "show": "thing",
    "side": "thing", "at": "thing",
}  # fmt: skip
POINTING = {"cart": ("point_at", "tap", "show_at"), "follow": ("point_at", "tap"), "thing": ("show_at", "point_at", "point_side")}
# What is meant instead where the other host is in the way and nothing but pointing has that meaning.
INSTEAD = {"follow": ("up",), "down": ("cart", "order"), "tap": ("order", "cart"), "side": ("show",), "at": ("show",)}
# What a Line of a role means if neither its words nor its script say more.
ROLES: dict[Role, tuple[str, ...]] = {
    "hook": ("greeting", "show"), "problem": ("problem", "question"), "feature": ("show", "explain"), "proof": ("trust", "good"),
    "price": ("price", "money"), "cta": ("cart", "order"),
}  # fmt: skip
# What viewers must understand even without sound goes before what only colours a sentence.
TELLING = frozenset({"follow", "cart", "price", "sale", "free", "greeting", "thanks", "sorry", "warranty", "shipping", "half", "gift"})
ASKING = {"cart": 5.0, "order": 4.0, "down": 4.0, "follow": 4.5}  # what the clip is for, and how much it weighs at its end
VAGUE = frozenset({"open_hands", "explain", "present_right"})  # gestures that give way to any word that calls one


@dataclass(frozen=True)
class Scene:
    """Where a host stands and what is around it, in pixels of the frame: the box of its canvas, places by name, and on which side
    the other host stands, if there is one."""

    presenter: tuple[int, int, int, int] = (0, 0, 0, 0)
    places: Mapping[str, Point] = field(default_factory=dict)
    partner_left: bool | None = None  # the host's own left, which is the viewer's right
    width: int = FRAME_WIDTH  # of the frame

    @property
    def origin(self) -> Point:
        return self.presenter[0], self.presenter[1]

    def place(self, meaning: str, line: Line) -> Point | None:
        """Where to point for a meaning, if it can be pointed at here: not across the other host."""
        place = self._place(meaning, line)
        return None if place is None or self.crosses(place) else place

    def barred(self, meaning: str, line: Line) -> bool:
        """Whether what a meaning points at can be seen, but only be pointed at across the other host."""
        place = self._place(meaning, line)
        return place is not None and self.crosses(place)

    def _place(self, meaning: str, line: Line) -> Point | None:
        name = SEEN.get(meaning, "")
        return self.places.get(("card" if line.show in ("feature", "price") else "picture") if name == "thing" else name)

    def crosses(self, place: Point) -> bool:
        """Whether an arm that goes to a place would lie over the other host."""
        if self.partner_left is None:
            return False
        left, _, right, _ = self.presenter
        # Two hosts stand about as far from the frame's middle, and the middle half of a canvas is its body.
        near = self.width - (left + right) / 2 + (right - left) / 4 * (-1 if self.partner_left else 1)
        return place[0] > near if self.partner_left else place[0] < near

    def towards_partner(self, move: Move) -> bool:
        """Whether a gesture points with the arm that has the other host beside it."""
        return self.partner_left is not None and move.reach == ("left" if self.partner_left else "right")

    @property
    def roomy(self) -> bool:
        """Whether there is more room on the side of the host's right hand, the viewer's left."""
        if self.partner_left is not None:  # who waves into another's face is no partner
            return self.partner_left
        return (self.presenter[0] + self.presenter[2]) / 2 >= self.width / 2 or not self.presenter[2]

    def other_side(self, place: Point) -> bool:
        """Whether a place is on the side of the host's left hand."""
        return place[0] > (self.presenter[0] + self.presenter[2]) / 2


def fingerprint(language: str) -> str:
    """Changes whenever the words that call gestures in a language do."""
    file = WORDS / f"{language}.yaml"
    return hashlib.blake2b(file.read_bytes(), digest_size=16).hexdigest() if file.is_file() else ""


@dataclass(frozen=True)
class Wish:
    """Some gesture that could go with a moment: its options, the better first, and how much it matters."""

    peak: float
    weight: float
    options: tuple[tuple[str, Point | None], ...]
    end: float  # of what it belongs to


@dataclass(frozen=True)
class Choice:
    """A wish that is granted."""

    name: str
    peak: float
    weight: float
    end: float
    target: Point | None


@cache
def _moves() -> dict[str, Move]:
    return twins(shared().gestures)


@cache
def _calls(language: str) -> tuple[tuple[str, str], ...]:
    """Words and what they mean, the longest first; none for a language without a list."""
    file = WORDS / f"{language}.yaml"
    if not file.is_file():
        return ()
    listed: dict[str, list[str]] = yamls.read(file, "a list of words")[0]
    pairs = [(word.casefold(), meaning) for meaning, words in listed.items() for word in words]
    return tuple(sorted(pairs, key=lambda p: (-len(p[0]), p[0])))


def called(words: Sequence[Word], language: str) -> list[tuple[Word, str]]:
    """The words (the first of a phrase) that call a gesture, and what they mean. A phrase begins and ends where words do."""
    text, starts, ends = "", {}, set()
    for word in words:
        starts[len(text)] = word
        text += word.text.casefold()
        ends.add(len(text))
        text += word.gap.casefold()
    taken = [False] * (len(text) + 1)
    found: list[tuple[int, str]] = []
    for phrase, meaning in _calls(language):
        at = text.find(phrase)
        while at >= 0:
            end = at + len(phrase)
            # Thai glues particles to what they follow: a phrase that cannot be mistaken may end inside a word there.
            ended = end in ends or not text[end : end + 1].isalnum() or (len(phrase) >= GLUED and not phrase.isascii())
            if at in starts and not any(taken[at:end]) and ended:
                taken[at:end] = [True] * len(phrase)
                found.append((at, meaning))
            at = text.find(phrase, at + 1)
    return [(starts[at], meaning) for at, meaning in sorted(found)]


def choose(spoken: Sequence[Spoken], language: str, scene: Scene, seed: int) -> list[Choice]:
    """What the hands do in these Lines, in order of time. The same inputs give the same choices."""
    out: list[Choice] = []
    wishes = [wish for i, s in enumerate(spoken) for wish in _wishes(s, language, scene, seed + i)]
    for wish in sorted(wishes, key=lambda w: (-w.weight, w.peak)):
        if any(abs(c.peak - wish.peak) < (SOONEST if min(c.weight, wish.weight) >= 4 else SPACED) for c in out):
            continue
        recent = {_plain(c.name) for c in out if abs(c.peak - wish.peak) < APART}
        fresh = next(((name, target) for name, target in wish.options if _plain(name) not in recent), None)
        if fresh is not None:
            out.append(Choice(fresh[0], wish.peak, wish.weight, wish.end, fresh[1]))
    return sorted(out, key=lambda c: c.peak)


def _wishes(s: Spoken, language: str, scene: Scene, turn: int) -> Iterator[Wish]:
    """All that could be done in one Line."""
    line, said = s.line, [w for w in s.words if w.end > w.start]
    first = s.start + min(max(said[0].end - s.start if said else 0.4, FIRST_WORD[0]), FIRST_WORD[1])
    calls = called(s.words, language)
    asked = set(_moves()[line.gesture].says) if line.gesture in _moves() else set()
    asked |= {m for m, place in SEEN.items() if place in {SEEN.get(a) for a in asked} and place != "thing"}
    if line.gesture in _moves() and line.gesture != "rest":
        # Where a word says what the gesture says, that is its moment.
        word = next((w for w, meaning in calls if meaning in asked), None)
        peak = first if word is None else _stressed(word, s)
        weight = 1.0 if line.gesture in VAGUE else max([2.5, *(_weight(m, line) for m in asked if m in ASKING)])
        yield Wish(peak, weight, _asked(line, scene, turn), s.end)
    for word, meaning in calls:
        if meaning not in asked or line.gesture in VAGUE:
            yield Wish(_stressed(word, s), _weight(meaning, line), _options(meaning, line, scene, turn), s.end)
    if line.gesture == "rest" and not calls:
        meaning = ROLES[line.role][turn % len(ROLES[line.role])]
        yield Wish(first, 0.5, _options(meaning, line, scene, turn), s.end)


def _weight(meaning: str, line: Line) -> float:
    return ASKING[meaning] if meaning in ASKING and line.role == "cta" else 3.0 if meaning in TELLING else 2.0


def _stressed(word: Word, s: Spoken) -> float:
    """When a word is heard best: a little after it begins."""
    return max(s.start + 0.1, word.start + min(0.12, (word.end - word.start) / 2))


def _asked(line: Line, scene: Scene, turn: int) -> tuple[tuple[str, Point | None], ...]:
    """The gesture a script asks for, turned to what it is about, and others that say the same."""
    says = _moves()[line.gesture].says
    place = next((p for meaning in says if (p := scene.place(meaning, line)) is not None), None)
    name = line.gesture if _fits(line.gesture, _moves()[line.gesture], scene) else _twin_of(line.gesture)
    reaches = _moves()[line.gesture].reach is not None
    barred = reaches and any(scene.barred(meaning, line) for meaning in says)
    own = [_aimed(line.gesture if place else name, place, scene)] if not barred and (place is None or reaches) else []
    return (*own, *(o for meaning in says for o in _options(meaning, line, scene, turn)))


def _options(meaning: str, line: Line, scene: Scene, turn: int) -> tuple[tuple[str, Point | None], ...]:
    """The gestures for a meaning, beginning with another one each `turn`."""
    place, barred = scene.place(meaning, line), scene.barred(meaning, line)
    pointing = [_aimed(name, place, scene) for name in POINTING.get(SEEN.get(meaning, ""), ())] if place is not None else []

    def without(meaning: str) -> list[tuple[str, Point | None]]:
        # Pointing beside what is meant would mislead.
        return [(n, None) for n, m in _moves().items() if meaning in m.says and not ((place or barred) and m.reach) and _fits(n, m, scene)]

    free = without(meaning)
    if barred and not free:
        free = [option for other in INSTEAD.get(meaning, ()) for option in without(other)]
    first = turn % len(pointing) if pointing else 0
    other = turn % len(free) if free else 0
    return (*pointing[first:], *pointing[:first], *free[other:], *free[:other])


def _aimed(name: str, place: Point | None, scene: Scene) -> tuple[str, Point | None]:
    if place is None or not _moves()[name].reach:
        return name, None
    return (_twin_of(name) if scene.other_side(place) != name.endswith("_left") else name), place


def _fits(name: str, move: Move, scene: Scene) -> bool:
    """Whether a gesture's side of the frame has the room for it. One that points without a place points away from the other host."""
    return not scene.towards_partner(move) and (not move.wide or name.endswith("_left") != scene.roomy)


def _twin_of(name: str) -> str:
    """The same gesture with the other hand; the gesture itself where there is none."""
    other = twin(name)
    if name.endswith("_left"):
        plain = name.removesuffix("_left")
        other = next((n for n in (plain, f"{plain}_right") if n in _moves()), name)
    return other if other in _moves() else name


def _plain(name: str) -> str:
    return name.removesuffix("_left").removesuffix("_right")
