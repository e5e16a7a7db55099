"""Outcomes as Prometheus samples, read from the store at each scrape."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, Final

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from kembar_gateway import shelves, store
from kembar_gateway.reckoning.deadlines import (
    PLAN_MONTHS,
    REASONS,
    SILENT_MONTHS,
    Overdue,
    overdue,
)
from kembar_gateway.register.activities import Activity, Commitment
from kembar_gateway.register.evaluations import Evaluation
from kembar_shared.chassis.database import Engine, reading
from kembar_shared.chassis.problems import DatabaseUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from prometheus_client.metrics_core import Metric

    from kembar_gateway.outcomes import Outcome
    from kembar_gateway.register.book import Register
    from kembar_gateway.registers import Registers
    from kembar_gateway.settings import Clock, GatewaySettings
    from kembar_gateway.shelves import Shelf
    from kembar_gateway.store import Heard

_OUTCOME_LABELS: Final = ("cooperation", "indicator", "period", "origin")
_OVERDUE_LABELS: Final = ("cooperation", "what", "reason")


class OutcomeCollector(Collector):
    """Shows each outcome of the last twelve months and of the latest year with a figure.

    A figure without a number has a state and no value; what is gone from the store is gone here.
    """

    def __init__(
        self, engine: Engine, registers: Registers, settings: GatewaySettings, *, clock: Clock
    ) -> None:
        self._engine = engine
        self._registers = registers
        self._settings = settings
        self._clock = clock

    def describe(self) -> Iterable[Metric]:
        """Promise nothing, so that registering does not read the database."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Read the store once; without it only the process's own metrics remain."""
        now = self._clock()
        try:
            register = self._registers.current()
            with reading(self._engine) as conn:
                heard = store.heard_of(conn)
                several = [
                    shelves.read(conn, register, code, now=now, stale_after_s=self._stale_after_s)
                    for code in register.cooperations
                ]
        except DatabaseUnavailable:
            return
        yield from self._sources(heard)
        yield from _outcomes(several)
        yield from _overdue(register, now)

    @property
    def _stale_after_s(self) -> float:
        return self._settings.stale_after_s

    def _sources(self, heard: Mapping[str, Heard]) -> Iterator[Metric]:
        up = GaugeMetricFamily(
            "kembar_source_up",
            "1 where the last pull of the service succeeded.",
            labels=["service"],
        )
        fetched = GaugeMetricFamily(
            "kembar_source_fetched_timestamp_seconds",
            "When the service last confirmed its figures.",
            labels=["service"],
        )
        for service in self._settings.services:
            known = heard.get(service)
            age_s = (
                (self._clock() - known.fetched_at).total_seconds()
                if known is not None and known.fetched_at is not None
                else float("inf")
            )
            is_up = known is not None and known.last_error is None and age_s <= self._stale_after_s
            up.add_metric([service], float(is_up))
            if known is not None and known.fetched_at is not None:
                fetched.add_metric([service], known.fetched_at.timestamp())
        yield from (up, fetched)


def _outcomes(several: Iterable[Shelf]) -> Iterator[Metric]:
    value = GaugeMetricFamily(
        "kembar_outcome", "An outcome, in the indicator's unit.", labels=_OUTCOME_LABELS
    )
    progress = GaugeMetricFamily(
        "kembar_outcome_progress_ratio",
        "(actual - baseline) / (target - baseline).",
        labels=_OUTCOME_LABELS,
    )
    known_at = GaugeMetricFamily(
        "kembar_outcome_computed_timestamp_seconds",
        "When the figures behind the outcome were last confirmed by their service.",
        labels=_OUTCOME_LABELS,
    )
    state = GaugeMetricFamily(
        "kembar_figure_state",
        "1 for the state that the figure has.",
        labels=("cooperation", "figure", "period", "origin", "state"),
    )
    for cooperation, outcome in _exported(several):
        # The least real of what it was made from; empty where that is nothing.
        origin = "" if outcome.origin is None else outcome.origin.value
        labels = [cooperation, outcome.indicator, str(outcome.period), origin]
        state.add_metric([*labels, outcome.state.value], 1.0)
        fetched = [s.fetched_at.timestamp() for s in outcome.sources if s.fetched_at is not None]
        if fetched:
            known_at.add_metric(labels, min(fetched))
        if outcome.value is None:
            continue
        value.add_metric(labels, outcome.value)
        if outcome.progress is not None:
            progress.add_metric(labels, outcome.progress)
    yield from (value, progress, known_at, state)


def _exported(several: Iterable[Shelf]) -> Iterator[tuple[str, Outcome]]:
    for shelf in several:
        for indicator in shelf.register.indicators_of(shelf.cooperation):
            yield shelf.cooperation, shelf.outcome(indicator, shelf.last_twelve)
            numbered = [year for year in shelf.years(indicator) if year.value is not None]
            if numbered and numbered[-1].period != shelf.last_twelve:
                yield shelf.cooperation, numbered[-1]


def _overdue(register: Register, now: datetime) -> Iterator[Metric]:
    """Yield how much is overdue, and since when the oldest of it is."""
    count = GaugeMetricFamily(
        "kembar_overdue",
        "What should have happened by now, by why it is listed; see /v1/overdue.",
        labels=_OVERDUE_LABELS,
    )
    since = GaugeMetricFamily(
        "kembar_overdue_since_timestamp_seconds",
        "The last day, at midnight UTC, on which the oldest of it would have been in time.",
        labels=_OVERDUE_LABELS,
    )
    for cooperation in register.cooperations:
        found: dict[tuple[str, str], list[Overdue]] = {each: [] for each in REASONS}
        for late in overdue(
            register.of(cooperation, "evaluations", Evaluation),
            register.of(cooperation, "commitments", Commitment),
            register.of(cooperation, "activities", Activity),
            today=register.today(cooperation, now),
            plan_months=PLAN_MONTHS,
            silent_months=SILENT_MONTHS,
        ):
            found[late.what, late.reason].append(late)
        for labels, listed in found.items():
            count.add_metric([cooperation, *labels], len(listed))
            if listed:
                oldest = min(late.due_on for late in listed)
                at = datetime.combine(oldest, time(), UTC)
                since.add_metric([cooperation, *labels], at.timestamp())
    yield from (count, since)
