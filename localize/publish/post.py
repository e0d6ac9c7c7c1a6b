"""The text that goes with a clip: its title, what it says, hashtags, within what the platform takes.

What a platform takes is data (`assets/platforms/<platform>.yaml`), and so are the hashtags of a category
(`assets/phrases/hashtags.yaml`). A post says nothing that its script does not.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from itertools import accumulate
from pathlib import Path
from typing import Any, Literal

import yaml

from localize import languages
from localize.assets import ASSETS
from localize.domain import Disclosure, Model, Narration, Post, Product, Role, Script
from localize.errors import UserError
from localize.languages.signs import is_latin

PLATFORMS = ASSETS / "platforms"
PHRASES = ASSETS / "phrases"

Unit = Literal["utf16", "chars", "bytes"]

MARK = "…"
FEATURE_CHARS = 80  # a longer feature is a paragraph: the post then has the sentence that the script made of it
OPENING = 3  # sentences of a video's that its post begins with
TITLE_CHARS = 6  # a shorter head names nothing: prices then go before more of it does
TAG_CHARS = 30  # a longer hashtag is a sentence without spaces; nobody looks for it

# Chinese goes on right behind an address, so what is in a text ends with its ASCII.
_LINK = re.compile(r"(?:https?://|www\.)[!-~]+|(?<![a-z0-9.-])(?:[a-z0-9-]+\.)+[a-z]{2,}/[!-~]*", re.IGNORECASE)
_ADDRESS = re.compile(r"https?://\S+")
_OPEN, _CLOSE = "([{（【「『《〈", ")]}）】」』》〉"
_EDGE = " \u00a0,;:–—-/|&+·，、；：" + _OPEN
_SHOUT = re.compile(r"^(?:\s*(?:\[[^\]]*\]|【[^】]*】|\([^)]*\)|（[^）]*）)\s*)+")
# A title that ends in "not…" asks what it is not.
_NOT = frozenset({"ไม่", "ไร้", "không", "tidak", "tanpa", "no", "not", "non", "without", "不", "无", "没", "没有"})
# Thai vowels that are written before their consonant, and the letters that belong to the one before them.
_THAI_BEFORE, _THAI_AFTER = "เแโใไ", "ะาำๅๆฯ"


class Limit(Model):
    """How long a text may be: Unicode code points (`chars`), UTF-16 code units or bytes of UTF-8."""

    most: int
    unit: Unit


class TagRules(Model):
    """How many hashtags a post may have, and how one is written around its word."""

    most: int
    form: str


class Rules(Model):
    """What a platform takes. `title` is the limit of a title field of its own; `text` that of the text box, which holds
    the parts of `holds`, each from a new line. `headline` says which text heads the post, `declaration` what is to be ticked in the
    platform's own page for AI where its API has no field for it."""

    headline: Literal["hook", "title"]
    title: Limit | None = None
    text: Limit
    holds: tuple[Literal["title", "body", "hashtags"], ...]
    hashtags: TagRules
    links: bool
    declaration: str = ""


class _Rank(IntEnum):
    """What a line of the body is; when there is no room, the highest goes first, and of equal ones the last."""

    PRICE = 0
    OTHER_PRICE = 1  # what it was, what is saved
    CTA = 2
    LINK = 3
    FEATURE = 4
    PROOF = 5
    PROBLEM = 6
    HOOK = 7
    NAME = 8


@dataclass(frozen=True)
class _Line:
    text: str
    rank: _Rank


@cache
def rules(platform: str) -> Rules:
    """What a platform takes. Raises UserError for one that has no file."""
    known = sorted(p.stem for p in PLATFORMS.glob("*.yaml"))
    if platform not in known:
        raise UserError(f"platform {platform!r} is not one of {', '.join(known)}.")
    return Rules.model_validate(_load(PLATFORMS / f"{platform}.yaml"))


def measure(text: str, unit: Unit) -> int:
    """How long a text is in a unit."""
    if unit == "utf16":
        return len(text.encode("utf-16-le", "surrogatepass")) // 2
    return len(text) if unit == "chars" else len(text.encode("utf-8", "surrogatepass"))


def rendered(post: Post, platform: str) -> str:
    """What is pasted into the platform's text box. A title with a field of its own is not in it."""
    takes = rules(platform)
    # Above the whole name, its head would only be read twice.
    twice = post.title.endswith(MARK) and post.title.removesuffix(MARK) in post.body.partition("\n")[0]
    parts = {"title": "" if twice else post.title, "body": post.body, "hashtags": " ".join(post.hashtags)}
    return "\n".join(parts[name] for name in takes.holds if parts[name])


