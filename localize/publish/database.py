"""The database that a ledger lies in: a SQLite file, or PostgreSQL for workers on several machines. Opened, brought to the newest shape,
and its troubles told as this project's errors, without passwords."""

from __future__ import annotations

import re
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from filelock import FileLock, Timeout
from sqlalchemy import exc, func
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url

from localize.errors import NotReady, Transient, UserError
from localize.publish import migrations

WAIT_SECONDS = 60  # for other workers' writing, each of which takes milliseconds
CONNECT_SECONDS = 10
_UPGRADING = 0x6C6564676572  # the number of the lock that whoever changes the tables holds
_one_upgrade = threading.Lock()  # of a process, see migrations.upgrade

_ADDRESS = re.compile(r"[a-z][a-z0-9+]*://", re.IGNORECASE)
_MENDABLE = re.compile(
    r"unable to open|readonly|not a database|malformed|authentication failed|no password supplied|no pg_hba"
    r"|role .* does not exist|database .* does not exist"
)


class Database:
    """`name` is what messages call it."""

    def __init__(self, engine: sa.Engine, name: str, file: Path | None = None) -> None:
        self.engine, self.name, self.file = engine, name, file
        # Seconds since 1970 by the one clock that all workers share: this machine's, or the server's.
        self.now: sa.ColumnElement[float] = sa.cast(sa.extract("epoch", func.clock_timestamp()), sa.Double())
        if file:
            self.now = sa.bindparam("now", callable_=time.time, type_=sa.Double())

    @classmethod
    def open(cls, where: str | Path) -> Database:
        """The database at a path or an address, made if it is a file that is not there, its tables the newest. Raises UserError for what
        is none, or was written by a newer crossreel."""
        url, name = _url(str(where)), cls.called(where)
        made = cls(_postgresql(url), name) if _is_postgresql(url) else cls(_sqlite(Path(name)), name, Path(name))
        made._renew_tables()
        return made

    @staticmethod
    def called(where: str | Path) -> str:
        """What messages call the database at a path or an address. Raises UserError for what is none."""
        url = _url(str(where))
        if _is_postgresql(url):
            return url.set(drivername="postgresql", query={}).render_as_string(hide_password=True)
        return str(Path(url.database or "").expanduser().absolute())

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        with self._telling(), self.engine.connect() as connection:
            # SQLite's are so by themselves; PostgreSQL is spared two messages a question.
            yield connection if self.file else connection.execution_options(isolation_level="AUTOCOMMIT")

    @contextmanager
    def writing(self, *, lasting: bool = True) -> Iterator[sa.Connection]:
        """A transaction that others see, and that outlives this process, once it is left; a `lasting` one is on disk by then, too."""
        with self._telling(), self.engine.begin() as connection:
            if self.file:
                connection.exec_driver_sql(f"PRAGMA synchronous={'FULL' if lasting else 'NORMAL'}")
                # One that reads first and then writes would be refused if another wrote between.
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield connection

    def copy(self, to: Path) -> None:
        """Write all of it into a new file, as it is at this moment; others go on writing meanwhile. Raises UserError for a PostgreSQL."""
        if not self.file:
            raise UserError(f"{self.name} is a PostgreSQL, which has its own copies: pg_dump writes one.")
        with self.reading() as connection:
            connection.exec_driver_sql("VACUUM INTO ?", (str(to),))

    def later(self, a: Any, b: Any) -> sa.ColumnElement[float]:
        return func.max(a, b) if self.file else func.greatest(a, b)

    def insert(self, table: sa.Table) -> Any:
        """An INSERT that may go on with `on_conflict_...`."""
        return sqlite.insert(table) if self.file else postgresql.insert(table)

    def alone(self, connection: sa.Connection, name: str) -> None:
        """Wait until no other transaction that asked for this name is going on."""
        if not self.file:  # where there is only ever one that writes
            connection.execute(_lock(func.hashtextextended(name, 0)))

    def _renew_tables(self) -> None:
        if self.file is None:
            with self.reading() as connection:
                if self._is_newest(connection):
                    return
            with _one_upgrade, self.writing() as connection:
                connection.execute(_lock(_UPGRADING))
                if not self._is_newest(connection):  # nobody else has, meanwhile
                    migrations.upgrade(connection)
            return
        with self._telling(), _one_upgrade, _locked(self.file):
            with self.reading() as connection:
                connection.exec_driver_sql("PRAGMA journal_mode=WAL")  # which the file remembers
                newest = self._is_newest(connection)
            if not newest:
                with self.writing() as connection:
                    migrations.upgrade(connection)

    def _is_newest(self, connection: sa.Connection) -> bool:
        if not sa.inspect(connection).has_table(migrations.VERSION_TABLE):
            return False
        version = connection.execute(sa.text(f"SELECT version_num FROM {migrations.VERSION_TABLE}")).scalar()
        known = migrations.revisions()
        if version is not None and version not in known:
            raise UserError(
                f"{self.name} was written by a newer crossreel (its tables are at {version}, this one knows {known[-1]}): "
                "update this one: pip install -U crossreel"
            )
        return bool(version == known[-1])

    @contextmanager
    def _telling(self) -> Iterator[None]:
        """What a database says, in one line without statements."""
        try:
            yield
        except exc.IntegrityError:
            raise  # a fault of this program
        except exc.DBAPIError as error:
            said = _said(error)
            if isinstance(error, (exc.OperationalError, exc.InterfaceError)) and not _MENDABLE.search(said):
                raise Transient(f"the ledger {self.name} does not answer as it should: {said}.") from error
            raise UserError(f"the ledger {self.name} can't be used: {said}. Correct its path or address, or the rights to it.") from error
        except exc.TimeoutError as error:
            raise Transient(f"the ledger {self.name} is asked by too many at once.") from error
        except OSError as error:
            raise UserError(f"the ledger {self.name} can't be used: {error.strerror}. Correct its path, or the rights to it.") from error


