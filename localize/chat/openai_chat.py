"""A model behind OpenAI's API (chat completions), wherever it runs: OpenAI itself, DeepSeek, Qwen, vLLM, Ollama, SGLang, ...

The `openai` package repeats what a busy server refuses (408, 409, 429, 5xx, dropped connections) with growing waits and
keeps to Retry-After. Keys come from the environment and go nowhere but into the request.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from localize import account, engines
from localize.chat import Message, Unanswered
from localize.domain import Usage
from localize.errors import CrossreelError, NotReady, Transient, UserError

if TYPE_CHECKING:
    import httpx
    import openai

OFFICIAL = "https://api.openai.com/v1"
MILLION = Decimal(1_000_000)


class OpenAIOptions(engines.Options):
    """Where the model is and how it is asked. Prices are US dollars for a million tokens: with them the cost is told."""

    model: str = ""
    base_url: str = Field(default="", description="the server's address up to /v1; OpenAI's own if empty and OPENAI_BASE_URL is not set")
    key_variable: str = Field(default="OPENAI_API_KEY", pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", description="where the key stands")
    timeout: float = Field(default=120.0, gt=0, le=3600, description="seconds for one answer")
    retries: int = Field(default=4, ge=0, le=10, description="how often a busy server is asked again within one call")
    temperature: float = Field(default=0.7, ge=0, le=2)
    max_tokens: int = Field(default=4000, ge=64)
    json_mode: Literal["auto", "schema", "object", "none"] = Field(default="auto", description="how the server is told to answer in JSON")
    price_in: Decimal | None = Field(default=None, ge=0)
    price_out: Decimal | None = Field(default=None, ge=0)
    extra: dict[str, Any] = Field(default={}, description="more fields of the request's body, such as chat_template_kwargs")

    @field_validator("base_url")
    @classmethod
    def no_secret(cls, value: str) -> str:
        if value and (urlsplit(value).scheme not in ("http", "https") or not urlsplit(value).hostname):
            raise ValueError(f"{value!r} is no server's address: write it as http://localhost:8000/v1")
        parts = urlsplit(value)
        if parts.username or parts.password or parts.query or parts.fragment:
            raise ValueError("the address may hold no name, password, query or #: put the key into the variable that key_variable names")
        return value


class OpenAIChat:
    """See `Chat`. The client is made on first use and kept."""

    def __init__(self, options: OpenAIOptions) -> None:
        self.options = options
        self._making = threading.Lock()
        self._client: openai.OpenAI | None = None
        self._sent = threading.local()
        # What the server turned out not to take: newer models have max_completion_tokens, and no temperature.
        self._length_field = "max_tokens"
        self._without: frozenset[str] = frozenset()
        self._json_mode: str = "schema" if options.json_mode == "auto" else options.json_mode

    def missing(self) -> str:
        if not self.options.model:
            return "no model is named; set `engines: {options: {openai: {model: ...}}}` in the campaign."
        if not self._key() and self._official():
            name = self.options.key_variable
            return f"the environment variable {name} is not set; put the server's key into it, or set base_url to a server of your own."
        return ""

    def fingerprint(self) -> str:
        o = self.options
        extra = [f"{name}={o.extra[name]!r}" for name in sorted(o.extra)]
        return "-".join([o.model, f"t{o.temperature:g}", f"m{o.max_tokens}", *extra])

    def ask(self, messages: Sequence[Message], schema: Mapping[str, Any] | None = None) -> str:
        if lack := self.missing():
            raise NotReady(f"the model behind `openai` can't be asked: {lack}", missing=(lack,))
        while True:
            mode = self._json_mode if schema else "none"
            try:
                return self._asked(messages, schema, mode)
            except _NotTaken as refused:  # servers differ in what they know: the next simpler way
                if refused.field == "response_format":
                    self._json_mode = {"schema": "object", "object": "none"}[mode]
                elif refused.field == "max_tokens" and self._length_field == "max_tokens":
                    self._length_field = "max_completion_tokens"
                else:
                    self._without |= {refused.field}

    # ---- one call

    def _asked(self, messages: Sequence[Message], schema: Mapping[str, Any] | None, mode: str) -> str:
        import openai
        from openai.types.chat import ChatCompletion

        o = self.options
        body: dict[str, Any] = dict(o.extra)
        formats: dict[str, dict[str, Any]] = {
            "schema": {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema, "strict": True}},
            "object": {"type": "json_object"},
        }
        if mode in formats:
            body["response_format"] = formats[mode]
        for field, value in ((self._length_field, o.max_tokens), ("temperature", o.temperature)):
            if field not in self._without:
                body.setdefault(field, value)
        self._sent.requests = 0
        try:
            answer = self._ready().chat.completions.create(
                model=o.model, messages=[{"role": m.role, "content": m.content} for m in messages], extra_body=body,  # type: ignore[misc]
            )  # fmt: skip
        except (openai.BadRequestError, openai.UnprocessableEntityError) as error:
            account.charge(Usage(requests=self._sent.requests))
            said = str(error.body or error.message)
            refused = next((f for f in ("response_format", self._length_field, "temperature") if f in said and f in body), "")
            if refused and (refused != "response_format" or o.json_mode == "auto") and not _too_much(said):
                raise _NotTaken(refused) from error
            raise self._trouble(error) from error
        except openai.OpenAIError as error:
            account.charge(Usage(requests=self._sent.requests))
            raise self._trouble(error) from error
        except ValueError as error:  # a proxy's page in place of an answer
            account.charge(Usage(requests=self._sent.requests))
            raise Transient(f"{self._host()} answered with something that is not its API's") from error
        if not isinstance(answer, ChatCompletion):
            account.charge(Usage(requests=self._sent.requests))
            raise Transient(f"{self._host()} answered with something that is not its API's")
        account.charge(self._usage(answer))
        choice = answer.choices[0] if answer.choices else None
        if choice is None:
            raise Unanswered("the server's answer holds no choices")
        if getattr(choice.message, "refusal", None):
            raise Unanswered(f"the model refused: {str(choice.message.refusal)[:200]}")
        if choice.finish_reason == "content_filter":
            raise Unanswered("the server's content filter stopped the answer")
        text = choice.message.content or ""
        if choice.finish_reason == "length":
            raise Unanswered(f"the answer was cut off at max_tokens ({o.max_tokens})")
        if not text.strip():
            raise Unanswered("the model answered with nothing")
        return text

    def _usage(self, answer: Any) -> Usage:
        """What a call took; a server that counts no tokens leaves them 0, and the call unpriced."""
        told = getattr(answer, "usage", None)
        read, written = (int(getattr(told, name, 0) or 0) for name in ("prompt_tokens", "completion_tokens"))
        o = self.options
        priced = told is not None and o.price_in is not None and o.price_out is not None
        cost = (read * (o.price_in or Decimal(0)) + written * (o.price_out or Decimal(0))) / MILLION if priced else Decimal(0)
        return Usage(
            requests=self._sent.requests, prompt_tokens=read, completion_tokens=written, cost=cost, unpriced=0 if priced else 1
        )  # fmt: skip

    def _trouble(self, error: openai.OpenAIError) -> CrossreelError:
        """The error as one of ours. What a server writes may hold what it was sent, so only its first words are told."""
        import openai

        where, o = self._host(), self.options
        if isinstance(error, openai.APITimeoutError):
            return Transient(f"{where} gave no answer in {o.timeout:g} s")
        if isinstance(error, openai.APIConnectionError):
            return Transient(f"{where} can't be reached: {type(error.__cause__ or error).__name__}")
        if not isinstance(error, openai.APIStatusError):
            return Transient(f"{where} answered with something that is not its API's: {type(error).__name__}")
        body = error.body if isinstance(error.body, dict) else {}
        said = self._without_key(" ".join(str(body.get("message") or error.message).split()))[:200]
        if error.status_code in (401, 403):
            return NotReady(f"{where} refuses the key in {o.key_variable} ({error.status_code}).", how="Put a valid key into it.")
        if error.status_code == 404:
            return UserError(f"{where} has no model {o.model!r}, or no /chat/completions below base_url: {said}")
        if error.status_code == 429 or error.status_code >= 500 or error.status_code in (408, 409):
            wait = None
            with suppress(TypeError, ValueError):
                wait = float(error.response.headers.get("retry-after"))
            kind = "is over its limit" if error.status_code == 429 else "has trouble"
            return Transient(f"{where} {kind} ({error.status_code}), after {o.retries + 1} tries: {said}", retry_after=wait)
        return UserError(f"{where} does not take the request ({error.status_code}): {said}")

    def _without_key(self, text: str) -> str:
        key = self._key()
        return text.replace(key, "…") if key else text

    # ---- the client

    def _key(self) -> str:
        return os.environ.get(self.options.key_variable, "").strip()

    def _address(self) -> str:
        return self.options.base_url or os.environ.get("OPENAI_BASE_URL", "") or OFFICIAL

    def _official(self) -> bool:
        return urlsplit(self._address()).hostname == urlsplit(OFFICIAL).hostname

    def _host(self) -> str:
        return urlsplit(self._address()).netloc.rpartition("@")[2]

    def _ready(self) -> openai.OpenAI:
        import openai

        with self._making:
            if self._client is None:
                # Servers of one's own take no key, the package insists on one.
                self._client = openai.OpenAI(
                    api_key=self._key() or "none", base_url=self._address(), timeout=self.options.timeout, max_retries=self.options.retries,
                    http_client=openai.DefaultHttpxClient(event_hooks={"request": [self._count]}),
                )  # fmt: skip
            return self._client

    def _count(self, request: httpx.Request) -> None:
        self._sent.requests = getattr(self._sent, "requests", 0) + 1


def _too_much(said: str) -> bool:
    """Whether a field was refused for its value: that is for the campaign to mend."""
    return any(word in said for word in ("too large", "at most", "must be", "exceed", "less than", "maximum"))


class _NotTaken(Exception):
    """The server does not know a field of the request."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field
