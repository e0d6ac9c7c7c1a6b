"""MuseTalk: tiny models of the same architecture with random weights, against its recipe in plain loops."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import film
import numpy as np
import pytest
import tiny_lipsync

from localize.errors import NotReady
from localize.lipsync import Frame, Patch
from localize.lipsync.blend import cut
from localize.lipsync.musetalk import MuseTalkLipsync
from localize.lipsync.neural import LipsyncOptions

pytestmark = pytest.mark.neural
LAYERS, WIDTH = 5, tiny_lipsync.WIDTH


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("torch")
    pytest.importorskip("diffusers")
    return tiny_lipsync.musetalk(tmp_path_factory.mktemp("models") / "musetalk")


def engine(folder: Path, batch: int = 4) -> MuseTalkLipsync:
    return MuseTalkLipsync(LipsyncOptions(model=str(folder), device="cpu", batch=batch))


@pytest.fixture(scope="module")
def musetalk(folder: Path) -> MuseTalkLipsync:
    return engine(folder)


def run(musetalk: MuseTalkLipsync, count: int, fps: float, unseen: tuple[int, ...] = ()) -> list[Patch | None]:
    boxes = film.boxes(count, unseen=unseen)
    return list(musetalk.patches(film.frames(count), boxes, film.speech(count / fps), 16_000, fps))


def states(musetalk: MuseTalkLipsync, sound: np.ndarray) -> np.ndarray:
    """Whisper's encoder layer by layer over one segment: what goes into the first layer, and what comes out of each, [1500, 5, d]."""
    import torch
    from torch.nn.functional import gelu

    model = musetalk._ready()
    net: Any = model.whisper
    with torch.no_grad():
        mel = torch.from_numpy(np.asarray(model.ear(sound, sampling_rate=16_000, return_tensors="np").input_features))
        x = gelu(net.conv2(gelu(net.conv1(mel)))).transpose(1, 2) + net.embed_positions.weight
        found = [x]
        for layer in net.layers:
            x = layer(x, None)
            x = x[0] if isinstance(x, tuple) else x
            found.append(x)
        found[-1] = net.layer_norm(found[-1])
    return np.stack([state[0].numpy() for state in found], axis=1)


def windows(heard: np.ndarray, seconds: float, fps: float, numbers: range) -> list[np.ndarray]:
    """The recipe's windows: cut to the sound, padded in front and behind, ten steps from the frame's own, time before layers."""
    steps = list(heard[: math.floor(seconds * 50)])
    nothing = np.zeros((LAYERS, WIDTH), np.float32)
    steps = [nothing] * 4 + steps + [nothing] * 12
    out = []
    for i in numbers:
        rows = []
        for step in steps[math.floor(i * 50 / fps) :][:10]:
            for layer in range(LAYERS):
                rows.append(step[layer])
        out.append(np.array(rows))
    return out


def place_code(rows: int, width: int) -> np.ndarray:
    code = np.zeros((rows, width))
    for row in range(rows):
        for k in range(0, width, 2):
            code[row, k] = math.sin(row / 10000 ** (k / width))
            code[row, k + 1] = math.cos(row / 10000 ** (k / width))
    return code


@pytest.mark.parametrize("fps", [25, 30, 22.13])
def test_each_frame_hears_its_moment(musetalk: MuseTalkLipsync, fps: float) -> None:
    sound = film.speech(2)
    window = musetalk._hear(musetalk._ready(), sound, fps)
    numbers = range(math.floor(2 * fps))
    expected = windows(states(musetalk, sound), 2, fps, numbers)
    for i, wanted in zip(numbers, expected, strict=True):
        found = window(i).numpy()
        assert found.shape == (50, WIDTH)
        assert np.abs(found - wanted).max() < 1e-3, i


def test_half_minutes_follow_each_other(musetalk: MuseTalkLipsync) -> None:
    sound = film.speech(32)
    window = musetalk._hear(musetalk._ready(), sound, 25)
    heard = np.concatenate([states(musetalk, sound[:480_000]), states(musetalk, sound[480_000:])])
    numbers = range(745, 756)
    for i, wanted in zip(numbers, windows(heard, 32, 25, numbers), strict=True):
        assert np.abs(window(i).numpy() - wanted).max() < 1e-3


