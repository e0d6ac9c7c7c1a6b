"""Content Credentials (C2PA): the disclosure, signed, bound to every byte of the file. Always last: whatever is changed in the file
afterwards, a copy into another container too, breaks it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Literal

from localize import __version__
from localize.disclosure.boxes import Box, BoxError, walk
from localize.disclosure.signer import Signer, installed
from localize.domain import Disclosure
from localize.errors import CrossreelError, Transient, UserError

ASSERTION = "org.crossreel.disclosure"
BOX = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
SOURCES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
State = Literal["trusted", "unknown signer", "invalid", "none"]


@dataclass(frozen=True)
class Seal:
    """What a file's signature is worth: `trusted` if the signer is one of those trusted, `unknown signer` if it is whole and they are
    not, else `invalid` with `why`, or `none`. `signer` is who the certificate names, `told` the disclosure that was signed."""

    state: State
    why: str = ""
    signer: str = ""
    source: str = ""
    told: Mapping[str, Any] = field(default_factory=dict)

    @property
    def whole(self) -> bool:
        """Whether the file is as it was signed."""
        return self.state in ("trusted", "unknown signer")


def version() -> str:
    """What writes and checks signatures, for keys. Raises NotReady without it."""
    installed()
    import c2pa

    return f"c2pa {c2pa.sdk_version()}"


def manifest(disclosure: Disclosure) -> dict[str, Any]:
    """What is signed, in C2PA's words."""
    # IPTC's term for what a model made alone, and for what of it stands beside photos or films.
    source = SOURCES + ("compositeWithTrainedAlgorithmicMedia" if disclosure.photos else "trainedAlgorithmicMedia")
    created = {"action": "c2pa.created", "digitalSourceType": source, "softwareAgent": {"name": "crossreel", "version": __version__}}
    return {
        "claim_generator_info": [{"name": "crossreel", "version": __version__}],
        "title": f"clip {disclosure.produce_id}",
        "format": "video/mp4",
        "assertions": [
            {"label": "c2pa.actions", "data": {"actions": [created]}, "created": True},
            {"label": ASSERTION, "data": disclosure.model_dump(mode="json"), "created": True},
        ],
    }


def sign(video: Path, disclosure: Disclosure, signer: Signer, out: Path) -> None:
    """Write the video with its signed disclosure to `out`, whole or not at all. Raises UserError where the certificate is refused,
    Transient where the timestamp authority does not answer, NotReady where something is missing."""
    chain, key = signer.material()
    import c2pa

    part = out.with_name(f".{out.name}.part")
    try:
        info = c2pa.C2paSignerInfo(signer.algorithm.encode(), chain, key, signer.authority.encode() if signer.authority else None)
        with (
            c2pa.Context(_settings("")) as context, c2pa.Builder(manifest(disclosure), context=context) as builder,
            c2pa.Signer.from_info(info) as pen, video.open("rb") as source, part.open("w+b") as target,
        ):  # fmt: skip
            builder.sign(pen, "video/mp4", source, target)
        part.replace(out)
    except c2pa.C2paError as error:
        raise _refused(error, signer) from None
    finally:
        part.unlink(missing_ok=True)


def read(video: Path, anchors: str = "") -> Seal:
    """What a file's signature is worth; `anchors` are the certificates (PEM) of who is trusted. Nothing is asked of the network.

    Raises NotReady where there is one and the extra c2pa is not installed, OSError where the file can't be read."""
    try:
        with video.open("rb") as file:
            if not any(_holds(file, box) for box in walk(file)):
                return Seal("none")
    except BoxError as error:
        return Seal("invalid", f"it is no whole MP4: {error}")
    installed()
    import c2pa

    try:
        with c2pa.Context(_settings(anchors)) as context, c2pa.Reader(video, context=context) as reader:
            results, active = reader.get_validation_results() or {}, reader.get_active_manifest() or {}
            state = reader.get_validation_state()
    except c2pa.C2paError.ManifestNotFound:
        return Seal("none")
    except c2pa.C2paError as error:
        return Seal("invalid", _first(error))
    signed, actions = _assertions(active)
    facts: dict[str, Any] = {
        "signer": str(active.get("signature_info", {}).get("common_name", "")), "told": signed,
        "source": next((str(a["digitalSourceType"]).removeprefix(SOURCES) for a in actions if "digitalSourceType" in a), ""),
    }  # fmt: skip
    if state in ("Trusted", "Valid"):
        return Seal("trusted" if state == "Trusted" else "unknown signer", **facts)
    failures = [f["code"] for f in results.get("activeManifest", {}).get("failure", ()) if f["code"] != "signingCredential.untrusted"]
    return Seal("invalid", ", ".join(dict.fromkeys(failures)) or "it can't be read", **facts)


def lacks(video: Path, disclosure: Disclosure) -> str:
    """What is wrong with the signature of a file that must say the disclosure: "" if nothing is. Raises as `read`."""
    seal = read(video)
    if seal.state == "none":
        return "its C2PA signature is missing: a program that copied it into another file (a remux) dropped it, or it was never signed"
    if not seal.whole:
        return f"its C2PA signature is not valid ({seal.why}): the file was changed after it was signed"
    return "" if seal.told == disclosure.model_dump(mode="json") else "its C2PA signature tells another disclosure than this clip's"


def _holds(file: BinaryIO, box: Box) -> bool:
    """Whether a box is the one that C2PA lies in."""
    if box.path != "uuid":
        return False
    file.seek(box.start)
    return file.read(len(BOX)) == BOX


def _assertions(active: Mapping[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Our own assertion and the actions of a manifest, which anybody may have written: what has another form is left out."""
    data = {assertion["label"]: assertion.get("data") for assertion in active.get("assertions", ())}
    own, told = data.get(ASSERTION), next((d for label, d in data.items() if label.startswith("c2pa.actions")), None)
    actions = told.get("actions") if isinstance(told, dict) else None
    listed = [a for a in actions if isinstance(a, dict)] if isinstance(actions, list) else []
    return own if isinstance(own, dict) else {}, listed


def _settings(anchors: str) -> Any:
    import c2pa

    trust = {"trust": {"user_anchors": anchors}} if anchors else {}
    return c2pa.Settings.from_dict({"verify": {"verify_trust": True, "remote_manifest_fetch": False, "ocsp_fetch": False}, **trust})


def _refused(error: Exception, signer: Signer) -> CrossreelError:
    """An error of signing in a seller's words: which certificate, and the library's first words. They never have the key in them, but
    what is in a message is cut to one line all the same."""
    said = _first(error)
    if signer.authority and any(word in said.lower() for word in ("timestamp", "time stamp", "http", "connect", "dns", "timed out")):
        return Transient(f"the timestamp authority {signer.authority} gave no timestamp: {said}")
    return UserError(
        f"the certificate {signer.certificate} can't sign a clip: {said}. It must be for signing (digitalSignature) with the extended "
        "use emailProtection or documentSigning, and its file must have those that issued it behind it."
    )


def _first(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
