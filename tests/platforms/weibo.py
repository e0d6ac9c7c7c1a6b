"""Weibo's multimedia service and timeline on this machine, as its clients use them, and a memory of who posted which video.

A last section that comes again after it was taken makes another post: whether the real one does so is not known, so the worst is.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from platforms import Answer, Request, Trouble
from platforms.numbered import Numbered, Routes, Wrong

PARAM, NO_RIGHT, NO_API, EXPIRED, TOO_LONG, RATE = 10017, 10014, 10020, 21327, 20012, 10023


@dataclass
class File:
    name: str
    length: int
    check: str
    text: str
    visible: int
    sections: dict[int, bytes] = field(default_factory=dict)


@dataclass
class Posted:
    """A post: the number of its video and the timeline's, its text, and the SHA-256 of its video."""

    number: str
    status: int
    digest: str
    text: str
    visible: int
    at: float
    seen_after: int  # timelines


class Weibo(Numbered):
    """`section` is the KB of a section, `timeline` whether the app may read it, `list_after` in how many timelines a post is not there
    yet and `shown_after` for how many s, `fids` whether they name the video, `spoils` how many of the next sections arrive damaged.
    `dates` is the form of a post's time, `posted_before` the text of a post of the day before, "" for a new account, `instead` what is
    answered instead of a timeline."""

    token = "2.00secret-one"
    section, timeline, list_after, shown_after, fids, spoils = 256, True, 0, 0.0, True, 0
    dates, posted_before = "%a %b %d %H:%M:%S %z %Y", "早上好"
    instead: dict[str, Any] | None = None
    posts: dict[str, Posted]

    def __init__(self, trouble: Trouble | None = None, **settings: Any) -> None:
        super().__init__(trouble, **settings)
        self.files: dict[str, File] = {}
        self.offsets: list[int] = []  # of the sections taken

    def bears_twice(self, request: Request) -> bool:
        """All but a last section, which is a post each time that it comes: no client could help that."""
        file = self.files.get(request.query.get("filetoken", ""))
        return file is None or int(request.query.get("startloc", 0)) + self.section * 1024 < file.length

    def signed(self, request: Request) -> str | None:
        return request.query.get("access_token")

    def told(self, data: dict[str, Any]) -> Answer:
        return Answer(json=data)

    def refused(self, request: Request, wrong: Wrong, code: int | str) -> Answer:
        return Answer(wrong.status, {"error": str(wrong), "error_code": code, "request": request.path, "http_code": wrong.status})

    def done(self, request: Request) -> dict[str, Any]:
        routes: Routes = {
            ("POST", "/2/multimedia/open_init.json"): self._init,
            ("POST", "/2/multimedia/open_upload.json"): self._upload,
            ("GET", "/2/statuses/user_timeline.json"): self._timeline,
        }
        if (route := routes.get((request.method, request.path))) is None:
            raise Wrong(NO_API, "Request api not found", 404)
        return route(request)

    def _must_be_signed(self, request: Request) -> None:
        if self.signed(request) not in self.tokens:
            raise Wrong(EXPIRED, "expired_token", 401)

    def _init(self, request: Request) -> dict[str, Any]:
        self._must_be_signed(request)
        asked = request.query | request.form()
        lacking = {"type", "name", "length", "check", "client"} - set(asked)
        if lacking or asked["type"] != "video" or not asked["length"].isdigit() or len(asked["check"]) != 32:
            raise Wrong(PARAM, f"lacks {lacking}")
        if len(asked.get("status_text", "")) > 2000:
            raise Wrong(TOO_LONG, "text too long")
        if len("&".join(request.query.values())) > 1000:
            raise Wrong(10018, "address too long", 414)
        token = f"file-{next(self._numbers):04}"
        visible = int(asked.get("status_visible", 0))
        self.files[token] = File(asked["name"], int(asked["length"]), asked["check"], asked.get("status_text", ""), visible)
        return {"fileToken": token, "length": str(self.section) if self.words else self.section, "urlTag": 1}

    def _upload(self, request: Request) -> dict[str, Any]:
        query, size = request.query, self.section * 1024
        if (file := self.files.get(query.get("filetoken", ""))) is None:
            raise Wrong(PARAM, "filetoken")
        start = int(query.get("startloc", -1))
        expected = min(size, file.length - start)
        fits = start % size == 0 and start <= sum(map(len, file.sections.values())) and len(request.body) == expected
        if not fits or query.get("check") != file.check or query.get("filelength") != str(file.length) or "client" not in query:
            raise Wrong(PARAM, "startloc, check, filelength or client")
        if self.spoils:
            self.spoils -= 1
            return {"succ": False}
        if hashlib.md5(request.body).hexdigest() != query.get("sectioncheck"):
            raise Wrong(PARAM, "sectioncheck")
        file.sections[start] = request.body
        self.offsets.append(start)
        if start + size < file.length:
            return {"succ": True}
        body = b"".join(file.sections[at] for at in sorted(file.sections))
        if hashlib.md5(body).hexdigest() != file.check:
            raise Wrong(PARAM, "check")
        number = f"{next(self._numbers):016}"
        status, digest = 5_000_000_000_000_000 + next(self._numbers), hashlib.sha256(body).hexdigest()
        self.posts[number] = Posted(number, status, digest, file.text, file.visible, self.now(), self.list_after)
        return {"fid": f"1034:{number}"}

    def _timeline(self, request: Request) -> dict[str, Any]:
        self._must_be_signed(request)
        if not self.timeline:
            raise Wrong(NO_RIGHT, "Insufficient app permissions", 403)
        if self.instead is not None:
            return self.instead
        shown = []
        for post in reversed(self.posts.values()):
            if self.now() < post.at + self.shown_after:
                continue
            if post.seen_after:
                post.seen_after -= request.query.get("page", "1") == "1"
                continue
            text = post.text if len(post.text) <= 140 else post.text[:136] + "...全文"
            status = self._status(post.status, text, post.at)
            shown.append(status | ({"page_info": {"type": "11", "object_id": f"1034:{post.number}"}} if self.fids else {}))
        if self.posted_before:
            shown.append(self._status(4_000_000_000_000_000, self.posted_before, self.now() - 86400))
        count, page = min(int(request.query.get("count", 20)), 100), int(request.query.get("page", 1))
        return {"statuses": shown[count * (page - 1) : count * page], "total_number": len(shown)}

    def _status(self, number: int, text: str, at: float) -> dict[str, Any]:
        made = datetime.fromtimestamp(at, UTC).strftime(self.dates)
        return {"id": number, "idstr": str(number), "text": text, "created_at": made}
