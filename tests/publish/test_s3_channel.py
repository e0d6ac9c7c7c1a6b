"""The bucket channel: all of a clip's files or no sidecar, once, whoever else writes there and whatever breaks on the way."""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import sys
import uuid
import zlib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from buckets import MB, Asked, Buckets, Fault, parcel, race, serving
from platforms import Page
from pydantic import ValidationError

from localize.domain import Channel, Finding
from localize.errors import Blocked, CrossreelError, NotReady, Transient, UserError
from localize.publish import Parcel, bucket, hours
from localize.publish.bucket import BucketOptions
from localize.publish.s3 import S3Publisher, link

S3 = S3Publisher()
STEM = "corner-shop/th/MUG-01"
ALL = [f"{STEM}.{suffix}" for suffix in ("ass", "jpg", "json", "mp4", "srt", "vtt")]
PART = 5 * MB
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfi"  # a made-up one


@pytest.fixture(scope="module")
def server() -> Iterator[Buckets]:
    with serving() as buckets:
        yield buckets


@pytest.fixture
def s3(server: Buckets, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Buckets]:
    """The server with a bucket "clips" of the test's own."""
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAUSUAL")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)
    bucket._shared.cache_clear()
    owner = server.owner
    owner.create_bucket(Bucket="clips")
    server.asked.clear()
    server.written.clear()
    yield server
    server.trouble = lambda asked: None
    for upload in owner.list_multipart_uploads(Bucket="clips").get("Uploads", ()):
        owner.abort_multipart_upload(Bucket="clips", Key=upload["Key"], UploadId=upload["UploadId"])
    for key in keys(server):
        owner.delete_object(Bucket="clips", Key=key)
    owner.delete_bucket(Bucket="clips")


@pytest.fixture
def other_keys() -> Iterator[None]:
    """boto3 looks for keys anew."""
    bucket._session.cache_clear()
    yield
    bucket._session.cache_clear()


def channel(s3: Buckets, *, account: str = "", market: str = "", **options: Any) -> Channel:
    options = {"bucket": "clips", "endpoint": s3.address, "part_size": PART} | options
    return Channel(name="shop", kind="s3", account=account, market=market, options=options)


def keys(s3: Buckets) -> list[str]:
    return [o["Key"] for o in s3.owner.list_objects_v2(Bucket="clips").get("Contents", ())]


def body(s3: Buckets, key: str) -> bytes:
    return bytes(s3.owner.get_object(Bucket="clips", Key=key)["Body"].read())


def whose(s3: Buckets) -> dict[str, str]:
    """Of which clip each object is."""
    return {key: s3.owner.head_object(Bucket="clips", Key=key)["Metadata"]["clip"] for key in keys(s3)}


def uploads(s3: Buckets) -> list[str]:
    return [u["UploadId"] for u in s3.owner.list_multipart_uploads(Bucket="clips").get("Uploads", ())]


def until_published(made: Parcel, page: Page, tries: int = 5) -> int:
    """Publish as the outbox does: again after a Transient, with what was noted. Returns the tries it took."""
    for n in range(1, tries + 1):
        try:
            assert S3.publish(made, page).state == "published"
            return n
        except Transient:
            continue
    pytest.fail(f"not published in {tries} tries")


