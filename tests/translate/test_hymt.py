"""Hy-MT2 on a tiny model of its architecture, and its prompts, checks and second tries on a stand-in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from localize import engines
from localize.chat import Message
from localize.chat.local_chat import Answer, ChatModel
from localize.errors import NotReady
from localize.translate import Hints
from localize.translate.hymt import HyMT, HyMTOptions, clean

pytestmark = pytest.mark.neural

HINTS = Hints(terms={"yoga mat": "thảm yoga"}, keep=("Lumora",), about="A shop of yoga things")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Hunyuan of one small layer that has learned to answer `đèn`, whatever it is asked."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    place = tmp_path_factory.mktemp("models") / "tiny-hunyuan"
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    inner = Tokenizer(models.BPE(vocab={letter: i for i, letter in enumerate(letters)}, merges=[]))
    inner.pre_tokenizer, inner.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=inner, eos_token="<eos>", pad_token="<pad>", additional_special_tokens=["<user>", "<answer>"]
    )  # fmt: skip
    tokenizer.chat_template = "{% for m in messages %}<user>{{ m['content'] }}{% endfor %}{% if add_generation_prompt %}<answer>{% endif %}"
    torch.manual_seed(0)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    model = transformers.HunYuanDenseV1ForCausalLM(
        transformers.HunYuanDenseV1Config(
            vocab_size=len(tokenizer), hidden_size=32, intermediate_size=64, num_hidden_layers=1, num_attention_heads=2,
            num_key_value_heads=1, head_dim=16, eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id,
        )
    )  # fmt: skip
    answer = tokenizer("<answer>đèn<eos>")["input_ids"]
    rows = [tokenizer("<user>" + text)["input_ids"] + answer for text in ("a lamp", "the desk lamp of it", "Translate 123 into it:\n\nmug")]
    steps = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(60):
        steps.zero_grad()
        for row in rows:
            labels = torch.tensor([[-100] * (len(row) - len(answer) + 1) + row[len(row) - len(answer) + 1 :]])
            model(input_ids=torch.tensor([row]), labels=labels).loss.backward()
        steps.step()
    torch.set_num_threads(threads)
    model.save_pretrained(place)
    tokenizer.save_pretrained(place)
    return place


def engine(place: Path, **options: Any) -> HyMT:
    return HyMT(HyMTOptions(model=str(place), device="cpu", **options))


def test_it_loads_from_a_folder_and_translates(folder: Path) -> None:
    translator = engine(folder)
    assert translator.missing() == ""
    found = translator.translate(["a lamp", "the lamp"], "en", "vi")
    assert [t and (t.text, t.origin) for t in found] == [("đèn", "hy-mt2")] * 2
    assert translator.translate(["a lamp", "the lamp"], "en", "vi") == found
    assert engine(folder, max_batch=1).translate(["a lamp", "the lamp"], "en", "vi") == found
    assert "cpu-float32-x8" in translator.fingerprint()


def test_what_lost_a_figure_is_none_and_slots_alone_are_not_asked(folder: Path) -> None:
    assert [t and t.text for t in engine(folder).translate(["30 lamps", "1,200.5"], "en", "vi")] == [None, "1.200,5"]


def test_languages_it_does_not_know_are_none(folder: Path) -> None:
    assert engine(folder).translate(["en lampa"], "sv", "th") == [None]


Speaker = Callable[[str], str]


@pytest.fixture
def spoken(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Speaker], list[str]]:
    """Call it with what the model answers to a prompt; gives the list of prompts as they come."""

    def stand_in(speaker: Speaker) -> list[str]:
        prompts: list[str] = []

        def answers(self: ChatModel, conversations: Sequence[Sequence[Message]], longest: int, **_: Any) -> list[Answer]:
            prompts.extend(c[-1].content for c in conversations)
            assert longest >= 64
            return [Answer(speaker(c[-1].content), 1, 1, whole=True) for c in conversations]

        monkeypatch.setattr(ChatModel, "answers", answers)
        return prompts

    return stand_in


def test_the_prompt_has_terms_names_and_neighbours(folder: Path, spoken: Callable[[Speaker], list[str]]) -> None:
    prompts = spoken(lambda _: "Lumora thảm yoga")
    texts = ["Yoga mat by Lumora", "It rolls up"]
    engine(folder).translate(texts, "en", "vi", HINTS)
    assert "Yoga mat translates to thảm yoga\nLumora translates to Lumora" in prompts[0]
    assert "A shop of yoga things\nIt rolls up" in prompts[0]
    assert "into Vietnamese" in prompts[0]
    assert prompts[0].endswith("\n\nYoga mat by Lumora")
    assert "translates to" not in prompts[1]
    engine(folder).translate(["好用的yoga mat"], "zh", "th", HINTS)
    assert "yoga mat 翻译成 thảm yoga" in prompts[-1]
    assert "将以下文本翻译为泰语" in prompts[-1]


def test_a_lost_term_is_asked_for_once_more_by_name(folder: Path, spoken: Callable[[Speaker], list[str]]) -> None:
    prompts = spoken(lambda prompt: "Thảm yoga 30 ngày" if "refused" in prompt else "Tấm lót ba mươi ngày")
    (found,) = engine(folder).translate(["Yoga mat for 30 days"], "en", "vi", HINTS)
    assert found is not None
    assert found.text == "Thảm yoga 30 ngày"
    assert len(prompts) == 2
    assert "Keep or put right: thảm yoga; 30" in prompts[1]


def test_and_then_not_again(folder: Path, spoken: Callable[[Speaker], list[str]]) -> None:
    prompts = spoken(lambda _: "Tấm lót")
    assert engine(folder).translate(["Yoga mat that rolls"], "en", "vi", HINTS) == [None]
    assert len(prompts) == 2


def test_figures_come_in_the_target_s_style(folder: Path, spoken: Callable[[Speaker], list[str]]) -> None:
    spoken(lambda _: "Nặng 1,200.5 g 🔥 500 lần")
    (found,) = engine(folder).translate(["🔥 Weighs 1,200.5 g"], "en", "vi")
    assert found is None
    spoken(lambda _: "Nặng 1,200.5 g")
    (found,) = engine(folder).translate(["🔥 Weighs 1,200.5 g"], "en", "vi")
    assert found is not None
    assert found.text == "🔥 Nặng 1.200,5 g"


@pytest.mark.parametrize(
    ("answer", "text", "cleaned"),
    [
        ("Đèn bàn", "Desk lamp", "Đèn bàn"),
        ('"Đèn bàn"', "Desk lamp", "Đèn bàn"),
        ("“Đèn bàn”", "Desk lamp", "Đèn bàn"),
        ('"Đèn"', '"Lamp"', '"Đèn"'),
        ("Translation: Đèn bàn", "Desk lamp", "Đèn bàn"),
        ("译文：台灯", "Desk lamp", "台灯"),
        ("Bản dịch: Đèn", "Translation: lamp", "Bản dịch: Đèn"),
        ("Đèn bàn\n\nNote: a lamp.", "Desk lamp", "Đèn bàn"),
        ("Đèn\nBàn", "Desk\nLamp", "Đèn\nBàn"),
        ("Do it:\n\nĐèn bàn", "Desk lamp", "Đèn bàn"),
        ("  ", "Desk lamp", ""),
        ('"', "Desk lamp", '"'),
    ],
)
def test_answers_are_cleaned(answer: str, text: str, cleaned: str) -> None:
    assert clean(answer, text, f"Terms\n\nDo it:\n\n{text}") == cleaned


def test_auto_passes_by_what_is_not_there(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    points = [EntryPoint("hy-mt2", "localize.translate.hymt:HyMT", "crossreel.translators")]
    monkeypatch.setattr(engines, "entry_points", lambda group: points if group == "crossreel.translators" else [])
    for cached in (engines._found, engines._made):
        monkeypatch.setattr(engines, cached.__name__, cached.__wrapped__)  # type: ignore[attr-defined]
    monkeypatch.setenv("CROSSREEL_MODELS", str(tmp_path))
    with pytest.raises(NotReady, match="crossreel models pull hy-mt2"):
        engines.get("translate", "auto", language="vi")
    with pytest.raises(NotReady, match="crossreel models pull"):
        HyMT().translate(["a lamp"], "en", "vi")
    ready = engines.get("translate", "auto", language="vi", settings={"hy-mt2": {"model": str(folder)}})
    assert ready.card.licence == "Apache-2.0"


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "model.safetensors"])
def test_a_broken_file_is_named(folder: Path, tmp_path: Path, name: str) -> None:
    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / name).write_bytes((tmp_path / name).read_bytes()[:-20])
    with pytest.raises(NotReady, match=name):
        engine(tmp_path).translate(["a lamp"], "en", "vi")
