"""TikTok, by its Content Posting API v2: posts, or drafts in the creator's inbox.

An upload has an id from its first answer on (`publish_id`), which is noted before a byte of the video is sent: whatever happens
afterwards, the platform is asked what became of it before anything is sent again. An upload that lacks bytes can't become a post:
from just before its last chunk until its end is known, `entry.sent` is one of the words below.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from string import Formatter
from time import monotonic, sleep
from typing import Any, ClassVar, Literal, Self
from urllib.parse import quote

from pydantic import Field, ValidationError, field_validator, model_validator

from localize.domain import Channel, Finding, Receipt, Severity
from localize.engines import Card, Options
from localize.errors import CrossreelError, Transient, UserError
from localize.publish import Entry, Parcel, Unknown, must_be_publishable
from localize.publish.post import measure, rendered, rules
from localize.publish.tiktok_api import CANCEL, CREATOR, INIT, LATER, LONGEST_PAUSE, STATUS, TRIES, Api, failure, refusal
from localize.publish.wire import NoAnswer, is_safe

# Of a chunk and of a whole file, by the narrower reading of TikTok's "MB".
LEAST, MOST, FILE_MOST = 5 * 1024 * 1024, 64_000_000, 4_000_000_000
CHUNKS_MOST = 1000

UPLOADS = 2  # that one call begins: a second one where the first one's address ended
LAST, WHOLE, LET_GO, FETCH = "the last chunk", "the whole video", "a request to cancel, after the last chunk", "a request to fetch"
ADDRESS_LIFE = 3600.0 + 600.0  # s after which nothing can be sent to an upload's address: TikTok's hour, and its clocks that differ
LONGEST = 86400.0  # s that TikTok may work on a post before somebody has to look

PRIVACY = {
    "public": "PUBLIC_TO_EVERYONE", "friends": "MUTUAL_FOLLOW_FRIENDS", "followers": "FOLLOWER_OF_CREATOR", "private": "SELF_ONLY",
}  # fmt: skip
NOBODYS = "v_inbox_file~v2.0"  # an upload's id that is none
TICK = "a draft carries no text and no AI declaration: in TikTok's app, add the text and turn on “AI-generated content” before posting"


def chunks(size: int, chunk_size: int) -> list[tuple[int, int]]:
    """The (first, last) bytes of a file's chunks, in order: all as long as the first, which is what TikTok is told, but the last,
    which also takes what is left over. As near to `chunk_size` as the rules let them be."""
    length = min(max(chunk_size, LEAST, -(-size // CHUNKS_MOST)), MOST)
    if size < 2 * length:
        length = size if size <= MOST else size // 2
    count = size // length
    return [(i * length, (size if i == count - 1 else (i + 1) * length) - 1) for i in range(count)]


class TikTokOptions(Options):
    """What a channel of TikTok may say. `cover` is the second of the clip that its picture is taken from; `brand_organic` declares that
    the clip promotes the seller's own business, `brand_content` that it is a paid partnership. A run asks every `poll` seconds, for
    `patience` seconds, whether TikTok is done; the next run asks on."""

    mode: Literal["direct", "draft"] = "direct"
    source: Literal["file", "url"] = "file"
    url_template: str = ""
    comments: bool = True
    duet: bool = True
    stitch: bool = True
    brand_organic: bool = True
    brand_content: bool = False
    cover: float = Field(default=1.0, ge=0)
    chunk_size: int = Field(default=10_000_000, ge=LEAST, le=MOST)
    poll: float = Field(default=5.0, gt=0)
    patience: float = Field(default=120.0, ge=0)
    api: str = "https://open.tiktokapis.com"

    @field_validator("url_template")
    @classmethod
    def _known_fields(cls, template: str) -> str:
        if not template:
            return template
        known = ("campaign", "channel", "clip", "language", "market", "sku")
        try:
            unknown = sorted({name for _, name, _, _ in Formatter().parse(template) if name is not None and name not in known})
        except ValueError as e:
            raise ValueError(f"url_template: {e}") from None
        if unknown:
            raise ValueError(f"url_template: {{{unknown[0]}}} is not known; known are {', '.join(f'{{{name}}}' for name in known)}")
        if not is_safe(template):
            raise ValueError("url_template: TikTok fetches only from addresses that begin with https://")
        return template

    @model_validator(mode="after")
    def _has_address(self) -> Self:
        if (self.source == "url") != bool(self.url_template):
            raise ValueError('source: url and url_template go together: "https://cdn.shop.example/{language}/{sku}.mp4"')
        return self


@dataclass(frozen=True)
class _State:
    """What TikTok says of an upload. `uploaded` is None where it does not say how many bytes it has."""

    status: str
    reason: str
    post_id: str
    uploaded: int | None


class TikTokPublisher:
    card: ClassVar[Card] = Card(
        name="tiktok", stage="publish", about="TikTok, by its Content Posting API: posts, or drafts in the inbox", version="1",
        licence="Apache-2.0",
    )  # fmt: skip
    ChannelOptions: ClassVar[type[Options]] = TikTokOptions
    repeatable: ClassVar[bool] = False

    def missing(self) -> str:
        return ""

    def fingerprint(self) -> str:
        return f"tiktok-{self.card.version}"

    def publish(self, parcel: Parcel, entry: Entry) -> Receipt:
        must_be_publishable(parcel.clip)
        about = parcel.about
        if entry.sent and not entry.publish_id:
            raise Unknown(_unanswered(about, parcel.channel.account or parcel.channel.name))
        _fetching(entry)
        options = _options(parcel.channel)
        upload = _Upload(parcel, entry, options, Api(about, parcel.channel, options.api, entry))
        for _ in range(UPLOADS):
            if not entry.publish_id:
                upload.begin()
            if receipt := upload.follow():
                return receipt
        raise Transient(f"{about}: TikTok ended the upload before all of it was there, and again. The next run begins it anew.")

    def check(self, channel: Channel) -> list[Finding]:
        """Asks for the token, and whether the account may post as the channel wants it."""
        try:
            options = _options(channel)
            api = Api(channel.name, channel, options.api)
            api.account.token()
            needed = "video.publish" if options.mode == "direct" else "video.upload"
            if api.account.scopes and needed not in api.account.scopes:
                raise refusal(channel.name, api.account.name, "scope_not_authorized", 401, f"{needed} is missing")
            creator: dict[str, Any] = {}
            if options.mode == "direct":
                creator = api.ask(CREATOR, {})
                _privacy(channel, options, creator, channel.name)
            else:  # which no creator's setting forbids
                with suppress(Unknown, UserError):  # a good token is told that there is no such upload
                    api.ask(STATUS, {"publish_id": NOBODYS})
        except CrossreelError as e:
            return [_finding("warn" if isinstance(e, Transient) else "block", str(e))]
        closed = [name for name, wanted in _wanted(options).items() if wanted and creator.get(f"{name}_disabled")]
        told = [f"{channel.name}: the account has {' and '.join(closed)} turned off; posts go out without."] if closed else []
        told.append(f"{channel.name}: TikTok tells no daily quota: only the channel's `daily` keeps within what it takes.")
        return [_finding("info", message) for message in told]


def _finding(severity: Severity, message: str) -> Finding:
    return Finding(check="channel", severity=severity, message=message)


def _options(channel: Channel) -> TikTokOptions:
    """A channel's options. Raises UserError with the first that is wrong."""
    try:
        return TikTokOptions.model_validate(channel.options)
    except ValidationError as e:
        wrong = e.errors()[0]
        where = ".".join(("options", *map(str, wrong["loc"])))
        raise UserError(f"channel {channel.name}: {where}: {wrong['msg'].removeprefix('Value error, ')}.") from None


