"""What became of all the rows of a file, part by part: each identity once, no two values of one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import polars as pl

from kembar_shared.measurement.uploads.checking import SENT_MARK, Checker
from kembar_shared.measurement.uploads.identities import Identities
from kembar_shared.measurement.uploads.tables import ERRORS_SCHEMA

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from kembar_shared.measurement.catalogue import Catalogue
    from kembar_shared.measurement.uploads.declared import Declaration
    from kembar_shared.measurement.uploads.tables import FileRefused, Table

_IDENTITY: Final = ("key", "time_us")
_CONTENT: Final = ("value", "qualifier", "limit_value", "extra")
"""What makes a value of the same identity another value."""

_ROWS: Final = {
    "key": pl.Int64, "time_us": pl.Int64, "value": pl.Float64, "span": pl.Int16,
    "line": pl.Int32, "flag": pl.Int16,
}  # fmt: skip
_WHOLE: Final = 2**62
_TOLD: Final = ("sent", "qualifier", "limit_value")
_ERRORS: Final = ERRORS_SCHEMA | {"raw": pl.String}


@dataclass(frozen=True, slots=True)
class Checked:
    """What became of the rows of a file.

    Attributes:
        good: One row per identity, by key and time: the columns of `Checker.check`.
        errors: Every failing cell (columns of `ERRORS_SCHEMA`, and `raw`), by line.
        received: Rows of the file.
        duplicates: Rows that repeat another of the file to the letter of their content.
        rejected: Rows with at least one failing cell.
        raws: Returns `line` and `raw` of the lines it is given.
        identities: What the keys stand for; None where no row can be read.
    """

    good: pl.DataFrame
    errors: pl.DataFrame
    received: int
    duplicates: int
    rejected: int
    raws: Callable[[pl.Series], pl.DataFrame]
    identities: Identities | None

    @classmethod
    def of_refusal(cls, refusal: FileRefused) -> Checked:
        """Account for a file of which no row can be read."""
        fault = (refusal.line, refusal.column, refusal.value, refusal.code, refusal.expected, "")
        errors = pl.DataFrame([fault], schema=_ERRORS, orient="row")
        return cls(pl.DataFrame(schema=_ROWS), errors, 0, 0, 0, _no_raws, None)

    def refused(self, rows: pl.DataFrame, code: str, expected: str) -> pl.DataFrame:
        """Name the values of *rows*, some of those that looked good, as failing for *code*."""
        return _refused(rows, self.raws, code, expected)


def check(
    tables: Iterable[Table],
    catalogue: Catalogue,
    stations: pl.DataFrame,
    declared: Declaration,
    *,
    now: datetime,
    raws: Callable[[pl.Series], pl.DataFrame],
) -> Checked:
    """Check every cell of a file, part by part.

    Args:
        tables: The file's parts.
        catalogue: What the service measures.
        stations: `station_id`, `station`, `timezone`, `is_own` of every station.
        declared: The sender's declarations.
        now: The time of receipt.
        raws: Returns `line` and `raw` of the lines it is given.

    Raises:
        FileRefused: No row of the file can be read.
    """
    identities = Identities(stations, catalogue)
    checker = Checker(catalogue, identities, declared, now)
    parts, errors = [pl.DataFrame(schema=_ROWS)], [pl.DataFrame(schema=_ERRORS)]
    received = rejected = 0
    for table in tables:
        part = checker.check(table)
        parts.append(part.good)
        errors.append(part.errors)
        received += part.good.height + part.rejected
        rejected += part.rejected
    rows = pl.concat(parts, how="diagonal")
    parts.clear()
    height = rows.height
    once, differ = _once_each(rows)
    errors.append(_refused(differ, raws, "conflicting-rows", ""))
    return Checked(
        once,
        pl.concat(errors).sort("line", maintain_order=True),
        received,
        height - once.height - differ.height,
        rejected + differ.height,
        raws,
        identities,
    )


def _once_each(rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Put rows in order and keep one per identity, and none where their values differ.

    *rows* is used up: of a million rows there is no room for two copies.

    Returns:
        The rows by key and time; and those whose values differ.
    """
    order = _order(rows)
    keyed = pl.DataFrame({name: rows[name].gather(order) for name in _IDENTITY})
    again = keyed.select(
        pl.all_horizontal(pl.col(n) == pl.col(n).shift() for n in _IDENTITY).fill_null(value=False)
    ).to_series()
    differ = rows.clear()
    if again.any():
        repeats = keyed.filter(again).unique()
        content = [name for name in _CONTENT if name in rows.columns]
        differ = rows.join(repeats, on=_IDENTITY, how="semi").filter(
            pl.struct(content).n_unique().over(_IDENTITY) > 1
        )
        order = order.filter(~again)
    del keyed
    once = pl.DataFrame([rows.drop_in_place(name).gather(order) for name in rows.columns])
    if not differ.is_empty():
        once = once.join(differ, on=_IDENTITY, how="anti", maintain_order="left")
    return once, differ


def _order(rows: pl.DataFrame) -> pl.Series:
    """Return the places of *rows* by identity; those of one identity by their lines."""
    time, keys = pl.col("time_us"), rows["key"].unique().sort()
    by = [pl.col(name) for name in _IDENTITY]
    if not keys.is_empty():
        first, last = rows.select(first=time.min(), last=time.max()).row(0)
        if keys.len() * (last - first + 1) < _WHOLE:
            # One number for both sorts five times as fast as the two of them.
            rank = pl.col("key").replace_strict(keys, range(keys.len()), return_dtype=pl.Int64)
            by = [rank * (last - first + 1) + time - first]
    return rows.select(pl.arg_sort_by(by, maintain_order=True)).to_series()


def _refused(
    rows: pl.DataFrame, raws: Callable[[pl.Series], pl.DataFrame], code: str, expected: str
) -> pl.DataFrame:
    """Name the values of *rows* as failing."""
    if rows.is_empty():
        return pl.DataFrame(schema=_ERRORS)
    absent = (pl.lit(None, pl.String).alias(n) for n in _TOLD if n not in rows.columns)
    told = rows.with_columns(*absent).select(
        pl.col("line").cast(pl.Int64),
        column=pl.lit("value"),
        value=pl.coalesce(
            pl.col("sent").str.split(SENT_MARK).list.first().replace("", None),
            pl.concat_str("qualifier", pl.col("limit_value").cast(pl.String)),
            pl.col("value").cast(pl.String),
        ),
        code=pl.lit(code),
        expected=pl.lit(expected),
    )
    return told.join(
        raws(told["line"].unique()), on="line", how="left", maintain_order="left"
    ).sort("line", maintain_order=True)


def _no_raws(lines: pl.Series) -> pl.DataFrame:
    return pl.DataFrame({"line": lines, "raw": ""}, schema={"line": pl.Int64, "raw": pl.String})
