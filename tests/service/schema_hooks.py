"""What schemathesis is told of a query before it is sent."""

from __future__ import annotations

import json

import schemathesis


@schemathesis.hook
def map_query(
    context: schemathesis.HookContext, query: dict[str, object] | None
) -> dict[str, object] | None:
    """Write each item of a list as the text that arrives, and a single value as a list of one.

    Otherwise `?parameter=true` counts as "a truth value instead of a list of strings", which no
    server could tell from the list of the one string "true".
    """
    if not query:
        return query
    declared = {parameter.name: parameter for parameter in context.operation.query}
    return {
        name: _items(value) if name in declared and _is_list(declared[name]) else value
        for name, value in query.items()
    }


def _is_list(parameter) -> bool:
    return parameter.definition.get("schema", {}).get("type") == "array"


def _items(value: object) -> list[str]:
    items = list(value) if isinstance(value, list | dict) else [value]
    return [item if isinstance(item, str) else json.dumps(item) for item in items]
