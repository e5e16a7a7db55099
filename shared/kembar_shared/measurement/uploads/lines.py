"""The lines of a text file, cut into blocks of whole lines and counted exactly."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Final

import numpy as np

from kembar_shared.measurement.uploads.tables import CHUNK_ROWS, NOT_TEXT, FileRefused

if TYPE_CHECKING:
    from collections.abc import Iterator

ROW_LINES: Final = 100
"""Most lines one row may run over; bounds the search for a quotation mark that never comes."""
LINES: Final = CHUNK_ROWS - ROW_LINES
"""Most lines of a block; with a row that runs on from the one before it is still a chunk."""
BYTES: Final = 1 << 23
"""Most bytes of a block, and of a line."""
_PIECE_BYTES: Final = 1 << 20
UTF16_MARKS: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True, slots=True)
class Block:
    """Some whole lines.

    Attributes:
        first_line: The number of the first one, counted from 1.
        text: UTF-8; each line ends in one line feed. What was no text is `NOT_TEXT`.
        is_last: Whether the file ends with it.
    """

    first_line: int
    text: bytes
    is_last: bool


def blocks(file: BinaryIO) -> Iterator[Block]:
    """Cut *file* into blocks; line ends may be LF, CRLF or CR, the text UTF-8 or UTF-16.

    Raises:
        FileRefused: A line is longer than any row can be.
    """
    held: tuple[int, bytes] | None = None
    for block in _cut(_with_one_line_end(_utf8(file))):
        if held is not None:
            yield Block(held[0], _text(held[1]), is_last=False)
        held = block
    if held is not None:
        yield Block(held[0], _text(held[1]), is_last=True)


def _utf8(file: BinaryIO) -> Iterator[bytes]:
    file.seek(0)
    start = file.read(4)
    if not start.startswith(UTF16_MARKS):
        yield start.removeprefix(codecs.BOM_UTF8)
        while piece := file.read(_PIECE_BYTES):
            yield piece
        return
    decoder = codecs.getincrementaldecoder("utf-16")("replace")
    yield decoder.decode(start).encode()
    while piece := file.read(_PIECE_BYTES):
        yield decoder.decode(piece).encode()
    yield decoder.decode(b"", final=True).encode()


def _with_one_line_end(pieces: Iterator[bytes]) -> Iterator[bytes]:
    held = b""
    for read in pieces:
        piece = held + read
        held = b"\r" if piece.endswith(b"\r") else b""
        piece = piece.removesuffix(b"\r")
        if b"\r" in piece:
            piece = piece.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        yield piece
    if held:
        yield b"\n"


def _cut(pieces: Iterator[bytes]) -> Iterator[tuple[int, bytes]]:
    pending, line = b"", 1
    for piece in pieces:
        pending += piece
        ends = _line_ends(pending)
        start = taken = 0
        while len(ends) - taken >= LINES:
            taken += LINES
            end = int(ends[taken - 1]) + 1
            yield line, pending[start:end]
            start, line = end, line + LINES
        if len(pending) - start > BYTES:
            if len(ends) == taken:
                raise FileRefused("cell-too-long", line=line, expected=str(BYTES))
            end = int(ends[-1]) + 1
            yield line, pending[start:end]
            start, line = end, line + len(ends) - taken
        pending = pending[start:]
    if pending:
        yield line, pending if pending.endswith(b"\n") else pending + b"\n"


def _line_ends(text: bytes) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.flatnonzero(np.frombuffer(text, np.uint8) == ord("\n"))


def _text(block: bytes) -> bytes:
    """Mark what is no text."""
    if not block.isascii():
        try:
            block.decode()
        except UnicodeDecodeError:
            block = block.decode(errors="replace").encode()
    return block.replace(b"\x00", NOT_TEXT.encode()) if b"\x00" in block else block
