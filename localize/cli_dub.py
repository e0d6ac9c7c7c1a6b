"""crossreel dub: videos that are there already, in other languages."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from localize import campaign as campaigns
from localize import languages
from localize.cli_run import console, night
from localize.dub.asked import Platform, dubbing, write
from localize.errors import UserError
from localize.mistakes import nearest
from localize.sections import DubCaptions, DubLabel, DubLips, DubSound


def dub(
    videos: Annotated[
        list[str], typer.Argument(help="videos: files, folders, patterns, s3:// or http(s) addresses (${NAME}: the environment)")
    ],
    to: Annotated[str, typer.Option(help="the languages to speak: th,vi,id")],
    source: Annotated[str, typer.Option("--from", help="the language that is spoken in them; found out if not given")] = "",
    transcript: Annotated[str, typer.Option(help="what is said: an .srt, .vtt, .ass or .txt, or a folder of them")] = "",
    voice: Annotated[str, typer.Option(help="`original`, or a voice of `crossreel voice list`; else the engine's own")] = "",
    gender: Annotated[Literal["female", "male"] | None, typer.Option(help="of the engine's own voice")] = None,
    consent: Annotated[str, typer.Option(help="the consent of who speaks in them: for their own voice, and to move their lips")] = "",
    lipsync: Annotated[DubLips, typer.Option(help="move the lips of who is seen speaking")] = "auto",
    sound: Annotated[DubSound, typer.Option(help="what becomes of the source's sound under the new speech")] = "auto",
    captions: Annotated[DubCaptions, typer.Option(help="captions: a track, burned in, over the source's own, or none")] = "track",
    label: Annotated[DubLabel, typer.Option(help="the AI label: burned in, or a track where the picture is copied")] = "auto",
    track: Annotated[int, typer.Option(min=1, help="which of the source's sound tracks is spoken")] = 1,
    original: Annotated[bool, typer.Option("--original", help="keep the source's sound as a second track")] = False,
    one_file: Annotated[bool, typer.Option("--one-file", help="also write one file with all languages as its sound tracks")] = False,
    lossless: Annotated[bool, typer.Option("--lossless", help="write the sound as ALAC, exact where nobody speaks")] = False,
    keep_length: Annotated[bool, typer.Option("--keep-length", help="let nothing be said past the picture's end")] = False,
    platform: Annotated[Platform, typer.Option(help="what it is for; a consent may be for some only")] = "any",
    campaign: Annotated[Path | None, typer.Option(help="a campaign.yaml with engines, glossary, memory, channels")] = None,
    out: Annotated[Path, typer.Option(help="the folder to write to")] = Path("dubs"),
) -> None:
    """Dub videos into other languages: recognised or by their transcripts, translated to fit, spoken, put back in time."""
    try:
        codes = [nearest(code, languages.codes(), "language") for code in dict.fromkeys(map(str.strip, to.split(","))) if code]
    except ValueError as error:
        raise UserError(f"--to: {error}") from error
    if not codes:
        raise UserError("say which languages to speak: --to th,vi,id.")
    asked = dubbing(
        videos, transcripts=transcript, voice=voice, consent=consent, lipsync=lipsync, sound=sound, captions=captions, label=label,
        track=track, original=original, one_file=one_file, lossless=lossless, keep_length=keep_length,
    )  # fmt: skip
    base = campaigns.load(campaign) if campaign else None
    path, settings = write(out, codes, asked, source=source, gender=gender or "", platform=platform, base=base)
    console.print(f"asked for in {path}", soft_wrap=True, markup=False)
    night(path, settings=settings)
