"""A video becomes a filmed avatar with the person's consent, and only with it; what is wrong with it is told."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path

import cv2
import films
import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from localize import cli_avatar, engines
from localize import consent as consents
from localize.avatar.filmed import Footage, enrol, package
from localize.cli_avatar import avatar_app
from localize.consent import Consent
from localize.errors import Blocked, CrossreelError, UserError
from localize.pixels import Pixels


def consent(**changes: object) -> Consent:
    said = {"who": "Nobody Example", "signed": "2026-01-02", "by": "a test", "languages": ["th"], "platforms": "all", **changes}
    return Consent.model_validate(said)


@pytest.fixture
def video(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(engines, "get", lambda stage: films.MarkedFaces())
    return films.film(tmp_path / "me.mp4", (films.person(k, behind=(30, 190, 60)) for k in range(150)))


def findings(
    tmp_path: Path, change: Callable[[int, Pixels], Pixels] = lambda k, f: f, count: int = 150, **finder: object
) -> dict[str, str]:
    """Check and severity of what is found in somebody drawn and changed."""
    path = films.film(tmp_path / "a.mp4", (change(k, films.person(k)) for k in range(count)))
    report = enrol(path, finder=films.MarkedFaces(**finder))  # type: ignore[arg-type]
    assert report.accepted == (report.loop is not None)
    return {f.check.removeprefix("footage."): f.severity for f in report.findings}


def test_a_package_is_whole_and_its_own(video: Path, tmp_path: Path) -> None:
    made = package.add("anna", video, consent(), tmp_path / "avatars", background="#ff8800", licence="CC0", about="by the window")
    names = {"avatar.yaml", "consent.yaml", "footage.mp4", "matte.mp4", "faces.npz"}
    assert {file.name for file in made.folder.iterdir()} == names
    assert all(file.stat().st_mode & 0o077 == 0 for file in made.folder.iterdir())
    assert made.consent.sha256 == (made.digest(),)
    assert made.sheet.made_from == (consents.file_digest(video),)
    footage = made.footage()
    assert (len(footage), footage.sheet.size, footage.sheet.matte) == (150, (320, 400), "green screen")
    assert footage.faces.boxes.shape == (150, 4)
    shown = list(Footage.open(made.folder).frames([footage.frame_at(k) for k in (0, 1, 400)]))
    assert [f.dtype for f in shown] == [np.uint8] * 3
    assert np.abs(shown[0][:40].astype(int) - (255, 136, 0)).max() <= 4
    assert package.kind(made.folder) == "filmed"
    assert package.find("anna", tmp_path / "avatars").reference().startswith("avatar anna, consent ")


def test_no_use_beyond_the_consent(video: Path, tmp_path: Path) -> None:
    made = package.add("anna", video, consent(), tmp_path)
    made.require(language="th")
    with pytest.raises(Blocked, match=r"the avatar anna may not be used: the consent is for Thai \(th\), not for Vietnamese"):
        made.require(language="vi")
    with pytest.raises(Blocked, match="ended on 2026-02-01"):
        package.add("berta", video, consent(until="2026-02-01"), tmp_path)
    with pytest.raises(Blocked, match="none of them"):
        package.add("berta", video, consent(sha256=["0" * 64]), tmp_path)
    with (made.folder / "footage.mp4").open("ab") as file:
        file.write(b"0")
    with pytest.raises(Blocked, match=r"footage\.mp4 is not what was consented to"):
        made.footage()
    (made.folder / "consent.yaml").unlink()
    with pytest.raises(Blocked, match="no consent in"):
        package.FilmedPackage.load(made.folder)
    assert not (tmp_path / "berta").exists()


def test_nothing_is_replaced_unasked_or_left_half_made(video: Path, tmp_path: Path) -> None:
    place = tmp_path / "avatars"
    package.add("anna", video, consent(), place)
    with pytest.raises(UserError, match="--replace"):
        package.add("anna", video, consent(), place)
    package.add("anna", video, consent(), place, replacing=True)
    short = films.film(tmp_path / "short.mp4", (films.person(k) for k in range(60)))
    with pytest.raises(UserError, match=r"short\.mp4 can't be used: it has 2\.4 s"):
        package.add("berta", short, consent(), place)
    with pytest.raises(UserError, match="No such file"):
        package.add("berta", video, consent(), place, background="no.png")
    assert [p.name for p in place.iterdir()] == ["anna"]


def test_a_name_that_means_another_avatar_is_refused(video: Path, tmp_path: Path) -> None:
    for name in ("mali", "none"):
        with pytest.raises(UserError, match="a name of its own"):
            package.add(name, video, consent(), tmp_path / "avatars")


def test_only_a_filmed_avatar_is_replaced(video: Path, tmp_path: Path) -> None:
    theirs = tmp_path / "avatars" / "anna"
    theirs.mkdir(parents=True)
    (theirs / "mine.jpg").write_bytes(b"x")
    with pytest.raises(UserError, match="is no filmed avatar"):
        package.add("anna", video, consent(), tmp_path / "avatars", replacing=True)
    assert (theirs / "mine.jpg").is_file()


def test_trouble_with_the_disk_is_told_with_the_path(video: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    cv2.imwrite(str(tmp_path / "wall.png"), films.person(0))
    place = tmp_path / "avatars"
    monkeypatch.setattr(package.shutil, "copyfile", full)
    with pytest.raises(UserError, match=r"wall\.png can't be copied into .*avatars/anna: No space left on device\."):
        package.add("anna", video, consent(), place, background=str(tmp_path / "wall.png"))
    monkeypatch.setattr(package, "write_faces", full)
    with pytest.raises(UserError, match=r"avatars/anna can't be written: No space left on device\. Make room"):
        package.add("anna", video, consent(), place)
    assert list(place.iterdir()) == []


@pytest.mark.heavy
def test_what_is_refused_and_what_is_warned_of(tmp_path: Path) -> None:
    assert findings(tmp_path) == {"length": "warn"}
    assert findings(tmp_path, count=100)["length"] == "block"
    assert findings(tmp_path, absent=lambda k: k % 2 == 1)["face"] == "block"
    assert findings(tmp_path, absent=lambda k: 50 < k < 60)["face"] == "warn"
    assert findings(tmp_path, crowd=0.5)["people"] == "block"
    assert findings(tmp_path, small=0.4)["size"] == "block"
    assert findings(tmp_path, small=0.8)["size"] == "warn"
    assert findings(tmp_path, lambda k, f: f // 9)["light"] == "block"
    assert findings(tmp_path, lambda k, f: f // 4)["light"] == "warn"
    assert findings(tmp_path, lambda k, f: cv2.GaussianBlur(f, (0, 0), 5))["blur"] == "warn"  # type: ignore[arg-type,return-value]


@pytest.mark.heavy
def test_something_before_the_mouth_is_told(tmp_path: Path) -> None:
    def covered(k: int, frame: Pixels) -> Pixels:
        if 60 < k < 90:
            frame[200:300, 80:170], frame[200:300, 170:240] = 20, 235
        return frame

    assert findings(tmp_path, covered)["covered"] == "warn"


@pytest.mark.heavy
def test_of_footage_with_a_cut_the_longest_piece_is_used(tmp_path: Path) -> None:
    frames = (films.person(k, behind=(90, 90, 110) if k < 60 else (230, 220, 200)) for k in range(220))
    report = enrol(films.film(tmp_path / "a.mp4", frames), finder=films.MarkedFaces())
    assert (report.start, len(report.faces)) == (60, 160)
    assert "cuts" in report.findings[0].check
    assert "2.4 to 8.8 s" in report.findings[0].message


def test_the_background_is_judged_by_what_is_used_of_the_footage(tmp_path: Path) -> None:
    frames = (films.person(k, behind=(90, 90, 110) if k < 30 else (30, 190, 60)) for k in range(170))
    path = films.film(tmp_path / "a.mp4", frames)
    report = enrol(path, finder=films.MarkedFaces(absent=lambda k: k in (30, 31)), background="#ff8800")
    assert (report.start, report.matte) == (32, "green screen")


def test_the_commands(video: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli_avatar.console, "width", 220)
    (tmp_path / "consent.yaml").write_text(consents.dump(consent()), encoding="utf-8")
    app = typer.Typer()
    app.add_typer(avatar_app, name="avatar")

    def said(*words: object) -> str:
        done = CliRunner().invoke(app, ["avatar", *map(str, words)])
        if isinstance(done.exception, CrossreelError):
            raise done.exception
        assert done.exit_code == 0, done.output
        return done.output

    with pytest.raises(Blocked, match=r"give --consent consent\.yaml"):
        said("add", "anna", "--video", video)
    added = said("add", "anna", "--video", video, "--consent", tmp_path / "consent.yaml")
    assert "the avatar anna is kept in" in added
    listed = said("list")
    assert "filmed" in listed
    assert "mali" in listed
    checked = said("check", "anna", "--language", "th")
    assert "60 px wide" in checked
    assert "may be used" in checked
    with pytest.raises(UserError, match="mali is drawn"):
        said("check", "mali")
    with pytest.raises(UserError, match="Did you mean 'anna'"):
        said("check", "ana")
