"""The store of a fleet: artifacts in an S3 bucket, with a local copy beside every worker (extra `aws`).

An artifact's files are uploaded first and its `artifact.json` last, so an artifact exists once that object does.
A lease object, written only if absent and renewed while building, keeps two machines from making one key; a lease
not renewed for `LEASE_SECONDS` belonged to a dead worker and is taken over.
"""

from __future__ import annotations

import json
import os
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from localize.errors import NotReady, Transient
from localize.store import LocalStore

LEASE_SECONDS = 90.0
RENEW_SECONDS = 20.0


class S3Store(LocalStore):
    def __init__(self, client: Any, bucket: str, prefix: str, cache: Path) -> None:
        super().__init__(cache)
        self.client, self.bucket, self.prefix = client, bucket, prefix.strip("/")
        self.owner = f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"

    @classmethod
    def at(cls, address: str, cache: Path) -> S3Store:
        """The store at `s3://bucket/prefix`. Endpoint, region and credentials come from boto3's own environment."""
        try:
            import boto3
        except ImportError as e:
            raise NotReady("a store on s3:// needs boto3.", missing=("boto3",), how="pip install 'crossreel[aws]'") from e
        bucket, _, prefix = address.removeprefix("s3://").partition("/")
        return cls(boto3.client("s3"), bucket, prefix, cache)

    def find(self, key: str) -> Path | None:
        here = super().find(key)
        if here:
            return here
        manifest = self._read(f"{key}/artifact.json")
        if manifest is None:
            return None
        with self._lock(f"{key}/fetch"):
            if not super().find(key):
                self._fetch(key, json.loads(manifest))
        return super().find(key)

    def _fetch(self, key: str, names: list[str]) -> None:
        tmp = self._tmp(f"{key}/fetch")
        tmp.mkdir(parents=True, exist_ok=True)
        for name in names:
            (tmp / name).parent.mkdir(parents=True, exist_ok=True)
            self.client.download_file(self.bucket, self._object(f"{key}/{name}"), str(tmp / name))
        folder = self.root / key
        folder.parent.mkdir(parents=True, exist_ok=True)
        tmp.rename(folder)

    def _publish(self, key: str, folder: Path) -> None:
        names = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
        for name in names:
            self.client.upload_file(str(folder / name), self.bucket, self._object(f"{key}/{name}"))
        # Refused if another worker's copy got there first; equal keys mean equal content, so theirs serves as well.
        self._write_if(f"{key}/artifact.json", json.dumps(names).encode(), absent=True)

    def note(self, run: str, name: str, text: str) -> None:
        self.client.put_object(Bucket=self.bucket, Key=self._object(f"runs/{run}/{name}.json"), Body=text.encode())

    def notes(self, run: str) -> dict[str, str]:
        prefix = self._object(f"runs/{run}/")
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        names = sorted(o["Key"].removeprefix(prefix).removesuffix(".json") for page in pages for o in page.get("Contents", ()))
        found = {name: self._read(f"runs/{run}/{name}.json") for name in names}
        return {name: body.decode() for name, body in found.items() if body is not None}

    @contextmanager
    def _lease(self, key: str) -> Iterator[None]:
        name = f"leases/{key.replace('/', '-')}"
        while not self._take(name):
            if self._read(f"{key}/artifact.json") is not None:
                yield  # made meanwhile: `make` looks again and finds it
                return
            time.sleep(2.0)
        done = threading.Event()
        keeper = threading.Thread(target=self._renew, args=(name, done), daemon=True)
        keeper.start()
        try:
            yield
        finally:
            done.set()
            keeper.join()
            self.client.delete_object(Bucket=self.bucket, Key=self._object(name))

    def _take(self, name: str) -> bool:
        """Take a lease that is free or whose owner has stopped renewing it."""
        mine = json.dumps({"owner": self.owner, "until": time.time() + LEASE_SECONDS}).encode()
        if self._write_if(name, mine, absent=True):
            return True
        held = self._get(name)
        if held is None:
            return False  # let go just now: the next try writes it
        body, etag = held
        if json.loads(body)["until"] > time.time():
            return False
        return self._write_if(name, mine, etag=etag)

    def _renew(self, name: str, done: threading.Event) -> None:
        while not done.wait(RENEW_SECONDS):
            body = json.dumps({"owner": self.owner, "until": time.time() + LEASE_SECONDS}).encode()
            self.client.put_object(Bucket=self.bucket, Key=self._object(name), Body=body)

    def _object(self, name: str) -> str:
        return f"{self.prefix}/{name}" if self.prefix else name

    def _read(self, name: str) -> bytes | None:
        held = self._get(name)
        return held[0] if held else None

    def _get(self, name: str) -> tuple[bytes, str] | None:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            answer = self.client.get_object(Bucket=self.bucket, Key=self._object(name))
            return answer["Body"].read(), answer["ETag"]
        except ClientError as e:
            if e.response["Error"]["Code"] in ("NoSuchKey", "404"):
                return None
            raise
        except BotoCoreError as e:
            raise Transient(f"the store's bucket {self.bucket} can't be reached: {e}") from e

    def _write_if(self, name: str, body: bytes, *, absent: bool = False, etag: str = "") -> bool:
        from botocore.exceptions import ClientError

        condition = {"IfNoneMatch": "*"} if absent else {"IfMatch": etag}
        try:
            self.client.put_object(Bucket=self.bucket, Key=self._object(name), Body=body, **condition)
        except ClientError as e:
            if e.response["Error"]["Code"] in ("PreconditionFailed", "412", "ConditionalRequestConflict"):
                return False
            raise
        return True
