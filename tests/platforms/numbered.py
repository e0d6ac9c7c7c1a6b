"""What Douyin and Weibo have in common: they refuse by a number, and sometimes what they have done all the same."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from itertools import count
from typing import Any, ClassVar

from platforms import Answer, Platform, Request, Trouble

Routes = dict[tuple[str, str], Callable[[Request], dict[str, Any]]]


class Wrong(Exception):
    """A refusal. `status` is HTTP's, for a platform that refuses by that, too."""

    def __init__(self, code: int, said: str, status: int = 400) -> None:
        super().__init__(said)
        self.code, self.status = code, status


class Numbered(Platform):
    """`tokens` are the access tokens that are good, `words` makes numbers come as text. `says` are (part of a path, code, whether it is
    done all the same) for the next requests. These and what else a platform has can be given as `settings`."""

    token: ClassVar[str]  # that is good at first
    words = False

    def __init__(self, trouble: Trouble | None = None, **settings: Any) -> None:
        super().__init__(trouble)
        self.tokens, self.says = {self.token}, list[tuple[str, int, bool]]()
        for name, value in settings.items():
            assert hasattr(self, name), name
            setattr(self, name, value)
        self.posts: dict[str, Any] = {}
        self._numbers = count(1)

    def times(self, video: bytes) -> int:
        """How often a video was posted."""
        return sum(post.digest == hashlib.sha256(video).hexdigest() for post in self.posts.values())

    def answer(self, request: Request) -> Answer:
        said = next((entry for entry in self.says if entry[0] in request.path), None)
        try:
            if said:
                self.says.remove(said)
            if said and not said[2]:
                raise Wrong(said[1], f"for {self.signed(request)}")  # a platform that tells too much
            data = self.done(request)
            if said:
                raise Wrong(said[1], "done, and yet")
        except Wrong as wrong:
            return self.refused(request, wrong, str(wrong.code) if self.words else wrong.code)
        return self.told(data)

    def signed(self, request: Request) -> str | None:
        """The token that a request has."""
        raise NotImplementedError

    def done(self, request: Request) -> dict[str, Any]:
        """Do what is asked for. Raises Wrong."""
        raise NotImplementedError

    def told(self, data: dict[str, Any]) -> Answer:
        raise NotImplementedError

    def refused(self, request: Request, wrong: Wrong, code: int | str) -> Answer:
        raise NotImplementedError
