"""How the body of an upload comes in: unpacked, hashed and spooled on the way, never held whole."""

from __future__ import annotations

import hashlib
import tempfile
import zlib
from email.message import Message
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from kembar_shared.chassis.problems import TooLarge, UnsupportedMediaType
from kembar_shared.measurement import ingest, uploads
from kembar_shared.measurement.problems import BodyUnreadable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

_IN_MEMORY: Final = 1 << 20
"""Up to here a body is taken in at once; larger ones go to a file, by a thread of their own."""
_PIECE_BYTES: Final = 1 << 20
_SMALL_BYTES: Final = 1 << 20
"""Up to here a body of nothing but repetition is harmless, whatever its ratio."""
_MOST_PART_HEADERS: Final = 8
_MOST_HEADER_BYTES: Final = 4_096
_UNKNOWN: Final = ("", "text/plain", "application/octet-stream")
_GZIP: Final = ("application/gzip", "application/x-gzip")
_FORM: Final = "multipart/form-data"
_MEDIA_TYPES: Final = {
    ".csv": "text/csv",
    ".tsv": "text/tab-separated-values",
    ".json": "application/json",
    ".ndjson": "application/x-ndjson",
    ".jsonl": "application/x-ndjson",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".ods": "application/vnd.oasis.opendocument.spreadsheet",
    ".parquet": "application/vnd.apache.parquet",
}
ACCEPTED: Final = ", ".join((*uploads.MEDIA_TYPES, _FORM))
BODY: Final[dict[str, Any]] = {
    "required": True,
    "description": "The file; `Content-Encoding: gzip` is understood.",
    "content": {
        **{
            media_type: {"schema": {"type": "string", "format": "binary"}}
            for media_type in uploads.MEDIA_TYPES
        },
        _FORM: {
            "schema": {
                "type": "object",
                "required": ["file"],
                "properties": {"file": {"type": "string", "format": "binary"}},
            }
        },
    },
}
"""The body of an upload, as the API's schema says it."""


async def receive(request: Request) -> AsyncIterator[ingest.File]:
    """Take in the body and lend the file that it is or holds.

    Raises:
        UnsupportedMediaType: It is of a type or coding that is not read.
        TooLarge: It is larger than may be, as sent or unpacked.
        BodyUnreadable: It is not what its headers say.
    """
    coding = request.headers.get("content-encoding", "identity").strip().lower()
    media_type = _media_type(request.headers.get("content-type", ""))
    if coding not in {"identity", "gzip"}:
        raise UnsupportedMediaType(accepted=ACCEPTED)
    with tempfile.SpooledTemporaryFile(_IN_MEMORY, prefix="kembar-") as spool:
        sink = _Sink(spool, request.app.state.settings)
        if media_type == _FORM:
            form = _Form(request.headers["content-type"], sink)
            take, end = form.write, form.end
        else:
            sink.begin(media_type)
            take, end = sink.write, sink.end
        if coding == "gzip":
            unpacked = _Gunzip(take, request.app.state.settings.upload_bytes)
            take, end = unpacked.write, _both(unpacked.end, end)
        pending, taken = bytearray(), 0
        async for piece in request.stream():
            pending += piece
            if len(pending) >= _PIECE_BYTES:
                await run_in_threadpool(take, bytes(pending))
                taken += len(pending)
                pending.clear()
        if taken or coding == "gzip":
            await run_in_threadpool(take, bytes(pending))
            await run_in_threadpool(end)
        else:
            take(bytes(pending))
            end()
        yield sink.file()


class _Sink:
    """Where the bytes of the file end up."""

    def __init__(self, spool: Any, settings: Any) -> None:  # a spooled file is no BinaryIO to mypy
        self._spool: BinaryIO = spool
        self._settings = settings
        self._digest = hashlib.sha256()
        self._size = 0
        self._media_type = ""
        self._limit = 0
        self._gunzip: _Gunzip | None = None

    def begin(self, media_type: str, *, is_packed: bool = False) -> None:
        """Say what is coming.

        Raises:
            UnsupportedMediaType: It is not read.
        """
        if media_type not in uploads.MEDIA_TYPES:
            raise UnsupportedMediaType(accepted=ACCEPTED)
        is_json = media_type == "application/json"
        most = self._settings.upload_bytes
        self._media_type = media_type
        self._limit = min(most, self._settings.json_bytes) if is_json else most
        if is_packed:
            self._gunzip = _Gunzip(self._keep, self._limit)

    def write(self, piece: bytes) -> None:
        """Take a piece of the file."""
        if self._gunzip is None:
            self._keep(piece)
        else:
            self._gunzip.write(piece)

    def end(self) -> None:
        """Say that the file is whole."""
        if self._gunzip is not None:
            self._gunzip.end()

    def file(self) -> ingest.File:
        """Return what came in."""
        self._spool.seek(0)
        return ingest.File(self._spool, self._size, self._digest.hexdigest(), self._media_type)

    def _keep(self, piece: bytes) -> None:
        self._size += len(piece)
        if self._size > self._limit:
            raise TooLarge(limit=self._limit)
        self._digest.update(piece)
        self._spool.write(piece)


