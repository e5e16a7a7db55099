"""What `kembar up` prints once everything runs: addresses, and lines to copy and paste."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Final

from kembar_client import messages
from kembar_client.installation import SERVICES

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from kembar_client.installation import Installation

# Secrets are read from the credentials file when a line runs, so that none is ever printed.
_CLIENT: Final = (
    'import json,sys; c=json.load(open(sys.argv[1]))["clients"][sys.argv[2]];'
    ' print(c["client_id"]+":"+c["client_secret"])'
)
_TOKEN: Final = 'import json,sys; print(json.load(sys.stdin)["access_token"])'  # noqa: S105
_STATION: Final = (
    '{"code": "RIVER-01", "name": "A first station", "kind": "river", "latitude": -6.93,'
    ' "longitude": 107.66, "timezone": "Asia/Jakarta", "origin": "synthetic"}'
)


def authorised(url: str, credentials: Path, role: str, request: str) -> str:
    """Return a line for bash that gets a token as *role* and sends *request* with it."""
    client = f"$(python3 -c {shlex.quote(_CLIENT)} {shlex.quote(str(credentials))} {role})"
    token = (
        f'$(curl -sS -u "{client}" -d grant_type=client_credentials {url}/oauth/token'
        f" | python3 -c {shlex.quote(_TOKEN)})"
    )
    return f'curl -sS -H "Authorization: Bearer {token}" {request}'


def addresses(installation: Installation, language: str) -> str:
    """Return the text that tells where everything is."""
    gateway = installation.url_of("gateway")

    def say(key: str, **values: object) -> str:
        return messages.say(f"up.{key}", language, **values)

    places = {
        say("dashboard"): f"{gateway}/",
        say("documentation", service="gateway"): f"{gateway}/docs",
        **{
            say("documentation", service=name): f"{installation.url_of(name)}/docs"
            for name in SERVICES
        },
        say("credentials"): str(installation.credentials),
        say("logs"): str(installation.var / "logs"),
    }
    told = (f"  {name}: {place}" for name, place in places.items())
    return "\n".join(["", say("ready"), "", *told, ""])


def introduction(
    installation: Installation,
    language: str,
    *,
    period: str,
    station: str | None,
    now: datetime,
) -> str:
    """Return the text that tells where everything is and gives three lines to try.

    Args:
        installation: What runs.
        language: Of the text.
        period: The period whose outcomes the first line asks for.
        station: A water station to which the second line uploads; None when there is none yet.
        now: The instant of the measurement in the second line.
    """
    gateway = installation.url_of("gateway")

    def say(key: str, **values: object) -> str:
        return messages.say(f"up.{key}", language, **values)

    if station is None:
        second = (
            "try-station",
            "operator",
            (
                f"-H 'Content-Type: application/json' -d {shlex.quote(_STATION)}"
                f" {gateway}/water/v1/stations"
            ),
        )
    else:
        second = (
            "try-upload",
            "field-agent",
            (
                "-H 'Content-Type: text/csv' --data-binary $'station,parameter,time,value,unit\\n"
                f"{station},temp,{now:%Y-%m-%dT%H:%M:%SZ},21.5,degC\\n' {gateway}/water/v1/uploads"
            ),
        )
    tries = (
        ("try-outcomes", "partner", f"'{gateway}/v1/outcomes?period={period}'"),
        second,
        ("try-metrics", "scraper", f"{gateway}/metrics"),
    )
    return "\n".join(
        [
            addresses(installation, language),
            say("try"),
            *(
                f"\n# {say(key, period=period)}\n"
                f"{authorised(gateway, installation.credentials, role, request)}"
                for key, role, request in tries
            ),
            "",
        ]
    )
