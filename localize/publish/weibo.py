"""Weibo's multimedia service: the file goes up in sections, and with the last one the post is made.

That this service is open to an app today is unconfirmed: the calls are those of its clients. It makes no post before it has the last
section, so all before that may be sent again; a last section that was not answered is looked up in the account's timeline.

There a post has its text, which two clips may have in common. A video is told by its fid where the timeline has that, which is
unconfirmed, too. Otherwise posts with one text are only counted: as many as were sent are all of them, none is none of them.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import httpx
from pydantic import Field

from localize.domain import Channel, Finding, Receipt, Severity
from localize.engines import Card, Options
from localize.errors import Blocked, CrossreelError, NotReady, Transient, UserError
from localize.publish import Entry, Parcel, Twin, Unknown, accounts, must_be_publishable
from localize.publish.post import rendered, rules
from localize.publish.refusals import HAND_OFF, Kind, Meaning, Platform, Refusal, Signer, as_number
from localize.publish.wire import NoAnswer, Wire

MEDIA, API = "https://multimedia.api.weibo.com", "https://api.weibo.com"
INIT, UPLOAD, TIMELINE = "/2/multimedia/open_init.json", "/2/multimedia/open_upload.json", "/2/statuses/user_timeline.json"

VISIBLE = {"public": 0, "private": 1, "friends": 2}
DECLARE = "still to be ticked by hand: the declaration “{}” in the post's settings on weibo.com (the API has no field for it)"
UNSEEN = "The app is not shown the account's posts: after a crash in the last second a person must look whether it is out."
CLIENT = "other"  # what kind of program sends it, of those that Weibo names

LAST = "the last section at"  # sent is this and a time in s
WHERE = {"fid": "https://weibo.com/tv/show/{}", "id": "https://m.weibo.cn/detail/{}"}
TRIES = 3  # of a section that did not arrive whole
LARGEST_SECTION = 64 * 2**20  # bytes; one that is asked for larger is a mistake, and would lie in memory
SKEW = 300.0  # s by which Weibo's clock and ours may differ
PAGES, PAGE = 10, 100  # of the timeline, in which a post is looked for, and how many posts one has
HEAD = 60  # characters of a text by which a post is told: Weibo shortens long ones and rewrites addresses
_REWRITTEN = re.compile(r"https?://[!-~]+|\s|\u200b")
_FID = re.compile(r"\b1034:\d+")  # wherever a status names its video

STALE = (401, 21301, 21314, 21315, 21316, 21317, 21319, 21327, 21332)
NO_RIGHT = frozenset({10005, 10014, 10020})
WRONG = frozenset({0, 10008, 10016, 10017})  # how a section or a file token can be refused; 0: "succ" was false
POSTED = 20032  # "posted, and will be seen in a minute or two"

_ADD = "Let the account's owner allow it again: crossreel account add weibo {name}"

_later: Kind = partial(Transient, retry_after=900.0)

_MEANINGS: dict[tuple[int, ...], Meaning] = {
    (10001, 10002, 10003, 10009, 10010, 10011, 21331): (NoAnswer, "Weibo is busy. It is tried again."),
    (10022, 10023, 10024): (_later, "There were too many requests in this hour. It is tried again later."),
    (20016,): (_later, "The account has posted too much in a short time. Set `daily` on the channel to stay below."),
    STALE: (NotReady, f"The token is not taken, a new one neither. {_ADD}"),
    (403, 10005, 10014): (NotReady, f"The app may not use this part of Weibo's API. Apply for it at open.weibo.com. {HAND_OFF}"),
    (404, 10020, 10021): (NotReady, f"Weibo has not, or no longer, this part of its API. Look at the channel's `api:`. {HAND_OFF}"),
    (10004,): (NotReady, "Weibo does not let this machine's address in. Add it to the app's addresses at open.weibo.com."),
    (10006, 21324): (NotReady, f"Weibo does not know the app. {_ADD}"),
    (21321,): (NotReady, "The app is not approved and the account is none of its testers. Add it at open.weibo.com."),
    (10013, 20003): (NotReady, f"Weibo does not know the account. {_ADD}"),
    (20031, 20033): (Blocked, "Weibo wants to see a person: sign in to the account on weibo.com and do what it asks."),
    (10012, 20023): (Blocked, f"Weibo does not let the account do this. Ask Weibo's support. {HAND_OFF}"),
    (20018, 20020): (Blocked, "Weibo takes the text for spam. Leave out the link, or some of the hashtags."),
    (20021,): (Blocked, "Weibo takes the text for forbidden. Change what the clip says of the product."),
    (20017, 20019, 20111): (Blocked, "The account has just posted the same text. Change the product's title or hashtags, or wait."),
    (20012, 20013): (UserError, "The text is too long. Shorten the channel's hashtags or disclosure."),
    (20008,): (UserError, "The text is empty. Look at the product's title."),
    (413, 10007, 10018): (UserError, "Weibo does not take such a file, or none that large."),
    (0, 10008, 10016, 10017): (UserError, "Weibo does not take one of the values sent. Look at the channel's options and the clip's text."),
}  # fmt: skip
ERRORS: dict[int, Meaning] = {code: meaning for codes, meaning in _MEANINGS.items() for code in codes}
WEIBO = Platform("Weibo", VISIBLE, ERRORS, "open.weibo.com/wiki/Error_code")


class WeiboOptions(Options):
    """Of a channel of kind `weibo`. `api` is another address that has both of Weibo's services. Times are in seconds."""

    api: str = ""
    timeout: float = Field(default=60.0, gt=0, description="how long an answer may take")
    settle: float = Field(default=1800.0, ge=0, description="after how long a post that is not in the timeline was not made")


