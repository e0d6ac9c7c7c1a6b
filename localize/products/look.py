"""Looking at a product's picture files, when it is wanted: reading them all would be most of the time a catalog takes."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

from localize.domain import Finding, Product, Reject, Source
from localize.products import pictures, values

ADDRESS = re.compile(r"(?:https?|s3)://|data:", re.IGNORECASE)


def look(product: Product) -> tuple[Product | Reject, tuple[Finding, ...]]:
    """The product with those of its picture files that can be shown, and what was wrong with the others; a reject when
    pictures were named and none is left. Addresses are not fetched: that is the clip's matter."""
    good: list[str] = []
    wrong: list[tuple[str, str]] = []
    for image in product.images:
        reason = "" if ADDRESS.match(image) else _looked_at(image)
        if reason:
            wrong.append((image, f"{values.shown(Path(image).name)} cannot be shown: {reason}"))
        else:
            good.append(image)
    if not wrong:
        return product, ()
    source = product.source or Source(file="", row=0)
    if not good:
        message = wrong[0][1] + "".join(f". Also {m}" for _, m in wrong[1:])
        value = Path(wrong[0][0]).name
        reject = Reject(
            file=source.file, row=source.row, sku=product.sku, column="images", value=value, reason=message, rows=source.rows
        )  # fmt: skip
        return reject, ()
    findings = (
        Finding(
            check="catalog",
            severity="warn",
            message=message,
            evidence={"file": source.file, "row": source.row, "sku": product.sku, "column": "images", "value": Path(image).name},
        )
        for image, message in wrong
    )
    return product.model_copy(update={"images": tuple(good)}), tuple(findings)


@lru_cache(maxsize=4096)
def _looked_at(path: str) -> str:
    return pictures.check(path)
