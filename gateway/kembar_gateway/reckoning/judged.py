"""What evaluations say of an indicator in words, where no number can."""

from __future__ import annotations

from collections.abc import Iterator

from kembar_gateway.register.book import Register
from kembar_gateway.register.dates import Span
from kembar_gateway.register.evaluations import Evaluation, Judgement
from kembar_gateway.register.judging import Indicator


def judgements(
    register: Register, indicator: Indicator, days: Span
) -> Iterator[tuple[Evaluation, Judgement]]:
    """Yield each judgement of *indicator* that surely lies in *days*, with its evaluation."""
    for evaluation in register.of(indicator.cooperation, "evaluations", Evaluation):
        if evaluation.state == "cancelled":
            continue
        for each in evaluation.judgements:
            if each.indicator == indicator.code and Span.of(each.period).lies_in(days):
                yield evaluation, each
