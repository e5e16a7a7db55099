"""How much of a day, a month or a year has to be measured: rows that an operator may amend."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Final

import polars as pl

from kembar_shared.measurement.standards import LONG_AGO, Factor, StandardsUnfit

if TYPE_CHECKING:
    from collections.abc import Callable

    from kembar_shared.measurement.standards import Standards

COMPLETENESS: Final = "kembar-completeness"
"""Code of the rows; what is decided by them names it in its method."""

DAY: Final = "day"
MONTH: Final = "month"
YEAR: Final = "year"
HALF_YEAR: Final = "half_year"
SILENCE: Final = "silence"
SHARE: Final = "least_share"
DATES: Final = "least_dates"
PARAMETERS: Final = "least_parameters"
CLOSED_AFTER: Final = "closed_after"

_ALWAYS: Final = date(1900, 1, 1)
_MOST_MONTHS: Final = 12
"""Beside a year's days no more than the year before are looked at."""

_SHARE_SOURCE: Final = "own convention, after the 75 % of Directive 2008/50/EC, Annex VII"
_HALF_SOURCE: Final = "own convention, Directive 2008/50/EC, Annex XI, adapted to the tropics"
_DATES_SOURCE: Final = "own convention: one date says nothing of a year"
_SILENCE_SOURCE: Final = "own convention: what was silent for so long is closed"
_PARAMETERS_SOURCE: Final = (
    "own convention: a score that adds parameters up looks the cleaner the fewer there are"
)


def _row(subject: str, quantity: str, value: float, source: str) -> Factor:
    return Factor(
        standard=COMPLETENESS,
        subject=subject,
        quantity=quantity,
        value=value,
        unit="1",
        valid_from=_ALWAYS,
        source=source,
        verified=False,
    )


FACTORS: Final = (
    _row(DAY, SHARE, 0.75, _SHARE_SOURCE),
    _row(MONTH, SHARE, 0.75, _SHARE_SOURCE),
    _row(YEAR, SHARE, 0.75, _SHARE_SOURCE),
    _row(YEAR, DATES, 2.0, _DATES_SOURCE),
    replace(_row(SILENCE, CLOSED_AFTER, 12.0, _SILENCE_SOURCE), unit="month"),
)
"""Share of a day, month or year below which its sum or figure is insufficient (domain, A5);
sampling dates of a year below which nothing is said of it; and for how many months after its last
value a station or series that fell silent is still expected."""

OF_HALF_YEARS: Final = (_row(HALF_YEAR, SHARE, 0.75, _HALF_SOURCE),)
"""Share of the wet (November to April) and of the dry half of a year."""

OF_SCORES: Final = (_row(YEAR, PARAMETERS, 4.0, _PARAMETERS_SOURCE),)
"""Parameters below which nothing is said by a year's score that adds them up."""


def refuse_unfit(standards: Standards) -> None:
    """Refuse rows that ask for what cannot be, and rows of what nobody asks for.

    Raises:
        StandardsUnfit: A share is not above 0 and at most 1, a silence not 1 to 12 whole months,
            or a row has no such name.
    """
    known = {row.key for row in (*FACTORS, *OF_HALF_YEARS, *OF_SCORES)}
    for row in standards.factors:
        if row.standard != COMPLETENESS:
            continue
        where = f"{row.standard}, {row.subject}, {row.quantity} from {row.valid_from}"
        if row.key not in known:
            names = sorted(f"{subject} / {quantity}" for _, subject, quantity in known)
            raise StandardsUnfit(f"{where}: there is none of that name; there are {names}")
        if not row.value > 0.0 or (row.quantity == SHARE and row.value > 1.0):
            raise StandardsUnfit(
                f"{where}: {row.value} must be greater than 0"
                + (", and 1 is the whole" if row.quantity == SHARE else "")
            )
        if row.quantity == CLOSED_AFTER and row.value not in range(1, _MOST_MONTHS + 1):
            raise StandardsUnfit(f"{where}: {row.value} must be 1 to {_MOST_MONTHS} whole months")


def least(
    standards: Standards, subject: str, quantity: str = SHARE, *, period: str = "period"
) -> pl.Expr:
    """Return what is asked of each row's period: by the row in force on its first day.

    Args:
        standards: Holds the rows.
        subject: `DAY`, `MONTH`, `YEAR` or `HALF_YEAR`.
        quantity: `SHARE`, 0 to 1, `DATES` or `PARAMETERS`.
        period: Name of a column of years (2023, "2023"), months ("2023-04") or days.

    Raises:
        KeyError: There is no such row.
    """
    return _in_force(standards, (COMPLETENESS, subject, quantity), period, lambda row: row.value)


def is_verified(
    standards: Standards, subject: str, quantity: str = SHARE, *, period: str = "period"
) -> pl.Expr:
    """Say whether somebody saw in its source what `least` returns.

    Raises:
        KeyError: There is no such row.
    """
    return _in_force(standards, (COMPLETENESS, subject, quantity), period, lambda row: row.verified)


def _in_force(
    standards: Standards,
    key: tuple[str, str, str],
    period: str,
    told: Callable[[Factor], float | bool],
) -> pl.Expr:
    """Return what is told of the row in force on the first day of each row's period."""
    rows = [row for row in standards.factors if row.key == key and row.valid_from is not None]
    if not rows:
        raise KeyError(key)
    rows.sort(key=lambda row: row.valid_from or LONG_AGO)
    first = (pl.col(period).cast(pl.String) + "-01-01").str.head(len("2023-01-01"))
    found = pl.lit(told(rows[0]))
    for row in rows[1:]:
        since = (row.valid_from or LONG_AGO).isoformat()
        found = pl.when(first >= since).then(pl.lit(told(row))).otherwise(found)
    return found


def closed_on(standards: Standards, last: str) -> pl.Expr:
    """Return when what was heard of until the column *last*, a day, counts as closed."""
    months = least(standards, SILENCE, CLOSED_AFTER, period=last)
    return pl.col(last).dt.offset_by(months.cast(pl.Int64).cast(pl.String) + "mo")


def covers(standards: Standards, subject: str, share: str, *, period: str = "period") -> pl.Expr:
    """Say of each row whether the column *share*, 0 to 1, is enough of its period."""
    return pl.col(share) >= least(standards, subject, period=period)
