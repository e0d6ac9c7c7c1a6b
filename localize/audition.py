"""An audition: one sentence a language, spoken by every engine that is ready here in a voice package's voice, on a page to listen to."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import jinja2
import yaml

from localize import engines, languages
from localize.assets import ASSETS
from localize.booth import Able, Booth
from localize.campaign import Campaign
from localize.domain import Channel, Line
from localize.errors import CrossreelError, NotReady, UserError
from localize.planning import Progress
from localize.sections import Engines, HostSettings, ScriptSettings
from localize.store import LocalStore
from localize.voice import Voice, clones
from localize.voice.package import VoicePackage


@dataclass
class Take:
    """How one engine (with its converter) spoke a language's sentence, or `why` it did not."""

    engine: str
    converter: str = ""
    commercial: bool = True
    device: str = ""
    file: str = ""
    seconds: float = 0.0
    took: float = 0.0
    similarity: float | None = None
    wrong: float | None = None
    timing: str = ""
    findings: list[str] = field(default_factory=list)
    why: str = ""
    failed: bool = False


def sentence(language: str, gender: str) -> str:
    """What is spoken at an audition."""
    table = yaml.safe_load((ASSETS / "voices" / "audition.yaml").read_text(encoding="utf-8"))
    return str(table[language]).format(polite=table["polite"][gender].get(language, ""))


class Audition:
    """Hears every ready engine in a package's voice; `package` None is the engines' own voices of `gender`.

    Raises Blocked at once for a package whose consent does not hold today."""

    def __init__(
        self,
        package: VoicePackage | None,
        out: Path,
        *,
        gender: Literal["female", "male"] = "female",
        settings: engines.Settings,
        allow_noncommercial: bool,
    ) -> None:
        self.package, self.out, self.settings, self.allowed = package, out, settings, allow_noncommercial
        self.gender: Literal["female", "male"] = package.sheet.gender if package else gender
        if package:
            package.require()
            package.speaker()
        out.mkdir(parents=True, exist_ok=True)
        if package:
            out.chmod(0o700)  # it will hold a person's recording
        self.store = LocalStore(out / ".store")

    def hear(self, codes: Sequence[str]) -> Iterator[tuple[str, Take]]:
        """Each language with each engine and converter, as they come; the sounds lie in `out`."""
        for code in codes:
            for card, lack in engines.survey("voice", self.settings, code):
                if card.languages and code not in card.languages:
                    continue
                if why := lack or self._refused(card):
                    yield code, Take(card.name, commercial=card.commercial, why=why)
                    continue
                for converter in self._converters(card, code):
                    yield code, self._take(card, converter, code)

    def _refused(self, card: engines.Card) -> str:
        if card.clones and not self.package:
            return "it speaks only in the voice of a package"
        return "" if card.commercial or self.allowed else f"not for commercial use ({card.licence}); --noncommercial to hear it"

    def _converters(self, card: engines.Card, code: str) -> list[str]:
        """The converters to try behind a voice: none where it clones or there is nobody to sound like."""
        voice = self._get("voice", card.name, code, lambda card: True)
        if not self.package or clones(voice, code):
            return ["none"]
        ready = [c for c, lack in engines.survey("convert", self.settings) if not lack and (c.commercial or self.allowed)]
        return [*(c.name for c in ready), "none"]

    def _get(self, stage: engines.Stage, name: str, language: str, able: Able) -> Voice:
        found = engines.get(stage, name, language=language, allow_noncommercial=self.allowed, settings=self.settings, able=able)
        return found  # type: ignore[return-value]

    def _take(self, card: engines.Card, converter: str, code: str) -> Take:
        take = Take(card.name, "" if converter == "none" else converter, card.commercial)
        campaign = Campaign(
            name="audition", catalog="none.csv", languages=(code,), channels=(Channel(kind="folder", name="page"),),
            hosts=(HostSettings(voice=str(self.package.folder) if self.package else "", gender=self.gender),),
            engines=Engines(voice=card.name, convert=converter, options={n: dict(o) for n, o in self.settings.items()}),
            script=ScriptSettings(seconds=60), allow_noncommercial=self.allowed,
        )  # fmt: skip
        start = time.monotonic()
        try:
            line = Line(role="hook", text=sentence(code, self.gender))
            (speech,) = Booth(campaign, self.store, self._get).speeches([line], code, Progress())
        except NotReady as error:
            take.why = str(error)
        except (CrossreelError, UserError) as error:
            take.why, take.failed = str(error), True
        else:
            take.took = time.monotonic() - start
            take.file = f"{code}-{card.name}{'-' + take.converter if take.converter else ''}.wav"
            shutil.copyfile(speech.audio, self.out / take.file)
            take.seconds, take.similarity, take.timing, take.device = speech.duration, speech.similarity, speech.timing, speech.device
            take.wrong, take.findings = speech.recognition.rate, [f.message for f in speech.findings]
        return take

    def page(self, heard: Sequence[tuple[str, Take]]) -> Path:
        """Write the page of what was heard. Returns its path."""
        parts = []
        for code in dict.fromkeys(code for code, _ in heard):
            takes = [take for c, take in heard if c == code]
            parts.append({"code": code, "name": languages.get(code).name, "text": sentence(code, self.gender), "takes": takes})
        reference = ""
        if self.package:
            shutil.copyfile(self.package.speaker().reference, self.out / "reference.wav")
            reference = "reference.wav"
        page = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined).from_string(
            (ASSETS / "report" / "voice.html.j2").read_text(encoding="utf-8")
        )
        name = self.package.name if self.package else self.gender
        about = self.package.sheet.about if self.package else "The engines' own voices: no voice package is asked for."
        html = page.render(name=name, about=about, reference=reference, languages=parts)
        path = self.out / "index.html"
        path.write_text(html, encoding="utf-8")
        return path
