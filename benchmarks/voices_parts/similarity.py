"""How like a person the draft voice sounds once it is matched: the cosine of speaker embeddings (resemblyzer) with the reference.

Each reference of ../shared/testdata/speech is given to `match` with selling sentences of Thai, Vietnamese and Indonesian, three a
language, as a clip has them. Beside it: the draft unmatched, the same person again (another recording of theirs, or one half of
the recording against the other), and strangers (the mean of all others). A score against another recording of the person than the
one matched shows that it is more than a copy of the clip. Settings of `match` were chosen on the others, not on those "held back".

    python -m benchmarks.voices_parts.similarity
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from benchmarks.voices_parts import Figure
from localize import engines, languages
from localize.media import pcm
from localize.voice import Samples, Speaker, VoiceStyle
from localize.voice.converters.match import MatchConverter
from localize.voice.similarity import embedding, missing

RATE = 48000
LONG = 10.0  # s of a reference from which the mean is asked
MEAN, LEAST = 0.74, 0.65
LINES = {
    "th": (
        "สวัสดีค่ะ วันนี้มีหม้อทอดไร้น้ำมันราคาพิเศษมาแนะนำ",
        "ลดเหลือเพียงเก้าร้อยเก้าสิบบาทเท่านั้น สั่งซื้อได้เลยนะคะ",
        "ใช้งานง่าย ทำความสะอาดสะดวก รับประกันหนึ่งปีเต็ม",
    ),
    "vi": (
        "Chào cả nhà, hôm nay mình giới thiệu chiếc nồi chiên không dầu đang giảm giá rất mạnh.",
        "Giá chỉ còn chín trăm chín mươi nghìn đồng, mua ngay kẻo hết nhé!",
        "Dễ dùng, dễ rửa, bảo hành mười hai tháng và giao hàng tận nơi.",
    ),
    "id": (
        "Halo semuanya, hari ini kita punya penggorengan tanpa minyak dengan harga spesial.",
        "Sekarang hanya sembilan ratus ribu rupiah, ayo pesan sebelum kehabisan!",
        "Mudah dipakai, gampang dibersihkan, dan bergaransi satu tahun penuh.",
    ),
}


class Person(NamedTuple):
    """Clips of one person: those that are the reference, others of theirs; the sex as the source says or else the pitch (160 Hz)."""

    name: str
    sex: str
    language: str
    clips: tuple[str, ...]
    others: tuple[str, ...] = ()
    held_back: bool = False


PEOPLE = (
    Person(
        "lj", "female", "en", ("en_ljspeech_LJ001-0001.wav", "en_ljspeech_LJ001-0003.wav"),
        ("en_ljspeech_LJ001-0002.wav", "en_ljspeech_LJ001-0009.wav"),
    ),
    Person("cosyvoice", "male", "zh", ("zh_cosyvoice_cross_lingual_prompt.wav",)),
    Person("tuyen", "male", "vi", ("vi_vieneu_tuyen_nam_mien_bac.wav",)),
    Person("vixtts", "female", "vi", ("vi_vixtts_female_16s.wav",)),
    Person("1688", "female", "en", ("en_librispeech_1688-142285-0000.flac",), ("en_librispeech_1688-142285-0006.flac",)),
    Person("jfk", "male", "en", ("en_jfk.flac",)),
    Person("1995", "female", "en", ("en_librispeech_1995-1837-0001.wav",)),
    Person("f5 thai", "female", "th", ("th_f5thai_ref_2.wav",)),
    Person("speechbrain", "female", "en", tuple(f"en_speechbrain_spk1_snt{k}.wav" for k in (1, 2, 3, 4))),
    Person("2033", "male", "en", ("en_librispeech_2033-164914-0006.flac",), ("en_librispeech_2033-164914-0008.flac",), True),
    Person(
        "austen", "male", "en", ("en_librivox_austen_0870.wav", "en_librivox_austen_0890.wav"), ("en_librivox_austen_0920.wav",), True
    ),
    Person("common voice", "male", "th", ("th_common_voice_25686161.wav",), (), True),
    Person("f5 zh", "female", "zh", ("zh_f5_basic_ref.wav",), (), True),
    Person("f5 en", "male", "en", ("en_f5_basic_ref.wav",), (), True),
    Person("bookbot", "female", "id", ("id_bookbot_sample.wav",), (), True),
    Person("vieneu", "male", "vi", ("vi_vieneu_example_2.wav",), (), True),
)  # fmt: skip
QUICK = ("lj", "cosyvoice", "tuyen")


class Row(NamedTuple):
    """What one reference gave: its length in s, and cosines with it of the draft `raw` and `matched` (mean over languages), of the
    person again (`ceiling`), of strangers (`floor`); of the matched draft with the person's other recording, None without."""

    person: Person
    seconds: float
    raw: float
    matched: float
    by_language: tuple[float, ...]
    ceiling: float
    floor: float
    another: float | None


