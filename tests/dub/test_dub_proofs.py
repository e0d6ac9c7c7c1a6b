"""What a dub says is read over in the sheet and the form: its translations, what nobody could translate, and what was heard."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from dubs import TALK, aloud, asked, dubbed
from openpyxl import load_workbook
from typer.testing import CliRunner

from flows import forms, review
from flows.forms import Form
from localize import campaign as campaigns
from localize import proofreading, work
from localize.booth import Booth
from localize.cli import app
from localize.desk import Means
from localize.engines import Card
from localize.errors import Blocked, NotReady
from localize.media.pcm import Samples
from localize.recognize import HeardWord, Transcript
from localize.review_sheet import TICK, Answer, Entry, parsed
from localize.store import LocalStore
from localize.translate import NO_HINTS, Hints, Translation

BRIGHT, BAHT, MORE = TALK[0][2], TALK[1][2], "Buy two of them today."
MISHEARD = "This lamp is very bride."
Row = dict[str, str]


@pytest.fixture
def campaign(lamp: Path, store: LocalStore) -> Callable[..., Path]:
    """Write the lamp's campaign, by default of what TALK says."""
    return lambda said=TALK, **more: asked(lamp, said, store=str(store.root), **more)


def sheet(path: Path, *, filled: dict[str, Row] | None = None) -> tuple[list[Row], str]:
    """`crossreel review sheet`: the rows it writes, by their columns' names. `filled` is what a person then writes into them, by language
    and part, before the sheet is handed in: with it, also what is said to that."""
    made = path.with_name("review.xlsx")
    made.unlink(missing_ok=True)
    done = CliRunner().invoke(app, ["review", "sheet", str(path), "--out", str(made)])
    assert done.exit_code == 0, done.output
    book = load_workbook(made)
    table = list(book.worksheets[0].iter_rows())
    names = [str(cell.value) for cell in table[0]]
    rows = [{name: str(cell.value or "") for name, cell in zip(names, cells, strict=True)} for cells in table[1:]]
    if filled is None:
        return rows, done.output
    for cells, row in zip(table[1:], rows, strict=True):
        for name, text in filled.get(f"{row['language']} {row['part']}", {}).items():
            cells[names.index(name)].value = text
    book.save(made)
    return rows, CliRunner().invoke(app, ["review", "sheet", str(path), "--read", str(made), "--by", "Mali"]).output


def test_the_sheet_has_each_sentence_beside_its_translation(campaign: Callable[..., Path]) -> None:
    rows, _ = sheet(campaign(languages=["th", "vi"]))
    assert [(r["product"], r["language"], r["source"], r["text"]) for r in rows] == [
        ("lamp", "Thai", BRIGHT, "โคมไฟนี้สว่าง"), ("lamp", "Thai", BAHT, "ราคาสองร้อยบาท"),
        ("lamp", "Vietnamese", BRIGHT, "Đèn này rất sáng."), ("lamp", "Vietnamese", BAHT, "Giá chỉ hai trăm baht."),
    ]  # fmt: skip


def test_a_sentence_that_nobody_could_translate_is_asked_for_and_then_known(campaign: Callable[..., Path], store: LocalStore) -> None:
    path = campaign([TALK[0], (2.3, 4.4, MORE)])
    with pytest.raises(NotReady, match=MORE):
        dubbed(path, store)
    rows, said = sheet(path, filled={"Thai missing text": {"correction": "ซื้อสองชิ้นวันนี้"}})
    assert [(r["part"], r["source"], r["text"]) for r in rows] == [("missing text", MORE, "")]
    assert "1 texts corrected" in said
    assert [r["text"] for r in sheet(path)[0]] == ["โคมไฟนี้สว่าง", "ซื้อสองชิ้นวันนี้"]
    _, narration, reused, _ = dubbed(path, store)
    assert not reused
    assert narration.lines[1].text == "ซื้อสองชิ้นวันนี้"
    assert narration.engine == "memory"


@pytest.mark.heavy
def test_a_corrected_line_is_spoken(campaign: Callable[..., Path], store: LocalStore) -> None:
    path = campaign()
    dubbed(path, store)
    _, said = sheet(path, filled={"Thai line 2 · feature": {"correction": "แค่สองร้อยบาท"}})
    assert "1 lines corrected" in said
    clip, narration, _, progress = dubbed(path, store)
    assert [line.text for line in narration.lines] == ["โคมไฟนี้สว่าง", "แค่สองร้อยบาท"]
    assert progress.made == {"voice": 1, "clip": 1, "checks": 1}
    captions = Path(clip.captions).read_text(encoding="utf-8").replace("\n", "")
    assert "แค่สองร้อยบาท" in captions
    assert "ราคาสองร้อยบาท" not in captions


