"""Weibo: whatever goes wrong on the way, a clip is posted once, or a person is asked to look. No token is ever told."""

from __future__ import annotations

import json
import logging
import time
import traceback
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any, cast

import pytest
from platforms import FAULTS, Fault, Page, Trouble, serving
from platforms.trials import SignedIn, kills, parcel, tried
from platforms.weibo import Weibo

from localize.domain import Channel, Post, Receipt
from localize.errors import Blocked, CrossreelError, NotReady, Transient, UserError
from localize.publish import Unknown
from localize.publish.weibo import ERRORS, WeiboPublisher

SECRETS = ("2.00secret-one", "2.00secret-two")
POST = Post(title="陶杯", body="陶杯，喝茶刚好！\n• 容量 350 毫升\nhttps://corner.example/mug\nAI生成", hashtags=("#陶杯#",))
TEXT = "陶杯，喝茶刚好！\n• 容量 350 毫升\nhttps://corner.example/mug\nAI生成\n#陶杯#"
VIDEO = b"a clip" + bytes(600 * 1024)  # three sections
SECTION = 256 * 1024
AT_ONCE = {"settle": 0.0}


@pytest.fixture(autouse=True)
def account(monkeypatch: pytest.MonkeyPatch) -> SignedIn:
    return SignedIn(list(SECRETS)).instead_of_found(monkeypatch)


