"""The sections of campaign.yaml: what may stand under each key, and what is checked of a value by itself."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator, model_validator

from localize import engines, languages, machine
from localize.clip import layout as layouts
from localize.clip.captions import Design
from localize.clip.cards import Corners
from localize.consent import PLATFORMS
from localize.domain import Channel, unclocked
from localize.errors import UserError
from localize.mistakes import nearest
from localize.pace import FASTEST
from localize.products.draft import FIELDS, LOCALIZED
from localize.products.headers import DECIDING
from localize.publish import NoOptions, hours


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _known_language(code: str) -> str:
    return nearest(code, languages.codes(), "language")


def _language_code(code: str) -> str:
    """Any language can be translated from, so a code needs only the form of one; "" is found out from the texts."""
    if code in ("", *languages.codes()) or re.fullmatch(r"[a-z]{2}", code):
        return code
    return nearest(code, languages.codes(), "language")


def _known_field(field: str) -> str:
    known = (*FIELDS, *DECIDING, *(f"{name}_{code}" for name in LOCALIZED for code in languages.codes()))
    return field if re.fullmatch(r"option:.+|option\d_(?:name|value)", field) else nearest(field, known, "field of a product")


def _sound_channel(channel: Channel) -> Channel:
    nearest(channel.kind, engines.names("publish"), "kind of channel")
    if channel.layout:
        nearest(channel.layout, ("auto", *layouts.names()), "layout")
    if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,60}", channel.name):
        raise ValueError(f"channel name {channel.name!r} becomes a folder: use small letters, digits, '-', '_' and '.'")
    for code in channel.languages:
        _known_language(code)
    return _posting(channel)


def _posting(channel: Channel) -> Channel:
    """A channel with the platform of its kind, and what it says of posting understood. Raises ValueError for what is not."""
    if channel.kind in PLATFORMS:
        if channel.platform not in ("any", channel.kind):
            raise ValueError(f"a channel of kind {channel.kind} posts to {channel.kind}, not to {channel.platform}: leave `platform` out")
        channel = channel.model_copy(update={"platform": channel.kind})
    try:
        if channel.kind in PLATFORMS:
            from localize.publish.accounts.grants import must_be_name  # accounts are kept in the home that campaigns have

            must_be_name(channel.account or channel.name)
        hours.zone(channel)
        if channel.window:
            hours.window(channel.window)
    except UserError as error:
        raise ValueError(str(error)) from error
    if channel.disclosure and not _says_ai(channel.disclosure):
        raise ValueError(
            f"disclosure {channel.disclosure!r} does not say that AI made the clip: write words with AI in them (or {', '.join(AI)}), or "
            "leave `disclosure` out for the language's own label"
        )
    shape: type[engines.Options] = getattr(engines.kinds("publish")[channel.kind], "ChannelOptions", NoOptions)
    try:
        shape.model_validate(channel.options)
    except ValidationError as error:
        raise ValueError("; ".join(_option(channel.kind, dict(e), shape) for e in error.errors())) from error
    return channel


AI = ("人工智能", "ปัญญาประดิษฐ์", "trí tuệ nhân tạo", "kecerdasan buatan", "artificial intelligence")
_AI = re.compile(r"(?<![a-zà-ɏḁ-ỿ])(?:ai|aigc)(?![a-zà-ɏḁ-ỿ])")  # and no part of "said", "email", "Thailand"


def _says_ai(disclosure: str) -> bool:
    said = " ".join(unicodedata.normalize("NFC", disclosure).casefold().split())
    return bool(_AI.search(said)) or any(words in said for words in AI)


def _option(kind: str, error: dict[str, Any], shape: type[engines.Options]) -> str:
    """What is wrong with one of a channel's options."""
    where = ".".join(map(str, ("options", *error["loc"])))
    if error["type"] == "extra_forbidden":
        known = ", ".join(shape.model_fields) or "none"
        return f"{where}: a channel of kind {kind} has no such option; it has: {known}"
    if error["type"] == "missing":
        return f"{where} is missing"
    return f"{where}: {error['ctx']['error'] if error['type'] == 'value_error' else error['msg']}"


