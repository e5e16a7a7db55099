"""Webhooks: where to, what is sent, and the log of every attempt."""

import sqlalchemy as sa
from alembic import op

revision = "g005"
down_revision = "g004"
branch_labels = None
depends_on = None

TABLES = ("webhook_attempt", "webhook_delivery", "webhook")
CHANGED = "OLD.body <> NEW.body OR OLD.number <> NEW.number OR OLD.webhook <> NEW.webhook"


def upgrade() -> None:
    op.create_table(
        "webhook",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("cooperation", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("cursor", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True)),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("code", name="pk_webhook"),
    )
    op.create_table(
        "webhook_delivery",
        sa.Column("webhook", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("delivered_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("webhook", "number", name="pk_webhook_delivery"),
        sa.ForeignKeyConstraint(["webhook"], ["webhook.code"], name="fk_webhook_delivery_webhook"),
    )
    op.create_table(
        "webhook_attempt",
        sa.Column("webhook", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("attempt", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.Integer()),
        sa.Column("reason", sa.Text()),
        sa.PrimaryKeyConstraint("webhook", "number", "attempt", name="pk_webhook_attempt"),
    )
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            f"CREATE TRIGGER webhook_delivery_body BEFORE UPDATE ON webhook_delivery "
            f"WHEN {CHANGED} BEGIN SELECT RAISE(ABORT, 'what is sent is never changed'); END"
        )
    else:
        op.execute(
            f"CREATE TRIGGER webhook_delivery_body BEFORE UPDATE ON webhook_delivery "
            f"FOR EACH ROW WHEN ({CHANGED}) EXECUTE FUNCTION kembar_refuse_change()"
        )


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)
