"""One bucket: how a channel names it and its objects, who may write there, and how an object is put there whole, once (extra `aws`).

Every write says which object it expects to find (`Held`, or none), so of two workers that write one key the second is refused.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
import threading
import zlib
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from string import Formatter
from typing import Annotated, Any, Literal
from urllib.parse import quote, urlsplit

from pydantic import ByteSize, Field, field_validator, model_validator

from localize.domain import Channel
from localize.engines import Options
from localize.errors import CrossreelError, NotReady, Transient
from localize.publish import Entry
from localize.publish.bucket_errors import ABSENT, REFUSED, UploadGone, code, maybe_unheard_of, reaching

FIELDS = ("campaign", "channel", "market", "language", "sku", "date", "clip")
MB, GB = 2**20, 2**30
KEY_BYTES = 1024  # S3's own
MOST_PARTS = 10_000


def shown(template: str, values: Mapping[str, str]) -> str:
    """The object's key of a template and its fields' values. Raises ValueError for one that no bucket or web address should hold."""
    key = template.format(**values)
    if any(part in ("", ".", "..") for part in key.split("/")):
        raise ValueError(f"the key {key!r} begins or ends with '/', or has '//', '.' or '..' in it")
    if any(ord(c) < 32 or 0x7F <= ord(c) < 0xA0 or 0xD800 <= ord(c) < 0xE000 or c in "\\\u2028\u2029\ufffe\uffff" for c in key):
        raise ValueError(f"the key {key!r} has a control character or a backslash in it")
    if len(key.encode()) > KEY_BYTES:
        raise ValueError(f"the key {key[:60]!r}… is longer than {KEY_BYTES} bytes")
    return key


class BucketOptions(Options):
    """What a channel of kind `s3` says under `options`. Sizes are bytes, or written "16 MB", "5 GiB".

    `key` names the video's object by FIELDS; the files beside it have its name with their own suffix. `checksum` is what the store
    compares each upload with.
    """

    bucket: str
    key: str = "{campaign}/{language}/{sku}.mp4"
    endpoint: str = ""
    region: str = ""
    addressing: Literal["auto", "path", "virtual"] = "auto"
    profile: str = ""
    cache_control: str = ""
    storage_class: str = ""
    encryption: Literal["none", "AES256", "aws:kms"] = "none"
    kms_key: str = ""
    acl: str = ""
    part_size: Annotated[ByteSize, Field(ge=5 * MB, le=GB)] = ByteSize(16 * MB)
    max_size: Annotated[ByteSize, Field(gt=0)] = ByteSize(5 * GB)
    link_days: float = Field(default=7.0, gt=0, le=7)
    public_url: str = ""
    checksum: Literal["sha256", "crc32", "md5", "none"] = "sha256"

    @field_validator("bucket")
    @classmethod
    def _is_a_name(cls, bucket: str) -> str:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{1,254}", bucket):
            raise ValueError(
                f"{bucket!r} is no bucket's name: write the name alone (letters, digits, '.', '-', '_'), such as shop-videos. "
                "Folders belong into `key`, the store's address into `endpoint`."
            )
        return bucket

    @field_validator("key")
    @classmethod
    def _names_one_clip(cls, key: str) -> str:
        known = ", ".join(f"{{{field}}}" for field in FIELDS)
        try:
            parts = [(field, form, conversion) for _, field, form, conversion in Formatter().parse(key) if field is not None]
        except ValueError as e:
            raise ValueError(f"the key {key!r} can't be read: {e}. Known: {known}.") from None
        for field, form, conversion in parts:
            if field not in FIELDS or form or conversion:
                raise ValueError(f"the key {key!r} has an unknown field {{{field}}}. Known: {known}.")
        named = {field for field, _, _ in parts}
        if "clip" not in named and not {"sku", "language"} <= named:
            raise ValueError(f"the key {key!r} names one object for several clips: it needs {{sku}} and {{language}}, or {{clip}}.")
        if not key.endswith(".mp4"):
            raise ValueError(f"the key {key!r} must end with .mp4.")
        shown(key, dict.fromkeys(FIELDS, "x"))
        return key

    @field_validator("endpoint", "public_url")
    @classmethod
    def _is_an_address(cls, address: str) -> str:
        found = urlsplit(address)
        plain = found.scheme in ("http", "https") and found.hostname and not (found.query or found.fragment or "@" in found.netloc)
        if address and not plain:
            raise ValueError("write an address such as https://oss-ap-southeast-1.aliyuncs.com, without a user, a key or a query.")
        return address.rstrip("/")

    @model_validator(mode="after")
    def _fits_together(self) -> BucketOptions:
        if self.kms_key and self.encryption != "aws:kms":
            raise ValueError("kms_key is only used with encryption: aws:kms.")
        if self.max_size > self.part_size * MOST_PARTS:
            raise ValueError(f"a file of max_size would have more than {MOST_PARTS} parts of part_size: raise part_size.")
        return self

    @property
    def headers(self) -> dict[str, str]:
        """What every object is written with, as boto3 calls it."""
        said = {
            "CacheControl": self.cache_control, "StorageClass": self.storage_class, "SSEKMSKeyId": self.kms_key, "ACL": self.acl,
            "ServerSideEncryption": "" if self.encryption == "none" else self.encryption,
        }  # fmt: skip
        return {name: value for name, value in said.items() if value}

    def sums(self, body: bytes) -> dict[str, str]:
        """The checksum of what is uploaded at once, as boto3 calls it."""
        match self.checksum:
            case "sha256":
                return {"ChecksumSHA256": _base64(hashlib.sha256(body).digest())}
            case "crc32":
                return {"ChecksumCRC32": _base64(zlib.crc32(body).to_bytes(4, "big"))}
            case "md5":
                return {"ContentMD5": _base64(hashlib.md5(body, usedforsecurity=False).digest())}
        return {}


@dataclass(frozen=True)
class Held:
    """An object that is there: its tag, and the clip and content (sha256) it says it is, "" where a channel did not put it there."""

    etag: str
    clip: str
    sha256: str


@dataclass(frozen=True)
class Item:
    """An object as it is to be: its key, content type, clip, content's sha256, and the content, in a file or at hand."""

    key: str
    kind: str
    clip: str
    sha256: str
    content: Path | bytes

    def is_there(self, held: Held | None) -> bool:
        return held is not None and (held.clip, held.sha256) == (self.clip, self.sha256)


