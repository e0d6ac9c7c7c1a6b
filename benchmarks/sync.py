"""How well the host's mouth goes with the voice, measured on finished clips: from the sound and the pixels in the mp4.

Without arguments it makes two demo clips (Thai and Indonesian, without music, as a bed's energy is not the voice's)
and measures them. With folders it measures every clip found in them that lies beside its performance.json, as in
`<store>/clip`; where such a clip has music, that is in the sound too, 10 dB under the voice, and the figures say a
little less.

    python benchmarks/sync.py [FOLDER ...] [--json]

Each figure, and what it must be:
  correlation  of how far the drawn mouth is open with the loudness heard (dB, 40 below the loud parts is silence), >= 0.5
  offset       by which the loudness follows the mouth, from their cross-correlation, within +-40 ms
  closed       share of frames with closed lips (X or A) where nothing is heard for 120 ms or longer, >= 95 %. The last 40 ms
               before a sound do not count: there a mouth opens for it, as people's do
  m b p        share of these sounds for which closed lips (A) are drawn within their word, 100 %. They are counted by the
               letters of what is said, so that the voice's own phonemes are not trusted; Chinese has none and shows -
  pixels       correlation of the dark area of the mouth in the frames with the opening that the track asks for, >= 0.8
  frames       by which the pixels follow the track, within +-1
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from localize import campaign as campaigns
from localize import languages, planning, stages
from localize.assets import ASSETS
from localize.avatar import DrawnAvatar
from localize.avatar.pose import mouth_at, mouth_opening
from localize.clip import layout as layouts
from localize.domain import Performance
from localize.media import pcm
from localize.media.command import file
from localize.store import LocalStore

PRESENTER_RIGHT = layouts.get("presenter-right")

DEMO = Path(__file__).resolve().parent.parent / "catalog" / "demo" / "campaign.yaml"
FPS = 30
HOP = 0.01  # s between two measures of loudness
SILENT = -40.0  # dB against the loud parts
SILENCE = 0.12  # s: a shorter hole is the closure of a stop, in which no mouth rests
AHEAD = 0.040  # s
REACH = 0.30  # s an offset is looked for in
MOUTH = (-36, -10, 36, 32)  # px around the mouth's anchor: lips that speak, and nothing of the hair
DARK = 80  # luma (16..235) of the inside of a mouth, at most; lips are lighter
Series = npt.NDArray[np.float64]

# Letters that are said with closed lips. A run of them is one closure; ph is f in Vietnamese and English. In Thai a
# letter under ์ is not said.
BILABIALS = {
    "th": re.compile("[บปผพภมbpm]+"), "vi": re.compile("(?:[bm]|p(?!h))+"),
    "id": re.compile("[bpm]+"), "en": re.compile("(?:[bm]|p(?!h))+"),
}  # fmt: skip
SILENCED = re.compile("[ก-ฮ][ิุ]?์")

LIMITS = {
    "correlation": (0.5, 1),
    "offset_ms": (-40, 40),
    "closed": (0.95, 1),
    "bilabials": (1, 1),
    "pixels": (0.8, 1),
    "pixel_frames": (-1, 1),
}


def demo_clips(tmp: Path, spoken: Sequence[str] = ("th", "id"), avatar: str = "mali", preset: str = "faster") -> Iterator[Path]:
    """The folders of a clip of the demo campaign in each language, made without music."""
    campaign = campaigns.load(DEMO)
    video = campaign.video.model_copy(update={"music": "none", "preset": preset})
    hosts = [host.model_copy(update={"avatar": avatar}) for host in campaign.hosts]
    campaign = campaign.model_copy(update={"video": video, "hosts": type(campaign.hosts)(hosts)})
    studio = stages.Studio(campaign, LocalStore(tmp))
    jobs = planning.plan(campaign).jobs
    for language in spoken:
        clip, _, _ = stages.make(studio, next(j for j in jobs if j.language == language and j.product.images))
        yield Path(clip.video).parent


def loudness(samples: npt.NDArray[np.float32]) -> Series:
    """The voice's band (150-5000 Hz) in dB against its loud parts, one value every `HOP` for the 2 * HOP around it [n]."""
    spectrum = np.fft.rfft(samples)
    hertz = np.fft.rfftfreq(len(samples), 1 / pcm.RATE)
    spectrum[(hertz < 150) | (hertz > 5000)] = 0
    power = np.fft.irfft(spectrum, len(samples)) ** 2
    hop = round(HOP * pcm.RATE)
    cells = power[: len(power) // hop * hop].reshape(-1, hop).mean(axis=1)
    padded = np.pad(cells, 1, mode="edge")
    level = 10 * np.log10((padded[:-2] / 2 + padded[1:-1] + padded[2:] / 2) / 2 + 1e-12)
    return np.asarray(level - np.percentile(level, 95))


def follows(first: Series, second: Series, reach: int) -> tuple[float, float]:
    """By how many samples `second` comes after `first` (parabola through the best lag), and the correlation at none."""
    lags = range(-reach, reach + 1)
    inner = slice(reach, -reach)
    scores = [float(np.corrcoef(first[inner], second[reach + lag : len(second) - reach + lag])[0, 1]) for lag in lags]
    k = int(np.argmax(scores))
    if not 0 < k < len(scores) - 1:
        return float(lags[k]), scores[reach]
    a, b, c = scores[k - 1 : k + 2]
    return lags[k] + (a - c) / (2 * (a - 2 * b + c)), scores[reach]


def heard(video: Path, performance: Performance) -> dict[str, float]:
    """Correlation and offset of opening and loudness, and how often the mouth is closed in silence."""
    level = loudness(pcm.read_audio(video))
    count = min(len(level), int(performance.duration / HOP))
    times = (np.arange(count) + 0.5) * HOP
    # A frame stays up until the next: the opening at a time is that of the frame shown then.
    drawn = np.array([mouth_opening(performance, k / FPS) for k in range(round(performance.duration * FPS) + 1)])
    opening = drawn[np.floor(times * FPS + 1e-6).astype(int)]
    loud = np.clip(level[:count], SILENT, 0)
    offset, correlation = follows(opening, loud, round(REACH / HOP))
    silent = np.zeros(count, bool)
    start = 0
    for hushed, run in groupby(loud <= SILENT):
        end = start + len(list(run))
        silent[start : end - round(AHEAD / HOP)] = hushed and (end - start) * HOP >= SILENCE
        start = end
    frames = [k for k in range(int(count * HOP * FPS)) if silent[int(k / FPS / HOP) : int((k + 1) / FPS / HOP)].all()]
    closed = [mouth_at(performance, k / FPS)[0] in "XA" for k in frames]
    return {
        "correlation": round(correlation, 3), "offset_ms": round(offset * HOP * 1000, 1), "closed": round(float(np.mean(closed)), 4),
        "silent_frames": len(frames),
    }  # fmt: skip


def closures(sidecar: dict[str, Any], shut: Sequence[bool]) -> dict[str, Any]:
    """How many m, b and p the words have by their letters, and how many of these meet lips that are `shut` [frames]."""
    pattern, language = BILABIALS.get(sidecar["language"]), languages.get(sidecar["language"])
    if pattern is None:
        return {"bilabials": None, "bilabials_said": 0, "missed": []}
    tokens = [token for line in sidecar["lines"] for token in language.read(line["text"])]
    said, drawn, missed = 0, 0, []
    for token, word in zip(tokens, sidecar["words"], strict=True):
        wanted = len(pattern.findall(SILENCED.sub("", token.say.lower())))
        # Lips close before an m, b or p is heard, and the closure of a final one lasts over the word's end.
        first, last = int((word["start"] - 0.07) * FPS), int((word["end"] + 0.05) * FPS) + 1
        found = sum(closed for closed, _ in groupby(shut[max(0, first) : last]))
        said, drawn = said + wanted, drawn + min(wanted, found)
        if found < wanted:
            missed.append(f"{token.text} {word['start']:.2f} s: {found} of {wanted}")
    return {"bilabials": round(drawn / said, 4) if said else 1.0, "bilabials_said": said, "missed": missed}


def darkness(video: Path, mouth: tuple[float, float]) -> Series:
    """The share of dark pixels around the mouth, which is at `mouth` on the host's canvas, frame by frame [n]."""
    x, y = (round(a + b) for a, b in zip(PRESENTER_RIGHT.presenters[0][:2], mouth, strict=True))
    left, top, right, bottom = x + MOUTH[0], y + MOUTH[1], x + MOUTH[2], y + MOUTH[3]
    dark = []
    with av.open(file(video)) as container:
        for frame in container.decode(video=0):
            plane = frame.planes[0]
            luma = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
            dark.append(float((luma[top:bottom, left:right] < DARK).mean()))
    return np.array(dark)


def seen(dark: Series, performance: Performance) -> dict[str, float]:
    """Correlation of the mouth's dark area in the frames with the track's opening, and by how many frames it follows."""
    opening = np.array([mouth_opening(performance, k / FPS) for k in range(len(dark))])
    frames, correlation = follows(opening, dark, 6)
    return {"pixels": round(correlation, 3), "pixel_frames": round(frames, 2)}


def measured(folder: Path, mouth: tuple[float, float]) -> dict[str, Any]:
    """All figures of the clip in a folder, and the names of those that fall short."""
    sidecar = json.loads((folder / "clip.json").read_text("utf-8"))
    performance = Performance.model_validate_json((folder / "performance.json").read_text("utf-8"))
    video = folder / "clip.mp4"
    row: dict[str, Any] = {"clip": f"{sidecar['language']} {sidecar['sku']}", "seconds": round(performance.duration, 2)}
    shut = [mouth_at(performance, k / FPS)[0] == "A" for k in range(round(performance.duration * FPS))]
    row |= heard(video, performance) | closures(sidecar, shut) | seen(darkness(video, mouth), performance)
    row["short"] = [name for name, (low, high) in LIMITS.items() if row[name] is not None and not low <= row[name] <= high]
    return row


def table(rows: list[dict[str, Any]]) -> None:
    print(f"{'clip':<22}{'s':>7}{'correlation':>13}{'offset':>10}{'closed':>9}{'m b p':>14}{'pixels':>9}{'frames':>8}")
    for r in rows:
        lips = "-" if r["bilabials"] is None else f"{r['bilabials']:.1%} of {r['bilabials_said']}"
        print(
            f"{r['clip']:<22}{r['seconds']:>7}{r['correlation']:>13.2f}{r['offset_ms']:>7.0f} ms{r['closed']:>9.1%}{lips:>14}"
            f"{r['pixels']:>9.2f}{r['pixel_frames']:>8.1f}   {'falls short: ' + ', '.join(r['short']) if r['short'] else 'good'}"
        )
        for miss in r["missed"]:
            print(f"  lips not closed: {miss}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    args = parser.parse_args()
    mouth = DrawnAvatar.load(ASSETS / "avatars" / "mali").anchors["mouth"]
    with tempfile.TemporaryDirectory() as tmp:
        given = [found.parent for folder in args.folders for found in sorted(folder.rglob("performance.json"))]
        rows = [measured(folder, mouth) for folder in (given if args.folders else demo_clips(Path(tmp)))]
    if not rows:
        parser.error("there is no clip beside a performance.json in these folders")
    if args.json:
        print(json.dumps(rows, ensure_ascii=False))
    else:
        table(rows)
    sys.exit(any(r["short"] for r in rows))


if __name__ == "__main__":
    main()
