"""The gateway's private keys in one file: what signs now, what is still or already published.

A signing key may carry `nbf` and `exp`, in seconds since 1970: from when it signs, and until when
it is published. It is published from the moment it is in the file.
"""

from __future__ import annotations

import fcntl
import json
import math
import os
import secrets
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from joserfc.errors import JoseError
from joserfc.jwk import OctKey, OKPKey

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ALGORITHM: Final = "Ed25519"
OVERLAP_S: Final = 3600 + 120
"""How long a key is published after it signed last: longer than any token and leeway."""

_PUBLIC: Final = ("kty", "crv", "x", "kid", "use", "alg")

Json = dict[str, Any]  # a JWK: members of several types


class KeysUnreadable(Exception):
    """The key file is not one that this gateway wrote."""


class UnknownKey(Exception):
    """The file holds no signing key of this id."""


@dataclass(frozen=True)
class SigningKey:
    """A key, the instant from which it signs, and the one until which it is published."""

    key: OKPKey
    signs_from: float
    until: float

    @property
    def public(self) -> Json:
        """The members that everybody may see."""
        members = self.key.as_dict(private=False)
        return {name: members[name] for name in _PUBLIC if name in members}


@dataclass(frozen=True)
class KeyRing:
    """What the file holds."""

    keys: tuple[SigningKey, ...]
    pepper: bytes

    def signing(self, now: float) -> OKPKey:
        """Return the key that signs at *now*: the one that began last."""
        able = [each for each in self.keys if each.signs_from <= now < each.until]
        return max(able or self.keys, key=lambda each: each.signs_from).key

    def published(self, now: float) -> list[SigningKey]:
        """Return the keys whose signatures count at *now*."""
        return [each for each in self.keys if now < each.until]


def open_ring(file: Path) -> KeyRing:
    """Return what *file* holds; make a signing key and a pepper where it is absent.

    Of two gateways that start at once one makes the file and the other reads it.

    Raises:
        KeysUnreadable: The file holds something else.
    """
    if not file.exists():
        pepper = OctKey.generate_key(256, {"use": "enc"}, private=True, auto_kid=True)
        made = {"keys": [_new_key(), pepper.as_dict(private=True)]}
        write_secret_file(file, json.dumps(made, indent=1), replace=False)
    return read_ring(file)


def read_ring(file: Path) -> KeyRing:
    """Return what *file* holds.

    Raises:
        KeysUnreadable: It is away or holds something else.
    """
    try:
        members = json.loads(file.read_bytes())["keys"]
        keys = tuple(_signing_key(each) for each in members if each["kty"] == "OKP")
        pepper = next(OctKey.import_key(each) for each in members if each["kty"] == "oct")
    except (
        OSError, ValueError, TypeError, KeyError, AttributeError, StopIteration, JoseError
    ) as error:  # fmt: skip
        raise KeysUnreadable(f"{file} holds no signing key and pepper") from error
    if not keys or not all(each.key.is_private for each in keys):
        raise KeysUnreadable(f"{file} holds no signing key")
    return KeyRing(keys, pepper.raw_value)


def rotate(file: Path, *, after_s: float, now: float) -> str:
    """Add a key that signs from *after_s* on, and let those before it end; return its id.

    Args:
        file: The gateway's key file.
        after_s: Until then it is published only, so that everybody has it when it signs.
        now: The present, in seconds since 1970.

    Raises:
        KeysUnreadable: The file holds something else.
    """
    with _changed(file) as members:
        members[:] = [each for each in members if each.get("exp", math.inf) > now]
        made = _new_key(signs_from=now + after_s)
        for each in members:
            if each["kty"] == "OKP" and "exp" not in each:
                each["exp"] = math.ceil(now + after_s + OVERLAP_S)
        members.insert(0, made)
        return str(made["kid"])


def withdraw(file: Path, kid: str, *, now: float) -> None:
    """Take the key *kid* away at once; where none is left that lasts, another begins.

    Raises:
        KeysUnreadable: The file holds something else.
        UnknownKey: It holds no such key.
    """
    with _changed(file) as members:
        kept = [each for each in members if each["kty"] != "OKP" or each["kid"] != kid]
        if len(kept) == len(members):
            raise UnknownKey(kid)
        lasting = [each for each in kept if each["kty"] == "OKP" and "exp" not in each]
        if lasting:
            lasting[0]["nbf"] = min(lasting[0].get("nbf", now), now)
        else:
            kept.insert(0, _new_key(signs_from=now))
        members[:] = kept


@contextmanager
def _changed(file: Path) -> Iterator[list[Json]]:
    """Yield the members of the key file and write them back; nobody else does so meanwhile."""
    read_ring(file)
    lock = os.open(file.with_name(f".{file.name}.lock"), os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        content = json.loads(file.read_bytes())
        yield content["keys"]
        write_secret_file(file, json.dumps(content, indent=1), replace=True)
    finally:
        os.close(lock)


def _new_key(*, signs_from: float | None = None) -> Json:
    made = OKPKey.generate_key(
        "Ed25519", {"use": "sig", "alg": ALGORITHM}, private=True, auto_kid=True
    )
    members: Json = made.as_dict(private=True)
    return members if signs_from is None else {**members, "nbf": signs_from}


def _signing_key(members: Json) -> SigningKey:
    return SigningKey(
        OKPKey.import_key({name: members[name] for name in (*_PUBLIC, "d") if name in members}),
        signs_from=float(members.get("nbf", 0)),
        until=float(members.get("exp", math.inf)),
    )


def write_secret_file(file: Path, text: str, *, replace: bool) -> None:
    """Write *file* whole or not at all, readable by its owner alone.

    Args:
        file: Where to; its folder is made where it is missing.
        text: What to write.
        replace: False leaves a file that is already there.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
            opened.write(text)
            opened.flush()
            os.fsync(opened.fileno())
        if replace:
            draft.replace(file)
        elif not file.exists():
            _link(draft, file)
    finally:
        draft.unlink(missing_ok=True)


def _link(draft: Path, file: Path) -> None:
    try:
        file.hardlink_to(draft)
    except FileExistsError:
        return
