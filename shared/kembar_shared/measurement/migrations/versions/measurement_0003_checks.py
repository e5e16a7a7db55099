"""What the tests beside neighbours said of measurements, and up to which event they looked."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "measurement_0003"
down_revision = "measurement_0002"
branch_labels = None

DISTRIBUTED = ("check_finding",)
REFERENCE = ("check_head",)


def upgrade() -> None:
    op.create_table(
        "check_finding",
        sa.Column("time_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("series_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("flag", sa.SmallInteger(), nullable=False),
        sa.Column("test", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("series_id", "time_us", "test", name="pk_check_finding"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "check_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("rules", sa.Text(), nullable=False),
        sa.Column("run", sa.Text(), nullable=False),
        sa.Column("run_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_check_head"),
    )
    instant = sa.column("run_at", sa.DateTime(timezone=True))
    columns = (sa.column(name) for name in ("id", "seq", "rules", "run"))
    head = sa.table("check_head", *columns, instant)
    never = datetime(1970, 1, 1, tzinfo=UTC)
    op.execute(sa.insert(head).values(id=1, seq=0, rules="", run="", run_at=never))
    if op.get_bind().dialect.name == "postgresql":
        distribute()


def distribute() -> None:
    """Spread the findings beside the measurements of a Citus cluster, if this is one."""
    bind = op.get_bind()
    if bind.scalar(sa.text("SELECT count(*) FROM pg_extension WHERE extname = 'citus'")) == 0:
        return
    for table in REFERENCE:
        bind.execute(sa.text("SELECT create_reference_table(:t)"), {"t": table})
    for table in DISTRIBUTED:
        bind.execute(
            sa.text("SELECT create_distributed_table(:t, 'series_id', colocate_with => :c)"),
            {"t": table, "c": "measurement"},
        )


def downgrade() -> None:
    for table in (*DISTRIBUTED, *REFERENCE):
        op.drop_table(table)
