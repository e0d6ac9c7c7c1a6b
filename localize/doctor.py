"""What would stop tonight's run, looked for the evening before: engines, accounts, disk, memory, rates, ledger, store, clock, notices.

Each look is a Finding: `info` where all is well, `warn` for what will be trouble, `block` for what stops the night; the message says the
way out. A look that fails is itself a finding, so that the others are still taken.
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from localize import engines, hosts, kit, machine, money, notices, pull, weights
from localize.campaign import Campaign
from localize.domain import Finding, Severity
from localize.errors import CrossreelError
from localize.publish.accounts import oauth, standing
from localize.publish.ledger import Ledger, chosen
from localize.store import LocalStore, open_store

FULL, TIGHT = 1, 10  # GiB free: below the first nothing can be made, below the second a night may fill it
OLD = 7  # days: rates move by some per cent in a week, and a price that is off is what buyers complain of
_LOST = (
    "but {} posts of its last run are out. If it was lost, the night posts them all again: put back a copy first, or go by "
    '"Restore after a disk loss" in docs/operations.md.'
)
SKEW = 60.0  # s: platforms and S3 refuse signatures that are minutes off


def look(settings: Campaign, home: Path) -> list[Finding]:
    """Everything that a campaign's night needs on this machine. Asks platforms about accounts; makes and posts nothing."""
    looks: dict[str, Callable[[], Iterator[Finding]]] = {
        "engines": lambda: _engines(settings),
        "models": _models,
        "accounts": lambda: _accounts(settings),
        "disk": lambda: _disk(settings, home),
        "memory": lambda: _memory(settings),
        "rates": lambda: _rates(settings, datetime.now(UTC).date()),
        "ledger": lambda: _ledger(settings, home),
        "store": lambda: _store(settings, home),
        "clock": lambda: _clock(settings),
        "notices": lambda: (_finding("notices", "warn", said) for said in notices.unknown(settings)),
    }
    found: list[Finding] = []
    for name, taken in looks.items():
        try:
            found += taken()
        except (CrossreelError, OSError) as e:
            found.append(_finding(name, "block", str(e)))
    return found


def worst(found: list[Finding]) -> Finding | None:
    """The first of those that stop the night, None if none does."""
    return next((finding for finding in found if finding.severity == "block"), None)


def _finding(check: str, severity: Severity, message: str) -> Finding:
    return Finding(check=check, severity=severity, message=message)


def _engines(settings: Campaign) -> Iterator[Finding]:
    """For each stage and language the engine that would be taken."""
    taken: dict[tuple[str, str], list[str]] = {}
    for stage, name in _asked(settings):
        for language in settings.languages:
            try:
                engine = engines.get(
                    stage, name, language=language, allow_noncommercial=settings.allow_noncommercial, settings=settings.engines.options,
                    able=lambda card: card.stage != "lipsync" or card.filmed,
                )  # fmt: skip
                taken.setdefault((stage, engine.card.name), []).append(language)
            except CrossreelError as e:
                yield _finding("engines", "block", f"{stage} in {language}: {e}")
    for (what, name), codes in taken.items():
        yield _finding("engines", "info", f"{what}: {name} for {', '.join(codes)}")
    for doubt in (*hosts.doubts(settings), *kit.doubts(settings.brand, settings.languages)):
        yield _finding("engines", "warn", doubt)


def _asked(settings: Campaign) -> Iterator[tuple[engines.Stage, str]]:
    """The stages that need an engine, and those for which the campaign names one: people's translations need no machine, and what
    nobody listens to is spoken all the same."""
    chosen = settings.engines
    yield "script", chosen.script
    yield "voice", chosen.voice
    if settings.filmed:
        yield "lipsync", chosen.lipsync
    if settings.video.cutout == "yes" or (settings.video.cutout == "auto" and chosen.cutout != "auto"):
        yield "cutout", chosen.cutout
    translators = (chosen.translate,) if isinstance(chosen.translate, str) else chosen.translate
    named: list[tuple[engines.Stage, str]] = [("translate", name) for name in translators]
    named += [("convert", chosen.convert), ("recognize", chosen.recognize)]
    yield from ((stage, name) for stage, name in named if name not in ("auto", "none"))


def _models() -> Iterator[Finding]:
    """Weights that were fetched in part, or lost since."""
    for stage in engines.GROUPS:
        for name, kind in engines.kinds(stage).items():
            state = pull.state(weights.folder(name), sources) if (sources := getattr(kind, "WEIGHTS", ())) else "missing"
            if state.startswith("there"):
                yield _finding("models", "info", f"{name}: weights are {state}")
            elif state != "missing":
                yield _finding("models", "warn", f"{name}: weights are {state}. Get the rest: crossreel models pull {name}")


def _accounts(settings: Campaign) -> Iterator[Finding]:
    for channel in settings.channels:
        found = standing.findings(channel)
        for finding in found:
            yield _finding("accounts", finding.severity, f"{channel.name}: {finding.message}")
        if not any(finding.severity == "block" for finding in found):
            yield _finding("accounts", "info", f"{channel.name}: {standing.of(channel)}")


