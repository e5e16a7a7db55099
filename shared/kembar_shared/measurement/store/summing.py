"""The statements that compute sums anew from the measurements that are stored.

Of the values of a day, those are summed that stand for the same length of time and cover most of
it; of two lengths that cover as much, the shorter. Means are those of the spans of time: several
values of one hour are one hour.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kembar_shared.chassis.database import is_cluster, is_sqlite
from kembar_shared.measurement.store import exact
from kembar_shared.measurement.vocabulary import COUNTED_FLAGS

if TYPE_CHECKING:
    from kembar_shared.chassis.database import Connection

GRAIN_SQL: Final = "CASE WHEN {span} > 0 THEN 0 WHEN {span} = -1 THEN 1 ELSE 2 END"
_BUCKET: Final = "series_id, grain, first_day"
_SUMS: Final = (
    "n", "total", "least", "greatest", "n_below", "n_above", "below_limit", "slots", "covered_min",
    "mean_total", "below_total", "left_out",
)  # fmt: skip
_INTO: Final = f"INSERT INTO rollup ({_BUCKET}, {', '.join(_SUMS)})"
_COUNTED: Final = ", ".join(str(int(flag)) for flag in COUNTED_FLAGS)
_WITHIN: Final = (
    "m.series_id = t.series_id AND m.time_us >= t.start_us AND m.time_us < t.end_us "
    f"AND {GRAIN_SQL.format(span='m.span')} = t.grain AND m.flag IN ({_COUNTED})"
)
_PASSED: Final = "(m.time_us - t.start_us)"
_LENGTH: Final = "(m.span * CAST(60000000 AS BIGINT))"
_SLOT: Final = f"{_PASSED} / {_LENGTH}"
_IS_SHORT: Final = "{0}span > 0 AND {0}span < 1440"
"""Of values that stand for less than a day there are several spans of time in one."""

_SHORT: Final = _IS_SHORT.format("")
_BELOW: Final = "count(CASE WHEN m.qualifier = '<' THEN 1 END)"
_LIMIT: Final = "CASE WHEN m.qualifier = '<' THEN m.limit_value END"
_ALIKE: Final = f"""
    count(*) AS stored, count(m.value) AS n, {exact.sql("m.value")} AS total,
    min(m.value) AS least, max(m.value) AS greatest, {_BELOW} AS n_below,
    count(CASE WHEN m.qualifier = '>' THEN 1 END) AS n_above, max({_LIMIT}) AS below_limit
"""
_PLAIN: Final = f"""
    {_ALIKE}, min(m.span) AS span, max(m.span) AS longest,
    max({_PASSED} - {_SLOT} * {_LENGTH}) AS past
"""
_OF_PLAIN: Final = f"""
    {_INTO}
    SELECT {_BUCKET}, n, total, least, greatest, n_below, n_above, below_limit,
           CASE WHEN is_plain THEN held ELSE 0 END,
           CASE WHEN is_plain AND span > 0 THEN held * span ELSE 0 END,
           total / share, below_limit / share, 0
    FROM (SELECT b.*, CASE WHEN {_SHORT} THEN stored ELSE 1 END AS held,
                 CASE WHEN {_SHORT} THEN 1 ELSE nullif(n + n_below, 0) END AS share,
                 span = longest AND n_below < 2 AND (past = 0 OR NOT ({_SHORT})) AS is_plain
          FROM ({{rows}}) AS b) AS buckets
    WHERE true
"""
_BY_SLOT: Final = f"""
    m.span, CASE WHEN {_IS_SHORT.format("m.")} THEN {_SLOT} ELSE 0 END AS slot, {_ALIKE},
    {exact.sql("m.value")} / nullif(count(m.value) + {_BELOW}, 0) AS mean,
    {exact.sql(f"({_LIMIT})")} / nullif(count(m.value) + {_BELOW}, 0) AS below
"""
_CHOSEN: Final = f"""
    {_INTO}
    SELECT {_BUCKET}, n, total, least, greatest, n_below, n_above, below_limit, slots,
           CASE WHEN span > 0 THEN slots * span ELSE 0 END, mean_total, below_total,
           stored_of_all - stored
    FROM (SELECT s.*, sum(stored) OVER (PARTITION BY {_BUCKET}) AS stored_of_all,
                 row_number() OVER (PARTITION BY {_BUCKET} ORDER BY slots * span DESC, span)
                 AS place
          FROM (SELECT {_BUCKET}, span, sum(stored) AS stored, sum(n) AS n,
                       {exact.sql("total")} AS total, min(least) AS least,
                       max(greatest) AS greatest, sum(n_below) AS n_below,
                       sum(n_above) AS n_above, max(below_limit) AS below_limit,
                       count(*) AS slots, {exact.sql("mean")} AS mean_total,
                       {exact.sql("below")} AS below_total
                FROM ({{rows}}) AS b GROUP BY {_BUCKET}, span) AS s) AS ranked
    WHERE place = 1
"""
_GIVEN: Final = "WITH t (series_id, grain, first_day, start_us, end_us) AS ({buckets})"
_ODD: Final = """
    WITH given (series_id, grain, first_day, start_us, end_us) AS ({buckets}),
    t AS (SELECT g.series_id, g.grain, g.first_day, g.start_us, g.end_us
          FROM given g JOIN rollup r ON r.series_id = g.series_id AND r.grain = g.grain
           AND r.first_day = g.first_day AND r.slots = 0)
"""
_OVER: Final = f"""
    ON CONFLICT ({_BUCKET})
    DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in _SUMS)}
"""


def plain(conn: Connection, buckets: str, within: str = "", *, over: bool = True) -> str:
    """Return the statement that sums up buckets of which each value is a span of time's only one.

    It leaves every other one with no slots, for `odd`: to tell the spans of time apart takes
    several times as long, and hardly a bucket needs it.

    Args:
        conn: Whose dialect.
        buckets: A query of series, grain, first day and the instants between which each lies.
        within: On PostgreSQL, a condition on `m.time_us` that tells the partitions.
        over: Whether the buckets may have sums.
    """
    rows = _rows(conn, _PLAIN, "", within)
    statement = _GIVEN.format(buckets=buckets) + _OF_PLAIN.format(rows=rows)
    return statement + _OVER if over else statement


def odd(conn: Connection, buckets: str, within: str = "") -> str:
    """Return the statement that sums up what `plain` left; arguments as there."""
    rows = _rows(conn, _BY_SLOT, ", m.span, slot", within)
    return _ODD.format(buckets=buckets) + _CHOSEN.format(rows=rows) + _OVER


def _rows(conn: Connection, columns: str, group: str, within: str) -> str:
    """Return the query that sums the rows of each bucket in `t` up, and by *group*.

    SQLite looks each bucket's rows up by itself; PostgreSQL would rather read the whole table.
    Citus takes nothing but a join, and reads the whole span: up to a hundred times as much.
    """
    bound = f"{within} AND " if within and not is_sqlite(conn) else ""
    if is_sqlite(conn) or is_cluster(conn):
        key = "m.series_id, t.grain, t.first_day"
        rows = f"t JOIN measurement m ON {bound}{_WITHIN}"
        return f"SELECT {key}, {columns} FROM {rows} GROUP BY {key}{group}"
    rows = f"SELECT {columns} FROM measurement m WHERE {bound}{_WITHIN} GROUP BY m.series_id{group}"
    return f"SELECT {_BUCKET}, sums.* FROM t CROSS JOIN LATERAL ({rows}) AS sums"
