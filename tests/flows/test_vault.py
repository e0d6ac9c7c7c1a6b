"""Accounts in blocks of a Prefect server, which the workers of a fleet share."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from platforms import serving
from platforms.oauth import APP, TikTokOAuth
from prefect.blocks.system import Secret
from prefect.client.orchestration import SyncPrefectClient
from pydantic import SecretStr

from flows import vault
from localize.errors import NotReady, Transient, UserError
from localize.publish import accounts
from localize.publish.accounts import App, Grant, Vault

pytestmark = pytest.mark.heavy  # each asks a server of Prefect's


@pytest.fixture
def tiktok(server: SyncPrefectClient, monkeypatch: pytest.MonkeyPatch) -> Iterator[TikTokOAuth]:
    """TikTok, and accounts that are looked for in blocks."""
    monkeypatch.setattr(accounts, "_registered", [])
    platform = TikTokOAuth()
    with serving(platform):
        vault.register()
        yield platform


def kept(tiktok: TikTokOAuth, name: str, left: float) -> Grant:
    """An account in a file, and its app."""
    signed, now = tiktok.sign("video.publish"), time.time()
    grant = Grant(
        access_token=SecretStr(next(iter(signed.access))), refresh_token=SecretStr(signed.refresh), begun=now + left - 7200,
        expires=now + left, open_id="open-id-1",
    )  # fmt: skip
    Vault().write("tiktok", name, grant)
    secret = SecretStr(APP["client_secret"])
    Vault().write_app("tiktok", App(client_key=APP["client_key"], client_secret=secret, api=tiktok.address))
    return grant


def test_an_account_moves_into_a_block_and_is_renewed_there_once(tiktok: TikTokOAuth) -> None:
    kept(tiktok, "Shop_TH", left=-1)
    assert "block crossreel-tiktok-shop-th now" in vault.move("tiktok", "Shop_TH")
    vault.move("tiktok", "app")
    assert Vault().names() == []
    tokens: list[str] = []
    workers = [threading.Thread(target=lambda: tokens.append(accounts.find("tiktok", "Shop_TH").token())) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(tokens) == 4
    assert len(set(tokens)) == tiktok.refreshes == 1
    assert tiktok.good(tokens[0])
    secret = Secret.load("crossreel-tiktok-shop-th")
    assert secret.get()["refresh_token"] == tiktok.signed[0].refresh
    assert not [token for token in tiktok.every_token if token in f"{secret!r} {secret}"]


def test_an_account_that_was_renewed_while_its_move_waited_moves_as_it_is_now(
    tiktok: TikTokOAuth, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    before, lock = kept(tiktok, "shop-id", left=7200), Vault.lock
    renewed = before.model_copy(update={"refresh_token": SecretStr("rft.of-another-worker")})

    @contextmanager
    def after_another(files: Vault, platform: str, name: str) -> Iterator[None]:
        with lock(files, platform, name):
            files.write(platform, name, renewed)  # as who had the lock before has left it
            yield

    monkeypatch.setattr(Vault, "lock", after_another)
    vault.move("tiktok", "shop-id")
    assert Secret.load("crossreel-tiktok-shop-id").get()["refresh_token"] == "rft.of-another-worker"


def test_a_block_is_not_taken_from_another_account_whose_name_becomes_the_same(tiktok: TikTokOAuth) -> None:
    first = kept(tiktok, "shop.vn", left=7200)
    vault.move("tiktok", "shop.vn")
    other = first.model_copy(update={"open_id": "open-id-2"})
    Vault().write("tiktok", "Shop_VN", other)
    with pytest.raises(UserError, match=r"another tiktok account than Shop_VN.*prefect block delete secret/crossreel-tiktok-shop-vn"):
        vault.move("tiktok", "Shop_VN")
    assert Vault().read("tiktok", "Shop_VN") == other
    with pytest.raises(UserError, match="another tiktok account"):
        vault.Blocks().write("tiktok", "shop-vn", other)
    assert vault.Blocks().read("tiktok", "shop.vn") == first
    again = first.model_copy(update={"refresh_token": SecretStr("rft.signed-in-again")})
    Vault().write("tiktok", "shop.vn", again)
    vault.move("tiktok", "shop.vn")  # the same account, signed in anew
    assert vault.Blocks().read("tiktok", "shop.vn") == again


@pytest.mark.parametrize(("platform", "name"), [("youtube", "shop"), ("../..", "shop"), ("tiktok", "../../x"), ("tiktok", "App")])
def test_what_is_no_account_is_not_looked_for(home: Path, platform: str, name: str) -> None:
    with pytest.raises(UserError, match=r"has no accounts|can't be an account's name"):
        vault.move(platform, name)
    assert list(home.iterdir()) == []


def test_a_block_of_something_else_and_one_that_is_not_there(tiktok: TikTokOAuth) -> None:
    Secret(value={"token": "act.0123456789"}).save("crossreel-tiktok-other", overwrite=True)
    with pytest.raises(NotReady, match="block crossreel-tiktok-other does not hold") as raised:
        accounts.find("tiktok", "other")
    assert "act.0123456789" not in f"{raised.value} {raised.value.__cause__}"
    with pytest.raises(NotReady, match="crossreel account add tiktok nobody"):
        accounts.find("tiktok", "nobody")
    with pytest.raises(UserError, match=r"nobody\.json is not there"):
        vault.move("tiktok", "nobody")


def test_a_server_that_is_away_is_no_missing_account(tiktok: TikTokOAuth, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(name: str) -> None:
        import httpx

        raise httpx.ConnectError("no")

    monkeypatch.setattr(Secret, "load", away)
    with pytest.raises(Transient, match="Prefect server: ConnectError"):
        accounts.find("tiktok", "shop-th")
