"""How fast filmed hosts' faces are made, and in how much memory: models of the real size with random weights, without files.

    python benchmarks/hosts_parts/musetalk_speed.py [--device auto] [--quick] [--tiny] [--json]
    python benchmarks/hosts_parts/musetalk_speed.py --memory

Random weights take as long as trained ones. The sizes are those of the published files: musetalk.json of MuseTalk 1.5 (Stable
Diffusion 1's U-Net with 8 channels in and 384 numbers a step from the ear), config.json of sd-vae-ft-mse, and whisper-tiny, which
is what transformers builds unless told otherwise. Counts of parameters confirm them: 850 million in float32 are the 3.4 GB of
unet.pth, 84 million the 335 MB of the VAE. Wav2Lip, 36 million, is measured beside it.

Of each size of a batch: frames a second of the step (faces in the CPU's memory to faces there), of the whole of `patches` on a film of
720p in memory (cutting the faces out and hearing included; pasting them is not in it), and of the U-Net and the VAE's decoder alone.
The last is what the published 30 frames a second on a V100 count: its encoder's work is done beforehand there. On a GPU all are
medians after runs that don't count. Where there is no GPU, a batch of 1 and a film of 2 frames are all (--quick), as a face takes seconds;
--tiny takes a small MuseTalk, to try this program out.

--memory tells the most memory that 10 s and 120 s of film take on a CPU, each in a process of its own, with the small MuseTalk, and
exits with 1 when the longer one takes more than 5 % more.

Needs torch, diffusers, transformers and what `localize.lipsync` imports. PyAV, which resamples sound, is not needed: it is not used here.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import resource
import statistics
import subprocess
import sys
import time
import types
from collections.abc import Callable, Iterator, Sequence
from itertools import cycle, islice
from pathlib import Path
from typing import Any, TextIO

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

if importlib.util.find_spec("av") is None:  # only until what imports it is there, as others ask which packages are installed
    sys.modules["av"] = types.ModuleType("av")
    from localize.lipsync import musetalk, wav2lip

    del sys.modules["av"]
from localize.lipsync import Boxes, Frame, Samples, musetalk, wav2lip  # noqa: E402
from localize.lipsync.neural import RATE, NeuralLipsync  # noqa: E402

PUBLISHED = 30.0  # frames a second that MuseTalk's authors name for one V100
BATCHES = (1, 2, 4, 8, 16, 32)
FPS, HEIGHT, WIDTH, SIDE = 25, 720, 1280, 300  # of the film; px of a side of the face in it
FRAMES = 128  # of the film
WARM, STEPS, FILMS = 3, 7, 3  # runs that don't count; of the step and of the film, ones that do
SHORT, LONG, MORE = 10, 120, 1.05  # s; times the memory of the short one that the long one may take


# The models ---------------------------------------------------------------------------------------------------------------


def unet(tiny: bool) -> dict[str, Any]:
    """The published musetalk.json; `tiny` has the same layers, narrow."""
    return {
        "act_fn": "silu", "attention_head_dim": 8, "block_out_channels": [16] * 4 if tiny else [320, 640, 1280, 1280],
        "center_input_sample": False, "cross_attention_dim": 16 if tiny else 384,
        "down_block_types": ["CrossAttnDownBlock2D"] * 3 + ["DownBlock2D"], "downsample_padding": 1, "flip_sin_to_cos": True,
        "freq_shift": 0, "in_channels": 8, "layers_per_block": 1 if tiny else 2, "mid_block_scale_factor": 1, "norm_eps": 1e-5,
        "norm_num_groups": 8 if tiny else 32, "out_channels": 4, "sample_size": 64,
        "up_block_types": ["UpBlock2D"] + ["CrossAttnUpBlock2D"] * 3,
    }  # fmt: skip


def vae(tiny: bool) -> dict[str, Any]:
    """The published config.json of sd-vae-ft-mse."""
    return {
        "act_fn": "silu", "block_out_channels": [8] * 4 if tiny else [128, 256, 512, 512],
        "down_block_types": ["DownEncoderBlock2D"] * 4, "in_channels": 3, "latent_channels": 4, "layers_per_block": 1 if tiny else 2,
        "norm_num_groups": 8 if tiny else 32, "out_channels": 3, "sample_size": 256, "up_block_types": ["UpDecoderBlock2D"] * 4,
    }  # fmt: skip


def ear(tiny: bool) -> dict[str, Any]:
    """What whisper-tiny has other than transformers' WhisperConfig has by itself: nothing."""
    heads = {"encoder_attention_heads": 2, "decoder_attention_heads": 2, "encoder_ffn_dim": 32, "decoder_ffn_dim": 32}
    return {"d_model": 16, **heads} if tiny else {}


