"""VITS voices: letters in, sound and each letter's exact duration out. What every voice of this kind shares, whoever made its files."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from localize.domain import Word
from localize.errors import NotReady, UserError
from localize.languages import Language, Token
from localize.torch_device import drawing
from localize.voice import Samples, Sound, VoiceStyle
from localize.voice.letters import Clause, clauses

# Clauses spoken together. A GPU is hardly busy with one; a CPU is, and takes half as long again for the same clauses in fours.
ON_GPU, ON_CPU = 16, 1
# Units of silence behind each row. Its last sounds must not depend on what else the batch holds, and the vocoder looks 14 units ahead.
EDGE = 16
FADE = 0.004  # s at both ends of a clause, against clicks where it meets a pause

# Ids [rows, n] and their counts [rows] in; sound [rows, 1, samples] and durations [rows, 1, n] in units out. The pace is a factor.
Run = Callable[[Any, Any, float], tuple[Any, Any]]


@dataclass
class Vits:
    """One language's model in memory. `vocabulary` gives each sign's id; id 0 stands between signs where `blanks` is set."""

    run: Run
    vocabulary: Mapping[str, int]
    blanks: bool
    rate: int  # Hz
    hop: int  # samples of one unit of duration
    device: str
    lock: threading.Lock = field(default_factory=threading.Lock)

    def ids(self, letters: str) -> list[int]:
        plain = [self.vocabulary[sign] for sign in letters]
        return [0, *(i for known in plain for i in (known, 0))] if self.blanks else plain

    def speak_all(self, lines: Sequence[Sequence[Token]], language: Language, style: VoiceStyle, voice: str) -> list[Sound]:
        """Lines spoken, with their words' times. Equal clauses of equal takes sound alike, alone or among others."""
        if not 0 < style.pace <= 10:
            raise UserError(f"a voice's pace is a factor near 1, not {style.pace:g}")
        cut = [clauses(line, language, self.vocabulary, voice) for line in lines]
        flat = list(dict.fromkeys(clause.letters for line in cut for clause in line if clause.letters))
        said: dict[str, tuple[Samples, list[int]]] = {}
        by_length = sorted(flat, key=len)
        most = ON_CPU if self.device == "cpu" else ON_GPU
        for i in range(0, len(by_length), most):
            some = by_length[i : i + most]
            seeds = [f"{language.code}\0{style.take}\0{letters}" for letters in some]
            said.update(zip(some, self._rows([self.ids(letters) for letters in some], seeds, style.pace), strict=True))
        return [self._joined(line, parts, said, style.pace) for line, parts in zip(lines, cut, strict=True)]

    def _rows(self, rows: list[list[int]], seeds: list[str], pace: float) -> list[tuple[Samples, list[int]]]:
        """Each row's samples and its ids' durations in units."""
        import torch

        width = max(len(row) for row in rows)
        ids = torch.tensor([row + [0] * (width - len(row)) for row in rows], device=self.device)
        counts = torch.tensor([len(row) for row in rows], device=self.device)
        with self.lock, torch.inference_mode(), drawing(seeds):
            sound, durations = self.run(ids, counts, pace)
        sounds, units = sound[:, 0].float().cpu().numpy(), durations[:, 0].long().cpu().tolist()
        spent = [[int(n) for n in unit[: len(row)]] for row, unit in zip(rows, units, strict=True)]
        return [(np.clip(s[: max(sum(n), 1) * self.hop], -1, 1), n) for s, n in zip(sounds, spent, strict=True)]

    def _joined(
        self, tokens: Sequence[Token], parts: Sequence[Clause], said: Mapping[str, tuple[Samples, list[int]]], pace: float
    ) -> Sound:
        """Clauses one after the other with their pauses between them, and when each token is heard."""
        sounds: list[Samples] = []
        times: list[tuple[float, float]] = []
        now = 0  # samples
        for part in parts:
            samples, units = said[part.letters] if part.letters else (np.zeros(0, np.float32), [])
            times += [((now + a * self.hop) / self.rate, (now + b * self.hop) / self.rate) for a, b in self._heard(part, units)]
            silence = np.zeros(round(part.pause / pace * self.rate) if len(samples) else 0, np.float32)
            sounds += [_faded(samples, round(FADE * self.rate)), silence]
            now += len(samples) + len(silence)
        whole = np.concatenate([np.zeros(0, np.float32), *sounds])
        words = tuple(Word(text=t.text, gap=t.gap, start=a, end=b) for t, (a, b) in zip(tokens, times, strict=True))
        return Sound(whole, self.rate, words)

    def _heard(self, part: Clause, units: list[int]) -> list[tuple[float, float]]:
        """When each token of a clause is heard, in units from its start; a token that says nothing has a moment.

        A letter is heard for its own duration and the blank's after it, which is its end; words that touch share the blank
        between them. The blank before a clause and the one behind it are silence.
        """
        ends = [0, *itertools.accumulate(units)]
        starts = {a for a, b in part.spans if b > a}
        touching = starts & {b for a, b in part.spans if b > a}

        def edge(at: int) -> float:
            """Where the words before and from the letter `at` part."""
            if not self.blanks or not units:
                return ends[at]
            opens, closes = ends[2 * at], ends[2 * at + 1]  # of the blank before the letter
            if at == len(part.letters) > 0:
                return opens
            return (opens + closes) / 2 if at in touching else closes

        return [(edge(a), edge(b)) for a, b in part.spans]


def _faded(samples: Samples, length: int) -> Samples:
    if len(samples) < 2 * length:
        return samples
    ramp = np.linspace(0, 1, length, dtype=np.float32)
    out = samples.copy()
    out[:length] *= ramp
    out[-length:] *= ramp[::-1]
    return out


def checked(vocabulary: Mapping[str, int], size: int, place: object) -> None:
    """Raises NotReady when a model has no entry for a sign of its vocabulary: the two are of different models."""
    if not vocabulary or max(vocabulary.values()) >= size:
        raise NotReady(
            f"the model in {place} knows {size} signs and its vocabulary names other ones.", how="Get the model's files again.",
            missing=(str(place),),
        )  # fmt: skip
