"""Compose crossreel's music: five beds that loop without a seam, a price sting and a whoosh.

    python assets/music/compose.py [bright calm drive elegant playful price whoosh]

The pieces are written out here and played by synth.py. They leave room where speech is heard: leads stay sparse and
the master dips around 2.5 kHz. Each bed changes something every four or eight bars and ends on a fill that leads
back to its first bar.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import synth
from synth import RATE, Loop, Wave, band, chord, mastered, partials, pitch, reverb, shaped

HERE = Path(__file__).resolve().parent


# ---- notation


def hits(pattern: str) -> list[tuple[float, float]]:
    """A bar of sixteenths as (beat, strength): X accented, x played, o a ghost, anything else silent."""
    strength = {"X": 1.0, "x": 0.75, "o": 0.42}
    return [(k / 4, strength[c]) for k, c in enumerate(pattern.replace("|", "")) if c in strength]


def tune(text: str) -> Iterator[tuple[float, int, float]]:
    """A melody "F#5:.75 -:1 ..." as (beat, MIDI note, beats long); "-" rests, bar lines are for the eye."""
    beat = 0.0
    for name, octave, length in re.findall(r"([A-G][#b]*|-)(\d?):([\d.]+)", text):
        if name != "-":
            yield beat, pitch(name) + 12 * (int(octave) + 1), float(length)
        beat += float(length)


def voiced(progression: Sequence[str]) -> list[tuple[int, tuple[int, ...]]]:
    """Each chord "A/C#" as its bass note (E1..Eb2) and its notes, led smoothly from one to the next."""
    out: list[tuple[int, tuple[int, ...]]] = []
    for name in progression:
        upper, _, low = name.partition("/")
        root = re.match(r"[A-G][#b]?", low or upper)
        assert root, name
        out.append((28 + (pitch(root[0]) - 28) % 12, chord(upper, out[-1][1] if out else ())))
    return out


def mixed(loop: Loop, levels: dict[str, tuple[float, float, float]], room: float, echo: float) -> Wave:
    """Buses at (level, reverb, echo), mastered. `room` is the reverb's decay in seconds, `echo` its step in beats."""
    dry = sum(level * loop.buses[bus] for bus, (level, _, _) in levels.items())
    echoes = sum(level * send * loop.echo(bus, echo, 0.5) for bus, (level, _, send) in levels.items() if send)
    sent = sum(level * send * loop.buses[bus] for bus, (level, send, _) in levels.items() if send)
    return mastered((dry + echoes + reverb(sent + 0.25 * echoes, room, "hall")).astype(np.float32))


# ---- the beds


