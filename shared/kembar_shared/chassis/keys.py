"""The issuer's public keys and its list of revocations, cached in memory and on disk."""

from __future__ import annotations

import base64
import json
import os
import threading
import time
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Protocol

import httpx
import structlog
from apscheduler.schedulers.background import BackgroundScheduler
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey

from kembar_shared.chassis import revocations
from kembar_shared.chassis.problems import KeysUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable
    from pathlib import Path

    from kembar_shared.chassis.revocations import Revoked

LEAST_PAUSE_S: Final = 5.0
"""Least time between two fetches, whatever key ids tokens name."""

LEAST_RSA_BITS: Final = 2048

_KINDS: Final = {
    "Ed25519": ("OKP", "Ed25519"),
    "EdDSA": ("OKP", "Ed25519"),
    "ES256": ("EC", "P-256"),
    "RS256": ("RSA", ""),
    "PS256": ("RSA", ""),
}
_TIMEOUT: Final = httpx.Timeout(3, connect=1)
_MOST_BYTES: Final = 256 * 1024


class KeySource(Protocol):
    """Where public keys come from, and what the issuer has revoked."""

    def find(self, kid: str) -> Key | None:
        """Return the key named *kid*, or None where the issuer has no such key."""

    def held(self, kid: str) -> Key | None:
        """Return the key named *kid* if it is at hand; nobody is asked or waited for."""

    def least_generation(self, subject: str) -> int:
        """Return the least generation of tokens that counts for a client, given by its digest."""


class LocalKeys:
    """Keys that this process holds itself."""

    def __init__(self, keys: Iterable[Key]) -> None:
        self._keys = {key.kid: key for key in keys}

    def find(self, kid: str) -> Key | None:
        """Return the key named *kid*, or None."""
        return self._keys.get(kid)

    def held(self, kid: str) -> Key | None:
        """Return the key named *kid*, or None."""
        return self._keys.get(kid)

    def least_generation(self, subject: str) -> int:  # noqa: ARG002  nothing is revoked here
        """Return 0: every generation counts."""
        return 0


