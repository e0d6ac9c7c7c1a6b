"""Downloads: what a server of pictures may do, and what an address may not. The servers are threads on this machine."""

from __future__ import annotations

import base64
import gzip
import io
import json
import logging
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import boto3
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from moto import mock_aws
from PIL import Image

from localize.errors import NotReady, Transient, UserError
from localize.products import pictures
from localize.products.sources import buckets, fetch, kept, network
from localize.products.sources.fetch import Fetching

OWN = Fetching(allow_private=True, seconds=60)


def picture(kind: str = "PNG", size: int = 30) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (size, size), "teal").save(buffer, kind)
    return buffer.getvalue()


class Shop:
    """A web server. `pages` maps a path to what it does with a request; `asked` holds the requests it saw."""

    def __init__(self) -> None:
        shop = self
        self.pages: dict[str, Callable[[Any], None]] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                shop.asked.append((self.path, {k.lower(): v for k, v in self.headers.items()}))
                self.close_connection = True
                shop.pages[self.path.partition("?")[0]](self)

            def log_message(self, *_: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            def handle_error(self, *_: object) -> None:  # a client that has heard enough
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        self.port = self.server.server_port
        self.url = f"http://127.0.0.1:{self.port}"

    def gives(self, path: str, body: bytes = b"", status: int = 200, **headers: str) -> str:
        """The address of a page that always answers so."""

        def answer(request: Any) -> None:
            request.send_response(status)
            for name, value in {"content_length": str(len(body)), **headers}.items():
                if value:
                    request.send_header(name.replace("_", "-"), value)
            request.end_headers()
            request.wfile.write(body)

        self.pages[path] = answer
        return self.url + path


@pytest.fixture
def shop() -> Iterator[Shop]:
    shop = Shop()
    yield shop
    shop.server.shutdown()
    shop.server.server_close()


def get(url: str, folder: Path, limits: Fetching = OWN) -> Path:
    return pictures.obtain(url, folder, limits)


# --- a picture is fetched ------------------------------------------------------------------------------------------


def test_a_picture_keeps_its_name_and_is_fetched_once(shop: Shop, tmp_path: Path) -> None:
    url = shop.gives("/media/เสื้อ 1.png", picture())
    shop.pages["/media/%E0%B9%80%E0%B8%AA%E0%B8%B7%E0%B9%89%E0%B8%AD%201.png"] = shop.pages["/media/เสื้อ 1.png"]
    file = get(url, tmp_path)
    assert (file.name, file.read_bytes()) == ("เสื้อ 1.png", picture())
    assert file.is_relative_to(tmp_path)
    assert get(url, tmp_path) == file
    assert len(shop.asked) == 1
    assert shop.asked[0][1]["accept-encoding"] == "identity"


def test_after_six_hours_the_server_is_asked_whether_it_changed(shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "FRESH_SECONDS", 0.0)
    url = shop.gives("/a.png", picture(), etag='"one"', last_modified="Sat, 01 Aug 2026 00:00:00 GMT")
    file = get(url, tmp_path)
    shop.gives("/a.png", status=304)
    assert get(url, tmp_path).read_bytes() == picture()
    assert (shop.asked[1][1]["if-none-match"], shop.asked[1][1]["if-modified-since"]) == ('"one"', "Sat, 01 Aug 2026 00:00:00 GMT")
    shop.gives("/a.png", picture(size=31), etag='"two"')
    assert get(url, tmp_path) == file
    assert file.read_bytes() == picture(size=31)


def test_a_server_in_trouble_leaves_the_old_copy_in_use(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(kept, "FRESH_SECONDS", 0.0)
    url = shop.gives("/a.png", picture())
    get(url, tmp_path)
    shop.gives("/a.png", status=503)
    with caplog.at_level(logging.WARNING, "crossreel"):
        assert get(url, tmp_path).read_bytes() == picture()
    assert "the copy of" in caplog.text
    shop.gives("/a.png", status=404)  # taken down: not used on
    with pytest.raises(UserError, match="has nothing at this address"):
        get(url, tmp_path)


def test_a_catalog_is_asked_for_each_time_and_never_stale(shop: Shop, tmp_path: Path) -> None:
    url = shop.gives("/export/products.csv", b"sku,title,price\n", etag='"1"')
    assert fetch.fetch(url, tmp_path, OWN, kind="catalog").name == "products.csv"
    shop.gives("/export/products.csv", status=304)
    assert fetch.fetch(url, tmp_path, OWN, kind="catalog").read_bytes() == b"sku,title,price\n"
    shop.gives("/export/products.csv", status=500)
    with pytest.raises(Transient):
        fetch.fetch(url, tmp_path, OWN, kind="catalog")


def test_many_workers_that_want_the_same_fetch_it_once(shop: Shop, tmp_path: Path) -> None:
    url = shop.gives("/a.png", picture())
    with ThreadPoolExecutor(8) as pool:
        files = list(pool.map(lambda _: get(url, tmp_path), range(16)))
    assert len(set(files)) == len(shop.asked) == 1
    assert [p.name for p in files[0].parent.iterdir() if not p.name.startswith(".")] == ["a.png"]


def test_what_a_server_packs_unasked_is_unpacked(shop: Shop, tmp_path: Path) -> None:
    for coding, body in (("gzip", gzip.compress(picture())), ("deflate", zlib.compress(picture()))):
        assert get(shop.gives(f"/{coding}.png", body, content_encoding=coding), tmp_path).read_bytes() == picture()
    with pytest.raises(UserError, match="'br'"):
        get(shop.gives("/br.png", b"x", content_encoding="br"), tmp_path)
    with pytest.raises(UserError, match="not packed as it says"):
        get(shop.gives("/no.png", picture(), content_encoding="gzip"), tmp_path)
    with pytest.raises(Transient, match="in the middle"):
        get(shop.gives("/cut.png", gzip.compress(picture())[:-9], content_encoding="gzip"), tmp_path)


def test_redirects_are_followed(shop: Shop, tmp_path: Path) -> None:
    shop.gives("/real/a.png", picture())
    url = shop.gives("/short", status=302, location="/real/a.png")
    assert get(url, tmp_path).read_bytes() == picture()


# --- addresses that are not for a catalog to name ------------------------------------------------------------------


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "127.1", "0x7f.1", "0177.0.0.1", "2130706433", "localhost", "localhost.", "[::1]", "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]", "[64:ff9b::10.0.0.1]", "[2002:c0a8:0101::]", "user:pw@127.0.0.1", "１２７。０。０。１", "10.1.2.3",
        "172.16.0.9", "192.168.1.1", "100.64.0.1", "198.18.0.1", "[fd12:3456::1]",
    ],
)  # fmt: skip
def test_addresses_of_this_network_are_refused(shop: Shop, tmp_path: Path, host: str) -> None:
    with pytest.raises(UserError, match=r"is a private address.*allow_private: true") as error:
        get(f"http://{host}:{shop.port}/a.png", tmp_path, Fetching(seconds=60))
    assert "pw" not in str(error.value)
    assert shop.asked == []


