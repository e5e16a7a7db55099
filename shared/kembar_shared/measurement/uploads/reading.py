"""From the bytes of a file to tables of text cells, a chunk at a time, whatever its format."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, BinaryIO, Final

import polars as pl

from kembar_shared.measurement.uploads import delimited, documents, parquet, workbooks
from kembar_shared.measurement.uploads.lines import UTF16_MARKS
from kembar_shared.measurement.uploads.tables import RAWS_SCHEMA, FileRefused, Table

if TYPE_CHECKING:
    from kembar_shared.measurement.uploads.declared import Declaration

CSV: Final = "text/csv"
TSV: Final = "text/tab-separated-values"
JSON: Final = "application/json"
NDJSON: Final = "application/x-ndjson"
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ODS: Final = "application/vnd.oasis.opendocument.spreadsheet"
PARQUET: Final = "application/vnd.apache.parquet"

_Read = Callable[[BinaryIO, "Declaration"], Iterator[Table]]
_READERS: Final[dict[str, _Read]] = {
    CSV: delimited.read,
    TSV: delimited.read,
    JSON: documents.read_json,
    NDJSON: documents.read_ndjson,
    XLSX: workbooks.read,
    ODS: workbooks.read,
    PARQUET: parquet.read,
}
MEDIA_TYPES: Final = tuple(_READERS)
"""What can be read."""
_TEXTS: Final = (CSV, TSV, JSON, NDJSON)
_STARTS: Final = {XLSX: b"PK\x03\x04", ODS: b"PK\x03\x04", PARQUET: b"PAR1"}
_BINARY: Final = (
    b"\x89PNG", b"PK\x03\x04", b"%PDF", b"\xff\xd8\xff", b"GIF8", b"\xd0\xcf\x11\xe0", b"PAR1",
    b"\x1f\x8b",
)  # fmt: skip


def read(file: BinaryIO, media_type: str, declared: Declaration) -> Iterator[Table]:
    """Yield the rows of *file* in its order, at most `CHUNK_ROWS` a table.

    Args:
        file: The whole file, to be read from its beginning.
        media_type: One of `MEDIA_TYPES`.
        declared: The sender's declarations; its limits are checked here.

    Raises:
        FileRefused: It cannot be read. What was yielded before does not count.
    """
    _check_start(file, media_type, declared)
    rows = 0
    for table in _READERS[media_type](file, declared):
        rows += table.height
        if rows > declared.rows:
            raise FileRefused("too-many-rows", expected=str(declared.rows))
        if table.height:
            yield table
    if rows == 0:
        raise FileRefused("empty-file")


def raws(file: BinaryIO, media_type: str, declared: Declaration, lines: pl.Series) -> pl.DataFrame:
    """Read *file* again for the text of some rows.

    Args:
        file: The whole file.
        media_type: As it was read.
        declared: As it was read.
        lines: The lines that the rows begin on.

    Returns:
        `line` and `raw`, each row once.
    """
    found = [pl.DataFrame(schema=RAWS_SCHEMA)]
    last = lines.max()
    for table in read(file, media_type, declared) if last is not None else ():
        found.append(table.raws(lines))
        seen = pl.concat([table.cells["line"], table.errors["line"]])
        if (seen >= last).any():
            break
    return pl.concat(found).unique("line", maintain_order=True)


def _check_start(file: BinaryIO, media_type: str, declared: Declaration) -> None:
    """Refuse what is plainly another format than its media type says."""
    file.seek(0)
    start = file.read(8)
    if media_type not in _TEXTS:
        if not start.startswith(_STARTS[media_type]):
            code = "not-parquet" if media_type == PARQUET else "not-a-workbook"
            raise FileRefused(code if start else "empty-file")
    elif start.startswith(_BINARY) or (
        media_type in {JSON, NDJSON} and start.startswith(UTF16_MARKS)
    ):
        raise FileRefused("not-text")
    if declared.sheet is not None and media_type not in {XLSX, ODS}:
        raise FileRefused("unknown-sheet", value=declared.sheet)
