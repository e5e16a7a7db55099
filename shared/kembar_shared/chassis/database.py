"""Engines and transactions, alike on SQLite and PostgreSQL."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import psycopg
import sqlalchemy as sa
from psycopg import errors as pg_errors
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from kembar_shared.chassis.problems import BadRequest, DatabaseUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import SecretStr

__all__ = ["Connection", "Engine", "connect", "create_if_absent", "is_sqlite", "reading", "writing"]

# perm, busy, locked, nomem, readonly, interrupt, ioerr, corrupt, full, cantopen, protocol, notadb
_SQLITE_TROUBLE: Final = frozenset({3, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 26})
_POSTGRES_TROUBLE: Final = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    pg_errors.ReadOnlySqlTransaction,
    pg_errors.InsufficientPrivilege,
)


def connect(url: SecretStr | str, *, timeout_s: float) -> Engine:
    """Return an engine for the database at *url*; no connection is made yet.

    Args:
        url: `sqlite:///FILE`, whose folder is made where it is missing, or `postgresql://…`.
        timeout_s: Longest wait for a connection, a lock, a statement or a silent server.
    """
    parsed = sa.make_url(url if isinstance(url, str) else url.get_secret_value())
    if parsed.get_backend_name() == "sqlite":
        return _connect_sqlite(parsed, timeout_s)
    return _connect_postgresql(parsed.set(drivername="postgresql+psycopg"), timeout_s)


def create_if_absent(engine: Engine) -> None:
    """Create the PostgreSQL database that *engine* leads to, where its server lacks it.

    Raises:
        DatabaseUnavailable: The server is away, or does not let us.
    """
    if engine.dialect.name == "sqlite":
        return
    name = engine.url.database
    server = _connect_postgresql(engine.url.set(database="postgres"), timeout_s=60)
    try:
        with _trouble_told(), server.connect() as plain:
            conn = plain.execution_options(isolation_level="AUTOCOMMIT")
            known = sa.text("SELECT 1 FROM pg_database WHERE datname = :name")
            if conn.execute(known, {"name": name}).first() is None:
                quoted = conn.dialect.identifier_preparer.quote_identifier(str(name))
                conn.exec_driver_sql(f"CREATE DATABASE {quoted}")
    finally:
        server.dispose()


def is_sqlite(conn: Connection) -> bool:
    """Say whether *conn* leads to SQLite; the alternative is PostgreSQL."""
    return conn.dialect.name == "sqlite"


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Open a read-only transaction that sees one consistent snapshot.

    Raises:
        DatabaseUnavailable: The database is away, locked or too slow.
    """
    options: dict[str, Any] = {"kembar_begin": "BEGIN"}
    if engine.dialect.name != "sqlite":
        options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    with _trouble_told(), engine.connect().execution_options(**options) as conn, conn.begin():
        if not is_sqlite(conn):
            yield conn
            return
        conn.exec_driver_sql("PRAGMA query_only = ON")
        try:
            yield conn
        finally:
            conn.exec_driver_sql("PRAGMA query_only = OFF")


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Open a transaction that commits on leaving the block and rolls back on an exception.

    Raises:
        DatabaseUnavailable: The database is away, locked, full, read-only or too slow. Whether a
            commit that failed so has taken effect is unknown; a retry finds out.
    """
    with _trouble_told(), engine.begin() as conn:
        yield conn


def _connect_sqlite(url: sa.URL, timeout_s: float) -> Engine:
    if url.database:
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(
        url, pool_timeout=timeout_s, hide_parameters=True, connect_args={"timeout": timeout_s}
    )

    @sa.event.listens_for(engine, "connect")
    def _prepare(raw: Any, _record: object) -> None:  # Any: the driver's own connection
        # The driver's implicit transactions would leave half a migration behind.
        raw.isolation_level = None
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
            raw.execute(f"PRAGMA {pragma}")

    @sa.event.listens_for(engine, "begin")
    def _begin(conn: Connection) -> None:
        # A read that becomes a write gets SQLITE_BUSY at once, whatever busy_timeout says.
        conn.exec_driver_sql(conn.get_execution_options().get("kembar_begin", "BEGIN IMMEDIATE"))

    return engine


def _connect_postgresql(url: sa.URL, timeout_s: float) -> Engine:
    timeout_ms = round(timeout_s * 1000)
    options = {
        "statement_timeout": timeout_ms,
        "lock_timeout": timeout_ms,
        "idle_in_transaction_session_timeout": timeout_ms,
        "synchronous_commit": "on",
        "timezone": "UTC",
    }
    engine = sa.create_engine(
        url,
        pool_pre_ping=True,
        pool_timeout=timeout_s,
        hide_parameters=True,
        connect_args={
            "connect_timeout": max(1, min(5, round(timeout_s))),
            "options": " ".join(f"-c {name}={value}" for name, value in options.items()),
        },
    )

    @sa.event.listens_for(engine, "do_connect")
    def _connect(_dialect: object, _record: object, args: Any, params: Any) -> Any:
        # Any: what the driver's connect takes and returns
        conn = _PatientConnection.connect(*args, **params)
        # The server's own timeout comes first; this one is for a server that is frozen.
        conn.silence_s = timeout_s + 1
        return conn

    return engine


class _PatientConnection(psycopg.Connection[Any]):
    """A connection that gives up on a server which stays silent."""

    silence_s: float | None = None

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        # Any: the driver's own generators
        try:
            return super().wait(gen, interval, self.silence_s if timeout is None else timeout)
        except pg_errors._WaitTimeout as error:
            self.pgconn.finish()
            raise psycopg.OperationalError("the server is silent") from error


@contextmanager
def _trouble_told() -> Iterator[None]:
    """Turn the database's trouble into a problem; a mistake in our SQL stays what it is."""
    try:
        yield
    except PoolTimeout as error:
        raise DatabaseUnavailable from error
    except DBAPIError as error:
        if _is_trouble(error.orig):
            raise DatabaseUnavailable from error
        if _is_nul(error.orig):
            raise BadRequest from error
        raise


def _is_nul(error: BaseException | None) -> bool:
    """Say whether a text held U+0000, which PostgreSQL cannot store and the driver refuses."""
    return isinstance(error, psycopg.DataError) and error.sqlstate is None


def _is_trouble(error: BaseException | None) -> bool:
    code: int | None = getattr(error, "sqlite_errorcode", None)
    if code is not None:
        return code & 0xFF in _SQLITE_TROUBLE
    return isinstance(error, _POSTGRES_TROUBLE)
