"""The vocabulary of the product: frozen models that every stage takes and gives.

Times are seconds, pixels are of the 1080x1920 frame, paths are strings (absolute once read).
"""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

Role = Literal["hook", "problem", "feature", "proof", "price", "cta"]
Emotion = Literal["neutral", "happy", "excited", "sincere", "surprised", "sorry"]
Show = Literal["picture", "title", "feature", "price", "cta"]
Severity = Literal["block", "warn", "info"]

# Rhubarb's names for the Preston-Blair shapes: A closed lips (m b p), B teeth together (most consonants, ee),
# C open (e), D wide open (a), E rounded (o), F puckered (u w), G teeth on lip (f v), H tongue up (l), X at rest.
MouthShape = Literal["A", "B", "C", "D", "E", "F", "G", "H", "X"]

# How far each shape opens the lips, 0 closed to 1 widest. Used where a mouth must be compared with a sound's energy.
MOUTH_OPENING: dict[MouthShape, float] = {
    "X": 0.0, "A": 0.0, "B": 0.25, "G": 0.2, "F": 0.35, "H": 0.5, "C": 0.6, "E": 0.7, "D": 1.0,
}  # fmt: skip

GESTURES = (
    "rest", "welcome", "point_up", "point_down", "point_side", "count_1", "count_2", "count_3",
    "thumbs_up", "open_hands", "wave",
)  # fmt: skip


class Model(BaseModel):
    """Frozen, and refuses fields it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @classmethod
    @cache
    def _known_fields(cls) -> set[str]:
        # One set for all: a frozen model never changes its own, and its copies copy it.
        return set(cls.model_fields)

    @classmethod
    def known(cls, **fields: Any) -> Self:
        """An instance of fields that are all given and known to be valid: what pydantic's own `model_construct` makes, in a
        third of its time, for where a million are made."""
        made = cls.__new__(cls)
        set_plainly = object.__setattr__
        set_plainly(made, "__dict__", fields)
        set_plainly(made, "__pydantic_fields_set__", cls._known_fields())
        set_plainly(made, "__pydantic_extra__", None)
        set_plainly(made, "__pydantic_private__", None)
        return made


class Money(Model):
    amount: Decimal
    currency: str = Field(pattern=r"^[A-Z]{3}$", description="ISO 4217 code")


class Text(Model):
    """A product's texts in one language. Empty means: not given."""

    title: str = ""
    features: tuple[str, ...] = ()
    description: str = ""
    brand: str = ""
    proof: str = ""


class Source(Model):
    """Where a product came from: the file's name, the number of its first row as a spreadsheet shows it, and how many
    rows make it up (its variants' and pictures' rows, in every file that tells of it)."""

    file: str
    row: int
    rows: int = 1


class Item(Model):
    """What clips are made of: a product, or a video to be dubbed.

    `language` is the language of title, features, description and proof; `localized` holds the texts a seller
    gave in other languages, by language code. Pictures and footage are absolute paths or URLs (http, https, s3, data).
    """

    sku: str
    title: str
    brand: str = ""
    category: str = ""
    features: tuple[str, ...] = ()
    description: str = ""
    proof: str = ""
    images: tuple[str, ...] = ()
    footage: tuple[str, ...] = ()
    link: str = ""
    language: str = "en"
    localized: dict[str, Text] = {}
    source: Source | None = None


class Product(Item):
    """One sellable thing, as its seller describes it.

    A product with variants names what they differ in (`options`: {"Size": ("S", "M")}). Where they cost different
    sums, `price` is the lowest, `price_from` is true, and `price_to` the highest if the catalog says it.
    """

    price: Money
    price_to: Money | None = None
    price_from: bool = False
    was_price: Money | None = None
    options: dict[str, tuple[str, ...]] = {}


class SourceVideo(Item):
    """A video to be dubbed: its file on this machine, and its transcript's ("" where there is none). `sku` names what is made of it; of
    a product's footage it begins with the product's, and the texts are the product's. `language` is what it speaks, "" until it is
    heard."""

    video: str
    transcript: str = ""
    language: str = ""


class Reject(Model):
    """A catalog row that cannot become a product, and why. `rows` are those it stands for, its variants' as well. A video that stands in
    no catalog has the row 0."""

    file: str
    row: int
    sku: str = ""
    column: str
    value: str
    reason: str
    rows: int = 1

    @property
    def told(self) -> str:
        """Where it is, and why, for a seller; a reason that names the video tells where it is."""
        if self.row:
            return f"{self.file}, row {self.row}, {self.column}: {self.reason}"
        return self.reason if self.file in self.reason else f"{self.file}: {self.reason}"


class Finding(Model):
    """What a check saw. The message is for a seller; the evidence is what was measured."""

    check: str
    severity: Severity
    message: str
    evidence: dict[str, str | int | float | bool | None] = {}


