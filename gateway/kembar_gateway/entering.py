"""Entering and changing what the register holds: checked, versioned, written to the trail."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from kembar_gateway import announcements, entries, feed
from kembar_gateway.asking import SeveralCooperations
from kembar_gateway.entries import Head, Version, Writing
from kembar_gateway.register.book import Entered, Register, may_know
from kembar_gateway.register.checks import Fault, faults_of
from kembar_gateway.register.interventions import Intervention
from kembar_gateway.register.judging import Indicator
from kembar_gateway.register.kinds import KINDS, Kind
from kembar_gateway.register.parts import Part
from kembar_gateway.register.timing import untimely
from kembar_gateway.registers import Registers
from kembar_shared.chassis import audit, caching, idempotency
from kembar_shared.chassis.database import Connection, reading, writing
from kembar_shared.chassis.messages import Messages, language_of
from kembar_shared.chassis.problems import Conflict, InvalidRequest, NotFound, TooLarge
from kembar_shared.chassis.verifying import Caller

MOST_BYTES: Final = 262_144
"""The largest entry, as it is stored."""

FIRST_REASON: Final = "First entered."

Found = TypeVar("Found")
Shown = dict[str, Any]  # Any: an entry's members differ from kind to kind


class EntryRefused(InvalidRequest):
    """An entry does not fit the others of its cooperation; `errors` names each place."""

    slug = "entry-refused"


class CodeTaken(Conflict):
    """The cooperation has an entry of this kind with this code."""

    slug = "code-taken"


@dataclass(frozen=True, slots=True)
class Desk:
    """Who writes into which register, in answer to which request."""

    request: Request
    registers: Registers
    caller: Caller


@dataclass(frozen=True, slots=True)
class Made:
    """A new entry as it is shown; `version` is None where an earlier answer is repeated."""

    shown: Shown
    version: Version | None


def create(desk: Desk, entered: Entered, key: str | None) -> Made:
    """Store a new entry, or tell what was answered to the same request before.

    Raises:
        EntryRefused: It does not fit the others of its cooperation.
        CodeTaken: There is one with its code.
    """
    operation, client = f"POST /v1/{entered.kind}", desk.caller.client
    fingerprint = hashlib.sha256(entries.spelled(entered.part).encode()).hexdigest()
    desk.registers.current()  # filled, where nothing has filled it yet
    with writing(desk.registers.engine) as conn:
        if key is not None:
            before = idempotency.recall(conn, client, operation, key, fingerprint)
            if before is not None:
                return Made(json.loads(before.body) | {"replayed": True}, None)
        head = entries.head(conn, lock=True)
        _check_new(desk, entered, desk.registers.within(conn, head))
        (made,) = entries.add(conn, head, [entered], _why(desk, FIRST_REASON))
        shown = show(made)
        if key is not None:
            body = caching.json_bytes(shown).decode()
            idempotency.remember(conn, client, operation, key, fingerprint, 201, body)
        feed.append(conn, [*announcements.of_change(None, made)], at=made.valid_from)
        audit.append(conn, [_told(made)])
    return Made(shown | {"replayed": False}, made)


def try_create(desk: Desk, entered: Entered) -> Made:
    """Say what `create` would store, and store nothing; what it raises is raised here too."""
    desk.registers.current()
    with reading(desk.registers.engine) as conn:
        head = entries.head(conn)
        _check_new(desk, entered, desk.registers.within(conn, head))
    (draft,) = entries.drafted(head, [entered], _why(desk, FIRST_REASON))
    return Made(show(draft) | {"replayed": False, "dry_run": True}, None)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A change as it is asked for: of which entry, what of it, and why."""

    kind: Kind
    code: str
    cooperations: Sequence[str]
    named: Shown
    reason: str


def change(desk: Desk, wanted: Wanted) -> Version:
    """Store the next version of an entry, where anything is changed; return the newest.

    Raises:
        NotFound: None of the cooperations has it.
        PreconditionFailed: It was changed since the caller read it.
        EntryRefused: What it becomes does not fit the others of its cooperation.
    """
    with writing(desk.registers.engine) as conn:
        head = entries.head(conn, lock=True)
        last, part = _becoming(desk, conn, head, wanted)
        if entries.spelled(part) != last.body:
            before, why = last, _why(desk, wanted.reason)
            last = entries.replace(conn, head, before, part, why)
            feed.append(conn, [*announcements.of_change(before, last)], at=last.valid_from)
            audit.append(conn, [_told(last)])
    return last


def try_change(desk: Desk, wanted: Wanted) -> Version:
    """Return what `change` would store, and store nothing; what it raises is raised here too."""
    with reading(desk.registers.engine) as conn:
        head = entries.head(conn)
        last, part = _becoming(desk, conn, head, wanted)
    if entries.spelled(part) == last.body:
        return last
    return entries.following(head, last, part, _why(desk, wanted.reason))


def _check_new(desk: Desk, entered: Entered, register: Register) -> None:
    _check(desk, entered, register)
    if register.knows(entered.cooperation, entered.kind, entered.code):
        raise CodeTaken


