"""Scripts by a language model: asked, read, judged, asked again, and written by templates if it will not do.

Two engines share this: `openai`, any server with OpenAI's API, and `transformers`, a chat model on this machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

from localize import pace
from localize.chat import Chat, Message, Unanswered
from localize.chat.local_chat import LocalChat, LocalChatOptions
from localize.chat.openai_chat import OpenAIChat, OpenAIOptions
from localize.domain import Finding, Line, Money, Product, Role, Script, Text
from localize.engines import Card
from localize.script import Brief, Judge, answer, dialogues, no_judge, prompt
from localize.script.phrases import group_of
from localize.script.templates import STYLES, TemplateWriter

DIALOGUE_VERSION = "2"  # of what is done with a dialogue's Lines
AGAIN = 2  # times that an answer is asked for once more
OVER = 1.14  # times the wished length that a script may take
# What a script can do without, the first to go first; of several Lines of a role, the last.
OPTIONAL: tuple[Role, ...] = ("problem", "proof", "feature")


class ChatWriter:
    """A Writer on a Chat. Subclasses give the card and the chat."""

    card: ClassVar[Card]

    def __init__(self, chat: Chat) -> None:
        self.chat = chat
        self.instead = TemplateWriter()

    def missing(self) -> str:
        return self.chat.missing()

    def fingerprint(self) -> str:
        return f"{self.card.name}-{self.card.version}-{prompt.fingerprint()}-{self.chat.fingerprint()}-{self.instead.fingerprint()}"

    def dialogue_fingerprint(self) -> str:
        return f"{DIALOGUE_VERSION}-{prompt.dialogue_fingerprint()}-{self.instead.dialogue_fingerprint()}"

    def write(
        self, product: Product, text: Text, price: Money, was: Money | None, language: str, brief: Brief, judge: Judge = no_judge
    ) -> Script:
        """See `Writer.write`. After three answers that won't do, the script is the templates', with a finding that says why."""
        first = prompt.messages(product, text, price, was, language, brief)
        messages, problems = list(first), ["it was not asked"]
        for attempt in range(1 + AGAIN):
            try:
                said = self.chat.ask(messages, prompt.schema(brief))
            except Unanswered as why:
                messages, problems = list(first), [str(why)]
                continue
            lines, problems = answer.parse(said, len(text.features), brief.genders, language)
            if not problems:
                # Of a dialogue nothing is left out: a question without its answer is worse than the templates.
                lines, long = fitted(lines, brief.seconds, language, ask=attempt < AGAIN or bool(brief.second))
                if brief.second:
                    lines = dialogues.asides(lines, language)
                script = self._script(lines, product, text, price, was, language, long)
                problems = [
                    *(f.message for f in judge(script) if f.severity == "block"),
                    *(f.message for f in long if f.severity == "block"),
                ]
                if not problems:
                    return script
            # The faults of the last answer only: a conversation of many would cost more each time.
            messages = [*first, Message("assistant", said[:6000]), prompt.again(problems)]
        return self._by_templates(product, text, price, was, language, brief, problems)

    def _script(
        self, lines: Sequence[Line], product: Product, text: Text, price: Money, was: Money | None, language: str, found: Sequence[Finding]
    ) -> Script:
        return Script(
            language=language, lines=tuple(lines), text=text, price=price, price_from=product.price_from,
            was_price=was if was and was.currency == price.currency and was.amount > price.amount else None,
            engine=self.card.name, variant=group_of(product), findings=tuple(f for f in found if f.severity != "block"),
        )  # fmt: skip

    def _by_templates(
        self, product: Product, text: Text, price: Money, was: Money | None, language: str, brief: Brief, problems: Sequence[str]
    ) -> Script:
        plain = replace(brief, style=brief.style if brief.style in STYLES else STYLES[0])
        script = self.instead.write(product, text, price, was, language, plain)
        message = f"The templates wrote this script, as {1 + AGAIN} answers of {self.card.name} could not be used: {' '.join(problems)}"
        found = Finding(check="script", severity="warn", message=message[:600], evidence={"engine": self.card.name, "asked": 1 + AGAIN})
        return script.model_copy(update={"findings": (found,)})


def fitted(lines: Sequence[Line], target: float, language: str, *, ask: bool) -> tuple[list[Line], list[Finding]]:
    """The Lines in the time there is, and what is to be said about their length.

    With `ask`, Lines that take too long are left as they are with a blocking finding, so that they are asked for shorter. Else
    those that a script can do without are left out until the rest fits; what is still too long is warned of.
    """
    kept, takes = list(lines), pace.length(lines, language)
    if takes <= target * OVER:
        return kept, []
    evidence: dict[str, str | int | float | bool | None] = {"seconds": round(takes, 1), "target": target}
    if ask:
        message = f"It takes about {takes:.0f} seconds to say, and there are {target:.0f}: make the lines shorter, or fewer."
        return kept, [Finding(check="length", severity="block", message=message, evidence=evidence)]
    for role in OPTIONAL:
        # One feature stays: a script without any says nothing about the thing.
        least = 1 if role == "feature" else 0
        while pace.length(kept, language) > target * OVER and sum(line.role == role for line in kept) > least:
            kept.pop(max(n for n, line in enumerate(kept) if line.role == role))
    left = pace.length(kept, language)
    evidence["lines left out"] = len(lines) - len(kept)
    if left > target * OVER:
        message = f"The clip takes about {left:.0f} seconds, not {target:.0f}: what is left of the script can't be said faster."
        return kept, [Finding(check="length", severity="warn", message=message, evidence=evidence)]
    message = f"{len(lines) - len(kept)} of {len(lines)} lines were left out, as there are only {target:.0f} seconds."
    return kept, [Finding(check="length", severity="info", message=message, evidence=evidence)]


class OpenAIWriter(ChatWriter):
    """`openai`: any server with OpenAI's API."""

    Options = OpenAIOptions
    card: ClassVar[Card] = Card(
        name="openai",
        stage="script",
        about="a language model behind an OpenAI-compatible server, which the campaign names",
        version="1",
        licence="the server's terms",
        quality=60,
        remote=True,
    )

    def __init__(self, options: OpenAIOptions) -> None:
        super().__init__(OpenAIChat(options))


class LocalWriter(ChatWriter):
    """`transformers`: a chat model in a folder of this machine."""

    Options = LocalChatOptions
    card: ClassVar[Card] = Card(
        name="transformers",
        stage="script",
        about="a chat model on this machine, such as Qwen3",
        version="1",
        licence="the model's own",
        quality=40,
    )

    def __init__(self, options: LocalChatOptions) -> None:
        super().__init__(LocalChat(options))
