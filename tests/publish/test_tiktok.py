"""TikTok: each clip once, whatever fails on the way, and no token or upload address anywhere but on the wire."""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from parcels import TOLD, labelled, parcel_of
from platforms import FAULTS, Answer, Fault, Page, Trouble, serving
from platforms.tiktok import TikTok, by_the_rules, ok
from platforms.trials import Cut, Killed

from localize.domain import Channel, Clip, Disclosure, Finding, Post, Receipt
from localize.errors import Blocked, CrossreelError, NotReady, Transient, UserError
from localize.publish import Parcel, Unknown, accounts, tiktok, tiktok_api
from localize.publish.ledger import Ledger
from localize.publish.outbox import Outbox
from localize.publish.parcels import Parcels
from localize.publish.tiktok import LEAST, MOST, TikTokPublisher, chunks
from localize.publish.tiktok_api import CODES, FAIL_REASONS
from localize.publish.wire import NoAnswer
from localize.store import LocalStore

TIKTOK = TikTokPublisher()
SMALL = b"a clip of MUG-01 " * 100
TWO_CHUNKS = bytes(range(256)) * (2 * LEAST // 256) + b"the rest"  # the second chunk takes what is left over
POST = Post(title="แก้วดินเผา", body="จุได้ 350 มล.\nสร้างด้วย AI", hashtags=("#kitchen",))
CREATOR, INIT, STATUS, CANCEL, CHUNK = "creator_info", "video/init/", "status/fetch/", "cancel/", "/upload/video/"


class Account:
    """An account with one token; a new one ends it, as on the platform."""

    name, open_id, scopes = "corner-th", "open-1", ("video.publish", "video.upload")

    def __init__(self, platform: TikTok) -> None:
        self.platform, self.tokens = platform, [*platform.tokens]

    def token(self) -> str:
        return self.tokens[-1]

    def renew(self, stale: str) -> str:
        if stale == self.tokens[-1]:
            self.tokens.append(self.platform.token())
        return self.tokens[-1]


class Nth(Trouble):
    """One fault, for the nth request whose path has a part."""

    def __init__(self, part: str, nth: int, fault: Fault) -> None:
        super().__init__()
        self.part, self.nth, self.fault = part, nth, fault

    def next(self, path: str) -> Fault | None:
        self.nth -= self.part in path
        if self.part in path and self.nth == 0:
            self.counts[self.fault] = 1
            return self.fault
        return None


@pytest.fixture
def platform(monkeypatch: pytest.MonkeyPatch) -> Iterator[TikTok]:
    """TikTok with the account `corner-th`; nobody sleeps."""
    platform = TikTok()
    account = Account(platform)
    monkeypatch.setattr(accounts, "find", lambda name, of: account)
    monkeypatch.setattr(tiktok, "sleep", lambda seconds: None)
    monkeypatch.setattr(tiktok_api, "sleep", lambda seconds: None)
    with serving(platform):
        yield platform


class Shop:
    """Hands parcels to the publisher, as the outbox does, and keeps what it says."""

    def __init__(self, platform: TikTok, folder: Path) -> None:
        self.platform, self.folder, self.errors = platform, folder, list[BaseException]()

    def parcel(self, video: bytes = SMALL, *, privacy: Any = "public", duration: float = 12.0, post: Post = POST, **options: Any) -> Parcel:
        path = self.folder / "clip.mp4"
        path.write_bytes(video)
        rest = {"captions": "", "sidecar": "", "cover": ""}
        return Parcel(
            campaign="corner-shop", post=post, disclosure=Disclosure(label="AI", producer="Corner", produce_id="1"), out=self.folder,
            clip=Clip(key="clip/one", sku="MUG-01", language="th", duration=duration, video=str(path), **rest),
            channel=self.channel(privacy=privacy, **options),
        )  # fmt: skip

    def channel(self, privacy: Any = "public", **options: Any) -> Channel:
        options = {"api": self.platform.address, "poll": 0.001, "patience": 30.0, "chunk_size": LEAST, **options}
        return Channel(name="tiktok-th", kind="tiktok", platform="tiktok", account="corner-th", privacy=privacy, options=options)

    def fetched(self, **options: Any) -> Parcel:
        """A parcel that TikTok fetches from where it lies already."""
        self.platform.shelf[self.address] = SMALL
        return self.parcel(source="url", url_template=f"{self.platform.address}/cdn/{{language}}/{{sku}}.mp4", **options)

    @property
    def address(self) -> str:
        return f"{self.platform.address}/cdn/th/MUG-01.mp4"

    def publish(self, page: Page, parcel: Parcel | None = None) -> Receipt:
        return TIKTOK.publish(parcel or self.parcel(), page)

    def until_out(self, page: Page, parcel: Parcel | None = None) -> tuple[Receipt, int]:
        """Publish as often as it takes: the last receipt, the number of tries."""
        for tries in range(1, 9):
            try:
                receipt = self.publish(page, parcel)
            except (Transient, Killed) as e:
                self.errors.append(e)
            else:
                if receipt.state == "published":
                    return receipt, tries
        raise AssertionError(f"never out: {self.errors}")

    def refused(self, kind: type[CrossreelError], page: Page | None = None, parcel: Parcel | None = None) -> str:
        """The message that a publish is refused with, which names product and channel."""
        with pytest.raises(kind) as e:
            self.publish(page or Page(), parcel)
        assert type(e.value) is kind
        assert str(e.value).startswith("MUG-01.th on tiktok-th: ")
        return str(e.value)


@pytest.fixture
def shop(platform: TikTok, tmp_path: Path) -> Shop:
    return Shop(platform, tmp_path)


def paths(platform: TikTok) -> list[str]:
    return [request.path for request in platform.seen]


def forget(platform: TikTok) -> None:
    """A platform as it was before anybody posted, without limits."""
    for memory in (platform.posts, platform.uploads, platform.seen):
        memory.clear()
    platform.limits = {}


# How a file is cut ---------------------------------------------------------------------------------------------------


SIZES = sorted(
    {1, 2, 1000, LEAST - 1, LEAST, LEAST + 1, 2 * LEAST - 1, 2 * LEAST, 2 * LEAST + 1, 10_000_000, 50_000_123, MOST - 1, MOST, MOST + 1}
    | {2 * MOST - 1, 2 * MOST, 2 * MOST + 1, 128_000_000, 128_000_001, 1_000_000_007, 4_000_000_000}
    | {n * 9_999_991 for n in range(1, 60)}
)


@pytest.mark.parametrize("chunk_size", [LEAST, LEAST + 1, 10_000_000, 32_000_001, MOST - 1, MOST])
def test_a_file_of_any_size_is_cutby_the_rules(chunk_size: int) -> None:
    for size in SIZES:
        parts = chunks(size, chunk_size)
        assert (parts[0][0], parts[-1][1]) == (0, size - 1)
        assert all(last + 1 == first for (_, last), (first, _) in pairwise(parts))
        lengths = [last - first + 1 for first, last in parts]
        assert len(set(lengths[:-1])) <= 1
        assert by_the_rules(size, lengths[0], len(parts)), (size, lengths[0], len(parts))
        # The last one takes what is left over, and no more than that.
        assert len(parts) == 1 or lengths[0] <= lengths[-1] < 2 * lengths[0]


def test_the_documentations_own_example() -> None:
    parts = chunks(50_000_123, 10_000_000)
    assert (len(parts), parts[1], parts[-1]) == (5, (10_000_000, 19_999_999), (40_000_000, 50_000_122))
    assert chunks(LEAST - 1, 10_000_000) == [(0, LEAST - 2)]  # whole
    assert chunks(MOST, MOST) == [(0, MOST - 1)]
    assert len(chunks(MOST + 1, MOST)) == 2  # above 64 MB never whole
    assert len(chunks(60_000_000_000, LEAST)) <= 1000


# What is told --------------------------------------------------------------------------------------------------------


def test_a_clip_is_posted_with_its_text_and_its_ai_label(shop: Shop, platform: TikTok) -> None:
    page = Page()
    receipt = shop.publish(page)
    assert (receipt.state, receipt.post_id) == ("published", "7500000000000000000")
    assert receipt.where == "https://www.tiktok.com/@corner.th/video/7500000000000000000"
    (post,) = platform.posts.values()
    assert post.info == {
        "title": "แก้วดินเผา\nจุได้ 350 มล.\nสร้างด้วย AI\n#kitchen", "privacy_level": "PUBLIC_TO_EVERYONE", "is_aigc": True,
        "disable_comment": False, "disable_duet": False, "disable_stitch": False, "brand_content_toggle": False,
        "brand_organic_toggle": True, "video_cover_timestamp_ms": 1000,
    }  # fmt: skip
    assert platform.times(SMALL) == 1
    assert page.publish_id == "v_pub_file~v2.7000"
    assert page.slots[:3] == [("tiktok/corner-th/creator_info", 20), ("tiktok/corner-th/init", 6), ("tiktok/corner-th/status", 30)]


def test_a_long_clip_goes_in_chunks(shop: Shop, platform: TikTok) -> None:
    shop.publish(Page(), shop.parcel(TWO_CHUNKS))
    assert (platform.times(TWO_CHUNKS), platform.bytes_sent, paths(platform).count(CHUNK)) == (1, len(TWO_CHUNKS), 2)


@pytest.mark.parametrize("privacy", ["public", "friends", "followers", "private"])
def test_a_post_is_for_whom_the_channel_says(shop: Shop, platform: TikTok, privacy: str) -> None:
    receipt = shop.publish(Page(), shop.parcel(privacy=privacy))
    (post,) = platform.posts.values()
    assert post.info["privacy_level"] == tiktok.PRIVACY[privacy]
    assert bool(receipt.post_id) == (privacy == "public")  # TikTok tells it of public posts only
    assert receipt.where.startswith("https://www.tiktok.com/@corner.th")


def test_what_the_creator_turned_off_stays_off(shop: Shop, platform: TikTok) -> None:
    platform.creator["duet_disabled"] = True
    shop.publish(Page(), shop.parcel(comments=False, cover=99.0, brand_organic=False, brand_content=True))
    (post,) = platform.posts.values()
    assert [post.info[f"disable_{name}"] for name in ("comment", "duet", "stitch")] == [True, True, False]
    assert (post.info["brand_content_toggle"], post.info["brand_organic_toggle"]) == (True, False)
    assert post.info["video_cover_timestamp_ms"] == 12_000  # not behind the clip's end


def test_what_tiktok_would_not_take_is_not_begun(shop: Shop, platform: TikTok) -> None:
    platform.creator["privacy_level_options"] = ["FOLLOWER_OF_CREATOR", "SELF_ONLY"]
    assert "only followers, private" in shop.refused(UserError)
    told = shop.refused(UserError, parcel=shop.parcel(privacy="private", brand_content=True))
    assert "paid partnership" in told
    told = shop.refused(UserError, parcel=shop.parcel(privacy="private", duration=301.0))
    assert "301.0 s and TikTok takes 300 s" in told
    emoji = Post(title="🙂" * 1101)  # 2202 UTF-16 units
    assert "2202 UTF-16 units" in shop.refused(UserError, parcel=shop.parcel(privacy="private", post=emoji))
    assert "has 0 bytes" in shop.refused(UserError, parcel=shop.parcel(b""))
    long = shop.parcel()
    with Path(long.clip.video).open("r+b") as file:
        file.truncate(4_000_000_001)
    assert "takes up to 4000000000" in shop.refused(UserError, parcel=long)
    blocked = long.clip.model_copy(update={"findings": (Finding(check="label", severity="block", message="No label."),)})
    with pytest.raises(Blocked, match="No label"):
        shop.publish(Page(), Parcel("corner-shop", blocked, POST, shop.channel(), long.disclosure, long.out))
    assert not platform.uploads


def test_a_draft_lies_in_the_inbox(shop: Shop, platform: TikTok) -> None:
    platform.scopes = ("video.upload",)  # all that a draft needs
    receipt = shop.publish(Page(), shop.parcel(mode="draft"))
    assert (receipt.state, receipt.where) == ("published", "TikTok inbox of corner-th")
    assert "AI-generated content" in receipt.reason
    (post,) = platform.posts.values()
    assert (post.draft, platform.times(SMALL)) == (True, 1)


def test_tiktok_fetches_a_clip_itself(shop: Shop, platform: TikTok) -> None:
    assert shop.publish(Page(), shop.fetched()).state == "published"
    assert (platform.times(SMALL), platform.bytes_sent) == (1, 0)


@pytest.mark.parametrize("there", [None, b"", b"yesterday's clip", SMALL[:-1] + b"?", SMALL + b" and more"])
def test_tiktok_is_not_asked_to_fetch_what_is_another_video(shop: Shop, platform: TikTok, there: bytes | None) -> None:
    page, parcel = Page(), shop.fetched()
    platform.shelf = {} if there is None else {shop.address: there}
    told = shop.refused(Transient, page, parcel)
    assert ("answered with 404" if there is None else "another video lies there") in told
    assert not platform.uploads
    platform.shelf[shop.address] = SMALL  # the bucket has caught up
    assert shop.publish(page, parcel).state == "published"
    assert (len(platform.posts), platform.times(SMALL)) == (1, 1)


def test_an_address_that_leads_elsewhere_is_the_sellers(shop: Shop, platform: TikTok) -> None:
    platform.refuses = [("/cdn/", 302, "")]
    assert "leads to a redirect (302)" in shop.refused(UserError, parcel=shop.fetched())
    assert not platform.uploads


@pytest.mark.parametrize("fault", FAULTS)
def test_a_shop_that_does_not_hand_out_the_clip_is_asked_again(shop: Shop, platform: TikTok, fault: Fault) -> None:
    platform.trouble = Nth("/cdn/", 1, fault)
    assert shop.publish(Page(), shop.fetched()).state == "published"
    assert platform.trouble.counts == {fault: 1}


def test_a_shop_that_never_hands_out_the_clip_is_asked_by_the_next_run(shop: Shop, platform: TikTok) -> None:
    page, parcel, platform.trouble = Page(), shop.fetched(), Trouble(planned=[("/cdn/", "500_before")] * 5)
    assert "127.0.0.1 (GET /cdn/th/MUG-01.mp4) is in trouble (500)" in shop.refused(Transient, page, parcel)
    assert not platform.uploads
    assert shop.publish(page, parcel).state == "published"


def test_what_a_sku_is_made_of_is_safe_in_an_address(shop: Shop, platform: TikTok) -> None:
    platform.shelf[f"{platform.address}/%E0%B8%81%2F..%3F.mp4"] = SMALL
    parcel = shop.parcel(source="url", url_template=f"{platform.address}/{{sku}}.mp4")
    odd = Parcel("shop", parcel.clip.model_copy(update={"sku": "ก/..?"}), POST, parcel.channel, parcel.disclosure, parcel.out)
    assert shop.publish(Page(), odd).state == "published"


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"source": "url"}, "go together"),
        ({"url_template": "https://cdn.shop.example/{sku}.mp4"}, "go together"),
        ({"source": "url", "url_template": "http://cdn.shop.example/{sku}.mp4"}, "begin with https://"),
        ({"source": "url", "url_template": "https://cdn.shop.example/{stock}.mp4"}, r"\{stock\} is not known"),
        ({"source": "url", "url_template": "https://cdn.shop.example/{sku.__class__}"}, "is not known"),
        ({"source": "url", "url_template": "https://cdn.shop.example/{sku"}, "url_template: "),
        ({"chunk_size": 1000}, "options.chunk_size"),
        ({"colour": "red"}, "options.colour"),
        ({"api": "http://tiktok.example"}, "not safe for a token"),
    ],
)
def test_a_channel_that_is_wrong_says_where(shop: Shop, platform: TikTok, options: dict[str, Any], told: str) -> None:
    with pytest.raises(UserError, match=told):
        shop.publish(Page(), shop.parcel(**options))
    assert [f.severity for f in TIKTOK.check(shop.channel(**options))] == ["block"]
    assert not platform.seen


