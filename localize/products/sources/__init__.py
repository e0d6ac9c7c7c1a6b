"""Where a catalog comes from: a file, several, an address, a bucket or a database; here, as files on this machine."""

from __future__ import annotations

import glob
import os
import re
from collections import Counter
from pathlib import Path
from urllib.parse import quote

from rapidfuzz import process

from localize.errors import UserError
from localize.products.sources import buckets, fetch
from localize.products.sources.fetch import Fetching
from localize.secrecy import written_out

_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+://|\$\{", re.IGNORECASE)
_SQLITE = "sqlite:///"
_DATABASE = re.compile(r"(?:sqlite|postgres|postgresql|mysql|mariadb|mssql|oracle)(?:\+\w+)?://", re.IGNORECASE)
VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
# What office programs and systems leave beside a table: locks, and files that begin with a point.
_NO_TABLES = (".", "~$")


def absolute(catalog: str, base: Path) -> str:
    """The catalog with a path, glob or SQLite path that is relative made so from `base`. Addresses stay as they are."""
    if catalog[: len(_SQLITE)].lower() == _SQLITE:
        path, mark, options = catalog[len(_SQLITE) :].partition("?")
        return f"{_SQLITE}{_below(path, base)}{mark}{options}" if path not in ("", ":memory:") else catalog
    return catalog if _ADDRESS.match(catalog) else _below(catalog, base)


def _below(path: str, base: Path) -> str:
    # normpath, as resolve() would follow links: a link to the newest export keeps its own name in messages.
    return os.path.normpath(base.absolute() / Path(path).expanduser())


def shown(catalog: str) -> str:
    """The catalog for a message: a path as it is, of an address nothing that may be secret."""
    if not _ADDRESS.match(catalog):
        return catalog
    if catalog.startswith("${"):  # what stands after the variable may be a secret
        return catalog if VARIABLE.fullmatch(catalog) else "${…"
    if catalog[:5].lower() == "s3://" and not written_out(catalog):
        return catalog
    if _DATABASE.match(catalog):
        from localize.products.sources import databases  # SQLAlchemy takes its time to load, and most catalogs are files

        return databases.shown(catalog)
    return fetch.shown(catalog)


def files(catalog: str, *, query: str = "", limits: Fetching, home: Path) -> tuple[Path, ...]:
    """The catalog's files on this machine, in the order of their names.

    `catalog` is a path, a glob (`exports/*.xlsx`, `**` for folders of any depth), an http or https address, an object
    or glob of a bucket (`s3://bucket/exports/*.csv`), or a database (`sqlite:///shop.db`,
    `postgresql://user:${PASSWORD}@host/shop`), which `query` is put to. `${NAME}` in an address is filled from the
    environment. What is elsewhere is fetched into `home`/catalogs, and asked for again at each call.

    Raises UserError for what can't be right, NotReady for a missing driver, Transient for what may pass.
    """
    folder = home / "catalogs"
    if not _ADDRESS.match(catalog):
        _no_query(query, catalog)
        return _local(catalog)
    address = filled(catalog)
    if _DATABASE.match(address):
        from localize.products.sources import databases

        return (databases.snapshot(address, query, folder, limits.catalog_seconds),)
    _no_query(query, address)
    if address[:5].lower() != "s3://":
        return (fetch.fetch(address, folder, limits, kind="catalog"),)
    found = buckets.matching(address) if _is_glob(address) else [address]
    wanted = [a for a in found if not a.rpartition("/")[2].startswith(_NO_TABLES)]
    if not wanted:
        raise UserError(f"{address}: no object's name fits: correct the folder or the pattern")
    return tuple(buckets.fetch(a, folder, limits, kind="catalog") for a in wanted)


def _no_query(query: str, catalog: str) -> None:
    if query.strip():
        raise UserError(f"`query` is for databases, and the catalog {shown(catalog)} is none: take one of them out of the campaign")


def filled(address: str, what: str = "the catalog") -> str:
    """`${NAME}` from the environment: encoded as a part of an address, as it is where it makes the address's beginning. A path stays as
    it is. Raises UserError, which says `what` it is of, for a variable that is not set."""
    if not _ADDRESS.match(address):
        return address

    def value(match: re.Match[str]) -> str:
        found = os.environ.get(match[1], "")
        if not found:
            needs = f"the address of {what} needs the environment variable {match[1]}, which is not set"
            raise UserError(f"{needs}: export it (for a fleet on every worker), then start again")
        return found if match.start() == 0 else quote(found, safe="")

    return VARIABLE.sub(value, address)


def _is_glob(path: str) -> bool:
    return any(c in path for c in "*?[")


def _local(catalog: str) -> tuple[Path, ...]:
    path = Path(catalog)
    if path.is_dir():
        endings = Counter(p.suffix for p in path.iterdir() if p.suffix and p.is_file() and not p.name.startswith(_NO_TABLES))
        usual = endings.most_common(1)[0][0] if endings else ".csv"
        raise UserError(f"{catalog} is a folder: name the file in it, or write {path / f'*{usual}'} for all of its files of that kind")
    if path.exists():
        return (path,)
    if not _is_glob(catalog):
        raise UserError(f"there is no file {catalog}{_near(path)}")
    found = sorted(p for p in map(Path, glob.glob(catalog, recursive=True)) if p.is_file() and not p.name.startswith(_NO_TABLES))
    if not found:
        raise UserError(f"no file's name fits {catalog}: correct the folder or the pattern")
    return tuple(found)


def _near(path: Path) -> str:
    if not path.parent.is_dir():
        return f", and no folder {path.parent}: correct the path"
    names = [p.name for p in path.parent.iterdir() if not p.name.startswith(_NO_TABLES)]
    near = process.extractOne(path.name, names, score_cutoff=75)
    return f": did you mean {near[0]!r}?" if near else ": correct the path"
