"""What the models on torch share: where they run, and chance that is each call's own."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import AbstractContextManager
from functools import cache
from typing import Any

import numpy as np

from localize import weights
from localize.errors import NotReady

# Speech models of this size gain nothing from half precision and lose by it: their durations are exponentials and their
# flows invert themselves only in full precision. So the type of numbers is no option.
DTYPE = "float32"


def chosen(device: weights.Device) -> str:
    """The device that is meant, as torch names it: a GPU when there is one. Raises NotReady for a GPU that torch can't use."""
    import torch

    if device == "cuda" and not torch.cuda.is_available():
        raise NotReady("there is no CUDA GPU that torch can use here.", how="Set `device: cpu` or `device: auto`.")
    return "cuda:0" if device != "cpu" and torch.cuda.is_available() else "cpu"


def report(device: weights.Device) -> str:
    """Where a model runs and in which numbers, for a sidecar: "cuda:0 float32"."""
    return f"{chosen(device)} {DTYPE}"


def drawing(seeds: Sequence[str]) -> AbstractContextManager[Any]:
    """While it is open, this thread's torch draws normal noise and tokens from generators made of the seeds, one for each row.

    torch's shared generator would be moved on by other threads, and equal calls would differ. Each row's noise is the same on
    every device, whatever its neighbours in the batch and however far it is padded.
    """
    return _mode()(seeds)  # type: ignore[no-any-return]


@cache
def _mode() -> Any:
    import torch
    from torch.overrides import TorchFunctionMode

    class Drawing(TorchFunctionMode):  # type: ignore[misc]
        def __init__(self, seeds: Sequence[str]) -> None:
            super().__init__()
            self.seeds = [int.from_bytes(hashlib.blake2b(seed.encode(), digest_size=16).digest()) for seed in seeds]
            self.draws = 0

        def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            if func is torch.randn_like:
                return self.noise(args[0].shape).to(args[0])
            if func is torch.randn:
                shape = args[0] if len(args) == 1 and not isinstance(args[0], int) else args
                return self.noise(shape).to(device=(kwargs or {}).get("device"), dtype=(kwargs or {}).get("dtype"))
            if func is torch.multinomial:
                return self.picked(args[0])
            return func(*args, **(kwargs or {}))

        def sources(self, rows: int) -> list[np.random.Generator]:
            """A new generator for each row of each draw: how much was drawn before depends on the padding."""
            if rows != len(self.seeds):
                raise ValueError(f"{rows} rows are drawn where there are {len(self.seeds)} seeds")
            self.draws += 1
            return [np.random.default_rng([seed, self.draws]) for seed in self.seeds]

        def noise(self, shape: Sequence[int]) -> Any:
            """Normal noise [rows, ..., time]; drawn with time first, so that a longer row begins like a shorter one."""
            rows = [
                np.moveaxis(source.standard_normal((shape[-1], *shape[1:-1]), dtype=np.float32), 0, -1) for source in self.sources(shape[0])
            ]
            return torch.from_numpy(np.ascontiguousarray(np.stack(rows)))

        def picked(self, chances: Any) -> Any:
            """One index of each row [rows, n], by its chances: the first to come of events that happen at these rates."""
            waits = np.stack([source.exponential(size=chances.shape[-1]) for source in self.sources(chances.shape[0])])
            return (chances.double() / torch.from_numpy(waits).to(chances.device)).argmax(dim=-1, keepdim=True)

    return Drawing
