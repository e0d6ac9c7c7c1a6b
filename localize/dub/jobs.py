"""What is to be dubbed: the campaign's videos, or the footage of its catalog's rows, each in every language."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from localize import campaign as campaigns
from localize import hosts, kit, languages, planning
from localize.campaign import Campaign
from localize.domain import Finding, Product, Reject, SourceVideo
from localize.dub import sources, transcript
from localize.dub.names import Names
from localize.dub.sources import Lost, Source, Wanted
from localize.errors import Transient, UserError
from localize.mistakes import hint
from localize.planning import Dub, Missing, Plan
from localize.products.sources import fetch
from localize.products.tongue import detect

# What a product's video is told with, beside its title.
TOLD = {"brand", "category", "features", "description", "proof", "link", "localized", "source"}
SURE = 0.9  # of the language of a transcript, before anybody is told that it is another
_ALIKE = frozenset(("id", "ms"))  # titles and talk in these are hard to tell apart
NAMED = 5  # products that a message names


def plan(campaign: Campaign, *, only: Sequence[str] = (), limit: int = 0) -> Plan[SourceVideo]:
    """Find the videos and list the dubs to make: in their order, every language that a channel shows them in. What can't be had is
    a reject with its reason.

    `only` are names of videos, or SKUs for all of a product's; `limit` is a number of videos (0: all); no others are fetched.
    Raises Missing for names that no video has, and UserError where there is no video at all.
    """
    rows = planning.plan(campaign) if campaign.dub.footage else None
    products = {job.product.sku: job.product for job in rows.jobs} if rows else {}
    names = Names(_names_file(campaign))
    wanted, lost = _wanted(campaign, products, names)
    known = {name for one in wanted for name in (one.name, one.sku) if name}
    missing = [name for name in only if name not in known]
    if missing and not lost:
        raise Missing(f"there is no video {missing[0]!r} to dub.{hint(missing[0], sorted(known))}", missing)
    asked = [one for one in wanted if not only or {one.name, one.sku} & set(only)]
    chosen, gone = sources.each(asked, campaigns.home(), campaign.fetch, limit)
    # Of videos that are asked for by their names, what stands for none at all may be one of the missing.
    nameless = missing or not only
    rejects = (*(rows.rejects if rows and nameless else ()), *_rejects([*(lost if nameless else ()), *gone], products))
    if not chosen and not rejects:
        raise UserError("there is no video to dub: give files, folders, patterns or addresses" + (", or rows with footage." * bool(rows)))
    videos = [video(campaign, source, products.get(source.sku)) for source in chosen]
    jobs = tuple(Dub(v, code) for v in videos for code in campaign.languages if campaign.channels_for(v.sku, code))
    seen = (*_silent(products.values()), *_unseen(videos, jobs), *_foreign(videos), *_unkept(names))
    doubts = (*hosts.doubts(campaign), *kit.doubts(campaign.brand, campaign.languages))
    warnings = (*(rows.warnings if rows else ()), *seen)
    return Plan(jobs, rejects, warnings, rows.rows if rows else len(wanted) + len(lost), doubts, "row" if rows else "video")


def video(campaign: Campaign, source: Source, product: Product | None) -> SourceVideo:
    """A source as what is made of it is called; of a product's footage with the product's texts."""
    known = product.model_dump(include=TOLD) if product else {}
    title = product.title if product else source.name.replace("_", " ").replace("-", " ").strip()
    language = campaign.source_language
    transcript = str(source.transcript) if source.transcript else ""
    return SourceVideo(sku=source.name, title=title, video=str(source.path), transcript=transcript, language=language, **known)


def _wanted(campaign: Campaign, products: dict[str, Product], names: Names) -> tuple[list[Wanted], list[Lost]]:
    dub, language = campaign.dub, campaign.source_language
    if dub.footage:
        return sources.of_products(products.values(), language, names)
    return sources.listed(dub.videos, Path(dub.transcripts) if dub.transcripts else None, language, names)


def _names_file(campaign: Campaign) -> Path | None:
    """Where it is kept which video has which name: beside the reviews, which know videos by it and lie where all of a fleet see them."""
    beside = campaign.review.file
    return Path(beside).with_name(f"{campaign.name}.videos.json") if beside else None


def _rejects(lost: Iterable[Lost], products: dict[str, Product]) -> Iterable[Reject]:
    rows = {shown: product for product in products.values() for name in product.footage for shown in (name, fetch.shown(name))}
    for one in lost:
        product = rows.get(one.shown)
        if product and product.source:
            where = {"file": product.source.file, "row": product.source.row, "sku": product.sku, "column": "footage"}
        else:
            where = {"file": one.shown, "row": 0, "sku": one.name, "column": "videos"}
        again = f" (asked for {1 + len(sources.PAUSES)} times; the next run asks again)" if isinstance(one.error, Transient) else ""
        yield Reject.model_validate({**where, "value": one.shown, "reason": f"{one.error}{again}"})


def _silent(products: Iterable[Product]) -> Iterable[Finding]:
    """The rows that have no video."""
    if names := [product.sku for product in products if not product.footage]:
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        message = f"Nothing is dubbed of {', '.join(names[:NAMED])}{more}: no video stands in their column footage."
        yield Finding(check="footage", severity="info", message=message)


def _unseen(videos: Iterable[SourceVideo], jobs: Iterable[Dub]) -> Iterable[Finding]:
    """The videos that no channel shows."""
    shown = {job.product.sku for job in jobs}
    for name in (video.sku for video in videos if video.sku not in shown):
        message = f"{name} is not dubbed, as no channel shows it: add {name!r} to a channel's `only`."
        yield Finding(check="channels", severity="warn", message=message)


def _foreign(videos: Iterable[SourceVideo]) -> Iterable[Finding]:
    """The transcripts that are not in the language which is said to be spoken."""
    for one in videos:
        if not one.language or not one.transcript:
            continue
        try:
            found, sure = detect(cue.text for cue in transcript.parse(one.transcript))
        except UserError:  # the dub's own to tell
            continue
        if sure >= SURE and found != one.language and not {found, one.language} <= _ALIKE:
            said, written = languages.name(one.language), languages.name(found)
            way = "give the transcript of what is spoken, or say what is (`--from`, `source_language`)."
            message = f"{Path(one.transcript).name} is in {written}, and {one.sku} is said to speak {said}: {way}"
            yield Finding(check="transcript", severity="warn", message=message)


def _unkept(names: Names) -> Iterable[Finding]:
    if names.trouble:
        lost = "so it is not kept which video has which name, and one may get another when a video of the same name joins it"
        message = f"{names.trouble}, {lost}. Name a file in a folder that can be written as `review: {{file: ...}}`."
        yield Finding(check="names", severity="warn", message=message)
