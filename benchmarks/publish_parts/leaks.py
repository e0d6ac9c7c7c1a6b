"""Whether a secret got out: a small campaign goes through the real flow to servers that fail, and all that was written is searched.

The flow is `nightly`, with Prefect's own temporary server, as `crossreel run` has it; only speaking and rendering are stand-ins.
"""

from __future__ import annotations

import json
import logging
import os
import sqlite3
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [path for path in (str(ROOT), str(ROOT / "tests")) if path not in sys.path]

from benchmarks.figures import Figure  # noqa: E402

PLANTED = "act.planted-so-that-a-search-that-finds-nothing-is-not-believed"
LOGGED = "act.planted-where-prefect-keeps-what-flows-log"
LONGEST = 600.0  # s that the flow may take
CHANNELS = """\
channels:
  - {{name: tiktok, kind: tiktok, platform: tiktok, account: shop, options: {{api: "{tiktok}", poll: 0.05, patience: 1.0}}}}
  - {{name: packs, kind: handoff, platform: douyin}}
  - {{name: files, platform: any}}
"""


def figures(folder: Path, secrets: Iterable[str], through_flow: bool) -> Iterator[Figure]:
    """What a search of a night's folder finds of these secrets, but in the accounts' own files; and whether what was planted is
    found, in what a flow has written too if one has."""
    (folder / "planted.txt").write_text(f"a log line with {PLANTED} in it")
    planted = {PLANTED: "a log", **({LOGGED: "Prefect's database"} if through_flow else {})}
    sought = [*secrets]
    found, files, size = search(folder, (*sought, *planted))
    told = " and ".join(where for secret, where in planted.items() if secret in found) or "nowhere"
    yield Figure("the search finds tokens that were planted", told, "each", planted.keys() <= found)
    got_out = found - planted.keys()
    kinds = "logs, exceptions, ledger, sidecars" + (", and of a flow: Prefect's database, page, packs" if through_flow else "")
    yield Figure(
        "secrets that got out", f"{len(got_out)} of {len(sought)}, in {files} files of {size / 1e6:.1f} MB: {kinds}", "0", not got_out
    )  # fmt: skip


def search(folder: Path, secrets: Iterable[str]) -> tuple[set[str], int, int]:
    """Which of these (each of four letters and more) are in a folder's files, but those that a benchmark keeps them in; how many files
    that were, and their bytes."""
    sought, found, files, size = defaultdict[bytes, set[bytes]](set), set[str](), 0, 0
    for secret in secrets:
        sought[secret.encode()[:4]].add(secret.encode())
    for path in folder.rglob("*"):
        if path.is_file() and "accounts" not in path.parts and path.name != "settings.json":
            content = path.read_bytes()
            files, size = files + 1, size + len(content)
            for text in (content, _rows(path) if content.startswith(b"SQLite format 3") else b""):
                found |= {secret.decode() for secret in _within(text, sought)}
    return found, files, size


def _within(text: bytes, sought: dict[bytes, set[bytes]]) -> Iterator[bytes]:
    for head, secrets in sought.items():
        at = text.find(head)
        lengths = sorted({len(secret) for secret in secrets})
        while at >= 0:
            yield from (text[at : at + length] for length in lengths if text[at : at + length] in secrets)
            at = text.find(head, at + 1)


def _rows(path: Path) -> bytes:
    """A database's rows as text: in its file a long value lies in pieces."""
    database = sqlite3.connect(path)
    try:
        return "\n".join(database.iterdump()).encode()
    finally:
        database.close()


# --- a small campaign through the real flow ---------------------------------------------------------------------------


def flow(folder: Path, accounts: Path, tiktok: str) -> Figure:
    """Run it in a folder, to a server of TikTok's at that address. The figure tells what came out."""
    home = folder / "flow"
    home.mkdir()
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "CROSSREEL_"))} | {
        "CROSSREEL_HOME": str(home / "home"), "CROSSREEL_ACCOUNTS": str(accounts), "PREFECT_HOME": str(home / "prefect"),
        "PREFECT_LOGGING_LEVEL": "DEBUG",
    }  # fmt: skip
    with (home / "output.txt").open("w") as output:
        subprocess.run(
            [sys.executable, __file__, str(home), tiktok], stdout=output, stderr=output, env=environment, timeout=LONGEST, check=True
        )  # fmt: skip
    states = json.loads((home / "states.json").read_text())
    told = ", ".join(f"{channel} {' '.join(sorted(set(found)))}" for channel, found in sorted(states.items()))
    good = len(states) == 3 and all(state in ("published", "processing") for found in states.values() for state in found)
    return Figure("4 clips through the real flow, to 3 channels", told, "each out, or handed over", good)


def run(home: Path, tiktok: str) -> None:
    """A night of the tests' shop, here; `states.json` says what became of its posts, by channel."""
    import flows.nightly  # before anything of prefect: flows sets what prefect reads when it is imported
    from localize import runs
    from localize.booth import Booth
    from localize.stages import Studio
    from localize.store import LocalStore
    from prefect import flow as prefect_flow  # isort: skip
    from prefect import get_run_logger  # isort: skip
    from tests.conftest import CAMPAIGN, PRODUCTS, draw
    from tests.flows.conftest import StandIn

    logging.getLogger().addHandler(logging.FileHandler(home / "log.txt"))  # beside Prefect's own
    logging.getLogger().setLevel(logging.DEBUG)
    stand_in, shop = StandIn(), home / "shop"
    setattr(Booth, "speeches", lambda *args: stand_in.speeches(*args))  # noqa: B010 (mypy knows methods as what can't be set)
    setattr(Studio, "_render", lambda *args: stand_in.render(*args))  # noqa: B010
    setattr(Studio, "_check", lambda *args: stand_in.check(*args))  # noqa: B010
    head, _, rest = CAMPAIGN.partition("channels:\n")
    shop.mkdir()
    (shop / "campaign.yaml").write_text(head + CHANNELS.format(tiktok=tiktok) + rest[rest.index("brand:") :], encoding="utf-8")
    (shop / "products.csv").write_text(PRODUCTS, encoding="utf-8")
    for picture in ("pictures/mug.jpg", "pictures/lamp.jpg", "logo.png"):
        draw(shop / picture, "#b5651d")

    @prefect_flow(name="planted")
    def plant() -> None:
        get_run_logger().info("a log line with %s in it", LOGGED)

    plant()
    for night in range(8):  # what fails is gone on with, as on the next nights
        flows.nightly.nightly(str(shop / "campaign.yaml"), out=str(home / "out"), run=f"night-{night}", return_state=True)
        outcomes = runs.outcomes(LocalStore(home / "home" / "store"), f"night-{night}")
        receipts = [receipt for outcome in outcomes for receipt in outcome.receipts]
        states = defaultdict[str, list[str]](list)
        for receipt in receipts:
            states[receipt.channel].append(receipt.state)
        if len(receipts) == 12 and set(states["tiktok"]) == {"published"}:
            break
    (home / "states.json").write_text(json.dumps(states))


if __name__ == "__main__":
    run(Path(sys.argv[1]), sys.argv[2])
