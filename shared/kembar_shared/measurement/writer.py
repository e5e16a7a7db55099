"""Small uploads are stored by one thread: all that wait share one transaction.

A commit takes as long for one upload as for twenty, so each group's commit gathers the next.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from kembar_shared.chassis import logs
from kembar_shared.chassis.database import writing
from kembar_shared.chassis.problems import DatabaseUnavailable
from kembar_shared.measurement import ingest, small
from kembar_shared.measurement.store import posts

if TYPE_CHECKING:
    from kembar_shared.chassis.auth import Caller
    from kembar_shared.chassis.database import Engine
    from kembar_shared.measurement.catalogue import Catalogue
    from kembar_shared.measurement.ingest import File, Terms
    from kembar_shared.measurement.periods import Period

_MOST_POSTS: Final = 64
"""Uploads of one transaction; with more, the first would wait too long for the last."""

_Receipt = dict[str, Any] | None


class _Waiting(NamedTuple):
    post: posts.Post
    answer: asyncio.Future[_Receipt]


class Writer:
    """Takes small uploads and answers each once it is durable; all of it on one event loop."""

    def __init__(self, engine: Engine, catalogue: Catalogue) -> None:
        """Begin nothing yet.

        Args:
            engine: The service's database.
            catalogue: What the service measures.
        """
        self._engine = engine
        self._reader = small.Reader(catalogue)
        self._cadences = {p.code: p.cadence or p.period for p in catalogue.parameters}
        self._rooms: set[Period] = set()
        self._thread = ThreadPoolExecutor(1, "writer")
        self._waiting: list[_Waiting] = []
        self._work: asyncio.Task[None] | None = None

    async def stop(self) -> None:
        """Answer what waits; the thread ends."""
        if self._work is not None:
            await self._work
        self._thread.shutdown()

    async def store(self, caller: Caller, file: File, terms: Terms) -> _Receipt:
        """Store an upload that is small, plain and new; return None, and do nothing, else.

        Raises:
            DatabaseUnavailable: Nothing was kept; the same request may be sent again.
        """
        post = self._reader.read(caller, file, terms, now=datetime.now(UTC))
        if post is None:
            return None
        answer: asyncio.Future[_Receipt] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(post, answer))
        if self._work is None or self._work.done():
            # It begins once everything that has come in by now is read.
            self._work = asyncio.create_task(self._run())
        return await answer

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            group = self._waiting[:_MOST_POSTS]
            del self._waiting[:_MOST_POSTS]
            try:
                receipts = await loop.run_in_executor(
                    self._thread, self._store, [each.post for each in group]
                )
            except DatabaseUnavailable as error:
                # Who came meanwhile has waited as long, and would wait as long again.
                _refuse([*group, *self._waiting], error)
                self._waiting.clear()
            except Exception as error:  # noqa: BLE001  the edge: logged, and each is tried alone
                logs.fault("writer", error)
                _answer(group, [None] * len(group))
            else:
                _answer(group, receipts)

    def _store(self, group: list[posts.Post]) -> list[_Receipt]:
        occupied: set[posts.Identity] = set()
        made: set[posts.Label] = set()
        while True:
            try:
                with writing(self._engine) as conn:
                    return posts.store(
                        conn,
                        group,
                        operation=ingest.OPERATION,
                        occupied=occupied,
                        unknown=made,
                        rooms=self._rooms,
                    )
            except posts.NoSeries as error:
                # In a transaction of their own: one that holds nothing yet says nothing.
                made |= error.labels
                with writing(self._engine) as conn:
                    cadences = {(s, p): self._cadences[p] for s, p in error.labels}
                    posts.make_series(conn, cadences)
            except posts.Occupied as error:
                if error.identities <= occupied:
                    raise
                occupied |= error.identities


def _answer(group: list[_Waiting], receipts: list[_Receipt]) -> None:
    for each, receipt in zip(group, receipts, strict=True):
        if not each.answer.done():  # else who asked has gone
            each.answer.set_result(receipt)


def _refuse(group: list[_Waiting], error: DatabaseUnavailable) -> None:
    for each in group:
        if not each.answer.done():
            # One exception for each: each is raised in a task of its own.
            own = DatabaseUnavailable()
            own.__cause__ = error.__cause__
            each.answer.set_exception(own)
