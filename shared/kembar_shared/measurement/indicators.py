"""The figures a service offers the gateway, and what a service tells the kernel about itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from kembar_shared.measurement.vocabulary import Origin, State

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from kembar_shared.measurement.catalogue import Catalogue

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
    }
)
"""One row per series and local calendar period: what figures and indices are made from.

`n` values with a number, `n_below` and `n_above` of which only a limit is known; together they
stand for the share `covered`, 0 to 1, of the period, which `expected` such values would fill.
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
        indices: Days (`DAYS_SCHEMA`) -> index values per station and period.
        figures: Days -> one figure per indicator, jurisdiction and period.
        standards: Rows of `GET /v1/standards`.
        rules: The settings that its figures depend on, as text.
    """

    service: str
    catalogue: Catalogue
    indices: Callable[[pl.DataFrame], pl.DataFrame]
    figures: Callable[[pl.DataFrame], list[Figure]]
    standards: Sequence[Mapping[str, object]] = ()
    rules: str = ""