def sound_of(folder: Path, clips: Sequence[str]) -> Samples:
    """The clips one after the other, each brought to the same level."""
    parts = [pcm.read_audio(folder / clip, RATE) for clip in clips]
    return np.concatenate([part * np.float32(0.06 / np.sqrt(np.mean(part**2))) for part in parts])


def speaker_of(person: Person, sound: Samples, folder: Path) -> Speaker:
    """The person's reference, written to a folder."""
    path = folder / f"{person.name}.wav"
    pcm.write_wav(path, sound, RATE)
    return Speaker(person.name, path, person.name, language=person.language, gender=person.sex)


@cache
def draft(code: str, sex: str, line: str) -> Samples:
    """The sentence by espeak, as a converter gets it."""
    language = languages.get(code)
    voice = engines.get("voice", "espeak")
    dry = VoiceStyle(gender=sex, speaker=Speaker("none", Path("none"), "none", gender=sex))
    spoken: Samples = voice.speak(language.read(line), language, dry).samples  # type: ignore[attr-defined]
    return spoken


def run(shared: Path, quick: bool = False) -> list[Row]:
    """A row for each reference; `quick` takes three and one sentence a language."""
    folder = shared / "speech"
    people = [p for p in PEOPLE if not quick or p.name in QUICK]
    sounds = {p.name: sound_of(folder, p.clips) for p in people}
    voices = {name: _voice(sound) for name, sound in sounds.items()}
    match = MatchConverter()
    rows = []
    with tempfile.TemporaryDirectory() as made:
        for p in people:
            speaker = speaker_of(p, sounds[p.name], Path(made))
            raw, matched = [], []
            for code, lines in LINES.items():
                drafts = [draft(code, p.sex, line) for line in (lines[:1] if quick else lines)]
                raw.append(_voice(np.concatenate(drafts)))
                matched.append(_voice(np.concatenate([match.convert(d, RATE, speaker)[0] for d in drafts])))
            own = voices[p.name]
            again = _voice(sound_of(folder, p.others)) if p.others else None
            by_language = tuple(float(m @ own) for m in matched)
            rows.append(
                Row(
                    p, len(sounds[p.name]) / RATE, float(np.mean([r @ own for r in raw])), float(np.mean(by_language)), by_language,
                    float(again @ own) if again is not None else _halves(sounds[p.name]),
                    float(np.mean([v @ own for name, v in voices.items() if name != p.name])),
                    float(np.mean([m @ again for m in matched])) if again is not None else None,
                )
            )  # fmt: skip
    return rows


def _voice(sound: Samples) -> npt.NDArray[np.float32]:
    """The embedding as the program itself reports it. The encoder hears loudness, too: at lower levels all voices are more alike,
    strangers as well, so figures can only be compared at one level."""
    found = embedding(sound, RATE)
    assert found is not None, "no speech"
    return found


def _halves(sound: Samples) -> float:
    middle = len(sound) // 2
    return float(_voice(sound[:middle]) @ _voice(sound[middle:]))


def figures(shared: Path | None, *, quick: bool = False) -> list[Figure]:
    """Each reference's row, then the means. Nothing without the shared data or the encoder, which the caller says."""
    if shared is None or missing():
        return []
    rows = run(shared, quick)
    found = []
    for r in rows:
        p = r.person
        languages_ = ", ".join(f"{code} {value:.2f}" for code, value in zip(LINES, r.by_language, strict=True))
        another = "" if r.another is None else f", with another recording {r.another:.3f}"
        found.append(
            Figure(
                f"{p.name}, {p.sex}, {p.language}, {r.seconds:.1f} s{', held back' if p.held_back else ''}",
                f"raw {r.raw:.3f}, matched {r.matched:.3f} ({languages_}){another}; same person {r.ceiling:.3f}, strangers {r.floor:.3f}",
                f"matched at least {LEAST}", r.matched >= LEAST,
            )
        )  # fmt: skip
    for what, some, asked in (
        (f"references of {LONG:.0f} s and more", [r for r in rows if r.seconds >= LONG], MEAN),
        ("shorter references", [r for r in rows if r.seconds < LONG], None),
        ("references held back", [r for r in rows if r.person.held_back], None),
        ("against another recording of the person", [r._replace(matched=r.another) for r in rows if r.another is not None], None),
    ):
        if some:
            raw, matched = (float(np.mean([getattr(r, name) for r in some])) for name in ("raw", "matched"))
            value = f"raw {raw:.3f}, matched {matched:.3f} ({len(some)})" if "another" not in what else f"{matched:.3f} ({len(some)})"
            found.append(Figure(f"mean, {what}", value, f"matched at least {asked}" if asked else "", asked is None or matched >= asked))
    return found


if __name__ == "__main__":
    for figure in figures(Path(__file__).resolve().parents[3] / "shared" / "testdata"):
        print(f"{'  ' if figure.ok else '! '}{figure.what:<48} {figure.value}")
