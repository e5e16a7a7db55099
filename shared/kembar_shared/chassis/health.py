"""Whether the process lives, and whether it can serve."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import cast

from fastapi import Request

from kembar_shared.chassis.problems import NotReady, Problem

Checks = Mapping[str, Callable[[], bool]]


async def livez() -> dict[str, str]:
    """Say that the process answers."""
    return {"status": "live"}


def readyz(request: Request) -> dict[str, str]:
    """Say whether every check passes; 503 names those that fail."""
    checks = cast("Checks", request.app.state.checks)
    failing = [name for name, check in checks.items() if not _passes(check)]
    if failing:
        raise NotReady(failing=", ".join(failing), extra={"failing": failing})
    return {"status": "ready"}


def _passes(check: Callable[[], bool]) -> bool:
    try:
        return check()
    except Problem:
        return False
