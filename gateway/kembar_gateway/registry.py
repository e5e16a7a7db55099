"""Read-only routes of the register: who cooperates, what was agreed, how it is judged."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol, TypeVar

from fastapi import APIRouter, Request, Response

from kembar_gateway.profile import Part, Party
from kembar_gateway.register import Register, RegisterDep
from kembar_shared.chassis import caching, pages
from kembar_shared.chassis.auth import CallerDep, needs
from kembar_shared.chassis.pages import Page
from kembar_shared.chassis.verifying import Caller

router = APIRouter(tags=["register"])

Entry = dict[str, Any]  # Any: an entry's members differ from kind to kind


class RegisterPage(Page[Entry]):
    """Entries of the register, each fact with its sources and status."""


@router.get("/v1/cooperations", response_model=RegisterPage)
@needs("outcomes:read")
def list_cooperations(request: Request, register: RegisterDep, caller: CallerDep) -> Response:
    """List the cooperations that the caller takes part in."""
    return _answer(request, register, register.joined_by(caller))


@router.get("/v1/parties", response_model=RegisterPage)
@needs("outcomes:read")
def list_parties(request: Request, register: RegisterDep, caller: CallerDep) -> Response:
    """List the cities, agencies and institutes of the caller's cooperations."""
    return _answer(request, register, _parties(register, caller))


@router.get("/v1/agreements", response_model=RegisterPage)
@needs("outcomes:read")
def list_agreements(request: Request, register: RegisterDep, caller: CallerDep) -> Response:
    """List what was signed, with the scopes of each agreement."""
    return _answer(request, register, _joined(register, caller, register.profile.agreements))


@router.get("/v1/focus-areas", response_model=RegisterPage)
@needs("outcomes:read")
def list_focus_areas(request: Request, register: RegisterDep, caller: CallerDep) -> Response:
    """List the fields that the cooperations are narrowed to."""
    return _answer(request, register, _joined(register, caller, register.profile.focus_areas))


@router.get("/v1/programmes", response_model=RegisterPage)
@needs("outcomes:read")
def list_programmes(request: Request, register: RegisterDep, caller: CallerDep) -> Response:
    """List the programmes, with every date and statement that a source gives."""
    return _answer(request, register, _joined(register, caller, register.profile.programmes))


@router.get("/v1/indicators", response_model=RegisterPage)
@needs("outcomes:read")
def list_indicators(request: Request, register: RegisterDep, caller: CallerDep) -> Response:
    """List the indicators with baseline and targets, or the reason why there are none."""
    return _answer(request, register, _joined(register, caller, register.profile.indicators))


def _answer(request: Request, register: Register, parts: Iterable[Part]) -> Response:
    items = [register.public(part) for part in parts]
    return caching.json_response(request, pages.page(items, None))


class _OfCooperation(Protocol):
    @property
    def cooperation(self) -> str: ...


_Kind = TypeVar("_Kind", bound=_OfCooperation)


def _joined(register: Register, caller: Caller, entries: Iterable[_Kind]) -> list[_Kind]:
    """Keep the entries of cooperations that the caller may know of."""
    codes = {cooperation.code for cooperation in register.joined_by(caller)}
    return [entry for entry in entries if entry.cooperation in codes]


def _parties(register: Register, caller: Caller) -> list[Party]:
    named = {code for joined in register.joined_by(caller) for code in joined.parties}
    for programme in _joined(register, caller, register.profile.programmes):
        named.update(programme.partners)
        if programme.owner is not None:
            named.add(programme.owner)
    return [party for party in register.profile.parties if party.code in named]
