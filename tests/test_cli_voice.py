"""crossreel voice: what a seller types to add a voice, and what is said where it may not be."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from localize import cli_voice, engines, languages
from localize import consent as consents
from localize.cli_voice import voice_app
from localize.errors import CrossreelError
from localize.media import pcm
from localize.voice import VoiceStyle, speakers
from localize.voice import package as packages

TEXT = "This kettle boils a litre of water in three minutes, switches itself off, and stays cool. We have sold them for eleven years."


@cache
def speech() -> pcm.Samples:
    english = languages.get("en")
    voice = engines.get("voice", "espeak")
    samples: pcm.Samples = voice.speak(english.read(TEXT), english, VoiceStyle()).samples  # type: ignore[attr-defined]
    return (samples + np.random.default_rng(1).normal(size=len(samples)) * 1e-4).astype(np.float32)


@pytest.fixture
def voice(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., str]:
    """Run `crossreel voice ...` in a folder with a recording and a consent; what it prints, or the error it raises."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(speakers, "find_spec", lambda name: None)
    monkeypatch.setattr(cli_voice.console, "width", 200)
    pcm.write_wav(tmp_path / "a.wav", speech())
    (tmp_path / "consent.yaml").write_text(consents.EXAMPLE.replace("2027-02-28", "2999-02-28"), encoding="utf-8")

    def command(*args: object) -> str:
        app = typer.Typer()
        app.add_typer(voice_app, name="voice")
        done = CliRunner().invoke(app, ["voice", *map(str, args)])
        if isinstance(done.exception, CrossreelError):
            raise done.exception
        assert done.exit_code == 0, done.output
        return done.output

    return command


def refusal(voice: Callable[..., str], *args: object) -> CrossreelError:
    with pytest.raises(CrossreelError) as e:
        voice(*args)
    return e.value


def test_add_list_and_check(voice: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "said.txt").write_text(TEXT, encoding="utf-8")
    said = voice("add", "anna", "--reference", "a.wav", "--consent", "consent.yaml", "--language", "en", "--transcript", "said.txt")
    assert "the voice anna is kept" in said
    assert "48000 Hz" in said
    kept = packages.find("anna")
    assert kept.sheet.made_from == (consents.file_digest(tmp_path / "a.wav"),)
    assert kept.sheet.transcript == TEXT
    assert kept.sheet.checks["snr"]
    listed = voice("list")
    assert "anna" in listed
    assert "until 2999-02-28" in listed
    checked = voice("check", "anna", "--language", "th", "--platform", "tiktok")
    assert kept.reference() in checked
    assert "Somchai" not in said + listed + checked
    error = refusal(voice, "check", "anna", "--language", "zh", "--platform", "weibo")
    assert error.exit_code == 5
    assert "not for Chinese (zh)" in str(error)
    assert "not for weibo" in str(error)


def test_without_consent_it_is_blocked_and_shown_what_one_says(voice: Callable[..., str]) -> None:
    error = refusal(voice, "add", "anna", "--reference", "a.wav")
    assert error.exit_code == 5
    assert consents.EXAMPLE in str(error)
    assert packages.names() == ()


def test_an_expired_consent_is_blocked(voice: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "consent.yaml").write_text(consents.EXAMPLE.replace("2027-02-28", "2026-03-02"), encoding="utf-8")
    assert "ended on 2026-03-02" in str(refusal(voice, "add", "anna", "--reference", "a.wav", "--consent", "consent.yaml"))


def test_a_consent_to_another_recording_is_blocked(voice: Callable[..., str], tmp_path: Path) -> None:
    paper = tmp_path / "consent.yaml"
    paper.write_text(paper.read_text("utf-8").replace("sha256: []", f"sha256: {'a' * 64}"), encoding="utf-8")
    error = refusal(voice, "add", "anna", "--reference", "a.wav", "--consent", paper)
    assert error.exit_code == 5
    assert "a.wav" in str(error)
    paper.write_text(paper.read_text("utf-8").replace("a" * 64, consents.file_digest(tmp_path / "a.wav")), encoding="utf-8")
    assert "kept" in voice("add", "anna", "--reference", "a.wav", "--consent", paper)


def test_a_bad_recording_is_refused_with_its_reason(voice: Callable[..., str], tmp_path: Path) -> None:
    pcm.write_wav(tmp_path / "short.wav", speech()[:96000])
    error = refusal(voice, "add", "anna", "--reference", "short.wav", "--consent", "consent.yaml")
    assert error.exit_code == 2
    assert "short.wav can't be used: it has" in str(error)
    assert packages.names() == ()


def test_several_short_recordings_make_one(voice: Callable[..., str], tmp_path: Path) -> None:
    half = len(speech()) // 2
    pcm.write_wav(tmp_path / "b.wav", speech()[:half])
    pcm.write_wav(tmp_path / "c.wav", speech()[half:])
    said = voice("add", "bea", "--reference", "b.wav", "--reference", "c.wav", "--consent", "consent.yaml", "--into", tmp_path / "mine")
    assert "together" in said
    assert len(packages.find("bea", tmp_path / "mine").sheet.made_from) == 2


def test_names_genders_and_files_that_do_not_fit(voice: Callable[..., str]) -> None:
    rest = ("--reference", "a.wav", "--consent", "consent.yaml")
    assert "small letters" in str(refusal(voice, "add", "Anna B", *rest))
    assert "not 'woman'" in str(refusal(voice, "add", "anna", *rest, "--gender", "woman"))
    assert "none.wav" in str(refusal(voice, "add", "anna", "--reference", "none.wav", "--consent", "consent.yaml"))
    assert "is rather female" in voice("add", "anna", *rest, "--gender", "male")
    assert "--replace" in str(refusal(voice, "add", "anna", *rest))
    assert "kept" in voice("add", "anna", *rest, "--replace")


def test_a_voice_that_was_tampered_with_is_listed_as_such(voice: Callable[..., str]) -> None:
    voice("add", "anna", "--reference", "a.wav", "--consent", "consent.yaml")
    packages.find("anna").speaker().reference.write_bytes(b"other")
    assert "not what was consented to" in voice("list")
