"""Quality-control tests on columns of measurements."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from kembar_shared.measurement.vocabulary import Flag

if TYPE_CHECKING:
    from kembar_shared.measurement.catalogue import Catalogue, Parameter, Span


def gross_range(parameters: pl.Series, values: pl.Series, catalogue: Catalogue) -> pl.Series:
    """Flag values outside what is possible (FAIL) or plausible (SUSPECT); bounds are inside.

    Args:
        parameters: Shape (n,), each value's parameter as its place in *catalogue*.
        values: Shape (n,), in the parameter's unit; null where only a limit is known.
        catalogue: The spans.

    Returns:
        `flag`, shape (n,), `Flag` codes; NOT_EVALUATED without a value or a span.

    Source:
        QARTOD gross range test (IOOS); spans: docs/data-dictionary.md.
    """
    spans = np.array([[*_bounds(p.fail), *_bounds(p.suspect)] for p in catalogue.parameters])
    has_span = np.array([(p.fail or p.suspect) is not None for p in catalogue.parameters])
    of = parameters.to_numpy()
    value = values.to_numpy()
    least, most, low, high = spans[of].T
    with np.errstate(invalid="ignore"):
        flags = np.select(
            [np.isnan(value) | ~has_span[of], (value < least) | (value > most),
             (value < low) | (value > high)],
            [Flag.NOT_EVALUATED, Flag.FAIL, Flag.SUSPECT],
            Flag.GOOD,
        )  # fmt: skip
    return pl.Series("flag", flags, pl.Int16)


def gross_range_of_one(parameter: Parameter, value: float) -> Flag:
    """Flag one value as `gross_range` does.

    Args:
        parameter: Whose value it is.
        value: Finite, in the parameter's unit.
    """
    if parameter.fail is None and parameter.suspect is None:
        return Flag.NOT_EVALUATED
    for span, flag in ((parameter.fail, Flag.FAIL), (parameter.suspect, Flag.SUSPECT)):
        low, high = _bounds(span)
        if value < low or value > high:
            return flag
    return Flag.GOOD


def good_range(parameter: Parameter) -> tuple[float, float]:
    """Return between which bounds, they included, `gross_range` flags a value GOOD.

    Without any span none is: infinity to minus infinity.
    """
    if parameter.fail is None and parameter.suspect is None:
        return np.inf, -np.inf
    lows, highs = zip(*map(_bounds, (parameter.fail, parameter.suspect)), strict=True)
    return max(lows), min(highs)


def _bounds(span: Span | None) -> tuple[float, float]:
    """Return a span's bounds; an open one is infinite."""
    low = None if span is None else span.low
    high = None if span is None else span.high
    return -np.inf if low is None else low, np.inf if high is None else high
