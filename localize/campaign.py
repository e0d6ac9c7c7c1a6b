"""`campaign.yaml`: what to make, in which languages, for which channels, by which engines.

Every mistake is reported with the file's line and the nearest right word, all of them at once.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import yaml
from pydantic import Field, ValidationError, field_validator, model_validator

from localize import consent as consents
from localize import engines, kit, yamls
from localize.assets import ASSETS
from localize.avatar.filmed import package as avatars
from localize.clip import layout as layouts
from localize.disclosure import Signer
from localize.domain import Channel, Variant
from localize.dub.sources import is_address, shown
from localize.errors import Blocked, UserError
from localize.mistakes import line_of, nearest, problem, wrong
from localize.notices import Recipient
from localize.products import READERS, Asked, sources
from localize.products.look import ADDRESS
from localize.products.sources.fetch import Fetching
from localize.secrecy import written_out
from localize.sections import (
    NO_AVATAR,
    ORIGINAL,
    Brand,
    Code,
    ColumnField,
    Dubbing,
    Engines,
    HostSettings,
    Limits,
    MoneySettings,
    Priority,
    ReviewSettings,
    ScriptSettings,
    Section,
    SoundChannel,
    SourceCode,
    Translation,
    Video,
)
from localize.voice import package as packages


class Campaign(Section):
    """A whole campaign. Relative paths in the file are read as lying beside it; here they are absolute."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,60}$")
    dub: Dubbing = Dubbing()
    catalog: str = Field(default="", validate_default=True)
    format: str = ""
    sheet: str = ""
    columns: dict[ColumnField, str | tuple[str, ...]] = Field(default_factory=dict)
    query: str = ""
    pictures: str = ""
    fetch: Fetching = Fetching()
    currency: str = Field(default="", pattern=r"^([A-Z]{3})?$")
    source_language: SourceCode = ""
    languages: tuple[Code, ...] = Field(min_length=1)
    channels: tuple[SoundChannel, ...] = Field(min_length=1)
    hosts: tuple[HostSettings, ...] = Field(default=(HostSettings(),), min_length=1, max_length=2)
    script: ScriptSettings = ScriptSettings()
    brand: Brand = Brand()
    engines: Engines = Engines()
    translation: Translation = Translation()
    review: ReviewSettings = ReviewSettings()
    memory: tuple[str, ...] = ()
    glossary: str = ""
    pronunciation: str = ""
    money: MoneySettings = MoneySettings()
    video: Video = Video()
    limits: Limits = Limits()
    priority: Priority = "normal"
    notify: tuple[Recipient, ...] = ()
    producer: str = Field(default="", description="who the AI label's metadata names as the content's producer; the brand if empty")
    signing: Signer = Signer()
    allow_noncommercial: bool = False
    out: str = "out"
    store: str = ""
    ledger: str = Field(default="", description="a file or a database's address, one in crossreel's home if empty; $CROSSREEL_LEDGER wins")

    @field_validator("catalog")
    @classmethod
    def something_to_make(cls, value: str, info: Any) -> str:
        dub = info.data.get("dub")
        if not value and not (dub and dub.videos):
            raise ValueError("this key is needed and missing: the products' file, folder or address, or `dub: {videos: ...}` without one.")
        return value

    @field_validator("format")
    @classmethod
    def known_format(cls, value: str) -> str:
        return nearest(value, [reader.NAME for reader in READERS], "catalog format") if value else ""

    @field_validator("languages", "channels")
    @classmethod
    def all_different(cls, value: tuple[Any, ...], info: Any) -> tuple[Any, ...]:
        names = [v.name if isinstance(v, Channel) else v for v in value]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"{name!r} is there twice: give each of the {info.field_name} once")
        return value

    @model_validator(mode="after")
    def every_language_is_shown(self) -> Campaign:
        for code in self.languages:
            if not any(code in c.languages or not c.languages for c in self.channels):
                raise ValueError(f"no channel takes language {code!r}: add it to a channel's languages, or leave it out")
        return self

    def asked(self) -> Asked:
        """What the campaign says about how its catalog is to be read."""
        return Asked(self.source_language, self.currency, self.format, self.sheet, self.columns, self.pictures)

    def catalog_files(self) -> tuple[Path, ...]:
        """The catalog as files on this machine; fetched if it is elsewhere. Raises as `products.sources.files` does."""
        return sources.files(self.catalog, query=self.query, limits=self.fetch, home=home())

    def channels_for(self, sku: str, language: str) -> tuple[Channel, ...]:
        """The channels that show this product in this language."""
        return tuple(c for c in self.channels if (not c.languages or language in c.languages) and (not c.only or sku in c.only))

    def variant(self, channel: Channel) -> Variant:
        """The picture of clips for a channel. Brand names, logos and the like may not be laid over what is posted to TikTok by its API
        (content-sharing guidelines), so without a word of the channel's its clips go without."""
        layout = channel.layout or self.video.layout
        named = layouts.default(len(self.avatar_folders()), filmed=self.filmed) if layout == "auto" else layout
        branded = channel.platform != "tiktok" if channel.branding == "auto" else channel.branding == "yes"
        return Variant(layout=named, aspect=channel.aspect or self.video.aspect, branded=branded)

    @property
    def host(self) -> HostSettings:
        """Who presents, and who speaks first where there are two."""
        return self.hosts[0]

    def avatar_folders(self) -> tuple[Path, ...]:
        """The packages of the hosts that are seen: none for a voice-over."""
        return tuple(_avatar_folder(host) for host in self.hosts if host.avatar != NO_AVATAR)

    @property
    def filmed(self) -> bool:
        """Whether the hosts that are seen are people's videos; where two are seen, both are or none is."""
        return any(avatars.kind(folder) == "filmed" for folder in self.avatar_folders())

    def memories(self) -> tuple[Path, ...]:
        """The translation memories, the one that accepted corrections go to among them if it is there."""
        own = self.accepted_file()
        return tuple(dict.fromkeys((*map(Path, self.memory), *((own,) if own.is_file() else ()))))

    def accepted_file(self) -> Path:
        """The memory that accepted corrections go to: the last one that is no TMX, else <name>.memory.csv beside the reviews."""
        tables = [Path(m) for m in self.memory if Path(m).suffix.lower() not in (".tmx", ".xml")]
        return tables[-1] if tables else Path(self.review.file).with_name(f"{self.name}.memory.csv")

    def rates_file(self) -> Path:
        return Path(self.money.rates) if self.money.rates else ASSETS / "rates" / "demo.yaml"


