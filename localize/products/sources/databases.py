"""A database's answer to one question, as a catalog: `sqlite:///shop.db` and `postgresql://user@host/shop`.

The question is one SELECT, and nothing else can be done by it: SQLite is opened read-only with every other statement
forbidden, PostgreSQL is asked in a READ ONLY transaction through a cursor, which takes nothing but a question. The
answer is streamed into a JSON Lines file, a row a line.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from datetime import time as clock
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import create_engine, exc
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.pool import NullPool

from localize.errors import NotReady, Transient, UserError
from localize.products.sources import kept

ROWS_AT_ONCE = 1000
CONNECT_SECONDS = 10
_SCHEMES = ("sqlite", "postgresql", "postgres")
_EXAMPLE = "SELECT sku, title, price FROM products"


def shown(address: str) -> str:
    """The address without the password, and without its options, which may hold one too."""
    try:
        url = make_url(address)
    except (exc.ArgumentError, ValueError):
        return f"{address.partition('://')[0]}://…"
    return url.set(query={}).render_as_string(hide_password=True)


def snapshot(address: str, query: str, folder: Path, seconds: float) -> Path:
    """The rows that `query` gives, as JSON Lines in a file named after the database.

    Columns keep their order, decimals their digits, dates are ISO 8601; a database's NULL is null. `seconds` is how long
    the database may take. Raises UserError for a wrong address or query (with the database's own words), NotReady without
    PostgreSQL's driver, Transient when it can't be reached.
    """
    name = shown(address)
    statement = _question(query, name)
    url = _url(address, name)
    identity = f"{url.set(password=None).render_as_string()} {statement}"
    home = folder / hashlib.sha256(identity.encode()).hexdigest()[:32]
    home.mkdir(parents=True, exist_ok=True)
    file = home / f"{kept.safe(Path(url.database or '').stem or 'database')}.jsonl"
    half = home / f".{os.getpid()}.{threading.get_ident()}"
    try:
        with _telling(name), _connected(url, name, seconds) as connection, half.open("w", encoding="utf-8") as out:
            for line in _lines(connection, statement, name):
                out.write(line + "\n")
        half.replace(file)
    finally:
        half.unlink(missing_ok=True)
    return file


def _url(address: str, name: str) -> URL:
    try:
        url = make_url(address)
    except (exc.ArgumentError, ValueError) as error:
        raise UserError(f"{name} is no database's address: write sqlite:///shop.db or postgresql://user@host/shop") from error
    kind = url.get_backend_name().lower()
    if kind not in _SCHEMES:
        raise UserError(f"{name}: products are read from SQLite and PostgreSQL; export those of a {kind} database as CSV (UTF-8)")
    return url if kind == "sqlite" else url.set(drivername="postgresql+psycopg")


def _question(query: str, name: str) -> str:
    """The query as the one question that it must be. Comments before it and a semicolon after it are taken off."""
    if not query.strip():
        raise UserError(f"{name} is a database: say what to read by `query` in the campaign, such as {_EXAMPLE}")
    bare = re.sub(r"\A(?:\s+|--[^\n]*(?:\n|\Z)|/\*.*?\*/)*", "", query, flags=re.DOTALL).rstrip().rstrip(";").rstrip()
    if not re.match(r"(?:select|with|values)\b", bare, re.IGNORECASE):
        raise UserError(f"`query` begins with {bare[:20]!r}: only a question is put to a database, such as {_EXAMPLE}")
    return bare


# --- connections ---------------------------------------------------------------------------------------------------


@contextmanager
def _connected(url: URL, name: str, seconds: float) -> Iterator[Connection]:
    engine = _sqlite(url, name, seconds) if url.get_backend_name() == "sqlite" else _postgresql(url)
    try:
        with engine.connect() as connection:
            if url.get_backend_name() == "postgresql":
                # Within the transaction, as servers behind a connection pooler take no settings at the start.
                connection.exec_driver_sql(f"SET LOCAL statement_timeout = {round(seconds * 1000)}")
            else:
                made: Any = connection.connection.driver_connection
                made.set_authorizer(_leave)  # only now, as SQLAlchemy has questions of its own while it connects
            yield connection.execution_options(no_parameters=True, stream_results=True, yield_per=ROWS_AT_ONCE)
    finally:
        engine.dispose()


# What SQLite asks leave for while it prepares a question: all it needs, and nothing that writes, attaches or loads.
_ALLOWED = (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE)


def _sqlite(url: URL, name: str, seconds: float) -> Engine:
    path = Path(url.database or "")
    if not path.is_file():
        raise UserError(f"{name}: there is no file {path}: correct the path")

    def connect() -> sqlite3.Connection:
        until = time.monotonic() + seconds
        connection = sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, timeout=CONNECT_SECONDS)
        connection.set_progress_handler(lambda: int(time.monotonic() > until), 10_000)
        return connection

    return create_engine("sqlite://", creator=connect, poolclass=NullPool)


def _leave(action: int, _: str | None, name: str | None, *__: str | None) -> int:
    loads = action == sqlite3.SQLITE_FUNCTION and name == "load_extension"
    return sqlite3.SQLITE_OK if action in _ALLOWED and not loads else sqlite3.SQLITE_DENY


def _postgresql(url: URL) -> Engine:
    try:
        engine = create_engine(url, poolclass=NullPool, connect_args={"connect_timeout": CONNECT_SECONDS, "application_name": "crossreel"})
    except ImportError as error:
        raise NotReady("a PostgreSQL catalog needs psycopg.", missing=("psycopg",), how="pip install 'crossreel[postgres]'") from error
    return engine.execution_options(postgresql_readonly=True)


@contextmanager
def _telling(name: str) -> Iterator[None]:
    """What a database says, as errors of this project. Its own words are one line, without the statement and the address."""
    try:
        yield
    except (exc.OperationalError, exc.InterfaceError) as error:
        said = _said(error)
        if isinstance(error.orig, sqlite3.Error) and "interrupted" not in said and "locked" not in said:
            raise UserError(f"{name}: {said}: correct `query`, or the database's path and rights") from error
        if re.search(r"authentication failed|no password supplied|role .* does not exist|database .* does not exist|no pg_hba", said):
            raise UserError(f"{name}: {said}: correct the address") from error
        raise Transient(f"{name} does not answer as it should: {said}") from error
    except exc.DBAPIError as error:
        raise UserError(f"{name}: {_said(error)}: correct `query` in the campaign") from error
    except exc.SQLAlchemyError as error:
        raise UserError(f"{name}: the answer to `query` can't be read ({' '.join(str(error).split())[:200]})") from error


def _said(error: exc.DBAPIError) -> str:
    # psycopg's message goes on with the statement, as it was wrapped for the cursor.
    own = getattr(getattr(error.orig, "diag", None), "message_primary", None) or str(error.orig)
    return " ".join(own.split())[:300].rstrip(".")


# --- rows ----------------------------------------------------------------------------------------------------------


def _lines(connection: Connection, statement: str, name: str) -> Iterator[str]:
    answer = connection.exec_driver_sql(statement)
    columns = list(answer.keys())
    twice = [c for c, n in Counter(columns).items() if n > 1]
    if twice:
        raise UserError(f"{name}: `query` gives two columns called {twice[0]!r}: rename one with AS, such as AS {twice[0]}_2")
    heads = [json.dumps(c, ensure_ascii=False) + ": " for c in columns]
    rows = 0
    for row in answer:
        rows += 1
        yield (
            "{"
            + ", ".join([head + _written(value, columns, n, name) for n, (head, value) in enumerate(zip(heads, row, strict=True))])
            + "}"
        )
    if not rows:
        raise UserError(f"{name}: `query` gives no rows: look at its conditions")


def _written(value: Any, columns: Sequence[str], n: int, name: str) -> str:
    """A database's value as JSON. Decimals are numbers with all their digits."""
    if isinstance(value, str) or value is None or isinstance(value, (bool, int)):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, Decimal):
        return format(value, "f") if value.is_finite() else "null"
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else "null"
    if isinstance(value, (bytes, bytearray, memoryview)):
        raise UserError(
            f"{name}: column {columns[n]!r} holds binary data: leave it out of `query`, or give the pictures' names or addresses"
        )
    if isinstance(value, (date, datetime, clock)):
        return json.dumps(value.isoformat())
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_written(v, columns, n, name) for v in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(str(k), ensure_ascii=False)}: {_written(v, columns, n, name)}" for k, v in value.items()) + "}"
    return json.dumps(str(value), ensure_ascii=False)
