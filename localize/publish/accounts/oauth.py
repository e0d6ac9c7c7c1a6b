"""How each platform is asked whether crossreel may post for a seller: OAuth 2, each in its own dialect.

TikTok: form in, JSON out, errors {"error", "error_description", "log_id"}; the refresh token dies when it is used.
Douyin: errors as numbers in answers with status 200, numbers may be strings; the refresh token stays, and may be prolonged five times.
Weibo: client_id, a long-lived token, and no refresh.
"""

from __future__ import annotations

import hashlib
import re
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Literal
from urllib.parse import urlencode

from pydantic import SecretStr

from localize.errors import CrossreelError, Transient, UserError
from localize.publish.accounts.grants import App, Grant
from localize.publish.wire import NoAnswer, Wire

Fault = Literal["grant", "app", "right", "request"]


class Refused(CrossreelError):
    """The platform's no, as code and words. `fault`: the code or token is no longer good, the app is not known, it lacks a right, or
    the request is wrong."""

    def __init__(self, message: str, fault: Fault) -> None:
        super().__init__(message)
        self.fault = fault


class Authority(ABC):
    """A platform as the one who hands out grants. `portal` is where sellers register their app, `scopes` what is asked for if nobody
    says, `prolongs` how often a refresh token may be prolonged."""

    platform: ClassVar[str]
    title: ClassVar[str]
    portal: ClassVar[str]
    api: ClassVar[str]
    scopes: ClassVar[tuple[str, ...]]
    prolongs: ClassVar[int] = 0

    @abstractmethod
    def address(self, app: App, redirect: str, state: str, verifier: str, scopes: tuple[str, ...]) -> str:
        """The page on which the seller says yes; it sends their browser to `redirect` with the state and a code."""

    @abstractmethod
    def granted(self, app: App, code: str, redirect: str, verifier: str) -> Grant:
        """What a code is worth. Raises Refused, Transient."""

    def refreshed(self, app: App, grant: Grant) -> Grant:
        """A new access token. Raises Refused; NoAnswer where the refresh token may have been used, other Transients where not."""
        raise Refused(f"{self.title} has no way to renew a token", "grant")

    def prolonged(self, app: App, grant: Grant) -> Grant:
        """A refresh token that lives longer. Raises as `refreshed` does."""
        raise Refused(f"{self.title} has no way to prolong a refresh token", "right")

    def _post(self, app: App, path: str, secrets: Mapping[str, SecretStr], **form: str) -> dict[str, Any]:
        body = {**form, **{name: secret.get_secret_value() for name, secret in secrets.items()}}
        _, said = Wire(self.platform, app.api or self.api).json("POST", path, data=body)
        if refused := self._refusal(said):
            message, fault = refused
            for secret in secrets.values():  # some say what they were sent
                message = message.replace(secret.get_secret_value() or "\0", "…")
            raise Refused(message[:300], fault)
        return said

    @abstractmethod
    def _refusal(self, said: Mapping[str, Any]) -> tuple[str, Fault] | None:
        """Why an answer is a no, None if it is none. Raises Transient for a no that may be a yes later."""

    def _grant(self, said: Mapping[str, Any], begun: float, before: Grant | None = None) -> Grant:
        """What an answer hands out; what it does not speak of stays as it was."""
        if not said.get("access_token"):
            raise NoAnswer(f"{self.platform} answered without an access token.")
        refresh = said.get("refresh_token")
        lives = _seconds(said.get("refresh_expires_in"))
        return Grant(
            access_token=SecretStr(str(said["access_token"])),
            refresh_token=SecretStr(str(refresh)) if refresh else before.refresh_token if before else SecretStr(""),
            begun=begun,
            expires=_ends(begun, _seconds(said.get("expires_in"))),
            refresh_expires=_ends(begun, lives) if lives or not before else before.refresh_expires,
            open_id=str(said.get("open_id") or (before.open_id if before else "")),
            scopes=tuple(re.findall(r"[^\s,]+", str(said.get("scope") or ""))) or (before.scopes if before else ()),
            renewals=before.renewals if before else self.prolongs,
        )