@pytest.mark.parametrize("mode", ["scripts", "all"])
def test_a_dub_waits_until_each_of_its_lines_is_approved(campaign: Callable[..., Path], store: LocalStore, mode: str) -> None:
    path = campaign(review=mode)
    with pytest.raises(Blocked, match="2 of 2 lines wait for approval"):
        dubbed(path, store)
    sheet(path, filled={"Thai line 1 · feature": {"approve": TICK}})
    with pytest.raises(Blocked, match="1 of 2 lines wait for approval"):
        dubbed(path, store)
    _, said = sheet(path, filled={"Thai line 2 · feature": {"approve": TICK}})
    assert "1 approved" in said
    assert not dubbed(path, store)[2]


# ---- who is asked, and for what


class Machine:
    """A translator that knows one sentence."""

    card = Card(name="machine", stage="translate", about="", version="1", licence="")

    def fingerprint(self) -> str:
        return "machine 1"

    def translate(self, texts: Sequence[str], source: str, target: str, hints: Hints = NO_HINTS) -> list[Translation | None]:
        return [Translation("ซื้อสองชิ้นวันนี้", "machine") if text == MORE else None for text in texts]


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the memory does not know is a machine's to translate."""
    monkeypatch.setattr(Means, "translators", lambda desk, language: (desk.memory, Machine()))


def entries(path: Path, store: LocalStore) -> tuple[proofreading.Readable, Any, list[Entry]]:
    settings = campaigns.load(path)
    desk = work.desk(settings, store)
    (job,) = work.plan(settings).jobs
    return desk, job, list(proofreading.collect(desk, [job]))


def wanted(path: Path, store: LocalStore) -> tuple[int, int]:
    """How many dubs a night makes at once, and how many it has read over first."""
    settings = campaigns.load(path)
    free, unread = review.wanted(settings, store, list(work.plan(settings).jobs), "tonight")
    return len(free), len(unread)


def test_peoples_translations_need_no_reading_where_only_machines_do(campaign: Callable[..., Path], store: LocalStore) -> None:
    path = campaign(review="translations")
    assert wanted(path, store) == (1, 0)
    assert not dubbed(path, store)[2]


def test_a_machines_translations_are_asked_about_and_no_others(campaign: Callable[..., Path], store: LocalStore, machine: None) -> None:
    path = campaign([TALK[0], (2.3, 4.4, MORE)], review="translations")
    assert wanted(path, store) == (0, 1)
    with pytest.raises(Blocked, match="1 of 2 lines wait for approval"):
        dubbed(path, store)
    sheet(path, filled={"Thai line 2 · feature": {"approve": TICK}})


def test_whoever_corrects_a_machines_translation_has_approved_it(campaign: Callable[..., Path], store: LocalStore, machine: None) -> None:
    path = campaign([TALK[0], (2.3, 4.4, MORE)], review="translations")
    desk, job, shown = entries(path, store)
    proofreading.accept(desk, [job], [answer(shown[1], "ซื้อวันนี้สองชิ้น")], by="Mali", at="today")
    assert wanted(path, store) == (1, 0)
    assert dubbed(path, store)[1].lines[1].text == "ซื้อวันนี้สองชิ้น"


def answer(entry: Entry, correction: str = "", approved: bool = False) -> Answer:
    """What somebody says of an entry."""
    known = parsed(entry.key)
    assert known
    language, part, source, text, sku = known
    return Answer("row 2", sku, language, part, source, text, correction, approved)


@pytest.mark.parametrize("mode", ["translations", "scripts", "all"])
def test_the_form_shows_a_videos_length_and_file_and_each_sentence(
    campaign: Callable[..., Path], store: LocalStore, machine: None, mode: str
) -> None:
    path = campaign([TALK[0], (2.3, 4.4, MORE)], review=mode)
    desk, job, shown = entries(path, store)
    made = forms.build(desk, [(job, shown)], "dubs · Thai", datetime(2026, 11, 28, 8, 0), ())
    form = Form(made.model_json_schema()["properties"])
    assert list(form.fields) == ["who", "lamp-decision", "lamp-line-1", "lamp-line-2", "notes"]
    assert form.fields["lamp-decision"]["description"] == "lamp, 0:05, lamp.mp4"
    assert (form.fields["lamp-line-2"]["default"], form.fields["lamp-line-2"]["description"]) == ("ซื้อสองชิ้นวันนี้", MORE)
    assert "what the video says" in form.fields["who"]["description"]
    answers = form.answers({"lamp-line-2": "ซื้อวันนี้สองชิ้น"})
    done = proofreading.accept(work.desk(campaigns.load(path), store), [job], answers, by="Mali", at="today")
    assert (done.lines, done.approved, done.problems) == (1, 2, [])
    assert wanted(path, store) == (1, 0)


