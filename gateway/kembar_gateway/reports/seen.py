"""Which reports a caller may know of."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from kembar_gateway.reports import store
from kembar_shared.chassis.problems import NotFound

if TYPE_CHECKING:
    from kembar_gateway.register.book import Register
    from kembar_gateway.reports.store import Known
    from kembar_shared.chassis.database import Connection
    from kembar_shared.chassis.verifying import Caller

READERS: Final = frozenset({"outcomes:read", "reports:publish", "register:write"})
"""Who may see a report that is not published yet."""

_CODE = re.compile(r"[a-z0-9][a-z0-9._-]{0,150}")


def find(conn: Connection, register: Register, caller: Caller | None, code: str) -> Known:
    """Return a report that the caller may know of.

    Raises:
        NotFound: There is none.
    """
    known = store.find(conn, code) if _CODE.fullmatch(code) else None
    if known is None or known.cooperation not in joined(register, caller):
        raise NotFound
    if known.status != store.PUBLISHED and not reads_all(caller):
        raise NotFound
    return known


def joined(register: Register, caller: Caller | None) -> list[str]:
    """Return the cooperations whose reports a caller may know of: without a token, all."""
    if caller is None:
        return list(register.cooperations)
    return [cooperation.code for cooperation in register.joined_by(caller)]


def reads_all(caller: Caller | None) -> bool:
    """Say whether a caller may see reports that are not published yet."""
    return caller is not None and bool(READERS & caller.scopes)
