"""Whether a trail is as it was written: what was edited, inserted, deleted or cut off."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from kembar_shared.chassis.audit.chain import ALARM, hash_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from kembar_shared.chassis.audit.chain import Head, Row
    from kembar_shared.chassis.audit.witness import Witness

EDITED: Final = "edited"
INSERTED: Final = "inserted"
DELETED: Final = "deleted"
CUT: Final = "cut"
ALARMED: Final = "alarm"
OTHER_KEY: Final = "other-key"
HEAD_MISSING: Final = "head-missing"
HEAD_ALTERED: Final = "head-altered"
WITNESS_ALTERED: Final = "witness-altered"
REPLACED: Final = "replaced"
KINDS: Final = (
    EDITED, INSERTED, DELETED, CUT, ALARMED, OTHER_KEY, HEAD_MISSING, HEAD_ALTERED,
    WITNESS_ALTERED, REPLACED,
)  # fmt: skip

_MOST_SHOWN: Final = 100


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is not as it was written.

    Attributes:
        kind: One of `KINDS`.
        first: Number of the first entry it concerns.
        last: Number of the last.
        source: What says so: a place, where it is not the trail itself.
    """

    kind: str
    first: int
    last: int
    source: str = ""


@dataclass(slots=True)
class Report:
    """What was found.

    Attributes:
        entries: How many entries there are.
        witnesses: How many heads outside the database the trail was compared with.
        faults: The first of what is wrong.
        more: How much more is wrong.
    """

    entries: int = 0
    witnesses: int = 0
    faults: list[Fault] = field(default_factory=list)
    more: int = 0

    def add(self, kind: str, first: int, last: int | None = None, source: str = "") -> None:
        """Note that something is wrong."""
        if len(self.faults) < _MOST_SHOWN:
            self.faults.append(Fault(kind, first, first if last is None else last, source))
        else:
            self.more += 1


def verify(
    key: bytes, rows: Iterable[Row], head: Head | None, witnesses: Sequence[Witness]
) -> Report:
    """Compare a trail with its own hashes, with its head and with what others know of it.

    A trail may be longer than a witness knows, never shorter, and never other at that place.

    Args:
        key: The key it was written with.
        rows: Every entry, in the order of the numbers.
        head: The head beside them.
        witnesses: Heads that lie elsewhere.
    """
    report = Report(witnesses=len(witnesses))
    known = _signed(report, key, witnesses)
    signed = head if head is not None and head.is_signed_by(key) else None
    seq, last, verified = 0, "", 0
    for row, following in _pairs(rows):
        if type(row.seq) is not int:
            # SQLite keeps whatever is put there.
            report.add(INSERTED, seq + 1)
            continue
        if row.seq > seq + 1:
            # What it follows is gone, so nothing says whether it is as it was.
            report.add(DELETED, seq + 1, row.seq - 1)
        elif _follows(key, last, row):
            verified += 1
        else:
            report.add(_wrong(key, last, row, following), row.seq)
        _compare(report, row, signed, known.pop(row.seq, ()))
        seq, last = row.seq, row.hash
        report.entries += 1
    if report.entries and not verified and signed is None:
        return Report(report.entries, len(witnesses), [Fault(OTHER_KEY, 1, seq)])
    _end(report, seq, head, known, is_signed=signed is not None)
    return report


def _end(
    report: Report,
    seq: int,
    head: Head | None,
    known: dict[int, list[Witness]],
    *,
    is_signed: bool,
) -> None:
    """Look at what should come after the last entry."""
    if head is None:
        report.add(HEAD_MISSING, seq)
    elif not is_signed:
        report.add(HEAD_ALTERED, head.seq)
    elif head.seq > seq:
        report.add(CUT, seq + 1, head.seq)
    for at in sorted(known):
        if at > seq:
            for each in known[at]:
                report.add(CUT, seq + 1, at, each.source)


def _signed(report: Report, key: bytes, witnesses: Sequence[Witness]) -> dict[int, list[Witness]]:
    """Return the witnesses whose word counts, by the number they speak of."""
    known: dict[int, list[Witness]] = defaultdict(list)
    for each in witnesses:
        if each.head is None or not each.head.is_signed_by(key):
            report.add(WITNESS_ALTERED, each.head.seq if each.head else 0, source=each.source)
        elif each.head.seq:
            known[each.head.seq].append(each)
    return known


def _compare(report: Report, row: Row, head: Head | None, witnesses: Iterable[Witness]) -> None:
    """Compare an entry with what it says itself, with the head and with those who knew it."""
    if row.action == ALARM:
        report.add(ALARMED, row.seq)
    if head is not None and row.seq > head.seq:
        report.add(INSERTED, row.seq)
    if head is not None and row.seq == head.seq and row.hash != head.hash:
        report.add(REPLACED, row.seq, source="audit_head")
    for each in witnesses:
        if each.head is not None and each.head.hash != row.hash:
            report.add(REPLACED, row.seq, source=each.source)


def _wrong(key: bytes, last: str, row: Row, following: Row | None) -> str:
    """Say what was done to an entry that does not follow the one before it.

    Where the entry after it does, once it is counted back by one, this one was put in between.
    """
    if following is not None:
        moved = following._replace(seq=row.seq)
        if _follows(key, last, moved):
            return INSERTED
    return EDITED


def _follows(key: bytes, last: str, row: Row) -> bool:
    """Say whether an entry's hash is its own, after *last*."""
    try:
        return hash_of(key, last, row) == row.hash
    except TypeError:  # something that no entry holds
        return False


def _pairs(rows: Iterable[Row]) -> Iterator[tuple[Row, Row | None]]:
    """Yield each entry with the one after it."""
    held: Row | None = None
    for row in rows:
        if held is not None:
            yield held, row
        held = row
    if held is not None:
        yield held, None
