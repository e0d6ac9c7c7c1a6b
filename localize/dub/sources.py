"""Where the videos come from that are to be dubbed: files, folders, patterns, buckets, web addresses and the footage of catalog rows;
here, as files on this machine, each with a name of its own and the transcript that lies beside it."""

from __future__ import annotations

import glob
import json
import os
import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import TypeVar
from urllib.parse import unquote

from pydantic import Field

from localize import languages
from localize.disclosure import aigc
from localize.domain import Model, Product
from localize.dub import names as naming
from localize.dub.names import Asked, Names
from localize.errors import CrossreelError, Transient, UserError
from localize.film import Film
from localize.products import footage, sources
from localize.products.sources import buckets, fetch, kept
from localize.products.sources.fetch import Fetching

VIDEOS = (
    ".mp4", ".mov", ".m4v", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".mts", ".m2ts", ".flv", ".wmv", ".asf", ".mxf", ".ogv",
    ".3gp",
)  # fmt: skip
TRANSCRIPTS = (".srt", ".vtt", ".ass", ".ssa", ".txt")  # of several beside a video the first is taken
_LONG = {
    "eng": "en", "ind": "id", "tha": "th", "vie": "vi", "zho": "zh", "chi": "zh", "chs": "zh", "cht": "zh", "jpn": "ja", "kor": "ko",
}  # fmt: skip
REMOTE = ("http://", "https://", "s3://")
# s before what was in trouble is asked for again, all of it after one pause: a hiccup of a server costs no video its night.
PAUSES = (5.0, 20.0, 60.0)
LONGEST = 120.0  # s that a server may ask to be waited for
_PRODUCED = re.compile("[0-9a-f]{32}")  # what is made here is named by its key's digest


Had = TypeVar("Had")


class Wanted(Model):
    """A video that somebody asked for, before it is had: `reference` is an absolute path or an address, which may hold a key, so people
    are told what is `shown`. `name` is for files and reviews, and no other video of the same call has it. `transcript` is a reference,
    too, or "". `sku` is the catalog row's that it is the footage of."""

    reference: str = Field(repr=False)
    name: str
    shown: str
    transcript: str = ""
    sku: str = ""


class Source(Model):
    """A video on this machine; the rest as in `Wanted`."""

    name: str
    path: Path
    shown: str
    transcript: Path | None = None
    sku: str = ""


@dataclass(frozen=True)
class Lost:
    """What can't be had, and why; the error's kind says whether another try may help. `name` is that of a video, "" for what stands for
    none."""

    shown: str
    error: CrossreelError
    name: str = ""


@dataclass(frozen=True)
class _Spot:
    """Where a video was found. `beside` are the references of the other files there, as far as they are known; `said` is an address as
    somebody wrote it, which its reference, filled from the environment, is told and named by."""

    reference: str = field(repr=False)
    beside: tuple[str, ...] = ()
    said: str = field(default="", repr=False)

    @property
    def told(self) -> str:
        return self.said or self.reference


def of_products(products: Iterable[Product], language: str = "", names: Names | None = None) -> tuple[list[Wanted], list[Lost]]:
    """The footage of catalog rows, named by their SKU, and what can't be taken. `language` is the one spoken in it, "" if nobody knows."""
    spots, asked, skus = list[_Spot](), list[Asked](), list[str]()
    for product in products:
        for number, reference in enumerate(product.footage, 1):
            name = _stem(f"{product.sku}-{number}" if len(product.footage) > 1 else product.sku)
            spots.append(_Spot(reference, () if _is_remote(reference) else _around(Path(reference))))
            skus.append(product.sku)
            # A row's video may be put in another's place: the row is what posts are known by.
            asked.append(Asked(name, _folder(reference), reference, (naming.mark("row", product.sku, str(number)),)))
    return _wanted(spots, (names or Names()).give(asked), skus, lambda spot: _transcript(spot, language))


def each(wanted: Iterable[Wanted], home: Path, limits: Fetching, most: int = 0) -> tuple[list[Source], list[Lost]]:
    """All that can be had, or the first so many of it (`most`, 0: all), and what can't. What is in trouble that may pass is tried again
    for a minute or two."""
    got, gone, rest, pauses = list[Source](), list[Lost](), list(wanted), iter(PAUSES)
    while rest and (not most or len(got) < most):
        part = rest[: most - len(got)] if most else rest
        rest = rest[len(part) :]
        for one, end in zip(part, _patiently([partial(had, one, home, limits) for one in part], pauses), strict=True):
            if isinstance(end, CrossreelError):
                gone.append(Lost(one.shown, end, one.name))
            else:
                got.append(end)
    return got, gone


