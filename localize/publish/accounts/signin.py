"""Signing in: the seller says yes on the platform's page, in their own browser, which then lands at an address of ours.

Where that address is on this machine, a small server waits for it; else the seller pastes what their browser shows.
"""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Empty, Queue
from secrets import compare_digest, token_urlsafe
from urllib.parse import parse_qsl, urlsplit

from localize.errors import NotReady, UserError
from localize.publish.accounts import oauth
from localize.publish.accounts.grants import App, Grant
from localize.publish.wire import NoAnswer

PORT = 3455
PATIENCE = 600.0  # s to say yes in
_LOCAL = ("127.0.0.1", "localhost")


class SignIn:
    """One try to sign in. Its secrets (the state that the browser must bring back, the verifier) are of this process and this try."""

    def __init__(self, platform: str, app: App, redirect: str = "", scopes: tuple[str, ...] = (), port: int = PORT) -> None:
        self.authority, self.app = oauth.of(platform), app
        self.redirect = redirect or f"http://127.0.0.1:{port}/callback/"
        self.scopes = scopes or self.authority.scopes
        self._state, self._verifier = token_urlsafe(24), token_urlsafe(48)

    @property
    def address(self) -> str:
        """The page to open."""
        return self.authority.address(self.app, self.redirect, self._state, self._verifier, self.scopes)

    @property
    def local(self) -> bool:
        """Whether the browser lands on this machine."""
        return urlsplit(self.redirect).hostname in _LOCAL

    def finish(self, landed: str) -> Grant:
        """The grant for the address that the browser landed at. Raises UserError for another's or a no, NotReady for an app that the
        platform does not know or let, Transient when the platform is in trouble."""
        code = self._code(landed)
        title, again = self.authority.title, "Begin again with the same command."
        try:
            return self.authority.granted(self.app, code, self.redirect, self._verifier)
        except NoAnswer as e:
            raise NoAnswer(f"{e} Its code may have been used by that. {again}") from None
        except oauth.Refused as refused:
            if refused.fault == "grant":
                raise UserError(f"{title} no longer takes this yes ({refused}): a code is good once and for minutes. {again}") from None
            how = {
                "app": f"Enter the app's client key and secret again: `crossreel account app {self.authority.platform}`.",
                "right": f"Ask for the right at {self.authority.portal}, or for less with --scopes.",
                "request": f"Compare the redirect address {self.redirect} with the one at {self.authority.portal}: they must be the same.",
            }[refused.fault]
            raise NotReady(f"{title} does not hand out a token ({refused}).", how=how) from None

    def _code(self, landed: str) -> str:
        said = dict(parse_qsl(urlsplit(landed.strip()).query))
        title = self.authority.title
        if not said.keys() & {"code", "error"}:
            raise UserError(f"that is not where {title} sends a browser: paste the whole address, which begins with {self.redirect}?")
        if not compare_digest(said.get("state", "").encode(), self._state.encode()):
            raise UserError(f"that address answers another sign-in (its state is not this one's): open the page of {title} printed here.")
        if error := said.get("error"):
            if error == "access_denied":
                raise UserError(f"you said no at {title}: nothing was kept. To say yes, begin again with the same command.")
            raise NotReady(f"{title} did not let you sign in ({error}: {said.get('error_description', '')[:200]}).")
        return said["code"]

    def wait(self, patience: float = PATIENCE) -> Grant:
        """As `finish`, for a browser that lands on this machine. Raises UserError if the port is taken or nobody comes."""
        address, came = urlsplit(self.redirect), Queue[str]()
        try:
            server = ThreadingHTTPServer(("127.0.0.1", address.port or 80), _landing(address.path or "/", self._state, came))
        except OSError as e:
            raise UserError(f"port {address.port} of this machine can't be used ({e.strerror}): choose another with --port.") from None
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        try:
            return self.finish(came.get(timeout=patience))
        except Empty:
            how = "begin again, or with --paste where the browser is on another machine"
            raise UserError(f"nobody said yes in {patience / 60:.0f} minutes: {how}.") from None
        finally:
            server.shutdown()
            server.server_close()


def _landing(path: str, state: str, came: Queue[str]) -> type[BaseHTTPRequestHandler]:
    """What answers the browser. Only who brings the state is heard: anything on this machine can open the port."""

    class Landing(BaseHTTPRequestHandler):
        timeout = 10  # s: browsers open connections that they never use

        def log_message(self, *_: object) -> None:
            pass  # its lines have the code in them

        def do_GET(self) -> None:
            here = urlsplit(self.path)
            said = dict(parse_qsl(here.query))
            if here.path != path:
                self._say(404, "Nothing is here.")
            elif not compare_digest(said.get("state", "").encode(), state.encode()):
                self._say(400, "This answers another sign-in. Open the page that crossreel has printed.")
            else:
                self._say(200, "Done: crossreel has your answer. The terminal says the rest; this page can be closed.")
                came.put(self.path)

        def _say(self, status: int, text: str) -> None:
            page = f"<!doctype html><meta charset=utf-8><title>crossreel</title><p style='font:1.2em sans-serif;margin:3em'>{text}"
            self.send_response(status)
            headers = {"Content-Type": "text/html; charset=utf-8", "Content-Length": str(len(page.encode()))}
            for name, value in {**headers, "Referrer-Policy": "no-referrer", "Connection": "close"}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(page.encode())

    return Landing