def test_the_form_asks_for_what_nobody_could_translate(campaign: Callable[..., Path], store: LocalStore) -> None:
    path = campaign([TALK[0], (2.3, 4.4, MORE)], review="scripts")
    assert wanted(path, store) == (0, 1)
    desk, job, shown = entries(path, store)
    form = Form(forms.build(desk, [(job, shown)], "dubs · Thai", datetime(2026, 11, 28, 8, 0), ()).model_json_schema()["properties"])
    assert form.fields["lamp-missing-1"]["description"] == MORE
    done = proofreading.accept(desk, [job], form.answers({"lamp-missing-1": "ซื้อสองชิ้นวันนี้"}), by="Mali", at="today")
    assert done.texts == 1
    assert [entry.text for entry in entries(path, store)[2]] == ["โคมไฟนี้สว่าง", "ซื้อสองชิ้นวันนี้"]


def test_a_rejected_dub_is_not_asked_about_again_until_its_words_change(
    campaign: Callable[..., Path], store: LocalStore, machine: None
) -> None:
    path = campaign(review="scripts")
    desk, job, shown = entries(path, store)
    assert proofreading.reject(desk, job, [entry.key for entry in shown], "too loud", by="Mali", at="today")
    assert wanted(path, store) == (0, 0)
    campaign([TALK[0], (2.3, 4.4, MORE)], review="scripts")
    assert wanted(path, store) == (0, 1)


# ---- what was heard


class Ear:
    """A recognizer that hears these words in whatever it is given, one after the other."""

    card = Card(name="ear", stage="recognize", about="", version="1", licence="")

    def __init__(self, said: str) -> None:
        self.said = said

    def fingerprint(self) -> str:
        return f"ear {self.said}"

    def transcribe(self, samples: Samples, rate: int, language: str = "", *, words: bool = False) -> Transcript:
        spoken = self.said.split()
        each = len(samples) / rate / len(spoken)
        sure = [0.4 if n < len(MISHEARD.split()) else 0.95 for n in range(len(spoken))]
        heard = [HeardWord(word, n * each, (n + 0.9) * each, sure[n]) for n, word in enumerate(spoken)]
        return Transcript(self.said, language or "en", tuple(heard))


