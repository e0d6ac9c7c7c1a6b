"""What alembic runs to upgrade: on the connection it is given, in its transaction."""

from __future__ import annotations

from alembic import context

from localize.publish.migrations import VERSION_TABLE

context.configure(connection=context.config.attributes["connection"], version_table=VERSION_TABLE)
context.run_migrations()