def test_what_the_models_get_and_give_is_the_recipes(musetalk: MuseTalkLipsync) -> None:
    import torch

    model = musetalk._ready()
    seen: dict[str, Any] = {}
    hooks = [
        model.vae.encoder.register_forward_pre_hook(lambda _, given: seen.__setitem__("pictures", given[0].numpy())),
        model.unet.register_forward_pre_hook(lambda _, given, named: seen.__setitem__("unet", (given, named)), with_kwargs=True),
        model.unet.register_forward_hook(lambda _, __, out: seen.__setitem__("latents", out.sample)),
    ]
    patches = run(musetalk, 3, 25)
    for hook in hooks:
        hook.remove()

    faces = [cut(frame, patch.box, 256) for frame, patch in zip(film.frames(3), patches, strict=True) if patch]
    pictures = np.zeros((6, 3, 256, 256))
    for b, face in enumerate(faces):
        for c in range(3):
            for y in range(256):
                pictures[b, c, y] = ((face[y, :, c] / 255 if y < 128 else np.zeros(256)) - 0.5) / 0.5
                pictures[3 + b, c, y] = (face[y, :, c] / 255 - 0.5) / 0.5
    assert np.abs(seen["pictures"] - pictures).max() < 1e-6

    with torch.no_grad():
        mean = model.vae.quant_conv(model.vae.encoder(torch.from_numpy(seen["pictures"])))[:, :4].numpy() * 0.18215
    (given, told), named = seen["unet"][0], seen["unet"][1]
    assert given.shape == (3, 8, 32, 32)
    assert np.abs(given.numpy() - np.concatenate([mean[:3], mean[3:]], axis=1)).max() < 1e-4
    assert told.tolist() == [0]
    heard = windows(states(musetalk, film.speech(3 / 25)), 3 / 25, 25, range(3))
    assert np.abs(named["encoder_hidden_states"].numpy() - np.stack(heard) - place_code(50, WIDTH)).max() < 1e-3

    with torch.no_grad():
        shown = model.vae.decode(seen["latents"] / 0.18215).sample.numpy()
    for patch, picture in zip(patches, shown, strict=True):
        assert patch
        assert patch.face.shape == (256, 256, 3)
        wanted = np.zeros((256, 256, 3))
        for c in range(3):
            wanted[:, :, c] = 255 * np.minimum(1, np.maximum(0, picture[c] / 2 + 0.5))
        assert np.abs(patch.face - wanted).max() <= 0.51
    assert np.ptp(shown) > 0.01


def test_the_box_takes_ten_pixels_of_chin(musetalk: MuseTalkLipsync) -> None:
    for patch, (left, top, right, bottom) in zip(run(musetalk, 2, 25), film.boxes(2), strict=True):
        assert patch
        assert patch.box == (round(left), round(top), round(right), round(bottom) + 10)


@pytest.mark.parametrize("fps", [25, 30, 22.13])
def test_as_many_patches_as_frames_with_none_where_no_face_is(musetalk: MuseTalkLipsync, fps: float) -> None:
    found = run(musetalk, 11, fps, (0, 4, 5))
    assert [i for i, patch in enumerate(found) if patch is None] == [0, 4, 5]
    assert len(found) == 11


