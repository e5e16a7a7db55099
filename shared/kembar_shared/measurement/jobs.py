"""What a service does on timers: what is derived computed anew, partitions made, checks begun.

Each job finds out from the database what is due, and doing it twice changes nothing; so every
process may run it, and one that was down makes up for it when it starts. Of several replicas one
at a time runs the checks, which are costly.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
import uuid
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import structlog
from apscheduler.schedulers.background import BackgroundScheduler
from prometheus_client import Counter, Gauge

from kembar_shared.chassis import leases
from kembar_shared.chassis.database import reading, writing
from kembar_shared.chassis.problems import DatabaseUnavailable
from kembar_shared.measurement import store
from kembar_shared.measurement.standing import Standing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from prometheus_client.registry import Collector

    from kembar_shared.chassis.database import Engine
    from kembar_shared.measurement.indexing import Indices
    from kembar_shared.measurement.periods import Period
    from kembar_shared.measurement.renewal import Figures
    from kembar_shared.measurement.settings import ServiceSettings

_COMMON: Final = {"coalesce": True, "max_instances": 1, "misfire_grace_time": None}

_MOST_MONTHS: Final = 12
"""Partitions that one run fills with what waits for them; each in a transaction of its own."""

_QUALITY: Final = "quality"
_LEASE_S: Final = 60.0
"""How long the checks of a replica that died keep others from beginning."""

_PATIENCE_MS: Final = 200
"""How long to queue behind a reader: whoever reads next waits as long."""

_TOLD: Final = 2000
"""Characters of a child's complaint that are logged: the last ones say what went wrong."""

_TRIED_S: Final = 60.0
_PAUSE_S: Final = 2.0
"""How long, and after which pause again, a partition is tried that a reader is in the way of."""


class JobMetrics:
    """What became of a process's timed work."""

    def __init__(self) -> None:
        self._runs = Counter(
            "kembar_jobs",
            "Runs of timed work by what became of them.",
            ("task", "result"),
            registry=None,
        )
        self._done_at = Gauge(
            "kembar_job_last_success_timestamp_seconds",
            "When timed work was last done; of several replicas each says its own.",
            ("task",),
            registry=None,
        )

    @property
    def collectors(self) -> tuple[Collector, ...]:
        """What the process's metrics show of them."""
        return self._runs, self._done_at

    def know(self, job: str) -> None:
        """Count *job* from zero: what never failed has a count of no failures."""
        for result in ("done", "failed"):
            self._runs.labels(job, result)

    @contextmanager
    def run(self, job: str) -> Iterator[None]:
        """Count a run of *job*: failed where it ends with an error."""
        result = "failed"
        try:
            yield
            result = "done"
            self._done_at.labels(job).set_to_current_time()
        finally:
            self._runs.labels(job, result).inc()


class ChecksFailed(Exception):
    """The process that checks ended with an error."""


