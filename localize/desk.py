"""The desk: a campaign's texts and scripts, from a product's row to the Lines that may be spoken.

products -> texts in the language (seller's, memory, glossary, machines) -> script (in the market's language, or in the seller's
and translated Line by Line) -> what people have corrected -> checks. Everything is an artifact in the store, as in `stages.py`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, Self, cast

from localize import checks, engines, languages, money
from localize.campaign import Campaign
from localize.checks import adlaw, translations
from localize.checks import words as word_checks
from localize.domain import Finding, Money, Product, Script, Text
from localize.errors import Blocked, NotReady
from localize.planning import Job, Progress
from localize.reviews import Reviews
from localize.script import Brief, Writer
from localize.store import LocalStore, key
from localize.translate import Hints, Translator
from localize.translate.glossary import GlossaryTranslator
from localize.translate.memory import MemoryTranslator
from localize.translate.products import Localized, localize_lines, localize_text

# Versions of what is done here to an output; the engines' fingerprints come on top.
TEXT_VERSION = "2"  # with sources and findings
SCRIPT_VERSION = "1"
PEOPLE = ("seller", "catalog", "memory", "glossary")  # origins of texts that are people's: only a machine's are read over


class Means:
    """What a campaign's words are made with, whatever they are for: its translators, engines and reviews. Safe to use from several
    threads."""

    def __init__(self, campaign: Campaign, store: LocalStore) -> None:
        self.campaign, self.store = campaign, store

    def anew(self, reviews: Reviews) -> Self:
        """The same with these reviews, which has read nothing else yet."""
        made = type(self)(self.campaign, self.store)
        made.reviews = reviews
        return made

    @cached_property
    def reviews(self) -> Reviews:
        return Reviews.load(Path(self.campaign.review.file))

    @cached_property
    def memory(self) -> MemoryTranslator | None:
        files = self.campaign.memories()
        return MemoryTranslator(files) if files else None

    @cached_property
    def glossary(self) -> GlossaryTranslator | None:
        return GlossaryTranslator(self.campaign.glossary) if self.campaign.glossary else None

    def translators(self, language: str) -> tuple[Translator, ...]:
        """Who is asked for a text in a language, in this order: the memory, the glossary, the campaign's machines.

        Raises NotReady for a machine that is named and not ready; `auto` goes without where none is."""
        people = [t for t in (self.memory, self.glossary) if t]
        asked = self.campaign.engines.translate
        if asked == "none":
            return tuple(people)
        if asked == "auto":
            try:
                return (*people, cast(Translator, self._engine("translate", "auto", language)))
            except NotReady:
                return tuple(people)
        return (
            *people,
            *(cast(Translator, self._engine("translate", n, language)) for n in ([asked] if isinstance(asked, str) else asked)),
        )

    def _engine(
        self, stage: engines.Stage, name: str, language: str, able: Callable[[engines.Card], bool] = lambda card: True
    ) -> engines.Engine:
        return engines.get(
            stage, name, language=language, allow_noncommercial=self.campaign.allow_noncommercial,
            settings=self.campaign.engines.options, able=able,
        )  # fmt: skip


class Desk(Means):
    """What the texts and scripts of a campaign share. Safe to use from several threads."""

    @cached_property
    def rates(self) -> money.Rates:
        return money.load(self.campaign.rates_file())

    def writer(self, language: str) -> Writer:
        return cast(Writer, self._engine("script", self.campaign.engines.script, language))

    def prices(self, product: Product, language: str) -> tuple[Money, Money | None]:
        """The price and former price in the money of the language's market."""
        to, charm = languages.get(language).currency, self.campaign.money.charm
        return money.convert_pair(product.price, product.was_price, to, self.rates, charm=charm)

    def texts(self, job: Job, progress: Progress) -> Localized:
        """The product's texts in the job's language, where each came from, and what is doubtful. Raises NotReady naming what is
        missing."""
        product, asked = job.product, self.translators(job.language)
        long = self.campaign.script.seconds == 60  # only the long scripts use the description
        hints = self.hints(product, job.language)
        # Only what a translator may see: another price, picture or row number, another language's text, leaves the texts as they are.
        given = product.localized.get(job.language, Text())
        own = (product.title, *product.features, product.proof, *((product.description,) if long else ()))
        said = (product.sku, product.title, product.brand, product.features, product.proof, product.description if long else "", given)
        name = key(
            "text", TEXT_VERSION, checks.words_fingerprint(), said, product.language, job.language, vars(hints),
            said_by(asked, own, product.language, job.language), self.campaign.translation.back,
        )  # fmt: skip

        def build(folder: Path) -> None:
            made = localize_text(
                product, job.language, asked, description=long, hints=hints, judge=self._translation_judge(job, hints),
                back=self.campaign.translation.back, how=self._how_to_translate,
            )  # fmt: skip
            findings = [f.model_dump(mode="json") for f in made.findings]
            write_json(
                folder / "text.json",
                {"text": made.text.model_dump(mode="json"), "origins": made.origins, "sources": made.sources, "findings": findings},
            )

        made = read_json(progress.count("text", self.store.make(name, build)).folder / "text.json")
        findings = tuple(Finding.model_validate(f) for f in made["findings"])
        progress.findings += findings
        progress.origins = made["origins"]
        return Localized(Text.model_validate(made["text"]), made["origins"], made["sources"], findings)

    def translated(self, job: Job) -> dict[str, str]:
        """The texts of a product in the seller's language that are translated, by field."""
        p = job.product
        single = {"title": p.title, "description": p.description, "proof": p.proof}
        return {field: text for field, text in (single | {f"features.{n}": t for n, t in enumerate(p.features)}).items() if text}

    def spoken_in(self, job: Job) -> str:
        """The language that a job is translated from."""
        return job.product.language

    def about(self, job: Job) -> str:
        """What whoever reads a job over must know of it, in a few words: its price."""
        now, was = self.prices(job.product, job.language)
        written = languages.get(job.language).price
        return f"{written(now)} (was {written(was)})" if was else written(now)

    def hints(self, product: Product, language: str) -> Hints:
        """The glossary's terms and names in a product's texts."""
        texts = (product.title, product.description, product.proof, *product.features)
        terms, keep = self.glossary.terms_in(texts, language) if self.glossary else ({}, ())
        return Hints(terms=terms, keep=(product.brand, *keep) if product.brand else keep)

    def _translation_judge(self, job: Job, hints: Hints) -> Callable[[str, str, str, float], list[Finding]]:
        def judge(source: str, target: str, field: str, seconds: float) -> list[Finding]:
            return translations.check(
                source, target, job.product.language, job.language, terms=hints.terms, keep=hints.keep, seconds=seconds,
                where=named(field),
            )  # fmt: skip

        return judge

    def _how_to_translate(self) -> str:
        """What would translate what nobody has."""
        if self.campaign.engines.translate == "none":
            return "Or let a machine translate: `engines: {translate: auto}`."
        lacks = [f"{card.name} ({lack.rstrip('.')})" for card, lack in engines.survey("translate", self.campaign.engines.options) if lack]
        return f"Or get a machine that translates ready: {'; '.join(lacks)}." if lacks else ""

    def script(self, job: Job, localized: Localized, progress: Progress) -> Script:
        """The script of a job, with what people have corrected in it. Raises Blocked with the findings of the script's checks, or
        when people are to read it over and have not."""
        script, found = self.draft(job, localized, progress)
        progress.findings += [f for f in found if f.severity != "block"]
        blocking = [f for f in found if f.severity == "block"]
        if blocking:
            raise Blocked(" ".join(f.message for f in blocking), findings=tuple(f.message for f in blocking))
        if waiting := self.waiting(job.product.sku, localized, script):
            raise Blocked(f"{waiting}: `crossreel review sheet` writes a sheet for it, `crossreel review list` says which forms are open.")
        return script

    def waiting(self, sku: str, localized: Localized, script: Script) -> str:
        """What people are still to read over of a clip, by the campaign's `review`; "" where nothing is left."""
        texts = sum(origin not in PEOPLE for origin in localized.origins.values()) if self.campaign.review.texts else 0
        lines = self.reviews.waiting(sku, script) if self.campaign.review.lines else 0
        told = [f"{texts} of {len(localized.origins)} texts"] if texts else []
        told += [f"{lines} of {len(script.lines)} lines"] if lines else []
        return f"{' and '.join(told)} wait for approval" if told else ""

    def draft(self, job: Job, localized: Localized, progress: Progress) -> tuple[Script, list[Finding]]:
        """The script of a job as it would be spoken, and everything that is to be said about it."""
        script, doubts = self.written(job, localized, progress)
        script = self.reviews.applied(job.product.sku, script)
        return script, [*script.findings, *doubts, *self._unheard(script), *self.judged(script, job.product)]

    def _unheard(self, script: Script) -> list[Finding]:
        """A host who says nothing: not every writer knows of dialogues."""
        if len(self.campaign.hosts) == len({line.host for line in script.lines}) or len(self.campaign.hosts) == 1:
            return []
        message = f"Only one of the two hosts speaks: the script engine {script.engine!r} writes for one. Name another, or one host."
        return [Finding(check="dialogue", severity="warn", message=message)]

    def written(self, job: Job, localized: Localized, progress: Progress) -> tuple[Script, list[Finding]]:
        """The script of a job before anybody corrected it, and what is doubtful about its translation."""
        p = job.product
        if self.campaign.script.written_in == "source" and p.language != job.language and p.language in languages.codes():
            return self._translated(job, localized, progress)
        return self._written(job, localized.text, job.language, progress), []

    def _written(self, job: Job, text: Text, language: str, progress: Progress) -> Script:
        """The writer's script for a job, in the language of the job or of the catalog."""
        writer, (now, was) = self.writer(language), self.prices(job.product, job.language)
        p, settings = job.product, self.campaign.script
        terms = tuple(sorted(self.hints(p, language).terms.items())) if language != p.language else ()
        genders = [host.gender for host in self.campaign.hosts]
        form = None if settings.dialogue == "auto" else settings.dialogue
        second = genders[1] if len(genders) > 1 else ""
        brief = Brief(settings.seconds, settings.style, genders[0], self._platform(job), terms, second, form)
        # Only what a writer may use: another picture or another language's text leaves the script as it is.
        own = (p.language, p.title, p.features, p.description, p.proof, p.options)  # the writer sees them, and the checks do
        seen = (p.sku, p.category, p.brand, own, text, now, was, language, brief.seen(), writer.fingerprint(), *from_mark(p))
        if brief.second:
            shared: Callable[[], str] | None = getattr(writer, "dialogue_fingerprint", None)
            seen = (*seen, shared() if shared else "")

        def build(folder: Path) -> None:
            written = writer.write(p, text, now, was, language, brief, lambda script: self.judged(script, p, job.language))
            write_json(folder / "script.json", written.model_dump(mode="json"))

        made = progress.count("script", self.store.make(key("script", SCRIPT_VERSION, checks.words_fingerprint(), seen), build))
        return Script.model_validate(read_json(made.folder / "script.json"))

    def _translated(self, job: Job, localized: Localized, progress: Progress) -> tuple[Script, list[Finding]]:
        """A script written in the seller's language and translated Line by Line, and what is doubtful about the translation."""
        p = job.product
        own = Text(title=p.title, features=p.features, description=p.description, brand=p.brand, proof=p.proof)
        written = self._written(job, own, p.language, progress)
        lines, asked = _priced_for(written, job.language), self.translators(job.language)
        hints = replace(self.hints(p, job.language), about=p.title)
        name = key(
            "lines", SCRIPT_VERSION, checks.words_fingerprint(), lines, p.language, job.language, vars(hints),
            said_by(asked, lines, p.language, job.language),
        )  # fmt: skip

        def build(folder: Path) -> None:
            said, found = localize_lines(lines, p.language, job.language, asked, hints=hints, judge=self._translation_judge(job, hints))
            write_json(folder / "lines.json", {"lines": said, "findings": [f.model_dump(mode="json") for f in found]})

        made = read_json(progress.count("lines", self.store.make(name, build)).folder / "lines.json")
        kept = localized.text.features
        spoken = tuple(
            line.model_copy(update={"text": said, "feature": line.feature if (line.feature or 0) < len(kept) else None})
            for line, said in zip(written.lines, made["lines"], strict=True)
        )
        changes = {"language": job.language, "lines": spoken, "text": localized.text, "sources": tuple(lines)}
        return written.model_copy(update=changes), [Finding.model_validate(f) for f in made["findings"]]

    def judged(self, script: Script, product: Product, market: str = "") -> list[Finding]:
        """Everything that the checks have against a script, given the row: its facts, its language, the advertising law of the
        market whose language `market` is (the script's own if not given)."""
        lines = [(f"Line {n}", line.text) for n, line in enumerate(script.lines, 1)]
        row = " \n".join((product.title, product.description, product.proof, *product.features, script.text.proof, *script.text.features))
        shown = [("The title", script.text.title), *((f"Feature {n + 1}", script.text.features[n]) for n in script.features_shown())]
        law = adlaw.check(
            [*lines, *shown], language=script.language, market=adlaw.market_of(market or script.language),
            category=f"{product.category} {product.title}", row_text=row, names=(product.brand,) if product.brand else (),
        )  # fmt: skip
        return [*word_checks.check(script, product), *law]

    def _platform(self, job: Job) -> str:
        """The platform a script may speak of: the channels' own if they all have the same, else none."""
        platforms = {c.platform for c in self.campaign.channels_for(job.product.sku, job.language)}
        return platforms.pop() if len(platforms) == 1 else "any"


