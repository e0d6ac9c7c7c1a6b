"""Certificates to try signing with: an authority of one's own and a signer under it. Nobody else trusts them."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from localize.disclosure.signer import installed
from localize.errors import UserError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey, EllipticCurvePublicKey
    from cryptography.x509 import Certificate, Name

DAYS = 90
TEST = "crossreel TEST ONLY"


class Made(NamedTuple):
    """The files: the authority's certificate, the chain of the signer, the signer's key."""

    authority: Path
    chain: Path
    key: Path


def make(folder: Path, days: int = DAYS) -> Made:
    """Make an authority and a signer for tests, valid for so many days, in a folder. The authority's own key is kept nowhere.

    Raises UserError where there are such files already or the folder can't be written, NotReady without the extra c2pa."""
    installed()
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    made = Made(folder / "test-ca.pem", folder / "test-signer.pem", folder / "test-signer.key")
    above, own = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca = _issued(_named("authority"), above.public_key(), _named("authority"), above, days, ca=True)
    leaf = _issued(_named("signer"), own.public_key(), _named("authority"), above, days, ca=False)
    pem = serialization.Encoding.PEM
    secret = own.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    contents = (ca.public_bytes(pem), leaf.public_bytes(pem) + ca.public_bytes(pem), secret)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, content in zip(made, contents, strict=True):
            # Not readable by others from its first moment on, and never in place of what is there.
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
    except FileExistsError as error:
        raise UserError(f"{error.filename} is there already: give another folder.") from error
    except OSError as error:
        raise UserError(f"{folder} can't be written: {error.strerror or error}.") from error
    return made


def _named(what: str) -> Name:
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    parts = ((NameOID.COMMON_NAME, f"{TEST} {what}"), (NameOID.ORGANIZATION_NAME, TEST))
    return x509.Name([x509.NameAttribute(kind, text) for kind, text in parts])


def _issued(name: Name, key: EllipticCurvePublicKey, by: Name, above: EllipticCurvePrivateKey, days: int, *, ca: bool) -> Certificate:
    """A certificate as C2PA asks for: what the key may be used for, and both keys' identifiers."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.x509.oid import ExtendedKeyUsageOID

    now = datetime.now(UTC)
    usage = x509.KeyUsage(
        digital_signature=not ca, key_cert_sign=ca, crl_sign=ca, content_commitment=False, key_encipherment=False,
        data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    building = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(by)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))  # clocks differ a little
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=0 if ca else None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(above.public_key()), critical=False)
    )
    if not ca:
        building = building.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
    return building.sign(above, hashes.SHA256())
