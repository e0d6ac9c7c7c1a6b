"""The calls of TikTok's Content Posting API for one account, and what their errors mean: for a retry, and for the seller.

An error is told in an answer's `error.code`, with HTTP 200 as well as with others; why an upload failed, in its status's `fail_reason`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from time import sleep
from typing import Any
from urllib.parse import urlsplit

from localize.consent import file_digest
from localize.domain import Channel
from localize.errors import Blocked, CrossreelError, NotReady, Transient, UserError
from localize.publish import Entry, Unknown, accounts
from localize.publish.wire import NoAnswer, Wire

TRIES = 5  # of a call or chunk, in a row
LATER = "The next run goes on with it."
LONGEST_PAUSE = 10.0  # s between two of them; a server that asks for more is left alone until the next run


@dataclass(frozen=True)
class Call:
    """`again`: asking twice is asking once, so that an answer that was lost is asked for again."""

    name: str
    path: str
    per_minute: float
    again: bool = True


CREATOR = Call("creator_info", "/v2/post/publish/creator_info/query/", 20)
STATUS = Call("status", "/v2/post/publish/status/fetch/", 30)
CANCEL = Call("cancel", "/v2/post/publish/cancel/", 30)
# Without its bytes an upload can't become a post, so one whose answer was lost is begun again; what TikTok fetches itself may.
INIT = {
    (mode, source): Call("init", path, 6, again=source == "file")
    for mode, path in {"direct": "/v2/post/publish/video/init/", "draft": "/v2/post/publish/inbox/video/init/"}.items()
    for source in ("file", "url")
}


class Api:
    """The calls for one account. `about` begins every message; without an `entry` the account's rates are not kept."""

    def __init__(self, about: str, channel: Channel, base: str, entry: Entry | None = None) -> None:
        self.about, self.entry = about, entry
        self.account = accounts.find("tiktok", channel.account or channel.name)
        self.wire = Wire("TikTok", base)
        self.secret = ""  # an upload's address, which TikTok might say again

    def ask(self, call: Call, body: dict[str, Any]) -> dict[str, Any]:
        """The `data` of an answer. Raises what its error means, Transient where the same may work later, NoAnswer where what was
        asked for may have been done."""
        stale, pause = "", 0.5
        final = self.entry if not call.again else None
        for left in reversed(range(TRIES)):
            if self.entry:
                self.entry.slot(f"tiktok/{self.account.name}/{call.name}", call.per_minute)
            token = self._token(stale)
            if final:
                final.sending(call.name)
            trouble, status, code, said = self._once(call, body, token)
            if final and code != "ok" and not isinstance(trouble, NoAnswer):
                final.note()  # nothing was begun
            if trouble:
                wait = max(pause, trouble.retry_after or 0.0)
                if not left or wait > LONGEST_PAUSE or (isinstance(trouble, NoAnswer) and not call.again):
                    raise type(trouble)(f"{self.about}: {trouble} {LATER}", retry_after=trouble.retry_after)
                sleep(wait)
                pause *= 2
            elif code == "ok":
                data = said.get("data")
                return data if isinstance(data, dict) else {}
            elif code == "access_token_invalid" and not stale:
                stale = token
            else:
                told, log = (said["error"].get(name) or "" for name in ("message", "log_id"))
                named = f"log_id {log}" * bool(log)  # which TikTok's support asks for
                raise refusal(self.about, self.account.name, code, status, "; ".join(filter(None, (told, named))))
        raise Transient(f"{self.about}: TikTok takes no token of {self.account.name} for long enough. {LATER}")

    def must_lie_at(self, address: str, video: Path) -> None:
        """Raises Transient unless what TikTok would fetch from an address is this very video, not yesterday's or one without its
        label; UserError for a redirect."""
        digest = file_digest(video)
        status, found = self._lies_at(address, video.stat().st_size)
        if 300 <= status < 400:
            raise UserError(f"{self.about}: `url_template` leads to a redirect ({status}), and TikTok follows none: write its end.")
        if status != 200 or found != digest:
            there = "another video lies there" if status == 200 else f"asking for it is answered with {status}"
            raise Transient(
                f"{self.about}: the clip is not yet where `url_template` says, for everybody to read: {there}. The next run looks again."
            )

    def _lies_at(self, address: str, most: int) -> tuple[int, str]:
        """As Wire.digest, asking again where it was not answered."""
        wire, pause = Wire(f"{urlsplit(address).hostname}", address), 0.5
        for left in reversed(range(TRIES)):
            try:
                return wire.digest(address, most)
            except Transient as e:
                wait = max(pause, e.retry_after or 0.0)
                if not left or wait > LONGEST_PAUSE:
                    raise Transient(f"{self.about}: {e} {LATER}", retry_after=e.retry_after) from None
            sleep(wait)
            pause *= 2
        raise AssertionError("the last try returns or raises")

    def _once(self, call: Call, body: dict[str, Any], token: str) -> tuple[Transient | None, int, str, dict[str, Any]]:
        """One request: what went wrong with it on the way, its status, its error's code, all that was said."""
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json; charset=UTF-8"}
        try:
            status, said = self.wire.json("POST", call.path, json=body, headers=headers)
        except Transient as e:
            return e, 0, "", {}
        said = _without(said, token, self.secret)
        error = said.get("error")
        code = str(error.get("code") or "") if isinstance(error, dict) else ""
        if not code and 400 <= status < 500:  # a page of what stands before it
            return None, status, f"HTTP {status}", {"error": {}}
        if not code:
            return NoAnswer(f"TikTok ({call.name}) answered {status} and not whether that is good."), status, "", {}
        passing = {"internal_error": NoAnswer, "rate_limit_exceeded": Transient}.get(code)
        return passing(f"TikTok ({call.name}) says {code}.") if passing else None, status, code, said

    def _token(self, stale: str) -> str:
        try:
            return self.account.renew(stale) if stale else self.account.token()
        except NoAnswer as e:  # of the token's server, which posts nothing
            raise Transient(f"{self.about}: {e}", retry_after=e.retry_after) from None


