"""When words are heard: what the timings are off by, against hand labels, against known speech, and espeak's own against its sound.

    python -m benchmarks.voices_parts.timings

prints every edge against the hand labels. Hand labels are those of ../shared/testdata/timing; labels that a program made are
reported apart and nothing is asked of them.
"""

from __future__ import annotations

import csv
import itertools
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np
import numpy.typing as npt

from benchmarks.voices_parts import Figure
from localize import engines, languages
from localize.errors import CrossreelError
from localize.languages import Language, Token
from localize.recognize import Recognizer
from localize.voice import Converter, Samples, Sound, Speaker, VoiceStyle
from localize.voice.espeak import EspeakVoice
from localize.voice.polish import loudness
from localize.voice.stretch import stretched
from localize.voice.timing import How, complete
from localize.voice.timing.draft import Template, align

MEDIAN, NINTH = 30.0, 80.0  # ms of the draft alignment against hand labels
EXACT = 20.0  # ms of espeak's own times against its sound

LINES = {
    "th": (
        "สวัสดีค่ะ วันนี้มีครีมกันแดดมาแนะนำ",
        "เนื้อครีมบางเบา ซึมเร็ว ไม่เหนียวเหนอะหนะ",
        "ราคาเพียงสามร้อยบาทเท่านั้น รีบกดสั่งเลยนะคะ",
    ),
    "vi": (
        "Chị em ơi, hôm nay mình giới thiệu kem chống nắng này",
        "Chất kem mỏng nhẹ, thấm nhanh, không bết dính",
        "Giá chỉ ba trăm nghìn đồng thôi, đặt mua ngay nhé",
    ),
    "id": (
        "Halo kak, hari ini aku bawa tabir surya baru",
        "Teksturnya ringan, cepat meresap, dan tidak lengket",
        "Harganya cuma tiga ratus ribu rupiah, langsung pesan saja",
    ),
    "zh": (
        "家人们好，今天给大家介绍一款防晒霜",
        "质地轻薄，吸收很快，一点也不黏",
        "只要九十九块钱，喜欢的朋友马上下单",
    ),
    "en": (
        "Hi everyone, today I have a new sunscreen for you",
        "It feels light, sinks in fast, and leaves no shine",
        "It costs only nineteen dollars, so order it right away",
    ),
}


class Labelled(NamedTuple):
    """A recording and when each of its tokens is heard, in seconds."""

    name: str
    language: Language
    gender: str
    sound: Sound
    tokens: list[Token]
    spans: list[tuple[float, float]]


def figures(shared: Path | None, *, quick: bool = False) -> list[Figure]:
    """All figures; those of recordings only where the test data is. `quick` takes few sentences."""
    found = [*_labels(shared)] if shared else []
    found += [*_espeak(shared, 4 if quick else 20), *_known(shared, 1 if quick else len(LINES["en"]))]
    return found + ([*_unlike(shared)] if shared else [])


def _off(errors: Sequence[float]) -> str:
    size = np.abs(errors) * 1000
    return f"median {np.median(size):.0f} ms, 90% within {np.percentile(size, 90):.0f} ms ({len(size)})"


# --- recordings with labels ---


