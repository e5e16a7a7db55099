"""Index values by station and day; figures as they were before the rules changed."""

import sqlalchemy as sa
from alembic import op

revision = "measurement_0002"
down_revision = "measurement_0001"

DISTRIBUTED = ()
REFERENCE = ("computed_index", "past_figure")


def upgrade() -> None:
    op.create_table(
        "computed_index",
        sa.Column("station_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("first_day", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("index_code", sa.Text(), nullable=False),
        sa.Column("grain", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("value", sa.Double()),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("category", sa.Text()),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("parameters", sa.Text(), nullable=False),
        sa.Column("missing", sa.Text(), nullable=False),
        sa.Column("critical", sa.Text()),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint(
            "station_id", "first_day", "index_code", "grain", name="pk_computed_index"
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "past_figure",
        sa.Column("event_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("jurisdiction", sa.Text(), nullable=False),
        sa.Column("indicator", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("value", sa.Double()),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("numerator", sa.Double()),
        sa.Column("denominator", sa.Double()),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("expected", sa.Double(), nullable=False),
        sa.Column("coverage", sa.Double()),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("stations", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("new_value", sa.Double()),
        sa.Column("new_state", sa.Text(), nullable=False),
        sa.Column("new_method", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint(
            "event_id", "jurisdiction", "indicator", "period", name="pk_past_figure"
        ),
    )
    op.execute("INSERT INTO computed_head (id, seq, rules) VALUES (2, 0, '')")
    if op.get_bind().dialect.name == "postgresql":
        distribute()


def distribute() -> None:
    """Keep the tables whole on every node of a Citus cluster, if this is one."""
    bind = op.get_bind()
    if bind.scalar(sa.text("SELECT count(*) FROM pg_extension WHERE extname = 'citus'")) == 0:
        return
    for table in REFERENCE:
        bind.execute(sa.text("SELECT create_reference_table(:t)"), {"t": table})


def downgrade() -> None:
    op.execute("DELETE FROM computed_head WHERE id = 2")
    for table in REFERENCE:
        op.drop_table(table)
