"""Which months of an indicator were disrupted, by what was declared."""

from __future__ import annotations

from collections.abc import Iterator

from kembar_gateway.combining import Disrupted
from kembar_gateway.register.book import Register
from kembar_gateway.register.judging import Disruption, Indicator
from kembar_gateway.register.programmes import Programme
from kembar_gateway.wire import Period


def disrupted(register: Register, indicator: Indicator, this_month: Period) -> Iterator[Disrupted]:
    """Yield the months of each disruption of *indicator*: all that it may have lasted in.

    One without an end goes on. One of which nobody says when it began disrupts no month.

    Args:
        register: The register as it was known.
        indicator: Whose figures may have been hindered.
        this_month: The cooperation's current month.
    """
    for each in register.of(indicator.cooperation, "disruptions", Disruption):
        if each.state != "declared" or not _affects(each, register, indicator):
            continue
        starts = [when.span.first for when in each.dates if when.event == "start"]
        ends = [when.span.last for when in each.dates if when.event == "end"]
        if not starts:
            continue
        first = Period.of_month(min(starts)).first
        following = Period.of_month(max(ends)).following if ends else this_month.following
        if first < following:
            yield Disrupted(each.code, Period(first, following))


def _affects(disruption: Disruption, register: Register, indicator: Indicator) -> bool:
    if not disruption.affects:
        return True
    programmes = register.of(indicator.cooperation, "programmes", Programme)
    own = {("indicators", indicator.code), ("focus-areas", indicator.focus_area)}
    own |= {("programmes", p.code) for p in programmes if indicator.code in p.indicators}
    return any((about.kind, about.code) in own for about in disruption.affects)