def bright() -> Wave:
    """Pop plucks, soft kick, claps and a bell tune; D major, 112 to the minute, 24 bars."""
    loop = Loop(112, 24)
    verse = ["Dadd9", "A/C#", "Bm7", "Gadd9"]
    lift = ["Em7", "Gadd9", "D/F#", "A", "Em7", "Gadd9", "Bm7", "A"]
    kicks: list[float] = []
    for bar, (low, notes) in enumerate(voiced(verse * 4 + lift)):
        at, part, last = bar * 4, bar // 8, bar % 8 == 7
        for beat, hard in hits("X.....x.X.x....." if bar % 2 else "X.......X.x....."):
            if not (bar == 23 and beat > 1):
                loop.put("kick", at + beat, synth.kick(0.6), hard, human=0.0)
                kicks.append(at + beat)
        for beat, _ in hits("....x.......x..."):
            if bar < 4:
                loop.put("hands", at + beat, synth.snap(bar % 4), 0.8, 0.1)
            else:
                loop.put("hands", at + beat, synth.clap(bar % 3), 0.7)
        if last:
            for beat, hard in hits(".............oxX" if part < 2 else "........x..x.xxX"):
                loop.put("hands", at + beat, synth.clap(2), 0.6 * hard)
        for beat, hard in hits("xoXoxoXoxoXoxoXo"):
            if bar >= 4:
                loop.put("shaker", at + beat, synth.shaker(int(beat * 4) % 5), hard * 0.8, -0.35)
        for beat, hard in hits("..x...x...x...x." if part == 1 else "......x.......x."):
            if bar >= 8:
                loop.put("hat", at + beat, synth.hat(int(beat) % 3, 0.09), hard, 0.3)
        for beat, step, length in (
            (0, 0, 0.7),
            (0.75, 0, 0.6),
            (1.5, 0, 0.9),
            (2.5, 12, 0.4),
            (3, 0, 0.45),
            (3.5, 7 if bar % 2 else 0, 0.4),
        ):
            if not (bar == 23 and beat >= 2.5):
                loop.put("bass", at + beat, synth.bass(low + step, length * 60 / 112, 0.35), 0.9 if step != 12 else 0.6, human=0.002)
        # The strummed hand: chords on 3-3-2; the picking hand: one string at a time between them, an octave up.
        for beat, hard in hits("X..x..X.x..x..x." if bar % 4 != 3 else "X..x..X.X.x.x.xx"):
            for k, note in enumerate(notes):
                loop.put("strum", at + beat + k * 0.012, synth.pluck(note, 0.3 + 0.4 * hard), 0.5 * hard, -0.45)
        for k, (beat, hard) in enumerate(hits(".x.xx.x..xx.x.xo" if part == 2 else "..x..x..x.x..x.x")):
            loop.put("pick", at + beat, synth.pluck(notes[(k * 2 + bar) % len(notes)] + 12, 0.55), 0.6 * hard, 0.5)
        if part:
            for note in notes:
                loop.put("pad", at, synth.pad(note, 4 * 60 / 112), 0.5 if part == 1 else 0.75, human=0.0)
    verse_tune = (
        "F#5:.75 A5:.75 B5:1.5 A5:.5 F#5:.5 | E5:.75 F#5:.75 E5:2.5 | D5:.75 E5:.75 F#5:1.5 A5:.5 B5:.5 | A5:3 -:1 |"
        "F#5:.75 A5:.75 B5:1.5 D6:.5 B5:.5 | A5:.75 F#5:.75 E5:2.5 | D5:.75 E5:.75 F#5:1.5 E5:.5 D5:.5 | D5:3 -:1 |"
    )
    lift_tune = (
        "G5:.75 F#5:.75 E5:1.5 B4:1 | B5:.75 A5:.75 G5:2.5 | F#5:.75 A5:.75 D6:2.5 | C#6:1 B5:1 A5:2 |"
        "G5:.75 F#5:.75 E5:1.5 G5:1 | B5:.75 D6:.75 B5:2.5 | A5:.75 F#5:.75 D5:1.5 F#5:1 | E5:3 -:1 |"
    )
    for first, text, gain in ((32, verse_tune, 0.8), (64, lift_tune, 0.85)):
        for beat, note, _ in tune(text):
            loop.put("bell", first + beat, synth.bell(note, 0.7), gain, 0.15)
    for beat, note, _ in tune("-:8 A5:.75 B5:.75 A5:2.5 -:8 F#5:.75 E5:.75 D5:1 -:1.5"):
        loop.put("bell", 12 + beat, synth.bell(note, 0.5), 0.5, 0.15)
    for into in (32, 64, 96):
        loop.put("air", into - 2, synth.sweep(2 * 60 / 112), 0.5, human=0.0)
    for bus, depth in (("pad", 0.5), ("bass", 0.35), ("strum", 0.18)):
        loop.duck(bus, kicks, depth, 0.22)
    return mixed(
        loop,
        {
            "kick": (0.66, 0.0, 0.0), "bass": (0.5, 0.0, 0.0), "hands": (0.9, 0.16, 0.0), "shaker": (0.62, 0.05, 0.0),
            "hat": (0.7, 0.05, 0.0), "strum": (0.46, 0.12, 0.0), "pick": (0.6, 0.2, 0.25), "pad": (0.42, 0.25, 0.0),
            "bell": (0.4, 0.3, 0.35), "air": (0.3, 0.3, 0.0),
        },
        room=1.5, echo=0.75,
    )  # fmt: skip


