"""Clients that are disabled, rotated, narrowed and limited."""

import sqlalchemy as sa
from alembic import op

revision = "g002"
down_revision = "g001"
branch_labels = None
depends_on = None

COLUMNS = {
    "disabled_at": sa.DateTime(timezone=True),
    "old_secret_hmac": sa.Text(),
    "old_secret_until": sa.DateTime(timezone=True),
    "rate_burst": sa.Integer(),
    "rate_per_s": sa.Float(),
    "revoked_at": sa.DateTime(timezone=True),
}


def upgrade() -> None:
    for name, kind in COLUMNS.items():
        op.add_column("client", sa.Column(name, kind))
    op.add_column(
        "client", sa.Column("generation", sa.Integer(), nullable=False, server_default="0")
    )


def downgrade() -> None:
    with op.batch_alter_table("client") as table:
        for name in ("generation", *COLUMNS):
            table.drop_column(name)
