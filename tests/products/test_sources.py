"""Where a catalog may stand: each as the seller writes it in the campaign, and the files it gives."""

from __future__ import annotations

import json
import socket
import sqlite3
import sys
import threading
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import UUID

import boto3
import pytest
from moto import mock_aws
from sqlalchemy import create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError, ProgrammingError

from localize.errors import NotReady, Transient, UserError
from localize.products import sources
from localize.products.sources import buckets, databases
from localize.products.sources.fetch import Fetching

OWN = Fetching(allow_private=True, seconds=60)


def files(catalog: str, home: Path, query: str = "") -> tuple[Path, ...]:
    return sources.files(catalog, query=query, limits=OWN, home=home)


# --- files ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def exports(tmp_path: Path) -> Path:
    folder = tmp_path / "exports"
    for name in ("b.xlsx", "a.xlsx", "~$a.xlsx", ".a.xlsx", "old/c.xlsx", "notes.txt", "odd[1].csv"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("sku")
    (folder / "d.xlsx").mkdir()
    return folder


def test_a_path_is_itself(exports: Path, tmp_path: Path) -> None:
    assert files(f"{exports}/a.xlsx", tmp_path) == (exports / "a.xlsx",)
    assert files(f"{exports}/odd[1].csv", tmp_path) == (exports / "odd[1].csv",)


def test_a_glob_is_its_files_sorted_and_without_locks(exports: Path, tmp_path: Path) -> None:
    assert files(f"{exports}/*.xlsx", tmp_path) == (exports / "a.xlsx", exports / "b.xlsx")
    assert files(f"{exports}/**/*.xlsx", tmp_path) == (exports / "a.xlsx", exports / "b.xlsx", exports / "old" / "c.xlsx")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", r"is a folder: name the file in it, or write .*\*\.xlsx"),
        ("a.xslx", r"did you mean 'a\.xlsx'\?"),
        ("quite-another.csv", "there is no file .*correct the path"),
        ("nowhere/a.csv", "no folder"),
        ("*.parquet", "no file's name fits"),
        ("~$*.xlsx", "no file's name fits"),
    ],
)
def test_what_is_not_there(exports: Path, tmp_path: Path, name: str, reason: str) -> None:
    with pytest.raises(UserError, match=reason):
        files(f"{exports}/{name}", tmp_path)


def test_a_query_is_for_databases(exports: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="`query` is for databases"):
        files(f"{exports}/a.xlsx", tmp_path, "SELECT 1")


@pytest.mark.parametrize(
    ("catalog", "made"),
    [
        ("products.csv", "/shop/products.csv"),
        ("../exports/*.xlsx", "/exports/*.xlsx"),
        ("/data/products.csv", "/data/products.csv"),
        ("sqlite:///shop.db", "sqlite:////shop/shop.db"),
        ("sqlite:////data/shop.db", "sqlite:////data/shop.db"),
        ("https://shop.example/products.csv?key=1", "https://shop.example/products.csv?key=1"),
        ("s3://bucket/products.csv", "s3://bucket/products.csv"),
        ("postgresql://me@host/shop", "postgresql://me@host/shop"),
        ("${SHOP_DATABASE}", "${SHOP_DATABASE}"),
    ],
)
def test_relative_paths_are_of_the_campaigns_folder(catalog: str, made: str) -> None:
    assert sources.absolute(catalog, Path("/shop")) == made


def test_a_path_may_begin_at_home() -> None:
    assert sources.absolute("~/products.csv", Path("/shop")) == str(Path.home() / "products.csv")


@pytest.mark.parametrize(
    ("catalog", "name"),
    [
        ("/shop/products.csv", "/shop/products.csv"),
        ("https://me:TOP@shop.example/export/products.csv?key=TOP", "shop.example/…/products.csv"),
        ("s3://bucket/a/products.csv", "s3://bucket/a/products.csv"),
        ("postgresql://me:TOP@host:5433/shop?password=TOP", "postgresql://me:***@host:5433/shop"),
        ("postgresql://me:${PASSWORD}@host/shop", "postgresql://me:***@host/shop"),
        ("postgresql://me:T@OP:x:y@[", "postgresql://…"),
        ("sqlite:////data/shop.db", "sqlite:////data/shop.db"),
        ("${DATABASE}", "${DATABASE}"),
        ("${HOST}/export?key=TOP", "${…"),
    ],
)
def test_messages_hold_no_secrets(catalog: str, name: str) -> None:
    assert sources.shown(catalog) == name


