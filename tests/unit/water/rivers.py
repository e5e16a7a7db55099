"""Days of rivers, as the kernel hands them to the service."""

import json
from datetime import date, timedelta

import polars as pl

from kembar_shared.measurement.indicators import DAYS_SCHEMA, HOURS_SCHEMA
from kembar_water import standards
from kembar_water.indicators.river import River

STANDARDS = standards.build()
NO_HOURS = pl.DataFrame(schema=HOURS_SCHEMA)
CLEAN = {"bod": 1.5, "cod": 12.5, "tss": 25.0, "no3_n": 5.0}
"""Each at half its class II limit, so that the index is 0.5."""


def row(parameter, value, **changes):
    day = changes.pop("period", date(2023, 4, 4))
    below = changes.pop("below", None)
    made = {
        "station": "CPM-01",
        "jurisdiction": "bandung",
        "origin": "real",
        "altitude_m": None,
        "water_class": None,
        "parameter": parameter,
        "material": "",
        "source": "",
        "grain": "day",
        "period": day,
        "following": day + timedelta(days=1),
        "n": 0 if value is None else 1,
        "expected": 1.0,
        "sum": value,
        "min": value,
        "max": value,
        "n_below": 0 if below is None else 1,
        "n_above": 0,
        "below_limit": below,
        "left_out": 0,
    } | changes
    read = made["n"] + made["n_below"]
    limits = made["n_below"] * (made["below_limit"] or 0.0)
    low, high = ((made["sum"] or 0.0) + more for more in (0.0, limits))
    made = {"low": low / read if read else None, "high": high / read if read else None} | made
    counted = made["n"] + made["n_below"] + made["n_above"]
    return {"covered": min(1.0, counted / made["expected"])} | made


def summed(total, n):
    """Return what a day's row says of values that are all detected."""
    return {"sum": total, "low": total / n, "high": total / n}


def days(*rows):
    return pl.DataFrame(rows, schema=DAYS_SCHEMA)


def sample(values=CLEAN, **changes):
    return [row(parameter, value, **changes) for parameter, value in values.items()]


def only(frame):
    assert frame.height == 1
    found = frame.row(0, named=True)
    return found | {"detail": json.loads(found["detail"])} if "detail" in found else found


def river(**settings):
    return River(**({"standards": STANDARDS} | settings))


def monthly(parameter, values, year=2023, **changes):
    """One value a month, from January on; a text is a detection limit the value lies below."""
    return [
        row(parameter, None, period=date(year, month, 4), below=float(value), **changes)
        if isinstance(value, str)
        else row(parameter, value, period=date(year, month, 4), **changes)
        for month, value in enumerate(values, start=1)
    ]
