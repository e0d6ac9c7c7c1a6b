"""A talk's lines in another language: translated to be said in their slots, corrected by people, checked.

Sentences are asked for in order and many at once, so that each has its neighbours beside it; each line is an artifact of its own, so
that one sentence of the source that changes is one that is translated again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from localize import checks, languages, pace
from localize.checks import adlaw, translations
from localize.desk import PEOPLE, Means, read_json, said_by, write_json
from localize.domain import Finding, Item, Line, Narration, Text
from localize.dub import Slot, Talk
from localize.dub.slots import clock, shown
from localize.errors import UserError
from localize.planning import Progress
from localize.store import Artifact, key, must_be_open
from localize.translate import Hints, Translation, Translator
from localize.translate.products import softened, translated_lines, untranslated

LINE_VERSION = "1"
AT_ONCE = 20  # sentences of a request: a long talk that is stopped has lost no more
BESIDE = 2  # sentences before and after each that is asked for, told with them so that they are understood
SHORTEST = 0.5  # seconds that a translation has at least: one word, where the next sentence begins at once
REVIEW = "review"  # the origin of a line that somebody has corrected


@dataclass(frozen=True)
class _Asked:
    """What shapes a sentence's translation: not its number, nor the sentences around it."""

    text: str
    seconds: float
    hints: Hints


def draft(desk: Means, item: Item, talk: Talk, slots: Sequence[Slot], language: str, progress: Progress) -> tuple[Narration, list[Finding]]:
    """A talk as it would be spoken in a language, with what people have corrected in it, and all that the checks say about it: of its
    numbers, names, language and time, and the advertising law of the language's market. Raises as `written`."""
    before = written(desk, item, talk, slots, language, progress)
    script = desk.reviews.applied(item.sku, before)
    progress.origins |= {_part(n): REVIEW for n in range(len(script.lines)) if script.lines[n] != before.lines[n]}
    asked = _asked(desk, item, talk, slots, language)
    return script, [*script.findings, *_doubts(script, talk, asked, progress), *law(script, talk, item)]


def written(desk: Means, item: Item, talk: Talk, slots: Sequence[Slot], language: str, progress: Progress) -> Narration:
    """A talk in another language before anybody corrected it: a Line for each sentence, spoken by its speaker's host. Where each came
    from stands in `progress.origins` (line.1: memory). `item` is what the talk is of: its brand is a name, its title says what is
    spoken about.

    Raises UserError where the talk is in that language already, NotReady with the sentences that nobody could translate, and what
    the translators raise. What was translated is kept all the same.
    """
    must_differ(item, talk, language)
    asked, engines = _asked(desk, item, talk, slots, language), desk.translators(language)
    shaped = [(a, talk.language, language, said_by(engines, [a.text], talk.language, language)) for a in asked]
    names = [key("line", LINE_VERSION, checks.words_fingerprint(), shape) for shape in shaped]
    kept = {name: Artifact(name, folder, reused=True) for name in names if (folder := desk.store.find(name))}
    # What is said twice in the same time is translated once.
    missing = [n for name, n in {name: n for n, name in enumerate(names)}.items() if name not in kept]
    lacking: list[str] = []
    doubts: list[Finding] = []
    for at in range(0, len(missing), AT_ONCE):
        must_be_open()
        part = missing[at : at + AT_ONCE]
        translated, found = _translated(engines, item, talk, asked, part, language)
        doubts += found
        for n, translation in zip(part, translated, strict=True):
            if translation:
                kept[names[n]] = desk.store.make(names[n], partial(_write, translation, found, asked[n].text))
            else:
                lacking.append(asked[n].text)
    if lacking:
        raise untranslated(lacking, language, doubts)
    made = {name: read_json(progress.count("lines", kept[name]).folder / "line.json") for name in dict.fromkeys(names)}
    progress.origins |= {_part(n): made[name]["origin"] for n, name in enumerate(names)}
    lines = [
        Line(role="feature", text=made[name]["text"], host=s.speaker % len(desk.campaign.hosts))
        for name, s in zip(names, talk.sentences, strict=True)
    ]
    unused = [_of(Finding.model_validate(f), n) for n, name in enumerate(names) for f in made[name]["findings"]]
    return Narration(
        language=language, lines=tuple(lines), text=Text(), engine=", ".join(dict.fromkeys(line["origin"] for line in made.values())),
        findings=tuple(unused), sources=tuple(a.text for a in asked),
    )  # fmt: skip


def must_differ(item: Item, talk: Talk, language: str) -> None:
    """Raise UserError for a talk that is in the language it would be dubbed into."""
    if talk.language == language:
        name = languages.name(language)
        raise UserError(f"{item.sku} speaks {name} already, so there is nothing to dub: leave {language!r} out of its languages.")


