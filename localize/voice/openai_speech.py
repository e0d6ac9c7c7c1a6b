"""`openai`: speech from any server with OpenAI's POST /audio/speech: OpenAI itself, vLLM-Omni, Kokoro-FastAPI, LocalAI, ...

It shares its name, and the options of the server and its key, with the chat models behind the same API. The server tells no
times of words. Servers that clone from a clip in the request (vLLM-Omni's `ref_audio` and `ref_text`) are told the speaker's
where the campaign names these fields; otherwise the reference stays on this machine.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar, Literal
from urllib.parse import urlsplit

import numpy as np
from pydantic import Field, field_validator

from localize import account, engines
from localize.chat.openai_chat import MILLION, OFFICIAL, OpenAIChat, OpenAIOptions
from localize.domain import Usage, Word
from localize.engines import Card
from localize.errors import CrossreelError, NotReady, Transient, UserError
from localize.languages import Language, Token
from localize.voice import Sound, Speaker, VoiceStyle
from localize.voice.received import decoded
from localize.voice.text import text_of

if TYPE_CHECKING:
    import openai

OWN_VOICES = {"female": "nova", "male": "onyx"}  # OpenAI's, known by all of its models
GENDERS = ("female", "male")
SLOWEST, FASTEST = 0.25, 4.0  # what the API takes as speed
FOR = re.compile(r"[a-z]{2}|female|male|[a-z]{2}-(female|male)")  # whom a voice is for
PCM = 24_000  # Hz of OpenAI's raw samples
SHOWN = 60  # letters of a Line in a message


class SpeechOptions(engines.Options):
    """Where the speech server is and how it is asked. The first four mean what they mean for `openai` as a chat model."""

    base_url: str = Field(default="", description="the server's address up to /v1; OpenAI's own if empty and OPENAI_BASE_URL is not set")
    key_variable: str = Field(default="OPENAI_API_KEY", pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", description="where the key stands")
    timeout: float = Field(default=120.0, gt=0, le=3600, description="seconds for one answer")
    retries: int = Field(default=4, ge=0, le=10, description="how often a busy server is asked again within one call")
    speech_model: str = Field(default="", description="such as gpt-4o-mini-tts, tts-1, kokoro")
    speech_base_url: str = Field(default="", description="where speech has a server of its own; base_url if empty")
    speech_key_variable: str = Field(
        default="", pattern=r"^([A-Za-z_][A-Za-z0-9_]*)?$",
        description="where the key of speech_base_url stands; it gets no other server's",
    )  # fmt: skip
    speech_voice: str = Field(default="", description="the server's voice; OpenAI's nova or onyx by the host's gender if empty")
    speech_voices: dict[str, str] = Field(default={}, description="voices by language, gender or both: {th: a, male: b, vi-male: c}")
    speech_format: Literal["wav", "pcm", "flac", "mp3"] = "wav"
    speech_rate: int = Field(default=PCM, ge=8000, le=96_000, description="Hz of speech_format pcm, which does not say it")
    speech_speed: bool = Field(default=True, description="whether the model obeys `speed`; if not, the pace is reached by stretching")
    speech_instructions: str = Field(default="", description="how to speak, for models that take it: gpt-4o-mini-tts, Qwen3-TTS")
    speech_reference: str = Field(default="", description="the body's field for the speaker's clip, if the server clones: ref_audio")
    speech_reference_text: str = Field(default="", description="the body's field for what is said in the clip: ref_text")
    speech_extra: dict[str, Any] = Field(default={}, description="more fields of the request's body, such as language or seed")
    speech_price: Decimal | None = Field(default=None, ge=0, description="US dollars for a million characters: then the cost is told")

    @field_validator("base_url", "speech_base_url")
    @classmethod
    def no_secret(cls, value: str) -> str:
        return OpenAIOptions.no_secret(value)

    @field_validator("speech_voices")
    @classmethod
    def for_whom(cls, value: dict[str, str]) -> dict[str, str]:
        for whom in value:
            if not FOR.fullmatch(whom):
                raise ValueError(f"{whom!r} is neither a language nor a gender nor both: write th, male or th-male")
        return value


class OpenAIVoice:
    """See `Voice`. May be used from many threads.

    `clones` and `paced` say of this server what the card can't: whether it gets the speaker's clip, and whether it obeys the
    pace. The latter turns False when the server refuses `speed`; what it speaks then has its natural tempo.
    """

    Options = SpeechOptions
    card: ClassVar[Card] = Card(
        name="openai",
        stage="voice",
        about="a speech model behind an OpenAI-compatible server, which the campaign names",
        version="1",
        licence="the server's terms",
        quality=60,
        paced=True,
        remote=True,
    )

    def __init__(self, options: SpeechOptions) -> None:
        self.options = options
        self.server = _Server(options)
        self.clones = bool(options.speech_reference)
        self.paced = options.speech_speed

    def missing(self) -> str:
        o = self.options
        if not o.speech_model:
            return "no speech model is named; set `engines: {options: {openai: {speech_model: ...}}}` in the campaign."
        if self.server.official():
            name = o.speech_key_variable or o.key_variable
            if o.speech_base_url and not o.speech_key_variable and self.server.apart():
                return "OpenAI's server takes a key; name its environment variable in speech_key_variable."
            return "" if self.server.key() else f"the environment variable {name} is not set; put the server's key into it."
        if not (o.speech_voice or o.speech_voices or o.speech_reference):
            return "no voice is named; set `engines: {options: {openai: {speech_voice: ...}}}` to one that the server has."
        return ""

    def fingerprint(self) -> str:
        chosen = self.options.model_dump(
            mode="json",
            include={"speech_model", "speech_voice", "speech_voices", "speech_format", "speech_rate", "speech_speed",
                     "speech_instructions", "speech_reference", "speech_reference_text", "speech_extra"},
            exclude_defaults=True,
        )  # fmt: skip
        o = self.options
        # Servers give their models the same names, and speak differently.
        server = urlsplit(o.speech_base_url or o.base_url or os.environ.get("OPENAI_BASE_URL", "") or OFFICIAL)
        where = hashlib.blake2b(f"{server.hostname}:{server.port}{server.path}".encode(), digest_size=4).hexdigest()
        return f"openai-{self.card.version}-{where}-{json.dumps(chosen, sort_keys=True, ensure_ascii=False)}"

    def speak(self, tokens: Sequence[Token], language: Language, style: VoiceStyle) -> Sound:
        """Speak one Line, at the server's rate. Words are timed only where nothing is said. Raises as `Voice.speak` does."""
        if lack := self.missing():
            raise NotReady(f"the voice behind `openai` can't be asked: {lack}", missing=(lack,))
        text, _ = text_of(tokens, language)
        if not text:
            return Sound(np.zeros(0, np.float32), PCM, tuple(Word(text=t.text, gap=t.gap, start=0, end=0) for t in tokens))
        body = self._body(text, language, style)
        try:
            samples, rate = self._heard(body)
        except _SpeedRefused:
            self.paced = False
            del body["speed"]
            samples, rate = self._heard(body)
        return Sound(samples, rate)

    def _body(self, text: str, language: Language, style: VoiceStyle) -> dict[str, Any]:
        o = self.options
        body = dict(o.speech_extra)
        body |= {"model": o.speech_model, "input": text, "response_format": o.speech_format}
        if voice := self._voice(language.code, style.gender):
            body["voice"] = voice
        if o.speech_instructions:
            body["instructions"] = o.speech_instructions
        if self.paced and style.pace != 1:
            body["speed"] = round(min(max(style.pace, SLOWEST), FASTEST), 3)
        if style.speaker and o.speech_reference:
            body |= _reference(style.speaker, o.speech_reference, o.speech_reference_text)
        return body

    def _voice(self, language: str, gender: str) -> str:
        """The voice that is named most exactly, "" for the server's own choice."""
        if gender not in GENDERS:
            raise UserError(f"a voice is {' or '.join(GENDERS)}, not {gender!r}")
        o = self.options
        for whom in (f"{language}-{gender}", language, gender):
            if whom in o.speech_voices:
                return o.speech_voices[whom]
        return o.speech_voice or (OWN_VOICES[gender] if self.server.official() else "")

    def _heard(self, body: dict[str, Any]) -> tuple[Any, int]:
        """The sound of an answer."""
        kind, data = self.server.speech(body, self.options.speech_price)
        if kind.startswith("text/") or "json" in kind or (data[:1] in (b"<", b"{") and b"\0" not in data[:512]):
            said = self.server.without_key(" ".join(data[:400].decode("utf-8", "replace").split()))[:120]
            raise Transient(f"{self.server.host()} answered with something that is no sound ({kind or 'of no kind'}): {said}")
        try:
            return decoded(data, self.options.speech_rate if self.options.speech_format == "pcm" else 0)
        except ValueError as error:
            raise Transient(f"{self.server.host()} answered with a sound that can't be used: {error}") from error