# --- web servers and buckets ---------------------------------------------------------------------------------------


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


def test_an_address(exports: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(exports)))
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    monkeypatch.setenv("EXPORT_TOKEN", "a b&c")
    url = f"http://127.0.0.1:{server.server_port}/b.xlsx?token=${{EXPORT_TOKEN}}"
    (file,) = files(url, tmp_path / "home")
    assert (file.name, file.read_text()) == ("b.xlsx", "sku")
    assert file.is_relative_to(tmp_path / "home" / "catalogs")
    with pytest.raises(UserError, match=r"none\.csv: the server has nothing"):
        files(f"http://127.0.0.1:{server.server_port}/none.csv", tmp_path / "home")
    with pytest.raises(UserError, match="is a private address"):
        sources.files(url, limits=Fetching(), home=tmp_path / "home")
    server.shutdown()
    server.server_close()


def test_a_variable_that_is_not_set_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SHOP_DATABASE", raising=False)
    for catalog in ("${SHOP_DATABASE}", "https://shop.example/export?key=${SHOP_DATABASE}"):
        with pytest.raises(UserError, match="environment variable SHOP_DATABASE, which is not set"):
            files(catalog, tmp_path)


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    buckets._made.cache_clear()
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket="shop")
        for key in ("exports/b.csv", "exports/a.csv", "exports/~$a.csv", "exports/old/c.csv", "exports/notes.txt", "exports/"):
            client.put_object(Bucket="shop", Key=key, Body=key.encode())
        yield client
    buckets._made.cache_clear()


def test_objects_of_a_bucket(bucket: Any, tmp_path: Path) -> None:
    assert [p.read_text() for p in files("s3://shop/exports/a.csv", tmp_path)] == ["exports/a.csv"]
    found = files("s3://shop/exports/*.csv", tmp_path)
    assert [(p.name, p.read_text()) for p in found] == [("a.csv", "exports/a.csv"), ("b.csv", "exports/b.csv")]
    assert [p.name for p in files("s3://shop/*/*/?.csv", tmp_path)] == ["c.csv"]
    bucket.put_object(Bucket="shop", Key="exports/a.csv", Body=b"new")  # asked for at each call
    assert files("s3://shop/exports/a.csv", tmp_path)[0].read_text() == "new"


@pytest.mark.parametrize(
    "catalog", ["s3://shop/exports/*.xlsx", "s3://shop/none.csv", "s3://shhop/*.csv", "s3:///a.csv", "s3://shop/exports/"]
)
def test_objects_that_are_not_there(bucket: Any, tmp_path: Path, catalog: str) -> None:
    with pytest.raises(UserError):
        files(catalog, tmp_path)


# --- databases -----------------------------------------------------------------------------------------------------


@pytest.fixture
def shop(tmp_path: Path) -> str:
    with sqlite3.connect(tmp_path / "shop.db") as connection:
        connection.execute("CREATE TABLE products (sku TEXT, title TEXT, price REAL, stock INTEGER, photo BLOB)")
        connection.executemany(
            "INSERT INTO products VALUES (?, ?, ?, ?, ?)",
            [("00123", 'กระบอกน้ำ "ใหญ่"', 89.1, 3, b"\x89"), ("B:2", "mug 50%\nred", 1290, None, None)],
        )
    connection.close()
    return f"sqlite:///{tmp_path}/shop.db"