def write(product: Product, script: Script, disclosure: Disclosure, platform: str = "any", hashtags: Sequence[str] = ()) -> Post:
    """The post of a clip, from its own script, within what the platform takes. `hashtags` are the channel's, and the first to stay.

    Its body ends with the AI disclosure, as every copy of the clip must carry it. Sentences with a price are the script's,
    unchanged: there whole or not at all.
    """
    takes = rules(platform)
    title = _headline(product, script, takes)
    lines = [line for line in _lines(product, script, title, takes) if line.text]
    if not takes.links:
        lines = [line for line in lines if line.rank <= _Rank.OTHER_PRICE or not _LINK.search(line.text)]
    tags = _hashtags(product, script, takes.hashtags, hashtags)
    return _fitted(Post(title=title, hashtags=tags), lines, disclosure.label, script.language, platform)


def narrate(said: Narration, disclosure: Disclosure, platform: str = "any", hashtags: Sequence[str] = ()) -> Post:
    """The post of a video that tells of no price: its title and how it begins, within what the platform takes. `hashtags` are the
    channel's. Its body ends with the AI disclosure."""
    takes = rules(platform)
    title, lines = _clean(said.text.title), [_Line(_clean(line.text), _Rank.FEATURE) for line in said.lines[:OPENING]]
    if not takes.links:
        title, lines = _clean(_LINK.sub("", title)), [line for line in lines if not _LINK.search(line.text)]
    if takes.title is not None:
        title = _cut(title, said.language, takes.title.most, takes.title.unit)
    tags = {tag.casefold(): tag for word in hashtags if (tag := _tag(word.strip("#＃ ")))}
    shown = tuple(takes.hashtags.form.format(tag) for tag in list(tags.values())[: takes.hashtags.most])
    return _fitted(Post(title=title, hashtags=shown), [line for line in lines if line.text], disclosure.label, said.language, platform)


# Fitting -------------------------------------------------------------------------------------------------------------


def _fitted(post: Post, lines: list[_Line], label: str, language: str, platform: str) -> Post:
    """The post with as much as there is room for. What goes first: hashtags from the end, lines by their rank; then the
    title is shortened. The lines with prices go only if they do not fit under any title, the label never."""
    limit, holds = rules(platform).text, rules(platform).holds
    while True:
        post = post.model_copy(update={"body": "\n".join([*(line.text for line in lines), label])})
        over = measure(rendered(post, platform), limit.unit) - limit.most
        if over <= 0:
            return post
        if post.hashtags:
            post = post.model_copy(update={"hashtags": post.hashtags[:-1]})
        elif any(line.rank > _Rank.OTHER_PRICE for line in lines):
            lines = _without_least(lines)
        else:
            room = measure(post.title, limit.unit) - over
            title = _cut(post.title, language, room, limit.unit) if "title" in holds else ""
            if lines and len(title) < TITLE_CHARS:
                freed = sum(measure(line.text + "\n", limit.unit) for line in lines)
                roomy = _cut(post.title, language, room + freed, limit.unit) if "title" in holds else ""
                if title and len(roomy) < TITLE_CHARS:  # a title that can't be cut well is short in any room: prices stay
                    post = post.model_copy(update={"title": title})
                    continue
                lines = _without_least(lines)
            elif title:
                post = post.model_copy(update={"title": title})
            else:  # a label that leaves no room for any of it
                return post.model_copy(update={"title": ""}) if "title" in holds else post


def _without_least(lines: list[_Line]) -> list[_Line]:
    """The lines without the one that matters least. The last ones go together: of several prices one alone may mislead."""
    least = max(range(len(lines)), key=lambda i: (lines[i].rank, i))
    return [] if lines[least].rank == _Rank.PRICE else lines[:least] + lines[least + 1 :]


def _cut(text: str, language: str, most: int, unit: Unit) -> str:
    """The first words of a text and an ellipsis, at most `most` units; the text itself if it fits, "" if nothing does.

    Only a first word that alone is too long is cut inside, between what a reader sees as characters.
    """

    def fits(head: str) -> bool:
        return measure(head.rstrip(_EDGE) + MARK, unit) <= most

    if measure(text, unit) <= most:
        return text
    tokens = languages.get(language).read(text)
    heads = list(accumulate(token.text + token.gap for token in tokens))[:-1]
    short = [(head, token.text) for head, token in zip(heads, tokens, strict=False) if fits(head)]
    whole = [head for head, last in short if last.casefold() not in _dangling(language) and not _is_open(head)]
    if short and (not whole or len(whole[-1]) < TITLE_CHARS <= len(short[-1][0])):  # better cut badly than to nothing
        whole = [head for head, _ in short]
    found = whole or [head for head in _clusters(tokens[0].text if tokens else "") if fits(head)]
    head = found[-1].rstrip(_EDGE) if found else ""
    return head + MARK if head else ""


