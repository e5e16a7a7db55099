"""The figures a service offers the gateway, and what a service tells the kernel about itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

import polars as pl

from kembar_shared.measurement.vocabulary import Grain, Origin, State

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kembar_shared.measurement.catalogue import Catalogue
    from kembar_shared.measurement.standards import Standards

DAYS_SCHEMA: Final = pl.Schema(
    {
        "station": pl.String(),
        "jurisdiction": pl.String(),
        "origin": pl.String(),
        "altitude_m": pl.Float64(),
        "water_class": pl.String(),
        "parameter": pl.String(),
        "material": pl.String(),
        "source": pl.String(),
        "grain": pl.String(),
        "period": pl.Date(),
        "following": pl.Date(),
        "n": pl.Int64(),
        "expected": pl.Float64(),
        "covered": pl.Float64(),
        "sum": pl.Float64(),
        "min": pl.Float64(),
        "max": pl.Float64(),
        "n_below": pl.Int64(),
        "n_above": pl.Int64(),
        "below_limit": pl.Float64(),
        "low": pl.Float64(),
        "high": pl.Float64(),
        "left_out": pl.Int64(),
    }
)
"""One row per series and local calendar period: what figures and indices are made from.

`n` values with a number, `n_below` and `n_above` of which only a limit is known; together they
stand for the share `covered`, 0 to 1, of the period, which `expected` such values would fill. All
stand for the same length of time; `left_out` others do not, and are in none of the other columns.

The mean of the spans of time lies between `low` and `high`: as if values below detection were
nothing, and as if each were its own limit, of which `below_limit` is the highest. Where none are,
the two are the mean. Values above a limit are in neither.
"""

CONVERTED_SCHEMA: Final = pl.Schema(
    {
        **{name: pl.String() for name in ("station", "parameter", "material", "source", "grain")},
        "period": pl.Date(),
        "converted": pl.Float64(),
        "factors": pl.List(pl.Float64()),
    }
)
"""One row per series and local calendar period with values that were sent with a factor.

`converted` is which part of the `sum` of the row of `DAYS_SCHEMA` they are, and `factors` are
theirs, each once, in the unit of `catalogue.FactorUnit`.
"""

HOURS_SCHEMA: Final = pl.Schema(
    {
        "station": pl.String(),
        "parameter": pl.String(),
        "start": pl.Datetime("us", "UTC"),
        "day": pl.Date(),
        "hour": pl.Int8(),
        "value": pl.Float64(),
        "covered": pl.Float64(),
        "n_below": pl.Int64(),
        "n_above": pl.Int64(),
        "below_limit": pl.Float64(),
        "doubt": pl.Float64(),
    }
)
"""One row per series and hour with any value: what running means are made from.

`start` is the hour's first instant, `day` the local day it lies in and `hour` how many hours of
that day went before. `value` is the mean in the parameter's unit, a value below detection counted
as half its limit; null where only a value above the method's range is known. `covered` is the
share of the hour, 0 to 1, that values stand for. `below_limit` is the highest limit that values
lie below, null where none does; `doubt` by how much `value` may be off for these.
"""

INDEX_SCHEMA: Final = pl.Schema(
    {
        "station": pl.String(),
        "grain": pl.String(),
        "period": pl.Date(),
        "index": pl.String(),
        "value": pl.Float64(),
        "unit": pl.String(),
        "category": pl.String(),
        "state": pl.String(),
        "method": pl.String(),
        "parameters": pl.List(pl.String()),
        "missing": pl.List(pl.String()),
        "critical": pl.String(),
        "detail": pl.String(),
    }
)
"""One row per station, period and index, which are its key.

`period` is the first local day of the day, month or year that `grain` says. `parameters` were
used, those `missing` could not be; `critical` is the one that decided. `detail` is a JSON object.
"""

VERDICT_SCHEMA: Final = pl.Schema(
    {
        "place": pl.String(),
        "stations": pl.List(pl.String()),
        "parameter": pl.String(),
        "period": pl.String(),
        "standard": pl.String(),
        "authority": pl.String(),
        "class": pl.String(),
        "averaging": pl.String(),
        "evaluation": pl.String(),
        "least": pl.Float64(),
        "most": pl.Float64(),
        "limit_unit": pl.String(),
        "value": pl.Float64(),
        "n": pl.Int64(),
        "expected": pl.Float64(),
        "coverage": pl.Float64(),
        "exceeded": pl.Int64(),
        "exceeded_on": pl.List(pl.String()),
        "derived": pl.Int64(),
        "derived_from": pl.List(pl.String()),
        "verdict": pl.String(),
        "state": pl.String(),
        "reason": pl.String(),
        "method": pl.String(),
        "retrospective": pl.Boolean(),
        "verified": pl.Boolean(),
        "unverified_parts": pl.List(pl.String()),
        "source": pl.String(),
    }
)
"""One row per place, parameter, calendar year and limit, which are its key.

