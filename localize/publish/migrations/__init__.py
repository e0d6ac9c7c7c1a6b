"""The ledger's tables as they came to be: each revision under `versions/` leads from the one before it. None leads back.

A database that others use too is left alone: every name begins with `ledger_`.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

VERSION_TABLE = "ledger_version"


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Bring the tables of a database to a revision, in the transaction that the connection is in. To be called by one at a time: alembic
    keeps what it works on in globals."""
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


@cache
def revisions() -> tuple[str, ...]:
    """All revisions, the oldest first."""
    return tuple(reversed([script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()]))


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    return config
