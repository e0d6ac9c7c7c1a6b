"""crossreel account: sign in through a browser or by pasting, list, remove, and check a campaign's channels."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import ClassVar
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
from platforms import serving
from platforms.oauth import APP, TikTokOAuth
from pydantic import SecretStr
from typer.testing import CliRunner, Result

from localize import cli_account, engines
from localize.cli_account import account_app
from localize.domain import Channel, Finding
from localize.engines import Card, Options
from localize.errors import CrossreelError, NotReady, UserError
from localize.publish import NoOptions, accounts
from localize.publish.accounts import App, Grant, Vault
from localize.publish.accounts.grants import DAY
from localize.publish.accounts.signin import SignIn
from localize.publish.folder import FolderPublisher


@pytest.fixture
def tiktok() -> Iterator[TikTokOAuth]:
    server = TikTokOAuth()
    with serving(server):
        secret = SecretStr(APP["client_secret"])
        Vault().write_app("tiktok", App(client_key=APP["client_key"], client_secret=secret, api=server.address))
        yield server


def call(*args: str, typed: str = "") -> Result:
    result = CliRunner().invoke(account_app, args, input=typed)
    if isinstance(result.exception, CrossreelError):
        raise result.exception
    return result


class Terminal:
    """`crossreel account ...` in a terminal that is read while it runs."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *args: str) -> None:
        self.text = ""
        self.error: BaseException | None = None
        monkeypatch.setattr(cli_account, "_say", self._say)
        self._thread = threading.Thread(target=self._run, args=args)
        self._thread.start()

    def _say(self, text: str) -> None:
        self.text += text + "\n"

    def _run(self, *args: str) -> None:
        try:
            account_app(args, standalone_mode=False)
        except CrossreelError as e:
            self.error = e

    def page(self) -> str:
        """The address it asks to open."""
        ends = time.monotonic() + 120
        while not (found := re.search(r"^http\S+$", self.text, re.MULTILINE)) or "waiting at" not in self.text:
            assert time.monotonic() < ends
            time.sleep(0.01)
        return found[0]

    def end(self) -> str:
        self._thread.join(120)
        return self.text


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def visit(page: str) -> str:
    """What the seller's browser shows in the end."""
    ends = time.monotonic() + 120
    while True:
        try:
            with urlopen(page, timeout=60) as answer:
                return str(answer.read().decode())
        except HTTPError as e:
            return e.read().decode()
        except OSError:  # the port is opened a moment after the page was named
            assert time.monotonic() < ends
            time.sleep(0.02)


def kept(left: float = 100 * DAY, name: str = "shop-th", open_id: str = "open-id-1") -> Grant:
    now = time.time()
    grant = Grant(
        access_token=SecretStr("act.0123456789"), refresh_token=SecretStr("rft.0123456789"), begun=now, expires=now + 7200,
        refresh_expires=now + left, open_id=open_id, scopes=("video.publish",),
    )  # fmt: skip
    Vault().write("tiktok", name, grant)
    return grant


