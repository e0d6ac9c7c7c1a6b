"""Publishing: each clip out once, labelled and told of, whatever fails on the way.

    python benchmarks/publish.py [--quick] [--json] [--only PART]

Parts:
  night     1,000 products on TikTok, Douyin and Weibo, servers of this machine that fail at random, a sign-in that ends, clips that
            change, and workers killed with -9: posted twice, lost, unknown to the ledger; whether a secret is in anything that was
            written, by this night or by the real flow
  claims    16 workers that all want the same 10,000 posts, on SQLite and on PostgreSQL
  bucket    uploads that are cut off and gone on with, writes of a race, on an S3 of this machine
  labels    the AI label's height in frames, the AIGC metadata by two readers, the C2PA signature and what breaks it
--quick takes fewer clips, posts and rounds. Nothing needs files from elsewhere. Exits with 1 when a figure falls short.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.figures import asked, report  # noqa: E402
from benchmarks.publish_parts import bucket, claims, labels, soak  # noqa: E402


def main() -> int:
    options = asked(__doc__)
    parts = {"night": soak.figures, "claims": claims.figures, "bucket": bucket.figures, "labels": labels.figures}
    chosen = [(name, lambda part=part: part(quick=options.quick)) for name, part in parts.items() if name.startswith(options.only)]
    return report(chosen, as_json=options.json)


if __name__ == "__main__":
    sys.exit(main())
