"""Send what the feed tells to each webhook: made once, in order, until the receiver takes it."""

from __future__ import annotations

import json
import threading
from datetime import timedelta
from fnmatch import fnmatchcase
from functools import cached_property
from typing import TYPE_CHECKING, Final

import httpx
import structlog
from apscheduler.schedulers.background import BackgroundScheduler
from prometheus_client import Counter

from kembar_gateway import feed, store
from kembar_gateway.keyring import KeysUnreadable
from kembar_gateway.settings import utc_now
from kembar_gateway.webhooks import store as hooks
from kembar_gateway.webhooks.store import Delivery, Hook
from kembar_shared.chassis.database import Engine, reading, writing
from kembar_shared.chassis.problems import DatabaseUnavailable

if TYPE_CHECKING:
    from datetime import datetime

    from kembar_gateway.identity import Issuer
    from kembar_gateway.register.book import Register
    from kembar_gateway.registers import Registers
    from kembar_gateway.settings import Clock, GatewaySettings
    from kembar_shared.chassis.database import Connection

MOST_ITEMS: Final = 100
MOST_PER_ROUND: Final = 20
FIRST_WAIT_S: Final = 10
LONGEST_WAIT_S: Final = 3600
TIMEOUT: Final = httpx.Timeout(10, connect=3)
LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
RESULTS: Final = ("delivered", "failed")


def is_allowed(url: str, hosts: tuple[str, ...]) -> bool:
    """Say whether a webhook may go to *url*: its host is named, and the way there is encrypted."""
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, ValueError, UnicodeError):
        return False
    host = parsed.host
    is_safe = parsed.scheme == "https" or (parsed.scheme == "http" and host in LOOPBACK)
    return is_safe and not parsed.userinfo and any(fnmatchcase(host, glob) for glob in hosts)


def wait_s(failures: int) -> int:
    """Return for how long a receiver is left alone after so many failures one after another."""
    return min(LONGEST_WAIT_S, FIRST_WAIT_S << min(failures - 1, 20))


class Webhooks:
    """The timer and what it does; `counter` is shown with the gateway's metrics."""

    def __init__(
        self,
        engine: Engine,
        issuer: Issuer,
        registers: Registers,
        settings: GatewaySettings,
        *,
        clock: Clock,
    ) -> None:
        self._engine, self._issuer, self._clock = engine, issuer, clock
        self._registers, self._settings = registers, settings
        self._timer = BackgroundScheduler(timezone="UTC")
        self._stopping = threading.Event()
        self.counter = Counter(
            "kembar_webhook_attempts",
            "Attempts to deliver to webhooks by result.",
            ("result",),
            registry=None,
        )
        for result in RESULTS:
            self.counter.labels(result)

    @cached_property
    def _client(self) -> httpx.Client:
        """Made when it is needed: it reads every certificate authority this machine trusts."""
        return httpx.Client(timeout=TIMEOUT, trust_env=False, follow_redirects=False)

    def start(self) -> None:
        """Send now, and again every period; without hosts to send to there is nothing to do."""
        if not self._settings.webhook_hosts:
            return
        self._timer.add_job(
            self.send,
            "interval",
            seconds=self._settings.webhook_period_s,
            next_run_time=utc_now(),
            coalesce=True,
            max_instances=1,
            misfire_grace_time=None,
        )
        self._timer.start()

    def stop(self) -> None:
        """Let what is being sent end, and send no more."""
        self._stopping.set()
        if self._timer.running:
            self._timer.shutdown(wait=True)
        if "_client" in vars(self):
            self._client.close()

    def send(self) -> None:
        """Send everything that is due, unless another gateway does so in this period."""
        try:
            now = self._clock()
            slot = int(now.timestamp() // self._settings.webhook_period_s)
            with writing(self._engine) as conn:
                if not store.claim(conn, "webhooks", slot):
                    return
            with reading(self._engine) as conn:
                due = hooks.due(conn, now=now)
            for code in due:
                self._send_all(code)
        except (DatabaseUnavailable, KeysUnreadable) as error:
            structlog.get_logger().error("webhooks", reason=type(error).__name__)

    def _send_all(self, code: str) -> None:
        """Send to one webhook, in order, until it fails or there is nothing more."""
        register = self._registers.current()
        for _round in range(MOST_PER_ROUND):
            if self._stopping.is_set():
                return
            with writing(self._engine) as conn:
                hook = hooks.find(conn, code, lock=True)
                if hook is None or hook.disabled_at is not None:
                    return
                delivery = hooks.first_undelivered(conn, code) or self._made(conn, register, hook)
            if delivery is None:
                return
            status, reason = self._post(hook, delivery)
            self.counter.labels("delivered" if reason is None else "failed").inc()
            with writing(self._engine) as conn:
                self._note(conn, hook, delivery, status, reason)
            if reason is not None:
                return

    def _made(self, conn: Connection, register: Register, hook: Hook) -> Delivery | None:
        """Make the next delivery out of the feed; from then on it is what it is."""
        areas = {i.code: i.jurisdictions for i in register.indicators_of(hook.cooperation)}
        found, last = feed.read(
            conn,
            after=hook.cursor,
            limit=MOST_ITEMS,
            cooperations=[hook.cooperation],
            areas=areas,
        )
        if last != hook.cursor:
            hooks.change(conn, hook.code, cursor=last)
        if not found:
            return None
        number, now = hooks.next_number(conn, hook.code), self._clock()
        body = {
            "webhook": hook.code,
            "delivery": number,
            "cooperation": hook.cooperation,
            "items": [feed.shown(told, hook.cooperation) for told in found],
        }
        text = json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        delivery = Delivery(hook.code, number, text, now)
        hooks.add_delivery(conn, delivery)
        return delivery

    def _post(self, hook: Hook, delivery: Delivery) -> tuple[int | None, str | None]:
        """Send once; return the receiver's status, and why it failed if it did."""
        if not is_allowed(hook.url, self._settings.webhook_hosts):
            return None, "host-not-allowed"
        body = delivery.body.encode()
        headers = {
            "Content-Type": "application/json",
            "Kembar-Delivery": f"{delivery.webhook}/{delivery.number}",
            "Kembar-Signature": self._issuer.sign_webhook(body, now=self._clock()),
        }
        try:
            # Only the status is of interest: a long answer is not read.
            with self._client.stream("POST", hook.url, content=body, headers=headers) as answer:
                status = answer.status_code
        except httpx.TimeoutException:
            return None, "too-slow"
        except (httpx.HTTPError, httpx.InvalidURL):
            return None, "unreachable"
        return status, None if answer.is_success else f"status-{status}"

    def _note(
        self,
        conn: Connection,
        hook: Hook,
        delivery: Delivery,
        status: int | None,
        reason: str | None,
    ) -> None:
        now: datetime = self._clock()
        hooks.note_attempt(conn, delivery, at=now, status=status, reason=reason)
        if reason is None:
            hooks.change(conn, hook.code, failures=0, next_attempt_at=None)
            return
        failures = hook.failures + 1
        later = now + timedelta(seconds=wait_s(failures))
        hooks.change(conn, hook.code, failures=failures, next_attempt_at=later)
