"""crossreel disclose: what a seller sees of a file's labels and signature."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tellers import TOLD
from test_aigc import with_tags
from typer.testing import CliRunner

from localize.cli_disclose import disclose_app
from localize.consent import file_digest
from localize.disclosure import certificates
from localize.errors import Blocked, UserError

SIDECAR = {"disclosure": TOLD.model_dump(mode="json"), "label_glyph": 56, "boxes": {"label": [60, 250, 400, 340]}}


def disclose(*words: object) -> str:
    done = CliRunner().invoke(disclose_app, [*map(str, words)], catch_exceptions=False, env={"COLUMNS": "400"})
    return done.output


def beside(video: Path, folder: Path, **changed: object) -> Path:
    copy = folder / "MUG-01.th.mp4"
    copy.write_bytes(video.read_bytes())
    copy.with_suffix(".json").write_text(json.dumps(SIDECAR | changed), encoding="utf-8")
    return copy


def test_a_good_file_tells_all_three_and_who_and_what_is_in_it(signed: Path, certified: certificates.Made, tmp_path: Path) -> None:
    said = disclose("verify", beside(signed, tmp_path, sha256=file_digest(signed)), "--ca", certified.authority)
    assert "'สร้างด้วย AI', letters 56 px high" in said
    assert f"Label 1, ContentProducer Corner, ProduceID {TOLD.produce_id}" in said
    assert "trusted, by crossreel TEST ONLY signer, compositeWithTrainedAlgorithmicMedia" in said
    assert "consent 89abcdef01234567" in said
    assert "font: Kanit-Bold.ttf (OFL-1.1)" in said


def test_for_programs_it_is_json(signed: Path, labelled: Path) -> None:
    told = json.loads(disclose("verify", signed, "--json"))
    assert told["aigc"]["fields"]["ProduceID"] == TOLD.produce_id
    assert (told["c2pa"]["state"], told["c2pa"]["disclosure"]) == ("unknown signer", TOLD.model_dump(mode="json"))
    assert (told["visible"], told["problems"]) == (None, [])
    assert json.loads(disclose("verify", labelled, "--json"))["c2pa"]["state"] == "none"


def test_what_is_missing_or_broken_ends_with_5(signed: Path, labelled: Path, certified: certificates.Made, tmp_path: Path) -> None:
    broken = bytearray(signed.read_bytes())
    broken[-1] ^= 1
    (tmp_path / "broken.mp4").write_bytes(broken)
    other = certificates.make(tmp_path / "other")
    for words, told in (
        ((with_tags(labelled, tmp_path / "copy.mp4"),), "the metadata has no AIGC label"),
        ((tmp_path / "broken.mp4",), "the C2PA signature is not valid: assertion.bmffHash.mismatch"),
        ((signed, "--ca", other.authority), "signed by crossreel TEST ONLY signer, whom --ca does not trust"),
        ((labelled, "--ca", certified.authority), "it has no C2PA signature"),
    ):
        with pytest.raises(Blocked, match=told) as stopped:
            disclose("verify", *words)
        assert stopped.value.exit_code == 5


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"label_glyph": 53}, "53 px high; the rule asks for 54"),
        ({"disclosure": {"label": "", "produce_id": TOLD.produce_id}}, "the label in the picture is ''"),
        ({"disclosure": {"label": "AI", "produce_id": "f" * 32}}, "the sidecar is of the clip f"),
        ({"sha256": "0" * 64}, "not the one that went out with this sidecar"),
    ],
)
def test_the_sidecar_must_be_the_files_own_and_its_label_high_enough(
    labelled: Path, tmp_path: Path, changed: dict[str, object], told: str
) -> None:
    with pytest.raises(Blocked, match=told):
        disclose("verify", beside(labelled, tmp_path, **changed))


def test_what_can_not_be_read_is_told(labelled: Path, tmp_path: Path) -> None:
    copy = beside(labelled, tmp_path)
    copy.with_suffix(".json").write_text("{")
    with pytest.raises(UserError, match=r"MUG-01\.th\.json is no sidecar of a clip"):
        disclose("verify", copy)
    with pytest.raises(UserError, match="there is no file"):
        disclose("verify", tmp_path / "gone.mp4")
    with pytest.raises(UserError, match="no certificate in PEM"):
        disclose("verify", labelled, "--ca", copy.with_suffix(".json"))


def test_a_test_certificate_says_what_to_write_into_the_campaign(tmp_path: Path) -> None:
    said = disclose("certificate", "--test", tmp_path / "keys")
    assert said.startswith("TEST ONLY")
    assert f"signing:\n  certificate: {tmp_path / 'keys' / 'test-signer.pem'}\n  key: {tmp_path / 'keys' / 'test-signer.key'}" in said
    with pytest.raises(UserError, match="authority of the C2PA trust list"):
        disclose("certificate")
