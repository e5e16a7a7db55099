"""The environment itself for Prometheus, from newest values, rollups, indices and figures alone.

What changed since the last scrape is read and written anew; all else is kept as it was written.
"""

from __future__ import annotations

import threading
import time
from itertools import chain
from typing import TYPE_CHECKING, Final

from kembar_shared.chassis.database import reading
from kembar_shared.chassis.exposition import Family, Row, Sheet
from kembar_shared.chassis.problems import DatabaseUnavailable
from kembar_shared.measurement import store
from kembar_shared.measurement.gauges.figured import Figured
from kembar_shared.measurement.gauges.indexed import Indexed
from kembar_shared.measurement.gauges.measured import Measured
from kembar_shared.measurement.gauges.statistics import statistics

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kembar_shared.chassis.database import Connection, Engine
    from kembar_shared.measurement.indicators import Domain
    from kembar_shared.measurement.store.scraped import Heads

_BEHIND: Final = Family(
    "kembar_computation_behind_events",
    "Uploads and other events that figures, or indices, were not yet computed with.",
    ("what",),
)
_STANDING: Final = Family(
    "kembar_rules_in_force",
    "1 where the rules of this process are in force; where not it computes nothing.",
    ("of",),
)
_RULES: Final = {store.heads.JUDGEMENT: "judgement", store.heads.CHECKS: "checks"}
_ALWAYS: Final = float("inf")


class Gauges:
    """Newest measurements, statistics of days, indices and figures, each with its state."""

    def __init__(self, engine: Engine, domain: Domain, rules: Mapping[int, str]) -> None:
        """Read nothing yet.

        Args:
            engine: The service's database.
            domain: What the service measures.
            rules: Those of this process, by what they are of (`store.heads`).
        """
        self._engine, self._rules = engine, rules
        self._lock = threading.Lock()
        self._heads: Heads | None = None
        self._statistics = statistics()
        self._measured = Measured(domain, self._statistics)
        self._indexed = Indexed(self._statistics)
        self._figured = Figured()

    def pieces(self) -> Iterator[str]:
        """Return the lines of this moment; none while the database is away."""
        with self._lock:
            now = time.time()
            try:
                with reading(self._engine) as conn:
                    heads = store.scraped.heads_of(conn)
                    self._renew(conn, heads, now)
                    standing = self._standing(conn)
            except DatabaseUnavailable:
                # What was half read is read again.
                self._heads = None
                return iter(())
            self._heads = heads
            sheets = (
                self._measured.sheet, self._statistics, self._indexed.sheet, self._figured.sheet,
                _behind(heads), standing,
            )  # fmt: skip
            # Settled here: whoever reads slowly keeps nobody else waiting.
            return chain.from_iterable([sheet.pieces(now) for sheet in sheets])

    def _renew(self, conn: Connection, heads: Heads, now: float) -> None:
        known = self._heads
        if known is None:
            self._statistics.clear()
            self._measured.renew(conn, None, now)
        elif known.newest != heads.newest:
            touched = store.scraped.touched(conn, done=known.newest, upto=heads.newest)
            self._measured.renew(conn, touched, now)
        if known is None or known.indices != heads.indices:
            self._indexed.renew(conn, self._measured.ages(), now)
        if known is None or known.figures != heads.figures:
            self._figured.renew(conn)

    def _standing(self, conn: Connection) -> Sheet:
        sheet = Sheet(_STANDING)
        for what, rules in self._rules.items():
            is_own = store.heads.in_force(conn, what) in {None, rules}
            line = _STANDING.line((_RULES[what],), float(is_own))
            sheet.put(_RULES[what], Row((line,), _ALWAYS, ("",)))
        return sheet


def _behind(heads: Heads) -> Sheet:
    sheet = Sheet(_BEHIND)
    for what, (seq, _) in (("figures", heads.figures), ("indices", heads.indices)):
        sheet.put(what, Row((_BEHIND.line((what,), heads.newest - seq),), _ALWAYS, ("",)))
    return sheet
