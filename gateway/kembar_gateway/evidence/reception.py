"""How a file of evidence comes in: hashed on the way, never larger than it may be."""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, BinaryIO, Final, cast

from fastapi import Depends, Request
from fastapi.concurrency import run_in_threadpool

from kembar_gateway.settings import SettingsDep
from kembar_shared.chassis.problems import TooLarge, UnsupportedMediaType

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_IN_MEMORY: Final = 1 << 20
_PIECE_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Received:
    """A file as it came in.

    Attributes:
        file: Its bytes; can be sought, and is gone when the request is answered.
        bytes: How many.
        sha256: Of them, in hexadecimal.
    """

    file: BinaryIO
    bytes: int
    sha256: str


async def receive(request: Request, settings: SettingsDep) -> AsyncIterator[Received]:
    """Take in the body as it is sent.

    Raises:
        UnsupportedMediaType: It is packed, or a form.
        TooLarge: It is larger than the setting lets in.
    """
    is_packed = request.headers.get("content-encoding", "identity") != "identity"
    if is_packed or request.headers.get("content-type", "").startswith("multipart/"):
        raise UnsupportedMediaType(accepted="application/octet-stream")
    most, size, digest = settings.evidence_bytes, 0, hashlib.sha256()
    if int(request.headers.get("content-length", "0")) > most:
        raise TooLarge(limit=most)
    with tempfile.SpooledTemporaryFile(_IN_MEMORY, prefix="kembar-") as spool:

        def take(piece: bytes) -> None:
            digest.update(piece)
            spool.write(piece)

        pending = bytearray()
        async for piece in request.stream():
            size += len(piece)
            if size > most:
                raise TooLarge(limit=most)
            pending += piece
            if len(pending) >= _PIECE_BYTES:
                await run_in_threadpool(take, bytes(pending))
                pending.clear()
        await run_in_threadpool(take, bytes(pending))
        yield Received(cast("BinaryIO", spool), size, digest.hexdigest())


ReceivedDep = Annotated[Received, Depends(receive)]
