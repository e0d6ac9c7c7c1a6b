"""Who hands out tokens: TikTok, Douyin and Weibo, each by its contract. They know which tokens are good and how often each was asked
for; a token that a test has ended stays ended."""

from __future__ import annotations

import hashlib
import itertools
from dataclasses import dataclass, field
from urllib.parse import urlencode

from platforms import Answer, Platform, Request, Trouble

APP = {"client_key": "aw-key", "client_secret": "aw-secret-0123456789"}


@dataclass
class Signed:
    """One seller's yes: the tokens that are good now. `ends` and `refresh_ends` are Unix seconds."""

    open_id: str
    scope: str
    access: dict[str, float] = field(default_factory=dict)  # access token: its end
    refresh: str = ""
    refresh_ends: float = 0.0
    prolongs: int = 5


@dataclass
class Code:
    redirect: str
    scope: str
    challenge: str
    used: bool = False


class OAuth(Platform):
    """What the three share. `life` and `refresh_life` are how long tokens live, in seconds. `every_token` are all ever handed out."""

    name = ""

    def __init__(self, trouble: Trouble | None = None, *, life: float = 7200.0, refresh_life: float = 180 * 86400.0) -> None:
        super().__init__(trouble)
        self.life, self.refresh_life = life, refresh_life
        self.signed: list[Signed] = []
        self.codes: dict[str, Code] = {}
        self.every_token: list[str] = []
        self.refreshes = 0
        self._numbers = itertools.count(1)

    def _token(self, kind: str) -> str:
        number = next(self._numbers)
        token = f"{kind}.{hashlib.sha256(f'{self.name}{kind}{number}'.encode()).hexdigest()[:40]}"
        self.every_token.append(token)
        return token

    def sign(self, scope: str = "", open_id: str = "open-id-1") -> Signed:
        """A seller who has said yes: with tokens that are good."""
        signed = Signed(open_id, scope, refresh=self._token("rft"), refresh_ends=self.now() + self.refresh_life)
        self._access(signed)
        self.signed.append(signed)
        return signed

    def _access(self, signed: Signed) -> str:
        token = self._token("act")
        signed.access = {token: self.now() + self.life}
        return token

    def good(self, token: str) -> bool:
        """Whether an access token is taken now."""
        with self.lock:
            return any(ends > self.now() for signed in self.signed for known, ends in signed.access.items() if known == token)

    def end(self, token: str) -> None:
        """The platform takes this access token no longer."""
        with self.lock:
            for signed in self.signed:
                signed.access.pop(token, None)

    def consent(self, query: dict[str, str], key: str, *, yes: bool = True) -> Answer:
        """The page on which a seller says yes; here they always do, at once, or never."""
        if query.get(key) != APP["client_key"] or query.get("response_type") != "code" or not query.get("redirect_uri"):
            return Answer(400, {"error": "invalid_request"})
        if not yes:
            back = {"error": "access_denied", "error_description": "The user said no", "state": query.get("state", "")}
        else:
            code = self._token("code")
            self.codes[code] = Code(query["redirect_uri"], query.get("scope", ""), query.get("code_challenge", ""))
            back = {"code": code, "scopes": query.get("scope", ""), "state": query.get("state", "")}
        return Answer(302, {}, {"Location": f"{query['redirect_uri']}?{urlencode(back)}"})

    def by_refresh(self, token: str) -> Signed | None:
        return next((s for s in self.signed if token and s.refresh == token and s.refresh_ends > self.now()), None)


class TikTokOAuth(OAuth):
    """The refresh token dies when it is used. `says_yes` is what sellers do."""

    name = "tiktok"
    says_yes = True

    def answer(self, request: Request) -> Answer:
        if request.path == "/v2/auth/authorize/":
            challenge = request.query.get("code_challenge", "")
            if len(challenge) != 64 or request.query.get("code_challenge_method") != "S256":
                return Answer(400, {"error": "code_challenge"})
            return self.consent(request.query, "client_key", yes=self.says_yes)
        if request.path != "/v2/oauth/token/" or request.method != "POST":
            return Answer(404, {"error": {"code": "not_found", "message": "", "log_id": "L1"}})
        form = request.form()
        if "x-www-form-urlencoded" not in request.headers.get("content-type", ""):
            return _no("invalid_request", "Content-Type must be application/x-www-form-urlencoded")
        if (form.get("client_key"), form.get("client_secret")) != (APP["client_key"], APP["client_secret"]):
            return _no("invalid_client", "Client key or secret is incorrect.")
        if form.get("grant_type") == "authorization_code":
            return self._by_code(form)
        if form.get("grant_type") != "refresh_token":
            return _no("unsupported_grant_type", "")
        signed = self.by_refresh(form.get("refresh_token", ""))
        if not signed:
            return _no("invalid_grant", f"Refresh token {form.get('refresh_token')} is invalid or expired.")
        self.refreshes += 1
        signed.refresh = self._token("rft")
        return self._handed(signed)

    def _by_code(self, form: dict[str, str]) -> Answer:
        code = self.codes.get(form.get("code", ""))
        if not code or code.used or code.redirect != form.get("redirect_uri"):
            return _no("invalid_grant", "Authorization code is expired.")
        if hashlib.sha256(form.get("code_verifier", "").encode()).hexdigest() != code.challenge:
            return _no("invalid_request", "Code verifier or code challenge is invalid.")
        code.used = True
        return self._handed(self.sign(code.scope))

    def _handed(self, signed: Signed) -> Answer:
        return Answer(json={
            "open_id": signed.open_id, "scope": signed.scope, "access_token": self._access(signed), "expires_in": int(self.life),
            "refresh_token": signed.refresh, "refresh_expires_in": int(signed.refresh_ends - self.now()), "token_type": "Bearer",
        })  # fmt: skip


