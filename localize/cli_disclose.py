"""crossreel disclose: read back what a file says of being made by AI, and make certificates to try signing with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console

from localize.disclosure import certificates
from localize.disclosure.verify import Report
from localize.disclosure.verify import verify as read_back
from localize.domain import Disclosure
from localize.errors import Blocked, UserError

disclose_app = typer.Typer(no_args_is_help=True, help="What clips say of being made by AI.")
console = Console(highlight=False)


@disclose_app.command()
def verify(
    file: Annotated[Path, typer.Argument(help="a clip (MP4); its sidecar is read if it lies beside it")],
    ca: Annotated[Path | None, typer.Option(help="certificates (PEM) of those who must have signed it")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print it for programs")] = False,
) -> None:
    """Read a file's AI labels and signature back. Ends with 5 where a label is missing or the signature is not valid; with --ca, also
    where the file is not signed by one of them."""
    report = read_back(file, ca)
    if as_json:
        told = report.model_dump(mode="json") | {"problems": report.problems}
        console.print_json(data=told)
    else:
        for line in _lines(report):
            console.print(line, soft_wrap=True, markup=False)
    if report.problems:
        raise Blocked(f"{file}: {'; '.join(report.problems)}.", findings=report.problems)


@disclose_app.command()
def certificate(
    test: Annotated[Path | None, typer.Option(help="the folder that gets an authority, a signer and its key, for tests alone")] = None,
) -> None:
    """Make a certificate to try signing with. Nobody trusts it but who is given its authority."""
    if test is None:
        raise UserError(
            "a certificate that others trust is bought from an authority of the C2PA trust list; for tests: "
            "crossreel disclose certificate --test FOLDER"
        )
    made = certificates.make(test)
    console.print(f"TEST ONLY, for {certificates.DAYS} days. In campaign.yaml:\n", markup=False)
    console.print(f"signing:\n  certificate: {made.chain}\n  key: {made.key}\n", soft_wrap=True, markup=False)
    console.print(f"then: crossreel disclose verify FILE --ca {made.authority}", soft_wrap=True, markup=False)


def _lines(report: Report) -> Iterator[str]:
    seen, seal = report.visible, report.c2pa
    yield f"in the picture:  {f'{seen.text!r}, letters {seen.glyph} px high' if seen else 'not known: no sidecar lies beside the file'}"
    fields = ", ".join(f"{name} {value}" for name, value in report.aigc.fields.items() if value)
    yield f"AIGC metadata:   {fields or report.aigc.problem}"
    who = f"by {seal.signer}, {seal.source}" if seal.signer else ""
    yield f"C2PA signature:  {', '.join(filter(None, (seal.state, seal.why, who)))}"
    with suppress(ValidationError):  # of another program, or of another version's: it is told with --json
        told = Disclosure.model_validate(seal.disclosure)
        yield from (f"                 {consent}" for consent in told.consents)
        yield from (f"                 {part.kind}: {part.name} ({part.licence})" for part in told.ingredients)
