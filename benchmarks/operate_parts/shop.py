"""A seller's folder for a night: as many products as asked for, in three languages, all of them different."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from PIL import Image

LANGUAGES = ("th", "vi", "id")
CAMPAIGN = """\
name: {name}
catalog: products.csv
currency: THB
languages: [th, vi, id]
channels:
  - name: shop
    platform: tiktok
hosts:
  - avatar: none
script:
  seconds: 15
video:
  preset: ultrafast
  music: none
limits:
  workers: 2
producer: Night
"""
TEXTS = {
    "title": ("Steel Bottle {n}", "ขวดน้ำสเตนเลส {n}", "Bình giữ nhiệt {n}", "Botol baja {n}"),
    "features": ("Holds {size} ml", "จุได้ {size} มล.", "Dung tích {size} ml", "Isi {size} ml"),
}


def lay_out(folder: Path, products: int, *, name: str = "night-shop", more: str = "", bare: bool = False) -> Path:
    """Write campaign.yaml, products.csv and one picture for every ten products. Returns the campaign's path. `more` is added to the
    campaign. A `bare` shop has no texts in its one language, so that no clip can be made."""
    (folder / "pictures").mkdir(parents=True, exist_ok=True)
    for n in range((products + 9) // 10):
        rng = np.random.default_rng(n)
        colours = rng.integers(60, 220, (4, 4, 3), dtype=np.uint8)
        Image.fromarray(colours).resize((480, 480), Image.Resampling.BICUBIC).save(folder / "pictures" / f"{n}.jpg")
    with (folder / "products.csv").open("w", encoding="utf-8", newline="") as file:
        sheet = csv.writer(file)
        sheet.writerow(["sku", "price", "category", "images", *(f"{k}{c}" for k in TEXTS for c in ("", "_th", "_vi", "_id"))])
        for n in range(products):
            texts = [
                form.format(n=n, size=300 + n) if not bare or not at else "" for forms in TEXTS.values() for at, form in enumerate(forms)
            ]
            sheet.writerow([sku(n), 190 + n, "kitchen", f"pictures/{n // 10}.jpg", *texts])
    campaign = folder / "campaign.yaml"
    text = CAMPAIGN.format(name=name) + more
    campaign.write_text(text.replace("[th, vi, id]", "[th]") if bare else text, encoding="utf-8")
    return campaign


def sku(n: int) -> str:
    return f"BOTTLE-{n:04}"


def names(products: int) -> list[str]:
    """The clips of a shop, as files and notes call them: SKU.language."""
    return [f"{sku(n)}.{language}" for n in range(products) for language in LANGUAGES]