def _labels(shared: Path) -> Iterator[Figure]:
    ways: list[tuple[How, Recognizer | None]] = [("draft", None), ("proportional", None)]
    for card, lack in engines.survey("recognize"):
        if lack:
            yield Figure(f"words by {card.name} against labels", f"not run: {lack}")
        else:
            ways.append(("recognizer", engines.get("recognize", card.name)))  # type: ignore[arg-type]
    for who, cases in (("hand labels", hand(shared / "timing")), ("automatic labels", automatic(shared / "timing"))):
        for how, recognizer in ways:
            starts, ends, cpu, seconds = [], [], 0.0, 0.0
            for case in cases:
                began = time.process_time()
                timed = complete(case.sound, case.tokens, case.language, VoiceStyle(gender=case.gender), recognizer, how)
                cpu, seconds = cpu + time.process_time() - began, seconds + case.sound.duration
                starts += [w.start - a for w, (a, _) in zip(timed.sound.words, case.spans, strict=True)]
                ends += [w.end - b for w, (_, b) in zip(timed.sound.words, case.spans, strict=True)]
            name = recognizer.card.name if recognizer else how
            size = np.abs([*starts, *ends]) * 1000
            asked = how == "draft" and who == "hand labels"
            good = not asked or bool(np.median(size) <= MEDIAN and np.percentile(size, 90) <= NINTH)
            must = f"median at most {MEDIAN:.0f}, 90% within {NINTH:.0f} ms" if asked else ""
            yield Figure(f"words by {name} against {who}, starts and ends", _off([*starts, *ends]), must, good)
            yield Figure(f"words by {name} against {who}, starts", _off(starts))
            yield Figure(f"words by {name} against {who}, ends", _off(ends))
            if how == "draft":
                value = cpu / seconds
                yield Figure(f"words by {name} on {who}: CPU s a second of speech", f"{value:.3f}")  # of a noisy machine: told, not asked


def hand(folder: Path) -> list[Labelled]:
    """The recordings whose words people marked."""
    found = [
        _labelled(folder / f"emu_ae_{name}.wav", "en", "male", textgrid(folder / f"emu_ae_{name}.TextGrid", "Text"))
        for name in ("msajc003", "msajc010", "msajc023")
    ]
    found.append(_labelled(folder / "praatio_mary.wav", "en", "male", textgrid(folder / "praatio_mary.TextGrid", "word")))
    rows = [line.split() for line in (folder / "ldc93s1_sa1.wrd").read_text("utf-8").splitlines()]
    spans = [(int(a) / 16000, int(b) / 16000, word) for a, b, word in rows]
    return [*found, _labelled(folder / "ldc93s1_sa1.wav", "en", "female", spans)]


def automatic(folder: Path) -> list[Labelled]:
    """The recordings whose words a program marked, to 10 ms."""
    names = (("charsiu_sa1_sphere", "en", "male"), ("zh_aishell3_SSB00050015", "zh", "female"))
    return [_labelled(folder / f"{n}.wav", code, sex, textgrid(folder / f"{n}.TextGrid", "words")) for n, code, sex in names]


def _labelled(path: Path, code: str, gender: str, spans: Sequence[tuple[float, float, str]]) -> Labelled:
    spans = [span for span in spans if span[2] not in ("", "*", "[SIL]")]
    language = languages.get(code)
    tokens = language.read(("" if code == "zh" else " ").join(word for _, _, word in spans))
    merged, rest = [], iter(spans)  # several labels may be one of our tokens: characters of a Chinese word
    for token in tokens:
        start, end, text = next(rest)
        while len(text) < len(token.text):
            _, end, more = next(rest)
            text += more
        merged.append((start, end))
    samples, rate = recording(path)
    return Labelled(path.stem, language, gender, Sound(samples, rate), tokens, merged)


def textgrid(path: Path, tier: str) -> list[tuple[float, float, str]]:
    """The intervals of one tier of a Praat TextGrid, long or short form. Raises KeyError where there is no such tier."""
    found = re.findall(r'"((?:[^"]|"")*)"|(?<![\w\["])(-?\d+(?:\.\d+)?)(?![\w\]])', path.read_text("utf-8"))
    values = [float(number) if number else text for text, number in found]
    for k, value in enumerate(values):
        if value == "IntervalTier" and values[k + 1] == tier:
            rows = values[k + 5 : k + 5 + 3 * int(values[k + 4])]
            return [(float(a), float(b), str(text)) for a, b, text in zip(rows[::3], rows[1::3], rows[2::3], strict=True)]
    raise KeyError(tier)


