"""What the benchmark's videos say, with the translations that people would have written, and the files that carry both."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import yaml

LANGUAGES = ("th", "vi", "id")


class Said(NamedTuple):
    """A sentence of a video and when it is said, in seconds."""

    text: str
    start: float
    end: float


# English, Thai, Vietnamese, Indonesian. Of a film with a product and two hands.
PITCH = (
    (
        "Meet the mug that keeps your coffee hot.",
        "แก้วที่เก็บกาแฟให้ร้อนอยู่เสมอ",
        "Chiếc cốc giữ cà phê luôn nóng.",
        "Inilah gelas yang menjaga kopi panas.",
    ),
    (
        "It holds three hundred and fifty millilitres.",
        "จุได้สามร้อยห้าสิบมิลลิลิตร",
        "Dung tích ba trăm năm mươi mililit.",
        "Isinya tiga ratus lima puluh mililiter.",
    ),
    (
        "The lid closes tight, so nothing spills in your bag.",
        "ฝาปิดแน่น ไม่หกในกระเป๋า",
        "Nắp đóng kín, không đổ ra túi.",
        "Tutupnya rapat, tidak tumpah di tas.",
    ),
    (
        "Wash it in the dishwasher as often as you like.",
        "ล้างในเครื่องล้างจานได้บ่อยตามใจ",
        "Rửa bằng máy bao nhiêu lần cũng được.",
        "Cuci di mesin sesering yang kamu mau.",
    ),
    ("It comes in four quiet colours.", "มีให้เลือกสี่สี", "Có bốn màu để chọn.", "Ada empat pilihan warna."),
    ("Order today and it ships tomorrow.", "สั่งวันนี้ ส่งพรุ่งนี้", "Đặt hôm nay, mai giao.", "Pesan hari ini, kirim besok."),
)

# What GRID's speakers say, by the letters of the files' names.
GRID = (
    ("bin blue at f two now.", "วางสีฟ้าที่เอฟสองตอนนี้", "Đặt xanh ở ép hai ngay.", "Taruh biru di ef dua."),
    ("lay blue at x four now.", "วางสีฟ้าที่เอกซ์สี่ตอนนี้", "Đặt xanh ở ích bốn ngay.", "Taruh biru di eks empat."),
    ("lay blue by c two again.", "วางสีฟ้าข้างซีสองอีกที", "Đặt xanh cạnh xê hai nữa.", "Taruh biru dekat ce dua lagi."),
    ("set blue with e five now.", "ตั้งสีฟ้ากับอีห้าตอนนี้", "Để xanh với e năm ngay.", "Pasang biru dengan e lima."),
)

# For speech of which nobody wrote down what it says: any sentence that takes about so many seconds.
FILLERS = (
    (0.0, "Look at this.", "ดูนี่สิ", "Nhìn này.", "Lihat ini."),
    (1.2, "I use it every day.", "ฉันใช้มันทุกวัน", "Tôi dùng nó mỗi ngày.", "Saya pakai tiap hari."),
    (2.2, "It fits into every bag I have.", "ใส่กระเป๋าได้ทุกใบ", "Nó vừa mọi chiếc túi của tôi.", "Muat di semua tas saya."),
    (
        3.2,
        "My friends ask me where I bought it all the time.",
        "เพื่อนถามฉันตลอดว่าซื้อที่ไหน",
        "Bạn bè cứ hỏi tôi mua nó ở đâu.",
        "Teman saya terus bertanya beli di mana.",
    ),
    (
        4.2,
        "I did not believe it at first, but after a week I could not do without it.",
        "ตอนแรกฉันไม่เชื่อ แต่พอใช้ไปหนึ่งสัปดาห์ก็ขาดไม่ได้",
        "Lúc đầu tôi không tin, nhưng sau một tuần thì không thể thiếu nó.",
        "Awalnya saya tidak percaya, tapi setelah seminggu saya tidak bisa tanpanya.",
    ),
)


def filler(seconds: float) -> str:
    """An English sentence that is said in about so many seconds, or less."""
    return next(row[1] for row in reversed(FILLERS) if row[0] <= seconds)


def subtitles(path: Path, lines: Sequence[Said]) -> Path:
    """The sentences as an .srt."""
    blocks = [f"{n}\n{_clock(line.start)} --> {_clock(line.end)}\n{line.text}\n" for n, line in enumerate(lines, 1)]
    path.write_text("\n".join(blocks), encoding="utf-8")
    return path


def _clock(seconds: float) -> str:
    ms = round(seconds * 1000)
    return f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02},{ms % 1000:03}"


def campaign(folder: Path, video: Path, more: Iterable[tuple[str, str, str, str]] = ()) -> Path:
    """A campaign whose translation memory holds all of these texts; a later one of `more` wins. Returns its path."""
    with (folder / "memory.csv").open("w", encoding="utf-8", newline="") as file:
        sheet = csv.writer(file)
        sheet.writerow(["source", *LANGUAGES])
        sheet.writerows([*PITCH, *GRID, *(row[1:] for row in FILLERS), *more])
    told = {
        "name": "dubs", "source_language": "en", "languages": list(LANGUAGES), "memory": ["memory.csv"],
        "dub": {"videos": [str(video)]},  # a campaign without a catalog must name some; those of the command line take their place
        "hosts": [{"avatar": "none", "gender": "female"}], "engines": {"recognize": "none", "translate": "none"},
        "channels": [{"name": "dubs", "kind": "folder", "options": {"flat": True}}], "producer": "Corner",
    }  # fmt: skip
    path = folder / "campaign.yaml"
    path.write_text(yaml.safe_dump(told, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return path