@pytest.mark.parametrize(
    "host",
    [
        "169.254.169.254", "[::ffff:169.254.169.254]", "0.0.0.0", "[::]", "[fe80::1]", "224.0.0.1", "255.255.255.255", "240.0.0.1",
        "100.100.100.200", "168.63.129.16", "[fd00:ec2::254]", "[fd20:ce::254]", "[ff02::1]", "[2001:db8::1]", "[::127.0.0.1]",
        "[64:ff9b:1::1]", "[64:ff9b::169.254.169.254]", "192.0.2.1",
    ],
)  # fmt: skip
def test_metadata_services_and_what_is_no_place_are_refused_even_when_private_ones_are_allowed(tmp_path: Path, host: str) -> None:
    with pytest.raises(UserError, match="where no shop's server can be"):
        get(f"http://{host}/latest/meta-data/", tmp_path)


def test_addresses_of_the_open_internet_are_not_refused() -> None:
    for address in ("8.8.8.8", "1.1.1.1", "2606:4700::1111", "64:ff9b::8.8.8.8", "::ffff:8.8.8.8", "203.0.114.1", "47.88.1.1"):
        assert network.judged(ip_address(address)) == "public"


def resolving(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """The system's resolver, giving the answers one after the other for shop.example; literals stay what they are."""
    real, asked = socket.getaddrinfo, []

    def getaddrinfo(host: str, port: int, *args: Any, **kwargs: Any) -> Any:
        if host != "shop.example":
            return real(host, port, *args, **kwargs)
        found = answers[min(len(asked), len(answers) - 1)]
        asked.append(host)
        return [(socket.AF_INET6 if ":" in a else socket.AF_INET, socket.SOCK_STREAM, 6, "", (a, port)) for a in found]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


@pytest.mark.parametrize("addresses", [["10.0.0.5"], ["93.184.216.34", "10.0.0.5"], ["2606:4700::1111", "::1"]])
def test_a_name_that_stands_for_a_private_address_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, addresses: list[str]) -> None:
    resolving(monkeypatch, addresses)
    with pytest.raises(UserError, match=r"shop\.example/a\.png is not fetched: .* is a private address"):
        get("http://shop.example/a.png", tmp_path, Fetching(seconds=60))


