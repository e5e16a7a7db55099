"""Text in, columns or row errors out: what a sender's file says, nothing guessed."""

from kembar_shared.measurement.uploads.checking import Checked, check
from kembar_shared.measurement.uploads.declared import Declaration
from kembar_shared.measurement.uploads.reading import read
from kembar_shared.measurement.uploads.tables import ERRORS_SCHEMA, FileRefused, Table

__all__ = ["ERRORS_SCHEMA", "Checked", "Declaration", "FileRefused", "Table", "check", "read"]
