"""The files of a report, and the archive of them: the same bytes whenever they are the same."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import zipfile
from typing import TYPE_CHECKING, Final

from kembar_gateway.reports import canonical, iati
from kembar_gateway.spreadsheet import cell

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kembar_gateway.reports.canonical import Json

REPORT: Final = "report.json"
INPUTS: Final = "inputs.json"
SIGNATURES: Final = "report.jws"
KEYS: Final = "keys.json"
TABLE: Final = "outcomes.csv"
ACTIVITIES: Final = "iati.xml"

COLUMNS: Final = (
    "cooperation", "focus_area", "indicator", "period", "value", "unit", "state", "coverage", "n",
    "expected", "months", "months_expected", "baseline", "baseline_year", "target", "target_year",
    "progress", "achievement", "origin", "methods", "rule", "numerator", "denominator",
    "target_period", "target_revision", "findings", "disruptions", "undisrupted_value",
    "undisrupted_state", "trend", "change",
)  # fmt: skip

_LISTS: Final = ("methods", "findings", "disruptions")
_EARLIEST: Final = (1980, 1, 1, 0, 0, 0)
_READABLE: Final = 0o100644 << 16
_UNIX: Final = 3


def files_of(document: Json, inputs: Json) -> dict[str, bytes]:
    """Return the files that a report names by their digests, by name.

    Args:
        document: The report, without the digests.
        inputs: What its outcomes are computed from.
    """
    files = {
        INPUTS: canonical.dumps(inputs),
        TABLE: table_of(document),
        ACTIVITIES: iati.activities_of(document),
    }
    return files | {
        f"README.{language}.txt": readme(document, language) for language in document["languages"]
    }


def digests_of(files: Mapping[str, bytes]) -> dict[str, Json]:
    """Return digest and length of each file."""
    return {
        name: {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
        for name, content in files.items()
    }


def table_of(document: Json) -> bytes:
    """Return the outcomes as CSV, safe to open in a spreadsheet; a missing number is empty."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for outcome in document["outcomes"]:
        shown = {**outcome, "cooperation": document["cooperation"]}
        shown |= {name: " ".join(outcome[name]) for name in _LISTS if name in outcome}
        rest, trend = outcome.get("undisrupted") or {}, outcome.get("trend") or {}
        shown |= {f"undisrupted_{name}": rest.get(name) for name in ("value", "state")}
        shown |= {"trend": trend.get("wording"), "change": trend.get("change")}
        writer.writerow([_spelled(shown.get(name)) for name in COLUMNS])
    return out.getvalue().encode()


def readme(document: Json, language: str) -> bytes:
    """Return what the archive is and how it is checked, in one language."""
    name, texts = document["register"]["cooperation"]["names"][language], document["texts"]
    missing = iati.left_out(document)
    lines = [
        texts["readme.title"][language].format(name=name, period=document["period"]),
        "",
        texts["readme.text"][language].format(code=document["code"]),
    ]
    if missing:
        left_out = texts["readme.left-out"][language].format(codes=", ".join(missing))
        lines += ["", left_out]
    return ("\n".join(lines) + "\n").encode()


def signatures_file(signatures: Sequence[Json]) -> bytes:
    """Return the signatures as one general JWS whose payload, `report.json`, is detached.

    Source: RFC 7515, section 7.2.1 and appendix F.
    """
    kept = [{"protected": s["protected"], "signature": s["signature"]} for s in signatures]
    return canonical.dumps({"signatures": kept})


def keys_file(keys: Sequence[Json]) -> bytes:
    """Return the public keys of the signatures as a JWK set."""
    return canonical.dumps({"keys": list(keys)})


def envelope(
    report: bytes, inputs: bytes, signatures: Sequence[Json], keys: Sequence[Json]
) -> bytes:
    """Return report, inputs, signatures and keys as one JSON document."""
    return canonical.dumps(
        {
            "report": json.loads(report),
            "inputs": json.loads(inputs),
            **json.loads(signatures_file(signatures)),
            "keys": list(keys),
        }
    )


def archive(files: Mapping[str, bytes]) -> bytes:
    """Return a ZIP of *files*: ordered by name, of one instant, stored as they are.

    A library of another release would compress to other bytes.
    """
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as packed:
        for name in sorted(files):
            member = zipfile.ZipInfo(name, _EARLIEST)
            member.external_attr, member.create_system = _READABLE, _UNIX
            packed.writestr(member, files[name])
    return out.getvalue()


def _spelled(value: object) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return canonical.spelled_number(value)
    return cell(value)
