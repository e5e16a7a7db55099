"""The database and the disk that a process lives on, for Prometheus."""

from __future__ import annotations

import shutil
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from kembar_shared.chassis.database import is_sqlite, reading
from kembar_shared.chassis.problems import DatabaseUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client.metrics_core import Metric

    from kembar_shared.chassis.database import Engine

_MEASURED_EVERY_S: Final = 60.0
"""PostgreSQL looks at every file of a database to say how large it is."""


class Vitals(Collector):
    """Whether the database answers, its connections and size, and the room left on the disk."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        """Look at nothing yet.

        Args:
            engine: The process's database.
            folder: Where the process keeps files of its own.
        """
        self._engine, self._folder = engine, folder
        self._lock = threading.Lock()
        self._size_bytes = 0
        self._measured = float("-inf")

    def describe(self) -> Iterator[Metric]:
        """Name nothing beforehand: describing would ask the database."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """Yield the samples of this moment."""
        yield self._connections()
        yield from self._database()
        yield from self._disk()

    def _connections(self) -> Metric:
        family = GaugeMetricFamily(
            "kembar_database_connections",
            "Connections of this process to its database by what they do; `most` is the limit.",
            labels=("state",),
        )
        pool: Any = self._engine.pool  # Any: each kind has its own members
        if hasattr(pool, "checkedout"):
            family.add_metric(("in_use",), pool.checkedout())
            family.add_metric(("idle",), pool.checkedin())
            family.add_metric(("most",), pool.size())
        return family

    def _database(self) -> Iterator[Metric]:
        up = GaugeMetricFamily("kembar_database_up", "1 where the database answers.")
        try:
            size_bytes = self._size()
        except DatabaseUnavailable:
            up.add_metric((), 0)
            yield up
            return
        up.add_metric((), 1)
        yield up
        yield GaugeMetricFamily(
            "kembar_database_size_bytes", "Size of the database.", value=size_bytes
        )

    def _size(self) -> int:
        with self._lock:
            if time.monotonic() - self._measured > _MEASURED_EVERY_S:
                self._size_bytes = _size_bytes(self._engine)
                self._measured = time.monotonic()
            else:
                with reading(self._engine) as conn:
                    conn.exec_driver_sql("SELECT 1")
            return self._size_bytes

    def _disk(self) -> Iterator[Metric]:
        try:
            usage = shutil.disk_usage(self._place())
        except OSError:
            return
        for name, told, value in (
            ("kembar_disk_free_bytes", "Room left", usage.free),
            ("kembar_disk_size_bytes", "Size", usage.total),
        ):
            about = f"{told} on the disk of the process's files, with SQLite its database's."
            yield GaugeMetricFamily(name, about, value=value)

    def _place(self) -> Path:
        file = _file(self._engine)
        return self._folder if file is None else file.parent


def _size_bytes(engine: Engine) -> int:
    """Return the size of the database; of SQLite with its log.

    Raises:
        DatabaseUnavailable: It does not answer.
    """
    with reading(engine) as conn:
        if not is_sqlite(conn):
            asked = "SELECT pg_database_size(current_database())"
            return int(conn.exec_driver_sql(asked).scalar_one())
        conn.exec_driver_sql("SELECT 1")
    file = _file(engine)
    if file is None:
        return 0
    files = (file, file.with_name(f"{file.name}-wal"))
    return sum(each.stat().st_size for each in files if each.exists())


def _file(engine: Engine) -> Path | None:
    """Return SQLite's file; None where there is none."""
    if engine.dialect.name != "sqlite" or engine.url.database in {None, "", ":memory:"}:
        return None
    return Path(str(engine.url.database)).absolute()
