"""`signing:` in a campaign: what is wrong with it is told when the campaign is read, and its key is never told at all."""

from __future__ import annotations

import os
import traceback
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from localize import campaign as campaigns
from localize.disclosure import Signer, certificates
from localize.errors import CrossreelError, NotReady, UserError


def written(path: Path, key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey, password: bytes = b"") -> Path:
    secret = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    path.touch(0o600)
    path.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, secret))
    return path


def read(shop: Path, *lines: str) -> campaigns.Campaign:
    file = shop / "campaign.yaml"
    file.write_text(file.read_text() + "signing:\n" + "".join(f"  {line}\n" for line in lines))
    return campaigns.load(file)


def test_paths_are_those_beside_the_campaign(shop: Path) -> None:
    made = certificates.make(shop / "keys")
    signing = read(shop, "certificate: keys/test-signer.pem", "key: keys/test-signer.key").signing
    assert (signing.certificate, signing.key) == (str(made.chain), str(made.key))
    assert len(signing.fingerprint()) == 64


def test_the_key_may_come_from_the_environment(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = certificates.make(shop / "keys")
    lines = ("certificate: keys/test-signer.pem", "key: env:SHOP_SIGNING_KEY")
    with pytest.raises(NotReady, match="SHOP_SIGNING_KEY is not set"):
        read(shop, *lines)
    monkeypatch.setenv("SHOP_SIGNING_KEY", made.key.read_text())
    signing = campaigns.load(shop / "campaign.yaml").signing
    assert signing.material().key == made.key.read_bytes()
    assert made.key.read_text() not in repr(signing) + signing.model_dump_json()


def test_a_campaign_without_a_certificate_signs_nothing(shop: Path) -> None:
    assert not campaigns.load(shop / "campaign.yaml").signing


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (["key: keys/test-signer.key"], "signing.certificate: there is a key and no certificate"),
        (["certificate: keys/test-signer.pem"], "signing.key: the certificate's key is missing"),
        (["certificate: keys/gone.pem", "key: keys/test-signer.key"], r"line 15: signing.certificate: .*gone.pem can't be read"),
        (["certificate: logo.png", "key: keys/test-signer.key"], "logo.png is no certificate in PEM"),
        (["certificate: keys/test-signer.pem", "key: keys/gone.key"], r"line 16: signing.key: .*gone.key can't be read"),
        (["certificate: keys/test-signer.pem", "key: keys/test-signer.pem"], "no private key in PEM"),
        (["certificate: keys/test-signer.pem", "key: keys/open.key"], r"others can read the key .*open.key \(its mode is 644\): chmod 600"),
        (["certificate: keys/test-signer.pem", "key: keys/other.key"], r"the key is not that of .*test-signer.pem"),
        (["certificate: keys/test-signer.pem", "key: keys/locked.key"], r"locked.key has a password"),
        (["certificate: keys/test-signer.pem", "key: keys/ed.key"], "is not one for es256: write its own under `algorithm`"),
        (["certificate: keys/old.pem", "key: keys/old.key"], r"old.pem ended on 20\d\d-\d\d-\d\d: get a new one"),
        (["certificat: keys/test-signer.pem"], "Did you mean 'certificate'"),
        (["algorithm: es265"], "Did you mean 'es256'"),
        (["authority: ftp://time.example"], "signing.authority"),
    ],
)
def test_what_would_stop_a_signature_at_night_is_told_before(shop: Path, lines: list[str], told: str) -> None:
    keys = shop / "keys"
    made = certificates.make(keys)
    written(keys / "other.key", ec.generate_private_key(ec.SECP256R1()))
    written(keys / "locked.key", ec.generate_private_key(ec.SECP256R1()), b"secret")
    written(keys / "ed.key", ed25519.Ed25519PrivateKey.generate())
    (keys / "open.key").write_bytes(made.key.read_bytes())
    os.chmod(keys / "open.key", 0o644)
    old = certificates.make(shop / "old", days=0)
    old.chain.rename(keys / "old.pem")
    old.key.rename(keys / "old.key")
    with pytest.raises(UserError, match=told):
        read(shop, *lines)


def test_no_error_has_the_key_in_it(shop: Path) -> None:
    secret = "MHcCAQEEIKnotakeybutasecret"
    key = shop / "broken.key"
    key.touch(0o600)
    key.write_text(f"-----BEGIN PRIVATE KEY-----\n{secret}\n-----END PRIVATE KEY-----\n")
    made = certificates.make(shop / "keys")
    with pytest.raises(CrossreelError) as stopped:
        Signer(certificate=str(made.chain), key=str(key)).material()
    assert secret not in "".join(traceback.format_exception(stopped.value))


def test_certificates_for_tests_say_so_and_replace_nothing(tmp_path: Path) -> None:
    from cryptography import x509

    made = certificates.make(tmp_path / "keys")
    for certificate in x509.load_pem_x509_certificates(made.chain.read_bytes()):
        assert "TEST ONLY" in certificate.subject.rfc4514_string()
    assert [oct(path.stat().st_mode & 0o777) for path in made] == ["0o600"] * 3
    before = made.key.read_bytes()
    with pytest.raises(UserError, match="is there already: give another folder"):
        certificates.make(tmp_path / "keys")
    assert made.key.read_bytes() == before
