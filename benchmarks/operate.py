"""Operating: retries, kills, proofreading, fleets, and what all that costs.

    python benchmarks/operate.py [--quick] [--json] [--only PART]

Parts:
  retry     a night with faults at every stage, one Retry, and a night in which nothing has changed: what was made again, what it costs
  kills     flow runs and workers ended by SIGKILL all through a night: what was made, posted or left twice, and how soon it goes on
  crowd     5,000 products that end at their first stage: what Prefect records and costs
  browser   the UI's forms, Retry and artifacts and the morning page in a headless Chromium (needs Debian's and the extra `browser`)
  fleet     two workers on PostgreSQL and a bucket, one killed, the network cut: the clips, by keys, against one machine's
  dask      the same of a Dask cluster of two workers
  pool      the same of two processes, against threads; and of two of which one is killed
--quick takes few products. Nothing needs files from elsewhere. Exits with 1 when a figure falls short.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.figures import asked, report  # noqa: E402
from benchmarks.operate_parts import browser, crowd, fleet, kills, retry  # noqa: E402


def main() -> int:
    options = asked(__doc__)
    parts = {
        "retry": retry.figures, "kills": kills.figures, "crowd": crowd.figures, "browser": browser.figures, "fleet": fleet.figures,
        "dask": fleet.dask, "pool": fleet.pool,
    }  # fmt: skip
    chosen = [(name, lambda part=part: part(quick=options.quick)) for name, part in parts.items() if name.startswith(options.only)]
    return report(chosen, as_json=options.json)


if __name__ == "__main__":
    sys.exit(main())
