"""Product footage: the file on this machine that holds a video a catalog names."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from localize.errors import UserError
from localize.film import Film
from localize.products.sources import buckets, fetch
from localize.products.sources.fetch import Fetching


def obtain(reference: str, folder: Path, limits: Fetching, kind: Literal["footage", "dub"] = "footage") -> Path:
    """An absolute path as it is, or what an http, https or s3 address gives, kept below `folder` if it is a video.

    A product's `footage` may be as large, and take as long, as a catalog; what is to be dubbed, as `dub_mb` and `dub_seconds` say.
    Raises UserError, NotReady (s3 without boto3) and Transient.
    """
    scheme = reference.partition(":")[0].lower()
    if scheme in ("http", "https", "s3"):
        get = buckets.fetch if scheme == "s3" else fetch.fetch
        return get(reference, folder, limits, kind=kind, refuse=lambda path: _refused(fetch.shown(reference), path))
    path = Path(reference)
    if "://" in reference or scheme == "data" or not path.is_absolute():
        raise UserError(f"{fetch.shown(reference)} is neither a video beside the catalog nor an http, https or s3 address")
    if not path.is_file():
        raise UserError(f"{path.name}: there is no such file")
    return path


def _refused(name: str, path: Path) -> str:
    """ "" for a video, else why not: the address may be a page with a player on it."""
    with path.open("rb") as file:
        start = file.read(512).lstrip().lower()
    if start.startswith((b"<!doctype html", b"<html")):
        return f"{name} cannot be shown: it is a web page, not a video: give the address of the MP4 itself"
    try:
        Film(path)
    except UserError as error:
        return f"{name} cannot be shown: {str(error).replace(str(path), 'it')}"
    return ""
