"""Index values of stations, computed anew for the days on which something happened."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

import polars as pl

from kembar_shared.chassis.database import reading, writing
from kembar_shared.measurement import rollups, store
from kembar_shared.measurement.indicators import HOURS_SCHEMA
from kembar_shared.measurement.periods import Period, instant_of_us, local_midnight_us
from kembar_shared.measurement.resumming import Sums
from kembar_shared.measurement.standing import Standing
from kembar_shared.measurement.vocabulary import Grain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from kembar_shared.chassis.database import Connection, Engine
    from kembar_shared.measurement.indicators import Domain

_STATION_DAYS: Final = 3_000
"""About how many days of stations are worked on together."""

_MOST_STATIONS: Final = 64
_MARGIN: Final = timedelta(minutes=10)
"""How long before its event is recorded a station may have been changed."""

_DAY: Final = timedelta(days=1)
_DAY_US: Final = 86_400_000_000
_HOUR_US: Final = 3_600_000_000
_HOURS_A_DAY: Final = 24


@dataclass(frozen=True, slots=True)
class Due:
    """Stations whose values between two local days are to be computed anew."""

    stations: dict[str, int]
    zones: frozenset[str]
    first: date
    following: date


class Indices:
    """The index values of one service; a table holds them by station and day."""

    def __init__(self, engine: Engine, domain: Domain, *, rules: str) -> None:
        """Compute nothing yet.

        Args:
            engine: The service's database.
            domain: What index values it makes.
            rules: Changes whenever all must be computed anew from the same measurements.
        """
        self._engine, self._domain, self._rules = engine, domain, rules
        self._standing = Standing(store.heads.JUDGEMENT, rules, "indices")
        self._sums = Sums(engine)
        self._lock = threading.Lock()

    def renew(self) -> None:
        """Bring the values up to the newest event, for the days of stations that it touched.

        Nothing is done where other rules than these are in force.

        Part by part is computed and written in a short transaction. Every part shows
        at least what had happened when this began; of two processes at once, the one that ends
        first notes how far it came, and the other leaves off.

        Raises:
            DatabaseUnavailable: The database is gone, too slow, or cannot be written.
        """
        self._sums.renew()
        with self._lock:
            with reading(self._engine) as conn:
                if not self._standing.is_in_force(conn):
                    return
                head = store.heads.read(conn, store.heads.INDICES)
                upto, _ = store.events.newest(conn)
                if head == (upto, self._rules):
                    return
                touched = self._touched(conn, *head, upto)
            for due in _together(touched, self._domain):
                if not self._renew_part(due, head):
                    return
            with writing(self._engine) as conn:
                if self._is_mine(conn, head):
                    store.heads.note(conn, store.heads.INDICES, seq=upto, rules=self._rules)

    def _renew_part(self, due: Due, head: tuple[int, str]) -> bool:
        """Compute and write what is due; say whether nobody else was faster.

        Several processes may serve one PostgreSQL: who holds the head there reads what is newest
        and writes it, so that nothing older is ever written over it. One process serves a SQLite
        file, and nobody waits for its computing.
        """
        values = None
        if self._engine.dialect.name == "sqlite":
            with reading(self._engine) as conn:
                values = compute(conn, self._domain, due)
        with writing(self._engine) as conn:
            if not self._is_mine(conn, head):
                return False
            if values is None:
                values = compute(conn, self._domain, due)
            store.indices.replace(conn, due.stations, _numbers(due), values)
        return True

    def _is_mine(self, conn: Connection, head: tuple[int, str]) -> bool:
        """Say whether nobody went on from *head*, and the rules are in force."""
        # Read after the head is held: whoever brought others into force meanwhile is seen.
        is_same = store.heads.hold(conn, store.heads.INDICES) == head
        return is_same and store.heads.claim(conn, store.heads.JUDGEMENT, self._rules)

    def _touched(
        self, conn: Connection, done: int, rules: str, upto: int
    ) -> list[store.indices.Touched]:
        if rules != self._rules:
            return store.indices.whole(conn, None)
        found = store.indices.touched(conn, done=done, upto=upto)
        if levels := self._domain.levels:
            told = store.indices.touched(conn, done=done, upto=upto, parameters=levels)
            found += [_opened(each, self._domain) for each in told]
        if store.figures.has_kind(conn, store.events.STATION_CHANGED, done=done, upto=upto):
            since = store.indices.recorded_at(conn, done) - _MARGIN
            found += store.indices.whole(conn, store.indices.changed_since(conn, since))
        return found


def compute(conn: Connection, domain: Domain, due: Due) -> pl.DataFrame:
    """Return what `store.indices.replace` takes of the stations and days that are due.

    Args:
        conn: A reading transaction.
        domain: What computes them.
        due: What is due.
    """
    days = _days(conn, domain, due)
    hours = pl.DataFrame(schema=HOURS_SCHEMA)
    if domain.hourly:
        zones = [ZoneInfo(zone) for zone in due.zones]
        first_us = min(local_midnight_us(due.first, zone) for zone in zones)
        # A day of 23 or 25 hours has another hour before its midnight.
        first_us -= (domain.reach_h + 1) * _HOUR_US
        end_us = max(local_midnight_us(due.following, zone) for zone in zones)
        hours = store.hours.read(conn, list(due.stations), domain.hourly, first_us, end_us)
    values = domain.indices(days, hours).filter(
        pl.col("period") >= due.first, pl.col("period") < due.following
    )
    return _digested(values, days, hours, domain)


def _days(conn: Connection, domain: Domain, due: Due) -> pl.DataFrame:
    """Return the days that are due, and of levels those of the period before."""
    stations = list(due.stations)
    days = rollups.days(conn, due.first, due.following, stations=stations)
    if not domain.levels:
        return days
    before = Period.of(due.first - _DAY, domain.window).first
    opening = rollups.days(conn, before, due.first, stations=stations, parameters=domain.levels)
    return pl.concat([opening, days])


def _opened(each: store.indices.Touched, domain: Domain) -> store.indices.Touched:
    """Return the beginning of the period that opens with what was touched last."""
    zone = ZoneInfo(each.timezone)
    last = instant_of_us(each.last_us).astimezone(zone).date()
    first_us = local_midnight_us(Period.of(last, domain.window).following, zone)
    return replace(each, first_us=first_us, last_us=first_us)


def hourly(
    conn: Connection,
    domain: Domain,
    stations: Sequence[str],
    days: tuple[date, date],
    *,
    index: str | None,
    after: tuple[int, int],
    limit: int,
) -> list[dict[str, Any]]:
    """Return the index of each hour, station after station, computed from its hours.

    Args:
        conn: A reading transaction.
        domain: What computes it.
        stations: Codes of the stations asked for.
        days: First local day that a value's 24 hours may end on, and the first one no longer.
        index: Only this one.
        after: Number of the station and instant of the last value answered.
        limit: Most values.
    """
    found: list[dict[str, Any]] = []
    if domain.hours_index is None:
        return found
    known = sorted(store.indices.whole(conn, stations), key=lambda each: each.station_id)
    for station in known:
        if station.station_id < after[0]:
            continue
        zone = ZoneInfo(station.timezone)
        first_us = max(local_midnight_us(days[0], zone), station.first_us)
        if station.station_id == after[0]:
            first_us = max(first_us, after[1] + 1)
        end_us = min(local_midnight_us(days[1], zone), station.last_us + 2 * _DAY_US)
        while first_us < end_us and len(found) < limit:
            until_us = min(end_us, first_us + _DAY_US * (2 + (limit - len(found)) // 24))
            hours = store.hours.read(
                conn, [station.station], domain.hourly, first_us - 2 * _DAY_US, until_us
            )
            values = domain.hours_index(hours).with_columns(
                time_us=pl.col("time").dt.epoch("us"), station_id=pl.lit(station.station_id)
            )
            asked = pl.col("time_us").is_between(first_us, until_us, closed="left")
            if index is not None:
                asked &= pl.col("index") == index
            found += values.filter(asked).sort("time_us").to_dicts()
            first_us = until_us
        if len(found) >= limit:
            break
    return found[:limit]


def _together(touched: Iterable[store.indices.Touched], domain: Domain) -> Iterator[Due]:
    """Gather what is due into parts: stations that were touched on the same days together."""
    spans: dict[str, list[tuple[date, date]]] = {}
    about = {each.station: each for each in touched}
    for each in touched:
        zone = ZoneInfo(each.timezone)
        first = instant_of_us(each.first_us).astimezone(zone).date()
        # Hours of an evening are part of what ends on the next day.
        reached = instant_of_us(each.last_us) + timedelta(hours=domain.reach_h + 1)
        last = Period.of(reached.astimezone(zone).date(), domain.window)
        whole = Period.of(first, domain.window).first, last.following
        spans.setdefault(each.station, []).append(whole)
    gathered: dict[tuple[date, date], list[str]] = {}
    for station, found in sorted(spans.items()):
        for span in _merged(found):
            gathered.setdefault(span, []).append(station)
    for (first, following), stations in sorted(gathered.items()):
        at_once = min(_MOST_STATIONS, max(1, _STATION_DAYS // (following - first).days))
        for start in range(0, len(stations), at_once):
            part = stations[start : start + at_once]
            yield Due(
                {station: about[station].station_id for station in part},
                frozenset(about[station].timezone for station in part),
                first,
                following,
            )


def _merged(spans: Iterable[tuple[date, date]]) -> list[tuple[date, date]]:
    """Join spans of days that overlap or touch."""
    merged: list[tuple[date, date]] = []
    for first, following in sorted(spans):
        if merged and first <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(merged[-1][1], following)
        else:
            merged.append((first, following))
    return merged


def _digested(
    values: pl.DataFrame, days: pl.DataFrame, hours: pl.DataFrame, domain: Domain
) -> pl.DataFrame:
    """Add to each value the digest of its method, and of the days and hours it may be made from."""
    length = {Grain.DAY: "1d", Grain.MONTH: "1mo", Grain.YEAR: "1y"}[domain.window]
    truncated = pl.col("period").dt.truncate(length)
    parts = [_texts(days.with_columns(window=truncated))]
    if domain.levels:
        levels = days.filter(pl.col("parameter").is_in(domain.levels))
        parts.append(_texts(levels.with_columns(window=truncated.dt.offset_by(length))))
    if not hours.is_empty():
        evening = hours.filter(pl.col("hour") >= _HOURS_A_DAY - domain.reach_h)
        parts += [
            _texts(hours.with_columns(window=pl.col("day"))),
            _texts(evening.with_columns(window=pl.col("day").dt.offset_by("1d"))),
        ]
    inputs = (
        pl.concat(parts)
        .group_by("station", "window", maintain_order=True)
        .agg(pl.col("text").str.join("\n\n"))
        .with_columns(pl.col("text").map_elements(_sha256, return_dtype=pl.String))
    )
    named = pl.concat_str("index", "method", "text", separator="\n", ignore_nulls=True)
    return (
        values.with_columns(window=truncated)
        .join(inputs, on=["station", "window"], how="left", maintain_order="left")
        .select(*values.columns, digest=named.map_elements(_sha256, return_dtype=pl.String))
        .with_columns("sha256:" + pl.col("digest"))
    )


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _texts(rows: pl.DataFrame) -> pl.DataFrame:
    """Write the rows of each station and window as one text."""
    cells = [name for name in rows.columns if name not in {"station", "window"}]
    line = pl.concat_str(pl.col(cells).cast(pl.String).fill_null("-"), separator=",")
    return (
        rows.select("station", "window", text=line)
        .group_by("station", "window", maintain_order=True)
        .agg(pl.col("text").str.join("\n"))
    )


def _numbers(due: Due) -> tuple[int, int]:
    return rollups.number_of(due.first), rollups.number_of(due.following)
