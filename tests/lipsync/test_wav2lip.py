"""Wav2Lip: its network with random weights, against its recipe and its published table of layers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import film
import numpy as np
import pytest
import tiny_lipsync

from localize import engines
from localize.errors import NotReady
from localize.lipsync.blend import cut
from localize.lipsync.mel import mel
from localize.lipsync.wav2lip import Wav2LipLipsync, Wav2LipOptions

pytestmark = pytest.mark.neural

# The checkpoint's layers: name, outputs, inputs, kernel; those with a star are transposed.
TABLE = """
face_encoder_blocks.0.0 16 6 7
face_encoder_blocks.1.0 32 16 3 | .1 32 32 3 | .2 32 32 3
face_encoder_blocks.2.0 64 32 3 | .1 64 64 3 | .2 64 64 3 | .3 64 64 3
face_encoder_blocks.3.0 128 64 3 | .1 128 128 3 | .2 128 128 3
face_encoder_blocks.4.0 256 128 3 | .1 256 256 3 | .2 256 256 3
face_encoder_blocks.5.0 512 256 3 | .1 512 512 3
face_encoder_blocks.6.0 512 512 3 | .1 512 512 1
audio_encoder.0 32 1 3
audio_encoder.1 32 32 3
audio_encoder.2 32 32 3
audio_encoder.3 64 32 3
audio_encoder.4 64 64 3
audio_encoder.5 64 64 3
audio_encoder.6 128 64 3
audio_encoder.7 128 128 3
audio_encoder.8 128 128 3
audio_encoder.9 256 128 3
audio_encoder.10 256 256 3
audio_encoder.11 512 256 3
audio_encoder.12 512 512 1
face_decoder_blocks.0.0 512 512 1
face_decoder_blocks.1.0 512 1024 3* | .1 512 512 3
face_decoder_blocks.2.0 512 1024 3* | .1 512 512 3 | .2 512 512 3
face_decoder_blocks.3.0 384 768 3* | .1 384 384 3 | .2 384 384 3
face_decoder_blocks.4.0 256 512 3* | .1 256 256 3 | .2 256 256 3
face_decoder_blocks.5.0 128 320 3* | .1 128 128 3 | .2 128 128 3
face_decoder_blocks.6.0 64 160 3* | .1 64 64 3 | .2 64 64 3
output_block.0 32 80 3
"""


def layers() -> Iterator[tuple[str, int, int, int, bool]]:
    for line in TABLE.split("\n")[1:-1]:
        group = line.split()[0].rpartition(".")[0]
        for part in line.split(" | "):
            name, out, into, kernel = part.split()
            yield (group + name if name[0] == "." else name), int(out), int(into), int(kernel.rstrip("*")), "*" in kernel


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("torch")
    return tiny_lipsync.wav2lip(tmp_path_factory.mktemp("models") / "wav2lip")


@pytest.fixture(scope="module")
def wav2lip(folder: Path) -> Wav2LipLipsync:
    return Wav2LipLipsync(Wav2LipOptions(model=str(folder), device="cpu", batch=3))


def test_the_network_has_the_checkpoints_names_and_shapes() -> None:
    pytest.importorskip("torch")
    from localize.lipsync.wav2lip_net import Wav2Lip

    wanted: dict[str, tuple[int, ...]] = {"output_block.1.weight": (3, 32, 1, 1), "output_block.1.bias": (3,)}
    for name, out, into, kernel, turned in layers():
        wanted[f"{name}.conv_block.0.weight"] = (into, out, kernel, kernel) if turned else (out, into, kernel, kernel)
        wanted[f"{name}.conv_block.0.bias"] = (out,)
        for part in ("weight", "bias", "running_mean", "running_var"):
            wanted[f"{name}.conv_block.1.{part}"] = (out,)
        wanted[f"{name}.conv_block.1.num_batches_tracked"] = ()
    assert {name: tuple(value.shape) for name, value in Wav2Lip().state_dict().items()} == wanted


def reference(net: Any, sound: Any, faces: Any) -> Any:
    """The network from its state and the published strides and pads, by functions alone."""
    import torch
    from torch.nn import functional as f

    state = net.state_dict()

    def block(name: str, x: Any, step: Any = 1, pad: int = 1, *, kept: bool = False, turned: int = -1) -> Any:
        w, b = state[f"{name}.conv_block.0.weight"], state[f"{name}.conv_block.0.bias"]
        y = f.conv2d(x, w, b, step, pad) if turned < 0 else f.conv_transpose2d(x, w, b, step, pad, turned)
        mean, var, weight, bias = (
            state[f"{name}.conv_block.1.{part}"][:, None, None] for part in ("running_mean", "running_var", "weight", "bias")
        )
        y = (y - mean) / torch.sqrt(var + 1e-5) * weight + bias
        return torch.clamp(y + x if kept else y, min=0)

    seen = []
    x = faces
    for i, more in enumerate((0, 2, 3, 2, 2, 1, 1)):
        x = block(f"face_encoder_blocks.{i}.0", x, *((1, 3), (2, 1), (2, 1), (2, 1), (2, 1), (2, 1), (1, 0))[i])
        for k in range(1, more + 1):
            x = block(f"face_encoder_blocks.{i}.{k}", x, 1, 0) if i == 6 else block(f"face_encoder_blocks.{i}.{k}", x, kept=True)
        seen.append(x)
    x = sound
    for i in range(13):
        step = {3: (3, 1), 6: 3, 9: (3, 2)}.get(i, 1)
        x = block(f"audio_encoder.{i}", x, step, 0 if i > 10 else 1, kept=i in (1, 2, 4, 5, 7, 8, 10))
    assert x.shape[2:] == (1, 1)
    for i, more in enumerate((0, 1, 2, 2, 2, 2, 2)):
        first = f"face_decoder_blocks.{i}.0"
        x = block(first, x, 1, 0) if i == 0 else block(first, x, 1, 0, turned=0) if i == 1 else block(first, x, 2, 1, turned=1)
        for k in range(1, more + 1):
            x = block(f"face_decoder_blocks.{i}.{k}", x, kept=True)
        x = torch.cat((x, seen[6 - i]), dim=1)
    x = block("output_block.0", x)
    return torch.sigmoid(f.conv2d(x, state["output_block.1.weight"], state["output_block.1.bias"]))


def test_faces_are_the_recipes(wav2lip: Wav2LipLipsync) -> None:
    import torch

    net = wav2lip._ready()
    seen: list[Any] = []
    hook = net.register_forward_pre_hook(lambda _, given: seen.append(given))
    fps, sound = 30, film.speech(0.5)
    patches = list(wav2lip.patches(film.frames(7), film.boxes(7, unseen=(2,)), sound, 16_000, fps))
    hook.remove()
    assert [i for i, patch in enumerate(patches) if patch is None] == [2]
    sounds, pictures = (torch.cat(part) for part in zip(*seen, strict=True))
    assert sounds.shape == (6, 1, 80, 16)
    assert pictures.shape == (6, 6, 96, 96)

    at = 0
    for i, (frame, patch) in enumerate(zip(film.frames(7), patches, strict=True)):
        if not patch:
            continue
        face = cut(frame, patch.box, 96)
        wanted = np.zeros((6, 96, 96))
        for c in range(3):
            for y in range(96):
                blue_first = face[y, :, 2 - c] / 255
                wanted[c, y] = blue_first if y < 48 else 0
                wanted[3 + c, y] = blue_first
        assert np.abs(pictures[at].numpy() - wanted).max() < 1e-6
        start = int(i * 80 / fps)
        assert np.allclose(sounds[at, 0].numpy(), mel(sound, start, start + 16), atol=1e-6)
        with torch.no_grad():
            made = reference(net, sounds[at : at + 1], pictures[at : at + 1])[0].numpy()
        assert patch.face.shape == (96, 96, 3)
        for c in range(3):
            assert np.abs(patch.face[:, :, 2 - c] - 255 * made[c]).max() <= 0.51
        at += 1


@pytest.mark.parametrize("fps", [25, 22.13])
def test_as_many_patches_as_frames(wav2lip: Wav2LipLipsync, fps: float) -> None:
    assert len(list(wav2lip.patches(film.frames(7), film.boxes(7), film.speech(0.2), 16_000, fps))) == 7


def test_names_with_and_without_the_mark_of_several_gpus_are_read(tmp_path: Path) -> None:
    place = tiny_lipsync.wav2lip(tmp_path / "wav2lip", prefix="")
    assert list(Wav2LipLipsync(Wav2LipOptions(model=str(place), device="cpu"))._ready().parameters())


def test_it_serves_where_the_campaign_allows_it(folder: Path) -> None:
    settings = {"wav2lip": {"model": str(folder), "device": "cpu"}}
    found = engines.get("lipsync", "wav2lip", allow_noncommercial=True, settings=settings)
    assert found.fingerprint().startswith("wav2lip-1-cpu-float32-")


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "wav2lip_gan.pth").write_bytes(b"no weights")
    with pytest.raises(NotReady, match=r"wav2lip_gan\.pth can't be loaded"):
        Wav2LipLipsync(Wav2LipOptions(model=str(tmp_path), device="cpu"))._ready()
