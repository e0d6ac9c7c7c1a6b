"""The store of a fleet: artifacts in an S3 bucket, with a local copy beside every worker (extra `aws`).

An artifact's files are uploaded first and its `artifact.json` last, so an artifact exists once that object does.
A lease object, written only if absent and renewed while building, keeps two machines from making one key; a lease
not renewed for `LEASE_SECONDS` belonged to a dead worker and is taken over.

A local copy that nothing has asked for in `UNUSED_DAYS` goes by itself, as the bucket has it: each machine sees to its own.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import threading
import time
import uuid
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from localize.errors import NotReady, Transient, UserError
from localize.store import LocalStore

LEASE_SECONDS = 90.0
RENEW_SECONDS = 20.0
AT_ONCE = 10  # requests, as many as boto3 keeps connections
UNUSED_DAYS, SOON_DAYS = 7.0, 1.0  # after which a local copy goes; where the disk is nearly full
NEARLY_FULL = 10 * 2**30  # bytes that are left free; the doctor warns of less, too
TIDY_SECONDS = 3600.0  # between two looks for such copies
LOOK_SECONDS = 2.0  # how often a waiting worker looks whether the other one is done

_OF_ITSELF = "run"  # the name of the note that a run has of itself (localize/runs.py)

# S3's words for an object that is not there, for a condition that did not hold, and for a door that stays shut.
_ABSENT = ("NoSuchKey", "404")
_REFUSED = ("PreconditionFailed", "412", "ConditionalRequestConflict", "409", *_ABSENT)
_SHUT = ("NoSuchBucket", "InvalidBucketName", "AccessDenied", "403", "InvalidAccessKeyId", "SignatureDoesNotMatch")


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
        here = self._here(key)
        if here:
            return here
        self._tidy()  # it is going to be fetched or made
        manifest = self._read(f"{key}/artifact.json")
        if manifest is None:
            return None
        with self._lock(f"{key}/fetch"):
            if not self._here(key):
                self._fetch(key, json.loads(manifest))
        return self._here(key)

    def _here(self, key: str) -> Path | None:
        """The local copy, marked as used now."""
        folder = self.root / key
        try:
            os.utime(folder)
        except OSError:  # not there, or somebody else's
            return folder if folder.is_dir() else None
        return folder

    def sweep(self) -> int:
        """As of every store; local copies that nothing uses any more go, too."""
        gone = super().sweep()
        days = SOON_DAYS if shutil.disk_usage(self.root).free < NEARLY_FULL else UNUSED_DAYS
        for key in super()._keys():
            self._drop(key, unused_since=time.time() - days * 86_400)
        return gone

    def _tidy(self) -> None:
        """Sweep where no worker of this machine has for an hour: what a night sweeps is on one machine only."""
        mark = self.root / "swept"
        with suppress(FileNotFoundError):
            if time.time() - mark.stat().st_mtime < TIDY_SECONDS:
                return
        with suppress(OSError):  # room is made the next time; what was asked for may be had all the same
            mark.touch()
            self.sweep()

    def _drop(self, key: str, unused_since: float) -> None:
        """Remove a local copy that was used last before this time; one that is being made or that can't be removed stays."""
        folder, grave = self.root / key, self._tmp(key)
        with suppress(OSError), self._lock(key).acquire(blocking=False):
            if folder.stat().st_mtime < unused_since:
                shutil.rmtree(grave, ignore_errors=True)
                folder.rename(grave)  # a reader must never find it with some files already gone
                shutil.rmtree(grave)

    def _fetch(self, key: str, names: list[str]) -> None:
        tmp = self._tmp(f"{key}/fetch")
        tmp.mkdir(parents=True, exist_ok=True)
        for name in names:
            (tmp / name).parent.mkdir(parents=True, exist_ok=True)
            with self._reaching():
                self.client.download_file(self.bucket, self._object(f"{key}/{name}"), str(tmp / name))
        folder = self.root / key
        folder.parent.mkdir(parents=True, exist_ok=True)
        tmp.rename(folder)

    def _publish(self, key: str, folder: Path) -> None:
        names = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
        for name in names:
            with self._reaching():
                self.client.upload_file(str(folder / name), self.bucket, self._object(f"{key}/{name}"))
        # Refused if another worker's copy got there first; equal keys mean equal content, so theirs serves as well.
        self._write_if(f"{key}/artifact.json", json.dumps(names).encode(), IfNoneMatch="*")

    def note(self, run: str, name: str, text: str) -> None:
        with self._reaching():
            self.client.put_object(Bucket=self.bucket, Key=self._object(f"runs/{run}/{name}.json"), Body=text.encode())

    def notes(self, run: str, start: str = "", *, but: Collection[str] = ()) -> dict[str, str]:
        listed = (name.rpartition("/")[2].removesuffix(".json") for name, _, _ in self._list(f"runs/{run}/{start}"))
        names = sorted(name for name in listed if name not in but)
        with ThreadPoolExecutor(AT_ONCE) as readers:  # one by one, a large night's would take an hour
            found = zip(names, readers.map(partial(self.noted, run), names), strict=True)
            return {name: text for name, text in found if text is not None}

    def noted(self, run: str, name: str) -> str | None:
        body = self._read(f"runs/{run}/{name}.json")
        return None if body is None else body.decode()

    def runs(self) -> list[str]:
        # By the note that each run has of itself: a large night has hundreds of thousands, whose names alone take minutes to list.
        found = {run: self._list(f"runs/{run}/{_OF_ITSELF}.json") or self._list(f"runs/{run}/") for run in self._runs()}
        newest = {run: max(changed for _, changed, _ in notes) for run, notes in found.items() if notes}
        return sorted(newest, key=lambda run: newest[run], reverse=True)

    def _runs(self) -> list[str]:
        with self._reaching():
            pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=self._object("runs/"), Delimiter="/")
            return [p["Prefix"].split("/")[-2] for page in pages for p in page.get("CommonPrefixes", ())]

    def _keys(self) -> list[str]:
        names = (name.split("/") for name, _, _ in self._list(""))
        here = super()._keys()
        return sorted({f"{n[0]}/{n[1]}" for n in names if len(n) > 2 and n[0] not in ("runs", "leases")} | set(here))

    def _made_at(self, key: str) -> float:
        return max((changed.timestamp() for _, changed, _ in self._list(f"{key}/")), default=0.0)

    def _forget(self, run: str) -> None:
        self._delete([name for name, _, _ in self._list(f"runs/{run}/")])

    def _discard(self, key: str) -> int | None:
        lease = self._lease_name(key)
        tag = self._take(lease)
        if not tag:
            return None
        try:
            if (self.root / key).is_dir():
                super()._discard(key)
            found = self._list(f"{key}/")
            # The manifest first: without it the artifact is not there, whatever else still is.
            manifest = f"{key}/artifact.json"
            self._delete([manifest, *(name for name, _, _ in found if name != manifest)])
            return sum(size for name, _, size in found if name != manifest)
        finally:
            self._let_go(lease, tag)

    @contextmanager
    def _lease(self, key: str) -> Iterator[None]:
        name = self._lease_name(key)
        while not (mine := self._take(name)):
            if self._read(f"{key}/artifact.json") is not None:
                yield  # made meanwhile: `make` looks again and finds it
                return
            time.sleep(LOOK_SECONDS)
        done, held = threading.Event(), [mine]
        keeper = threading.Thread(target=self._renew, args=(name, held, done), daemon=True)
        keeper.start()
        try:
            yield
        finally:
            done.set()
            keeper.join()
            self._let_go(name, held[0])

    def _lease_name(self, key: str) -> str:
        return f"leases/{key.replace('/', '-')}"

    def _claim(self) -> bytes:
        return json.dumps({"owner": self.owner, "until": time.time() + LEASE_SECONDS}).encode()

    def _take(self, name: str) -> str:
        """Take a lease that is free or whose owner has stopped renewing it. Returns its tag, "" if another holds it."""
        mine = self._write_if(name, self._claim(), IfNoneMatch="*")
        if mine:
            return mine
        held = self._get(name)
        if held is None:
            return ""  # let go just now: the next try writes it
        body, etag = held
        if json.loads(body)["until"] > time.time():
            return ""
        return self._write_if(name, self._claim(), IfMatch=etag)

    def _renew(self, name: str, held: list[str], done: threading.Event) -> None:
        """Keep a lease, whose tag is in `held`, until `done`. A lost one's is ""."""
        while held[0] and not done.wait(RENEW_SECONDS):
            with suppress(Transient):  # tried again before the lease runs out
                held[0] = self._write_if(name, self._claim(), IfMatch=held[0])

    def _let_go(self, name: str, tag: str) -> None:
        """Delete a lease by its tag: where this machine slept too long and another one took over, it is theirs to keep."""
        from botocore.exceptions import ClientError

        if not tag:
            return
        with self._reaching():
            try:
                self.client.delete_object(Bucket=self.bucket, Key=self._object(name), IfMatch=tag)
            except ClientError as e:
                if e.response["Error"]["Code"] not in _REFUSED:
                    raise

    def _object(self, name: str) -> str:
        return f"{self.prefix}/{name}" if self.prefix else name

    def _list(self, start: str) -> list[tuple[str, datetime, int]]:
        """The objects whose names begin so: name, time of change, bytes."""
        with self._reaching():
            pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=self._object(start))
            found = [o for page in pages for o in page.get("Contents", ())]
        return [(o["Key"][len(self._object("")) :], o["LastModified"], o["Size"]) for o in found]

    def _delete(self, names: list[str]) -> None:
        for name in names:
            with self._reaching():
                self.client.delete_object(Bucket=self.bucket, Key=self._object(name))

    def _read(self, name: str) -> bytes | None:
        held = self._get(name)
        return held[0] if held else None

    def _get(self, name: str) -> tuple[bytes, str] | None:
        from botocore.exceptions import ClientError

        with self._reaching():
            try:
                answer = self.client.get_object(Bucket=self.bucket, Key=self._object(name))
            except ClientError as e:
                if e.response["Error"]["Code"] in _ABSENT:
                    return None
                raise
            return answer["Body"].read(), answer["ETag"]

    def _write_if(self, name: str, body: bytes, **condition: str) -> str:
        """Write an object if the condition holds. Returns its tag, "" if it does not hold."""
        from botocore.exceptions import ClientError

        with self._reaching():
            try:
                answer = self.client.put_object(Bucket=self.bucket, Key=self._object(name), Body=body, **condition)
            except ClientError as e:
                if e.response["Error"]["Code"] in _REFUSED:
                    return ""
                raise
        return str(answer["ETag"])

    @contextmanager
    def _reaching(self) -> Iterator[None]:
        """What goes wrong on the way to the bucket, as errors of this project."""
        from boto3.exceptions import Boto3Error
        from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

        try:
            yield
        except NoCredentialsError as e:
            how = "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE, or give the machine a role."
            raise NotReady(f"the store s3://{self.bucket} needs credentials.", missing=("AWS credentials",), how=how) from e
        except ClientError as e:
            if e.response["Error"]["Code"] in _SHUT:
                raise UserError(
                    f"the store s3://{self.bucket} is not open to this machine: {e}. Check the bucket's name and rights."
                ) from e
            raise Transient(f"the store s3://{self.bucket} did not answer as it should: {e}") from e
        except (BotoCoreError, Boto3Error) as e:
            raise Transient(f"the store s3://{self.bucket} can't be reached: {e}") from e
