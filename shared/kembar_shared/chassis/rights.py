"""What the role that serves may do on PostgreSQL: everything but change the audit trail.

The role that migrates owns the tables. Of a partitioned table the serving role becomes the owner,
since it makes partitions; of the trail it may read and append, and the head it may move on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from kembar_shared.chassis.database import Connection

APPENDED: Final = "audit_entry"
MOVED: Final = "audit_head"

_OF_SCHEMA: Final = (
    "GRANT USAGE, CREATE ON SCHEMA {schema} TO {role}",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {role}",
    "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {schema} TO {role}",
    f"REVOKE ALL ON {{schema}}.{APPENDED}, {{schema}}.{MOVED}, {{schema}}.alembic_version "
    "FROM {role}",
    f"GRANT SELECT, INSERT ON {{schema}}.{APPENDED} TO {{role}}",
    f"GRANT SELECT, UPDATE ON {{schema}}.{MOVED} TO {{role}}",
    "GRANT SELECT ON {schema}.alembic_version TO {role}",
)
_POWERS: Final = """
    SELECT rolsuper, pg_has_role(oid, current_user, 'MEMBER') FROM pg_roles WHERE rolname = %s
"""
_PARTITIONED: Final = """
    SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = current_schema() AND (c.relkind = 'p' OR c.relispartition)
      AND c.relkind IN ('r', 'p') ORDER BY c.relispartition, c.relname
"""


class RoleUnfit(Exception):
    """A role cannot serve as it should."""


def grant(conn: Connection, role: str) -> None:
    """Let *role* serve from the database of *conn*, whose tables the current role owns.

    Raises:
        RoleUnfit: There is no such role, or it could change the trail whatever is granted.
    """
    known = conn.exec_driver_sql(_POWERS, (role,)).one_or_none()
    if known is None:
        raise RoleUnfit(f"there is no role {role}")
    if any(known):
        raise RoleUnfit(f"{role} is the owner of the tables, a member of it, or a superuser")
    quote = conn.dialect.identifier_preparer.quote_identifier
    schema = quote(str(conn.exec_driver_sql("SELECT current_schema()").scalar()))
    for statement in _OF_SCHEMA:
        conn.exec_driver_sql(statement.format(schema=schema, role=quote(role)))
    for table in conn.exec_driver_sql(_PARTITIONED).scalars().all():
        conn.exec_driver_sql(f"ALTER TABLE {schema}.{quote(table)} OWNER TO {quote(role)}")
