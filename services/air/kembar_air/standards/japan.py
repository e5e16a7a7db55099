"""Japan's environmental quality standards for air, and when a station and year can be judged."""

from __future__ import annotations

from datetime import date
from typing import Final

from kembar_shared.measurement.standards import Factor, Limit

JP_EQS_AIR: Final = "jp-eqs-air"

_NOTICE_25: Final = "Environment Agency Notice 25/1973"
_NOTICE_38: Final = "Environment Agency Notice 38/1978"
_NOTICE_33: Final = "Ministry of the Environment Notice 33/2009"
_ADVICE: Final = "Central Environment Council, advice of 2025-12-11; the notice was not seen"

_MAY_8: Final = date(1973, 5, 8)
_MAY_16: Final = date(1973, 5, 16)

# Parameter, averaging, evaluation, limit, unit, first day, source.
_CONDITIONS: Final[tuple[tuple[str, str, str, float, str, date | None, str], ...]] = (
    ("so2", "PT24H", "exclusion_2", 0.04, "ppm", _MAY_16, f"{_NOTICE_25}, long-term evaluation"),
    ("so2", "PT24H", "each", 0.04, "ppm", _MAY_16, f"{_NOTICE_25}, short-term evaluation"),
    ("so2", "PT1H", "each", 0.1, "ppm", _MAY_16, f"{_NOTICE_25}, short-term evaluation"),
    ("co", "PT24H", "exclusion_2", 10.0, "ppm", _MAY_8, f"{_NOTICE_25}, long-term evaluation"),
    ("co", "PT24H", "each", 10.0, "ppm", _MAY_8, f"{_NOTICE_25}, short-term evaluation"),
    ("co", "PT8H", "blocks", 20.0, "ppm", _MAY_8, f"{_NOTICE_25}, short-term evaluation"),
    ("spm", "PT24H", "exclusion_2", 0.1, "mg/m³", _MAY_8, f"{_NOTICE_25}, long-term evaluation"),
    ("spm", "PT24H", "each", 0.1, "mg/m³", _MAY_8, f"{_NOTICE_25}, short-term evaluation"),
    ("spm", "PT1H", "each", 0.2, "mg/m³", _MAY_8, f"{_NOTICE_25}, short-term evaluation"),
    ("no2", "PT24H", "p98", 0.06, "ppm", date(1978, 7, 11), f"{_NOTICE_38}, top of the zone"),
    ("pm25", "P1Y", "mean", 15.0, "µg/m³", date(2009, 9, 9), _NOTICE_33),
    ("pm25", "PT24H", "p98", 35.0, "µg/m³", date(2009, 9, 9), _NOTICE_33),
    ("ox", "PT1H", "daytime", 0.06, "ppm", _MAY_8, f"{_NOTICE_25}, hours from 5:00 to 20:00"),
    ("ox", "PT8H", "each", 0.07, "ppm", None, f"{_ADVICE}; as ozone"),
    ("ox", "P1Y", "mean_max_8h", 0.04, "ppm", None, f"{_ADVICE}; as ozone"),
)  # fmt: skip

LIMITS: Final = tuple(
    Limit(
        standard=JP_EQS_AIR,
        authority="jp",
        parameter=parameter,
        averaging=averaging,
        evaluation=evaluation,
        most=most,
        unit=unit,
        valid_from=began,
        source=source,
        verified=began is not None,
    )
    for parameter, averaging, evaluation, most, unit, began, source in _CONDITIONS
)
"""Standards as published; SPM (all below 10 µm) is not PM10.

The two new rows for oxidants have no date yet and judge nothing. An operator gives them one, and
ends the old row, which has another averaging and so is not replaced by them, with a row of its own
that repeats the old one's first day and says `valid_to`.
"""

_PREFECTURES: Final = "evaluation as prefectures are said to print it; no page of theirs was seen"
_WHITE_PAPER: Final = "Environment white paper 1994, env.go.jp/policy/hakusyo/h06/8772.html"

# Subject, quantity, value, unit, source, whether it was seen there.
_SUFFICIENCY: Final = (
    ("day", "least_hours", 20.0, "h",
     f"an hour mean missing in more than 4 hours is no day: {_PREFECTURES}", False),
    ("year", "least_hours", 6000.0, "h",
     f"fewer than 6000 hours of measurement are not judged: {_WHITE_PAPER}", True),
    ("pm25", "least_days", 250.0, "d",
     f"fewer than 250 days of PM2.5 are not judged: {_PREFECTURES}", False),
)  # fmt: skip

FACTORS: Final = tuple(
    Factor(
        standard=JP_EQS_AIR,
        subject=subject,
        quantity=quantity,
        value=value,
        unit=unit,
        valid_from=_MAY_8,
        source=source,
        verified=verified,
    )
    for subject, quantity, value, unit, source, verified in _SUFFICIENCY
)
"""How much has to be measured."""
