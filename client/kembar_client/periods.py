"""Periods as reports spell them."""

from __future__ import annotations

import re

Months = tuple[int, int]
"""Months from the first up to, not including, the second, counted from year 0."""


def months_of(text: str) -> Months:
    """Read `2023`, `2023-04` or `2023-01/2023-06`.

    Raises:
        ValueError: It is none of them.
    """
    if re.fullmatch(r"\d{4}", text):
        return int(text) * 12, int(text) * 12 + 12
    found = re.fullmatch(r"(\d{4})-(\d{2})(?:/(\d{4})-(\d{2}))?", text)
    if found is None:
        raise ValueError(text)
    first = int(found[1]) * 12 + int(found[2]) - 1
    last = first if found[3] is None else int(found[3]) * 12 + int(found[4]) - 1
    return first, last + 1
