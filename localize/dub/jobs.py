"""What is to be dubbed: the campaign's videos, or the footage of its catalog's rows, each in every language."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from localize import campaign as campaigns
from localize import hosts, kit, planning
from localize.campaign import Campaign
from localize.domain import Finding, Product, Reject, SourceVideo
from localize.dub import sources
from localize.dub.sources import Lost, Source
from localize.errors import UserError
from localize.mistakes import hint
from localize.planning import Dub, Plan
from localize.products.sources import fetch

# What a product's video is told with, beside its title.
TOLD = {"brand", "category", "features", "description", "proof", "link", "localized", "source"}
NAMED = 5  # products that a message names


def plan(campaign: Campaign, *, only: Sequence[str] = (), limit: int = 0) -> Plan[SourceVideo]:
    """Find the videos and list the dubs to make: in their order, every language that a channel shows them in. What can't be had is
    a reject with its reason.

    `only` are names of videos, or SKUs for all of a product's; `limit` is a number of videos (0: all). Raises UserError for a name that
    no video has, and where there is no video at all.
    """
    rows = planning.plan(campaign) if campaign.dub.footage else None
    products = {job.product.sku: job.product for job in rows.jobs} if rows else {}
    found, lost = _sources(campaign, products)
    known = {name for source in found for name in (source.name, source.sku) if name}
    missing = [name for name in only if name not in known]
    if missing and not lost:
        raise UserError(f"there is no video {missing[0]!r} to dub.{hint(missing[0], sorted(known))}")
    chosen = [source for source in found if not only or {source.name, source.sku} & set(only)][: limit or None]
    # Of videos that are asked for by their names, what is lost is one of the missing.
    rejects = (*(rows.rejects if rows else ()), *_rejects(lost, products)) if missing or not only else ()
    if not chosen and not rejects:
        raise UserError("there is no video to dub: give files, folders, patterns or addresses" + (", or rows with footage." * bool(rows)))
    videos = [video(campaign, source, products.get(source.sku)) for source in chosen]
    jobs = tuple(Dub(v, code) for v in videos for code in campaign.languages if campaign.channels_for(v.sku, code))
    warnings = (*(rows.warnings if rows else ()), *_silent(products.values()), *_unseen(videos, jobs))
    doubts = (*hosts.doubts(campaign), *kit.doubts(campaign.brand, campaign.languages))
    return Plan(jobs, rejects, warnings, rows.rows if rows else len(found) + len(lost), doubts)


def video(campaign: Campaign, source: Source, product: Product | None) -> SourceVideo:
    """A source as what is made of it is called; of a product's footage with the product's texts."""
    known = product.model_dump(include=TOLD) if product else {}
    title = product.title if product else source.name.replace("_", " ").replace("-", " ").strip()
    language = campaign.source_language
    transcript = str(source.transcript) if source.transcript else ""
    return SourceVideo(sku=source.name, title=title, video=str(source.path), transcript=transcript, language=language, **known)


def _sources(campaign: Campaign, products: dict[str, Product]) -> tuple[list[Source], list[Lost]]:
    dub, home = campaign.dub, campaigns.home()
    if dub.footage:
        return sources.of_products(products.values(), home, campaign.fetch)
    beside = Path(dub.transcripts) if dub.transcripts else None
    return sources.found(dub.videos, home, campaign.fetch, beside, campaign.source_language)


def _rejects(lost: Iterable[Lost], products: dict[str, Product]) -> Iterable[Reject]:
    rows = {shown: product for product in products.values() for name in product.footage for shown in (name, fetch.shown(name))}
    for number, one in enumerate(lost, 1):
        product = rows.get(one.shown)
        if product and product.source:
            where = {"file": product.source.file, "row": product.source.row, "sku": product.sku, "column": "footage"}
        else:
            where = {"file": one.shown, "row": number, "column": "videos"}
        yield Reject.model_validate({**where, "value": one.shown, "reason": str(one.error)})


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