def _disk(settings: Campaign, home: Path) -> Iterator[Finding]:
    """The free space wherever the night writes, each disk told once."""
    places = {"crossreel's home": home, "out": Path(settings.out), "temporary files": Path(tempfile.gettempdir())}
    if not settings.store.startswith("s3://"):
        places["the store"] = Path(settings.store)
    disks: dict[int, tuple[Path, list[str]]] = {}
    for name, path in places.items():
        there = next(p for p in (path, *path.parents) if p.is_dir())
        disks.setdefault(there.stat().st_dev, (there, []))[1].append(name)
    for there, names in disks.values():
        free = shutil.disk_usage(there).free / 2**30
        severity: Severity = "block" if free < FULL else "warn" if free < TIGHT else "info"
        way = "" if severity == "info" else " Make room: crossreel store gc, and move old clips out of `out`."
        yield _finding("disk", severity, f"{free:.1f} GiB are free for {', '.join(names)} ({there}).{way}")


def _memory(settings: Campaign) -> Iterator[Finding]:
    need, free = settings.limits.at_once * machine.CLIP, _available()
    if free is None:
        return
    text = f"{free / 2**30:.1f} GiB of memory are free; {settings.limits.at_once} clips at a time want up to {need / 2**30:.1f} GiB"
    way = "" if free >= need else ": end other programs, or set limits.workers lower"
    yield _finding("memory", "info" if free >= need else "warn", f"{text}{way}.")


def _available() -> int | None:
    """Bytes of memory that could be had without swapping, None where the system does not say."""
    try:
        said = re.search(r"MemAvailable:\s+(\d+) kB", Path("/proc/meminfo").read_text(encoding="ascii"))
    except OSError:
        return None
    return min(int(said[1]) * 1024, machine.memory()) if said else None


def _rates(settings: Campaign, today: date) -> Iterator[Finding]:
    rates = money.load(settings.rates_file())
    days = (today - rates.date).days
    if days <= OLD:
        yield _finding("rates", "info", f"the rates are of {rates.date}")
    elif settings.money.rates:
        way = "Prices are converted by them: write today's rates and `date` into that file."
        yield _finding("rates", "warn", f"the rates in {settings.rates_file()} are {days} days old ({rates.date}). {way}")
    else:
        way = "If your prices are converted, name a table of your own under `money: {rates: ...}`."
        yield _finding("rates", "warn", f"the campaign uses the demo's rates of {rates.date}. {way}")


def _ledger(settings: Campaign, home: Path) -> Iterator[Finding]:
    where = chosen(home, settings.ledger)
    if "://" not in where and not Path(where).is_file():
        if not (lost := _posted(settings)):
            yield _finding("ledger", "info", "there is no ledger yet; the first post makes it")
            return
        yield _finding("ledger", "warn", f"there is no ledger at {where}, {_LOST.format(lost)}")
        return
    ledger = Ledger.open(where)
    try:
        waiting, held = len(ledger.rows(state=("planned", "uploading", "processing"))), len(ledger.rows(state=("held",)))
        known = bool(ledger.rows(campaign=settings.name, limit=1))
    finally:
        ledger.close()
    if not known and (lost := _posted(settings)):
        yield _finding("ledger", "warn", f"the ledger knows no post of this campaign, {_LOST.format(lost)}")
    yield _finding("ledger", "info", f"the ledger answers; {waiting} posts wait")
    if held:
        yield _finding("ledger", "warn", f"{held} posts are held until a person has looked: crossreel ledger list --state held")


def _posted(settings: Campaign) -> int:
    """How many posts the campaign's last run tells of as out, by what it has left in `out`."""
    try:
        told = json.loads((Path(settings.out) / "summary.json").read_text(encoding="utf-8"))
        receipts = [receipt for result in told["results"] for receipt in result["receipts"]]
        return sum(receipt["state"] == "published" for receipt in receipts) if told["campaign"] == settings.name else 0
    except (OSError, ValueError, KeyError, TypeError):  # none yet, or none of ours
        return 0


def _store(settings: Campaign, home: Path) -> Iterator[Finding]:
    """Read from a bucket, write to a folder: what a night does first."""
    store: LocalStore = open_store(settings.store, home)
    store.notes("doctor")
    with tempfile.NamedTemporaryFile(dir=store.root / "tmp", prefix="doctor-"):
        pass
    yield _finding("store", "info", f"the store {settings.store} can be read and written")


def _clock(settings: Campaign) -> Iterator[Finding]:
    """This machine's clock against a platform's, where a channel has one."""
    kind = next((channel.kind for channel in settings.channels if channel.kind in oauth.AUTHORITIES), None)
    if kind is None:
        return
    api = oauth.of(kind).api
    try:
        said = httpx.head(api, timeout=10).headers.get("date", "")
        off = abs(parsedate_to_datetime(said).timestamp() - time.time())
    except (httpx.HTTPError, ValueError) as e:
        yield _finding("clock", "warn", f"{urlsplit(api).hostname} can't be asked for the time: {e}. Is this machine on the network?")
        return
    way = "" if off <= SKEW else ": signatures and sign-ins fail. Turn on the network time of this machine"
    yield _finding("clock", "info" if off <= SKEW else "block", f"the clock is {off:.0f} s off that of {urlsplit(api).hostname}{way}.")
