"""Engines and transactions, alike on SQLite and PostgreSQL."""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import psycopg
import sqlalchemy as sa
from psycopg import errors as pg_errors
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, InvalidatePoolError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from kembar_shared.chassis.problems import BadRequest, DatabaseUnavailable
from kembar_shared.chassis.turns import Turns

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from pydantic import SecretStr

    from kembar_shared.chassis.settings import Settings

__all__ = [
    "Connection",
    "Engine",
    "connect",
    "create_if_absent",
    "cut_log",
    "is_cluster",
    "is_lock_taken",
    "is_sqlite",
    "reading",
    "serving",
    "spelled_instant",
    "writing",
]

_PRAGMAS: Final = (
    "journal_mode = WAL",
    "synchronous = FULL",
    "foreign_keys = ON",
    # A large upload's log is cut back to this once it is in the database.
    "journal_size_limit = 16777216",
)
# perm, busy, locked, nomem, readonly, interrupt, ioerr, corrupt, full, cantopen, protocol, notadb
_SQLITE_TROUBLE: Final = frozenset({3, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 26})
# A key that another transaction took first: sent again, the request finds what that one did.
_SQLITE_RACES: Final = frozenset(
    {sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, sqlite3.SQLITE_CONSTRAINT_UNIQUE}
)
_POSTGRES_TROUBLE: Final = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    pg_errors.ReadOnlySqlTransaction,
    pg_errors.InsufficientPrivilege,
    pg_errors.IdleInTransactionSessionTimeout,
    pg_errors.UniqueViolation,
    # As Citus tells many a trouble of its nodes, a key that a COPY found taken among them.
    pg_errors.InternalError_,
)

# A request may wait for a connection, then for a lock: together less than the whole patience.
_POOL_SHARE: Final = 0.3
_LOCK_SHARE: Final = 0.6
# SQLite's lock: of that, first for those of the same process who came before, then for others.
_TURN_SHARE: Final = 0.4
_FILE_SHARE: Final = 0.2
_STATEMENTS: Final = 512
"""Statements that a connection to SQLite keeps prepared."""

_TURNS: Final = "kembar_turns"
_IS_CLUSTER: Final = "kembar_is_cluster"
_HAS_CITUS: Final = "SELECT count(*) FROM pg_extension WHERE extname = 'citus'"

_GREETING_S: Final = 3.0
"""Longest silence of a server that is asked for a connection, or whether it is still there."""


def connect(
    url: SecretStr | str, *, timeout_s: float, pool_size: int = 5, creates: bool = True
) -> Engine:
    """Return an engine for the database at *url*; no connection is made yet.

    Args:
        url: `sqlite:///FILE` or `postgresql://…`.
        timeout_s: Longest statement; waits for connections and locks are shares of it.
        pool_size: Most connections at a time.
        creates: Make the file of SQLite, and its folder, where they are missing.
    """
    parsed = sa.make_url(url if isinstance(url, str) else url.get_secret_value())
    bounds = {
        "pool_timeout": timeout_s * _POOL_SHARE,
        "pool_size": pool_size,
        "max_overflow": 0,
        "hide_parameters": True,
    }
    if parsed.get_backend_name() == "sqlite":
        return _connect_sqlite(parsed, timeout_s, bounds, creates=creates)
    parsed = parsed.set(drivername="postgresql+psycopg")
    return _connect_postgresql(parsed, timeout_s, bounds)


def serving(settings: Settings) -> Engine:
    """Return the engine of a process that serves; its database must be there already."""
    return connect(
        settings.database_url,
        timeout_s=settings.database_timeout_s,
        pool_size=settings.database_pool_size,
        creates=False,
    )


def create_if_absent(engine: Engine) -> None:
    """Create the PostgreSQL database that *engine* leads to, where its server lacks it.

    Raises:
        DatabaseUnavailable: The server is away, or does not let us.
    """
    if engine.dialect.name == "sqlite":
        return
    name = engine.url.database
    server = _connect_postgresql(engine.url.set(database="postgres"), 60, {})
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