def calm() -> Wave:
    """A warm electric piano over a soft, swung beat; E flat major, 84 to the minute, 16 bars."""
    loop = Loop(84, 16, swing=0.22)
    verse, bridge = ["Ebmaj9", "Cm9", "Abmaj9", "Bb9sus"], ["Gm7", "Cm9", "Fm7", "Bb9sus"]
    second = 60 / 84
    kicks: list[float] = []
    for bar, (low, notes) in enumerate(voiced(verse * 2 + bridge + verse)):
        at, part = bar * 4, bar // 4
        for beat, hard in hits("X.....o...x....." if bar % 2 else "X.........x..o.."):
            loop.put("kick", at + beat, synth.kick(0.15), 0.85 * hard, human=0.002)
            kicks.append(at + beat)
        if part:
            for beat, hard in hits("....X.......X..." if bar % 4 != 3 else "....X.......X..o"):
                loop.put("snap", at + beat, synth.snap(bar % 4), 0.85 * hard, 0.12)
        for beat, hard in hits("xoXoxoXoxoXoxoXo" if part in (1, 3) else "x.Xox.Xox.Xox.Xo"):
            loop.put("shaker", at + beat, synth.shaker(int(beat * 4) % 5), hard * 0.7, -0.4, human=0.006)
        if part in (2, 3):
            for beat, hard in hits("..o...o...o..oo."):
                loop.put("hat", at + beat, synth.hat(int(beat) % 3, 0.06), hard, 0.35)
        rhythm = ((0, 1.6, 0.8), (1.75, 0.6, 0.5), (2.5, 1.4, 0.7)) if bar % 2 == 0 else ((0, 2.2, 0.8), (2.75, 0.4, 0.45), (3.5, 0.5, 0.5))
        for beat, length, hard in rhythm:
            for k, note in enumerate(notes):
                loop.put("keys", at + beat + 0.018 * k, synth.keys(note, length * second, hard), 0.55 * hard, -0.15 + 0.1 * k, human=0.006)
        for beat, step, length in ((0, 0, 1.5), (2.5, 7 if bar % 2 else 12, 0.7), (3.5, 0, 0.45)):
            loop.put("bass", at + beat, synth.bass(low + step, length * second, 0.0), 0.95 if step == 0 else 0.65)
        for note in notes[:3]:
            loop.put("pad", at, synth.pad(note, 4 * second), 0.55 if part == 2 else 0.4, human=0.0)
    first_tune = "-:1.5 G5:.5 Bb5:2 | C6:.75 Bb5:.75 G5:2.5 | -:1.5 F5:.5 Eb5:.5 G5:1.5 | F5:3 -:1"
    bridge_tune = "-:1 Bb5:1 D6:2 | C6:1 Bb5:.5 G5:2.5 | -:1 Ab5:1 C6:2 | Bb5:1.5 Ab5:.5 F5:2"
    last_tune = "-:1.5 G5:.5 Bb5:2 | Eb6:.75 D6:.75 Bb5:2.5 | -:1.5 C6:.5 Bb5:.5 G5:1.5 | F5:1 G5:.5 F5:2.5"
    for first, text, gain in ((16, first_tune, 0.55), (32, bridge_tune, 0.6), (48, last_tune, 0.65)):
        for beat, note, length in tune(text):
            loop.put("lead", first + beat, synth.keys(note, length * second, 0.55), 0.8 * gain, 0.25)
            loop.put("lead", first + beat, synth.bell(note, 0.25), 0.35 * gain, 0.25)
    loop.duck("pad", kicks, 0.35, 0.3)
    loop.duck("bass", kicks, 0.2, 0.15)
    wobble = 1 + 0.16 * np.sin(2 * np.pi * np.arange(loop.n) / loop.n * 2 * 64 + np.array([[0.0], [np.pi]]))
    loop.buses["keys"] = (loop.buses["keys"] * wobble).astype(np.float32)
    return mixed(
        loop,
        {
            "kick": (0.62, 0.0, 0.0), "bass": (0.5, 0.0, 0.0), "snap": (1.0, 0.3, 0.0), "shaker": (0.5, 0.08, 0.0),
            "hat": (0.7, 0.08, 0.0), "keys": (0.62, 0.22, 0.0), "pad": (0.4, 0.3, 0.0), "lead": (0.5, 0.35, 0.4),
        },
        room=2.0, echo=0.75,
    )  # fmt: skip