def musetalk_of(device: str, tiny: bool) -> musetalk.MuseTalkLipsync:
    """The engine with a model of random weights, made on the device."""
    import torch
    from diffusers import AutoencoderKL, UNet2DConditionModel
    from diffusers.utils import logging
    from transformers import WhisperConfig, WhisperFeatureExtractor, WhisperModel

    noise: Any = logging
    noise.set_verbosity_error()  # it warns of casting with nothing to warn of
    engine = musetalk.MuseTalkLipsync(musetalk.LipsyncOptions(device="cpu" if device == "cpu" else "cuda"))
    dtype = getattr(torch, engine._dtype())
    torch.manual_seed(0)
    with torch.device(engine.device):
        nets = [
            UNet2DConditionModel.from_config(unet(tiny)),
            AutoencoderKL.from_config(vae(tiny)),
            WhisperModel(WhisperConfig(**ear(tiny))).encoder,
        ]
    nets = [net.to(engine.device, dtype).eval().requires_grad_(False) for net in nets]
    config = nets[2].config
    places = musetalk.positions(config.d_model, musetalk.WINDOW * (config.encoder_layers + 1))
    engine._model = musetalk.Models(*nets, WhisperFeatureExtractor(), engine.device, dtype, places)
    return engine


def wav2lip_of(device: str) -> wav2lip.Wav2LipLipsync:
    """The same of Wav2Lip."""
    import torch

    from localize.lipsync.wav2lip_net import Wav2Lip

    engine = wav2lip.Wav2LipLipsync(wav2lip.Wav2LipOptions(device="cpu" if device == "cpu" else "cuda"))
    torch.manual_seed(0)
    engine._model = Wav2Lip().to(engine.device).eval().requires_grad_(False)
    return engine


# The film -----------------------------------------------------------------------------------------------------------------


def film(count: int) -> Iterator[Frame]:
    """Frames of noise, each a new one to whoever keeps it."""
    some = np.random.default_rng(0).integers(0, 256, (8, HEIGHT, WIDTH, 3), np.uint8)
    return (frame.copy() for frame in islice(cycle(some), count))


def boxes(count: int) -> Boxes:
    """A face in each, which moves."""
    left, top = WIDTH / 2 - SIDE / 2 + 9 * np.sin(np.arange(count) / 7), np.full(count, HEIGHT / 2 - SIDE / 2)
    return np.stack([left, top, left + SIDE, top + SIDE], axis=1)


def speech(seconds: float) -> Samples:
    """Noise."""
    sound = np.random.default_rng(1).standard_normal(round(seconds * RATE), np.float32)
    sound *= 0.1
    return sound


# Speed --------------------------------------------------------------------------------------------------------------------


def rate(work: Callable[[], Any], frames: int, warm: int, times: int) -> float:
    """Frames a second: the median."""
    import torch

    took = []
    for _ in range(warm + times):
        began = time.perf_counter()
        work()
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        took.append(time.perf_counter() - began)
    return frames / statistics.median(took[warm:])


def measured(engine: NeuralLipsync, batch: int, quick: bool) -> dict[str, Any]:
    """One row of the table."""
    import torch

    gpu = engine.device != "cpu"
    warm, steps, films, count = (WARM, STEPS, FILMS, FRAMES) if gpu and not quick else (0, 1, 1, 2)
    if gpu:
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    engine.options = engine.options.model_copy(update={"batch": batch})
    model = engine._ready()
    hear = engine._hear(model, speech(3), FPS)
    heard = [hear(number) for number in range(batch)]
    faces = np.random.default_rng(2).integers(0, 256, (batch, engine.SIZE, engine.SIZE, 3), np.uint8)
    step = rate(lambda: engine._run(model, faces, heard), batch, warm, steps)
    alone = rate(generation(model, heard), batch, warm, steps) if isinstance(model, musetalk.Models) else None
    frames, where, sound = list(film(count)), boxes(count), speech(count / FPS)
    whole = rate(lambda: list(engine.patches(frames, where, sound, RATE, FPS)), count, min(1, warm), films)
    return {
        "engine": engine.card.name, "numbers": engine._dtype(), "batch": batch, "step_fps": round(step, 2),
        "patches_fps": round(whole, 2), "unet_and_decoder_fps": round(alone, 2) if alone else None,
        "peak_memory_gb": round(torch.cuda.max_memory_allocated() / 1e9, 2) if gpu else None,
        "reserved_memory_gb": round(torch.cuda.max_memory_reserved() / 1e9, 2) if gpu else None,
    }  # fmt: skip


def generation(model: musetalk.Models, heard: Sequence[Any]) -> Callable[[], Any]:
    """What the published figure counts: the U-Net and the VAE's decoder, all else being on the device."""
    import torch

    side = musetalk.MuseTalkLipsync.SIZE // 8
    latents = torch.randn(len(heard), 8, side, side, device=model.device, dtype=model.dtype)
    told, now = torch.stack(list(heard)), torch.zeros(1, dtype=torch.long, device=model.device)
    return lambda: model.vae.decode(model.unet(latents, now, encoder_hidden_states=told).sample / musetalk.SCALE).sample


