"""What a file is, by what it holds; what its sender calls it is never believed."""

from __future__ import annotations

import codecs
import re
import zipfile
from dataclasses import dataclass
from typing import BinaryIO, Final


@dataclass(frozen=True, slots=True)
class Media:
    """A kind of file that may be evidence."""

    type: str
    ending: str


TEXT: Final = Media("text/plain; charset=utf-8", ".txt")
_BEGINNINGS: Final = (
    (re.compile(rb"%PDF-\d"), Media("application/pdf", ".pdf")),
    (re.compile(rb"\x89PNG\r\n\x1a\n"), Media("image/png", ".png")),
    (re.compile(rb"\xff\xd8\xff"), Media("image/jpeg", ".jpg")),
    (re.compile(rb"RIFF....WEBP", re.DOTALL), Media("image/webp", ".webp")),
    (re.compile(rb"II\*\x00|MM\x00\*"), Media("image/tiff", ".tiff")),
    (re.compile(rb"....ftyp(heic|heix|mif1)", re.DOTALL), Media("image/heic", ".heic")),
)
_OFFICE: Final = "application/vnd.openxmlformats-officedocument."
_BY_MEMBER: Final = {
    "word/document.xml": Media(f"{_OFFICE}wordprocessingml.document", ".docx"),
    "xl/workbook.xml": Media(f"{_OFFICE}spreadsheetml.sheet", ".xlsx"),
    "ppt/presentation.xml": Media(f"{_OFFICE}presentationml.presentation", ".pptx"),
}
_BY_MIMETYPE: Final = {
    "application/vnd.oasis.opendocument.text": ".odt",
    "application/vnd.oasis.opendocument.spreadsheet": ".ods",
    "application/vnd.oasis.opendocument.presentation": ".odp",
}
ACCEPTED: Final = "PDF, PNG, JPEG, WebP, TIFF, HEIC, DOCX, XLSX, PPTX, ODT, ODS, ODP, UTF-8"
"""What people read of what is let in."""

_PIECE_BYTES: Final = 1 << 16
_MOST_MIMETYPE_BYTES: Final = 100
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")
_MACROS: Final = re.compile(r"(^|/)vbaproject", re.IGNORECASE)


def media_of(file: BinaryIO) -> Media | None:
    """Say what *file* is; None for what may be no evidence: programs, archives, the unknown.

    Args:
        file: Can be sought; read from its beginning, and left anywhere.
    """
    file.seek(0)
    head = file.read(64)
    for beginning, media in _BEGINNINGS:
        if beginning.match(head):
            return media
    if head.startswith(b"PK\x03\x04"):
        return _of_archive(file)
    return TEXT if _is_text(file) else None


def _of_archive(file: BinaryIO) -> Media | None:
    """Tell an office document without macros from any other archive; nothing is unpacked."""
    try:
        with zipfile.ZipFile(file) as archive:
            members = {member.filename: member for member in archive.infolist()}
            if any(_MACROS.search(name) for name in members):
                return None
            for name, media in _BY_MEMBER.items():
                if name in members:
                    return media
            stated = members.get("mimetype")
            # ODF wants it stored as it is: a packed one is some other archive's.
            if stated is None or stated.compress_type != zipfile.ZIP_STORED:
                return None
            with archive.open(stated) as member:
                named = member.read(_MOST_MIMETYPE_BYTES).decode("ascii", "replace").strip()
    except (zipfile.BadZipFile, ValueError, EOFError, NotImplementedError, RuntimeError):
        return None
    ending = _BY_MIMETYPE.get(named)
    return None if ending is None else Media(named, ending)


def _is_text(file: BinaryIO) -> bool:
    """Say whether *file* is UTF-8 without the control characters that no text has."""
    file.seek(0)
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        while piece := file.read(_PIECE_BYTES):
            if _CONTROLS.search(decoder.decode(piece)):
                return False
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True
