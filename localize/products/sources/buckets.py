"""Objects of S3 buckets (`s3://bucket/key`) as files on this machine (extra `aws`).

Endpoint, region and credentials are boto3's own (environment, profile, role), so a bucket is read with the rights of
whoever runs the campaign.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from fnmatch import fnmatchcase
from functools import cache, partial
from pathlib import Path
from typing import Any

from localize.errors import NotReady, Transient, UserError
from localize.products.sources import kept
from localize.products.sources.fetch import Fetching, Kind
from localize.products.sources.kept import Marks

# S3's words for what is not there, and for a door that stays shut.
_ABSENT = ("NoSuchKey", "NoSuchBucket", "404")
_SHUT = ("AccessDenied", "403", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidBucketName", "InvalidObjectState")


def fetch(address: str, folder: Path, limits: Fetching, *, kind: Kind = "picture", refuse: Callable[[Path], str] | None = None) -> Path:
    """The local copy of an object, kept and asked for again as `fetch.fetch` does. Raises as that, and NotReady without boto3."""
    bucket, key = parts(address)
    if not key or key.endswith("/"):
        raise UserError(f"{address} names no object: write s3://bucket/folder/file.jpg")
    get = partial(_download, address, limits=limits, kind=kind)
    name = kept.safe(key.rpartition("/")[2])
    return kept.copy(f"s3://{bucket}/{key}", name, folder, get, hasty=kind != "catalog", wait=2 * limits.time(kind), refuse=refuse)


def parts(address: str) -> tuple[str, str]:
    """Bucket and key."""
    bucket, _, key = address[len("s3://") :].partition("/")
    if not bucket:
        raise UserError(f"{address} names no bucket: write s3://bucket/folder/file.csv")
    return bucket, key


def matching(address: str) -> list[str]:
    """The addresses of the objects that `s3://bucket/folder/*.csv` stands for, sorted. `*` and `?` stay within a folder."""
    bucket, pattern = parts(address)
    wanted = pattern.split("/")
    start = pattern[: min(pattern.index(c) for c in "*?[" if c in pattern)]
    with _reaching(address):
        pages = _client().get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=start)
        keys = [str(o["Key"]) for page in pages for o in page.get("Contents", ())]
    found = (key for key in keys if _matches(key.split("/"), wanted))
    return [f"s3://{bucket}/{key}" for key in sorted(found)]


def _matches(key: list[str], wanted: list[str]) -> bool:
    return len(key) == len(wanted) and all(map(fnmatchcase, key, wanted))


_making = threading.Lock()  # boto3 makes clients in one thread at a time; using them is safe in all


@cache
def _made() -> Any:
    try:
        import boto3
        from botocore.config import Config
    except ImportError as e:
        raise NotReady("files on s3:// need boto3.", missing=("boto3",), how="pip install 'crossreel[aws]'") from e
    return boto3.session.Session().client("s3", config=Config(connect_timeout=10, read_timeout=30, retries={"total_max_attempts": 2}))


def _client() -> Any:
    with _making:
        return _made()


def _download(address: str, half: Path, known: Marks | None, *, limits: Fetching, kind: Kind) -> Marks | None:
    bucket, key = parts(address)
    unless = {"IfNoneMatch": known.tag} if known and known.tag else {}
    until = time.monotonic() + limits.time(kind)

    def chunks(body: Any) -> Iterator[bytes]:
        for chunk in body.iter_chunks(1 << 18):
            if time.monotonic() > until:
                most = f"{limits.time(kind):g} s (`{limits.time_key(kind)}` under `fetch:`)"
                raise Transient(f"{address} could not be had within {most}")
            yield chunk

    with _reaching(address):
        from botocore.exceptions import ClientError

        try:
            answer = _client().get_object(Bucket=bucket, Key=key, **unless)
        except ClientError as e:
            if e.response["Error"]["Code"] in ("304", "NotModified"):
                return None
            raise
        with closing(answer["Body"]) as body:
            kept.write(half, chunks(body), address, limits.megabytes(kind), answer["ContentLength"], limits.size_key(kind))
        return Marks(tag=answer["ETag"])


@contextmanager
def _reaching(address: str) -> Iterator[None]:
    """What goes wrong on the way to a bucket, as errors of this project."""
    try:
        from botocore import exceptions as aws
    except ImportError as e:
        raise NotReady("files on s3:// need boto3.", missing=("boto3",), how="pip install 'crossreel[aws]'") from e
    try:
        yield
    except (aws.NoCredentialsError, aws.PartialCredentialsError, aws.ProfileNotFound, aws.TokenRetrievalError) as e:
        how = "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE, or give the machine a role."
        raise NotReady(f"{address} needs credentials.", missing=("AWS credentials",), how=how) from e
    except aws.ParamValidationError as e:
        raise UserError(f"{address} is no address of an object: write s3://bucket/folder/file.csv") from e
    except aws.ClientError as e:
        code = e.response["Error"]["Code"]
        if code in _ABSENT:
            raise UserError(f"{address}: there is no such {'bucket' if code == 'NoSuchBucket' else 'object'}: correct the address") from e
        if code in _SHUT:
            raise UserError(f"{address} is not open to this machine ({code}): check the name, the rights and the credentials") from e
        raise Transient(f"{address} could not be had: the bucket answers {code}") from e
    except (aws.BotoCoreError, aws.HTTPClientError) as e:
        raise Transient(f"{address} can't be reached: {e}") from e
