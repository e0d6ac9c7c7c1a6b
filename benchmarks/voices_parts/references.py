"""Bad references: accepted after conversion, or refused by the check that should; false alarms and misses of "one speaker".

Cases are made of a clean recording of ../shared/testdata/speech where it is, else of espeak's speech, and of the shipped music.
With the test data, every recording of one person with 5 s of speech and more must be accepted, and recordings of two people, one
after the other, are counted. quick takes every tenth pair.
"""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import ffmpeg
import numpy as np

from benchmarks.voices_parts import Figure
from localize import engines, languages
from localize.assets import ASSETS
from localize.errors import UserError
from localize.media import command, pcm
from localize.voice import VoiceStyle
from localize.voice import reference as references
from localize.voice.reference import Examined, Recording

TESTDATA = Path(__file__).resolve().parents[3] / "shared" / "testdata"
TEXT = (
    "Printing a page of text takes ink, paper and a little patience, and nobody knows it better than we do. This kettle boils a "
    "litre of water in three minutes, switches itself off, and stays cool outside. We have sold them for eleven years."
)

# One person each, of whom there are 5 s and more of speech. Those of one name are one person.
PEOPLE = {
    "jfk": ("en_jfk.flac",),
    "1688": ("en_librispeech_1688-142285-0000.flac", "en_librispeech_1688-142285-0006.flac"),
    "1995": ("en_librispeech_1995-1837-0001.wav",),
    "2033": ("en_librispeech_2033-164914-0006.flac", "en_librispeech_2033-164914-0008.flac"),
    "austen": ("en_librivox_austen_0870.wav", "en_librivox_austen_0920.wav"),
    "lj": ("en_ljspeech_LJ001-0001.wav", "en_ljspeech_LJ001-0003.wav", "en_ljspeech_LJ001-0009.wav"),
    "vixtts": ("vi_vixtts_female_16s.wav",),
    "cosyvoice": ("zh_cosyvoice_cross_lingual_prompt.wav",),
    "f5": ("zh_f5_basic_ref.wav",),
    "videos/1": ("../talking_head/latentsync_demo1.mp4",),
    "videos/3": ("../talking_head/latentsync_demo3.mp4",),
    "videos/4": ("../talking_head/videoretalking_face4.mp4",),
}
# Shorter than 5 s once the silence at their ends is cut.
SHORT = (
    "en_f5_basic_ref.wav", "en_librivox_austen_0890.wav", "th_common_voice_25686161.wav", "../timing/zh_aishell3_SSB00050015.wav",
    "../timing/charsiu_sa1_sphere.wav", "../talking_head/grid_bbaf2n.mpg", "id_bookbot_sample.wav",
)  # fmt: skip


class Row(NamedTuple):
    """A case, what should come of it ("accepted", or the check that refuses), what came, and whether that is right."""

    case: str
    expected: str
    happened: str
    ok: bool


def run(quick: bool = False) -> list[Row]:
    """Every case. Nothing of the test data where it is not there."""
    with tempfile.TemporaryDirectory() as folder:
        rows = [row(case, expected, path) for case, expected, path in made(Path(folder))]
    if TESTDATA.is_dir():
        rows += real()
        rows.append(two_people(10 if quick else 1))
    return rows


def row(case: str, expected: str, path: Path) -> Row:
    """One file examined. Several checks may be right to refuse it: "noise|music"."""
    try:
        examined = references.examine(path)
    except UserError as error:
        return Row(case, expected, f"refused: {error}", expected == "unreadable")
    by = {f.check.removeprefix("reference.") for f in examined.refused}
    said = "; ".join(f.message for f in examined.findings if f.severity == "block" or not by)
    happened = f"refused by {', '.join(sorted(by))}" if by else "accepted"
    right = bool(by & set(expected.split("|"))) if expected != "accepted" else not by
    return Row(case, expected, f"{happened}{f': {said}' if said else ''}", right)


# ---- made cases


