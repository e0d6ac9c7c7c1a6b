"""The audition: who is heard, why others are not, and a page that says so."""

from __future__ import annotations

from pathlib import Path

import pytest
from voice_packages import make

from localize import engines
from localize.audition import Audition, sentence
from localize.errors import Blocked
from localize.voice import package


def test_who_is_heard_and_why_others_are_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CROSSREEL_MODELS", str(tmp_path / "none"))
    hearing = Audition(None, tmp_path / "page", settings={}, allow_noncommercial=False)
    heard = list(hearing.hear(["id", "vi"]))
    by_engine = {(code, take.engine): take for code, take in heard}
    assert by_engine["id", "espeak"].seconds > 3
    assert (tmp_path / "page" / by_engine["id", "espeak"].file).stat().st_size > 100_000
    assert "speech_model" in by_engine["vi", "openai"].why
    assert by_engine["vi", "voxcpm"].why
    page = hearing.page(heard).read_text(encoding="utf-8")
    assert sentence("vi", "female") in page
    assert 'src="id-espeak.wav"' in page
    assert "reference.wav" not in page


def test_a_person_who_has_withdrawn_is_heard_no_more(tmp_path: Path) -> None:
    folder = make(tmp_path / "anna")
    consent = folder / "consent.yaml"
    consent.write_text(consent.read_text().replace("withdrawn: null", "withdrawn: 2026-02-01"))
    with pytest.raises(Blocked, match="withdrawn on 2026-02-01"):
        Audition(package.VoicePackage.load(folder), tmp_path / "page", settings={}, allow_noncommercial=False)
    assert not (tmp_path / "page").exists()


@pytest.mark.heavy
def test_a_package_is_converted_by_every_ready_converter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    voices = {"voice": [("espeak", "")], "convert": [("match", "")]}

    def survey(stage: engines.Stage, *_: object) -> list[tuple[engines.Card, str]]:
        return [(engines.kinds(stage)[name].card, lack) for name, lack in voices.get(stage, [])]

    monkeypatch.setattr(engines, "survey", survey)
    hearing = Audition(package.VoicePackage.load(make(tmp_path / "anna")), tmp_path / "page", settings={}, allow_noncommercial=False)
    takes = [take for _, take in hearing.hear(["id"])]
    assert [(take.engine, take.converter) for take in takes] == [("espeak", "match"), ("espeak", "")]
    assert all(take.file for take in takes)
    assert (tmp_path / "page").stat().st_mode & 0o077 == 0
    assert 'src="reference.wav"' in hearing.page([("id", take) for take in takes]).read_text(encoding="utf-8")