class WeiboPublisher:
    card: ClassVar[Card] = Card(name="weibo", stage="publish", about="Weibo's video upload", version="1", licence="Apache-2.0", quality=3)
    ChannelOptions: ClassVar[type[Options]] = WeiboOptions
    repeatable: ClassVar[bool] = False

    def missing(self) -> str:
        return ""

    def fingerprint(self) -> str:
        return f"weibo-{self.card.version}"

    def publish(self, parcel: Parcel, entry: Entry) -> Receipt:
        must_be_publishable(parcel.clip)
        WEIBO.must_fit(parcel)
        if not Path(parcel.clip.video).stat().st_size:
            raise UserError(f"{parcel.name}: {parcel.clip.video} is empty. Make the clip again.")
        options = WeiboOptions.model_validate(parcel.channel.options)
        api = _Api(WEIBO.account(parcel.channel), options, parcel.about)
        try:
            kind, number = _Posting(parcel, entry, options, api).posted()
        except Refusal as refusal:
            raise WEIBO.error(refusal, parcel.about, api.account.name) from None
        where = WHERE[kind].format(number) if number else f"{api.account.name} on Weibo"
        return parcel.receipt("published", where=where, reason=DECLARE.format(rules("weibo").declaration), post_id=number)

    def check(self, channel: Channel) -> list[Finding]:
        def look(account: accounts.Account) -> Iterator[tuple[Severity, str]]:
            yield "info", f"Weibo's video API may be closed to your app: nothing but a post tells. {HAND_OFF}"
            api, shown = _Api(account, WeiboOptions.model_validate(channel.options), channel.name), None
            try:
                shown = api.timeline(count=1)
            except Refusal as refusal:
                if refusal.code not in NO_RIGHT:
                    raise
            if not shown:
                yield "warn", UNSEEN

        return WEIBO.checked(channel, look)


