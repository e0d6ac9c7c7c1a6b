"""crossreel account: sign in at a platform, list accounts, see whether tonight's posts could go out."""

from __future__ import annotations

import os
import sys
import webbrowser
from pathlib import Path
from typing import Annotated

import typer
from pydantic import SecretStr
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from localize import campaign as campaigns
from localize.errors import CrossreelError, UserError
from localize.publish import accounts
from localize.publish.accounts import oauth, standing
from localize.publish.accounts.grants import App, Grant, must_be_name, plain
from localize.publish.accounts.signin import PORT, SignIn
from localize.publish.accounts.standing import left, life, rights, short

account_app = typer.Typer(no_args_is_help=True, help="Accounts of platforms: sign in, list, check before a night.")
console = Console(highlight=False)
COLOURS = {"block": "red", "warn": "yellow", "info": "dim"}
Platform = Annotated[str, typer.Argument(help="tiktok, douyin or weibo")]


@account_app.command()
def app(
    platform: Platform,
    client_key: Annotated[str, typer.Option(prompt="client key", help="what the platform knows your app by")],
    client_secret: Annotated[str, typer.Option(prompt="client secret", hide_input=True, help="asked for if not given, and not shown")],
    api: Annotated[str, typer.Option(help="another address of the platform's API")] = "",
) -> None:
    """Keep the key and secret of your app, which you have registered at the platform."""
    title = oauth.of(platform).title
    accounts.Vault().write_app(platform, App(client_key=client_key.strip(), client_secret=SecretStr(client_secret.strip()), api=api))
    _say(f"the {title} app is kept in {accounts.Vault().path(platform, 'app')}. Next: crossreel account add {platform} NAME")


@account_app.command()
def add(
    platform: Platform,
    name: Annotated[str, typer.Argument(help="what a channel's `account` calls it, such as shop-th")],
    port: Annotated[int, typer.Option(help="of this machine, where the browser lands")] = PORT,
    redirect: Annotated[str, typer.Option(help="the redirect address as it is registered at the platform, if it is another")] = "",
    paste: Annotated[bool, typer.Option("--paste", help="the browser is on another machine: paste the address it lands at")] = False,
    scopes: Annotated[str, typer.Option(help="the rights to ask for, with commas, if others than usual")] = "",
) -> None:
    """Sign in at a platform in your browser, and keep what lets crossreel post for that account."""
    _must_be_account(platform, name)
    _must_be_distinct(platform, name)
    asked = tuple(scope.strip() for scope in scopes.split(",") if scope.strip())
    sign_in = SignIn(platform, accounts.app(platform), redirect, asked, port)
    _say(f"open this page, and say yes for {name}:\n\n{sign_in.address}\n")
    if paste or not sign_in.local:
        _say("Your browser then lands at an address that may show an error. That is right: copy that whole address.")
        grant = sign_in.finish(typer.prompt("address"))
    else:
        _browse(sign_in.address)
        _say(f"waiting at {sign_in.redirect} (Ctrl-C stops; --paste if your browser is on another machine)")
        grant = sign_in.wait()
    kept = accounts.Vault()
    with kept.lock(platform, name):
        _must_be_the_same(platform, name, kept.read(platform, name), grant)
        kept.write(platform, name, grant)
    _say(f"{platform}/{name} is kept in {kept.path(platform, name)}: {short(grant.open_id)}, {rights(grant)}, {life(grant)}.")
    if not isinstance(used := accounts.find(platform, name).source, accounts.Vault):
        _say(f"But {platform}/{name} is also set elsewhere, and that comes first. {used.again(platform, name)}")


def _must_be_account(platform: str, name: str) -> None:
    """Looked at before anything is asked or made: both are parts of a path."""
    oauth.of(platform)
    must_be_name(name)


