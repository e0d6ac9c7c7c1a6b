"""Whether a clip says in every way that AI made it, and whether what breaks that is noticed: the label's letters measured in decoded
frames, the AIGC metadata read by two readers, the C2PA signature against changed bytes and remuxes, boxes of broken files.
"""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from benchmarks.figures import Figure
from benchmarks.layouts_parts import composed, lines, plain, shapes
from localize import disclosure, languages
from localize.clip.layout import Layout
from localize.disclosure import Signer, aigc, certificates, manifest
from localize.disclosure.boxes import BoxError
from localize.domain import Disclosure, Money, Script, Text
from localize.errors import Blocked
from localize.media import mp4, probing
from localize.media.command import ffmpeg_exe

LEAST = 0.05  # of the frame's shorter side, GB 45438-2025
SECONDS, FPS = 2.0, 5
ROUND = 22  # px of the label's plate at its sides that the picture shows round the corners of
SIGNS = "".join(c for c in map(chr, range(33, 127)) if c not in '"\\')


def figures(*, quick: bool = False) -> list[Figure]:
    with TemporaryDirectory() as name:
        folder = Path(name)
        made = certificates.make(folder / "certificates")
        signer = Signer(certificate=str(made.chain), key=str(made.key))
        return [
            *_seen(folder, quick), *_read(folder, 20 if quick else 200), *_signed(folder, signer, made.authority, 60 if quick else 600),
            *_broken(folder, 200 if quick else 2000), *_speed(folder, signer),
        ]  # fmt: skip


# ---- what viewers see


def _seen(folder: Path, quick: bool) -> Iterator[Figure]:
    """The label in each layout, shape and language, read from a clip's frames up to the second that the rule asks for."""
    looks = [(layout, code) for layout in (shapes()[::24] if quick else shapes()) for code in languages.codes()]
    lowest, short = 1.0, list[str]()
    for layout, code in looks:
        video, box = clip(folder / "seen.mp4", layout, code)
        heights = [letters(frame, box, code) for frame in frames(video)]
        share = min(heights) / min(layout.width, layout.height)
        lowest = min(lowest, share)
        if share < LEAST or len(heights) <= SECONDS * FPS:
            short.append(f"{layout.name} {layout.aspect} {code}: {share:.1%} in {len(heights)} frames")
    yield Figure(
        f"label's lowest full letter, {len(looks)} clips, frames of 0 to {SECONDS:.0f} s",
        f"{lowest * 1080:.0f} px at 1080" + (": " + "; ".join(short[:8]) if short else ""), f"at least {LEAST * 1080:.0f}", not short,
    )  # fmt: skip


