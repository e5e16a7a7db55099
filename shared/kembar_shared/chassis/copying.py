"""Rows as PostgreSQL's COPY takes them."""

from __future__ import annotations

import polars as pl


def lines_of(frame: pl.DataFrame) -> bytes:
    r"""Return *frame* in COPY's text format; instants are UTC.

    Its CSV format would take a line `\.` inside of a quoted text for the end of the data.

    Source: PostgreSQL documentation, COPY, "Text Format".
    """
    text = pl.col(pl.String).str
    escaped = (
        text.replace_all("\\", "\\\\", literal=True)
        .str.replace_all("\n", "\\n", literal=True)
        .str.replace_all("\r", "\\r", literal=True)
        .str.replace_all("\t", "\\t", literal=True)
    )
    hexadecimal = [
        (pl.lit("\\\\x") + pl.col(name).bin.encode("hex")).alias(name)
        for name, kind in frame.schema.items()
        if kind == pl.Binary
    ]
    return (
        frame.with_columns(escaped, *hexadecimal)
        .write_csv(
            include_header=False,
            separator="\t",
            null_value="\\N",
            quote_style="never",
            datetime_format="%Y-%m-%d %H:%M:%S%.6f+00",
        )
        .encode()
    )
