import itertools
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from localize import languages
from localize.domain import MOUTH_OPENING
from localize.errors import NotReady, Transient, UserError
from localize.languages import Token
from localize.voice import Speaker, VoiceStyle, espeak
from localize.voice.espeak import EspeakVoice, compose
from localize.voice.polish import PEAK, RATE, lengthen, loudness, polish

LINES = {
    "th": "สวัสดีค่ะ วันนี้ Anessa ครีมกันแดด เหลือแค่ ฿1,290 เท่านั้น!",
    "vi": "Chị em ơi, kem chống nắng này giá chỉ 350.000 ₫ thôi ạ!",
    "id": "Halo kak! Sunscreen ini cuma Rp299.000 lho, hemat 25%.",
    "zh": "家人们，iPhone手机壳保护到位，摸起来特别好！",
    "en": "Hi everyone, this sunscreen is out of the box and only $19.90 today!",
}
LINE = [Token("satu", "satu", " "), Token("dua,", "dua", " ", ","), Token("tiga", "tiga")]


@pytest.fixture(scope="module")
def voice():
    engine = EspeakVoice()
    if engine.missing():
        pytest.skip(engine.missing())
    return engine


@pytest.fixture(scope="module")
def spoken(voice):
    return {code: voice.speak(languages.get(code).read(text), languages.get(code), VoiceStyle()) for code, text in LINES.items()}


def level_of(sound):
    """dB of each 2 ms against the line's loud parts."""
    level = loudness(sound.samples, sound.rate, hop=0.002, window=0.004)
    return level - np.percentile(level, 95)


def pitch_of(sound):
    """Median pitch in Hz of the line's loud parts."""
    size, found = RATE // 25, []
    for start in range(0, len(sound.samples) - size, size):
        part = sound.samples[start : start + size]
        if np.sqrt((part**2).mean()) > 0.08:
            echo = np.fft.irfft(np.abs(np.fft.rfft(part * np.hanning(size), 2 * size)) ** 2)
            lag = RATE // 400 + int(np.argmax(echo[RATE // 400 : RATE // 60]))
            found.append(RATE / lag)
    return np.median(found)


@pytest.mark.parametrize("code", LINES)
def test_every_token_said_is_one_word_in_time(spoken, code):
    sound, tokens = spoken[code], languages.get(code).read(LINES[code])
    assert [w.text + w.gap for w in sound.words] == [t.text + t.gap for t in tokens]
    assert all(a.end <= b.start for a, b in itertools.pairwise(sound.words))
    assert sound.words[-1].end <= len(sound.samples) / sound.rate
    for token, word in zip(tokens, sound.words, strict=True):
        assert (word.end > word.start) == bool(token.say), token


@pytest.mark.parametrize("code", LINES)
def test_a_word_starts_when_its_sound_does(spoken, code):
    level, words = level_of(spoken[code]), spoken[code].words
    after_pause = [words[0], *(b for a, b in itertools.pairwise(words) if b.start - a.end > 0.08)]
    for word in after_pause:
        heard = next(k for k in range(round((word.start - 0.06) / 0.002), len(level)) if level[k] > -32) * 0.002
        assert heard == pytest.approx(word.start, abs=0.035), word  # a voiced b murmurs before it is heard as one


@pytest.mark.parametrize("code", LINES)
def test_the_mouth_follows_the_voice(spoken, code):
    sound = spoken[code]
    frames = np.arange(0, len(sound.samples) / RATE - 1 / 30, 1 / 30)
    loud = [np.sqrt((sound.samples[int(t * RATE) : int((t + 1 / 30) * RATE)] ** 2).mean()) for t in frames]
    opening = [MOUTH_OPENING[next(m.shape for m in sound.mouths if t + 1 / 60 < m.end)] for t in frames]
    assert np.corrcoef(opening, loud)[0, 1] > 0.5
    assert sound.mouths[0].start == 0
    assert sound.mouths[-1].end == len(sound.samples) / RATE
    assert all(a.end == b.start for a, b in itertools.pairwise(sound.mouths))


def test_lips_close_where_a_word_begins_with_them(spoken):
    sound = spoken["vi"]
    for word in (w for w in sound.words if w.text[0] in "mb"):
        assert any(m.shape == "A" and m.start < word.start + 0.06 and m.end > word.start for m in sound.mouths), word


@pytest.mark.parametrize("code", LINES)
def test_it_is_fit_to_publish(spoken, code):
    samples, rate = spoken[code].samples, spoken[code].rate
    level = loudness(samples, rate)
    assert (samples.dtype, samples.ndim, rate) == (np.float32, 1, 48000)
    assert 20 * np.log10(np.abs(samples).max()) <= PEAK
    voiced = level[level > level.max() - 25]
    assert 10 * np.log10(np.mean(10 ** (voiced / 10))) == pytest.approx(-20, abs=1.0)
    assert np.abs(samples[[0, -1]]).max() < 1e-4
    assert abs(samples.mean()) < 1e-3
    audible = np.flatnonzero(level > level.max() - 40) * 0.005
    assert audible[0] == pytest.approx(0.04, abs=0.03)
    assert len(samples) / rate - audible[-1] == pytest.approx(0.06, abs=0.06)


