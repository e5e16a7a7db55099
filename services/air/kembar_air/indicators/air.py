"""What the air service computes: indices of stations, figures of jurisdictions."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import polars as pl

from kembar_air import standards as tables
from kembar_air.indicators import (
    columns,
    daily,
    figures,
    hourly,
    iku_figure,
    maxima,
    means,
    rules,
    valid_hours,
)
from kembar_air.indices.ispu import Reading
from kembar_air.standards.ispu import POLLUTANTS

if TYPE_CHECKING:
    from kembar_shared.measurement.indicators import Figure
    from kembar_shared.measurement.standards import Standards


@dataclass(frozen=True)
class Air:
    """The indices and figures of the air service.

    Attributes:
        reading: Which index a band of the ISPU begins with.
        standards: The limits and factors it judges by.
    """

    reading: Reading = Reading.BANDED
    standards: Standards = field(default_factory=tables.build)

    def __post_init__(self) -> None:
        """Refuse breakpoints that make no scale, and references that nothing is divided by.

        Raises:
            StandardsUnfit: They do not rise, their unit is not known, or a reference is zero.
        """
        _ = self._by_day
        _ = self._by_p_14
        iku_figure.refuse_unfit(self.standards)

    @property
    def hourly(self) -> tuple[str, ...]:
        """Parameters of which hours are needed, for `indices` or for `hours_index`."""
        limits = {row.parameter for row in self.standards.limits if row.evaluation != "breakpoint"}
        return tuple(sorted(limits.union(POLLUTANTS)))

    @cached_property
    def _by_day(self) -> rules.Regimes:
        return rules.regimes(self.standards, legacy=True)

    @cached_property
    def _by_p_14(self) -> rules.Regimes:
        return rules.regimes(self.standards, legacy=False)

    def indices(self, days: pl.DataFrame, hours: pl.DataFrame) -> pl.DataFrame:
        """Return `ispu` of each station and local day, and the day's means by parameter.

        Args:
            days: `DAYS_SCHEMA`.
            hours: `HOURS_SCHEMA`, of these days and the day before.

        Returns:
            `INDEX_SCHEMA`. `missing` names the pollutants without a valid mean; `mean_24h:pm25`
            and the like are what figures are made of, and with `max_1h:so2`,
            `max_1h_daytime:ox`, `max_3h:hc`, `max_8h:o3`, `block_8h:co` and the like are what
            limits are compared with, in µg/m³.
        """
        parameters = self.hourly
        laid = columns.lay_out(hours, parameters, self.standards)
        given = columns.day_values(days, parameters)
        of_days = valid_hours.made_of(given, hours, parameters, self.standards)
        found = daily.station_days(of_days.only(POLLUTANTS, parameters), self.standards)
        ispu = daily.rows(found, laid, self.standards, self._by_day, self.reading)
        mean = means.rows(of_days, parameters, self.standards)
        return pl.concat([ispu, mean, *maxima.rows(laid, days, self.standards)])

    def hours_index(self, hours: pl.DataFrame) -> pl.DataFrame:
        """Return `ispu` of the 24 hours that end with each hour (`hourly.HOURLY_SCHEMA`).

        Args:
            hours: `HOURS_SCHEMA`, those of the 23 hours before the first one asked for included.
        """
        return hourly.rows(hours, self.standards, self._by_p_14, self.reading)

    def figures(self, days: pl.DataFrame, indices: pl.DataFrame) -> list[Figure]:
        """Return the figures of each jurisdiction, month and year among *days*.

        `air.pm25_mean` in µg/m³, `air.ispu_good_share`, the share of valid station-days that are
        Baik or Sedang by the law of their time, and `air.iku` of years.

        Args:
            days: `DAYS_SCHEMA`, of whole months and years.
            indices: Those of `figures.INDICES` of these days, as `indices` returned them.
        """
        return figures.of(days, indices, self.standards, self.reading)
