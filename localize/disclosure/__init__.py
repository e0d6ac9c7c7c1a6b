"""Disclosure: that AI made a clip, told in the file itself, and read back before the file goes anywhere.

In this order: the label in the picture (clip.cards), the metadata of GB 45438 (`aigc`), the signed manifest of C2PA (`manifest`), which
covers all before it.
"""

from __future__ import annotations

from pathlib import Path

from localize.disclosure import aigc, manifest
from localize.disclosure.signer import Signer
from localize.domain import Disclosure
from localize.errors import Blocked, UserError

__all__ = ["VERSION", "Signer", "require", "seal"]

VERSION = "1"  # raise it when the same disclosure would be signed in another form


def seal(video: Path, disclosure: Disclosure, signer: Signer, out: Path) -> None:
    """Sign a labelled video: `out` is the same with its disclosure as a C2PA manifest, read back.

    Raises Blocked where the video is not labelled or the outcome not valid, else as `manifest.sign`."""
    require(video, disclosure)
    manifest.sign(video, disclosure, signer, out)
    require(out, disclosure, signed=True)


def require(video: Path, disclosure: Disclosure, signed: bool = False) -> None:
    """Raise Blocked, telling what is missing and why, unless the file says of itself that AI made it: exactly one AIGC label, the
    disclosure's, and if it is to be `signed` a C2PA manifest with the disclosure that fits every byte.

    Raises NotReady where a signature is to be read and can't be."""
    try:
        wrong = [aigc.lacks(video, disclosure), manifest.lacks(video, disclosure) if signed else ""]
    except (UserError, OSError) as error:
        wrong = [f"it can't be read: {error.strerror or error}" if isinstance(error, OSError) else f"it is no whole MP4: {error}"]
    if found := tuple(filter(None, wrong)):
        raise Blocked(
            f"{video} does not go out: {'; '.join(found)}. The way out: send the file that crossreel made, as it made it.", findings=found
        )
