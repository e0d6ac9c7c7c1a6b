"""Douyin's Open Platform: the clip is uploaded, whole or in parts, and then posted by create_video.

Facts: the platform's status codes (developer.open-douyin.com) and its own SDK (@open-dy/open_api_sdk 1.1.0). What keeps a clip from
being posted twice is that the platform takes a video_id once: whatever became of a create_video, the same one may be sent again.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, ClassVar

import httpx
from pydantic import Field

from localize.domain import Channel, Finding, Receipt, Severity
from localize.engines import Card, Options
from localize.errors import Blocked, CrossreelError, NotReady, Transient, UserError
from localize.publish import Entry, Parcel, Twin, Unknown, accounts, must_be_publishable
from localize.publish.post import rendered, rules
from localize.publish.refusals import HAND_OFF, Kind, Meaning, Platform, Refusal, Signer, as_number
from localize.publish.wire import NoAnswer, Wire

VIDEO = "/api/douyin/v1/video"
LIST = "/video/video_list/"
SCOPES = frozenset({"video.create.bind", "video.create"})

MB = 2**20
LARGEST = 4 * 10**9  # bytes
LONGEST = 15 * 60.0  # s
PRIVATE = {"public": 0, "private": 1, "friends": 2}
DECLARE = "still to be ticked by hand: the declaration “{}” in the post's settings at creator.douyin.com (the API has no field for it)"

PAGES = 5  # of 20 posts each, in which a post is looked for
SKEW = 600.0  # s by which the platform's clocks may differ
# A video_id that was given so lately has not lapsed: called invalid, it is used.
FRESH = 3600.0  # s

STALE = (401, 10008, 28001003, 28001008, 2190002, 2190008)  # codes: the token must be renewed
NO_SUCH_VIDEO = 2190007  # used, lapsed or never given: the platform has one code for all
LAPSED = frozenset({28001007, 2100005, NO_SUCH_VIDEO})  # how an upload_id that is no more can be refused
NO_RIGHT = frozenset({28001012, 28001014, 28001018, 28001019, 28001056, 2190003, 2190004, 2100007})

_ASK_FOR = f"Apply for it in the app's console at developer.open-douyin.com. {HAND_OFF}"
_ADD = "Let the account's owner allow it again: crossreel account add douyin {name}"
_ADDRESS = "api: must be the address of Douyin's Open Platform, https://open.douyin.com."

_soon: Kind = partial(Transient, retry_after=60.0)
_tomorrow: Kind = partial(Transient, retry_after=3600.0)

_MEANINGS: dict[tuple[int, ...], Meaning] = {
    (10001, 2100004, 28001005, 28001006): (NoAnswer, "Douyin is busy. It is tried again."),
    (10020, 28001052, 28003018, 2118110): (_soon, "There were too many requests. It is tried again later."),
    (2190001, 28003017): (_tomorrow, "The app's quota is used up. It is renewed every day; a greater one is applied for in the console."),
    (2114007,): (_tomorrow, "The account has posted as often as Douyin lets it in a day. Set `daily` on the channel to stay below."),
    STALE: (NotReady, f"The token is not taken, a new one neither. {_ADD}"),
    (28001015, 2190015): (NotReady, f"The token is another user's than the account's. {_ADD}"),
    (28001012, 2190003): (NotReady, f"The account has not allowed the app to post. {_ADD}"),
    (403, 28001014, 28001018, 2190004, 2100007): (NotReady, f"The app has no right to post videos (video.create.bind). {_ASK_FOR}"),
    (28001020,): (NotReady, f"The app is a test app and the account is not one of its testers. Add it in the app's console. {HAND_OFF}"),
    (28001021,): (NotReady, f"The test app has ended. Make it a regular one in the app's console. {HAND_OFF}"),
    (28001056,): (NotReady, f"Douyin has taken this part of its API away. {HAND_OFF}"),
    (404, 28001017): (UserError, _ADDRESS),
    (28001019,): (Blocked, f"Douyin has taken the right to post videos from the app. Ask Douyin's support. {HAND_OFF}"),
    (28001016, 2190016): (Blocked, f"Douyin has blocked the app. Ask Douyin's support. {HAND_OFF}"),
    (28001045,): (Blocked, "The account is closed. Take it out of the channel."),
    (28001046, 2100009): (Blocked, "Douyin has blocked the account. Its owner sees why in the Douyin app."),
    (28001047,): (Blocked, "The account is a private one. Its owner can open it in the Douyin app."),
    (28001007, 2100005, 10002): (UserError, "Douyin does not take one of the values sent. Look at the channel's options and the text."),
    (2114001,): (UserError, "The text is too long. Shorten the channel's hashtags or disclosure."),
    (2114006, 2190006): (UserError, "The clip is too long. Shorten it by `length` in the campaign's script."),
    (413, 2190005): (UserError, "The file is too large. Lower the campaign's video quality."),
    (NO_SUCH_VIDEO,): (Transient, "Douyin does not know the uploaded video, or no longer."),
}  # fmt: skip
ERRORS: dict[int, Meaning] = {code: meaning for codes, meaning in _MEANINGS.items() for code in codes}
DOUYIN = Platform("Douyin", PRIVATE, ERRORS, "developer.open-douyin.com, 状态码排查工具")


class DouyinOptions(Options):
    """Of a channel of kind `douyin`. Sizes in MB of 2^20 bytes, times in seconds."""

    api: str = "https://open.douyin.com"
    whole_mb: int = Field(default=47, ge=5, le=47, description="a larger file goes up in parts; Douyin takes 50 million bytes whole")
    part_mb: int = Field(default=20, ge=5, le=20, description="how large a part is; small ones lose less on a bad line")
    timeout: float = Field(default=60.0, gt=0, description="how long an answer may take")


class DouyinPublisher:
    card: ClassVar[Card] = Card(
        name="douyin", stage="publish", about="Douyin's Open Platform", version="1", licence="Apache-2.0", quality=5
    )
    ChannelOptions: ClassVar[type[Options]] = DouyinOptions
    repeatable: ClassVar[bool] = False

    def missing(self) -> str:
        return ""

    def fingerprint(self) -> str:
        return f"douyin-{self.card.version}"

    def publish(self, parcel: Parcel, entry: Entry) -> Receipt:
        """As Publisher.publish. `published` means that Douyin has made the post: what its review says of it is told by nobody."""
        must_be_publishable(parcel.clip)
        _must_fit(parcel)
        options = DouyinOptions.model_validate(parcel.channel.options)
        api = _Api(DOUYIN.account(parcel.channel), options, parcel.about)
        try:
            item_id = _Posting(parcel, entry, options, api).item_id()
        except Refusal as refusal:
            raise DOUYIN.error(refusal, parcel.about, api.account.name) from None
        declare = DECLARE.format(rules("douyin").declaration)
        return parcel.receipt("published", where=f"{api.account.name} on Douyin", reason=declare, post_id=item_id)

    def check(self, channel: Channel) -> list[Finding]:
        def look(account: accounts.Account) -> Iterator[tuple[Severity, str]]:
            api = _Api(account, DouyinOptions.model_validate(channel.options), channel.name)
            if account.scopes and not SCOPES & set(account.scopes):
                yield "block", f"{account.name} has not allowed the app to post (video.create.bind). {_ADD.format(name=account.name)}"
            try:
                api.ask("GET", LIST, params={"cursor": 0, "count": 1})
            except Refusal as refusal:
                if refusal.code not in NO_RIGHT:
                    raise
                yield "info", "The app may not read the account's posts (video.list): after a crash a post may be told without its number."

        return DOUYIN.checked(channel, look)


class _Api:
    """Douyin as one account sees it: every call with its token, which is renewed once where Douyin calls it stale."""

    def __init__(self, account: accounts.Account, options: DouyinOptions, about: str) -> None:
        if not account.open_id:
            lacks = accounts.variable("douyin", account.name, "open_id")
            raise NotReady(
                f"{about}: Douyin takes no call without the open_id of the account {account.name}, which is not known here.",
                missing=(lacks,), how=f"Set {lacks}, or sign in: crossreel account add douyin {account.name}",
            )  # fmt: skip
        self.account, self._name = account, f"{about}: Douyin"
        self._wire = Wire(self._name, options.api, timeout=httpx.Timeout(options.timeout, connect=10.0))
        self._signer = Signer(account, STALE)

    def ask(self, method: str, path: str, *, params: dict[str, Any] | None = None, **body: Any) -> dict[str, Any]:
        """The `data` of an answer. Raises Refusal, and what Wire.json raises."""
        return self._signer.ask(lambda token: self._once(token, method, path, params or {}, body))

    def now(self) -> float:
        """The time by Douyin's clock, in s since 1970."""
        return self._wire.now()

    def _once(self, token: str, method: str, path: str, params: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
        status, said = self._wire.json(
            method, path, headers={"access-token": token}, params={"open_id": self.account.open_id, **params}, **body
        )
        parts = [part for part in (said.get("data"), said.get("extra"), said) if isinstance(part, dict)]
        codes = [code for part in parts for name in ("error_code", "err_no") if (code := as_number(part.get(name))) is not None]
        if not codes and status < 400:
            raise NoAnswer(f"{self._name} ({method} {path}) answered {status} without saying how it went.")
        code = next((code for code in codes if code), status if status >= 400 else 0)
        if code:
            words = [str(part[name]) for part in parts for name in ("sub_description", "description", "err_msg") if part.get(name)]
            words += [f"logid {part['logid']}" for part in parts if part.get("logid")]  # which Douyin's support asks for
            raise Refusal(code, "; ".join(dict.fromkeys(words)).replace(token, "…"))
        return parts[0] if isinstance(said.get("data"), dict) else {}


class _Posting:
    """One clip on its way. The ledger holds: publish_id, the video_id once the file is up; `upload_id`, `parts` (how many are up),
    `part_bytes` and `file` (its SHA-256) before that; `text`, a digest of what it is to say; `image_id` of the cover; `item_id` once it
    is posted."""

    def __init__(self, parcel: Parcel, entry: Entry, options: DouyinOptions, api: _Api) -> None:
        self.parcel, self.entry, self.options, self.api, self.about = parcel, entry, options, api, parcel.about

    def item_id(self) -> str:
        """What Douyin calls the post, once it is posted: "" where it is posted and Douyin does not say."""
        if "item_id" in self.entry.kept:
            return str(self.entry.kept["item_id"])
        before = bool(self.entry.sent)
        if before and (certain := self._listed(self.entry.publish_id)[0]):
            return self._keep(certain)
        video_id = self.entry.publish_id or self._uploaded()
        try:
            return self._created(video_id)
        except Refusal as refusal:
            if refusal.code != NO_SUCH_VIDEO:
                error = DOUYIN.error(refusal, self.about, self.api.account.name)
                if not before or isinstance(error, Transient | NotReady):
                    raise
                raise self._unknown(f"{error} An earlier try to post it was never answered") from None
        return self._gone(video_id, before)

    def _gone(self, video_id: str, before: bool) -> str:
        """What to make of a video_id that Douyin does not take: it has lapsed, or it is used, by a try `before` that was not answered or
        by a request that something on the way has sent twice. A post with the same text since the upload tells which, unless it may be
        that of a twin, such as another size of the product."""
        certain, alike = self._listed(video_id)
        twins = self.entry.twins("text", str(self.entry.kept.get("text", "")))
        theirs = {str(twin.kept.get("item_id") or twin.post_id) for twin in twins}
        alike = [item_id for item_id in alike if item_id not in theirs]
        open_ended = any(twin.sent or (_is_out(twin) and not (twin.kept.get("item_id") or twin.post_id)) for twin in twins)
        found = certain or (alike[0] if len(alike) == 1 and not open_ended else "")
        fresh = self.api.now() - float(self.entry.kept.get("uploaded_at", 0)) < FRESH
        if found or (before and fresh):
            return self._keep(found)
        if before or fresh or alike:
            raise self._unknown(f"{self.about}: Douyin no longer takes the uploaded video ({NO_SUCH_VIDEO})")
        self.entry.note(publish_id="", upload_id="")
        return self._created(self._uploaded())

    def _keep(self, item_id: str) -> str:
        if not (item_id and self.entry.take({"item_id": item_id})):  # a twin that was told by its text may have it: both are out
            self.entry.note(item_id=item_id)
        return item_id

    def _unknown(self, why: str) -> Unknown:
        return Unknown(f"{why}, so it may be out: look at {self.api.account.name} on Douyin.")

    def _created(self, video_id: str) -> str:
        """Post it. Sent again for a post that was asked for before, only an answer that settles it may clear that."""
        before = bool(self.entry.sent)
        asked = {
            "video_id": video_id, "text": rendered(self.parcel.post, "douyin"), "custom_cover_image_url": self._cover(),
            "private_status": PRIVATE[self.parcel.channel.privacy],
        }  # fmt: skip
        self.entry.sending("create_video")
        try:
            data = self.api.ask("POST", f"{VIDEO}/create_video/", json=asked)
        except NoAnswer:
            raise
        except (Refusal, CrossreelError) as e:
            # Of what it has done all the same, Douyin may say that it is busy, that the video is used, or what is in no list.
            open_ended = isinstance(e, Refusal) and (e.code == NO_SUCH_VIDEO or ERRORS.get(e.code, (NoAnswer,))[0] is NoAnswer)
            if not (open_ended or before):
                self.entry.note()
            raise
        return self._keep(str(data.get("item_id") or ""))

    def _listed(self, video_id: str) -> tuple[str, list[str]]:
        """The item_id of the account's post with this video_id, "" for none; and of those with the same text since the upload that are
        not known to have another video."""
        since = float(self.entry.kept.get("uploaded_at", 0)) - SKEW
        text, alike, cursor = _plain(rendered(self.parcel.post, "douyin")), list[str](), 0
        for _ in range(PAGES):
            try:
                data = self.api.ask("GET", LIST, params={"cursor": cursor, "count": 20})
            except Refusal as refusal:
                if refusal.code in NO_RIGHT:
                    break
                raise
            items = [item for item in data.get("list") or [] if isinstance(item, dict)]
            for item in items:
                if item.get("video_id") == video_id:
                    return str(item.get("item_id")), []
                lately = (as_number(item.get("create_time")) or 0) >= since
                if lately and not item.get("video_id") and _plain(str(item.get("title"))) == text:
                    alike.append(str(item.get("item_id")))
            cursor = as_number(data.get("cursor")) or 0
            if not data.get("has_more") or not items:
                break
        return "", alike

    def _cover(self) -> str:
        if not (image_id := self.entry.kept.get("image_id")):
            with open(self.parcel.clip.cover, "rb") as cover:
                data = self.api.ask("POST", f"{VIDEO}/upload_image/", files={"image": ("cover.jpg", cover, "image/jpeg")})
            image_id = self._named(data, "image", "image_id")
            self.entry.note(image_id=image_id)
        return str(image_id)

    def _uploaded(self) -> str:
        """The video_id of the uploaded file. One whose number is never heard is uploaded again: it is no post by itself."""
        video = Path(self.parcel.clip.video)
        if video.stat().st_size <= self.options.whole_mb * MB:
            with video.open("rb") as file:
                data = self.api.ask("POST", f"{VIDEO}/upload_video/", files={"video": ("clip.mp4", file, "video/mp4")})
        else:
            data = self._in_parts(video)
        video_id = self._named(data, "video", "video_id")
        text = hashlib.sha256(_plain(rendered(self.parcel.post, "douyin")).encode()).hexdigest()[:16]
        self.entry.note(publish_id=video_id, uploaded_at=int(self.api.now()), text=text)
        return video_id

    def _named(self, data: dict[str, Any], what: str, name: str) -> str:
        thing = data.get(what)
        if not isinstance(thing, dict) or not thing.get(name):
            raise NoAnswer(f"{self.about}: Douyin took the {what} without giving its {name}.")
        return str(thing[name])

    def _in_parts(self, video: Path) -> dict[str, Any]:
        with video.open("rb") as file:
            of: dict[str, Any] = {"file": hashlib.file_digest(file, "sha256").hexdigest(), "part_bytes": self.options.part_mb * MB}
        kept = self.entry.kept
        if kept.get("upload_id") and all(kept.get(name) == value for name, value in of.items()):
            try:
                return self._parts(video, str(kept["upload_id"]), int(kept["parts"]), of["part_bytes"])
            except Refusal as refusal:
                if refusal.code not in LAPSED:
                    raise
        upload_id = self.api.ask("POST", f"{VIDEO}/init_video_part_upload/").get("upload_id")
        if not upload_id:
            raise NoAnswer(f"{self.about}: Douyin began an upload without naming it.")
        self.entry.note(upload_id=str(upload_id), parts=0, **of)
        return self._parts(video, str(upload_id), 0, of["part_bytes"])

    def _parts(self, video: Path, upload_id: str, done: int, size: int) -> dict[str, Any]:
        with video.open("rb") as file:
            while (part := _Part(file, done * size, size)).length:
                which = {"upload_id": upload_id, "part_number": done + 1}
                files = {"video": ("clip.mp4", part, "video/mp4")}
                self.api.ask("POST", f"{VIDEO}/upload_video_part/", params=which, files=files)
                done += 1
                self.entry.note(parts=done)
        return self.api.ask("POST", f"{VIDEO}/complete_video_part_upload/", params={"upload_id": upload_id})


class _Part(io.RawIOBase):
    """A part of a file as a file of its own, which is read as it is sent: what lies in memory of a request stays there for a while."""

    def __init__(self, file: BinaryIO, start: int, size: int) -> None:
        self._file, self._start, self._at = file, start, 0
        self.length = max(min(size, file.seek(0, io.SEEK_END) - start), 0)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.length}[whence]
        return self._at

    def tell(self) -> int:
        return self._at

    def read(self, size: int = -1) -> bytes:
        left = self.length - self._at
        self._file.seek(self._start + self._at)
        read = self._file.read(left if size < 0 else min(size, left))
        self._at += len(read)
        return read


def _must_fit(parcel: Parcel) -> None:
    """Raises UserError for what Douyin would refuse after an upload."""
    DOUYIN.must_fit(parcel)
    if parcel.clip.duration > LONGEST:
        raise UserError(f"{parcel.name} is {parcel.clip.duration / 60:.0f} minutes long and Douyin takes 15: shorten the script.")
    size = Path(parcel.clip.video).stat().st_size
    if not 0 < size <= LARGEST:
        raise UserError(f"{parcel.name} has {size / 1e9:.1f} GB and Douyin takes up to 4: lower the campaign's video quality.")


def _is_out(twin: Twin) -> bool:
    return twin.state == "published" or "item_id" in twin.kept


def _plain(text: str) -> str:
    """A text as it can be compared: Douyin's list has other spaces than were sent."""
    return "".join(text.split())