def drive() -> Wave:
    """House: four on the floor, a bass off the beat, piano stabs and a break; A minor, 122 to the minute, 32 bars."""
    loop = Loop(122, 32)
    verse, rise = ["Fadd9", "G", "Am7", "Em7"], ["Dm7", "Em7", "Fadd9", "G"]
    second = 60 / 122
    kicks: list[float] = []
    for bar, (low, notes) in enumerate(voiced(verse * 4 + rise * 2 + verse * 2)):
        at, part, last = bar * 4, bar // 8, bar % 8 == 7
        broken = 16 <= bar < 20
        for beat in range(4):
            if not broken and not (bar in (15, 23) and beat > 1):
                loop.put("kick", at + beat, synth.kick(1.0), 1.0, human=0.0)
                kicks.append(at + beat)
        for beat in (1, 3):
            if bar >= 4 and not broken:
                loop.put("clap", at + beat, synth.clap(bar % 3), 0.75)
        if last:
            for beat, hard in hits("..............xX" if part != 2 else "....x...x.x.xxxX"):
                loop.put("clap", at + beat, synth.clap(2), 0.65 * hard)
        for beat in (0.5, 1.5, 2.5, 3.5):
            loop.put("hat", at + beat, synth.hat(int(beat), 0.2 if part in (1, 3) else 0.12), 0.4 if broken else 0.85, 0.2, human=0.001)
        for beat, hard in hits("oox.oox.oox.oox." if part != 3 else "oxxoooxoxoxoooxx"):
            if bar >= 4:
                loop.put("shaker", at + beat, synth.shaker(int(beat * 4) % 5), 0.8 * hard, -0.35, human=0.002)
        steps = (
            ((0.5, 0), (1.5, 0), (1.75, 12), (2.5, 0), (3.25, 7), (3.5, 0))
            if bar % 2
            else ((0.5, 0), (1.5, 0), (2.5, 0), (2.75, 12), (3.5, 0))
        )
        for beat, step in steps if not broken else ((0, 0),):
            length = 0.32 if not broken else 3.6
            loop.put(
                "bass",
                at + beat,
                synth.bass(low + step, length * second, 0.8 if not broken else 0.1),
                0.9 if step == 0 else 0.7,
                human=0.001,
            )
        if 4 <= bar < 16 or bar >= 20:
            for beat, hard in hits("X..X..X...x..x.." if bar % 2 == 0 else "X..X..X...X.x.x."):
                for note in (*notes, notes[0] + 12):
                    loop.put("stab", at + beat, synth.stab(note, 0.5 * second if beat < 2 else 0.3 * second, 0.75), 0.55 * hard, -0.1)
        for k, (beat, hard) in enumerate(hits("x.xox.xxx.xox.xo")):
            opened = (0.15, 0.35, 0.2 + 0.1 * (bar - 16), 0.6)[part]
            loop.put(
                "arp",
                at + beat,
                synth.pluck((*notes, notes[0] + 12)[(0, 2, 1, 3)[k % 4]] + 12, opened),
                0.6 * hard,
                0.55 if k % 2 else -0.55,
            )
        for note in notes:
            loop.put("pad", at, synth.pad(note, 4 * second), (0.25, 0.45, 0.9, 0.55)[part], human=0.0)
    hook = (
        "E5:.75 C5:.75 A5:1.5 G5:.5 E5:.5 | D5:.75 G5:.75 B5:2.5 | C6:.75 B5:.75 A5:1.5 E5:.5 G5:.5 | G5:3 -:1 |"
        "E5:.75 C5:.75 A5:1.5 C6:.5 A5:.5 | G5:.75 B5:.75 D6:2.5 | C6:.75 B5:.75 A5:1.5 G5:.5 E5:.5 | E5:2 -:2"
    )
    for beat, note, _ in tune(hook):
        loop.put("bell", 96 + beat, synth.bell(note, 0.9), 0.8, 0.1)
        loop.put("bell", 96 + beat, synth.pluck(note, 0.7), 0.5, -0.1)
    for beat, note, _ in tune("A5:1.5 F5:2.5 | B5:1.5 G5:2.5 | C6:1.5 A5:2.5 | D6:1.5 B5:2.5"):
        loop.put("bell", 64 + beat, synth.bell(note, 0.4), 0.6, 0.1)
    for into, long in ((32, 2), (64, 4), (96, 8), (128, 2)):
        loop.put("air", into - long, synth.sweep(long * second), 0.55 if long < 8 else 0.75, human=0.0)
    for bus, depth in (("pad", 0.75), ("bass", 0.5), ("arp", 0.35), ("stab", 0.3), ("bell", 0.2)):
        loop.duck(bus, kicks, depth, 0.3)
    return mixed(
        loop,
        {
            "kick": (0.62, 0.0, 0.0), "bass": (0.5, 0.0, 0.0), "clap": (0.85, 0.14, 0.0), "hat": (0.7, 0.04, 0.0),
            "shaker": (0.7, 0.04, 0.0), "stab": (0.27, 0.2, 0.12), "arp": (0.5, 0.2, 0.35), "pad": (0.4, 0.25, 0.0),
            "bell": (0.38, 0.3, 0.35), "air": (0.3, 0.3, 0.0),
        },
        room=1.6, echo=0.75,
    )  # fmt: skip


