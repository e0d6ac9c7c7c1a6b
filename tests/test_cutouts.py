"""The engines that cut products out: whose file they take, what they say where they lack one, and what becomes of a network's answer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from localize import cutouts, engines, weights
from localize.cutouts import BiRefNetCutter, IsNetCutter, OnnxCutter, RmbgCutter, U2NetCutter
from localize.errors import NotReady, UserError


@pytest.fixture
def runtime(monkeypatch: pytest.MonkeyPatch, home: Path) -> Path:
    """A machine with onnxruntime and no model: its home."""
    monkeypatch.setattr(cutouts, "find_spec", lambda name: name)
    return home


def test_the_best_that_shops_may_use_comes_first() -> None:
    free = [card.name for card, _ in engines.survey("cutout") if card.commercial]
    assert free == ["birefnet", "isnet", "u2net"]
    with pytest.raises(UserError, match=r"non-commercial weights \(bria-rmbg-1\.4\)"):
        engines.get("cutout", "rmbg")


def test_what_is_missing_is_said_with_the_way_to_it(runtime: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert IsNetCutter().missing().endswith("get it with: crossreel models pull isnet.")
    monkeypatch.setattr(cutouts, "find_spec", lambda name: None)
    assert "pip install 'crossreel[cutout]'" in IsNetCutter().missing()
    with pytest.raises(NotReady, match="onnxruntime is not installed"):
        IsNetCutter().cut(np.zeros((9, 9, 3), np.uint8))


def test_a_file_that_rembg_has_fetched_is_taken_until_one_is_pulled(runtime: Path) -> None:
    engine = IsNetCutter()
    (runtime / "u2net").mkdir()
    (runtime / "u2net" / "isnet-general-use.onnx").write_bytes(b"rembg's")
    assert engine.missing() == ""
    assert U2NetCutter().missing() != ""
    before = engine.fingerprint()
    own = weights.folder("isnet")
    own.mkdir(parents=True)
    (own / "isnet-general-use.onnx").write_bytes(b"pulled")
    assert engine.fingerprint() != before
    (runtime / "u2net" / "isnet-general-use.onnx").unlink()
    assert engine.missing() == ""


@pytest.mark.parametrize("kind", [BiRefNetCutter, IsNetCutter, U2NetCutter, RmbgCutter])
def test_every_file_is_one_that_can_be_fetched(kind: type[OnnxCutter]) -> None:
    (source,) = kind.WEIGHTS
    assert kind.file in (*source.files, source.address.rpartition("/")[2])
    assert source.licence == kind.card.licence


@pytest.mark.parametrize(("width", "steeper"), [(320, 1), (640, 2)])
def test_an_answer_becomes_an_alpha_of_the_pictures_size(width: int, steeper: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is made larger has its edge made as steep again."""
    slope = np.broadcast_to(np.linspace(0.1, 0.9, 320, dtype=np.float32), (320, 320))
    monkeypatch.setattr(U2NetCutter, "_answer", lambda self, channels: slope)
    alpha = U2NetCutter().cut(np.zeros((240, width, 3), np.uint8))
    assert (alpha.shape, alpha.dtype) == ((240, width), np.uint8)
    row = np.clip(0.5 + (np.linspace(0, 1, width) - 0.5) * steeper, 0, 1) * 255
    assert np.abs(alpha[120].astype(float) - row).max() <= 2


def test_where_a_network_is_sure_of_nothing_there_is_no_product(monkeypatch: pytest.MonkeyPatch) -> None:
    faint = np.random.default_rng(1).random((320, 320), np.float32) * np.float32(0.4)
    monkeypatch.setattr(U2NetCutter, "_answer", lambda self, channels: faint)
    assert not U2NetCutter().cut(np.zeros((50, 60, 3), np.uint8)).any()


def network(path: Path, side: int, weight: np.ndarray, bias: float, *, sigmoid: bool) -> None:
    """An ONNX file that looks at each pixel by itself, with the real ones' input and output."""
    from onnx import TensorProto, helper, numpy_helper, save

    nodes = [helper.make_node("Conv", ["shown", "w", "b"], ["seen" if sigmoid else "told"])]
    nodes += [helper.make_node("Sigmoid", ["seen"], ["told"])] if sigmoid else []
    ends = [helper.make_tensor_value_info(n, TensorProto.FLOAT, [1, c, side, side]) for n, c in (("shown", 3), ("told", 1))]
    kept = [numpy_helper.from_array(weight.reshape(1, 3, 1, 1), "w"), numpy_helper.from_array(np.array([bias], np.float32), "b")]
    graph = helper.make_graph(nodes, "tiny", ends[:1], ends[1:], kept)
    path.parent.mkdir(parents=True)
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)


@pytest.mark.neural
@pytest.mark.parametrize("kind", [U2NetCutter, IsNetCutter, BiRefNetCutter, RmbgCutter])
def test_a_network_is_shown_the_picture_as_it_was_trained(kind: type[OnnxCutter], home: Path) -> None:
    chance = np.random.default_rng(7)
    weight = chance.normal(0, 2, 3).astype(np.float32)
    network(weights.folder(kind.card.name) / kind.file, kind.side, weight, 0.3, sigmoid=not kind.logits)
    picture = chance.integers(0, 256, (kind.side, kind.side, 3), np.uint8)
    surely = 1 / (1 + np.exp(-(((picture / 255 - kind.mean) / kind.spread) @ weight + 0.3)))
    expected = (surely - surely.min()) / (surely.max() - surely.min()) * 255
    assert np.abs(kind().cut(picture).astype(float) - expected).max() <= 0.6


@pytest.mark.neural
def test_a_broken_file_is_named_with_the_way_out(home: Path) -> None:
    place = weights.folder("isnet")
    place.mkdir(parents=True)
    (place / "isnet-general-use.onnx").write_bytes(b"half of it")
    with pytest.raises(NotReady, match=r"isnet-general-use\.onnx can't be loaded") as raised:
        IsNetCutter().cut(np.zeros((9, 9, 3), np.uint8))
    assert "models pull isnet" in str(raised.value)
