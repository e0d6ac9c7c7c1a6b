"""Accounts: tokens are renewed once, kept before they are used, and shown nowhere. Over HTTP with platforms that hold to the contract."""

from __future__ import annotations

import logging
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from platforms import serving
from platforms.oauth import APP, DouyinOAuth, OAuth, Signed, TikTokOAuth, WeiboOAuth
from pydantic import SecretStr

from localize.errors import CrossreelError, NotReady, Transient, UserError
from localize.publish import accounts
from localize.publish.accounts import Grant, Vault
from localize.publish.accounts.grants import DAY
from localize.publish.accounts.signin import SignIn

AGAIN = "`crossreel account add tiktok shop-th`"


@pytest.fixture
def tiktok(monkeypatch: pytest.MonkeyPatch) -> Iterator[TikTokOAuth]:
    yield from platform(TikTokOAuth(), monkeypatch)


@pytest.fixture
def douyin(monkeypatch: pytest.MonkeyPatch) -> Iterator[DouyinOAuth]:
    yield from platform(DouyinOAuth(), monkeypatch)


@pytest.fixture
def weibo(monkeypatch: pytest.MonkeyPatch) -> Iterator[WeiboOAuth]:
    yield from platform(WeiboOAuth(life=5 * 365 * DAY), monkeypatch)


def platform(server: OAuth, monkeypatch: pytest.MonkeyPatch) -> Iterator[OAuth]:
    """On a port, and the environment says so, for this process and for those it starts."""
    with serving(server):
        monkeypatch.setenv(f"CROSSREEL_{server.name.upper()}_API", server.address)
        monkeypatch.setenv(f"CROSSREEL_{server.name.upper()}_CLIENT_KEY", APP["client_key"])
        monkeypatch.setenv(f"CROSSREEL_{server.name.upper()}_CLIENT_SECRET", APP["client_secret"])
        yield server


def kept(server: OAuth, left: float, name: str = "shop-th", refresh_left: float = 100 * DAY) -> Signed:
    """A seller who has signed in, in the vault; `left` seconds of the access token's two hours are left there."""
    now = time.time()
    signed = server.sign("video.publish,video.upload")
    token = next(iter(signed.access))
    signed.access[token] = now + left
    signed.refresh_ends = now + refresh_left
    grant = Grant(
        access_token=SecretStr(token), refresh_token=SecretStr(signed.refresh), begun=now + left - 7200, expires=now + left,
        refresh_expires=now + refresh_left, open_id=signed.open_id, scopes=("video.publish", "video.upload"),
        renewals=5 if server.name == "douyin" else 0,
    )  # fmt: skip
    Vault().write(server.name, name, grant)
    return signed


ASK = "from localize.publish import accounts; print(accounts.find('tiktok', 'shop-th').token())"

# Workers that come from one, so that what they share is imported once; they ask when all of them are there.
EIGHT = """
import os
from localize.publish import accounts
ready, go = os.pipe()
for _ in range(8):
    if not os.fork():
        os.close(go)
        os.read(ready, 1)
        os.write(1, (accounts.find('tiktok', 'shop-th').token() + chr(10)).encode())
        os._exit(0)
os.close(go)
print([os.wait()[1] for _ in range(8)])
"""


def worker(code: str = ASK) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def until(true: Callable[[], bool]) -> None:
    ends = time.monotonic() + 120
    while not true():
        assert time.monotonic() < ends
        time.sleep(0.01)


def test_a_token_that_has_time_left_is_used_as_it_is(tiktok: TikTokOAuth) -> None:
    kept(tiktok, left=3600)
    account = accounts.find("tiktok", "shop-th")
    assert tiktok.good(account.token())
    assert (account.name, account.open_id, account.scopes) == ("shop-th", "open-id-1", ("video.publish", "video.upload"))
    assert tiktok.seen == []


def test_one_with_less_than_five_minutes_is_renewed_and_the_new_pair_is_kept(tiktok: TikTokOAuth) -> None:
    old = kept(tiktok, left=200).refresh
    token = accounts.find("tiktok", "shop-th").token()
    grant = Vault().read("tiktok", "shop-th")
    assert grant
    assert tiktok.good(token)
    assert token == grant.access_token.get_secret_value()
    assert grant.refresh_token.get_secret_value() == tiktok.signed[0].refresh != old
    assert abs(grant.expires - time.time() - tiktok.life) < 60  # what the platform said, not a constant
    assert accounts.find("tiktok", "shop-th").token() == token
    assert tiktok.refreshes == 1