@pytest.fixture
def spoken(tmp_path: Path, store: LocalStore, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A campaign of a video without a transcript, in which somebody says what TALK does, and is misheard."""
    path = aloud(tmp_path / "talk.mp4", f"{BRIGHT} {BAHT}")
    ear = Ear(f"{MISHEARD} {BAHT}")
    monkeypatch.setattr(Booth, "recognizer", lambda booth, language="": None if language else ear)  # takes go unheard
    return asked(path, (), store=str(store.root))


@pytest.mark.heavy
def test_what_was_heard_is_read_over_first_and_its_correction_is_what_is_translated(spoken: Path, store: LocalStore) -> None:
    with pytest.raises(NotReady, match=MISHEARD):
        dubbed(spoken, store)
    rows, said = sheet(spoken, filled={"English line 1 · feature": {"correction": BRIGHT}})
    assert [(r["language"], r["part"], r["source"], r["text"]) for r in rows] == [
        ("English", "line 1 · feature", "", MISHEARD), ("English", "line 2 · feature", "", BAHT),
        ("Thai", "missing text", MISHEARD, ""),
    ]  # fmt: skip
    assert "Sentence 1 at 0:00" in rows[0]["remarks"]
    assert "may be misheard" in rows[0]["remarks"]
    assert not rows[1]["remarks"]
    assert "1 lines corrected" in said
    again, _ = sheet(spoken)
    assert [(r["language"], r["text"]) for r in again] == [
        ("English", BRIGHT), ("English", BAHT), ("Thai", "โคมไฟนี้สว่าง"), ("Thai", "ราคาสองร้อยบาท"),
    ]  # fmt: skip
    assert not any("misheard" in row["remarks"] for row in again)
    _, narration, *_ = dubbed(spoken, store)
    assert [line.text for line in narration.lines] == ["โคมไฟนี้สว่าง", "ราคาสองร้อยบาท"]
    assert narration.sources == (BRIGHT, BAHT)


def test_a_sentence_and_its_translation_are_corrected_in_one_sheet(spoken: Path, store: LocalStore) -> None:
    memory = spoken.with_name("memory.csv")
    memory.write_text(memory.read_text(encoding="utf-8") + f"{MISHEARD},โคมไฟนี้เจ้าสาว,,\n", encoding="utf-8")
    _, said = sheet(spoken, filled={
        "English line 1 · feature": {"correction": BRIGHT},
        "Thai line 1 · feature": {"correction": "โคมไฟนี้สว่างมาก"}, "Thai line 2 · feature": {"approve": TICK},
    })  # fmt: skip
    assert "2 lines corrected, 1 approved" in said
    clip, narration, *_ = dubbed(spoken, store)
    assert (narration.sources[0], narration.lines[0].text) == (BRIGHT, "โคมไฟนี้สว่างมาก")
    assert not [f.message for f in clip.findings if "misheard" in f.message]


def test_an_approval_of_a_misheard_sentences_translation_is_not_one_of_the_right_ones(spoken: Path, store: LocalStore) -> None:
    memory = spoken.with_name("memory.csv")
    memory.write_text(memory.read_text(encoding="utf-8") + f"{MISHEARD},โคมไฟนี้เจ้าสาว,,\n", encoding="utf-8")
    _, said = sheet(spoken, filled={"English line 1 · feature": {"correction": BRIGHT}, "Thai line 1 · feature": {"approve": TICK}})
    assert "this line now says 'โคมไฟนี้สว่าง', as its text was corrected: approve it as it is" in said


def test_the_form_has_what_was_heard_before_its_translations(spoken: Path, store: LocalStore) -> None:
    """What is corrected there is translated anew and shown again; what was left counts for nothing, as it stands in other forms, too."""
    memory = spoken.with_name("memory.csv")
    memory.write_text(memory.read_text(encoding="utf-8") + f"{MISHEARD},โคมไฟนี้เจ้าสาว,,\n", encoding="utf-8")
    settings = campaigns.load(spoken)
    settings = settings.model_copy(update={"review": settings.review.model_copy(update={"mode": "scripts"})})
    desk, jobs = work.desk(settings, store), work.plan(settings).jobs

    def form(told: Sequence[str] = ()) -> Form:
        desk = work.desk(settings, store)
        readings = [(job, list(proofreading.collect(desk, [job]))) for job in jobs]
        made = forms.build(desk, readings, "dubs · Thai", datetime(2026, 11, 28, 8, 0), told, forms.as_heard(desk, jobs))
        return Form(made.model_json_schema()["properties"])

    first = form()
    assert list(first.fields) == ["who", "talk-decision", "talk-heard-1", "talk-heard-2", "talk-line-1", "talk-line-2", "notes"]
    assert first.fields["talk-heard-1"]["default"] == MISHEARD
    assert first.fields["talk-heard-1"]["title"].endswith(", as heard")
    assert "may be misheard" in first.fields["talk-heard-1"]["description"]
    assert first.clips == (("talk", "th"),)
    assert not any(".heard" in key or MISHEARD in key for key in first.keys(("talk", "th")))
    assert first.answers({"talk-decision": "reject", "talk-heard-1": BRIGHT}) == []
    said = first.answers({"talk-heard-1": BRIGHT})
    assert [(a.language, a.part, a.correction) for a in said] == [
        ("en", "line.1.feature", BRIGHT), ("th", "line.1.feature", ""), ("th", "line.2.feature", ""),
    ]  # fmt: skip
    done = proofreading.accept(desk, work.readings(desk, jobs), said, by="Mali", at="today")
    assert done.lines == 1
    assert done.approved == 2  # the corrected sentence, and the translation that stayed
    assert len(done.problems) == 1
    assert "approve it as it is" in done.problems[0]
    second = form(done.problems)
    assert [second.fields[f"talk-{name}"]["default"] for name in ("heard-1", "line-1", "line-2")] == [BRIGHT, "โคมไฟนี้สว่าง", "ราคาสองร้อยบาท"]
    assert proofreading.accept(desk, work.readings(desk, jobs), second.answers({}), by="Mali", at="today").problems == []


def test_a_right_sentence_that_nobody_can_translate_is_told_and_asked_for_next(spoken: Path) -> None:
    memory = spoken.with_name("memory.csv")
    memory.write_text(memory.read_text(encoding="utf-8") + f"{MISHEARD},โคมไฟนี้เจ้าสาว,,\n", encoding="utf-8")
    _, said = sheet(spoken, filled={"English line 1 · feature": {"correction": MORE}, "Thai line 2 · feature": {"approve": TICK}})
    assert "talk in th" in said
    assert MORE in said
    again, _ = sheet(spoken)
    assert [(r["part"], r["source"]) for r in again if r["language"] == "Thai"] == [("missing text", MORE)]


def test_what_people_wrote_down_is_corrected_where_they_wrote_it(campaign: Callable[..., Path], store: LocalStore) -> None:
    desk = work.desk(campaigns.load(campaign()), store)
    jobs = work.plan(desk.campaign).jobs
    assert work.readings(desk, jobs) == list(jobs)
