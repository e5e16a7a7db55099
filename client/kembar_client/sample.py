"""Load the sample that comes with the client, through the public API alone.

Loading it again adds nothing: stations already there are left as they are, and each file goes out
under an idempotency key made of its content.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Final

from kembar_client.api import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from kembar_client.api import Api, Json

CONFLICT: Final = 409


@dataclass(frozen=True, slots=True)
class Upload:
    """A file of the sample and the service it goes to."""

    service: str
    file: Path
    query: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Sample:
    """Stations by service, and the files with their measurements."""

    stations: Mapping[str, Sequence[Json]]
    uploads: Sequence[Upload]

    @property
    def steps(self) -> int:
        """How many requests loading takes."""
        return sum(map(len, self.stations.values())) + len(self.uploads)


def read(folder: Path) -> Sample:
    """Read the sample's two lists from *folder*."""
    stations = json.loads((folder / "stations.json").read_text("utf-8"))
    uploads = json.loads((folder / "uploads.json").read_text("utf-8"))
    return Sample(
        {entry["service"]: entry["stations"] for entry in stations},
        [Upload(entry["service"], folder / entry["file"], entry["query"]) for entry in uploads],
    )


def installed() -> Sample:
    """Read the sample that comes with the client."""
    with resources.as_file(resources.files("kembar_client") / "sample_data") as folder:
        return read(folder)


def key_of(file: Path, query: Mapping[str, str]) -> str:
    """Return the idempotency key of *file* sent with the declarations *query*: both, hashed."""
    with file.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256")
    digest.update(json.dumps(sorted(query.items())).encode())
    return f"file-{digest.hexdigest()}"


def load(
    sample: Sample, operator: Api, agent: Api, *, advance: Callable[[], None] = lambda: None
) -> list[Json]:
    """Register the stations of *sample*, upload its files and return their receipts.

    Args:
        sample: What to load.
        operator: May write stations.
        agent: May upload measurements.
        advance: Called after each of the `sample.steps`.
    """
    for service, stations in sample.stations.items():
        for station in stations:
            _register(operator, service, station)
            advance()
    receipts = []
    for upload in sample.uploads:
        key = key_of(upload.file, upload.query)
        receipt = agent.upload(upload.service, upload.file, key=key, query=upload.query)
        receipts.append({**receipt, "file": upload.file.name})
        advance()
    return receipts


def _register(operator: Api, service: str, station: Json) -> None:
    try:
        operator.post(f"/{service}/v1/stations", station)
    except Refused as refused:
        # It is there already; what an operator changed about it since stays changed.
        if refused.problem.get("status") != CONFLICT:
            raise