@pytest.fixture(autouse=True)
def _nothing_logged_is_secret(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Though the token stands in addresses, which are logged."""
    caplog.set_level(logging.DEBUG)
    yield
    records = caplog.get_records("call")
    assert not records or any("open_init.json?…" in r.getMessage() or "user_timeline.json?…" in r.getMessage() for r in records)
    for record in records:
        no_secret(record.getMessage(), repr(record.args))


def no_secret(*texts: str) -> None:
    assert not any(secret in text for secret in SECRETS for text in texts)


def channel(server: Weibo, **fields: Any) -> Channel:
    options = {"api": server.address, **fields.pop("options", {})}
    return Channel(name="weibo", kind="weibo", platform="weibo", account="shop-cn", options=options, **fields)


def publish(server: Weibo, folder: Path, page: Page, video: bytes = VIDEO, **fields: Any) -> Receipt:
    return WeiboPublisher().publish(parcel(folder, video, channel(server, **fields), POST), page)


@pytest.mark.parametrize("size", [1, SECTION, SECTION + 1, 3 * SECTION])
def test_a_clip_goes_up_in_sections_and_is_posted_with_its_text(tmp_path: Path, size: int) -> None:
    server, page, video = Weibo(words=True), Page(), b"v" * size
    with serving(server):
        receipt = publish(server, tmp_path, page, video, privacy="friends")
        assert publish(server, tmp_path, page, video) == receipt  # and is not posted again
    (posted,) = server.posts.values()
    assert (posted.text, posted.visible) == (TEXT, 2)
    assert (receipt.state, receipt.post_id) == ("published", f"1034:{posted.number}")
    assert receipt.where == f"https://weibo.com/tv/show/1034:{posted.number}"
    assert "含AI生成内容" in receipt.reason
    assert server.offsets == list(range(0, size, SECTION))
    assert server.times(video) == 1


def test_a_text_of_the_longest_that_is_taken_is_in_no_address(tmp_path: Path) -> None:
    server = Weibo()
    long = Post(title="陶杯", body="杯" * 2000)
    with serving(server):
        WeiboPublisher().publish(parcel(tmp_path, VIDEO, channel(server), long), Page())
        with pytest.raises(UserError, match="2001 characters and Weibo takes 2000"):
            WeiboPublisher().publish(parcel(tmp_path, VIDEO, channel(server), Post(title="陶杯", body="杯" * 2001)), Page())
    assert [post.text for post in server.posts.values()] == [long.body]


def test_of_a_killed_upload_only_the_lacking_sections_are_sent(tmp_path: Path) -> None:
    server = Weibo()
    with serving(server):
        left = kills(lambda page: publish(server, tmp_path, page))
        after_one = next(page for _, page in left if page.kept.get("offset") == SECTION)
        server.offsets.clear()
        publish(server, tmp_path, after_one)
    assert server.offsets == [SECTION, 2 * SECTION]
    assert server.times(VIDEO) == 1


def test_an_upload_that_has_lapsed_or_was_of_another_file_is_begun_anew(tmp_path: Path) -> None:
    server, signed_again = Weibo(), b"signed again" + VIDEO
    with serving(server):
        after_one = next(page for _, page in kills(lambda page: publish(server, tmp_path, page)) if page.kept.get("offset") == SECTION)
        other = Page(publish_id=after_one.publish_id, kept=dict(after_one.kept))
        publish(server, tmp_path, other, signed_again)
        server.files.clear()
        publish(server, tmp_path, after_one)
    assert (server.times(VIDEO), server.times(signed_again)) == (1, 1)


@pytest.mark.parametrize("spoils", [1, 2])
def test_a_section_that_arrives_damaged_is_sent_again(tmp_path: Path, spoils: int) -> None:
    server = Weibo(spoils=spoils)
    with serving(server):
        publish(server, tmp_path, Page())
        server.spoils = spoils
        publish(server, tmp_path, Page(), b"of one section")
    assert (server.times(VIDEO), server.times(b"of one section")) == (1, 1)


def test_sections_that_never_arrive_whole_are_given_up(tmp_path: Path) -> None:
    server, page = Weibo(spoils=99), Page()
    with serving(server), pytest.raises(UserError, match=r"MUG-01\.zh on weibo: Weibo refused it for shop-cn"):
        publish(server, tmp_path, page, b"of one section")
    assert (server.posts, page.sent) == ({}, "")


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_at_each_call_ends_in_one_post(tmp_path: Path, fault: Fault) -> None:
    """The last section is the only one of a short clip; the timeline is asked where that was not answered."""
    server = Weibo()
    with serving(server):
        there = channel(server, options=AT_ONCE)
        for faults, video in (
            ([("open_init", fault)], VIDEO), ([("open_upload", fault)], VIDEO), ([("open_upload", fault)], b"short"),
            ([("open_upload", "reset_after"), ("user_timeline", fault)], b"short"),
        ):  # fmt: skip
            server.posts.clear()
            server.trouble.planned, page = list(faults), Page()
            receipt, said = tried(partial(WeiboPublisher().publish, parcel(tmp_path, video, there, POST), page))
            assert (server.times(video), len(server.posts), receipt.state) == (1, 1, "published"), faults
            assert said, faults
            no_secret(*said, json.dumps(page.kept))


@pytest.mark.parametrize("fault", [None, "reset_after", "500_before"])
def test_a_worker_killed_at_any_step_leaves_one_post(tmp_path: Path, fault: Fault | None) -> None:
    """Also where the next worker's last section is not answered."""
    server = Weibo()
    with serving(server):
        for where, page in kills(lambda page: publish(server, tmp_path, page, options=AT_ONCE)):
            if fault and page.kept.get("offset") == 2 * SECTION:
                server.trouble.planned.append(("open_upload", fault))
            receipt, said = tried(lambda page=page: publish(server, tmp_path, page, options=AT_ONCE))
            server.trouble.planned.clear()
            assert (server.times(VIDEO), len(server.posts), receipt.state) == (1, 1, "published"), where
            no_secret(*said, json.dumps(page.kept))
            server.posts.clear()


def test_without_the_timeline_a_killed_worker_leaves_one_post_or_a_question(tmp_path: Path) -> None:
    server, asked = Weibo(timeline=False), 0
    with serving(server):
        for where, page in kills(lambda page: publish(server, tmp_path, page)):
            if page.sent:
                asked += 1
                for _ in range(2):  # until someone has looked
                    with pytest.raises(Unknown, match=r"may be out: look at shop-cn on Weibo\."):
                        publish(server, tmp_path, page)
                assert server.times(VIDEO) <= 1, where
            else:
                publish(server, tmp_path, page)
                assert server.times(VIDEO) == 1, where
            server.posts.clear()
    assert asked == 2  # killed before the last section was sent, and after


def test_a_post_that_the_timeline_shows_late_is_waited_for(tmp_path: Path) -> None:
    server, page = Weibo(Trouble([("open_upload", "reset_after")]), list_after=2), Page()
    with serving(server):
        with pytest.raises(Transient):
            publish(server, tmp_path, page, b"short")
        for _ in range(2):
            with pytest.raises(Transient, match="not in the timeline so far") as waiting:
                publish(server, tmp_path, page, b"short")
            assert 1700 < (waiting.value.retry_after or 0) <= 1800
        receipt = publish(server, tmp_path, page, b"short")
    (posted,) = server.posts.values()
    assert (receipt.post_id, receipt.where) == (str(posted.status), f"https://m.weibo.cn/detail/{posted.status}")


def test_an_older_post_with_the_same_text_is_not_taken_for_this_one(tmp_path: Path) -> None:
    server, page = Weibo(), Page()
    with serving(server):
        publish(server, tmp_path, Page(), b"last week's clip")
        for post in server.posts.values():
            post.at -= 7 * 86400
        server.trouble.planned = [("open_upload", "500_before")]
        with pytest.raises(Transient):
            publish(server, tmp_path, page, b"today's clip", options=AT_ONCE)
        publish(server, tmp_path, page, b"today's clip", options=AT_ONCE)
    assert (server.times(b"last week's clip"), server.times(b"today's clip")) == (1, 1)


def test_a_post_is_found_behind_hundreds_of_later_ones(tmp_path: Path) -> None:
    server, page = Weibo(Trouble([("open_upload", "reset_after")])), Page()
    with serving(server):
        with pytest.raises(Transient):
            publish(server, tmp_path, page, b"short")
        (ours,) = server.posts.values()
        server.posts |= {f"later-{n}": replace(ours, status=ours.status + 1 + n, text=f"another {n}", digest="") for n in range(250)}
        assert publish(server, tmp_path, page, b"short", options=AT_ONCE).post_id == str(ours.status)
        assert server.times(b"short") == 1
        page = Page(publish_id=page.publish_id, kept={**page.kept, "text": "of none"}, sent=f"the last section at {int(time.time())}")
        del page.kept["post"]
        server.posts |= {f"latest-{n}": replace(ours, status=ours.status + 999 + n, text=f"another {n}", digest="") for n in range(1000)}
        with pytest.raises(Unknown, match="does not reach back"):
            publish(server, tmp_path, page, b"short", options=AT_ONCE)


def lost(server: Weibo, folder: Path, fault: Fault = "reset_after") -> Page:
    """A post whose last section was not answered."""
    page = Page()
    server.trouble.planned = [("open_upload", fault)]
    with pytest.raises(Transient):
        publish(server, folder, page, b"short")
    return page


@pytest.mark.parametrize("dates", ["%a %b %d %H:%M:%S %z %Y", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S+00:00"])
@pytest.mark.parametrize("fault", ["reset_after", "500_before"])
def test_a_timeline_with_its_times_in_any_usual_form_settles_it(tmp_path: Path, dates: str, fault: Fault) -> None:
    server = Weibo(dates=dates)
    with serving(server):
        page = lost(server, tmp_path, fault)
        assert publish(server, tmp_path, page, b"short", options=AT_ONCE).state == "published"
    assert server.times(b"short") == 1


@pytest.mark.parametrize("fault", ["reset_after", "500_before"])
@pytest.mark.parametrize("dates", ["刚刚", "11-27 12:00", "%Y-%m-%dT%H:%M:%S", "%a %b %d %H:%M:%S %Y", ""])
def test_a_timeline_whose_times_can_t_be_read_is_for_a_person(tmp_path: Path, dates: str, fault: Fault) -> None:
    """Whether the time that is unheard of is that of the post or of the page's last one. A time of no zone is none."""
    server = Weibo(dates=dates)
    with serving(server):
        page = lost(server, tmp_path, fault)
        for _ in range(2):
            with pytest.raises(Unknown, match="time or number can't be read"):
                publish(server, tmp_path, page, b"short", options=AT_ONCE)
        assert page.sent
    assert server.times(b"short") == (fault == "reset_after")


OLD = {"id": 1, "text": "早上好", "created_at": "Tue May 31 17:46:55 +0800 2011"}
OURS = {"id": 2, "text": TEXT}


@pytest.mark.parametrize("statuses", [[OURS, OLD], [OURS | {"created_at": None}, OLD], [{"text": TEXT, "created_at": "x"}, OLD]])
def test_a_post_with_this_text_and_no_time_or_number_is_not_passed_over(tmp_path: Path, statuses: list[dict[str, Any]]) -> None:
    server = Weibo(instead={"statuses": statuses})
    with serving(server):
        page = lost(server, tmp_path)
        with pytest.raises(Unknown, match="time or number can't be read"):
            publish(server, tmp_path, page, b"short", options=AT_ONCE)
    assert server.times(b"short") == 1


@pytest.mark.parametrize("instead", [{}, {"statuses": None}, {"statuses": {}}, {"statuses": ["of no form"]}, {"ad": [], "total_number": 7}])
def test_an_answer_without_a_timeline_is_for_a_person(tmp_path: Path, instead: dict[str, Any]) -> None:
    server = Weibo(instead=instead)
    with serving(server):
        page = lost(server, tmp_path)
        with pytest.raises(Unknown, match="without the account's timeline"):
            publish(server, tmp_path, page, b"short", options=AT_ONCE)
        assert [finding.severity for finding in WeiboPublisher().check(channel(server))] == ["info", "warn"]
    assert server.times(b"short") == 1


@pytest.mark.parametrize("latest", [0, 5])
def test_a_timeline_that_shows_no_older_post_proves_nothing(tmp_path: Path, latest: int) -> None:
    """As an app of little right sees it: nothing, or the latest few. What it does show is out all the same."""
    server = Weibo(posted_before="")
    with serving(server):
        page = lost(server, tmp_path)
        made = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        server.instead = {"statuses": [{"id": 9 + n, "text": f"another {n}", "created_at": made} for n in range(latest)]}
        with pytest.raises(Transient, match="not in the timeline so far"):
            publish(server, tmp_path, page, b"short")
        with pytest.raises(Unknown, match="does not reach back"):
            publish(server, tmp_path, page, b"short", options=AT_ONCE)
        assert server.times(b"short") == 1
        server.instead = None
        assert publish(server, tmp_path, page, b"short", options=AT_ONCE).state == "published"
    assert server.times(b"short") == 1


@pytest.mark.parametrize(("off", "told"), [(-3600, "60 minutes ahead of"), (3600, "60 minutes behind")])
def test_by_a_clock_that_is_wrong_nothing_is_sent_and_nothing_sent_again(tmp_path: Path, off: float, told: str) -> None:
    """A post made an hour before it was sent, as far as this machine knows, would not be taken for it."""
    server, page = Weibo(), Page()

    def wrong() -> float:
        return time.time() + off

    with serving(server):
        server.now, right = wrong, server.now
        with pytest.raises(UserError, match=f"clock is {told} Weibo's. Set it"):
            publish(server, tmp_path, page, b"short")
        assert (server.offsets, page.sent) == ([], "")
        server.now, server.trouble.planned = right, [("open_upload", "reset_after")]
        with pytest.raises(Transient):
            publish(server, tmp_path, page, b"short")
        server.now = wrong
        with pytest.raises(UserError, match=f"clock is {told} Weibo's. Set it"):
            publish(server, tmp_path, page, b"short", options=AT_ONCE)
        assert page.sent.startswith("the last section at ")
        server.now = right
        assert publish(server, tmp_path, page, b"short", options=AT_ONCE).state == "published"
    assert server.times(b"short") == 1


# --- twins: clips with the same text -----------------------------------------------------------------------------------

TWINS = (b"the small mug", b"the large mug")


def twins() -> tuple[Page, Page]:
    """Entries of the same place."""
    pages = Page(), Page()
    pages[0].others, pages[1].others = [pages[1]], [pages[0]]
    return pages


def goes_on(server: Weibo, folder: Path, page: Page, video: bytes, tries: int = 4, **options: Any) -> str:
    """How it ends for a post that is tried again and again: published, held, or waiting."""
    if page.state not in ("", "waiting"):
        return page.state
    page.state = "waiting"
    for _ in range(tries):
        try:
            receipt = publish(server, folder, page, video, options=AT_ONCE | options)
            page.state, page.post_id = receipt.state, receipt.post_id
            break
        except Transient:
            pass
        except Unknown:
            page.state = "held"
            break
    return page.state


def must_be_honest(server: Weibo, told: dict[bytes, str], pages: Iterable[Page]) -> None:
    """Nothing is posted twice, nothing counts as published that is not there, and no number is that of two."""
    for video, state in told.items():
        assert state in ("published", "held"), told
        assert server.times(video) <= 1, told
        assert server.times(video) == 1 or state == "held", told
    numbers = [page.kept[name] for page in pages for name in ("id", "fid") if name in page.kept]
    assert len(numbers) == len(set(numbers))


@pytest.mark.parametrize("fids", [True, False])
@pytest.mark.parametrize("fault", FAULTS)
def test_twins_whose_last_sections_go_wrong_are_each_posted_once_or_held(tmp_path: Path, fault: Fault, fids: bool) -> None:
    """One of them or both, in either order, before the other has begun or at once."""
    server = Weibo(fids=fids)
    with serving(server):
        for hit, order, at_once in product(((0,), (1,), (0, 1)), ((0, 1), (1, 0)), (False, True)):
            server.posts.clear()
            pages, told = twins(), {}
            for n in (0, 1):
                server.trouble.planned = [("open_upload", fault)] if n in hit else []
                goes_on(server, tmp_path, pages[n], TWINS[n], tries=1 if at_once or n else 8)
            for n in order:
                told[TWINS[n]] = goes_on(server, tmp_path, pages[n], TWINS[n])
            must_be_honest(server, told, pages)
            if fids:
                assert set(told.values()) == {"published"}, (hit, order, at_once)


@pytest.mark.parametrize("other", ["published", "reset_after", "500_before"])
@pytest.mark.parametrize("fids", [True, False])
def test_twins_of_whom_one_is_killed_at_any_step(tmp_path: Path, other: str, fids: bool) -> None:
    server = Weibo(fids=fids)
    with serving(server):
        for where, left in kills(lambda page: publish(server, tmp_path, page, TWINS[0])):
            twin = Page(others=[left])
            left.others = [twin]
            server.trouble.planned = [] if other == "published" else [("open_upload", cast(Fault, other))]
            goes_on(server, tmp_path, twin, TWINS[1], tries=1)
            server.trouble.planned = []
            told = {TWINS[0]: goes_on(server, tmp_path, left, TWINS[0]), TWINS[1]: goes_on(server, tmp_path, twin, TWINS[1])}
            must_be_honest(server, told, [left, twin])
            assert where
            server.posts.clear()


def test_two_posts_for_two_lost_answers_are_both_out(tmp_path: Path) -> None:
    server, pages = Weibo(), twins()
    with serving(server):
        for page, video in zip(pages, TWINS, strict=True):
            server.trouble.planned = [("open_upload", "reset_after")]
            assert goes_on(server, tmp_path, page, video, tries=1) == "waiting"
        assert [goes_on(server, tmp_path, page, video) for page, video in zip(pages, TWINS, strict=True)] == ["published"] * 2
    assert {page.kept["id"] for page in pages} == {str(post.status) for post in server.posts.values()}
    assert {page.kept["fid"] for page in pages} == {f"1034:{number}" for number in server.posts}


def test_one_post_for_two_lost_answers_is_for_a_person(tmp_path: Path) -> None:
    """Once both would have to be seen; until then it is waited for."""
    server, pages = Weibo(), twins()
    with serving(server):
        for page, video, fault in zip(pages, TWINS, ("500_before", "reset_after"), strict=True):
            server.trouble.planned = [("open_upload", cast(Fault, fault))]
            assert goes_on(server, tmp_path, page, video, tries=1) == "waiting"
        assert goes_on(server, tmp_path, pages[0], TWINS[0], settle=60.0) == "waiting"
        with pytest.raises(Unknown, match="several clips have this text"):
            publish(server, tmp_path, pages[0], TWINS[0], options=AT_ONCE)
        # Who has looked says that the other is out, and that this one is not.
        pages[1].note()
        pages[1].state, pages[1].post_id = "published", str(next(iter(server.posts.values())).status)
        assert goes_on(server, tmp_path, pages[0], TWINS[0]) == "published"
    assert (server.times(TWINS[0]), server.times(TWINS[1])) == (1, 1)


def test_a_number_that_a_twin_was_quicker_to_take_is_left_to_it(tmp_path: Path) -> None:
    """Both look at the same time; and one is told its own number when the other has taken it."""
    server, pages = Weibo(), twins()
    with serving(server):
        for page, video in zip(pages, TWINS, strict=True):
            server.trouble.planned = [("open_upload", "reset_after")]
            goes_on(server, tmp_path, page, video, tries=1)
        first, second = pages
        taking = first.take

        def late(numbers: Mapping[str, str], **kept: Any) -> bool:
            """The twin takes it between the look and the taking."""
            if "post" not in second.kept:
                second.take(numbers, post=["id", numbers["id"]])
            return taking(numbers, **kept)

        first.take = late  # type: ignore[method-assign]
        assert goes_on(server, tmp_path, first, TWINS[0]) == "published"
        assert first.kept["id"] != second.kept["id"]

        third, fids = Page(others=[*pages]), []
        third.take = lambda numbers, **kept: fids.append(numbers["fid"]) or False  # type: ignore[method-assign,func-returns-value]
        receipt = publish(server, tmp_path, third, b"the third")
        assert ([receipt.post_id], "fid" in third.kept) == (fids, False)
    assert [server.times(video) for video in (*TWINS, b"the third")] == [1, 1, 1]


def test_a_text_that_was_changed_since_is_not_looked_for(tmp_path: Path) -> None:
    """What was announced is what Weibo posts: an upload that goes on has the text it began with."""
    server, page, new = Weibo(Trouble([("open_upload", "reset_after")])), Page(), POST.model_copy(update={"body": "今天有新的陶杯"})
    with serving(server):
        with pytest.raises(Transient):
            publish(server, tmp_path, page, b"short")
        changed = parcel(tmp_path, b"short", channel(server, options=AT_ONCE), new)
        assert WeiboPublisher().publish(changed, page).state == "published"
        assert server.times(b"short") == 1
        after_one = next(p for _, p in kills(lambda page: publish(server, tmp_path, page)) if p.kept.get("offset") == SECTION)
        WeiboPublisher().publish(parcel(tmp_path, VIDEO, channel(server), new), after_one)
    assert [post.text for post in server.posts.values()][-1].startswith("今天有新的陶杯")


MEANINGS: dict[type[CrossreelError], tuple[int, ...]] = {
    Transient: (10001, 10002, 10003, 10009, 10010, 10011, 10022, 10023, 10024, 20016, 21331),
    NotReady: (
        401, 403, 404, 10004, 10005, 10006, 10013, 10014, 10020, 10021, 20003, 21301, 21314, 21315, 21316, 21317, 21319, 21321, 21324,
        21327, 21332,
    ),
    UserError: (0, 413, 10007, 10008, 10016, 10017, 10018, 20008, 20012, 20013, 29999),
    Blocked: (10012, 20017, 20018, 20019, 20020, 20021, 20023, 20031, 20033, 20111),
}  # fmt: skip


def test_every_code_is_one_of_those_below() -> None:
    assert set(ERRORS) | {29999} == {code for codes in MEANINGS.values() for code in codes}


@pytest.mark.parametrize("kind", MEANINGS)
def test_each_code_says_what_it_means_and_one_post_comes_of_it(tmp_path: Path, account: SignedIn, kind: type[CrossreelError]) -> None:
    server = Weibo(tokens=set(SECRETS))
    with serving(server):
        for code in MEANINGS[kind]:
            if code == 0:
                continue  # a section that does not arrive whole: above
            account.tokens = list(SECRETS)
            server.says, page = [("open_init", code, False)] * 2, Page()
            with pytest.raises(kind) as refused:
                publish(server, tmp_path, page, b"short")
            said = str(refused.value)
            assert said.startswith(f"MUG-01.zh on weibo: Weibo refused it for shop-cn with {code} (for …). ")
            assert len(said.partition("). ")[2]) > 20, said  # the way out
            no_secret("".join(traceback.format_exception(refused.value)))
            server.says = []
            assert publish(server, tmp_path, page, b"short").state == "published"
            assert server.times(b"short") == 1
            server.posts.clear()


@pytest.mark.parametrize("code", [10001, 10011, 29999])
def test_an_error_that_may_be_told_of_what_was_done_ends_in_one_post(tmp_path: Path, code: int) -> None:
    server, page = Weibo(says=[("open_upload", code, True)]), Page()
    with serving(server):
        with pytest.raises((Transient, UserError), match=str(code)):
            publish(server, tmp_path, page, b"short")
        assert page.sent.startswith("the last section at ")
        assert publish(server, tmp_path, page, b"short").state == "published"
    assert server.times(b"short") == 1


@pytest.mark.parametrize("call", ["open_init", "open_upload"])
def test_trouble_on_the_way_says_of_which_post_it_is(tmp_path: Path, call: str) -> None:
    with serving(server := Weibo(Trouble([(call, "500_before")]))), pytest.raises(Transient) as e:
        publish(server, tmp_path, Page())
    assert str(e.value) == f"MUG-01.zh on weibo: Weibo (POST /2/multimedia/{call}.json) is in trouble (500)."


def test_posted_and_seen_in_a_minute_is_posted(tmp_path: Path) -> None:
    server = Weibo(says=[("open_upload", 20032, True)])
    with serving(server):
        receipt = publish(server, tmp_path, Page(), b"short")
    assert (receipt.state, receipt.where, receipt.post_id) == ("published", "shop-cn on Weibo", "")


def test_a_refusal_after_a_lost_answer_is_for_a_person(tmp_path: Path) -> None:
    """Weibo refuses the same text twice: so it may be out, though the timeline does not show it."""
    server, page = Weibo(Trouble([("open_upload", "reset_after")]), list_after=9), Page()
    with serving(server):
        with pytest.raises(Transient):
            publish(server, tmp_path, page, b"short", options=AT_ONCE)
        server.says = [("open_upload", 20019, False)]
        with pytest.raises(Unknown, match="20019"):
            publish(server, tmp_path, page, b"short", options=AT_ONCE)
        assert page.sent
    assert server.times(b"short") == 1


@pytest.mark.parametrize("call", ["open_init", "user_timeline"])
def test_a_token_that_ends_in_between_is_renewed_once(tmp_path: Path, account: SignedIn, call: str) -> None:
    server, page = Weibo(Trouble([("open_upload", "reset_after")]), tokens=set(SECRETS), says=[(call, 21327, False)]), Page()
    with serving(server):
        tried(lambda: publish(server, tmp_path, page, b"short"))
    assert account.renewed == [SECRETS[0]]
    assert server.times(b"short") == 1


def test_check_tells_what_would_stop_a_post() -> None:
    server = Weibo()

    def found(**fields: Any) -> list[tuple[str, str]]:
        return [(f.severity, f.message) for f in WeiboPublisher().check(channel(server, **fields))]

    with serving(server):
        ((severity, message),) = found()
        assert severity == "info"
        assert "kind: handoff" in message
        assert ("block", "channel weibo: privacy: followers is not offered by Weibo. Write one of public, private, friends.") in found(
            privacy="followers"
        )
        server.timeline = False
        assert [severity for severity, _ in found()] == ["info", "warn"]
        server.tokens = set()
        _, (severity, message) = found()
        assert severity == "block"
        assert "21327" in message
        no_secret(message)
    assert [severity for severity, _ in found()] == ["info", "warn"]  # nobody answers
