"""A chat model of this machine, run with transformers: Qwen3 and its like. Nothing leaves the machine, and no answer costs money.

`ChatModel` is the model itself, shared with translators that have prompts of their own; `LocalChat` is the `Chat` around it.
"""

from __future__ import annotations

import copy
import hashlib
import json
import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import Field

from localize import account, engines, weights
from localize.chat import Message, Unanswered
from localize.domain import Usage
from localize.errors import NotReady

FILES = ("config.json", "tokenizer_config.json")
PACKAGES = ("torch", "transformers")
EXAMPLE = "Qwen/Qwen3-4B-Instruct-2507"


@dataclass(frozen=True)
class Answer:
    """What a model wrote, the tokens it read and wrote for it, and whether it came to an end by itself."""

    text: str
    read: int
    written: int
    whole: bool


class ChatModel:
    """A folder with transformers' files, loaded on first use. Generates one batch at a time, whoever calls."""

    def __init__(self, place: Path, device: weights.Device = "auto", dtype: weights.Dtype = "auto") -> None:
        self.place, self.device, self.dtype = place, device, dtype
        self._lock = threading.Lock()
        self._loaded: tuple[Any, Any] | None = None

    def missing(self, how: str) -> str:
        """What is missing to run it, "" when nothing is. `how` says how a model is got."""
        lack = weights.lack(self.place, FILES, how, PACKAGES)
        if lack or any(self.place.glob("*.safetensors")) or any(self.place.glob("pytorch_model*.bin")):
            return lack
        return f"the model in {self.place} has no weights (*.safetensors); {how}."

    def fingerprint(self) -> str:
        """What changes its answers: the model, where it runs and in which numbers."""
        return "-".join([self.place.name, weights.fingerprint(self.place), *self._settled()])

    def answers(
        self, conversations: Sequence[Sequence[Message]], longest: int, *,
        temperature: float = 0.0, penalty: float | None = None, template: Mapping[str, Any] | None = None,
    ) -> list[Answer]:  # fmt: skip
        """An answer of at most `longest` tokens to each conversation, all generated together.

        At `temperature` 0 the likeliest tokens, else drawn, from a seed made of the conversations: equal ones have equal
        answers. `penalty` is on repeating, the model's own if None; `template` goes to its chat template. Each answer is
        charged to the open accounts. Raises NotReady when the model can't be loaded.
        """
        with self._lock:
            tokenizer, model = self._loaded = self._loaded or self._load()
            asked = [[{"role": m.role, "content": m.content} for m in messages] for messages in conversations]
            inputs = tokenizer.apply_chat_template(
                asked, add_generation_prompt=True, padding=True, return_tensors="pt", return_dict=True, **(template or {})
            ).to(model.device)
            width = inputs["input_ids"].shape[1]
            room = min(longest, (getattr(model.config, "max_position_embeddings", None) or 1 << 30) - width)
            if room < 1:
                return [Answer("", width, 0, whole=False) for _ in asked]
            config = self._config(room, penalty)
            drawn = _drawing(model, temperature, json.dumps(asked)) if temperature else None
            out = model.generate(
                input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"], generation_config=config, logits_processor=drawn
            )  # fmt: skip
        read = inputs["attention_mask"].sum(dim=1).tolist()
        return [self._answer(tokens, n, config) for tokens, n in zip(out[:, width:].tolist(), read, strict=True)]

    def tokens(self, text: str) -> int:
        """How many tokens a text has."""
        with self._lock:
            tokenizer, _ = self._loaded = self._loaded or self._load()
            return len(tokenizer(text, add_special_tokens=False)["input_ids"])

    def _answer(self, tokens: list[int], read: int, config: Any) -> Answer:
        assert self._loaded is not None
        tokenizer, _ = self._loaded
        ends = {config.eos_token_id} if isinstance(config.eos_token_id, int) else set(config.eos_token_id or ())
        written = next((i + 1 for i, token in enumerate(tokens) if token in ends), len(tokens))
        account.charge(Usage(requests=1, prompt_tokens=read, completion_tokens=written))
        text = tokenizer.decode(tokens[:written], skip_special_tokens=True)
        return Answer(text, read, written, whole=written > 0 and tokens[written - 1] in ends)

    def _config(self, longest: int, penalty: float | None) -> Any:
        """The model's own settings of generation, without chance."""
        assert self._loaded is not None
        tokenizer, model = self._loaded
        config = copy.deepcopy(model.generation_config)
        config.update(do_sample=False, num_beams=1, temperature=None, top_p=None, top_k=None, max_length=None, max_new_tokens=longest)
        config.pad_token_id = tokenizer.pad_token_id
        config.eos_token_id = tokenizer.eos_token_id if config.eos_token_id is None else config.eos_token_id
        if penalty is not None:
            config.repetition_penalty = penalty
        return config

    def _settled(self) -> tuple[str, str]:
        """The device and type of numbers that are meant: a GPU when there is one, bfloat16 on it and float32 on a CPU."""
        import torch

        where = ("cuda" if torch.cuda.is_available() else "cpu") if self.device == "auto" else self.device
        return where, ("bfloat16" if where == "cuda" else "float32") if self.dtype == "auto" else self.dtype

    def _load(self) -> tuple[Any, Any]:
        """The tokenizer and the model."""
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer
        from transformers.utils import logging

        noise: Any = logging
        noise.disable_progress_bar()  # of loading: it would run through the lines of a log
        where, kind = self._settled()
        if where == "cuda" and not torch.cuda.is_available():
            raise NotReady("there is no CUDA GPU that torch can use here.", how="Set `device: cpu` or `device: auto`.")
        try:
            tokenizer: Any = AutoTokenizer.from_pretrained(self.place, local_files_only=True, padding_side="left")
            model: Any = AutoModelForCausalLM.from_pretrained(self.place, local_files_only=True, dtype=getattr(torch, kind))
            model = model.to(where).eval()
        except Exception as error:  # a broken file shows as any of a dozen kinds of error, of three packages
            raise weights.broken(self.place, error) from error
        if not tokenizer.chat_template:
            raise NotReady(
                f"the model in {self.place} has no chat template: it is none that answers.", how="Take an instruct or chat model."
            )
        if tokenizer.pad_token_id is None:
            tokenizer.pad_token = tokenizer.eos_token
        return tokenizer, model


