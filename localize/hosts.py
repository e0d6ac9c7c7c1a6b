"""What a campaign asks of its hosts and will not get, told before anything is spoken."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import cast

from localize import engines
from localize.avatar.filmed import package as avatars
from localize.campaign import Campaign
from localize.consent import Consent
from localize.errors import CrossreelError, NotReady, UserError
from localize.sections import HostSettings
from localize.voice import Voice, clones
from localize.voice import package as packages


def doubts(campaign: Campaign) -> tuple[str, ...]:
    """What is wrong, each said once for all clips. What stops a clip is Blocked there all the same."""
    said = [doubt for find in (_nobody, _voice, _face, _pitch) for host in campaign.hosts for doubt in find(campaign, host)]
    return tuple(dict.fromkeys((*said, *_alike(campaign), *_lips(campaign))))


def _lips(campaign: Campaign) -> Iterator[str]:
    """Filmed hosts whose lips nothing here can move: told before their scripts are paid for."""
    c = campaign.engines
    try:
        if not campaign.filmed:
            return
    except UserError:  # an avatar that is not on this machine: told by whoever makes a clip
        return
    try:
        engines.get(
            "lipsync", c.lipsync, allow_noncommercial=campaign.allow_noncommercial, settings=c.options, able=lambda card: card.filmed
        )
    except CrossreelError as error:
        how = f" {error.how}" if isinstance(error, NotReady) else ""
        yield f"The lips of filmed hosts can't be moved here, so no clip can be made: {error}{how}"


def _alike(campaign: Campaign) -> Iterator[str]:
    """Two hosts whom nobody can tell apart."""
    if len(campaign.hosts) < 2:
        return
    one, other = campaign.hosts
    sound = one.voice == other.voice and (bool(one.voice) or (one.gender, one.pitch) == (other.gender, other.pitch))
    alike = [how for how, same in (("look", one.avatar == other.avatar), ("sound", sound)) if same]
    if alike:
        ways = {"look": "another `avatar`", "sound": "another `voice`, `gender` or `pitch`"}
        yield f"The two hosts {' and '.join(alike)} the same: give one of them {' and '.join(ways[how] for how in alike)}."


def _nobody(campaign: Campaign, host: HostSettings) -> Iterator[str]:
    asked = campaign.engines.voice
    kind = engines.kinds("voice").get(asked)
    if kind and kind.card.clones and not host.voice:
        yield (
            f"The voice engine {asked!r} only speaks as somebody, and the campaign names nobody: no clip can be spoken. "
            "Set `hosts: [{voice: ...}]` to a voice of `crossreel voice list`, or leave `engines: {voice: auto}`."
        )


def _voice(campaign: Campaign, host: HostSettings) -> Iterator[str]:
    if not host.voice:
        return
    try:
        package = packages.find(host.voice)
    except CrossreelError as error:
        yield str(error)
        return
    yield from _consent(campaign, f"voice {package.name}", package.consent)


def _face(campaign: Campaign, host: HostSettings) -> Iterator[str]:
    folder = Path(host.avatar)
    if not folder.is_absolute() or avatars.kind(folder) != "filmed":  # those that come with crossreel go by their names
        return
    try:
        package = avatars.FilmedPackage.load(folder)
        package.footage()
    except CrossreelError as error:
        yield str(error)
        return
    yield from _consent(campaign, f"avatar {package.name}", package.consent)


def _consent(campaign: Campaign, what: str, consent: Consent) -> Iterator[str]:
    """What the person's consent to a thing of theirs does not cover of the campaign."""
    if lack := consent.lack():
        yield f"The {what} may not be used, so every clip will be blocked: {lack}."
        return
    # With fewer languages than the file's, some channels take none of them.
    used = [c for c in campaign.channels if not c.languages or set(c.languages) & set(campaign.languages)]
    lacks = [lack for code in campaign.languages if (lack := consent.lack(language=code))]
    lacks += [f"channel {c.name}: {lack}" for c in used if (lack := consent.lack(platform=c.platform))]
    if lacks:
        yield (
            f"The consent to the {what} does not cover all of the campaign; what it does not cover will be blocked: "
            f"{'; '.join(lacks)}. Ask the person for a new consent, or use another {what.split()[0]} there."
        )


def _pitch(campaign: Campaign, host: HostSettings) -> Iterator[str]:
    if not host.voice or host.pitch == 1:
        return
    codes = [code for code in campaign.languages if _cloned(campaign, code)]
    if codes:
        where = "" if len(codes) == len(campaign.languages) else f" in {', '.join(codes)}"
        whose = "" if len(campaign.hosts) == 1 else f" of host {campaign.hosts.index(host) + 1}"
        yield f"`hosts.pitch`{whose} has no effect{where}: a voice that is cloned keeps its person's own. Leave it out."


def _cloned(campaign: Campaign, language: str) -> bool:
    """Whether the voice that would speak does so as the host by itself; false where none is ready."""
    c = campaign.engines
    try:
        found = engines.get("voice", c.voice, language=language, allow_noncommercial=campaign.allow_noncommercial, settings=c.options)
    except CrossreelError:
        return False
    return clones(cast(Voice, found), language)