def test_a_clip_lies_in_the_bucket_with_all_that_belongs_to_it(s3: Buckets, tmp_path: Path) -> None:
    made = parcel(tmp_path, channel(s3, cache_control="max-age=3600"))
    receipt = S3.publish(made, Page())
    assert (receipt.state, receipt.where, receipt.post_id) == ("published", f"s3://clips/{STEM}.mp4", f"{STEM}.mp4")
    assert keys(s3) == ALL
    kinds = {}
    for key in ALL:
        told = s3.owner.get_object(Bucket="clips", Key=key)
        content = told["Body"].read()
        kinds[key[-3:]] = told["ContentType"].partition(";")[0]
        assert told["CacheControl"] == "max-age=3600"
        assert told["Metadata"] == {"clip": "clip/one", "sha256": hashlib.sha256(content).hexdigest()}
    assert kinds == {
        "mp4": "video/mp4", "jpg": "image/jpeg", "srt": "application/x-subrip", "vtt": "text/vtt", "ass": "text/x-ssa",
        "son": "application/json",
    }  # fmt: skip
    assert body(s3, f"{STEM}.mp4") == Path(made.clip.video).read_bytes()
    assert body(s3, f"{STEM}.srt") == b"captions.srt of clip/one"
    written = [asked.key.rpartition(".")[2] for asked in s3.of("PUT", "")]
    assert (written[0], written[-1]) == ("mp4", "json")
    sidecar = json.loads(body(s3, f"{STEM}.json"))
    assert (sidecar["key"], sidecar["post"]["title"], sidecar["channel"]["name"]) == ("clip/one", "แก้วดินเผา", "shop")
    assert "options" not in sidecar["channel"]  # anyone may read it


def test_publishing_twice_sends_nothing(s3: Buckets, tmp_path: Path) -> None:
    made = parcel(tmp_path, channel(s3))
    first = S3.publish(made, Page())
    s3.asked.clear()
    assert S3.publish(made, Page()) == first
    assert {asked.what for asked in s3.asked} == {"HEAD"}


def test_a_changed_post_is_told_in_the_sidecar_only(s3: Buckets, tmp_path: Path) -> None:
    S3.publish(parcel(tmp_path, channel(s3)), Page())
    s3.asked.clear()
    S3.publish(parcel(tmp_path, channel(s3, market="TH")), Page())
    assert [asked.key for asked in s3.of("PUT")] == [f"{STEM}.json"]
    assert json.loads(body(s3, f"{STEM}.json"))["channel"]["market"] == "TH"


@pytest.mark.parametrize("suffix", ["ass", "jpg", "json", "mp4", "srt", "vtt"])
def test_an_object_that_was_deleted_comes_back(s3: Buckets, tmp_path: Path, suffix: str) -> None:
    made = parcel(tmp_path, channel(s3))
    S3.publish(made, Page())
    s3.owner.delete_object(Bucket="clips", Key=f"{STEM}.{suffix}")
    S3.publish(made, Page())
    assert keys(s3) == ALL


def test_a_sku_of_any_script_names_its_object(s3: Buckets, tmp_path: Path) -> None:
    made = parcel(tmp_path, channel(s3, public_url="https://cdn.shop.example/v/"), sku="แก้ว 茶杯+#1?.é")
    receipt = S3.publish(made, Page())
    assert receipt.post_id == "corner-shop/th/แก้ว 茶杯+#1?.é.mp4"
    assert receipt.post_id in keys(s3)
    assert receipt.where.startswith("https://cdn.shop.example/v/corner-shop/th/%E0%B9%81")
    assert receipt.where.endswith("%20%E8%8C%B6%E6%9D%AF%2B%231%3F.%C3%A9.mp4")


