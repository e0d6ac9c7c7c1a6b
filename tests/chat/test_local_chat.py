"""A chat model of this machine, on a tiny Qwen3 with random weights."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from localize import account
from localize.chat import Message, Unanswered
from localize.chat.local_chat import Answer, ChatModel, LocalChat, LocalChatOptions
from localize.errors import NotReady

pytestmark = pytest.mark.neural

TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% if not enable_thinking %}<think>\n\n</think>\n\n{% endif %}{% endif %}"
)
ASKED = [Message("system", "You sell mugs."), Message("user", "Say something of a mug.")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Qwen3 of two small layers and a tokenizer of bytes, saved as the real ones are."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    place = tmp_path_factory.mktemp("models") / "tiny-qwen3"
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    inner = Tokenizer(models.BPE(vocab={letter: i for i, letter in enumerate(letters)}, merges=[]))
    inner.pre_tokenizer, inner.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=inner, eos_token="<|im_end|>", pad_token="<|endoftext|>", additional_special_tokens=["<|im_start|>"]
    )  # fmt: skip
    tokenizer.chat_template = TEMPLATE
    torch.manual_seed(0)
    config = transformers.Qwen3Config(
        vocab_size=len(tokenizer), hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=1,
        head_dim=16, max_position_embeddings=2048, eos_token_id=tokenizer.eos_token_id, initializer_range=0.3,
    )  # fmt: skip
    transformers.Qwen3ForCausalLM(config).save_pretrained(place)
    tokenizer.save_pretrained(place)
    return place


def chat(place: Path, **options: Any) -> LocalChat:
    return LocalChat(LocalChatOptions(model=str(place), device="cpu", **{"max_tokens": 24, **options}))


def written(place: Path, **options: Any) -> list[Answer]:
    return ChatModel(place, "cpu").answers([ASKED], 16, **options)


def test_it_loads_from_a_folder_and_answers_alike_each_time(folder: Path) -> None:
    assert chat(folder).missing() == ""
    assert written(folder) == written(folder)
    drawn = [written(folder, temperature=1.5)[0] for _ in range(2)]
    assert drawn[0] == drawn[1]
    assert drawn[0] != written(folder)[0]
    other = ChatModel(folder, "cpu").answers([[*ASKED, Message("user", "More.")]], 16, temperature=1.5)
    assert other[0].text != drawn[0].text


def test_threads_do_not_disturb_each_other(folder: Path) -> None:
    import torch

    model = ChatModel(folder, "cpu")
    alone = model.answers([ASKED], 16, temperature=1.0)
    found: list[list[Answer]] = []

    def ask() -> None:
        torch.rand(3)  # as any other engine of the process may
        found.append(model.answers([ASKED], 16, temperature=1.0))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [alone] * 4


def test_a_batch_pads_on_the_left_and_counts_without_padding(folder: Path) -> None:
    model = ChatModel(folder, "cpu")
    both = model.answers([ASKED, [Message("user", "Hi")]], 8)
    alone = model.answers([[Message("user", "Hi")]], 8)
    assert both[1].read == alone[0].read < both[0].read
    assert both[1].text == alone[0].text


def test_what_is_cut_off_is_no_answer_and_is_charged(folder: Path) -> None:
    with account.opened() as spent, pytest.raises(Unanswered, match="cut off at max_tokens"):
        chat(folder, temperature=0).ask(ASKED)
    assert spent.usage.requests == 1
    assert spent.usage.completion_tokens == 24
    assert spent.usage.prompt_tokens > 40
    assert spent.usage.cost == 0
    assert spent.usage.unpriced == 0


def test_a_question_longer_than_the_model_reads_is_no_answer(folder: Path) -> None:
    with pytest.raises(Unanswered):
        chat(folder).ask([Message("user", "a" * 3000)])


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("A mug.", "A mug."),
        ("<think>\nThey sell mugs.\n</think>\n\nA mug.", "A mug."),
        ("They sell mugs.</think> A mug.", "A mug."),
        ("<think>\n\n</think>\n\n", None),
        ("  ", None),
    ],
)
def test_thoughts_are_dropped(folder: Path, monkeypatch: pytest.MonkeyPatch, text: str, answer: str | None) -> None:
    monkeypatch.setattr(ChatModel, "answers", lambda *_, **__: [Answer(text, 1, 1, whole=True)])
    if answer is None:
        with pytest.raises(Unanswered, match="nothing"):
            chat(folder).ask(ASKED)
    else:
        assert chat(folder).ask(ASKED) == answer


def test_a_schema_is_told_in_words(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []

    def answers(self: ChatModel, conversations: Any, longest: int, **given: Any) -> list[Answer]:
        seen.append((conversations[0], given))
        return [Answer('```json\n{"text": "A mug."}\n```', 1, 1, whole=True)]

    monkeypatch.setattr(ChatModel, "answers", answers)
    schema = {"type": "object", "properties": {"text": {"type": "string"}}}
    assert json.loads(chat(folder).ask(ASKED, schema)) == {"text": "A mug."}
    assert json.loads(chat(folder).ask(ASKED[1:], schema)) == {"text": "A mug."}
    for messages, given in seen:
        assert messages[0].role == "system"
        assert json.dumps(schema) in messages[0].content
        assert messages[-1] == ASKED[-1]
        assert given["template"] == {"enable_thinking": False}


def test_the_fingerprint_tells_model_place_numbers_and_settings(folder: Path) -> None:
    told = chat(folder).fingerprint()
    assert told.startswith("tiny-qwen3-")
    assert told.endswith("cpu-float32-t0.7-m24")
    assert chat(folder, thinking=True).fingerprint() != told


def test_what_is_missing_is_said(tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CROSSREEL_MODELS", str(tmp_path))
    assert "no model is named" in LocalChat(LocalChatOptions()).missing()
    assert f"hf download Qwen/Qwen3-4B-Instruct-2507 --local-dir {tmp_path / 'qwen'}" in LocalChat(LocalChatOptions(model="qwen")).missing()
    with pytest.raises(NotReady, match="there is no model in"):
        LocalChat(LocalChatOptions(model="qwen")).ask(ASKED)
    (tmp_path / "qwen").mkdir()
    for name in ("config.json", "tokenizer_config.json"):
        assert f"has no {name}" in LocalChat(LocalChatOptions(model="qwen")).missing() or (tmp_path / "qwen" / "config.json").is_file()
        (tmp_path / "qwen" / name).write_bytes((folder / name).read_bytes())
    assert "no weights" in LocalChat(LocalChatOptions(model="qwen")).missing()


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "model.safetensors"])
def test_a_broken_file_is_named(folder: Path, tmp_path: Path, name: str) -> None:
    place = tmp_path / "copy"
    place.mkdir()
    for path in folder.iterdir():
        (place / path.name).write_bytes(path.read_bytes())
    (place / name).write_bytes((place / name).read_bytes()[:-20])
    with pytest.raises(NotReady, match=name):
        chat(place).ask(ASKED)


def test_a_model_that_does_not_chat_is_refused(folder: Path, tmp_path: Path) -> None:
    for path in folder.iterdir():
        if path.suffix != ".jinja":
            (tmp_path / path.name).write_bytes(path.read_bytes())
    with pytest.raises(NotReady, match="no chat template"):
        chat(tmp_path).ask(ASKED)
