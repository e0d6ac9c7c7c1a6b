"""crossreel voice: add a person's voice with their consent, list the voices, see what one may be used for."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from localize import consent as consents
from localize.errors import Blocked, CrossreelError, UserError
from localize.media.pcm import read_audio
from localize.voice import package as packages
from localize.voice import reference as references
from localize.voice.reference import Examined, Figures

voice_app = typer.Typer(no_args_is_help=True, help="Voices of people, with their consent.")
console = Console(highlight=False)
COLOURS = {"block": "red", "warn": "yellow", "info": "dim"}


@voice_app.command()
def add(
    name: Annotated[str, typer.Argument(help="what the voice is called: small letters, digits, - and _")],
    reference: Annotated[
        list[Path] | None, typer.Option(help="a recording or video of the person alone; may be given several times")
    ] = None,
    consent: Annotated[Path | None, typer.Option(help="the consent.yaml of the person")] = None,
    gender: Annotated[str, typer.Option(help="female or male, for particles; by the pitch if not given")] = "",
    language: Annotated[str, typer.Option(help="that is spoken in the recording, such as th")] = "",
    transcript: Annotated[str, typer.Option(help="what is said in it, or a text file with that")] = "",
    licence: Annotated[str, typer.Option(help="under which the recording may be used")] = "",
    about: Annotated[str, typer.Option(help="a line to remember the voice by")] = "",
    into: Annotated[Path | None, typer.Option(help="keep it in this folder, such as the campaign's; else on this machine")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="replace the voice of that name")] = False,
) -> None:
    """Check a recording, clean it, and keep it as a voice, if the person has consented."""
    allowed = _consent(name, consent)
    if not reference:
        raise UserError("give a recording of the person: --reference FILE (WAV, FLAC, MP3, M4A, a video; 10 to 60 s of speech)")
    originals = packages.SHELF.originals(name, reference, allowed)
    whole, refused = _examined(reference)
    if refused:
        raise UserError("\n".join(refused))
    chosen = _gender(gender, whole)
    sheet = _sheet(name, about, chosen, language, _text(transcript), licence, originals, whole.figures)
    samples, rate = references.clean(whole.samples, whole.rate)
    made = packages.add(sheet, samples, rate, allowed, into or packages.home(), replacing=replace)
    made.speaker()  # what was written is what will be found
    _say(f"the voice {name} is kept in {made.folder}: {len(samples) / rate:.1f} s at {rate} Hz, {chosen}, {made.consent.until_when()}")


@voice_app.command("list")
def list_voices(
    base: Annotated[Path | None, typer.Option(help="a campaign's folder, whose voices are listed too")] = None,
) -> None:
    """List the voices there are, and what their consents say today."""
    known = packages.names(base)
    if not known:
        _say("there is no voice yet: crossreel voice add NAME --reference FILE --consent FILE")
        return
    view = Table("name", "gender", "language", "seconds", "consent", "about")
    for name in known:
        try:
            voice = packages.find(name, base)
            seconds = f"{len(read_audio(voice.speaker().reference, 16000)) / 16000:.1f}"
            state = voice.consent.until_when()
        except CrossreelError as e:
            view.add_row(escape(name), "", "", "", f"[red]{escape(str(e).splitlines()[0])}[/red]", "")
            continue
        shown = f"[red]{escape(state)}[/red]" if voice.consent.lack() else escape(state)
        view.add_row(*map(escape, (name, voice.sheet.gender, voice.sheet.language or "-", seconds)), shown, escape(voice.sheet.about))
    console.print(view)


@voice_app.command()
def check(
    name: Annotated[str, typer.Argument(help="a voice, or the folder of one")],
    language: Annotated[str, typer.Option(help="that it is to speak, such as th")] = "",
    platform: Annotated[str, typer.Option(help="that it is to be heard on, such as tiktok")] = "",
) -> None:
    """Say whether a voice may be used, today and there: that its reference is what was consented to, and what the consent covers."""
    voice = packages.find(name)
    voice.speaker()
    voice.require(language=language, platform=platform)
    _say(f"{voice.reference()}: may be used ({voice.consent.scope()}; {voice.consent.until_when()})")


# ---- the steps of adding


def _consent(name: str, path: Path | None) -> consents.Consent:
    if path is None:
        raise Blocked(f"a person's voice is not used without their consent: give --consent consent.yaml. It says:\n\n{consents.EXAMPLE}")
    allowed = consents.load(path)
    allowed.require(f"the voice {name}")
    return allowed


def _examined(paths: list[Path]) -> tuple[Examined, list[str]]:
    """All recordings as one, and why they are refused. Prints what was measured."""
    parts = [references.judge(references.read(path), alone=len(paths) == 1) for path in paths]
    whole = parts[0]
    if len(parts) > 1 and not any(part.refused for part in parts):
        whole = references.judge(references.joined(parts))
    shown = [*zip([str(path) for path in paths], parts, strict=True), *([("together", whole)] if whole is not parts[0] else [])]
    _print_figures(shown)
    for where, part in shown:
        for finding in part.findings:
            colour = COLOURS[finding.severity]
            console.print(f"[{colour}]{finding.severity}[/{colour}]  {escape(where)}: {escape(finding.message)}", soft_wrap=True)
    return whole, [f"{where} can't be used: {finding.message}." for where, part in shown for finding in part.refused]


def _print_figures(shown: list[tuple[str, Examined]]) -> None:
    view = Table("recording", "seconds", "rate", "sound up to", "over noise", "clipped", "speech", "pitch", "people")
    for where, part in shown:
        f = part.figures
        view.add_row(
            escape(where), f"{f.seconds:.1f}", f"{f.rate} Hz", f"{f.band} Hz", f"{f.snr:.0f} dB", f"{f.clipped:.2f}%", f"{f.spoken:.0%}",
            f"{f.pitch:.0f} Hz" if f.pitch else "-", f"{part.people.people} ({part.people.method})" if part.people else "-",
        )  # fmt: skip
    console.print(view)


def _gender(given: str, whole: Examined) -> str:
    """The gender that was given, else that of the pitch. Raises UserError where that can't tell."""
    if given and given not in ("female", "male"):
        raise UserError(f"--gender is female or male, not {given!r}")
    if not given and not whole.gender:
        raise UserError(
            f"the pitch ({whole.figures.pitch:.0f} Hz) can't tell whether this is a woman or a man: give --gender female or male"
        )
    if given and whole.gender and given != whole.gender:
        console.print(f"[yellow]warn[/yellow]  the voice is {given}, but its pitch ({whole.figures.pitch:.0f} Hz) is rather {whole.gender}")
    return given or whole.gender


