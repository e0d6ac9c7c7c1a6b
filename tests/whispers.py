"""Tiny Whisper models of the real architecture, in both packages' forms: what they hear does not change what they say."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

LANGUAGES = ("th", "vi", "id", "zh", "en")
LAYERS, WIDTH, CONTEXT = 2, 64, 448
END, START, EARLIEST = "<|endoftext|>", "<|startoftranscript|>", "<|0.00|>"


def checkpoint(place: Path, saying: str = "", until: float = 4.0) -> Path:
    """A checkpoint as openai-whisper publishes it. It says nothing or next to nothing, or it is `saying` a text in English from 0 to
    `until` seconds, whatever it hears; its attention is random."""
    torch = pytest.importorskip("torch")
    pytest.importorskip("whisper")
    from whisper.model import ModelDimensions, Whisper

    torch.set_num_threads(1)
    torch.manual_seed(0)
    model = Whisper(ModelDimensions(80, 1500, WIDTH, 2, 1, 51865, CONTEXT, WIDTH, 2, LAYERS))
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.02)
    decoder = model.decoder
    _speak(decoder.ln, decoder.token_embedding.weight, decoder.positional_embedding, saying, until)
    torch.save({"dims": vars(model.dims), "model_state_dict": model.state_dict()}, place)
    return place


def converted(place: Path, saying: str = "", until: float = 4.0) -> Path:
    """A folder as faster-whisper's are published: a transformers model converted, and its tokenizer. The tokens are those of
    openai-whisper, whose package has their list. It says what `checkpoint` does."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    converters = pytest.importorskip("ctranslate2.converters")
    pytest.importorskip("faster_whisper")

    torch.set_num_threads(1)
    torch.manual_seed(0)
    encoding = _encoding()
    raw = place.with_name(f"{place.name}-raw")
    _write_tokenizer(encoding, raw)
    ids = {name: encoding.encode_single_token(name) for name in encoding.special_tokens_set}
    config = transformers.WhisperConfig(
        vocab_size=51865, d_model=WIDTH, encoder_layers=1, decoder_layers=LAYERS, encoder_attention_heads=2, decoder_attention_heads=2,
        encoder_ffn_dim=128, decoder_ffn_dim=128, pad_token_id=ids[END], bos_token_id=ids[END], eos_token_id=ids[END],
        decoder_start_token_id=ids[START],
    )  # fmt: skip
    model = transformers.WhisperForConditionalGeneration(config)
    model.generation_config = transformers.GenerationConfig(
        lang_to_id={f"<|{code}|>": ids[f"<|{code}|>"] for code in LANGUAGES}, task_to_id={"transcribe": ids["<|transcribe|>"]},
        is_multilingual=True, no_timestamps_token_id=ids["<|notimestamps|>"], alignment_heads=[[1, 0], [1, 1]],
        decoder_start_token_id=ids[START], eos_token_id=ids[END], pad_token_id=ids[END],
    )  # fmt: skip
    if saying:
        decoder = model.model.decoder
        _speak(decoder.layer_norm, decoder.embed_tokens.weight, decoder.embed_positions.weight, saying, until)
    model.save_pretrained(raw)
    converters.TransformersConverter(str(raw), copy_files=["tokenizer.json"]).convert(str(place), quantization="int8")
    return place


def _encoding() -> Any:
    from whisper.tokenizer import get_encoding

    return get_encoding("multilingual", 99)


def _speak(norm: Any, embedding: Any, positions: Any, saying: str, until: float) -> None:
    """Make the model's words hang on their places alone: each place is embedded as the word that comes after it. Without words the end
    is the likeliest at each place: a model that never ends takes minutes for a second of sound."""
    torch = pytest.importorskip("torch")
    encoding = _encoding()
    with torch.no_grad():
        if not saying:
            norm.weight.fill_(0.1)
            norm.bias.copy_(2000 * embedding[encoding.encode_single_token(END)])
            return
        early = encoding.encode_single_token(EARLIEST)
        late = early + round(until / 0.02)
        said = [encoding.encode_single_token(name) for name in ("<|en|>", "<|transcribe|>")]
        said += [early, *encoding.encode(f" {saying}"), late, encoding.encode_single_token(END)]
        torch.nn.init.normal_(embedding, std=1.0)  # as long as its places are, so that the words are sure
        norm.weight.fill_(1.0)
        norm.bias.fill_(0.0)
        positions.copy_(20 * embedding[torch.tensor([said[min(n, len(said) - 1)] for n in range(len(positions))])])


def _write_tokenizer(encoding: Any, place: Path) -> None:
    """tokenizer.json of a tiktoken encoding: byte pairs, their merges found by taking each token apart."""
    transformers = pytest.importorskip("transformers")
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
    from transformers.convert_slow_tokenizer import bytes_to_unicode

    letters = bytes_to_unicode()
    ranks: dict[bytes, int] = encoding._mergeable_ranks
    named = {token: "".join(letters[b] for b in token) for token in ranks}
    merges = []
    for token in sorted((t for t in ranks if len(t) > 1), key=ranks.__getitem__):
        left, right = _last_merge(token, ranks)
        merges.append((named[left], named[right]))
    inner = Tokenizer(models.BPE(vocab={named[token]: rank for token, rank in ranks.items()}, merges=merges))
    inner.pre_tokenizer, inner.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    specials = sorted(encoding.special_tokens_set, key=encoding.encode_single_token)
    for special in specials:
        inner.add_special_tokens([AddedToken(special, special=True, normalized=False)])
    assert inner.token_to_id("<|notimestamps|>") == encoding.encode_single_token("<|notimestamps|>")
    fast = transformers.PreTrainedTokenizerFast(tokenizer_object=inner, eos_token="<|endoftext|>", unk_token="<|endoftext|>")
    fast.save_pretrained(place)


def _last_merge(token: bytes, ranks: dict[bytes, int]) -> tuple[bytes, bytes]:
    """The two parts that a token was last merged from."""
    parts = [bytes([b]) for b in token]
    while len(parts) > 2:
        pairs = [(ranks.get(a + b, 1 << 30), i) for i, (a, b) in enumerate(pairwise(parts)) if a + b != token]
        _, i = min(pairs)
        parts[i : i + 2] = [parts[i] + parts[i + 1]]
    return parts[0], parts[1]
