"""What a drawn host looks like and costs: a contact sheet, twelve frames of a busy clip, and CPU per frame.

python benchmarks/host_sheet.py [--avatar mali] [--scale 1.0] [--out DIR] [--json]
"""

from __future__ import annotations

import argparse
import json
import random
import time
from pathlib import Path

import cv2
from PIL import Image

from localize.avatar import DrawnAvatar, perform
from localize.avatar.sheet import contact_sheet, strip
from localize.domain import Line, Mouth, Performance, Speech, Word
from localize.lipsync.viseme import VisemeLipsync
from localize.timeline import Spoken, Timeline

AVATARS = Path(__file__).parents[1] / "assets" / "avatars"
SECONDS = 10.0


def busy(seed: int = 3) -> Performance:
    """Ten seconds of talk without a pause, a gesture on every line, random mouths at speaking pace."""
    rng = random.Random(seed)
    said: list[Spoken] = []
    start = 0.2
    for gesture, emotion in zip(
        ("wave", "point_side", "count_3", "thumbs_up", "point_down"), ("happy", "excited", "neutral", "sincere", "surprised"), strict=True
    ):
        mouths, at = [], 0.0
        while at < 1.75:
            end = at + rng.uniform(0.06, 0.16)
            mouths.append({"shape": rng.choice("ABBCCDDEFGH"), "start": at, "end": end})
            at = end
        track = tuple(Mouth.model_validate(m) for m in mouths)
        line = Line.model_validate({"role": "feature", "text": "-", "gesture": gesture, "emotion": emotion})
        word = Word(text="-", start=0.0, end=0.4)
        speech = Speech(audio="", rate=24000, duration=at, words=(word,), mouths=track, engine="benchmark")
        said.append(Spoken(line, speech, start, start + at))
        start += at + 0.1
    return perform(said, VisemeLipsync().track(Timeline(tuple(said), SECONDS, 30)), SECONDS, seed)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--avatar", default="mali")
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    cv2.setNumThreads(1)

    began = time.process_time()
    avatar = DrawnAvatar.load(AVATARS / options.avatar, options.scale)
    performance = busy()
    figures = {"load_s": time.process_time() - began}
    frames = range(round(SECONDS * 30))
    for name in ("first_ms", "ms"):  # the first time through draws the mouths and eyes that are then kept
        began = time.process_time()
        keys = {tuple((s.key, s.x, s.y) for s in avatar.sprites(performance, k / 30)) for k in frames}
        figures[name] = (time.process_time() - began) / len(frames) * 1000
    figures["distinct_frames"] = len(keys)
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        contact_sheet(avatar).save(options.out / f"{options.avatar}.png")
        cells = [(f"{t:.2f} s", avatar.frame(performance, t)) for t in (SECONDS * (k + 0.5) / 12 for k in range(12))]
        sheet: Image.Image = strip(cells, avatar.size, 4, 1600)
        sheet.save(options.out / f"{options.avatar}-frames.png")
    if options.json:
        print(json.dumps({k: round(v, 2) for k, v in figures.items()}))
        return
    print(f"{options.avatar} at scale {options.scale}, {len(frames)} frames of a busy clip, CPU time")
    print(f"  load            {figures['load_s']:8.2f} s")
    print(f"  first clip      {figures['first_ms']:8.2f} ms/frame")
    print(f"  further clips   {figures['ms']:8.2f} ms/frame")
    print(f"  distinct frames {figures['distinct_frames']:8.0f}")


if __name__ == "__main__":
    main()
