"""What a clip's disclosure knows of the clip: from its sidecar, and without a name of anybody."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from tellers import TOLD

from localize.assets import ASSETS, licence
from localize.disclosure.account import CONSENTED, accounted
from localize.domain import Ingredient, Line, Money, Script, Text

SCRIPT = Script(
    language="th", lines=(Line(role="hook", text="แก้วดินเผา 🔥"),), text=Text(title="แก้วดินเผา", brand="Corner"),
    price=Money(amount="290", currency="THB"), engine="templates",  # type: ignore[arg-type]
)  # fmt: skip
MADE: dict[str, Any] = {
    "engines": {
        "script": "templates (Apache-2.0)", "translate": "hy-mt2 (Apache-2.0), m2m100 (MIT)",
        "voice": "espeak (GPL-3.0-or-later (program, run as a process of its own))",
        "convert": "match (Apache-2.0 (code); no weights)", "lipsync": "viseme (Apache-2.0)",
    },
    "voice": {"voice": "", "consent": "", "findings": []}, "presenters": [{"avatar": "mali", "kind": "drawn"}],
    "script": SCRIPT.model_dump(mode="json"), "product": {"footage": []}, "disclosure": {"label": TOLD.label},
}  # fmt: skip


def told(made: dict[str, Any], music: str = "calm", **licences: str) -> dict[str, dict[str, str]]:
    """Licences by name, by kind."""
    out: dict[str, dict[str, str]] = {}
    for part in accounted(TOLD, made, {"mali": "Apache-2.0", **licences}, music).ingredients:
        out.setdefault(part.kind, {})[part.name] = part.licence
    return out


def test_every_engine_asset_and_picture_has_its_licence() -> None:
    found = told(MADE)
    assert found["translate engine"] == {"hy-mt2": "Apache-2.0", "m2m100": "MIT"}
    assert found["voice engine"] == {"espeak": "GPL-3.0-or-later (program, run as a process of its own)"}
    assert found["convert engine"] == {"match": "Apache-2.0 (code); no weights"}
    assert found["avatar"] == {"mali": "Apache-2.0"}
    assert found["music"] == {"calm": licence("music")}
    assert set(found["font"]) == {"Kanit-Bold.ttf", "NotoColorEmoji.ttf"}
    assert all(under.startswith("OFL-1.1") for under in found["font"].values())
    assert found["picture"] == {"pictures of the product": "the seller's own"}
    assert "footage" not in found
    assert "music" not in told(MADE, music="none")


def test_people_are_told_by_their_consents_alone() -> None:
    made = deepcopy(MADE)
    made["voice"] = {"hosts": [{"voice": "somchai", "consent": "aa" * 8}, {"voice": "malee", "consent": "bb" * 8}]}
    made["presenters"] = [{"avatar": "somchai", "kind": "filmed", "consent": "aa" * 8, "faces": "cascade"}]
    whole = accounted(TOLD, made, {"malee": "CC-BY-4.0"}, "none")
    assert whole.consents == ("consent " + "aa" * 8, "consent " + "bb" * 8)
    assert Ingredient(name="a person's voice", kind="voice", licence="CC-BY-4.0") in whole.ingredients
    assert Ingredient(name="a person's video", kind="avatar", licence=CONSENTED) in whole.ingredients
    for name in ("somchai", "malee"):
        assert name not in whole.model_dump_json()


@pytest.mark.parametrize("name", sorted(p.relative_to(ASSETS).as_posix() for p in (ASSETS / "fonts").glob("*.ttf")))
def test_each_font_is_in_the_table_of_licences(name: str) -> None:
    assert licence(name).startswith("OFL-1.1")


def test_what_is_not_in_the_table_is_no_asset() -> None:
    with pytest.raises(KeyError, match="fonts/Arial"):
        licence("fonts/Arial.ttf")
