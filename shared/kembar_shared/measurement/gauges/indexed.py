"""Newest indices of stations, and the highest means of their newest days."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from kembar_shared.chassis.exposition import Family, Row, Sheet
from kembar_shared.measurement import store
from kembar_shared.measurement.gauges import statistics
from kembar_shared.measurement.periods import local_midnight_us
from kembar_shared.measurement.rollups import day_of, number_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kembar_shared.chassis.database import Connection
    from kembar_shared.measurement.store.scraped import Index

_LABELS: Final = ("index", "station", "jurisdiction", "origin")
_VALUE: Final = Family(
    "kembar_index", "Newest value of an index at a station; absent once it is stale.", _LABELS
)
_AT: Final = Family(
    "kembar_index_timestamp_seconds",
    "When the day, month or year of that value began at the station.",
    _LABELS,
)
_STATE: Final = Family("kembar_index_state", "1 for the state of that value.", (*_LABELS, "state"))
_CATEGORY: Final = Family(
    "kembar_index_category", "1 for the category that value lies in.", (*_LABELS, "category")
)
_NOTHING: Final = ("", "", "", "")
_DAY: Final = timedelta(days=1)


class Indexed:
    """What was computed last of each index and station."""

    def __init__(self, days: Sheet) -> None:
        """Know nothing yet; *days* is where statistics of days are shown."""
        self.sheet = Sheet(_VALUE, _AT, _STATE, _CATEGORY)
        self._days = days
        self._shown: set[tuple[str, str]] = set()

    def renew(self, conn: Connection, ages: Mapping[str, timedelta], now: float) -> None:
        """Read all that may be shown anew; *ages* say how long, by station."""
        instant = datetime.fromtimestamp(now, UTC)
        oldest = max(ages.values(), default=_DAY)
        since = number_of((instant - oldest - _DAY).date())
        newest: dict[tuple[str, str], Index] = {}
        for found in store.scraped.indices(conn, since=since):
            key = (found.station, found.code)
            # The newest with a number, or else the newest.
            if found.value is not None or key not in newest or newest[key].value is None:
                newest[key] = found
        self.sheet.clear()
        for key in self._shown - newest.keys():
            self._days.drop(key)
        self._shown = set()
        for key, found in newest.items():
            age = ages.get(found.station, _DAY)
            statistic, colon, parameter = found.code.partition(":")
            if not colon:
                self.sheet.put(key, _row(found, age))
                continue
            self._shown.add(key)
            labels = (found.station, found.jurisdiction, parameter, statistic, found.origin)
            self._days.put(
                key,
                statistics.row(
                    labels,
                    found.unit,
                    found.value,
                    found.state,
                    began_s=_began_s(found),
                    age=age,
                ),
            )


def _row(found: Index, age: timedelta) -> Row:
    labels = (found.code, found.station, found.jurisdiction, found.origin)
    began_s = _began_s(found)
    has_category = found.value is not None and found.category is not None
    return Row(
        lines=(
            "" if found.value is None else _VALUE.line(labels, found.value),
            _AT.line(labels, began_s),
            _STATE.line((*labels, found.state), 1),
            _CATEGORY.line((*labels, str(found.category)), 1) if has_category else "",
        ),
        until=began_s + age.total_seconds(),
        later=_NOTHING,
    )


def _began_s(found: Index) -> float:
    return local_midnight_us(day_of(found.first_day), ZoneInfo(found.timezone)) / 1e6
