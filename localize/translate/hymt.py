"""Hy-MT2: a language model made for translating, which is told the terms to use and reads a text's neighbours as context.

Run with transformers, the likeliest words and no chance in it. Its answers are checked: terms, names, numbers and codes must
be in them; if not, it is asked once more with what was lost, and then not again.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from babel import Locale
from pydantic import Field

from localize import engines, languages, weights
from localize.chat import Message
from localize.chat.local_chat import ChatModel
from localize.engines import Card
from localize.errors import NotReady
from localize.translate import NO_HINTS, Hints, Translation
from localize.translate.protect import EVERY, Masked, mask

PENALTY = 1.05  # on repeating, as its makers advise
CONTEXT = 1500  # letters of the page that are shown beside a text
_LABEL = re.compile(r"(?:translation|translated text|译文|翻译结果|翻译|คำแปล|bản dịch|terjemahan)\s*[:：]\s*", re.IGNORECASE)
_QUOTES = ('""', "''", "“”", "‘’", "「」", "『』", "``")

# The names of languages in the model's Chinese prompts, where they are not CLDR's.
_CHINESE = {"zh": "中文", "id": "印尼语", "tl": "菲律宾语", "fil": "菲律宾语", "zh-hant": "繁体中文", "yue": "粤语"}


class HyMTOptions(engines.Options):
    """Which folder, and how it is run."""

    model: str = Field(default="", description="the model's folder, or its name below $CROSSREEL_MODELS; the engine's own if empty")
    device: weights.Device = "auto"
    dtype: weights.Dtype = Field(default="auto", description="bfloat16 on a GPU, float32 on a CPU")
    max_batch: int = Field(default=8, ge=1, le=256, description="texts translated at a time; less needs less memory")


class HyMT:
    """The 1.8B on a CPU or a small GPU, the 7B in the same way. Loaded on first use."""

    card: ClassVar[Card] = Card(
        name="hy-mt2",
        stage="translate",
        about="Hy-MT2 1.8B or 7B: 33 languages, with terms and context",
        version="1",
        licence="Apache-2.0",
        quality=60,
        languages=(
            "ar", "bn", "bo", "cs", "de", "en", "es", "fa", "fil", "fr", "gu", "he", "hi", "id", "it", "ja", "kk", "km", "ko", "mn", "mr",
            "ms", "my", "nl", "pl", "pt", "ru", "ta", "te", "th", "tl", "tr", "ug", "uk", "ur", "vi", "yue", "zh", "zh-hant",
        ),
    )  # fmt: skip
    Options: ClassVar[type[engines.Options]] = HyMTOptions
    WEIGHTS: ClassVar[tuple[weights.Source, ...]] = (
        weights.Source(
            "tencent/Hy-MT2-1.8B", ("config.json", "tokenizer_config.json", "*.json", "*.jinja", "*.safetensors"), licence="Apache-2.0"
        ),
    )

    def __init__(self, options: HyMTOptions | None = None) -> None:
        self.options = options or HyMTOptions()
        self.model = ChatModel(weights.folder(self.card.name, self.options.model), self.options.device, self.options.dtype)

    def missing(self) -> str:
        return self.model.missing(weights.how_to_pull(self.card.name, self.model.place))

    def fingerprint(self) -> str:
        return f"{self.card.name}-{self.card.version}-{self.model.fingerprint()}-x{self.options.max_batch}"

    def translate(self, texts: Sequence[str], source: str, target: str, hints: Hints = NO_HINTS) -> list[Translation | None]:
        """See `Translator.translate`. How long a text may take to say (`hints.seconds`) is not regarded.

        Raises NotReady when the model is missing or can't be loaded.
        """
        if source not in self.card.languages or target not in self.card.languages:
            return [None] * len(texts)
        if lack := self.missing():
            raise NotReady(f"the translator {self.card.name!r} is not ready: {lack}", missing=(lack,))
        asked = [Request(mask(text, source, target, hints, EVERY), tuple(t for t in texts if t != text), hints) for text in texts]
        done: list[str | None] = [r.text.filled(r.text.pieces) if r.text.wordless else None for r in asked]
        first = [i for i, text in enumerate(done) if text is None]
        lost: dict[int, tuple[str, ...]] = {}
        for i, answer in zip(first, self._answers([asked[i] for i in first], [()] * len(first)), strict=True):
            done[i] = asked[i].text.restore(answer)
            if done[i] is None:
                lost[i] = asked[i].text.lost(answer)
        for i, answer in zip(lost, self._answers([asked[i] for i in lost], list(lost.values())), strict=True):
            done[i] = asked[i].text.restore(answer)
        return [Translation(text=text, origin=self.card.name) if text else None for text in done]

    def _answers(self, asked: Sequence[Request], lost: Sequence[Sequence[str]]) -> list[str]:
        """The model's translation of each text, "" for one that it did not bring to an end."""
        out: list[str] = []
        prompts = [r.prompt(values) for r, values in zip(asked, lost, strict=True)]
        for at in range(0, len(prompts), self.options.max_batch):
            batch = slice(at, at + self.options.max_batch)
            longest = 3 * max(self.model.tokens(r.text.core) for r in asked[batch]) + 64
            answers = self.model.answers([[Message("user", p)] for p in prompts[batch]], longest, penalty=PENALTY)
            out += [
                clean(a.text, r.text.core, prompt) if a.whole else ""
                for a, r, prompt in zip(answers, asked[batch], prompts[batch], strict=True)
            ]
        return out


