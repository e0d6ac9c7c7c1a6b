"""A night in a few lines: what needs a person first, then what was made, then what is left for tomorrow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from localize.domain import Receipt
    from localize.planning import Outcome

Tongue = Literal["en", "zh"]
Kind = Literal["failed", "human", "done", "budget"]
MOST_BYTES = 2000  # of UTF-8, title and text: WeCom takes 2,048, DingTalk and Lark more
SHOWN = 3  # of each thing that needs a person; the page has all
LONGEST = 160  # letters of a reason


@dataclass(frozen=True)
class Night:
    """What a notice of a night tells. `stopped` says why the run did not get to its end, `forms` counts those that wait for whoever
    reads over and `reading` the clips of this night in them, `sign_ins` says which accounts a person must sign in to, `page` and
    `link` are the page and the run in Prefect's UI, `rejected_before` counts the rows that the campaign's run before could not take."""

    campaign: str
    outcomes: Sequence[Outcome] = ()
    planned: int = 0
    rejected: int = 0
    forms: int = 0
    reading: int = 0
    sign_ins: Sequence[str] = ()
    stopped: str = ""
    page: str = ""
    link: str = ""
    rejected_before: int = 0

    @property
    def kinds(self) -> frozenset[Kind]:
        """What happened, of the things that somebody may want to be told of."""
        found: set[Kind] = {"done"}
        if self.stopped or any(o.code for o in self.outcomes) or self._missing():
            found.add("failed")
        more = self.rejected > self.rejected_before  # of as many rows somebody was told before
        if self.forms or self.sign_ins or self._posts() or self._declarations() or self._blocked() or more:
            found.add("human")
        if self._in("left"):
            found.add("budget")
        return frozenset(found)

    def title(self, tongue: Tongue) -> str:
        say, needs = _WORDS[tongue], sum(count for count, _ in self._needs(tongue))
        return f"crossreel · {self.campaign}: {say['needs'].format(needs) if needs else say['well']}"

    def text(self, tongue: Tongue) -> str:
        """At most MOST_BYTES with the title, with both addresses whole: what is too much is cut off behind what comes first."""
        say = _WORDS[tongue]
        lines = [line for _, line in self._needs(tongue)]
        lines.append(say["counts"].format(**self.counts(), rejected=self.rejected))
        if left := self._in("left"):
            lines.append(say["left"].format(len(left), _short(left[0].message)))
        ends = [say[name].format(there) for name, there in (("page", self.page), ("run", self.link)) if there]
        end = "\n".join(["", *ends])
        return cut("\n".join(lines), MOST_BYTES - len(f"{self.title(tongue)}\n{end}".encode())) + end

    def facts(self) -> dict[str, Any]:
        """For programs: what a plain webhook gets as JSON."""
        return {
            "campaign": self.campaign, "kinds": sorted(self.kinds), "needs": [line for _, line in self._needs("en")],
            "counts": self.counts() | {"rejected": self.rejected, "planned": self.planned, "left": len(self._in("left"))},
            "page": self.page, "run": self.link,
        }  # fmt: skip

    def counts(self) -> dict[str, int]:
        states = Counter(o.state for o in self.outcomes)
        out = sum(r.state == "published" for o in self.outcomes for r in o.receipts)
        return {**{state: states[state] for state in ("made", "reused", "blocked", "failed")}, "posted": out}

    def _needs(self, tongue: Tongue) -> Iterator[tuple[int, str]]:
        """How many things of a kind need a person, and the line that says so; the most urgent first."""
        failed = [o for o in self._in("failed") if o.stage != "publish"]  # posts are told of by themselves
        kinds: list[tuple[str, int, list[str]]] = [
            ("stopped", int(bool(self.stopped)), [self.stopped]),
            ("forms", self.forms, []),
            ("posts", len(self._posts()), [f"{name} · {r.channel}: {r.reason}" for name, r in self._posts()]),
            ("sign_ins", len(self.sign_ins), list(self.sign_ins)),
            ("blocked", len(self._blocked()), [f"{o.sku}.{o.language}: {o.message}" for o in self._blocked()]),
            ("failed", len(failed), [f"{o.sku}.{o.language} · {o.stage}: {o.message}" for o in failed]),
            ("missing", self._missing(), []),
            ("rejected", self.rejected, []),
            ("declarations", len(self._declarations()), []),
        ]
        for name, count, told in kinds:
            if count:
                yield count, _listed(tongue, name, count, told)

    def _in(self, state: str) -> list[Outcome]:
        return [o for o in self.outcomes if o.state == state]

    def _blocked(self) -> list[Outcome]:
        return [o for o in self._in("blocked") if o.stage != "review"]  # a reader has seen those

    def _missing(self) -> int:
        return max(self.planned - len(self.outcomes) - self.reading, 0)

    def _posts(self) -> list[tuple[str, Receipt]]:
        return [(f"{o.sku}.{o.language}", r) for o in self.outcomes for r in o.receipts if r.state in ("held", "failed")]

    def _declarations(self) -> list[str]:
        return [r.channel for o in self.outcomes for r in o.receipts if r.state == "published" and "declaration" in r.reason]


@dataclass(frozen=True)
class Posts:
    """What a notice tells of posts that did not go out in their hour. `bad` are their names (`SKU.language`) with what became of them,
    `sign_ins` and `link` are as a night's."""

    campaign: str
    bad: Sequence[tuple[str, Receipt]]
    sign_ins: Sequence[str] = ()
    link: str = ""
    kinds: frozenset[Kind] = frozenset({"failed", "human"})

    def title(self, tongue: Tongue) -> str:
        return f"crossreel · {self.campaign}: {_WORDS[tongue]['needs'].format(len(self.bad) + len(self.sign_ins))}"

    def text(self, tongue: Tongue) -> str:
        """As a night's. What is held comes first: nobody but a person can tell whether it is out."""
        end = f"\n{_WORDS[tongue]['run'].format(self.link)}" if self.link else ""
        return cut("\n".join(self._needs(tongue)), MOST_BYTES - len(f"{self.title(tongue)}\n{end}".encode())) + end

    def facts(self) -> dict[str, Any]:
        return {"campaign": self.campaign, "kinds": sorted(self.kinds), "needs": list(self._needs("en")), "run": self.link}

    def _needs(self, tongue: Tongue) -> Iterator[str]:
        held_first = sorted(self.bad, key=lambda post: post[1].state != "held")
        told = {"posts": [f"{name} · {r.channel}: {r.reason}" for name, r in held_first], "sign_ins": list(self.sign_ins)}
        yield from (_listed(tongue, name, len(lines), lines) for name, lines in told.items() if lines)


