"""The sections of campaign.yaml: what may stand under each key, and what is checked of a value by itself."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, field_validator

from localize import engines, languages
from localize.clip import layout as layouts
from localize.clip.captions import Design
from localize.domain import Channel, unclocked
from localize.mistakes import nearest
from localize.pace import FASTEST
from localize.products.draft import FIELDS, LOCALIZED
from localize.products.headers import DECIDING


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
    return channel


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


class ReviewSettings(Section):
    """Proofreading. `file` keeps what people have corrected and approved; with `required`, only clips of which every Line is
    approved are made."""

    file: str = ""
    required: bool = False


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


class Brand(Section):
    """The brand kit: the name and colours every clip wears, and a logo (PNG with transparency)."""

    name: str = ""
    primary: str = Field(default="#E4572E", pattern=r"^#[0-9A-Fa-f]{6}$")
    accent: str = Field(default="#FFC145", pattern=r"^#[0-9A-Fa-f]{6}$")
    logo: str = ""


class Engines(Section):
    """Which engine serves each stage; `auto` takes the best one that is ready on this machine.

    `translate` is asked for what the seller's texts, the memory and the glossary leave: one engine, several in their order, or
    `none`. `convert` gives a voice that can't clone the host's own (`none`: it stays as it is), `recognize` listens to what was
    spoken (`none`: nobody does), `timings` finds when each word is heard where the voice does not know. `options` are the engines'
    own settings, by their names."""

    script: str = "auto"
    translate: str | tuple[str, ...] = "auto"
    voice: str = "auto"
    convert: str = "auto"
    recognize: str = "auto"
    timings: Literal["auto", "recognizer", "draft", "proportional"] = "auto"
    lipsync: str = "auto"
    options: dict[str, dict[str, Any]] = {}

    @field_validator("script", "voice", "convert", "recognize", "lipsync")
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


class Video(Section):
    """The picture and its encode. `layout` is one of assets/layouts (`auto`: by the hosts), `aspect` the frame's shape; a channel may
    ask for others. `crf` is x264's quality (lower is better), `preset` its effort: `faster` gives better pictures in the
    same bytes than `veryfast`, for about 1.6 times its CPU."""

    crf: int = Field(default=22, ge=14, le=30)
    preset: Literal["ultrafast", "superfast", "veryfast", "faster", "fast", "medium"] = "faster"
    encoder: Literal["auto", "x264", "nvenc", "videotoolbox"] = "x264"
    music: Literal["auto", "bright", "calm", "drive", "elegant", "playful", "none"] = "auto"
    layout: str = "auto"
    aspect: Annotated[layouts.Aspect, BeforeValidator(unclocked)] = "9:16"
    captions: Design = "outline"
    footage_sound: Annotated[Literal["off", "ducked"], BeforeValidator(lambda said: "off" if said is False else said)] = "off"

    @field_validator("layout")
    @classmethod
    def known(cls, value: str) -> str:
        return nearest(value, ("auto", *layouts.names()), "layout")


class Limits(Section):
    """What a night may use: clips made at the same time on this machine, and clips in all (0: no limit)."""

    workers: int = Field(default=2, ge=1, le=64)
    clips: int = Field(default=0, ge=0)
