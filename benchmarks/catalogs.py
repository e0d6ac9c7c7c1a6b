"""Reading sellers' catalogs and pictures: what becomes of every row, how fast, in how much memory, and what is refused.

Four parts: every file of ../shared/testdata/catalogs and of ../shared/testdata/product_images (left out without them),
generated files of a million rows, and attempts to turn a catalog or a picture against the machine that reads it. Each
file is read in a process of its own, whose peak memory is the figure beside it; about 130 MiB of that are Python and the
libraries. Speed is rows by user+system seconds of that process, not by the clock; "x csv" is how often Python's csv module goes
over the same file in that time, a figure that hangs less on the core.

    python benchmarks/catalogs.py [--quick] [--json]

--quick generates 100,000 rows instead, of which the start takes too large a part for a speed to be judged. Exits with 1
when a figure falls short.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

TESTDATA = ROOT.parent / "shared" / "testdata"
# Rows a second of one core, for a table of texts. One whose descriptions are HTML, which is parsed and searched for selling
# points, takes several times as long a row; its speed is shown and has no bound.
LEAST_SPEED = {"native.csv": 50_000}
MOST_MEMORY = 400  # MiB

# What the seller of a file that names no currency would write into the campaign, and how that is known.
CAMPAIGN: dict[str, dict[str, str]] = {
    "woocommerce_real_serbian_wine.csv": {"currency": "RSD"},  # a Serbian shop: 15 miles round Belgrade
    "woocommerce_sample_products.csv": {"currency": "GBP"},  # the sample shop's default
    "shopify_official_apparel.csv": {"currency": "USD"},  # a Shopify export never names it; a US sample
    "shopify_official_home_and_garden.csv": {"currency": "USD"},
    "shopify_official_jewelery.csv": {"currency": "USD"},
    "shopify_packt_product_data.csv": {"currency": "USD"},
    "shopify_padded_export.csv": {"currency": "USD"},
    "shopify_real_hair_store_export.csv": {"currency": "USD"},  # its option names say $
    "shopify_real_velofant_se_export.csv": {"currency": "SEK"},  # a Swedish shop
    "th_shopee_boxes.csv": {"currency": "THB"},  # Shopee Thailand
    "vi_tiki_bom_crlf.csv": {"currency": "VND"},  # Tiki sells in Vietnam only
    "zh_taobao_dresses_utf8.csv": {"currency": "CNY"},
    "zh_tmall_mongo_export.csv": {"currency": "CNY"},
    # Picture names without the pictures: their shop's address for them stands in the campaign.
    "bagisto_products.xlsx": {"currency": "USD", "pictures": "https://shop.example/storage"},
    "medusa_export_semicolon.csv": {"pictures": "https://shop.example/static"},
    "spree_products.csv": {"currency": "USD"},
    "shopee_export_2026_sg_sales_info.xlsx": {"currency": "SGD"},  # Shopee Singapore
    "shopify.csv": {"currency": "USD"},  # generated below
    "vendure_products_padded.csv": {"currency": "USD", "pictures": "https://shop.example/assets"},
}


# Exports that are one catalog together: Shopee's of basic information, pictures and prices.
TOGETHER = {"shopee_export_2026_sg_sales_info.xlsx": "shopee_export_2026_sg_*.xlsx"}


# --- in a process of its own ---------------------------------------------------------------------------------------


def cpu() -> float:
    times = os.times()
    return times.user + times.system


def peak() -> float:
    """MiB of this process at its largest."""
    status = Path("/proc/self/status")
    if status.exists():  # on Linux, getrusage counts what the parent had before this program was started, too
        lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
        return int(lines["VmHWM"].split()[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 1024)


def read_catalog(path: Path) -> dict[str, Any]:
    """What becomes of a catalog's rows, without looking at pictures."""
    from collections import Counter

    from localize import products
    from localize.domain import Finding, Reject
    from localize.errors import UserError
    from localize.products import Asked, Skipped

    paths = sorted(path.parent.glob(TOGETHER[path.name])) if path.name in TOGETHER else [path]
    started, spent = time.perf_counter(), cpu()
    warned: Counter[str] = Counter()
    skipped: Counter[str] = Counter()
    bad: Counter[str] = Counter()
    files = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
    result: dict[str, Any] = {"file": path.name + files, "format": "", "refused": ""}
    try:
        reading = products.open_catalog(paths, Asked(**CAMPAIGN.get(path.name, {})))
        for outcome in reading:
            if isinstance(outcome, Finding):
                if outcome.severity != "info":
                    warned[products.kind(outcome.message)] += 1
            elif isinstance(outcome, Skipped):
                skipped[products.kind(outcome.reason)] += outcome.rows
            elif isinstance(outcome, Reject):
                bad[products.kind(outcome.reason)] += 1
    except UserError as error:
        result["refused"] = str(error)
    else:
        account = asdict(reading.account)
        result |= {
            "format": reading.format, "rows": reading.account.rows, "balanced": reading.account.balanced,
            "non_rows": account["skipped_rows"], **{k: account[k] for k in ("products", "rejects", "product_rows", "reject_rows", "seen")},
            "reasons": dict(bad.most_common(3)), "warnings": dict(warned.most_common(3)), "warned": warned.total(),
            "skipped": dict(skipped.most_common(3)),
        }  # fmt: skip
    return result | {"seconds": time.perf_counter() - started, "cpu": cpu() - spent, "mib": peak()}


