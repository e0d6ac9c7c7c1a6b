"""Douyin's Open Platform on this machine: what its contract says, and a memory of who posted which video.

Errors come with HTTP 200 in the body. A video_id is taken once. Review is told by nobody: a post is in the list some calls later.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import Any

from platforms import Answer, Request, Trouble
from platforms.numbered import Numbered, Routes, Wrong

BUSY, PARAM, BAD_TOKEN, OTHER_USER, NO_RIGHT, QUOTA = 28001005, 28001007, 28001003, 28001015, 28001018, 28003017
TOO_LONG, NO_SUCH_VIDEO, TOO_LARGE = 2114001, 2190007, 2190005
MB = 2**20


@dataclass
class Upload:
    parts: dict[int, bytes] = field(default_factory=dict)


@dataclass
class Posted:
    """A post: what was sent for it, and the SHA-256 of its video."""

    item_id: str
    video_id: str
    digest: str
    text: str
    cover: str
    private: int
    at: float
    seen_after: int  # lists


class Douyin(Numbered):
    """`lists` tells whether the app may see the account's posts, `names_videos` whether the list has their video_ids, `list_after` in
    how many lists a post is not there yet, `daily` how many posts a day are taken."""

    token, open_id = "act.secret-one", "open-1"
    lists, names_videos, list_after, daily = True, True, 0, 75
    posts: dict[str, Posted]

    def __init__(self, trouble: Trouble | None = None, **settings: Any) -> None:
        super().__init__(trouble, **settings)
        self.uploads: dict[str, Upload] = {}
        self.videos: dict[str, str] = {}  # by video_id, the digest of what is not posted yet
        self.images: set[str] = set()
        self.part_sizes: list[int] = []

    def signed(self, request: Request) -> str | None:
        return request.headers.get("access-token")

    def told(self, data: dict[str, Any], code: int | str = 0, said: str = "") -> Answer:
        number = str(code) if self.words else code
        extra = {"error_code": number, "description": said, "sub_error_code": 0, "sub_description": "", "logid": "x", "now": 1}
        return Answer(json={"data": {**data, "error_code": number, "description": said}, "extra": extra})

    def refused(self, request: Request, wrong: Wrong, code: int | str) -> Answer:
        return self.told({}, code, str(wrong))

    def done(self, request: Request) -> dict[str, Any]:
        video = "/api/douyin/v1/video/"
        routes: Routes = {
            ("POST", f"{video}upload_video/"): self._upload_video,
            ("POST", f"{video}init_video_part_upload/"): self._init,
            ("POST", f"{video}upload_video_part/"): self._part,
            ("POST", f"{video}complete_video_part_upload/"): self._complete,
            ("POST", f"{video}upload_image/"): self._image,
            ("POST", f"{video}create_video/"): self._create,
            ("GET", "/video/video_list/"): self._list,
        }
        if (route := routes.get((request.method, request.path))) is None:
            raise Wrong(28001017, "unknown URI")
        if self.signed(request) not in self.tokens or "access_token" in request.query:
            raise Wrong(BAD_TOKEN, "access_token invalid")
        if request.query.get("open_id") != self.open_id:
            raise Wrong(OTHER_USER, "access_token and open_id do not match")
        return route(request)

    def _upload_video(self, request: Request) -> dict[str, Any]:
        body = only_field(request, "video")
        if len(body) > 50_000_000:
            raise Wrong(TOO_LARGE, "too large")
        return self._video(body)

    def _video(self, body: bytes) -> dict[str, Any]:
        video_id = f"v{next(self._numbers):04}"
        self.videos[video_id] = hashlib.sha256(body).hexdigest()
        return {"video": {"video_id": video_id, "width": 1080, "height": 1920}}

    def _init(self, request: Request) -> dict[str, Any]:
        upload_id = f"u{next(self._numbers):04}"
        self.uploads[upload_id] = Upload()
        return {"upload_id": upload_id}

    def _part(self, request: Request) -> dict[str, Any]:
        upload, number = self._begun(request), int(request.query.get("part_number", 0))
        if number < 1 or number > len(upload.parts) + 1:
            raise Wrong(PARAM, "part_number")
        upload.parts[number] = only_field(request, "video")
        self.part_sizes.append(len(upload.parts[number]))
        return {}

    def _complete(self, request: Request) -> dict[str, Any]:
        upload = self._begun(request)
        sizes = [len(upload.parts[number]) for number in sorted(upload.parts)]
        if not sizes or any(size < 5 * MB for size in sizes[:-1]) or max(sizes) > 20 * MB:
            raise Wrong(PARAM, f"parts of {sizes}")
        del self.uploads[request.query["upload_id"]]
        return self._video(b"".join(upload.parts[number] for number in sorted(upload.parts)))

    def _begun(self, request: Request) -> Upload:
        if (upload := self.uploads.get(request.query.get("upload_id", ""))) is None:
            raise Wrong(PARAM, "upload_id")
        return upload

    def _image(self, request: Request) -> dict[str, Any]:
        assert only_field(request, "image").startswith(b"\xff\xd8")
        image_id = f"i{next(self._numbers):04}"
        self.images.add(image_id)
        return {"image": {"image_id": image_id, "width": 1080, "height": 1920}}

    def _create(self, request: Request) -> dict[str, Any]:
        asked = request.json()
        known = {"video_id", "text", "custom_cover_image_url", "cover_tsp", "private_status", "at_users", "poi_id", "download_type"}
        if request.headers.get("content-type") != "application/json" or set(asked) - known:
            raise Wrong(PARAM, "fields")
        if len(asked.get("text", "")) > 1000:
            raise Wrong(TOO_LONG, "text")
        if asked.get("private_status", 0) not in (0, 1, 2) or asked.get("custom_cover_image_url", "") not in self.images | {""}:
            raise Wrong(PARAM, "private_status or cover")
        if len(self.posts) >= self.daily:
            raise Wrong(QUOTA, "quota")
        if (digest := self.videos.pop(asked.get("video_id", ""), None)) is None:
            raise Wrong(NO_SUCH_VIDEO, "video_id")
        item_id = f"@item{next(self._numbers):04}="
        self.posts[item_id] = Posted(
            item_id, asked["video_id"], digest, asked["text"], asked["custom_cover_image_url"], asked["private_status"], self.now(),
            self.list_after,
        )  # fmt: skip
        return {"item_id": item_id, "video_id": asked["video_id"]}

    def _list(self, request: Request) -> dict[str, Any]:
        if not self.lists:
            raise Wrong(NO_RIGHT, "video.list")
        first, many = int(request.query["cursor"]), int(request.query["count"])
        if not 0 < many <= 20:
            raise Wrong(PARAM, "count")
        shown = []
        for post in reversed(self.posts.values()):
            if post.seen_after:
                post.seen_after -= 1
                continue
            item = {"item_id": post.item_id, "title": post.text.replace("\n", " "), "create_time": int(post.at), "share_url": ""}
            shown.append(item | ({"video_id": post.video_id} if self.names_videos else {}))
        return {"list": shown[first : first + many], "cursor": first + many, "has_more": first + many < len(shown)}


def only_field(request: Request, name: str) -> bytes:
    """The one field of a multipart body, which must have this name and a file's name."""
    boundary = re.fullmatch(r"multipart/form-data; boundary=(\w+)", request.headers.get("content-type", ""))
    if not boundary:
        raise Wrong(PARAM, "content-type")
    mark = b"--" + boundary[1].encode()
    head, _, body = request.body.partition(b"\r\n\r\n")
    end = b"\r\n" + mark + b"--\r\n"
    if not head.startswith(mark) or not body.endswith(end) or not re.search(rf'name="{name}"; filename="[^"]+"'.encode(), head):
        raise Wrong(PARAM, "fields")
    return body.removesuffix(end)
