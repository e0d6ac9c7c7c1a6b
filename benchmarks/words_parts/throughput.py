"""Words for a night: 500 products in three languages through the memory, the templates and every check.

Run in a process of its own, whose peak memory is the figure. The store is new, so nothing is there already; the second pass
finds everything made. Seconds are of user and system together.
"""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.words_parts import Figure

LANGUAGES = ("th", "vi", "id")
MOST_MEMORY = 1024  # MiB

# A thing, a quality with a number, and two plain ones, in English and the three languages.
_THINGS = {
    "en": ("Steel bottle", "Desk lamp", "Yoga mat", "Wireless earbuds", "Coffee grinder"),
    "th": ("ขวดน้ำสเตนเลส", "โคมไฟตั้งโต๊ะ", "เสื่อโยคะ", "หูฟังไร้สาย", "เครื่องบดกาแฟ"),
    "vi": ("Bình nước thép", "Đèn bàn", "Thảm yoga", "Tai nghe không dây", "Máy xay cà phê"),
    "id": ("Botol baja", "Lampu meja", "Matras yoga", "Earbuds nirkabel", "Penggiling kopi"),
}
_FEATURES = {
    "en": ("Lasts {n} hours", "Weighs {n} g", "Easy to clean"),
    "th": ("ใช้ได้นาน {n} ชั่วโมง", "หนัก {n} กรัม", "ทำความสะอาดง่าย"),
    "vi": ("Dùng được {n} giờ", "Nặng {n} g", "Dễ vệ sinh"),
    "id": ("Tahan {n} jam", "Beratnya {n} g", "Mudah dibersihkan"),
}


def figures(products: int = 500) -> list[Figure]:
    """Seconds a product and peak memory of the whole, measured by `measure` in a process of its own."""
    root = Path(__file__).resolve().parent.parent.parent
    ran = subprocess.run(
        [sys.executable, "-m", "benchmarks.words_parts.throughput", str(products)], cwd=root, capture_output=True, text=True, timeout=3600
    )  # fmt: skip
    if ran.returncode:
        return [Figure("words of a night", (ran.stderr.strip().splitlines() or ["no output"])[-1], "no error", False)]
    told = json.loads(ran.stdout.splitlines()[-1])
    what = f"{products} products x {len(LANGUAGES)} languages"
    return [
        Figure(f"{what}: texts, scripts and checks", f"{told['first'] / products:.3f} CPU s a product", "", True),
        Figure(f"{what}: the same again, all in the store", f"{told['again'] / products:.3f} CPU s a product", "", True),
        Figure(f"{what}: loading, once a process", f"{told['start']:.1f} CPU s", "", True),
        Figure(f"{what}: peak memory", f"{told['mib']:.0f} MiB", f"below {MOST_MEMORY} MiB", told["mib"] < MOST_MEMORY),
        Figure(f"{what}: scripts that a check stops", f"{told['blocked']} of {told['jobs']}", "0", told["blocked"] == 0),
    ]


def shop(folder: Path, count: int) -> Path:
    """A campaign of `count` products, with a memory of all their texts. Returns its campaign.yaml."""
    with (folder / "products.csv").open("w", encoding="utf-8", newline="") as file:
        sheet = csv.writer(file)
        sheet.writerow(["sku", "title", "price", "was_price", "currency", "category", "features", "images"])
        for n in range(count):
            title, features = _texts("en", n)
            was = 300 + n % 700 + 100 if n % 2 else ""
            sheet.writerow([f"SKU-{n:04}", title, 300 + n % 700, was, "THB", "home", "|".join(features), "https://shop.example/p.jpg"])
    with (folder / "memory.csv").open("w", encoding="utf-8", newline="") as file:
        sheet = csv.writer(file)
        sheet.writerow(["source", *LANGUAGES])
        rows = {}
        for n in range(count):
            title, features = _texts("en", n)
            others = [_texts(code, n) for code in LANGUAGES]
            rows[title] = [t for t, _ in others]
            rows |= {feature: [f[i] for _, f in others] for i, feature in enumerate(features)}
        sheet.writerows([source, *said] for source, said in rows.items())
    (folder / "campaign.yaml").write_text(
        "name: night\ncatalog: products.csv\nsource_language: en\nlanguages: [th, vi, id]\nmemory: [memory.csv]\n"
        "channels: [{name: tiktok, platform: tiktok}]\n",
        encoding="utf-8",
    )
    return folder / "campaign.yaml"


def _texts(code: str, n: int) -> tuple[str, list[str]]:
    title = f"{_THINGS[code][n % 5]} {500 + n}"
    numbers = (2 + n % 40, 90 + n, 0)
    return title, [f.format(n=number) for f, number in zip(_FEATURES[code], numbers, strict=True)]


def measure(count: int) -> dict[str, float]:
    """CPU seconds of the first pass, of the second, and of what is loaded once; MiB at the largest; clips and stopped ones."""
    from benchmarks.catalogs import peak
    from localize import campaign as campaigns
    from localize import planning
    from localize.desk import Desk
    from localize.store import LocalStore

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        settings = campaigns.load(shop(folder, count + 1))
        jobs = list(planning.plan(settings).jobs)
        desk = Desk(settings, LocalStore(folder / "store"))
        warm, jobs = jobs[-len(LANGUAGES) :], jobs[: -len(LANGUAGES)]
        spent = [_cpu()]
        blocked = 0
        for work in (warm, jobs, jobs):
            for job in work:
                progress = planning.Progress()
                _, findings = desk.draft(job, desk.texts(job, progress), progress)
                blocked += any(f.severity == "block" for f in findings)
            spent.append(_cpu())
        return {
            "start": spent[1] - spent[0], "first": spent[2] - spent[1], "again": spent[3] - spent[2], "mib": peak(), "jobs": len(jobs),
            "blocked": blocked,
        }  # fmt: skip


def _cpu() -> float:
    times = os.times()
    return times.user + times.system


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]))))