def _avatar_folder(host: HostSettings) -> Path:
    return ASSETS / "avatars" / host.avatar if host.avatar in _shipped_avatars() else Path(host.avatar)


def _shipped_avatars() -> list[str]:
    return sorted(p.parent.name for p in (ASSETS / "avatars").glob("*/avatar.yaml"))


def home() -> Path:
    """Where crossreel keeps what outlives a run: $CROSSREEL_HOME, or ~/.crossreel."""
    return Path(os.environ.get("CROSSREEL_HOME") or Path.home() / ".crossreel").expanduser()


def load(path: str | Path) -> Campaign:
    """Read a campaign. Raises UserError naming each mistake's line and what to write instead."""
    path = Path(path)
    data, tree = yamls.read(path, "a campaign.yaml")
    if not isinstance(data, dict):
        raise UserError(f"{path}, line 1: a campaign is a list of `key: value` lines, starting with `name:`.")
    try:
        campaign = Campaign.model_validate(data)
    except ValidationError as e:
        # Where every entry of a list is wrong, pydantic also calls the list empty.
        errors: list[dict[str, Any]] = [dict(error) for error in e.errors() if not (error["type"] == "too_short" and error["input"])]
        errors.sort(key=lambda error: line_of(tree, error["loc"]))
        raise UserError("\n".join(problem(path, tree, error, Campaign) for error in errors)) from e
    return _absolute(campaign, path.resolve().parent, path, tree)


