"""Receiving an upload: read, check, then store rows and receipt in one transaction."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Literal
from zoneinfo import ZoneInfo

import polars as pl

from kembar_shared.chassis import idempotency
from kembar_shared.chassis.database import reading, writing
from kembar_shared.measurement import periods, store, uploads
from kembar_shared.measurement.vocabulary import Grain

if TYPE_CHECKING:
    from kembar_shared.chassis.auth import Caller
    from kembar_shared.chassis.database import Connection, Engine
    from kembar_shared.measurement.catalogue import Catalogue

_OPERATION: Final = "POST /v1/uploads"
_GRAINS: Final = (Grain.DAY, Grain.MONTH, Grain.YEAR)


@dataclass(frozen=True, slots=True)
class File:
    """A body as received.

    Attributes:
        content: Its bytes.
        sha256: Their digest, in hexadecimal digits.
        media_type: `text/csv` or `application/json`.
    """

    content: bytes
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

    def fingerprint(self, file: File) -> str:
        """Return what distinguishes this request from another under the same key."""
        declared = self.declared
        return "|".join(
            (file.sha256, file.media_type, self.mode, str(self.reinstate), str(declared.timezone),
             declared.decimal, declared.dates)
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
    if terms.key is not None:
        with reading(engine) as conn:
            if (first := _replay(conn, caller, file, terms)) is not None:
                return first
    now = datetime.now(UTC)
    with reading(engine) as conn:
        stations = store.stations.frame(conn, caller.sees)
    try:
        table = uploads.read(file.content, file.media_type, terms.declared)
        checked = uploads.check(table, catalogue, stations, terms.declared, now=now)
    except uploads.FileRefused as refusal:
        checked = uploads.Checked.of_refusal(refusal)
    try:
        with writing(engine) as conn:
            if terms.key is not None and (first := _replay(conn, caller, file, terms)) is not None:
                return first
            received = _store(conn, checked, caller=caller, file=file, terms=terms, now=now)
            _end_dry_run(received, terms)
    except _DryRunEnds as ended:
        return ended.received
    return received


def _end_dry_run(received: Received, terms: Terms) -> None:
    """Take back what was written when it was only to be tried."""
    if terms.dry_run:
        raise _DryRunEnds(received)


def _replay(conn: Connection, caller: Caller, file: File, terms: Terms) -> Received | None:
    key, fingerprint = terms.key or "", terms.fingerprint(file)
    remembered = idempotency.recall(conn, caller.client, _OPERATION, key, fingerprint)
    if remembered is None:
        return None
    receipt = store.reading.upload(conn, remembered.body)
    return None if receipt is None else Received(dict(receipt), _NO_ERRORS, is_replayed=True)


def _store(
    conn: Connection,
    checked: uploads.Checked,
    *,
    caller: Caller,
    file: File,
    terms: Terms,
    now: datetime,
) -> Received:
    """Write the receipt, the rejections and, where the terms allow it, the rows."""
    receipt: dict[str, Any] = {
        "code": uuid.uuid4().hex,
        "client": caller.client,
        "received_at": now,
        "sha256": file.sha256,
        "size_bytes": len(file.content),
        "stored": False,
        "received": checked.received,
        "inserted": 0, "unchanged": 0, "corrected": 0, "rejected": checked.received, "flagged": 0,
        "first_time_us": checked.good["time_us"].min(),
        "last_time_us": checked.good["time_us"].max(),
    }  # fmt: skip
    upload_id = store.writing.keep_upload(conn, receipt)
    errors = checked.errors
    if not checked.good.is_empty():
        counts, errors = _apply(conn, upload_id, checked, terms)
        receipt |= counts
        if counts:
            store.writing.recount(conn, upload_id, counts)
    store.writing.keep_rejections(conn, upload_id, errors)
    # A refused file is not remembered: sent again, after its cause is mended, it is read again.
    if terms.key is not None and receipt["stored"]:
        idempotency.remember(
            conn, caller.client, _OPERATION, terms.key, terms.fingerprint(file), 201,
            receipt["code"],
        )  # fmt: skip
    return Received(receipt | {"id": upload_id}, errors)


def _apply(
    conn: Connection, upload_id: int, checked: uploads.Checked, terms: Terms
) -> tuple[dict[str, Any], pl.DataFrame]:
    rows = _local_days(store.writing.series_of(conn, checked.good))
    found = store.writing.stage(conn, rows, _buckets(rows))
    errors = checked.errors
    if terms.reinstate:
        store.writing.reinstate(conn)
        found["changed"] = found.get("changed", 0) + found.pop("superseded", 0)
    elif found.get("superseded"):
        lines = store.writing.superseded_lines(conn)
        errors = pl.concat([errors, checked.refused(lines, "superseded-value")]).sort(
            "line", maintain_order=True
        )
    rejected = checked.rejected + found.get("superseded", 0)
    if terms.mode == "all-or-nothing" and rejected:
        return {}, errors
    counts = {
        "inserted": found.get("new", 0),
        "corrected": found.get("changed", 0),
        "unchanged": found.get("same", 0) + checked.duplicates,
        "rejected": rejected,
    }
    is_stored = counts["rejected"] < checked.received
    return counts | {"stored": is_stored, "flagged": store.writing.apply(conn, upload_id)}, errors


def _local_days(rows: pl.DataFrame) -> pl.DataFrame:
    """Add `local_day`, the date of each row in its station's zone."""
    instant = pl.from_epoch("time_us", time_unit="us").dt.replace_time_zone("UTC")
    parts = [
        part.with_columns(local_day=instant.dt.convert_time_zone(part["timezone"][0]).dt.date())
        for part in rows.partition_by("timezone")
    ]
    return pl.concat(parts).sort("series_id", "time_us")


def _buckets(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the local days, months and years the rows lie in, with their bounds in UTC."""
    days = rows.select("series_id", "timezone", "local_day").unique()
    found = []
    for code, grain in enumerate(_GRAINS):
        first = pl.col("local_day").dt.truncate({0: "1d", 1: "1mo", 2: "1y"}[code])
        of_grain = days.select("series_id", "timezone", first=first).unique()
        bounds = of_grain.select("timezone", "first").unique().rows()
        table = pl.DataFrame(
            [(zone, day, *_bounds_us(day, grain, zone)) for zone, day in bounds],
            schema=["timezone", "first", "start_us", "end_us"],
            orient="row",
        )
        found.append(
            of_grain.join(table, on=["timezone", "first"]).select(
                "series_id",
                "start_us",
                "end_us",
                grain=pl.lit(code, pl.Int8),
                first_day=pl.col("first").dt.strftime("%Y%m%d").cast(pl.Int32),
            )
        )
    return pl.concat(found)


def _bounds_us(day: Any, grain: Grain, zone: str) -> tuple[int, int]:
    period = periods.Period(day, grain)
    return (
        periods.local_midnight_us(period.first, ZoneInfo(zone)),
        periods.local_midnight_us(period.following, ZoneInfo(zone)),
    )


_NO_ERRORS: Final = pl.DataFrame(schema=uploads.ERRORS_SCHEMA | {"raw": pl.String})
