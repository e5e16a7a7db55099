"""The register as it is stored now: filled on a first start, read anew only where it changed."""

from __future__ import annotations

import threading
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Final, cast

import structlog
from fastapi import Depends, Request

from kembar_gateway import announcements, entries, feed
from kembar_gateway.entries import Head, Writing
from kembar_gateway.register.book import Entered, Register
from kembar_gateway.register.checks import faults_of
from kembar_shared.chassis import audit
from kembar_shared.chassis.database import Connection, Engine, reading, writing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kembar_gateway.settings import Clock

PROFILE: Final = "profile"
"""Who has made the entries that a first start takes from the profile."""

_ITSELF: Final = "gateway"


class Registers:
    """Gives the register as it is now; whoever asks pays for one look at its newest number.

    Every gateway of one database sees a change with its next request, whoever made it.
    """

    def __init__(self, engine: Engine, profile: Register, *, clock: Clock) -> None:
        """Read nothing yet; *profile* is what an empty register is filled with."""
        self.engine = engine
        self._profile = profile
        self._clock = clock
        self._lock = threading.Lock()
        self._held: tuple[int, Register] = (0, Register(()))
        self._read: Mapping[int, Entered] = {}

    def now(self) -> datetime:
        """Return the instant at which something is entered now."""
        return self._clock()

    def fill(self) -> int:
        """Add the entries of the profile that never were; say how many.

        What was entered once is left as it is, whatever became of it since.

        Raises:
            DatabaseUnavailable: The database cannot be used.
        """
        with writing(self.engine) as conn:
            head = entries.head(conn, lock=True)
            known = entries.names_ever_used(conn)
            absent = [
                each
                for each in self._profile.entries
                if (each.kind, each.cooperation, each.code) not in known
            ]
            absent = _fitting(absent, self.within(conn, head))
            if absent:
                why = Writing(PROFILE, "The profile of the first start.", self.now())
                added = entries.add(conn, head, absent, why)
                # What a first start fills is the beginning; what a release adds is a change.
                news = (each for made in added for each in announcements.of_change(None, made))
                feed.append(conn, [*news] if head.number else [], at=self.now())
                told = audit.Entry(audit.REGISTER, _ITSELF, PROFILE, n=len(absent))
                audit.append(conn, [told])
        return len(absent)

    def current(self) -> Register:
        """Return the register as it is now.

        Raises:
            DatabaseUnavailable: The database cannot be used.
        """
        with reading(self.engine) as conn:
            head = entries.head(conn)
            if head.number:
                return self.within(conn, head)
        self.fill()
        with reading(self.engine) as conn:
            return self.within(conn, entries.head(conn))

    def within(self, conn: Connection, head: Head) -> Register:
        """Return the register as the transaction that read *head* sees it."""
        number, register = self._held
        if number == head.number:
            return register
        found = entries.current(conn)
        with self._lock:
            # What was read once is not checked again: each version has a number of its own.
            read = {each.number: self._read.get(each.number) or each.entered() for each in found}
            register = Register(read.values())
            if head.number > self._held[0]:
                self._held, self._read = (head.number, register), read
        return register

    def as_of(self, conn: Connection, at: datetime) -> Register:
        """Return the register as it was at an instant."""
        return Register(each.entered() for each in entries.current(conn, as_of=at))


def _fitting(absent: list[Entered], stored: Register) -> list[Entered]:
    """Leave out what points at something that the stored register has no more."""
    together = Register((*stored.entries, *absent))
    fitting = []
    for each in absent:
        fault = next(faults_of(each, together), None)
        if fault is None:
            fitting.append(each)
        else:
            name = f"{each.kind}/{each.code}"
            structlog.get_logger().warning("profile", entry=name, place=fault.place)
    return fitting


def _registers_of(request: Request) -> Registers:
    return cast("Registers", request.app.state.registers)


def _register(request: Request) -> Register:
    return _registers_of(request).current()


async def _registers(request: Request) -> Registers:
    return _registers_of(request)


RegistersDep = Annotated[Registers, Depends(_registers)]
RegisterDep = Annotated[Register, Depends(_register)]
