"""A video that is to be dubbed, with all that it takes: a campaign, a transcript, and a memory that knows what is said in it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import av
import numpy as np
import yaml
from sounds import video

from localize import campaign as campaigns
from localize import languages, work
from localize.campaign import Campaign
from localize.domain import Clip, Narration
from localize.dub.studio import DubStudio
from localize.media.pcm import resampled
from localize.planning import Dub, Progress
from localize.store import LocalStore
from localize.voice import VoiceStyle
from localize.voice.espeak import EspeakVoice

Said = tuple[float, float, str]
SECONDS = 5.0  # of the video
TALK: tuple[Said, ...] = ((0.4, 1.9, "This lamp is very bright."), (2.3, 4.4, "It costs only two hundred baht."))
MEMORY = """\
source,th,vi,id
This lamp is very bright.,โคมไฟนี้สว่าง,Đèn này rất sáng.,Lampu ini terang.
It costs only two hundred baht.,ราคาสองร้อยบาท,Giá chỉ hai trăm baht.,Harganya dua ratus baht.
"""


def aloud(path: Path, text: str) -> Path:
    """A video in which somebody says a text in English, with half a second of silence at its end, for a language that takes longer."""
    english = languages.get("en")
    speech = EspeakVoice().speak(english.read(text), english, VoiceStyle())
    sound = np.concatenate([resampled(speech.samples, speech.rate, 48_000), np.zeros(24_000, np.float32)])
    return video(path, np.repeat(sound[:, None], 2, axis=1), seconds=len(sound) / 48_000, rate=48_000)


def srt(said: Iterable[Said]) -> str:
    return "\n".join(f"{n}\n{_clock(start)} --> {_clock(end)}\n{text}\n" for n, (start, end, text) in enumerate(said, 1))


def _clock(seconds: float) -> str:
    return f"00:00:{seconds:06.3f}".replace(".", ",")


def asked(source: Path, said: Sequence[Said] = TALK, languages: Sequence[str] = ("th",), dub: Any = (), **more: Any) -> Path:
    """A campaign beside a video, which has what is said in it as a transcript there. `dub` are its settings, `more` other keys."""
    folder = source.parent
    (folder / "memory.csv").write_text(MEMORY, encoding="utf-8")
    if said:
        source.with_suffix(".srt").write_text(srt(said), encoding="utf-8")
    told: dict[str, Any] = {
        "name": "dubs", "languages": list(languages), "source_language": "en", "memory": ["memory.csv"],
        "engines": {"translate": "none", "recognize": "none"}, "hosts": [{"avatar": "none"}],
        "channels": [{"name": "dubs", "kind": "folder", "options": {"flat": True}}], "limits": {"workers": 1},
        "dub": {"videos": [source.name], "sound": "ducked", **dict(dub)},
    }  # fmt: skip
    path = folder / "campaign.yaml"
    path.write_text(yaml.safe_dump(told | more, allow_unicode=True), encoding="utf-8")
    return path


def studio(path: Path, store: LocalStore) -> tuple[DubStudio, list[Dub]]:
    """A campaign's studio, as a run of its own has it, and what there is to do."""
    campaign: Campaign = campaigns.load(path)
    made = work.studio(campaign, store)
    assert isinstance(made, DubStudio)
    return made, list(work.plan(campaign).jobs)


def dubbed(path: Path, store: LocalStore, language: str = "th") -> tuple[Clip, Narration, bool, Progress]:
    """A campaign's first video in a language, and what it took."""
    made, todo = studio(path, store)
    progress = Progress()
    clip, said, reused = made.make(next(job for job in todo if job.language == language), progress)
    return clip, said, reused, progress


def packets(path: Path, kind: str = "video", number: int = 0) -> list[bytes]:
    with av.open(str(path)) as container:
        stream = getattr(container.streams, kind)[number]
        return [bytes(packet) for packet in container.demux(stream) if packet.size]


def level(samples: np.ndarray[Any, Any], rate: int, start: float, end: float) -> float:
    """How loud sound is between two seconds, in dBFS."""
    part = samples[round(start * rate) : round(end * rate)].astype(float)
    return float(10 * np.log10((part**2).mean() + 1e-12))
