"""Files as tables of text: which kind of file it is, by its content, and its cells as the seller wrote them.

Numbers keep their digits (199 not 199.0, 00123 stays 00123), and a row's number is the one a spreadsheet shows.
"""

from __future__ import annotations

from functools import partial
from importlib import import_module
from pathlib import Path

from localize.errors import UserError
from localize.products.tables import charset, delimited, feeds, records, spreadsheetml, workbooks
from localize.products.tables.rows import EMPTY, MAX_COLUMNS, MAX_UNPACKED, Row, Table
from localize.products.values import text

__all__ = ["MAX_COLUMNS", "MAX_UNPACKED", "Row", "Table", "load"]

_TABLES = "a table: save it as CSV (UTF-8) or .xlsx"
_NOT_TABLES = {
    b"%PDF": f"a PDF, not {_TABLES}",
    b"\x89PNG": f"a picture, not {_TABLES}",
    b"\xff\xd8\xff": f"a picture, not {_TABLES}",
    b"GIF8": f"a picture, not {_TABLES}",
    b"\x1f\x8b": "packed with gzip: unpack it and name the file inside",
    b"Rar!": "a RAR archive: unpack it and name the file inside",
    b"7z\xbc\xaf": "a 7-Zip archive: unpack it and name the file inside",
    b"SQLite format 3": "a database: export the product table as CSV (UTF-8)",
    b"MIME-Version:": "a web page with its pictures in one file: open it in a spreadsheet and save it as .xlsx",
    # BIFF without the container that Excel has put it in since 1993; some scripts still write it.
    **dict.fromkeys(
        (b"\x09\x08\x08\x00", b"\x09\x08\x10\x00", b"\x09\x00\x04\x00", b"\x09\x02\x06\x00", b"\x09\x04\x06\x00"),
        "a spreadsheet in a form of the 1990s: open it in a spreadsheet and save it as .xlsx",
    ),
}
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"


def load(path: Path) -> list[Table]:
    """The tables of a file: one, or one per visible sheet of a workbook. Raises UserError when it is none."""
    try:
        if not path.is_file():
            raise UserError(f"{path}: " + ("this is a folder: name the file in it" if path.is_dir() else "there is no such file"))
        with path.open("rb") as f:
            start = f.read(4096)
        if not start.strip():
            raise UserError(EMPTY.format(path.name))
        for magic, way_out in _NOT_TABLES.items():
            if start.startswith(magic):
                raise UserError(f"{path.name} is {way_out}")
        if start.startswith((_ZIP, _OLE)):
            return workbooks.load(path)
        if start.startswith(b"PAR1"):
            return [_parquet(path)]
        return _text(path)
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror or error})") from error
    except MemoryError as error:
        raise UserError(f"{path.name} is too large for this machine's memory: split it, or save it as CSV") from error


def _text(path: Path) -> list[Table]:
    reading = charset.of(path)
    start = reading.start(path)
    stripped = start.lstrip("\ufeff \t\r\n")
    if not stripped:
        raise UserError(EMPTY.format(path.name))
    if stripped[0] in "{[" and stripped[1:].lstrip()[:1] in ("", '"', *"{}[]"):
        return [records.load(path, reading)]
    if stripped[0] == "<":
        if not feeds.is_xml(stripped):
            return workbooks.page(path, reading)
        return spreadsheetml.load(path, reading, stripped) if feeds.root(stripped) == "Workbook" else feeds.load(path, reading, stripped)
    if sum(c < " " and c not in "\t\r\n\f\v" for c in start) > len(start) // 100:
        raise UserError(f"{path.name} is not a table: crossreel reads CSV, TSV, XLSX, XLS, ODS, JSON, JSONL, XML feeds and Parquet")
    return [delimited.load(path, reading, start)]


def _parquet(path: Path) -> Table:
    # Here, as loading them takes longer than reading most catalogs.
    pd, parquet = import_module("pandas"), import_module("pyarrow.parquet")
    broken = (OSError, ValueError, TypeError, KeyError, NotImplementedError, OverflowError, RuntimeError)  # ArrowInvalid is a ValueError
    try:
        facts = parquet.read_metadata(path)
        size = sum(facts.row_group(i).total_byte_size for i in range(facts.num_row_groups))
        if size > MAX_UNPACKED or facts.num_rows > MAX_UNPACKED // 10 or facts.num_columns > MAX_COLUMNS:
            raise UserError(f"{path.name} unpacks to more than {MAX_UNPACKED // 1_000_000} MB: split it, or save it as CSV (UTF-8)")
        frame = pd.read_parquet(path, engine="pyarrow")
    except broken as error:
        why = " ".join(str(error).split())[:120]
        raise UserError(f"{path.name} could not be read as Parquet ({why}): write it again, or save it as CSV (UTF-8)") from error
    # Column by column as NumPy values: iterating a frame would turn the float32 89.1 into 89.0999984741211.
    series = [frame.iloc[:, i] for i in range(frame.shape[1])]
    columns = [[text(v) for v in s.to_numpy(object if s.dtype.kind in "mM" else None)] for s in series]
    names = Row(0, tuple(text(n) for n in frame.columns))
    return Table(path, partial(list, [names, *(Row(n, cells) for n, cells in enumerate(zip(*columns, strict=True), 1))]))
