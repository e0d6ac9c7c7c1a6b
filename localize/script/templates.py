"""Scripts from phrase templates: the engine that needs nothing but the product's own texts.

`assets/phrases/<language>.yaml` holds sentences as sellers of that language say them, with places for the title,
a feature or a price. A hash of the SKU picks the variants (never the texts: rewording one text leaves every other
sentence as it was, so only one Line is spoken again), and an estimate of the spoken time picks how many are said.
Each product text is said in exactly one Line. Two hosts say the same between them, with short replies (`dialogues.py`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR
from itertools import accumulate
from typing import ClassVar

from localize import languages
from localize.domain import Emotion, Line, Money, Product, Role, Script, Show, Text
from localize.engines import Card
from localize.errors import UserError
from localize.pace import LINE_GAP, seconds
from localize.script import Brief, Judge, dialogues, no_judge
from localize.script.phrases import DIALOGUE, PHRASES, dialogue, digest, group_of, phrases
from localize.script.phrases import pick as _pick

STYLES = ("friendly",)

# What is said in one breath: wider product texts are cut for speech (the frame shows them whole).
TITLE_COLUMNS = 40
FEATURE_COLUMNS = 64
PROOF_COLUMNS = 96
DESCRIPTION_SECONDS = 5.5
DESCRIPTION_LINES = 3

# Lines up to this rank are what a script is for; they may take it a little over its target. The rest only fills.
_CORE = 5.5
_OVER = 1.14

# Seconds that a Line with a feature or a proof in the seller's words takes: a little over what they take in the demo catalog.
TYPICAL: dict[Role, float] = {"feature": 3.6, "proof": 6.0}

_EDGE = " \t\r\n,;:!?、，。；：！？-–—/|"
# A full stop ends a sentence, but a Thai one only abbreviates (มล.).
_STOP = re.compile(r"(?<![\u0e00-\u0e7f])[.…]+$")
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[^\W\d_a-z])|(?<=[。！？])|\n+")
# Where a sentence can be cut: after punctuation, at a spaced dash, before a bracket, between Thai words with a space.
_CLAUSE = re.compile(
    r"(?<=[,;:!?])\s+|(?<=[.])\s+(?=\S)|(?<=[，。；：！？、|])|\s+(?=[-–—/+|]\s)|\s*(?=[(（\[【])|(?<=[\u0e00-\u0e7f]) (?=[\u0e00-\u0e7f])"
)
_TAG = re.compile(r"^\s*(?:\[[^\]]*\]|【[^】]*】|\([^)]*\)|（[^）]*）)\s*|\s*(?:\([^)]*\)|（[^）]*）)\s*$")


@dataclass(frozen=True)
class _Slot:
    """How a kind of sentence is performed, and its rank: the lower, the sooner it is said when time is short."""

    role: Role
    rank: float
    gestures: tuple[str, ...]
    emotion: Emotion
    show: Show


_SLOTS: dict[str, _Slot] = {
    "hook": _Slot("hook", 0, ("welcome", "wave"), "excited", "title"),
    "problem": _Slot("problem", 3, ("open_hands",), "sincere", "picture"),
    "audience": _Slot("problem", 10, ("open_hands",), "happy", "picture"),
    "feature_1": _Slot("feature", 0, ("count_1",), "happy", "feature"),
    "feature_2": _Slot("feature", 1, ("count_2",), "happy", "feature"),
    "feature_3": _Slot("feature", 5, ("count_3",), "happy", "feature"),
    "feature_more": _Slot("feature", 6, ("point_side",), "happy", "feature"),
    "description": _Slot("feature", 7, ("point_side",), "sincere", "picture"),
    "look": _Slot("feature", 8, ("point_side",), "happy", "picture"),
    "proof": _Slot("proof", 4, ("thumbs_up",), "sincere", "picture"),
    "price": _Slot("price", 0, ("open_hands",), "excited", "price"),
    "was": _Slot("price", 2, ("open_hands",), "sincere", "price"),
    "now": _Slot("price", 0, ("open_hands",), "surprised", "price"),
    "saving": _Slot("price", 5.5, ("thumbs_up",), "excited", "price"),
    "recall": _Slot("price", 12, ("open_hands",), "excited", "price"),
    "ask": _Slot("cta", 9, ("open_hands",), "happy", "picture"),
    "follow": _Slot("cta", 11, ("point_up",), "happy", "title"),
    "cta": _Slot("cta", 0, ("point_down",), "excited", "cta"),
}

# Replies have no role that a card, a sound or a post goes by: they ask as a buyer would. The rank of those that have none of their
# own is a little above that of the Line they belong to.
MOST_REPLIES = 12  # of a slot that are tried
_REPLIES: dict[str, _Slot] = {
    "open": _Slot("problem", 0.5, ("open_hands",), "happy", "picture"),
    "relate": _Slot("problem", 1, ("rest",), "surprised", "picture"),
    "more": _Slot("problem", 1, ("open_hands",), "happy", "picture"),
    "react": _Slot("problem", 1, ("rest",), "surprised", "picture"),
    "pass": _Slot("problem", 1, ("open_hands",), "happy", "picture"),
    "ask_proof": _Slot("problem", 5.5, ("open_hands",), "sincere", "picture"),
    "ask_price": _Slot("problem", 0, ("open_hands",), "happy", "picture"),
    "close": _Slot("cta", 3.5, ("open_hands",), "happy", "picture"),
}


def columns(text: str) -> int:
    """How wide a text is in columns: a Chinese character takes two, a mark above or below none."""
    return sum(0 if unicodedata.category(c) in ("Mn", "Me", "Cf") else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _trim(text: str) -> str:
    return _STOP.sub("", text.strip(_EDGE)).strip(_EDGE)


def spoken(text: str, language: str, limit: int) -> str:
    """The head of a text that is at most `limit` columns, cut between clauses if one ends in time, else between words."""
    text = _trim(unicodedata.normalize("NFC", " ".join(text.split())))
    if columns(text) <= limit:
        return text
    ends = [m.start() for m in _CLAUSE.finditer(text) if limit // 3 <= columns(_trim(text[: m.start()])) <= limit]
    return _trim(text[: ends[-1]]) if ends else _head(text, language, limit) or text


def _head(text: str, language: str, limit: int) -> str:
    """The first words that fit, up to the last one that can end a name: not "Earbuds with Charging" but "Earbuds"."""
    heads = list(accumulate(token.text + token.gap for token in languages.get(language).read(text)))
    fits = [head for head in heads if columns(head.rstrip()) <= limit]
    for head, longer in reversed(list(zip(fits, heads[1:], strict=False))):
        word = _trim(longer[len(head) :]).casefold()
        if word in phrases(language).dangling and columns(head.rstrip()) >= limit // 2:
            return _trim(head)
    return _trim(fits[-1]) if fits else ""


def spoken_title(title: str, language: str, brand: str = "") -> str:
    """A title as it is said inside a sentence.

    Marketplace titles run to 120 characters of keywords: their head names the thing, without tags in brackets. One in
    sentence case begins small ("tai nghe không dây"); a brand, "LED" or Title Case stays as it is.
    """
    while (bare := _TAG.sub("", title, count=1)) != title and _trim(bare):
        title = bare
    title = spoken(title, language, TITLE_COLUMNS)
    first, _, rest = title.partition(" ")
    if first.istitle() and rest[:1].islower() and not brand.casefold().startswith(first.casefold()):
        return title[0].lower() + title[1:]
    return title


def _sayings(description: str, language: str) -> list[str]:
    """A description as sentences that can each be said in one breath: long ones are cut between their clauses."""
    said: list[str] = []
    for sentence in filter(None, (s.strip() for s in _SENTENCE.split(description))):
        piece = ""
        for clause in filter(None, _CLAUSE.split(sentence)):
            longer = f"{piece} {clause}".strip() if not piece.endswith(("，", "、", "；", "：")) else piece + clause
            if piece and seconds(longer, language) > DESCRIPTION_SECONDS:
                said.append(_trim(piece))
                longer = clause
            piece = longer
        said.append(_trim(piece))
    return [s for s in said if s]


def saving(price: Money, was: Money | None) -> tuple[Money, int] | None:
    """What is saved, as an amount and in whole percent (rounded down), or None when the old price is not higher."""
    if was is None or was.currency != price.currency or was.amount <= price.amount:
        return None
    amount = was.amount - price.amount
    percent = int((amount * 100 / was.amount).to_integral_value(ROUND_FLOOR))
    return Money(amount=amount, currency=price.currency), percent


class TemplateWriter:
    """Writes a script from the phrase files. Needs nothing, serves every language that has a file."""

    card: ClassVar[Card] = Card(
        name="templates",
        stage="script",
        about="phrase templates per language and category, written by hand",
        version="1",
        licence="Apache-2.0",
        quality=10,
        languages=tuple(sorted(p.stem for p in PHRASES.glob("??.yaml"))),
    )

    def missing(self) -> str:
        return "" if PHRASES.is_dir() else f"the phrase files are not in {PHRASES}; install crossreel with its assets."

    def fingerprint(self) -> str:
        return f"templates-{self.card.version}-{digest((*sorted(PHRASES.glob('??.yaml')), PHRASES / 'categories.yaml'))}"

    def dialogue_fingerprint(self) -> str:
        return f"{dialogues.VERSION}-{digest(sorted(DIALOGUE.glob('??.yaml')))}"

    def write(
        self, product: Product, text: Text, price: Money, was: Money | None, language: str, brief: Brief, judge: Judge = no_judge
    ) -> Script:
        """See `Writer.write`; there is no other script to write, so nobody is asked to judge.

        A product with too little to say for the asked length gives a shorter script.

        Raises UserError for a style, gender or language the phrase files do not have.
        """
        if brief.style not in STYLES:
            raise UserError(f"the script templates write style {', '.join(STYLES)}, not {brief.style!r}.")
        for gender in brief.genders:
            if gender not in phrases(language).particles:
                known = ", ".join(phrases(language).particles)
                raise UserError(f"the script templates know the genders {known}, not {gender!r}.")
        drafts = _fit(list(_Composer(product, text, price, was, language, brief).drafts()), brief.seconds, language)
        lines = dialogues.shown_on([d.line for d in drafts], [d.reply for d in drafts])
        return Script(
            language=language,
            lines=tuple(lines),
            text=text,
            price=price,
            price_from=product.price_from,
            was_price=was if saving(price, was) else None,
            engine=self.card.name,
            variant=f"{group_of(product)}-{_pick(product.sku, language, 16**6):06x}",
        )


@dataclass(frozen=True)
class _Draft:
    """A Line that could be said, and its rank: which slot's, of those that come several times the one of index `n`. A reply goes
    `beside` the next draft (1) or the one before (-1), and is not said without it."""

    rank: float
    line: Line
    slot: str
    n: int = 0
    reply: bool = False
    beside: int = 0


def _fit(drafts: Sequence[_Draft], target: float, language: str) -> list[_Draft]:
    """The drafts to say, in their order: those of rank 0, then each next one that the target has room for."""
    costs = [_room(draft.line, language) + LINE_GAP for draft in drafts]
    total = -LINE_GAP
    chosen: set[int] = set()
    for i in sorted(range(len(drafts)), key=lambda i: drafts[i].rank):
        rank = drafts[i].rank
        if drafts[i].beside and i + drafts[i].beside not in chosen:
            continue
        if rank == 0 or total + costs[i] <= target * (_OVER if rank <= _CORE else 1.0):
            chosen.add(i)
            total += costs[i]
    return _taking_turns([drafts[i] for i in sorted(chosen)])


def _taking_turns(said: list[_Draft]) -> list[_Draft]:
    """The drafts without those by which one of two hosts would go on too long, the least needed first."""
    while len({d.line.host for d in said}) > 1 and (run := dialogues.alone([d.line.host for d in said])):
        out = max(run, key=lambda i: said[i].rank)
        said = [d for i, d in enumerate(said) if i != out and i + d.beside != out]
    return said


def _room(line: Line, language: str) -> float:
    """The seconds a Line takes of the target. One that carries a feature or a proof counts as a typical one of its
    role: else mending a word in one sentence could add or drop another, and more than that sentence would be made anew."""
    return TYPICAL.get(line.role) or seconds(line.text, language)


class _Composer:
    """All the sentences that can be said about one product, in the order they would be."""

    def __init__(self, product: Product, text: Text, price: Money, was: Money | None, language: str, brief: Brief) -> None:
        self.sku, self.group, self.text, self.language, self.brief = product.sku, group_of(product), text, language, brief
        self.replied: set[str] = set()
        self.title = spoken_title(text.title, language, text.brand or product.brand)
        self.saved = saving(price, was)
        self.phrases = phrases(language)
        # Where variants cost more, "from" is said with the price, and what was saved is said of the cheapest one alone.
        self.ranged = "from" if product.price_from else ""
        speaks = languages.get(language)
        self.price = speaks.price_from(price) if self.ranged else speaks.price(price)
        self.shares = dialogues.SHARES[dialogues.form_of(brief, product.sku)] if brief.second else None
        self.pools = {**self.phrases.lines, **(dialogue(language) if self.shares else {})}
        self.words: dict[str, str] = {"price": self.price}
        if was is not None and self.saved is not None:
            self.words |= {"was": speaks.price(was), "saved": speaks.price(self.saved[0]), "percent": speaks.percent(self.saved[1])}

    def drafts(self) -> Iterator[_Draft]:
        for draft in self.told():
            if self.shares and (reply := self.shares.before.get(draft.slot)):
                yield self.reply(reply, draft, 1)
            yield draft
            if self.shares and (reply := self.shares.after.get(draft.slot)):
                yield self.reply(reply, draft, -1)

    def told(self) -> Iterator[_Draft]:
        """What one host alone would say."""
        long = self.brief.seconds >= 45
        yield self.draft("hook", title=self.title)
        yield self.draft("problem")
        if long:
            yield self.draft("problem", turn=1, rank=13)
        if long or not self.text.features:
            yield self.draft("audience")
        yield from self.features(6 if long else 3 if self.brief.seconds > 20 else 2)
        for turn, saying in enumerate(_sayings(self.text.description, self.language)[:DESCRIPTION_LINES] if long else ()):
            yield self.draft("description", group="next" if turn else "", turn=turn, n=turn, description=saying)
        if self.brief.seconds > 20:
            yield self.draft("look")
        if proof := self.text.proof.strip(_EDGE):
            yield self.draft("proof", proof=spoken(proof, self.language, PROOF_COLUMNS))
        if self.saved is None:
            yield self.draft("price", group=self.ranged)
        else:
            yield self.draft("was", group=self.ranged)
            yield self.draft("now", group=self.ranged)
            share, amount = ("from", "from_amount") if self.ranged else ("general", "amount")
            yield self.draft("saving", group=share if self.saved[1] else amount)
        if self.brief.seconds > 20:
            if long:
                yield self.draft("recall", group=self.ranged)
            yield self.draft("ask")
            yield self.draft("follow")
        yield self.draft("cta", group=self.brief.platform)

    def features(self, most: int) -> Iterator[_Draft]:
        given = [(i, f) for i, f in enumerate(self.text.features) if f.strip(_EDGE)]
        for n, (index, feature) in enumerate(given[:most], start=1):
            slot = f"feature_{n}" if n <= 3 else "feature_more"
            said = spoken(feature, self.language, FEATURE_COLUMNS)
            yield self.draft(slot, turn=max(0, n - 4), n=n - 1, index=index, feature=said)

    def draft(
        self, slot: str, *, group: str = "", turn: int = 0, n: int = 0, index: int | None = None, rank: float | None = None, **texts: str
    ) -> _Draft:
        """One sentence: the variant that the SKU picks (`turn` further, so that neighbours differ), filled in. `n` is which one it
        is of the slots that come several times."""
        if rank is None:
            rank = _SLOTS[slot].rank + turn / 10
        host = self.shares.host(slot, n) if self.shares else 0
        line = self.line(slot, _SLOTS[slot], group or self.group, turn, host, texts)
        return _Draft(rank, line.model_copy(update={"feature": index}), slot, n)

    def reply(self, slot: str, to: _Draft, beside: int) -> _Draft:
        """What the other host says before (1) or after (-1) a draft."""
        # Where to buy is asked by the second host alone: the first knows it.
        kind, group = _REPLIES[slot], "place" if self.brief.platform != "any" and not to.line.host else ""
        turns = [self.line(slot, kind, group, to.n + n, 1 - to.line.host, {}) for n in range(MOST_REPLIES)]
        line = next((line for line in turns if line.text not in self.replied), turns[0])
        self.replied.add(line.text)  # nobody says the same twice
        if not kind.rank:
            return _Draft(0, line, slot, reply=True)
        return _Draft(max(kind.rank, to.rank) + 0.01, line, slot, reply=True, beside=beside)

    def line(self, slot: str, kind: _Slot, group: str, turn: int, host: int, texts: Mapping[str, str]) -> Line:
        pools = self.pools[slot]
        own = pools.get(group, ())
        shared = pools.get("general") or pools["any"]
        pool = own + shared if slot == "hook" and self.group != "general" else own or shared
        return Line(
            role=kind.role,
            text=self.fill(pool[(_pick(self.sku, slot, len(pool)) + turn) % len(pool)], texts, host),
            host=host,
            gesture=kind.gestures[_pick(self.sku, slot + " gesture", len(kind.gestures))],
            emotion=kind.emotion,
            show=kind.show,
        )

    def fill(self, phrase: str, texts: Mapping[str, str], host: int) -> str:
        words = {**self.phrases.particles[self.brief.genders[host]], **self.words, **texts}
        # What tidying would do inside the price (¥89.9 起) is undone: its parts belong together.
        return self.tidied(phrase.format_map(words)).replace(self.tidied(self.price), self.price)

    def tidied(self, text: str) -> str:
        for pattern, replacement in self.phrases.tidy:
            text = re.sub(pattern, replacement, text)
        return text
