"""Small pictures of a row of figures, drawn here as SVG so that a page needs no script."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Final

from markupsafe import Markup

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

WIDTH: Final = 320
HEIGHT: Final = 120

_TOP, _FLOOR = 18.0, 100.0
_STATE_HEIGHT: Final = 16.0
_MOST_LABELS: Final = 8
_FEW_VALUES: Final = 4


@dataclass(frozen=True, slots=True)
class Column:
    """One period of a picture.

    Attributes:
        label: The period in few characters, below the column.
        value: Its height; None where there is only a state.
        text: The value as readers write it, above the column.
        target: Where its target mark stands, if it has one.
        is_real: False draws it as a stand-in.
        is_missing: True where nothing at all is known, not even too little.
    """

    label: str
    value: float | None
    text: str = ""
    target: float | None = None
    is_real: bool = True
    is_missing: bool = False


def draw_columns(columns: Sequence[Column], *, key: str, title: str, description: str) -> Markup:
    """Draw *columns* side by side from zero up; a period without a number is a hollow mark.

    Args:
        columns: At least one; values and targets are not negative.
        key: Makes the picture's ids unique on its page.
        title: Its name for those who cannot see it.
        description: The same figures in words.
    """
    step = WIDTH / len(columns)
    highest = max((v for c in columns for v in (c.value, c.target) if v is not None), default=0.0)
    shapes = [
        shape
        for place, column in enumerate(columns)
        for shape in _column(column, place * step, step, highest, key)
    ]
    shapes += _labels(columns, step)
    # Every text goes through escape, so the whole is safe to put into a page.
    return Markup(  # noqa: S704
        f'<svg class="picture" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-labelledby="{escape(key)}-t {escape(key)}-d">'
        f'<title id="{escape(key)}-t">{escape(title)}</title>'
        f'<desc id="{escape(key)}-d">{escape(description)}</desc>'
        f'<pattern id="{escape(key)}-h" width="6" height="6" patternUnits="userSpaceOnUse" '
        'patternTransform="rotate(45)"><line class="hatch" x1="0" y1="0" x2="0" y2="6"/></pattern>'
        f'{"".join(shapes)}<line class="floor" x1="0" y1="{_FLOOR}" x2="{WIDTH}" y2="{_FLOOR}"/>'
        "</svg>"
    )


def _column(column: Column, left: float, step: float, highest: float, key: str) -> Iterator[str]:
    width = min(step * 0.7, 48.0)
    x = left + (step - width) / 2
    if column.value is None:
        kind = "missing" if column.is_missing else "state"
        fill = "none" if column.is_missing else f"url(#{escape(key)}-h)"
        yield _box(kind, x, _STATE_HEIGHT, width, f' fill="{fill}"')
    else:
        height = max(_height(column.value, highest), 1.0)
        yield _box("real" if column.is_real else "stand-in", x, height, width)
    if column.target is not None:
        y = _FLOOR - _height(column.target, highest)
        yield (
            f'<line class="target" x1="{x - 3:.1f}" y1="{y:.1f}" '
            f'x2="{x + width + 3:.1f}" y2="{y:.1f}"/>'
        )


def _height(value: float, highest: float) -> float:
    # The share first: the room over the smallest of numbers would be infinite.
    return value / highest * (_FLOOR - _TOP) if highest > 0 else 0.0


def _box(kind: str, x: float, height: float, width: float, more: str = "") -> str:
    return (
        f'<rect class="{kind}" x="{x:.1f}" y="{_FLOOR - height:.1f}" '
        f'width="{width:.1f}" height="{height:.1f}"{more}/>'
    )


def _labels(columns: Sequence[Column], step: float) -> Iterator[str]:
    """Yield the words of the picture; in a crowd the first, the last and the highest alone."""
    crowded = len(columns) > _MOST_LABELS
    ends = {0, len(columns) - 1}
    spoken = {place for place, column in enumerate(columns) if column.text}
    if crowded and len(spoken) > _FEW_VALUES:
        tall = max(spoken, key=lambda place: columns[place].value or 0.0)
        spoken &= {*ends, tall}
    for place, column in enumerate(columns):
        middle = (place + 0.5) * step
        if not crowded or place in ends or len(column.label) < 3:
            yield _word("period", middle, HEIGHT - 6.0, column.label)
        if place in spoken:
            yield _word("value", middle, _TOP - 7.0, column.text)


def _word(kind: str, x: float, y: float, text: str) -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}">{escape(text)}</text>'