def _without(said: dict[str, Any], *secrets: str) -> dict[str, Any]:
    """An answer whose error says no secret and no address's query."""
    error = said.get("error")
    if not isinstance(error, dict):
        return said
    words = {name: str(word or "") for name, word in error.items()}
    for secret in filter(None, secrets):
        words = {name: word.replace(secret, "…") for name, word in words.items()}
    return said | {"error": {name: re.sub(r"\?\S+", "?…", word)[:200] for name, word in words.items()}}


# What errors mean -----------------------------------------------------------------------------------------------------

Meaning = tuple[type[CrossreelError], str]

_ADD = "Log the account in again: crossreel account add tiktok {account}"
_OTHER = "Nobody can tell from here whether it is posted: look at {account} on TikTok."
_SETTINGS = "One of the channel's settings or the text is not what TikTok takes: correct it and run again."
_SPAM = "TikTok takes it for spam: write other texts or hashtags for it, and post less often with the channel's `daily`."

CODES: dict[str, Meaning] = {
    "invalid_param": (UserError, _SETTINGS),
    "invalid_params": (UserError, _SETTINGS),
    "privacy_level_option_mismatch": (UserError, "Set the channel's `privacy` to one that the account offers: crossreel account check."),
    "app_version_check_failed": (UserError, "The TikTok app on the creator's phone is too old for drafts: update it."),
    "access_token_invalid": (NotReady, _ADD),
    "scope_not_authorized": (NotReady, _ADD + ", and allow posting (video.publish; video.upload for drafts)."),
    "scope_permission_missed": (NotReady, _ADD + ", and allow posting (video.publish; video.upload for drafts)."),
    "reached_active_user_cap": (NotReady, "The app has as many posting users as it may have in 24 hours: wait, or have TikTok audit it."),
    "unaudited_client_can_only_post_to_private_accounts": (
        NotReady, "TikTok has not audited the app: until then, make the account private and set the channel's `privacy: private`.",
    ),
    "url_ownership_unverified": (
        NotReady, "Verify the domain of `url_template` in TikTok's developer portal, or send the file itself with `source: file`.",
    ),
    "spam_risk": (Blocked, _SPAM),
    "spam_risk_text": (Blocked, _SPAM),
    "spam_risk_too_many_posts": (Blocked, "The account has posted as much as TikTok takes in a day: run again tomorrow, or set `daily`."),
    "spam_risk_too_many_pending_share": (Blocked, "Five drafts wait in the account's inbox: post or delete them in TikTok's app first."),
    "spam_risk_user_banned_from_posting": (Blocked, "TikTok has barred the account from posting: its app says why and how to appeal."),
    "invalid_publish_id": (Unknown, _OTHER),
    "token_not_authorized_for_specified_publish_id": (
        Unknown, "The upload was begun by another account than {account}. " + _OTHER,
    ),
    "publish_not_cancellable": (Transient, "The upload can't be cancelled now; the next run looks again."),
    "rate_limit_exceeded": (Transient, LATER),
    "internal_error": (NoAnswer, LATER),
}  # fmt: skip

