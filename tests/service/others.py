"""Asking for a station of another's, and for one that is not there."""

from __future__ import annotations

import re

OTHERS, ABSENT, OWN = "CPM-01", "CPM-99", "CPM-02"
NOT_THERE = "0" * 32
"""Code of no upload."""

STATION = {"name": "A place", "kind": "site", "latitude": -6.94, "longitude": 107.66,
           "timezone": "Asia/Jakarta", "origin": "synthetic"}  # fmt: skip
MEASURED = {
    "waste": ("sorted", "kg"),
    "water": ("bod", "mg/L"),
    "air": ("pm25", "µg/m³"),
}
"""A parameter of each service, and its unit."""

REVIEW = {"flag": 3, "reason": "Doubtful."}
_CHANGING = re.compile(r"[0-9a-f]{32}|[0-9a-f-]{36}|20\d\d-[0-9T:.-]+Z")


def row(name, station, value="8"):
    """Return a measurement as it is sent to the service of this name."""
    parameter, unit = MEASURED[name]
    return {"station": station, "parameter": parameter, "time": "2026-01-05T10:00:00+07:00",
            "value": value, "unit": unit}  # fmt: skip


def masked(answer):
    """Return what an answer says, but for the station's code and what no two answers share."""
    text = answer.text.replace(OTHERS, "…").replace(ABSENT, "…")
    return answer.status_code, _CHANGING.sub("…", text)