class _Api:
    """Weibo as one account sees it. Its token stands in addresses, so none of them is ever in a message."""

    def __init__(self, account: accounts.Account, options: WeiboOptions, about: str) -> None:
        self.account = account
        name, timeout = f"{about}: Weibo", httpx.Timeout(options.timeout, connect=10.0)
        self._media = Wire(name, options.api or MEDIA, timeout=timeout)
        self._statuses = Wire(name, options.api or API, timeout=timeout)
        self._signer = Signer(account, STALE)
        self.ahead = 0.0  # s by which this machine's clock is ahead of Weibo's, as its last answer told

    def init(self, file: dict[str, Any], status: dict[str, Any]) -> dict[str, Any]:
        # The text goes in the body: two thousand characters are more than servers take in an address.
        return self._signed(self._media, "POST", INIT, params={**file, "type": "video", "client": CLIENT}, data=status)

    def upload(self, section: bytes, which: dict[str, Any]) -> dict[str, Any]:
        """A section needs no token of the account: the file token says whose it is."""
        head = {"content-type": "application/octet-stream", "content-length": str(len(section))}
        body = iter((section,))  # lets go of it once it is sent; bytes would stay with the request, which lives on for a while
        return self._answer(self._media, "POST", UPLOAD, params={**which, "client": CLIENT}, content=body, headers=head)

    def timeline(self, count: int = PAGE, page: int = 1) -> list[dict[str, Any]] | None:
        """The account's last posts, the newest first; None where the answer has no list of posts."""
        statuses = self._signed(self._statuses, "GET", TIMELINE, params={"count": count, "page": page}).get("statuses")
        return statuses if isinstance(statuses, list) and all(isinstance(status, dict) for status in statuses) else None

    def _signed(self, wire: Wire, method: str, path: str, *, params: dict[str, Any], **body: Any) -> dict[str, Any]:
        return self._signer.ask(lambda token: self._answer(wire, method, path, params={"access_token": token, **params}, **body))

    def _answer(self, wire: Wire, method: str, path: str, **request: Any) -> dict[str, Any]:
        status, said = wire.json(method, path, **request)
        self.ahead = time.time() - wire.now()
        code = as_number(said.get("error_code"))
        if code or status >= 400:
            raise Refusal(code or status, str(said.get("error", "")).replace(self._signer.token, "…"))
        return said


@dataclass(frozen=True)
class _Shown:
    """A post in the timeline: its number there, the fids it names, and when it was made, in s since 1970."""

    number: str
    fids: frozenset[str]
    at: float

    def numbers(self) -> dict[str, str]:
        """As the ledger keeps them; a post of several videos is not told by one."""
        return {"id": self.number, **({"fid": next(iter(self.fids))} if len(self.fids) == 1 else {})}


