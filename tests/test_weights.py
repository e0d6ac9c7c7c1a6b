"""Folders of models: where they are, what they lack, what identifies them, which file is at fault."""

from __future__ import annotations

import json
import struct
import threading
from pathlib import Path

import pytest

from localize import weights
from localize.weights import MANIFEST, Source


def test_a_source_is_files_of_a_repo_or_an_address_with_a_checksum() -> None:
    digest = "ab" * 32
    assert Source("openbmb/VoxCPM2", ("*.json",)).revision == "main"
    assert Source(address=f"https://models.example/{digest}/small.pt").sha256 == digest
    assert Source(address=f"https://models.example/{digest}/small.pt", sha256="cd" * 32).sha256 == "cd" * 32
    for wrong in (
        lambda: Source(),
        lambda: Source("openbmb/VoxCPM2"),
        lambda: Source(address="https://models.example/small.pt"),
        lambda: Source(address=f"https://models.example/{digest}00/small.pt"),
        lambda: Source("openbmb/VoxCPM2", ("*.json",), address=f"https://models.example/{digest}/small.pt"),
    ):
        with pytest.raises(ValueError, match="either files of a repo or an address"):
            wrong()


def test_the_way_out_names_the_folder_only_where_it_is_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CROSSREEL_MODELS", str(tmp_path))
    assert weights.how_to_pull("mms", weights.folder("mms")) == "get it with: crossreel models pull mms"
    assert f"puts it in {tmp_path / 'mms'};" in weights.how_to_pull("mms", weights.folder("mms", "/elsewhere"))


def test_the_fingerprint_sees_what_makes_the_model_and_nothing_else(tmp_path: Path) -> None:
    for name in ("config.json", "audiovae.pth", "th/model.safetensors"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"{}")
    told = weights.fingerprint(tmp_path)
    (tmp_path / MANIFEST).write_text(json.dumps({"files": {}}))
    (tmp_path / "README.md").write_text("# new")
    (tmp_path / ".cache").mkdir()
    (tmp_path / ".cache" / "seen.json").write_text("{}")
    assert weights.fingerprint(tmp_path) == told
    seen = {told}
    for name in ("config.json", "audiovae.pth", "th/model.safetensors"):
        (tmp_path / name).write_bytes(b"[]")
        seen.add(weights.fingerprint(tmp_path))
    (tmp_path / "th").rename(tmp_path / "vi")
    assert len({*seen, weights.fingerprint(tmp_path)}) == 5


def _safetensors(data: bytes) -> bytes:
    header = json.dumps({"a": {"dtype": "U8", "shape": [4], "data_offsets": [0, 4]}}).encode()
    return struct.pack("<Q", len(header)) + header + data


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("config.json", b'{"a": '),
        ("model.safetensors", _safetensors(b"123")),
        ("model.safetensors", b"\x00"),
        ("audiovae.pth", b"PK\x03\x04 the beginning of an archive"),
    ],
)
def test_the_broken_file_is_named(tmp_path: Path, name: str, content: bytes) -> None:
    whole = {"config.json": b"{}", "model.safetensors": _safetensors(b"1234"), "audiovae.pth": b"\x80\x02 of the old form"}
    for each, right in whole.items():
        (tmp_path / each).write_bytes(right)
    (tmp_path / name).write_bytes(content)
    told = weights.broken(tmp_path, ValueError("no\n good"))
    assert str(told).startswith(f"{tmp_path / name} can't be loaded: no good.")


@pytest.mark.neural
def test_draws_are_the_seeds_own_whatever_other_threads_draw() -> None:
    torch = pytest.importorskip("torch")

    def draws(seed: str) -> list[float]:
        with weights.drawing(seed):
            return [float(torch.randn(())) for _ in range(200)]

    alone = {seed: draws(seed) for seed in ("a", "b")}
    assert alone["a"] != alone["b"]
    torch.manual_seed(3)
    before = torch.get_rng_state()
    found: list[tuple[str, list[float]]] = []
    threads = [threading.Thread(target=lambda s=seed: found.append((s, draws(s)))) for seed in "abab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(alone[seed] == drawn for seed, drawn in found)
    assert len(found) == 4
    assert torch.equal(before, torch.get_rng_state())
