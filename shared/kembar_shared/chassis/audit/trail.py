"""What one process has of its trail: the key, and a thread that writes on the side."""

from __future__ import annotations

import secrets
import threading
import time
from functools import cached_property
from typing import TYPE_CHECKING, Final

import structlog

from kembar_shared.chassis.audit import refusals, store, witness
from kembar_shared.chassis.database import reading, writing
from kembar_shared.chassis.files import write_secret
from kembar_shared.chassis.problems import DatabaseUnavailable

if TYPE_CHECKING:
    from pathlib import Path

    from kembar_shared.chassis.audit.chain import Head
    from kembar_shared.chassis.audit.refusals import Refusal
    from kembar_shared.chassis.database import Engine
    from kembar_shared.chassis.settings import Settings

PERIOD_S: Final = 1.0
"""How long refusals are collected, and how often the head is kept outside at most."""

RETRY_S: Final = 5.0
LOG_PERIOD_S: Final = 3600.0


class KeyUnreadable(Exception):
    """The key file of a trail holds something else."""


class Trail:
    """The trail of one process; what it does in a thread never makes a request wait."""

    def __init__(self, engine: Engine, settings: Settings) -> None:
        """Let transactions of *engine* append; nothing is read or made yet."""
        self.engine = engine
        self._file = settings.audit_key_file
        self._waiting = refusals.Waiting()
        self._wake, self._stopping = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None
        self._next_log = 0.0
        self._is_broken = False
        engine.update_execution_options(**{store.OPTION: self})

    @cached_property
    def key(self) -> bytes:
        """The key, read when first needed and made where there is none.

        Raises:
            KeyUnreadable: The file holds something else.
        """
        return open_key(self._file)

    def touched(self) -> None:
        """Keep the new head outside, soon."""
        self._wake.set()

    def refuse(self, refusal: Refusal) -> None:
        """Write a refusal down, soon."""
        self._waiting.add(refusal)
        self._wake.set()

    def start(self) -> None:
        """Open the key and begin to write on the side.

        Raises:
            KeyUnreadable: The key's file holds something else.
            OSError: The key cannot be made or read.
        """
        _ = self.key
        self._wake.set()
        self._thread = threading.Thread(target=self._run, name="audit", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Write what waits, and end."""
        self._stopping.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()

    def settle(self) -> None:
        """Write down what was refused, then keep and log the head.

        Raises:
            DatabaseUnavailable: The database is away; what was refused is kept for the next time.
            OSError: The head cannot be kept beside the key.
        """
        several = self._waiting.take()
        if several:
            try:
                with writing(self.engine) as conn:
                    store.append(conn, refusals.entries(several))
            except BaseException:
                self._waiting.put_back(several)
                raise
        self._keep_head()

    def _run(self) -> None:
        is_last, pause_s = False, PERIOD_S
        while not is_last:
            self._wake.wait(LOG_PERIOD_S)
            # Cleared before the pause: what comes during it, the end too, is never missed.
            self._wake.clear()
            is_last = self._stopping.wait(pause_s)
            pause_s = PERIOD_S
            try:
                self.settle()
            except DatabaseUnavailable as error:
                structlog.get_logger().warning("audit", reason=error.slug)
                pause_s = RETRY_S
            except Exception as error:  # noqa: BLE001  the edge: logged, and tried again
                structlog.get_logger().error("audit", exc_info=error)
                pause_s = RETRY_S
            if pause_s == RETRY_S:
                self._wake.set()

    def _keep_head(self) -> None:
        file = witness.beside(self._file)
        known = witness.read(file)[0].head if file.exists() else None
        with reading(self.engine) as conn:
            head = store.head(conn)
            if head is None or not head.seq:
                return
            is_same = self._follows(known, head, store.hash_at(conn, known.seq if known else 0))
        # What contradicts the trail stays, as evidence.
        if file.exists() and not is_same:
            if not self._is_broken:
                structlog.get_logger().error("audit-broken", seq=head.seq, witness=str(file))
            self._is_broken = True
            return
        if known != head:
            witness.keep(file, head)
        if time.monotonic() >= self._next_log:
            structlog.get_logger().info(witness.LOGGED, **head._asdict())
            self._next_log = time.monotonic() + LOG_PERIOD_S

    def _follows(self, known: Head | None, head: Head, hash_then: str | None) -> bool:
        """Say whether the trail goes on from a head that was kept before."""
        if known is None or not known.is_signed_by(self.key):
            return False
        return known.seq <= head.seq and hash_then == known.hash


def open_key(file: Path) -> bytes:
    """Return the key that lies in *file*; make it where there is none.

    Of two processes that start at once one makes the file and the other reads it.

    Raises:
        KeyUnreadable: The file holds something else.
    """
    if not file.exists():
        write_secret(file, secrets.token_hex(32) + "\n", replace=False)
    try:
        key = bytes.fromhex(file.read_text("ascii").strip())
    except ValueError as error:
        raise KeyUnreadable(f"{file} holds no key of an audit trail") from error
    if len(key) < 32:
        raise KeyUnreadable(f"{file} holds no key of an audit trail")
    return key