def test_the_browser_of_this_machine_signs_in(tiktok: TikTokOAuth, monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    terminal = Terminal(monkeypatch, "add", "tiktok", "shop-th", "--port", str(port))
    page = terminal.page()
    assert "This answers another sign-in" in visit(f"http://127.0.0.1:{port}/callback/?code=x&state=guessed")
    assert "Nothing is here" in visit(f"http://127.0.0.1:{port}/favicon.ico")
    assert "Done" in visit(page)
    assert "tiktok/shop-th is kept" in terminal.end()
    assert tiktok.good(accounts.find("tiktok", "shop-th").token())
    assert not [token for token in tiktok.every_token if token in terminal.text]


def test_a_seller_who_says_no(tiktok: TikTokOAuth, monkeypatch: pytest.MonkeyPatch) -> None:
    tiktok.says_yes = False
    terminal = Terminal(monkeypatch, "add", "tiktok", "shop-th", "--port", str(free_port()))
    visit(terminal.page())
    terminal.end()
    assert isinstance(terminal.error, UserError)
    assert "you said no at TikTok" in str(terminal.error)
    assert Vault().names() == []


def test_a_port_that_is_taken_and_a_browser_that_never_comes(tiktok: TikTokOAuth, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = tiktok.address.rpartition(":")[2]
    with pytest.raises(UserError, match=f"port {taken} of this machine can't be used.*--port"):
        call("add", "tiktok", "shop-th", "--port", taken)
    with pytest.raises(UserError, match=r"nobody said yes.*--paste"):
        SignIn("tiktok", accounts.app("tiktok"), port=free_port()).wait(patience=0.1)


def test_on_a_server_the_address_is_pasted(tiktok: TikTokOAuth, monkeypatch: pytest.MonkeyPatch) -> None:
    def browser(_: str) -> str:
        address = urlsplit(said[0].split()[-1])
        connection = HTTPConnection(address.netloc)
        connection.request("GET", f"{address.path}?{address.query}")
        return str(connection.getresponse().headers["location"]) + "\n"

    said: list[str] = []
    monkeypatch.setattr(cli_account, "_say", said.append)
    monkeypatch.setattr("typer.prompt", browser)
    call("add", "tiktok", "shop-th", "--redirect", "https://shop.example/back")
    assert accounts.find("tiktok", "shop-th").open_id == "open-id-1"
    monkeypatch.setattr("typer.prompt", lambda _: "http://127.0.0.1:3455/callback/?code=abc&state=stolen")
    with pytest.raises(UserError, match="answers another sign-in"):
        call("add", "tiktok", "shop-vn", "--paste")


def test_a_browser_signed_in_as_another_shop_changes_nothing(tiktok: TikTokOAuth, monkeypatch: pytest.MonkeyPatch) -> None:
    before = kept(open_id="another-shop-77")
    terminal = Terminal(monkeypatch, "add", "tiktok", "shop-th", "--port", str(free_port()))
    visit(terminal.page())
    terminal.end()
    assert "shop-th is the account anothe…-77, and your browser was signed in as open-id-1: nothing was kept" in str(terminal.error)
    assert Vault().read("tiktok", "shop-th") == before


def test_without_the_apps_key_nothing_begins() -> None:
    with pytest.raises(NotReady, match="`crossreel account app tiktok` asks for them"):
        call("add", "tiktok", "shop-th")
    with pytest.raises(UserError, match=r"shop th.* can't be an account's name"):
        call("add", "tiktok", "shop th")


def test_the_apps_key_and_secret_are_asked_for_and_not_shown() -> None:
    result = call("app", "tiktok", typed="aw-key\naw-very-secret\n")
    assert "aw-very-secret" not in result.output
    kept_app = accounts.app("tiktok")
    assert (kept_app.client_key, kept_app.client_secret.get_secret_value()) == ("aw-key", "aw-very-secret")
    assert Vault().path("tiktok", "app").stat().st_mode & 0o777 == 0o600


def test_the_list_says_how_long_and_never_a_token(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "nobody has signed in on this machine" in call("list").output
    monkeypatch.setattr(cli_account.console, "_width", 200)
    kept(open_id="_000aBcDeFgHiJkLmNoP")
    kept(left=-1, name="shop-vn")
    Vault().path("tiktok", "shop-id").write_text("{}")
    Vault().path("tiktok", "shop-id").chmod(0o644)
    monkeypatch.setenv("CROSSREEL_DOUYIN_SHOP_CN_ACCESS_TOKEN", "act.environment")
    shown = call("list").output
    assert re.search(r"tiktok\W+shop-th\W+_000aB…NoP\W+video.publish\W+2.0 hours\W+100 days", shown)
    assert re.search(r"shop-vn\W.*over", shown)
    assert "chmod" in shown
    assert re.search(r"douyin\W+shop-cn\W.*the environment", shown)
    assert not re.search(r"act\.|rft\.|aBcDeFgHi", shown)


def test_a_removed_account_is_gone() -> None:
    kept()
    kept(name="shop-vn")
    assert "forgotten" in call("remove", "tiktok", "shop-th").output
    with pytest.raises(UserError, match="There are: tiktok shop-vn"):
        call("remove", "tiktok", "shop-th")


@pytest.mark.parametrize("command", ["add", "remove"])
@pytest.mark.parametrize(
    ("platform", "name", "told"),
    [
        ("youtube", "x", "'youtube' has no accounts: write one of tiktok, douyin, weibo"),
        ("../../x", "y", "has no accounts"),
        ("tiktok", "../../y", "can't be an account's name"),
        ("tiktok", "app", "app is where the app's own key is kept"),
        ("tiktok", "App-", "app is where the app's own key is kept"),
    ],
)
def test_what_is_no_account_makes_nothing(home: Path, command: str, platform: str, name: str, told: str) -> None:
    with pytest.raises(UserError, match=re.escape(told)):
        call(command, platform, name)
    assert list(home.iterdir()) == []


def test_two_names_that_are_one_elsewhere_are_not_both_taken(tiktok: TikTokOAuth) -> None:
    kept(name="shop-th")
    with pytest.raises(UserError, match=r"Shop\.TH and shop-th.*one name in the environment.*crossreel account remove tiktok shop-th"):
        call("add", "tiktok", "Shop.TH", "--paste")


def test_the_environment_has_no_account_of_the_apps_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CROSSREEL_TIKTOK_APP_ACCESS_TOKEN", "act.environment")
    assert "nobody has signed in on this machine" in call("list").output
    with pytest.raises(UserError, match="app is where the app's own key is kept"):
        accounts.find("tiktok", "app")


class Checked:
    """A publisher of TikTok that says what a test wants."""

    card = Card("tiktok", "publish", "made up", "1", "MIT")
    ChannelOptions: ClassVar[type[Options]] = NoOptions
    says: ClassVar[list[Finding]] = []

    def missing(self) -> str:
        return ""

    def check(self, channel: Channel) -> list[Finding]:
        return self.says


@pytest.fixture
def campaign(shop: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Channels of a folder and of two TikTok accounts."""
    kinds = {"tiktok": Checked(), "folder": FolderPublisher()}
    monkeypatch.setattr(engines, "get", lambda stage, name, **_: kinds[name])
    monkeypatch.setattr(Checked, "says", [])
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    file = shop / "campaign.yaml"
    channels = "channels:\n  - name: disk\n"
    for code in ("th", "vn"):
        channels += f"  - {{name: tiktok-{code}, kind: tiktok, platform: tiktok, account: shop-{code}}}\n"
    file.write_text(re.sub(r"channels:\n(  .*\n)+", channels, file.read_text()))
    return file


def test_a_campaign_whose_channels_could_all_post(campaign: Path, tiktok: TikTokOAuth) -> None:
    kept()
    kept(name="shop-vn", left=3 * DAY)
    result = call("check", str(campaign))
    assert "ok  disk: folder needs no sign-in" in result.output
    assert "ok  tiktok-th: tiktok/shop-th (open-id-1), may video.publish, signed in for 100 days" in result.output
    assert re.search(r"warn  tiktok-vn: the sign-in of shop-vn ends in 3\.0 days.*crossreel account add tiktok shop-vn", result.output)
    assert "3 of 3 channels could post now." in result.output
    assert result.exit_code == 0


def test_what_would_stop_a_post_tonight(campaign: Path, tiktok: TikTokOAuth, monkeypatch: pytest.MonkeyPatch) -> None:
    kept()
    monkeypatch.setattr(Checked, "says", [Finding(check="privacy", severity="block", message="public is not offered")])
    result = call("check", str(campaign))
    assert "block  tiktok-th: public is not offered" in result.output
    assert re.search(r"block  tiktok-vn: there is no tiktok account 'shop-vn'.*crossreel account add tiktok shop-vn", result.output)
    assert "1 of 3 channels could post now." in result.output
    assert result.exit_code == 3