def _is_open(head: str) -> bool:
    """Whether a bracket of a head was not closed."""
    return sum(head.count(c) for c in _OPEN) > sum(head.count(c) for c in _CLOSE)


def _clusters(word: str) -> Iterator[str]:
    """The heads of a word that end between two characters as a reader sees them."""
    flags = 0
    for i in range(1, len(word)):
        flags = flags + 1 if _is_flag(word[i - 1]) else 0
        if not _belongs(word[i - 1], word[i]) and not (flags % 2 and _is_flag(word[i])):
            yield word[:i]


def _belongs(a: str, b: str) -> bool:
    """Whether `b` belongs to the character `a` before it: marks, joined emoji, skin tones, Korean syllables, conjuncts of
    Indic scripts, and the Thai vowels that stand beside their consonant."""
    if unicodedata.category(b)[0] == "M" or unicodedata.category(b) == "Cf" or "\U0001f3fb" <= b <= "\U0001f3ff":
        return True
    if b in _THAI_AFTER + "\u0eb0\u0eb2\u0eb3\uff9e\uff9f" or "\u1160" <= b <= "\u11ff" or "\ud7b0" <= b <= "\ud7ff":
        return True
    if a in _THAI_BEFORE or unicodedata.category(a) == "Cf" or unicodedata.combining(a) == 9:
        return True
    return "\u1100" <= a <= "\u115f" and unicodedata.name(b, "").startswith("HANGUL")


def _is_flag(c: str) -> bool:
    """One of the letters that make a flag in pairs."""
    return "\U0001f1e6" <= c <= "\U0001f1ff"


# What it says --------------------------------------------------------------------------------------------------------


def _headline(product: Product, script: Script, takes: Rules) -> str:
    """What heads the post: the script's hook or the product's name, as the platform likes it, within its title field."""
    candidates = [_name(product, script)]
    if takes.headline == "hook":
        candidates.insert(0, _said(script, "hook"))
    if not takes.links:
        candidates = [_clean(_LINK.sub("", text)) for text in candidates]
    headline = next(filter(None, candidates), "")
    if takes.title is None or measure(headline, takes.title.unit) <= takes.title.most:
        return headline
    # What shops write in brackets before a name ([Official shop]) is not what a short title should be left with.
    return _cut(_SHOUT.sub("", headline) or headline, script.language, takes.title.most, takes.title.unit)


def _lines(product: Product, script: Script, headline: str, takes: Rules) -> Iterator[_Line]:
    """The body's lines without the disclosure, in their order."""
    # Under a title that stands elsewhere, the text needs an opening of its own.
    hook = _said(script, "hook") if takes.headline == "title" and "title" not in takes.holds else ""
    yield _Line(hook, _Rank.HOOK)
    name = _name(product, script)
    if name.casefold() not in f"{headline}\n{hook}".casefold():
        yield _Line(name, _Rank.NAME)
    yield _Line(_said(script, "problem"), _Rank.PROBLEM)
    for feature in _features(script):
        yield _Line(f"• {feature}", _Rank.FEATURE)
    yield _Line(_said(script, "proof"), _Rank.PROOF)
    yield from _prices(script)
    # The last one tells how to buy; those before it ask for comments and followers.
    yield _Line(_said(script, "cta", which=-1), _Rank.CTA)
    if takes.links and _ADDRESS.fullmatch(_clean(product.link)):
        yield _Line(_clean(product.link), _Rank.LINK)


def _said(script: Script, role: Role, which: int = 0) -> str:
    """The first (or `which`) sentence of a role, "" if there is none."""
    said = [text for line in script.lines if line.role == role and (text := _clean(line.text))]
    return said[which] if said else ""


def _name(product: Product, script: Script) -> str:
    return _clean(script.text.title) or _clean(product.title)


def _features(script: Script) -> list[str]:
    """The features that the script speaks of, in the seller's own short words. A script that does not say which ones they
    are has its sentences in the post."""
    found = []
    for index in script.features_shown():
        written = _clean(script.text.features[index])
        spoken = next(_clean(line.text) for line in script.lines if line.feature == index)
        found.append(written if len(written) <= FEATURE_CHARS else spoken)
    found = found or [_clean(line.text) for line in script.lines if line.role == "feature"]
    return [text for text in dict.fromkeys(found) if text]