def _absolute(campaign: Campaign, base: Path, path: Path, tree: yaml.Node | None) -> Campaign:
    """Paths made absolute; files that must be there are looked for now, not at 3 a.m."""
    problems: list[str] = []

    def resolve(value: str, *loc: str | int) -> str:
        full = (base / Path(value).expanduser()).resolve()
        if value and not full.is_file():
            problems.append(f"{path}, line {line_of(tree, loc)}: {'.'.join(map(str, loc))}: there is no file {full}.")
        return str(full) if value else ""

    for loc, reason in engines.problems(campaign.engines.options):
        where = ("engines", "options", *loc)
        problems.append(f"{path}, line {line_of(tree, where)}: {'.'.join(where)}: {reason}")
    signing = campaign.signing.beside(base)
    problems += (f"{path}, line {line_of(tree, ('signing', name))}: signing.{name}: {reason}" for name, reason in signing.problems())
    blocked: list[str] = []
    at = partial(_where, path, tree)
    hosts = tuple(_host(host, n, base, at, problems, blocked) for n, host in enumerate(campaign.hosts))
    problems += _together(campaign, hosts, at)
    problems += (f"{at(name)}{told}" for name in ("catalog", "pictures") if (told := _written_out(name, getattr(campaign, name))))
    for n, video in enumerate(campaign.dub.videos):
        if told := _written_out(f"dub.videos: {shown(video)}", video):
            problems.append(f"{at('dub', 'videos', n)}{told}")
    absolute = campaign.model_copy(
        update={
            "catalog": sources.absolute(campaign.catalog, base) if campaign.catalog else "",
            "dub": _dub(campaign.dub, base, resolve, at, problems, blocked),
            "pictures": _folder(campaign.pictures, base),
            "memory": tuple(resolve(m, "memory", i) for i, m in enumerate(campaign.memory)),
            "glossary": resolve(campaign.glossary, "glossary"),
            "pronunciation": resolve(campaign.pronunciation, "pronunciation"),
            "review": campaign.review.model_copy(update={"file": _beside(campaign.review.file or f"{campaign.name}.review.csv", base)}),
            "brand": kit.absolute(campaign.brand, resolve, at, problems),
            "money": campaign.money.model_copy(update={"rates": resolve(campaign.money.rates, "money", "rates")}),
            "hosts": hosts,
            "signing": signing,
            "out": str((base / Path(campaign.out).expanduser()).resolve()),
            "ledger": _ledger(campaign.ledger, base, at, problems),
            "store": campaign.store if campaign.store.startswith("s3://") else str(_store_path(campaign.store, base)),
        }
    )
    if problems:
        raise UserError("\n".join(problems))
    if blocked:
        raise Blocked("\n".join(blocked))
    return absolute


def _where(path: Path, tree: yaml.Node | None, *loc: str | int) -> str:
    return f"{path}, line {line_of(tree, loc)}: "


def _written_out(name: str, address: str) -> str:
    """What is wrong with an address that a secret stands in; "" for one that holds none. It would be in the parameters of every run."""
    if not (secret := written_out(address)):
        return ""
    return (
        f"{name}: {secret} stands in the address for all to read, in Prefect's UI, too: write ${{NAME}} in its place, and set NAME in the "
        "environment of whoever runs the campaign."
    )


def _ledger(said: str, base: Path, where: Callable[..., str], problems: list[str]) -> str:
    """Where the ledger is, with `${NAME}` left as it stands: what it is filled with may be a secret, and this goes to the server."""
    filled = os.path.expandvars(said)
    if (unset := re.search(r"\$\{(\w+)\}", filled)) is not None:
        problems.append(f"{where('ledger')}ledger: the environment has no {unset[1]}: set it, or write the address without it.")
    if re.match(r"[\w+]+://[^/@]*:[^/@]+@", said) and "${" not in said.partition("@")[0]:
        way = "write ${NAME} in its place, and set NAME in the environment, or let PGPASSWORD or ~/.pgpass have it"
        problems.append(f"{where('ledger')}ledger: the password stands in the campaign for all to read: {way}.")
    return said if "://" in filled or not said else said if "$" in said and Path(filled).is_absolute() else _beside(filled, base)


