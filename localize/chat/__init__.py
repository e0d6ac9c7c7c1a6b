"""Chat: messages in, a language model's text out. Script writers and translators share the models through this.

`openai_chat` talks to any server with OpenAI's API; `local_chat` runs a model of this machine with transformers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol


@dataclass(frozen=True)
class Message:
    """One turn of a conversation."""

    role: Literal["system", "user", "assistant"]
    content: str


class Unanswered(Exception):
    """The model was reached and gave no text to use: it refused, filtered, was cut off at the limit, or said nothing.

    Not an error of the run: whoever asked decides whether to ask again or to go on without."""


class Chat(Protocol):
    """A model that answers. Calls may come from several threads. Each call is charged to the open accounts."""

    def missing(self) -> str:
        """Empty when it can be asked, else what is missing and how to get it, in one sentence."""
        ...

    def fingerprint(self) -> str:
        """What changes its answers: model, revision, sampling. Never a key, and no address of a server."""
        ...

    def ask(self, messages: Sequence[Message], schema: Mapping[str, Any] | None = None) -> str:
        """The answer's text; JSON that follows `schema` (a JSON Schema) if one is given and the model can keep to it.

        Raises Unanswered, NotReady, Transient, UserError.
        """
        ...