@pytest.mark.parametrize(
    ("template", "told"),
    [
        ("{campaing}/{sku}-{language}.mp4", r"unknown field \{campaing\}.*\{campaign\}, \{channel\}, \{market\}, \{language\}, \{sku\}"),
        ("{sku.__class__}-{language}.mp4", "unknown field"),
        ("{sku!r}-{language}.mp4", "unknown field"),
        ("{sku:>9}-{language}.mp4", "unknown field"),
        ("{}.mp4", "unknown field"),
        ("{sku}-{language.mp4", "can't be read"),
        ("{language}.mp4", "one object for several clips"),
        ("{sku}.mp4", "one object for several clips"),
        ("{sku}/{language}", "end with .mp4"),
        ("/{sku}/{language}.mp4", "begins or ends with '/'"),
        ("a/../{sku}/{language}.mp4", "'..'"),
        ("a//{sku}/{language}.mp4", "'//'"),
        ("a\n{sku}/{language}.mp4", "control character"),
        ("a\\{sku}/{language}.mp4", "backslash"),
        ("a" * 1100 + "{sku}/{language}.mp4", "longer than 1024"),
    ],
)
def test_an_unsafe_key_is_refused_when_the_channel_is_read(template: str, told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        BucketOptions(bucket="clips", key=template)


@pytest.mark.parametrize(
    ("option", "told"),
    [
        ({"bucket": "s3://clips/th"}, "is no bucket's name: write the name alone .* Folders belong into `key`"),
        ({"endpoint": "https://user:key@oss.example"}, "without a user"),
        ({"endpoint": "oss-cn-hangzhou.aliyuncs.com"}, "https://"),
        ({"public_url": "https://cdn.example/?token=1"}, "without"),
        ({"part_size": "5MB"}, "greater than or equal to 5242880"),
        ({"link_days": 8}, "less than or equal to 7"),
        ({"kms_key": "alias/clips"}, "encryption: aws:kms"),
        ({"part_size": "5MiB", "max_size": "100GiB"}, "raise part_size"),
        ({"secret_key": "x"}, "Extra inputs"),
    ],
)
def test_an_option_that_cant_work_is_refused_when_the_channel_is_read(option: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        BucketOptions.model_validate({"bucket": "clips"} | option)


@pytest.mark.parametrize(
    ("sku", "key"),
    [
        ("..", "a/{language}/{sku}/{clip}.mp4"), ("MUG\n01", "{sku}-{language}.mp4"), ("x" * 1100, "{sku}-{language}.mp4"),
        ("MUG-01", "{market}/{sku}-{language}.mp4"),
    ],
)  # fmt: skip
def test_a_product_that_would_make_an_unsafe_key_is_named(s3: Buckets, tmp_path: Path, sku: str, key: str) -> None:
    with pytest.raises(UserError, match=r"th on channel shop: the key .* Change the channel's `key`"):
        S3.publish(parcel(tmp_path, channel(s3, key=key), sku=sku), Page())
    assert s3.asked == []


def test_a_retry_after_midnight_finds_what_is_there(s3: Buckets, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hours, "today", lambda _: date(2026, 2, 1))
    made, page = parcel(tmp_path, channel(s3, key="{date}/{sku}-{language}.mp4")), Page()
    assert S3.publish(made, page).post_id == "2026-02-01/MUG-01-th.mp4"
    yesterday = Page(kept={"date": "2026-01-31"})
    assert S3.publish(made, yesterday).post_id == "2026-01-31/MUG-01-th.mp4"


@pytest.mark.parametrize("size", [1000, PART + 1])
def test_objects_are_kept_as_the_channel_says(s3: Buckets, tmp_path: Path, size: int) -> None:
    options = {"storage_class": "STANDARD_IA", "encryption": "aws:kms", "kms_key": "alias/clips", "acl": "public-read"}
    S3.publish(parcel(tmp_path, channel(s3, **options), size=size), Page())
    for asked in (s3.of("PUT" if size < PART else "Create", ".mp4")[0], s3.of("PUT", ".json")[0]):
        told = {name: value for name, value in asked.headers.items() if name.startswith(("x-amz-storage", "x-amz-server", "x-amz-acl"))}
        assert told == {
            "x-amz-storage-class": "STANDARD_IA", "x-amz-acl": "public-read", "x-amz-server-side-encryption": "aws:kms",
            "x-amz-server-side-encryption-aws-kms-key-id": "alias/clips",
        }  # fmt: skip


@pytest.mark.parametrize("checksum", ["sha256", "crc32", "md5", "none"])
@pytest.mark.parametrize("size", [1000, PART + 1])
def test_every_upload_carries_the_checksum_asked_for(s3: Buckets, tmp_path: Path, checksum: str, size: int) -> None:
    made = parcel(tmp_path, channel(s3, checksum=checksum), size=size)
    S3.publish(made, Page())
    content = Path(made.clip.video).read_bytes()
    sums = {
        "x-amz-checksum-sha256": lambda b: hashlib.sha256(b).digest(), "x-amz-checksum-crc32": lambda b: zlib.crc32(b).to_bytes(4, "big"),
        "content-md5": lambda b: hashlib.md5(b).digest(),
    }  # fmt: skip
    sent = s3.of("PUT" if size < PART else "UploadPart", ".mp4")
    assert len(sent) == (1 if size < PART else 2)
    for n, asked in enumerate(sent):
        part = content[n * PART : (n + 1) * PART]
        told = {name: value for name, value in asked.headers.items() if name in sums or name.startswith("x-amz-checksum")}
        assert told == {name: base64.b64encode(of(part)).decode() for name, of in sums.items() if name.endswith(checksum)}
    assert body(s3, f"{STEM}.mp4") == content


# Parts -------------------------------------------------------------------------------------------------------------------


class Killed(Exception):
    """The process dies here."""


class Mortal(Page):
    """A page whose worker dies at the nth note, before or after it is on disk."""

    def dies(self, nth: int, *, written: bool) -> Mortal:
        self.nth, self.written, self.count = nth, written, 0
        return self

    def note(self, *, publish_id: str | None = None, **kept: Any) -> None:
        self.count += 1
        if self.count == self.nth and not self.written:
            raise Killed
        super().note(publish_id=publish_id, **kept)
        if self.count == self.nth:
            raise Killed


def sent(s3: Buckets) -> list[int]:
    return [int(asked.query["partNumber"]) for asked in s3.of("UploadPart")]


@pytest.mark.parametrize("written", [False, True])
@pytest.mark.parametrize("nth", [1, 2, 3, 4, 5])
def test_a_worker_that_dies_between_parts_sends_none_of_them_twice(s3: Buckets, tmp_path: Path, nth: int, written: bool) -> None:
    """The notes: the upload, its three parts, its end."""
    made, page = parcel(tmp_path, channel(s3), size=2 * PART + 1000), Mortal().dies(nth, written=written)
    with pytest.raises(Killed):
        S3.publish(made, page)
    S3.publish(made, page)
    assert sent(s3) == [1, 2, 3]
    assert body(s3, f"{STEM}.mp4") == Path(made.clip.video).read_bytes()
    assert keys(s3) == ALL
    assert page.publish_id == ""
    # The one that was begun and never noted is nobody's: a rule of the bucket removes such.
    assert len(uploads(s3)) == (nth == 1 and not written)


@pytest.mark.parametrize("nth", [1, 2, 3])
@pytest.mark.parametrize("fault", ["cut_before", "cut_after", (503, "SlowDown"), (400, "BadDigest")])
def test_an_upload_cut_off_goes_on_with_what_is_missing(s3: Buckets, tmp_path: Path, nth: int, fault: Fault) -> None:
    made, page = parcel(tmp_path, channel(s3), size=2 * PART + 1000), Page()
    s3.once("UploadPart", fault, nth)
    assert until_published(made, page) == 2
    # Of the one that was cut off, the store has all or nothing.
    again = [] if fault == "cut_after" else [nth]
    assert sorted(sent(s3)) == sorted([1, 2, 3, *again])
    assert len(s3.of("Create")) == 1
    assert body(s3, f"{STEM}.mp4") == Path(made.clip.video).read_bytes()
    assert uploads(s3) == []


def test_an_end_that_was_not_heard_is_looked_up(s3: Buckets, tmp_path: Path) -> None:
    made, page = parcel(tmp_path, channel(s3), size=PART + 1000), Page()
    s3.once("Complete", "cut_after")
    assert until_published(made, page) == 2
    assert (sent(s3), len(s3.of("Create")), len(s3.of("Complete"))) == ([1, 2], 1, 1)
    assert page.publish_id == ""


def test_parts_of_another_file_are_dropped(s3: Buckets, tmp_path: Path) -> None:
    page = Mortal().dies(3, written=True)
    with pytest.raises(Killed):
        S3.publish(parcel(tmp_path / "old", channel(s3), size=2 * PART), page)
    begun = page.publish_id
    # The same clip, signed anew: the file's bytes are others.
    made = parcel(tmp_path / "new", channel(s3), size=2 * PART + 7)
    S3.publish(made, page)
    assert [asked.query["uploadId"] for asked in s3.of("Abort")] == [begun]
    assert body(s3, f"{STEM}.mp4") == Path(made.clip.video).read_bytes()
    assert uploads(s3) == []


def test_an_upload_that_is_gone_begins_anew(s3: Buckets, tmp_path: Path) -> None:
    made, page = parcel(tmp_path, channel(s3), size=2 * PART), Mortal().dies(2, written=True)
    with pytest.raises(Killed):
        S3.publish(made, page)
    s3.owner.abort_multipart_upload(Bucket="clips", Key=f"{STEM}.mp4", UploadId=page.publish_id)
    assert until_published(made, page) == 1
    assert sent(s3) == [1, 1, 2]


def test_an_upload_that_ends_under_way_begins_anew(s3: Buckets, tmp_path: Path) -> None:
    made, page = parcel(tmp_path, channel(s3), size=2 * PART), Page()
    s3.once("UploadPart", (404, "NoSuchUpload"), 2)
    assert until_published(made, page) == 2
    assert sent(s3) == [1, 2, 1, 2]
    assert body(s3, f"{STEM}.mp4") == Path(made.clip.video).read_bytes()


@pytest.mark.parametrize("foreign", [b"x" * PART, b"x" * 1000])
def test_a_part_that_is_not_ours_is_sent_again(s3: Buckets, tmp_path: Path, foreign: bytes) -> None:
    made, page = parcel(tmp_path, channel(s3), size=2 * PART), Mortal().dies(2, written=True)
    with pytest.raises(Killed):
        S3.publish(made, page)
    s3.owner.upload_part(Bucket="clips", Key=f"{STEM}.mp4", UploadId=page.publish_id, PartNumber=1, Body=foreign)
    s3.asked.clear()
    S3.publish(made, page)
    assert sent(s3) == [1, 2]
    assert body(s3, f"{STEM}.mp4") == Path(made.clip.video).read_bytes()


@pytest.mark.heavy
@pytest.mark.parametrize("fault", ["cut_before", "cut_after"])
def test_whatever_request_is_cut_off_the_next_try_ends_it(s3: Buckets, tmp_path: Path, fault: Fault) -> None:
    made = parcel(tmp_path, channel(s3))
    S3.publish(made, Page())
    requests = len(s3.asked)
    assert requests > 12
    for nth in range(requests):
        for key in keys(s3):
            s3.owner.delete_object(Bucket="clips", Key=key)
        left = iter(range(1000))
        s3.trouble = lambda asked, left=left, nth=nth: fault if next(left) == nth else None
        page = Page()
        assert until_published(made, page) == 2
        s3.trouble = lambda asked: None
        assert keys(s3) == ALL
        assert body(s3, f"{STEM}.mp4") == Path(made.clip.video).read_bytes()
        assert page.publish_id == ""


# Others who write there --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1000, PART + 1])
def test_a_newer_clip_takes_the_place_of_the_one_it_found(s3: Buckets, tmp_path: Path, size: int) -> None:
    S3.publish(parcel(tmp_path / "old", channel(s3), size=size), Page())
    etag = s3.owner.head_object(Bucket="clips", Key=f"{STEM}.mp4")["ETag"]
    s3.asked.clear()
    S3.publish(parcel(tmp_path / "new", channel(s3), key="clip/two", size=size), Page())
    assert set(whose(s3).values()) == {"clip/two"}
    write = s3.of("PUT" if size < PART else "Complete", ".mp4")[0]
    assert write.headers["if-match"] == etag
    # The old sidecar goes before anything beside it is another's.
    order = [(asked.what, asked.key) for asked in s3.asked if asked.what in ("PUT", "DELETE") and not asked.key.endswith(".mp4")]
    assert order[0] == ("DELETE", f"{STEM}.json")
    assert order[-1] == ("PUT", f"{STEM}.json")


@pytest.mark.heavy
def test_of_eight_workers_with_one_clip_one_writes_it(s3: Buckets, tmp_path: Path) -> None:
    made = parcel(tmp_path, channel(s3))
    ended = race([made] * 8)
    assert set(ended) == {"published"}
    assert set(whose(s3)) == set(ALL)
    assert s3.written.count(f"{STEM}.mp4") == 1


@pytest.mark.parametrize("size", [1000, PART + 1])
@pytest.mark.parametrize("theirs", ["clip/one", "clip/other"])
def test_who_comes_second_keeps_what_the_first_put_there(s3: Buckets, tmp_path: Path, size: int, theirs: str) -> None:
    made, page = parcel(tmp_path, channel(s3), size=size), Page()
    write = "PUT" if size < PART else "Complete"

    def another(asked: Asked) -> None:
        if asked.what == write and asked.key.endswith(".mp4"):
            s3.trouble = lambda asked: None
            s3.owner.put_object(Bucket="clips", Key=asked.key, Body=b"theirs", Metadata={"clip": theirs})

    s3.trouble = another
    if theirs == "clip/one":
        S3.publish(made, page)
        assert keys(s3) == ALL
    else:
        with pytest.raises(
            Transient, match=r"MUG-01.th on channel shop: another worker .* s3://clips/corner-shop/th/MUG-01.mp4\. It is kept"
        ):
            S3.publish(made, page)
        assert keys(s3) == [f"{STEM}.mp4"]
    assert body(s3, f"{STEM}.mp4") == b"theirs"
    assert uploads(s3) == []


@pytest.mark.parametrize("at", range(1, 12))
def test_two_clips_of_a_product_are_never_mixed(s3: Buckets, tmp_path: Path, at: int) -> None:
    """A newer clip comes at any request of an older one's; the files of both are never under one sidecar."""
    old, new = parcel(tmp_path / "old", channel(s3)), parcel(tmp_path / "new", channel(s3), key="clip/two")
    left = iter(range(1000))

    def newer(asked: Asked) -> None:
        if next(left) == at:
            s3.trouble = lambda asked: None
            S3.publish(new, Page())

    s3.trouble = newer
    try:
        S3.publish(old, Page())
    except Transient:
        assert at < 12
    clips = whose(s3)
    assert clips[f"{STEM}.mp4"] == "clip/two"
    # Whatever the late one still wrote, the sidecar vouches for nothing that is not so; the newer one's next try mends the rest.
    if set(clips.values()) != {"clip/two"}:
        assert clips.get(f"{STEM}.json") != "clip/two"
    S3.publish(new, Page())
    assert set(whose(s3).values()) == {"clip/two"}


@pytest.mark.parametrize("size", [1000, PART + 1])
@pytest.mark.parametrize("answer", [(501, "NotImplemented"), (400, "InvalidArgument")])
def test_a_store_that_knows_no_conditions_is_looked_at_first(s3: Buckets, tmp_path: Path, size: int, answer: Fault) -> None:
    s3.trouble = lambda asked: answer if {"if-match", "if-none-match"} & set(asked.headers) else None
    S3.publish(parcel(tmp_path / "one", channel(s3), size=size), Page())
    refused = [asked for asked in s3.asked if {"if-match", "if-none-match"} & set(asked.headers)]
    assert len(refused) == 1  # it is asked once
    S3.publish(parcel(tmp_path / "two", channel(s3), key="clip/two", size=size), Page())
    assert set(whose(s3).values()) == {"clip/two"}
    assert len([asked for asked in s3.asked if {"if-match", "if-none-match"} & set(asked.headers)]) == 1


@pytest.mark.parametrize("fault", ["deaf", (501, "NotImplemented"), (400, "InvalidRequest")])
def test_check_tells_of_a_store_that_writes_over_what_is_there(s3: Buckets, fault: Fault) -> None:
    s3.trouble = lambda asked: fault if {"if-match", "if-none-match"} & set(asked.headers) else None
    (finding,) = S3.check(channel(s3))
    assert (finding.severity, "let one worker publish" in finding.message) == ("warn", True)
    assert keys(s3) == []


# What stops it -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "code", "kind", "way_out"),
    [
        (404, "NoSuchBucket", UserError, "create it"),
        (301, "PermanentRedirect", UserError, "region"),
        (403, "AccessDenied", NotReady, "s3:PutObject"),
        (403, "InvalidAccessKeyId", NotReady, "access key is not accepted"),
        (403, "SignatureDoesNotMatch", NotReady, "access key is not accepted"),
        (400, "ExpiredToken", NotReady, "sign in again"),
        (403, "RequestTimeTooSkewed", UserError, "clock"),
        (400, "EntityTooLarge", UserError, "max_size"),
        (400, "KMS.NotFoundException", UserError, "kms_key"),
        (400, "InvalidStorageClass", UserError, "storage_class"),
        (400, "AccessControlListNotSupported", UserError, "policy"),
        (400, "BadDigest", Transient, "sent again"),
        (503, "SlowDown", Transient, "busy"),
        (500, "InternalError", Transient, "busy"),
        (400, "SomethingElse", UserError, "as told"),
    ],
)
def test_what_the_store_says_is_told_with_the_way_out(
    s3: Buckets, tmp_path: Path, status: int, code: str, kind: type[CrossreelError], way_out: str
) -> None:
    s3.trouble = lambda asked: (status, code) if asked.what == "PUT" else None
    with pytest.raises(kind, match=rf"s3://clips/{STEM}\.mp4 at {s3.address}: .*{way_out}") as e:
        S3.publish(parcel(tmp_path, channel(s3)), Page())
    if isinstance(e.value, Transient) and status >= 500:
        assert e.value.retry_after == 7.0
    assert SECRET not in str(e.value)


def test_a_look_that_is_refused_says_why(s3: Buckets, tmp_path: Path) -> None:
    s3.trouble = lambda asked: (403, "SignatureDoesNotMatch")  # of which a HEAD shows the 403 only
    with pytest.raises(NotReady, match="SignatureDoesNotMatch"):
        S3.publish(parcel(tmp_path, channel(s3)), Page())


@pytest.fixture
def guarded(s3: Buckets) -> Iterator[Any]:
    """The server asks for keys and rights: `guarded(actions)` is a user's key and secret."""
    import requests

    iam = s3.client("iam")

    def user(*actions: str) -> tuple[str, str]:
        name = f"user-{uuid.uuid4().hex}"
        iam.create_user(UserName=name)
        rights = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}]}
        iam.put_user_policy(UserName=name, PolicyName="rights", PolicyDocument=json.dumps(rights))
        key = iam.create_access_key(UserName=name)["AccessKey"]
        requests.post(f"{s3.address}/moto-api/reset-auth", data=b"0", timeout=60)
        return key["AccessKeyId"], key["SecretAccessKey"]

    yield user
    requests.post(f"{s3.address}/moto-api/reset-auth", data=b"inf", timeout=60)


