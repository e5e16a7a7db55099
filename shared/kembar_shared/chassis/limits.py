"""How often each client may ask: a bucket of tokens per client, in this process alone."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import cached_property
from math import ceil
from typing import TYPE_CHECKING, Final

from kembar_shared.chassis.problems import TooManyRequests

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_BUCKETS: Final = 10_000
_NAME: Final = '"client"'
"""The name of the policy in the fields of draft-ietf-httpapi-ratelimit-headers-11."""


@dataclass(frozen=True)
class Rate:
    """So many requests at once, and so many a second in the long run."""

    burst: int
    per_s: float

    @cached_property
    def interval_s(self) -> float:
        """How long one request takes to be earned again."""
        return 1 / self.per_s

    @cached_property
    def most_s(self) -> float:
        """How long an empty bucket takes to fill, and the least part of a request, for rounding."""
        return (self.burst + 1e-3) / self.per_s

    @cached_property
    def policy(self) -> bytes:
        """The field `RateLimit-Policy`."""
        return f"{_NAME};q={self.burst};w={max(1, ceil(self.burst / self.per_s))}".encode()


@dataclass(slots=True)
class Standing:
    """Where a client stands after a request.

    Attributes:
        rate: What it may.
        debt_s: Seconds until its bucket is full again.
        wait_s: Seconds until the request would be let in; 0 where it is.
    """

    rate: Rate
    debt_s: float
    wait_s: float = 0.0

    @property
    def fields(self) -> tuple[tuple[bytes, bytes], tuple[bytes, bytes]]:
        """The fields of an answer that tell the client, as they are sent."""
        rate, left, until_s = self.rate, 0, self.wait_s
        if not until_s:
            left, until_s = int((rate.most_s - self.debt_s) * rate.per_s), self.debt_s
        told = f"{_NAME};r={left};t={ceil(until_s)}"
        return (b"ratelimit-policy", rate.policy), (b"ratelimit", told.encode())

    def require(self) -> None:
        """Let the request in.

        Raises:
            TooManyRequests: The client has to wait.
        """
        if self.wait_s:
            raise TooManyRequests(ceil(self.wait_s))


class Buckets:
    """One bucket for each key; a full one is not remembered for ever."""

    def __init__(self, rate: Rate, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin with full buckets.

        Args:
            rate: Of a key that has none of its own.
            clock: Seconds that never step back.
        """
        self._rate = rate
        self._clock = clock
        self._full_at: dict[str, float] = {}

    def take(self, key: str, rate: Rate | None = None) -> Standing:
        """Take one token out of the bucket of *key*, if there is one."""
        rate, now, full_at = rate or self._rate, self._clock(), self._full_at
        debt_s = full_at.get(key, now) - now
        after_s = (debt_s if debt_s > 0 else 0.0) + rate.interval_s
        if after_s > rate.most_s:
            return Standing(rate, debt_s, after_s - rate.most_s)
        if len(full_at) >= MOST_BUCKETS and key not in full_at:
            self._forget(now)
        self._full_at[key] = now + after_s
        return Standing(rate, after_s)

    def require(self, key: str) -> None:
        """Let *key* go on, and take nothing.

        Raises:
            TooManyRequests: Its bucket is empty.
        """
        now, rate = self._clock(), self._rate
        debt_s = max(0.0, self._full_at.get(key, now) - now)
        Standing(rate, debt_s, max(0.0, debt_s + rate.interval_s - rate.most_s)).require()

    def _forget(self, now: float) -> None:
        """Forget full buckets, or the one made first where there are none."""
        self._full_at = {key: at for key, at in self._full_at.items() if at > now}
        if len(self._full_at) >= MOST_BUCKETS:
            self._full_at.pop(next(iter(self._full_at)))
