"""Sums of one length of time per day, with the slots' means; all are due to be computed anew."""

import sqlalchemy as sa
from alembic import op

revision = "measurement_0004"
down_revision = "measurement_0003"
branch_labels = None

DISTRIBUTED = ()
REFERENCE = ()


def upgrade() -> None:
    op.add_column("rollup", sa.Column("mean_total", sa.Double()))
    op.add_column("rollup", sa.Column("below_total", sa.Double()))
    op.add_column(
        "rollup", sa.Column("left_out", sa.Integer(), nullable=False, server_default=sa.text("0"))
    )
    # What could be told so far, until the service has summed up anew what is stored.
    op.execute("UPDATE rollup SET mean_total = total * slots / n WHERE n > 0 AND slots > 0")
    op.execute(
        "UPDATE rollup SET below_total = below_limit * n_below * slots / (n + n_below)"
        " WHERE n_below > 0"
    )
    # No series is summed up by the new rules yet.
    op.execute("INSERT INTO computed_head (id, seq, rules) VALUES (5, 0, '')")


def downgrade() -> None:
    op.execute("DELETE FROM computed_head WHERE id = 5")
    for column in ("left_out", "below_total", "mean_total"):
        op.drop_column("rollup", column)
