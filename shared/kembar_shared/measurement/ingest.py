"""Receiving an upload: read, check, then store rows and receipt in one transaction."""

from __future__ import annotations

import uuid
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, BinaryIO, Final, Literal

import polars as pl

from kembar_shared.chassis import audit, idempotency
from kembar_shared.chassis.database import cut_log, is_sqlite, reading, writing
from kembar_shared.chassis.problems import DatabaseUnavailable
from kembar_shared.measurement import store, uploads
from kembar_shared.measurement.vocabulary import Flag

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kembar_shared.chassis.database import Connection, Engine
    from kembar_shared.chassis.verifying import Caller
    from kembar_shared.measurement.catalogue import Catalogue

OPERATION: Final = "POST /v1/uploads"

_LARGE_BYTES: Final = 8 << 20

_PATIENCE_MS: Final = 200
"""How long an upload waits for readers before it does without partitions of its own."""


@dataclass(frozen=True, slots=True)
class File:
    """A body as received.

    Attributes:
        content: Its bytes, unpacked.
        size_bytes: How many they are.
        sha256: Their digest, in hexadecimal digits.
        media_type: One of `uploads.MEDIA_TYPES`.
    """

    content: BinaryIO
    size_bytes: int
    sha256: str
    media_type: str


@dataclass(frozen=True, slots=True)
class Terms:
    """How the sender wants the file treated.

    Attributes:
        declared: How its cells are to be read.
        mode: Keep the valid rows, or all rows or none.
        dry_run: Check only; nothing is kept.
        reinstate: A value that was replaced before may count again.
        key: The `Idempotency-Key`.
    """

    declared: uploads.Declaration
    mode: Literal["accept-valid", "all-or-nothing"] = "accept-valid"
    dry_run: bool = False
    reinstate: bool = False
    key: str | None = None

    @property
    def is_keyed(self) -> bool:
        """Whether the answer is remembered; a trial is no first time."""
        return self.key is not None and not self.dry_run

    def fingerprint(self, file: File) -> str:
        """Return what distinguishes this request from another under the same key."""
        declared = self.declared
        return "|".join(
            (file.sha256, file.media_type, self.mode, str(self.reinstate), str(declared.timezone),
             declared.decimal, declared.dates, declared.layout, declared.sheet or "")
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Received:
    """What became of an upload.

    Attributes:
        receipt: The stored receipt; of a dry run, what it would have been.
        errors: Failing cells (columns of the rejections).
        is_replayed: The same request was received before; this is its first receipt.
    """

    receipt: dict[str, Any]
    errors: pl.DataFrame
    is_replayed: bool = False


@dataclass(frozen=True, slots=True)
class _Rows:
    """Checked rows, those of a series together and by time, ready for `store.writing`."""

    frame: pl.DataFrame
    zones: Mapping[int, str]


class _DryRunEnds(Exception):
    """Takes back what a dry run wrote."""

    def __init__(self, received: Received) -> None:
        super().__init__()
        self.received = received


def receive(
    engine: Engine, catalogue: Catalogue, *, caller: Caller, file: File, terms: Terms
) -> Received:
    """Store what can be read of *file* and account for every row of it.

    Raises:
        IdempotencyConflict: The key was used for another request.
        DatabaseUnavailable: Nothing was kept; the same request may be sent again.
    """
    if terms.is_keyed:
        with reading(engine) as conn:
            if (first := _replay(conn, caller, file, terms)) is not None:
                return first
    checked = _check(engine, catalogue, caller=caller, file=file, terms=terms)
    rows = _identified(engine, checked)
    try:
        with writing(engine, is_large=is_large(file)) as conn:
            if terms.is_keyed and (first := _replay(conn, caller, file, terms)) is not None:
                return first
            received = _store(conn, checked, rows, caller=caller, file=file, terms=terms)
            _end_dry_run(received, terms)
    except _DryRunEnds as ended:
        return ended.received
    return received


def is_large(file: File) -> bool:
    """Say whether SQLite's log grows long from *file*, and wants to be cut after the answer."""
    return file.size_bytes > _LARGE_BYTES


def tidy(engine: Engine) -> None:
    """Cut SQLite's log; what was committed stays so, whatever becomes of it."""
    with suppress(DatabaseUnavailable):
        cut_log(engine)


def _check(
    engine: Engine, catalogue: Catalogue, *, caller: Caller, file: File, terms: Terms
) -> uploads.Checked:
    with reading(engine) as conn:
        stations = store.stations.frame(conn, caller.sees)
    declared = terms.declared

    def raws(lines: pl.Series) -> pl.DataFrame:
        return uploads.raws(file.content, file.media_type, declared, lines)

    try:
        tables = uploads.read(file.content, file.media_type, declared)
        now = datetime.now(UTC)
        return uploads.check(tables, catalogue, stations, declared, now=now, raws=raws)
    except uploads.FileRefused as refusal:
        return uploads.Checked.of_refusal(refusal)


def _identified(engine: Engine, checked: uploads.Checked) -> _Rows | None:
    """Give each row the number of its series; series and partitions that lack are made.

    They are made in a transaction of their own: one that holds nothing yet says nothing.
    """
    if checked.identities is None or checked.good.is_empty():
        return None
    spelled = checked.identities.spelled(checked.good["key"].unique())
    with reading(engine) as conn:
        found = store.series.find(conn, spelled)
        partitions = []
        if not is_sqlite(conn):
            days = store.partitions.days_of(checked.good["time_us"])
            partitions = store.partitions.missing(conn, days)
    absent = found.filter(pl.col("series_id").is_null())
    if partitions:
        # Where a reader is in the way, a job makes them later; the rows are kept all the same.
        with suppress(DatabaseUnavailable), writing(engine) as conn:
            store.partitions.make(conn, partitions, patience_ms=_PATIENCE_MS)
    if not absent.is_empty():
        with writing(engine) as conn:
            store.series.make(conn, absent)
            found = store.series.find(conn, spelled)
    zones = dict(found.select("series_id", "timezone").rows())
    # The keys have served their turn: nothing holds on to them.
    series = checked.good.drop_in_place("key").replace_strict(
        found["key"], found["series_id"], return_dtype=pl.Int32
    )
    return _Rows(checked.good.with_columns(series.alias("series_id")), zones)


def _end_dry_run(received: Received, terms: Terms) -> None:
    """Take back what was written when it was only to be tried."""
    if terms.dry_run:
        raise _DryRunEnds(received)


def _replay(conn: Connection, caller: Caller, file: File, terms: Terms) -> Received | None:
    key, fingerprint = terms.key or "", terms.fingerprint(file)
    remembered = idempotency.recall(conn, caller.client, OPERATION, key, fingerprint)
    if remembered is None:
        return None
    receipt = store.events.upload(conn, remembered.body)
    return None if receipt is None else Received(dict(receipt), _NO_ERRORS, is_replayed=True)


def _store(
    conn: Connection,
    checked: uploads.Checked,
    rows: _Rows | None,
    *,
    caller: Caller,
    file: File,
    terms: Terms,
) -> Received:
    """Write the rows, where the terms allow it, the receipt and the rejections."""
    event = store.events.begin(conn, store.events.UPLOADED, caller.client)
    receipt: dict[str, Any] = {
        "id": event,
        "code": uuid.uuid4().hex,
        "client": caller.client,
        "sha256": file.sha256,
        "size_bytes": file.size_bytes,
        "stored": False,
        "received": checked.received,
        "inserted": 0, "unchanged": 0, "corrected": 0, "rejected": checked.received, "flagged": 0,
        "first_time_us": checked.good["time_us"].min(),
        "last_time_us": checked.good["time_us"].max(),
    }  # fmt: skip
    errors = checked.errors
    if rows is not None:
        counts, errors = _apply(conn, event, checked, rows, terms)
        receipt |= counts
    store.events.keep_upload(conn, receipt)
    store.events.keep_rejections(conn, event, errors)
    # A refused file is not remembered: sent again, after its cause is mended, it is read again.
    if terms.is_keyed and receipt["stored"]:
        idempotency.remember(
            conn, caller.client, OPERATION, terms.key or "", terms.fingerprint(file), 201,
            receipt["code"],
        )  # fmt: skip
    at = store.events.end(conn, event)
    audit.append(conn, store.acts.of_receipt(receipt))
    return Received(receipt | {"recorded_at": at}, errors)


def _apply(
    conn: Connection, event: int, checked: uploads.Checked, rows: _Rows, terms: Terms
) -> tuple[dict[str, Any], pl.DataFrame]:
    store.series.hold(conn, sorted(rows.zones))
    has_factors = checked.identities is not None and checked.identities.catalogue.has_factors
    staged = store.staging.stage(conn, rows.frame, rows.zones, has_factors=has_factors)
    found, errors = dict(staged.counts), checked.errors
    if terms.reinstate and found["superseded"]:
        store.staging.reinstate(conn)
        found["changed"] += found.pop("superseded")
        found["superseded"] = 0
    for status, code, expected in _NOT_TAKEN:
        if found[status]:
            those = store.staging.classed(conn, status)
            late = rows.frame.join(those, on=["series_id", "time_us"], how="semi")
            refused = checked.refused(late, code, expected)
            errors = pl.concat([errors, refused]).sort("line", maintain_order=True)
    rejected = checked.rejected + found["superseded"] + found["beaten"]
    if terms.mode == "all-or-nothing" and rejected:
        return {}, errors
    counts = {
        "inserted": found["new"],
        "corrected": found["changed"],
        "unchanged": found["same"] + checked.duplicates,
        "rejected": rejected,
        "stored": rejected < checked.received,
    }
    return counts | {"flagged": store.writing.apply(conn, event, staged, rows.zones)}, errors


_NOT_TAKEN: Final = (
    ("superseded", "superseded-value", "reinstate=true"),
    ("beaten", "weighed-value", f"flag={int(Flag.FAIL)}"),
)
"""Status of rows that what is stored forbids to take, the code it is told by, and the remedy."""

_NO_ERRORS: Final = pl.DataFrame(schema=uploads.ERRORS_SCHEMA | {"raw": pl.String})