class TikTok(Authority):
    platform = "tiktok"
    title = "TikTok"
    portal = "developers.tiktok.com, Manage apps"
    api = "https://open.tiktokapis.com"
    scopes = ("user.info.basic", "video.publish", "video.upload")

    def address(self, app: App, redirect: str, state: str, verifier: str, scopes: tuple[str, ...]) -> str:
        # Unlike RFC 7636, TikTok wants the hash in hex (developers.tiktok.com/doc/login-kit-desktop).
        challenge = hashlib.sha256(verifier.encode()).hexdigest()
        asked = {"client_key": app.client_key, "response_type": "code", "scope": ",".join(scopes), "redirect_uri": redirect}
        asked |= {"state": state, "code_challenge": challenge, "code_challenge_method": "S256"}
        return f"{app.api or 'https://www.tiktok.com'}/v2/auth/authorize/?{urlencode(asked)}"

    def granted(self, app: App, code: str, redirect: str, verifier: str) -> Grant:
        begun = time.time()
        secrets = {"client_secret": app.client_secret, "code": SecretStr(code), "code_verifier": SecretStr(verifier)}
        form = {"client_key": app.client_key, "grant_type": "authorization_code", "redirect_uri": redirect}
        return self._grant(self._post(app, "/v2/oauth/token/", secrets, **form), begun)

    def refreshed(self, app: App, grant: Grant) -> Grant:
        begun = time.time()
        secrets = {"client_secret": app.client_secret, "refresh_token": grant.refresh_token}
        form = {"client_key": app.client_key, "grant_type": "refresh_token"}
        return self._grant(self._post(app, "/v2/oauth/token/", secrets, **form), begun, grant)

    def _refusal(self, said: Mapping[str, Any]) -> tuple[str, Fault] | None:
        code = said.get("error")
        if isinstance(code, Mapping):  # as the rest of its API says it
            said, code = {**code, "error_description": code.get("message", "")}, code.get("code")
        if not code or code == "ok":
            return None
        message = f"{code}: {said.get('error_description', '')}" + (f" log_id {log}" if (log := said.get("log_id")) else "")
        if code in ("server_error", "temporarily_unavailable", "internal_error", "rate_limit_exceeded"):
            raise Transient(f"TikTok can't renew or hand out a token now ({code}).")
        faults: dict[str, Fault] = {
            "invalid_grant": "grant", "access_denied": "grant", "invalid_client": "app", "unauthorized_client": "app",
            "invalid_scope": "right",
        }  # fmt: skip
        return message, faults.get(str(code), "request")