class RemoteKeys:
    """Keys that the issuer publishes, and what it has revoked.

    The last of each that was received is used while it cannot be reached.
    """

    def __init__(
        self,
        url: str,
        file: Path | None,
        max_age_s: float,
        *,
        revocations_url: str | None = None,
        poll_s: float = 5,
        algorithms: Collection[str] = ("Ed25519",),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take what is kept in *file* and beside it, if it is there; nothing is fetched yet.

        Args:
            url: Where the issuer publishes its key set.
            file: Where the last set received is kept; the list of revocations lies beside it.
            max_age_s: Age at which the set is fetched again where nothing polls.
            revocations_url: Where the issuer publishes its list; None: it has none.
            poll_s: Seconds between two polls of both, once they were started.
            algorithms: What its keys may be for; others are passed over.
            clock: Seconds that never step back.
        """
        self._set = _Document(url)
        self._list = None if revocations_url is None else _Document(revocations_url)
        self._file = file
        self._list_file = None if file is None else file.with_suffix(".revocations.json")
        self._max_age_s = max_age_s
        self._poll_s = poll_s
        self._kinds = {_KINDS[algorithm] for algorithm in algorithms}
        self._clock = clock
        self._keys: dict[str, Key] = {}
        self._content = b""
        self._revoked: Revoked = {}
        self._fetched_at = self._tried_at = float("-inf")
        self._fetching = threading.Lock()
        self._timer = BackgroundScheduler(timezone="UTC")
        if file is not None and file.exists():
            self._keys = _read_set(file.read_bytes(), self._kinds) or {}
        if self._list_file is not None and self._list_file.exists():
            self._revoked = _read_list(self._list_file.read_bytes())

    def start(self) -> None:
        """Ask the issuer now, and go on asking until `stop`."""
        self.poll()
        self._timer.add_job(
            self.poll,
            "interval",
            seconds=self._poll_s,
            coalesce=True,
            max_instances=1,
            misfire_grace_time=None,
        )
        self._timer.start()

    def stop(self) -> None:
        """Ask no more."""
        if self._timer.running:
            self._timer.shutdown(wait=True)

    def poll(self) -> None:
        """Fetch what the issuer has changed: a key withdrawn is gone, a revocation counts."""
        with self._fetching:
            self._fetch_both()

    def find(self, kid: str) -> Key | None:
        """Return the key named *kid*, or None where the issuer has no such key.

        An unknown key is asked for, unless somebody is asking already; an old set is renewed
        behind the scenes.

        Raises:
            KeysUnavailable: No set was ever received.
        """
        key = self.held(kid)
        if key is not None:
            return key
        self._fetch()
        if not self._keys:
            raise KeysUnavailable
        return self._keys.get(kid)

    def held(self, kid: str) -> Key | None:
        """Return the key named *kid* if it is at hand; an old set is renewed behind the scenes."""
        key = self._keys.get(kid)
        is_old = self._clock() - self._fetched_at > self._max_age_s
        if key is not None and is_old and not self._fetching.locked():
            threading.Thread(target=self._fetch, name="keys", daemon=True).start()
        return key

    def least_generation(self, subject: str) -> int:
        """Return the least generation of tokens that counts for a client, given by its digest."""
        return self._revoked.get(subject, 0)

    def _fetch(self) -> None:
        # Forged tokens name unknown keys: they must not queue up behind an issuer that hangs.
        if not self._fetching.acquire(blocking=not self._keys):
            return
        try:
            if self._clock() - self._tried_at < LEAST_PAUSE_S:
                return
            self._tried_at = self._clock()
            self._fetch_both()
        finally:
            self._fetching.release()

    def _fetch_both(self) -> None:
        """Bring the key set and the list of revocations up to date."""
        # While no key set arrives, there is nobody to ask for the list.
        if not self._fetch_set() or self._list is None:
            return
        content = self._list.fetch()
        if not content:
            return
        revoked = revocations.read(content, self._keys.get)
        if revoked is None:
            self._list.forget()
        elif revoked != self._revoked:
            self._revoked = revoked
            if self._list_file is not None:
                _keep(self._list_file, json.dumps({"revoked": revoked}).encode())

    def _fetch_set(self) -> bool:
        """Replace the key set where the issuer's is another; say whether it was reached."""
        content = self._set.fetch()
        if content is None:
            return False
        # The same keys stay the same objects: what was verified by them stays verified.
        if content and content != self._content:
            keys = _read_set(content, self._kinds)
            if not keys:
                self._set.forget()
                return False
            self._keys, self._content = keys, content
            if self._file is not None:
                _keep(self._file, content)
        self._fetched_at = self._clock()
        return True


class _Document:
    """Something the issuer publishes, fetched only where it has changed."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._etag = ""

    def forget(self) -> None:
        """Fetch the whole of it the next time."""
        self._etag = ""

    def fetch(self) -> bytes | None:
        """Return it, empty where it has not changed, and None where it cannot be had."""
        headers = {"If-None-Match": self._etag} if self._etag else {}
        try:
            with _client().stream("GET", self._url, headers=headers) as response:
                if response.status_code == 304:
                    return b""
                if response.status_code != 200:
                    return None
                content = b""
                for chunk in response.iter_bytes():
                    content += chunk
                    if len(content) > _MOST_BYTES:
                        return None
        except (httpx.HTTPError, httpx.InvalidURL):
            return None
        self._etag = response.headers.get("etag", "")
        return content


@cache
def _client() -> httpx.Client:
    """Return a client that keeps no connection: the next question is seconds away."""
    return httpx.Client(
        timeout=_TIMEOUT, trust_env=False, limits=httpx.Limits(max_keepalive_connections=0)
    )


def _read_list(content: bytes) -> Revoked:
    """Return the list as we kept it; an unreadable one is as good as none."""
    try:
        return revocations.checked(json.loads(content)["revoked"])
    except (ValueError, TypeError, KeyError, RecursionError):
        return {}


def _read_set(content: bytes, kinds: Collection[tuple[str, str]]) -> dict[str, Key] | None:
    """Return the signing keys of these kinds in a key set by their ids; None where it is none."""
    try:
        members = json.loads(content)["keys"]
        return {
            member["kid"]: _public(member)
            for member in members
            if (member.get("kty"), member.get("crv", "")) in kinds
            and member.get("use", "sig") == "sig"
            and not _is_weak(member)
        }
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, JoseError):
        return None


def _is_weak(member: dict[str, Any]) -> bool:
    """Say whether a key is too short to be safe."""
    if member["kty"] != "RSA":
        return False
    encoded = member["n"]
    modulus = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
    return int.from_bytes(modulus).bit_length() < LEAST_RSA_BITS


def _public(member: dict[str, Any]) -> Key:
    """Return a key of its public members alone."""
    kind = member["kty"]
    if kind == "RSA":
        return RSAKey.import_key({name: member[name] for name in ("kty", "n", "e", "kid")})
    if kind == "EC":
        return ECKey.import_key({name: member[name] for name in ("kty", "crv", "x", "y", "kid")})
    return OKPKey.import_key({name: member[name] for name in ("kty", "crv", "x", "kid")})


def _keep(file: Path, content: bytes) -> None:
    """Replace *file* in one step, so that a kill leaves the old set or the new one.

    Where that cannot be done, what was received counts all the same, until a restart.
    """
    try:
        _replace(file, content)
    except OSError as error:
        structlog.get_logger().warning("keys", file=str(file), reason=error.strerror)


def _replace(file: Path, content: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    draft.write_bytes(content)
    draft.replace(file)