@pytest.mark.parametrize("case", ["right", "wrong key", "wrong secret", "may not write"])
def test_an_accounts_own_keys_open_the_bucket(
    s3: Buckets, guarded: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, case: str
) -> None:
    key, secret = guarded(*(["s3:ListBucket", "s3:GetObject"] if case == "may not write" else ["s3:*"]))
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("CROSSREEL_S3_SHOP_TH_ACCESS_KEY_ID", "AKIANOBODY" if case == "wrong key" else key)
    monkeypatch.setenv("CROSSREEL_S3_SHOP_TH_SECRET_ACCESS_KEY", SECRET if case == "wrong secret" else secret)
    made, page = parcel(tmp_path, channel(s3, account="shop.th")), Page()
    if case == "right":
        assert S3.check(made.channel) == []
        S3.publish(made, page)
    else:
        code = {"wrong key": "InvalidAccessKeyId", "wrong secret": "SignatureDoesNotMatch", "may not write": "AccessDenied"}[case]
        (finding,) = S3.check(made.channel)
        assert (finding.severity, code in finding.message) == ("block", True)
        with pytest.raises(NotReady, match=code) as e:
            S3.publish(made, page)
        assert secret not in str(e.value)
    assert secret not in caplog.text
    assert secret not in json.dumps(page.kept)