def _becoming(desk: Desk, conn: Connection, head: Head, wanted: Wanted) -> tuple[Version, Part]:
    """Return an entry's last version and what a change makes of it, if it may."""
    kind = wanted.kind
    last = one(entries.find(conn, kind.name, wanted.code, wanted.cooperations))
    caching.require_match(desk.request, etag(last))
    part = _changed(desk.request, kind, last, wanted.named)
    entered = Entered(kind.name, last.cooperation, last.code, part)
    _check(desk, entered, desk.registers.within(conn, head))
    return last, part


def _why(desk: Desk, reason: str) -> Writing:
    return Writing(desk.caller.client, reason, desk.registers.now())


def show(version: Version) -> Shown:
    """Return a version of an entry as it is shown: its members, what follows from them, whose."""
    body = version.members
    return {
        **body,
        **KINDS[version.kind].derived(body),
        "version": version.version,
        "changed_at": version.valid_from,
        "changed_by": version.changed_by,
        "reason": version.reason,
        "digest": version.digest,
    }


def etag(version: Version) -> str:
    """Return the entity tag of a version."""
    return f'"{version.digest[:32]}"'


def one(found: Sequence[Found]) -> Found:
    """Return the only one of those found in several cooperations.

    Raises:
        NotFound: There is none.
        SeveralCooperations: Several cooperations have one.
    """
    if not found:
        raise NotFound
    if len(found) > 1:
        raise SeveralCooperations
    return found[0]


def clean(code: str) -> str:
    """Return a code as a database can be asked for it.

    Raises:
        NotFound: No entry can have it.
    """
    if "\0" in code:
        raise NotFound
    return code


def _changed(request: Request, kind: Kind, last: Version, named: dict[str, Any]) -> Part:
    """Return the entry as it becomes; its code and its cooperation are for ever."""
    members = last.members
    fixed = ("code", "cooperation")
    faults = [
        Fault(name, "fixed-member")
        for name in fixed
        if name in named and named[name] != members.get(name, last.cooperation)
    ]
    _refuse(request, faults)
    if kind.name == "cooperations":
        named = {name: value for name, value in named.items() if name != "cooperation"}
    try:
        return kind.model.model_validate(members | named)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        places = [{**each, "loc": ("body", *each["loc"])} for each in found]
        raise RequestValidationError(places) from error


def _check(desk: Desk, entered: Entered, register: Register) -> None:
    """Let an entry in only where it fits the others of its cooperation."""
    if len(entries.spelled(entered.part).encode()) > MOST_BYTES:
        raise TooLarge(limit=MOST_BYTES)
    is_joined = may_know(desk.caller, entered.cooperation)
    if entered.kind == "cooperations":
        _refuse(desk.request, () if is_joined else [Fault("code", "not-yours")])
    elif not is_joined or entered.cooperation not in register.cooperations:
        _refuse(
            desk.request,
            [
                Fault(
                    "cooperation",
                    "unknown-reference",
                    {"kind": "cooperations", "code": entered.cooperation},
                )
            ],
        )
    _refuse(desk.request, faults_of(entered, register))
    if entered.kind != "cooperations":
        today = register.today(entered.cooperation, desk.registers.now())
        _refuse(desk.request, untimely(entered.part, today))
    _refuse(desk.request, _areas_of_others(desk.caller, entered, register))


def _areas_of_others(caller: Caller, entered: Entered, register: Register) -> Iterator[Fault]:
    """Find areas by whose figures a narrowed caller would look beyond its cooperations.

    Figures belong to areas, not to cooperations: who adds an area decides who may see it.
    """
    if caller.cooperations in {None, ("*",)}:
        return
    others = register.of(entered.cooperation, entered.kind, Part)
    indicators = register.of(entered.cooperation, "indicators", Indicator)
    known = {area for other in (*indicators, *others) for area in _areas(other).values()}
    for place, area in _areas(entered.part).items():
        if area not in known:
            yield Fault(place, "jurisdiction-not-yours")


def _areas(part: Part) -> dict[str, str]:
    """Return the areas whose figures an entry shows, each with its place."""
    if isinstance(part, Indicator) and part.fed_by == "service":
        return {f"jurisdictions.{number}": area for number, area in enumerate(part.jurisdictions)}
    if isinstance(part, Intervention):
        named = {"reach": part.reach, "control": part.control}
        return {place: area for place, area in named.items() if area is not None}
    return {}


def _refuse(request: Request, faults: Iterable[Fault]) -> None:
    """Refuse an entry with faults, each said at its place in the caller's language."""
    messages: Messages = request.app.state.messages
    language = language_of(request.headers.get("accept-language"))
    errors = [
        {
            "place": f"body.{fault.place}",
            "code": fault.code,
            "message": messages.say(f"invalid.{fault.code}.message", language, **fault.params),
        }
        for fault in faults
    ]
    if errors:
        raise EntryRefused(errors=errors[:100])


def _told(made: Version) -> audit.Entry:
    """Return what the trail keeps of a change."""
    detail = {"version": made.version, "digest": made.digest, "reason": made.reason}
    subject = f"{made.kind}/{made.cooperation}/{made.code}"
    return audit.Entry(audit.REGISTER, made.changed_by, subject, detail=detail)