class Line(Model):
    """One spoken sentence of a script.

    `text` is as a viewer reads it (prices and numbers in figures); `feature` is the index of the feature it
    speaks about, so that the picture can show the same one; `show` is what the frame shows while it is said.
    """

    role: Role
    text: str
    host: int = 0
    gesture: str = "rest"
    emotion: Emotion = "neutral"
    show: Show = "picture"
    feature: int | None = None


class Narration(Model):
    """What is spoken: ordered lines in one language, how they were written, and the texts that go with them.

    `findings` are what its writer has to say about it: why it is not the engine's that was asked, what did not fit. `sources`
    are the Lines in the language that they were translated from, one each, where they were.
    """

    language: str
    lines: tuple[Line, ...]
    text: Text
    engine: str
    variant: str = ""
    findings: tuple[Finding, ...] = ()
    sources: tuple[str, ...] = ()


class Script(Narration):
    """What sells a product: `text` is what the frame shows beside the lines.

    With `price_from` other variants cost more than `price`, and the lines and cards say so; `was_price` then is what
    that same cheapest variant did cost.
    """

    price: Money
    price_from: bool = False
    was_price: Money | None = None

    def features_shown(self) -> tuple[int, ...]:
        """The indices of the features that Lines speak of, in their order."""
        asked = (line.feature for line in self.lines if line.feature is not None)
        return tuple(dict.fromkeys(n for n in asked if n < len(self.text.features)))


class Word(Model):
    """One token of a Line as it is read on screen, and when it is heard."""

    text: str
    gap: str = ""
    start: float
    end: float


class Mouth(Model):
    """A mouth shape and when it is held."""

    shape: MouthShape
    start: float
    end: float


class Recognition(Model):
    """Whether a Line was heard as it should be said. `rate` is the share of wrong characters (th, zh) or words (vi, id, en)."""

    state: Literal["ok", "warn", "block", "not run"] = "not run"
    rate: float | None = None
    heard: str = ""
    engine: str = ""


class Speech(Model):
    """The sound of one Line: a mono WAV file, its words and its viseme track, all from the file's start.

    `cloned` tells that it is in the voice of the host's package, `timing` how the words' times were found, `tempo` how many times
    faster than spoken the sound is, `device` where a model ran, `similarity` how like the reference it sounds (a cosine; None where
    nothing measures it).
    """

    audio: str
    rate: int
    duration: float
    words: tuple[Word, ...]
    mouths: tuple[Mouth, ...]
    engine: str
    converter: str = ""
    cloned: bool = False
    device: str = ""
    timing: str = "own"
    tempo: float = 1.0
    similarity: float | None = None
    recognition: Recognition = Recognition()
    findings: tuple[Finding, ...] = ()


class Gesture(Model):
    """A movement of the body: eased in from `start`, at its peak from `peak`, back at rest by `end`.

    One that points or reaches does so at its `target`, a place in the frame, where it is given one.
    """

    name: str
    start: float
    peak: float
    end: float
    target: tuple[float, float] | None = None


class Feeling(Model):
    """An emotion held over a time."""

    emotion: Emotion
    start: float
    end: float


class Performance(Model):
    """What one host's body does over a clip of `duration` seconds. The seed moves what is idle (sway, breath).

    `origin` is the place in the frame of the top left of the host's canvas, so that it can point at other places in the frame.
    """

    duration: float
    mouths: tuple[Mouth, ...]
    gestures: tuple[Gesture, ...] = ()
    feelings: tuple[Feeling, ...] = ()
    blinks: tuple[float, ...] = ()
    origin: tuple[float, float] = (0.0, 0.0)
    seed: int = 0

    def later(self, by: float, duration: float) -> Performance:
        """The same in a clip of `duration` seconds in which all of it comes `by` seconds later."""

        def moved(event: Any) -> Any:
            return event.model_copy(update={name: getattr(event, name) + by for name in ("start", "peak", "end") if hasattr(event, name)})

        events = {name: tuple(map(moved, getattr(self, name))) for name in ("mouths", "gestures", "feelings")}
        return self.model_copy(update={**events, "blinks": tuple(t + by for t in self.blinks), "duration": duration}) if by else self


class Usage(Model):
    """What was asked of a paid or local language model: requests sent (repeated ones too), tokens, and US dollars.

    `cost` is of the calls whose prices are known; `unpriced` counts those whose are not.
    """

    requests: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: Decimal = Decimal(0)
    unpriced: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(**{name: getattr(self, name) + getattr(other, name) for name in Usage.model_fields})


class Ingredient(Model):
    """Something that others or a model made and that is in a clip: its name, what it is ("font", "music", "voice engine"), and the
    licence it may be used under."""

    name: str
    kind: str
    licence: str


