"""HDR and wide-gamut footage as BT.709: one table from a file's R'G'B' to the clip's, looked up for each pixel.

HLG and PQ are brought to the light of a display with white at 203 cd/m2 (BT.2408), highlights rolled off above half of it
instead of clipped, and colours that BT.709 has not are drawn to grey of the same lightness.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

WHITE = 203.0  # cd/m2 of a white page in HDR
PEAK = 1000.0  # cd/m2: what is brighter is white
KNEE = 0.5  # of white: below, light is left as it is
GAMMA = 2.2  # of the phones that clips are seen on
SIZE = 33  # steps of the table along each axis

PQ, HLG = 16, 18  # transfer functions, and primaries below, by their numbers in H.273
WIDE = {9: ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046)), 12: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060))}  # BT.2020, P3
BT709 = ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060))
D65 = (0.3127, 0.3290)


def needed(transfer: int, primaries: int) -> bool:
    """Whether pictures of this kind would look wrong as they are."""
    return transfer in (PQ, HLG) or primaries in WIDE


@lru_cache(maxsize=4)
def cube(transfer: int, primaries: int) -> str:
    """The table as the text of a .cube file, red fastest."""
    axis = np.linspace(0, 1, SIZE)
    blue, green, red = np.meshgrid(axis, axis, axis, indexing="ij")
    table = mapped(np.stack([red, green, blue], axis=-1).reshape(-1, 3), transfer, primaries)
    return f"LUT_3D_SIZE {SIZE}\n" + "\n".join(f"{r:.5f} {g:.5f} {b:.5f}" for r, g, b in table) + "\n"


def mapped(coded: Floats, transfer: int, primaries: int) -> Floats:
    """R'G'B' [n, 3] in 0..1 as R'G'B' of BT.709. HDR without named primaries has those of BT.2020."""
    hdr = transfer in (PQ, HLG)
    light = _light(coded, transfer)
    light = light @ _to_709(WIDE.get(primaries, WIDE[9] if hdr else BT709)).T
    grey = np.maximum(light @ LUMINANCE, 0.0)[:, None]
    if hdr:
        target = _rolled_off(grey)
        light, grey = light * (target / np.maximum(grey, 1e-6)), target
    return np.asarray(np.clip(_inside(light, grey), 0, 1) ** (1 / GAMMA))


def _light(coded: Floats, transfer: int) -> Floats:
    """Light of a display; 1 is white."""
    if transfer == PQ:
        m1, m2, c1, c2, c3 = 2610 / 16384, 2523 / 32, 3424 / 4096, 2413 / 128, 2392 / 128
        power = coded ** (1 / m2)
        nits = 10000 * (np.maximum(power - c1, 0) / (c2 - c3 * power)) ** (1 / m1)
        return np.asarray(np.minimum(nits, PEAK) / WHITE)
    if transfer == HLG:
        a, b, c = 0.17883277, 0.28466892, 0.55991073
        scene = np.where(coded <= 0.5, coded**2 / 3, (np.exp((coded - c) / a) + b) / 12)
        grey = scene @ np.array([0.2627, 0.6780, 0.0593])
        return np.asarray(scene * np.maximum(grey, 1e-6)[:, None] ** 0.2 * PEAK / WHITE)
    return np.asarray(coded**GAMMA)


def _rolled_off(light: Floats) -> Floats:
    """The Mobius curve: straight up to the knee, then ever flatter, 1 at the peak."""
    peak, j = PEAK / WHITE, KNEE
    a = -(j**2) * (peak - 1) / (j**2 - 2 * j + peak)
    b = (j**2 - 2 * j * peak + peak) / (peak - 1)
    return np.where(light <= j, light, (b**2 + 2 * b * j + j**2) / (b - a) * (light + a) / np.maximum(light + b, 1e-6))


def _inside(light: Floats, grey: Floats) -> Floats:
    """Colours drawn towards grey until none of their parts is below 0 or above 1."""
    off = light - grey
    room = np.where(off > 0, 1 - grey, grey)
    share = np.min(np.where(np.abs(off) > 1e-9, room / np.maximum(np.abs(off), 1e-9), np.inf), axis=1, keepdims=True)
    return np.asarray(grey + off * np.clip(share, 0, 1))


def _to_xyz(primaries: tuple[tuple[float, float], ...]) -> Floats:
    columns = np.array([[x / y, 1.0, (1 - x - y) / y] for x, y in primaries]).T
    white = np.array([D65[0] / D65[1], 1.0, (1 - D65[0] - D65[1]) / D65[1]])
    return np.asarray(columns * np.linalg.solve(columns, white))


def _to_709(primaries: tuple[tuple[float, float], ...]) -> Floats:
    return np.asarray(np.linalg.solve(_to_xyz(BT709), _to_xyz(primaries)))


LUMINANCE = _to_xyz(BT709)[1]
