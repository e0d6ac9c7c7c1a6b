"""A brand's kit as clips wear it: its files looked at when a campaign is read, and its intro and outro made when a clip first needs them.

A picture without the brand (`Variant.branded`) has none of it but the colours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import get_args

from localize import languages
from localize.clip import bookends, fonts
from localize.clip.bookends import Bookend, End, Sign
from localize.clip.cards import Palette
from localize.domain import Variant
from localize.errors import UserError
from localize.media import mp4
from localize.products import pictures
from localize.sections import AUTO, NO_BOOKEND, Brand
from localize.store import LocalStore, file_digest, key

ENDS: tuple[End, ...] = get_args(End)


def absolute(brand: Brand, resolve: Callable[..., str], where: Callable[..., str], problems: list[str]) -> Brand:
    """The kit with absolute paths; what is wrong with its files is added to the problems, `where(*keys)` before each."""
    files = ["logo", "font", *(end for end in ENDS if getattr(brand, end) not in (AUTO, NO_BOOKEND))]
    changes = {name: resolve(getattr(brand, name), "brand", name) for name in files}
    for name in files:
        try:
            if name != "logo" and changes[name] and Path(changes[name]).is_file():
                (fonts.check if name == "font" else _check)(Path(changes[name]))
        except UserError as error:
            problems.append(f"{where('brand', name)}brand.{name}: {error}")
    for end in ENDS:
        if getattr(brand, end) == AUTO and not brand.logo and not brand.name:
            problems.append(
                f"{where('brand', end)}brand.{end}: auto shows the brand's logo or its name, and there is neither: "
                "give `name` or `logo`, or leave this line out."
            )
    return brand.model_copy(update=changes)


def _check(path: Path) -> None:
    """Raise UserError for what can't be an intro or outro: a picture can, and a short video."""
    if pictures.check(path):
        bookends.check(path)


def doubts(brand: Brand, codes: Sequence[str]) -> Iterator[str]:
    """Languages that the brand's font can't write, told once for all clips."""
    font = Path(brand.font)
    if not brand.font or not font.is_file():  # a file that is not on this machine: told by whoever makes a clip
        return
    lacks = [(languages.get(code).name, lack) for code in codes if (lack := fonts.lacking(font, code))]
    if lacks:
        told = ", ".join(f"{name} ({' '.join(lack[:4])}{' ...' if len(lack) > 4 else ''})" for name, lack in lacks)
        yield (
            f"The brand's font {font.name} has not all letters of {told}: words with those are set in the fonts that come with "
            "crossreel. Give a font that has them to `brand: {font: ...}` if clips are to look the same in all languages."
        )


def palette(brand: Brand, variant: Variant) -> Palette:
    """What cards and captions of a picture look like."""
    return Palette(brand.primary, brand.accent, brand.corners, brand.font) if variant.branded else Palette(brand.primary, brand.accent)


def mark(brand: Brand, variant: Variant) -> tuple[object, ...]:
    """What the kit adds to a clip's key beside colours and logo: only what is not as it was before there was a choice."""
    if not variant.branded:
        return ()
    ends = [(end, bookends.VERSION, _content(brand, end)) for end in ENDS if getattr(brand, end) != NO_BOOKEND]
    corners = [("corners", brand.corners)] if brand.corners != Brand().corners else []
    return *ends, *corners, *([("font", file_digest(brand.font))] if brand.font else [])


def _content(brand: Brand, end: End) -> list[str]:
    """All that shapes an intro or outro, but the frame."""
    said = getattr(brand, end)
    if said != AUTO:
        return [file_digest(said)]
    shown = file_digest(brand.logo) if brand.logo else brand.name
    return [AUTO, shown, brand.primary, brand.accent, brand.corners, file_digest(brand.font) if brand.font else ""]


def keys(brand: Brand, variant: Variant, size: bookends.Size, fps: int) -> dict[End, str]:
    """The artifacts of a picture's intro and outro, as far as it has them."""
    asked = [end for end in ENDS if variant.branded and getattr(brand, end) != NO_BOOKEND]
    return {end: key("bookend", bookends.VERSION, end, _content(brand, end), size, fps) for end in asked}


def made(store: LocalStore, brand: Brand, variant: Variant, size: bookends.Size, fps: int, threads: int) -> dict[End, Bookend]:
    """A picture's intro and outro, made where they are not there."""

    def build(end: End, folder: Path) -> None:
        said = getattr(brand, end)
        video = None if said == AUTO or not pictures.check(Path(said)) else Path(said)
        if video:
            frames = bookends.played(video, size, fps)
        elif said == AUTO:
            frames = bookends.drawn(end, Sign(brand.logo, brand.name, palette(brand, variant)), size, fps)
        else:
            frames = bookends.shown(end, pictures.load(said, 2 * max(size)), size, fps)
        bookends.write(frames, mp4.Encoding(*size, fps, bookends.CRF, "veryfast", threads), folder, video)

    return {
        end: bookends.read(store.make(name, lambda folder, end=end: build(end, folder)).folder)  # type: ignore[misc]
        for end, name in keys(brand, variant, size, fps).items()
    }