# Checked one by one, so that each mistake has its own line.
Code = Annotated[str, AfterValidator(_known_language)]
SourceCode = Annotated[str, AfterValidator(_language_code)]
ColumnField = Annotated[str, AfterValidator(_known_field)]
SoundChannel = Annotated[Channel, AfterValidator(_sound_channel)]


class ScriptSettings(Section):
    """How scripts are written. `seconds` is the target length of a clip: 15, 30 or 60. The templates know one style, friendly.

    `written_in` says in which language the writer writes: the market's (from the product's texts in it), or the seller's own
    (`source`), whose Lines are then translated one by one: the seller can read the script, and every market gets the same.

    `dialogue` is how two hosts share a script (localize/script/dialogues.py); `auto` lets each product's SKU choose."""

    seconds: Literal[15, 30, 60] = 30
    style: Literal["friendly", "expert", "energetic", "calm"] = "friendly"
    written_in: Literal["market", "source"] = "market"
    dialogue: Literal["auto", "questions", "banter", "relay"] = "auto"


Hours = Annotated[
    float, BeforeValidator(lambda said: said.strip().removesuffix("h") if isinstance(said, str) else said), Field(gt=0, le=24 * 90)
]


class ReviewSettings(Section):
    """Proofreading. `mode` says what people must have read before a clip is made: texts that a machine translated, the Lines of
    scripts, or all of it. A form has the clips of so many products and one language; nobody's answer within `wait` hours means
    what `then` says: the clips are not made tonight, made and published as they are, or still waited for. `file` keeps what people
    have corrected and approved of Lines."""

    mode: Literal["none", "translations", "scripts", "all"] = "none"
    wait: Hours = 24.0
    then: Literal["skip", "publish", "hold"] = "hold"
    products_a_form: int = Field(default=5, ge=1, le=20)
    file: str = ""

    @model_validator(mode="before")
    @classmethod
    def said_shortly(cls, said: Any) -> Any:
        """`review: all` is `review: {mode: all}`."""
        if isinstance(said, dict) and "required" in said:
            now = "scripts" if said["required"] else "none"
            raise ValueError(f"`required: {str(said['required']).lower()}` is now written `mode: {now}`")
        return {"mode": said} if isinstance(said, str) else said

    @property
    def texts(self) -> bool:
        """Whether machines' translations are to be read over."""
        return self.mode in ("translations", "all")

    @property
    def lines(self) -> bool:
        """Whether Lines are to be read over."""
        return self.mode in ("scripts", "all")


NO_AVATAR = "none"  # of a host who is only heard


class HostSettings(Section):
    """A presenter: an avatar (of assets/avatars, of `crossreel avatar list`, or a folder) and how the voice sounds.

    With the avatar `none` the host is heard and not seen, and is the only one. `voice` is a voice package (see docs/voices.md): its
    name or its folder. Without one the engine's own voice of `gender` speaks."""

    avatar: str = "mali"
    voice: str = ""
    gender: Literal["female", "male"] = "female"
    pace: float = Field(default=1.0, ge=0.7, le=FASTEST)
    pitch: float = Field(default=1.0, ge=0.7, le=1.4)


AUTO, NO_BOOKEND = "auto", "none"  # of an intro or outro that is drawn from the kit, and of clips without

Bookend = Annotated[str, BeforeValidator(lambda said: NO_BOOKEND if said is False else said), Field(min_length=1)]


class Brand(Section):
    """The brand kit: the name and colours every clip wears, and a logo (PNG with transparency).

    `font` (TTF or OTF) sets cards and captions where it has the letters, `corners` says how round cards, badges and buttons are.
    `intro` and `outro` are `none`, `auto` (a short one drawn from the kit), or a file: a picture, or a video of 5 s at most."""

    name: str = ""
    primary: str = Field(default="#E4572E", pattern=r"^#[0-9A-Fa-f]{6}$")
    accent: str = Field(default="#FFC145", pattern=r"^#[0-9A-Fa-f]{6}$")
    logo: str = ""
    font: str = ""
    corners: Corners = "round"
    intro: Bookend = NO_BOOKEND
    outro: Bookend = NO_BOOKEND


