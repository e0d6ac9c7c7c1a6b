"""When a channel posts, and by whose clock its day is."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo

import pytest

from localize.domain import Channel
from localize.errors import UserError
from localize.publish import hours


class Evening(datetime):
    """17:30 in Greenwich: in Bangkok it is past midnight, in New York noon."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Evening:
        return cls(2026, 11, 27, 17, 30, tzinfo=UTC).astimezone(tz)


@pytest.mark.parametrize(
    ("said", "day"),
    [
        ({"market": "TH"}, "2026-11-28"),
        ({"market": "th"}, "2026-11-28"),
        ({"timezone": "America/New_York"}, "2026-11-27"),
        ({"market": "TH", "timezone": "America/New_York"}, "2026-11-27"),
        ({"market": "US", "timezone": "Asia/Tokyo", "daily": 3}, "2026-11-28"),
    ],
)
def test_a_day_is_the_channels(said: dict[str, str], day: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hours, "datetime", Evening)
    channel = Channel.model_validate({"name": "a", **said})
    assert str(hours.today(channel)) == day
    assert f"{hours.midnight(channel, Evening.now(UTC)):%Y-%m-%d}" == day


@pytest.mark.parametrize("said", [{"window": "19:00-23:00"}, {"daily": 3}])
def test_hours_and_days_of_a_market_without_a_clock(said: dict[str, str]) -> None:
    with pytest.raises(UserError, match=r"market 'US' is not known here.*`timezone` such as Asia/Bangkok.*CN, ID, KH"):
        hours.zone(Channel.model_validate({"name": "a", "market": "US", **said}))
    assert hours.zone(Channel(name="a", market="US")) is None
    assert hours.zone(Channel.model_validate({"name": "a", **said})) is None