@dataclass(frozen=True)
class Request:
    """One text to translate, the others of its page, and what to keep to."""

    text: Masked
    neighbours: tuple[str, ...]
    hints: Hints

    def prompt(self, lost: Sequence[str] = ()) -> str:
        """The model's own form of a task, in Chinese where one of the languages is. `lost` is what the last try left out."""
        text = self.text
        chinese = "zh" in (text.source[:2], text.target[:2])
        terms = dict.fromkeys((s.source, s.value) for s in text.slots if s.kind in ("term", "name"))
        page = "\n".join(part for part in dict.fromkeys((self.hints.about, *self.neighbours)) if part and part != text.core)[:CONTEXT]
        wrong = "; ".join([*self.hints.wrong, *lost])
        parts = []
        if chinese:
            if page:
                parts.append(f"这段文字所在的商品页面还写着（仅用于理解，不要翻译）：\n{page}\n")
            if terms:
                parts.append("参考下面的翻译：\n" + "\n".join(f"{a} 翻译成 {b}" for a, b in terms) + "\n")
            if wrong:
                parts.append(f"上一次的译文不合格，译文中必须保留或改正：{wrong}\n")
            parts.append(f"将以下文本翻译为{_chinese(text.target)}，注意只需要输出翻译后的结果，不要额外解释：\n")
        else:
            if page:
                parts.append(f"The text is from a product's page that also says (only to understand it, not to be translated):\n{page}\n")
            if terms:
                parts.append("Reference the following translations:\n" + "\n".join(f"{a} translates to {b}" for a, b in terms) + "\n")
            if wrong:
                parts.append(f"The last translation was refused. Keep or put right: {wrong}\n")
            into = languages.name(text.target)
            task = f"Translate the following text into {into}. Note that you should only output the translated result"
            parts.append(f"{task} without any additional explanation:\n")
        return "\n".join([*parts, text.core])


def _chinese(code: str) -> str:
    """A language's name in Chinese."""
    known: str | None = _CHINESE.get(code) or Locale("zh").languages.get(code)
    return known or languages.name(code)


def clean(answer: str, text: str, prompt: str) -> str:
    """A model's answer without what it put around the translation: the task again, a label, quotes, explanations below."""
    task = prompt[: -len(text)].strip().splitlines()[-1]
    answer = answer.rpartition(task)[2].strip()
    if not _LABEL.match(text):
        answer = _LABEL.sub("", answer, count=1) if _LABEL.match(answer) else answer
    if "\n" not in text.strip():
        answer = answer.strip().partition("\n")[0]
    answer = answer.strip()
    quoted = len(answer) > 1 and answer[0] + answer[-1] in _QUOTES and text[:1] not in "".join(_QUOTES)
    return answer[1:-1].strip() if quoted else answer
