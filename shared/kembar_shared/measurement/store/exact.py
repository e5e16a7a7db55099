"""Sums that come out alike in whatever order the values are added, and by whoever adds them.

A sum of binary fractions depends in its last digit on the order of its terms, which no database
promises. So each value is cut into two parts that are whole multiples of a power of two; sums of
such parts are exact, and what is rounded is only the sum of the two.

Exact are sums up to 2 thousand million of up to two thousand values. Of each value what lies below
2**-65, some 3e-20, is rounded; a value alone is its own sum.

Source:
    T. J. Dekker (1971), A floating-point technique for extending the available precision,
    Numerische Mathematik 18, 224-242: a number is rounded to a multiple of a power of two by adding
    and subtracting a large one.
"""

from __future__ import annotations

from typing import Final

import polars as pl

_TO_HIGH: Final = 1.5 * 2.0 ** (52 - 22)
_TO_LOW: Final = 1.5 * 2.0 ** (52 - 65)
"""Added and subtracted, they leave multiples of 2**-22 and of 2**-65."""


def sql(term: str) -> str:
    """Return the aggregate that sums *term*, on SQLite and PostgreSQL; null of nothing."""
    high = f"({term} + {_TO_HIGH!r} - {_TO_HIGH!r})"
    low = f"({term} - {high} + {_TO_LOW!r} - {_TO_LOW!r})"
    return f"(CASE WHEN count({term}) = 1 THEN max({term}) ELSE sum{high} + sum{low} END)"


def summed(term: pl.Expr) -> pl.Expr:
    """Return the expression that sums *term* as `sql` does, but zero of nothing."""
    high = (term + _TO_HIGH) - _TO_HIGH
    low = (term - high + _TO_LOW) - _TO_LOW
    alone = term.count() == 1
    return pl.when(alone).then(term.max()).otherwise(high.sum() + low.sum())