def elegant() -> Wave:
    """A harp in broken chords over slow strings, glass bells and a beat at half speed; A major, 90 to the minute, 16 bars."""
    loop = Loop(90, 16)
    verse, bridge = ["Amaj9", "F#m9", "Dmaj9", "E9sus"], ["Bm9", "E9sus", "C#m7", "F#m9"]
    second = 60 / 90
    kicks: list[float] = []
    for bar, (low, notes) in enumerate(voiced(verse * 2 + bridge + verse)):
        at, part = bar * 4, bar // 4
        if part:
            for beat, hard in hits("X.........o....." if bar % 2 else "X..............o"):
                loop.put("kick", at + beat, synth.kick(0.05), 0.8 * hard, human=0.002)
                kicks.append(at + beat)
            loop.put("snap", at + 2, synth.snap(bar % 4), 0.7, 0.1)
            for beat, hard in hits("x.o.x.o.x.o.x.oo" if part != 2 else "xoooxoooxoooxooo"):
                loop.put("shaker", at + beat, synth.shaker(int(beat * 4) % 5), 0.6 * hard, -0.45, human=0.005)
        # Up and down again, each string at its own place between the ears.
        strings = [*notes, *(note + 12 for note in notes)]
        way = (0, 2, 4, 5, 7, 5, 4, 2) if bar % 2 == 0 else (0, 3, 4, 6, 5, 6, 4, 3)
        for k, step in enumerate(way):
            loop.put("harp", at + k / 2, synth.harp(strings[step], 0.5 if k else 0.7), 0.6 if k % 4 else 0.8, 1.4 * step / 7 - 0.7)
        if bar % 4 == 3:  # a run into the next four bars
            for k, note in enumerate(strings):
                loop.put("harp", at + 3.25 + k * 0.09, synth.harp(note + 12, 0.6), 0.35, 1.6 * k / 7 - 0.8, human=0.002)
        for k, note in enumerate(notes):
            loop.put("keys", at + 0.02 * k, synth.keys(note, 3.4 * second, 0.35), 0.5, 0.1 * k - 0.15, human=0.006)
        loop.put("bass", at, synth.bass(low, 2.6 * second, 0.0), 0.85, human=0.002)
        if part in (1, 3):
            loop.put("bass", at + 3, synth.bass(low + (7 if bar % 2 else 12), 0.8 * second, 0.0), 0.5, human=0.002)
        for note in notes:
            loop.put("strings", at, synth.pad(note + (12 if part == 2 else 0), 4 * second), (0.5, 0.6, 0.5, 0.75)[part], human=0.0)
    first_tune = "-:1 C#6:1 B5:.5 A5:1.5 | G#5:1.5 A5:.5 E5:2 | -:1 F#5:1 A5:.5 C#6:1.5 | B5:3 -:1"
    bridge_tune = "D6:1.5 C#6:.5 B5:2 | A5:1 B5:.5 E5:2.5 | G#5:1.5 B5:.5 E6:2 | C#6:3 -:1"
    last_tune = "-:1 C#6:1 E6:.5 C#6:1.5 | B5:1.5 A5:.5 E5:2 | -:1 F#5:1 A5:.5 B5:1.5 | G#5:1 B5:.5 E5:1.5 -:1"
    for first, text, gain in ((16, first_tune, 0.55), (32, bridge_tune, 0.6), (48, last_tune, 0.65)):
        for beat, note, length in tune(text):
            loop.put("glass", first + beat, synth.bell(note, 0.45), gain, 0.3)
            loop.put("glass", first + beat, synth.keys(note, length * second, 0.3), 0.5 * gain, -0.3)
    for into in (16, 32, 48):
        loop.put("air", into - 2, synth.sweep(2 * second), 0.35, human=0.0)
    loop.duck("strings", kicks, 0.25, 0.35)
    return mixed(
        loop,
        {
            "kick": (0.62, 0.0, 0.0), "bass": (0.68, 0.0, 0.0), "snap": (0.8, 0.4, 0.0), "shaker": (0.45, 0.1, 0.0),
            "harp": (0.55, 0.35, 0.2), "keys": (0.35, 0.3, 0.0), "strings": (0.5, 0.35, 0.0), "glass": (0.42, 0.45, 0.4),
            "air": (0.3, 0.4, 0.0),
        },
        room=2.4, echo=0.75,
    )  # fmt: skip


