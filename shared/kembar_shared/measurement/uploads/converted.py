"""Which values were converted with a factor that stands in their unit, and not measured so."""

from __future__ import annotations

from functools import reduce
from typing import Final

import polars as pl

from kembar_shared.measurement.catalogue import FACTOR_SIGNS

SQL: Final = "coalesce({bare} <> {sent}, false)".replace(
    "{bare}", reduce(lambda text, sign: f"replace({text}, '{sign}', '')", FACTOR_SIGNS, "{sent}")
)
"""The same of a column `{sent}`, for both databases; a percent sign would be a parameter's."""


def was_converted(sent: str = "sent") -> pl.Expr:
    """Say of which rows the unit as sent, in the column *sent*, has the sign of a factor.

    Only where the catalogue has units with a factor: elsewhere the sign may say something else.
    """
    signs = [pl.col(sent).str.contains(sign, literal=True) for sign in FACTOR_SIGNS]
    return pl.any_horizontal(*signs).fill_null(value=False)
