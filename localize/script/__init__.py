"""Script: a product's texts in one language in, ordered Lines out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from localize.domain import Finding, Money, Product, Script, Text
from localize.engines import Engine

# What is wrong with a script, by checks that the writer itself does not know.
Judge = Callable[[Script], Sequence[Finding]]
Form = Literal["questions", "banter", "relay"]


@dataclass(frozen=True)
class Brief:
    """What a script must do: its target length in seconds, style, the speaker's gender (particles: ค่ะ or ครับ)
    and where it is shown (the call to action names the place: cart, link, shop). `terms` are glossary terms that stand in
    the product's own texts, each with what it must be called in the script's language. With a `second` gender two hosts share the
    script, in the form `dialogue` (None: as the SKU picks)."""

    seconds: int = 30
    style: str = "friendly"
    gender: str = "female"
    platform: str = "any"
    terms: tuple[tuple[str, str], ...] = ()
    second: str = ""
    dialogue: Form | None = None

    @property
    def genders(self) -> tuple[str, ...]:
        """Of the hosts, one or two."""
        return (self.gender, self.second) if self.second else (self.gender,)

    def seen(self) -> dict[str, object]:
        """What of it stands in a script's key: where one host speaks, nothing of dialogues."""
        return {name: value for name, value in vars(self).items() if self.second or name not in ("second", "dialogue")}


def no_judge(script: Script) -> Sequence[Finding]:
    """A judge that finds nothing."""
    return ()


class Writer(Engine, Protocol):
    def write(
        self, product: Product, text: Text, price: Money, was: Money | None, language: str, brief: Brief, judge: Judge = no_judge
    ) -> Script:
        """Write the script in `language` from the product's texts in that language and its prices in the market's
        money. Every number and claim in it comes from these. Where `product.price_from`, `price` and `was` are the
        cheapest variant's: the script has price_from too, says `price` only as `Language.price_from` writes it, and
        claims no saving on all variants. Deterministic for equal inputs, as far as its model is.

        `judge` tells what stops a script; a writer that can write another one does, and says in the script's `findings`
        what it could not mend. Raises UserError, NotReady, Transient."""
        ...


class Dialogues(Protocol):
    """A Writer that can share a script between two hosts: each Line has its `host`, 0 or 1, both speak, and neither alone for long."""

    def dialogue_fingerprint(self) -> str:
        """What a dialogue is made by, beyond the writer's fingerprint."""
        ...
