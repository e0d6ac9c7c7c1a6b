"""How two hosts share a script: who says what, what one asks or answers the other, and how long one may go on alone.

A form only deals out what a script says anyway and puts short replies between, so that facts are said as for one host.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby, pairwise
from typing import get_args

from localize import pace
from localize.domain import Line, Role
from localize.script import Brief, Form
from localize.script.phrases import pick

FORMS: tuple[Form, ...] = get_args(Form)
VERSION = "1"
MOST_ON_END = 3  # Lines that one host may say before the other is heard
ASIDE = 3.0  # s that a reply takes at most: a model is asked for one or two, and what tells of the thing itself takes longer
_ASIDE_ROLES: tuple[Role, ...] = ("problem", "feature", "proof")


@dataclass(frozen=True)
class Shares:
    """Who says what in a form: the hosts of slots (the first host says the others), those of the features and of the description's
    sentences in their order (over again from the start), and the other host's reply `before` or `after` a slot."""

    hosts: Mapping[str, int]
    features: tuple[int, ...]
    sentences: tuple[int, ...]
    before: Mapping[str, str]
    after: Mapping[str, str] = field(default_factory=dict)

    def host(self, slot: str, n: int) -> int:
        """Who says a slot, of features and sentences the one of index `n`."""
        if slot.startswith("feature"):
            return self.features[n % len(self.features)]
        if slot == "description":
            return self.sentences[n % len(self.sentences)]
        return self.hosts.get(slot, 0)


_LATER = ("feature_2", "feature_3", "feature_more")
_PRICE = {"price": "ask_price", "was": "ask_price"}

SHARES: dict[Form, Shares] = {
    # The first host shows, the second asks what a buyer would.
    "questions": Shares(
        hosts={"problem": 1, "look": 1, "saving": 1, "ask": 1},
        features=(0,),
        sentences=(0, 1),
        before={"feature_1": "open", **dict.fromkeys(_LATER, "more"), "proof": "ask_proof", **_PRICE, "cta": "close"},
    ),
    # The second host has something to say to all of it.
    "banter": Shares(
        hosts={"look": 1, "saving": 1, "ask": 1, "cta": 1},
        features=(0,),
        sentences=(0, 1),
        before={"feature_1": "open", **_PRICE, "cta": "close"},
        after={"problem": "relate", "feature_1": "react", **dict.fromkeys(_LATER, "react")},
    ),
    # Both show, and hand over to each other.
    "relay": Shares(
        hosts={"audience": 1, "price": 1, "was": 1, "now": 1, "recall": 1, "follow": 1},
        features=(1, 0),
        sentences=(0, 1),
        before={"feature_1": "open", **dict.fromkeys(_LATER, "pass"), **_PRICE, "cta": "close"},
    ),
}


def form_of(brief: Brief, sku: str) -> Form:
    """The form of a product's dialogue: the one that is asked for, or what the SKU picks."""
    return brief.dialogue or FORMS[pick(sku, "dialogue", len(FORMS))]


def alone(hosts: Sequence[int]) -> range | None:
    """The first Lines that one host says too many of on end, as their indices; None where both take turns."""
    at = 0
    for _, run in groupby(hosts):
        count = len(list(run))
        if count > MOST_ON_END:
            return range(at, at + count)
        at += count
    return None


def one_sided(lines: Sequence[Line]) -> list[str]:
    """What is wrong with how two hosts share these Lines, in words that a model can mend it by."""
    hosts = [line.host for line in lines]
    problems = [f"Host {host} says nothing: both hosts must speak." for host in (0, 1) if lines and host not in hosts]
    if not problems and (run := alone(hosts)):
        problems.append(
            f"Host {hosts[run.start]} says lines {run.start + 1} to {run.stop}: after {MOST_ON_END} lines the other must speak."
        )
    return problems


def shown_on(lines: Sequence[Line], replies: Sequence[bool]) -> list[Line]:
    """The Lines, with each reply on the picture of the feature that is spoken of before it: a question is no reason to cut."""
    shown: list[Line] = []
    for line, reply in zip(lines, replies, strict=True):
        before = shown[-1].feature if shown else None
        shown.append(line.model_copy(update={"feature": before}) if reply and before is not None else line)
    return shown


def asides(lines: Sequence[Line], language: str) -> list[Line]:
    """A model's Lines with its replies shown as the templates show theirs: on the picture before them, and without the role of a
    feature, which brings a sound. A reply is what the other host says shortly about no feature: a model does not mark it."""
    replies = [False]
    for before, line in pairwise(lines):
        other = line.host != before.host and line.feature is None and line.role in _ASIDE_ROLES
        replies.append(other and pace.seconds(line.text, language) <= ASIDE)
    shown = shown_on(lines, replies)
    return [
        line.model_copy(update={"role": "problem"}) if reply and line.role == "feature" else line
        for line, reply in zip(shown, replies, strict=True)
    ]
