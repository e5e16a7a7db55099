"""The issuer's public keys, cached in memory and on disk."""

from __future__ import annotations

import json
import os
import threading
import time
from typing import TYPE_CHECKING, Any, Final, Protocol

import httpx
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from kembar_shared.chassis.problems import KeysUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

LEAST_PAUSE_S: Final = 5.0
"""Least time between two fetches, whatever key ids tokens name."""

_TIMEOUT: Final = httpx.Timeout(3, connect=1)
_MOST_BYTES: Final = 256 * 1024


class KeySource(Protocol):
    """Where public keys come from."""

    def find(self, kid: str) -> OKPKey | None:
        """Return the key named *kid*, or None where the issuer has no such key."""

    def held(self, kid: str) -> OKPKey | None:
        """Return the key named *kid* if it is at hand; nobody is asked or waited for."""


class LocalKeys:
    """Keys that this process holds itself."""

    def __init__(self, keys: Iterable[OKPKey]) -> None:
        self._keys = {key.kid: key for key in keys}

    def find(self, kid: str) -> OKPKey | None:
        """Return the key named *kid*, or None."""
        return self._keys.get(kid)

    def held(self, kid: str) -> OKPKey | None:
        """Return the key named *kid*, or None."""
        return self._keys.get(kid)


class RemoteKeys:
    """Keys that the issuer publishes; the last set received is used while it cannot be reached."""

    def __init__(
        self,
        url: str,
        file: Path | None,
        max_age_s: float,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take the key set kept in *file*, if there is one; nothing is fetched yet.

        Args:
            url: Where the issuer publishes its key set.
            file: Where the last set received is kept.
            max_age_s: Age at which the set is fetched again.
            clock: Seconds that never step back.
        """
        self._url = url
        self._file = file
        self._max_age_s = max_age_s
        self._clock = clock
        self._keys: dict[str, OKPKey] = {}
        self._fetched_at = self._tried_at = float("-inf")
        self._fetching = threading.Lock()
        if file is not None and file.exists():
            self._keys = _read_set(file.read_bytes()) or {}

    def find(self, kid: str) -> OKPKey | None:
        """Return the key named *kid*, or None where the issuer has no such key.

        An unknown key is waited for; an old set is renewed behind the scenes.

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

    def held(self, kid: str) -> OKPKey | None:
        """Return the key named *kid* if it is at hand; an old set is renewed behind the scenes."""
        key = self._keys.get(kid)
        is_old = self._clock() - self._fetched_at > self._max_age_s
        if key is not None and is_old and not self._fetching.locked():
            threading.Thread(target=self._fetch, name="keys", daemon=True).start()
        return key

    def _fetch(self) -> None:
        with self._fetching:
            if self._clock() - self._tried_at < LEAST_PAUSE_S:
                return
            self._tried_at = self._clock()
            content = _download(self._url)
            keys = _read_set(content)
            if keys:
                self._keys, self._fetched_at = keys, self._clock()
                if self._file is not None:
                    _keep(self._file, content)


def _download(url: str) -> bytes:
    """Return the body at *url*, or nothing where it cannot be had."""
    try:
        with httpx.stream("GET", url, timeout=_TIMEOUT, trust_env=False) as response:
            if response.status_code != 200:
                return b""
            content = b""
            for chunk in response.iter_bytes():
                content += chunk
                if len(content) > _MOST_BYTES:
                    return b""
            return content
    except (httpx.HTTPError, httpx.InvalidURL):
        return b""


def _read_set(content: bytes) -> dict[str, OKPKey] | None:
    """Return the Ed25519 keys of a key set by their ids; None where it is none."""
    try:
        members = json.loads(content)["keys"]
        return {
            member["kid"]: _public(member)
            for member in members
            if member.get("kty") == "OKP" and member.get("crv") == "Ed25519"
        }
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, JoseError):
        return None


def _public(member: dict[str, Any]) -> OKPKey:
    return OKPKey.import_key({name: member[name] for name in ("kty", "crv", "x", "kid")})


def _keep(file: Path, content: bytes) -> None:
    """Replace *file* in one step, so that a kill leaves the old set or the new one."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    draft.write_bytes(content)
    draft.replace(file)