def _reference(speaker: Speaker, audio: str, text: str) -> dict[str, str]:
    """The fields that tell a cloning server whose voice to speak in: the clip as a data URL, and what is said in it."""
    try:
        clip = base64.b64encode(speaker.reference.read_bytes()).decode("ascii")
    except OSError as error:
        raise UserError(f"the reference of the voice {speaker.name!r} can't be read ({speaker.reference}): {error.strerror}") from error
    fields = {audio: f"data:audio/wav;base64,{clip}"}
    if text and speaker.transcript:
        fields[text] = speaker.transcript
    return fields


class _SpeedRefused(Exception):
    """The server does not take `speed`."""


class _Server(OpenAIChat):
    """The client of the speech server: the chat's, with its retries, errors and care for keys, asked for a sound."""

    def __init__(self, options: SpeechOptions) -> None:
        self.speech_options = options
        super().__init__(
            OpenAIOptions(
                model=options.speech_model, base_url=options.speech_base_url or options.base_url,
                key_variable=options.speech_key_variable or options.key_variable, timeout=options.timeout, retries=options.retries,
            )
        )  # fmt: skip

    def speech(self, body: dict[str, Any], price: Decimal | None) -> tuple[str, bytes]:
        """The kind and content of the answer. Charges the open accounts for each request sent."""
        import httpx
        import openai

        self._sent.requests = 0
        spent = Usage()
        try:
            answer = self._ready().post("/audio/speech", cast_to=httpx.Response, body=body, options={"headers": {"Accept": "*/*"}})
            cost = Decimal(0) if price is None else price * len(body["input"]) / MILLION
            spent = Usage(cost=cost, unpriced=int(price is None))
            return answer.headers.get("content-type", "").lower(), answer.content
        except (openai.BadRequestError, openai.UnprocessableEntityError) as error:
            ours = "speed" in body and "speed" not in self.speech_options.speech_extra
            if ours and "speed" in str(error.body or error.message).lower():
                raise _SpeedRefused from error
            raise UserError(f"{self._trouble(error)} (the Line: {body['input'][:SHOWN]!r})") from error
        except openai.OpenAIError as error:
            raise self._trouble(error) from error
        finally:
            account.charge(spent + Usage(requests=self._sent.requests))

    def official(self) -> bool:
        return self._official()

    def host(self) -> str:
        return self._host()

    def key(self) -> str:
        return self._key()

    def without_key(self, text: str) -> str:
        return self._without_key(text)

    def apart(self) -> bool:
        """Whether speech has another server than the chat models, whose key is none of its business."""
        o = self.speech_options
        chat = o.base_url or os.environ.get("OPENAI_BASE_URL", "") or OFFICIAL
        return bool(o.speech_base_url) and urlsplit(o.speech_base_url)[:2] != urlsplit(chat)[:2]

    def _key(self) -> str:
        return "" if self.apart() and not self.speech_options.speech_key_variable else super()._key()

    def _trouble(self, error: openai.OpenAIError) -> CrossreelError:
        import openai

        where, status = self._host(), error.status_code if isinstance(error, openai.APIStatusError) else 0
        if status in (401, 403) and not self._key():
            return NotReady(f"{where} asks for a key ({status}).", how="Name its environment variable in speech_key_variable.")
        if status == 404:
            return UserError(f"{where} has no speech model {self.options.model!r}, or no /audio/speech below its address.")
        return super()._trouble(error)