def playful() -> Wave:
    """Pizzicato, marimba and wood blocks in a swung two-beat, a whistled tune; C major, 118 to the minute, 24 bars."""
    loop = Loop(118, 24, swing=0.3)
    verse = ["C", "Am7", "Dm7", "G7"]
    lift = ["Fadd9", "G", "Em7", "Am7", "Dm7", "G7", "C", "G7"]
    second = 60 / 118
    for bar, (low, notes) in enumerate(voiced(verse * 4 + lift)):
        at, part, last = bar * 4, bar // 8, bar % 8 == 7
        for beat, step in ((0, 0), (2, 7)) if not last else ((0, 0), (1, 4), (2, 7), (3, 11)):
            loop.put("low", at + beat, synth.pizzicato(low + 12 + step, 0.5), 0.9, -0.1)
            loop.put("bass", at + beat, synth.bass(low + step, 0.5 * second, 0.1), 0.7, human=0.002)
        for beat in (1, 3):
            for k, note in enumerate(notes):
                loop.put("pizzicato", at + beat + 0.01 * k, synth.pizzicato(note + 12, 0.32), 0.5, -0.7 + 0.25 * k)
            loop.put("snap", at + beat, synth.snap(bar % 4) if part < 2 else synth.clap(bar % 3), 0.75 if part < 2 else 0.5, 0.1)
        if bar >= 2:
            for beat, hard in hits("X.......x......." if not last else "X.......x.x....."):
                loop.put("kick", at + beat, synth.kick(0.3), 0.75 * hard, human=0.001)
        for k, (beat, hard) in enumerate(hits("x..x..x...x.x..." if bar % 2 else "x..x..x.....x.x.")):
            if bar >= 4:
                loop.put("block", at + beat, synth.block(k), 0.5 * hard, 0.55 if k % 2 else 0.25)
        for beat, hard in hits("x.xox.xox.xox.xo"):
            if bar >= 4:
                loop.put("shaker", at + beat, synth.shaker(int(beat * 4) % 5), 0.65 * hard, -0.5)
        # The marimba answers: alone at first, under the tune it keeps to the bars' second halves.
        for k, (beat, hard) in enumerate(hits("x.xx.xx.x.xx.x.." if part != 1 else "........x.xx.xx.")):
            bars = (*notes, notes[0] + 12)
            loop.put("marimba", at + beat, synth.marimba(bars[(k * 2 + bar) % len(bars)] + 12, 0.5 + 0.4 * hard), 0.65 * hard, 0.65)
        if part == 2:
            for note in notes:
                loop.put("pad", at, synth.pad(note, 4 * second), 0.5, human=0.0)
        if last:
            for k in range(4 if part < 2 else 6):
                loop.put("block", at + 3 + k / (4 if part < 2 else 6), synth.block(k), 0.7, 0.8 * k / 5 - 0.4, human=0.0)
    whistled = (
        "E5:.5 G5:.5 A5:1 G5:.5 E5:.5 C5:1 | A5:.5 C6:.5 A5:1 G5:2 | F5:.5 A5:.5 D6:1 C6:.5 A5:.5 F5:1 | G5:1 B5:.5 A5:.5 G5:2 |"
        "E5:.5 G5:.5 A5:1 G5:.5 E5:.5 G5:1 | C6:.5 B5:.5 A5:1 E5:2 | F5:.5 A5:.5 D6:.5 C6:.5 B5:.5 A5:.5 F5:1 |"
        "G5:.5 D5:.5 E5:.5 F5:.5 G5:1 -:1"
    )
    toys = (
        "A5:1 C6:1 F5:2 | B5:1 D6:1 G5:2 | G5:.5 B5:.5 E6:1 D6:1 B5:1 | C6:1 A5:1 E5:2 |"
        "D5:.5 F5:.5 A5:1 F5:1 D5:1 | B5:.5 A5:.5 G5:1 F5:1 D5:1 | E5:1 G5:.5 E5:.5 C5:2 | D5:.5 E5:.5 F5:.5 G5:.5 -:2"
    )
    for beat, note, length in tune(whistled):
        loop.put("whistle", 32 + beat, synth.whistle(note + 12, length * second * 0.9), 0.7, -0.15)
    for beat, note, _ in tune(toys):
        loop.put("toy", 64 + beat, synth.bell(note + 12, 1.0), 0.6, -0.2)
        loop.put("toy", 64 + beat, synth.marimba(note, 0.8), 0.6, 0.25)
    return mixed(
        loop,
        {
            "kick": (0.6, 0.0, 0.0), "bass": (0.52, 0.0, 0.0), "low": (0.62, 0.12, 0.0), "pizzicato": (0.72, 0.22, 0.0),
            "snap": (0.9, 0.16, 0.0), "block": (0.4, 0.2, 0.15), "shaker": (0.5, 0.05, 0.0), "marimba": (0.5, 0.2, 0.2),
            "whistle": (0.34, 0.3, 0.3), "toy": (0.34, 0.3, 0.3), "pad": (0.35, 0.25, 0.0),
        },
        room=1.2, echo=0.75,
    )  # fmt: skip


