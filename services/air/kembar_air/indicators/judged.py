"""Concentrations of station-days or hours, judged by the ISPU, as rows of an index."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from kembar_air.indices import ispu
from kembar_air.standards.ispu import POLLUTANTS
from kembar_shared.measurement.vocabulary import State

if TYPE_CHECKING:
    import numpy.typing as npt

    from kembar_air.indicators.rules import Regimes

    Floats = npt.NDArray[np.float64]
    Integers = npt.NDArray[np.int64]
    Mask = npt.NDArray[np.bool_]

_PATTERNS: Final = 2 ** len(POLLUTANTS)
_SUBSETS: Final = pl.Series(
    [
        [code for place, code in enumerate(POLLUTANTS) if pattern >> place & 1]
        for pattern in range(_PATTERNS)
    ],
    dtype=pl.List(pl.String),
)
_WEIGHTS: Final = 2 ** np.arange(len(POLLUTANTS))


@dataclass(frozen=True, slots=True)
class Judged:
    """The ISPU of rows, each a station and day or hour; pollutants as in `POLLUTANTS`.

    Attributes:
        sub_indices: Shape (rows, 7), NaN: none.
        index: Shape (rows,), NaN: none, or that of what lies above an instrument's range.
        category: Position in `CATEGORIES`, -1: none.
        critical: Position in `POLLUTANTS`, -1: none; like the index.
        measured: Shape (rows, 7), what there is a valid mean of.
        asked: Shape (rows, 7), what the regulation has an index for.
        beyond_range: Whether a value above the instrument's range belongs to it.
        beyond_scale: Whether a concentration lies above the last breakpoint.
        retrospective: Whether the regulation was not in force yet.
        standard: Position among the regimes.
    """

    sub_indices: Floats
    index: Floats
    category: Integers
    critical: Integers
    measured: Mask
    asked: Mask
    beyond_range: Mask
    beyond_scale: Mask
    retrospective: Mask
    standard: Integers

    def columns(self, regimes: Regimes) -> dict[str, pl.Series]:
        """Return what rows of any index say: value, category, state, and which pollutants."""
        shown = ~self.beyond_range
        value = np.where(shown, self.index, np.nan)
        category = np.where(shown, self.category, -1)
        return {
            "value": pl.Series(value, dtype=pl.Float64).fill_nan(None),
            "category": words(ispu.CATEGORIES, category),
            "state": self._states(),
            "parameters": names(self.measured & self.asked),
            "missing": names(~self.measured & self.asked),
            "critical": words(POLLUTANTS, np.where(shown, self.critical, -1)),
            "beyond_scale": pl.Series(self.beyond_scale),
            "retrospective": pl.Series(self.retrospective),
            "standard": words(tuple(scales.standard for scales in regimes.scales), self.standard),
            **{
                f"index_{code}": pl.Series(self.sub_indices[:, place]).fill_nan(None)
                for place, code in enumerate(POLLUTANTS)
            },
        }

    def _states(self) -> pl.Series:
        """Say what each index can be relied on for."""
        measured = (self.measured & self.asked).any(axis=1)
        states = (
            State.OK.value,
            State.ABOVE_LIMIT.value,
            State.INSUFFICIENT.value,
            # All that was measured lies below what the regulation has an index for.
            State.CANNOT_ASSESS.value,
        )
        place = np.select(
            [self.beyond_range, ~measured, np.isnan(self.index)], [1, 2, 3], default=0
        )
        return words(states, place)


def judge(
    concentrations: Floats,
    beyond: Mask,
    days: Integers,
    regimes: Regimes,
    reading: ispu.Reading,
) -> Judged:
    """Judge concentrations.

    Args:
        concentrations: Shape (rows, 7), µg/m³; NaN: no valid mean.
        beyond: Shape (rows, 7), of what a value lies above the instrument's range.
        days: Shape (rows,), local days since 1970-01-01.
        regimes: The breakpoints by day.
        reading: Which index a band begins with.
    """
    standard = regimes.positions(days)
    sub_indices = np.full(concentrations.shape, np.nan)
    asked = np.zeros(concentrations.shape, dtype=np.bool_)
    beyond_scale = np.zeros(len(days), dtype=np.bool_)
    retrospective = np.zeros(len(days), dtype=np.bool_)
    category = np.full(len(days), -1, dtype=np.int64)
    for place, scales in enumerate(regimes.scales):
        rows = np.flatnonzero(standard == place)
        if not len(rows):
            continue
        for column, scale in enumerate(scales.of):
            if scale is None:
                continue
            amounts = concentrations[rows, column]
            asked[rows, column] = True
            sub_indices[rows, column] = ispu.sub_index(
                amounts, scale.upper, scale.last, reading, from_zero=scale.from_zero
            )
            beyond_scale[rows] |= amounts > scale.upper[-1]
        index, _ = ispu.station_index(sub_indices[rows])
        category[rows] = ispu.category(index, scales.last_indices)
        retrospective[rows] = days[rows] < scales.in_force_from
    index, critical = ispu.station_index(sub_indices)
    return Judged(
        sub_indices=sub_indices,
        index=index,
        category=category,
        critical=critical,
        measured=~np.isnan(concentrations),
        asked=asked,
        # What lies above an instrument's range may be the worst of all.
        beyond_range=np.asarray((beyond & asked).any(axis=1)),
        beyond_scale=beyond_scale,
        retrospective=retrospective,
        standard=standard,
    )


def words(known: tuple[str, ...], positions: Integers) -> pl.Series:
    """Name positions; -1 has no name."""
    named = pl.Series([*known, None], dtype=pl.String)
    return named.gather(np.where(positions < 0, len(known), positions))


def names(chosen: Mask) -> pl.Series:
    """List the chosen pollutants of each row, shape (rows, 7)."""
    return _SUBSETS.gather(chosen @ _WEIGHTS)


def sub_indices() -> pl.Expr:
    """Return the sub-indices as a structure by pollutant."""
    return pl.struct(pl.col(f"index_{code}").alias(code) for code in POLLUTANTS).alias(
        "sub_indices"
    )