def load_picture(path: Path) -> dict[str, Any]:
    """A picture as a clip takes it, or why it is refused."""
    from PIL import Image

    from localize.errors import UserError
    from localize.products import pictures

    result: dict[str, Any] = {"file": path.name, "refused": "", "was": "", "size": ""}
    started = time.perf_counter()
    try:
        if reason := pictures.check(path):
            raise UserError(reason)
        shape = pictures.load(path, 1400).shape
        result["size"] = f"{shape[1]}x{shape[0]} {'RGBA' if shape[2] == 4 else 'RGB'}"
    except UserError as error:
        result["refused"] = str(error)
    result |= {"seconds": time.perf_counter() - started, "mib": peak()}
    if not result["refused"]:
        with Image.open(path) as image:
            frames = f", {image.n_frames} frames" if getattr(image, "n_frames", 1) > 1 else ""
            result["was"] = f"{image.format} {image.width}x{image.height} {image.mode}{frames}"
    return result


def pass_over(path: Path) -> dict[str, Any]:
    """What Python's csv module takes to go over the file once: by it, runs on faster and slower cores can be compared."""
    started = cpu()
    with path.open(encoding="utf-8", newline="") as f:
        for _ in csv.reader(f):
            pass
    return {"csv_cpu": cpu() - started}


ALONE: dict[str, Callable[[Path], dict[str, Any]]] = {"catalog": read_catalog, "picture": load_picture, "csv": pass_over}


def alone(what: str, path: Path) -> dict[str, Any]:
    """Run one of the above in a process of its own."""
    ran = subprocess.run([sys.executable, __file__, "--alone", what, str(path)], capture_output=True, text=True, cwd=ROOT, timeout=1800)
    if ran.returncode:
        return {"file": path.name, "broken": (ran.stderr.strip().splitlines() or ["no output"])[-1]}
    result: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return result


# --- a million rows ------------------------------------------------------------------------------------------------


def native_rows(count: int) -> Iterator[tuple[object, ...]]:
    yield "sku", "title", "price", "was_price", "currency", "brand", "category", "features", "description", "images", "link"
    for n in range(count):
        yield (
            f"SKU-{n:07}", f"Steel bottle {n} with a lid", 100 + n % 900, 1100 if n % 3 else "", "THB", "Cool&Co", "kitchen",
            f"Hot for {n % 24 + 1} hours|Leak-tight lid", "A light bottle of stainless steel for work and travel.",
            f"https://shop.example/p/{n}.jpg", f"https://shop.example/p/{n}",
        )  # fmt: skip


