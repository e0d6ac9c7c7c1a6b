"""The bucket channel before a store that checks sums and signatures, which moto does not: LocalStack, in an environment of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import boto3
import pytest
from buckets import MB, parcel
from platforms import Page

from localize.domain import Channel
from localize.errors import Transient
from localize.publish import bucket
from localize.publish.bucket import BucketOptions
from localize.publish.s3 import S3Publisher, link

pytestmark = pytest.mark.heavy

# What was there on the day is what its own pins were tried with.
PACKAGE, DAY = "localstack-core[runtime]==4.9.2", "2025-10-20"
KEY = "corner-shop/th/MUG-01.mp4"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Its address. CROSSREEL_LOCALSTACK names a Python that has it, or says `install` (300 MB, some minutes)."""
    folder = tmp_path_factory.mktemp("localstack")
    python = os.environ.get("CROSSREEL_LOCALSTACK")
    if not python:
        pytest.skip("CROSSREEL_LOCALSTACK is not set: a Python that has LocalStack, or `install`")
    python = _installed(folder) if python == "install" else python
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {
        "SERVICES": "s3", "STRICT_SERVICE_LOADING": "1", "GATEWAY_LISTEN": f"127.0.0.1:{port}", "DISABLE_EVENTS": "1",
        "SKIP_SSL_CERT_DOWNLOAD": "1", "DNS_ADDRESS": "0", "S3_SKIP_SIGNATURE_VALIDATION": "0", "HOME": str(folder),
    }  # fmt: skip
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(
            [python, "-m", "localstack.runtime.main"], env={**os.environ, **settings}, cwd=folder, stdout=log, stderr=log
        )  # fmt: skip
        try:
            _wait(f"http://127.0.0.1:{port}", server, folder / "log")
            yield f"http://127.0.0.1:{port}"
        finally:
            server.send_signal(signal.SIGTERM)
            try:
                server.wait(20)
            except subprocess.TimeoutExpired:
                server.kill()


def _installed(folder: Path) -> str:
    uv = [sys.executable, "-m", "pip", "install", "-q", "--target", str(folder / "uv"), "uv"]
    own = {**os.environ, "PYTHONPATH": str(folder / "uv")}
    run = [sys.executable, "-m", "uv"]
    try:
        subprocess.run(uv, check=True, capture_output=True, text=True, timeout=120)
        subprocess.run(
            [*run, "venv", "-q", "--python", sys.executable, str(folder / "venv")], check=True, capture_output=True, text=True, env=own
        )
        python = str(folder / "venv" / "bin" / "python")
        install = [*run, "pip", "install", "-q", "--python", python, "--exclude-newer", DAY, PACKAGE]
        subprocess.run(install, check=True, capture_output=True, text=True, env=own, timeout=240)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as e:
        pytest.skip(f"LocalStack can't be installed here: {str(e.stderr)[-200:]}")
    return python


def _wait(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(600):
        assert server.poll() is None, log.read_text()[-2000:]
        try:
            with urlopen(f"{address}/_localstack/health", timeout=5):
                return
        except (URLError, OSError):
            time.sleep(0.2)
    pytest.fail(f"LocalStack does not come up: {log.read_text()[-2000:]}")


@pytest.fixture
def shop(store: str, monkeypatch: pytest.MonkeyPatch) -> Channel:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    bucket._session.cache_clear()
    bucket._shared.cache_clear()
    s3 = boto3.client("s3", endpoint_url=store, region_name="us-east-1")
    s3.create_bucket(Bucket="clips")
    for held in s3.list_objects_v2(Bucket="clips").get("Contents", ()):
        s3.delete_object(Bucket="clips", Key=held["Key"])
    return Channel(name="shop", kind="s3", options={"bucket": "clips", "endpoint": store, "part_size": 5 * MB})


def content(channel: Channel, key: str = KEY) -> bytes:
    return bytes(bucket.of(channel).client.get_object(Bucket="clips", Key=key)["Body"].read())


@pytest.mark.parametrize("checksum", ["sha256", "crc32", "md5", "none"])
@pytest.mark.parametrize("size", [1000, 11 * MB])
def test_a_clip_and_the_newer_one_go_up_with_every_checksum(shop: Channel, tmp_path: Path, checksum: str, size: int) -> None:
    channel = shop.model_copy(update={"options": shop.options | {"checksum": checksum}})
    assert S3Publisher().check(channel) == []
    for key in ("clip/one", "clip/two"):
        made = parcel(tmp_path / key, channel, key=key, size=size)
        assert S3Publisher().publish(made, Page()).state == "published"
        assert content(channel) == Path(made.clip.video).read_bytes()


@pytest.mark.parametrize("size", [1000, 11 * MB])
@pytest.mark.parametrize("checksum", ["sha256", "crc32", "md5"])
def test_what_arrives_damaged_is_refused_and_sent_again(
    shop: Channel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int, checksum: str
) -> None:
    channel = shop.model_copy(update={"options": shop.options | {"checksum": checksum}})
    made, page = parcel(tmp_path, channel, size=size), Page()
    with monkeypatch.context() as m:
        honest = BucketOptions.sums
        m.setattr(BucketOptions, "sums", lambda self, body: honest(self, body + b"!"))
        with pytest.raises(Transient, match=r"clips/corner-shop/th/MUG-01.mp4 .* is not what was sent"):
            S3Publisher().publish(made, page)
    assert S3Publisher().publish(made, page).state == "published"
    assert content(channel) == Path(made.clip.video).read_bytes()


@pytest.mark.parametrize("size", [1000, 11 * MB])
def test_the_first_of_two_keeps_its_place(shop: Channel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    """Also against a replacement: an object that changed since it was looked at is not written over."""
    S3Publisher().publish(parcel(tmp_path / "old", shop), Page())
    there = bucket.of(shop)
    honest = there.head

    def late(key: str) -> Any:
        held = honest(key)
        if key == KEY:
            monkeypatch.undo()
            there.client.put_object(Bucket="clips", Key=KEY, Body=b"theirs", Metadata={"clip": "clip/theirs"})
        return held

    monkeypatch.setattr(there, "head", late)
    with pytest.raises(Transient, match="It is kept"):
        S3Publisher().publish(parcel(tmp_path / "new", shop, key="clip/two", size=size), Page())
    assert content(shop) == b"theirs"
    assert there.client.list_multipart_uploads(Bucket="clips").get("Uploads", []) == []


def test_a_link_opens_its_own_object_for_its_own_time(shop: Channel, tmp_path: Path) -> None:
    made = parcel(tmp_path, shop)
    S3Publisher().publish(made, Page())
    address = link(shop, KEY)
    with urlopen(address, timeout=10) as answer:
        assert answer.read() == Path(made.clip.video).read_bytes()
    brief = link(shop, KEY, days=1 / 86_400)
    time.sleep(2)
    for refused in (address.replace("MUG-01.mp4", "MUG-01.srt"), address[:-4] + "0000", brief):
        with pytest.raises(HTTPError, match="403"):
            urlopen(refused, timeout=10)
