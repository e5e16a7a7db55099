"""What an entry points at, found by the marks on its members."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import get_args

from kembar_gateway.register.parts import About, Part, Ref


def references(part: Part, place: str = "") -> Iterator[tuple[str, str, str]]:
    """Yield (place, kind, code) of everything in *part* that points at another entry.

    A place is as JSON has it: `scopes.0.continues_as`.
    """
    if isinstance(part, About):
        yield f"{place}.code", part.kind, part.code
        return
    for name, kind in _marks(type(part)).items():
        member = getattr(part, name)
        at = f"{place}.{name}" if place else name
        many = member if isinstance(member, tuple) else None
        for number, one in enumerate((member,) if many is None else many):
            where = at if many is None else f"{at}.{number}"
            if isinstance(one, Part):
                yield from references(one, where)
            elif kind is not None and isinstance(one, str):
                yield where, kind, one


def known_codes(kind: str, part: Part) -> Iterator[tuple[str, str]]:
    """Yield (kind, code) of what others may point at in an entry of *kind*: itself, its items."""
    code = getattr(part, "code")  # noqa: B009  every kind has one, which the class does not say
    yield kind, code
    for items, items_kind in _ITEMS.get(kind, {}).items():
        for item in getattr(part, items):
            yield items_kind, f"{code}/{item.code}"


_ITEMS = {"agreements": {"scopes": "scopes"}, "evaluations": {"findings": "findings"}}


@cache
def _marks(model: type[Part]) -> dict[str, str | None]:
    """Return the members to look into, each with the kind it points at, if it is a reference."""
    return {
        name: _kind_in((field.annotation, *field.metadata))
        for name, field in model.model_fields.items()
    }


def _kind_in(annotations: tuple[object, ...]) -> str | None:
    for annotation in annotations:
        if isinstance(annotation, Ref):
            return annotation.kind
        found = _kind_in(get_args(annotation))
        if found is not None:
            return found
    return None