class _Posting:
    """One clip on its way. The ledger holds: publish_id, Weibo's name for the file once it was announced; `check` (its MD5), `text` (a
    digest of what a timeline shows of it), `section` (bytes) and `offset` (how many bytes are up); once it is posted, `post` (what kind
    of number Weibo gave, and the number), and `fid` and `id`, which no other post has: the video's number and the timeline's."""

    def __init__(self, parcel: Parcel, entry: Entry, options: WeiboOptions, api: _Api) -> None:
        self.parcel, self.entry, self.options, self.api, self.about = parcel, entry, options, api, parcel.about
        self.video = Path(parcel.clip.video)
        self.size = self.video.stat().st_size
        self.text = rendered(parcel.post, "weibo")

    def posted(self) -> tuple[str, str]:
        """The kind of number by which Weibo knows the post (`fid`, `id`, "" for none), and the number."""
        if post := self.entry.kept.get("post"):
            return str(post[0]), str(post[1])
        if self.entry.sent:
            return self._found() or self._completed()
        with self.video.open("rb") as file:
            check = hashlib.file_digest(file, "md5").hexdigest()
        if self.entry.publish_id and (self.entry.kept.get("check"), self.entry.kept.get("text")) == (check, _digest(self.text)):
            try:
                self._sections()
                return self._completed()
            except Refusal as refusal:
                if refusal.code not in WRONG:
                    raise
        self._announce(check)
        self._sections()
        return self._completed()

    def _announce(self, check: str) -> None:
        file = {"name": "clip.mp4", "length": self.size, "check": check}
        said = self.api.init(file, {"status_text": self.text, "status_visible": VISIBLE[self.parcel.channel.privacy]})
        name, length = said.get("fileToken"), as_number(said.get("length"))
        if not name or not length or not 0 < length * 1024 <= LARGEST_SECTION:
            raise NoAnswer(f"{self.about}: Weibo began an upload without saying how to go on.")
        self._must_agree()
        self.entry.note(publish_id=str(name), check=check, text=_digest(self.text), section=length * 1024, offset=0)

    def _sections(self) -> None:
        """Send what lacks, but the last section."""
        section, offset = int(self.entry.kept["section"]), int(self.entry.kept["offset"])
        while offset + section < self.size:
            self._section(offset)
            offset += section
            self.entry.note(offset=offset)

    def _section(self, offset: int, tries: int = TRIES) -> dict[str, Any]:
        """Send the section from there on; again, where it did not arrive whole."""
        with self.video.open("rb") as file:
            file.seek(offset)
            section = file.read(int(self.entry.kept["section"]))
        which = {
            "filetoken": self.entry.publish_id, "sectioncheck": hashlib.md5(section).hexdigest(), "startloc": offset,
            "check": self.entry.kept["check"], "filelength": self.size,
        }  # fmt: skip
        try:
            said = self.api.upload(section, which)
            if not said.get("fid") and said.get("succ") not in (True, "true"):
                raise Refusal(0, "the section was not taken")
            return said
        except Refusal as refusal:
            if tries == 1 or refusal.code not in WRONG:
                raise
        return self._section(offset, tries - 1)

    def _completed(self) -> tuple[str, str]:
        """Send the last section, and the post with it. After one that was not answered, only what settles that may clear it."""
        self._must_agree()
        before = bool(self.entry.sent)
        self.entry.sending(f"{LAST} {time.time():.3f}")
        section = int(self.entry.kept["section"])
        try:
            said = self._section((self.size - 1) // section * section)
        except NoAnswer:
            raise
        except (Refusal, CrossreelError) as e:
            if isinstance(e, Refusal) and e.code == POSTED:
                self.entry.note(post=["", ""])
                return "", ""
            error = self._error(e) if isinstance(e, Refusal) else e
            if before and not isinstance(error, Transient):
                raise self._unknown(str(error)) from None
            # That it is busy, or what is in no list, Weibo may say of what it has done all the same.
            settled = not isinstance(e, Refusal) or (e.code in ERRORS and not isinstance(error, NoAnswer))
            if settled and not before:
                self.entry.note()
            raise
        if not (fid := str(said.get("fid") or "")):
            raise NoAnswer(f"{self.about}: Weibo took the last section without naming the video.")
        # A twin that was looked up meanwhile may have this one's number: it is out as well, so this one's is kept without the claim to it.
        if not self.entry.take({"fid": fid}, post=["fid", fid]):
            self.entry.note(post=["fid", fid])
        return "fid", fid

    def _found(self) -> tuple[str, str] | None:
        """The post of a last section that was not answered, in the timeline; None once it would have to be there. Raises Transient
        until then, and Unknown where the app may not look or twins, clips with the same text, can't be told apart."""
        at, (shown, reaches_back) = _sent_at(self.entry), self._shown()
        self._must_agree()
        for _ in range(len(shown) + 1):  # each that a twin is quicker to take is one fewer
            # Read after the timeline: whatever that shows was in the ledger before.
            twins = self.entry.twins("text", str(self.entry.kept["text"]))
            free, missing = _without(shown, [twin for twin in twins if _is_out(twin)], since=at - SKEW)
            unanswered = [sent for twin in twins if twin.sent and (sent := _sent_at(twin)) >= at - 2 * SKEW - self.options.settle]
            if len(free) < 1 + len(unanswered) + len(missing):
                break
            # All of them are out. Which is whose does not matter, as long as each is one's alone.
            post = min(free, key=lambda post: abs(post.at - at))
            if self.entry.take(post.numbers(), post=["id", post.number]):
                return "id", post.number
        settled = max([at, *unanswered, *missing] if free else [at]) + self.options.settle
        if (left := settled - time.time()) > 0:
            raise Transient(f"{self.about}: Weibo did not answer, and the post is not in the timeline so far.", retry_after=left)
        if free:
            raise self._unknown(f"{self.about}: several clips have this text, and Weibo shows fewer posts with it than were sent.")
        if not reaches_back:
            raise self._unknown(f"{self.about}: the timeline that Weibo shows does not reach back to before the post was sent.")
        return None

    def _shown(self) -> tuple[list[_Shown], bool]:
        """The account's posts with this text, and whether the timeline reaches back to before the last section was sent: only then is
        a post that it does not show not there. An app of little right is shown the latest few, or none. Raises Unknown for a timeline
        that can't be read."""
        shown: dict[str, _Shown] = {}
        for page in range(1, PAGES + 1):
            try:
                statuses = self.api.timeline(page=page)
            except Refusal as refusal:
                if refusal.code not in NO_RIGHT:
                    raise
                raise self._unknown(str(self._error(refusal))) from None
            if statuses is None:
                raise self._unknown(f"{self.about}: Weibo answered without the account's timeline.")
            for status in statuses:
                if _digest(str(status.get("text", ""))) == self.entry.kept["text"]:
                    number = str(status.get("idstr") or status.get("id") or "")
                    shown[number] = _Shown(number, frozenset(_FID.findall(json.dumps(status))), self._made_at(status))
            if not statuses:
                break
            if self._made_at(statuses[-1]) < _sent_at(self.entry) - SKEW:  # the first may be a pinned one
                return list(shown.values()), True
        return list(shown.values()), False

    def _made_at(self, status: dict[str, Any]) -> float:
        """When a post was made, in s since 1970."""
        made = _time(status.get("created_at"))
        if made is None or not (status.get("idstr") or status.get("id")):
            raise self._unknown(f"{self.about}: the timeline has a post whose time or number can't be read.")
        return made

    def _must_agree(self) -> None:
        """Raises UserError where this machine's clock is not Weibo's. A post whose answer is lost is looked up by its time: by a wrong
        one it would not be found, and be made again."""
        if abs(ahead := self.api.ahead) > SKEW:
            wrong = f"{abs(ahead) / 60:.0f} minutes {'ahead of' if ahead > 0 else 'behind'} Weibo's"
            raise UserError(f"{self.about}: this machine's clock is {wrong}. Set it (timedatectl set-ntp true), and run again.")

    def _error(self, refusal: Refusal) -> CrossreelError:
        return WEIBO.error(refusal, self.about, self.api.account.name)

    def _unknown(self, why: str) -> Unknown:
        sent = "The last part of the video was sent to Weibo and not answered, so the post may be out"
        return Unknown(f"{why} {sent}: look at {self.api.account.name} on Weibo.")


def _digest(text: str) -> str:
    """Of a text as far as Weibo shows it."""
    return hashlib.sha256(_REWRITTEN.sub("", text)[:HEAD].encode()).hexdigest()[:16]


def _sent_at(post: Entry | Twin) -> float:
    """When the last section was sent, in s since 1970."""
    return float(post.sent.removeprefix(LAST))


def _is_out(twin: Twin) -> bool:
    return twin.state == "published" or "post" in twin.kept


def _without(shown: list[_Shown], out: Sequence[Twin], since: float) -> tuple[list[_Shown], list[float]]:
    """The posts made since then that belong to none of the twins that are out; and when those twins were last heard of, in s since
    1970, that are not recognised and may have one of these posts all the same."""
    free, missing = list(shown), []
    for twin in out:
        numbers = {twin.post_id, *(twin.kept.get(name, "") for name in ("id", "fid")), *twin.kept.get("post", [])}
        if own := next((post for post in free if numbers & {post.number, *post.fids}), None):
            free.remove(own)
        elif twin.updated_at >= since - SKEW:
            missing.append(twin.updated_at)
    return [post for post in free if post.at >= since], missing


def _time(said: Any) -> float | None:
    """The time of "Fri Nov 27 12:00:00 +0800 2026" or of ISO 8601, in s since 1970; None where it can't be told."""
    readings: list[Callable[[str], datetime]] = [lambda text: datetime.strptime(text, "%a %b %d %H:%M:%S %z %Y"), datetime.fromisoformat]
    for reading in readings:
        with suppress(ValueError):
            made = reading(str(said))
            return made.timestamp() if made.tzinfo else None
    return None