def test_one_token_may_be_many_words_or_none(voice):
    tokens = [Token("🔥", "", " "), Token("Rp2.300", "dua ribu tiga ratus rupiah", " "), Token("✨", "", " ", ","), Token("saja", "saja")]
    fire, price, spark, only = voice.speak(tokens, languages.get("id"), VoiceStyle()).words
    assert fire.start == fire.end <= price.start
    assert price.end - price.start > 1.0
    assert spark.start == spark.end == price.end
    assert only.start > price.end + 0.08  # the comma after the emoji is heard


def test_words_espeak_says_as_one_are_told_apart(voice):
    # espeak looks 很 好 up as one word; each still has its own syllable.
    very, good = voice.speak([Token("很", "很"), Token("好", "好")], languages.get("zh"), VoiceStyle()).words
    assert very.end == good.start
    assert 0.1 < very.end - very.start < 0.5
    assert 0.1 < good.end - good.start < 0.5


def test_a_full_stop_before_a_small_letter_is_still_a_pause(voice):
    tokens = [Token("empat.", "empat", " ", "."), Token("lima", "lima")]
    four, five = voice.speak(tokens, languages.get("id"), VoiceStyle()).words
    assert five.start - four.end > 0.2


def test_nothing_to_say_is_a_short_silence(voice):
    for tokens in ([], [Token("🔥", "")]):
        sound = voice.speak(tokens, languages.get("vi"), VoiceStyle())
        assert not sound.samples.any()
        assert [m.shape for m in sound.mouths] == ["X"]
        assert [w.end for w in sound.words] == [0.0] * len(tokens)


def test_brackets_in_a_text_are_not_phonemes():
    text = compose([Token("[[a]]", "[[a]]"), Token("<b>", "<b>\0"), Token("c", "c")])
    assert text.text == "a b c"
    assert text.spans == ((0, 1), (2, 3), (4, 5))


def test_a_brand_in_a_thai_line_is_said_in_thai():
    pytest.importorskip("espeakng_loader")
    brand, thai = (compose([Token("Anessa", say, " "), Token("ดี", "ดี")], thai=True).text for say in ("Anessa", "อเนสซ่า"))
    assert brand == thai
    assert compose([Token("Lumora", "Lumora")], thai=True).text.startswith("[[l")


def test_tones_are_kept_after_a_brand(voice):
    thai, tokens = languages.get("th"), [Token("มา", "มา"), Token("Nike", "Nike"), Token("มา", "มา")]
    sound = voice.speak(tokens, thai, VoiceStyle())
    first, last = (sound.samples[int(w.start * RATE) : int(w.end * RATE)] for w in (sound.words[0], sound.words[2]))
    pitches = [pitch_of(type(sound)(part, RATE, (), ())) for part in (first, last)]
    assert pitches[0] == pytest.approx(pitches[1], rel=0.15)


def test_style_changes_pitch_and_pace(voice):
    indonesian = languages.get("id")
    woman, man, high, quick = (
        voice.speak(LINE, indonesian, style)
        for style in (VoiceStyle(), VoiceStyle(gender="male"), VoiceStyle(pitch=1.25), VoiceStyle(pace=1.3))
    )
    assert 160 < pitch_of(woman) < 290
    assert 90 < pitch_of(man) < 170
    assert pitch_of(high) == pytest.approx(1.25 * pitch_of(woman), rel=0.12)
    assert len(quick.samples) < 0.9 * len(woman.samples)
    with pytest.raises(UserError, match="female or male"):
        voice.speak(LINE, indonesian, VoiceStyle(gender="robot"))