def test_the_same_film_gives_the_same_faces_in_any_batch_and_thread(folder: Path, musetalk: MuseTalkLipsync) -> None:
    first = run(musetalk, 6, 25)
    found: list[list[Patch | None]] = []
    threads = [threading.Thread(target=lambda: found.append(run(musetalk, 6, 25))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 2
    for other in found:
        assert all(a and b and np.array_equal(a.face, b.face) for a, b in zip(first, other, strict=True))
    for a, b in zip(first, run(engine(folder, 1), 6, 25), strict=True):
        assert a
        assert b
        assert np.abs(a.face.astype(int) - b.face).max() <= 1


def test_half_precision_as_on_a_gpu_gives_nearly_the_same(folder: Path, musetalk: MuseTalkLipsync, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MuseTalkLipsync, "_dtype", lambda self: "float16")
    half = engine(folder)
    for a, b in zip(run(musetalk, 3, 25), run(half, 3, 25), strict=True):
        assert a
        assert b
        assert np.abs(a.face.astype(int) - b.face).mean() < 2
    assert str(half._ready().unet.dtype) == str(half._ready().vae.dtype) == "torch.float16"


def test_another_sound_gives_another_face(musetalk: MuseTalkLipsync) -> None:
    sounds = film.speech(0.2), np.random.default_rng(1).normal(0, 0.3, 3200).astype(np.float32)
    one, other = (list(musetalk.patches(film.frames(5), film.boxes(5), sound, 16_000, 25)) for sound in sounds)
    assert any(a and b and not np.array_equal(a.face, b.face) for a, b in zip(one, other, strict=True))


def test_a_long_clip_takes_no_more_memory(folder: Path) -> None:
    status = Path("/proc/self/statm")
    if not status.exists():
        pytest.skip("the memory in use is read from /proc")
    musetalk = engine(folder, 2)

    def frames(count: int) -> Iterator[Frame]:
        (frame,) = film.frames(1, 720, 1280, 120)
        for _ in range(count):
            yield frame.copy()

    def most(seconds: int) -> int:
        count = seconds  # one frame a second, which is slow enough
        boxes = np.repeat(film.boxes(1, 720, 1280, 120), count, axis=0)
        used = [0]
        for patch in musetalk.patches(frames(count), boxes, film.speech(seconds), 16_000, 1):
            assert patch
            used.append(int(status.read_text().split()[1]) * 4096)
        assert len(used) == count + 1
        return max(used)

    most(4)  # what is loaded once
    short = most(10)
    assert most(120) < short + 40_000_000  # the sound is 7 MB longer; the frames would be 300


# What is wrong with a model --------------------------------------------------------------------------------------------


def test_the_fingerprint_follows_the_weights(tmp_path: Path) -> None:
    place = tiny_lipsync.musetalk(tmp_path / "musetalk")
    before = engine(place).fingerprint()
    assert engine(place).report() == "cpu float32"
    assert before == engine(place, 2).fingerprint()
    weights = place / "musetalkV15" / "unet.pth"
    whole = bytearray(weights.read_bytes())
    whole[-40] ^= 1
    weights.write_bytes(whole)
    assert engine(place).fingerprint() != before


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("musetalkV15/unet.pth", b"PK, and then the download broke off", r"unet\.pth can't be loaded"),
        ("musetalkV15/musetalk.json", b"{", r"musetalk\.json can't be loaded"),
        ("sd-vae/diffusion_pytorch_model.safetensors", b"no weights", r"diffusion_pytorch_model\.safetensors can't be loaded"),
        ("whisper/model.safetensors", b"no weights", r"whisper/model\.safetensors can't be loaded"),
    ],
)
def test_a_broken_file_is_named(tmp_path: Path, file: str, content: bytes, message: str) -> None:
    place = tiny_lipsync.musetalk(tmp_path / "musetalk")
    (place / file).write_bytes(content)
    with pytest.raises(NotReady, match=message):
        run(engine(place), 1, 25)


def test_a_whisper_of_another_size_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotReady, match="gives 32 numbers a step, and the U-Net takes 16"):
        run(engine(tiny_lipsync.musetalk(tmp_path / "musetalk", width=32)), 1, 25)


def test_files_named_as_the_published_ones_are_read(tmp_path: Path) -> None:
    """The VAE's attention has its names of years ago, and Whisper's file holds all of it, below `model.`."""
    safetensors = pytest.importorskip("safetensors.torch")
    from transformers import WhisperConfig, WhisperForConditionalGeneration

    place = tiny_lipsync.musetalk(tmp_path / "musetalk")
    new = run(engine(place), 2, 25)
    file = place / "sd-vae" / "diffusion_pytorch_model.safetensors"
    names = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}
    kept = {}
    for name, value in safetensors.load_file(file).items():
        for ours, theirs in names.items():
            name = name.replace(f"attentions.0.{ours}.", f"attentions.0.{theirs}.")
        kept[name] = value
    assert any(".query." in name for name in kept)
    safetensors.save_file(kept, file, {"format": "pt"})
    whole = WhisperForConditionalGeneration(WhisperConfig.from_pretrained(place / "whisper"))
    whole.model.encoder.load_state_dict(engine(place)._ready().whisper.state_dict())
    whole.save_pretrained(place / "whisper")
    assert any(name.startswith("model.encoder.") for name in safetensors.load_file(place / "whisper" / "model.safetensors"))
    for a, b in zip(new, run(engine(place), 2, 25), strict=True):
        assert a
        assert b
        assert np.array_equal(a.face, b.face)


def test_weights_that_are_not_there_are_not_made_up(tmp_path: Path) -> None:
    safetensors = pytest.importorskip("safetensors.torch")
    place = tiny_lipsync.musetalk(tmp_path / "musetalk")
    for file in ("sd-vae/diffusion_pytorch_model.safetensors", "whisper/model.safetensors"):
        kept = safetensors.load_file(place / file)
        lost = next(name for name in kept if name.startswith("encoder"))
        safetensors.save_file({name: value for name, value in kept.items() if name != lost}, place / file, {"format": "pt"})
        with pytest.raises(NotReady, match=f"it has no {lost}"):
            run(engine(place), 1, 25)
        safetensors.save_file(kept, place / file, {"format": "pt"})
