"""A file in, tables of columns or row errors out: what its sender says, nothing guessed."""

from kembar_shared.measurement.uploads.checking import SENT_MARK
from kembar_shared.measurement.uploads.converted import was_converted
from kembar_shared.measurement.uploads.declared import RATIO, Declaration
from kembar_shared.measurement.uploads.numbers import MISSING_CODES, MOST_DIGITS
from kembar_shared.measurement.uploads.reading import MEDIA_TYPES, raws, read
from kembar_shared.measurement.uploads.tables import (
    CHUNK_ROWS,
    ERRORS_SCHEMA,
    FileRefused,
    Table,
    joined,
)
from kembar_shared.measurement.uploads.times import AHEAD, EARLIEST
from kembar_shared.measurement.uploads.whole import Checked, check

__all__ = [
    "AHEAD", "CHUNK_ROWS", "EARLIEST", "ERRORS_SCHEMA", "MEDIA_TYPES", "MISSING_CODES",
    "MOST_DIGITS", "RATIO", "SENT_MARK", "Checked", "Declaration", "FileRefused", "Table",
    "check", "joined", "raws", "read", "was_converted",
]  # fmt: skip
