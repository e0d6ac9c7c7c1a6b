"""What a clip is made of and with, under which licence each may be used, and which consents it rests on.

Read from the clip's sidecar, which tells of the time it was made: so a clip that is older than this account of it has one, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from localize.assets import ASSETS, licence
from localize.clip import type as typeset
from localize.domain import Disclosure, Ingredient, Narration, Script

# As `Studio.engines_used` writes them: a licence may have brackets of its own.
_ENGINE = re.compile(r"([\w.-]+) \(((?:[^()]|\([^()]*\))*)\)")
SELLERS, CONSENTED = "the seller's own", "by the person's consent"


def accounted(disclosure: Disclosure, made: Mapping[str, Any], licences: Mapping[str, str], music: str) -> Disclosure:
    """The disclosure with the consents and ingredients of a clip. `made` is its sidecar, `licences` those of avatars and people's
    voices by their names ("": none is told), `music` its bed or "none"."""
    people = [part for part in (*_voices(made), *made["presenters"]) if part.get("consent")]
    return disclosure.model_copy(
        update={
            "consents": tuple(dict.fromkeys(f"consent {part['consent']}" for part in people)),
            "ingredients": tuple(dict.fromkeys(_ingredients(made, licences, music))),
        }
    )


def _ingredients(made: Mapping[str, Any], licences: Mapping[str, str], music: str) -> Iterator[Ingredient]:
    for stage, used in made["engines"].items():
        yield from (Ingredient(name=name, kind=f"{stage} engine", licence=under) for name, under in _ENGINE.findall(used))
    for voice in _voices(made):  # a package may be called as the person is, so its name stays here
        if voice["consent"]:
            yield Ingredient(name="a person's voice", kind="voice", licence=licences.get(voice["voice"]) or CONSENTED)
    for host in made["presenters"]:
        under = licences.get(host["avatar"], "")
        if host.get("consent"):
            yield Ingredient(name="a person's video", kind="avatar", licence=under or CONSENTED)
        else:
            yield Ingredient(name=host["avatar"], kind="avatar", licence=under)
    yield from (Ingredient(name=font, kind="font", licence=licence(f"fonts/{font}")) for font in _fonts(made))
    if music != "none":
        yield Ingredient(name=music, kind="music", licence=licence("music"))
    if made.get("pictures", 1):  # sidecars of before did not count them
        yield Ingredient(name="pictures of the product", kind="picture", licence=SELLERS)
    if made["product"]["footage"]:
        yield Ingredient(name="videos of the product", kind="footage", licence=SELLERS)


def _voices(made: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Each host's voice: of one host it stands by itself."""
    voice: dict[str, Any] = made["voice"]
    hosts: list[dict[str, Any]] = voice.get("hosts", [voice])
    return hosts


def _fonts(made: Mapping[str, Any]) -> list[str]:
    """The files of the fonts that the clip's words are drawn with."""
    told = made["script"]
    script = Script.model_validate(told) if "price" in told else Narration.model_validate(told)
    features = [script.text.features[n] for n in script.features_shown()] if isinstance(script, Script) else []
    texts = [script.text.title, script.text.brand, *features, made["disclosure"]["label"], *(line.text for line in script.lines)]
    return sorted({path.name for text in texts for path, _ in typeset.runs(text, script.language) if path.is_relative_to(ASSETS)})