def rows(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def test_a_question_put_to_a_database_is_a_file_named_after_it(shop: str, tmp_path: Path) -> None:
    (file,) = files(shop, tmp_path, "SELECT title, sku, price, stock FROM products ORDER BY sku;")
    assert file.name == "shop.jsonl"
    assert rows(file) == [
        {"title": 'กระบอกน้ำ "ใหญ่"', "sku": "00123", "price": 89.1, "stock": 3},
        {"title": "mug 50%\nred", "sku": "B:2", "price": 1290.0, "stock": None},
    ]
    assert list(rows(file)[0]) == ["title", "sku", "price", "stock"]
    with sqlite3.connect(tmp_path / "shop.db") as connection:
        connection.execute("DELETE FROM products WHERE sku = '00123'")
    assert files(shop, tmp_path, "SELECT title, sku, price, stock FROM products ORDER BY sku;") == (file,)
    assert len(rows(file)) == 1


@pytest.mark.parametrize(
    "query",
    [
        "-- tonight's\nSELECT sku FROM products WHERE sku LIKE '%:2' AND title <> ':x'",
        "/* all */ with good as (select * from products where price > 100) select sku, count(*) as n from good group by sku",
        "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n LIMIT 1) SELECT sku FROM products, n WHERE price > 90",
    ],
)
def test_questions_may_be_any_select(shop: str, tmp_path: Path, query: str) -> None:
    (file,) = files(shop, tmp_path, query)
    assert [r["sku"] for r in rows(file)] == ["B:2"]


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("", "is a database: say what to read by `query`"),
        ("DELETE FROM products", "begins with 'DELETE FROM products'"),
        ("PRAGMA user_version", "only a question is put to a database"),
        ("ATTACH 'x.db' AS x", "only a question"),
        ("SELECT 1; DELETE FROM products", "one statement at a time"),
        ("WITH x AS (SELECT 1) DELETE FROM products", "not authorized"),
        ("WITH x AS (SELECT 1) INSERT INTO products (sku) SELECT * FROM x", "not authorized"),
        ("SELECT load_extension('x')", "not authorized"),
        ("SELECT writefile('x', 'y')", "no such function: writefile"),
        ("SELECT nme FROM products", "no such column: nme: correct `query`"),
        ("SELECT * FROM product", "no such table: product"),
        ("SELECT * FROM products WHERE sku = :sku", "correct `query`"),
        ("SELECT sku, title AS sku FROM products", "two columns called 'sku': rename one with AS"),
        ("SELECT sku, photo FROM products", "column 'photo' holds binary data"),
        ("SELECT sku FROM products WHERE sku = 'none'", "gives no rows"),
    ],
)
def test_questions_that_are_none(shop: str, tmp_path: Path, query: str, reason: str) -> None:
    with pytest.raises(UserError, match=reason):
        files(shop, tmp_path, query)
    with sqlite3.connect(tmp_path / "shop.db") as connection:
        assert connection.execute("SELECT count(*) FROM products").fetchone() == (2,)
    assert not [p for p in (tmp_path / "catalogs").rglob("*") if p.is_file()]  # nothing half-written


def test_a_question_that_takes_too_long_ends(shop: str, tmp_path: Path) -> None:
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) AS sku FROM n"
    with pytest.raises(Transient, match="interrupted"):
        databases.snapshot(shop, endless, tmp_path, seconds=0.1)


def test_databases_that_are_not_there(tmp_path: Path) -> None:
    (tmp_path / "note.db").write_text("this is no database, but a note of some length " * 40)
    for catalog, reason in (
        (f"sqlite:///{tmp_path}/none.db", "there is no file"),
        (f"sqlite:///{tmp_path}/note.db", "file is not a database"),
        ("sqlite://", "there is no file"),
        ("mysql://me@host/shop", "export those of a mysql database as CSV"),
        ("postgresql://me:TOP@host:port/shop", "is no database's address"),
    ):
        with pytest.raises(UserError, match=reason) as error:
            files(catalog, tmp_path, "SELECT sku FROM products")
        assert "TOP" not in str(error.value)


def test_decimals_keep_their_digits_and_dates_are_iso(tmp_path: Path) -> None:
    def written(value: object) -> str:
        return databases._written(value, ["price"], 0, "shop")

    assert written(Decimal("89.10")) == "89.10"
    assert written(Decimal("1E+7")) == "10000000"
    assert written(Decimal("NaN")) == written(float("inf")) == written(None) == "null"
    assert written(["a", Decimal("1.50"), {"k": True}]) == '["a", 1.50, {"k": true}]'
    assert written(date(2026, 1, 2)) == '"2026-01-02"'
    assert written(UUID(int=1)) == '"00000000-0000-0000-0000-000000000001"'


