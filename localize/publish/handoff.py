"""The hand-off pack: what a person posts by hand, ready for it, where a platform's API is closed to the shop.

One folder an account and night: clips, covers, captions, texts of the right length, and a page to work through on a phone or a
computer. The page has the AI declaration to tick, which no API has a field for; a clip counts as posted once the page's table says
so (`crossreel handoff posted`).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, Literal

import jinja2
import segno
import yaml
from filelock import FileLock
from pydantic import field_validator

from localize.assets import ASSETS
from localize.domain import Channel, Finding, Model, Receipt
from localize.engines import Card, Options
from localize.errors import UserError
from localize.publish import Entry, Parcel, hours
from localize.publish import post as posts
from localize.publish.folder import lay

PACK, PAGE = "pack.json", "index.html"
COLUMNS = ("place", "clip_key", "sku", "language", "declared", "posted", "link", "at")
FIELDS = ("channel", "account", "night")  # of an address


class HandoffOptions(Options):
    """`address` is where the pack's folder can be opened from a phone, if it is put on the web: the page then has QR codes that
    lead there. `page` is the page's own language."""

    address: str = ""
    page: Literal["en", "zh"] = "en"

    @field_validator("address")
    @classmethod
    def sound(cls, value: str) -> str:
        try:
            value.format(**dict.fromkeys(FIELDS, ""))
        except (KeyError, ValueError, IndexError) as e:
            raise ValueError(f"{value!r} has a field that is none of {', '.join('{' + f + '}' for f in FIELDS)}") from e
        if value and not value.startswith(("https://", "http://")):
            raise ValueError(f"{value!r} is no address: it begins with https://")
        return value


class Item(Model):
    """A clip of a pack: its files begin with `stem`. `text` is what goes into the platform's box, `title` into its title field."""

    stem: str
    clip_key: str
    sku: str
    language: str
    title: str
    text: str
    label: str


class Pack(Model):
    """What a page shows. `place` is the channel's in the ledger."""

    channel: str
    place: str
    platform: str
    account: str
    night: str
    page: Literal["en", "zh"] = "en"
    items: tuple[Item, ...] = ()


class Posted(Model):
    """A line of the table that a page gives back."""

    place: str
    clip_key: str
    sku: str
    language: str
    link: str = ""
    at: str = ""


class HandoffPublisher:
    card: ClassVar[Card] = Card(
        name="handoff",
        stage="publish",
        about="a folder and a page to post from by hand",
        version="1",
        licence="Apache-2.0",
        quality=5,
        by_hand=True,
    )
    ChannelOptions: ClassVar[type[Options]] = HandoffOptions
    repeatable: ClassVar[bool] = False

    def missing(self) -> str:
        return ""

    def fingerprint(self) -> str:
        return f"handoff-{self.card.version}"

    def check(self, channel: Channel) -> list[Finding]:
        return []

    def publish(self, parcel: Parcel, entry: Entry) -> Receipt:
        """Add the clip to tonight's pack. It is `processing` until a person says that it is posted; a pack that was thrown away
        before that is made anew, tonight's."""
        channel, root = parcel.channel, parcel.out / parcel.channel.name
        night = entry.kept.get("night", "")
        if not (night and (root / night / f"{parcel.name}.mp4").is_file()):
            night = f"{hours.today(channel):%Y-%m-%d}"
        folder = root / night
        lay(parcel, folder)
        entry.note(night=night)
        add(folder, _item(parcel), Pack(
            channel=channel.name, place=channel.place, platform=channel.platform, account=channel.account, night=night,
            page=_options(channel).page,
        ), _options(channel).address)  # fmt: skip
        return parcel.receipt("processing", where=str(folder / PAGE), reason="waits to be posted by hand")


def _options(channel: Channel) -> HandoffOptions:
    return HandoffOptions.model_validate(channel.options)


def _item(parcel: Parcel) -> Item:
    post, platform = parcel.post, parcel.channel.platform
    titled = posts.rules(platform).title is not None
    return Item(
        stem=parcel.name, clip_key=parcel.clip.key, sku=parcel.clip.sku, language=parcel.clip.language,
        title=post.title if titled else "", text=posts.rendered(post, platform), label=parcel.disclosure.label,
    )  # fmt: skip


def add(folder: Path, item: Item, pack: Pack, address: str = "") -> None:
    """Put an item into a folder's pack, in the place of an older one of its name, and write the page. Safe from several workers."""
    with FileLock(folder / ".pack.lock"):
        if (folder / PACK).is_file():
            pack = pack.model_copy(update={"items": read(folder).items})
        items = {known.stem: known for known in pack.items} | {item.stem: item}
        pack = pack.model_copy(update={"items": tuple(items[stem] for stem in sorted(items))})
        base = address.format(channel=pack.channel, account=pack.account, night=pack.night)
        _replace(folder / PACK, pack.model_dump_json(indent=1))
        _replace(folder / PAGE, page(pack, base))


def read(folder: Path) -> Pack:
    """A folder's pack. Raises UserError where there is none."""
    try:
        return Pack.model_validate_json((folder / PACK).read_text(encoding="utf-8"))
    except (OSError, ValueError) as e:
        raise UserError(
            f"{folder} is no hand-off pack: its {PACK} can't be read. Give the folder of one night, as out/CHANNEL/DATE."
        ) from e


def page(pack: Pack, address: str = "", *, served: bool = False) -> str:
    """The page of a pack as HTML. With an `address` of the page it has QR codes that lead to it; `served`, it can send its table."""
    base = address.rstrip("/") + "/" if address else ""
    template = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined).from_string(
        (ASSETS / "handoff" / "page.html.j2").read_text(encoding="utf-8")
    )
    words = _words()[pack.page]
    return template.render(
        pack=pack, words=words, declaration=posts.rules(pack.platform).declaration or words["declaration"], columns=COLUMNS, served=served,
        codes={item.stem: _code(f"{base}#{item.stem}") for item in pack.items} if base else {}, code=_code(base) if base else "",
    )  # fmt: skip


def _code(address: str) -> str:
    """A QR code as SVG."""
    return str(segno.make(address, error="m", micro=False).svg_inline(scale=3, border=2))


@cache
def _words() -> dict[str, dict[str, str]]:
    table: dict[str, dict[str, str]] = yaml.safe_load((ASSETS / "handoff" / "words.yaml").read_text(encoding="utf-8"))
    return table


def posted(text: str, name: str) -> Iterator[Posted | UserError]:
    """The lines of a page's table that say that a clip is posted, and an error for each that can't be taken: without its AI
    declaration ticked, a clip does not count. `name` is the file's. Raises UserError where it is no such table."""
    rows = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
    if lacking := [c for c in COLUMNS if c not in (rows.fieldnames or ())]:
        raise UserError(f"{name}: this is no table of a hand-off page: it lacks {', '.join(lacking)}. The page's button saves one.")
    for row in rows:
        if not _yes(row["posted"]):
            continue
        if not _yes(row["declared"]):
            yield UserError(
                f"{name}, line {rows.line_num}: {row['sku']} in {row['language']} is posted, but its AI declaration is not ticked: "
                "declare it on the platform, tick it on the page, and save the table again."
            )
            continue
        yield Posted.model_validate({column: row[column] or "" for column in Posted.model_fields})


def _yes(said: Any) -> bool:
    return str(said or "").strip().lower() in ("yes", "y", "1", "true", "x", "是")


def _replace(path: Path, text: str) -> None:
    part = path.with_name(f".{path.name}.part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)
