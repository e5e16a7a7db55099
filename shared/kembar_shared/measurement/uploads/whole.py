"""What became of all the rows of a file, part by part: each identity once, no two values of one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from kembar_shared.measurement.uploads.ahead import ahead
from kembar_shared.measurement.uploads.checking import SENT_MARK, Checker
from kembar_shared.measurement.uploads.converted import was_converted
from kembar_shared.measurement.uploads.identities import Identities
from kembar_shared.measurement.uploads.tables import ERRORS_SCHEMA, merged
from kembar_shared.measurement.uploads.usual import Usual

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    from numpy.typing import NDArray

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
_SECOND_US: Final = 1_000_000
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
    usual = Usual(identities, declared, now)
    checker = Checker(catalogue, identities, declared, now)
    parts, errors = [pl.DataFrame(schema=_ROWS)], [pl.DataFrame(schema=_ERRORS)]
    rejected = 0

    def others() -> Iterator[Table]:
        for typed, rest in ahead(usual.split, tables):
            parts.append(typed)
            if rest.height:
                yield rest

    for table in merged(others()):
        part = checker.check(table)
        parts.append(part.good)
        errors.append(part.errors)
        rejected += part.rejected
    rows = _in_order(pl.concat(parts, how="diagonal"))
    parts.clear()
    if catalogue.has_factors and "sent" in rows.columns:
        # Of two equal masses of one load the weighed one is kept.
        rows = rows.sort(was_converted(), maintain_order=True)
    received = rows.height + rejected
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


def _in_order(rows: pl.DataFrame) -> pl.DataFrame:
    """Put *rows* in the order of their lines."""
    return rows if rows["line"].is_sorted() else rows.sort("line", maintain_order=True)


def _once_each(rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Put rows in order and keep one per identity, and none where their values differ.

    *rows* is used up: of a million rows there is no room for two copies.

    Returns:
        The rows by key and time; and those whose values differ.
    """
    order, is_again = _order(rows)
    differ = rows.clear()
    if is_again.any():
        is_repeated = is_again | is_again.shift(-1, fill_value=False)
        repeated = rows.select(pl.all().gather(order.filter(is_repeated)))
        content = [name for name in _CONTENT if name in rows.columns]
        differ = repeated.filter(pl.struct(content).n_unique().over(_IDENTITY) > 1)
        order = order.filter(~is_again)
    once = pl.DataFrame([rows.drop_in_place(name).gather(order) for name in rows.columns])
    if not differ.is_empty():
        once = once.join(differ, on=_IDENTITY, how="anti", maintain_order="left")
    return once, differ


def _order(rows: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
    """Return the places of *rows* by identity, and which of them have that of the one before.

    Rows of one identity stay in their order.
    """
    number = _number(rows)
    if number is None:
        order = rows.select(pl.arg_sort_by(_IDENTITY, maintain_order=True)).to_series()
        gathered = rows.select(pl.col(*_IDENTITY).gather(order))
        is_equal = gathered.select(pl.all_horizontal(pl.all().diff() == 0)).to_series()
        return order, is_equal.fill_null(value=False)
    # On what is nearly in order NumPy's way takes half the time and memory of Polars'.
    places = np.argsort(number, kind="stable")
    number = number[places]
    is_again = np.zeros(len(number), dtype=bool)
    np.equal(number[1:], number[:-1], out=is_again[1:])
    return pl.Series(places, dtype=pl.UInt32), pl.Series(is_again)


def _number(rows: pl.DataFrame) -> NDArray[np.int64] | None:
    """Return one number for each row's identity, in the same order; None where none is enough."""
    time, key = pl.col("time_us"), pl.col("key")
    if rows.is_empty():
        return None
    first, last, low, high, is_whole = rows.select(
        first=time.min(), last=time.max(), low=key.min(), high=key.max(),
        is_whole=(time % _SECOND_US == 0).all(),
    ).row(0)  # fmt: skip
    unit = _SECOND_US if is_whole else 1
    width = (last - first) // unit + 1
    if (high - low + 1) * width >= _WHOLE:
        return None
    return rows.select((key - low) * width + (time - first) // unit).to_series().to_numpy()


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
