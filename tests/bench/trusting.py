"""A water service that trusts everybody: `python -m tests.bench.trusting serve`.

It verifies no token, limits nobody and keeps no audit trail; all else is Kembar's own. What it is
faster than the real one is what identity, limits and audit cost together.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from starlette.requests import Request

import kembar_water.__main__ as water
from kembar_shared.chassis import audit, auth
from kembar_shared.chassis.verifying import Caller

if TYPE_CHECKING:
    from kembar_shared.chassis.database import Connection

_ANYBODY = Caller("bench", frozenset({"measurements:write", "measurements:read", "stations:write"}))


async def _let_in(request: Request) -> None:
    request.state.caller = _ANYBODY


def _forget(_conn: Connection, _entries: Sequence[audit.Entry]) -> None:
    return


def main() -> None:
    """Serve, after taking out what is to be measured."""
    # The app is built later: it takes both from their modules.
    auth.admit = _let_in
    audit.append = _forget
    water.main()


if __name__ == "__main__":
    main()