class Checks:
    """Checks beside neighbours, each in a process of its own: what they load is heavy."""

    def __init__(
        self, engine: Engine, settings: ServiceSettings, *, service: str, rules: str
    ) -> None:
        self._engine, self._settings, self._rules = engine, settings, rules
        self._standing = Standing(store.heads.CHECKS, rules, "checks")
        self._holder = uuid.uuid4().hex
        self._command = [sys.executable, "-m", f"kembar_{service}", "quality"]
        self._lock = threading.Lock()
        self._child: subprocess.Popen[str] | None = None
        self._is_stopped = False

    def begin(self) -> None:
        """Check what is due, if no other replica does, and wait for the end of it.

        Raises:
            ChecksFailed: They ended with an error, which the log tells.
        """
        with reading(self._engine) as conn:
            if not self._standing.is_in_force(conn):
                return
            if not store.checks.is_due(conn, self._rules):
                return
        with writing(self._engine) as conn:
            if not leases.take(conn, _QUALITY, holder=self._holder, every_s=0, lease_s=_LEASE_S):
                return
        try:
            self._check()
        finally:
            with writing(self._engine) as conn:
                leases.end(conn, _QUALITY, holder=self._holder, is_done=True)

    def _check(self) -> None:
        with self._lock:
            if self._is_stopped:
                return
            self._child = subprocess.Popen(  # noqa: S603  our own command, no shell
                self._command,
                env=self._settings.environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        said, complaint = self._heard(self._child)
        code, log = self._child.returncode, structlog.get_logger()
        if code == 0:
            log.info("job", job="quality", said=said.strip())
        elif not self._is_stopped:
            log.warning("job", job="quality", code=code, reason=complaint.strip()[-_TOLD:])
            raise ChecksFailed

    def _heard(self, child: subprocess.Popen[str]) -> tuple[str, str]:
        """Return what *child* has said at its end; until then no other replica begins."""
        while True:
            try:
                return child.communicate(timeout=_LEASE_S / 3)
            except subprocess.TimeoutExpired:
                with suppress(DatabaseUnavailable), writing(self._engine) as conn:
                    leases.renew(conn, _QUALITY, holder=self._holder, lease_s=_LEASE_S)

    def stop(self) -> None:
        """End what is under way: the next run begins where this one did."""
        with self._lock:
            self._is_stopped = True
            if self._child is not None:
                self._child.terminate()


class Jobs:
    """The timers of one process."""

    def __init__(
        self,
        engine: Engine,
        computed: Sequence[Figures | Indices],
        settings: ServiceSettings,
        checks: Checks,
    ) -> None:
        self._engine, self._computed, self._settings = engine, computed, settings
        self._checks = checks
        self.metrics = JobMetrics()
        self._scheduler = BackgroundScheduler(timezone="UTC")
        self._stopping = threading.Event()

    def start(self) -> None:
        """Do each job now, and again every period."""
        for each in self._computed:
            name = type(each).__name__.lower()
            self._add(name, each.renew, self._settings.figures_period_s)
        if self._engine.dialect.name != "sqlite":
            self._add("partitions", self._look_ahead, self._settings.partitions_period_s)
        period_s = self._settings.quality_period_s
        self._add("quality", self._checks.begin, period_s, first_s=period_s)
        self._scheduler.start()

    def stop(self) -> None:
        """Let what is under way end, and begin no more."""
        self._stopping.set()
        self._checks.stop()
        if self._scheduler.running:
            self._scheduler.shutdown(wait=True)

    def _add(
        self, name: str, job: Callable[[], None], period_s: float, *, first_s: float = 0.0
    ) -> None:
        def run() -> None:
            # The next run makes up for what this one could not do.
            with suppress(ChecksFailed):
                try:
                    with self.metrics.run(name):
                        job()
                except DatabaseUnavailable as error:
                    structlog.get_logger().warning("job", job=name, reason=error.slug)

        self.metrics.know(name)

        first = datetime.now(UTC) + timedelta(seconds=first_s)
        self._scheduler.add_job(
            run, "interval", id=name, seconds=period_s, next_run_time=first, **_COMMON
        )

    def _look_ahead(self) -> None:
        months = store.partitions.ahead(datetime.now(UTC).date(), self._settings.partitions_ahead)
        with reading(self._engine) as conn:
            missing = store.partitions.missing(conn, months)
        if missing:
            with writing(self._engine) as conn:
                store.partitions.make(conn, missing)
        self._bring_home()

    def _bring_home(self) -> None:
        """Move what was stored while its month had no partition into one of its own."""
        with reading(self._engine) as conn:
            waiting = store.partitions.waiting(conn)
        for period in waiting[:_MOST_MONTHS]:
            if not self._fill(period):
                return

    def _fill(self, period: Period) -> bool:
        """Make one partition, between readers; say whether it is there."""
        until_s = time.monotonic() + _TRIED_S
        while not self._stopping.is_set():
            try:
                with writing(self._engine) as conn:
                    store.partitions.make(conn, [period], patience_ms=_PATIENCE_MS)
            except DatabaseUnavailable:
                if time.monotonic() > until_s:
                    raise
                self._stopping.wait(_PAUSE_S)
            else:
                return True
        return False