# Once, whatever fails ------------------------------------------------------------------------------------------------


def nothing_leaked(shop: Shop, page: Page, told: str, caplog: pytest.LogCaptureFixture) -> None:
    """No token and no upload address in an error, a log record or what is kept."""
    account = accounts.find("tiktok", "corner-th")
    secrets = {*account.tokens, *(u.secret for u in shop.platform.uploads.values() if u.secret)}
    errors = "".join("".join(traceback.format_exception(e)) for e in shop.errors)
    for place in (told, errors, caplog.text, json.dumps(page.kept), page.publish_id):
        assert not [secret for secret in secrets if secret in place]
        assert "upload_token=" not in place
    assert "httpcore" in {record.name.partition(".")[0] for record in caplog.records}  # which would have told


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize(("part", "nth"), [(CREATOR, 1), (INIT, 1), (CHUNK, 1), (CHUNK, 2), (STATUS, 1), (STATUS, 2)])
def test_a_fault_at_any_request_makes_no_second_post(
    shop: Shop, platform: TikTok, part: str, nth: int, fault: Fault, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    platform.trouble = Nth(part, nth, fault)
    page, video = Page(), TWO_CHUNKS if part == CHUNK else SMALL
    receipt, tries = shop.until_out(page, shop.parcel(video))
    assert platform.trouble.counts == {fault: 1}
    assert (len(platform.posts), platform.times(video), tries) == (1, 1, 1)
    nothing_leaked(shop, page, str(receipt), caplog)


@pytest.mark.parametrize("done", [False, True])
def test_a_last_chunk_whose_answer_was_lost_is_not_sent_again(shop: Shop, platform: TikTok, done: bool) -> None:
    """Its bytes tell that it is there, or that TikTok is done with it already."""
    platform.tells_bytes, platform.processing = not done, not done
    platform.trouble = Nth(CHUNK, 1, "reset_after")
    assert shop.publish(Page()).state == "published"
    assert (paths(platform).count(CHUNK), platform.times(SMALL)) == (1, 1)


def test_where_tiktok_counts_no_bytes_an_upload_is_begun_anew_only_in_trouble(shop: Shop, platform: TikTok) -> None:
    platform.tells_bytes = False
    assert shop.publish(Page()).state == "published"
    assert not [path for path in paths(platform) if CANCEL in path]
    platform.trouble = Nth(CHUNK, 1, "reset_after")  # then nothing tells which chunk is the next
    _, tries = shop.until_out(Page(), shop.parcel(TWO_CHUNKS))
    assert (tries, platform.times(TWO_CHUNKS), len(platform.posts)) == (2, 1, 2)


@pytest.mark.parametrize("fault", FAULTS)
def test_an_unanswered_request_to_fetch_is_held_for_a_person(shop: Shop, platform: TikTok, fault: Fault) -> None:
    platform.trouble = Nth(INIT, 1, fault)
    page, parcel = Page(), shop.fetched()
    if fault.startswith("429"):  # certainly not obeyed
        assert shop.publish(page, parcel).state == "published"
        assert platform.times(SMALL) == 1
        return
    for _ in range(3):  # also at the next runs
        told = shop.refused(Unknown, page, parcel)
        assert "nobody can tell whether it is posted. Look at corner-th on TikTok." in told
    assert platform.times(SMALL) == fault.endswith("_after")


def test_a_refused_request_to_fetch_may_be_made_again(shop: Shop, platform: TikTok) -> None:
    page, parcel = Page(), shop.fetched()
    platform.domains = set()
    assert "Verify the domain" in shop.refused(NotReady, page, parcel)
    assert page.sent == ""
    platform.domains, platform.fails = {"127.0.0.1"}, ["video_pull_failed"]
    assert "could not fetch" in shop.refused(Transient, page, parcel)
    assert page.sent == ""
    assert shop.publish(page, parcel).state == "published"
    assert platform.times(SMALL) == 1


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("mode", ["direct", "draft"])
def test_a_worker_killed_at_any_write_makes_no_second_post(
    shop: Shop, platform: TikTok, mode: str, after: bool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    alive = Cut(at=0)
    shop.until_out(alive, shop.parcel(mode=mode))
    assert alive.writings >= 5
    for nth in range(1, alive.writings + 1):
        forget(platform)
        page = Cut(at=nth, after=after)
        receipt, tries = shop.until_out(page, shop.parcel(mode=mode))
        assert (len(platform.posts), platform.times(SMALL), tries) == (1, 1, 2), nth
        nothing_leaked(shop, page, str(receipt), caplog)


@pytest.mark.parametrize("after", [False, True])
def test_a_worker_killed_while_tiktok_fetches_makes_no_second_post(shop: Shop, platform: TikTok, after: bool) -> None:
    parcel = shop.fetched()
    alive, held = Cut(at=0), 0
    shop.until_out(alive, parcel)
    for nth in range(1, alive.writings + 1):
        forget(platform)
        page = Cut(at=nth, after=after)
        try:
            shop.until_out(page, parcel)
            assert platform.times(SMALL) == 1
        except Unknown:
            held += 1
            assert platform.times(SMALL) <= 1
    assert held == 1  # of all kills, only the one between the request and its answer's note


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("way", ["direct", "draft", "fetched"])
def test_what_may_be_a_post_is_known_as_sent_by_an_account_that_has_ended(
    shop: Shop, platform: TikTok, monkeypatch: pytest.MonkeyPatch, way: str, after: bool
) -> None:
    """Wherever the worker before was killed: so that the outbox does not take it for a post that did not go out."""
    parcel = shop.fetched() if way == "fetched" else shop.parcel(mode=way)

    def ended(platform: str, name: str) -> Account:
        raise NotReady(f"{name} is signed out")

    posted = 0
    for nth in range(1, 99):
        forget(platform)
        page = Cut(at=nth, after=after)
        try:
            shop.publish(page, parcel)
            break
        except Killed:
            pass
        with monkeypatch.context() as patched:
            patched.setattr(accounts, "find", ended)
            with pytest.raises((NotReady, Unknown)):
                shop.publish(page, parcel)
        posted += len(platform.posts)
        assert page.sent or not platform.posts, nth
    assert posted


@pytest.mark.parametrize("way", ["direct", "draft", "fetched"])
def test_a_token_that_ends_after_the_last_byte_leaves_it_sent(shop: Shop, platform: TikTok, way: str) -> None:
    page, parcel = Page(), shop.fetched() if way == "fetched" else shop.parcel(mode=way)
    platform.refuses = [(STATUS, 401, "access_token_invalid")] * 2
    shop.refused(NotReady, page, parcel)
    assert (page.sent, len(platform.posts)) == ("a request to fetch" if way == "fetched" else "the whole video", 1)
    assert shop.publish(page, parcel).state == "published"
    assert (len(platform.uploads), platform.times(SMALL)) == (1, 1)


def killed_in_chunk(shop: Shop, page: Page, parcel: Parcel, nth: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Publish by a worker that is killed in the middle of its nth chunk."""
    starts: list[int] = []

    def dying(video: Path, first: int, last: int) -> Iterator[bytes]:
        starts.append(first)
        yield video.read_bytes()[first : (last + first) // 2 if len(starts) > nth else last + 1]
        if len(starts) > nth:
            raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(tiktok, "_read", dying)
        with pytest.raises(Killed):
            shop.publish(page, parcel)


@pytest.mark.parametrize("tells_bytes", [True, False])
@pytest.mark.parametrize("dies_in", [0, 1])
def test_a_worker_killed_between_chunks_is_followed_by_a_new_upload(
    shop: Shop, platform: TikTok, monkeypatch: pytest.MonkeyPatch, dies_in: int, tells_bytes: bool
) -> None:
    platform.tells_bytes = tells_bytes
    page, parcel = Page(), shop.parcel(TWO_CHUNKS)
    killed_in_chunk(shop, page, parcel, dies_in, monkeypatch)
    shop.publish(page, parcel)
    assert [u.failed for u in platform.uploads.values()] == ["publish_cancelled", ""]
    assert (len(platform.posts), platform.times(TWO_CHUNKS)) == (1, 1)


NO_CANCEL = [(CANCEL, 400, "publish_not_cancellable")]


@pytest.mark.parametrize("tells_bytes", [True, False])
def test_an_upload_whose_last_chunk_may_be_on_its_way_is_not_begun_a_second_time(
    shop: Shop, platform: TikTok, monkeypatch: pytest.MonkeyPatch, tells_bytes: bool
) -> None:
    page, parcel = Page(), shop.parcel(TWO_CHUNKS, patience=0.0)
    platform.tells_bytes, platform.processing = tells_bytes, 0
    killed_in_chunk(shop, page, parcel, 1, monkeypatch)
    platform.refuses = [*NO_CANCEL]
    assert shop.publish(page, parcel).state == "processing"
    assert page.sent == "a request to cancel, after the last chunk"
    later = page.kept["begun"] + 4300.0  # by then nobody can send what is missing, if anything is
    platform.now = lambda: later
    platform.refuses = [*NO_CANCEL]
    receipt = shop.publish(page, parcel)
    assert (receipt.state, len(platform.uploads)) == (("published", 2) if tells_bytes else ("processing", 1))
    assert platform.times(TWO_CHUNKS) == len(platform.posts) == tells_bytes
    platform.now = lambda: later + 86400.0
    platform.refuses = [*NO_CANCEL]
    if not tells_bytes:
        assert "says no more than 'PROCESSING_UPLOAD'" in shop.refused(Unknown, page, parcel)


def test_an_upload_whose_last_chunk_was_never_begun_can_be_begun_again(
    shop: Shop, platform: TikTok, monkeypatch: pytest.MonkeyPatch
) -> None:
    page, parcel = Page(), shop.parcel(TWO_CHUNKS)
    killed_in_chunk(shop, page, parcel, 0, monkeypatch)
    platform.refuses = [*NO_CANCEL]
    assert shop.publish(page, parcel).state == "published"
    assert (len(platform.posts), platform.times(TWO_CHUNKS)) == (1, 1)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_cancel_that_fails_is_looked_up(shop: Shop, platform: TikTok, monkeypatch: pytest.MonkeyPatch, fault: Fault) -> None:
    page, parcel = Page(), shop.parcel()
    killed_in_chunk(shop, page, parcel, 0, monkeypatch)
    platform.trouble = Nth(CANCEL, 1, fault)
    receipt, _ = shop.until_out(page, parcel)
    assert (receipt.state, platform.times(SMALL), len(platform.posts)) == ("published", 1, 1)


@pytest.mark.parametrize("status", [403, 404])
def test_an_address_that_has_ended_is_followed_by_a_new_upload(shop: Shop, platform: TikTok, status: int) -> None:
    platform.refuses = [(CHUNK, status, "")]
    assert shop.publish(Page()).state == "published"
    assert [u.failed for u in platform.uploads.values()] == ["publish_cancelled", ""]
    assert (len(platform.posts), platform.times(SMALL)) == (1, 1)


def test_addresses_that_end_at_once_are_not_asked_for_for_ever(shop: Shop, platform: TikTok) -> None:
    page = Page()
    platform.life = -1.0
    assert "ended the upload before all of it was there, and again" in shop.refused(Transient, page)
    assert (len(platform.uploads), len(platform.posts)) == (2, 0)
    platform.life = 3600.0
    assert shop.publish(page).state == "published"
    assert platform.times(SMALL) == 1


def test_a_chunk_out_of_place_goes_on_where_tiktok_is(shop: Shop, platform: TikTok) -> None:
    platform.refuses = [(CHUNK, 416, "")]
    shop.publish(Page(), shop.parcel(TWO_CHUNKS))
    assert (len(platform.uploads), platform.bytes_sent, platform.times(TWO_CHUNKS)) == (1, len(TWO_CHUNKS), 1)


def test_a_chunk_that_never_arrives_is_tried_again_by_the_next_run(shop: Shop, platform: TikTok) -> None:
    page, platform.trouble = Page(), Trouble(planned=[(CHUNK, "500_before")] * 5)
    assert "did not arrive at TikTok in 5 tries" in shop.refused(Transient, page)
    assert shop.publish(page).state == "published"
    assert (len(platform.posts), platform.times(SMALL)) == (1, 1)


def test_an_upload_that_is_answered_oddly_is_not_gone_on_with(shop: Shop, platform: TikTok) -> None:
    platform.refuses = [(CHUNK, 400, "")]
    assert "TikTok says HTTP 400 (chunk 1 of 1)" in shop.refused(UserError)


@pytest.mark.parametrize("seed", range(3))
def test_a_bad_night_posts_each_clip_once(shop: Shop, platform: TikTok, seed: int) -> None:
    platform.trouble, platform.limits = Trouble(rate=0.35, seed=seed), {}
    clips = [b"%d" % i * 1000 for i in range(12)]
    for clip in clips:
        shop.until_out(Page(), shop.parcel(clip))
    assert [platform.times(clip) for clip in clips] == [1] * len(clips)
    assert sum(platform.trouble.counts.values()) > len(clips) // 2


def test_through_the_outbox_a_clip_is_posted_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """With the real ledger, and an account that stands in the environment."""
    caplog.set_level(logging.DEBUG)
    platform = TikTok(processing=0)
    monkeypatch.setenv("CROSSREEL_TIKTOK_CORNER_TH_ACCESS_TOKEN", "act.first-token")
    channel = Channel(name="tiktok-th", kind="tiktok", platform="tiktok")
    with serving(platform):
        parcel = parcel_of(tmp_path, channel.model_copy(update={"account": "corner-th", "options": {"api": platform.address}}))
        Path(parcel.clip.video).write_bytes(labelled(TOLD))
        ledger, kept = Ledger.open(tmp_path / "ledger.sqlite"), Parcels(LocalStore(tmp_path / "kept"))
        first = Outbox(ledger, kept, "worker-1").send(parcel, TIKTOK)
        asked = len(platform.seen)
        again = Outbox(ledger, kept, "worker-2").send(parcel, TIKTOK)
    assert (first.state, again.state, again.post_id, len(platform.seen)) == ("published", "published", first.post_id, asked)
    assert platform.times(labelled(TOLD)) == 1
    written = b"".join(path.read_bytes() for path in tmp_path.glob("ledger.sqlite*")).decode("latin-1")
    (upload,) = platform.uploads.values()
    for secret in ("act.first-token", upload.secret):
        assert secret not in written + caplog.text


# Going on ------------------------------------------------------------------------------------------------------------


def test_a_post_that_tiktok_works_on_is_gone_on_with_by_the_next_run(shop: Shop, platform: TikTok) -> None:
    platform.processing, page = 3, Page()
    parcel = shop.parcel(patience=0.0)
    states = [shop.publish(page, parcel).state for _ in range(4)]
    assert states == ["processing", "processing", "processing", "published"]
    assert (paths(platform).count("/v2/post/publish/video/init/"), platform.bytes_sent) == (1, len(SMALL))


@pytest.mark.parametrize("way", ["direct", "draft", "fetched"])
def test_a_post_that_was_waited_for_is_asked_about_once(
    shop: Shop, platform: TikTok, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:  # fmt: skip
    platform.processing, page = 10**9, Page()
    options = {"patience": 0.05}
    parcel = shop.fetched(**options) if way == "fetched" else shop.parcel(mode=way, **options)
    platform.limits = {}
    assert shop.publish(page, parcel).state == "processing"
    platform.now = lambda: page.kept["begun"] + 60.0
    before = len(platform.seen)
    assert shop.publish(page, parcel).state == "processing"
    assert [STATUS in path for path in paths(platform)[before:]] == [True]
    platform.now = lambda: page.kept["begun"] + 86401.0
    told = shop.refused(Unknown, page, parcel)
    assert "more than a day" in told
    assert told.endswith("Look at corner-th on TikTok.")
    assert (page.sent != "", page.publish_id != "", len(platform.uploads)) == (True, True, 1)


def test_a_status_that_nobody_knows_is_held_after_a_day(shop: Shop, platform: TikTok, monkeypatch: pytest.MonkeyPatch) -> None:
    """By TikTok's clock, as everything here: this machine's may jump."""
    page, parcel = Page(), shop.parcel(patience=0.0)
    shop.publish(page, parcel)
    monkeypatch.setattr(platform, "_status", lambda request: ok({"status": "IN_THE_WRONG_HOUSE"}))
    assert "TikTok says IN_THE_WRONG_HOUSE" in shop.publish(page, parcel).reason
    platform.now = lambda: page.kept["begun"] + 86401.0
    assert "no more than 'IN_THE_WRONG_HOUSE'" in shop.refused(Unknown, page, parcel)


def test_an_upload_that_tiktok_does_not_know_is_held(shop: Shop, platform: TikTok) -> None:
    page = Page(publish_id="v_pub_file~v2.1")
    assert "invalid_publish_id" in shop.refused(Unknown, page)
    platform.refuses = [(STATUS, 400, "token_not_authorized_for_specified_publish_id")]
    assert "begun by another account than corner-th" in shop.refused(Unknown, page)
    assert (page.publish_id, len(platform.uploads)) == ("v_pub_file~v2.1", 0)


def test_a_token_may_end_at_any_time(shop: Shop, platform: TikTok) -> None:
    platform.uses = 1
    assert shop.publish(Page(), shop.parcel(TWO_CHUNKS)).state == "published"
    assert (platform.times(TWO_CHUNKS), len(platform.posts)) == (1, 1)
    assert len(accounts.find("tiktok", "corner-th").tokens) == 4  # one for each call: creator, init, status twice


def test_a_token_that_can_not_be_renewed_is_the_sellers(shop: Shop, platform: TikTok, monkeypatch: pytest.MonkeyPatch) -> None:
    platform.tokens = set()
    account, renewed = accounts.find("tiktok", "corner-th"), list[str]()
    monkeypatch.setattr(account, "renew", lambda stale: renewed.append(stale) or "act.no-better")
    told = shop.refused(NotReady)
    assert "crossreel account add tiktok corner-th" in told
    assert (renewed, "act." in told) == (["act.first-token"], False)


def test_the_tokens_server_failing_is_no_unanswered_post(shop: Shop, platform: TikTok, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a request to fetch, too: only its own lost answer makes anything unknown."""
    account, page = accounts.find("tiktok", "corner-th"), Page()
    parcel = shop.fetched(mode="draft")
    platform.tokens = {"act.another"}
    with monkeypatch.context() as patched:

        def dead(stale: str) -> str:
            raise NoAnswer("TikTok (POST /v2/oauth/token/) did not answer.")

        patched.setattr(account, "renew", dead)
        shop.refused(Transient, page, parcel)
    assert page.sent == ""
    account.tokens.append("act.another")
    assert shop.publish(page, parcel).state == "published"


@pytest.mark.parametrize("name", ["init", "creator_info", "status"])
def test_a_rate_that_is_used_up_is_left_alone(shop: Shop, platform: TikTok, name: str) -> None:
    platform.limits, page = {name: 0}, Page()
    with pytest.raises(Transient) as e:
        shop.publish(page)
    assert (type(e.value), e.value.retry_after) == (Transient, 60.0)
    platform.limits = {}
    assert shop.publish(page).state == "published"
    assert (len(platform.posts), platform.times(SMALL)) == (1, 1)


# What errors mean ----------------------------------------------------------------------------------------------------

USUAL = {UserError: 400, NotReady: 403, Blocked: 403, Unknown: 400, Transient: 400, NoAnswer: 500}


@pytest.mark.parametrize("part", [CREATOR, INIT])
@pytest.mark.parametrize("http", ["usual", 200])
def test_each_error_is_told_with_its_way_out(shop: Shop, platform: TikTok, part: str, http: Any) -> None:
    for code, (kind, way_out) in {**CODES, "spam_risk_of_a_new_kind": (Blocked, "TikTok takes it for spam")}.items():
        forget(platform)
        status = USUAL[kind] if http == "usual" else http
        platform.refuses = [(part, status, code)] * 5
        page = Page()
        told = shop.refused(kind, page)
        assert way_out.split("{")[0] in told, code
        assert f"TikTok says {code} (log_id 2026). " in told or kind in (Transient, NoAnswer), code
        assert code in told or status == 500  # whose codes say no more than the status
        asked = sum(part in path for path in paths(platform))
        assert asked == {"rate_limit_exceeded": 5, "internal_error": 5, "access_token_invalid": 2}.get(code, 1), code
        platform.refuses = []
        assert shop.publish(page).state == "published"
        assert (len(platform.posts), platform.times(SMALL)) == (1, 1), code


@pytest.mark.parametrize("part", [CREATOR, INIT, STATUS])
def test_what_a_platform_tells_too_much_is_not_told_on(shop: Shop, platform: TikTok, part: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    platform.tells_too_much, page = True, Page()
    for _ in range(2):  # the second worker does not know the upload's address
        platform.refuses = [(part, 403, "scope_not_authorized")]
        with pytest.raises(NotReady) as e:
            shop.publish(page)
        shop.errors.append(e.value)
        assert "Bearer … is not what we like" in str(e.value)
        nothing_leaked(shop, page, str(e.value), caplog)


@pytest.mark.parametrize(
    ("http", "kind"),
    [(200, Blocked), (400, UserError), (401, NotReady), (403, NotReady), (404, UserError), (429, Transient), (500, NoAnswer)],
)
def test_an_error_that_nobody_knows_is_told_by_its_status(shop: Shop, platform: TikTok, http: int, kind: type[CrossreelError]) -> None:
    platform.refuses = [(INIT, http, "moon_in_the_wrong_house")] * 5
    told = shop.refused(kind)
    assert "moon_in_the_wrong_house" in told or http >= 429


@pytest.mark.parametrize("part", [CREATOR, INIT, STATUS])
@pytest.mark.parametrize(
    ("http", "kind", "told"), [(404, UserError, "`api` must be the address"), (403, NotReady, "crossreel account check")]
)
def test_a_page_of_what_stands_before_tiktok_is_told_by_its_status(
    shop: Shop, platform: TikTok, monkeypatch: pytest.MonkeyPatch, part: str, http: int, kind: type[CrossreelError], told: str
) -> None:
    page, answer = Page(), platform.answer
    with monkeypatch.context() as patched:
        patched.setattr(platform, "answer", lambda asked: Answer(http, raw=b"<html>") if part in asked.path else answer(asked))
        said = shop.refused(kind, page)
    assert f"TikTok says HTTP {http}. " in said
    assert told in said
    assert shop.publish(page).state == "published"
    assert (len(platform.posts), platform.times(SMALL)) == (1, 1)


def test_a_fetch_that_a_page_refused_was_not_begun(shop: Shop, platform: TikTok, monkeypatch: pytest.MonkeyPatch) -> None:
    page, parcel, answer = Page(), shop.fetched(), platform.answer
    with monkeypatch.context() as patched:
        patched.setattr(platform, "answer", lambda asked: Answer(404, raw=b"<html>") if INIT in asked.path else answer(asked))
        shop.refused(UserError, page, parcel)
    assert page.sent == ""
    assert shop.publish(page, parcel).state == "published"
    assert platform.times(SMALL) == 1


def test_settings_that_tiktok_does_not_say_are_asked_for_later(shop: Shop, platform: TikTok) -> None:
    whole, platform.creator = platform.creator, {}
    page = Page()
    assert "does not say whom the account may post for" in shop.refused(Transient, page)
    assert [finding.severity for finding in TIKTOK.check(shop.channel())] == ["warn"]
    platform.creator = whole
    assert shop.publish(page).state == "published"


@pytest.mark.parametrize("mode", ["direct", "draft"])
def test_each_failure_is_told_with_its_way_out_and_may_be_tried_again(shop: Shop, platform: TikTok, mode: str) -> None:
    unknown = {"spam_risk_of_a_new_kind": (Blocked, "TikTok takes it for spam"), "moon_in_the_wrong_house": (Blocked, "TikTok's app")}
    for reason, (kind, way_out) in {**FAIL_REASONS, **unknown}.items():
        forget(platform)
        platform.fails = [reason]
        page, parcel = Page(), shop.parcel(mode=mode)
        told = shop.refused(kind, page, parcel)
        assert f"TikTok did not post it: {reason}. {way_out.split('{')[0]}" in told
        assert (page.sent, page.publish_id) == ("", "")
        assert not platform.posts
        assert shop.publish(page, parcel).state == "published"
        assert (len(platform.uploads), platform.times(SMALL)) == (2, 1), reason


# Before the night ----------------------------------------------------------------------------------------------------


QUOTA = "TikTok tells no daily quota: only the channel's `daily` keeps within what it takes."


def test_a_channel_that_may_post_is_found_good(shop: Shop, platform: TikTok) -> None:
    quota = Finding(check="channel", severity="info", message=f"tiktok-th: {QUOTA}")
    assert TIKTOK.check(shop.channel()) == [quota]
    platform.scopes = ("video.upload",)  # all that a draft needs
    assert TIKTOK.check(shop.channel(mode="draft")) == [quota]
    assert not platform.uploads


@pytest.mark.parametrize("mode", ["direct", "draft"])
def test_a_token_that_was_withdrawn_is_found_before(shop: Shop, platform: TikTok, monkeypatch: pytest.MonkeyPatch, mode: str) -> None:
    platform.tokens = set()
    monkeypatch.setattr(accounts.find("tiktok", "corner-th"), "renew", lambda stale: "act.no-better")
    (finding,) = TIKTOK.check(shop.channel(mode=mode))
    assert (finding.severity, "crossreel account add tiktok corner-th" in finding.message) == ("block", True)


def test_what_would_stop_a_post_is_found_before(shop: Shop, platform: TikTok, monkeypatch: pytest.MonkeyPatch) -> None:
    def found(**options: Any) -> list[tuple[str, str]]:
        return [(f.severity, f.message) for f in TIKTOK.check(shop.channel(**options)) if QUOTA not in f.message]

    platform.creator["duet_disabled"] = True
    assert found() == [("info", "tiktok-th: the account has duet turned off; posts go out without.")]
    assert found(duet=False) == []
    platform.creator["privacy_level_options"] = ["SELF_ONLY"]
    ((severity, message),) = found()
    assert (severity, "only private" in message) == ("block", True)
    platform.refuses = [(CREATOR, 200, "spam_risk_user_banned_from_posting")]
    assert found()[0][0] == "block"
    platform.limits = {"creator_info": 0}
    assert found()[0][0] == "warn"
    monkeypatch.setattr(Account, "scopes", ("user.info.basic",))
    assert "video.publish is missing" in found()[0][1]
    assert "video.upload is missing" in found(mode="draft")[0][1]
    monkeypatch.setattr(accounts, "find", lambda name, of: (_ for _ in ()).throw(NotReady(f"there is no {name} account {of!r}")))
    assert found() == [("block", "there is no tiktok account 'corner-th'")]