def test_of_a_short_life_only_the_last_tenth_is_left_unused() -> None:
    grant = Grant(access_token=SecretStr("act"), begun=1000.0, expires=1060.0)
    assert not grant.ends_soon(1053.0)
    assert grant.ends_soon(1055.0)


@pytest.mark.heavy
def test_eight_workers_renew_a_token_once(tiktok: TikTokOAuth) -> None:
    kept(tiktok, left=-1)
    said, errors = worker(EIGHT).communicate(timeout=300)
    *tokens, ends = said.splitlines()
    assert (len(tokens), ends, errors) == (8, str([0] * 8), "")
    assert len(set(tokens)) == 1
    assert tiktok.good(tokens[0])
    assert tiktok.refreshes == 1


def test_threads_of_one_worker_renew_a_refused_token_once(tiktok: TikTokOAuth) -> None:
    kept(tiktok, left=3600)
    account = accounts.find("tiktok", "shop-th")
    stale = account.token()
    tiktok.end(stale)
    fresh: list[str] = []
    threads = [threading.Thread(target=lambda: fresh.append(accounts.find("tiktok", "shop-th").renew(stale))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(fresh) == 6
    assert set(fresh) == {account.renew(stale)} != {stale}
    assert tiktok.good(account.token())
    assert tiktok.refreshes == 1


@pytest.mark.heavy
@pytest.mark.parametrize(("fault", "lost"), [("hang_before", False), ("hang_after", True)])
def test_a_worker_killed_while_it_renews(tiktok: TikTokOAuth, fault: str, lost: bool) -> None:
    kept(tiktok, left=-1)
    tiktok.trouble.planned, tiktok.trouble.hang = [("/v2/oauth/token/", fault)], 300.0  # type: ignore[list-item]
    process = worker()
    until(lambda: fault in tiktok.trouble.counts and (not lost or tiktok.refreshes == 1))
    process.send_signal(signal.SIGKILL)
    process.communicate()
    if lost:  # TikTok has given a pair that nobody has: only the seller can help
        with pytest.raises(NotReady, match=f"invalid_grant.*a worker was stopped.*{AGAIN}"):
            accounts.find("tiktok", "shop-th").token()
    else:
        assert tiktok.good(accounts.find("tiktok", "shop-th").token())


@pytest.mark.heavy
@pytest.mark.parametrize(("write", "refreshes"), [(1, 0), (3, 1)])
def test_a_worker_killed_while_it_writes_leaves_the_file_whole(tiktok: TikTokOAuth, write: int, refreshes: int) -> None:
    """Each of its two writes ends with the file and the folder on the disk; it is killed in the first or the second."""
    old = kept(tiktok, left=-1).refresh
    count = f"import os, signal; left = list(range({write})); os.fsync = lambda _: left.pop() or os.kill(os.getpid(), signal.SIGKILL)\n"
    process = worker(count + ASK)
    process.communicate(timeout=300)
    assert (process.returncode, tiktok.refreshes) == (-signal.SIGKILL, refreshes)
    grant = Vault().read("tiktok", "shop-th")
    assert grant
    assert grant.refresh_token.get_secret_value() == old
    Vault().write("tiktok", "shop-th", grant)  # what it left half-written is in nobody's way
    assert sorted(path.name for path in Vault().path("tiktok", "x").parent.glob("*[!k]")) == ["shop-th.json"]


@pytest.mark.parametrize("fault", ["500_before", "reset_before", "reset_mid", "429"])
def test_a_refresh_that_failed_is_tried_again_with_the_same_token(tiktok: TikTokOAuth, fault: str) -> None:
    kept(tiktok, left=-1)
    tiktok.trouble.planned = [("/v2/oauth/token/", fault)]  # type: ignore[list-item]
    account = accounts.find("tiktok", "shop-th")
    if fault == "429":  # which says that it was not done: the post is tried again later, not at once
        with pytest.raises(Transient, match=r"the tiktok account shop-th can't be renewed now: .* had enough requests"):
            account.token()
    assert tiktok.good(account.token())
    assert tiktok.refreshes == 1


@pytest.mark.parametrize("fault", ["500_after", "reset_after"])
def test_a_refresh_whose_answer_was_lost_is_told_as_that(tiktok: TikTokOAuth, fault: str) -> None:
    kept(tiktok, left=-1)
    tiktok.trouble.planned = [("/v2/oauth/token/", fault)]  # type: ignore[list-item]
    with pytest.raises(NotReady, match=f"did not answer when its token was renewed.*{AGAIN}"):
        accounts.find("tiktok", "shop-th").token()


def test_while_the_platform_is_in_trouble_a_token_is_used_to_its_end(tiktok: TikTokOAuth) -> None:
    before = next(iter(kept(tiktok, left=100).access))
    tiktok.trouble.planned = [("/v2/oauth/token/", "500_before")] * 2
    account = accounts.find("tiktok", "shop-th")
    assert account.token() == before
    assert account.token() != before  # the trouble is over
    Vault().write("tiktok", "shop-th", account.grant.model_copy(update={"expires": time.time() - 1}))
    tiktok.trouble.planned = [("/v2/oauth/token/", "500_before")] * 2
    with pytest.raises(Transient, match=r"the tiktok account shop-th can't be renewed now: .* in trouble"):
        accounts.find("tiktok", "shop-th").token()


def test_a_sign_in_that_is_over_says_how_to_renew_it(tiktok: TikTokOAuth) -> None:
    kept(tiktok, left=-1, refresh_left=-1)
    account = accounts.find("tiktok", "shop-th")
    with pytest.raises(NotReady, match=f"the tiktok account shop-th can't be used: .*invalid_grant.*{AGAIN}"):
        account.token()
    assert [f.severity for f in account.outlook()] == ["block"]


@pytest.mark.parametrize(("days", "severities"), [(30, []), (6, ["warn"]), (-1, ["block"])])
def test_the_seller_is_told_a_week_before(tiktok: TikTokOAuth, days: float, severities: list[str]) -> None:
    kept(tiktok, left=3600, refresh_left=days * DAY)
    found = accounts.find("tiktok", "shop-th").outlook()
    assert [f.severity for f in found] == severities
    assert all(AGAIN in f.message for f in found)


def test_a_wrong_key_of_the_app_is_not_the_accounts_fault(tiktok: TikTokOAuth, monkeypatch: pytest.MonkeyPatch) -> None:
    kept(tiktok, left=-1)
    monkeypatch.setenv("CROSSREEL_TIKTOK_CLIENT_SECRET", "another-secret-9876")
    with pytest.raises(NotReady, match=r"invalid_client.*`crossreel account app tiktok`") as raised:
        accounts.find("tiktok", "shop-th").token()
    assert "another-secret" not in str(raised.value)
    monkeypatch.delenv("CROSSREEL_TIKTOK_CLIENT_SECRET")
    with pytest.raises(NotReady, match=r"client key and secret of your TikTok app.*CROSSREEL_TIKTOK_CLIENT_KEY"):
        accounts.find("tiktok", "shop-th").token()


def test_nobody_signed_in() -> None:
    with pytest.raises(NotReady, match=f"{AGAIN}, or set CROSSREEL_TIKTOK_SHOP_TH_ACCESS_TOKEN"):
        accounts.find("tiktok", "shop-th")
    with pytest.raises(UserError, match="tiktok, douyin, weibo"):
        accounts.find("tiktak", "shop-th")
    for name in ("", "../shop", "a/b", "app", "shop th", "shop~th"):
        with pytest.raises(UserError, match="can't be an account's name"):
            accounts.find("tiktok", name)


def test_files_are_of_this_user_alone(tiktok: TikTokOAuth) -> None:
    kept(tiktok, left=3600)
    file = Vault().path("tiktok", "shop-th")
    assert [path.stat().st_mode & 0o777 for path in (file, file.parent, file.parent.parent)] == [0o600, 0o700, 0o700]
    file.chmod(0o640)
    with pytest.raises(NotReady, match=f"may be read by others.*chmod 600 {file}"):
        accounts.find("tiktok", "shop-th")
    file.chmod(0o600)
    file.parent.chmod(0o777)
    with pytest.raises(NotReady, match=f"chmod 700 {file.parent}"):
        accounts.find("tiktok", "shop-th").renew("x")


def test_a_file_that_somebody_edited_is_told_without_its_content(tiktok: TikTokOAuth) -> None:
    kept(tiktok, left=3600)
    file = Vault().path("tiktok", "shop-th")
    file.write_text(file.read_text().replace("access_token", "acess_token"))
    with pytest.raises(NotReady, match=r"shop-th\.json is not what crossreel wrote there") as raised:
        accounts.find("tiktok", "shop-th")
    assert not leaked(tiktok, f"{raised.value!r} {raised.value.__cause__!r}")


def test_a_vault_that_is_full_is_found_out_before_the_refresh_token_is_used(tiktok: TikTokOAuth) -> None:
    kept(tiktok, left=100)
    Vault().path("tiktok", "shop-th").with_name(".shop-th.json.part").mkdir()  # in the way of every write
    account = accounts.find("tiktok", "shop-th")
    assert tiktok.good(account.token())
    with pytest.raises(Transient, match=r"shop-th\.json can't be written"):
        account.renew(account.token())
    assert tiktok.refreshes == 0


def test_workers_may_share_a_folder(tiktok: TikTokOAuth, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CROSSREEL_ACCOUNTS", str(tmp_path / "shared"))
    kept(tiktok, left=3600)
    monkeypatch.setenv("CROSSREEL_HOME", str(tmp_path / "another-home"))
    assert (tmp_path / "shared" / "tiktok" / "shop-th.json").is_file()
    assert tiktok.good(accounts.find("tiktok", "shop-th").token())


def test_a_token_of_the_environment_is_used_as_it_is(tiktok: TikTokOAuth, monkeypatch: pytest.MonkeyPatch) -> None:
    kept(tiktok, left=3600)
    monkeypatch.setenv("CROSSREEL_TIKTOK_SHOP_TH_ACCESS_TOKEN", "act.static")
    monkeypatch.setenv("CROSSREEL_TIKTOK_SHOP_TH_OPEN_ID", "open-id-7")
    account = accounts.find("tiktok", "shop-th")
    assert (account.token(), account.open_id) == ("act.static", "open-id-7")
    with pytest.raises(NotReady, match="Put a new one into CROSSREEL_TIKTOK_SHOP_TH_ACCESS_TOKEN"):
        account.renew("act.static")
    assert tiktok.seen == []


def test_one_with_a_refresh_token_is_renewed_though_nobody_can_write_to_the_environment(
    tiktok: TikTokOAuth, monkeypatch: pytest.MonkeyPatch
) -> None:
    signed = tiktok.sign("video.publish")
    token = next(iter(signed.access))
    monkeypatch.setenv("CROSSREEL_TIKTOK_SHOP_TH_ACCESS_TOKEN", token)
    monkeypatch.setenv("CROSSREEL_TIKTOK_SHOP_TH_REFRESH_TOKEN", signed.refresh)
    tiktok.end(token)
    fresh = accounts.find("tiktok", "shop-th").renew(token)
    assert tiktok.good(fresh)
    assert accounts.find("tiktok", "shop-th").token() == fresh  # by another worker, or on another night
    again = tiktok.sign("video.publish")
    monkeypatch.setenv("CROSSREEL_TIKTOK_SHOP_TH_ACCESS_TOKEN", next(iter(again.access)))  # the seller has put in another
    assert accounts.find("tiktok", "shop-th").token() == next(iter(again.access))


def test_a_registered_source_comes_between_and_is_written_back_to(tiktok: TikTokOAuth, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "_registered", [])
    kept(tiktok, left=-1)
    grant = Vault().read("tiktok", "shop-th")
    assert grant
    Vault().remove("tiktok", "shop-th")

    class Memory(Vault):
        held: Grant = grant

        def read(self, platform: str, name: str) -> Grant:
            return self.held

        def write(self, platform: str, name: str, grant: Grant) -> None:
            self.held = grant

    source = Memory()
    accounts.register(source)
    token = accounts.find("tiktok", "shop-th").token()
    assert token == source.held.access_token.get_secret_value()
    assert tiktok.good(token)
    assert not Vault().path("tiktok", "shop-th").exists()


def test_douyin_keeps_its_refresh_token_and_prolongs_it_before_it_ends(douyin: DouyinOAuth) -> None:
    signed = kept(douyin, left=-1, refresh_left=10 * DAY)
    first = signed.refresh
    account = accounts.find("douyin", "shop-th")
    assert douyin.good(account.token())
    assert account.grant.refresh_token.get_secret_value() == first
    assert abs(account.grant.expires - time.time() - douyin.life) < 60  # "1296000", a string
    signed.refresh_ends = time.time() + 2 * DAY
    Vault().write("douyin", "shop-th", account.grant.model_copy(update={"refresh_expires": signed.refresh_ends}))
    account = accounts.find("douyin", "shop-th")
    account.token()
    assert account.grant.refresh_token.get_secret_value() == signed.refresh != first
    assert (account.grant.renewals, signed.prolongs, douyin.refreshes) == (4, 4, 1)
    assert account.grant.refresh_expires - time.time() > 29 * DAY


@pytest.mark.parametrize("why", ["no right", "too often"])
def test_a_refresh_token_that_douyin_does_not_prolong_is_used_to_its_end(douyin: DouyinOAuth, why: str) -> None:
    signed = kept(douyin, left=3600, refresh_left=2 * DAY)
    douyin.may_prolong, signed.prolongs = why != "no right", 0
    account = accounts.find("douyin", "shop-th")
    assert douyin.good(account.token())
    assert [f.severity for f in account.outlook()] == ["warn"]
    asked = len(douyin.seen)
    assert douyin.good(account.token())
    assert len(douyin.seen) == asked  # not asked again and again


def test_douyins_no_with_status_200_is_a_no(douyin: DouyinOAuth) -> None:
    kept(douyin, left=-1, refresh_left=-1)
    with pytest.raises(NotReady, match=r"10010.*`crossreel account add douyin shop-th`"):
        accounts.find("douyin", "shop-th").token()


def landed(page: str) -> str:
    """Where the browser of a seller who says yes is sent to."""
    address = urlsplit(page)
    browser = HTTPConnection(address.netloc)  # none that logs what it reads
    browser.request("GET", f"{address.path}?{address.query}")
    return str(browser.getresponse().headers["location"])


def test_signing_in_at_each_platform(tiktok: TikTokOAuth, douyin: DouyinOAuth, weibo: WeiboOAuth) -> None:
    for server, rights in ((tiktok, "video.publish"), (douyin, "video.create.bind"), (weibo, "statuses_write")):
        sign_in = SignIn(server.name, accounts.app(server.name), "https://shop.example/back")
        grant = sign_in.finish(landed(sign_in.address))
        assert server.good(grant.access_token.get_secret_value())
        assert rights in grant.scopes
        assert abs(grant.expires - time.time() - server.life) < 60
        assert grant.refreshable == (server is not weibo)
        assert grant.open_id == server.signed[0].open_id


def test_a_wrong_state_a_no_and_a_used_code(tiktok: TikTokOAuth) -> None:
    mine, other = (SignIn("tiktok", accounts.app("tiktok")) for _ in range(2))
    back = landed(mine.address)
    with pytest.raises(UserError, match="answers another sign-in"):
        other.finish(back)
    with pytest.raises(UserError, match=r"paste the whole address.*http://127\.0\.0\.1:3455/callback/\?"):
        mine.finish("https://www.tiktok.com/")
    mine.finish(back)
    with pytest.raises(UserError, match=r"invalid_grant.*Begin again"):
        mine.finish(back)
    tiktok.says_yes = False
    with pytest.raises(UserError, match="you said no at TikTok: nothing was kept"):
        mine.finish(landed(mine.address))


def test_no_token_shows_anywhere(tiktok: TikTokOAuth, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> None:
    caplog.set_level(logging.DEBUG)
    sign_in = SignIn("tiktok", accounts.app("tiktok"))
    said: list[object] = []
    for step in (
        lambda: sign_in.finish(landed(sign_in.address)),
        lambda: sign_in.finish(landed(sign_in.address).replace("code=", "code=x")),
        lambda: kept(tiktok, left=-1),
        lambda: accounts.find("tiktok", "shop-th").token() and None,
        lambda: kept(tiktok, left=-1, refresh_left=-1),
        lambda: accounts.find("tiktok", "shop-th").token(),
        lambda: accounts.find("tiktok", "shop-th"),
    ):
        try:
            said.append(step())
        except CrossreelError as e:
            said += [e, e.__dict__, e.__cause__]
    account = accounts.find("tiktok", "shop-th")
    said += [account, vars(account), account.grant, account.grant.model_dump(), account.grant.model_dump_json(), accounts.app("tiktok")]
    shown = " ".join(f"{what} {what!r}" for what in said if not isinstance(what, Signed)) + caplog.text + "".join(capfd.readouterr())
    assert len(tiktok.every_token) > 6
    assert "invalid_grant" in shown
    assert not leaked(tiktok, shown)
    assert APP["client_secret"] not in shown
    assert pickle.loads(pickle.dumps(account.grant)) == account.grant


def leaked(server: OAuth, text: str) -> list[str]:
    return [token for token in server.every_token if token in text]


def test_the_servers_token_would_be_found_if_it_were_shown(tiktok: TikTokOAuth) -> None:
    kept(tiktok, left=3600)
    assert leaked(tiktok, Path(os.environ["CROSSREEL_HOME"], "accounts/tiktok/shop-th.json").read_text())