def _asked(desk: Means, item: Item, talk: Talk, slots: Sequence[Slot], language: str) -> list[_Asked]:
    asked = []
    for sentence, slot in zip(talk.sentences, slots, strict=True):
        terms, keep = desk.glossary.terms_in([sentence.text], language) if desk.glossary else ({}, ())
        hints = Hints(terms=terms, keep=(item.brand, *keep) if item.brand and item.brand.casefold() in sentence.text.casefold() else keep)
        # Rounded, so that a sentence which begins a little later leaves the one before it as it is.
        seconds = round(max(slot.seconds, SHORTEST) * desk.campaign.hosts[sentence.speaker % len(desk.campaign.hosts)].pace, 1)
        asked.append(_Asked(sentence.text, seconds, hints))
    return asked


def _translated(
    engines: Sequence[Translator], item: Item, talk: Talk, asked: Sequence[_Asked], part: Sequence[int], language: str
) -> tuple[list[Translation | None], list[Finding]]:
    """The translations of a part of the sentences, None for what nobody has, and what became of others that were not used."""
    beside = sorted({n + d for n in part for d in range(-BESIDE, BESIDE + 1) if 0 <= n + d < len(asked)} - set(part))
    hints = Hints(
        terms={term: said for n in part for term, said in asked[n].hints.terms.items()},
        keep=tuple(dict.fromkeys(name for n in part for name in asked[n].hints.keep)),
        about="\n".join([item.title, *(asked[n].text for n in beside)]),
    )

    def judge(source: str, target: str, field: str, seconds: float) -> list[Finding]:
        found = translations.check(
            source, target, talk.language, language, terms=hints.terms, keep=hints.keep, seconds=seconds,
            where=f"The translation of {shown(source)}",
        )  # fmt: skip
        # Whoever is asked again counts letters, not seconds.
        short = f" Say it in at most {int(seconds * pace.letters_a_second(language))} letters."
        return [f.model_copy(update={"message": f.message + short}) if f.check == "time" else f for f in found]

    made, found = translated_lines(
        [asked[n].text for n in part], talk.language, language, engines,
        hints=hints, judge=judge, seconds=[asked[n].seconds for n in part],
    )  # fmt: skip
    # What else is found is asked anew of each line that is spoken: people may have corrected it.
    return made, [f for f in found if f.check == "translation" and "engine" in f.evidence]


def _write(translation: Translation, found: Sequence[Finding], source: str, folder: Path) -> None:
    own = [f.model_dump(mode="json") for f in found if f.evidence["source"] == source[:200]]
    write_json(folder / "line.json", {"text": translation.text, "origin": translation.origin, "findings": own})


def _doubts(script: Narration, talk: Talk, asked: Sequence[_Asked], progress: Progress) -> Iterator[Finding]:
    """What the checks have against the lines as they are to be spoken; what people wrote is never stopped by them."""
    for n, (line, a) in enumerate(zip(script.lines, asked, strict=True)):
        found = translations.check(
            a.text, line.text, talk.language, script.language, terms=a.hints.terms, keep=a.hints.keep, seconds=a.seconds,
            where=_named(n, talk),
        )  # fmt: skip
        by_people = progress.origins[_part(n)] in (*PEOPLE, REVIEW)
        yield from (_of(f, n) for f in (softened(found) if by_people else found))


def law(script: Narration, talk: Talk, item: Item) -> Iterator[Finding]:
    """What the advertising law of the language's market has against what is said, given the product's row where there is one."""
    lines = {_named(n, talk): line.text for n, line in enumerate(script.lines)}
    numbers = {where: n for n, where in enumerate(lines)}
    row = " \n".join((item.title, item.description, item.proof, *item.features))
    found = adlaw.check(
        list(lines.items()), language=script.language, market=adlaw.market_of(script.language),
        category=f"{item.category} {item.title}", row_text=row, names=(item.brand,) if item.brand else (),
    )  # fmt: skip
    yield from (_of(f, numbers[where]) if (where := str(f.evidence.get("where"))) in numbers else f for f in found)


def _named(n: int, talk: Talk) -> str:
    """A sentence as a finding calls it."""
    return f"Sentence {n + 1} at {clock(talk.sentences[n].start)}"


def _part(n: int) -> str:
    """A sentence as proofreading and `Progress.origins` call it."""
    return f"line.{n + 1}"


def _of(finding: Finding, n: int) -> Finding:
    """A finding that says which Line it is of, by a number that holds in this talk."""
    evidence = {name: value for name, value in finding.evidence.items() if name != "field"}
    return finding.model_copy(update={"evidence": {**evidence, "line": n + 1}})
