"""Douyin: whatever goes wrong on the way, at whatever step, a clip is posted once, with its cover, and no token is ever told."""

from __future__ import annotations

import json
import logging
import time
import traceback
from collections.abc import Iterator
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from platforms import FAULTS, Fault, Page, Trouble, serving
from platforms.douyin import MB, NO_RIGHT, NO_SUCH_VIDEO, Douyin
from platforms.trials import SignedIn, kills, parcel, tried

from localize.domain import Channel, Finding, Post, Receipt
from localize.errors import Blocked, CrossreelError, NotReady, Transient, UserError
from localize.publish import Parcel, Unknown
from localize.publish.douyin import DOUYIN, ERRORS, DouyinPublisher
from localize.publish.refusals import Refusal
from localize.publish.wire import NoAnswer

SECRETS = ("act.secret-one", "act.secret-two")
POST = Post(title="陶杯，喝茶刚好！", body="陶杯\n• 容量 350 毫升\nAI生成", hashtags=("#陶杯",))
TEXT = "陶杯，喝茶刚好！\n陶杯\n• 容量 350 毫升\nAI生成\n#陶杯"
PARTS = {"whole_mb": 5, "part_mb": 5}
SMALLEST = b"large" + bytes(5 * MB)  # of what goes up in parts
WHOLE_CALLS = ("upload_video/", "upload_image/", "create_video/")
PART_CALLS = ("init_video_part_upload/", "upload_video_part/", "complete_video_part_upload/")


@pytest.fixture(autouse=True)
def account(monkeypatch: pytest.MonkeyPatch) -> SignedIn:
    return SignedIn(list(SECRETS)).instead_of_found(monkeypatch)


