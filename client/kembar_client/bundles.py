"""A report's bundle or envelope, taken apart."""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
import json
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kembar_client import canonical

if TYPE_CHECKING:
    from kembar_client.canonical import Json

MOST_BYTES: Final = 64 * 1024 * 1024
NEEDED: Final = ("report.json", "inputs.json", "report.jws", "keys.json")


class Unreadable(ValueError):
    """It is no report of Kembar."""


@dataclass(frozen=True)
class Bundle:
    """What was published; `payload` is what the signatures are over, `files` all there are."""

    report: Json
    payload: bytes
    inputs: Json
    signatures: list[Json]
    keys: list[Json]
    files: dict[str, bytes]


def read(content: bytes) -> Bundle:
    """Return the bundle (ZIP) or envelope (JSON) in *content*.

    Raises:
        Unreadable, KeyError, TypeError: It is neither.
        NotCanonical: A part of it is no JSON.
    """
    return _from_zip(content) if content.startswith(b"PK") else _from_json(content)


def _from_zip(content: bytes) -> Bundle:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            if sum(member.file_size for member in packed.infolist()) > MOST_BYTES:
                raise Unreadable("size")
            if len(set(packed.namelist())) != len(packed.namelist()):
                raise Unreadable("a file twice")
            files = {name: packed.read(name) for name in packed.namelist()}
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise Unreadable(str(error)) from error
    read = {name: canonical.read(files[name]) for name in NEEDED}
    return Bundle(
        read["report.json"],
        files["report.json"],
        read["inputs.json"],
        read["report.jws"]["signatures"],
        read["keys.json"]["keys"],
        files,
    )


def _from_json(content: bytes) -> Bundle:
    read = canonical.read(content)
    files = {"inputs.json": canonical.dumps(read["inputs"])}
    return Bundle(
        read["report"],
        canonical.dumps(read["report"]),
        read["inputs"],
        read["signatures"],
        read["keys"],
        files,
    )


def thumbprint(key: Json) -> str:
    """Return what a key is compared by (RFC 7638)."""
    members = {name: key[name] for name in ("crv", "kty", "x")}
    text = json.dumps(members, separators=(",", ":"), sort_keys=True)
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")


def encoded(content: bytes) -> str:
    """Return base64url without padding."""
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def decoded(text: str) -> bytes:
    """Return what base64url without padding stands for.

    Raises:
        Unreadable: It is something else.
    """
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars="-_", validate=True)
    except binascii.Error as error:
        raise Unreadable("base64url") from error
