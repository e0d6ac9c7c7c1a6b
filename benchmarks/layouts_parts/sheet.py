"""The sheet of layouts: every one in every language upright, as its price is said, then in every shape of frame; thin lines show what
platforms' interfaces leave free."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks.layouts_parts import composed, lines, picture
from localize import languages
from localize.avatar.filmed.avatar import Crop, Zone, covering
from localize.clip import layout as layouts
from localize.domain import Money, Script, Text

TEXTS = {
    "th": ("หูฟังไร้สาย Lumora พร้อมเคสชาร์จ", ("ฟังได้นานถึง 30 ชม. รวมเคสชาร์จ", "กันน้ำ IPX5"), "THB", 589, 769),
    "vi": ("Tai nghe không dây Lumora kèm hộp sạc", ("Nghe tới 30 giờ cùng hộp sạc", "Chống nước IPX5"), "VND", 479_000, 629_000),
    "id": ("Earbuds nirkabel Lumora dengan kotak pengisi daya", ("Tahan 30 jam", "Tahan air IPX5"), "IDR", 289_000, 379_000),
    "zh": ("Lumora 无线耳机带充电盒", ("配合充电盒续航30小时", "IPX5防水"), "CNY", 129, 169),
    "en": ("Lumora wireless earbuds with charging case", ("30 hours with the case", "IPX5"), "MYR", 79, 99),
}
ROW = 480  # px a frame is high in the sheet


def drawn(root: Path) -> Any:
    """The sheet, BGR."""
    logo = str(root / "assets" / "brand" / "demo_logo_dark.png")
    photos = [picture(p) for p in sorted((root / "catalog" / "demo").rglob("*.jpg"))[:2]]
    rows = [_row([_frame(layouts.get(name), language, photos, logo) for language in TEXTS]) for name in layouts.names()]
    rows += [
        _row([_frame(layouts.get(name, aspect), "th", photos, logo) for aspect in layouts.SIZES])
        for name in layouts.names()  # type: ignore[arg-type]
    ]
    width = max(row.shape[1] for row in rows)
    return np.vstack([cv2.copyMakeBorder(row, 0, 6, 0, width - row.shape[1], cv2.BORDER_CONSTANT, value=(255, 255, 255)) for row in rows])


def _frame(layout: layouts.Layout, language: str, photos: list[Any], logo: str) -> Any:
    title, features, currency, now, was = TEXTS[language]
    text = Text(title=title, features=features, brand="Lumora")
    price, before = (Money(amount=Decimal(n), currency=currency) for n in (now, was))
    said = lines(text, language, len(layout.stands))
    spoken = tuple(
        line.model_copy(update={"text": f"{title} {languages.get(language).price(price)}"}) if line.role == "price" else line
        for line in said
    )
    script = Script(language=language, lines=spoken, text=text, price=price, was_price=before, engine="none")
    rooms = (
        [_Room(right - left, bottom - top) for left, top, right, bottom in layout.presenters]
        if layouts.sheet(layout.name).kind == "filmed"
        else []
    )
    composer = composed(layout, script, photos, logo, [room.at for room in rooms])
    moment = next(s for s in composer.timeline.spoken if s.line.role == "price").end - 0.1
    rgb = composer.frame(round(moment * composer.timeline.fps)).rgb()
    left, top, right, bottom = layout.safe
    cv2.rectangle(rgb, (left, top), (right, bottom), (0, 200, 255), 2)
    return cv2.cvtColor(cv2.resize(rgb, (round(ROW * layout.width / layout.height), ROW), interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2BGR)


class _Room:
    """What stands for a filmed host, of whom none comes with the project."""

    x, y, key = 0, 0, "room"

    def __init__(self, width: int, height: int) -> None:
        crop, zone = Crop((0, 0, 1, 1), width, height), Zone(width, height, height, height)
        cover = covering(crop, zone)
        self.rgba = np.dstack([(cover * shade).astype(np.uint8) for shade in (0.55, 0.6, 0.66)] + [cover])
        cv2.ellipse(self.rgba, (width // 2, 300), (120, 155), 0, 0, 360, (225, 200, 185, 255), -1, cv2.LINE_AA)

    def at(self, t: float) -> tuple[_Room]:
        return (self,)


def _row(frames: list[Any]) -> Any:
    return np.hstack([cv2.copyMakeBorder(f, 0, 0, 0, 6, cv2.BORDER_CONSTANT, value=(255, 255, 255)) for f in frames])