def _prices(script: Script) -> Iterator[_Line]:
    """The script's sentences with prices. A voice repeats the price to be remembered; a text need not."""
    said = list(dict.fromkeys(_clean(line.text) for line in script.lines if line.role == "price"))
    price = re.escape(languages.get(script.language).price(script.price))
    # ¥12 is not in ¥129, nor 90 ₫ in 190 ₫.
    alone = re.compile(rf"(?<!\d)(?<!\d[.,]){price}(?![.,]?\d)")
    main = next((text for text in said if alone.search(text)), None)
    for text in said:
        if main is None or text == main:
            yield _Line(text, _Rank.PRICE)
        elif not alone.search(text):
            yield _Line(text, _Rank.OTHER_PRICE)


def _clean(text: str) -> str:
    """A text on one line, without control characters and halves of characters. Spaces inside prices stay what they are."""
    kinds = ((c, unicodedata.category(c)) for c in text)
    kept = "".join(" " if kind in ("Cc", "Zl", "Zp") else c for c, kind in kinds if kind != "Cs")
    return re.sub(" {2,}", " ", kept).strip()


# Hashtags ------------------------------------------------------------------------------------------------------------


def _hashtags(product: Product, script: Script, takes: TagRules, own: Sequence[str] = ()) -> tuple[str, ...]:
    """The channel's own, the brand, the category in the seller's words, then the topics of its group: each once, as many as are taken."""
    brand = script.text.brand or product.brand
    words = [brand if not languages.get(script.language).foreign(brand) else "", _category(product, script.language), *_topics(script)]
    tags = {tag.casefold(): tag for word in own if (tag := _tag(word.strip("#＃ ")))}
    for tag in filter(_is_telling, map(_tag, words)):
        tags.setdefault(tag.casefold(), tag)
    return tuple(takes.form.format(tag) for tag in list(tags.values())[: takes.most])


def _topics(script: Script) -> tuple[str, ...]:
    """The topics of the script's group, which its variant begins with."""
    by_group = _phrases()["tags"].get(script.language, {})
    return tuple(by_group.get(script.variant.partition("-")[0]) or by_group.get("general", ()))


def _category(product: Product, language: str) -> str:
    """The last part of the product's category (Home > Kitchen > Mugs) if it is in the language, else ""."""
    leaf = re.split(r"[>›»|/]", product.category)[-1]
    letters = [c for c in leaf if c.isalpha()]
    lang = languages.get(language)
    # Catalogs in Thai or Chinese often have their platform's English categories.
    own = all(map(is_latin, letters)) if is_latin(lang.endonym[0]) else not all(map(is_latin, letters))
    return leaf if own and product.language == language and not lang.foreign(leaf) else ""


def _tag(text: str) -> str:
    """One word: letters, digits and the signs written above and below letters, such as the vowels and tones of Thai."""
    kept, before = "", False
    for c in unicodedata.normalize("NFC", text):
        mark = unicodedata.category(c) in ("Mn", "Mc") and not _is_selector(c)
        # A sign whose letter was left out would land on another one.
        before = before if mark else unicodedata.category(c)[0] == "L" or c.isdecimal()
        before = before and not _is_selector(c)
        kept += c if before else ""
    return kept


def _is_selector(c: str) -> bool:
    """A sign that only chooses how the one before it looks."""
    return "\ufe00" <= c <= "\ufe0f" or "\U000e0100" <= c <= "\U000e01ef"


def _is_telling(tag: str) -> bool:
    """Whether a hashtag names something: not a number, a sentence, a cry for reach or a shelf of everything."""
    return any(c.isalpha() for c in tag) and len(tag) <= TAG_CHARS and tag.casefold() not in _useless()


@cache
def _useless() -> frozenset[str]:
    """The words that are never a hashtag, as tags."""
    words = _phrases()["spam"] + _phrases()["shelves"]
    return frozenset(_tag(word).casefold() for row in words for word in row)


# Data ----------------------------------------------------------------------------------------------------------------


@cache
def _phrases() -> dict[str, Any]:
    return _load(PHRASES / "hashtags.yaml")


@cache
def _dangling(language: str) -> frozenset[str]:
    """The words that no title may end with: those that the language's phrase file lists, and negations."""
    path = PHRASES / f"{language}.yaml"
    return _NOT | {str(word).casefold() for word in (_load(path).get("dangling", ()) if path.is_file() else ())}


def _load(path: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return loaded
