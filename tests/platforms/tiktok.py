"""TikTok on this machine: the Content Posting API v2, held to its contract.

A post comes to be when the last byte of its video is there, whether or not anybody asks for its status afterwards, as on the
platform: `posts` has them by publish_id, `times` says how often a video was posted.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

from platforms import Answer, Platform, Request, Trouble

LEAST, MOST, LAST_MOST = 5 * 1024 * 1024, 64_000_000, 128_000_000  # bytes of a chunk, by the narrower reading of "MB"
LIMITS = {"init": 6, "creator_info": 20, "status": 30}  # requests a minute of a token
BEARER = re.compile(r"Bearer (\S+)")
RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")


def digest(video: bytes) -> str:
    return hashlib.sha256(video).hexdigest()


@dataclass
class Upload:
    """What an init began. `length` is the chunks' length as it was declared; `asked` counts the questions after all was there."""

    body: dict[str, Any]
    draft: bool
    begun: float
    size: int = 0
    length: int = 0
    secret: str = ""
    data: bytearray = field(default_factory=bytearray)
    failed: str = ""
    asked: int = 0
    address: str = ""  # that a pulled video lies at

    @property
    def whole(self) -> bool:
        return bool(self.address) or len(self.data) == self.size


@dataclass(frozen=True)
class Posted:
    digest: str
    draft: bool
    info: dict[str, Any]


