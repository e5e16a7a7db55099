"""Small uploads stored together: each an upload of its own, all in one transaction.

Only what is new is stored here. An upload that turns out to be anything else is left to the
columnar path, which tells new from unchanged, corrected and superseded.
"""

from __future__ import annotations

from functools import lru_cache, partial
from itertools import chain
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from kembar_shared.chassis import audit, idempotency
from kembar_shared.measurement.periods import Period, instant_of_us
from kembar_shared.measurement.store import acts, events, feed, newest, summing, sums
from kembar_shared.measurement.store.known import Known, Label, NoSeries, hold
from kembar_shared.measurement.store.rows import insert, matching, unanswered, write
from kembar_shared.measurement.store.tables import CHANGE, MEASUREMENT, UPLOAD
from kembar_shared.measurement.vocabulary import Flag

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from kembar_shared.chassis.database import Connection

_FLAGGED: Final = frozenset({Flag.SUSPECT, Flag.FAIL})
_STORED: Final = (
    "series_id", "time_us", "value", "upload_id", "line", "revision", "span", "flag",
)  # fmt: skip
_UPLOAD: Final = tuple(column.name for column in UPLOAD.columns)
_BUCKET: Final = {
    "series_id": "integer", "grain": "smallint", "first_day": "integer",
    "start_us": "bigint", "end_us": "bigint",
}  # fmt: skip

Identity = tuple[int, int]
"""Series and instant."""


class Row(NamedTuple):
    """One measurement whose value is in its parameter's own unit."""

    line: int
    station: str
    parameter: str
    time_us: int
    value: float
    span: int
    flag: int


class Post(NamedTuple):
    """One small upload.

    Attributes:
        client: Who sends it.
        key: Its `Idempotency-Key`.
        fingerprint: What distinguishes it from another under the same key.
        sha256: Digest of its body.
        size_bytes: Bytes of its body.
        code: Name of its receipt.
        request_id: Of the request that brought it.
        rows: At least one; no two of the same identity.
    """

    client: str
    key: str | None
    fingerprint: str
    sha256: str
    size_bytes: int
    code: str
    rows: tuple[Row, ...]
    request_id: str | None = None

    @property
    def labels(self) -> list[Label]:
        """Station and parameter of each row."""
        return [row[1:3] for row in self.rows]


class Occupied(Exception):
    """Some measurements are not new; nothing may be kept of the transaction."""

    def __init__(self, identities: set[Identity]) -> None:
        super().__init__()
        self.identities = identities


class _Placed(NamedTuple):
    post: Post
    series: list[tuple[int, str]]
    """Number and time zone of each row's series."""


class Stored(NamedTuple):
    """What became of small uploads.

    Attributes:
        receipts: The receipt of each, with `recorded_at`; None where it was left.
        last: Place of the newest event among them.
    """

    receipts: list[dict[str, Any] | None]
    last: feed.Place | None


def store(
    conn: Connection,
    posts: Sequence[Post],
    *,
    operation: str,
    known: Known,
    occupied: Collection[Identity] = (),
    unknown: Collection[Label] = (),
) -> Stored:
    """Store each of *posts* that only adds measurements to series that are there.

    Args:
        conn: A writing transaction.
        posts: Small uploads, in the order in which they came.
        operation: What their keys are for.
        known: What is known; more is noted.
        occupied: Measurements that are known to be there.
        unknown: Series that cannot be made.

    Raises:
        NoSeries: Some series have to be made first.
        Occupied: Some measurements are there already.
        Outdated: Called again, it finds what there is now.
    """
    used = idempotency.known(conn, operation, {(p.client, p.key) for p in posts if p.key})
    fresh = _fresh(posts, used)
    labels = {label for post in fresh for label in post.labels}
    known.learn(conn, labels)
    if absent := labels.difference(known.series, unknown):
        raise NoSeries(absent)
    placed = _placed(fresh, known.series, occupied)
    placed = [p for p in placed if known.has_room(conn, {row.time_us for row in p.post.rows})]
    if not placed:
        return Stored([None] * len(posts), None)
    wanted = {label for each in placed for label in each.post.labels}
    with unanswered(conn):
        held = hold(conn, wanted)
        added = feed.add(conn, events.UPLOADED, [each.post.client for each in placed])
    known.compare(wanted, held)
    places = added.places()
    receipts = [_receipt(each.post, at.id) for each, at in zip(placed, places, strict=True)]
    measured = [
        (series_id, row.time_us, row.value, at.id, row.line, 1, row.span, row.flag)
        for each, at in zip(placed, places, strict=True)
        for row, (series_id, _) in zip(each.post.rows, each.series, strict=True)
    ]
    answers = [(p.client, p.key, p.fingerprint, p.code) for p, _ in placed if p.key is not None]
    with unanswered(conn):
        idempotency.remember_all(conn, operation, answers, 201)
        insert(conn, UPLOAD, _UPLOAD, [tuple(receipt.values()) for receipt in receipts])
        tail = "ON CONFLICT (series_id, time_us) DO NOTHING"
        written = insert(conn, MEASUREMENT, _STORED, measured, tail=tail)
        names = ("series_id", "event_id", "first_us", "last_us", "n")
        insert(conn, CHANGE, names, _changes(measured))
        _renew_sums(conn, placed)
        newest.advance(conn, _STORED, _newest(measured))
    if written.count < len(measured):
        raise Occupied(_found(conn, measured, {receipt["id"] for receipt in receipts}))
    acted = [
        acts.of_receipt(receipt, each.post.request_id)
        for receipt, each in zip(receipts, placed, strict=True)
    ]
    audit.append(conn, list(chain.from_iterable(acted)))
    kept = {
        receipt["code"]: receipt | {"recorded_at": at.at}
        for receipt, at in zip(receipts, places, strict=True)
    }
    return Stored([kept.get(post.code) for post in posts], places[-1])


