"""M2M100 and NLLB on tiny models of their architecture: taught a few sentences, converted as the real ones are."""

from __future__ import annotations

import json
import shutil
import threading
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from localize import engines
from localize.errors import NotReady, UserError
from localize.translate import Hints
from localize.translate.seq2seq import FILES, M2M100, Nllb, Seq2Seq, Seq2SeqOptions, convert

pytestmark = pytest.mark.neural

TAUGHT = {
    ("en", "vi"): {
        "A clay mug.": "Cốc gốm.",
        "Holds 350 ml": "Dung tích 350 ml",
        "The ZX1 mug": "Cốc ZX1",
        "It is safe.": "Rất an toàn.",
    },
    ("en", "th"): {"A clay mug.": "แก้วดินเผา", "Holds 350 ml": "จุได้ 350 มล."},
}


@pytest.fixture(autouse=True)
def nothing_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CROSSREEL_MODELS", raising=False)


@pytest.fixture(scope="module")
def splitter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    sentencepiece = pytest.importorskip("sentencepiece")
    folder = tmp_path_factory.mktemp("splitter")
    sides = [text for pairs in TAUGHT.values() for pair in pairs.items() for text in pair]
    (folder / "texts").write_text("\n".join([*sides, "0 1 2 3 4 5 6 7 8 9 , . ! Z X Q J perhaps 啡"] * 3), encoding="utf-8")
    sentencepiece.SentencePieceTrainer.train(
        input=str(folder / "texts"), model_prefix=str(folder / "sp"), vocab_size=180, model_type="bpe", character_coverage=1.0,
        hard_vocab_limit=False, minloglevel=2,
    )  # fmt: skip
    return folder / "sp.model"


def vocabulary(splitter: Path, without: str = "") -> tuple[dict[str, int], list[str]]:
    import sentencepiece

    sp = sentencepiece.SentencePieceProcessor(model_file=str(splitter))
    pieces = [sp.id_to_piece(i) for i in range(sp.get_piece_size())]
    ids = {"<s>": 0, "<pad>": 1, "</s>": 2, "<unk>": 3}
    for piece in pieces:
        if not without or without not in piece:
            ids.setdefault(piece, len(ids))
    return ids, pieces


def taught(tokenizer: Any, size: int, token: Any, folder: Path) -> None:
    """A tiny model that has learned TAUGHT by heart, saved."""
    import torch
    from transformers import M2M100Config, M2M100ForConditionalGeneration

    torch.manual_seed(1)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # so little work is slower on several
    model = M2M100ForConditionalGeneration(
        M2M100Config(
            vocab_size=size, d_model=48, encoder_layers=1, decoder_layers=1, encoder_attention_heads=4, decoder_attention_heads=4,
            encoder_ffn_dim=96, decoder_ffn_dim=96, pad_token_id=1, bos_token_id=0, eos_token_id=2, decoder_start_token_id=2, dropout=0.0,
            attention_dropout=0.0, activation_dropout=0.0, encoder_layerdrop=0.0, decoder_layerdrop=0.0, scale_embedding=True,
        )
    )  # fmt: skip
    rows = [(s, t, a, b) for (s, t), pairs in TAUGHT.items() for a, b in pairs.items()]
    read = [[token(s), *tokenizer.convert_tokens_to_ids(tokenizer.tokenize(a)), 2] for s, _, a, _ in rows]
    said = [[token(t), *tokenizer.convert_tokens_to_ids(tokenizer.tokenize(b)), 2] for _, t, _, b in rows]
    inputs = torch.tensor([r + [1] * (max(map(len, read)) - len(r)) for r in read])
    labels = torch.tensor([r + [-100] * (max(map(len, said)) - len(r)) for r in said])
    steps = torch.optim.Adam(model.parameters(), lr=4e-3)
    # At one pace the loss jumps now and then, at other steps on each processor, and may have jumped at the last one.
    slower = torch.optim.lr_scheduler.LinearLR(steps, 1.0, 0.05, 300)
    for _ in range(300):
        steps.zero_grad()
        model(input_ids=inputs, attention_mask=(inputs != 1).long(), labels=labels).loss.backward()
        steps.step()
        slower.step()
    torch.set_num_threads(threads)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


