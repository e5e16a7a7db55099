"""The tables of sums, newest values and changes beside a recomputation from the rows."""

from __future__ import annotations

import math
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SERIES = """
    SELECT t.*, station.timezone FROM {table} t JOIN series ON series.id = t.series_id
    JOIN station ON station.id = series.station_id WHERE station.code IN :codes
"""
_TABLES = ("measurement", "measurement_revision", "rollup", "latest", "change")
_READING = ("time_us", "value", "limit_value", "upload_id", "line", "revision", "judged_by", "span",
            "flag", "qualifier", "sent", "extra")  # fmt: skip


def differences(engine: sa.Engine, codes: list[str]) -> list[object]:
    """Return where a table differs from what the measurements of these stations say."""
    with engine.begin() as conn:
        tables = {name: _rows(conn, name, codes) for name in _TABLES}
    measured = tables["measurement"]
    return [
        *_sums_differ(measured, tables["rollup"]),
        *_newest_differ(measured, tables["latest"]),
        *_ranges_differ([*measured, *tables["measurement_revision"]], tables["change"]),
        *_history_differs(measured, tables["measurement_revision"]),
    ]


def _rows(conn: sa.Connection, table: str, codes: list[str]) -> list[Any]:
    wanted = sa.text(_SERIES.format(table=table)).bindparams(sa.bindparam("codes", expanding=True))
    return list(conn.execute(wanted, {"codes": codes}))


def _sums_differ(measured: list[Any], rollups: list[Any]) -> list[object]:
    groups = defaultdict(list)
    for row in measured:
        if row.flag in {1, 2}:
            groups[_bucket(row)].append(row)
    expected = {key: _sums(key, rows) for key, rows in groups.items()}
    stored = {(r.series_id, r.grain, r.first_day): _stored(r) for r in rollups}
    return [
        ("rollup", key, stored.get(key), expected.get(key))
        for key in {*expected, *stored}
        if key not in stored or key not in expected or not _alike(stored[key], expected[key])
    ]


def _local(row: Any) -> datetime:
    return (EPOCH + timedelta(microseconds=row.time_us)).astimezone(ZoneInfo(row.timezone))


def _bucket(row: Any) -> tuple[int, int, int]:
    day = _local(row).date()
    grain = 0 if row.span > 0 else {-1: 1, -12: 2}[row.span]
    first = [day, day.replace(day=1), day.replace(month=1, day=1)][grain]
    return row.series_id, grain, int(first.strftime("%Y%m%d"))


def _sums(key: tuple[int, int, int], rows: list[Any]) -> dict[str, float | None]:
    """Sum one bucket up, written from ADR 29: one length of time, then the means of its spans."""
    first = date(key[2] // 10_000, key[2] // 100 % 100, key[2] % 100)
    start = datetime(first.year, first.month, first.day, tzinfo=ZoneInfo(rows[0].timezone))
    start_us = (start.astimezone(UTC) - EPOCH) // timedelta(microseconds=1)
    lengths: dict[int, dict[int, list[Any]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        is_short = 0 < row.span < 1440
        slot = (row.time_us - start_us) // (row.span * 60_000_000) if is_short else 0
        lengths[row.span][slot].append(row)
    span = max(lengths, key=lambda span: (len(lengths[span]) * max(0, span), -span))
    slots = lengths[span].values()
    counted = [row for slot in slots for row in slot]
    values = [r.value for r in counted if r.value is not None]
    limits = [_limit(r) for r in counted if _limit(r) is not None]
    means, aboves = [], []
    for slot in slots:
        known = [r.value for r in slot if r.value is not None]
        below = [_limit(r) for r in slot if _limit(r) is not None]
        if known:
            means.append(math.fsum(known) / (len(known) + len(below)))
        if below:
            aboves.append(math.fsum(below) / (len(known) + len(below)))
    return {
        "n": len(values),
        "total": math.fsum(values) if values else None,
        "least": min(values, default=None),
        "greatest": max(values, default=None),
        "n_below": sum(r.qualifier == "<" for r in counted),
        "n_above": sum(r.qualifier == ">" for r in counted),
        "below_limit": max(limits, default=None),
        "slots": len(slots),
        "covered_min": len(slots) * max(0, span),
        "mean_total": math.fsum(means) if means else None,
        "below_total": math.fsum(aboves) if aboves else None,
        "left_out": len(rows) - len(counted),
    }


def _limit(row: Any) -> float | None:
    return row.limit_value if row.qualifier == "<" else None


def _stored(row: Any) -> dict[str, float | None]:
    names = ("n", "total", "least", "greatest", "n_below", "n_above", "below_limit", "slots",
             "covered_min", "mean_total", "below_total", "left_out")  # fmt: skip
    return {name: getattr(row, name) for name in names}


def _alike(one: dict[str, float | None], other: dict[str, float | None]) -> bool:
    return all(
        one[name] == other[name]
        or (
            name.endswith("total")
            and None not in (one[name], other[name])
            and math.isclose(one[name], other[name], rel_tol=1e-14, abs_tol=1e-300)  # type: ignore[arg-type]
        )
        for name in one
    )


def _newest_differ(measured: list[Any], latest: list[Any]) -> list[object]:
    newest: dict[int, Any] = {}
    for row in sorted(measured, key=lambda row: row.time_us):
        if row.flag not in {4, 9}:
            newest[row.series_id] = row
    expected = {series: _whole(row) for series, row in newest.items()}
    stored = {row.series_id: _whole(row) for row in latest}
    return [
        ("latest", series, stored.get(series), expected.get(series))
        for series in {*expected, *stored}
        if stored.get(series) != expected.get(series)
    ]


def _whole(row: Any) -> list[object]:
    return [getattr(row, name) for name in _READING]


def _ranges_differ(versions: list[Any], changes: list[Any]) -> list[object]:
    brought = defaultdict(list)
    for row in versions:
        brought[row.series_id, row.judged_by or row.upload_id].append(row.time_us)
    expected = {key: (min(at), max(at), len(at)) for key, at in brought.items()}
    stored = {(c.series_id, c.event_id): (c.first_us, c.last_us, c.n) for c in changes}
    return [
        ("change", key, stored.get(key), expected.get(key))
        for key in {*expected, *stored}
        if stored.get(key) != expected.get(key)
    ]


def _history_differs(measured: list[Any], revisions: list[Any]) -> list[object]:
    """Each measurement has all of its earlier revisions, each replaced by what made the next."""
    by_place = defaultdict(list)
    for row in sorted([*revisions, *measured], key=lambda row: row.revision):
        by_place[row.series_id, row.time_us].append(row)
    found: list[object] = []
    for place, versions in by_place.items():
        if [v.revision for v in versions] != [*range(1, len(versions) + 1)]:
            found.append(("revisions", place, [v.revision for v in versions]))
        for old, new in pairwise(versions):
            if old.replaced_by != (new.judged_by or new.upload_id):
                found.append(("replaced_by", place, old.revision))
    return found