def made(folder: Path) -> Iterator[tuple[str, str, Path]]:
    """(case, expected, file) of every bad kind there is, made of one clean recording."""
    voice, rate = _voice()
    rng = np.random.default_rng(5)
    tune = pcm.read_audio(ASSETS / "music" / "calm.ogg", rate)[: len(voice)]
    power = float(np.sqrt(np.mean(voice**2)))
    noise = rng.normal(size=len(voice)).astype(np.float32) * power
    loud = np.clip(voice / np.quantile(np.abs(voice), 0.98), -1, 1)

    def kept(name: str, samples: pcm.Samples, at: int = rate) -> Path:
        pcm.write_wav(folder / name, samples.astype(np.float32), at)
        return folder / name

    clean = kept("clean.wav", voice)
    yield "clean", "accepted", clean
    yield "stereo", "accepted", kept("stereo.wav", np.stack([voice, voice * 0.8], 1))
    yield "stereo, one channel silent", "accepted", kept("half.wav", np.stack([voice * 0, voice], 1))
    yield "stereo, out of phase", "accepted", kept("phase.wav", np.stack([voice, -voice], 1))
    for codec in ("pcm_u8", "pcm_s24le", "pcm_s32le", "pcm_f32le"):
        yield f"WAV {codec}", "accepted", encoded(clean, folder / f"{codec}.wav", acodec=codec)
    for end, bits in (("mp3", "128k"), ("m4a", "96k"), ("ogg", None), ("flac", None)):
        yield end, "accepted", encoded(clean, folder / f"as.{end}", **({"audio_bitrate": bits} if bits else {}))
    yield "video (mp4)", "accepted", video(clean, folder / "video.mp4")
    yield "NIST SPHERE named .wav", "accepted", sphere(folder / "sphere.wav", pcm.resampled(voice, rate, 16000))
    yield "8 kHz", "rate", kept("phone.wav", pcm.resampled(voice, rate, 8000), 8000)
    phone = pcm.resampled(pcm.resampled(voice, rate, 8000), 8000, 48000)
    yield "8 kHz, sold as 48 kHz", "band", kept("upsampled.wav", phone, 48000)
    yield "2 s", "length", kept("short.wav", voice[: 2 * rate])
    yield (
        "90 s",
        "accepted",
        kept("long.wav", np.concatenate([np.append(voice, np.zeros(rate // 2, np.float32))] * (1 + 90 * rate // len(voice)))),
    )
    yield "silence", "silence", kept("silence.wav", voice * 0)
    yield "nearly silence", "silence", kept("quiet.wav", noise * 1e-5 / power)
    yield (
        "mostly silence",
        "silence|length",
        kept("gaps.wav", np.concatenate([np.pad(voice[: 2 * rate], (0, 20 * rate)), voice[: 2 * rate]])),
    )
    yield "noise alone", "noise|speech", kept("noise.wav", noise)
    yield "10 dB of noise", "noise", kept("noisy.wav", voice + noise * 10 ** (-10 / 20))
    yield "30 dB of noise", "accepted", kept("hiss.wav", voice + noise * 10 ** (-30 / 20))
    for name in ("bright", "calm", "drive"):
        yield f"music ({name})", "music", ASSETS / "music" / f"{name}.ogg"
    bed = tune / float(np.sqrt(np.mean(tune**2))) * power
    yield "music behind the voice, 10 dB below", "music|noise", kept("bed.wav", voice + bed * 10 ** (-10 / 20))
    yield "clipped", "clipping", kept("clipped.wav", loud)
    yield "clipped, made quieter", "clipping", kept("clipped_quiet.wav", loud * 0.3)
    yield "clipped, resampled to 48 kHz", "clipping", kept("clipped_48.wav", pcm.resampled(loud * 0.5, rate, 48000), 48000)
    other, at = _spoken("male" if _is_high(clean) else "female")
    both = np.concatenate([voice[: 8 * rate], np.zeros(rate // 4, np.float32), pcm.resampled(other, at, rate)[: 8 * rate]])
    yield "a woman and a man", "speakers", kept("two.wav", both)
    (folder / "text.wav").write_text("this is no sound", encoding="utf-8")
    yield "a text file named .wav", "unreadable", folder / "text.wav"


def _voice() -> tuple[pcm.Samples, int]:
    """A clean recording [n] and its rate."""
    path = TESTDATA / "speech" / "vi_vixtts_female_16s.wav"
    return pcm.read_wav(path) if path.is_file() else _spoken("female")


def _spoken(gender: str) -> tuple[pcm.Samples, int]:
    english = languages.get("en")
    voice = engines.get("voice", "espeak")
    sound = voice.speak(english.read(TEXT), english, VoiceStyle(gender=gender))  # type: ignore[attr-defined]
    return sound.samples, sound.rate


def _is_high(path: Path) -> bool:
    return references.examine(path).gender == "female"


def encoded(source: Path, out: Path, **options: str) -> Path:
    command.run(ffmpeg.input(command.file(source)).audio.output(command.file(out), **options), f"encoding {out.name}")
    return out


def video(source: Path, out: Path) -> Path:
    picture = ffmpeg.input("color=c=gray:s=64x64:r=5", f="lavfi").video
    graph = ffmpeg.output(picture, ffmpeg.input(command.file(source)).audio, command.file(out), shortest=None, audio_bitrate="128k")
    command.run(graph, f"encoding {out.name}")
    return out


def sphere(out: Path, samples: pcm.Samples) -> Path:
    """NIST SPHERE: a header of 1024 bytes of text, then 16-bit samples."""
    fields = {"channel_count": 1, "sample_count": len(samples), "sample_rate": 16000, "sample_n_bytes": 2, "sample_sig_bits": 16}
    head = "NIST_1A\n   1024\n" + "".join(f"{name} -i {value}\n" for name, value in fields.items())
    head += "sample_byte_format -s2 01\nsample_coding -s3 pcm\nend_head\n"
    out.write_bytes(head.encode().ljust(1024, b" ") + (np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return out


# ---- real people


def real() -> list[Row]:
    """Every recording of the test data."""
    rows = [row(name, "accepted", TESTDATA / "speech" / name) for names in PEOPLE.values() for name in names]
    return rows + [row(name, "length", TESTDATA / "speech" / name) for name in SHORT]


def two_people(every: int) -> Row:
    """How many pairs of people are heard as two, or at least warned of. Those not heard are named."""
    clips = {
        who: references.clean((e := references.examine(TESTDATA / "speech" / names[0])).samples, e.rate) for who, names in PEOPLE.items()
    }
    pairs = list(itertools.combinations(clips, 2))[::every]
    missed: list[str] = []
    doubted: list[str] = []
    method = "resemblyzer" if find_spec("resemblyzer") else "timbre and pitch"
    for one, other in pairs:
        parts = [pcm.resampled(clips[who][0], clips[who][1], 24000)[: 6 * 24000] for who in (one, other)]
        heard: Examined = references.judge(Recording(np.concatenate([parts[0], np.zeros(7200, np.float32), parts[1]]), 24000, 0.0))
        if heard.people and heard.people.people != "two":
            (doubted if heard.people.people == "perhaps two" else missed).append(f"{one}+{other}")
    allowed = 0.05 if method == "resemblyzer" else 0.30  # without an encoder many can't be heard, and that is said
    said = f"{len(missed)} of {len(pairs)} missed by {method} ({', '.join(missed) or '-'}), {len(doubted)} warned of"
    return Row("two people, one after the other", f"at most {allowed:.0%} missed", said, len(missed) <= allowed * len(pairs))


def figures(*, quick: bool = False) -> list[Figure]:
    """Each case: what came of it, and what must."""
    return [Figure(row.case, row.happened, row.expected, row.ok) for row in run(quick)]