@pytest.fixture(scope="module")
def m2m100(splitter: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as `python -m localize.translate.seq2seq m2m100` makes it. Its model was not given the piece 啡."""
    pytest.importorskip("torch")
    pytest.importorskip("ctranslate2")
    transformers = pytest.importorskip("transformers")
    folder = tmp_path_factory.mktemp("m2m100")
    ids, _ = vocabulary(splitter, without="啡")
    (folder / "vocab.json").write_text(json.dumps(ids), encoding="utf-8")
    tokenizer = transformers.M2M100Tokenizer(str(folder / "vocab.json"), str(splitter))
    taught(tokenizer, len(ids) + 100 + 8, tokenizer.get_lang_id, folder / "original")
    convert(str(folder / "original"), folder / "made")
    return folder / "made"


@pytest.fixture(scope="module")
def nllb(splitter: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("torch")
    pytest.importorskip("ctranslate2")
    transformers = pytest.importorskip("transformers")
    folder = tmp_path_factory.mktemp("nllb")
    ids, pieces = vocabulary(splitter)
    order = {piece: i for i, piece in enumerate(pieces)}
    splits = [[(p[:i], p[i:]) for i in range(1, len(p)) if p[:i] in ids and p[i:] in ids] for p in pieces]
    merges = [min(ways, key=lambda way: max(order[way[0]], order[way[1]])) for ways in splits if ways]
    tokenizer = transformers.NllbTokenizer(vocab=ids, merges=merges, src_lang="eng_Latn")
    taught(tokenizer, len(tokenizer), lambda code: tokenizer.convert_tokens_to_ids(Nllb.codes[code]), folder / "original")
    shutil.copy(splitter, folder / "original" / "sentencepiece.bpe.model")
    convert(str(folder / "original"), folder / "made")
    return folder / "made"


def engine(folder: Path, kind: type[Seq2Seq] = M2M100) -> Seq2Seq:
    return kind(Seq2SeqOptions(model=str(folder), device="cpu"))


def said(translator: Seq2Seq, texts: list[str], target: str = "vi", hints: Hints | None = None, source: str = "en") -> list[str | None]:
    found = translator.translate(texts, source, target, hints or Hints())
    assert all(t is None or t.origin == translator.card.name for t in found)
    return [t and t.text for t in found]


def test_m2m100_translates_into_the_language_asked_for(m2m100: Path) -> None:
    translator = engine(m2m100)
    assert translator.missing() == ""
    assert said(translator, ["A clay mug.", "Holds 350 ml"]) == ["Cốc gốm.", "Dung tích 350 ml"]
    assert said(translator, ["Holds 350 ml"], "th") == ["จุได้ 350 มล."]


def test_nllb_translates_and_is_not_for_shops(nllb: Path) -> None:
    assert said(engine(nllb, Nllb), ["A clay mug."], "th") == ["แก้วดินเผา"]
    assert not Nllb.card.commercial
    assert Nllb.card.licence == "CC-BY-NC-4.0"
    assert M2M100.card.licence == "MIT"


def test_names_and_terms_survive(m2m100: Path) -> None:
    hints = Hints(terms={"coffee": "cà phê"}, keep=("Lumora",))
    assert said(engine(m2m100), ["The Lumora mug", "The coffee mug"], hints=hints) == ["Cốc Lumora", "Cốc cà phê"]


def test_sentences_and_lines_are_translated_one_by_one(m2m100: Path) -> None:
    assert said(engine(m2m100), ["A clay mug. It is safe.\nHolds 350 ml"]) == ["Cốc gốm. Rất an toàn.\nDung tích 350 ml"]


def test_equal_calls_give_equal_texts_from_any_thread(m2m100: Path) -> None:
    translator = engine(m2m100)
    texts = ["A clay mug.", "It is safe.", "Something it never saw", "For ZX1"]
    first = said(engine(m2m100), texts)
    found: list[list[str | None]] = []
    threads = [threading.Thread(target=lambda: found.append(said(translator, texts))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [first] * 4


def test_a_letter_the_model_does_not_know_is_no_translation(m2m100: Path) -> None:
    translator = engine(m2m100)
    assert translator._pieces("A clay mug") != []
    assert translator._pieces("perhaps") != []
    assert translator._pieces("咖啡") == []
    assert said(translator, ["啡", "A clay mug."], source="en") == [None, "Cốc gốm."]


def test_a_language_the_model_does_not_know_is_none(m2m100: Path) -> None:
    assert said(engine(m2m100), ["A clay mug."], "tlh") == [None]
    assert said(engine(m2m100), ["A clay mug."], source="") == [None]


def test_long_sentences_are_cut_at_clauses(m2m100: Path) -> None:
    translator = engine(m2m100)
    text = "a clay mug, safe " * 60
    parts = list(translator._sentences(text))
    assert len(parts) > 1
    assert " ".join(parts) == text.strip()
    assert all(0 < len(translator._pieces(part)) <= 200 for part in parts)


def test_a_missing_folder_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("ctranslate2")
    monkeypatch.setenv("CROSSREEL_MODELS", str(tmp_path))
    lack = M2M100().missing()
    assert str(tmp_path / "m2m100") in lack
    assert "python -m localize.translate.seq2seq m2m100" in lack
    with pytest.raises(NotReady, match=r"seq2seq m2m100"):
        M2M100().translate(["A mug"], "en", "th")
    (tmp_path / "big").mkdir()
    assert f"--out {tmp_path / 'big'}" in M2M100(Seq2SeqOptions(model="big")).missing()


@pytest.mark.parametrize("name", FILES)
def test_a_broken_file_is_named(m2m100: Path, tmp_path: Path, name: str) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(m2m100, folder)
    (folder / name).unlink()
    assert name in engine(folder).missing()
    (folder / name).write_bytes(b"{")
    with pytest.raises(NotReady, match=name):
        engine(folder).translate(["A clay mug."], "en", "vi")


def test_a_conversion_without_languages_is_told(m2m100: Path, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(m2m100, folder)
    pieces = json.loads((folder / "shared_vocabulary.json").read_text("utf-8"))
    (folder / "shared_vocabulary.json").write_text(json.dumps([p.replace("__vi__", "lost") for p in pieces]), encoding="utf-8")
    with pytest.raises(NotReady, match="no token for Vietnamese"):
        engine(folder).translate(["A clay mug."], "en", "vi")


def test_the_fingerprint_is_the_content_s(m2m100: Path, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(m2m100, folder)
    before = engine(folder).fingerprint()
    assert before == engine(m2m100).fingerprint()
    assert "cpu-int8-b4" in before
    content = bytearray((folder / "model.bin").read_bytes())
    content[-5] ^= 1
    (folder / "model.bin").write_bytes(content)
    assert engine(folder).fingerprint() != before


def test_auto_takes_the_one_that_is_there(m2m100: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    points = [EntryPoint(k.card.name, f"{k.__module__}:{k.__name__}", "crossreel.translators") for k in (M2M100, Nllb)]
    monkeypatch.setattr(engines, "entry_points", lambda group: points if group == "crossreel.translators" else [])
    for cached in (engines._found, engines._made):
        monkeypatch.setattr(engines, cached.__name__, cached.__wrapped__)  # type: ignore[attr-defined]
    monkeypatch.setenv("CROSSREEL_MODELS", str(tmp_path))
    with pytest.raises(NotReady, match="seq2seq m2m100"):
        engines.get("translate", "auto", language="th")
    shutil.copytree(m2m100, tmp_path / "m2m100")
    assert engines.get("translate", "auto", language="th").card.name == "m2m100"
    with pytest.raises(UserError, match="non-commercial"):
        engines.get("translate", "nllb")
    with pytest.raises(NotReady, match="seq2seq nllb"):
        engines.get("translate", "nllb", allow_noncommercial=True)