class Bucket:
    """A bucket, as one account sees it. `conditional` is false once the store has refused conditions, which it then is not asked for."""

    def __init__(self, options: BucketOptions, access_key: str = "", secret_key: str = "") -> None:
        if not find_spec("boto3"):
            raise NotReady("a channel of kind s3 needs boto3.", missing=("boto3",), how="pip install 'crossreel[aws]'")
        self.options, self.conditional = options, True
        with self.reaching(""):
            self.client = _client(options, access_key, secret_key)

    def address(self, key: str) -> str:
        """Where an object lies for good: on the web if the channel says so."""
        public = self.options.public_url
        return f"{public}/{quote(key)}" if public else f"s3://{self.options.bucket}/{key}"

    def link(self, key: str, days: float) -> str:
        """An address that lets anyone read the object for some days: to be shown, never to be kept."""
        with self.reaching(key):
            where = {"Bucket": self.options.bucket, "Key": key}
            return str(self.client.generate_presigned_url("get_object", Params=where, ExpiresIn=max(int(days * 86_400), 1)))

    def head(self, key: str) -> Held | None:
        """What lies at a key, None if nothing does."""
        from botocore.exceptions import ClientError

        with self.reaching(key):
            try:
                answer = self.client.head_object(Bucket=self.options.bucket, Key=key)
            except ClientError as e:
                if code(e) in ABSENT:
                    return None
                # No answer to HEAD has a body to say why; one to a list has.
                self.client.list_objects_v2(Bucket=self.options.bucket, Prefix=key, MaxKeys=1)
                raise
        told = answer.get("Metadata", {})
        return Held(answer["ETag"], told.get("clip", ""), told.get("sha256", ""))

    def delete(self, key: str) -> None:
        with self.reaching(key):
            self.client.delete_object(Bucket=self.options.bucket, Key=key)

    def put(self, item: Item, instead: Held | None, entry: Entry) -> bool:
        """Write an object where there is `instead`, a large file in parts that a later try need not send again. Returns False, and
        changes nothing, where something else is there by now."""
        if isinstance(item.content, Path) and item.content.stat().st_size > self.options.part_size:
            return self._put_in_parts(item, item.content, instead, entry)
        body = item.content if isinstance(item.content, bytes) else item.content.read_bytes()
        return self._write_if(self.client.put_object, item, instead, Body=body, **self._said_of(item), **self.options.sums(body))

    def tried(self, key: str) -> list[str]:
        """Write a small object, look at it, write it again where it must be refused, and delete it. Returns what to be warned of;
        raises what would stop a clip."""
        from botocore.exceptions import ClientError

        warned: list[str] = []
        probe = {"Bucket": self.options.bucket, "Key": key, "Body": b"probe", **self.options.headers, **self.options.sums(b"probe")}
        self.head(key)
        with self.reaching(key):
            self.client.put_object(**probe)
        if self.head(key) is None:
            raise Transient(f"s3://{self.options.bucket}/{key} was written and is not there yet.")
        with self.reaching(key):
            try:
                self.client.put_object(**probe, IfNoneMatch="*")
                self.conditional = False
            except ClientError as e:
                if code(e) not in REFUSED and not maybe_unheard_of(e):
                    raise
                self.conditional = code(e) in REFUSED
        if not self.conditional:
            warned.append(
                f"the store of {self.options.bucket} writes over an object though it is asked not to. Two workers that send clips of one "
                "product at the same moment could mix them: let one worker publish to it."
            )
        try:
            self.delete(key)
        except NotReady:
            warned.append(f"s3:DeleteObject is missing: {key} is left in {self.options.bucket}, and newer clips can't replace older ones.")
        return warned

    def _said_of(self, item: Item) -> dict[str, Any]:
        return {"ContentType": item.kind, "Metadata": {"clip": item.clip, "sha256": item.sha256}, **self.options.headers}

    def _write_if(self, write: Callable[..., Any], item: Item, instead: Held | None, **request: Any) -> bool:
        from botocore.exceptions import ClientError

        request |= {"Bucket": self.options.bucket, "Key": item.key}
        with self.reaching(item.key):
            if self.conditional:
                try:
                    write(**request, **({"IfMatch": instead.etag} if instead else {"IfNoneMatch": "*"}))
                    return True
                except ClientError as e:
                    if code(e) in REFUSED:
                        return False
                    if not maybe_unheard_of(e):
                        raise
            now = self.head(item.key)
            if (now and now.etag) != (instead and instead.etag):
                return False
            write(**request)
            self.conditional = False  # it was the condition: without it the same write is taken
            return True

    # In parts ------------------------------------------------------------------------------------------------------------

    def _put_in_parts(self, item: Item, file: Path, instead: Held | None, entry: Entry) -> bool:
        upload, there = self._begun(item, entry)
        try:
            parts = self._sent(item, file, upload, there, entry)
            complete = self.client.complete_multipart_upload
            written = self._write_if(complete, item, instead, UploadId=upload, MultipartUpload={"Parts": parts})
        except UploadGone:
            _forget(entry)  # the next try begins anew
            raise
        if not written:
            self.abort(entry)  # what nobody will ask for again is not left to be paid for
        _forget(entry)
        return written

    def _sent(self, item: Item, file: Path, upload: str, there: Mapping[int, Mapping[str, Any]], entry: Entry) -> list[dict[str, Any]]:
        """All parts, as the upload is completed with; those that are not there yet are sent, each noted."""
        noted: dict[str, str] = dict(entry.kept.get("parts") or {})
        parts: list[dict[str, Any]] = []
        with file.open("rb") as f:
            while body := f.read(self.options.part_size):
                number, sums = len(parts) + 1, self.options.sums(body)
                etag = _kept_part(there.get(number), body, sums, noted.get(str(number), ""))
                if not etag:
                    where = {"Bucket": self.options.bucket, "Key": item.key, "UploadId": upload, "PartNumber": number}
                    with self.reaching(item.key):
                        etag = str(self.client.upload_part(**where, Body=body, **sums)["ETag"])
                    noted[str(number)] = etag
                    entry.note(parts=dict(noted))
                checked = {name: value for name, value in sums.items() if name.startswith("Checksum")}
                parts.append({"PartNumber": number, "ETag": etag, **checked})
        return parts

    def _begun(self, item: Item, entry: Entry) -> tuple[str, dict[int, dict[str, Any]]]:
        """The upload of this very file that an earlier try began, with the parts the store has of it; else a new one."""
        o = self.options
        same = {
            "endpoint": o.endpoint, "bucket": o.bucket, "key": item.key, "sha256": item.sha256, "part": int(o.part_size),
            "checksum": o.checksum,
        }  # fmt: skip
        if entry.publish_id and entry.kept.get("upload") == same:
            with suppress(UploadGone), self.reaching(item.key):
                pages = self.client.get_paginator("list_parts").paginate(Bucket=o.bucket, Key=item.key, UploadId=entry.publish_id)
                return entry.publish_id, {part["PartNumber"]: part for page in pages for part in page.get("Parts", ())}
        self.abort(entry)
        algorithm = {"ChecksumAlgorithm": o.checksum.upper()} if o.checksum in ("sha256", "crc32") else {}
        with self.reaching(item.key):
            begun = self.client.create_multipart_upload(Bucket=o.bucket, Key=item.key, **self._said_of(item), **algorithm)
        upload = str(begun["UploadId"])
        entry.note(publish_id=upload, upload=same, parts={})
        return upload, {}

    def abort(self, entry: Entry) -> None:
        """Drop the parts of an upload that will not be completed. Where that fails, the bucket's own rule for them must do it."""
        begun = entry.kept.get("upload") or {}
        if entry.publish_id and begun.get("key"):
            with suppress(CrossreelError), self.reaching(begun["key"]):
                self.client.abort_multipart_upload(Bucket=begun["bucket"], Key=begun["key"], UploadId=entry.publish_id)
            _forget(entry)

    def reaching(self, key: str) -> AbstractContextManager[None]:
        return reaching(f"s3://{self.options.bucket}/{key}" + (f" at {self.options.endpoint}" if self.options.endpoint else ""))