`place` is a station's code, or a jurisdiction's where masses of several stations are judged
together; `stations` are those behind it. `value` is the statistic that `evaluation` compares, in
`limit_unit`, the unit of the limit; of rules for each value, the worst. `n` values of `averaging`
were valid, of `expected`; `exceeded` of them broke the limit, on the local days `exceeded_on`.
`derived` of the `n` were not measured but computed from the parameters `derived_from` of the same
days.

`verdict` is `met` or `not_met`, null wherever `state` is not `ok`; `reason` is a code then. A rule
for each value is broken by the first one that breaks it, however little else was measured; it is
met only by enough of them.

`verified` says whether everything that the verdict rests on was seen in its source. What was not
is in `unverified_parts`: `limit`; `completeness`, how much has to be measured; `rank`, at which
value of all a percentile is found; `rate`, how a rate is computed.
"""


@dataclass(frozen=True, slots=True)
class Figure:
    """One indicator's value for one jurisdiction and one month or year.

    Attributes:
        indicator: Code, as in the contract (`waste.generated`).
        jurisdiction: Code of the jurisdiction its stations lie in.
        period: `2023-04` or `2023`.
        value: Null wherever the state gives no number.
        unit: The value's unit; a share has the unit `1`.
        state: What the value can be relied on for.
        numerator: With the denominator, what months are added up by; null where the value is.
        denominator: Null for a sum.
        n: Values counted.
        expected: Values a complete period has.
        coverage: Share of the period that was measured, 0 to 1.
        origin: The least real of its inputs.
        method: Identifier and version of the formula.
        stations: Codes of the stations it was made from.
        detail: What else a reader must know to judge it.
    """

    indicator: str
    jurisdiction: str
    period: str
    value: float | None
    unit: str
    state: State
    numerator: float | None
    denominator: float | None
    n: int
    expected: float
    coverage: float | None
    origin: Origin
    method: str
    stations: tuple[str, ...]
    detail: dict[str, object] = field(default_factory=dict)

    @classmethod
    def of(cls, gathered: Mapping[str, Any], *, indicator: str, unit: str, method: str) -> Figure:
        """Make the figure of one row of `coverage.gather` that got a `value` and a `detail`."""
        return cls(
            indicator=indicator,
            jurisdiction=gathered["jurisdiction"],
            period=gathered["period"],
            value=gathered["value"],
            unit=unit,
            state=State(gathered["state"]),
            numerator=gathered["numerator"],
            denominator=gathered["denominator"],
            n=gathered["n"],
            expected=gathered["expected"],
            coverage=gathered["coverage"],
            origin=Origin(gathered["origin"]),
            method=method,
            stations=tuple(gathered["stations"]),
            detail=gathered["detail"],
        )


@dataclass(frozen=True)
class Domain:
    """What one service adds to the kernel.

    Attributes:
        service: Its name (`water`).
        catalogue: What it measures.
        standards: The limits and factors it judges by.
        indices: Days (`DAYS_SCHEMA`) and hours (`HOURS_SCHEMA`) -> `INDEX_SCHEMA`. It gets all
            days of the periods asked for (`window`), their hours, and `reach_h` hours before; of
            `levels` also the days of the period before.
        figures: Days -> one figure per indicator, jurisdiction and period. Where any values of
            the jurisdiction were sent with a factor, days have the columns of `CONVERTED_SCHEMA`
            too, null where none of the row was.
        figure_indices: Codes of the indices that other figures are made from; none: there are none.
        index_figures: Days, and the values of these indices -> such figures.
        verdicts: Days of whole years, and the indices of their days -> `VERDICT_SCHEMA`.
        window: Calendar period whose days an index value is made from.
        levels: Parameters with which a period opens as the one before closed.
        hourly: Parameters of which `indices` needs the hours.
        reach_h: How many hours before a day its index values may be made from.
        judged_by: Whether a verdict is made of one station's values or a jurisdiction's.
        hours_index: Hours of one station -> its index of each hour; none: it has no such index.
        rules: The settings that its figures depend on, as text.
    """

    service: str
    catalogue: Catalogue
    standards: Standards
    indices: Callable[[pl.DataFrame, pl.DataFrame], pl.DataFrame]
    figures: Callable[[pl.DataFrame], list[Figure]]
    verdicts: Callable[[pl.DataFrame, pl.DataFrame], pl.DataFrame]
    window: Grain = Grain.DAY
    levels: tuple[str, ...] = ()
    hourly: tuple[str, ...] = ()
    reach_h: int = 0
    judged_by: Literal["station", "jurisdiction"] = "station"
    hours_index: Callable[[pl.DataFrame], pl.DataFrame] | None = None
    figure_indices: tuple[str, ...] = ()
    index_figures: Callable[[pl.DataFrame, pl.DataFrame], list[Figure]] = lambda _days, _values: []
    rules: str = ""