def is_cluster(conn: Connection) -> bool:
    """Say whether *conn* leads to a PostgreSQL server that can spread tables by Citus."""
    return bool(conn.info.get(_IS_CLUSTER))


def is_lock_taken(unavailable: DatabaseUnavailable) -> bool:
    """Say whether PostgreSQL gave up waiting for what another transaction holds."""
    cause = unavailable.__cause__
    return isinstance(getattr(cause, "orig", cause), pg_errors.LockNotAvailable)


def spelled_instant(conn: Connection, at: datetime) -> datetime | str:
    """Return an instant in UTC as the driver itself takes it; SQLite keeps text without a zone."""
    return at.replace(tzinfo=None).isoformat(" ", "microseconds") if is_sqlite(conn) else at


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
def writing(engine: Engine, *, is_large: bool = False) -> Iterator[Connection]:
    """Open a transaction that commits on leaving the block and rolls back on an exception.

    Args:
        engine: The database.
        is_large: A commit does not bring SQLite's log into the database as well, which takes as
            long as writing it; `cut_log` does, when nobody waits for it.

    Raises:
        DatabaseUnavailable: The database is away, locked, full, read-only or too slow, or another
            transaction took a key first. Whether a commit that failed so has taken effect is
            unknown; a retry finds out.
    """
    turns: Turns | None = engine.get_execution_options().get(_TURNS)
    with (
        _trouble_told(),
        turns.take() if turns else nullcontext(),
        engine.connect() as conn,
        _log_left(conn) if is_large and is_sqlite(conn) else nullcontext(),
        conn.begin(),
    ):
        yield conn


@contextmanager
def _log_left(conn: Connection) -> Iterator[None]:
    raw: Any = conn.connection.driver_connection  # Any: the driver's own
    ((pages,),) = raw.execute("PRAGMA wal_autocheckpoint").fetchall()
    raw.execute("PRAGMA wal_autocheckpoint = 0")
    try:
        yield
    finally:
        raw.execute(f"PRAGMA wal_autocheckpoint = {int(pages)}")


def cut_log(engine: Engine) -> None:
    """Bring SQLite's log into the database and give its disk space back, unless someone reads it.

    Otherwise the next transaction does, once nobody needs the log any more.
    """
    if engine.dialect.name != "sqlite":
        return
    with _trouble_told(), closing(engine.raw_connection()) as borrowed:
        raw: Any = borrowed.driver_connection  # Any: the driver's own
        ((patience_ms,),) = raw.execute("PRAGMA busy_timeout").fetchall()
        raw.execute("PRAGMA busy_timeout = 0")
        try:
            raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        finally:
            raw.execute(f"PRAGMA busy_timeout = {int(patience_ms)}")


def _connect_sqlite(
    url: sa.URL, timeout_s: float, bounds: dict[str, Any], *, creates: bool
) -> Engine:
    # Any: each bound is of its own type
    file = None if url.database in {None, "", ":memory:"} else Path(str(url.database)).absolute()
    if file is not None and creates:
        file.parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(
        url,
        connect_args={"timeout": timeout_s * _FILE_SHARE, "cached_statements": _STATEMENTS},
        **(bounds if file else {}),
    )
    # SQLite lets in whoever asks in the right moment: without turns, one may wait for ever.
    engine.update_execution_options(**{_TURNS: Turns(timeout_s * _TURN_SHARE)})

    @sa.event.listens_for(engine, "connect")
    def _prepare(raw: Any, _record: object) -> None:  # Any: the driver's own connection
        # The driver's implicit transactions would leave half a migration behind.
        raw.isolation_level = None
        for pragma in _PRAGMAS:
            raw.execute(f"PRAGMA {pragma}")

    @sa.event.listens_for(engine, "begin")
    def _begin(conn: Connection) -> None:
        # A read that becomes a write gets SQLITE_BUSY at once, whatever busy_timeout says.
        conn.exec_driver_sql(conn.get_execution_options().get("kembar_begin", "BEGIN IMMEDIATE"))

    if file is not None:
        _stay_with_file(engine, file, creates=creates)
    return engine


