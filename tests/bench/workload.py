"""What is sent: measurements that are the same bytes every time, and what must become of them.

Row *i* of a network is the reading of one series at one step; its value is a hash of *i*, so any
stretch of rows can be made alone and made again. A file is such a stretch in the order in which
loggers report, with some rows spoilt and some repeated. It knows no API and no database.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import polars as pl

OFFSET = "+07:00"
ZONE = "Asia/Jakarta"
JURISDICTION = "Kota Contoh"
DIRTY = 0.01
REPEATED = 0.02
DECIMALS = 10.0
"""Every value has one decimal."""

# code, unit, mean, half width; all in the parameter's own unit and plausible.
PARAMETERS = (
    ("temp", "degC", 25.0, 3.0),
    ("ph", "pH", 7.2, 0.8),
    ("do", "mg/L", 5.5, 2.0),
    ("bod", "mg/L", 9.0, 6.0),
    ("cod", "mg/L", 30.0, 15.0),
    ("tss", "mg/L", 60.0, 40.0),
)
# column, what stands in it instead
SPOILT = (
    ("value", "12..5"),
    ("value", ""),
    ("value", "7,25"),
    ("time", "2024-13-41T25:61:00+07:00"),
    ("station", "NOWHERE-9999"),
    ("parameter", "unobtainium"),
    ("unit", "furlong"),
)
COLUMNS = ("station", "parameter", "time", "value", "unit")


@dataclass(frozen=True)
class Network:
    """Stations that all measure the same.

    Attributes:
        first_station: Number of the first station.
        stations: How many there are.
        start: Local time of the first step, `YYYY-MM-DD`.
        step_min: Minutes between two readings of one series.
    """

    first_station: int = 1
    stations: int = 40
    start: str = "2024-01-01"
    step_min: int = 10

    @property
    def series(self) -> int:
        return self.stations * len(PARAMETERS)

    @property
    def codes(self) -> list[str]:
        return [f"BENCH-{self.first_station + i:04d}" for i in range(self.stations)]

    def station_bodies(self) -> list[dict[str, object]]:
        """Return what `POST /v1/stations` is sent."""
        return [
            {
                "code": code,
                "name": f"Bench {code}",
                "kind": "river",
                "latitude": -6.9,
                "longitude": 107.6,
                "altitude_m": 700.0,
                "timezone": ZONE,
                "jurisdiction": JURISDICTION,
                "water_class": "II",
                "origin": "synthetic",
            }
            for code in self.codes
        ]

    def readings(self, index: np.ndarray, changed: np.ndarray | None = None) -> pl.DataFrame:
        """Return the rows *index* as typed columns `station, parameter, us, value, unit`."""
        step, series = np.divmod(index, self.series)
        station, parameter = np.divmod(series, len(PARAMETERS))
        mean = np.array([each[2] for each in PARAMETERS])[parameter]
        half = np.array([each[3] for each in PARAMETERS])[parameter]
        tenths = np.round((mean + half * (2 * _uniform(index, salt=1) - 1)) * DECIMALS)
        if changed is not None:
            tenths += changed
        start = np.datetime64(self.start, "us").astype(np.int64) - 7 * 3_600_000_000
        return pl.DataFrame(
            {
                "station": pl.Series(self.codes).gather(station),
                "parameter": pl.Series([each[0] for each in PARAMETERS]).gather(parameter),
                "us": start + step * self.step_min * 60_000_000,
                "value": tenths / DECIMALS,
                "unit": pl.Series([each[1] for each in PARAMETERS]).gather(parameter),
            }
        )


@dataclass(frozen=True)
class Upload:
    """One file.

    Attributes:
        network: Whose readings.
        rows: Rows of the file, its header not counted.
        first: The first reading's row number.
        changed: Share of the readings whose value differs from the network's own.
        dirty: Share of the rows that must be refused.
        repeated: Share of the rows that repeat an earlier one to the letter.
    """

    network: Network
    rows: int
    first: int = 0
    changed: float = 0.0
    dirty: float = DIRTY
    repeated: float = REPEATED

    @property
    def refused(self) -> int:
        return round(self.rows * self.dirty)

    @property
    def repeats(self) -> int:
        return round(self.rows * self.repeated)

    @property
    def distinct(self) -> int:
        """Readings that a correct store keeps of this file alone."""
        return self.rows - self.refused - self.repeats

    @cached_property
    def index(self) -> np.ndarray:
        return np.arange(self.first, self.first + self.distinct, dtype=np.int64)

    @cached_property
    def is_changed(self) -> np.ndarray:
        return _uniform(self.index, salt=2) < self.changed

    def next_with(self, *, changed: float, new: float) -> Upload:
        """Return a file of as many rows of which shares are changed and new beside this one."""
        shift = round(self.distinct * new)
        return replace(self, first=self.first + shift, changed=changed / (1 - new))

    def receipt(self, before: Upload | None = None) -> dict[str, int]:
        """Return the counts that a receipt must show, when *before* is already stored."""
        known = np.zeros(self.distinct, bool)
        same = known
        if before is not None:
            known = (self.index >= before.first) & (self.index < before.first + before.distinct)
            was_changed = _uniform(self.index, salt=2) < before.changed
            same = known & (self.is_changed == was_changed)
        return {
            "received": self.rows,
            "inserted": int((~known).sum()),
            "unchanged": int(same.sum()) + self.repeats,
            "corrected": int((known & ~same).sum()),
            "rejected": self.refused,
        }

    def stored(self, before: Upload | None = None) -> tuple[int, float]:
        """Return count and sum of the values kept after this file (and *before*)."""
        own = self.network.readings(self.index, self.is_changed)["value"]
        total = [math.fsum(own)]
        count = self.distinct
        if before is not None:
            rest = before.index[(before.index < self.first) | (before.index > self.index[-1])]
            kept = np.isin(before.index, rest)
            left = self.network.readings(rest, before.is_changed[kept])["value"]
            total.append(math.fsum(left))
            count += left.len()
        return count, math.fsum(total)

    def csv(self) -> bytes:
        """Return the file."""
        good = _as_text(self.network.readings(self.index, self.is_changed))
        place = np.arange(self.distinct, dtype=np.float64)
        order = np.arange(self.refused + self.repeats, dtype=np.int64) + self.rows + self.first
        behind = (_uniform(order, salt=3) * self.distinct).astype(np.int64)
        source = (_uniform(order, salt=4) * (behind + 1)).astype(np.int64)
        extra = good[source]
        kinds = np.arange(self.refused) % len(SPOILT)
        spoilt = [self._spoil(extra[: self.refused], kinds)] if self.refused else []
        rows = pl.concat([good, *spoilt, extra[self.refused :]])
        at = pl.Series("at", np.concatenate([place, behind + 0.5]))
        return rows.with_columns(at).sort("at", maintain_order=True).drop("at").write_csv().encode()

    def _spoil(self, rows: pl.DataFrame, kinds: np.ndarray) -> pl.DataFrame:
        kind = pl.Series("kind", kinds)
        spoilt = rows.with_columns(kind)
        for number, (column, text) in enumerate(SPOILT):
            told = pl.when(pl.col("kind") == number).then(pl.lit(text)).otherwise(pl.col(column))
            spoilt = spoilt.with_columns(told.alias(column))
        return spoilt.drop("kind")


def json_bodies(network: Network, *, first: int, bodies: int, size: int) -> list[bytes]:
    """Return *bodies* JSON documents of *size* measurements each, from reading *first* on."""
    index = np.arange(first, first + bodies * size, dtype=np.int64)
    rows = _as_text(network.readings(index)).with_columns(pl.col("value").cast(pl.Float64))
    objects = rows.to_dicts()
    return [
        json.dumps({"measurements": objects[i : i + size]}, separators=(",", ":")).encode()
        for i in range(0, len(objects), size)
    ]


def _as_text(rows: pl.DataFrame) -> pl.DataFrame:
    local = pl.from_epoch(pl.col("us") + 7 * 3_600_000_000, time_unit="us")
    return rows.select(
        "station",
        "parameter",
        time=local.dt.strftime("%Y-%m-%dT%H:%M:%S") + OFFSET,
        value=pl.col("value").cast(pl.String),
        unit="unit",
    )


def _uniform(index: np.ndarray, *, salt: int) -> np.ndarray:
    """Return a number in [0, 1) for each index: splitmix64, so that it never changes."""
    mixed = index.astype(np.uint64) + np.uint64(salt * 0x9E3779B97F4A7C15 % 2**64)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return ((mixed ^ (mixed >> np.uint64(31))) >> np.uint64(11)) / 2.0**53
