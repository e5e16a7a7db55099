"""Whether a station kept the limits of a calendar year."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from kembar_air.indicators import rules
from kembar_air.standards import completeness
from kembar_air.verdicts import evaluation, tables
from kembar_shared.measurement.completeness import COMPLETENESS
from kembar_shared.measurement.indicators import VERDICT_SCHEMA
from kembar_shared.measurement.standards import StandardsUnfit

if TYPE_CHECKING:
    from kembar_shared.measurement.standards import Limit, Standards


_VERSION: Final = 4
"""Since the mean of a day is that of its valid hours."""


@dataclass(frozen=True)
class Verdicts:
    """Judges the calendar years of stations.

    Attributes:
        standards: The limits, and how much has to be measured.
    """

    standards: Standards

    def __post_init__(self) -> None:
        """Refuse limits that nothing can be compared with.

        Raises:
            StandardsUnfit: A row has an averaging, an evaluation or a unit that is not known.
        """
        for limit in self._limits():
            rules.ug_m3_per_unit(limit)
            if not evaluation.is_known(limit):
                raise StandardsUnfit(
                    f"{limit.standard}, {limit.parameter}: {limit.evaluation!r} of "
                    f"{limit.averaging!r} is not known; there are {evaluation.KNOWN}"
                )
            if limit.most is None or limit.least is not None:
                raise StandardsUnfit(f"{limit.standard}, {limit.parameter}: give most, not least")

    def judge(self, days: pl.DataFrame, indices: pl.DataFrame) -> pl.DataFrame:
        """Judge whole calendar years by each limit (`VERDICT_SCHEMA`).

        A year is judged by the rows in force on its last day, and `retrospective` where they were
        not yet on its first. Of limits over less than a day, the values counted are each day's
        highest.

        Args:
            days: `DAYS_SCHEMA`, of whole calendar years.
            indices: `INDEX_SCHEMA`, of these years.
        """
        limits = self._limits()
        parts = [pl.DataFrame(schema=VERDICT_SCHEMA)]
        for table in tables.of(days, indices, sorted({limit.parameter for limit in limits})):
            own = [limit for limit in limits if limit.parameter == table.parameter]
            for year in np.unique(table.year).tolist():
                year_table = table.take(np.flatnonzero(table.year == year))
                parts += [
                    self._rows(limit, year_table, year)
                    for limit in rules.in_force(own, date(year, 12, 31))
                ]
        return pl.concat(parts)

    def _limits(self) -> list[Limit]:
        return [limit for limit in self.standards.limits if limit.evaluation != "breakpoint"]

    def _rows(self, limit: Limit, table: tables.YearTable, year: int) -> pl.DataFrame:
        """Judge one year of stations by one limit."""
        found = evaluation.evaluate(limit, table, self.standards, year)
        first = limit.valid_from or date(year, 1, 1)
        method = self.standards.method(
            f"{limit.standard}/{limit.evaluation}@{_VERSION}",
            limit.standard,
            completeness.OWN,
            completeness.EU_2008_50,
            COMPLETENESS,
        )
        return (
            found.with_columns(
                place=pl.Series(table.stations, dtype=pl.String),
                stations=pl.Series([[code] for code in table.stations], dtype=pl.List(pl.String)),
                parameter=pl.lit(limit.parameter),
                period=pl.lit(str(year)),
                standard=pl.lit(limit.standard),
                authority=pl.lit(limit.authority),
                averaging=pl.lit(limit.averaging),
                evaluation=pl.lit(limit.evaluation),
                least=pl.lit(limit.least, dtype=pl.Float64),
                most=pl.lit(limit.most, dtype=pl.Float64),
                limit_unit=pl.lit(limit.unit),
                derived=pl.lit(0, dtype=pl.Int64),
                derived_from=pl.lit([], dtype=pl.List(pl.String)),
                method=pl.lit(method),
                retrospective=pl.lit(first > date(year, 1, 1)),
                verified=pl.col("unverified_parts").list.len() == 0,
                source=pl.lit(limit.source),
                **{"class": pl.lit(limit.grade)},
            )
            .match_to_schema(VERDICT_SCHEMA, extra_columns="raise")
            .select(VERDICT_SCHEMA.names())
        )