def _stay_with_file(engine: Engine, file: Path, *, creates: bool) -> None:
    """Never write to a database that was moved away or replaced, as an open file lets us."""
    mode = "rwc" if creates else "rw"

    @sa.event.listens_for(engine, "do_connect")
    def _connect(_dialect: object, record: Any, _args: object, params: Any) -> sqlite3.Connection:
        # Any: what the pool remembers of a connection, and what the driver's connect takes
        raw: sqlite3.Connection = sqlite3.connect(
            f"{file.as_uri()}?mode={mode}", uri=True, **params
        )
        record.info["file"] = _identity(file)
        return raw

    @sa.event.listens_for(engine, "checkout")
    def _check(_raw: object, record: Any, _proxy: object) -> None:
        # Any: what the pool remembers of a connection
        if record.info["file"] != _identity(file):
            raise InvalidatePoolError


def _identity(file: Path) -> tuple[int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _connect_postgresql(url: sa.URL, timeout_s: float, bounds: dict[str, Any]) -> Engine:
    # Any: each bound is of its own type
    timeout_ms = round(timeout_s * 1000)
    options = {
        "statement_timeout": timeout_ms,
        "lock_timeout": round(timeout_ms * _LOCK_SHARE),
        "idle_in_transaction_session_timeout": timeout_ms,
        "synchronous_commit": "on",
        "timezone": "UTC",
    }
    engine = sa.create_engine(
        url,
        pool_pre_ping=True,
        connect_args={
            "connect_timeout": round(_GREETING_S),
            "options": " ".join(f"-c {name}={value}" for name, value in options.items()),
        },
        **bounds,
    )

    @sa.event.listens_for(engine, "do_connect")
    def _connect(_dialect: object, _record: object, args: Any, params: Any) -> Any:
        # Any: what the driver's connect takes and returns
        conn = _PatientConnection.connect(*args, **params)
        # The server's own timeout comes first; this one is for a server that is frozen.
        conn.silence_s = timeout_s + 1
        return conn

    @sa.event.listens_for(engine, "connect")
    def _look(conn: Any, record: Any) -> None:  # Any: the driver's own, and what the pool notes
        record.info[_IS_CLUSTER] = conn.execute(_HAS_CITUS).fetchone()[0] > 0
        conn.rollback()

    @sa.event.listens_for(engine, "checkin")
    def _put_back(conn: Any, _record: object) -> None:  # Any: None where it was given up
        if conn is not None and not conn.closed:
            # SQLAlchemy leaves False, by which a standby refuses even to begin.
            conn.read_only = None
            conn.is_greeted = False

    return engine


class _PatientConnection(psycopg.Connection[Any]):
    """A connection that gives up on a server which stays silent, sooner on its first words."""

    silence_s: float | None = None
    is_greeted = False

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        # Any: the driver's own generators
        if timeout is None and self.silence_s is not None:
            timeout = self.silence_s if self.is_greeted else min(_GREETING_S, self.silence_s)
        try:
            answer = super().wait(gen, interval, timeout)
        except pg_errors._WaitTimeout as error:
            self.pgconn.finish()
            raise psycopg.OperationalError("the server is silent") from error
        self.is_greeted = True
        return answer


@contextmanager
def _trouble_told() -> Iterator[None]:
    """Turn the database's trouble into a problem; a mistake in our SQL stays what it is."""
    try:
        yield
    except (PoolTimeout, TimeoutError) as error:
        raise DatabaseUnavailable from error
    # The driver's own errors come from what is done with its connection, such as COPY.
    except (DBAPIError, psycopg.Error, sqlite3.Error) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        if _is_trouble(cause):
            raise DatabaseUnavailable from error
        if _is_nul(cause):
            raise BadRequest from error
        raise


def _is_nul(error: BaseException | None) -> bool:
    """Say whether a text held U+0000, which PostgreSQL cannot store and the driver refuses."""
    return isinstance(error, psycopg.DataError) and error.sqlstate is None


def _is_trouble(error: BaseException | None) -> bool:
    code: int | None = getattr(error, "sqlite_errorcode", None)
    if code is not None:
        return code & 0xFF in _SQLITE_TROUBLE or code in _SQLITE_RACES
    return isinstance(error, _POSTGRES_TROUBLE)
