"""How fast VoxCPM2 speaks, and in how much memory: a model of the real size with random weights, made on the GPU, without files.

    python benchmarks/voices_parts/voxcpm_speed.py [--device cuda] [--dtype bfloat16] [--compile] [--tiny]

Random weights take as long as trained ones: a Line's length is set here, as a stop that was never trained would not come. The
sizes are those of the published config.json of openbmb/VoxCPM2 (28 layers of 2048, 16 heads, 2 of keys; 8 residual; 12 + 12 local
ones of 1024), which the counts of parameters confirm: 2.29 billion are the 4.6 GB of model.safetensors in bfloat16,
94.2 million the 377 MB of audiovae.pth in float32.

Needs torch, numpy, einops, pydantic and voxcpm (`pip install --no-deps voxcpm==2.0.3`). What else voxcpm imports reads files,
texts and sound; where it is not installed, something empty takes its place.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import statistics
import sys
import time
import types
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

STEPS, REFERENCE, TOKENS = 10, 12.0, 20  # diffusion steps; s of a speaker; what a text of five seconds has
LINE = 32  # model steps of 0.16 s: 5.12 s
UNUSED = ("torchaudio", "librosa", "transformers", "huggingface_hub", "safetensors", "tqdm")


def config(tiny: bool) -> dict[str, Any]:
    """The published config; `tiny` has the same layers, each cut down."""
    hidden, inner, local, layers = (64, 128, 32, (2, 1, 1)) if tiny else (2048, 6144, 1024, (28, 8, 12))
    heads, keys = (4, 16) if tiny else (16, 128)
    # The factors of the positions' waves are all 1 here: the published ones take as long.
    rope = {"type": "longrope", "long_factor": [1.0] * (keys // 2), "short_factor": [1.0] * (keys // 2)}
    near = {"hidden_dim": local, "ffn_dim": 4 * local, "num_heads": heads, "num_layers": layers[2], "kv_channels": keys}
    return {
        "lm_config": {
            "bos_token_id": 1, "eos_token_id": 2, "hidden_size": hidden, "intermediate_size": inner, "max_position_embeddings": 32768,
            "num_attention_heads": heads, "num_hidden_layers": layers[0], "num_key_value_heads": 2, "rms_norm_eps": 1e-5,
            "rope_theta": 10000, "kv_channels": keys, "rope_scaling": {**rope, "original_max_position_embeddings": 32768},
            "vocab_size": 73448, "use_mup": False, "scale_emb": 12, "dim_model_base": 256, "scale_depth": 1.4,
        },
        "patch_size": 4, "feat_dim": 64, "scalar_quantization_latent_dim": 512, "scalar_quantization_scale": 9,
        "residual_lm_num_layers": layers[1], "residual_lm_no_rope": True, "encoder_config": near,
        "dit_config": {**near, "cfm_config": {"sigma_min": 1e-6, "solver": "euler", "t_scheduler": "log-norm", "inference_cfg_rate": 2.0}},
        "audio_vae_config": {
            "encoder_dim": 8 if tiny else 128, "encoder_rates": [2, 5, 8, 8], "latent_dim": 64, "decoder_dim": 64 if tiny else 2048,
            "decoder_rates": [8, 6, 5, 2, 2, 2], "sr_bin_boundaries": [20000, 30000, 40000], "sample_rate": 16000, "out_sample_rate": 48000,
        },
        "max_length": 8192, "device": "cuda", "dtype": "bfloat16",
    }  # fmt: skip


def stand_in() -> list[str]:
    """Put something empty in the place of what voxcpm imports, is not installed and is not used here. Returns their names."""
    absent = [name for name in UNUSED if importlib.util.find_spec(name) is None]
    for name in sorted(set(UNUSED) - set(absent)):  # what is there looks for the others, and must not meet the stand-ins
        importlib.import_module(name)
    parts = {"huggingface_hub": ["snapshot_download"], "transformers": ["LlamaTokenizerFast", "PreTrainedTokenizer"], "tqdm": ["tqdm"]}
    for name in absent:
        module = types.ModuleType(name)
        for part in parts.get(name, []):
            setattr(module, part, type(part, (), {}))
        sys.modules[name] = module
    if "safetensors" in absent:
        sys.modules["safetensors.torch"] = types.ModuleType("safetensors.torch")
        sys.modules["safetensors.torch"].load_file = None  # type: ignore[attr-defined]
    return absent


def build(device: str, dtype: str, tiny: bool, compiled: bool) -> Any:
    """A model with random weights on the device."""
    import torch

    module: Any = importlib.import_module("voxcpm.model.voxcpm2")
    module.tqdm = lambda steps: steps
    module.pick_runtime_dtype = lambda where, configured: dtype
    noise = np.random.default_rng(0).normal(0, 0.1, int(REFERENCE * 16000)).astype(np.float32)
    module.librosa = types.SimpleNamespace(load=lambda path, sr, mono: (noise, sr))
    torch.manual_seed(0)
    made = module.VoxCPMConfig.model_validate(config(tiny))
    with torch.device(device):
        vae = module.AudioVAEV2(config=made.audio_vae_config)
        model = module.VoxCPM2Model(made, types.SimpleNamespace(vocab={}), vae, device=device)
    model = model.to(getattr(torch, dtype)).eval()
    model.audio_vae = model.audio_vae.to(torch.float32)
    model.text_tokenizer = lambda text: list(range(200, 200 + TOKENS))
    return model.optimize(disable=not compiled)


def measure(device: str, dtype: str, tiny: bool, compiled: bool, times: int) -> dict[str, Any]:
    """What one Line costs, the first apart from the others."""
    import torch

    cuda = device.startswith("cuda")
    began = time.perf_counter()
    model = build(device, dtype, tiny, compiled)
    if cuda:
        torch.cuda.synchronize()
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    made = time.perf_counter() - began

    def timed(work: Any) -> tuple[float, Any]:
        start = time.perf_counter()
        out = work()
        if cuda:
            torch.cuda.synchronize()
        return time.perf_counter() - start, out

    encoding = [timed(lambda: model.build_prompt_cache(reference_wav_path="a reference")) for _ in range(2)]
    reference = encoding[-1][1]

    def line() -> Any:
        # min_len as long: no draw of the untrained stop may end it.
        return model.generate_with_prompt_cache(
            target_text="a text", prompt_cache=reference, cfg_value=2.0, inference_timesteps=STEPS, min_len=LINE, max_len=LINE
        )[0]

    # As the engine does it: what was compiled in one thread is played back there, whoever asks.
    with ThreadPoolExecutor(1) as thread:
        spoken = [timed(lambda: thread.submit(line).result()) for _ in range(1 + times)]
    seconds = spoken[-1][1].shape[-1] / model.sample_rate
    usual = statistics.median(took for took, _ in spoken[1:])
    count = sum(p.numel() for p in model.parameters())
    return {
        "device": torch.cuda.get_device_name() if cuda else "cpu", "torch": torch.__version__, "dtype": dtype, "compiled": compiled,
        "size": "tiny" if tiny else "real", "parameters": count, "making_s": round(made, 1),
        "reference_s": REFERENCE, "encoding_the_reference_s": [round(took, 3) for took, _ in encoding],
        "speech_s": round(seconds, 2), "first_line_s": round(spoken[0][0], 2), "line_s": round(usual, 3), "rtf": round(usual / seconds, 3),
        "peak_memory_gb": round(torch.cuda.max_memory_allocated() / 1e9, 2) if cuda else None,
        "reserved_memory_gb": round(torch.cuda.max_memory_reserved() / 1e9, 2) if cuda else None,
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda", choices=["cuda", "cpu"])
    parser.add_argument("--dtype", default="bfloat16", choices=["bfloat16", "float16", "float32"])
    parser.add_argument("--compile", action="store_true", help="with torch.compile, as voxcpm would by itself")
    parser.add_argument("--tiny", action="store_true", help="a small model, to try this program out")
    parser.add_argument("--times", type=int, default=5, help="Lines that are timed after the first")
    given = parser.parse_args()
    absent = stand_in()
    told = measure(given.device, given.dtype, given.tiny, given.compile, given.times)
    print(json.dumps({**told, "not_installed": absent}, indent=1))


if __name__ == "__main__":
    main()