def _listed(tongue: Tongue, name: str, count: int, told: Sequence[str]) -> str:
    """A line on things of a kind that need a person, and the first few of them below it."""
    say = _WORDS[tongue]
    more = [say["more"].format(len(told) - SHOWN)] if len(told) > SHOWN else []
    shown = [f"  {line}" for line in (*map(_short, told[:SHOWN]), *more)]
    return "\n".join(["! " + say[name].format(count), *shown])


def _short(reason: str) -> str:
    one_line = " ".join(reason.split())
    return one_line if len(one_line) <= LONGEST else f"{one_line[: LONGEST - 1]}…"


def cut(text: str, most: int) -> str:
    """A text of at most so many bytes of UTF-8."""
    whole = text.encode()
    return text if len(whole) <= most else f"{whole[: max(most - 4, 0)].decode(errors='ignore')} …"


_WORDS: dict[Tongue, dict[str, str]] = {
    "en": {
        "needs": "{} to look at", "well": "all is well",
        "stopped": "the run stopped before its end:", "forms": "to be read over, in Prefect: {} forms",
        "posts": "posts that did not go out: {}", "sign_ins": "sign-ins: {}", "blocked": "clips stopped by a check: {}",
        "failed": "clips that failed: {}", "missing": "clips that were not reached: {}",
        "rejected": "rows that can't become a clip: {}",
        "declarations": "posts whose AI declaration is to be ticked by hand: {}", "more": "and {} more",
        "counts": "Clips: {made} made, {reused} were there already, {blocked} blocked, {failed} failed. Posts out: {posted}. "
        "Rows rejected: {rejected}.",
        "left": "Clips left for tomorrow: {}. {}", "page": "Page: {}", "run": "Run: {}",
    },
    "zh": {
        "needs": "{} 件事需要处理", "well": "一切正常",
        "stopped": "任务中途停止:", "forms": "待审校表单(在 Prefect 中):{} 份",
        "posts": "未能发布的作品:{} 条", "sign_ins": "账号登录:{} 个", "blocked": "检查未通过的视频:{} 条",
        "failed": "制作失败的视频:{} 条", "missing": "没有轮到的视频:{} 条",
        "rejected": "无法制作视频的商品行:{} 行",
        "declarations": "需手动勾选 AI 声明的作品:{} 条", "more": "另有 {} 条",
        "counts": "视频:新制作 {made},已有 {reused},被拦截 {blocked},失败 {failed}。已发布 {posted} 条。退回的商品行:{rejected}。",
        "left": "留到明天的视频:{} 条。{}", "page": "页面:{}", "run": "任务:{}",
    },
}  # fmt: skip
