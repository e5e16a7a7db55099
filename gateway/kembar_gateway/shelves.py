"""Outcomes as one snapshot of the store and of the register gives them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Final

from kembar_gateway import entries, marks, outcomes, store
from kembar_gateway.combining import Disrupted
from kembar_gateway.outcomes import Freshness, Outcome
from kembar_gateway.reckoning import targets
from kembar_gateway.reckoning.disrupted import disrupted
from kembar_gateway.reckoning.targets import Known, Revision
from kembar_gateway.reckoning.terms import terms_of
from kembar_gateway.register.book import Register
from kembar_gateway.register.judging import SERVICE, Indicator
from kembar_gateway.wire import Figure, Period

if TYPE_CHECKING:
    from kembar_gateway.marks import Aim
    from kembar_gateway.tallies import Term
    from kembar_shared.chassis.database import Connection

_MOST_READ: Final = 1024


@dataclass(frozen=True)
class Shelf:
    """A cooperation's figures and their freshness, all of one snapshot of the store."""

    register: Register
    cooperation: str
    figures: dict[str, list[Figure]]
    freshness: dict[str, Freshness]
    now: datetime
    history: Mapping[str, Sequence[Known]] = field(default_factory=dict)

    @cached_property
    def this_month(self) -> Period:
        """The month it is where the cooperation keeps its calendar."""
        return self.register.this_month(self.cooperation, self.now)

    @property
    def last_twelve(self) -> Period:
        """The last twelve complete months."""
        return Period.last_months(12, before=self.this_month)

    def outcome(self, indicator: Indicator, period: Period) -> Outcome:
        """Compute one outcome."""
        sources = (self.freshness[indicator.service],)
        if indicator.is_reckoned:
            return outcomes.tallied(
                indicator,
                self.terms(indicator, period),
                period,
                this_month=self.this_month,
                sources=sources,
                computed_at=self.now,
            )
        return outcomes.compute(
            indicator,
            self.figures.get(indicator.code, ()),
            period,
            this_month=self.this_month,
            sources=sources,
            computed_at=self.now,
            disrupted=self.disrupted(indicator),
        )

    def disrupted(self, indicator: Indicator) -> list[Disrupted]:
        """Return the months in which a measured indicator was declared to be disrupted."""
        if indicator.is_reckoned:
            return []
        return list(disrupted(self.register, indicator, self.this_month))

    def terms(self, indicator: Indicator, period: Period) -> list[Term]:
        """Return what each entry of the register adds to a reckoned indicator."""
        today = self.register.today(self.cooperation, self.now)
        return terms_of(self.register, indicator, period, today=today)

    @cached_property
    def revisions(self) -> dict[str, list[Revision]]:
        """Every target that ever was, by indicator."""
        return {code: targets.revisions(versions) for code, versions in self.history.items()}

    def revision(self, indicator: Indicator, target: Aim) -> tuple[int, Revision] | None:
        """Return how often a target was stated or changed, and the last time; None: never."""
        found = [
            each
            for each in self.revisions.get(indicator.code, ())
            if marks.spelled(each.period) == target.period
        ]
        return (len(found), found[-1]) if found else None

    def years(self, indicator: Indicator) -> list[Outcome]:
        """Compute the outcome of each calendar year from the first to the last with a figure."""
        years = outcomes.years_with_figures(self.figures.get(indicator.code, ()))
        span = range(years[0], years[-1] + 1) if years else ()
        return [self.outcome(indicator, Period.of_year(year)) for year in span]

    def latest(self, indicator: Indicator) -> Outcome | None:
        """Return the newest year that has a number, else the newest month; None for neither."""
        for outcome in reversed(self.years(indicator)):
            if outcome.value is not None:
                return outcome
        figures = self.figures.get(indicator.code, ())
        for period in sorted({Period.parse(figure.period) for figure in figures}, reverse=True):
            outcome = self.outcome(indicator, period)
            if outcome.value is not None:
                return outcome
        return None


def read(
    conn: Connection,
    register: Register,
    cooperation: str,
    *,
    now: datetime,
    stale_after_s: float,
    as_of: datetime | None = None,
) -> Shelf:
    """Read all that the outcomes of *cooperation* are computed from.

    Args:
        conn: A transaction.
        register: As it is now, or was at *as_of*.
        cooperation: Whose outcomes.
        now: The instant of asking.
        stale_after_s: From which age on figures are stale.
        as_of: What was known then is read; how fresh it was then is not kept.
    """
    indicators = register.indicators_of(cooperation)
    figures: dict[str, list[Figure]] = {indicator.code: [] for indicator in indicators}
    stored = (figure for _, _, figure in store.dated_figures_of(conn, figures, as_of=as_of))
    for figure in (*stored, *register.published_figures_of(cooperation)):
        if figure.indicator in figures:
            figures[figure.indicator].append(figure)
    services = {indicator.service for indicator in indicators} - {SERVICE}
    fetched_at = {name: known.fetched_at for name, known in store.heard_of(conn).items()}
    freshness = {
        service: Freshness(service, None, None, stale=False)
        if as_of is not None
        else outcomes.freshness(
            service, fetched_at.get(service), now=now, stale_after_s=stale_after_s
        )
        for service in services
    }
    # What the register itself states is read at start and cannot grow old.
    freshness[SERVICE] = Freshness(SERVICE, None, None, stale=False)
    history = _history(conn, cooperation, as_of)
    return Shelf(register, cooperation, figures, freshness, as_of or now, history)


def _history(conn: Connection, cooperation: str, as_of: datetime | None) -> dict[str, list[Known]]:
    """Return every version of each indicator, the first one first."""
    known: dict[str, list[Known]] = {}
    for each in entries.every_version(conn, "indicators", cooperation, as_of=as_of):
        known.setdefault(each.code, []).append(
            Known(
                _indicator(each.body), each.version, each.valid_from, each.changed_by, each.reason
            )
        )
    return known


@lru_cache(maxsize=_MOST_READ)
def _indicator(body: str) -> Indicator:
    return Indicator.model_validate_json(body)
