"""Where the videos come from that are to be dubbed: files, folders, patterns, buckets, web addresses and the footage of catalog rows;
here, as files on this machine, each with a name of its own and the transcript that lies beside it."""

from __future__ import annotations

import glob
import hashlib
import json
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from urllib.parse import quote, unquote

from pydantic import Field

from localize.domain import Model, Product
from localize.errors import CrossreelError, UserError
from localize.film import Film
from localize.products import footage, sources
from localize.products.sources import buckets, fetch, kept
from localize.products.sources.fetch import Fetching

VIDEOS = (
    ".mp4", ".mov", ".m4v", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".mts", ".m2ts", ".flv", ".wmv", ".asf", ".mxf", ".ogv",
    ".3gp",
)  # fmt: skip
TRANSCRIPTS = (".srt", ".vtt", ".ass", ".ssa", ".txt")  # of several beside a video the first is taken
REMOTE = ("http://", "https://", "s3://")
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


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
    """What can't be had, and why; the error's kind says whether another try may help."""

    shown: str
    error: CrossreelError


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


def found(
    arguments: Sequence[str], home: Path, limits: Fetching, transcript: Path | None = None, language: str = "",
) -> tuple[list[Source], list[Lost]]:  # fmt: skip
    """The videos that arguments of the command line stand for, and what of them can't be had. See `listed` and `had`."""
    wanted, lost = listed(arguments, transcript, language)
    return each(wanted, lost, home, limits)


def of_products(products: Iterable[Product], home: Path, limits: Fetching) -> tuple[list[Source], list[Lost]]:
    """The footage of catalog rows, named by their SKU."""
    wanted: list[Wanted] = []
    for product in products:
        for number, reference in enumerate(product.footage, 1):
            name = kept.safe(f"{product.sku}-{number}" if len(product.footage) > 1 else product.sku)
            beside = "" if _is_remote(reference) else _transcript(_Spot(reference, _around(Path(reference))), "")
            wanted.append(Wanted(reference=reference, name=name, shown=shown(reference), transcript=beside, sku=product.sku))
    names = _named([w.reference for w in wanted], [w.name for w in wanted])
    return each([w.model_copy(update={"name": name}) for w, name in zip(wanted, names, strict=True)], [], home, limits)


def each(wanted: Iterable[Wanted], lost: Sequence[Lost], home: Path, limits: Fetching) -> tuple[list[Source], list[Lost]]:
    """All that can be had, and what can't beside what was `lost` before."""
    got, gone = list[Source](), list(lost)
    for one in wanted:
        try:
            got.append(had(one, home, limits))
        except CrossreelError as error:
            gone.append(Lost(one.shown, error))
    return got, gone


def had(wanted: Wanted, home: Path, limits: Fetching) -> Source:
    """The video as a file; what is elsewhere is fetched into `home`/footage, as catalogs' footage is.

    Raises UserError for what can't be had or is no video, NotReady (s3 without boto3), Transient for what may pass.
    """
    folder = home / "footage"
    path = footage.obtain(wanted.reference, folder, limits)
    if not _is_remote(wanted.reference):
        Film(path)  # of what was fetched this has been asked
    beside = wanted.transcript
    text = (buckets.fetch(beside, folder, limits) if _is_remote(beside) else Path(beside)) if beside else None
    return Source(name=wanted.name, path=path, shown=wanted.shown, transcript=text, sku=wanted.sku)


def listed(arguments: Sequence[str], transcript: Path | None = None, language: str = "") -> tuple[list[Wanted], list[Lost]]:
    """The videos that arguments stand for, each once, and the arguments that stand for none. Nothing is fetched.

    An argument is a file, a folder (its videos), a pattern (`clips/*.mp4`, `**` for folders of any depth), an http or https address, or
    an object, folder or pattern of a bucket (`s3://bucket/clips/`); `${NAME}` in an address is filled from the environment. Of a folder
    or pattern, what this program dubbed itself is left out.
    `transcript` is the file for the one video, or a folder to look for transcripts in; without, or where that has none, one beside
    the video is taken: `talk.srt` or `talk.zh.srt` for `talk.mp4`, of several languages the one in `language`.

    Raises UserError where one transcript is to serve several videos, or is not there.
    """
    spots, lost = dict[str, _Spot](), list[Lost]()
    for argument in arguments:
        try:
            for spot in _spots(argument):
                spots.setdefault(spot.reference, spot)
        except CrossreelError as error:
            lost.append(Lost(shown(argument), error))
    text = _given(transcript, len(spots), language)
    wanted = []
    told = [spot.told for spot in spots.values()]
    for spot, name in zip(spots.values(), _named(told, [kept.safe(_file(one)) for one in told]), strict=True):
        try:
            beside = text(spot) or _transcript(spot, language)
            wanted.append(Wanted(reference=spot.reference, name=name, shown=shown(spot.told), transcript=beside))
        except UserError as error:
            lost.append(Lost(shown(spot.told), error))
    return wanted, lost


