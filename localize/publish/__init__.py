"""Publish: a checked clip out to a channel. Fails closed: what is blocked or not labelled does not go out."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from localize.domain import Channel, Clip, Post, Receipt
from localize.engines import Engine
from localize.errors import Blocked


class Publisher(Engine, Protocol):
    def publish(self, clip: Clip, post: Post, channel: Channel, out: Path) -> Receipt:
        """Put the clip on the channel, or find that it is there already: publishing twice is publishing once.

        `out` is the campaign's output folder. Raises Blocked, NotReady, Transient.
        """
        ...


def must_be_publishable(clip: Clip) -> None:
    """Raises Blocked with the messages of the findings that stop a clip."""
    if clip.blocked:
        messages = tuple(f.message for f in clip.blocked)
        raise Blocked(f"{clip.sku} in {clip.language} is not published: " + " ".join(messages), findings=messages)