@pytest.fixture(autouse=True)
def _nothing_logged_is_secret(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    caplog.set_level(logging.DEBUG)
    yield
    records = caplog.get_records("call")
    assert {"httpx", "httpcore"} <= {record.name.partition(".")[0] for record in records} or not records
    for record in records:
        assert not any(secret in record.getMessage() + repr(record.args) for secret in SECRETS)


def channel(server: Douyin, **fields: Any) -> Channel:
    options = {"api": server.address, **fields.pop("options", {})}
    return Channel(name="douyin", kind="douyin", platform="douyin", account="shop-cn", options=options, **fields)


def publish(server: Douyin, folder: Path, page: Page, video: bytes = b"a clip", **fields: Any) -> Receipt:
    return DouyinPublisher().publish(parcel(folder, video, channel(server, **fields), POST), page)


def no_secret(*texts: str) -> None:
    assert not any(secret in text for secret in SECRETS for text in texts)


def test_a_clip_is_posted_with_text_cover_and_privacy_and_what_is_left_to_do_is_told(tmp_path: Path) -> None:
    server, page = Douyin(), Page()
    with serving(server):
        receipt = publish(server, tmp_path, page, privacy="friends")
    (posted,) = server.posts.values()
    assert (posted.text, posted.private, posted.cover in server.images) == (TEXT, 2, True)
    assert (receipt.state, receipt.post_id, receipt.where) == ("published", posted.item_id, "shop-cn on Douyin")
    assert "内容由AI生成" in receipt.reason
    assert server.times(b"a clip") == 1
    assert [r.path.rpartition("/video/")[2] for r in server.seen] == list(WHOLE_CALLS)
    assert page.sent == ""
    json.dumps(page.kept)  # as the ledger keeps it


def test_what_is_posted_is_not_posted_again(tmp_path: Path) -> None:
    server, page = Douyin(), Page()
    with serving(server):
        first, asked = publish(server, tmp_path, page), len(server.seen)
        assert publish(server, tmp_path, page) == first
    assert len(server.seen) == asked
    assert server.times(b"a clip") == 1


def test_a_large_file_goes_up_in_parts_that_the_platform_takes(tmp_path: Path) -> None:
    server, video = Douyin(words=True), b"large" + bytes(11 * MB)
    with serving(server):
        publish(server, tmp_path, Page(), video, options=PARTS)
    assert server.part_sizes == [5 * MB, 5 * MB, 1 * MB + 5]
    assert server.times(video) == 1


def test_of_a_killed_upload_only_the_lacking_parts_are_sent(tmp_path: Path) -> None:
    video = b"large" + bytes(11 * MB)
    server = Douyin()
    with serving(server):
        left = kills(lambda page: publish(server, tmp_path, page, video, options=PARTS))
        after_two = next(page for _, page in left if page.kept.get("parts") == 2)
        server.part_sizes.clear()
        publish(server, tmp_path, after_two, video, options=PARTS)
    assert server.part_sizes == [1 * MB + 5]


def test_an_upload_that_has_lapsed_or_was_of_another_file_is_begun_anew(tmp_path: Path) -> None:
    first, second = b"as signed at first" + SMALLEST, b"as signed again" + SMALLEST
    server = Douyin()
    with serving(server):
        left = kills(lambda page: publish(server, tmp_path, page, first, options=PARTS))
        after_one = next(page for _, page in left if page.kept.get("parts") == 1)
        publish(server, tmp_path, Page(kept=dict(after_one.kept)), second, options=PARTS)
        assert (server.times(first), server.times(second)) == (0, 1)
        server.uploads.clear()
        publish(server, tmp_path, after_one, first, options=PARTS)
    assert (server.times(first), server.times(second)) == (1, 1)


def test_a_video_that_has_lapsed_before_it_was_posted_is_uploaded_again(tmp_path: Path) -> None:
    server, page = Douyin(daily=0), Page()
    with serving(server):
        with pytest.raises(Transient, match=r"MUG-01\.zh.*shop-cn.*28003017.*quota"):
            publish(server, tmp_path, page)
        page.kept["uploaded_at"] -= 86400
        server.daily = 75
        server.videos.clear()
        publish(server, tmp_path, page)
    assert server.times(b"a clip") == 1


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_at_each_call_ends_in_one_post(tmp_path: Path, fault: Fault) -> None:
    whole: dict[str, Any] = {"lists": True, "names_videos": True, "list_after": 0}
    cases: list[tuple[str, bytes, dict[str, Any]]] = [(call, b"a clip", whole) for call in WHOLE_CALLS]
    cases += [("create_video/", b"a clip", whole | less) for less in ({"lists": False}, {"names_videos": False}, {"list_after": 9})]
    cases += [(call, SMALLEST, whole) for call in PART_CALLS]
    server = Douyin()
    with serving(server):
        there = channel(server, options=PARTS)
        for call, video, says in cases:
            server.posts.clear()
            vars(server).update(says)
            server.trouble.planned, page = [(call, fault)], Page()
            receipt, said = tried(partial(DouyinPublisher().publish, parcel(tmp_path, video, there, POST), page))
            assert (server.times(video), len(server.posts), receipt.state) == (1, 1, "published"), (call, says)
            assert said, (call, says)
            assert receipt.post_id in (*server.posts, ""), (call, says)
            no_secret(*said, json.dumps(page.kept))


@pytest.mark.parametrize(
    ("fault", "video", "says"),
    [
        (None, SMALLEST, {}),
        (None, b"a clip", {}),
        ("500_after", b"a clip", {}),
        ("500_before", b"a clip", {}),
        ("reset_after", b"a clip", {"lists": False}),
    ],
    ids=["parts", "whole", "500_after", "500_before", "no list"],
)
def test_a_worker_killed_at_any_step_leaves_one_post(tmp_path: Path, fault: Fault | None, video: bytes, says: dict[str, Any]) -> None:
    """Also where the next worker's own create_video is not answered."""
    server, options = Douyin(**says), PARTS if video is SMALLEST else {}
    with serving(server):
        for where, page in kills(lambda page: publish(server, tmp_path, page, video, options=options)):
            if fault:
                server.trouble.planned.append(("create_video", fault))
            receipt, said = tried(lambda page=page: publish(server, tmp_path, page, video, options=options))
            server.trouble.planned.clear()
            assert (server.times(video), len(server.posts), receipt.state) == (1, 1, "published"), where
            no_secret(*said, json.dumps(page.kept))
            server.posts.clear()
            if video is SMALLEST and page.publish_id:
                break  # the rest is as of a whole file


def test_a_post_with_the_same_text_is_not_taken_for_this_one(tmp_path: Path) -> None:
    """Two sizes of a product may have one text; the other's post must not stand for this one."""
    server, page = Douyin(Trouble([("create_video", "500_before")]), names_videos=False), Page()
    with serving(server):
        with pytest.raises(Transient):
            publish(server, tmp_path / "one", page)
        other = publish(server, tmp_path / "other", Page(), b"another size")
        receipt = publish(server, tmp_path / "one", page)
    assert (server.times(b"a clip"), server.times(b"another size")) == (1, 1)
    assert receipt.post_id != other.post_id


@pytest.mark.parametrize("lost", [False, True])
def test_a_lapsed_video_is_not_out_by_its_twin_s_post(tmp_path: Path, lost: bool) -> None:
    """The twin has its text and came out since this one's upload; where its own answer was lost, too, a person looks."""
    server = Douyin(names_videos=False)
    with serving(server):
        page = next(p for _, p in kills(lambda page: publish(server, tmp_path, page)) if p.publish_id and not p.sent)
        twin = Page(others=[page])
        page.others = [twin]
        server.trouble.planned = [("create_video", "reset_after")] if lost else []
        with pytest.raises(Transient) if lost else nullcontext():
            publish(server, tmp_path, twin, b"another size")
        server.videos.clear()
        page.kept["uploaded_at"] -= 86400
        with pytest.raises(Unknown, match="no longer takes") if lost else nullcontext():
            assert publish(server, tmp_path, page).post_id not in ("", twin.kept["item_id"])
        publish(server, tmp_path, twin, b"another size")
    assert (server.times(b"a clip"), server.times(b"another size")) == (0 if lost else 1, 1)


def test_twins_without_answers_are_each_out_once_and_told_by_no_other_s_number(tmp_path: Path) -> None:
    server, pages = Douyin(names_videos=False), (Page(), Page())
    with serving(server):
        for page, video in zip(pages, (b"small", b"large"), strict=True):
            page.others = [other for other in pages if other is not page]
            server.trouble.planned = [("create_video", "reset_after")]
            with pytest.raises(Transient):
                publish(server, tmp_path, page, video)
        receipts = [publish(server, tmp_path, page, video) for page, video in zip(pages, (b"small", b"large"), strict=True)]
    assert [receipt.state for receipt in receipts] == ["published"] * 2
    assert (server.times(b"small"), server.times(b"large")) == (1, 1)
    assert [receipt.post_id for receipt in receipts if receipt.post_id] == [], "as both are out, and nobody can tell which is which"


def test_where_nobody_can_tell_a_person_looks(tmp_path: Path) -> None:
    server, page = Douyin(Trouble([("create_video", "reset_after")]), lists=False), Page()
    with serving(server):
        with pytest.raises(Transient):
            publish(server, tmp_path, page)
        page.kept["uploaded_at"] -= 86400  # by now the video_id may have lapsed
        with pytest.raises(Unknown, match=r"may be out: look at shop-cn on Douyin\."):
            publish(server, tmp_path, page)
        page.kept["uploaded_at"] += 86400
        server.says = [("create_video", 2114001, False)]
        with pytest.raises(Unknown, match="2114001"):
            publish(server, tmp_path, page)
    assert server.times(b"a clip") == 1


def test_a_clock_that_was_ahead_makes_no_old_upload_a_fresh_one(tmp_path: Path) -> None:
    """This machine's was, by a day, when it uploaded; what is to come of it goes by Douyin's clock."""
    server, page = Douyin(Trouble([("create_video", "500_before")]), lists=False), Page()
    server.now = lambda: time.time() - 86400
    with serving(server):
        with pytest.raises(Transient):
            publish(server, tmp_path, page)
        server.now = lambda: time.time() - 86400 + 7200
        server.videos.clear()
        with pytest.raises(Unknown, match="no longer takes"):
            publish(server, tmp_path, page)
    assert server.posts == {}


def test_a_quota_that_ends_after_a_lost_answer_does_not_forget_it(tmp_path: Path) -> None:
    server, page = Douyin(Trouble([("create_video", "reset_after")]), lists=False), Page()
    with serving(server):
        with pytest.raises(Transient):
            publish(server, tmp_path, page)
        for code, kind in ((28003017, Transient), (28001018, NotReady)):
            server.says = [("create_video", code, False)]
            with pytest.raises(kind, match=str(code)):
                publish(server, tmp_path, page)
            assert page.sent == "create_video"
        assert publish(server, tmp_path, page).state == "published"
    assert server.times(b"a clip") == 1


MEANINGS: dict[type[CrossreelError], tuple[int, ...]] = {
    Transient: (10001, 10020, 2100004, 28001005, 28001006, 28001052, 28003017, 28003018, 2114007, 2118110, 2190001),
    NotReady: (
        401, 403, 10008, 28001003, 28001008, 28001012, 28001014, 28001015, 28001018, 28001020, 28001021, 28001056, 2100007, 2190002,
        2190003, 2190004, 2190008, 2190015,
    ),
    UserError: (404, 413, 10002, 28001007, 28001017, 2100005, 2114001, 2114006, 2190005, 2190006, 123456),
    Blocked: (28001016, 28001019, 28001045, 28001046, 28001047, 2100009, 2190016),
}  # fmt: skip


def test_every_code_is_one_of_those_below() -> None:
    assert set(ERRORS) | {123456} == {code for codes in MEANINGS.values() for code in codes} | {NO_SUCH_VIDEO}


@pytest.mark.parametrize("kind", MEANINGS)
def test_each_code_says_what_it_means_and_one_post_comes_of_it(tmp_path: Path, account: SignedIn, kind: type[CrossreelError]) -> None:
    server = Douyin(tokens=set(SECRETS))
    with serving(server):
        for code in MEANINGS[kind]:
            account.tokens = list(SECRETS)
            server.says, page = [("create_video", code, False)] * 2, Page()
            with pytest.raises(kind) as refused:
                publish(server, tmp_path, page)
            said = str(refused.value)
            assert said.startswith(f"MUG-01.zh on douyin: Douyin refused it for shop-cn with {code} (for …; logid x). ")
            assert len(said.partition("). ")[2]) > 20, said  # the way out
            no_secret("".join(traceback.format_exception(refused.value)))
            server.says = []
            assert publish(server, tmp_path, page).state == "published"
            assert server.times(b"a clip") == 1
            server.posts.clear()


@pytest.mark.parametrize("code", [10001, 2100004, 28001005, 28001006, 123456])
def test_an_error_that_may_be_told_of_what_was_done_ends_in_one_post(tmp_path: Path, code: int) -> None:
    server, page = Douyin(says=[("create_video", code, True)], lists=False), Page()
    with serving(server):
        with pytest.raises((Transient, UserError), match=str(code)):
            publish(server, tmp_path, page)
        assert page.sent == "create_video"
        assert publish(server, tmp_path, page).state == "published"
    assert server.times(b"a clip") == 1


def test_a_request_that_the_way_has_doubled_is_one_post(tmp_path: Path) -> None:
    """The first of the two was taken, and what is heard is the second's answer: that the video is used."""
    server = Douyin(says=[("create_video", NO_SUCH_VIDEO, True)])
    with serving(server):
        receipt = publish(server, tmp_path, Page())
        assert receipt.post_id in server.posts
        server.lists, server.says = False, [("create_video", NO_SUCH_VIDEO, True)]
        with pytest.raises(Unknown, match="2190007"):
            publish(server, tmp_path, Page(), b"another clip")
    assert (server.times(b"a clip"), server.times(b"another clip")) == (1, 1)


@pytest.mark.parametrize("call", WHOLE_CALLS)
def test_a_token_that_ends_in_between_is_renewed_once(tmp_path: Path, account: SignedIn, call: str) -> None:
    server, page = Douyin(tokens=set(SECRETS), says=[(call, 28001008, False)]), Page()
    with serving(server):
        publish(server, tmp_path, page)
    assert account.renewed == [SECRETS[0]]
    assert server.times(b"a clip") == 1


def test_the_tokens_server_failing_is_no_unanswered_post(tmp_path: Path, account: SignedIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """As Douyin refused the token, the post was not made: nothing is to be looked up later."""
    server, page = Douyin(says=[("create_video", 28001008, False)]), Page()
    with serving(server):
        with monkeypatch.context() as patched:

            def dead(stale: str) -> str:
                raise NoAnswer("douyin (POST /oauth/refresh_token/) did not answer.")

            patched.setattr(account, "renew", dead)
            with pytest.raises(Transient, match=r"refresh_token/.* did not answer"):
                publish(server, tmp_path, page)
        assert page.sent == ""
        assert publish(server, tmp_path, page).state == "published"
    assert server.times(b"a clip") == 1


@pytest.mark.parametrize("call", WHOLE_CALLS)
def test_trouble_on_the_way_says_of_which_post_it_is(tmp_path: Path, call: str) -> None:
    with serving(server := Douyin(Trouble([(call, "500_before")]))), pytest.raises(Transient) as e:
        publish(server, tmp_path, Page())
    assert str(e.value) == f"MUG-01.zh on douyin: Douyin (POST /api/douyin/v1/video/{call}) is in trouble (500)."


def test_a_page_that_a_platform_says_in_place_of_a_reason_is_one_short_line() -> None:
    said = str(DOUYIN.error(Refusal(123456, "<html>\n  <title>Bad</title>\n" + "x" * 9000), "MUG-01.zh on douyin", "shop-cn"))
    assert "with 123456 (<html> <title>Bad</title> xxx" in said
    assert (len(said) < 400, "\n" in said) == (True, False)


def test_without_the_capability_the_way_out_is_the_pack(tmp_path: Path) -> None:
    server = Douyin(says=[("upload_video/", NO_RIGHT, False)])
    with serving(server), pytest.raises(NotReady, match=r"28001018.*kind: handoff"):
        publish(server, tmp_path, Page())


def test_an_account_whose_open_id_nobody_said_is_told_which(tmp_path: Path, account: SignedIn) -> None:
    """As of a token in the environment: every call of Douyin's is about an open_id."""
    account.open_id = ""
    with serving(server := Douyin()):
        with pytest.raises(NotReady, match=r"MUG-01\.zh on douyin: .*shop-cn.* Set CROSSREEL_DOUYIN_SHOP_CN_OPEN_ID, or sign in") as e:
            publish(server, tmp_path, Page())
        assert e.value.missing == ("CROSSREEL_DOUYIN_SHOP_CN_OPEN_ID",)
        assert [finding.severity for finding in DouyinPublisher().check(channel(server))] == ["block"]
    assert server.seen == []


def test_what_would_be_refused_is_not_uploaded(tmp_path: Path) -> None:
    server = Douyin()
    with serving(server):
        with pytest.raises(UserError, match=r"privacy: followers is not offered by Douyin\. Write one of public, private, friends"):
            publish(server, tmp_path, Page(), privacy="followers")
        douyin, here = DouyinPublisher(), channel(server)
        with pytest.raises(UserError, match="1022 characters and Douyin takes 1000"):
            douyin.publish(parcel(tmp_path, b"a clip", here, Post(title="陶杯", body="杯" * 1019)), Page())
        with pytest.raises(UserError, match="16 minutes long and Douyin takes 15"):
            douyin.publish(parcel(tmp_path, b"a clip", here, POST, duration=960.0), Page())
        long = parcel(tmp_path, b"", here, POST)
        with open(long.clip.video, "wb") as file:
            file.truncate(4_200_000_000)
        with pytest.raises(UserError, match=r"4\.2 GB and Douyin takes up to 4"):
            douyin.publish(long, Page())
        blocked = long.clip.model_copy(update={"findings": (Finding(check="facts", severity="block", message="A wrong price."),)})
        with pytest.raises(Blocked, match="A wrong price"):
            douyin.publish(Parcel(**{**vars(long), "clip": blocked}), Page())
    assert server.seen == []


def test_check_tells_what_would_stop_a_post(tmp_path: Path, account: SignedIn) -> None:
    server = Douyin()

    def found(**fields: Any) -> list[tuple[str, str]]:
        return [(f.severity, f.message) for f in DouyinPublisher().check(channel(server, **fields))]

    with serving(server):
        assert found() == []
        ((severity, message),) = found(privacy="followers")
        assert severity == "block"
        assert "public, private, friends" in message
        account.scopes = ("user_info",)
        ((severity, message),) = found()
        assert severity == "block"
        assert message.endswith("crossreel account add douyin shop-cn")
        server.says = [("video_list", 10001, False)]
        assert [severity for severity, _ in found()] == ["block", "warn"]  # what was seen before is told all the same
        account.scopes = ("user_info", "video.create.bind")
        server.lists = False
        assert [severity for severity, _ in found()] == ["info"]
        server.tokens = set()
        ((severity, message),) = found()
        assert severity == "block"
        assert "28001003" in message
        no_secret(message)
        assert server.posts == {}
    assert [severity for severity, _ in found()] == ["warn"]  # nobody answers