def _host(host: HostSettings, n: int, base: Path, where: Callable[..., str], problems: list[str], blocked: list[str]) -> HostSettings:
    """A host with absolute paths and the gender of its voice package; what is wrong with it is added to the lists."""
    avatar, at = host.avatar, f"{where('hosts', n, 'avatar')}hosts.{n}.avatar: "
    if avatar not in (NO_AVATAR, *_shipped_avatars()):
        folder = next((f for f in (base / Path(avatar).expanduser(), home() / "avatars" / avatar) if (f / "avatar.yaml").is_file()), None)
        try:
            if folder is None:
                problems.append(where("hosts", n, "avatar") + wrong(avatar, [*avatars.names(base), NO_AVATAR], "avatar"))
            elif avatars.kind(folder) == "filmed":
                avatars.FilmedPackage.load(folder)
        except UserError as error:
            problems += [f"{at}{line}" for line in str(error).splitlines()]
        except Blocked as error:
            blocked.append(f"{at}{error}")
        avatar = str((folder or base / avatar).resolve())
    host = host.model_copy(update={"avatar": avatar})
    if not host.voice:
        return host
    try:
        package = packages.find(host.voice, base)
        given = host.gender if "gender" in host.model_fields_set else package.sheet.gender
        if given != package.sheet.gender:
            raise UserError(f"the voice {package.name} is {package.sheet.gender}: leave `gender` out, or take another voice.")
        return host.model_copy(update={"voice": str(package.folder), "gender": package.sheet.gender})
    except UserError as error:
        problems.append(f"{where('hosts', n, 'voice')}hosts.{n}.voice: {error}")
    except Blocked as error:
        blocked.append(f"{where('hosts', n, 'voice')}hosts.{n}.voice: {error}")
    return host


def _dub(
    dub: Dubbing, base: Path, resolve: Callable[..., str], where: Callable[..., str], problems: list[str], blocked: list[str]
) -> Dubbing:
    """What is to be dubbed, with absolute paths; what is wrong with it is added to the lists."""
    if not dub:
        return dub
    voice = dub.voice
    if voice == ORIGINAL and not dub.consent:
        blocked.append(
            f"{where('dub', 'voice')}dub.voice: the voice of who speaks in the videos needs that person's consent: write one "
            "(docs/voices.md) and name it as `dub.consent`, or take another voice."
        )
    elif voice and voice != ORIGINAL:
        try:
            voice = str(packages.find(voice, base).folder)
        except UserError as error:
            problems.append(f"{where('dub', 'voice')}dub.voice: {error}")
        except Blocked as error:
            blocked.append(f"{where('dub', 'voice')}dub.voice: {error}")
    for name in ("transcripts", "consent"):
        if is_address(said := getattr(dub, name)):
            at = f"{where('dub', name)}dub.{name}: "
            problems.append(f"{at}{shown(said)} is an address, and this is read from this machine only: download it, and give its path.")
            dub = dub.model_copy(update={name: ""})
    consent = resolve(dub.consent, "dub", "consent")
    if consent and Path(consent).is_file():
        try:
            consents.load(consent)
        except UserError as error:
            problems.append(f"{where('dub', 'consent')}dub.consent: {error}")
    videos = tuple(v if is_address(v) else str(base / Path(v).expanduser()) for v in dub.videos)
    transcripts = _beside(dub.transcripts, base) if dub.transcripts else ""
    return dub.model_copy(update={"videos": videos, "transcripts": transcripts, "voice": voice, "consent": consent})


def _together(campaign: Campaign, hosts: Sequence[HostSettings], where: Callable[..., str]) -> Iterator[str]:
    """What is wrong with a campaign's hosts as a pair, and with what is asked for them. `hosts` have absolute paths."""
    yield from _kinds(campaign, hosts, where)
    alone = len(campaign.hosts) == 1
    for n, host in enumerate(campaign.hosts):
        if host.avatar == NO_AVATAR and not alone:
            yield (
                f"{where('hosts', n, 'avatar')}hosts.{n}.avatar: of two hosts both are seen: give this one an avatar "
                f"({', '.join(_shipped_avatars())}), or keep one host with `avatar: {NO_AVATAR}`, who is only heard."
            )
    if alone and campaign.script.dialogue != "auto":
        yield (
            f"{where('script', 'dialogue')}script.dialogue: a dialogue needs two hosts, and the campaign has one: add another "
            "under `hosts:`, or leave this line out."
        )


