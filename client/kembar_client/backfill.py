"""The past as OpenMetrics, by the names that `/metrics` has for the present.

`promtool tsdb create-blocks-from openmetrics` makes blocks of it. A value has the instant at which
its day, month or year ended at the station: from then on it was the newest.
"""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping
    from typing import IO

    from kembar_client.api import Api, Json

SERVICES: Final = ("waste", "water", "air")
FAMILIES: Final[Mapping[str, str]] = {
    "kembar_index": "Newest value of an index at a station.",
    "kembar_index_state": "1 for the state of that value.",
    "kembar_index_category": "1 for the category that value lies in.",
    "kembar_day_statistic": "A statistic of the newest day of a station.",
    "kembar_day_statistic_state": "1 for the state of that statistic.",
    "kembar_outcome": "An outcome, in the indicator's unit.",
    "kembar_outcome_progress_ratio": "(actual - baseline) / (target - baseline).",
    "kembar_figure_state": "1 for the state that the figure has.",
}
_LIMIT: Final = "10000"
_KEPT_BYTES: Final = 1 << 20
_MEAN: Final = "mean_24h"
_ESCAPES: Final = {ord("\\"): r"\\", ord('"'): r"\"", ord("\n"): r"\n"}

Sample = tuple[str, dict[str, str], float, float]
"""Family, labels, value, and seconds since 1970-01-01 UTC."""


class History:
    """What the API knows of some days, up to the present."""

    def __init__(self, api: Api, first: date, following: date, *, now: datetime) -> None:
        """Ask for nothing yet.

        Args:
            api: The gateway, as a role that reads measurements and outcomes.
            first: First day.
            following: First day no longer asked for.
            now: What ends later is left to the scrapes to come.
        """
        self._api, self._now = api, now
        self._first, self._following = first, following
        self._days = {"from": first.isoformat(), "to": following.isoformat(), "limit": _LIMIT}

    def write(self, out: IO[str], advance: Callable[[], None] = lambda: None) -> int:
        """Write everything to *out*, family after family; return how many samples there are."""
        count = 0
        with ExitStack() as stack:
            kept: dict[str, IO[str]] = {
                family: stack.enter_context(
                    tempfile.SpooledTemporaryFile(_KEPT_BYTES, "w+", encoding="utf-8")
                )
                for family in FAMILIES
            }
            for family, labels, value, at in self.samples():
                if at > self._now.timestamp():
                    continue
                named = ",".join(f'{k}="{v.translate(_ESCAPES)}"' for k, v in labels.items())
                kept[family].write(f"{family}{{{named}}} {value!r} {at!r}\n")
                count += 1
                advance()
            for family, told in FAMILIES.items():
                out.write(f"# HELP {family} {told}\n# TYPE {family} gauge\n")
                kept[family].seek(0)
                out.writelines(kept[family])
        out.write("# EOF\n")
        return count

    def samples(self) -> Iterator[Sample]:
        """Yield every sample, those of a series in the order of time."""
        for service in SERVICES:
            stations = {
                each["code"]: each
                for each in self._api.pages(f"/{service}/v1/stations", limit=_LIMIT)
            }
            told: set[str] = set()
            for item in self._api.pages(f"/{service}/v1/indices", **self._days):
                statistic, _, parameter = item["index"].partition(":")
                if statistic == _MEAN:
                    told.add(parameter)
                yield from _of_index(item, stations[item["station"]])
            yield from self._means(service, stations, told)
        for year in range(self._first.year, self._following.year + 1):
            yield from self._outcomes(year)

    def _means(
        self, service: str, stations: Mapping[str, Json], told: Collection[str]
    ) -> Iterator[Sample]:
        """Yield means of days of what is measured more often than daily, unless *told* before."""
        for parameter in self._api.pages(f"/{service}/v1/parameters"):
            is_finer = (parameter.get("cadence") or parameter["period"]).startswith("PT")
            if not is_finer or parameter["code"] in told:
                continue
            query = {"period": "day", "parameter": parameter["code"]}
            for item in self._api.pages(f"/{service}/v1/rollups", **self._days, **query):
                station = stations[item["station"]]
                labels = _of_station(station) | {
                    "parameter": item["parameter"],
                    "statistic": _MEAN,
                    "origin": station["origin"],
                }
                at = _ended(item["period"], station["timezone"])
                yield from _statistic(labels, parameter["unit"], item["mean"], item["state"], at)

    def _outcomes(self, year: int) -> Iterator[Sample]:
        at = _ended(str(year), "UTC")
        for item in self._api.pages("/v1/outcomes", period=str(year)):
            labels = {
                "cooperation": item["cooperation"],
                "indicator": item["indicator"],
                "period": item["period"],
                "origin": item["origin"] or "",
            }
            state = {("figure" if k == "indicator" else k): v for k, v in labels.items()}
            yield "kembar_figure_state", state | {"state": item["state"]}, 1.0, at
            if item["value"] is not None:
                yield "kembar_outcome", labels, item["value"], at
                if item["progress"] is not None:
                    yield "kembar_outcome_progress_ratio", labels, item["progress"], at


def _of_index(item: Json, station: Json) -> Iterator[Sample]:
    at = _ended(item["period"], station["timezone"])
    code, colon, parameter = item["index"].partition(":")
    if colon:
        labels = _of_station(station) | {
            "parameter": parameter,
            "statistic": code,
            "origin": item["origin"],
        }
        yield from _statistic(labels, item["unit"], item["value"], item["state"], at)
        return
    labels = {"index": code, **_of_station(station), "origin": item["origin"]}
    yield "kembar_index_state", labels | {"state": item["state"]}, 1.0, at
    if item["value"] is not None:
        yield "kembar_index", labels, item["value"], at
        if item["category"] is not None:
            yield "kembar_index_category", labels | {"category": item["category"]}, 1.0, at


def _statistic(
    labels: dict[str, str], unit: str, value: float | None, state: str, at: float
) -> Iterator[Sample]:
    yield "kembar_day_statistic_state", labels | {"state": state}, 1.0, at
    if value is not None and state in {"ok", "provisional"}:
        yield "kembar_day_statistic", labels | {"unit": unit}, value, at


def _of_station(station: Json) -> dict[str, str]:
    return {"station": station["code"], "jurisdiction": station["jurisdiction"] or ""}


def _ended(period: str, zone: str) -> float:
    """Return the instant after the last one of a day, month or year."""
    year, month, day = (*map(int, period.split("-")), 0, 0)[:3]
    if day:
        following = date(year, month, day) + timedelta(days=1)
    elif month:
        following = date(year + month // 12, month % 12 + 1, 1)
    else:
        following = date(year + 1, 1, 1)
    midnight = datetime(following.year, following.month, following.day, tzinfo=ZoneInfo(zone))
    return midnight.astimezone(UTC).timestamp()
