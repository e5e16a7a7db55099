"""Text in, columns or row errors out: what a sender's file says, nothing guessed."""

from kembar_shared.measurement.uploads.checking import SENT_MARK
from kembar_shared.measurement.uploads.declared import Declaration
from kembar_shared.measurement.uploads.reading import raws, read
from kembar_shared.measurement.uploads.tables import ERRORS_SCHEMA, FileRefused, Table
from kembar_shared.measurement.uploads.whole import Checked, check

__all__ = [
    "ERRORS_SCHEMA",
    "SENT_MARK",
    "Checked",
    "Declaration",
    "FileRefused",
    "Table",
    "check",
    "raws",
    "read",
]
