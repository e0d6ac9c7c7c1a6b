"""Who signs clips: a certificate and its key, as `signing:` in campaign.yaml names them.

The key's content is read only where something is signed, and goes nowhere else: no message, artifact or log has it.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from localize.errors import NotReady, UserError

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

INSTALL = "pip install 'crossreel[c2pa]'"
VARIABLE = "env:"
CURVES = {"es256": "secp256r1", "es384": "secp384r1", "es512": "secp521r1"}


class Material(NamedTuple):
    """What signing takes: the chain of certificates, the signer's own first, and its key, both PEM."""

    chain: bytes
    key: bytes


class Signer(BaseModel):
    """Section `signing`. `certificate` is a PEM file, the signer's own certificate first, then those that issued it; `key` a PEM file
    that nobody else may read, or `env:NAME` for an environment variable that has the PEM; `authority` the address of a timestamp
    authority, which is asked at each signature. Without a certificate nothing is signed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    certificate: str = ""
    key: str = ""
    algorithm: Literal["es256", "es384", "es512", "ps256", "ps384", "ps512", "ed25519"] = "es256"
    authority: str = Field(default="", pattern=r"^(https?://[^\s@]+)?$")

    def __bool__(self) -> bool:
        return bool(self.certificate)

    def beside(self, base: Path) -> Signer:
        """The same with absolute paths: of a campaign's file in the folder `base`."""
        key = self.key if not self.key or self.key.startswith(VARIABLE) else _absolute(self.key, base)
        return self.model_copy(update={"certificate": _absolute(self.certificate, base) if self.certificate else "", "key": key})

    def problems(self) -> Iterator[tuple[str, str]]:
        """What would stop a signature, asked before a night begins: (the key of the section, what is wrong and the way out).

        Raises NotReady where what signs is not installed, or the key's variable is not set."""
        if not self:
            if self.key:
                yield "certificate", "there is a key and no certificate: give both, or neither."
            return
        installed()
        try:
            own = self._certificates()[0]
        except UserError as error:
            yield "certificate", str(error)
            return
        if (ended := own.not_valid_after_utc) < datetime.now(UTC):
            yield "certificate", f"{self.certificate} ended on {ended:%Y-%m-%d}: get a new one from who issued it."
        if own.not_valid_before_utc > datetime.now(UTC):
            yield "certificate", f"{self.certificate} begins on {own.not_valid_before_utc:%Y-%m-%d} only."
        try:
            if self._loaded().public_key() != own.public_key():
                yield "key", f"the key is not that of {self.certificate}: give the two that belong together."
        except UserError as error:
            yield "key", str(error)

    def fingerprint(self) -> str:
        """What tells who signs: the SHA-256 of the signer's certificate, 64 hex digits."""
        from cryptography.hazmat.primitives.serialization import Encoding

        return hashlib.sha256(self._certificates()[0].public_bytes(Encoding.DER)).hexdigest()

    def material(self) -> Material:
        """What a signature takes. Raises UserError for what is no certificate or key, NotReady as `problems`."""
        from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

        installed()
        chain = b"".join(certificate.public_bytes(Encoding.PEM) for certificate in self._certificates())
        return Material(chain, self._loaded().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))

    def _certificates(self) -> list[Certificate]:
        from cryptography import x509

        try:
            return x509.load_pem_x509_certificates(Path(self.certificate).read_bytes())
        except OSError as error:
            raise UserError(f"the certificate {self.certificate} can't be read: {error.strerror or error}.") from error
        except ValueError:
            raise UserError(f"{self.certificate} is no certificate in PEM: it begins with -----BEGIN CERTIFICATE-----.") from None

    def _loaded(self) -> Any:
        """The key itself. No error tells more of it than where it lies; nor do their causes, which are cut off."""
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        pem = self._pem()
        try:
            key = load_pem_private_key(pem, password=None)
        except TypeError:
            raise UserError(f"the key in {self.key} has a password: keep one without, in a file that only you can read.") from None
        except (ValueError, UnsupportedAlgorithm):
            raise UserError(f"what is in {self.key} is no private key in PEM: it begins with -----BEGIN PRIVATE KEY-----.") from None
        fits = (
            (isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name == CURVES.get(self.algorithm))
            or (isinstance(key, rsa.RSAPrivateKey) and self.algorithm.startswith("ps"))
            or (isinstance(key, ed25519.Ed25519PrivateKey) and self.algorithm == "ed25519")
        )  # fmt: skip
        if not fits:
            raise UserError(f"the key in {self.key} is not one for {self.algorithm}: write its own under `algorithm`.")
        return key

    def _pem(self) -> bytes:
        if not self.key:
            raise UserError("the certificate's key is missing: give a PEM file, or env:NAME for an environment variable that has it.")
        if self.key.startswith(VARIABLE):
            name = self.key.removeprefix(VARIABLE)
            if not (held := os.environ.get(name, "")):
                raise NotReady(
                    f"the environment variable {name} is not set, which `signing` takes its key from.", how="Put the PEM into it."
                )
            return held.encode()
        try:
            path = Path(self.key)
            mode = stat.S_IMODE(path.stat().st_mode)
            if os.name == "posix" and mode & 0o077:
                raise UserError(f"others can read the key {path} (its mode is {mode:o}): chmod 600 {path}")
            return path.read_bytes()
        except OSError as error:
            raise UserError(f"the key {self.key} can't be read: {error.strerror or error}.") from error


def installed() -> None:
    """Raises NotReady where the extra c2pa is not installed."""
    missing = tuple(name for name in ("c2pa", "cryptography") if not find_spec(name))
    if missing:
        raise NotReady(f"signing and reading C2PA needs {' and '.join(missing)}.", missing=missing, how=INSTALL)


def _absolute(path: str, base: Path) -> str:
    return str((base / Path(path).expanduser()).resolve())
