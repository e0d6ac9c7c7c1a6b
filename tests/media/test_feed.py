"""Frames come out of the pipe as they went in."""

from __future__ import annotations

import fcntl
import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from localize.media.feed import PIPE, Feed


def test_large_frames_arrive_as_they_were_written() -> None:
    """Their pages may lie in the pipe while later frames are written into the ring."""
    frames = [np.random.default_rng(k).bytes(PIPE + 12_345) for k in range(4 * Feed.RING)]
    receiving, sending = os.pipe()
    if hasattr(fcntl, "F_SETPIPE_SZ"):
        fcntl.fcntl(sending, fcntl.F_SETPIPE_SZ, PIPE)
    with open(receiving, "rb") as reader, open(sending, "wb") as pipe, ThreadPoolExecutor() as pool:
        got = pool.submit(reader.read)
        feed = Feed(pipe)
        for frame in frames:
            feed.write(frame)
        feed.finish()
        assert got.result() == b"".join(frames)


def test_a_frame_may_be_composed_where_it_is_sent_from() -> None:
    receiving, sending = os.pipe()
    with open(receiving, "rb") as reader, open(sending, "wb") as pipe, ThreadPoolExecutor() as pool:
        got = pool.submit(reader.read)
        feed = Feed(pipe)
        for k in range(3 * Feed.RING):
            room = feed.room(PIPE)
            room[:] = bytes([k]) * PIPE
            feed.write(room if k % 2 else b"*" * PIPE)
        feed.finish()
        assert got.result() == b"".join((bytes([k]) if k % 2 else b"*") * PIPE for k in range(3 * Feed.RING))
