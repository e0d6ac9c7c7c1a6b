"""The ledger's tables in their newest shape, which `migrations` leads to. Times are seconds since 1970, 0.0 for never."""

from __future__ import annotations

import sqlalchemy as sa

TABLES = sa.MetaData()


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False, default="") for name in names]


def _times(*names: str) -> list[sa.Column[float]]:
    return [sa.Column(name, sa.Double, nullable=False, default=0.0) for name in names]


posts = sa.Table(
    "ledger_posts", TABLES,
    sa.Column("id", sa.Integer, primary_key=True),
    *_texts("campaign", "channel", "place", "account", "platform", "market", "clip_key", "sku", "language", "parcel", "state"),
    *_texts("publish_id", "post_id", "where", "reason", "sent"),
    sa.Column("kept", sa.JSON, nullable=False, default=dict),
    *_texts("worker"), *_times("lease_until"),
    sa.Column("tries", sa.Integer, nullable=False, default=0),
    *_times("planned_at", "begun_at", "updated_at", "published_at"),
    sa.UniqueConstraint("place", "clip_key", name="ledger_posts_once"),
    sa.Index("ledger_posts_product", "place", "sku", "language"),
    sa.Index("ledger_posts_begun", "place", "begun_at"),
    sa.Index("ledger_posts_updated", "updated_at"),
)  # fmt: skip
history = sa.Table(
    "ledger_history", TABLES,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("post", sa.Integer, sa.ForeignKey("ledger_posts.id"), nullable=False),
    *_times("at"), *_texts("state", "worker", "note"),
    sa.Index("ledger_history_post", "post"),
)  # fmt: skip
rates = sa.Table("ledger_rates", TABLES, sa.Column("name", sa.Text, primary_key=True), *_times("next_at"))