def shopify_rows(count: int) -> Iterator[tuple[object, ...]]:
    """Products of four rows each: three sizes and a row that has only a picture."""
    yield (
        "Handle", "Title", "Body (HTML)", "Vendor", "Type", "Tags", "Published", "Option1 Name", "Option1 Value", "Variant SKU",
        "Variant Inventory Qty", "Variant Price", "Variant Compare At Price", "Image Src", "Image Position", "Status",
    )  # fmt: skip
    for n in range(count // 4):
        handle, image = f"shirt-{n}", f"https://cdn.shop.example/{n}"
        body = f"<p>A shirt of cotton, cut wide.</p><ul><li>Style {n}</li><li>Dries in the sun</li></ul>"
        for i, size in enumerate("SML"):
            first = (handle, f"Cotton shirt {n}", body, "Acme", "Shirts", "cotton, summer", "true", "Size")
            later = (handle, "", "", "", "", "", "", "")
            price = (f"SH-{n}-{size}", 10, 19 + n % 50 + i, "", f"{image}-{i}.jpg", i + 1)
            yield (*(later if i else first), size, *price, "" if i else "active")
        yield handle, "", "", "", "", "", "", "", "", "", "", "", "", f"{image}-back.jpg", 4, ""


def many_rows(count: int) -> list[dict[str, Any]]:
    results = []
    with tempfile.TemporaryDirectory() as folder:
        for name, rows in (("native.csv", native_rows), ("shopify.csv", shopify_rows)):
            path = Path(folder) / name
            with path.open("w", encoding="utf-8", newline="") as f:
                csv.writer(f).writerows(rows(count))
            size = path.stat().st_size / 2**20
            results.append(alone("catalog", path) | alone("csv", path) | {"file_mib": size})
            path.unlink()
    return results


# --- what is refused -----------------------------------------------------------------------------------------------


@contextmanager
def resolving(names: dict[str, str]) -> Iterator[None]:
    """Host names that lead where an attacker wants."""
    import socket

    real = socket.getaddrinfo

    def resolve(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
        return real(names.get(host.decode() if isinstance(host, bytes) else host, host), port, *args, **kwargs)

    socket.getaddrinfo = resolve
    try:
        yield
    finally:
        socket.getaddrinfo = real


@contextmanager
def serving(answers: dict[str, tuple[int, dict[str, str], bytes]]) -> Iterator[int]:
    """A server on this machine, and its port."""
    import threading
    from http.server import BaseHTTPRequestHandler, HTTPServer

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, headers, body = answers.get(self.path, (404, {}, b""))
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def public(address: str) -> Iterator[None]:
    """An address that counts as one of the open internet: so that a redirect can be followed without a network."""
    from localize.products.sources import network

    real = network.judged
    network.judged = lambda a: "public" if str(a) == address else real(a)
    try:
        yield
    finally:
        network.judged = real


ROWS = "sku,title,price,currency,images\n"


def attempts(tmp: Path) -> Iterator[tuple[str, Callable[[], str]]]:
    """What is tried, and what came of it: "" or what was let through. UserErrors are the wanted end."""
    from localize import products
    from localize.errors import UserError
    from localize.products import Asked, pictures
    from localize.products.sources.fetch import Fetching

    limits = Fetching(seconds=5)

    def fetched(url: str) -> Callable[[], str]:
        return lambda: f"{url} was fetched: {pictures.obtain(url, tmp / 'fetched', limits)}"

    def read(name: str, content: str | bytes) -> Callable[[], str]:
        def run() -> str:
            path = tmp / name
            path.write_bytes(content.encode() if isinstance(content, str) else content)
            catalog = products.read(path, asked=Asked(currency="THB"))
            if catalog.products:
                return f"became a product: {catalog.products[0]}"
            raise UserError(catalog.rejects[0].reason)

        return run

    yield "picture on this machine", fetched("http://127.0.0.1/p.png")
    yield "picture on this machine, IPv6", fetched("http://[::1]/p.png")
    yield "the same, mapped", fetched("http://[::ffff:127.0.0.1]/p.png")
    yield "the same, as one number", fetched("http://2130706433/p.png")
    yield "picture at a link-local address", fetched("http://169.254.169.254/latest/meta-data/")
    yield "picture in a private network", fetched("http://10.0.0.1/p.png")
    yield "picture at file://", fetched("file:///etc/hostname")

    def named() -> str:
        with resolving({"shop.example": "192.168.1.10"}):
            return fetched("http://shop.example/p.png")()

    yield "host name that leads into a private network", named

    def redirected() -> str:
        moved = {"/p.png": (302, {"Location": "http://10.0.0.1/admin.png"}, b"")}
        with serving(moved) as port, public("127.0.0.1"), resolving({"shop.example": "127.0.0.1"}):
            return fetched(f"http://shop.example:{port}/p.png")()

    yield "redirect to a private address", redirected

    def bomb() -> str:
        path = tmp / "bomb.png"
        path.write_bytes(png_of(60_000, 60_000))
        if reason := pictures.check(path):
            raise UserError(reason)
        return "it was decoded"

    yield "decompression bomb picture", bomb
    yield "zip bomb as a workbook", lambda: read("bomb.xlsx", zip_bomb(tmp))()
    yield "XML external entity", read("xxe.xml", feed('<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/hostname">]>', "&x;"))
    lol = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 10))
    yield "billion laughs", read("laughs.xml", feed(f'<!DOCTYPE rss [<!ENTITY l0 "lol">{lol}]>', "&l9;"))
    yield "SKU that is a path", read("sku.csv", ROWS + "../../etc/passwd,Mug,290,THB,\n")
    yield "picture above the catalog's folder", read("path.csv", ROWS + "M-1,Mug,290,THB,../../../etc/hostname\n")

    def formula() -> str:
        path = tmp / "formula.csv"
        path.write_text(ROWS + '"=HYPERLINK(""http://x.example"",""A"")",@SUM(1),+1+cmd|\' /C calc\'!A0,THB,\n', encoding="utf-8")
        catalog = products.read(path)
        products.write_rejects(catalog.rejects, tmp / "rejects.csv")
        with (tmp / "rejects.csv").open(encoding="utf-8-sig", newline="") as f:
            cells = [cell for row in csv.reader(f) for cell in row if cell.lstrip()[:1] in ("=", "+", "-", "@")]
        if cells or not catalog.rejects:
            return f"rejects.csv has the formulas {cells}"
        raise UserError(f"in rejects.csv it is text: {catalog.rejects[0].value[:30]}")

    yield "formula in a rejected cell", formula