def _text(transcript: str) -> str:
    """The transcript, read from a file where one of that name is."""
    try:
        path = Path(transcript).expanduser()
        if not transcript or not path.is_file():
            return transcript.strip()
    except (OSError, RuntimeError, ValueError):  # longer than a file's name may be, or a ~ of nobody: it is the text itself
        return transcript.strip()
    try:
        return path.read_text(encoding="utf-8-sig").strip()
    except UnicodeDecodeError as e:
        raise UserError(f"--transcript {path} is not UTF-8 text (byte {e.start}): save it as UTF-8.") from e


def _sheet(
    name: str, about: str, gender: str, language: str, transcript: str, licence: str, originals: tuple[str, ...], figures: Figures
) -> packages.Sheet:
    from pydantic import ValidationError

    checks = {field: round(value, 3) for field, value in vars(figures).items()}
    values = {
        "name": name, "about": about, "gender": gender, "language": language, "references": (packages.REFERENCE,),
        "transcript": transcript, "licence": licence, "made_from": originals, "checks": checks,
    }  # fmt: skip
    try:
        return packages.Sheet.model_validate(values)
    except ValidationError as e:
        wrong = e.errors()[0]
        if wrong["loc"] == ("name",):
            raise UserError(f"the name {name!r} becomes a folder: use small letters, digits, '-' and '_'") from e
        raise UserError(f"{'.'.join(map(str, wrong['loc']))}: {wrong['msg']} (it says {wrong['input']!r})") from e


def _say(text: str) -> None:
    console.print(text, soft_wrap=True, markup=False)