FAIL_REASONS: dict[str, Meaning] = {
    "file_format_check_failed": (UserError, "TikTok takes MP4, MOV and WebM with H.264, H.265, VP8 or VP9. Make the clip again."),
    "duration_check_failed": (UserError, "The clip is too short or too long for this account: see the campaign's `script: length`."),
    "frame_rate_check_failed": (UserError, "TikTok takes 23 to 60 frames a second. Make the clip again with such a rate."),
    "picture_size_check_failed": (UserError, "TikTok takes 360 to 4096 pixels a side. Make the clip again in such a size."),
    "publish_cancelled": (UserError, "Somebody cancelled it at TikTok. Run again if it is to be posted."),
    "auth_removed": (NotReady, "The account's owner has taken the app's rights away. " + _ADD),
    "internal": (Transient, "TikTok failed by its own fault; the next run sends it again."),
    "video_pull_failed": (Transient, "TikTok could not fetch the clip: it must lie at `url_template` for everybody, without redirects."),
    **{code: meaning for code, meaning in CODES.items() if code.startswith("spam_risk")},
}  # fmt: skip


def refusal(about: str, account: str, code: str, status: int, message: str = "") -> CrossreelError:
    """What an error code means, for one that is not known by its HTTP status. `about` names the product and the channel."""
    kind, way_out = CODES.get(code) or _by_status(code, status)
    said = f" ({message})" if message else ""
    return kind(f"{about}: TikTok says {code or status}{said}. {way_out.format(account=account)}")


def failure(about: str, account: str, reason: str) -> CrossreelError:
    """What the reason of a failed upload means. It can't become a post any more."""
    kind, way_out = FAIL_REASONS.get(reason) or (Blocked, _SPAM if reason.startswith("spam") else "TikTok's app may say more.")
    return kind(f"{about}: TikTok did not post it: {reason or 'no reason given'}. {way_out.format(account=account)}")


def _by_status(code: str, status: int) -> Meaning:
    if code.startswith("spam"):
        return Blocked, _SPAM
    if status >= 500:
        return NoAnswer, LATER
    if status == 429:
        return Transient, LATER
    if status == 404:
        return UserError, "The channel's `api` must be the address of TikTok's API, https://open.tiktokapis.com."
    if status in (401, 403):
        return NotReady, "The account or the app may not do this: crossreel account check says what they may."
    return (UserError, _SETTINGS) if status >= 400 else (Blocked, "TikTok gives no more reason than that: look at the account.")