class Disclosure(Model):
    """That and how AI made this clip. Every label, flag and metadata field is derived from this one object.

    `label` is the text that viewers read, `producer` and `produce_id` what GB 45438's metadata says of who made it and as what,
    `photos` whether pictures of the product that no AI made are shown. `consents` refer to those for the voices and faces of people
    (never a name), `ingredients` are all that the clip is made of and with.
    """

    label: str
    producer: str
    produce_id: str
    made: tuple[str, ...] = ("script", "voice", "presenter")
    photos: bool = True
    consents: tuple[str, ...] = ()
    ingredients: tuple[Ingredient, ...] = ()

    @property
    def is_aigc(self) -> bool:
        """The flag of platforms that ask for no more than yes or no."""
        return bool(self.made)

    def worded(self, label: str) -> Disclosure:
        """The same with another wording of the text that goes with a post; its own if none is given."""
        return self.model_copy(update={"label": label}) if label else self


def unclocked(said: Any) -> Any:
    """A shape of frame that YAML took for a time of day: 556 of an unquoted 9:16."""
    return f"{said // 60}:{said % 60}" if type(said) is int else said


class Clip(Model):
    """The finished video and what lies beside it. The sidecar holds how it was made.

    `variant` tells which picture it is; `others` are the same clip in the other pictures that its channels ask for."""

    key: str
    sku: str
    language: str
    duration: float
    video: str
    cover: str
    captions: str
    sidecar: str
    findings: tuple[Finding, ...] = ()
    variant: str = ""
    others: tuple[Clip, ...] = ()

    @property
    def blocked(self) -> tuple[Finding, ...]:
        return tuple(f for f in self.findings if f.severity == "block")

    @property
    def stopped(self) -> tuple[Finding, ...]:
        """What blocks the clip in every picture it is made in; nothing while one of them may go out."""
        clips = (self, *self.others)
        return tuple(f for clip in clips for f in clip.blocked) if all(clip.blocked for clip in clips) else ()

    def of(self, variant: Variant) -> Clip:
        """This clip in one of its pictures. Raises KeyError for one that it was not made in."""
        return {clip.variant: clip for clip in (self, *self.others)}[variant.name]


class Channel(Model):
    """A place to publish: a platform, an account on it and the market it sells to. `kind` is the publisher that takes clips there.

    Without `languages` it takes every language of the campaign, without `only` (SKUs) every product. `layout` and `aspect` are those of
    the campaign's `video` if they are not given; `branding` says whether clips show the brand's logo and name (`auto`: where the
    platform allows it). Posts go out in the hours of `window` ("19:00-23:00", "" for always) of `timezone` ("" for the market's), at
    most `daily` of them a day (0: no limit). `hashtags` stand before the post's own, `disclosure` in place of the AI label in its text.
    `again` says whether a product that the account has shown in a language is posted again once its clip is another. `options` are the
    publisher's own.
    """

    name: str
    kind: str = "folder"
    platform: Literal["tiktok", "douyin", "weibo", "any"] = "any"
    account: str = ""
    market: str = ""
    languages: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    layout: str = ""
    aspect: Annotated[Literal["", "9:16", "4:5", "1:1", "16:9"], BeforeValidator(unclocked)] = ""
    branding: Annotated[Literal["auto", "yes", "no"], BeforeValidator(lambda said: {True: "yes", False: "no"}.get(said, said))] = "auto"
    window: str = ""
    timezone: str = ""
    daily: int = Field(default=0, ge=0)
    privacy: Literal["public", "friends", "followers", "private"] = "public"
    hashtags: tuple[str, ...] = ()
    disclosure: str = ""
    again: Literal["never", "changed"] = "never"
    options: dict[str, Any] = Field(default_factory=dict)

    @property
    def place(self) -> str:
        """What makes two channels the same place, whatever they are called and whoever posts for them: one clip is posted there once.
        In folders and buckets an account says only whose key opens them."""
        if self.kind in ("folder", "s3"):
            return f"{self.kind}/{self.name}"
        return f"{self.kind if self.platform == 'any' else self.platform}/{self.account or self.name}"


class Variant(Model):
    """What tells one picture of a clip from another: its layout, the shape of its frame, and whether it shows the brand."""

    layout: str
    aspect: Literal["9:16", "4:5", "1:1", "16:9"] = "9:16"
    branded: bool = True

    @property
    def name(self) -> str:
        return f"{self.layout} {self.aspect}{'' if self.branded else ', without the brand'}"


class Post(Model):
    """The text that goes with a clip on one channel."""

    title: str
    body: str = ""
    hashtags: tuple[str, ...] = ()


class Receipt(Model):
    """What became of a post. `planned`: it waits for its hour or a free place in the day; `processing`: the platform has it and is not
    done; `held`: nobody can tell whether it is out, so a person must look. `where` is an address or a path, `post_id` the platform's."""

    channel: str
    clip_key: str
    state: Literal["planned", "processing", "published", "failed", "held"]
    where: str = ""
    reason: str = ""
    post_id: str = ""
