"""What publishers are tried with: an account whose tokens end, a worker that is killed at any step, and tries until it is out."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from localize.domain import Channel, Clip, Disclosure, Post, Receipt
from localize.errors import NotReady, Transient
from localize.publish import Parcel
from platforms import Page


@dataclass
class SignedIn:
    """An account that has these tokens, one after the other."""

    tokens: list[str]
    name: str = "shop-cn"
    open_id: str = "open-1"
    scopes: tuple[str, ...] = ()
    renewed: list[str] = field(default_factory=list)

    def token(self) -> str:
        return self.tokens[0]

    def renew(self, stale: str) -> str:
        assert stale == self.tokens[0]
        self.renewed.append(stale)
        if len(self.tokens) == 1:
            raise NotReady(f"{self.name} has no other token.", how="crossreel account add")
        self.tokens.pop(0)
        return self.tokens[0]

    def instead_of_found(self, patch: pytest.MonkeyPatch) -> SignedIn:
        patch.setattr("localize.publish.accounts.find", lambda platform, name: self)
        return self


def parcel(folder: Path, video: bytes, channel: Channel, post: Post, duration: float = 12.0) -> Parcel:
    """A parcel of a Chinese clip whose files are written into a folder."""
    folder.mkdir(exist_ok=True)
    (folder / "clip.mp4").write_bytes(video)
    (folder / "cover.jpg").write_bytes(b"\xff\xd8 a cover")
    clip = Clip(
        key="clip/one", sku="MUG-01", language="zh", duration=duration, video=str(folder / "clip.mp4"), cover=str(folder / "cover.jpg"),
        captions=str(folder / "captions.srt"), sidecar=str(folder / "clip.json"),
    )  # fmt: skip
    told = Disclosure(label="AI生成", producer="Corner", produce_id="1")
    return Parcel(campaign="corner-shop", clip=clip, post=post, channel=channel, disclosure=told, out=folder)


class Killed(BaseException):
    """A worker ends here, as by kill -9: nobody catches it."""


@dataclass
class Cut(Page):
    """A page whose worker is killed at the `at`-th writing or wait, before or `after` it is on disk; never, for 0."""

    at: int = 1
    after: bool = False
    writings: int = 0

    def _write(self, write: Callable[[], None]) -> None:
        self.writings += 1
        if self.writings == self.at and not self.after:
            raise Killed
        write()
        if self.writings == self.at:
            raise Killed

    def note(self, **said: Any) -> None:
        self._write(lambda: super(Cut, self).note(**said))

    def sending(self, what: str) -> None:
        self._write(lambda: super(Cut, self).sending(what))

    def slot(self, name: str, per_minute: float) -> None:
        self._write(lambda: super(Cut, self).slot(name, per_minute))

    def left(self) -> Page:
        """What the next worker finds."""
        return Page(publish_id=self.publish_id, kept=dict(self.kept), sent=self.sent)


def tried(publish: Callable[[], Receipt], tries: int = 8) -> tuple[Receipt, list[str]]:
    """The receipt of the first try that ends well, and all that was said on the way."""
    said = []
    for _ in range(tries):
        try:
            return publish(), said
        except Transient as e:
            said.append("".join(traceback.format_exception(e)))
    raise AssertionError(f"not out after {tries} tries: {said}")


def kills(publish: Callable[[Page], Receipt]) -> Iterator[tuple[str, Page]]:
    """Publish with a worker that is killed at its first writing, before it and after it, then at its second, and so on until one
    comes through: what each killed one left, and where it was killed."""
    for at in range(1, 100):
        for after in (False, True):
            page = Cut(at=at, after=after)
            try:
                publish(page)
            except Killed:
                yield f"writing {at}, {'after' if after else 'before'}", page.left()
            else:
                return