def recording(path: Path) -> tuple[Samples, int]:
    """A recording as mono samples [n] and its rate: anything that is decoded, and NIST SPHERE."""
    head = path.read_bytes()[:1024]
    if head.startswith(b"NIST_1A"):
        rate = int(re.search(rb"sample_rate -i (\d+)", head)[1])  # type: ignore[index]
        return np.frombuffer(path.read_bytes()[1024:], "<i2").astype(np.float32) / np.float32(32768), rate
    with av.open(str(path)) as container:
        resampler = av.AudioResampler("fltp", "mono")
        frames = [f for frame in container.decode(audio=0) for f in resampler.resample(frame)]
        return np.concatenate([f.to_ndarray()[0] for f in frames]).astype(np.float32), frames[0].sample_rate


# --- speech whose times are known ---


def _known(shared: Path | None, count: int) -> Iterator[Figure]:
    """espeak's other voice as the sound, at other paces, then stretched, in noise and converted."""
    voice = EspeakVoice()
    match = _match(shared)
    errors: dict[str, dict[str, list[float]]] = {}
    for code, texts in LINES.items():
        language = languages.get(code)
        for (k, text), (gender, template) in itertools.product(enumerate(texts[:count]), (("female", "male"), ("male", "female"))):
            tokens = language.read(text)
            spoken = voice.speak(tokens, language, VoiceStyle(gender=gender, pace=(1.0, 0.85, 1.2)[k], pitch=(1.0, 1.1, 0.9)[k]))
            raw, known = voice.phones(tokens, language, VoiceStyle(gender=template))
            other = Template(raw.samples, raw.rate, [(a / raw.rate, b / raw.rate) for a, b in known.words])
            for name, sound in _treated(spoken, match, gender):
                spans = align(sound.samples, sound.rate, other).words
                off = errors.setdefault(name, {}).setdefault(code, [])
                for mine, exact in zip(spans, sound.words, strict=True):
                    off += [mine[0] - exact.start, mine[1] - exact.end] if mine else []
    for name, by in errors.items():
        for code, off in by.items():
            yield Figure(f"draft on espeak's other voice, {name}, {code}", _off(off))
        total = [x for off in by.values() for x in off]
        good = bool(np.median(np.abs(total)) * 1000 <= MEDIAN and np.percentile(np.abs(total), 90) * 1000 <= NINTH)
        must = f"median at most {MEDIAN:.0f}, 90% within {NINTH:.0f} ms"
        yield Figure(f"draft on espeak's other voice, {name}", _off(total), must, good)
    if not match:
        yield Figure("draft on espeak's other voice, converted by match", "not run: no converter or no reference here")


def _treated(spoken: Sound, match: dict[str, tuple[Converter, Speaker]], gender: str) -> Iterator[tuple[str, Sound]]:
    yield "other pace and pitch", spoken
    yield "12% faster", stretched(spoken, 1.12)
    yield "10% slower", stretched(spoken, 0.9)
    noise = np.random.default_rng(3).standard_normal(len(spoken.samples)).astype(np.float32)
    power = np.sqrt(np.mean(spoken.samples**2))
    for decibels in (20, 10):
        yield f"noise at {decibels} dB", replace(spoken, samples=spoken.samples + noise * power * np.float32(10 ** (-decibels / 20)))
    if gender in match:
        converter, speaker = match[gender]
        samples, rate = converter.convert(spoken.samples, spoken.rate, speaker)
        yield "converted by match", replace(spoken, samples=samples, rate=rate)


def _match(shared: Path | None) -> dict[str, tuple[Converter, Speaker]]:
    """The converter that needs nothing, with one reference of each sex."""
    if not shared or not any(card.name == "match" and not lack for card, lack in engines.survey("convert")):
        return {}
    converter: Converter = engines.get("convert", "match")  # type: ignore[assignment]
    files = {"female": "en_ljspeech_LJ001-0001.wav", "male": "zh_f5_basic_ref.wav"}
    return {sex: (converter, Speaker(name, shared / "speech" / name, digest=name, gender=sex)) for sex, name in files.items()}


# --- espeak's own times against its sound ---

