"""Days, months and years are the station's, wherever the service runs (promise P8)."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.faults.devices import HEADER

HOSTS = (
    "America/Los_Angeles", "Pacific/Kiritimati", pytest.param("UTC", marks=pytest.mark.soak),
    pytest.param("Asia/Jakarta", marks=pytest.mark.soak),
)  # fmt: skip
ZONES = {"Asia/Jakarta": ("J-1", 7), "Asia/Tokyo": ("T-1", 9)}
# Local instants on both sides of local midnight: of a leap day, of a month's and of a year's end.
EDGES = (
    ("2024-02-28T23:59:59", 1), ("2024-02-29T00:00:00", 2), ("2024-02-29T23:59:59", 4),
    ("2024-03-01T00:00:00", 8), ("2024-12-31T23:59:59", 16), ("2025-01-01T00:00:00", 32),
    ("2025-02-28T23:59:59", 64), ("2025-03-01T00:00:00", 128),
)  # fmt: skip


def expected(grain):
    """Count the edges by the first characters of their local time, which is what a day is."""
    digits = {"day": 10, "month": 7, "year": 4}[grain]
    return Counter(local[:digits] for local, _ in EDGES)


@pytest.mark.parametrize("host", HOSTS)
def test_a_local_day_is_the_stations(start_water, sqlite_url, host):
    water = start_water(sqlite_url, TZ=host)
    for zone, (code, _) in ZONES.items():
        water.add_stations(code, timezone=zone)
    lines = [
        f"{code},bod,{local}+{offset:02}:00,{value},mg/L\n"
        for code, offset in ZONES.values()
        for local, value in EDGES
    ]
    with water.client() as client:
        answer = client.post(
            "/v1/uploads",
            content=HEADER + "".join(lines),
            headers={"Content-Type": "text/csv"},
        )
        assert answer.json()["inserted"] == len(lines)
        for code, _ in ZONES.values():
            for grain in ("day", "month", "year"):
                found = client.get("/v1/rollups", params={"station": code, "period": grain}).json()
                counts = {row["period"]: row["n"] for row in found["items"] if row["n"]}
                assert counts == expected(grain), (code, grain)
        local = client.get("/v1/measurements", params={"station": "T-1"}).json()["items"]
        assert [row["time_local"] for row in local] == [edge[0] for edge in EDGES]


@pytest.mark.parametrize(
    "time",
    ["2024-02-29T00:00:00", "2024-02-29", "2023-02-29T00:00:00Z", "2024-13-01T00:00:00Z",
     "2024-02-30T00:00:00+07:00", "2024-01-01T24:00:01Z", "01/02/2024", "24-01-01T00:00:00Z",
     "1949-12-31T00:00:00Z", "2999-01-01T00:00:00Z"],
)  # fmt: skip
def test_a_time_that_is_none_or_ambiguous_is_refused(water, time):
    with water.client() as client:
        answer = client.post(
            "/v1/uploads",
            content=f"{HEADER}D-1,bod,{time},3,mg/L\n",
            headers={"Content-Type": "text/csv"},
        )

        assert answer.status_code == 422
        assert client.get("/v1/measurements").json()["items"] == []
