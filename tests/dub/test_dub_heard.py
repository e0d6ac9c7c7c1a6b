"""A video without a transcript, through the whole path with the recognizers themselves, on tiny models that say one thing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import whispers
from dubs import TALK, aloud, asked, dubbed

from localize.booth import Booth
from localize.store import LocalStore

SAID = " ".join(text for _, _, text in TALK)


@pytest.mark.neural
@pytest.mark.parametrize(("name", "model"), [("whisper", whispers.checkpoint), ("faster-whisper", whispers.converted)])
def test_what_a_recognizer_hears_is_dubbed(
    name: str, model: Callable[..., Path], store: LocalStore, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    listener = Booth.recognizer  # takes go unheard: it would say the same of them
    monkeypatch.setattr(Booth, "recognizer", lambda booth, language="": None if language else listener(booth))
    place = model(tmp_path / "grain.pt", SAID, until=TALK[-1][1])
    options = {name: {"model": str(place), "device": "cpu"}}
    path = asked(
        aloud(tmp_path / "talk.mp4", SAID), (), store=str(store.root), engines={"translate": "none", "recognize": name, "options": options}
    )
    clip, said, reused, progress = dubbed(path, store)
    assert not reused
    assert said.sources == tuple(text for _, _, text in TALK)
    assert [line.text for line in said.lines] == ["โคมไฟนี้สว่าง", "ราคาสองร้อยบาท"]
    assert progress.made["recognize"] == 1
    assert Path(clip.video).stat().st_size > 10_000
    assert f'"heard_by": "{name}"' in Path(clip.sidecar).read_text(encoding="utf-8")
    assert dubbed(path, store)[2]