# Consonants that begin with silence of their own: after a pause nobody hears where they begin.
_SILENT = tuple("ptkbdɡcɟʔɖʈq")
_HISS = ("s", "ʃ", "ɕ", "s.", "ʂ")
_STOPS = ("p", "t", "k", "c")


def _espeak(shared: Path | None, count: int) -> Iterator[Figure]:
    """Events of the sound that need no phonemes to be seen, against the times espeak gave: onsets after pauses in the polished
    sound, hisses between vowels and closures after vowels in the raw one."""
    voice, found = EspeakVoice(), dict[str, list[float]]()
    for code in LINES:
        language = languages.get(code)
        for text in _sentences(shared, code, count):
            tokens = language.read(text)
            raw, spoken = voice.phones(tokens, language, VoiceStyle())
            phones = [(name.strip("ˈˌ"), a / raw.rate, b / raw.rate) for name, a, b in spoken.phones]
            hiss, level = _hiss(raw.samples, raw.rate), loudness(raw.samples, raw.rate, hop=0.001, window=0.006)
            for before, phone, after in zip(phones, phones[1:], phones[2:], strict=False):
                if phone[0] in _HISS and _open(before[0]) and _open(after[0]):
                    found.setdefault(f"hisses begin, {code}", []).append(_step(hiss, phone[1]) - phone[1])
                    found.setdefault(f"hisses end, {code}", []).append(_step(-hiss, phone[2]) - phone[2])
                if phone[0] in _STOPS and _open(before[0]):
                    found.setdefault(f"closures begin, {code}", []).append(_step(-level, phone[1]) - phone[1])
            sound = voice.speak(tokens, language, VoiceStyle())
            first = {round(a, 4): name for name, a, _ in phones}
            starts = [first.get(round(a / raw.rate, 4), "") for a, _ in spoken.words]
            found.setdefault(f"words begin after a pause, {code}", []).extend(_onsets(sound, starts))
    for name, off in sorted(found.items()):
        if off:
            size = np.abs(off) * 1000
            good = bool(np.median(size) <= EXACT)
            yield Figure(
                f"espeak's own times: {name}", f"{_off(off)}, mean {np.mean(off) * 1000:+.0f}", f"median at most {EXACT:.0f} ms", good
            )


def _sentences(shared: Path | None, code: str, count: int) -> list[str]:
    """Own lines, and sentences of SIB-200 where they are."""
    table = shared / "parallel" / "derived_sib200_dev_5lang.tsv" if shared else None
    if not table or not table.exists():
        return list(LINES[code])
    with table.open(encoding="utf-8", newline="") as file:
        rows = list(itertools.islice(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE), count))
    return [row[code] for row in rows]


def _open(name: str) -> bool:
    """Whether a phoneme is a vowel at both of its ends."""
    return bool(name) and name[0] in "aeiouyɛɔəɐɑæɪʊʌɤɜɯ" and name[-1] not in "ɹrlʐ"


def _hiss(samples: Samples, rate: int) -> npt.NDArray[np.float64]:
    """dB of what is above 3.5 kHz against what is below 1.5 kHz, each millisecond."""
    spectrum, hertz = np.fft.rfft(samples), np.fft.rfftfreq(len(samples), 1 / rate)
    parts = [np.fft.irfft(spectrum * kept, len(samples)).astype(np.float32) for kept in (hertz > 3500, hertz < 1500)]
    high, low = (np.maximum(loudness(part, rate, hop=0.001, window=0.008), -75) for part in parts)
    return np.asarray(high - low)


def _step(curve: npt.NDArray[np.float64], near: float, reach: float = 0.06) -> float:
    """Where a curve (one value a millisecond) rises most steeply over 10 ms within `reach` of a time, in seconds."""
    at = np.arange(max(round((near - reach) * 1000), 5), min(round((near + reach) * 1000), len(curve) - 5))
    rise = [curve[k : k + 5].mean() - curve[k - 5 : k].mean() for k in at]
    return float(at[int(np.argmax(rise))] / 1000) if len(at) else near


