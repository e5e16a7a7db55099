"""Rules about the environment and the cooperation, from the catalogues."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from deploy.monitoring.kinds import Alert
from kembar_air.indicators import maxima
from kembar_air.indicators.rules import ug_m3_per_unit
from kembar_air.indices import ispu
from kembar_gateway import register
from kembar_gateway.settings import GatewaySettings
from kembar_water.indices import pollution
from kembar_water.standards.indonesia import PP_22_2021_VI

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kembar_shared.measurement.standards import Limit

BAD: Final = {
    "ispu": ispu.CATEGORIES,
    "pollution_index": pollution.CATEGORIES,
    "storet": pollution.CATEGORIES,
}
"""Indices whose categories become worse from the first to the last; the third is bad."""

_JUDGED_BY_DAY: Final = ("each", "blocks", "daytime")
_SERIES: Final = "station, parameter, material, source, origin"
_OF_INDEX: Final = "index, station, jurisdiction, origin"
_HISTORY_DAYS: Final = 30
_ROUND: Final = 6


def indices() -> Iterator[Alert]:
    """Yield alerts of indices in a bad category, and in the worst."""
    for index, categories in BAD.items():
        bad, worst = categories[2:-1], categories[-1:]
        if index == "ispu":
            bad, worst = categories[2:3], categories[3:]
        for severity, meant in (("warning", bad), ("critical", worst)):
            chosen = f'index="{index}", category=~"{"|".join(meant)}"'
            yield Alert(
                "KembarIndexBad",
                f"max by ({_OF_INDEX}, category) (kembar_index_category{{{chosen}}} "
                f"* on ({_OF_INDEX}) group_left () "
                f'max by ({_OF_INDEX}) (kembar_index{{index="{index}"}}))',
                f"{index} {{{{ $value }}}} at {{{{ $labels.station }}}}: "
                "{{ $labels.category }} ({{ $labels.origin }} data)",
                severity,
                labels={"index": index},
            )


def exceeded(limits: Iterable[Limit]) -> Iterator[Alert]:
    """Yield an alert for each limit that a statistic of a day is compared with."""
    by = "station, jurisdiction, parameter, statistic, origin, unit"
    for limit in limits:
        statistic = statistic_of(limit)
        if statistic is None or limit.most is None:
            continue
        most = round(limit.most * ug_m3_per_unit(limit), _ROUND)
        chosen = f'parameter="{limit.parameter}", statistic="{statistic}"'
        named = {
            "standard": limit.standard,
            "authority": limit.authority,
            "parameter": limit.parameter,
            "statistic": statistic,
        }
        yield Alert(
            "KembarStandardExceeded",
            f"max by ({by}) (kembar_day_statistic{{{chosen}}}) > {most!r}",
            f"{limit.parameter} ({statistic}) {{{{ $value }}}} {{{{ $labels.unit }}}} at "
            f"{{{{ $labels.station }}}}: {limit.standard} allows {most:g}"
            " ({{ $labels.origin }} data)",
            labels=named | ({"grade": limit.grade} if limit.grade else {}),
        )
    met = pollution.CATEGORIES[0]
    yield Alert(
        "KembarStandardExceeded",
        f"max by ({_OF_INDEX}, category) "
        f'(kembar_index_category{{index="pollution_index", category!="{met}"}})',
        "The newest sample at {{ $labels.station }} does not meet its class: "
        "{{ $labels.category }} ({{ $labels.origin }} data)",
        labels={"standard": PP_22_2021_VI, "authority": "id", "index": "pollution_index"},
    )


def statistic_of(limit: Limit) -> str | None:
    """Return the statistic of a day that a limit is compared with; None: with something longer.

    Rows that are not in force, or are an index's breakpoints, are compared with nothing.
    """
    is_in_force = limit.valid_from is not None and limit.valid_to is None
    if not is_in_force or limit.index is not None or limit.evaluation not in _JUDGED_BY_DAY:
        return None
    if limit.averaging == "PT24H":
        return "mean_24h"
    maximum = maxima.of_limit(limit)
    return None if maximum is None else maximum.code


def late() -> Iterator[Alert]:
    """Yield the alert of series that fell silent within the last month."""
    late = f'max by ({_SERIES}) (kembar_measurement_latest_state{{state="no_data"}})'
    age = f"time() - max by ({_SERIES}) (kembar_measurement_latest_timestamp_seconds)"
    yield Alert(
        "KembarDataLate",
        f"count by (station, origin) ({late} and on ({_SERIES}) "
        f"({age} < {_HISTORY_DAYS * 86_400}))",
        "{{ $value }} series of {{ $labels.station }} are late by more than three cadences",
        wait="15m",
    )


def cooperation() -> Iterator[Alert]:
    """Yield alerts of what is overdue or only a plan."""
    by = "cooperation, what, reason"
    for name, what, severity, told in (
        ("KembarEvaluationOverdue", "evaluation|recommendation", "warning", "overdue"),
        ("KembarPromiseOverdue", "commitment|activity", "info", "overdue or silent"),
    ):
        chosen = f'what=~"{what}", reason!="only-a-plan"'
        yield Alert(
            name,
            f"max by ({by}) (kembar_overdue{{{chosen}}}) > 0",
            f"{{{{ $value }}}} of kind {{{{ $labels.what }}}} {told} ({{{{ $labels.reason }}}}) "
            "in {{ $labels.cooperation }}",
            severity,
            "1h",
        )
    since = 'kembar_overdue_since_timestamp_seconds{what="commitment", reason="only-a-plan"}'
    yield Alert(
        "KembarPlanOnly",
        f"(time() - min by (cooperation) ({since})) / 86400 > 0",
        "A commitment of {{ $labels.cooperation }} should have left the stage of a plan "
        "{{ $value | printf `%.0f` }} days ago",
        "info",
        "1h",
    )


def outcomes() -> Iterator[Alert]:
    """Yield alerts of outcomes that are old or missing, and of services that are not heard."""
    promised_s = GatewaySettings.model_fields["stale_after_s"].default
    yield Alert(
        "KembarPullFailing",
        "max by (service) (kembar_source_up) == 0",
        "The gateway does not hear from {{ $labels.service }}; outcomes are shown as stale",
        wait="5m",
    )
    yield Alert(
        "KembarOutcomeOld",
        f"cooperation_indicator:kembar_outcome_age_seconds:max > {promised_s:g}",
        "{{ $labels.indicator }} of {{ $labels.cooperation }} was last confirmed "
        "{{ $value | humanizeDuration }} ago",
        wait="5m",
    )
    profile = register.load(None)
    codes = {
        indicator.code
        for cooperation in profile.cooperations
        for indicator in profile.indicators_of(cooperation)
    }
    for code in sorted(codes):
        yield Alert(
            "KembarOutcomeMissing",
            f'absent(kembar_figure_state{{cooperation!="", figure="{code}"}})',
            f"The gateway shows neither a value nor a state of {code}",
            wait="15m",
            labels={"indicator": code},
        )
