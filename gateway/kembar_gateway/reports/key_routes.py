"""Routes of the keys by which partners countersign reports."""

from __future__ import annotations

from fastapi import Request, Response

from kembar_gateway.register.book import Register
from kembar_gateway.registers import RegisterDep
from kembar_gateway.reports import partner_keys, shown, store
from kembar_gateway.reports.shown import NewPartnerKey, PartnerKeys, PartnerKeyShown
from kembar_gateway.settings import NowDep
from kembar_gateway.store import EngineDep
from kembar_shared.chassis import audit, caching, database
from kembar_shared.chassis.auth import CallerDep, Router, needs
from kembar_shared.chassis.problems import NotFound
from kembar_shared.chassis.verifying import Caller

router = Router(prefix="/v1/partner-keys", tags=["reports"])


@router.post("", status_code=201, response_model=PartnerKeyShown)
@needs("clients:manage")
def register_partner_key(
    engine: EngineDep,
    register: RegisterDep,
    caller: CallerDep,
    now: NowDep,
    wanted: NewPartnerKey,
) -> Response:
    """Register the key by which a party countersigns, and the client that speaks for it.

    Compare the thumbprint with the party in another way first: this is what makes it theirs.
    """
    if wanted.cooperation not in _joined(register, caller):
        raise NotFound
    with database.writing(engine) as conn:
        key = partner_keys.register(
            conn,
            register,
            wanted.key.model_dump(),
            cooperation=wanted.cooperation,
            party=wanted.party,
            client=wanted.client,
            by=caller.client,
            now=now,
        )
        told = {"registered": "countersigning", "party": key.party, "client": key.client}
        audit.append(conn, [audit.Entry(audit.KEY, caller.client, key.kid, detail=told)])
    answer = caching.json_bytes(shown.partner_key(key))
    return Response(answer, 201, media_type="application/json")


@router.get("", response_model=PartnerKeys)
@needs("outcomes:read", "clients:manage")
def list_partner_keys(
    request: Request, engine: EngineDep, register: RegisterDep, caller: CallerDep
) -> Response:
    """List the registered keys of the caller's cooperations."""
    with database.reading(engine) as conn:
        keys = store.list_keys(conn, _joined(register, caller))
    shown_keys = [shown.partner_key(key) for key in keys]
    return caching.json_response(request, PartnerKeys(items=shown_keys))


@router.post("/{kid}/withdrawal", response_model=PartnerKeyShown)
@needs("clients:manage")
def withdraw_partner_key(
    engine: EngineDep, register: RegisterDep, caller: CallerDep, now: NowDep, kid: str
) -> Response:
    """Let a key sign nothing any more; every signature by it says since when."""
    if not shown.is_kid(kid):
        raise NotFound
    with database.writing(engine) as conn:
        key = partner_keys.withdraw(
            conn, kid, sees=lambda code: code in _joined(register, caller), now=now
        )
        told = {"withdrawn": "countersigning"}
        audit.append(conn, [audit.Entry(audit.KEY, caller.client, kid, detail=told)])
    return Response(caching.json_bytes(shown.partner_key(key)), media_type="application/json")


def _joined(register: Register, caller: Caller) -> list[str]:
    return [cooperation.code for cooperation in register.joined_by(caller)]
