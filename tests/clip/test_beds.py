"""The beds that come with the program: as loud as each other, looped, and chosen by what is sold."""

from __future__ import annotations

import numpy as np
import pytest
import yaml

from localize.clip import render
from localize.media import metering, pcm
from localize.media.pcm import RATE

BEDS = ("bright", "calm", "drive", "elegant", "playful")


@pytest.mark.parametrize("name", BEDS)
def test_a_bed_is_stereo_as_loud_as_the_others_and_loops(name: str) -> None:
    path = render.MUSIC / f"{name}.ogg"
    level, samples = metering.loudness(path), pcm.read_stereo(path)
    assert level.integrated == pytest.approx(-16, abs=0.2)
    assert level.true_peak < -1.3
    assert 40 * RATE < len(samples) < 70 * RATE
    assert np.abs(samples.mean(axis=0)).max() < 1e-3
    assert 0.3 < np.corrcoef(samples.T)[0, 1] < 0.9  # wide, and nothing is lost on a telephone's one loudspeaker
    # What a click would be: third differences where the end meets the start, beside those of every tenth of a second.
    around = np.abs(np.diff(np.concatenate([samples[-480:], samples[:480]]).mean(axis=1), 3))
    usual = np.abs(np.diff(samples.mean(axis=1), 3))
    usual = usual[: len(usual) // 4800 * 4800].reshape(-1, 4800).max(axis=1)
    assert around.max() < np.percentile(usual, 90)


@pytest.mark.parametrize(
    ("text", "group", "bed"),
    [
        ("Beauty > Skincare | Vitamin C Serum", "beauty", "elegant"), ("女装 | 连衣裙", "fashion", "elegant"),
        ("Electronics | Wireless earbuds", "earbuds", "drive"), ("บ้าน | โคมไฟ", "lamp", "calm"), ("Snacks | Cookies", "food", "playful"),
        ("宠物用品 | 猫砂", "general", "playful"), ("Pets | Cat tree", "home", "playful"), ("Home | Carpet", "home", "calm"),
        ("เครื่องประดับ | สร้อย", "fashion", "elegant"), ("Something", "general", "bright"), ("", "no such group", "bright"),
    ],
)  # fmt: skip
def test_the_bed_goes_with_what_is_sold(text: str, group: str, bed: str) -> None:
    assert render.bed_for(text, group) == bed


def test_every_mood_is_a_bed_and_every_group_has_one() -> None:
    table = yaml.safe_load((render.MUSIC / "moods.yaml").read_text("utf-8"))
    groups = yaml.safe_load((render.MUSIC.parent / "phrases" / "categories.yaml").read_text("utf-8"))
    assert {*table["words"], *table["groups"].values()} <= set(BEDS)
    assert set(table["groups"]) == {"general", *groups["wide"], *groups["narrow"]}
