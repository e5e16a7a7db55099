"""A year of hourly air values of fifty stations: indexed from scratch, and one hour later."""

from __future__ import annotations

import time
from typing import Final

import numpy as np
import polars as pl
from pydantic import SecretStr

from kembar_air.app import domain
from kembar_air.settings import AirSettings
from kembar_shared.chassis.database import connect, writing
from kembar_shared.measurement import store
from kembar_shared.measurement.indexing import Indices
from tests.bench import product
from tests.bench.ground import Ground
from tests.bench.results import Goal, Result
from tests.bench.workload import ZONE, Network

NETWORK: Final = Network(stations=50)
POLLUTANTS: Final = ("pm25", "pm10", "so2", "no2", "co", "o3")
MEANS: Final = (35.0, 60.0, 25.0, 40.0, 900.0, 60.0)
START: Final = "2023-01-01"
HOURS: Final = 365 * 24
UPLOADS: Final = 2
LATER: Final = 20
"""Hours that come one by one."""

FROM_SCRATCH_S, NEW_HOUR_MS = 60.0, 50.0


def run(ground: Ground) -> None:
    """Measure both on each database."""
    for database in ground.databases:
        # The service's own timer waits meanwhile: what it would do is what is measured.
        quiet = {"FIGURES_PERIOD_S": "86400"}
        with product.water(
            ground.gateway, database, ground.postgres_url,
            at_the_door=False, service="air", settings=quiet,
        ) as air:  # fmt: skip
            air.add_stations(NETWORK)
            step = HOURS // UPLOADS
            for first in range(0, HOURS, step):
                ground.say(f"a year of air, {database}, from hour {first} of {HOURS}")
                sent = air.send(hours(first, first + step))
                assert sent.receipt["inserted"] == step * NETWORK.stations * len(POLLUTANTS)
            _measure(ground, database, air)


def hours(first: int, following: int) -> bytes:
    """Return a CSV file of the hours from *first* on, of every station and pollutant."""
    count = following - first
    random = np.random.default_rng(first)
    shape = (count, NETWORK.stations, len(POLLUTANTS))
    amount = np.round(np.array(MEANS) * random.lognormal(-0.1, 0.5, shape), 1)
    hour, station, pollutant = (axis.ravel() for axis in np.indices(shape))
    at = np.datetime64(f"{START}T00", "us") + (hour + first).astype("timedelta64[h]")
    rows = pl.DataFrame(
        {
            "station": pl.Series(NETWORK.codes).gather(station),
            "parameter": pl.Series(POLLUTANTS).gather(pollutant),
            "time": pl.Series(at).dt.strftime("%Y-%m-%dT%H:%M:%S+07:00"),
            "value": amount.ravel(),
            "unit": pl.Series(["µg/m³"] * amount.size),
        }
    )
    return rows.write_csv().encode()


def _measure(ground: Ground, database: str, air: product.Water) -> None:
    assert ZONE == "Asia/Jakarta"
    engine = connect(SecretStr(air.database_url), timeout_s=600)
    try:
        scratch_s = []
        for number in range(ground.rounds):
            ground.say(f"indices, {database}, round {number + 1} of {ground.rounds}")
            with writing(engine) as conn:
                store.heads.adopt(conn, store.heads.JUDGEMENT, f"round {number}")
            indices = Indices(engine, domain(AirSettings()), rules=f"round {number}")
            scratch_s.append(_timed_s(indices))
        later_ms = []
        for hour in range(HOURS, HOURS + LATER):
            sent = air.send(hours(hour, hour + 1))
            assert sent.receipt["inserted"] == NETWORK.stations * len(POLLUTANTS)
            later_ms.append(_timed_s(indices) * 1000)
    finally:
        engine.dispose()
    rows = HOURS * NETWORK.stations * len(POLLUTANTS)
    ground.found(
        Result(
            "a year of 50 stations, 6 pollutants by the hour: every index from scratch", database,
            "s", scratch_s, rows, goals=[Goal("value", FROM_SCRATCH_S)],
        ),
        Result(
            "one new hour of all 50 stations: their indices", database, "ms", later_ms,
            goals=[Goal("value", NEW_HOUR_MS)],
        ),
    )  # fmt: skip


def _timed_s(indices: Indices) -> float:
    began = time.perf_counter()
    indices.renew()
    return time.perf_counter() - began
