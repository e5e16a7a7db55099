"""The commands `kembar-gateway keys list | rotate | withdraw`."""

from __future__ import annotations

import argparse
import math
import sys
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, cast

from kembar_gateway import keyring
from kembar_gateway.keyring import KeysUnreadable, UnknownKey

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
    withdraw = tasks.add_parser("withdraw", help="end a key that leaked, and every token it signed")
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
    """Return *task* as a command: what it cannot do is a sentence and exit code 1."""

    def run(arguments: argparse.Namespace, settings: Settings) -> int:
        try:
            task(arguments, cast("GatewaySettings", settings))
        except UnknownKey as error:
            sys.stderr.write(f"gateway: there is no key {error}\n")
            return 1
        except KeysUnreadable as error:
            sys.stderr.write(f"gateway: {error}\n")
            return 1
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


def _rotate(arguments: argparse.Namespace, settings: GatewaySettings) -> None:
    made = keyring.rotate(settings.keys_file, after_s=arguments.after_s, now=time.time())
    sys.stdout.write(f"{made}\n")


def _withdraw(arguments: argparse.Namespace, settings: GatewaySettings) -> None:
    keyring.withdraw(settings.keys_file, arguments.kid, now=time.time())


def _instant(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