def _must_be_distinct(platform: str, name: str) -> None:
    """Of two names that the environment and the blocks don't tell apart, clips of one would land on the account of the other."""
    for other in (kept for of, kept in accounts.Vault().names() if of == platform and kept != name):
        if plain(other) == plain(name):
            raise UserError(
                f"{name} and {other}, which is there already, are one name in the environment and in Prefect's blocks. Call one of "
                f"them otherwise, or `crossreel account remove {platform} {other}` first."
            )


def _must_be_the_same(platform: str, name: str, before: Grant | None, grant: Grant) -> None:
    """A night's clips must not land on another shop because of a browser that was signed in as somebody else."""
    if before and before.open_id and before.open_id != grant.open_id:
        raise UserError(
            f"{name} is the account {short(before.open_id)}, and your browser was signed in as {short(grant.open_id)}: nothing was "
            f"kept. Sign in as the other one, or `crossreel account remove {platform} {name}` first."
        )


@account_app.command("list")
def list_accounts() -> None:
    """List the accounts of this machine, and how long they are good for."""
    view = Table(Column("platform"), Column("name", overflow="fold"), "account", "rights", "token", "sign-in", "kept in")
    vault = accounts.Vault()
    for platform, name in vault.names():
        try:
            grant = vault.read(platform, name)
        except CrossreelError as e:
            view.add_row(platform, escape(name), "", f"[red]{escape(str(e))}[/red]", "", "", "")
            continue
        if grant:
            view.add_row(platform, escape(name), *_row(grant), "a file")
    for platform, name in accounts.Environment.names(oauth.AUTHORITIES):
        found = accounts.Environment().read(platform, name)
        if found:
            view.add_row(platform, escape(name), *_row(found), "the environment")
    if not view.rows:
        _say("nobody has signed in on this machine: crossreel account add PLATFORM NAME")
        return
    console.print(view)


@account_app.command()
def remove(platform: Platform, name: Annotated[str, typer.Argument(help="as `crossreel account list` calls it")]) -> None:
    """Forget an account. What the platform has allowed is withdrawn in its own settings."""
    _must_be_account(platform, name)
    vault = accounts.Vault()
    with vault.lock(platform, name):
        there = vault.remove(platform, name)
    if not there:
        known = ", ".join(f"{p} {n}" for p, n in vault.names()) or "none"
        raise UserError(f"there is no {platform} account {name!r} in a file of this machine. There are: {known}.")
    _say(f"{platform}/{name} is forgotten here. To withdraw the right itself: {oauth.of(platform).title}, settings, apps you have allowed.")


@account_app.command()
def check(campaign: Annotated[Path, typer.Argument(help="a campaign.yaml")]) -> None:
    """Say what would stop the posts of a campaign's channels tonight. Ends with 3 if something would."""
    settings = campaigns.load(campaign)
    _look_into_blocks()
    stopped = 0
    for channel in settings.channels:
        found = standing.findings(channel)
        for finding in found:
            colour = COLOURS[finding.severity]
            console.print(f"[{colour}]{finding.severity}[/{colour}]  {escape(channel.name)}: {escape(finding.message)}", soft_wrap=True)
        stops = any(finding.severity == "block" for finding in found)
        stopped += stops
        if not stops:
            console.print(f"[green]ok[/green]  {escape(channel.name)}: {escape(standing.of(channel))}", soft_wrap=True)
    _say(f"{len(settings.channels) - stopped} of {len(settings.channels)} channels could post now.")
    if stopped:
        raise typer.Exit(3)


def _look_into_blocks() -> None:
    """A night's flow also looks into the blocks of its Prefect server, so this does, where there is one."""
    if os.environ.get("PREFECT_API_URL"):
        from flows import vault

        vault.register()


def _browse(address: str) -> None:
    if os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY") or sys.platform == "darwin":  # else it may be one for terminals
        webbrowser.open(address)


def _row(grant: Grant) -> tuple[str, str, str, str]:
    sign_in = grant.refresh_expires if grant.refreshable else grant.expires
    return escape(short(grant.open_id)), escape(" ".join(grant.scopes)), left(grant.expires), left(sign_in)


def _say(text: str) -> None:
    console.print(text, soft_wrap=True, markup=False)
