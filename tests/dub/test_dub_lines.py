"""A talk's lines in another language: who is asked for what, what is kept, what people have corrected, what the checks say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from localize.campaign import load
from localize.desk import Desk
from localize.domain import Finding, SourceVideo
from localize.dub import Sentence, Slot, Talk
from localize.dub import lines as dub_lines
from localize.dub.slots import slots
from localize.engines import Card
from localize.errors import Left, NotReady, Transient, UserError
from localize.planning import Progress
from localize.reviews import Review
from localize.sections import HostSettings
from localize.store import LocalStore, shut
from localize.translate import NO_HINTS, Hints, Translation

CUP = SourceVideo(sku="cup-video", title="Clay cup", video="cup.mp4", brand="Lumora", language="en")
HELLO, HOLDS, SAFE, BUY = "Hello, everyone", "It holds 350 ml", "The Lumora cup is dishwasher safe", "Get yours today"
VIETNAMESE = {
    HELLO: ["Xin chào mọi người"],
    HOLDS: ["Dung tích 350 ml"],
    SAFE: ["Cốc Lumora rửa được bằng máy"],
    BUY: ["Mua ngay hôm nay"],
    "It holds 500 ml": ["Dung tích 500 ml"],
}


class Machine:
    """A translator that knows its texts by heart, the n-th version the n-th time it is asked, and notes how it was asked."""

    def __init__(self, texts: Mapping[str, Sequence[str]] = VIETNAMESE) -> None:
        self.texts, self.asked = texts, list[tuple[list[str], Hints]]()
        self.card = Card(name="machine", stage="translate", about="", version="1", licence="")

    def fingerprint(self) -> str:
        return "machine-1"

    def translate(self, texts: Sequence[str], source: str, target: str, hints: Hints = NO_HINTS) -> list[Translation | None]:
        self.asked.append((list(texts), hints))
        return [Translation(self._version(t), "machine") if t in self.texts else None for t in texts]

    def _version(self, text: str) -> str:
        before = sum(text in texts for texts, _ in self.asked) - 1
        return self.texts[text][min(before, len(self.texts[text]) - 1)]


def talk(*texts: str, seconds: float = 3.0, speakers: Sequence[int] = (), language: str = "en") -> Talk:
    """A sentence every `seconds`, said in two thirds of them."""
    said = [
        Sentence(text=text, start=n * seconds, end=(n + 2 / 3) * seconds, speaker=speakers[n] if speakers else 0)
        for n, text in enumerate(texts)
    ]
    return Talk(language=language, sentences=tuple(said), origin="test.srt")


def places(spoken: Talk) -> tuple[Slot, ...]:
    return slots(spoken.sentences, spoken.sentences[-1].end + 1)


@pytest.fixture
def desk(shop: Path, store: LocalStore) -> Desk:
    return Desk(load(shop / "campaign.yaml"), store)


def asking(desk: Desk, machine: Machine) -> Machine:
    people = tuple(t for t in (desk.memory, desk.glossary) if t)
    desk.translators = lambda language: (*people, machine)  # type: ignore[assignment, method-assign]
    return machine


def said(desk: Desk, spoken: Talk, progress: Progress | None = None) -> tuple[list[str], list[Finding]]:
    script, found = dub_lines.draft(desk, CUP, spoken, places(spoken), "vi", progress or Progress())
    assert script.sources == tuple(s.text for s in spoken.sentences)
    return [line.text for line in script.lines], found


def test_a_talk_is_translated_in_order_each_sentence_within_its_time(desk: Desk) -> None:
    machine, spoken = asking(desk, Machine()), talk(HELLO, HOLDS, SAFE)
    progress = Progress()
    texts, found = said(desk, spoken, progress)
    assert texts == ["Xin chào mọi người", "Dung tích 350 ml", "Cốc Lumora rửa được bằng máy"]
    ((asked, hints),) = machine.asked
    assert asked == [HELLO, HOLDS, SAFE]
    assert hints.seconds == (2.9, 3.2, 3.2), "the silence around it is borrowed"
    assert (hints.keep, hints.about) == (("Lumora",), "Clay cup")
    assert progress.origins == {"line.1": "machine", "line.2": "machine", "line.3": "machine"}
    assert found == []


def test_one_sentence_that_changes_is_one_that_is_translated(desk: Desk) -> None:
    asking(desk, Machine())
    first, again, changed = Progress(), Progress(), Progress()
    said(desk, talk(HELLO, HOLDS, SAFE, BUY), first)
    said(desk, talk(HELLO, HOLDS, SAFE, BUY), again)
    assert (first.made["lines"], again.made["lines"]) == (4, 0)
    machine = asking(desk, Machine())
    assert said(desk, talk(HELLO, "It holds 500 ml", SAFE, BUY), changed)[0][1] == "Dung tích 500 ml"
    assert changed.made["lines"] == 1
    assert machine.asked[0][0] == ["It holds 500 ml"]
    assert machine.asked[0][1].about == f"Clay cup\n{HELLO}\n{SAFE}\n{BUY}", "its neighbours are shown beside it"


def test_a_sentence_inserted_before_the_others_leaves_them(desk: Desk) -> None:
    machine = asking(desk, Machine())
    said(desk, talk(HOLDS, SAFE, HOLDS))
    assert machine.asked[0][0].count(HOLDS) == 2, "the first has no silence before it"
    machine = asking(desk, Machine())
    said(desk, talk(HELLO, SAFE, HOLDS))
    assert [texts for texts, _ in machine.asked] == [[HELLO]]


def test_what_was_translated_before_trouble_is_kept(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dub_lines, "AT_ONCE", 2)

    class Tired(Machine):
        def translate(self, texts: Sequence[str], source: str, target: str, hints: Hints = NO_HINTS) -> list[Translation | None]:
            if self.asked:
                raise Transient("the server is busy")
            return super().translate(texts, source, target, hints)

    asking(desk, Tired())
    with pytest.raises(Transient):
        said(desk, talk(HELLO, HOLDS, SAFE, BUY))
    machine = asking(desk, Machine())
    assert len(said(desk, talk(HELLO, HOLDS, SAFE, BUY))[0]) == 4
    assert [texts for texts, _ in machine.asked] == [[SAFE, BUY]]


def test_nothing_is_asked_where_the_store_is_shut(desk: Desk) -> None:
    machine = asking(desk, Machine())
    said(desk, talk(HELLO))
    with shut("the budget is used up"):
        said(desk, talk(HELLO))
        with pytest.raises(Left):
            said(desk, talk(HELLO, HOLDS))
    assert len(machine.asked) == 1


def test_a_shorter_one_is_asked_for_where_the_time_is_short(desk: Desk) -> None:
    long = "Chiếc cốc này có dung tích vừa đúng 350 ml, đủ cho một ly cà phê sữa đá thật to"
    machine = asking(desk, Machine({HOLDS: [long, "Dung tích 350 ml"], BUY: ["Mua ngay hôm nay"]}))
    assert said(desk, talk(HOLDS, BUY, seconds=2.0)) == (["Dung tích 350 ml", "Mua ngay hôm nay"], [])
    assert [texts for texts, _ in machine.asked] == [[HOLDS, BUY], [HOLDS]]
    (wrong,) = [told for told in machine.asked[1][1].wrong if "takes about" in told]
    assert wrong.startswith("The translation of 'It holds 350 ml' takes about ")
    assert wrong.endswith("Say it in at most 38 letters.")


def test_what_stays_too_long_is_said_with_its_number_and_time(desk: Desk) -> None:
    long = "Chiếc cốc này có dung tích vừa đúng 350 ml, đủ cho một ly cà phê sữa đá thật to"
    asking(desk, Machine(VIETNAMESE | {HOLDS: [long]}))
    _, found = said(desk, talk(HELLO, HOLDS, BUY, seconds=2.0))
    (finding,) = [f for f in found if f.check == "time"]
    assert (finding.severity, finding.evidence["line"]) == ("warn", 2)
    assert finding.message.startswith("Sentence 2 at 0:02 takes about ")


def test_a_lost_number_is_not_used_and_the_sentence_is_named(desk: Desk) -> None:
    asking(desk, Machine({HOLDS: ["Dung tích 530 ml"]}))
    with pytest.raises(NotReady) as caught:
        said(desk, talk(HOLDS))
    assert caught.value.missing == (HOLDS,)
    assert "The translation of 'It holds 350 ml' has lost '350 ml'" in str(caught.value)


def test_all_that_nobody_has_is_named_at_once_and_the_rest_is_kept(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dub_lines, "AT_ONCE", 2)
    asking(desk, Machine({text: VIETNAMESE[text] for text in (HELLO, BUY)}))
    with pytest.raises(NotReady) as caught:
        said(desk, talk(HELLO, HOLDS, SAFE, BUY))
    assert caught.value.missing == (HOLDS, SAFE)
    machine = asking(desk, Machine())
    said(desk, talk(HELLO, HOLDS, SAFE, BUY))
    assert [texts for texts, _ in machine.asked] == [[HOLDS, SAFE]]


def test_a_version_that_was_not_used_is_remembered_with_the_line(desk: Desk) -> None:
    desk.translators = lambda language: (Machine({HOLDS: ["Dung tích 530 ml"]}), Machine())  # type: ignore[assignment, method-assign, return-value]
    for _ in range(2):
        _, (finding,) = said(desk, talk(HELLO, HOLDS))
        assert "What machine made of 'It holds 350 ml' was not used" in finding.message
        assert finding.evidence["line"] == 2


def test_people_come_first_and_their_corrections_are_spoken(desk: Desk) -> None:
    asking(desk, Machine())
    before, progress = talk(HELLO, HOLDS), Progress()
    desk.reviews.add(
        [Review(CUP.sku, "vi", "Dung tích 350 ml", "Chứa được rất nhiều"), Review("other", "vi", "Xin chào mọi người", "Chào")]
    )
    texts, (finding,) = said(desk, before, progress)
    assert texts == ["Xin chào mọi người", "Chứa được rất nhiều"]
    assert progress.origins == {"line.1": "machine", "line.2": "review"}
    assert (finding.check, finding.severity) == ("number", "warn"), "a person may leave a number out"
    assert finding.message == "Sentence 2 at 0:03 has lost '350 ml'."
    written = dub_lines.written(desk, CUP, before, places(before), "vi", Progress())
    assert written.lines[1].text == "Dung tích 350 ml"


def test_the_memory_and_the_glossary_are_asked_as_for_any_text(shop: Path, store: LocalStore) -> None:
    (shop / "said.csv").write_text(f'source,vi\n"{HELLO}",Chào cả nhà\n', encoding="utf-8")
    (shop / "terms.csv").write_text("source,vi,note\ndishwasher,máy rửa chén,\n", encoding="utf-8")
    text = (shop / "campaign.yaml").read_text(encoding="utf-8")
    (shop / "campaign.yaml").write_text(f"{text}\nmemory: [said.csv]\nglossary: terms.csv\n", encoding="utf-8")
    desk = Desk(load(shop / "campaign.yaml"), store)
    machine = asking(desk, Machine({SAFE: ["Cốc Lumora rửa được bằng máy", "Cốc Lumora dùng được với máy rửa chén"]}))
    progress = Progress()
    assert said(desk, talk(HELLO, SAFE), progress)[0] == ["Chào cả nhà", "Cốc Lumora dùng được với máy rửa chén"]
    assert progress.origins == {"line.1": "memory", "line.2": "machine"}
    assert machine.asked[0][1].terms == {"dishwasher": "máy rửa chén"}


def test_the_law_of_the_market_holds_for_what_a_video_says(desk: Desk) -> None:
    asking(desk, Machine({HELLO: ["Xin chào mọi người"], BUY: ["Đây là chiếc cốc tốt nhất Việt Nam"]}))
    _, found = said(desk, talk(HELLO, BUY))
    law = [f for f in found if f.check.startswith("ad")]
    assert law
    assert {f.evidence["line"] for f in law} == {2}
    assert law[0].message.startswith("Sentence 2 at 0:03 says ")


def test_each_speaker_has_a_host_of_their_own(desk: Desk) -> None:
    asking(desk, Machine())
    spoken = talk(HELLO, HOLDS, SAFE, BUY, speakers=(0, 1, 0, 2))

    def hosts() -> list[int]:
        return [line.host for line in dub_lines.written(desk, CUP, spoken, places(spoken), "vi", Progress()).lines]

    assert hosts() == [0, 0, 0, 0]
    desk.campaign = desk.campaign.model_copy(update={"hosts": (HostSettings(), HostSettings(gender="male"))})
    assert hosts() == [0, 1, 0, 0], "a third has to share"


def test_a_video_in_the_language_already_is_told_so(desk: Desk) -> None:
    asking(desk, Machine())
    with pytest.raises(UserError, match="cup-video speaks Vietnamese already, so there is nothing to dub"):
        said(desk, talk("Xin chào", language="vi"))
