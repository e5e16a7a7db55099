"""From text cells to typed columns; every failing cell is named with its line, code and remedy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from kembar_shared.measurement import qc
from kembar_shared.measurement.periods import Duration
from kembar_shared.measurement.uploads import numbers, times
from kembar_shared.measurement.uploads.faults import fault_of
from kembar_shared.measurement.uploads.tables import COLUMNS, ERRORS_SCHEMA, FileRefused
from kembar_shared.measurement.vocabulary import Grain

if TYPE_CHECKING:
    from datetime import datetime

    from kembar_shared.measurement.catalogue import Catalogue
    from kembar_shared.measurement.uploads.declared import Declaration
    from kembar_shared.measurement.uploads.tables import Table

Step = Callable[[pl.DataFrame, "Declaration"], tuple[pl.DataFrame, pl.DataFrame]]

_GRAIN_CODE = {Grain.DAY: 0, Grain.MONTH: 1, Grain.YEAR: 2}
IDENTITY = ("station_id", "parameter", "material", "source", "time_us")
CONTENT = ("value", "qualifier", "limit_value", "period", "method", "depth_m", "note")
"""What makes a value of the same identity another value."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What became of the rows of a file.

    Attributes:
        good: One row per identity, ready to be stored: `IDENTITY`, `CONTENT`, `grain`, `flag`,
            `line`, `sent_value`, `sent_unit`, `timezone`, `cadence`.
        errors: Every failing cell (columns of `ERRORS_SCHEMA`, and `raw`).
        received: Rows of the file.
        duplicates: Rows that repeat another of the file to the letter of their content.
        raws: `line`, `value` and `raw` of every row that has cells.
    """

    good: pl.DataFrame
    errors: pl.DataFrame
    received: int
    duplicates: int

    raws: pl.DataFrame

    @classmethod
    def of_refusal(cls, refusal: FileRefused) -> Checked:
        """Account for a file of which no row can be read."""
        fault = (refusal.line, refusal.column, refusal.value, refusal.code, refusal.expected, "")
        schema = ERRORS_SCHEMA | {"raw": pl.String}
        nothing = pl.DataFrame(schema={"line": pl.Int64, "time_us": pl.Int64, "raw": pl.String})
        errors = pl.DataFrame([fault], schema=schema, orient="row")
        return cls(nothing, errors, 0, 0, nothing.select("line", "raw"))

    def refused(self, lines: list[int], code: str) -> pl.DataFrame:
        """Name the values of *lines*, which looked good, as failing for *code*."""
        chosen = self.raws.filter(pl.col("line").is_in(lines))
        return chosen.select(
            "line",
            column=pl.lit("value"),
            value=pl.col("value").fill_null(""),
            code=pl.lit(code),
            expected=pl.lit("reinstate=true"),
            raw="raw",
        )

    @property
    def rejected(self) -> int:
        """Rows with at least one failing cell."""
        return int(self.errors["line"].n_unique())


def check(
    table: Table,
    catalogue: Catalogue,
    stations: pl.DataFrame,
    declared: Declaration,
    *,
    now: datetime,
) -> Checked:
    """Check every cell of *table*.

    Args:
        table: The file's cells.
        catalogue: What the service measures.
        stations: `station_id`, `station`, `timezone`, `is_own` of every station.
        declared: The sender's declarations.
        now: The time of receipt.
    """
    received = table.cells.height + table.errors.height
    frame = table.cells
    faults = [table.errors]
    for step in (
        _lengths,
        _stations(stations),
        _parameters(catalogue),
        _units(catalogue),
        _lists(catalogue),
        _periods(catalogue),
    ):
        frame, fault = step(frame, declared)
        faults.append(fault)
    frame, fault = times.check(frame, declared, now=now)
    faults.append(fault)
    frame, fault = numbers.check(frame, declared)
    faults.append(fault)
    errors = pl.concat([_with_raw(fault, frame) for fault in faults], how="vertical")
    good = frame.join(errors.select("line").unique(), on="line", how="anti")
    good = _typed(good, catalogue)
    good, conflicts, duplicates = _once_each(good)
    errors = pl.concat([errors, _with_raw(conflicts, frame)]).sort("line", maintain_order=True)
    return Checked(good, errors, received, duplicates, frame.select("line", "value", "raw"))


def _with_raw(fault: pl.DataFrame, frame: pl.DataFrame) -> pl.DataFrame:
    if "raw" not in fault.columns:
        fault = fault.join(
            frame.select("line", "raw"), on="line", how="left", maintain_order="left"
        )
    return fault.select(*ERRORS_SCHEMA, "raw").cast(pl.Schema(ERRORS_SCHEMA | {"raw": pl.String}))


def _lengths(frame: pl.DataFrame, declared: Declaration) -> tuple[pl.DataFrame, pl.DataFrame]:
    longest = declared.cell_characters
    faults = [
        fault_of(frame, pl.col(c).str.len_chars() > longest, c, "cell-too-long", str(longest))
        for c in COLUMNS
    ]
    return frame, pl.concat(faults)


def _stations(stations: pl.DataFrame) -> Step:
    def step(frame: pl.DataFrame, _: Declaration) -> tuple[pl.DataFrame, pl.DataFrame]:
        known = frame.join(stations, on="station", how="left", maintain_order="left")
        is_unknown = pl.col("station").is_not_null() & pl.col("station_id").is_null()
        return known, pl.concat(
            [
                fault_of(known, pl.col("station").is_null(), "station", "station-missing"),
                fault_of(known, is_unknown, "station", "unknown-station"),
                fault_of(known, ~pl.col("is_own"), "station", "station-not-yours"),
            ]
        )

    return step


def _parameters(catalogue: Catalogue) -> Step:
    def step(frame: pl.DataFrame, _: Declaration) -> tuple[pl.DataFrame, pl.DataFrame]:
        spellings = frame["parameter"].drop_nulls().unique().to_list()
        codes = {s: code for s in spellings if (code := catalogue.parameter_of(s)) is not None}
        coded = frame.with_columns(
            code=pl.col("parameter").replace_strict(codes, default=None, return_dtype=pl.String)
        )
        is_unknown = pl.col("parameter").is_not_null() & pl.col("code").is_null()
        return coded, pl.concat(
            [
                fault_of(coded, pl.col("parameter").is_null(), "parameter", "parameter-missing"),
                fault_of(
                    coded,
                    is_unknown,
                    "parameter",
                    "unknown-parameter",
                    ", ".join(catalogue.by_code),
                ),
            ]
        )

    return step


def _units(catalogue: Catalogue) -> Step:
    def step(frame: pl.DataFrame, _: Declaration) -> tuple[pl.DataFrame, pl.DataFrame]:
        pairs = frame.select("code", "unit").unique().drop_nulls()
        rows = []
        for code, unit in pairs.rows():
            conversion = catalogue.conversion_of(code, unit)
            if conversion is not None:
                rows.append(
                    (
                        code,
                        unit,
                        conversion.times,
                        conversion.over,
                        conversion.plus,
                        conversion.shift,
                    )
                )
        table = pl.DataFrame(
            rows,
            schema={
                "code": pl.String,
                "unit": pl.String,
                "times": pl.Float64,
                "over": pl.Float64,
                "plus": pl.Float64,
                "shift": pl.Int8,
            },
            orient="row",
        )
        joined = frame.join(table, on=["code", "unit"], how="left", maintain_order="left")
        accepted = pl.col("code").replace_strict(
            {p.code: ", ".join(c.unit for c in p.conversions) for p in catalogue.parameters},
            default="",
            return_dtype=pl.String,
        )
        has_code = pl.col("code").is_not_null()
        is_unknown = has_code & pl.col("unit").is_not_null() & pl.col("times").is_null()
        return joined, pl.concat(
            [
                fault_of(joined, pl.col("unit").is_null(), "unit", "unit-missing", accepted),
                fault_of(joined, is_unknown, "unit", "unknown-unit", accepted),
            ]
        )

    return step


def _lists(catalogue: Catalogue) -> Step:
    allowed = {"material": catalogue.materials, "source": catalogue.sources}

    def step(frame: pl.DataFrame, _: Declaration) -> tuple[pl.DataFrame, pl.DataFrame]:
        faults = []
        for column, words in allowed.items():
            code = f"unknown-{column}" if words else "column-not-used"
            is_unknown = pl.col(column).is_not_null() & ~pl.col(column).is_in(list(words))
            faults.append(fault_of(frame, is_unknown, column, code, ", ".join(words)))
        return frame, pl.concat(faults)

    return step


def _periods(catalogue: Catalogue) -> Step:
    def step(frame: pl.DataFrame, _: Declaration) -> tuple[pl.DataFrame, pl.DataFrame]:
        grains = {}
        own = {p.period for p in catalogue.parameters}
        for text in {*frame["period"].drop_nulls().unique().to_list(), *own}:
            try:
                grains[text] = _GRAIN_CODE[Duration.parse(text).grain]
            except ValueError:
                continue
        default = pl.col("code").replace_strict(
            {p.code: p.period for p in catalogue.parameters}, default=None, return_dtype=pl.String
        )
        periods = frame.with_columns(sent_period=pl.coalesce("period", default)).with_columns(
            grain=pl.col("sent_period").replace_strict(grains, default=None, return_dtype=pl.Int8)
        )
        is_unknown = pl.col("period").is_not_null() & pl.col("grain").is_null()
        return periods, fault_of(
            periods, is_unknown, "period", "unknown-period", "PT1H, P1D, P1M, P1Y"
        )

    return step


def _typed(good: pl.DataFrame, catalogue: Catalogue) -> pl.DataFrame:
    """Convert values and limits into the parameter's unit, and flag what is implausible."""
    converted = [_converted(pl.col(name)).alias(name) for name in ("number", "limit_number")]
    own_unit = pl.col("code").replace_strict(
        {p.code: p.unit for p in catalogue.parameters}, default=None, return_dtype=pl.String
    )
    cadence = pl.col("code").replace_strict(
        {p.code: p.cadence or p.period for p in catalogue.parameters},
        default=None,
        return_dtype=pl.String,
    )
    is_as_sent = (pl.col("times") == 1) & (pl.col("over") == 1) & (pl.col("plus") == 0)
    own_period = pl.col("code").replace_strict(
        {p.code: p.period for p in catalogue.parameters}, default=None, return_dtype=pl.String
    )
    typed = good.with_columns(
        *converted,
        sent_value=pl.when(~is_as_sent).then(pl.col("value")),
        sent_unit=pl.when(pl.col("unit") != own_unit).then(pl.col("unit")),
    ).select(
        "station_id",
        "line",
        "time_us",
        "timezone",
        "grain",
        "sent_value",
        "sent_unit",
        "method",
        "note",
        parameter="code",
        material=pl.col("material").fill_null(""),
        source=pl.col("source").fill_null(""),
        value="number",
        qualifier="sign",
        limit_value="limit_number",
        period=pl.when(pl.col("sent_period") != own_period).then(pl.col("sent_period")),
        cadence=cadence,
        depth_m="depth_read",
    )
    return typed.with_columns(flag=qc.gross_range(typed, catalogue))


