"""From text cells to typed columns; every failing cell is named with its line, code and remedy."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Final

import polars as pl

from kembar_shared.measurement import qc
from kembar_shared.measurement.catalogue import says_factor
from kembar_shared.measurement.periods import Duration
from kembar_shared.measurement.uploads import numbers, times
from kembar_shared.measurement.uploads.faults import fault_of, no_faults
from kembar_shared.measurement.uploads.identities import Identities
from kembar_shared.measurement.uploads.tables import COLUMNS, copied, placed

if TYPE_CHECKING:
    from datetime import datetime

    from kembar_shared.measurement.catalogue import Catalogue, Conversion, FactorUnit
    from kembar_shared.measurement.uploads.declared import Declaration
    from kembar_shared.measurement.uploads.tables import Table

SENT_MARK: Final = "\x1f"
"""Parts the value from the unit in `sent`."""

EXTRA: Final = ("period", "method", "depth_m", "note")
"""What else may be said of a value; kept as JSON where any of it is."""

_UNITS: Final = 100_000
"""More than the spellings of units in one part of a file."""


@dataclass(frozen=True, slots=True)
class Part:
    """What became of one part of a file.

    Attributes:
        good: The rows without a fault: `key` (see `Identities`), `time_us`, `value` and
            `limit_value` in the parameter's unit, `span`, `flag`, `line`, and, where a row has
            any, `qualifier`, `sent`, `extra`.
        errors: Every failing cell: columns of `ERRORS_SCHEMA`, and `raw`.
        rejected: Rows with at least one failing cell.
    """

    good: pl.DataFrame
    errors: pl.DataFrame
    rejected: int


@dataclass(frozen=True)
class Checker:
    """Checks the parts of one file.

    Attributes:
        catalogue: What the service measures.
        identities: Numbers for stations and parameters.
        declared: The sender's declarations.
        now: The time of receipt.
    """

    catalogue: Catalogue
    identities: Identities
    declared: Declaration
    now: datetime

    def check(self, table: Table) -> Part:
        """Check every cell of *table*."""
        frame = placed(table.cells)
        faults = [self._lengths(frame)]
        for step in (self._stations, self._parameters, self._units, self._lists, self._periods):
            frame, fault = step(frame)
            faults.append(fault)
        frame, fault = times.check(frame, self.declared, now=self.now)
        faults.append(fault)
        frame, fault = numbers.check(frame, self.declared)
        errors = pl.concat([*faults, fault])
        rejected = table.errors.height
        told = table.errors
        if not errors.is_empty():
            rows = errors.select("line", "cell").unique()
            rejected += rows.height
            frame = frame.join(rows, on=["line", "cell"], how="anti", maintain_order="left")
            # Rows that stand on one line share some of their cells.
            errors = errors.drop("cell").unique(maintain_order=True)
            raws = table.raws(rows["line"].unique())
            errors = errors.join(raws, on="line", how="left", maintain_order="left")
            told = pl.concat([told.select(errors.columns), errors])
        return Part(self._typed(frame), copied(told), rejected)

    def _lengths(self, frame: pl.DataFrame) -> pl.DataFrame:
        longest = self.declared.cell_characters
        faults = [
            fault_of(frame, pl.col(c).str.len_chars() > longest, c, "cell-too-long", str(longest))
            for c in COLUMNS
            # No cell has more characters than bytes.
            if (frame[c].str.len_bytes().max() or 0) > longest  # type: ignore[operator]  # a number
        ]
        return pl.concat([no_faults(), *faults])

    def _stations(self, frame: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        is_own = self.identities.stations["is_own"].to_list()
        known = frame.with_columns(at=_place(pl.col("station"), self._station_numbers))
        is_others = pl.col("at").is_in([at for at, own in enumerate(is_own) if not own])
        return known, pl.concat(
            [
                fault_of(known, pl.col("station").is_null(), "station", "station-missing"),
                fault_of(
                    known,
                    pl.col("station").is_not_null() & pl.col("at").is_null(),
                    "station",
                    "unknown-station",
                ),
                fault_of(known, is_others, "station", "station-not-yours"),
            ]
        )

    @cached_property
    def _station_numbers(self) -> dict[str, int]:
        return {code: at for at, code in enumerate(self.identities.stations["station"].to_list())}

    def _parameters(self, frame: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        numbers_of = {p.code: at for at, p in enumerate(self.catalogue.parameters)}
        spellings = frame["parameter"].unique().drop_nulls().to_list()
        codes = {s: code for s in spellings if (code := self.catalogue.parameter_of(s)) is not None}
        table = {spelling: numbers_of[code] for spelling, code in codes.items()}
        coded = frame.with_columns(of=_place(pl.col("parameter"), table))
        given = pl.col("parameter").is_not_null()
        known = ", ".join(self.catalogue.by_code)
        return coded, pl.concat(
            [
                fault_of(coded, ~given, "parameter", "parameter-missing"),
                fault_of(
                    coded, given & pl.col("of").is_null(), "parameter", "unknown-parameter", known
                ),
            ]
        )

    def _units(self, frame: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Add what the unit asks for: `times`, `over`, `plus`, `shift` where any row needs them."""
        units = frame["unit"].unique().drop_nulls().to_list()
        pair = pl.col("of").cast(pl.Int64) * _UNITS + _place(
            pl.col("unit"), {unit: at for at, unit in enumerate(units)}
        )
        frame = frame.with_columns(pair=pair)
        found: dict[int, Conversion] = {}
        lacking: dict[tuple[str, str], list[int]] = {}
        for number in frame["pair"].unique().drop_nulls().to_list():
            code, unit = self.catalogue.parameters[number // _UNITS].code, units[number % _UNITS]
            conversion = self.catalogue.conversion_of(code, unit)
            if conversion is not None:
                found[number] = conversion
            elif (needed := self.catalogue.factor_unit_of(code, unit)) is not None:
                lacking.setdefault(_factor_fault(needed, unit), []).append(number)
        accepted = _text(pl.col("of"), [p.unit_forms for p in self.catalogue.parameters])
        given = pl.col("unit").is_not_null()
        is_unknown = ~_is_in([*found, *chain.from_iterable(lacking.values())])
        faults = [
            fault_of(frame, ~given, "unit", "unit-missing", accepted),
            fault_of(frame, given & is_unknown, "unit", "unknown-unit", accepted),
            *(
                fault_of(frame, _is_in(numbers), "unit", code, example)
                for (code, example), numbers in lacking.items()
            ),
        ]
        if not all(conversion.is_identity for conversion in found.values()):
            table = _conversion_table(found)
            frame = frame.join(table, on="pair", how="left", maintain_order="left")
        return frame.drop("pair"), pl.concat(faults)

    def _lists(self, frame: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        faults = [no_faults()]
        places = []
        for column, words in (
            ("material", self.identities.materials),
            ("source", self.identities.sources),
        ):
            cell = pl.col(column)
            if frame[column].null_count() == frame.height:
                places.append(pl.lit(0, pl.Int32).alias(f"{column}_no"))
                continue
            place = _place(cell, {word: at for at, word in enumerate(words) if word})
            places.append(place.fill_null(0).alias(f"{column}_no"))
            code = f"unknown-{column}" if words[1:] else "column-not-used"
            is_unknown = cell.is_not_null() & place.is_null()
            faults.append(fault_of(frame, is_unknown, column, code, ", ".join(words[1:])))
        return frame.with_columns(*places), pl.concat(faults)

    def _periods(self, frame: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Add `span`; `period` is left only where it is not the parameter's own."""
        own = [p.period for p in self.catalogue.parameters]
        spans = {}
        for text in {*frame["period"].unique().drop_nulls().to_list(), *own}:
            try:
                spans[text] = Duration.parse(text).span
            except ValueError:
                continue
        of_own = pl.col("of").replace_strict(
            {at: spans[text] for at, text in enumerate(own)}, default=None, return_dtype=pl.Int16
        )
        if frame["period"].null_count() == frame.height:
            return frame.with_columns(span=of_own), no_faults()
        sent = pl.col("period").replace_strict(spans, default=None, return_dtype=pl.Int16)
        read = frame.with_columns(
            span=pl.when(pl.col("period").is_null()).then(of_own).otherwise(sent)
        )
        is_unknown = pl.col("period").is_not_null() & sent.is_null()
        fault = fault_of(read, is_unknown, "period", "unknown-period", "PT1H, P1D, P1M, P1Y")
        is_own = pl.col("period") == _text(pl.col("of"), own)
        return read.with_columns(period=pl.when(~is_own).then("period")), fault

    def _typed(self, good: pl.DataFrame) -> pl.DataFrame:
        """Convert into the parameter's unit, flag what is implausible, keep what was sent."""
        columns = {"value": pl.col("number"), "limit_value": pl.col("limit_number")}
        is_as_sent = pl.lit(value=True)
        if "shift" in good.columns:
            is_as_sent = pl.col("is_as_sent")
            columns = {name: _converted(number) for name, number in columns.items()}
        own_unit = _text(pl.col("of"), [p.unit for p in self.catalogue.parameters])
        sent_unit = pl.when(pl.col("unit") != own_unit).then(pl.col("unit"))
        sent_value = pl.when(~is_as_sent).then(pl.col("value"))
        sent = pl.concat_str(sent_value.fill_null(""), pl.lit(SENT_MARK), sent_unit.fill_null(""))
        typed = good.select(
            self.identities.key().alias("key"),
            "time_us",
            *(expression.alias(name) for name, expression in columns.items()),
            "span",
            pl.col("line").cast(pl.Int32),
            "of",
            qualifier="sign",
            sent=pl.when(sent_unit.is_not_null() | sent_value.is_not_null()).then(sent),
            extra=_extra(good),
        )
        flag = qc.gross_range(typed["of"], typed["value"], self.catalogue)
        typed = typed.with_columns(flag).drop("of")
        return typed.select(
            name
            for name in typed.columns
            if name not in {"limit_value", "qualifier", "sent", "extra"}
            or typed[name].null_count() < typed.height
        )


def _conversion_table(conversions: dict[int, Conversion]) -> pl.DataFrame:
    return pl.DataFrame(
        [
            (pair, c.is_identity, c.times, c.over, c.plus, c.shift)
            for pair, c in conversions.items()
        ],
        schema={"pair": pl.Int64, "is_as_sent": pl.Boolean, "times": pl.Float64}
        | {"over": pl.Float64, "plus": pl.Float64, "shift": pl.Int8},
        orient="row",
    )  # fmt: skip


def _factor_fault(needed: FactorUnit, unit: str) -> tuple[str, str]:
    """Return code and remedy of a unit whose factor is missing or impossible."""
    return f"{needed.factor}-{'unfit' if says_factor(unit) else 'missing'}", needed.example


def _is_in(pairs: list[int]) -> pl.Expr:
    return pl.col("pair").is_in(pl.Series(pairs, dtype=pl.Int64).implode())


def _place(spelling: pl.Expr, table: dict[str, int] | dict[int, int]) -> pl.Expr:
    return spelling.replace_strict(table, default=None, return_dtype=pl.Int32)


def _text(place: pl.Expr, words: list[str]) -> pl.Expr:
    return place.replace_strict(dict(enumerate(words)), default=None, return_dtype=pl.String)


def _converted(number: pl.Expr) -> pl.Expr:
    """Convert into the parameter's unit; a power of ten moves the point of the decimal sent."""
    shifted = pl.concat_str(number.cast(pl.String), pl.lit("e"), pl.col("shift"))
    computed = number * pl.col("times") / pl.col("over") + pl.col("plus")
    return (
        pl.when(pl.col("shift") == 0)
        .then(number)
        .otherwise(pl.coalesce(shifted.cast(pl.Float64, strict=False), computed.round_sig_figs(15)))
    )


def _extra(good: pl.DataFrame) -> pl.Expr:
    """Return what else is said of each value, as JSON; null where nothing is."""
    members = {"period": "period", "method": "method", "depth_m": "depth_read", "note": "note"}
    said = [name for name in members.values() if good[name].null_count() < good.height]
    if not said:
        return pl.lit(None, pl.String)
    struct = pl.struct(pl.col(column).alias(name) for name, column in members.items())
    any_said = pl.any_horizontal(pl.col(name).is_not_null() for name in said)
    return pl.when(any_said).then(struct.struct.json_encode())
