"""A file in, tables of columns or row errors out: what its sender says, nothing guessed."""

from kembar_shared.measurement.uploads.checking import SENT_MARK
from kembar_shared.measurement.uploads.declared import RATIO, Declaration
from kembar_shared.measurement.uploads.reading import MEDIA_TYPES, raws, read
from kembar_shared.measurement.uploads.tables import (
    CHUNK_ROWS,
    ERRORS_SCHEMA,
    FileRefused,
    Table,
    joined,
)
from kembar_shared.measurement.uploads.whole import Checked, check

__all__ = [
    "CHUNK_ROWS", "ERRORS_SCHEMA", "MEDIA_TYPES", "RATIO", "SENT_MARK", "Checked", "Declaration",
    "FileRefused", "Table", "check", "joined", "raws", "read",
]  # fmt: skip
