"""Voice packages: what is kept and who may read it, where packages are found, and what a changed one is refused for."""

from __future__ import annotations

import errno
import stat
from pathlib import Path

import numpy as np
import pytest

from localize import consent as consents
from localize.consent import Consent
from localize.errors import Blocked, UserError
from localize.voice import package as packages
from localize.voice.package import Sheet, VoicePackage

CONSENT = Consent.model_validate(
    {"who": "Anna Example", "signed": "2026-01-01", "by": "form", "languages": "all", "platforms": ["tiktok"]}
)  # fmt: skip


def kept(place: Path, name: str = "anna", *, tone: float = 200.0, replacing: bool = False) -> VoicePackage:
    samples = (0.1 * np.sin(2 * np.pi * tone * np.arange(24000) / 24000)).astype(np.float32)
    sheet = Sheet(name=name, gender="female", language="th", references=("reference.wav",), transcript="สวัสดี", checks={"snr": 30.1})
    return packages.add(sheet, samples, 24000, CONSENT, place, replacing=replacing)


def test_a_package_is_kept_for_its_owner_alone_and_gives_a_speaker(home: Path) -> None:
    voice = kept(packages.home())
    assert voice.folder == home / "voices" / "anna"
    assert stat.S_IMODE(voice.folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in voice.folder.iterdir()} == {0o600}
    speaker = voice.speaker()
    assert (speaker.name, speaker.gender, speaker.language, speaker.transcript) == ("anna", "female", "th", "สวัสดี")
    assert speaker.digest == consents.file_digest(speaker.reference) == voice.consent.sha256[0]
    assert packages.find("anna") == voice
    assert [path.name for path in voice.folder.parent.iterdir()] == ["anna"]


def test_the_campaigns_folder_comes_before_this_machine(tmp_path: Path) -> None:
    kept(packages.home())
    near = kept(tmp_path, tone=300.0)
    assert packages.find("anna", tmp_path) == near
    assert packages.find(str(near.folder), Path("/")) == near
    assert packages.find("anna", tmp_path / "elsewhere").folder.parent == packages.home()
    kept(tmp_path, "bea")
    assert packages.names(tmp_path) == ("anna", "bea")


def test_a_voice_that_is_not_there() -> None:
    with pytest.raises(UserError, match="There is none yet"):
        packages.find("espeak")  # the engine's own settings are no package
    kept(packages.home())
    with pytest.raises(UserError, match="Did you mean 'anna'"):
        packages.find("ana")


def test_replacing_is_asked_for_and_leaves_nothing_behind() -> None:
    first = kept(packages.home())
    with pytest.raises(UserError, match="--replace"):
        kept(packages.home(), tone=300.0)
    assert packages.find("anna").speaker().digest == first.consent.sha256[0]
    second = kept(packages.home(), tone=300.0, replacing=True)
    assert second.speaker().digest != first.consent.sha256[0]
    assert [path.name for path in packages.home().iterdir()] == ["anna"]


def test_nothing_is_left_of_a_package_that_could_not_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    before = kept(packages.home())

    def broken(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(packages, "write_wav", broken)
    with pytest.raises(UserError, match=r"voices/anna can't be written: No space left on device\. Make room"):
        kept(packages.home(), replacing=True)
    assert packages.find("anna") == before
    assert [path.name for path in packages.home().iterdir()] == ["anna"]


def test_only_a_voice_is_replaced(tmp_path: Path) -> None:
    theirs = tmp_path / "anna"
    theirs.mkdir()
    (theirs / "thesis.txt").touch()
    with pytest.raises(UserError, match=r"anna is no voice and is not replaced: give another name, or move it away\."):
        kept(tmp_path, replacing=True)
    assert [path.name for path in theirs.iterdir()] == ["thesis.txt"]


def test_a_changed_or_missing_reference_is_refused() -> None:
    voice = kept(packages.home())
    reference = voice.speaker().reference
    reference.write_bytes(reference.read_bytes()[:-2] + b"\1\1")
    with pytest.raises(Blocked, match="not what was consented to"):
        packages.find("anna").speaker()
    reference.unlink()
    with pytest.raises(UserError, match=r"has no .*reference\.wav"):
        packages.find("anna").speaker()


def test_without_a_consent_nothing_is_loaded() -> None:
    voice = kept(packages.home())
    (voice.folder / "consent.yaml").unlink()
    with pytest.raises(Blocked, match=r"no consent in[\s\S]*who:"):
        packages.find("anna")


def test_scope_is_required_and_the_public_text_names_no_person() -> None:
    voice = kept(packages.home())
    voice.require(language="zh", platform="tiktok")
    with pytest.raises(Blocked, match=r"the voice anna may not be used.*not for weibo"):
        voice.require(platform="weibo")
    assert voice.reference() == f"voice anna, consent {voice.consent.digest()[:16]}"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("gender: woman", "line 3: gender: "),
        ("references: [a.wav, b.wav]", "several references must be one file"),
        ("references: [../a.wav]", "is not a file beside voice.yaml"),
        ("genders: male", "Did you mean 'gender'"),
    ],
)
def test_mistakes_in_a_sheet_are_named(tmp_path: Path, change: str, says: str) -> None:
    lines = {"name": "name: anna", "about": "about: x", "gender": "gender: male", "references": "references: [reference.wav]"}
    lines[change.split(":")[0]] = change
    (tmp_path / "voice.yaml").write_text("\n".join(lines.values()), encoding="utf-8")
    with pytest.raises(UserError) as e:
        VoicePackage.load(tmp_path)
    assert says in str(e.value)
