"""Consent: what is read of a consent file, what it covers, and what is said where it does not."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from localize import consent as consents
from localize.consent import Consent
from localize.errors import Blocked, UserError

DAY = date(2026, 6, 1)


def given(**changes: object) -> Consent:
    fields: dict[str, object] = {
        "who": "Somchai Example", "signed": "2026-03-01", "by": "form 31", "languages": ["th", "vi"], "platforms": ["tiktok"],
        "until": "2026-12-31",
    }  # fmt: skip
    return Consent.model_validate(fields | changes)


def wrote(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "consent.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_example_is_a_consent_and_comes_back_as_it_was(tmp_path: Path) -> None:
    found = consents.load(wrote(tmp_path, consents.EXAMPLE))
    assert found.languages == ("th", "vi", "id")
    assert found.until == date(2027, 2, 28)
    assert found.withdrawn is None
    assert consents.load(wrote(tmp_path, consents.dump(found))) == found


@pytest.mark.parametrize(
    ("changes", "use", "lack"),
    [
        ({}, {}, ""),
        ({}, {"language": "th", "platform": "tiktok"}, ""),
        ({}, {"language": "id"}, "not for Indonesian (id)"),
        ({}, {"platform": "douyin"}, "for tiktok, not for douyin"),
        ({}, {"platform": "any"}, "the channel names none"),
        ({"platforms": "all"}, {"platform": "any"}, ""),
        ({"languages": ["th", "all"]}, {"language": "zh"}, ""),
        ({"until": "2026-06-01"}, {}, ""),
        ({"until": "2026-05-31"}, {}, "ended on 2026-05-31"),
        ({"until": None}, {}, ""),
        ({"signed": "2026-06-02"}, {}, "a day to come"),
        ({"withdrawn": "2026-06-01"}, {}, "withdrawn on 2026-06-01"),
        ({"withdrawn": "2026-06-02"}, {}, ""),
    ],
)
def test_what_a_consent_covers(changes: dict[str, object], use: dict[str, str], lack: str) -> None:
    said = given(**changes).lack(today=DAY, **use)
    assert lack in said
    assert bool(said) == bool(lack)


def test_require_names_everything_that_is_missing_and_no_person() -> None:
    with pytest.raises(Blocked) as e:
        given(until="2026-05-01").require("the voice anna", language="id", platform="weibo", today=DAY)
    assert len(e.value.findings) == 3
    assert "the voice anna" in str(e.value)
    assert "new consent" in str(e.value)
    assert "Somchai" not in str(e.value)


def test_the_digest_changes_with_every_word_and_the_reference_says_nothing() -> None:
    one, other = given(), given(by="form 32")
    assert one.digest() == given().digest() != other.digest()
    assert "Somchai" not in one.reference()
    assert one.digest().startswith(one.reference().removeprefix("consent "))


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("languages: [Thai]", "line 4: languages: 'Thai' is not a language's code of two letters. Did you mean 'th'?"),
        ("platforms: [tik tok]", "line 5: platforms: 'tik tok' is not the name of a platform. Did you mean 'tiktok'?"),
        ("platforms: []", "line 5: platforms: it says []: write a list"),
        ("until: 31/12/2026", "line 6: until: '31/12/2026' is not a day: write it as 2026-03-01"),
        ("until: 2026", "line 6: until: 2026 is not a day"),
        ("until: 2025-12-31", "line 6: until: it ends on 2025-12-31, before the day it was signed"),
        ("withdrawn: no", "withdrawn: False is not a day"),
        ("sha256: [abc]", "sha256: 'abc' is not a SHA-256"),
        ("untill: 2026-12-31", "'untill' is not a known key. Did you mean 'until'?"),
        ("by:", "line 3: by: "),
    ],
)
def test_mistakes_are_named_with_their_line(tmp_path: Path, line: str, says: str) -> None:
    lines = ["who: A", "signed: 2026-03-01", "by: form", "languages: [th]", "platforms: [tiktok]", "until: 2027-01-01"]
    key = line.split(":")[0]
    text = [line if old.startswith(f"{key}:") else old for old in lines]
    with pytest.raises(UserError) as e:
        consents.load(wrote(tmp_path, "\n".join(text if line in text else [*text, line])))
    assert says in str(e.value)
    assert len(str(e.value).splitlines()) == 1


def test_a_platform_that_is_not_known_may_be_named(tmp_path: Path) -> None:
    assert given(platforms=["shopee"]).lack(platform="shopee", today=DAY) == ""


@pytest.mark.parametrize(
    ("text", "says"), [("who: [", "not YAML"), ("- a", "line 1"), ("", "line 1"), ("who: A\nsigned: 2026-02-30", "not YAML")]
)
def test_what_is_no_consent_at_all(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(UserError, match=says):
        consents.load(wrote(tmp_path, text))
    with pytest.raises(UserError, match="No such file"):
        consents.load(tmp_path / "none.yaml")
