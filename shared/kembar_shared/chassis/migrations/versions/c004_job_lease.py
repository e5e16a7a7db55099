"""Jobs that one of several replicas does: who does it now, until when, and when it was done last.

Both instants are seconds since 1970 by the database's own clock.
"""

import sqlalchemy as sa
from alembic import op

revision = "c004"
down_revision = "c003"
branch_labels = None
depends_on = None

_IS_CLUSTER = "SELECT count(*) FROM pg_extension WHERE extname = 'citus'"


def upgrade() -> None:
    op.create_table(
        "job_lease",
        sa.Column("job", sa.Text(), primary_key=True),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("until_s", sa.Float(), nullable=False),
        sa.Column("done_s", sa.Float(), nullable=False),
    )
    bind = op.get_bind()
    if bind.dialect.name == "postgresql" and bind.exec_driver_sql(_IS_CLUSTER).scalar():
        bind.execute(sa.text("SELECT create_reference_table('job_lease')"))


def downgrade() -> None:
    op.drop_table("job_lease")