def _wanted(options: TikTokOptions) -> dict[str, bool]:
    return {"comment": options.comments, "duet": options.duet, "stitch": options.stitch}


def _privacy(channel: Channel, options: TikTokOptions, creator: dict[str, Any], about: str) -> str:
    """TikTok's name of whom a post is for. Raises UserError where the account does not offer it."""
    offered = [str(level) for level in creator.get("privacy_level_options") or ()]
    if not offered:
        raise Transient(f"{about}: TikTok does not say whom the account may post for. {LATER}")
    if PRIVACY[channel.privacy] not in offered:
        names = [ours for ours, theirs in PRIVACY.items() if theirs in offered]
        raise UserError(
            f"{about}: TikTok does not offer privacy {channel.privacy!r} to this account, only {', '.join(names) or 'none'}: write one of "
            "these as the channel's `privacy`. An app that TikTok has not audited may post privately only."
        )
    if options.brand_content and channel.privacy == "private":
        raise UserError(f"{about}: TikTok takes no paid partnership that only you can see: another `privacy`, or `brand_content: false`.")
    return PRIVACY[channel.privacy]


def _unanswered(about: str, account: str) -> str:
    return (
        f"{about}: TikTok was asked to fetch the clip and did not answer, so nobody can tell whether it is posted. Look at {account} on "
        "TikTok. With `source: file` this can't happen."
    )


