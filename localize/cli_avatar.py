"""crossreel avatar: make a person's video a presenter with their consent, list the avatars, see what one is good for."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from localize import consent as consents
from localize.avatar.filmed import package as packages
from localize.avatar.filmed.enrol import Report, figures
from localize.avatar.filmed.sheet import Sheet
from localize.avatar.sheet import sheet
from localize.domain import Finding
from localize.errors import Blocked, CrossreelError, UserError

avatar_app = typer.Typer(no_args_is_help=True, help="Avatars: drawn ones, and people's videos with their consent.")
console = Console(highlight=False)
COLOURS = {"block": "red", "warn": "yellow", "info": "dim"}


@avatar_app.command()
def add(
    name: Annotated[str, typer.Argument(help="what the avatar is called: small letters, digits, - and _")],
    video: Annotated[Path | None, typer.Option(help="one take of the person alone, facing the camera: 30 s to 2 min")] = None,
    consent: Annotated[Path | None, typer.Option(help="the consent.yaml of the person")] = None,
    background: Annotated[str, typer.Option(help="keep, blur, a colour such as #f4efe6, or a picture's path")] = "keep",
    licence: Annotated[str, typer.Option(help="under which the video may be used")] = "",
    about: Annotated[str, typer.Option(help="a line to remember the avatar by")] = "",
    into: Annotated[Path | None, typer.Option(help="keep it in this folder, such as the campaign's; else on this machine")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="replace the avatar of that name")] = False,
) -> None:
    """Check a video, and keep it as an avatar whose lips can be moved, if the person has consented."""
    if consent is None:
        raise Blocked(f"a person's face is not used without their consent: give --consent consent.yaml. It says:\n\n{consents.EXAMPLE}")
    allowed = consents.load(consent)
    if video is None:
        raise UserError("give a video of the person: --video FILE (MP4, MOV, MKV, WebM; one take, 30 s to 2 min, facing the camera)")
    with console.status("looking at the video"):
        made = packages.add(
            name, video, allowed, into or packages.home(), background=background, licence=licence, about=about, replacing=replace,
            tell=lambda report: _print_report(str(video), report),
        )  # fmt: skip
    made.footage()  # what was written is what will be found
    kept = made.sheet
    _say(
        f"the avatar {name} is kept in {made.folder}: {kept.frames / kept.fps:.1f} s of {kept.size[0]}x{kept.size[1]} px, "
        f"{_loop(kept)}, {made.consent.until_when()}"
    )


@avatar_app.command("list")
def list_avatars(
    base: Annotated[Path | None, typer.Option(help="a campaign's folder, whose avatars are listed too")] = None,
) -> None:
    """List the avatars there are, and what the consents of filmed ones say today."""
    view = Table(Column("name", overflow="fold", min_width=24), "kind", "seconds", "size", "background", "consent", "about")
    for name in packages.names(base):
        try:
            folder = packages.folder_of(name, base)
            if packages.kind(folder) == "drawn":
                view.add_row(escape(name), "drawn", "-", "-", "-", "needs none", "")
                continue
            avatar = packages.find(name, base)
            avatar.footage()
        except CrossreelError as e:
            view.add_row(escape(name), "", "", "", "", f"[red]{escape(str(e).splitlines()[0])}[/red]", "")
            continue
        kept, state = avatar.sheet, avatar.consent.until_when()
        shown = f"[red]{escape(state)}[/red]" if avatar.consent.lack() else escape(state)
        view.add_row(
            escape(name), "filmed", f"{kept.frames / kept.fps:.1f}", f"{kept.size[0]}x{kept.size[1]}",
            escape(kept.background), shown, escape(kept.about),
        )  # fmt: skip
    console.print(view)


@avatar_app.command()
def show(
    name: Annotated[str, typer.Argument(help="a drawn avatar, or the folder of one")],
    out: Annotated[Path | None, typer.Option(help="the picture to write (.png, .jpg, .webp); NAME.png if not given")] = None,
) -> None:
    """Draw every mouth, feeling and gesture of a drawn avatar into one picture."""
    folder = packages.folder_of(name)
    if packages.kind(folder) != "drawn":
        raise UserError(f"{folder} is a filmed avatar and has no drawings: `crossreel avatar check {name}` says what it is good for.")
    with console.status("drawing"):
        made = sheet(folder, out or Path(f"{folder.name}.png"))
    _say(f"the mouths, feelings and gestures of {folder.name} are drawn in {made}")


@avatar_app.command()
def check(
    name: Annotated[str, typer.Argument(help="a filmed avatar, or the folder of one")],
    language: Annotated[str, typer.Option(help="that it is to speak, such as th")] = "",
    platform: Annotated[str, typer.Option(help="that it is to be seen on, such as tiktok")] = "",
) -> None:
    """Say what a filmed avatar is good for, and whether it may be used, today and there."""
    avatar = packages.find(name)
    footage = avatar.footage()
    _print_figures(name, figures(footage.faces, footage.table))
    _print_findings(name, avatar.sheet.findings)
    _say(f"the face was found by {avatar.sheet.faces}; it repeats {_loop(avatar.sheet)}")
    avatar.require(language=language, platform=platform)
    _say(f"{avatar.reference()}: may be used ({avatar.consent.scope()}; {avatar.consent.until_when()})")


def _print_report(where: str, report: Report) -> None:
    _print_figures(where, report.checks())
    _print_findings(where, report.findings)


def _print_figures(where: str, found: dict[str, float]) -> None:
    view = Table("footage", "seconds", "face", "mouth", "sharpness", "with a face", "covered")
    view.add_row(
        escape(where), f"{found['seconds']:.1f}", f"{found['face']:.0f} px high" if "face" in found else "-",
        f"{found['mouth']:.0f} px wide" if "mouth" in found else "-", f"{found['sharpness']:.3f}" if "sharpness" in found else "-",
        f"{found['with_face']:.0%}", f"{found['covered']:.0%}" if "covered" in found else "-",
    )  # fmt: skip
    console.print(view)


def _print_findings(where: str, findings: tuple[Finding, ...]) -> None:
    for finding in findings:
        colour = COLOURS[finding.severity]
        console.print(f"[{colour}]{finding.severity}[/{colour}]  {escape(where)}: {escape(finding.message)}", soft_wrap=True)


def _loop(kept: Sheet) -> str:
    loop = kept.loop
    way = "from its end to its beginning" if loop.kind == "forward" else "there and back"
    return f"{way} ({loop.start / kept.fps:.1f} to {loop.stop / kept.fps:.1f} s, seam {loop.psnr:.1f} dB, usually {loop.usual:.1f} dB)"


def _say(text: str) -> None:
    console.print(text, soft_wrap=True, markup=False)
