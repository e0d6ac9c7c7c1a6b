"""Noise that AAC leaves to the decoder, and how packets are replaced without changing it elsewhere.

An encoder may say of a band only "noise, this loud" (ISO 14496-3, 4.6.13). Decoders draw it from one row of pseudo-random numbers, so
with other packets in a stretch that draw more numbers or fewer, all noise behind it comes out differently though its packets are the
same. New packets are therefore chosen so that a stretch draws as many numbers as the source's did. How many that is no packet says in
a place that is easy to find; the decoder does: a packet with one band of noise, decoded behind others, shows where in the row it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from itertools import islice
from typing import TypeVar

import av
import numpy as np
import numpy.typing as npt

# ffmpeg's row: each number is the last one times `TIMES` plus `PLUS`, by 32 bits.
SEED, TIMES, PLUS = 0x1F2E3D4C, 1664525, 1013904223
WIDTH = 4  # numbers that the narrowest band draws; all draw a multiple of it
GROUP = 64  # packets whose choices are weighed at once
Numbers = npt.NDArray[np.uint32]
Packet = TypeVar("Packet")


def match(
    old: Iterable[bytes], new: Iterable[Sequence[bytes]], channels: int, header: bytes, take: Callable[[bytes], None], *,
    early: bool = False,
) -> int:  # fmt: skip
    """Take one version of each new packet, so that all together draw as many numbers as the old packets, or as nearly as they can; the
    first version is the one to prefer. Returns how many numbers are missing.

    Numbers are drawn about where the old packets draw them. `early` draws them as soon as they can be: where the sound ends in a place
    that has little room for noise, there is none left to make up for."""
    before = groups(old)
    missing = sum(draws(before, channels, header)) if early else 0
    for versions in groups(new):
        missing += 0 if early else sum(draws([next(before, [])], channels, header))
        counts = [draws([[packet] for packet in packets], channels, header) for packets in zip(*versions, strict=True)]
        chosen = _summing(list(zip(*counts, strict=True)), missing)
        for k, (packets, choice) in enumerate(zip(versions, chosen, strict=True)):
            missing -= counts[choice][k]
            take(packets[choice])
    return missing


def groups(packets: Iterable[Packet]) -> Iterator[list[Packet]]:
    """Packets by `GROUP`."""
    rest = iter(packets)
    while group := list(islice(rest, GROUP)):
        yield group


def draws(packets: Iterable[Sequence[bytes]], channels: int, header: bytes) -> list[int]:
    """How many numbers each group of packets of one or two channels draws. `header` is the track's AudioSpecificConfig."""
    decoder = av.CodecContext.create("aac", "r")
    decoder.extradata = header
    probe, state, counts = av.Packet(_probe(channels)), SEED, []
    for group in packets:
        for packet in group:
            try:
                decoder.decode(av.Packet(packet))
            except av.FFmpegError:
                continue
        decoder.decode(probe)
        shown = np.asarray(decoder.decode(probe)[0].to_ndarray()[0], np.float64)
        times, plus = _row(2 * 1024 // WIDTH * max(1, len(group)) * channels)
        reached = times * np.uint32(state) + plus
        k = int(np.abs(_bands(reached) @ (_unmixed() @ shown)[:WIDTH]).argmax())
        counts.append(WIDTH * k)
        state = (int(times[2]) * int(reached[k]) + int(plus[2])) % 2**32  # behind both probes
    return counts


def _summing(counts: Sequence[Sequence[int]], wanted: int) -> list[int]:
    """One choice for each packet from its versions' counts, so that they sum up to what is wanted, or to as much below it as can be."""
    most = sum(max(versions) for versions in counts)
    within = (1 << min(wanted, most) // WIDTH + 1) - 1
    reachable = [1]  # bit n: some choices of the packets so far sum up to n * WIDTH
    for versions in counts:
        sums = 0
        for count in versions:
            sums |= reachable[-1] << count // WIDTH
        reachable.append(sums & within)
    left, chosen = reachable[-1].bit_length() - 1, []
    if left < 0:
        return [0] * len(counts)
    for k in reversed(range(len(counts))):
        fitting = [c for c, count in enumerate(counts[k]) if count // WIDTH <= left and reachable[k] >> left - count // WIDTH & 1]
        # Each has its share, so that none needs much more noise than the source's packets have.
        choice = min(fitting, key=lambda c: abs(counts[k][c] // WIDTH - left / (k + 1)))
        left -= counts[k][choice] // WIDTH
        chosen.append(choice)
    return chosen[::-1]


def _bands(states: Numbers) -> npt.NDArray[np.float64]:
    """The narrowest band as it is drawn from each state: [n, WIDTH], of length 1."""
    columns, now = [], states
    for _ in range(WIDTH):
        now = now * np.uint32(TIMES) + np.uint32(PLUS)
        columns.append(now.view(np.int32).astype(np.float64))
    band = np.stack(columns, axis=1)
    return np.asarray(band / np.linalg.norm(band, axis=1, keepdims=True), np.float64)


@cache
def _row(n: int) -> tuple[Numbers, Numbers]:
    """By what a state is multiplied, and what is added, to be 0, 1, ... n bands further on: [n + 1] each."""
    times, plus = np.ones(n + 1, np.uint32), np.zeros(n + 1, np.uint32)
    t, p = 1, 0
    for _ in range(WIDTH):
        t, p = t * TIMES % 2**32, (p * TIMES + PLUS) % 2**32
    done = 1
    while done <= n:  # by doubling: from the first `done` to as many more, `done` bands on
        some = min(done, n + 1 - done)
        times[done : done + some] = times[:some] * np.uint32(t)
        plus[done : done + some] = plus[:some] * np.uint32(t) + np.uint32(p)
        t, p, done = t * t % 2**32, (p * t + p) % 2**32, 2 * done
    return times, plus


@cache
def _unmixed() -> npt.NDArray[np.float64]:
    """What finds, in a frame between two probes, the four lines of the one before it and the four of its own: [8, 1024]."""
    n, k = np.arange(2048)[:, None], np.arange(WIDTH)[None, :]
    lines = np.cos(2 * np.pi / 2048 * (n + 512.5) * (k + 0.5)) * np.sin(np.pi * (n + 0.5) / 2048)
    return np.linalg.pinv(np.concatenate([lines[1024:], lines[:1024]], axis=1))


@cache
def _probe(channels: int) -> bytes:
    """A packet whose first channel has noise in its lowest band and whose second, if there is one, has nothing."""
    gain, long_window, tools = "10000000", "0000", "000"
    noise = gain + long_window + f"{1:06b}0" + f"{13:04b}{1:05b}" + f"{256:09b}" + tools  # one band, of the noise book, so loud
    nothing = gain + long_window + f"{0:06b}0" + tools
    bits = ("000" + "0000" + noise if channels == 1 else "001" + "0000" + "0" + noise + nothing) + "111"
    return int(bits.ljust(-(-len(bits) // 8) * 8, "0"), 2).to_bytes(-(-len(bits) // 8), "big")