class TikTok(Platform):
    """`tokens` are good as long as they are in the set; each is good for `uses` requests where that is not 0. `processing` is how many
    questions for a status are answered with "not yet", `life` how long an upload's address can be sent to. Set `fails` to let the next
    uploads fail for these reasons, `refuses` to (part of a path, HTTP status, code) for the next requests there, `shelf` to what lies at
    addresses that videos are fetched from, on the hosts of `domains`: the server hands out what lies at its own. One that
    `tells_too_much` says in its errors what it was sent, and where uploads go."""

    def __init__(
        self, trouble: Trouble | None = None, *, processing: int = 1, life: float = 3600.0, uses: int = 0,
        limits: dict[str, int] | None = None,
    ) -> None:  # fmt: skip
        super().__init__(trouble)
        self.processing, self.life, self.uses = processing, life, uses
        self.scopes: tuple[str, ...] = ("video.publish", "video.upload")
        self.limits = LIMITS if limits is None else limits
        self.tokens = {"act.first-token"}
        self.creator: dict[str, Any] = {
            "creator_avatar_url": "https://p16.example/a.webp", "creator_username": "corner.th", "creator_nickname": "Corner",
            "privacy_level_options": ["PUBLIC_TO_EVERYONE", "MUTUAL_FOLLOW_FRIENDS", "FOLLOWER_OF_CREATOR", "SELF_ONLY"],
            "comment_disabled": False, "duet_disabled": False, "stitch_disabled": False, "max_video_post_duration_sec": 300,
        }  # fmt: skip
        self.audited, self.tells_bytes, self.tells_too_much = True, True, False
        self.domains, self.shelf = {"127.0.0.1"}, dict[str, bytes]()
        self.fails: list[str] = []
        self.refuses: list[tuple[str, int, str]] = []
        self.uploads: dict[str, Upload] = {}
        self.posts: dict[str, Posted] = {}
        self.bytes_sent = 0
        self._used: dict[str, int] = {}
        self._times: dict[tuple[str, str], list[float]] = {}

    def times(self, video: bytes) -> int:
        return sum(post.digest == digest(video) for post in self.posts.values())

    def token(self) -> str:
        """A new token; the ones before it end."""
        self.tokens = {f"act.token-{len(self.seen)}-{len(self._used)}"}
        return next(iter(self.tokens))

    def bears_twice(self, request: Request) -> bool:
        """All but what TikTok is to fetch itself, which is a post each time that it is asked for."""
        return "init/" not in request.path or (request.json().get("source_info") or {}).get("source") != "PULL_FROM_URL"

    def answer(self, request: Request) -> Answer:
        answer = self._answer(request)
        if self.tells_too_much and answer.status >= 400:
            places = [self._upload_address(publish_id, upload) for publish_id, upload in self.uploads.items()]
            answer.json["error"] |= {"message": " ".join((*places, request.headers.get("authorization", ""), "is not what we like"))}
        return answer

    def _answer(self, request: Request) -> Answer:
        planned = next((r for r in self.refuses if r[0] in request.path), None)
        if planned:
            self.refuses.remove(planned)
            return error(planned[1], planned[2])
        if request.path == "/upload/video/" and request.method == "PUT":
            return self._chunk(request)
        if request.method == "GET" and (video := self.shelf.get(self.address + request.path)) is not None:
            return Answer(raw=video, kind="video/mp4")
        routes: dict[str, tuple[str, str, Callable[[Request], Answer]]] = {
            "creator_info/query/": ("creator_info", "video.publish", lambda _: ok(self.creator)),
            "video/init/": ("init", "video.publish", lambda r: self._init(r, draft=False)),
            "inbox/video/init/": ("init", "video.upload", lambda r: self._init(r, draft=True)),
            "status/fetch/": ("status", "", self._status),
            "cancel/": ("cancel", "", self._cancel),
        }
        route = routes.get(request.path.removeprefix("/v2/post/publish/"))
        if route is None or request.method != "POST":
            return error(404, "unsupported_path")
        name, scope, serve = route
        return self._refused(request, name, scope) or serve(request)

    def _refused(self, request: Request, name: str, scope: str) -> Answer | None:
        bearer = BEARER.fullmatch(request.headers.get("authorization", ""))
        token = bearer[1] if bearer else ""
        if token not in self.tokens or (self.uses and self._used.get(token, 0) >= self.uses):
            return error(401, "access_token_invalid")
        self._used[token] = self._used.get(token, 0) + 1
        if scope and scope not in self.scopes:
            return error(401, "scope_not_authorized")
        if not request.headers.get("content-type", "").startswith("application/json"):
            return error(400, "invalid_params")
        now = self.now()
        recent = [at for at in self._times.get((token, name), []) if now - at < 60]
        if len(recent) >= self.limits.get(name, 10**9):
            return replace(error(429, "rate_limit_exceeded"), headers={"Retry-After": "60"})
        self._times[token, name] = [*recent, now]
        return None

    def _init(self, request: Request, *, draft: bool) -> Answer:
        body = request.json()
        info, source = body.get("post_info"), body.get("source_info") or {}
        wrong = None if draft else self._wrong_post(info)
        if wrong or (draft and info is not None):
            return wrong or error(400, "invalid_params", "post_info is of direct posts")
        if draft and sum(u.draft and u.whole and not u.failed for u in self.uploads.values()) >= 5:
            return error(403, "spam_risk_too_many_pending_share")
        upload = Upload(body, draft, self.now())
        publish_id = f"v_{'inbox' if draft else 'pub'}_{'url' if 'video_url' in source else 'file'}~v2.{7000 + len(self.uploads)}"
        said = {"publish_id": publish_id}
        if source.get("source") == "PULL_FROM_URL":
            address = urlsplit(str(source.get("video_url")))
            if address.scheme != "https" and address.netloc != urlsplit(self.address).netloc:
                return error(400, "invalid_params", "video_url")
            if address.hostname not in self.domains:
                return error(403, "url_ownership_unverified")
            upload.address = address.geturl()
        elif source.get("source") == "FILE_UPLOAD":
            size, length, count = (source.get(name) for name in ("video_size", "chunk_size", "total_chunk_count"))
            if not all(type(n) is int for n in (size, length, count)) or not by_the_rules(size, length, count):
                return error(400, "invalid_params", "chunks")
            upload.size, upload.length, upload.secret = size, length, f"Xza{len(self.uploads)}secret"
            said["upload_url"] = self._upload_address(publish_id, upload)
        else:
            return error(400, "invalid_params", "source")
        upload.failed = self.fails.pop(0) if self.fails else ""
        self.uploads[publish_id] = upload
        if upload.address:
            self._finish(publish_id, upload)
        return ok(said)

    def _upload_address(self, publish_id: str, upload: Upload) -> str:
        return f"{self.address}/upload/video/?upload_id={publish_id}&upload_token={upload.secret}"

    def _wrong_post(self, info: Any) -> Answer | None:
        if not isinstance(info, dict) or type(info.get("brand_content_toggle")) is not bool:
            return error(400, "invalid_params", "brand_content_toggle")
        if len(str(info.get("title", "")).encode("utf-16-le")) // 2 > 2200:
            return error(400, "invalid_params", "title")
        cover = info.get("video_cover_timestamp_ms", 0)
        if type(cover) is not int or cover < 0:
            return error(400, "invalid_params", "video_cover_timestamp_ms")
        if any(self.creator[f"{name}_disabled"] and not info.get(f"disable_{name}") for name in ("comment", "duet", "stitch")):
            return error(400, "invalid_params", "the creator has disabled that")
        if info.get("privacy_level") not in self.creator["privacy_level_options"]:
            return error(403, "privacy_level_option_mismatch")
        if not self.audited and info["privacy_level"] != "SELF_ONLY":
            return error(403, "unaudited_client_can_only_post_to_private_accounts")
        return None

    def _chunk(self, request: Request) -> Answer:
        upload = self.uploads.get(request.query.get("upload_id", ""))
        if upload is None or upload.secret != request.query.get("upload_token") or upload.whole or upload.failed == "publish_cancelled":
            return Answer(404, {})
        if self.now() - upload.begun > self.life:
            return Answer(403, {})
        if request.headers.get("content-type") != "video/mp4" or "authorization" in request.headers:
            return Answer(400, {})
        said = RANGE.fullmatch(request.headers.get("content-range", ""))
        first, last, total = map(int, said.groups()) if said else (-1, -1, -1)
        have, count = len(upload.data), upload.size // upload.length
        end = upload.size if have // upload.length == count - 1 else have + upload.length
        if (first, last + 1, total) != (have, end, upload.size) or len(request.body) != last + 1 - first:
            return Answer(416, {})
        upload.data += request.body
        self.bytes_sent += len(request.body)
        if upload.whole:
            self._finish(request.query["upload_id"], upload)
        return Answer(201 if upload.whole else 206, {}, {"Content-Range": f"bytes 0-{last}/{total}"})

    def _finish(self, publish_id: str, upload: Upload) -> None:
        """All of it is there: a post comes to be, unless it is to fail."""
        video = self.shelf.get(upload.address) if upload.address else bytes(upload.data)
        if video is None:
            upload.failed = upload.failed or "video_pull_failed"
        if video is not None and not upload.failed:
            self.posts[publish_id] = Posted(digest(video), upload.draft, upload.body.get("post_info") or {})

    def _status(self, request: Request) -> Answer:
        upload = self.uploads.get(request.json().get("publish_id"))
        if upload is None:
            return error(400, "invalid_publish_id")
        bytes_there = {"downloaded_bytes" if upload.address else "uploaded_bytes": len(upload.data)} if self.tells_bytes else {}
        if upload.failed and (upload.whole or upload.failed == "publish_cancelled"):
            return ok({"status": "FAILED", "fail_reason": upload.failed, "publicaly_available_post_id": [], **bytes_there})
        if upload.whole:
            upload.asked += 1
        if not upload.whole or upload.asked <= self.processing:
            return ok({"status": "PROCESSING_DOWNLOAD" if upload.address else "PROCESSING_UPLOAD", **bytes_there})
        if upload.draft:
            return ok({"status": "SEND_TO_USER_INBOX", **bytes_there})
        public = upload.body["post_info"]["privacy_level"] == "PUBLIC_TO_EVERYONE"
        ids = [7_500_000_000_000_000_000 + list(self.uploads.values()).index(upload)] if public else []
        return ok({"status": "PUBLISH_COMPLETE", "publicaly_available_post_id": ids, **bytes_there})

    def _cancel(self, request: Request) -> Answer:
        upload = self.uploads.get(request.json().get("publish_id"))
        if upload is None:
            return error(400, "invalid_publish_id")
        if upload.whole or upload.failed == "publish_cancelled":
            return error(400, "publish_not_cancellable")
        upload.failed = "publish_cancelled"
        return ok({})


def by_the_rules(size: int, length: int, count: int) -> bool:
    if not 0 < size <= 4_000_000_000 or not 0 < length <= size or count != size // length or not 1 <= count <= 1000:
        return False
    last = size - (count - 1) * length
    if size < LEAST:
        return length == size
    return LEAST <= length <= MOST and last <= LAST_MOST and (size <= MOST or count > 1)


def ok(data: Any) -> Answer:
    return Answer(200, {"data": data, "error": {"code": "ok", "message": "", "log_id": "2026"}})


def error(status: int, code: str, message: str = "") -> Answer:
    return Answer(status, {"data": {}, "error": {"code": code, "message": message, "log_id": "2026"}})
