"""Cells of number: a value, a value below or above a limit, a limit, a depth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from kembar_shared.measurement.uploads.faults import fault_of, no_faults
from kembar_shared.measurement.uploads.tables import is_double

if TYPE_CHECKING:
    from kembar_shared.measurement.uploads.declared import Declaration

MOST_DIGITS: Final = 15
"""A decimal of so many significant digits survives text -> double -> text unchanged."""

MISSING_WORDS: Final = (
    "-",
    "--",
    "---",
    "na",
    "n/a",
    "nan",
    "*",
    "nd",
    "bdl",
    "bpql",
    "null",
    "none",
    "tidak ada data",
    "tidak terdefinisi",
    "\N{FULLWIDTH HYPHEN-MINUS}",
    "\N{HORIZONTAL BAR}",
)
MISSING_CODES: Final = (-999.0, -9999.0, -99999.0)
LEAST: Final = 1e-100
MOST: Final = 1e100
"""In between a number keeps its digits, and neither a conversion nor a sum overflows."""
# Spelled out, for \d would take the digits of every script.
_NUMBER = r"^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$"
_ODD: Final = {"sign": pl.String, "limit_number": pl.Float64, "depth_read": pl.Float64}
_PLAIN: Final = {
    "point": r"^[+-]?[0-9]+(?:\.[0-9]+)?$",
    "comma": r"^[+-]?[0-9]+(?:,[0-9]+)?$",
}
_ZERO = r"^[+-]?[0.]+(?:[eE]|$)"
_INFINITE = r"(?i)^[+-]?(?:inf|infinity|nan)$"


def check(frame: pl.DataFrame, declared: Declaration) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Add `number`, `sign`, `limit_number` to *frame* and name the cells that hold no number.

    Most cells are plain decimals with nothing beside them; only the others are looked at closely.
    """
    others = ("qualifier", "limit", "depth_m")
    is_bare = [pl.col(n).is_null() for n in others if frame[n].null_count() < frame.height]
    is_all_bare = pl.all_horizontal(pl.lit(value=True), *is_bare)
    number = pl.when(is_all_bare).then(plain(declared))
    frame = frame.with_columns(number=number)
    # An unread value is looked at closely, and so are the codes that stand for no value.
    is_odd = pl.col("number").is_null() | pl.col("number").is_in(MISSING_CODES)
    odd = frame.with_row_index("row_at").filter(is_odd)
    if odd.is_empty():
        return frame.with_columns(
            pl.lit(None, kind).alias(n) for n, kind in _ODD.items()
        ), no_faults()
    read, faults = _check_odd(odd, declared)
    looked_at = read.select("row_at", pl.col("number").alias("looked"), *_ODD)
    whole = frame.with_row_index("row_at").join(
        looked_at, on="row_at", how="left", maintain_order="left"
    )
    chosen = pl.when(~is_odd).then("number").otherwise("looked")
    return whole.with_columns(number=chosen).drop("row_at", "looked"), faults


def plain(declared: Declaration) -> pl.Expr:
    """Return the number in each cell `value` that is a plain decimal; null of all others."""
    cell = pl.col("value")
    is_plain = (cell.str.len_bytes() <= MOST_DIGITS) & cell.str.contains(_PLAIN[declared.decimal])
    pointed = cell.str.replace(",", ".", literal=True) if declared.decimal == "comma" else cell
    return pl.when(is_plain).then(pointed).cast(pl.Float64, strict=False)


def _check_odd(frame: pl.DataFrame, declared: Declaration) -> tuple[pl.DataFrame, pl.DataFrame]:
    sign_in_value = pl.col("value").str.extract(r"^([<>])")
    bare = pl.col("value").str.replace(r"^[<>][ \t]*", "")
    frame = frame.with_columns(
        sign=pl.coalesce(pl.col("qualifier"), sign_in_value),
        bare=bare,
        sign_in_value=sign_in_value,
    )
    frame = frame.with_columns(
        read=_number(pl.col("bare"), declared),
        limit_read=_number(pl.col("limit"), declared),
        depth_read=_number(pl.col("depth_m"), declared),
    )
    is_censored = pl.col("sign").is_in(["<", ">"])
    frame = frame.with_columns(
        number=pl.when(~is_censored.fill_null(value=False)).then(pl.col("read")),
        limit_number=pl.when(is_censored)
        .then(pl.coalesce("limit_read", "read"))
        .otherwise(pl.col("limit_read")),
    )
    return frame, pl.concat([*_value_faults(frame, declared), *_other_faults(frame)])


