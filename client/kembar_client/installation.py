"""Where everything of one `kembar up` lies, and what each of its processes is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from kembar_client.supervisor import Program

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SERVICES: Final = ("waste", "water", "air")
PROCESSES: Final = ("gateway", *SERVICES)
"""In the order of their ports."""

PULL_PERIOD_S: Final = "10"


@dataclass(frozen=True)
class Installation:
    """One gateway with its three services on this machine.

    An operator's own `KEMBAR_*` variables win over what is made up here.
    """

    port: int
    var: Path
    database: str
    environment: Mapping[str, str]

    def environment_of(self, name: str) -> dict[str, str]:
        """Return the whole environment of the process *name*."""
        made = self._of_gateway() if name == "gateway" else self._of_service(name)
        prefixed = {f"KEMBAR_{name.upper()}_{key}": value for key, value in made.items()}
        return {**prefixed, **self.environment}

    def port_of(self, name: str) -> int:
        """Return the port of the process *name*."""
        made = self.port + PROCESSES.index(name)
        return int(self.environment.get(f"KEMBAR_{name.upper()}_PORT", made))

    def url_of(self, name: str) -> str:
        """Return the address of the process *name* on this machine."""
        return f"http://127.0.0.1:{self.port_of(name)}"

    @property
    def issuer(self) -> str:
        """Who signs the tokens that every process accepts."""
        return self.environment.get("KEMBAR_GATEWAY_ISSUER", self.url_of("gateway"))

    @property
    def credentials(self) -> Path:
        """The file in which the gateway leaves the first clients' secrets."""
        return self.var / "credentials.json"

    def log_of(self, name: str) -> Path:
        """Return the file that the process *name* writes its log to."""
        return self.var / "logs" / f"{name}.log"

    def program(self, name: str, task: str, *arguments: str) -> Program:
        """Return how *task* (`serve`, `migrate`) of the process *name* is run."""
        command = ("-m", f"kembar_{name}", task, *arguments)
        return Program(name, command, self.environment_of(name), self.log_of(name))

    def database_of(self, name: str) -> str:
        """Return the URL of the database of the process *name*."""
        if self.database == "sqlite":
            return f"sqlite:///{self.var}/{name}.sqlite"
        return urlsplit(self.database)._replace(path=f"/kembar_{name}").geturl()

    def place_of(self, name: str) -> str:
        """Return where the process *name* keeps its data, as host and port or as a file."""
        url = urlsplit(self.environment_of(name)[f"KEMBAR_{name.upper()}_DATABASE_URL"])
        return url.netloc.rpartition("@")[2] or url.path[1:]

    def _of_service(self, name: str) -> dict[str, str]:
        return {
            "HOST": "127.0.0.1",
            "PORT": str(self.port_of(name)),
            "DATABASE_URL": self.database_of(name),
            "ISSUER": self.issuer,
            "JWKS_URL": f"{self.url_of('gateway')}/.well-known/jwks.json",
            "AUDIT_KEY_FILE": str(self.var / f"{name}.audit.key"),
            "JWKS_FILE": str(self.var / f"{name}.jwks.json"),
        }

    def _of_gateway(self) -> dict[str, str]:
        pull_s = self.environment.get("KEMBAR_GATEWAY_PULL_PERIOD_S", PULL_PERIOD_S)
        return {
            **self._of_service("gateway"),
            **{f"{name.upper()}_URL": self.url_of(name) for name in SERVICES},
            "KEYS_FILE": str(self.var / "keys.json"),
            "CREDENTIALS_FILE": str(self.credentials),
            "PUBLIC_OUTCOMES": "true",
            "PULL_PERIOD_S": pull_s,
            "STALE_AFTER_S": _tripled(pull_s),
        }


def _tripled(seconds: str) -> str:
    """Return three times *seconds*; what is no number is left for the gateway to refuse."""
    try:
        return f"{3 * float(seconds):g}"
    except ValueError:
        return seconds
