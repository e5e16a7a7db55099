"""Sums of days computed anew after the rule by which they are made has changed."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

from kembar_shared.chassis.database import writing
from kembar_shared.measurement import store

if TYPE_CHECKING:
    from kembar_shared.chassis.database import Engine

RULES: Final = "sums@2"
"""How days are summed up: one length of time, means by spans of time (ADR 29)."""


class Sums:
    """The sums of one service: written with each upload, and anew where the rule has changed."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._is_done = False

    def renew(self) -> None:
        """Compute all sums by the rule in force, if they are not yet.

        Some series at a time, each in a short transaction, beside requests; whoever was
        interrupted goes on where it left off.

        Raises:
            DatabaseUnavailable: The database is gone, too slow, or cannot be written.
        """
        with self._lock:
            while not self._is_done:
                self._is_done = self._renew_some()

    def _renew_some(self) -> bool:
        with writing(self._engine) as conn:
            done, rules = store.heads.hold(conn, store.heads.SUMS)
            if rules == RULES:
                return True
            last = store.sums.renew_after(conn, done)
            if last is None:
                store.heads.note(conn, store.heads.SUMS, seq=0, rules=RULES)
            else:
                store.heads.note(conn, store.heads.SUMS, seq=last, rules=rules)
            return last is None
