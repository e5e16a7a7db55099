"""What the gateway itself, and everybody who asks it, holds of revocations."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Final, cast

import structlog
from apscheduler.schedulers.background import BackgroundScheduler
from fastapi import Depends, Request

from kembar_gateway import store
from kembar_shared.chassis.database import reading
from kembar_shared.chassis.problems import DatabaseUnavailable
from kembar_shared.chassis.revocations import digest_of

if TYPE_CHECKING:
    from kembar_gateway.identity import Issuer
    from kembar_gateway.settings import Clock, GatewaySettings
    from kembar_shared.chassis.database import Engine

KEPT: Final = timedelta(hours=2)
"""Longer than any token lives, whatever the clocks and settings of before."""


class Revoking:
    """Brings what the store says of revoked clients into the list that the issuer publishes."""

    def __init__(
        self, engine: Engine, issuer: Issuer, settings: GatewaySettings, *, clock: Clock
    ) -> None:
        self._engine, self._issuer, self._clock = engine, issuer, clock
        # Another gateway's change waits for us, and then for the services' polls.
        self._period_s = settings.revocations_poll_s / 2
        self._timer = BackgroundScheduler(timezone="UTC")
        self._refreshing = threading.Lock()

    def start(self) -> None:
        """Read the list before anybody is answered, and again every period.

        Raises:
            DatabaseUnavailable: Nobody knows who may be answered.
        """
        self._read()
        self._timer.add_job(
            self.refresh,
            "interval",
            seconds=self._period_s,
            coalesce=True,
            max_instances=1,
            misfire_grace_time=None,
        )
        self._timer.start()

    def stop(self) -> None:
        """Read it no more."""
        if self._timer.running:
            self._timer.shutdown(wait=True)

    def refresh(self) -> None:
        """Read the list now; while the database is away, the last one counts."""
        try:
            self._read()
        except DatabaseUnavailable as error:
            structlog.get_logger().warning("revocations", reason=error.slug)

    def _read(self) -> None:
        # Of two at once the later reads later: an older list never replaces a newer one.
        with self._refreshing:
            with reading(self._engine) as conn:
                found = store.revoked_since(conn, self._clock() - KEPT)
            self._issuer.revoked = {digest_of(client): least for client, least in found.items()}


async def _revoking(request: Request) -> Revoking:
    return cast("Revoking", request.app.state.revoking)


RevokingDep = Annotated[Revoking, Depends(_revoking)]
