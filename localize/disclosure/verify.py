"""What a finished file tells of itself, read back as a stranger would: the label that viewers see (as its sidecar knows), the AIGC label
of its metadata, its C2PA signature."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import Field

from localize.checks.clips import LABEL_GLYPH
from localize.consent import file_digest
from localize.disclosure import aigc, manifest
from localize.domain import Model
from localize.errors import UserError


class Visible(Model):
    """The label in the picture: its text, how high its letters are in pixels, its box, "" or why it does not do."""

    text: str
    glyph: int
    box: tuple[int, int, int, int]
    problem: str = ""


class Metadata(Model):
    """The AIGC label: its fields, "" or why it does not do."""

    fields: dict[str, str] = Field(default_factory=dict)
    problem: str = ""


class Signature(Model):
    """The C2PA signature, as `manifest.Seal`. `problem` is "" or why it does not do."""

    state: manifest.State
    why: str = ""
    signer: str = ""
    source: str = ""
    disclosure: dict[str, Any] = Field(default_factory=dict)
    problem: str = ""


class Report(Model):
    """Everything of a file. `visible` is None where no sidecar lies beside it."""

    file: str
    visible: Visible | None
    aigc: Metadata
    c2pa: Signature

    @property
    def problems(self) -> tuple[str, ...]:
        parts = (self.visible, self.aigc, self.c2pa)
        return tuple(part.problem for part in parts if part and part.problem)


def verify(video: Path, anchors: Path | None = None) -> Report:
    """Read a file back. `anchors` are the certificates (PEM) of who must have signed it.

    Raises UserError for what is no file or no certificates, NotReady where it is signed and that can't be read."""
    if not video.is_file():
        raise UserError(f"there is no file {video}.")
    trusted = _certificates(anchors) if anchors else ""
    metadata = _metadata(video)
    return Report(file=str(video), visible=_visible(video, metadata), aigc=metadata, c2pa=_signature(video, trusted))


def _metadata(video: Path) -> Metadata:
    try:
        texts = aigc.found(video)
    except UserError as error:
        return Metadata(problem=f"the file is no whole MP4: {error}")
    if len(texts) != 1:
        return Metadata(problem=f"the metadata has {len(texts) or 'no'} AIGC label{'s, and one is allowed' if texts else ''}")
    try:
        return Metadata(fields=aigc.parsed(texts[0]))
    except ValueError as error:
        return Metadata(problem=f"the AIGC label is not what GB 45438 allows: {error}")


def _visible(video: Path, metadata: Metadata) -> Visible | None:
    """What the sidecar of a clip (`NAME.json` beside `NAME.mp4`) says of its label."""
    sidecar = video.with_suffix(".json")
    if not sidecar.is_file():
        return None
    try:
        made = json.loads(sidecar.read_text(encoding="utf-8"))
        found = Visible(text=made["disclosure"]["label"], glyph=made["label_glyph"], box=made["boxes"]["label"])
        produced, sha256 = str(made["disclosure"]["produce_id"]), made.get("sha256", "")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"{sidecar} is no sidecar of a clip: {type(error).__name__}: {str(error).splitlines()[0]}.") from error
    problem = ""
    if not found.text or found.glyph < LABEL_GLYPH:
        problem = f"the label in the picture is {found.text!r}, {found.glyph} px high; the rule asks for {LABEL_GLYPH}"
    elif metadata.fields and metadata.fields["ProduceID"] != produced:
        problem = f"the sidecar is of the clip {produced}, and the file of {metadata.fields['ProduceID']}"
    elif sha256 and sha256 != file_digest(video):
        problem = "the file is not the one that went out with this sidecar: its SHA-256 is another"
    return found.model_copy(update={"problem": problem})


def _signature(video: Path, trusted: str) -> Signature:
    seal = manifest.read(video, trusted)
    problem = ""
    if seal.state == "invalid":
        problem = f"the C2PA signature is not valid: {seal.why}"
    elif trusted and seal.state != "trusted":
        problem = f"it is signed by {seal.signer}, whom --ca does not trust" if seal.whole else "it has no C2PA signature"
    return Signature(
        state=seal.state, why=seal.why, signer=seal.signer, source=seal.source, disclosure=dict(seal.told), problem=problem
    )  # fmt: skip


def _certificates(path: Path) -> str:
    try:
        pem = path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"the certificates in {path} can't be read: they are a PEM file.") from error
    if "-----BEGIN CERTIFICATE-----" not in pem:
        raise UserError(f"{path} has no certificate in PEM: it begins with -----BEGIN CERTIFICATE-----.")
    return pem
