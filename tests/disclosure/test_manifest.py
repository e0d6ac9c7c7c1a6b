"""The C2PA signature: trusted, of somebody unknown, or broken by one byte."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tellers import TOLD
from test_aigc import with_tags

from localize import disclosure
from localize.disclosure import Signer, aigc, certificates, manifest
from localize.disclosure import signer as signers
from localize.errors import Blocked, NotReady, Transient, UserError
from localize.media import mp4, probing


def flipped(video: Path, out: Path, at: Callable[[bytes], int]) -> Path:
    content = bytearray(video.read_bytes())
    content[at(bytes(content))] ^= 1
    out.write_bytes(content)
    return out


def test_it_is_trusted_by_who_trusts_its_authority(signed: Path, certified: certificates.Made) -> None:
    seal = manifest.read(signed, certified.authority.read_text())
    assert (seal.state, seal.why, seal.signer) == ("trusted", "", "crossreel TEST ONLY signer")
    assert manifest.read(signed).state == "unknown signer"


def test_another_authority_of_the_same_name_does_not_make_it_trusted(signed: Path, tmp_path: Path) -> None:
    other = certificates.make(tmp_path / "other")
    assert manifest.read(signed, other.authority.read_text()).state == "unknown signer"


def test_it_tells_the_whole_disclosure_and_how_the_clip_came_to_be(signed: Path) -> None:
    seal = manifest.read(signed)
    assert seal.told == TOLD.model_dump(mode="json")
    assert seal.source == "compositeWithTrainedAlgorithmicMedia"
    made_up = manifest.manifest(TOLD.model_copy(update={"photos": False}))
    assert '/trainedAlgorithmicMedia"' in json.dumps(made_up)


def test_the_signed_file_is_the_same_video_with_its_label(labelled: Path, signed: Path) -> None:
    before, after = probing.probe(labelled), probing.probe(signed)
    assert after == before
    assert after.index_first
    assert (probing.frame_at(labelled, 0.5) == probing.frame_at(signed, 0.5)).all()
    assert signed.stat().st_size - labelled.stat().st_size < 8192
    disclosure.require(signed, TOLD, signed=True)


@pytest.mark.parametrize(
    "at",
    [
        lambda content: content.rindex(b"mdat") + 40,
        lambda content: content.index(b"Corner", content.index(b"ilst")),
        lambda content: len(content) - 1,
        lambda content: content.index(b"consent 89abcdef01234567") + 8,
    ],
    ids=["in the frames", "in the AIGC label", "the last byte", "in what was signed"],
)
def test_one_changed_byte_breaks_it(signed: Path, certified: certificates.Made, tmp_path: Path, at: Callable[[bytes], int]) -> None:
    changed = flipped(signed, tmp_path / "clip.mp4", at)
    seal = manifest.read(changed, certified.authority.read_text())
    assert seal.state == "invalid"
    assert "mismatch" in seal.why
    with pytest.raises(Blocked, match=r"its C2PA signature is not valid \(.*mismatch.*\): the file was changed after it was signed"):
        disclosure.require(changed, TOLD, signed=True)


def test_a_copy_of_the_file_keeps_both(signed: Path, tmp_path: Path) -> None:
    disclosure.require(Path(shutil.copyfile(signed, tmp_path / "copy.mp4")), TOLD, signed=True)


def test_a_plain_remux_drops_both(signed: Path, tmp_path: Path) -> None:
    with pytest.raises(Blocked) as stopped:
        disclosure.require(with_tags(signed, tmp_path / "copy.mp4"), TOLD, signed=True)
    assert [finding.partition(":")[0] for finding in stopped.value.findings] == [
        "its metadata has no AIGC label", "its C2PA signature is missing",
    ]  # fmt: skip


def test_crossreels_own_remux_keeps_the_label_and_is_caught_all_the_same(signed: Path, tmp_path: Path) -> None:
    mp4.remux(signed, tmp_path / "again.mp4", aigc.tags(TOLD))
    disclosure.require(tmp_path / "again.mp4", TOLD)
    with pytest.raises(Blocked, match="signature is missing: a program that copied it into another file"):
        disclosure.require(tmp_path / "again.mp4", TOLD, signed=True)


def test_a_signature_for_another_disclosure_is_caught(signed: Path) -> None:
    with pytest.raises(Blocked, match="tells another disclosure"):
        disclosure.require(signed, TOLD.model_copy(update={"consents": ()}), signed=True)


def test_what_is_not_labelled_is_not_signed(labelled: Path, signer: Signer, tmp_path: Path) -> None:
    with pytest.raises(Blocked, match="no AIGC label"):
        disclosure.seal(with_tags(labelled, tmp_path / "copy.mp4"), TOLD, signer, tmp_path / "out.mp4")
    assert not (tmp_path / "out.mp4").exists()


def test_a_file_cut_off_in_the_middle_is_invalid(signed: Path, tmp_path: Path) -> None:
    (tmp_path / "half.mp4").write_bytes(signed.read_bytes()[: signed.stat().st_size // 2])
    assert manifest.read(tmp_path / "half.mp4").state == "invalid"


def test_a_certificate_that_is_not_for_signing_is_refused_and_nothing_is_left(
    labelled: Path, certified: certificates.Made, signer: Signer, tmp_path: Path
) -> None:
    alone = tmp_path / "alone.pem"  # the authority's own, in place of the signer's
    alone.write_bytes(certified.authority.read_bytes())
    with pytest.raises(UserError, match=r"alone\.pem can't sign a clip: .* It must be for signing \(digitalSignature\)"):
        manifest.sign(labelled, TOLD, signer.model_copy(update={"certificate": str(alone)}), tmp_path / "out.mp4")
    assert [path.name for path in tmp_path.iterdir()] == ["alone.pem"]


def test_without_the_extra_it_says_how_to_get_it(
    labelled: Path, signed: Path, signer: Signer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(signers, "find_spec", lambda name: None if name == "c2pa" else object())
    for needing in (lambda: disclosure.seal(labelled, TOLD, signer, tmp_path / "o.mp4"), lambda: manifest.read(signed)):
        with pytest.raises(NotReady, match=r"pip install 'crossreel\[c2pa\]'"):
            needing()
    assert manifest.read(labelled).state == "none"  # which can be seen without it


def test_a_timestamp_authority_that_does_not_answer_is_tried_again_later(labelled: Path, signer: Signer, tmp_path: Path) -> None:
    with pytest.raises(Transient, match=r"the timestamp authority http://127\.0\.0\.1:9/ gave no timestamp"):
        manifest.sign(labelled, TOLD, signer.model_copy(update={"authority": "http://127.0.0.1:9/"}), tmp_path / "out.mp4")
    assert not list(tmp_path.iterdir())