class DouyinOAuth(OAuth):
    """Errors are numbers in answers with status 200, numbers are strings. A refresh leaves the refresh token and its end as they are,
    and a good access token as well; the refresh token is prolonged by another call, five times, and is another one then."""

    name = "douyin"
    may_prolong = True

    def __init__(self, trouble: Trouble | None = None, *, life: float = 15 * 86400.0, refresh_life: float = 30 * 86400.0) -> None:
        super().__init__(trouble, life=life, refresh_life=refresh_life)

    def answer(self, request: Request) -> Answer:
        form = request.form() if request.method == "POST" else {}
        if request.path == "/platform/oauth/connect/":
            return self.consent(request.query, "client_key")
        if request.path.startswith("/oauth/") and form.get("client_key") != APP["client_key"]:
            return _error(10003, "client_key is wrong")
        if request.path == "/oauth/access_token/":
            code = self.codes.get(form.get("code", ""))
            if form.get("client_secret") != APP["client_secret"]:
                return _error(10013, "client_key or client_secret is wrong")
            if not code or code.used or form.get("grant_type") != "authorization_code":
                return _error(10007, "code is over")
            code.used = True
            return self._handed(self.sign(code.scope))
        if request.path not in ("/oauth/refresh_token/", "/oauth/renew_refresh_token/"):
            return Answer(404, {"data": {"error_code": 10002, "description": "no such path"}, "message": "error"})
        signed = self.by_refresh(form.get("refresh_token", ""))
        if not signed:
            return _error(10010, f"refresh_token {form.get('refresh_token')} is over")
        if request.path == "/oauth/refresh_token/":
            if form.get("grant_type") != "refresh_token":
                return _error(10005, "grant_type is missing")
            self.refreshes += 1
            if not signed.access or max(signed.access.values()) <= self.now():
                self._access(signed)
            signed.access = dict.fromkeys(signed.access, self.now() + self.life)
            return self._handed(signed)
        if not self.may_prolong:
            return _error(10004, "no right to renew_refresh_token")
        if not signed.prolongs:
            return _error(10020, "renewed too often")
        signed.prolongs -= 1
        signed.refresh, signed.refresh_ends = self._token("rft"), self.now() + self.refresh_life
        said = {"refresh_token": signed.refresh, "expires_in": str(int(self.refresh_life)), "error_code": "0", "description": ""}
        return Answer(json={"data": said, "message": "success"})

    def _handed(self, signed: Signed) -> Answer:
        token, ends = next(iter(signed.access.items()))
        said = {
            "access_token": token, "refresh_token": signed.refresh, "open_id": signed.open_id, "scope": signed.scope,
            "expires_in": str(int(ends - self.now())), "refresh_expires_in": str(int(signed.refresh_ends - self.now())),
            "error_code": "0", "description": "",
        }  # fmt: skip
        return Answer(json={"data": said, "message": "success"})


class WeiboOAuth(OAuth):
    """A token for years, without a refresh token."""

    name = "weibo"

    def answer(self, request: Request) -> Answer:
        if request.path == "/oauth2/authorize":
            return self.consent(request.query, "client_id")
        form = request.form()
        if request.path == "/oauth2/get_token_info":
            if not self.good(form.get("access_token", "")):
                return _weibo(21327, "expired_token")
            return Answer(json={"uid": 1404, "appkey": 1, "scope": "statuses_write", "create_at": 1, "expire_in": int(self.life)})
        if request.path != "/oauth2/access_token":
            return _weibo(10020, "no such path")
        code = self.codes.get(form.get("code", ""))
        if (form.get("client_id"), form.get("client_secret")) != (APP["client_key"], APP["client_secret"]):
            return _weibo(21324, "invalid_client")
        if not code or code.used or code.redirect != form.get("redirect_uri"):
            return _weibo(21325, "invalid_grant")
        code.used = True
        token = next(iter(self.sign(code.scope, open_id="1404").access))
        return Answer(json={"access_token": token, "expires_in": int(self.life), "remind_in": str(int(self.life)), "uid": "1404"})


def _no(code: str, description: str) -> Answer:
    return Answer(400, {"error": code, "error_description": description, "log_id": "2026112700001"})


def _error(code: int, description: str) -> Answer:
    return Answer(json={"data": {"error_code": code, "description": description}, "message": "error", "extra": {"logid": "1", "now": 1}})


def _weibo(code: int, error: str) -> Answer:
    return Answer(400, {"error": error, "error_code": code, "request": "/oauth2", "error_description": ""})
