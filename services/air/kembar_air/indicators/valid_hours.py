"""Days made of their valid hours, and taken from what is kept of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from kembar_air.indicators import columns
from kembar_shared.measurement.vocabulary import State

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from kembar_shared.measurement.standards import Standards

    Floats = npt.NDArray[np.float64]
    Integers = npt.NDArray[np.int64]
    Mask = npt.NDArray[np.bool_]

KEPT: Final = pl.Schema(
    dict.fromkeys(("hours", "mean", "n", "n_below", "below_limit", "doubt"), pl.Float64())
)
"""What is kept with the mean of a day: what suffices differs from rule to rule."""

_STRIDE: Final = 10_000_000


def made_of(
    values: columns.DayValues, hours: pl.DataFrame, parameters: Sequence[str], standards: Standards
) -> columns.DayValues:
    """Make the days that values of an hour or less were sent of from their valid hours.

    Minutes scattered over a day make no hours of it, and what an hour was measured too little
    tells nothing of the day. A day keeps its own mean that was given as one value, or of which
    no hours are known.

    Args:
        values: Of days.
        hours: `HOURS_SCHEMA`.
        parameters: As *values* counts them.
        standards: In which is said how much of an hour has to be measured.
    """
    chosen = hours.filter(
        pl.col("parameter").is_in(list(parameters)) & pl.col("station").is_in(list(values.stations))
    )
    if chosen.is_empty():
        return values
    day = columns.integers(chosen["day"].to_physical())
    series = columns.positions(chosen["station"], values.stations) * len(
        parameters
    ) + columns.positions(chosen["parameter"], parameters)
    key = (values.station * len(parameters) + values.parameter) * _STRIDE + values.day
    row, ours = _places(key, series * _STRIDE + day)
    valid = ours & columns.is_valid(chosen, day, standards)
    is_below = valid & (chosen["n_below"].to_numpy() > 0)

    def count(of: Mask) -> Integers:
        return np.bincount(row[of], minlength=len(key))

    def mean(name: str) -> Floats:
        # From the last hour back, as `windows.running_sums` adds: other orders end in other digits.
        amounts = chosen[name].to_numpy()[valid][::-1]
        sums = np.bincount(row[valid][::-1], weights=amounts, minlength=len(key))
        means: Floats = np.divide(sums, n, out=np.full(len(key), np.nan), where=n > 0)
        return means

    n, n_below = count(valid), count(is_below)
    limit = np.full(len(key), np.nan)
    np.fmax.at(limit, row[is_below], chosen["below_limit"].to_numpy()[is_below])
    made = values.is_hourly & (count(ours) > 0)
    return replace(
        values,
        mean=np.where(made, np.round(mean("value"), columns.DECIMALS), values.mean),
        hours=np.where(made, n, values.hours),
        beyond=np.where(made, count(ours & columns.is_beyond(chosen)) > 0, values.beyond),
        n=np.where(made, n - n_below, values.n),
        n_below=np.where(made, n_below, values.n_below),
        below_limit=np.where(made, limit, values.below_limit),
        doubt=np.where(made, np.nan_to_num(mean("doubt")), values.doubt),
    )


def as_kept(
    values: columns.DayValues, indices: pl.DataFrame, parameters: Sequence[str]
) -> columns.DayValues:
    """Take what days were made of from what is kept with their means.

    Days of which none is kept have no valid hours.

    Args:
        values: Of days.
        indices: `INDEX_SCHEMA`, with the means of days among it.
        parameters: As *values* counts them.
    """
    names = [columns.MEAN_INDEX.format(code) for code in parameters]
    chosen = indices.filter(
        pl.col("index").is_in(names) & pl.col("station").is_in(list(values.stations))
    )
    values = replace(values, hours=np.zeros(len(values.day)))
    if not chosen.is_empty():
        series = columns.positions(chosen["station"], values.stations) * len(
            parameters
        ) + columns.positions(chosen["index"], names)
        key = (values.station * len(parameters) + values.parameter) * _STRIDE + values.day
        row, ours = _places(
            key, series * _STRIDE + columns.integers(chosen["period"].to_physical())
        )
        kept = chosen["detail"].str.json_decode(pl.Struct(KEPT)).struct.unnest()
        told = {name: getattr(values, name).astype(np.float64) for name in KEPT.names()}
        for name, all_of_it in told.items():
            all_of_it[row[ours]] = kept[name].to_numpy()[ours]
        beyond = values.beyond.copy()
        beyond[row[ours]] = (chosen["state"] == State.ABOVE_LIMIT.value).to_numpy()[ours]
        values = replace(values, beyond=beyond, **told)
    return values


def _places(known: Integers, wanted: Integers) -> tuple[Integers, Mask]:
    """Return where each of the keys *wanted* stands among the *known*, and whether it does."""
    order = np.argsort(known)
    place = np.searchsorted(known[order], wanted)
    row = order[np.minimum(place, len(known) - 1)]
    return row, np.asarray(known[row] == wanted)
