"""Small uploads are stored by one thread: all that wait share one transaction.

A commit takes as long for one upload as for twenty, so each group's commit gathers the next.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from starlette.concurrency import run_in_threadpool

from kembar_shared.chassis import logs
from kembar_shared.chassis.database import writing
from kembar_shared.chassis.problems import DatabaseUnavailable
from kembar_shared.measurement import ingest, small
from kembar_shared.measurement.store import known, posts

if TYPE_CHECKING:
    from kembar_shared.chassis.database import Engine
    from kembar_shared.chassis.verifying import Caller
    from kembar_shared.measurement.catalogue import Catalogue
    from kembar_shared.measurement.ingest import File, Terms

_MOST_POSTS: Final = 64
"""Uploads of one transaction; with more, the first would wait too long for the last."""

_MOST_ROWS: Final = 4 * small.MOST_ROWS
"""Measurements of one transaction; SQLite takes 32,766 values in a statement, of eight a row."""

_AT_ONCE_BYTES: Final = 8 * 1024
"""Longer uploads are read by a thread of their own."""

_PATIENCE_S: Final = 0.001
"""How long a group waits to become as large as the last one, where that one was just stored."""

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
        self._known = known.Known()
        self._thread = ThreadPoolExecutor(1, "writer")
        self._waiting: list[_Waiting] = []
        self._work: asyncio.Task[None] | None = None
        self._is_enough = asyncio.Event()
        self._expected = 0
        self._ended = 0.0

    @property
    def waiting(self) -> int:
        """How many uploads wait for their transaction."""
        return len(self._waiting)

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
        read = partial(self._reader.read, caller, file, terms, now=datetime.now(UTC))
        # What takes longer would keep everybody else waiting.
        is_long = file.size_bytes > _AT_ONCE_BYTES
        post = await run_in_threadpool(read) if is_long else read()
        if post is None:
            return None
        answer: asyncio.Future[_Receipt] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(post, answer))
        if len(self._waiting) >= self._expected:
            self._is_enough.set()
        if self._work is None or self._work.done():
            # It begins once everything that has come in by now is read.
            self._work = asyncio.create_task(self._run())
        return await answer

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            await self._gathered()
            group = self._group()
            del self._waiting[: len(group)]
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
            self._expected, self._ended = len(group), loop.time()

    def _group(self) -> list[_Waiting]:
        """Return the first that wait, as many as one transaction takes."""
        rows = accumulate(len(each.post.rows) for each in self._waiting[:_MOST_POSTS])
        # However many rows the first one has, they are no more than one post may have.
        fitting = sum(count <= _MOST_ROWS for count in rows)
        return self._waiting[: max(1, fitting)]

    async def _gathered(self) -> None:
        """Let those who were just answered send their next: else the first goes all alone."""
        loop = asyncio.get_running_loop()
        is_soon = loop.time() < self._ended + _PATIENCE_S
        # The answers go out first.
        await asyncio.sleep(0)
        if is_soon and len(self._waiting) < self._expected:
            self._is_enough.clear()
            timer = loop.call_later(_PATIENCE_S, self._is_enough.set)
            await self._is_enough.wait()
            timer.cancel()

    def _store(self, group: list[posts.Post]) -> list[_Receipt]:
        occupied: set[posts.Identity] = set()
        made: set[known.Label] = set()
        while True:
            try:
                with writing(self._engine) as conn:
                    stored = posts.store(
                        conn,
                        group,
                        operation=ingest.OPERATION,
                        known=self._known,
                        occupied=occupied,
                        unknown=made,
                    )
            except known.Outdated:
                continue
            except known.NoSeries as error:
                # In a transaction of their own: one that holds nothing yet says nothing.
                made |= error.labels
                with writing(self._engine) as conn:
                    cadences = {(s, p): self._cadences[p] for s, p in error.labels}
                    known.make_series(conn, cadences)
            except posts.Occupied as error:
                if error.identities <= occupied:
                    raise
                occupied |= error.identities
            else:
                # Not before the commit.
                self._known.last = stored.last or self._known.last
                return stored.receipts


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