def _fresh(posts: Iterable[Post], used: set[tuple[str, str]]) -> list[Post]:
    """Return the posts whose keys were not used before; of several with one key, the first."""
    fresh = []
    for post in posts:
        if post.key is not None:
            if (post.client, post.key) in used:
                continue
            used.add((post.client, post.key))
        fresh.append(post)
    return fresh


def _placed(
    posts: Sequence[Post],
    series: Mapping[Label, tuple[int, str]],
    occupied: Collection[Identity],
) -> list[_Placed]:
    """Return the posts that can be stored together."""
    taken, placed = set(occupied), []
    for post in posts:
        if any(label not in series for label in set(post.labels)):
            continue
        of = [series[label] for label in post.labels]
        identities = {(s, row.time_us) for (s, _), row in zip(of, post.rows, strict=True)}
        if not taken.isdisjoint(identities):
            continue
        taken |= identities
        placed.append(_Placed(post, of))
    return placed


def _receipt(post: Post, event: int) -> dict[str, Any]:
    times = [row.time_us for row in post.rows]
    count = len(times)
    receipt = {
        "id": event,
        "code": post.code,
        "client": post.client,
        "sha256": post.sha256,
        "size_bytes": post.size_bytes,
        "stored": True,
        "received": count,
        "inserted": count, "unchanged": 0, "corrected": 0, "rejected": 0,
        "flagged": sum(row.flag in _FLAGGED for row in post.rows),
        "first_time_us": min(times),
        "last_time_us": max(times),
    }  # fmt: skip
    return {name: receipt[name] for name in _UPLOAD}


def _found(conn: Connection, measured: Sequence[tuple[Any, ...]], own: set[int]) -> set[Identity]:
    """Return which measurements came with none of the uploads *own*."""
    rows = matching(
        conn,
        """
        SELECT m.series_id, m.time_us, m.upload_id FROM w
        JOIN measurement m ON m.series_id = w.series_id AND m.time_us = w.time_us
        """,
        {"series_id": "integer", "time_us": "bigint"},
        [(row[0], row[1]) for row in measured],
    ).rows()
    return {(series_id, time_us) for series_id, time_us, upload in rows if upload not in own}


def _changes(measured: Iterable[tuple[Any, ...]]) -> list[tuple[int, int, int, int, int]]:
    """Return between which instants each upload brought values of each series."""
    times: dict[tuple[int, int], list[int]] = {}
    for row in measured:
        times.setdefault((row[0], row[3]), []).append(row[1])
    return [(*key, min(each), max(each), len(each)) for key, each in times.items()]


def _renew_sums(conn: Connection, placed: Iterable[_Placed]) -> None:
    """Compute the sums anew of every bucket that a value which counts came into."""
    touched = {
        (series_id, *_bucket(row.time_us, row.span, zone))
        for post, series in placed
        for row, (series_id, zone) in zip(post.rows, series, strict=True)
        if row.flag in sums.COUNTED
    }
    if not touched:
        return
    buckets = sorted(touched)
    within = "m.time_us >= %s AND m.time_us < %s"
    bounds = (min(bucket[3] for bucket in buckets), max(bucket[4] for bucket in buckets))
    for statement in (summing.plain, summing.odd):
        write(conn, partial(statement, conn, within=within), _BUCKET, buckets, more=bounds)


@lru_cache(maxsize=4096)
def _bucket(time_us: int, span: int, zone: str) -> tuple[int, int, int, int]:
    """Return grain, first day and bounds of the local day, month or year a value stands in."""
    local = instant_of_us(time_us).astimezone(ZoneInfo(zone)).date()
    grain = 0 if span > 0 else 1 if span == -1 else 2
    first = Period.of(local, sums.GRAINS[grain]).first
    first_day = first.year * 10_000 + first.month * 100 + first.day
    return grain, first_day, *sums.bounds_us(first_day, grain, zone)


def _newest(measured: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Return the newest row of each series that can be its newest value."""
    found: dict[int, tuple[Any, ...]] = {}
    for row in measured:
        known = found.get(row[0])
        if row[7] not in newest.UNSEEN and (known is None or row[1] > known[1]):
            found[row[0]] = row
    return list(found.values())