# ---- effects


def price() -> Wave:
    """What is heard when the price appears: three rising bells and a sparkle, under a second."""
    n = int(0.95 * RATE)
    out = np.zeros((2, n), np.float32)
    for k, (at, note) in enumerate(((0.0, 81), (0.075, 85), (0.15, 88), (0.15, 93))):
        sound, start = synth.bell(note, 0.8), int(at * RATE)
        length = min(len(sound), n - start)
        out[0, start : start + length] += (0.8 - 0.12 * k) * sound[:length]
        out[1, start : start + length] += (0.5 + 0.12 * k) * sound[:length]
    random = np.random.default_rng(7)
    for _ in range(14):
        start, side = int((0.16 + 0.35 * random.random()) * RATE), random.random()
        grain = shaped(partials(synth.hertz(random.choice([105, 109, 112, 117])), 0.12, [(1, 0.05, 30)]), 0.001, 0.03)
        out[:, start : start + len(grain)] += np.array([[side], [1 - side]], np.float32) * grain
    return finished(out + 0.2 * reverb(out, 0.6, "sting"), 0.25)


def whoosh() -> Wave:
    """A soft rush of air that passes from left to right, for a change of picture."""
    length = 0.62
    t = np.arange(int(length * RATE)) / RATE / length
    bands = np.geomspace(180, 2600, 9)
    place = 8 * np.sin(np.pi * t**0.8) ** 1.3
    air = sum(
        band(synth.noise(f"whoosh{k}", len(t)), f / 1.4, f * 1.4, 3) * np.exp(-(((place - k) / 1.6) ** 2)) for k, f in enumerate(bands)
    )
    air = air * np.sin(np.pi * t**0.85) ** 2
    return finished(np.stack([air * np.cos(t * np.pi / 2), air * np.sin(t * np.pi / 2)]).astype(np.float32), 0.05)


def finished(x: Wave, fade: float) -> Wave:
    """Fade the end out and bring the peak to -6 dBTP."""
    last = int(fade * RATE)
    x[:, -last:] *= 0.5 + 0.5 * np.cos(np.pi * np.arange(last) / last)
    return (x * (10 ** (-6 / 20) / synth.peaks(x).max())).astype(np.float32)


PIECES: dict[str, Callable[[], Wave]] = {
    "bright": bright, "calm": calm, "drive": drive, "elegant": elegant, "playful": playful, "price": price, "whoosh": whoosh,
}  # fmt: skip


def encode(x: Wave, out: Path) -> None:
    """Write Ogg Vorbis: unlike MP3 and AAC it decodes to exactly as many samples as went in, which a loop needs."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", "-f", "f32le", "-ar", str(RATE), "-ac", "2", "-i", "-"]
    command += ["-c:a", "libvorbis", "-q:a", "4.5", "-fflags", "+bitexact", "-flags", "+bitexact", "-map_metadata", "-1", str(out)]
    subprocess.run(command, input=x.T.astype("<f4").tobytes(), check=True)


if __name__ == "__main__":
    for name in sys.argv[1:] or PIECES:
        wave = PIECES[name]()
        encode(wave, HERE / f"{name}.ogg")
        print(f"{name}: {wave.shape[1] / RATE:.2f} s, {synth.lufs(wave):.1f} LUFS, {20 * np.log10(synth.peaks(wave).max()):.1f} dBTP")
