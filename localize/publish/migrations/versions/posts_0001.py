"""The first tables: posts, what happened to each, and the rates that workers share."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    text, seconds = sa.Text, sa.Double
    op.create_table(
        "ledger_posts",
        sa.Column("id", sa.Integer, primary_key=True),
        *(sa.Column(name, text, nullable=False) for name in ("campaign", "channel", "place", "account", "platform", "market")),
        *(sa.Column(name, text, nullable=False) for name in ("clip_key", "sku", "language", "parcel", "state")),
        *(sa.Column(name, text, nullable=False) for name in ("publish_id", "post_id", "where", "reason", "sent")),
        sa.Column("kept", sa.JSON, nullable=False),
        sa.Column("worker", text, nullable=False),
        sa.Column("lease_until", seconds, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        *(sa.Column(name, seconds, nullable=False) for name in ("planned_at", "begun_at", "updated_at", "published_at")),
        sa.UniqueConstraint("place", "clip_key", name="ledger_posts_once"),
    )
    op.create_index("ledger_posts_product", "ledger_posts", ["place", "sku", "language"])
    op.create_index("ledger_posts_begun", "ledger_posts", ["place", "begun_at"])
    op.create_index("ledger_posts_updated", "ledger_posts", ["updated_at"])
    op.create_table(
        "ledger_history",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("post", sa.Integer, sa.ForeignKey("ledger_posts.id"), nullable=False),
        sa.Column("at", seconds, nullable=False),
        *(sa.Column(name, text, nullable=False) for name in ("state", "worker", "note")),
    )
    op.create_index("ledger_history_post", "ledger_history", ["post"])
    op.create_table("ledger_rates", sa.Column("name", text, primary_key=True), sa.Column("next_at", seconds, nullable=False))