def said_by(asked: Sequence[Translator], texts: Sequence[str], source: str, target: str) -> list[Any]:
    """What shapes a translation of these texts: of people's tables only what they say to them, so that a correction of one text
    leaves every other one, and what a machine made of it, as it is."""
    said: list[Any] = []
    for translator in asked:
        if translator.card.machine:
            said.append(translator.fingerprint())
        elif any(found := translator.translate(texts, source, target)):
            said.append((translator.card.name, translator.card.version, [given and given.text for given in found]))
    return said


def named(field: str) -> str:
    """A text as a finding calls it: The title, Feature 1 (of features.0), Line 2 (of line.2)."""
    name, _, index = field.partition(".")
    if not index:
        return f"The {name}"
    return f"Line {index}" if name == "line" else f"Feature {int(index) + 1}"


def _priced_for(script: Script, language: str) -> list[str]:
    """A script's Lines with its prices as another language writes them: translators are to keep amounts, not to rewrite them."""
    ours, theirs = languages.get(script.language), languages.get(language)
    pairs = [(ours.price_from(script.price), theirs.price_from(script.price))] if script.price_from else []
    pairs.append((ours.price(script.price), theirs.price(script.price)))
    if script.was_price:
        saved = script.was_price.model_copy(update={"amount": script.was_price.amount - script.price.amount})
        pairs += [(ours.price(m), theirs.price(m)) for m in (script.was_price, saved)]
    # In one pass: what was put in is not looked at again.
    written = re.compile("|".join(rf"(?<!\d){re.escape(own)}(?!\d)" for own, _ in sorted(pairs, key=lambda pair: -len(pair[0]))))
    return [written.sub(lambda found: dict(pairs)[found[0]], line.text) for line in script.lines]


def from_mark(priced: Product | Script) -> tuple[str, ...]:
    """What a "from" price adds to a key; nothing where there is none, as such clips were made before there were any."""
    return ("price_from",) if priced.price_from else ()


def write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1), encoding="utf-8")


def read_json(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found
