"""A workbook is a ZIP of XML: what of it is read is measured, looked through and copied first.

The copy holds only what was looked at, so a reader that understands the original otherwise (its
directory may lie about sizes, and name an entry twice) never sees it.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from typing import IO, TYPE_CHECKING, BinaryIO, Final

from kembar_shared.measurement.uploads.tables import FileRefused

if TYPE_CHECKING:
    from collections.abc import Callable

ENTRIES: Final = 200
DECODED_BYTES: Final = 200 * 1024 * 1024
_PIECE_BYTES: Final = 1 << 20
_OVERLAP: Final = 64
_SMALL_BYTES: Final = 1 << 20
"""Up to here a file of nothing but repetition is harmless, whatever its ratio."""
_KEPT: Final = re.compile(r"(?:[\w.\- ()]+/)*(?:[\w.\- ()]*\.(?:xml|rels)|mimetype)")
_DECLARES: Final = re.compile(rb"<!\s*(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_OTHER_ENCODING: Final = re.compile(
    rb"""<\?xml[^>]*encoding=["'](?!utf-?8["']|us-ascii["'])""", re.IGNORECASE
)
_ENCRYPTED: Final = 0x1


def copy_checked(
    file: BinaryIO, copy: IO[bytes], ratio: int, look: Callable[[str, bytes], None]
) -> None:
    """Copy the XML of the workbook in *file*.

    Args:
        file: The workbook.
        copy: Where a ZIP of its XML is written.
        ratio: Most bytes that one byte of an entry may become.
        look: Is shown each piece with the name of its entry, and a little of the piece before
            it, cut at the end of a tag.

    Raises:
        FileRefused: It is no ZIP, encrypted, too large unpacked, or declares entities.
    """
    try:
        with zipfile.ZipFile(file) as source, zipfile.ZipFile(copy, "w") as target:
            entries = source.infolist()
            _check_directory(entries, ratio)
            total = 0
            for entry in entries:
                if _KEPT.fullmatch(entry.filename):
                    total += _copy_entry(source, entry, target, DECODED_BYTES - total, look)
    except (
        zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError,
        OSError,
    ) as error:  # fmt: skip
        raise FileRefused("not-a-workbook") from error


def _check_directory(entries: list[zipfile.ZipInfo], ratio: int) -> None:
    if len(entries) > ENTRIES:
        raise FileRefused("too-many-entries", expected=str(ENTRIES))
    names = [entry.filename for entry in entries]
    if len(set(names)) < len(names) or any(entry.flag_bits & _ENCRYPTED for entry in entries):
        raise FileRefused("not-a-workbook")
    is_steep = any(
        entry.file_size > max(_SMALL_BYTES, ratio * entry.compress_size) for entry in entries
    )
    if is_steep or sum(entry.file_size for entry in entries) > DECODED_BYTES:
        raise FileRefused("too-large-unpacked", expected=str(DECODED_BYTES))


def _copy_entry(
    source: zipfile.ZipFile,
    entry: zipfile.ZipInfo,
    target: zipfile.ZipFile,
    most: int,
    look: Callable[[str, bytes], None],
) -> int:
    copied, before = 0, b""
    # Stored, not packed: a workbook lives for the length of one request.
    with source.open(entry) as original, target.open(entry.filename, "w") as written:
        while piece := original.read(_PIECE_BYTES):
            copied += len(piece)
            if copied > most:
                raise FileRefused("too-large-unpacked", expected=str(DECODED_BYTES))
            seen = before + piece
            is_first = copied == len(piece)
            if _DECLARES.search(seen) or (is_first and _is_other_encoding(seen)):
                raise FileRefused("entities-declared", value=entry.filename)
            end = seen.rfind(b">") + 1
            look(entry.filename, seen[:end])
            before = seen[end:]
            if len(before) > _PIECE_BYTES:
                before = before[-_OVERLAP:]
            written.write(piece)
    return copied


def _is_other_encoding(start: bytes) -> bool:
    return (
        b"\x00" in start[:4]
        or start[:2] in {b"\xff\xfe", b"\xfe\xff"}
        or bool(_OTHER_ENCODING.search(start[:200]))
    )