def _patiently(calls: Sequence[Callable[[], Had]], pauses: Iterator[float]) -> list[Had | CrossreelError]:
    """What the calls give, or the errors that they end with. Those in trouble that may pass are made again, after each of the pauses that
    are left; a server that asks for more time gets it."""
    ends = list(map(_ended, calls))
    while trouble := {n: end for n, end in enumerate(ends) if isinstance(end, Transient)}:
        pause = next(pauses, None)
        if pause is None:
            break
        time.sleep(max(pause, *(min(end.retry_after or 0.0, LONGEST) for end in trouble.values())))
        for n in trouble:
            ends[n] = _ended(calls[n])
    return ends


def _ended(call: Callable[[], Had]) -> Had | CrossreelError:
    try:
        return call()
    except CrossreelError as error:
        return error


def had(wanted: Wanted, home: Path, limits: Fetching) -> Source:
    """The video as a file; what is elsewhere is fetched into `home`/footage, as catalogs' footage is.

    Raises UserError for what can't be had or is no video, NotReady (s3 without boto3), Transient for what may pass.
    """
    folder = home / "footage"
    path = footage.obtain(wanted.reference, folder, limits, "dub")
    if not _is_remote(wanted.reference):
        Film(path)  # of what was fetched this has been asked
    beside = wanted.transcript
    text = (buckets.fetch(beside, folder, limits) if _is_remote(beside) else Path(beside)) if beside else None
    return Source(name=wanted.name, path=path, shown=wanted.shown, transcript=text, sku=wanted.sku)


def listed(
    arguments: Sequence[str], transcript: Path | None = None, language: str = "", names: Names | None = None
) -> tuple[list[Wanted], list[Lost]]:
    """The videos that arguments stand for, each once, and the arguments that stand for none. Nothing is fetched.

    An argument is a file, a folder (its videos), a pattern (`clips/*.mp4`, `**` for folders of any depth), an http or https address, or
    an object, folder or pattern of a bucket (`s3://bucket/clips/`); `${NAME}` in an address is filled from the environment. Of a folder
    or pattern, what this program dubbed itself is left out.
    `transcript` is the file for the one video, or a folder to look for transcripts in; without, or where that has none, one beside
    the video is taken: `talk.srt` or `talk.zh.srt` for `talk.mp4`, of several languages the one in `language`.

    Videos have the names that `names` knows them by. Raises UserError where one transcript is to serve several videos, or is not there.
    """
    spots, lost = dict[str, _Spot](), list[Lost]()
    for argument, end in zip(arguments, _patiently([partial(_spots, one) for one in arguments], iter(PAUSES)), strict=True):
        if isinstance(end, CrossreelError):
            lost.append(Lost(shown(argument), end))
        else:
            spots |= {spot.reference: spot for spot in end if spot.reference not in spots}
    text = _given(transcript, len(spots), language)
    given = (names or Names()).give([_asked(spot) for spot in spots.values()])
    wanted, without = _wanted(spots.values(), given, [""] * len(spots), lambda spot: text(spot) or _transcript(spot, language))
    return wanted, [*lost, *without]


def _wanted(
    spots: Iterable[_Spot], names: Sequence[str], skus: Sequence[str], text: Callable[[_Spot], str]
) -> tuple[list[Wanted], list[Lost]]:
    """The videos with what is said in them, and those of which nobody can tell what that is."""
    wanted, lost = list[Wanted](), list[Lost]()
    for spot, name, sku in zip(spots, names, skus, strict=True):
        try:
            wanted.append(Wanted(reference=spot.reference, name=name, shown=shown(spot.told), transcript=text(spot), sku=sku))
        except UserError as error:
            lost.append(Lost(shown(spot.told), error, name))
    return wanted, lost


# --- what an argument stands for ------------------------------------------------------------------------------------