def clip(out: Path, layout: Layout, code: str) -> tuple[Path, tuple[int, int, int, int]]:
    text = Text(title="Lumora", features=("IPX5",))
    said = lines(text, code, len(layout.stands))
    price = Money(amount=Decimal(99), currency="THB")
    script = Script(language=code, lines=said, text=text, price=price, engine="none")
    composer = composed(layout, script, [plain()], presenters=[lambda t: ()] * len(layout.stands))
    with mp4.encoder(out, mp4.Encoding(layout.width, layout.height, FPS, preset="superfast"), None, {}) as pipe:
        for k in range(round(SECONDS * FPS) + 1):
            pipe.write(composer.frame(k * composer.timeline.fps // FPS).buffer.data)
    return out, composer.text_boxes()["label"]


def frames(video: Path) -> Iterator[Any]:
    import av

    with av.open(str(video)) as container:
        for frame in container.decode(video=0):
            yield frame.to_ndarray(format="rgb24")


def letters(rgb: Any, box: tuple[int, int, int, int], code: str) -> int:
    """How high the lowest of the label's full letters is, in pixels: its "A" and "I", and all of Thai and Chinese. Letters are bright on
    dark, and no two touch. 0 where they are not there."""
    left, top, right, bottom = box
    bright = rgb[top + 8 : bottom - 8, left + ROUND : right - ROUND].min(axis=2) > 160
    columns = np.flatnonzero(np.diff(np.concatenate([[False], bright.any(axis=0), [False]]).astype(int)))
    heights = [int(np.ptp(np.flatnonzero(bright[:, a:b].any(axis=1)))) + 1 for a, b in columns.reshape(-1, 2)]
    label = languages.get(code).ai_label
    full = heights if code in ("th", "zh") else heights[:2] if label.startswith("AI") else heights[-2:]
    return min(full, default=0)


# ---- what machines read


def _tiny(out: Path, told: Disclosure) -> Path:
    with mp4.encoder(out, mp4.Encoding(128, 96, fps=10, preset="ultrafast"), None, aigc.tags(told)) as pipe:
        for shade in range(10):
            pipe.write(bytes(np.full(128 * 96 * 3 // 2, 100 + shade, np.uint8)))
    return out


def _told(chance: random.Random) -> Disclosure:
    producer = "".join(chance.choices(SIGNS, k=chance.randint(1, 40)))
    return Disclosure(label="AI", producer=producer, produce_id=f"{chance.getrandbits(128):032x}", consents=("consent 0123456789abcdef",))


def _read(folder: Path, count: int) -> Iterator[Figure]:
    chance, agreed, dropped, kept = random.Random(7), 0, 0, 0
    for _ in range(count):
        told = _told(chance)
        video = _tiny(folder / "read.mp4", told)
        texts, tags = aigc.found(video), probing.probe(video).tags
        agreed += len(texts) == 1 and tags["AIGC"] == texts[0] and aigc.parsed(texts[0]) == aigc.fields(told)
        subprocess.run([ffmpeg_exe(), "-v", "error", "-y", "-i", video, "-c", "copy", folder / "copy.mp4"], check=True)
        dropped += _stopped(folder / "copy.mp4", told)
        mp4.remux(video, folder / "own.mp4", aigc.tags(told))
        kept += not _stopped(folder / "own.mp4", told)
    yield Figure("AIGC label: one, and the same for the box walker and ffmpeg", f"{agreed} of {count} files", "all", agreed == count)
    yield Figure("plain ffmpeg remux (-c copy) stopped by require()", f"{dropped} of {count}", "all", dropped == count)
    yield Figure("AIGC label kept by the project's own remux", f"{kept} of {count}", "all", kept == count)


def _stopped(video: Path, told: Disclosure, signed: bool = False) -> bool:
    try:
        disclosure.require(video, told, signed)
    except Blocked:
        return True
    return False


# ---- what is signed


def _signed(folder: Path, signer: Signer, authority: Path, flips: int) -> Iterator[Figure]:
    chance = random.Random(11)
    told = _told(chance)
    video, out, changed = _tiny(folder / "plain.mp4", told), folder / "signed.mp4", folder / "changed.mp4"
    disclosure.seal(video, told, signer, out)
    states = manifest.read(out, authority.read_text()).state, manifest.read(out).state, manifest.read(video).state
    wanted = ("trusted", "unknown signer", "none")
    yield Figure("C2PA with its authority, without, unsigned", ", ".join(states), ", ".join(wanted), states == wanted)
    content = out.read_bytes()
    for where, start in (("the index and the AIGC label", content.index(b"moov")), ("the frames", content.rindex(b"mdat"))):
        size = int.from_bytes(content[start - 4 : start], "big")
        caught = 0
        for _ in range(flips):
            broken = bytearray(content)
            broken[start + 4 + chance.randrange(size - 8)] ^= 1 << chance.randrange(8)
            changed.write_bytes(broken)
            caught += _stopped(changed, told, signed=True)
        yield Figure(f"one flipped bit in {where} stopped", f"{caught} of {flips}", "all", caught == flips)
    mp4.remux(out, changed, aigc.tags(told))
    caught = int(_stopped(changed, told, signed=True))
    yield Figure("a signed clip through the project's own remux stopped", f"{caught} of 1", "all", caught == 1)


# ---- what is broken


def _broken(folder: Path, count: int) -> Iterator[Figure]:
    """Files cut off and with bytes changed in their index: each is read or refused, soon."""
    chance, refused, slowest, other = random.Random(13), 0, 0.0, list[str]()
    content, broken = _tiny(folder / "whole.mp4", _told(chance)).read_bytes(), folder / "broken.mp4"
    for _ in range(count):
        changed = bytearray(content[: chance.randrange(8, len(content)) if chance.random() < 0.3 else len(content)])
        for _ in range(chance.randint(1, 8)):
            changed[chance.randrange(min(len(changed), content.index(b"mdat")))] = chance.choice((0, 1, 255, chance.randrange(256)))
        broken.write_bytes(changed)
        began = time.monotonic()
        try:
            aigc.found(broken)
        except BoxError:
            refused += 1
        except Exception as error:  # noqa: BLE001 (that nothing else comes is what is measured)
            other.append(repr(error))
        slowest = max(slowest, time.monotonic() - began)
    yield Figure(
        f"{count} files with a broken index: refused with a reason, slowest", f"{refused}, {slowest * 1000:.1f} ms", "below 1 s",
        slowest < 1 and not other,
    )  # fmt: skip
    yield Figure("broken files that raised something else", "; ".join(other[:3]) or "none", "none", not other)


def _speed(folder: Path, signer: Signer) -> Iterator[Figure]:
    """A file of a clip's size: frames of noise, which no encoder makes small."""
    noise, told = np.random.default_rng(3), _told(random.Random(17))
    video, out = folder / "large.mp4", folder / "large.signed.mp4"
    with mp4.encoder(video, mp4.Encoding(540, 960, fps=10, crf=14, preset="ultrafast"), None, aigc.tags(told)) as pipe:
        for _ in range(50):
            pipe.write(noise.integers(0, 256, 540 * 960 * 3 // 2, np.uint8).tobytes())
    began = time.monotonic()
    manifest.sign(video, told, signer, out)
    between = time.monotonic()
    disclosure.require(out, told, signed=True)
    added = out.stat().st_size - video.stat().st_size
    size = video.stat().st_size / 1e6
    yield Figure(
        f"signing {size:.0f} MB, reading it back", f"{between - began:.2f} s, {time.monotonic() - between:.2f} s; {added} bytes more"
    )


if __name__ == "__main__":
    from benchmarks.figures import report

    sys.exit(report([("labels", lambda: figures(quick="--quick" in sys.argv))], as_json="--json" in sys.argv))
