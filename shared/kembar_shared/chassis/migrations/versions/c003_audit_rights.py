"""Let not even the tables' owner change an entry of the trail on PostgreSQL.

It could grant itself the right again, and a superuser needs none: a serving role of its own is
better (`migrate --grant`). But nobody changes an entry by the rights that serving needs.
"""

from alembic import op

revision = "c003"
down_revision = "c002"
branch_labels = None
depends_on = None

_RIGHTS = "UPDATE, DELETE, TRUNCATE ON audit_entry"


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"REVOKE {_RIGHTS} FROM CURRENT_USER")


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"GRANT {_RIGHTS} TO CURRENT_USER")