def of(channel: Channel) -> Bucket:
    """The bucket of a channel, with the account's own keys where the environment has them, else with what boto3 finds."""
    name = re.sub(r"[^A-Z0-9]", "_", channel.account.upper())
    names = [f"CROSSREEL_S3_{name}_{part}" for part in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY")]
    given = [os.environ.get(n, "") for n in names] if name else ["", ""]
    if any(given) and not all(given):
        lacking = names[given.index("")]
        raise NotReady(f"channel {channel.name}: {lacking} is not set.", missing=(lacking,), how="Set both of the account's keys.")
    with _making:  # boto3 makes one client at a time
        return _shared(BucketOptions.model_validate(channel.options), *given)


_making = threading.Lock()


@cache
def _shared(options: BucketOptions, access_key: str, secret_key: str) -> Bucket:
    return Bucket(options, access_key, secret_key)


def _client(options: BucketOptions, access_key: str, secret_key: str) -> Any:
    from botocore.config import Config

    session = _session(access_key, secret_key, options.profile)
    # Alibaba's OSS knows a bucket only as the first part of the host's name.
    style = "virtual" if options.addressing == "auto" and "aliyuncs.com" in options.endpoint else options.addressing
    config = Config(
        signature_version="s3v4", connect_timeout=10, read_timeout=60, s3={"addressing_style": style},
        # Checksums are the channel's own: boto3's by default are refused by some stores.
        request_checksum_calculation="when_required", response_checksum_validation="when_required",
    )  # fmt: skip
    region = options.region or session.region_name or "us-east-1"
    return session.client("s3", endpoint_url=options.endpoint or None, region_name=region, config=config)


@cache
def _session(access_key: str, secret_key: str, profile: str) -> Any:
    """One for all clients of an account: it reads botocore's large descriptions once."""
    import boto3

    keys = {"aws_access_key_id": access_key or None, "aws_secret_access_key": secret_key or None}
    return boto3.Session(**keys, profile_name=profile or None)


def _kept_part(there: Mapping[str, Any] | None, body: bytes, sums: Mapping[str, str], noted: str) -> str:
    """The tag of a part that the store has as it should be, "" for one that is to be sent."""
    if there is None or there["Size"] != len(body):
        return ""
    tag, told = str(there["ETag"]), [(there[name], value) for name, value in sums.items() if there.get(name)]
    if told:
        return tag if all(a == b for a, b in told) else ""
    # The tag is the content's MD5, but not where the store encrypts: there it is the one it answered with.
    return tag if tag.strip('"') in (noted.strip('"'), hashlib.md5(body, usedforsecurity=False).hexdigest()) else ""


def _forget(entry: Entry) -> None:
    entry.note(publish_id="", upload={}, parts={})


def _base64(digest: bytes) -> str:
    return base64.b64encode(digest).decode()