# --- what an argument stands for ------------------------------------------------------------------------------------


def _spots(argument: str) -> list[_Spot]:
    """Raises UserError for what stands for no video, NotReady and Transient for a bucket that can't be asked."""
    if is_address(argument):
        address = _filled(argument)
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
    """Whether a video is one that this program dubbed: its sidecar lies beside it."""
    try:
        told = json.loads(video.with_suffix(".json").read_bytes())
    except (OSError, ValueError):
        return False
    return isinstance(told, dict) and "cues" in told


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
    """The transcript beside a video: `talk.srt`, else `talk.zh.srt`, but no captions of a dub. Raises UserError where several would do."""
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
    if language and (of_it := [file for code, file in coded.items() if code[:2] == language]):
        return of_it[0]
    if len(coded) > 1:
        raise UserError(
            f"{stem} has transcripts in {', '.join(sorted(coded))} beside it: say which is spoken in it, with --from or --transcript"
        )
    return next(iter(coded.values()), "")


def _captions(text: str, beside: Sequence[str]) -> bool:
    """Whether a transcript is what a dub's captions were written to."""
    return _dubbed(text, beside) if _is_remote(text) else _ours(Path(text))


# --- names ----------------------------------------------------------------------------------------------------------


def _named(references: Sequence[str], names: Sequence[str]) -> list[str]:
    """A name for each reference that is a file's name on every system and nobody else's: the one wished for (its ending is left out),
    with the folder's before it where two are equal, with a few signs of the whole reference where these are equal, too."""
    stems = [Path(name).stem if Path(name).suffix.lower() in VIDEOS else name for name in names]
    folders = [_file(reference.rpartition("/")[0]) for reference in references]
    marks = [hashlib.sha256(reference.encode("utf-8", "surrogatepass")).hexdigest()[:6] for reference in references]
    longer = [kept.safe(f"{folder}-{stem}") if folder else stem for folder, stem in zip(folders, stems, strict=True)]
    marked = [f"{stem}-{mark}" for stem, mark in zip(stems, marks, strict=True)]
    for others in (longer, marked):
        count = Counter(stem.casefold() for stem in stems)
        stems = [other if count[stem.casefold()] > 1 else stem for stem, other in zip(stems, others, strict=True)]
    return stems


def _file(reference: str) -> str:
    """The file's name in a path or address, without a query; what the environment would fill in is named, not told."""
    name = unquote(reference.partition("?")[0]) if reference.lower().startswith(("http", "${")) else reference
    return _VARIABLE.sub(r"\1", name.rstrip("/").rpartition("/")[2])


def _is_remote(reference: str) -> bool:
    return reference.lower().startswith(REMOTE)


def is_address(reference: str) -> bool:
    """Whether what is to be dubbed is no path: an address of any kind, or a variable of the environment that has one."""
    return "://" in reference or reference.startswith("${")


def shown(reference: str) -> str:
    """A reference for people: a path as it was given, of a web address the server and the file only."""
    return fetch.shown(reference) if "://" in reference and reference[:5].lower() != "s3://" else sources.shown(reference)


def _filled(address: str) -> str:
    """`${NAME}` from the environment: encoded as a part of an address, as it is where it makes the address's beginning. Only of what the
    campaign says: a catalog's rows may come from anybody, and would send a key to whom they like."""

    def value(match: re.Match[str]) -> str:
        found = os.environ.get(match[1], "")
        if not found:
            needs = f"{shown(address)} needs the environment variable {match[1]}, which is not set"
            raise UserError(f"{needs}: export it where the videos are fetched, then start again")
        return found if match.start() == 0 else quote(found, safe="")

    return _VARIABLE.sub(value, address)