def test_half_an_account_is_not_enough(s3: Buckets, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CROSSREEL_S3_R2_ACCESS_KEY_ID", "AKIA")
    with pytest.raises(NotReady, match="CROSSREEL_S3_R2_SECRET_ACCESS_KEY is not set"):
        S3.publish(parcel(tmp_path, channel(s3, account="r2")), Page())


def test_without_credentials_it_says_how_to_give_them(
    s3: Buckets, other_keys: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(NotReady, match="AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"):
        S3.publish(parcel(tmp_path, channel(s3)), Page())


def test_a_profile_that_is_not_there_is_named(s3: Buckets, tmp_path: Path) -> None:
    with pytest.raises(NotReady, match=r"nobody.*aws configure --profile"):
        S3.publish(parcel(tmp_path, channel(s3, profile="nobody")), Page())


def test_a_store_that_cant_be_reached_may_be_tried_again(s3: Buckets, tmp_path: Path) -> None:
    with pytest.raises(Transient, match=r"at http://127.0.0.1:9 can't be reached"):
        S3.publish(parcel(tmp_path, channel(s3, endpoint="http://127.0.0.1:9")), Page())


def test_a_video_above_the_channels_size_is_not_begun(s3: Buckets, tmp_path: Path) -> None:
    made = parcel(tmp_path, channel(s3))
    with Path(made.clip.video).open("r+b") as f:
        f.truncate(5 * 2**30 + 1)  # a file of holes
    with pytest.raises(UserError, match=r"MUG-01.th on channel shop: the video has 5,368,709,121 bytes, .* takes 5,368,709,120"):
        S3.publish(made, Page())
    assert s3.asked == []


def test_a_blocked_clip_does_not_go_out(s3: Buckets, tmp_path: Path) -> None:
    made = parcel(tmp_path, channel(s3))
    block = Finding(check="label", severity="block", message="The AI label can't be read.")
    blocked = Parcel(made.campaign, made.clip.model_copy(update={"findings": (block,)}), made.post, made.channel, made.disclosure, made.out)
    with pytest.raises(Blocked, match="The AI label"):
        S3.publish(blocked, Page())
    assert s3.asked == []


def test_without_boto3_it_says_how_to_get_it(s3: Buckets, other_keys: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)
    monkeypatch.setattr(bucket, "find_spec", lambda name: None)
    with pytest.raises(NotReady, match=r"crossreel\[aws\]"):
        S3.publish(parcel(tmp_path, channel(s3)), Page())


def test_check_leaves_nothing_behind_and_names_what_is_wrong(s3: Buckets) -> None:
    assert S3.check(channel(s3, key="clips/{campaign}/{sku}-{language}.mp4")) == []
    assert keys(s3) == []
    assert {asked.key.rpartition("/")[0] for asked in s3.of("PUT")} == {"clips"}
    (finding,) = S3.check(channel(s3, bucket="clipss"))
    assert finding.severity == "block"
    assert "channel shop: s3://clipss/" in finding.message
    assert "There is no such bucket" in finding.message


def test_check_tells_of_a_right_to_delete_that_is_missing(s3: Buckets) -> None:
    s3.trouble = lambda asked: (403, "AccessDenied") if asked.what == "DELETE" else None
    (finding,) = S3.check(channel(s3))
    assert (finding.severity, "s3:DeleteObject" in finding.message) == ("warn", True)


def test_a_link_opens_an_object_for_some_days(s3: Buckets, tmp_path: Path) -> None:
    made, page = parcel(tmp_path, channel(s3, link_days=2)), Page()
    receipt = S3.publish(made, page)
    address = link(made.channel, receipt.post_id)
    assert "X-Amz-Expires=172800" in address
    assert "X-Amz-Expires=604800" in link(made.channel, receipt.post_id, days=30)
    with urlopen(address, timeout=60) as answer:
        assert answer.read() == Path(made.clip.video).read_bytes()
    kept = receipt.model_dump_json() + json.dumps(page.kept) + body(s3, f"{STEM}.json").decode()
    assert "X-Amz" not in kept
