"""When a channel posts: the window of its day, in the time of its market."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from localize.domain import Channel
from localize.errors import UserError

# Where sellers' markets are, by the codes of their countries; the first city of one with several.
ZONES = {
    "CN": "Asia/Shanghai", "ID": "Asia/Jakarta", "KH": "Asia/Phnom_Penh", "LA": "Asia/Vientiane", "MM": "Asia/Yangon",
    "MY": "Asia/Kuala_Lumpur", "PH": "Asia/Manila", "SG": "Asia/Singapore", "TH": "Asia/Bangkok", "TW": "Asia/Taipei",
    "VN": "Asia/Ho_Chi_Minh",
}  # fmt: skip
_WINDOW = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)\s*[-–]\s*([01]?\d|2[0-3]):([0-5]\d)")


def window(said: str) -> tuple[time, time]:
    """When a channel's window opens and closes. Raises UserError for what is no window."""
    found = _WINDOW.fullmatch(said.strip())
    if not found:
        raise UserError(f"{said!r} is no window of a day: write it as 19:00-23:00.")
    opens, closes = time(int(found[1]), int(found[2])), time(int(found[3]), int(found[4]))
    if opens == closes:
        raise UserError(f"{said!r} opens when it closes: leave `window` out for all day.")
    return opens, closes


def zone(channel: Channel) -> tzinfo | None:
    """The time zone of a channel's window and day: its own, its market's, or None for this machine's. Raises UserError for one
    that nobody knows, and for hours or days of a market whose time nobody knows."""
    name = channel.timezone or ZONES.get(channel.market.upper(), "")
    if channel.market and not name and (channel.window or channel.daily):
        raise UserError(
            f"what time it is in the market {channel.market!r} is not known here, and `{'window' if channel.window else 'daily'}` goes by "
            f"it: write a `timezone` such as Asia/Bangkok, or one of these markets: {', '.join(ZONES)}."
        )
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError) as e:
        raise UserError(f"{name!r} is no time zone: write one as Asia/Bangkok.") from e


def opening(channel: Channel, now: datetime) -> datetime | None:
    """When the channel's window opens next, None while it is open. A window may run over midnight. `now` has a time zone."""
    if not channel.window:
        return None
    opens, closes = window(channel.window)
    there = now.astimezone(zone(channel))
    clock = there.time()
    if opens <= clock < closes or (opens > closes and not closes <= clock < opens):
        return None
    day = there.date() if clock < opens else there.date() + timedelta(days=1)
    return datetime.combine(day, opens, there.tzinfo)


def today(channel: Channel) -> date:
    """The channel's day: what clips of this moment are filed under."""
    return datetime.now(zone(channel)).date()


def midnight(channel: Channel, now: datetime) -> datetime:
    """When the channel's day began. `now` has a time zone."""
    there = now.astimezone(zone(channel))
    return datetime.combine(there.date(), time(), there.tzinfo)