def _kinds(campaign: Campaign, hosts: Sequence[HostSettings], where: Callable[..., str]) -> Iterator[str]:
    """Whether drawn and filmed hosts stand together, and whether the lip-sync engine is for what the hosts are."""
    try:
        kinds = [avatars.kind(_avatar_folder(host)) for host in hosts if host.avatar != NO_AVATAR]
    except UserError:
        return  # an avatar that is not there is told already
    if len(set(kinds)) > 1:
        yield (
            f"{where('hosts', 1, 'avatar')}hosts.1.avatar: of two hosts both are drawn or both are filmed, and "
            f"{campaign.hosts[0].avatar} is {kinds[0]}, {campaign.hosts[1].avatar} {kinds[1]}: take two of a kind."
        )
    if len(set(kinds)) < 2:
        yield from _layouts(campaign, len(kinds), "filmed" in kinds, where)
    engine = campaign.engines.lipsync
    if engine != "auto" and kinds and engines.kinds("lipsync")[engine].card.filmed != (kinds[0] == "filmed"):
        moves = "filmed" if kinds[0] == "drawn" else "drawn"
        yield (
            f"{where('engines', 'lipsync')}engines.lipsync: {engine} moves the lips of {moves} hosts, and the campaign's are {kinds[0]}: "
            "write `auto`."
        )


def _layouts(campaign: Campaign, hosts: int, filmed: bool, where: Callable[..., str]) -> Iterator[str]:
    """Layouts that are for other hosts than the campaign's."""
    asked: list[tuple[tuple[str | int, ...], str]] = [(("video", "layout"), campaign.video.layout)]
    asked += [(("channels", n, "layout"), channel.layout) for n, channel in enumerate(campaign.channels)]
    for loc, name in asked:
        if name not in ("", "auto") and (why := layouts.misfit(name, hosts, filmed=filmed)):
            fitting = ", ".join(layouts.fitting(hosts, filmed=filmed))
            yield f"{where(*loc)}{'.'.join(map(str, loc))}: {name} does not fit: {why}. Write one of: auto, {fitting}."


def _beside(path: str, base: Path) -> str:
    return str((base / Path(path).expanduser()).resolve())


def _folder(pictures: str, base: Path) -> str:
    if not pictures or pictures.startswith("${") or ADDRESS.match(pictures):
        return pictures
    return str((base / Path(pictures).expanduser()).resolve())


def _store_path(store: str, base: Path) -> Path:
    return (base / Path(store).expanduser()).resolve() if store else home() / "store"


def adjusted(
    campaign: Campaign, *, catalog: str | None = None, languages: Sequence[str] | None = None, out: str | None = None, layout: str = "",
    aspect: str = "",
) -> Campaign:  # fmt: skip
    """The campaign with what was said on the command line or in the run's form. Paths are of the current folder; a layout or shape of
    frame is for all channels.

    Raises UserError for a language that the campaign has not, a layout that does not fit, a shape that is not known, and a catalog's
    address with a secret in it.
    """
    changes: dict[str, Any] = {}
    if catalog:
        if told := _written_out("catalog", catalog):
            raise UserError(told)
        changes["catalog"] = sources.absolute(catalog, Path.cwd())
    if out:
        changes["out"] = str(Path(out).expanduser().resolve())
    for code in languages or ():
        if code not in campaign.languages:
            raise UserError(f"the campaign {campaign.name!r} has no language {code!r}, only {', '.join(campaign.languages)}.")
    if languages:
        changes["languages"] = tuple(dict.fromkeys(languages))
    if layout and layout not in layouts.names():
        raise UserError(wrong(layout, layouts.names(), "layout"))
    hosts, filmed = len(campaign.avatar_folders()), campaign.filmed
    if layout and (why := layouts.misfit(layout, hosts, filmed=filmed)):
        raise UserError(f"{layout} does not fit: {why}. Give one of: {', '.join(layouts.fitting(hosts, filmed=filmed))}.")
    if aspect and aspect not in layouts.SIZES:
        raise UserError(wrong(aspect, tuple(layouts.SIZES), "shape of frame"))
    picture = {name: value for name, value in (("layout", layout), ("aspect", aspect)) if value}
    if picture:
        changes["channels"] = tuple(channel.model_copy(update=picture) for channel in campaign.channels)
    return campaign.model_copy(update=changes)