def _fetching(entry: Entry) -> None:
    """Say of an upload whose bytes TikTok fetches that it may become a post: noting its id has said that its beginning was answered."""
    if entry.publish_id and entry.kept.get("source") == "url" and not entry.sent:
        entry.sending(FETCH)


class _Upload:
    """One parcel's way to TikTok, as its entry knows it."""

    def __init__(self, parcel: Parcel, entry: Entry, options: TikTokOptions, api: Api) -> None:
        self.parcel, self.entry, self.options, self.api, self.about = parcel, entry, options, api, api.about
        self._begun = False  # by this worker

    def begin(self) -> None:
        """Begin an upload, and send the file's bytes unless TikTok fetches them itself."""
        self._begun = True
        source, address, size = self._source()
        info, creator = self._post_info() if self.options.mode == "direct" else ({}, "")
        body = {"post_info": info, "source_info": source} if info else {"source_info": source}
        try:
            data = self.api.ask(INIT[self.options.mode, self.options.source], body)
            publish_id, address = str(data.get("publish_id") or ""), str(data.get("upload_url") or address)
            if not publish_id or not address:
                raise NoAnswer(f"{self.about}: TikTok began an upload and did not say how to go on with it.")
        except NoAnswer:
            if self.options.source == "url":
                raise Unknown(_unanswered(self.about, self.api.account.name)) from None
            raise  # an upload without bytes can't become a post: another one is begun
        self.entry.note(
            publish_id=publish_id, mode=self.options.mode, source=self.options.source, size=size, creator=creator, let_go=False,
            begun=self.api.wire.now(),
        )  # fmt: skip
        _fetching(self.entry)
        if self.options.source == "file":
            self.api.secret = address
            self._send(address, size)

    def _source(self) -> tuple[dict[str, Any], str, int]:
        """The `source_info` of an upload, the address that TikTok fetches from ("" for a file), the file's size."""
        clip, channel = self.parcel.clip, self.parcel.channel
        if self.options.source == "url":
            fields = {
                "campaign": self.parcel.campaign, "channel": channel.name, "clip": clip.key.rpartition("/")[2], "language": clip.language,
                "market": channel.market, "sku": clip.sku,
            }  # fmt: skip
            address = self.options.url_template.format_map({name: quote(value, safe="") for name, value in fields.items()})
            self.api.must_lie_at(address, Path(clip.video))
            return {"source": "PULL_FROM_URL", "video_url": address}, address, 0
        video = Path(clip.video)
        size = video.stat().st_size if video.is_file() else 0
        if not 0 < size <= FILE_MOST:
            raise UserError(
                f"{self.about}: {video} has {size} bytes; TikTok takes up to {FILE_MOST}. "
                + ("Run the campaign again to make the clip." if not size else "Make the clip shorter.")
            )
        parts = chunks(size, self.options.chunk_size)
        length = parts[0][1] + 1
        return {"source": "FILE_UPLOAD", "video_size": size, "chunk_size": length, "total_chunk_count": len(parts)}, "", size

    def _post_info(self) -> tuple[dict[str, Any], str]:
        """What is said of a post, within what TikTok lets this creator say, and the creator's name there."""
        clip, options = self.parcel.clip, self.options
        creator = self.api.ask(CREATOR, {})
        privacy = _privacy(self.parcel.channel, options, creator, self.about)
        longest = creator.get("max_video_post_duration_sec")
        if longest and clip.duration > float(longest):
            raise UserError(
                f"{self.about}: the clip lasts {clip.duration:.1f} s and TikTok takes {longest} s from this account. Make it shorter "
                "with the campaign's `script: length`."
            )
        title, limit = rendered(self.parcel.post, "tiktok"), rules("tiktok").text
        if (length := measure(title, limit.unit)) > limit.most:
            raise UserError(
                f"{self.about}: the text has {length} UTF-16 units and TikTok takes {limit.most}. Shorten the channel's hashtags."
            )
        closed = {f"disable_{name}": not on or bool(creator.get(f"{name}_disabled")) for name, on in _wanted(options).items()}
        info = {
            "title": title, "privacy_level": privacy, **closed, "is_aigc": True, "brand_content_toggle": options.brand_content,
            "brand_organic_toggle": options.brand_organic, "video_cover_timestamp_ms": round(min(options.cover, clip.duration) * 1000),
        }  # fmt: skip
        return info, str(creator.get("creator_username") or "")

    def _send(self, address: str, size: int) -> None:
        """Send the file's chunks to an address that needs no token, and so is kept nowhere. Returns before all are there where TikTok
        takes no more: its status tells why. Raises Transient where it can't be reached."""
        parts = chunks(size, self.options.chunk_size)
        at = trouble = 0
        while at < len(parts):
            if at + 1 == len(parts) and not self.entry.sent:
                self.entry.sending(LAST)
            status = self._put(address, *parts[at], size, pause=0.5 * 2**trouble)
            if status in (200, 201, 206):
                at, trouble = at + 1, 0
                continue
            if (trouble := trouble + 1) == TRIES:
                raise Transient(f"{self.about}: chunk {at + 1} of {len(parts)} did not arrive at TikTok in {TRIES} tries. {LATER}")
            if not status and at + 1 < len(parts):
                continue
            state = self._state()
            if state.status != "PROCESSING_UPLOAD":
                break
            if status in (403, 404):
                return
            if status not in (0, 416):
                raise refusal(self.about, self.api.account.name, f"HTTP {status}", status, f"chunk {at + 1} of {len(parts)}")
            if state.uploaded is not None:
                at = sum(last < state.uploaded for _, last in parts)
        self.entry.sending(WHOLE)

    def _put(self, address: str, first: int, last: int, size: int, *, pause: float) -> int:
        """Send one chunk: the answer's status, 0 for none. Waits before it returns without one."""
        headers = {
            "Content-Type": "video/mp4", "Content-Length": str(last - first + 1), "Content-Range": f"bytes {first}-{last}/{size}",
        }  # fmt: skip
        try:
            return self.api.wire.call("PUT", address, headers=headers, content=_read(Path(self.parcel.clip.video), first, last)).status_code
        except Transient as e:
            if (e.retry_after or 0.0) > LONGEST_PAUSE:
                raise type(e)(f"{self.about}: {e} {LATER}", retry_after=e.retry_after) from None
            sleep(max(pause, e.retry_after or 0.0))
            return 0

    def _state(self) -> _State:
        data = self.api.ask(STATUS, {"publish_id": self.entry.publish_id})
        posts = data.get("publicaly_available_post_id") or data.get("publicly_available_post_id")
        uploaded = data.get("uploaded_bytes")
        return _State(
            str(data.get("status") or ""), str(data.get("fail_reason") or ""), str(posts[0]) if isinstance(posts, list) and posts else "",
            int(str(uploaded)) if str(uploaded).isdecimal() else None,
        )  # fmt: skip

    def follow(self) -> Receipt | None:
        """Wait, as long as the options say, for what becomes of the upload. None: it can't become a post any more, and the entry
        has forgotten it. Raises what its failure means."""
        until, cancelled = 0.0, False
        while True:
            state, kept = self._state(), self.entry.kept
            until = until or monotonic() + self._waits()
            if state.status == "PUBLISH_COMPLETE":
                return self._published(state.post_id)
            if state.status == "SEND_TO_USER_INBOX" and kept.get("mode") == "draft":
                return self.parcel.receipt("published", where=f"TikTok inbox of {self.api.account.name}", reason=TICK)
            if state.status == "FAILED":
                let_go = kept.get("let_go") or self.entry.sent == LET_GO
                self.entry.note(publish_id="")
                if state.reason == "publish_cancelled" and let_go:
                    return None
                raise failure(self.about, self.api.account.name, state.reason)
            if state.status == "PROCESSING_UPLOAD" and kept.get("source") == "file" and self._lacks_bytes(state):
                if not cancelled:
                    cancelled = True
                    self._cancel()
                    continue
                if not self.entry.sent or self._ran_out(state):
                    self.entry.note(publish_id="")
                    return None
            if self._age() > LONGEST:
                raise Unknown(
                    f"{self.about}: TikTok has had it for more than a day and says no more than {state.status!r}, so nobody can tell what "
                    f"becomes of it. Look at {self.api.account.name} on TikTok."
                )
            if monotonic() + self.options.poll > until:
                return self.parcel.receipt("processing", reason=f"TikTok says {state.status}; the next run asks again")
            sleep(self.options.poll)

    def _published(self, post_id: str) -> Receipt:
        creator = str(self.entry.kept.get("creator") or "")
        where = f"https://www.tiktok.com/@{creator}" if creator else ""
        return self.parcel.receipt("published", where=f"{where}/video/{post_id}" if where and post_id else where, post_id=post_id)

    def _lacks_bytes(self, state: _State) -> bool:
        """Whether bytes are missing that nobody can send any more: the upload's address went with the process that had it."""
        size = int(self.entry.kept.get("size") or 0)
        return self.entry.sent != WHOLE and (state.uploaded is None or state.uploaded < size)

    def _ran_out(self, state: _State) -> bool:
        """Whether the missing bytes can't be sent any more by whoever had the address. No bytes at all may mean that none were counted."""
        return bool(state.uploaded) and self._age() > ADDRESS_LIFE

    def _waits(self) -> float:
        """For how many seconds to ask: what was waited for is asked about once, and after a crash the rest of the wait is left."""
        patience = self.options.patience
        return patience if self._begun else min(patience, max(0.0, patience - self._age()))

    def _age(self) -> float:
        """The seconds since the upload was begun, by TikTok's clock: if this machine's jumps, no address is over, and no day."""
        return self.api.wire.now() - float(self.entry.kept.get("begun") or 0.0)

    def _cancel(self) -> None:
        """Ask TikTok to forget an unfinished upload, so that nobody can finish it. Whether it did, its status tells."""
        if self.entry.sent:
            self.entry.sending(LET_GO)
        else:
            self.entry.note(let_go=True)
        with suppress(Transient, UserError):
            self.api.ask(CANCEL, {"publish_id": self.entry.publish_id})


def _read(video: Path, first: int, last: int, block: int = 1 << 18) -> Iterator[bytes]:
    """The bytes of a file from the first to the last, in blocks."""
    with video.open("rb") as file:
        file.seek(first)
        for at in range(first, last + 1, block):
            yield file.read(min(block, last + 1 - at))