class _Gunzip:
    """Unpacks gzip, a little at a time, as far as it may grow."""

    def __init__(self, take: Callable[[bytes], None], limit: int) -> None:
        self._take = take
        self._limit = limit
        self._packed = self._unpacked = 0
        self._member: zlib._Decompress | None = None

    def write(self, piece: bytes) -> None:
        """Unpack a piece.

        Raises:
            TooLarge: It grows too much.
            BodyUnreadable: It is no gzip.
        """
        self._packed += len(piece)
        while piece:
            if self._member is None:
                self._member = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
            try:
                unpacked = self._member.decompress(piece, _PIECE_BYTES)
            except zlib.error as error:
                raise BodyUnreadable from error
            self._unpacked += len(unpacked)
            if self._unpacked > self._most():
                raise TooLarge(limit=self._limit)
            self._take(unpacked)
            piece = self._member.unconsumed_tail
            if self._member.eof:
                # Another member may follow; zeros that fill up a block may not.
                piece, self._member = self._member.unused_data.lstrip(b"\x00"), None

    def end(self) -> None:
        """Say that all has come.

        Raises:
            BodyUnreadable: It was cut short.
        """
        if self._member is not None or not self._packed:
            raise BodyUnreadable

    def _most(self) -> int:
        return min(self._limit, max(_SMALL_BYTES, uploads.RATIO * self._packed))


class _Form:
    """Finds the part `file` of a form; there may be no other."""

    def __init__(self, content_type: str, sink: _Sink) -> None:
        _, options = parse_options_header(content_type)
        self._sink = sink
        self._parts = 0
        self._headers: dict[bytes, bytes] = {}
        self._name = self._value = b""
        self._is_whole = False
        try:
            self._parser = MultipartParser(
                options.get(b"boundary", b""),
                {
                    "on_part_begin": self._begin_part,
                    "on_header_field": self._add_to_name,
                    "on_header_value": self._add_to_value,
                    "on_header_end": self._end_header,
                    "on_headers_finished": self._begin_file,
                    "on_part_data": lambda data, start, end: sink.write(data[start:end]),
                    "on_end": self._end_form,
                },
                max_header_count=_MOST_PART_HEADERS,
                max_header_size=_MOST_HEADER_BYTES,
            )
        except FormParserError as error:
            raise BodyUnreadable from error
        if not options.get(b"boundary"):
            raise BodyUnreadable

    def write(self, piece: bytes) -> None:
        """Take a piece of the form.

        Raises:
            BodyUnreadable: It is no form.
        """
        try:
            self._parser.write(piece)
        except FormParserError as error:
            raise BodyUnreadable from error

    def end(self) -> None:
        """Say that all has come.

        Raises:
            BodyUnreadable: It was cut short, or held no file.
        """
        if not self._is_whole or self._parts != 1:
            raise BodyUnreadable
        self._sink.end()

    def _begin_part(self) -> None:
        self._parts += 1
        self._headers = {}

    def _add_to_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _add_to_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _end_header(self) -> None:
        self._headers[self._name.lower()] = self._value
        self._name = self._value = b""

    def _begin_file(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        name = options.get(b"name", b"").decode("utf-8", "replace")
        if name != "file" or self._parts != 1:
            fault = {"place": f"body.{name[:64]}", "code": "unreadable", "expected": "file"}
            raise BodyUnreadable(errors=[fault])
        ending = PurePosixPath(options.get(b"filename", b"").decode("utf-8", "replace").lower())
        sent = _media_type(self._headers.get(b"content-type", b"").decode("latin-1"))
        is_packed = ending.suffix == ".gz" or sent in _GZIP
        if ending.suffix == ".gz":
            ending = ending.with_suffix("")
        if sent in {*_UNKNOWN, *_GZIP}:
            sent = _MEDIA_TYPES.get(ending.suffix, "")
        self._sink.begin(sent, is_packed=is_packed)

    def _end_form(self) -> None:
        self._is_whole = True


def _media_type(content_type: str) -> str:
    """Return the media type of a header, in small letters; empty for a text that is no UTF-8."""
    kind = Message()
    kind["content-type"] = content_type
    charset = str(kind.get_content_charset("utf-8"))
    return kind.get_content_type() if charset in {"utf-8", "utf8", "us-ascii"} else ""


def _both(first: Callable[[], None], then: Callable[[], None]) -> Callable[[], None]:
    def both() -> None:
        first()
        then()

    return both
