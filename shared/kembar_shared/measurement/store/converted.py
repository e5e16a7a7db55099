"""Which part of sums was sent in other units with a factor, such as volumes with a density."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl
from sqlalchemy import or_, select

from kembar_shared.measurement.catalogue import FACTOR_SIGNS
from kembar_shared.measurement.indicators import CONVERTED_SCHEMA
from kembar_shared.measurement.store import exact, sums
from kembar_shared.measurement.store.tables import MEASUREMENT, ROLLUP, SERIES, STATION
from kembar_shared.measurement.uploads import SENT_MARK
from kembar_shared.measurement.vocabulary import COUNTED_FLAGS

if TYPE_CHECKING:
    from kembar_shared.chassis.database import Connection
    from kembar_shared.measurement.catalogue import Catalogue

_ROWS: Final = {
    "series_id": pl.Int32, "time_us": pl.Int64, "span": pl.Int16, "value": pl.Float64,
    "sent": pl.String, "timezone": pl.String,
    **dict.fromkeys(("station", "parameter", "material", "source"), pl.String),
}  # fmt: skip
_KEY: Final = [name for name in CONVERTED_SCHEMA if name not in {"converted", "factors"}]


def read(conn: Connection, catalogue: Catalogue, jurisdiction: str) -> pl.DataFrame:
    """Return what was converted with a factor in each sum of a jurisdiction (`CONVERTED_SCHEMA`).

    Args:
        conn: A reading transaction.
        catalogue: Says which parameters have units with a factor; without any nothing is read.
        jurisdiction: Its code.
    """
    chosen = [parameter.code for parameter in catalogue.parameters if parameter.factor_units]
    rows = _rows(conn, chosen, jurisdiction) if chosen else pl.DataFrame(schema=_ROWS)
    if rows.is_empty():
        return pl.DataFrame(schema=CONVERTED_SCHEMA)
    written = rows.select("parameter", unit=_unit()).unique()
    factors = pl.DataFrame(
        [(*spelled, catalogue.factor_of(*spelled)) for spelled in written.iter_rows()],
        schema={"parameter": pl.String, "unit": pl.String, "factor": pl.Float64},
        orient="row",
    )
    zones = dict(rows.select("series_id", "timezone").unique().iter_rows())
    day, span = pl.col("first_day"), pl.col("span")
    placed = rows.hstack(sums.places(rows, zones).select("first_day"))
    return (
        placed.join(_left_out(conn, list(zones)), on=["series_id", "first_day"], how="left")
        .filter(pl.col("day_span").is_null() | (span < 0) | (span == pl.col("day_span")))
        .with_columns(
            unit=_unit(),
            period=pl.date(day // 10_000, day // 100 % 100, day % 100),
            grain=pl.when(span > 0)
            .then(pl.lit("day"))
            .when(span == -1)
            .then(pl.lit("month"))
            .otherwise(pl.lit("year")),
        )
        .join(factors.drop_nulls(), on=["parameter", "unit"])
        .group_by(_KEY)
        .agg(converted=exact.summed(pl.col("value")), factors=pl.col("factor").unique().sort())
        .sort(_KEY)
        .cast(CONVERTED_SCHEMA)
    )


def _unit() -> pl.Expr:
    return pl.col("sent").str.split(SENT_MARK).list.get(1, null_on_oob=True)


def _left_out(conn: Connection, series: list[int]) -> pl.DataFrame:
    """Return what length of time was summed of days of which other values were left out."""
    length = ROLLUP.c.covered_min.op("/")(ROLLUP.c.slots)
    wanted = select(ROLLUP.c.series_id, ROLLUP.c.first_day, length).where(
        ROLLUP.c.series_id.in_(series), ROLLUP.c.grain == 0, ROLLUP.c.left_out > 0
    )
    schema = {"series_id": pl.Int32, "first_day": pl.Int32, "day_span": pl.Int16}
    return pl.DataFrame([tuple(row) for row in conn.execute(wanted)], schema=schema, orient="row")


def _rows(conn: Connection, parameters: list[str], jurisdiction: str) -> pl.DataFrame:
    """Return the values that count and whose unit as sent has the sign of a factor."""
    wanted = (
        select(
            *(MEASUREMENT.c[name] for name in ("series_id", "time_us", "span", "value", "sent")),
            STATION.c.timezone,
            STATION.c.code.label("station"),
            *(SERIES.c[name] for name in ("parameter", "material", "source")),
        )
        .join(SERIES, SERIES.c.id == MEASUREMENT.c.series_id)
        .join(STATION, STATION.c.id == SERIES.c.station_id)
        .where(
            STATION.c.jurisdiction == jurisdiction,
            SERIES.c.parameter.in_(parameters),
            MEASUREMENT.c.flag.in_([int(flag) for flag in COUNTED_FLAGS]),
            MEASUREMENT.c.value.is_not(None),
            or_(*(MEASUREMENT.c.sent.contains(sign) for sign in FACTOR_SIGNS)),
        )
    )
    found = [tuple(row) for row in conn.execute(wanted)]
    return pl.DataFrame(found, schema=_ROWS, orient="row")
