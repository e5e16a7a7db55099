"""Ask a service for its figures; believe only what is whole and of the right shape."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING, Final

import httpx
import stamina

from kembar_gateway.wire import Disbelieved, Figure, FigurePage, read_page

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator, Mapping

CONNECT_TIMEOUT_S: Final = 1.0
MOST_BYTES: Final = 32 * 1024 * 1024
MOST_PAGES: Final = 20
PAGE_LIMIT: Final = 10_000


class SourceFailed(Exception):
    """A service gave no answer that can be believed; `reason` is a word for logs."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class _Silent(SourceFailed):
    """No answer came at all: worth a second try."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a service answered; `figures` is None where nothing changed since `etag`."""

    figures: tuple[Figure, ...] | None
    etag: str | None


@cache
def _authorities() -> ssl.SSLContext:
    """Return whom a service behind TLS may be certified by; reading them takes long."""
    return httpx.create_ssl_context(trust_env=False)


class Source:
    """One service's `/v1/indicators`, asked over a pool of connections of its own."""

    def __init__(self, service: str, url: str, *, timeout_s: float) -> None:
        self.service = service
        self._timeout_s = timeout_s
        self._client = httpx.Client(
            base_url=url,
            timeout=httpx.Timeout(timeout_s, connect=min(CONNECT_TIMEOUT_S, timeout_s)),
            headers={"Accept": "application/json", "Accept-Encoding": "identity"},
            verify=_authorities(),
            trust_env=False,
        )

    def close(self) -> None:
        """Close its connections."""
        self._client.close()

    def fetch(self, *, token: str, from_month: str, to_month: str, etag: str | None) -> Answer:
        """Return the service's figures of the months from *from_month* up to *to_month*.

        Args:
            token: Bearer token with `indicators:read`.
            from_month: First month, `1950-01`.
            to_month: The month after the last.
            etag: Tag of an earlier answer to the same question.

        Raises:
            SourceFailed: It did not answer in time, or not as this service answers.
        """
        query: dict[str, str | int] = {"from": from_month, "to": to_month, "limit": PAGE_LIMIT}
        headers = {"Authorization": f"Bearer {token}"}
        conditions = {"If-None-Match": etag} if etag else {}
        response, body = self._get(query, headers | conditions)
        if response.status_code == httpx.codes.NOT_MODIFIED and etag:
            return Answer(None, etag)
        first = self._read(response, body)
        rest = list(self._following(first.next, query, headers))
        figures = tuple(chain(first.items, *rest))
        keys = {(figure.indicator, figure.jurisdiction, figure.period) for figure in figures}
        if len(keys) != len(figures):
            raise SourceFailed("repeated-figure")
        # A tag speaks for its own page alone, so it is kept only where that page was all.
        return Answer(figures, response.headers.get("ETag") if first.next is None else None)

    def _following(
        self, cursor: str | None, query: Mapping[str, str | int], headers: dict[str, str]
    ) -> Iterator[tuple[Figure, ...]]:
        for _ in range(MOST_PAGES):
            if cursor is None:
                return
            page = self._read(*self._get({**query, "cursor": cursor}, headers))
            cursor = page.next
            yield page.items
        raise SourceFailed("endless-pages")

    def _get(
        self, query: Mapping[str, str | int], headers: dict[str, str]
    ) -> tuple[httpx.Response, bytes]:
        """Ask once, and once more after a moment where nothing was answered."""
        twice = stamina.RetryingCaller(
            attempts=2, timeout=None, wait_initial=0.1, wait_max=0.6, wait_jitter=0.4
        )
        return twice.on(_Silent)(self._ask, query, headers)

    def _ask(
        self, query: Mapping[str, str | int], headers: dict[str, str]
    ) -> tuple[httpx.Response, bytes]:
        """Receive one answer whole, before its deadline and within bounds."""
        deadline = time.monotonic() + self._timeout_s
        body = bytearray()
        try:
            with self._client.stream(
                "GET", "/v1/indicators", params=dict(query), headers=headers
            ) as response:
                for chunk in response.iter_raw():
                    body += chunk
                    if len(body) > MOST_BYTES:
                        raise SourceFailed("too-large")
                    if time.monotonic() > deadline:
                        raise _Silent("too-slow")
        except httpx.TimeoutException as error:
            raise _Silent("too-slow") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise _Silent("unreachable") from error
        if response.status_code >= 500:
            raise _Silent(f"status-{response.status_code}")
        return response, bytes(body)

    def _read(self, response: httpx.Response, body: bytes) -> FigurePage:
        """Believe a page only where status, type and schema are a service's own."""
        if response.status_code != httpx.codes.OK:
            raise SourceFailed(f"status-{response.status_code}")
        if response.headers.get("Content-Type", "").partition(";")[0].strip() != "application/json":
            raise SourceFailed("not-json")
        try:
            return read_page(body, service=self.service)
        except Disbelieved as error:
            raise SourceFailed(str(error)) from error
