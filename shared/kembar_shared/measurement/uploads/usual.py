"""Rows in the most usual form, read whole columns at a time without a look at what may be wrong.

A known station of the sender's, a parameter in its own unit, an instant with its offset, a plain
decimal, and nothing beside them: such a row has no fault. Every other one is looked at closely.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Final

import polars as pl

from kembar_shared.measurement import qc
from kembar_shared.measurement.periods import Duration
from kembar_shared.measurement.uploads import numbers, times
from kembar_shared.measurement.uploads.tables import OPTIONAL, placed

if TYPE_CHECKING:
    from datetime import datetime

    from kembar_shared.measurement.uploads.declared import Declaration
    from kembar_shared.measurement.uploads.identities import Identities
    from kembar_shared.measurement.uploads.tables import Table

_LISTED: Final = ("material", "source")
_BESIDE: Final = tuple(name for name in OPTIONAL if name not in _LISTED)
_FEW: Final = 0.25
"""A smaller share of unusual rows is worth a copy, which lets go of the others."""

_LONGEST: Final = len("2026-01-31T13:05:00+07:00")
"""Characters of the longest cell that is not looked up."""


@dataclass(frozen=True)
class Usual:
    """Reads the usual rows of one file.

    Attributes:
        identities: Numbers for stations and parameters, and the catalogue.
        declared: The sender's declarations.
        now: The time of receipt.
    """

    identities: Identities
    declared: Declaration
    now: datetime

    def split(self, table: Table) -> tuple[pl.DataFrame, Table]:
        """Take the usual rows out of *table*.

        Returns:
            What `Checker.check` says of these rows; and the table without them.
        """
        cells = placed(table.cells)
        listed = [self._listed(cells, name) for name in _LISTED]
        beside = [pl.col(name).is_null() for name in _BESIDE if _is_said(cells, name)]
        read = cells.select(
            "line",
            *listed,
            at=pl.col("station").replace_strict(*self._stations, default=None),
            value=numbers.plain(self.declared),
            is_alone=pl.all_horizontal(pl.lit(self.declared.cell_characters >= _LONGEST), *beside),
        ).hstack([*self._measured(cells), times.usual(cells["time"], self.declared, now=self.now)])
        is_usual = read.select(
            pl.all_horizontal(
                "is_alone",
                pl.col("at", "of", "time_us", "value", "material_no", "source_no").is_not_null(),
                ~pl.col("value").is_in(numbers.MISSING_CODES),
            ).fill_null(value=False)
        ).to_series()
        rest = replace(table, cells=cells.filter(~is_usual))
        is_few = 0 < rest.cells.height < _FEW * cells.height
        return self._typed(read.filter(is_usual)), rest.apart() if is_few else rest

    def _typed(self, read: pl.DataFrame) -> pl.DataFrame:
        return read.select(
            self.identities.key().alias("key"),
            "time_us",
            "value",
            "span",
            pl.col("line").cast(pl.Int32),
            qc.gross_range(read["of"], read["value"], self.identities.catalogue),
        )

    @cached_property
    def _stations(self) -> tuple[pl.Series, pl.Series]:
        own = (
            self.identities.stations.select("station", "is_own")
            .with_row_index("at")
            .filter("is_own", pl.col("station").str.len_chars() <= self.declared.cell_characters)
        )
        return own["station"], own["at"].cast(pl.Int32)

    def _listed(self, cells: pl.DataFrame, name: str) -> pl.Expr:
        """Return the numbers of materials or sources; null where one is not known."""
        if not _is_said(cells, name):
            return pl.lit(0, pl.Int32).alias(f"{name}_no")
        words = self.identities.materials if name == "material" else self.identities.sources
        place = (
            pl.col(name)
            .fill_null("")
            .replace_strict(words, range(len(words)), default=None, return_dtype=pl.Int32)
        )
        return place.alias(f"{name}_no")

    def _measured(self, cells: pl.DataFrame) -> list[pl.Series]:
        """Return `of` and `span` of parameters in their own unit; null of all others."""
        names, units = (cells[column].unique().drop_nulls() for column in ("parameter", "unit"))
        name, unit = _numbered("parameter", names), _numbered("unit", units)
        pair = cells.select(pair=name.cast(pl.Int64) * len(units) + unit).to_series()
        own = {}
        for number in pair.unique().drop_nulls().to_list():
            found = self._own(names[number // len(units)], units[number % len(units)])
            if found is not None:
                own[number] = found
        return [
            pair.replace_strict(
                list(own), [found[at] for found in own.values()], default=None, return_dtype=kind
            ).alias(column)
            for at, (column, kind) in enumerate({"of": pl.Int32, "span": pl.Int16}.items())
        ]

    def _own(self, spelling: str, unit: str) -> tuple[int, int] | None:
        """Return number and span of a parameter; None where there is more to be said of it."""
        catalogue = self.identities.catalogue
        code = catalogue.parameter_of(spelling)
        longest = max(len(spelling), len(unit))
        if code is None or longest > self.declared.cell_characters:
            return None
        parameter = catalogue.by_code[code]
        conversion = catalogue.conversion_of(code, unit)
        if unit != parameter.unit or conversion is None or not conversion.is_identity:
            return None
        return catalogue.parameters.index(parameter), Duration.parse(parameter.period).span


def _numbered(column: str, words: pl.Series) -> pl.Expr:
    return pl.col(column).replace_strict(
        words, pl.int_range(len(words), dtype=pl.Int32, eager=True), default=None
    )


def _is_said(cells: pl.DataFrame, name: str) -> bool:
    return cells[name].null_count() < cells.height
