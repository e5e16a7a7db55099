"""The gateway's private keys in one file: what signs now, what is still or already published.

A signing key may carry `nbf` and `exp`, in seconds since 1970: from when it signs, and until when
it is published. It is published from the moment it is in the file.

What has signed a report (`reports`) is never forgotten: its public part stays, under `former`, and
with `revoked_at` where it was withdrawn. Its use is `report`, so that no token counts by it.
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
    from collections.abc import Iterable, Iterator
    from pathlib import Path

ALGORITHM: Final = "Ed25519"
REPORT_USE: Final = "report"
"""The use of a published key that once signed reports and signs nothing any more."""

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
    has_reports: bool = False

    @property
    def public(self) -> Json:
        """The members that everybody may see."""
        members = self.key.as_dict(private=False)
        return {name: members[name] for name in _PUBLIC if name in members}


@dataclass(frozen=True)
class KeyRing:
    """What the file holds; `former` are public keys by which reports are signed, as JWK."""

    keys: tuple[SigningKey, ...]
    pepper: bytes
    former: tuple[Json, ...] = ()

    def signing(self, now: float) -> OKPKey:
        """Return the key that signs at *now*: the one that began last."""
        able = [each for each in self.keys if each.signs_from <= now < each.until]
        return max(able or self.keys, key=lambda each: each.signs_from).key

    def published(self, now: float) -> list[SigningKey]:
        """Return the keys whose signatures count at *now*."""
        return [each for each in self.keys if now < each.until]

    def of_reports(self, now: float) -> list[Json]:
        """Return the public keys that signed reports and count for tokens no more at *now*."""
        ended = (each for each in self.keys if each.has_reports and now >= each.until)
        return [*(_former(each.public) for each in ended), *self.former]

    def withdrawn_at(self, kid: str) -> float | None:
        """Return when a key that signed reports was withdrawn; None where it was not."""
        found = (each.get("revoked_at") for each in self.former if each["kid"] == kid)
        return next(found, None)


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
        content = json.loads(file.read_bytes())
        members = content["keys"]
        former = tuple(
            {name: str(each[name]) for name in _PUBLIC} | _ends(each)
            for each in content.get("former", ())
        )
        keys = tuple(_signing_key(each) for each in members if each["kty"] == "OKP")
        pepper = next(OctKey.import_key(each) for each in members if each["kty"] == "oct")
    except (
        OSError, ValueError, TypeError, KeyError, AttributeError, StopIteration, JoseError
    ) as error:  # fmt: skip
        raise KeysUnreadable(f"{file} holds no signing key and pepper") from error
    if not keys or not all(each.key.is_private for each in keys):
        raise KeysUnreadable(f"{file} holds no signing key")
    return KeyRing(keys, pepper.raw_value, former)


def rotate(file: Path, *, after_s: float, now: float) -> str:
    """Add a key that signs from *after_s* on, and let those before it end; return its id.

    Args:
        file: The gateway's key file.
        after_s: Until then it is published only, so that everybody has it when it signs.
        now: The present, in seconds since 1970.

    Raises:
        KeysUnreadable: The file holds something else.
    """
    with _changed(file) as content:
        members = content["keys"]
        ended = [each for each in members if each.get("exp", math.inf) <= now]
        _keep_public(content, ended)
        members[:] = [each for each in members if each not in ended]
        made = _new_key(signs_from=now + after_s)
        for each in members:
            if each["kty"] == "OKP" and "exp" not in each:
                each["exp"] = math.ceil(now + after_s + OVERLAP_S)
        members.insert(0, made)
        return str(made["kid"])


def withdraw(file: Path, kid: str, *, now: float) -> None:
    """Take the key *kid* away at once; where none is left that lasts, another begins.

    Of a key that signed reports the public part stays, with the instant of its withdrawal.

    Raises:
        KeysUnreadable: The file holds something else.
        UnknownKey: It holds no such key.
    """
    with _changed(file) as content:
        members = content["keys"]
        gone = [each for each in members if each["kty"] == "OKP" and each["kid"] == kid]
        kept = [each for each in members if each not in gone]
        known = [each for each in content.get("former", ()) if each["kid"] == kid]
        if not gone and not known:
            raise UnknownKey(kid)
        _keep_public(content, [each | {"revoked_at": now} for each in gone])
        for each in known:
            each.setdefault("revoked_at", now)
        lasting = [each for each in kept if each["kty"] == "OKP" and "exp" not in each]
        if lasting:
            lasting[0]["nbf"] = min(lasting[0].get("nbf", now), now)
        else:
            kept.insert(0, _new_key(signs_from=now))
        members[:] = kept


def note_report(file: Path, kid: str) -> None:
    """Note that the key *kid* signs a report, before it does: its public part is kept for ever.

    Raises:
        KeysUnreadable: The file holds something else.
        UnknownKey: It holds no such key.
    """
    if any(each.key.kid == kid and each.has_reports for each in read_ring(file).keys):
        return
    with _changed(file) as content:
        found = [each for each in content["keys"] if each["kty"] == "OKP" and each["kid"] == kid]
        if not found:
            raise UnknownKey(kid)
        found[0]["reports"] = True


def _keep_public(content: Json, gone: Iterable[Json]) -> None:
    """Keep the public part of those among *gone* that signed reports."""
    kept = [_former(each) for each in gone if each.get("reports")]
    if kept:
        content["former"] = [*kept, *content.get("former", ())]


def _former(members: Json) -> Json:
    public = {name: members[name] for name in _PUBLIC if name in members}
    return public | {"use": REPORT_USE} | _ends(members)


def _ends(members: Json) -> Json:
    return {"revoked_at": float(members["revoked_at"])} if "revoked_at" in members else {}


@contextmanager
def _changed(file: Path) -> Iterator[Json]:
    """Yield the content of the key file and write it back; nobody else does so meanwhile."""
    read_ring(file)
    lock = os.open(file.with_name(f".{file.name}.lock"), os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        content = json.loads(file.read_bytes())
        yield content
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
        has_reports=bool(members.get("reports")),
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
