"""The dub flow: videos that are there already, in other languages, asked for in a form of the UI.

It writes what is asked for as a campaign into the output folder and does what a night does over it; a folder's videos are dubbed every
night by a campaign of their own with the nightly deployment.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.states import Failed
from pydantic import Field

from flows.nightly import Address, Language, nightly, over
from localize import campaign as campaigns
from localize import runs
from localize.campaign import Campaign
from localize.dub.asked import Platform, dubbing, write
from localize.sections import DubCaptions, DubLabel, DubLips, DubSound
from localize.store import open_store

Videos = Annotated[tuple[Annotated[str, Address], ...], Field(min_length=1)]
To = Annotated[tuple[Language, ...], Field(min_length=1)]


def run_name() -> str:
    """The flow run's name in the UI: the output folder and the day."""
    return f"dub · {Path(flow_run.parameters['out']).name} · {datetime.now():%Y-%m-%d %H:%M}"


@flow(name="dub", flow_run_name=run_name, persist_result=False)
def dub(
    videos: Videos, to: To, out: Annotated[str, Field(min_length=1)] = "dubs", source_language: str = "", transcripts: str = "",
    voice: str = "", gender: Literal["auto", "female", "male"] = "auto", consent: str = "", lipsync: DubLips = "auto",
    sound: DubSound = "auto", captions: DubCaptions = "track", label: DubLabel = "auto", track: Annotated[int, Field(ge=1, le=99)] = 1,
    original: bool = False, one_file: bool = False, lossless: bool = False, keep_length: bool = False, platform: Platform = "any",
    campaign: str = "", run: str = "",
) -> State[None]:  # fmt: skip
    """Dub videos into other languages.

    Args:
        videos: files and folders on the worker's machine, patterns such as clips/*.mp4, s3:// and http(s) addresses (keys as ${NAME})
        to: the languages to speak
        out: the folder to write to
        source_language: the language that is spoken in them, such as zh; empty: it is found out
        transcripts: what is said - a file for a single video, a folder for several; empty: what lies beside each video
        voice: a voice of `crossreel voice list`, or original for the speaker's own (needs the consent); empty: the engine's own
        gender: of the engine's own voice; auto: the campaign's host's
        consent: the consent file of who is heard and seen; needed for their own voice, and to move their lips
        lipsync: move the lips of who is seen speaking
        sound: what becomes of the source's sound under the new speech
        captions: a track of the file, burned in, burned in over the source's own, or none
        label: the AI label - burned in, or a track of the file where its picture is copied
        track: which of the source's sound tracks is spoken, from 1
        original: keep the source's sound as a second track
        one_file: also write one file with all languages as its sound tracks
        lossless: write the sound as ALAC, exact where nobody speaks, for editors rather than platforms
        keep_length: let nothing be said past the picture's end
        platform: what it is for, without a campaign; a consent may be for some only, and the label is burned in
        campaign: a campaign.yaml with engines, glossary, memory, channels; empty: none
        run: leave this empty; a name for what is noted of this run, which else has its own id
    """
    asked = dubbing(
        videos, transcripts=transcripts, voice=voice, consent=consent, lipsync=lipsync, sound=sound, captions=captions, label=label,
        track=track, original=original, one_file=one_file, lossless=lossless, keep_length=keep_length,
    )  # fmt: skip
    base, own = campaigns.load(campaign) if campaign else None, "" if gender == "auto" else gender
    path, settings = write(Path(out), list(to), asked, source=source_language, gender=own, platform=platform, base=base)
    ended = over(settings, str(path), run=run)
    if ended.is_failed():
        return ended
    lost = runs.planned(open_store(settings.store, campaigns.home()), run or str(flow_run.id)).rejects
    if not lost:
        return ended
    first, more = lost[0], f"; and {len(lost) - 1} more" if len(lost) > 1 else ""  # each was asked for
    return Failed(message=f"{first.value} can't be dubbed: {first.reason}{more}")


def here(settings: Campaign, path: str, run: str) -> State[Any]:
    """A night over what somebody asked for on the command line, with the campaign as it was read: by now its file may be another call's."""

    @flow(name=nightly.name, flow_run_name=nightly.flow_run_name, persist_result=False)
    def asked(campaign: str, run: str) -> State[None]:
        return over(settings, campaign, run=run)

    return asked(path, run, return_state=True)