def speed(device: str, tiny: bool, quick: bool, batches: Sequence[int], progress: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    """All figures; each row goes to `progress` when it is there."""
    import diffusers
    import torch
    import transformers

    gpu = device != "cpu"
    told: dict[str, Any] = {
        "device": torch.cuda.get_device_name() if gpu else "cpu", "threads": torch.get_num_threads(),
        "versions": {package.__name__: package.__version__ for package in (torch, diffusers, transformers)},
        "size": "tiny" if tiny else "real", "film_s": round((FRAMES if gpu and not quick else 2) / FPS, 2),
        "published_fps": PUBLISHED, "rows": [],
    }  # fmt: skip
    progress(told)
    for make in (lambda: musetalk_of(device, tiny), lambda: wav2lip_of(device)):
        engine: NeuralLipsync = make()
        model = engine._ready()
        if isinstance(model, musetalk.Models):
            told["parameters"] = {name: sum(p.numel() for p in getattr(model, name).parameters()) for name in ("unet", "vae", "whisper")}
            told["hearing_half_a_minute_s"] = round(1 / rate(lambda m=model: m.listen(speech(30)), 1, 1, 1 if quick else 5), 4)
        for batch in batches:
            row = measured(engine, batch, quick)
            told["rows"].append(row)
            progress(row)
        del engine, model
    best = max((row for row in told["rows"] if row["engine"] == "musetalk"), key=lambda row: row["patches_fps"])
    told["best"] = {"batch": best["batch"], "patches_fps": best["patches_fps"], "of_published": round(best["patches_fps"] / PUBLISHED, 3)}
    return told


def shown(told: dict[str, Any], to: TextIO) -> None:
    """A row of the table, or its head."""
    line = ("{:<9}{:<9}" + "{:>17}" * 6).format
    if "rows" not in told:
        print(line(*("-" if value is None else f"{value}" for value in told.values())), file=to, flush=True)
        return
    versions = ", ".join(" ".join(item) for item in told["versions"].items())
    print(f"{told['device']}, {told['threads']} threads; {versions}; {told['size']} size, random weights", file=to)
    if told["device"] == "cpu":
        print("These are the CPU's figures; they say nothing about a GPU.", file=to)
    print(f"frames a second; published: MuseTalk {PUBLISHED:.0f} on a V100, its U-Net and decoder alone", file=to)
    print(line("engine", "numbers", "batch", "step", "patches", "U-Net + decoder", "GB at most", "GB reserved"), file=to, flush=True)


# Memory -------------------------------------------------------------------------------------------------------------------


def resident(seconds: int) -> float:
    """The most memory of this process in MiB, a film of so many s having gone through the small MuseTalk."""
    import torch

    torch.set_num_threads(1)
    engine = musetalk_of("cpu", tiny=True)
    for patch in engine.patches(film(seconds), boxes(seconds), speech(seconds), RATE, 1):  # one frame a second is slow enough
        assert patch
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 1024)


def memory() -> dict[str, Any]:
    """Of a short and a long film, each in a process of its own."""
    command = [sys.executable, __file__, "--resident"]
    short, long = (
        float(subprocess.run([*command, str(s)], check=True, stdout=subprocess.PIPE, text=True).stdout.split()[-1]) for s in (SHORT, LONG)
    )
    return {
        f"{SHORT}_s_mib": round(short), f"{LONG}_s_mib": round(long), "times": round(long / short, 3), "at_most": MORE,
        "ok": long <= MORE * short,
    }  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="auto", choices=["auto", "cuda", "cpu"])
    parser.add_argument("--batches", default=",".join(map(str, BATCHES)), help="sizes of a batch")
    parser.add_argument("--quick", action="store_true", help="a batch of 1 and a film of 2 frames")
    parser.add_argument("--tiny", action="store_true", help="a small MuseTalk, to try this program out")
    parser.add_argument("--json", action="store_true", help="the figures as JSON, and the table to standard error")
    parser.add_argument("--memory", action="store_true", help="memory of a short and a long film instead")
    parser.add_argument("--resident", type=int, default=0, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.resident:
        print(resident(given.resident))
        return 0
    if given.memory:
        told = memory()
        short, long, times, _, ok = told.values()
        print(json.dumps(told) if given.json else f"{SHORT} s: {short} MiB, {LONG} s: {long} MiB, {times} times (at most {MORE})")
        return int(not ok)
    import torch

    if given.device == "cuda" and not torch.cuda.is_available():
        parser.error("there is no GPU that torch can use")
    device = "cuda" if given.device != "cpu" and torch.cuda.is_available() else "cpu"
    quick = given.quick or (device == "cpu" and not given.tiny)
    batches = [1] if quick else [int(batch) for batch in given.batches.split(",")]
    told = speed(device, given.tiny, quick, batches, lambda row: shown(row, sys.stderr if given.json else sys.stdout))
    if given.json:
        print(json.dumps(told, indent=1))
        return 0
    best = told["best"]
    print(f"parameters: {', '.join(f'{name} {count / 1e6:.1f} million' for name, count in told['parameters'].items())}")
    print(f"hearing half a minute: {told['hearing_half_a_minute_s'] * 1000:.1f} ms, once in a film of `patches`, {told['film_s']} s")
    print(f"`patches` of MuseTalk at best, in batches of {best['batch']}: {best['patches_fps']}, {best['of_published']} of the published")
    return 0


if __name__ == "__main__":
    sys.exit(main())
