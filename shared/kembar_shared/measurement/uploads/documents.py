"""Rows sent as JSON."""

from __future__ import annotations

import json
from typing import Any, Final

import polars as pl

from kembar_shared.measurement.uploads.tables import (
    CELLS_SCHEMA,
    COLUMNS,
    ERRORS_SCHEMA,
    NOT_TEXT,
    FileRefused,
    Table,
    trimmed,
)

_ALL_COLUMNS: Final = ", ".join(COLUMNS)
_JSON_FORM: Final = '{"measurements": [{...}]}'


def read_json(content: bytes) -> Table:
    """Read `{"measurements": [...]}`; a number keeps the digits it was sent with."""
    try:
        document = json.loads(
            content.decode("utf-8-sig"),
            parse_float=str,
            parse_int=str,
            parse_constant=_no_number,
            object_pairs_hook=_members_once,
        )
        rows = document["measurements"]
    except (ValueError, RecursionError, TypeError, KeyError) as error:
        raise FileRefused("not-json", value=str(error), expected=_JSON_FORM) from error
    if not isinstance(rows, list):
        raise FileRefused("not-json", expected=_JSON_FORM)
    odd = _odd_rows(rows)
    members = [row if isinstance(row, dict) else {} for row in rows]
    columns = {name: [_cell_of(row.get(name)) for row in members] for name in COLUMNS}
    cells = pl.DataFrame(columns, schema=dict.fromkeys(COLUMNS, pl.String)).with_columns(
        trimmed(pl.col(name)).alias(name) for name in COLUMNS
    )
    raws = [_raw_of(row) for row in rows]
    cells = cells.with_columns(
        pl.Series("raw", raws, pl.String), line=pl.int_range(1, pl.len() + 1, dtype=pl.Int64)
    )
    odd = odd.join(cells.select("line", "raw"), on="line", maintain_order="left")
    cells = cells.join(odd.select("line"), on="line", how="anti")
    is_text = ~pl.any_horizontal(
        pl.col(name).str.contains(NOT_TEXT, literal=True).fill_null(value=False) for name in COLUMNS
    )
    faults = cells.filter(~is_text).select(
        "line",
        pl.lit("").alias("column"),
        pl.lit("").alias("value"),
        pl.lit("not-text").alias("code"),
        pl.lit("").alias("expected"),
        "raw",
    )
    return Table(cells.filter(is_text).select(CELLS_SCHEMA.keys()), pl.concat([odd, faults]))


def _odd_rows(rows: list[Any]) -> pl.DataFrame:
    """Name the rows that are no objects, or have members this service does not know."""
    known = set(COLUMNS)
    faults = [
        (number, "", "", "not-json", _JSON_FORM)
        if not isinstance(row, dict)
        else (number, _text_of(min(row.keys() - known)[:80]), "", "unknown-column", _ALL_COLUMNS)
        for number, row in enumerate(rows, 1)
        if not isinstance(row, dict) or not row.keys() <= known
    ]
    return pl.DataFrame(faults, schema=pl.Schema(ERRORS_SCHEMA), orient="row")


def _members_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a member stands there twice")
    return members


def _no_number(text: str) -> str:
    return text  # NaN and Infinity stay text, and are refused where a number is due


def _cell_of(value: Any) -> str | None:
    """Return a JSON value as the text of a cell; what is no text or number keeps its JSON."""
    if value is None:
        return None
    return _text_of(value) if isinstance(value, str) else _raw_of(value)


def _raw_of(value: Any) -> str:
    return _text_of(json.dumps(value, ensure_ascii=False).replace("\\u0000", NOT_TEXT))


def _text_of(text: str) -> str:
    """Mark what JSON can say and no database keeps: U+0000 and halves of surrogate pairs."""
    if text.isascii() and "\x00" not in text:
        return text
    return (
        text.replace("\x00", NOT_TEXT).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    )