class Engines(Section):
    """Which engine serves each stage; `auto` takes the best one that is ready on this machine.

    `translate` is asked for what the seller's texts, the memory and the glossary leave: one engine, several in their order, or
    `none`. `convert` gives a voice that can't clone the host's own (`none`: it stays as it is), `recognize` listens to what was
    spoken (`none`: nobody does), `timings` finds when each word is heard where the voice does not know. `options` are the engines'
    own settings, by their names. `cutout` cuts products out of their pictures where `video: {cutout: ...}` asks for it, `separate` takes
    the voices out of the sound of videos that are dubbed."""

    script: str = "auto"
    translate: str | tuple[str, ...] = "auto"
    voice: str = "auto"
    convert: str = "auto"
    recognize: str = "auto"
    timings: Literal["auto", "recognizer", "draft", "proportional"] = "auto"
    lipsync: str = "auto"
    cutout: str = "auto"
    separate: str = "auto"
    options: dict[str, dict[str, Any]] = {}

    @field_validator("script", "voice", "convert", "recognize", "lipsync", "cutout", "separate")
    @classmethod
    def known(cls, value: str, info: Any) -> str:
        none = ("none",) if info.field_name in ("convert", "recognize") else ()
        choices = ("auto", *none, *engines.names(info.field_name))
        return nearest(value, choices, f"{info.field_name} engine")

    @field_validator("translate")
    @classmethod
    def known_translators(cls, value: str | tuple[str, ...]) -> str | tuple[str, ...]:
        choices = ("auto", "none", *engines.names("translate"))
        for name in (value,) if isinstance(value, str) else value:
            nearest(name, choices if isinstance(value, str) else choices[2:], "translate engine")
        return value


class Translation(Section):
    """How machines' translations are checked beyond what always is: `back` has each translated back and compared."""

    back: bool = False


class MoneySettings(Section):
    """How prices are shown to a market: `rates` is a dated table, `charm` rounds as sellers do (299, 1,290)."""

    rates: str = ""
    charm: bool = True


def _yes_no(said: Any) -> Any:
    """YAML reads `yes` and `no` as true and false."""
    return {True: "yes", False: "no"}.get(said, said) if isinstance(said, bool) else said


class Video(Section):
    """The picture and its encode. `layout` is one of assets/layouts (`auto`: by the hosts), `aspect` the frame's shape; a channel may
    ask for others. `cutout` has products cut out of their pictures: of those on a plain ground where an engine is ready (`auto`), of all
    whose cut can be trusted (`yes`), or of none. `crf` is x264's quality (lower is better), `preset` its effort: `faster` gives better
    pictures in the same bytes than `veryfast`, for about 1.6 times its CPU."""

    crf: int = Field(default=22, ge=14, le=30)
    preset: Literal["ultrafast", "superfast", "veryfast", "faster", "fast", "medium"] = "faster"
    encoder: Literal["auto", "x264", "nvenc", "videotoolbox"] = "x264"
    music: Literal["auto", "bright", "calm", "drive", "elegant", "playful", "none"] = "auto"
    cutout: Annotated[Literal["auto", "yes", "no"], BeforeValidator(_yes_no)] = "auto"
    layout: str = "auto"
    aspect: Annotated[layouts.Aspect, BeforeValidator(unclocked)] = "9:16"
    captions: Design = "outline"
    footage_sound: Annotated[Literal["off", "ducked"], BeforeValidator(lambda said: "off" if said is False else said)] = "off"

    @field_validator("layout")
    @classmethod
    def known(cls, value: str) -> str:
        return nearest(value, ("auto", *layouts.names()), "layout")


