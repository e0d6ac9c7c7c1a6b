"""The darkroom: what becomes of a product's pictures before a clip shows them. Where an engine can, the product is cut out, once in a
picture's life; a cut that can't be trusted is not used."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import cached_property
from pathlib import Path
from typing import NamedTuple, cast

import cv2

from localize.campaign import Campaign
from localize.clip import cutout
from localize.clip.layout import Layout
from localize.cutouts import Cutter
from localize.desk import write_json
from localize.domain import Finding
from localize.engines import Engine, on_gpu
from localize.errors import NotReady
from localize.pixels import Pixels, u8
from localize.planning import Hold, Progress
from localize.products import pictures
from localize.store import LocalStore, file_digest, key

LONGEST_PICTURE = 1400  # px: what a still needs to be zoomed in the frame
LABEL = 120  # px from the AI label's top to where a product may begin
ALPHA, VERDICT = "alpha.png", "verdict.json"


class Cut(NamedTuple):
    """A product cut out of its picture: the artifact's folder, what is wrong with the cut ("": nothing), and whether it is used."""

    folder: Path
    wrong: str
    used: bool


class Darkroom:
    """Of one campaign. Safe to use from several threads. `engine` gives the engine of a stage, as `Desk` does."""

    def __init__(self, campaign: Campaign, store: LocalStore, engine: Callable[..., Engine]) -> None:
        self.campaign, self.store, self._engine = campaign, store, engine

    @cached_property
    def cutter(self) -> Cutter | None:
        """What cuts products out, None where nothing does. Raises NotReady where the campaign wants it done and it can't be."""
        how, named = self.campaign.video.cutout, self.campaign.engines.cutout
        if how == "no":
            return None
        try:
            return cast(Cutter, self._engine("cutout", named, ""))
        except NotReady:
            if how == "yes" or named != "auto":
                raise
            return None

    def mark(self) -> tuple[object, ...]:
        """What a clip's key has of this: nothing where pictures are shown as they are."""
        return (("cutout", cutout.VERSION, self.campaign.video.cutout, self.cutter.fingerprint()),) if self.cutter else ()

    def cut(self, path: str | Path, progress: Progress | None = None, hold: Hold = lambda what: nullcontext()) -> Cut | None:
        """The product of a picture's file; None where nothing cuts, and of a picture that has a see-through ground of its own. What is
        cut on a GPU is cut while one is held."""
        cutter = self.cutter
        if cutter is None:
            return None

        def build(folder: Path) -> None:
            picture = pictures.load(path, LONGEST_PICTURE)
            if picture.shape[2] == 4:
                write_json(folder / VERDICT, {"own": True, "wrong": "", "plain": True})
                return
            with hold("gpu") if on_gpu(cutter) else nullcontext():
                alpha = cutter.cut(picture)
            if not cv2.imwrite(str(folder / ALPHA), alpha):
                raise OSError(f"{folder / ALPHA} can't be written")
            write_json(folder / VERDICT, {"own": False, **cutout.judged(picture, alpha)._asdict()})

        artifact = self.store.make(key("cutout", cutout.VERSION, cutter.fingerprint(), file_digest(path)), build)
        if progress:
            progress.count("cutout", artifact)
        told = json.loads((artifact.folder / VERDICT).read_text(encoding="utf-8"))
        if told["own"]:
            return None
        wanted = told["plain"] or self.campaign.video.cutout == "yes"
        # A scene was photographed as one: there is nothing to be told of it.
        return Cut(artifact.folder, told["wrong"] if wanted else "", wanted and not told["wrong"])

    def cut_out(
        self, paths: Sequence[str], progress: Progress | None = None, hold: Hold = lambda what: nullcontext()
    ) -> tuple[Finding, ...]:
        """Cut the products out of pictures; a finding where that did not go well."""
        cuts = [(Path(path).name, self.cut(path, progress, hold)) for path in paths]
        left = {name: cut.wrong for name, cut in cuts if cut and cut.wrong}
        if not left:
            return ()
        message = f"{len(left)} of {len(paths)} pictures are shown as they are, the product not cut out: "
        message += "; ".join(f"{name} ({why})" for name, why in left.items())
        return (Finding(check="cutout", severity="warn" if self.campaign.video.cutout == "yes" else "info", message=message),)

    def picture(self, path: str | Path, layout: Layout, tint: str) -> Pixels:
        """A picture as a layout shows it: the cut product on the brand's ground, else the picture as it is. RGB or straight RGBA."""
        picture, cut = pictures.load(path, LONGEST_PICTURE), self.cut(path)
        if cut is None or not cut.used:
            return picture
        alpha = u8(cv2.imread(str(cut.folder / ALPHA), cv2.IMREAD_GRAYSCALE))
        left, top, right, bottom = layout.picture
        head = min(max(0, layout.label[1] + LABEL - top), (bottom - top) // 3)  # in a low box, rather a corner behind the label
        return cutout.standing(cutout.clean(picture, alpha), right - left, bottom - top, tint, head, layout.melt)

    def engines_used(self, paths: Sequence[str]) -> tuple[Cutter, ...]:
        """The engine that cut some of the pictures that are shown."""
        cuts = [self.cut(path) for path in paths]
        return (self.cutter,) if self.cutter and any(cut and cut.used for cut in cuts) else ()
