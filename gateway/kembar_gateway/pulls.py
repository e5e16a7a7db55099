"""Ask each service for its figures on a timer; of several gateways one asks per period."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import structlog
from apscheduler.schedulers.background import BackgroundScheduler
from prometheus_client import Counter

from kembar_gateway import store
from kembar_gateway.settings import utc_now
from kembar_gateway.sources import Answer, Source, SourceFailed
from kembar_gateway.wire import Period
from kembar_shared.chassis.database import Engine, reading, writing
from kembar_shared.chassis.problems import DatabaseUnavailable

if TYPE_CHECKING:
    from datetime import datetime

    from kembar_gateway.identity import Issuer
    from kembar_gateway.settings import Clock, GatewaySettings

FIRST_MONTH: Final = "1950-01"
"""Every figure a service has: what a cooperation is compared with may be older than itself."""

RESULTS: Final = ("changed", "unchanged", "left", "failed")


class Pulls:
    """The timer and what it does; `counter` is shown with the gateway's metrics."""

    def __init__(
        self, engine: Engine, issuer: Issuer, settings: GatewaySettings, *, clock: Clock
    ) -> None:
        self._engine = engine
        self._issuer = issuer
        self._period_s = settings.pull_period_s
        self._clock = clock
        self._sources = {
            service: Source(service, url, timeout_s=settings.answer_timeout_s)
            for service, url in settings.services.items()
        }
        self._scheduler = BackgroundScheduler(timezone="UTC")
        self.counter = Counter(
            "kembar_pulls",
            "Pulls of a service's figures by result; `left` was done by another gateway.",
            ("service", "result"),
            registry=None,
        )
        for service in self._sources:
            for result in RESULTS:
                self.counter.labels(service, result)

    def start(self) -> None:
        """Pull now, and again every period."""
        for service in self._sources:
            self._scheduler.add_job(
                self.pull,
                "interval",
                args=[service],
                id=f"pull:{service}",
                seconds=self._period_s,
                next_run_time=utc_now(),
                coalesce=True,
                max_instances=1,
                misfire_grace_time=None,
            )
        self._scheduler.start()

    def stop(self) -> None:
        """Let the pulls under way end, and begin no more."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=True)
        for source in self._sources.values():
            source.close()

    def pull(self, service: str) -> str:
        """Ask *service* unless another gateway does so in this period; return the result."""
        try:
            result = self._pull(service)
        except DatabaseUnavailable as error:
            structlog.get_logger().error("pull", service=service, reason=error.slug)
            result = "failed"
        self.counter.labels(service, result).inc()
        return result

    def _pull(self, service: str) -> str:
        now = self._clock()
        with writing(self._engine) as conn:
            if not store.claim(conn, f"pull:{service}", int(now.timestamp() // self._period_s)):
                return "left"
        to_month = str(Period(*_next_month(now)))
        query = f"{FIRST_MONTH}/{to_month}"
        with reading(self._engine) as conn:
            heard = store.heard_of(conn).get(service)
        try:
            answer = self._sources[service].fetch(
                token=self._issuer.own_token(now=now),
                from_month=FIRST_MONTH,
                to_month=to_month,
                etag=heard.etag if heard is not None and heard.query == query else None,
            )
        except SourceFailed as failure:
            structlog.get_logger().warning("pull", service=service, reason=failure.reason)
            with writing(self._engine) as conn:
                store.note_failure(conn, service, reason=failure.reason, at=now)
            return "failed"
        return self._keep(service, answer, query=query, asked_at=now)

    def _keep(self, service: str, answer: Answer, *, query: str, asked_at: datetime) -> str:
        """Store an answer in one transaction, unless a later one came first."""
        with writing(self._engine) as conn:
            heard = store.begin_noting(conn, service, at=asked_at)
            if heard.fetched_at is not None and heard.fetched_at > asked_at:
                return "left"
            changes = 0
            if answer.figures is not None:
                changes = store.keep_figures(conn, service, answer.figures, at=asked_at)
            store.note_success(conn, service, query=query, etag=answer.etag, at=asked_at)
        return "changed" if changes else "unchanged"


def _next_month(now: datetime) -> tuple[int, int]:
    month = Period.of_month(now.date())
    return month.following, month.following + 1