def _spots(argument: str) -> list[_Spot]:
    """Raises UserError for what stands for no video, NotReady and Transient for a bucket that can't be asked."""
    if is_address(argument):
        address = sources.filled(argument, f"the video {shown(argument)}")
        if address[:5].lower() == "s3://":
            return _in_bucket(address)
        if _is_remote(address):
            return [_Spot(address, said=argument)]
        raise UserError(f"{shown(argument)} is no address that is read: give a path, or an http, https or s3 address")
    path = Path(os.path.abspath(Path(argument).expanduser()))  # resolve() would follow links, and names and neighbours are the link's
    if path.is_file():
        return [_Spot(str(path), _around(path))]
    pattern = os.path.join(glob.escape(str(path)), "*") if path.is_dir() else str(path)
    if not any(sign in pattern for sign in "*?["):
        raise UserError(_no_file(path))
    files = sources.files(pattern, limits=Fetching(), home=Path())  # a pattern of this disk: nothing is fetched
    videos = [p for p in files if p.suffix.lower() in VIDEOS and not _ours(p)]
    if not videos:
        raise UserError(f"{argument} holds no video to dub ({', '.join(VIDEOS[:5])} and the like): correct the folder or the pattern")
    return [_Spot(str(p), _around(p)) for p in videos]


def _no_file(path: Path) -> str:
    try:
        sources.files(str(path), limits=Fetching(), home=Path())
    except UserError as error:
        return str(error)
    return f"{path} is no file: give the path of a video"


def _in_bucket(address: str) -> list[_Spot]:
    bucket, key = buckets.parts(address)
    folder, _, last = key.rpartition("/")
    if "**" in key:
        raise UserError(f"{address}: ** stands for nothing in buckets: name each folder, such as s3://{bucket}/clips/*.mp4")
    is_pattern = any(sign in key for sign in "*?[")
    if not is_pattern and PurePosixPath(last).suffix.lower() in VIDEOS:
        return [_Spot(address)]
    pattern = address if is_pattern else f"s3://{bucket}/{'/'.join(filter(None, (folder, last, '*')))}"
    there = buckets.matching(pattern)
    videos = [a for a in there if PurePosixPath(a).suffix.lower() in VIDEOS and not _file(a).startswith(".")]
    if not videos:
        raise UserError(f"{pattern}: no object there is a video ({', '.join(VIDEOS[:5])} and the like): correct the folder or the pattern")
    neighbours = {a.rpartition("/")[0]: tuple[str, ...]() for a in videos}
    for place in neighbours:
        if not any(sign in place for sign in "*?["):
            neighbours[place] = tuple(buckets.matching(f"{place}/*"))
    return [_Spot(a, neighbours[a.rpartition("/")[0]]) for a in videos if not _dubbed(a, neighbours[a.rpartition("/")[0]])]


def _ours(video: Path) -> bool:
    """Whether a video is one that this program dubbed: its sidecar lies beside it, or it has none yet and the file itself says so."""
    try:
        told = json.loads(video.with_suffix(".json").read_bytes())
    except (OSError, ValueError):
        return _says_so(video)
    return isinstance(told, dict) and "cues" in told


def _says_so(video: Path) -> bool:
    """Whether a file that is named as dubs are, `talk.th.mp4`, has the AI label that this program writes: the sidecar comes last, and who
    put it there may have been stopped before."""
    if PurePosixPath(video.stem).suffix[1:] not in (*languages.codes(), "all"):
        return False
    try:
        said = [aigc.parsed(text) for text in aigc.found(video)]
    except (OSError, UserError, ValueError):
        return False
    return any(label["ProduceID"] == label.get("PropagateID") and _PRODUCED.fullmatch(label["ProduceID"]) for label in said)


def _dubbed(address: str, beside: Sequence[str]) -> bool:
    """The same of an object, by names alone: `talk.th.json` beside `talk.th.mp4`."""
    stem = address.rpartition(".")[0]
    return bool(PurePosixPath(stem).suffix) and f"{stem}.json" in beside


def _around(path: Path) -> tuple[str, ...]:
    try:
        return tuple(str(p) for p in sorted(path.parent.iterdir()) if p.stem.startswith(path.stem) and p.suffix.lower() in TRANSCRIPTS)
    except OSError:  # a folder may be entered and not be read
        return ()


# --- transcripts ----------------------------------------------------------------------------------------------------