DubSound = Literal["auto", "separated", "ducked", "muted", "music"]
DubCaptions = Literal["track", "burned", "cover", "none"]
DubLabel = Literal["auto", "burned", "track"]
DubLips = Literal["auto", "none"]
_off = BeforeValidator(lambda said: "none" if said is False else said)  # YAML's `no` and `off`


class Dubbing(Section):
    """Videos that speak other languages (docs/dubbing.md), in place of a catalog's clips.

    `videos` are files, folders, patterns, s3:// and http(s) addresses, in which `${NAME}` is filled from the environment when they are
    fetched; `footage: true` takes those of the catalog's rows. `transcripts` is a file, for a single video, or a folder; without it,
    what lies beside a video under its name. `voice` is a voice package, or `original` for the speaker's own, by the `consent` of the
    person who is heard and seen; without either the hosts' voices speak.

    `sound` says what becomes of the source's under the new speech: taken out of it (`separated`), lowered (`ducked`), silenced (`muted`)
    or replaced by a bed (`music`); `auto` separates where an engine is ready, else lowers. `captions` are a track of the file
    (`track`), burned in (`burned`), burned in over the source's own ones (`cover`), or not in it (`none`). The visible `label` is
    burned in or a track; `auto` burns it in where the picture is encoded for something else or a channel posts to a platform. `track`
    is the source's sound track, from 1; `original` keeps it as the file's last one; `one_file` writes one more
    file with all languages as its sound tracks; `lossless` writes the new sound as ALAC, exact
    where nobody speaks whatever the source's codec, for editors rather than platforms; `keep_length` lets nothing be said past the
    picture's end."""

    videos: tuple[str, ...] = Field(default=(), repr=False)  # an address may hold a key
    footage: bool = False
    transcripts: str = ""
    voice: str = ""
    consent: str = ""
    lipsync: Annotated[DubLips, _off] = "auto"
    sound: DubSound = "auto"
    captions: Annotated[DubCaptions, _off] = "track"
    label: DubLabel = "auto"
    track: int = Field(default=1, ge=1, le=99)
    original: bool = False
    one_file: bool = False
    lossless: bool = False
    keep_length: bool = False

    def __bool__(self) -> bool:
        return bool(self.videos) or self.footage


ORIGINAL = "original"  # the voice of who speaks in a video


def _workers(said: Any) -> Any:
    if said == "auto" or (type(said) is int and 1 <= said <= MOST_WORKERS):
        return said
    raise ValueError(f"{said!r} is no number of clips to make at the same time: write `auto`, or a number from 1 to {MOST_WORKERS}")


MOST_WORKERS = 64


class Limits(Section):
    """How many clips are made at the same time (`auto`: as many as this machine has cores and memory for), and what a night may use
    (0: no limit): clips newly made, hours of CPU and of GPU, US dollars for models. A night is a run with its retries; what it leaves is
    the next one's (localize/budget.py).

    `batches` of a night are made at the same time, by as many workers of a fleet. With the `task_runner` processes each clip in hand has
    a process of its own, so that a fault which ends one costs no other clip; with dask they are made on the cluster whose scheduler is at
    `dask`, or without one on a cluster of this machine, that the batch starts and ends."""

    workers: Annotated[int | Literal["auto"], BeforeValidator(_workers)] = "auto"
    clips: int = Field(default=0, ge=0)
    cpu_hours: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    gpu_hours: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    money: Decimal = Field(default=Decimal(0), ge=0, allow_inf_nan=False)
    batches: int = Field(default=1, ge=1, le=100)
    task_runner: Literal["threads", "processes", "dask"] = "threads"
    dask: str = ""

    @property
    def at_once(self) -> int:
        """Clips made at the same time."""
        return machine.clips_at_once() if self.workers == "auto" else self.workers


Priority = Literal["high", "normal", "low"]


def queue(priority: Priority) -> str:
    """The work queue of the fleet's pool that a campaign's runs wait in: `high`, `default` or `low`."""
    return "default" if priority == "normal" else priority
