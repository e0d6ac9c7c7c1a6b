"""What the store may do without: artifacts of runs long past, and copies of what was fetched."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from localize.products.sources import kept
from localize.publish.ledger import Ledger, chosen
from localize.publish.parcels import Parcels
from localize.store import LocalStore

SPARE = 24 * 3600.0  # s: what is younger stays, as a run may still be going
FETCHED = 30  # days that a copy stays which nobody has asked for


@dataclass(frozen=True)
class Cleared:
    """How much went: artifacts and fetched files, and their bytes."""

    artifacts: int
    artifact_bytes: int
    fetched: int
    fetched_bytes: int

    def __str__(self) -> str:
        return (
            f"{self.artifacts} artifacts removed, {self.artifact_bytes / 2**20:.0f} MiB freed\n"
            f"{self.fetched} fetched files removed, {self.fetched_bytes / 2**20:.0f} MiB freed"
        )


def clear(store: LocalStore, home: Path, keep: int, ledger: str = "") -> Cleared:
    """Remove artifacts that none of the newest `keep` runs refers to, that no post waits for and that are more than a day old, and
    copies of pictures, catalogs and videos below `home` that nobody has asked for in a month. `ledger` is the posts', if not the usual
    one."""
    store.sweep()
    where, needed = chosen(home, ledger), set[str]()
    if "://" in where or Path(where).is_file():
        waiting = Ledger.open(where).rows(state=("planned", "uploading", "processing", "held"))
        needed = {name for row in waiting for name in Parcels(store).needs(row.parcel)}
    artifacts, size = store.collect(keep, spare=SPARE, needed=needed)
    pruned = [kept.prune(home / name, days=FETCHED) for name in ("pictures", "catalogs", "footage")]
    return Cleared(artifacts, size, sum(n for n, _ in pruned), sum(b for _, b in pruned))
