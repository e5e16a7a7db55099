"""Backups by the clock: made and verified in a process of their own, kept by their number.

Of several replicas one makes each. A backup has its name once every row of it was restored into a
fresh place and compared; before, it is called `….partial`.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import threading
import uuid
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import structlog
from apscheduler.schedulers.background import BackgroundScheduler
from prometheus_client import Counter, Gauge

from kembar_shared.chassis import leases
from kembar_shared.chassis.backup.folder import MANIFEST, VERIFYING, sync
from kembar_shared.chassis.database import Engine, reading, writing
from kembar_shared.chassis.problems import DatabaseUnavailable

if TYPE_CHECKING:
    from pathlib import Path

    from kembar_shared.chassis.settings import Settings

JOB: Final = "backup"
LEASE_S: Final = 60.0
RETRY_S: Final = 600.0
"""How long after a failure nobody tries again, or a fourth of the period where that is less."""

PARTIAL: Final = ".partial"
RESULTS: Final = ("done", "failed")

_NAME: Final = "%Y%m%dT%H%M%SZ"
_OURS: Final = re.compile(rf"\d{{8}}T\d{{6}}Z({re.escape(PARTIAL)})?|{VERIFYING}\w+")
_LOOK_S: Final = 60.0
_LESS_URGENT: Final = 10


class Scheduled:
    """The timer of one process; `collectors` are shown with its metrics."""

    def __init__(self, engine: Engine, settings: Settings, *, service: str) -> None:
        """Take whose database is kept; nothing happens where no folder is set."""
        self._engine, self._settings, self._service = engine, settings, service
        self._period_s = settings.backup_period_h * 3600
        self._holder = uuid.uuid4().hex
        self._timer = BackgroundScheduler(timezone="UTC")
        self._lock = threading.Lock()
        self._child: subprocess.Popen[str] | None = None
        self._is_stopped = False
        self._counter = Counter(
            "kembar_backups", "Scheduled backups by result.", ["result"], registry=None
        )
        for result in RESULTS:
            self._counter.labels(result)
        self._newest = Gauge(
            "kembar_backup_timestamp_seconds",
            "When the newest scheduled backup was verified, 0 where none was yet.",
            registry=None,
        )
        is_set = settings.backup_folder is not None
        self.collectors: tuple[Any, ...] = (self._counter, self._newest) if is_set else ()

    def start(self) -> None:
        """Look whether a backup is due, now and again and again."""
        if self._settings.backup_folder is None:
            return
        self._timer.add_job(
            self.look,
            "interval",
            seconds=max(1.0, min(_LOOK_S, self._period_s / 4)),
            next_run_time=datetime.now(UTC),
            coalesce=True,
            max_instances=1,
            misfire_grace_time=None,
        )
        self._timer.start()

    def stop(self) -> None:
        """End what is under way; another replica, or the next start, begins it anew."""
        with self._lock:
            self._is_stopped = True
            if self._child is not None:
                self._child.terminate()
        if self._timer.running:
            self._timer.shutdown(wait=True)

    def look(self) -> str | None:
        """Make a backup if one is due and nobody else makes it; return `done` or `failed`."""
        try:
            if not self._take():
                return None
            is_done = False
            try:
                is_done = self._make()
            finally:
                self._end(is_done=is_done)
        except DatabaseUnavailable as error:
            structlog.get_logger().warning("job", job=JOB, reason=error.slug)
            return None
        except OSError as error:
            structlog.get_logger().error("job", job=JOB, reason=str(error))
            return "failed"
        return "done" if is_done else "failed"

    def _take(self) -> bool:
        with reading(self._engine) as conn:
            self._newest.set(leases.done_s(conn, JOB))
        with writing(self._engine) as conn:
            return leases.take(
                conn, JOB, holder=self._holder, every_s=self._period_s, lease_s=LEASE_S
            )

    def _end(self, *, is_done: bool) -> None:
        pause_s = 0.0 if is_done or self._is_stopped else min(RETRY_S, self._period_s / 4)
        with writing(self._engine) as conn:
            leases.end(conn, JOB, holder=self._holder, is_done=is_done, pause_s=pause_s)
        with reading(self._engine) as conn:
            self._newest.set(leases.done_s(conn, JOB))
        if not self._is_stopped:
            self._counter.labels("done" if is_done else "failed").inc()

    def _make(self) -> bool:
        """Make one, verify it, give it its name, and let the oldest go; say whether it is there."""
        folder = self._folder()
        name = datetime.now(UTC).strftime(_NAME)
        partial = folder / f"{name}{PARTIAL}"
        shutil.rmtree(partial, ignore_errors=True)
        code, said = self._run(partial)
        log = structlog.get_logger()
        if code != 0:
            if not self._is_stopped:
                log.error("job", job=JOB, code=code, reason=said.get("failed", ""))
            return False
        partial.rename(folder / name)
        sync(folder)
        self._let_go(folder)
        log.info("job", job=JOB, folder=str(folder / name), **said["done"])
        return True

    def _folder(self) -> Path:
        if self._settings.backup_folder is None:
            raise FileNotFoundError("no backup_folder is set")
        folder = self._settings.backup_folder.absolute() / self._service
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder

    def _run(self, folder: Path) -> tuple[int, dict[str, Any]]:  # Any: what a backup says
        """Back up into *folder* in a process of its own; return its exit code and last word."""
        with self._lock:
            if self._is_stopped:
                return 1, {}
            self._child = child = subprocess.Popen(  # noqa: S603  our own command, no shell
                [sys.executable, "-m", f"kembar_{self._service}", "backup", str(folder),
                 "--verify", "--json"],
                env=self._settings.environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )  # fmt: skip
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, child.pid, _LESS_URGENT)
        while True:
            try:
                said, _ = child.communicate(timeout=LEASE_S / 3)
            except subprocess.TimeoutExpired:
                self._hold(child)
            else:
                return child.returncode, _last(said)

    def _hold(self, child: subprocess.Popen[str]) -> None:
        """Keep the job ours; where another replica has taken it, leave it to that one."""
        try:
            with writing(self._engine) as conn:
                is_ours = leases.renew(conn, JOB, holder=self._holder, lease_s=LEASE_S)
        except DatabaseUnavailable:
            return
        if not is_ours:
            child.terminate()

    def _let_go(self, folder: Path) -> None:
        """Remove what was left half done, and all but the newest of what was kept."""
        # Whatever else lies there is not ours to remove.
        ours = sorted(each for each in folder.iterdir() if _OURS.fullmatch(each.name))
        whole = [each for each in ours if _is_whole(each)]
        for each in ours:
            if each not in whole[-self._settings.backups_kept :]:
                shutil.rmtree(each)


def _is_whole(folder: Path) -> bool:
    return folder.suffix != PARTIAL and (folder / MANIFEST).is_file()


def _last(said: str) -> dict[str, Any]:  # Any: what a backup says
    """Return the last thing said; what is no JSON is a complaint."""
    try:
        return dict(json.loads(said.splitlines()[-1]))
    except (ValueError, IndexError):
        return {"failed": said[-2000:].strip()}