class Douyin(Authority):
    platform = "douyin"
    title = "Douyin"
    portal = "open.douyin.com, 控制台"
    api = "https://open.douyin.com"
    scopes = ("video.create.bind",)
    prolongs = 5

    def address(self, app: App, redirect: str, state: str, verifier: str, scopes: tuple[str, ...]) -> str:
        asked = {"client_key": app.client_key, "response_type": "code", "scope": ",".join(scopes), "redirect_uri": redirect, "state": state}
        return f"{app.api or self.api}/platform/oauth/connect/?{urlencode(asked)}"

    def granted(self, app: App, code: str, redirect: str, verifier: str) -> Grant:
        begun = time.time()
        secrets = {"client_secret": app.client_secret, "code": SecretStr(code)}
        form = {"client_key": app.client_key, "grant_type": "authorization_code"}
        return self._grant(self._post(app, "/oauth/access_token/", secrets, **form)["data"], begun)

    def refreshed(self, app: App, grant: Grant) -> Grant:
        begun = time.time()
        form = {"client_key": app.client_key, "grant_type": "refresh_token"}
        said = self._post(app, "/oauth/refresh_token/", {"refresh_token": grant.refresh_token}, **form)["data"]
        return self._grant(said, begun, grant)

    def prolonged(self, app: App, grant: Grant) -> Grant:
        begun = time.time()
        form = {"client_key": app.client_key}
        said = self._post(app, "/oauth/renew_refresh_token/", {"refresh_token": grant.refresh_token}, **form)["data"]
        if not said.get("refresh_token"):
            raise NoAnswer("douyin answered without a refresh token.")
        ends = {"refresh_expires": _ends(begun, _seconds(said.get("expires_in"))), "renewals": grant.renewals - 1}
        return grant.model_copy(update={"refresh_token": SecretStr(str(said["refresh_token"])), **ends})

    def _refusal(self, said: Mapping[str, Any]) -> tuple[str, Fault] | None:
        data = said.get("data")
        if not isinstance(data, Mapping):
            raise NoAnswer("douyin answered without data.")
        code = int(_seconds(data.get("error_code")))
        if not code:
            return None
        if code in (10001, 2100001, 2100004):
            raise Transient(f"Douyin can't renew or hand out a token now ({code}).")
        faults: dict[int, Fault] = {
            10003: "app", 10012: "app", 10013: "app", 10004: "right", 10020: "right", 10007: "grant", 10008: "grant", 10010: "grant",
            10014: "grant",
        }  # fmt: skip
        return f"{code}: {data.get('description', '')}", faults.get(code, "request")


class Weibo(Authority):
    platform = "weibo"
    title = "Weibo"
    portal = "open.weibo.com, 我的应用"
    api = "https://api.weibo.com"
    scopes = ()

    def address(self, app: App, redirect: str, state: str, verifier: str, scopes: tuple[str, ...]) -> str:
        asked = {"client_id": app.client_key, "response_type": "code", "redirect_uri": redirect, "state": state}
        asked |= {"scope": ",".join(scopes)} if scopes else {}
        return f"{app.api or self.api}/oauth2/authorize?{urlencode(asked)}"

    def granted(self, app: App, code: str, redirect: str, verifier: str) -> Grant:
        begun = time.time()
        secrets = {"client_secret": app.client_secret, "code": SecretStr(code)}
        form = {"client_id": app.client_key, "grant_type": "authorization_code", "redirect_uri": redirect}
        said = self._post(app, "/oauth2/access_token", secrets, **form)
        grant = self._grant(said | {"open_id": said.get("uid")}, begun)
        # The answer does not say what was allowed; asking changes nothing, and the grant is good without it.
        try:
            told = self._post(app, "/oauth2/get_token_info", {"access_token": grant.access_token})
        except (Refused, Transient):
            return grant
        return self._grant(said | {"open_id": told.get("uid") or said.get("uid"), "scope": told.get("scope")}, begun)

    def _refusal(self, said: Mapping[str, Any]) -> tuple[str, Fault] | None:
        if not said.get("error"):
            return None
        code = int(_seconds(said.get("error_code")))
        if code in (10001, 10009, 10010, 10022, 10023, 10024):
            raise Transient(f"Weibo can't hand out a token now ({code}).")
        faults: dict[int, Fault] = {21324: "app", 21325: "grant", 21327: "grant", 21330: "grant", 21328: "right", 21338: "app"}
        return f"{code}: {said.get('error_description') or said['error']}", faults.get(code, "request")


AUTHORITIES: dict[str, Authority] = {authority.platform: authority for authority in (TikTok(), Douyin(), Weibo())}


def of(platform: str) -> Authority:
    """Raises UserError for a platform that has no accounts here."""
    if platform not in AUTHORITIES:
        raise UserError(f"{platform!r} has no accounts: write one of {', '.join(AUTHORITIES)}.")
    return AUTHORITIES[platform]


def _seconds(said: Any) -> float:
    """A number that may be written as a string; 0 for none."""
    try:
        return float(said)
    except (TypeError, ValueError):
        return 0.0


def _ends(begun: float, seconds: float) -> float:
    return begun + seconds if seconds else 0.0