def _number(cell: pl.Expr, declared: Declaration) -> pl.Expr:
    """Read a decimal with the declared sign; null where it is none, or out of range."""
    if declared.decimal == "comma":
        pointed = cell.str.replace(",", ".", literal=True)
        cell = pl.when(~cell.str.contains(".", literal=True)).then(pointed)
    number = pl.when(cell.str.contains(_NUMBER)).then(cell).cast(pl.Float64, strict=False)
    is_kept = number.abs().is_between(LEAST, MOST) | cell.str.contains(_ZERO)
    return pl.when(is_kept).then(number)


def _value_faults(frame: pl.DataFrame, declared: Declaration) -> list[pl.DataFrame]:
    value, bare = pl.col("value"), pl.col("bare")
    is_word = bare.str.to_lowercase().is_in(MISSING_WORDS) | (bare == "")
    is_censored_elsewhere = pl.col("limit").is_not_null() & pl.col("sign").is_not_null()
    is_missing = (value.is_null() | is_word) & ~is_censored_elsewhere.fill_null(value=False)
    is_infinite = bare.str.contains(_INFINITE)
    pointed = bare.str.replace(",", ".", literal=True) if declared.decimal == "comma" else bare
    is_number = pointed.str.contains(_NUMBER)
    other_decimal = r"^[+-]?[0-9]+[,.][0-9]+$"
    other_sign = "," if declared.decimal == "point" else "."
    is_other = bare.str.contains(other_decimal) & bare.str.contains(other_sign, literal=True)
    is_no_number = ~is_other & ~is_infinite & ~is_number
    is_unread = value.is_not_null() & pl.col("read").is_null() & ~is_word
    remedy = "decimal=comma" if declared.decimal == "point" else "decimal=point"
    return [
        fault_of(
            frame,
            is_missing & ~bare.str.contains(_INFINITE).fill_null(value=False),
            "value",
            "value-missing",
            "<0.01",
        ),
        fault_of(frame, is_unread & is_other, "value", "decimal-sign-undeclared", remedy),
        fault_of(frame, (is_unread | is_word) & is_infinite & ~is_other, "value", "not-finite"),
        fault_of(frame, is_unread & ~is_other & is_number, "value", "number-out-of-range"),
        fault_of(frame, is_unread & is_no_number, "value", "not-a-number", "12.5"),
        fault_of(
            frame,
            _too_long(frame, "value", bare) & pl.col("read").is_not_null(),
            "value",
            "too-many-digits",
            str(MOST_DIGITS),
        ),
        fault_of(frame, pl.col("read").is_in(MISSING_CODES), "value", "missing-value-code"),
    ]


def _other_faults(frame: pl.DataFrame) -> list[pl.DataFrame]:
    qualifier, limit = pl.col("qualifier"), pl.col("limit")
    is_contrary = qualifier.is_not_null() & (qualifier != pl.col("sign_in_value"))
    is_known = qualifier.is_in(["<", ">"])
    is_two = pl.col("sign").is_in(["<", ">"]) & (pl.col("read") != pl.col("limit_read"))
    return [
        fault_of(
            frame, qualifier.is_not_null() & ~is_known, "qualifier", "unknown-qualifier", "<, >"
        ),
        fault_of(frame, is_known & is_contrary, "qualifier", "qualifier-conflict"),
        fault_of(
            frame,
            limit.is_not_null() & pl.col("limit_read").is_null(),
            "limit",
            "not-a-number",
            "0.01",
        ),
        fault_of(
            frame, _too_long(frame, "limit", limit), "limit", "too-many-digits", str(MOST_DIGITS)
        ),
        fault_of(frame, is_two, "limit", "limit-conflict"),
        # What an instrument can just detect is no debt, and -999 is no limit either.
        fault_of(frame, pl.col("limit_read") < 0, "limit", "limit-negative", "0.01"),
        fault_of(
            frame,
            limit.is_null() & (pl.col("limit_number") < 0),
            "value",
            "limit-negative",
            "<0.01",
        ),
        fault_of(
            frame,
            _too_long(frame, "depth_m", pl.col("depth_m")),
            "depth_m",
            "too-many-digits",
            str(MOST_DIGITS),
        ),
        fault_of(
            frame,
            pl.col("depth_m").is_not_null() & pl.col("depth_read").is_null(),
            "depth_m",
            "not-a-number",
            "0.5",
        ),
    ]


def _too_long(frame: pl.DataFrame, column: str, cell: pl.Expr) -> pl.Expr:
    """Say whether a decimal has more significant digits than a double keeps.

    What was sent as a double is that double, however many digits it takes to say so.
    """
    mantissa = cell.str.replace(r"[eE].*$", "").str.replace_all(r"[^0-9]", "")
    significant = mantissa.str.strip_chars_start("0").str.len_bytes()
    is_short = cell.str.len_bytes() <= MOST_DIGITS
    if is_double(column) in frame.columns:
        is_short |= pl.col(is_double(column)).fill_null(value=False)
    return pl.when(is_short).then(pl.lit(value=False)).otherwise(significant > MOST_DIGITS)
