"""What a run is to make, and how far it is: jobs from the catalog, each clip's progress, how it ended."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeVar

from pydantic import Field, model_validator

from localize import account, hosts, kit, products
from localize.campaign import Campaign
from localize.domain import Clip, Finding, Item, Model, Product, Receipt, Reject, SourceVideo, Usage
from localize.errors import UserError
from localize.mistakes import hint
from localize.products import sources
from localize.store import Artifact

EARLIER = "earlier"  # in an outcome's `paid`: what a version that did not note the stages was asked for

Of = TypeVar("Of", bound=Item, covariant=True)
Hold = Callable[[str], AbstractContextManager[object]]  # entered around what needs something scarce: "encode", "gpu"


@dataclass(frozen=True)
class Task(Generic[Of]):
    """One clip to be: a product in a language, or a video dubbed into it."""

    product: Of
    language: str

    @property
    def name(self) -> str:
        return f"{self.language} · {self.product.sku}"


Job = Task[Product]
Dub = Task[SourceVideo]


@dataclass(frozen=True)
class Plan(Generic[Of]):
    """What a run will do: the clips to make, and the rows that can't become one. `warnings` are of the rows, `doubts` of the hosts
    and the brand's font. `unit` is what `rows` counts: a catalog's rows, or videos where there is no catalog."""

    jobs: tuple[Task[Of], ...]
    rejects: tuple[Reject, ...]
    warnings: tuple[Finding, ...]
    rows: int
    doubts: tuple[str, ...] = ()
    unit: Literal["row", "video"] = "row"


class Missing(UserError):
    """Products or videos were asked for by name, and there are none of these `names` (any more)."""

    def __init__(self, message: str, names: Sequence[str]) -> None:
        super().__init__(message)
        self.names = tuple(names)


class Outcome(Model):
    """How a clip ended. `code` is the exit code its end would have alone; `stage` is where it stopped. One that is `left` was not begun:
    the night's budget is used up. `usage` is what models were asked for it by all its tries, `paid` the same by stage. `new` tells that the
    run has made the clip, in whichever try, and whatever became of its posts."""

    sku: str
    language: str
    title: str
    state: Literal["made", "reused", "blocked", "failed", "left"]
    code: int = 0
    stage: str = ""
    message: str = ""
    clip: Clip | None = None
    receipts: tuple[Receipt, ...] = ()
    spoken: int = 0
    lines: int = 0
    seconds: dict[str, float] = Field(default_factory=dict)
    engines: dict[str, str] = Field(default_factory=dict)
    keys: tuple[str, ...] = ()
    usage: Usage = Usage()
    paid: dict[str, Usage] = Field(default_factory=dict)
    new: bool = False

    @model_validator(mode="before")
    @classmethod
    def _keeps_what_earlier_versions_noted(cls, given: Any) -> Any:
        """They noted no `paid`: what was asked for stands under `earlier`, as the next try adds to `paid` alone."""
        if isinstance(given, dict) and not given.get("paid") and (usage := Usage.model_validate(given.get("usage", {}))).requests:
            return given | {"paid": {EARLIER: usage}}
        return given


@dataclass
class Progress:
    """How far a clip is. `at` is the stage in hand; `tell` is called at each stage's start. `paid` is what models were asked
    for it, by stage, `findings` what was seen of its words, `origins` where its texts came from."""

    tell: Callable[[str], None] = lambda stage: None
    at: str = "plan"
    made: Counter[str] = field(default_factory=Counter)
    keys: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    paid: dict[str, Usage] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    origins: dict[str, str] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        self.at = name
        self.tell(name)
        start = time.monotonic()
        with account.opened() as spent:
            try:
                yield
            finally:  # what was paid for is told of a stage that failed, too
                if spent.usage.requests:
                    self.paid[name] = self.paid.get(name, Usage()) + spent.usage
        self.seconds[name] = round(self.seconds.get(name, 0.0) + time.monotonic() - start, 3)

    @property
    def usage(self) -> Usage:
        """What models were asked for it over all stages."""
        return sum(self.paid.values(), Usage())

    def count(self, stage: str, artifact: Artifact) -> Artifact:
        self.keys.append(artifact.key)
        if not artifact.reused:
            self.made[stage] += 1
        return artifact


def plan(campaign: Campaign, *, only: Sequence[str] = (), limit: int = 0) -> Plan[Product]:
    """Read the catalog and list the clips to make: catalog order, every language that a channel shows the product in.

    `only` are SKUs, `limit` is a number of products (0: all). Raises UserError for a catalog that can't be read, and Missing for SKUs
    that are not in it.
    """
    chosen: list[Product] = []
    rejects: list[Reject] = []
    warnings: list[Finding] = []
    known: set[str] = set()
    skipped: list[products.Skipped] = []
    reading = products.open_catalog(campaign.catalog_files(), campaign.asked())
    for outcome in reading:
        if isinstance(outcome, (Product, Reject)) and only:
            known.add(outcome.sku)
            if outcome.sku not in only:
                continue
        if isinstance(outcome, Product):
            if limit and len(chosen) >= limit:
                continue
            seen, findings = products.look(outcome)
            warnings.extend(findings)
            chosen.append(seen) if isinstance(seen, Product) else rejects.append(seen)
        elif isinstance(outcome, Reject):
            rejects.append(outcome)
        elif isinstance(outcome, Finding):
            warnings.append(outcome)
        else:
            skipped.append(outcome)
    if missing := [sku for sku in only if sku not in known]:
        raise Missing(f"{sources.shown(campaign.catalog)} has no product {missing[0]!r}.{hint(missing[0], sorted(known))}", missing)
    if not chosen and not rejects:
        raise UserError(products.nothing(reading, skipped))
    jobs = [Job(p, code) for p in chosen for code in campaign.languages if campaign.channels_for(p.sku, code)]
    doubts = (*hosts.doubts(campaign), *kit.doubts(campaign.brand, campaign.languages))
    return Plan(tuple(jobs), tuple(rejects), tuple(warnings), reading.account.rows, doubts)
