"""Days of masses, as the kernel hands them over."""

from datetime import date, timedelta

import polars as pl

from kembar_shared.measurement.indicators import CONVERTED_SCHEMA, DAYS_SCHEMA

APRIL = [date(2023, 4, 1) + timedelta(days=n) for n in range(30)]
ENDS = {"day": timedelta(days=1), "month": timedelta(days=30), "year": timedelta(days=365)}


def row(parameter="generated", kg=1000.0, period=APRIL[0], grain="day", **changes):
    made = {
        "station": "TPS-01",
        "jurisdiction": "bandung",
        "origin": "real",
        "altitude_m": None,
        "water_class": None,
        "parameter": parameter,
        "material": "",
        "source": "",
        "grain": grain,
        "period": period,
        "following": period + ENDS[grain],
        "n": 0 if kg is None else 1,
        "expected": 1.0,
        "sum": kg,
        "min": kg,
        "max": kg,
        "n_below": 0,
        "n_above": 0,
        "below_limit": None,
    } | changes
    counted = made["n"] + made["n_below"] + made["n_above"]
    return {"covered": min(1.0, counted / made["expected"])} | made


def month(parameter="generated", kg=1000.0, days=APRIL, **changes):
    return [row(parameter, kg, day, **changes) for day in days]


def year(parameter="generated", kg=1000.0, of=2025, **changes):
    return row(parameter, kg, date(of, 1, 1), "year", following=date(of + 1, 1, 1), **changes)


WEIGHED = {"converted_share": 0.0, "densities_kg_per_m3": [], "converted_note": None}


def frame(*rows):
    return pl.DataFrame(rows, schema=DAYS_SCHEMA)


def converted_frame(*rows):
    return pl.DataFrame(rows, schema=DAYS_SCHEMA | CONVERTED_SCHEMA)