def test_the_same_line_always_sounds_the_same(voice):
    """Whatever was said before, by whichever thread, and in a process started anew."""
    vietnamese = languages.get("vi")
    tokens = vietnamese.read("kem chống nắng")
    first = voice.speak(tokens, vietnamese, VoiceStyle())
    sounds = []

    def speak(code):
        voice.speak(languages.get(code).read(LINES[code]), languages.get(code), VoiceStyle())
        sounds.append(voice.speak(tokens, vietnamese, VoiceStyle()))

    threads = [threading.Thread(target=speak, args=(code,)) for code in ("vi", "id", "zh", "en")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    os.kill(espeak._PROCESS._child.pid, signal.SIGKILL)
    espeak._PROCESS._child.wait()
    sounds.append(voice.speak(tokens, vietnamese, VoiceStyle()))
    assert len(sounds) == 5
    assert all(np.array_equal(first.samples, s.samples) and (first.words, first.mouths) == (s.words, s.mouths) for s in sounds)


def test_dying_in_the_middle_of_a_line_is_transient(voice, monkeypatch):
    voice.speak(LINE, languages.get("id"), VoiceStyle())
    pid, read = espeak._PROCESS._child.pid, espeak._read
    os.kill(pid, signal.SIGSTOP)  # it can't answer any more

    def killed(pipe):  # once it has been asked
        os.kill(pid, signal.SIGKILL)
        return read(pipe)

    with monkeypatch.context() as patched:
        patched.setattr(espeak, "_read", killed)
        with pytest.raises(Transient, match="espeak process ended"):
            voice.speak(LINE, languages.get("id"), VoiceStyle())
    assert len(voice.speak(LINE, languages.get("id"), VoiceStyle()).words) == 3


def test_without_the_library_it_says_how_to_get_it(monkeypatch, tmp_path):
    (tmp_path / "espeakng_loader.py").write_text("raise ImportError('libespeak-ng.so: no such file')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(NotReady, match=r"libespeak-ng.so.*pip install espeakng-loader"):
        espeak._Process().ask({"voice": "id", "settings": "", "rate": 175, "pitch": 50}, "halo")
    monkeypatch.setattr(espeak, "find_spec", lambda name: None)
    assert "pip install espeakng-loader" in EspeakVoice().missing()


def test_its_process_ends_with_ours(voice):
    program = (
        "import os, time; from localize.voice import espeak; "
        "espeak._PROCESS.ask({'voice': 'id', 'settings': '', 'rate': 175, 'pitch': 50}, 'halo'); "
        "print(espeak._PROCESS._child.pid, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    child = int(parent.stdout.readline())
    parent.kill()
    parent.communicate()
    assert _ended(child)


@pytest.fixture
def hanging(tmp_path):
    """A program whose every utterance hangs, in a folder of its own; each writes its fork's number to `fork`."""
    (tmp_path / "espeak_process.py").write_text(
        "import os, pathlib, sys, time\n"
        f"sys.path.insert(0, {str(Path(espeak.__file__).parent)!r})\n"
        "import espeak_process as real\n"
        "def hang(*_):\n"
        f"    pathlib.Path({str(tmp_path / 'new')!r}).write_text(str(os.getpid()))\n"
        f"    os.rename({str(tmp_path / 'new')!r}, {str(tmp_path / 'fork')!r})\n"
        "    time.sleep(600)\n"
        "real._answer, real.LONGEST = hang, int(os.environ.get('LONGEST', 600))\n"
        "sys.exit(real.main())\n"
    )
    return tmp_path


def test_a_line_that_hangs_is_given_up_and_nothing_of_it_runs_on(voice, monkeypatch, hanging):
    monkeypatch.setattr(espeak, "__file__", str(hanging / "espeak.py"))
    monkeypatch.setattr(espeak, "PATIENCE", 0.1)
    process, end, given_up = espeak._Process(), espeak._end, []

    def once_it_hangs(child):
        given_up.append(threading.current_thread())
        _until((hanging / "fork").exists)
        end(child)

    monkeypatch.setattr(espeak, "_end", once_it_hangs)
    with pytest.raises(Transient, match="espeak process ended"):
        process.ask({"voice": "id", "settings": "", "rate": 175, "pitch": 50}, "halo")
    assert isinstance(given_up[0], threading.Timer)  # and did not end by itself
    assert _ended(int((hanging / "fork").read_text()))
    assert process._child is None


def test_a_line_that_hangs_ends_after_us_too(voice, hanging):
    program = (
        f"from localize.voice import espeak; espeak.__file__ = {str(hanging / 'espeak.py')!r}; "
        "espeak._PROCESS.ask({'voice': 'id', 'settings': '', 'rate': 175, 'pitch': 50}, 'halo')"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], env={**os.environ, "LONGEST": "3"})
    _until((hanging / "fork").exists)
    parent.kill()
    parent.wait()
    assert _ended(int((hanging / "fork").read_text()))


def _ended(pid):
    _until(lambda: not _runs(pid))
    return not _runs(pid)


def _until(true):
    """Wait, as long as a slow machine may take for it."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and not true():
        time.sleep(0.02)


def _runs(pid):
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True).stdout.strip()
    return bool(state) and not state.startswith("Z")


def test_polish_moves_nothing_in_time():
    raw = np.zeros(22050, np.float32)
    raw[5000:12000] = 0.3 * np.sin(2 * np.pi * 220 * np.arange(7000) / 22050)
    polished = polish(raw, 22050)
    level = loudness(polished.samples, RATE, hop=0.001, window=0.004)
    heard = np.flatnonzero(level > level.max() - 12) * 0.001
    assert heard[0] == pytest.approx(5000 / 22050 - polished.offset, abs=0.003)
    assert heard[-1] == pytest.approx(12000 / 22050 - polished.offset, abs=0.005)


def test_a_vowel_too_short_to_hear_is_held():
    wave = np.sin(2 * np.pi * 210 * np.arange(4410) / 22050).astype(np.float32)
    longer, added = lengthen(wave, 22050, [(2000, 2400, round(0.065 * 22050))], [])
    ((cut, count),) = added
    assert 2000 <= cut <= 2400
    assert len(longer) - len(wave) == count == pytest.approx(0.065 * 22050 - 400, abs=60)
    assert np.abs(np.diff(longer)).max() < 1.5 * np.abs(np.diff(wave)).max()  # no click where it was put together


def test_phonemes_of_a_lexicon_are_said(voice):
    english = languages.get("en")
    assert compose([Token("Lumo,", "x", " ", ",", "l'u:moU p'an"), Token("ok", "ok")]).text == "[[l'u:moU]] [[p'an]], ok"
    assert compose([Token("Pro", "", phonemes="p'an")]).text == ""  # its words are said by the token before
    by_name, by_letters = (
        voice.speak([Token("x", say, phonemes=sounds)], english, VoiceStyle()) for say, sounds in (("zzz", "p'an"), ("pan", ""))
    )
    assert by_name.duration == pytest.approx(by_letters.duration, abs=0.03)
    assert [m.shape for m in by_name.mouths] == [m.shape for m in by_letters.mouths]


def test_thai_phonemes_are_said_in_thai(voice):
    thai = languages.get("th")
    given = voice.speak([Token("Lumo", "x", phonemes="ma:3")], thai, VoiceStyle())
    assert np.array_equal(given.samples, voice.speak([Token("มา", "มา")], thai, VoiceStyle()).samples)


@pytest.mark.parametrize("code", LINES)
def test_pauses_are_a_persons(voice, code):
    language = languages.get(code)
    word = {"th": "มา", "vi": "ba", "id": "saya", "zh": "好", "en": "now"}[code]
    for sign, least, most in ((",", 0.2, 0.3), (".", 0.33, 0.45), ("!", 0.31, 0.45), ("?", 0.33, 0.45)):
        first, second = voice.speak([Token(word + sign, word, " ", sign), Token(word, word)], language, VoiceStyle()).words
        assert least <= second.start - first.end <= most, sign


@pytest.mark.parametrize("code", LINES)
def test_a_price_is_slower_and_higher(voice, code):
    language = languages.get(code)
    priced = language.read(LINES[code] if code != "zh" else "家人们，这款只要¥199就可以带走！")
    where = next(k for k, token in enumerate(priced) if espeak.is_price(token.text, code))
    plain = [*priced]
    plain[where] = Token("x", priced[where].say, priced[where].gap, priced[where].pause)
    loud, calm = (voice.speak(tokens, language, VoiceStyle()) for tokens in (priced, plain))
    lengths, pitches = [], []
    for sound in (loud, calm):
        word = sound.words[where]
        lengths.append(word.end - word.start)
        pitches.append(pitch_of(type(sound)(sound.samples[int(word.start * RATE) : int(word.end * RATE)], RATE, (), ())))
    assert 1.05 < lengths[0] / lengths[1] < 1.2
    assert 1.02 < pitches[0] / pitches[1] < 1.2
    after = [(w.end - w.start) - (v.end - v.start) for w, v in zip(loud.words[where + 1 :], calm.words[where + 1 :], strict=True)]
    assert all(abs(more) < 0.04 for more in after)  # what follows is as before


def test_what_is_a_price():
    assert espeak.is_price("฿1,290", "th")
    assert espeak.is_price("(Rp299.000)", "id")
    assert espeak.is_price("$19.90", "en")
    assert not any(espeak.is_price(text, "en") for text in ("25%", "500", "65W", "iPhone15", "now"))


def test_a_pause_too_long_is_cut():
    wave = np.concatenate([np.ones(100), np.zeros(1000), np.ones(100)]).astype(np.float32)
    shorter, added = lengthen(wave, 22050, [], [(100, 1100, 400)])
    assert len(shorter) == 600
    assert sum(count for _, count in added) == -600
    assert np.flatnonzero(shorter)[100] == 500


def test_a_line_dies_away_as_a_voice_does(voice):
    """espeak itself stops in full voice, which is heard as a cut."""
    sound = voice.speak(LINE, languages.get("id"), VoiceStyle(speaker=Speaker("x", Path("x.wav"), "x")))
    level = loudness(sound.samples, sound.rate, 0.001, 0.004)
    loud = int(np.flatnonzero(level > level.max() - 12)[-1])
    soft = loud + int(np.flatnonzero(level[loud:] < level.max() - 40)[0])
    assert 20 < soft - loud < 90