# --- PostgreSQL: what is sent, seen by a stand-in for its driver, as no server runs here ---------------------------------


class Wire:
    """A psycopg connection that answers every question with one product, and remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []

    def cursor(self, *args: Any, **kwargs: Any) -> WireCursor:
        return WireCursor(self, f"cursor {args[0] if args else kwargs.get('name', '')}".strip())

    def __getattr__(self, name: str) -> Any:
        return lambda *_, **__: None


class WireCursor:
    description = (("sku", 25, None, None, None, None, None), ("price", 1700, None, None, None, None, None))
    rowcount, arraysize, lastrowid = 1, 1, None

    def __init__(self, wire: Wire, name: str) -> None:
        self.wire, self.name, self.rows = wire, name, [("A", "89.10")]

    def execute(self, statement: Any, *_: Any, **__: Any) -> None:
        self.wire.told.append((self.name, str(statement)))

    def fetchmany(self, size: int = 1) -> list[Any]:
        got, self.rows = self.rows[:size], self.rows[size:]
        return got

    def close(self) -> None:
        pass


def test_postgresql_is_asked_read_only_with_a_limit_and_a_cursor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("psycopg", reason="PostgreSQL's driver (extra postgres) is not installed")
    wire, asked = Wire(), {}

    def engine(url: Any, **kwargs: Any) -> Any:
        made = create_engine(url, **kwargs)
        made.dialect.initialize = lambda *_: None
        event.listen(made, "do_connect", lambda _dialect, _record, _args, params: asked.update(params) or wire)
        return made

    monkeypatch.setattr(databases, "create_engine", engine)
    (file,) = files("postgres://me:pw@db.example/shop", tmp_path, "SELECT sku, price FROM products WHERE sku LIKE 'A%'")
    assert file.name == "shop.jsonl"
    assert (asked["host"], asked["dbname"], asked["user"], asked["password"]) == ("db.example", "shop", "me", "pw")
    assert wire.told[0][1] == "SET LOCAL statement_timeout = 600000"
    assert wire.told[-1][0].startswith("cursor c_")
    assert wire.told[-1][1] == "SELECT sku, price FROM products WHERE sku LIKE 'A%'"


def test_postgresql_without_its_driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(NotReady, match=r"crossreel\[postgres\]"):
        files("postgresql://me@db.example/shop", tmp_path, "SELECT 1 AS sku")


def test_the_transaction_is_read_only() -> None:
    pytest.importorskip("psycopg", reason="PostgreSQL's driver (extra postgres) is not installed")
    engine = databases._postgresql(make_url("postgresql+psycopg://me@db.example/shop"))
    assert engine.get_execution_options()["postgresql_readonly"] is True


class Said(Exception):
    """What a driver raises."""


@pytest.mark.parametrize(
    ("error", "becomes", "words"),
    [
        (OperationalError("s", {}, Said("connection refused")), Transient, "does not answer as it should: connection refused"),
        (OperationalError("s", {}, Said('FATAL: password authentication failed for user "me"')), UserError, "correct the address"),
        (OperationalError("s", {}, Said('FATAL: database "shp" does not exist')), UserError, "correct the address"),
        (
            ProgrammingError("s", {}, Said('relation "product"\n does not exist')),
            UserError,
            r'relation "product" does not exist: correct `query`',
        ),
    ],
)
def test_what_a_database_says(error: Exception, becomes: type[Exception], words: str) -> None:
    with pytest.raises(becomes, match=words), databases._telling("postgresql://me:***@db.example/shop"):
        raise error


def test_a_server_that_is_not_there_may_come_back(tmp_path: Path) -> None:
    pytest.importorskip("psycopg", reason="PostgreSQL's driver (extra postgres) is not installed")
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        with pytest.raises(Transient):
            files(f"postgresql://me:TOP@127.0.0.1:{silent.getsockname()[1]}/shop", tmp_path, "SELECT 1 AS sku")
