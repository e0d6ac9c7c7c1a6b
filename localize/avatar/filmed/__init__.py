"""Filmed avatars: a person's video as a presenter whose lips another stage moves.

`enrol` looks at a video, `package.add` keeps it with the person's consent, `Footage` gives its frames and faces.
"""

from __future__ import annotations

from localize.avatar.filmed.enrol import Report, enrol
from localize.avatar.filmed.footage import Footage
from localize.avatar.filmed.package import FilmedPackage

__all__ = ["FilmedPackage", "Footage", "Report", "enrol"]
