"""Measurements as files of any size: read part by part, never held as a whole."""

from __future__ import annotations

import json
import tempfile
from typing import IO, TYPE_CHECKING, Final, cast

import polars as pl
from polars.io.plugins import register_io_source

from kembar_shared.chassis.database import reading
from kembar_shared.measurement import store
from kembar_shared.measurement.uploads import SENT_MARK

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from kembar_shared.chassis.database import Engine
    from kembar_shared.measurement.catalogue import Catalogue

PART: Final = 10_000
"""Measurements that are read at once."""

PIECE_BYTES: Final = 1 << 18
SCHEMA: Final = pl.Schema(
    {
        "station": pl.String(), "parameter": pl.String(), "material": pl.String(),
        "source": pl.String(), "time": pl.Datetime("us", "UTC"), "time_local": pl.String(),
        "utc_offset": pl.String(), "value": pl.Float64(), "unit": pl.String(),
        "sent_value": pl.String(), "sent_unit": pl.String(), "qualifier": pl.String(),
        "limit": pl.Float64(), "period": pl.String(), "flag": pl.Int16(), "revision": pl.Int32(),
        "origin": pl.String(), "upload": pl.String(), "line": pl.Int32(), "method": pl.String(),
        "depth_m": pl.Float64(), "note": pl.String(),
    }
)  # fmt: skip
"""Columns of an exported file."""

_ROWS: Final = {
    "series_id": pl.Int64, "time_us": pl.Int64, "value": pl.Float64, "limit_value": pl.Float64,
    "line": pl.Int32, "revision": pl.Int32, "flag": pl.Int16, "qualifier": pl.String,
    "sent": pl.String, "extra": pl.String, "upload": pl.String, "station": pl.String,
    "timezone": pl.String, "origin": pl.String, "parameter": pl.String, "material": pl.String,
    "source": pl.String,
}  # fmt: skip
_EXTRA: Final = {"period": pl.String, "method": pl.String, "depth_m": pl.Float64, "note": pl.String}
# What a spreadsheet takes for a formula, full-width forms too; a plain number is none.
_FORMULA: Final = "^[=+\\-@\\t\\r\\n\uff1d\uff0b\uff0d\uff20]"
_NUMBER: Final = r"^[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?$"


def parts(
    engine: Engine, catalogue: Catalogue, selection: store.Selection, *, as_of: datetime
) -> Iterator[pl.DataFrame]:
    """Yield the measurements that counted at *as_of*, in order, as parts of `SCHEMA`.

    Each part is read in a transaction of its own, so that a slow reader holds nothing up; together
    they are what counted at one instant.

    Raises:
        DatabaseUnavailable: The database is gone or too slow.
    """
    after: tuple[int, int] | None = None
    while True:
        with reading(engine) as conn:
            rows = store.reading.measurements(conn, selection, after=after, limit=PART, as_of=as_of)
        if rows:
            yield _shown(pl.from_dicts(rows, schema=_ROWS), catalogue)
        if len(rows) < PART:
            return
        after = rows[-1]["series_id"], rows[-1]["time_us"]


def csv(found: Iterator[pl.DataFrame]) -> Iterator[bytes]:
    """Yield *found* as CSV whose cells no spreadsheet takes for formulas."""
    yield (",".join(SCHEMA.names()) + "\n").encode()
    for part in found:
        time = pl.col("time").dt.strftime("%Y-%m-%dT%H:%M:%S%.fZ")
        # A bare offset begins with a sign, which a spreadsheet takes for a formula.
        offset = pl.format("UTC{}", "utc_offset").alias("utc_offset")
        texts = [name for name, kind in SCHEMA.items() if kind == pl.String()]
        told = part.with_columns(time, offset)
        harmless = told.with_columns(_harmless(pl.col(name)).alias(name) for name in texts)
        yield harmless.write_csv(include_header=False).encode()


def parquet(found: Iterator[pl.DataFrame]) -> Iterator[bytes]:
    """Yield *found* as Parquet, by way of a temporary file."""
    with tempfile.TemporaryFile() as file:
        source = register_io_source(lambda *_: found, schema=SCHEMA)
        source.sink_parquet(cast("IO[bytes]", file), row_group_size=10 * PART)
        file.seek(0)
        while piece := file.read(PIECE_BYTES):
            yield piece


def _harmless(cell: pl.Expr) -> pl.Expr:
    is_formula = cell.str.contains(_FORMULA) & ~cell.str.contains(_NUMBER)
    return pl.when(is_formula).then(pl.concat_str(pl.lit("'"), cell)).otherwise(cell)


def _shown(rows: pl.DataFrame, catalogue: Catalogue) -> pl.DataFrame:
    """Turn rows of the store into rows of a file."""
    units = {p.code: p.unit for p in catalogue.parameters}
    periods = {p.code: p.period for p in catalogue.parameters}
    unit = pl.col("parameter").replace_strict(units, default=None, return_dtype=pl.String)
    period = pl.col("parameter").replace_strict(periods, default=None, return_dtype=pl.String)
    sent = pl.col("sent").str.split(SENT_MARK).list
    said = [json.loads(text) if text else {} for text in rows["extra"].to_list()]
    extra = {name: [each.get(name) for each in said] for name in _EXTRA}
    rows = rows.with_columns(
        pl.Series(name, values, dtype=_EXTRA[name]) for name, values in extra.items()
    ).with_columns(time=pl.from_epoch("time_us", time_unit="us").dt.replace_time_zone("UTC"))
    local = pl.concat(
        part.select("series_id", "time_us", time_local=_local(part), utc_offset=_offset(part))
        for part in rows.partition_by("timezone", maintain_order=True)
    )
    return rows.join(local, on=["series_id", "time_us"], how="left", maintain_order="left").select(
        "station",
        "parameter",
        pl.col("material").replace("", None),
        pl.col("source").replace("", None),
        "time",
        "time_local",
        "utc_offset",
        "value",
        unit.alias("unit"),
        pl.coalesce(sent.first().replace("", None), pl.col("value").cast(pl.String)).alias(
            "sent_value"
        ),
        pl.coalesce(sent.get(1, null_on_oob=True).replace("", None), unit).alias("sent_unit"),
        "qualifier",
        pl.col("limit_value").alias("limit"),
        pl.coalesce("period", period).alias("period"),
        "flag",
        "revision",
        "origin",
        "upload",
        "line",
        "method",
        "depth_m",
        "note",
    )


def _zoned(part: pl.DataFrame) -> pl.Expr:
    return pl.col("time").dt.convert_time_zone(part["timezone"][0])


def _local(part: pl.DataFrame) -> pl.Expr:
    return _zoned(part).dt.strftime("%Y-%m-%dT%H:%M:%S%.f")


def _offset(part: pl.DataFrame) -> pl.Expr:
    return _zoned(part).dt.strftime("%:z")