def test_a_name_that_changes_its_address_is_asked_only_once(shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    connected: list[str] = []
    real = socket.create_connection

    def create_connection(address: tuple[str, int], *args: Any, **kwargs: Any) -> socket.socket:
        connected.append(address[0])
        return real(("127.0.0.1", shop.port), *args, **kwargs)

    asked = resolving(monkeypatch, ["93.184.216.34"], ["127.0.0.1"])
    monkeypatch.setattr(socket, "create_connection", create_connection)
    # The connection goes to the address that was judged, and its far end is judged again: here it is not what was asked for.
    with pytest.raises(UserError, match=r"127\.0\.0\.1 is a private address"):
        get("http://shop.example:8080/a.png", tmp_path, Fetching(seconds=60))
    assert (asked, connected, shop.asked) == (["shop.example"], ["93.184.216.34"], [])


@pytest.mark.parametrize(
    ("there", "reason"),
    [
        ("http://10.0.0.1/x.png", "10.0.0.1 is a private address"),
        ("http://169.254.169.254/latest", "no shop's server"),
        ("//[::ffff:169.254.169.254]/latest", "no shop's server"),
        ("file:///etc/passwd", "begins with file"),
        ("ftp://shop.example/a.png", "begins with ftp"),
        ("http://shop.example:6379/", "port 6379"),
        ("/a.png?n=1", "leads back to itself"),
        ("http://[::1", "address"),
    ],
)
def test_a_redirect_is_judged_like_an_address(shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: str, reason: str) -> None:
    real = network.judged  # the server that redirects stands for one of the open internet
    monkeypatch.setattr(network, "judged", lambda address: "public" if str(address) == "127.0.0.1" else real(address))
    url = shop.gives("/a.png", status=302, location=there)
    with pytest.raises(UserError, match=reason):
        get(url, tmp_path, Fetching(seconds=60))


def test_redirects_end(shop: Shop, tmp_path: Path) -> None:
    for n in range(9):
        shop.gives(f"/{n}", status=301, location=f"/{n + 1}")
    shop.gives("/9", picture())
    with pytest.raises(UserError, match="more than 5 times"):
        get(f"{shop.url}/0", tmp_path)
    assert get(f"{shop.url}/0", tmp_path, OWN.model_copy(update={"redirects": 9})).read_bytes() == picture()


@pytest.mark.parametrize("url", ["http://shop.example:22/a", "https://shop.example:3306/", "http://shop.example:6379/a.png"])
def test_ports_of_other_services_are_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(UserError, match="not one that web servers use"):
        get(url, tmp_path)


@pytest.mark.parametrize(
    "url", ["http:///a.png", "http://a b/c.png", "http://a\\b/c.png", "http://[::1/a.png", "http://x:y/a.png", "http://./"]
)
def test_what_is_no_address_says_so(tmp_path: Path, url: str) -> None:
    with pytest.raises(UserError, match=r"names no server|is not a web address"):
        get(url, tmp_path)


def test_a_proxy_of_the_environment_is_not_used(shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    assert get(shop.gives("/a.png", picture()), tmp_path).is_file()
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        with pytest.raises(Transient, match="a proxy is set"):
            get(f"http://127.0.0.1:{busy.getsockname()[1]}/b.png", tmp_path)


def certificate(folder: Path, name: str) -> Path:
    """A certificate for a name, signed by itself, with its key in the same file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number(), now - timedelta(1), now + timedelta(1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, private = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    file = folder / f"{name}.pem"
    file.write_bytes(key.private_bytes(pem, private, serialization.NoEncryption()) + made.public_bytes(pem))
    return file


def test_tls_checks_the_name_and_not_the_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shop, named = Shop(), []
    file = certificate(tmp_path, "shop.example")
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(file)
    server.sni_callback = lambda _, name, __: named.append(name)
    shop.server.socket = server.wrap_socket(shop.server.socket, server_side=True)
    shop.gives("/a.png", picture())
    resolving(monkeypatch, ["127.0.0.1"])
    url = f"https://shop.example:{shop.port}/a.png"
    with pytest.raises(UserError, match=r"can't prove that it is shop\.example"):
        get(url, tmp_path)
    monkeypatch.setattr(fetch, "_trusted", lambda: ssl.create_default_context(cafile=str(file)))
    assert get(url, tmp_path).read_bytes() == picture()
    assert set(named) == {"shop.example"}
    with pytest.raises(UserError, match=r"can't prove that it is localhost"):
        get(url.replace("shop.example", "localhost"), tmp_path)
    shop.server.server_close()


# --- secrets -------------------------------------------------------------------------------------------------------


def test_user_and_password_go_to_their_own_server_only_and_into_no_message(
    shop: Shop, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    other = Shop()
    other.gives("/b.png", picture())
    secret = shop.url.replace("http://", "http://seller:p%40ss@")
    shop.gives("/a.png", status=302, location="/same")
    shop.gives("/same", status=302, location=f"{other.url}/b.png")
    file = get(f"{secret}/a.png?token=TOP", tmp_path)
    basic = "Basic " + base64.b64encode(b"seller:p@ss").decode()
    assert [h.get("authorization") for _, h in shop.asked] == [basic, basic]
    assert "authorization" not in other.asked[0][1]
    shop.gives("/no.png", status=403)
    with pytest.raises(UserError, match=r"127\.0\.0\.1:\d+/no\.png: .*403") as error:
        get(f"{secret}/no.png?X-Amz-Signature=TOP", tmp_path)
    kept_names = " ".join(str(p) + (p.read_text(errors="replace") if p.is_file() else "") for p in tmp_path.rglob("*"))
    for place in (str(error.value), caplog.text, str(file), kept_names):
        assert not any(word in place for word in ("TOP", "p@ss", "p%40ss", basic[6:]))
    other.server.server_close()


@pytest.mark.parametrize(
    ("reference", "name"),
    [
        ("https://user:pw@cdn.example/a/b/c.jpg?sig=TOP#x", "cdn.example/…/c.jpg"),
        ("https://cdn.example:8443/c.jpg", "cdn.example:8443/c.jpg"),
        ("https://cdn.example", "cdn.example"),
        ("s3://bucket/deep/er/c.jpg", "bucket/…/c.jpg"),
        ("data:image/png;base64,TOP", "the data: picture"),
        ("/home/me/shop/c.jpg", "c.jpg"),
        ("http://[::1", "an address"),
        ("https://cdn.example/%0Aerror: all is lost.jpg", "cdn.example/\ufffderror: all is lost.jpg"),
    ],
)
def test_what_a_message_shows_of_a_picture(reference: str, name: str) -> None:
    assert fetch.shown(reference) == name


# --- limits --------------------------------------------------------------------------------------------------------


def test_a_body_that_trickles_ends_at_the_deadline(shop: Shop, tmp_path: Path) -> None:
    def trickle(request: Any) -> None:
        request.send_response(200)
        request.end_headers()
        for _ in range(100):
            request.wfile.write(b"\x89")
            time.sleep(0.05)

    def trickle_headers(request: Any) -> None:
        for n in range(100):
            request.wfile.write(b"HTTP/1.1 200 OK\r\n" if n == 0 else f"x-{n}: y\r\n".encode())
            time.sleep(0.05)

    for page in (trickle, trickle_headers):
        shop.pages["/a.png"] = page
        with pytest.raises(Transient, match=r"within 0\.3 s"):
            get(f"{shop.url}/a.png", tmp_path, OWN.model_copy(update={"seconds": 0.3}))


def test_a_name_server_that_is_silent_ends_at_the_deadline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: done.wait(60))
    with pytest.raises(Transient, match=r"within 0\.2 s"):
        get("http://shop.example/a.png", tmp_path, OWN.model_copy(update={"seconds": 0.2}))
    done.set()


@pytest.mark.parametrize("told", ["", "2000000"])
def test_more_than_the_limit_is_not_taken_in(shop: Shop, tmp_path: Path, told: str) -> None:
    url = shop.gives("/a.png", b"x" * 2_000_000, content_length=told)
    with pytest.raises(UserError, match="larger than 1 MB"):
        get(url, tmp_path, OWN.model_copy(update={"max_mb": 1}))
    assert not [p for p in tmp_path.rglob("*") if p.is_file() and p.stat().st_size > 1000]


def test_a_gzip_bomb_stops_at_the_limit(shop: Shop, tmp_path: Path) -> None:
    bomb = gzip.compress(bytes(50_000_000))
    assert len(bomb) < 60_000
    with pytest.raises(UserError, match="larger than 1 MB"):
        get(shop.gives("/a.png", bomb, content_encoding="gzip"), tmp_path, OWN.model_copy(update={"max_mb": 1}))


@pytest.mark.parametrize(
    ("status", "error", "reason"),
    [
        (404, UserError, "has nothing at this address"), (410, UserError, "410"), (401, UserError, "make it public"),
        (403, UserError, "make it public"), (204, UserError, "gives no file"), (418, UserError, "418"), (301, UserError, "gives no file"),
        (500, Transient, "has trouble"), (503, Transient, "503"), (429, Transient, "slow down"), (408, Transient, "408"),
    ],
)  # fmt: skip
def test_what_an_answer_means(shop: Shop, tmp_path: Path, status: int, error: type[Exception], reason: str) -> None:
    with pytest.raises(error, match=reason):
        get(shop.gives("/a.png", status=status), tmp_path)


def test_a_server_says_when_to_come_back(shop: Shop, tmp_path: Path) -> None:
    def after(told: str) -> float | None:
        with pytest.raises(Transient) as error:
            get(shop.gives("/a.png", status=429, retry_after=told), tmp_path)
        assert error.value.retry_after is None or error.value.retry_after >= 0
        return error.value.retry_after

    assert after("120") == 120
    assert 3500 < (after(formatdate(time.time() + 3600, usegmt=True)) or 0) <= 3600
    assert after(formatdate(0, usegmt=True)) == 0
    assert after("soon") is None


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"<!DOCTYPE html><title>Sorry</title>", "it is a web page"),
        (b"", "empty"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
        (picture()[:-40], "damaged or cut off"),
    ],
    ids=["page", "empty", "drawing", "cut"],
)
def test_what_is_no_picture_is_refused_and_not_kept(shop: Shop, tmp_path: Path, body: bytes, reason: str) -> None:
    url = shop.gives("/a.jpg", body, content_type="image/jpeg")
    with pytest.raises(UserError, match=reason):
        get(url, tmp_path)
    shop.gives("/a.jpg", picture())  # mended: had at once
    assert get(url, tmp_path).read_bytes() == picture()


def test_a_broken_connection_may_be_tried_again(shop: Shop, tmp_path: Path) -> None:
    shop.pages["/a.png"] = lambda request: request.wfile.write(b"no HTTP at all\r\n\r\n")
    with pytest.raises(Transient):
        get(f"{shop.url}/a.png", tmp_path)
    with pytest.raises(Transient):
        get(shop.gives("/cut.png", picture(), content_length="100000"), tmp_path)


# --- buckets and data: addresses -----------------------------------------------------------------------------------


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    buckets._made.cache_clear()
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket="shop")
        yield client
    buckets._made.cache_clear()


def test_a_picture_in_a_bucket(bucket: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bucket.put_object(Bucket="shop", Key="2026/mug.png", Body=picture())
    file = get("s3://shop/2026/mug.png", tmp_path)
    assert (file.name, file.read_bytes()) == ("mug.png", picture())
    monkeypatch.setattr(kept, "FRESH_SECONDS", 0.0)
    assert get("s3://shop/2026/mug.png", tmp_path) == file  # 304
    bucket.put_object(Bucket="shop", Key="2026/mug.png", Body=picture(size=31))
    assert get("s3://shop/2026/mug.png", tmp_path).read_bytes() == picture(size=31)
    bucket.put_object(Bucket="shop", Key="note.png", Body=b"no picture")
    for address, reason in (("note.png", "it is text"), ("none.png", "no such object"), ("", "names no object"), ("a/", "names no object")):
        with pytest.raises(UserError, match=reason):
            get(f"s3://shop/{address}", tmp_path)
    with pytest.raises(UserError, match="no such bucket"):
        get("s3://shhop/a.png", tmp_path)
    bucket.put_object(Bucket="shop", Key="big.png", Body=b"x" * 1_100_000)
    with pytest.raises(UserError, match="larger than 1 MB"):
        get("s3://shop/big.png", tmp_path, OWN.model_copy(update={"max_mb": 1}))


def test_a_bucket_needs_boto3_and_credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    buckets._made.cache_clear()
    with pytest.raises(NotReady, match="credentials"):
        get("s3://shop/a.png", tmp_path)
    buckets._made.cache_clear()
    for module in ("boto3", "botocore"):
        monkeypatch.setitem(__import__("sys").modules, module, None)
    with pytest.raises(NotReady, match=r"crossreel\[aws\]"):
        get("s3://shop/a.png", tmp_path)


def test_a_picture_within_its_address(tmp_path: Path) -> None:
    plain = base64.b64encode(picture("WEBP")).decode()
    wrapped = "\n".join(plain[i : i + 20] for i in range(0, len(plain), 20))
    encoded = "".join(f"%{b:02x}" for b in picture("WEBP"))
    urlsafe = plain.replace("+", "-").replace("/", "_").rstrip("=")
    for body in (f";base64,{plain}", f";BASE64,{wrapped}", f";base64,{urlsafe}", f";charset=utf-8;base64,{plain}", f",{encoded}"):
        file = get(f"data:image/webp{body}", tmp_path)
        assert (file.name, file.read_bytes()) == ("picture.webp", picture("WEBP"))


@pytest.mark.parametrize(
    ("uri", "reason"),
    [
        ("data:text/html,<p>", "no picture's type"),
        ("data:,hello", "no picture's type"),
        ("data:image/png;base64,!!!!", "cut off or not in base64"),
        ("data:image/png;base64,", "is empty"),
        ("data:image/png;base64,aGVsbG8=", "it is text"),
        ("data:image/svg+xml,<svg/>", "SVG"),
        ("data:image/png;base64," + "A" * 2_000_000, "larger than 1 MB"),
        ("data:image/png," + "A" * 4_000_000, "larger than 1 MB"),
    ],
)
def test_a_data_address_that_holds_no_picture(tmp_path: Path, uri: str, reason: str) -> None:
    with pytest.raises(UserError, match=reason) as error:
        get(uri, tmp_path, Fetching(max_mb=1))
    assert len(str(error.value)) < 300


def test_files_on_this_machine(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(picture())
    assert get(str(tmp_path / "a.png"), tmp_path) == tmp_path / "a.png"
    for reference, reason in (
        (str(tmp_path / "b.png"), "b.png: there is no such file"), ("a.png", "neither"), (f"file://{tmp_path}/a.png", "neither"),
        ("ftp://shop.example/a.png", "neither"),
    ):  # fmt: skip
        with pytest.raises(UserError, match=reason):
            get(reference, tmp_path)


def test_marks_that_cannot_be_read_are_no_marks(shop: Shop, tmp_path: Path) -> None:
    url = shop.gives("/a.png", picture())
    file = get(url, tmp_path)
    marks = file.parent / ".marks.json"
    assert json.loads(marks.read_text())["asked"] <= time.time()
    marks.write_text('{"asked": "now"')
    assert get(url, tmp_path) == file
    assert len(shop.asked) == 2


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("..", "download"),
        (".hidden", "hidden"),
        ("a/b\\c.jpg", "a_b_c.jpg"),
        ("ก" * 100 + ".jpeg", "ก" * 28 + ".jpeg"),
        ("con\0.x", "con_.x"),
    ],
)
def test_names_from_elsewhere_are_made_harmless(name: str, made: str) -> None:
    assert kept.safe(name) == made