def _lock(number: Any) -> sa.Select[Any]:
    """A question to PostgreSQL that is answered once the transaction has the lock of a number."""
    return func.pg_advisory_xact_lock(number).select()


def _url(where: str) -> URL:
    if not _ADDRESS.match(where):
        return URL.create("sqlite", database=where)
    try:
        url = make_url(where)
    except (exc.ArgumentError, ValueError):  # whose texts may hold the password
        raise UserError(
            f"the ledger {where.partition('://')[0]}://… is no database's address: write a path, or postgresql://user@host/database"
        ) from None
    kind = url.get_backend_name()
    if kind == "sqlite" and url.database:
        return url
    if kind not in ("postgresql", "postgres"):
        raise UserError(f"the ledger {kind}://… is of no kind that can be used: write a path, or postgresql://user@host/database")
    return url.set(drivername="postgresql+psycopg")


def _is_postgresql(url: URL) -> bool:
    return url.get_backend_name() == "postgresql"


def _sqlite(file: Path) -> sa.Engine:
    engine = sa.create_engine(URL.create("sqlite", database=str(file)), connect_args={"timeout": WAIT_SECONDS}, hide_parameters=True)

    @sa.event.listens_for(engine, "connect")
    def set_up(connection: sqlite3.Connection, _: object) -> None:
        connection.isolation_level = None  # else sqlite3 begins transactions by rules of its own

    return engine


def _postgresql(url: URL) -> sa.Engine:
    try:
        return sa.create_engine(
            url, pool_pre_ping=True, hide_parameters=True,
            # Prepared statements would be looked for in vain behind a pooler, which gives each transaction another connection.
            connect_args={"connect_timeout": CONNECT_SECONDS, "application_name": "crossreel", "prepare_threshold": None},
        )  # fmt: skip
    except ImportError as error:
        raise NotReady("a ledger on PostgreSQL needs psycopg.", missing=("psycopg",), how="pip install 'crossreel[postgres]'") from error


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    """Alone among the processes of this machine that open a file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(file.with_name(f".{file.name}.lock"), timeout=WAIT_SECONDS):
            yield
    except Timeout as error:
        raise Transient(f"the ledger {file} is being opened by another program that does not come to an end.") from error


def _said(error: exc.DBAPIError) -> str:
    own = getattr(getattr(error.orig, "diag", None), "message_primary", None) or str(error.orig)
    return " ".join(own.split())[:300].rstrip(".")
