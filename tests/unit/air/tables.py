"""Days and hours as the kernel hands them to the service."""

from datetime import UTC, date, datetime, timedelta

import polars as pl

from kembar_shared.measurement.indicators import DAYS_SCHEMA, HOURS_SCHEMA

OFFSET = timedelta(hours=7)


def day(parameter, period, mean, n=24, **changes):
    made = {
        "station": "BDG-AIR-01",
        "jurisdiction": "bandung",
        "origin": "real",
        "altitude_m": None,
        "water_class": None,
        "parameter": parameter,
        "material": "",
        "source": "",
        "grain": "day",
        "period": period,
        "following": period + timedelta(days=1),
        "n": n,
        "expected": 24.0,
        "sum": mean * n if n else None,
        "min": mean,
        "max": mean,
        "n_below": 0,
        "n_above": 0,
        "below_limit": None,
        "left_out": 0,
    } | changes
    read = made["n"] + made["n_below"]
    limits = made["n_below"] * (made["below_limit"] or 0.0)
    low, high = ((made["sum"] or 0.0) + more for more in (0.0, limits))
    made = {"low": low / read if read else None, "high": high / read if read else None} | made
    counted = made["n"] + made["n_below"] + made["n_above"]
    return {"covered": min(1.0, counted / made["expected"])} | made


def days(rows):
    return pl.DataFrame(rows, schema=DAYS_SCHEMA)


def hour(parameter, period, place, value, **changes):
    midnight = datetime(period.year, period.month, period.day, tzinfo=UTC) - OFFSET
    return {
        "station": "BDG-AIR-01",
        "parameter": parameter,
        "start": midnight + timedelta(hours=place),
        "day": period,
        "hour": place,
        "value": value,
        "covered": 1.0,
        "n_below": 0,
        "n_above": 0,
        "below_limit": None,
        "doubt": 0.0,
    } | changes


def hours(rows):
    return pl.DataFrame(rows, schema=HOURS_SCHEMA)


def year(of):
    first = date(of, 1, 1)
    return [first + timedelta(days=n) for n in range((date(of + 1, 1, 1) - first).days)]


def figures_of(air, frame):
    """Return the figures of days without hours."""
    return air.figures(frame, air.indices(frame, hours([])))
