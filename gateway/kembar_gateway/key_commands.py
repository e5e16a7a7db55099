"""The commands `kembar-gateway keys list | rotate | withdraw`."""

from __future__ import annotations

import argparse
import math
import sys
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, cast

from kembar_gateway import keyring
from kembar_gateway.identity import OWN_CLIENT
from kembar_gateway.keyring import KeysUnreadable, UnknownKey
from kembar_shared.chassis import audit
from kembar_shared.chassis.cli import NOT_CURRENT
from kembar_shared.chassis.database import serving, writing
from kembar_shared.chassis.problems import DatabaseUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from kembar_gateway.settings import GatewaySettings
    from kembar_shared.chassis.settings import Settings

AFTER_S: Final = 30
"""Three times what a service may take to learn of a new key."""


def add(commands: Any) -> None:  # Any: argparse keeps the type to itself
    """Add the commands to those of the gateway."""
    keys = commands.add_parser("keys", help="list, rotate and withdraw the keys that sign tokens")
    tasks = keys.add_subparsers(dest="task", required=True)
    tasks.add_parser("list", help="list the keys").set_defaults(action=_told(_list))
    rotate = tasks.add_parser("rotate", help="begin a new key, and let the old one end")
    rotate.add_argument(
        "--after-s",
        type=_seconds,
        default=AFTER_S,
        help="seconds for which it is published before it signs (default: %(default)s)",
    )
    rotate.set_defaults(action=_told(_rotate))
    # One id in 64 begins with a hyphen, and is no option for that.
    withdraw = tasks.add_parser(
        "withdraw",
        help="end a key that leaked, and every token it signed",
        prefix_chars="+",
        add_help=False,
    )
    withdraw.add_argument("kid", help="the key's id")
    withdraw.set_defaults(action=_told(_withdraw))


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 <= seconds <= 86_400:
        raise ValueError(text)
    return seconds


def _told(
    task: Callable[[argparse.Namespace, GatewaySettings], None],
) -> Callable[[argparse.Namespace, Settings], int]:
    """Return *task* as a command: what it cannot do is a sentence, and exit code 1 or 3."""

    def run(arguments: argparse.Namespace, settings: Settings) -> int:
        try:
            task(arguments, cast("GatewaySettings", settings))
        except UnknownKey as error:
            sys.stderr.write(f"gateway: there is no key {error}\n")
            return 1
        except KeysUnreadable as error:
            sys.stderr.write(f"gateway: {error}\n")
            return 1
        except DatabaseUnavailable:
            sys.stderr.write("gateway: done, but the audit trail could not be told: no database\n")
            return NOT_CURRENT
        return 0

    return run


def _list(_: argparse.Namespace, settings: GatewaySettings) -> None:
    now = time.time()
    ring = keyring.read_ring(settings.keys_file)
    for each in ring.published(now):
        does = "published"
        if each.key is ring.signing(now):
            does = "signs"
        elif each.signs_from > now:
            does = f"signs from {_instant(each.signs_from)}"
        until = "" if each.until == math.inf else f", until {_instant(each.until)}"
        sys.stdout.write(f"{each.key.kid}  {does}{until}\n")
    for former in ring.of_reports(now):
        at = former.get("revoked_at")
        ended = "" if at is None else f", withdrawn {_instant(at)}"
        sys.stdout.write(f"{former['kid']}  signed reports{ended}\n")


def _rotate(arguments: argparse.Namespace, settings: GatewaySettings) -> None:
    made = keyring.rotate(settings.keys_file, after_s=arguments.after_s, now=time.time())
    sys.stdout.write(f"{made}\n")
    _tell(settings, made, "made")


def _withdraw(arguments: argparse.Namespace, settings: GatewaySettings) -> None:
    keyring.withdraw(settings.keys_file, arguments.kid, now=time.time())
    _tell(settings, arguments.kid, "withdrawn")


def _tell(settings: GatewaySettings, kid: str, did: str) -> None:
    """Write into the audit trail what was done: after it, for a leak waits for no database."""
    engine = serving(settings)
    audit.Trail(engine, settings)
    try:
        with writing(engine) as conn:
            entry = audit.Entry(audit.KEY, OWN_CLIENT, kid, detail={did: "signing"})
            audit.append(conn, [entry])
    finally:
        engine.dispose()


def _instant(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
