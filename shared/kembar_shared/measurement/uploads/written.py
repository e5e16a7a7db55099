"""Typed cells as the text that a sender would have written, and rows as lines of CSV."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Final

import polars as pl

if TYPE_CHECKING:
    from kembar_shared.measurement.uploads.declared import Declaration

Cell = int | float | str | bool | time | date | datetime | timedelta | None
_HALF_A_MILLISECOND: Final = timedelta(microseconds=500)


def decimals(number: pl.Expr, declared: Declaration) -> pl.Expr:
    """Give the text of a number the declared decimal sign."""
    if declared.decimal == "comma":
        return number.str.replace(".", ",", literal=True)
    return number


def text_of(cell: Cell, declared: Declaration) -> str | None:
    """Return the text of a typed cell; a number is the shortest that reads back the same."""
    if cell is None or isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, (int, float)):
        text = repr(cell).removesuffix(".0")
        return text.replace(".", ",") if declared.decimal == "comma" else text
    if isinstance(cell, date):
        return _moment(cell, declared)
    return str(cell)


def _moment(moment: date, declared: Declaration) -> str:
    day = "%Y-%m-%d" if declared.dates == "iso" else "%d/%m/%Y"
    if not isinstance(moment, datetime):
        return moment.strftime(day).zfill(10)
    # A spreadsheet counts days as a float, which is exact to about a microsecond.
    whole = (moment + _HALF_A_MILLISECOND).replace(microsecond=0)
    if abs(whole - moment) > _HALF_A_MILLISECOND:
        whole = moment
    clock = whole.strftime(f"{day}T%H:%M:%S").zfill(19)
    return clock if whole.microsecond == 0 else f"{clock}.{whole.microsecond:06d}"


def csv_lines(split: pl.DataFrame) -> pl.DataFrame:
    """Return `line` and `raw`: the cells of each row of *split* as a line of CSV."""
    cells = [
        pl.when(pl.col(name).str.contains(r'[",;\n]'))
        .then(pl.format('"{}"', pl.col(name).str.replace_all('"', '""', literal=True)))
        .otherwise(pl.col(name))
        .fill_null("")
        for name in split.columns
        if name != "line"
    ]
    return split.select("line", raw=pl.concat_str(cells, separator=","))