def _drawing(model: Any, temperature: float, seed: str) -> Any:
    """What makes the likeliest token a drawn one: the model's own narrowing (top k, top p), then noise from a generator of its
    own. torch's shared generator would be moved on by other threads, and equal calls would differ."""
    import torch
    from transformers import LogitsProcessorList, TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

    chance = torch.Generator().manual_seed(int.from_bytes(hashlib.blake2b(seed.encode(), digest_size=7).digest()))

    def noisy(_: Any, scores: Any) -> Any:
        uniform = torch.rand(scores.shape, generator=chance).clamp_(1e-9, 1 - 1e-6)
        return scores.float() - torch.log(-torch.log(uniform)).to(scores.device)

    own = model.generation_config
    steps: list[Any] = [TemperatureLogitsWarper(temperature), TopKLogitsWarper(own.top_k or 50), TopPLogitsWarper(own.top_p or 1.0)]
    return LogitsProcessorList([*steps, _Step(noisy)])


class _Step:
    """A function as transformers wants a step of its chain."""

    def __init__(self, change: Any) -> None:
        self.change = change

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        return self.change(input_ids, scores)


# The Chat ----------------------------------------------------------------------------------------------------------


class LocalChatOptions(engines.Options):
    """Which model of this machine, and how it answers."""

    model: str = Field(default="", description="the model's folder, or its name below $CROSSREEL_MODELS")
    device: weights.Device = "auto"
    dtype: weights.Dtype = Field(default="auto", description="bfloat16 on a GPU, float32 on a CPU")
    temperature: float = Field(default=0.7, ge=0, le=2)
    max_tokens: int = Field(default=4000, ge=16)
    thinking: bool = Field(default=False, description="let the model think first, where it can; slow")


class LocalChat:
    """See `Chat`."""

    def __init__(self, options: LocalChatOptions) -> None:
        self.options = options
        self.model = ChatModel(weights.folder("chat", options.model), options.device, options.dtype)

    def missing(self) -> str:
        if not self.options.model and not self.model.place.is_dir():
            example = weights.models() / EXAMPLE.partition("/")[2]
            return (
                f"no model is named; name a chat model's folder as `model`, such as one from hf download {EXAMPLE} --local-dir {example}."
            )
        return self.model.missing(f"download one there once: hf download {EXAMPLE} --local-dir {self.model.place}")

    def fingerprint(self) -> str:
        o = self.options
        return "-".join([self.model.fingerprint(), f"t{o.temperature:g}", f"m{o.max_tokens}", *(["thinking"] if o.thinking else [])])

    def ask(self, messages: Sequence[Message], schema: Mapping[str, Any] | None = None) -> str:
        """See `Chat.ask`. The schema is told in words, so the answer may still not follow it."""
        if lack := self.missing():
            raise NotReady(f"the chat model of this machine can't be asked: {lack}", missing=(lack,))
        o = self.options
        (answer,) = self.model.answers(
            [_told(messages, schema) if schema else messages], o.max_tokens,
            temperature=o.temperature, template={"enable_thinking": o.thinking},
        )  # fmt: skip
        if not answer.whole:
            raise Unanswered(f"the answer was cut off at max_tokens ({o.max_tokens}), or the question is longer than the model can read")
        text = re.sub(r"^.*</think>", "", answer.text, flags=re.DOTALL).strip()
        if schema:
            text = re.sub(r"^```(?:json)?\s*|\s*```$", "", text)
        if not text or text.startswith("<think>"):
            raise Unanswered("the model answered with nothing")
        return text


def _told(messages: Sequence[Message], schema: Mapping[str, Any]) -> list[Message]:
    """The messages with the schema in words, at the end of the system message."""
    words = f"Answer with one JSON object and nothing else. It follows this JSON Schema:\n{json.dumps(schema, ensure_ascii=False)}"
    if messages and messages[0].role == "system":
        return [Message("system", f"{messages[0].content}\n\n{words}"), *messages[1:]]
    return [Message("system", words), *messages]