def _given(transcript: Path | None, videos: int, language: str) -> Callable[[_Spot], str]:
    """What finds a video's transcript in what was given for all of them, "" where nothing was or it has none."""
    if transcript is None:
        return lambda spot: ""
    place = Path(os.path.abspath(transcript.expanduser()))
    if place.is_dir():
        texts = tuple(str(p) for p in sorted(place.iterdir()) if p.suffix.lower() in TRANSCRIPTS)
        return lambda spot: _transcript(replace(spot, beside=texts), language)
    if not place.is_file():
        raise UserError(_no_file(place))
    if videos > 1:
        raise UserError(
            f"{transcript} is one transcript for {videos} videos: dub them one at a time, or give --transcript a folder with one for each, "
            "under the videos' own names"
        )
    return lambda spot: str(place)


def _transcript(spot: _Spot, language: str) -> str:
    """The transcript beside a video: `talk.srt`, else `talk.zh.srt`, but no captions of a dub, and none in another language than is
    spoken. Raises UserError where several would do."""
    stem = _file(spot.told).rpartition(".")[0]
    endings = {file: _file(file)[len(stem) :].lower() for file in spot.beside if _file(file).startswith(f"{stem}.")}
    plain = [file for ending in TRANSCRIPTS for file, tail in endings.items() if tail == ending]
    if plain:
        return plain[0]
    coded = dict[str, str]()
    for ending in TRANSCRIPTS:
        for file, tail in endings.items():
            code = tail.removesuffix(ending).removeprefix(".")
            if tail.endswith(ending) and 2 <= len(code) <= 8 and "." not in code and not _captions(file, spot.beside):
                coded.setdefault(code, file)
    if language:
        if of_it := [file for code, file in coded.items() if _spoken(code) == language]:
            return of_it[0]
        coded = {code: file for code, file in coded.items() if not _spoken(code)}
    if len(coded) > 1:
        raise UserError(
            f"{stem} has transcripts in {', '.join(sorted(coded))} beside it: say which is spoken in it, with --from or --transcript"
        )
    return next(iter(coded.values()), "")


def _spoken(code: str) -> str:
    """The language that a transcript's ending names (`zh`, `zh-Hans`, `eng`), "" where it names none (`final`)."""
    first = re.split("[-_]", code)[0]
    return _LONG.get(first, first if len(first) == 2 and languages.name(first) != first else "")


def _captions(text: str, beside: Sequence[str]) -> bool:
    """Whether a transcript is what a dub's captions were written to."""
    return _dubbed(text, beside) if _is_remote(text) else _ours(Path(text))


# --- names ----------------------------------------------------------------------------------------------------------


def _asked(spot: _Spot) -> Asked:
    """A video as it asks for a name."""
    path = None if is_address(spot.told) else Path(spot.told)
    marks = (naming.mark(spot.told), *([naming.mark("at", place)] if (place := _place(spot.told)) else ()))
    return Asked(
        _stem(_file(spot.told)), _folder(spot.told), spot.told, marks, (lambda: naming.content(path)) if path else (lambda: "")
    )  # fmt: skip


def _place(address: str) -> str:
    """A web address without what is another each day, user and signature, if it names a video's file without them; else ""."""
    if not address.lower().startswith(("http://", "https://")):
        return ""
    server, slash, path = address.partition("?")[0].partition("://")[2].partition("/")
    place = f"{server.rpartition('@')[2].lower()}{slash}{path.partition('#')[0]}"
    return place if PurePosixPath(_file(place)).suffix.lower() in VIDEOS else ""


def _stem(name: str) -> str:
    """The name as one that any file system takes, without a video's ending."""
    safe = kept.safe(name)
    return Path(safe).stem if Path(safe).suffix.lower() in VIDEOS else safe


def _folder(reference: str) -> str:
    path = reference.partition("?")[0] if is_address(reference) else reference
    return _file(path.rpartition("/")[0])


def _file(reference: str) -> str:
    """The file's name in a path or address, without a query; what the environment would fill in is named, not told."""
    name = unquote(reference.partition("?")[0]) if reference.lower().startswith(("http", "${")) else reference
    return sources.VARIABLE.sub(r"\1", name.rstrip("/").rpartition("/")[2])


def _is_remote(reference: str) -> bool:
    return reference.lower().startswith(REMOTE)


def is_address(reference: str) -> bool:
    """Whether what is to be dubbed is no path: an address of any kind, or a variable of the environment that has one."""
    return "://" in reference or reference.startswith("${")


def shown(reference: str) -> str:
    """A reference for people: a path as it was given, of a web address the server and the file only."""
    return fetch.shown(reference) if "://" in reference and reference[:5].lower() != "s3://" else sources.shown(reference)