def _onsets(sound: Sound, starts: Sequence[str]) -> Iterator[float]:
    """How far the sound's onsets after silence are from the starts of words that begin with what is heard at once."""
    level = loudness(sound.samples, sound.rate, hop=0.001, window=0.004)
    heard = level > np.percentile(level, 95) - 32
    said = [(word.start, word.end, name) for word, name in zip(sound.words, starts, strict=True) if word.end > word.start]
    for k, (start, _, name) in enumerate(said):
        if name and not name.startswith(_SILENT) and (k == 0 or start - said[k - 1][1] > 0.08):
            low = round((said[k - 1][1] + 0.04 if k else 0.0) * 1000)
            after = np.flatnonzero(heard[low:])
            if len(after):
                yield (low + after[0]) / 1000 - start


# --- sounds that do not say the text ---


def _unlike(shared: Path) -> Iterator[Figure]:
    """Whether the cost tells recordings with their own words from recordings with the words of another."""
    said = [*hand(shared / "timing"), *automatic(shared / "timing")]
    cases = [(c.sound, c.language, c.tokens) for c in said]
    for path, text in _transcripts(shared):
        language = languages.get(path.name[:2])
        cases.append((Sound(*recording(path)), language, language.read(text)))
    own, other = [], []
    for k, (sound, language, tokens) in enumerate(cases):
        own.append(_taken(sound, tokens, language))
        for away in (1, 3, 5, 7):
            _, foreign, wrong = cases[(k + away) % len(cases)]
            if [t.say for t in wrong] != [t.say for t in tokens]:
                other.append(_taken(sound, wrong, foreign))
    kept, caught = sum(own), len(other) - sum(other)
    yield Figure("recordings taken for what they say", f"{kept} of {len(own)}", "at least 95%", kept >= 0.95 * len(own))
    yield Figure("recordings refused with another's words", f"{caught} of {len(other)}", "at least 80%", caught >= 0.8 * len(other))


def _taken(sound: Sound, tokens: Sequence[Token], language: Language) -> bool:
    return complete(sound, tokens, language, VoiceStyle(), how="draft").method == "draft"


def _transcripts(shared: Path) -> Iterator[tuple[Path, str]]:
    """Recordings with what is said in them, as far as the test data tells."""
    for row in csv.reader((shared / "MANIFEST.tsv").open(encoding="utf-8"), delimiter="\t", quoting=csv.QUOTE_NONE):
        told = re.search(r"transcript:? ([^(;]{12,})", row[-1]) if row and row[0].startswith("speech/") else None
        if told and not told[1].startswith(("in ", "not ", "kept ")) and (shared / row[0]).exists():
            yield shared / row[0], told[1].strip().casefold()
    for line in (shared / "speech" / "en_ljspeech_metadata.csv").read_text("utf-8").splitlines():
        name, *_, text = line.split("|")
        if (path := shared / "speech" / f"en_ljspeech_{name}.wav").exists():
            yield path, text


def main() -> None:
    shared = Path(__file__).resolve().parents[3] / "shared" / "testdata"
    for case in hand(shared / "timing") if shared.is_dir() else ():
        timed = complete(case.sound, case.tokens, case.language, VoiceStyle(gender=case.gender), how="draft")
        print(case.name, f"cost {timed.cost:.3f}")
        for word, (start, end) in zip(timed.sound.words, case.spans, strict=True):
            print(f"  {word.text:<12} {start:.3f} {1000 * (word.start - start):+4.0f} ms   {end:.3f} {1000 * (word.end - end):+4.0f} ms")
    for figure in figures(shared if shared.is_dir() else None):
        print(f"{'  ' if figure.ok else '! '}{figure.what:<75} {figure.value}{f'   ({figure.must})' if figure.must else ''}", flush=True)


if __name__ == "__main__":
    try:
        main()
    except CrossreelError as error:
        raise SystemExit(str(error)) from error