def _converted(number: pl.Expr) -> pl.Expr:
    """Convert into the parameter's unit; a power of ten moves the point of the decimal sent."""
    shifted = pl.concat_str(number.cast(pl.String), pl.lit("e"), pl.col("shift"))
    computed = number * pl.col("times") / pl.col("over") + pl.col("plus")
    return (
        pl.when(pl.col("shift") == 0)
        .then(number)
        .otherwise(pl.coalesce(shifted.cast(pl.Float64, strict=False), computed.round_sig_figs(15)))
    )


def _once_each(good: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame, int]:
    """Keep one row per identity; two rows of one identity that differ are both refused."""
    variants = pl.struct(CONTENT).n_unique().over(IDENTITY)
    counted = good.with_columns(variants=variants)
    conflicts = counted.filter(pl.col("variants") > 1).select(
        "line",
        column=pl.lit("value"),
        value=pl.coalesce(pl.col("sent_value"), pl.col("value").cast(pl.String), pl.lit("")),
        code=pl.lit("conflicting-rows"),
        expected=pl.lit(""),
    )
    agreed = counted.filter(pl.col("variants") == 1).drop("variants")
    once = agreed.unique(IDENTITY, keep="first", maintain_order=True)
    return once.sort(IDENTITY), conflicts, agreed.height - once.height