def png_of(width: int, height: int) -> bytes:
    """A PNG that says it is so large, and has some rows."""
    import struct
    import zlib

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(3 * width + 1) * 20)) + chunk(b"IEND", b"")


def zip_bomb(tmp: Path) -> bytes:
    """A workbook of one sheet, 1 MB as it lies there, which unpacks to 1 GB."""
    import zipfile

    import openpyxl

    path = tmp / "empty.xlsx"
    openpyxl.Workbook().save(path)
    target = tmp / "packed.xlsx"
    with zipfile.ZipFile(path) as book, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as bomb:
        for name in book.namelist():
            if name != "xl/worksheets/sheet1.xml":
                bomb.writestr(name, book.read(name))
        with bomb.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as sheet:
            sheet.write(b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>')
            for _ in range(1024):
                sheet.write(b"<row/>      " * 87_382)
            sheet.write(b"</sheetData></worksheet>")
    return target.read_bytes()


def feed(doctype: str, title: str) -> str:
    return (
        f'<?xml version="1.0"?>{doctype}<rss version="2.0" xmlns:g="http://base.google.com/ns/1.0"><channel><item>'
        f"<g:id>1</g:id><g:title>{title}</g:title><g:price>9.90 USD</g:price><g:image_link>https://shop.example/1.jpg</g:image_link>"
        "</item></channel></rss>"
    )


def refused(tmp: Path) -> list[dict[str, str]]:
    from localize.errors import CrossreelError

    results = []
    for what, run in attempts(tmp):
        try:
            results.append({"what": what, "through": run() or "nothing was refused", "refused": ""})
        except CrossreelError as error:
            results.append({"what": what, "through": "", "refused": str(error)})
    return results


# --- figures -------------------------------------------------------------------------------------------------------


def files(folder: str) -> list[Path]:
    return sorted(p for p in (TESTDATA / folder).glob("*") if p.is_file()) if (TESTDATA / folder).is_dir() else []


def measured(quick: bool) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        security = refused(Path(folder))
    return {
        "quick": quick,
        "catalogs": [alone("catalog", path) for path in files("catalogs")],
        "pictures": [alone("picture", path) for path in files("product_images")],
        "many": many_rows(100_000 if quick else 1_000_000),
        "refused": security,
    }


def shortfalls(figures: dict[str, Any]) -> list[str]:
    """What is not as it must be."""
    short = [f"{r['file']}: ended in {r['broken']}" for part in ("catalogs", "pictures", "many") for r in figures[part] if "broken" in r]
    for r in figures["catalogs"] + figures["many"]:
        if r.get("format") and not r["balanced"]:
            short.append(f"{r['file']}: {r['seen']} rows, but {r['rows']} accounted for")
        if r.get("mib", 0) > MOST_MEMORY:
            short.append(f"{r['file']}: {r['mib']:.0f} MiB, at most {MOST_MEMORY}")
    for r in figures["many"]:
        if r.get("refused") or not r.get("products"):
            short.append(f"{r['file']}: has no products ({r.get('refused')})")
        elif not figures["quick"] and r["rows"] / r["cpu"] < LEAST_SPEED.get(r["file"], 0):
            short.append(f"{r['file']}: {r['rows'] / r['cpu']:,.0f} rows a second, at least {LEAST_SPEED[r['file']]:,}")
    return short + [f"{r['what']}: {r['through']}" for r in figures["refused"] if r["through"]]


def shown(figures: dict[str, Any]) -> None:
    if not figures["catalogs"]:
        print("catalogs and pictures: left out, as there is no ../shared/testdata\n")
    else:
        print(
            f"{'catalog':<54}{'format':<15}{'rows':>6}{'products':>9}{'rejects':>8}{'non-rows':>9}{'warned':>7}{'s':>6}{'MiB':>5}  reason"
        )
    for r in figures["catalogs"]:
        if "broken" in r or r["refused"]:
            print(f"{r['file']:<54}{r.get('broken') or r['refused']}")
            continue
        reason = next(iter(r["reasons"]), "") or next(iter(r["skipped"]), "")
        print(
            f"{r['file']:<54}{r['format']:<15}{r['rows']:>6}{r['products']:>9}{r['rejects']:>8}{r['non_rows']:>9}{r['warned']:>7}"
            f"{r['seconds']:>6.2f}{r['mib']:>5.0f}  {reason[:80]}"
        )
    if figures["pictures"]:
        print(f"\n{'picture':<54}{'is':<34}{'in a clip':<17}{'s':>6}{'MiB':>5}")
    for r in figures["pictures"]:
        if "broken" in r:
            print(f"{r['file']:<54}{r['broken']}")
        else:
            print(f"{r['file']:<54}{r['was'] or 'refused':<34}{r['size'] or '-':<17}{r['seconds']:>6.2f}{r['mib']:>5.0f}  {r['refused']}")
    print(f"\n{'generated':<20}{'MiB of file':>12}{'rows':>11}{'products':>10}{'CPU s':>8}{'rows/s':>10}{'x csv':>8}{'peak MiB':>10}")
    for r in figures["many"]:
        if "broken" in r or r["refused"]:
            print(f"{r['file']:<20}{r.get('broken') or r['refused']}")
            continue
        speed = r["rows"] / r["cpu"]
        beside = r["cpu"] / r["csv_cpu"]
        print(
            f"{r['file']:<20}{r['file_mib']:>12.0f}{r['rows']:>11,}{r['products']:>10,}{r['cpu']:>8.1f}{speed:>10,.0f}{beside:>8.1f}"
            f"{r['mib']:>10.0f}"
        )
    print(f"\n{'tried':<54}answer")
    for a in figures["refused"]:
        print(f"{a['what']:<54}{'LET THROUGH: ' + a['through'] if a['through'] else a['refused']}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="100,000 rows instead of 1,000,000")
    parser.add_argument("--json", action="store_true", help="only the last line, as JSON")
    parser.add_argument("--alone", nargs=2, metavar=("WHAT", "FILE"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.alone:
        print(json.dumps(ALONE[args.alone[0]](Path(args.alone[1])), ensure_ascii=False))
        return
    figures = measured(args.quick)
    short = shortfalls(figures)
    if not args.json:
        shown(figures)
        print("\nfalls short:" if short else "\nnothing falls short")
        print("\n".join(f"  {s}" for s in short))
    print(json.dumps(figures | {"short": short}, ensure_ascii=False))
    sys.exit(bool(short))


if __name__ == "__main__":
    main()
