"""Rows sent as JSON objects: in one document, or one on each line.

Where a row begins and ends is found before it is parsed, so depth and length are bounded first,
and its raw text is what was sent.
"""

from __future__ import annotations

import json
import re
from itertools import islice
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import polars as pl

from kembar_shared.measurement.uploads import lines
from kembar_shared.measurement.uploads.columns import Header, Measured, known_names, meaning
from kembar_shared.measurement.uploads.tables import (
    NOT_TEXT,
    RAWS_SCHEMA,
    FileRefused,
    Table,
    errors_of,
    merged,
    picked,
)

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from kembar_shared.measurement.uploads.declared import Declaration

_JSON_FORM: Final = '{"measurements": [{...}]}'
_ROW_FORM: Final = '{"station": ..., "parameter": ..., ...}'
_BATCH: Final = 10_000
"""Rows that are held as objects at a time."""
_MOST_DEPTH: Final = 32
_MOST_CHARACTERS: Final = 1 << 20
"""Longest row that is parsed; one of 64 cells of 4,096 characters is shorter."""

_FLAT = re.compile(r'\{[^{}\[\]"]*+(?:"[^"\\]*+"[^{}\[\]"]*+)*+\}')
_FLAT_LINE = re.compile(r"[ \t]*+" + _FLAT.pattern + r"[ \t]*+")
"""One object, and no more: each of its lists and braces would have to be in a string."""
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"|[\[\]{}]|"', re.DOTALL)
_SCALAR = re.compile(r'"(?:[^"\\]|\\.)*+"|[^\s,\[\]{}":]++', re.DOTALL)
_SPACE = re.compile(r"[ \t\n\r]*+")
_ESCAPED = "\\u"


class _NoJson(ValueError):
    """The text is no JSON, or not the JSON that is expected."""


def read_json(file: BinaryIO, declared: Declaration) -> Iterator[Table]:
    """Yield the rows of `{"measurements": [...]}`; a number keeps the digits it was sent with.

    Raises:
        FileRefused: It is no such document.
    """
    file.seek(0)
    try:
        text = file.read().decode("utf-8-sig")
        rows = enumerate(_elements(text), 1)
        yield from merged(
            _table(batch, declared, is_document=True)
            for batch in iter(lambda: list(islice(rows, _BATCH)), [])
        )
    except (ValueError, RecursionError) as error:
        raise FileRefused("not-json", value=str(error), expected=_JSON_FORM) from error


def read_ndjson(file: BinaryIO, declared: Declaration) -> Iterator[Table]:
    """Yield the rows of a file with one object on each line; empty lines are passed over.

    Raises:
        FileRefused: A line is longer than any row can be.
    """
    rows = (
        (number, raw)
        for block in lines.blocks(file)
        for number, raw in enumerate(block.text.decode().split("\n"), block.first_line)
        if raw.strip(" \t")
    )
    yield from merged(
        _table(batch, declared, is_document=False)
        for batch in iter(lambda: list(islice(rows, _BATCH)), [])
    )


def _elements(text: str) -> Iterator[str]:
    """Yield the text of each row of a document.

    Raises:
        _NoJson: It is no object with one list `measurements`.
    """
    at = _after(text, 0, "{")
    found = False
    while True:
        end = _extent(text, at)
        name = json.loads(text[at:end]) if text.startswith('"', at) else None
        at = _after(text, end, ":")
        if name == "measurements":
            if found or not text.startswith("[", at):
                raise _NoJson("measurements")
            found = True
            at = yield from _items(text, at)
        else:
            end = _extent(text, at)
            json.loads(text[at:end])
            at = _skip(text, end)
        if not text.startswith(",", at):
            break
        at = _skip(text, at + 1)
    if not found or _after(text, at, "}") != len(text):
        raise _NoJson("measurements")


def _items(text: str, at: int) -> Generator[str, None, int]:
    """Yield the text of each item of the list that begins at *at*; return where to go on."""
    at = _skip(text, at + 1)
    if text.startswith("]", at):
        return _skip(text, at + 1)
    while True:
        end = _extent(text, at)
        yield text[at:end]
        at = _skip(text, end)
        if text.startswith("]", at):
            return _skip(text, at + 1)
        at = _after(text, at, ",")


def _extent(text: str, at: int) -> int:
    """Return where the value that begins at *at* ends.

    Raises:
        _NoJson: It has no end, or is too deep or too long to be parsed.
    """
    if (flat := _FLAT.match(text, at)) is not None:
        end = flat.end()
    elif text.startswith(("{", "["), at):
        end = _closing(text, at)
    elif (scalar := _SCALAR.match(text, at)) is not None:
        end = scalar.end()
    else:
        raise _NoJson(text[at : at + 20])
    if end - at > _MOST_CHARACTERS:
        raise _NoJson(f"> {_MOST_CHARACTERS}")
    return end


def _closing(text: str, at: int) -> int:
    depth = 0
    for token in _TOKEN.finditer(text, at, at + _MOST_CHARACTERS + 1):
        sign = token[0]
        if sign in "[{":
            depth += 1
            if depth > _MOST_DEPTH:
                raise _NoJson(f"depth > {_MOST_DEPTH}")
        elif sign in "]}":
            depth -= 1
            if depth == 0:
                return token.end()
        elif sign == '"':
            break
    raise _NoJson(text[at : at + 20])


def _skip(text: str, at: int) -> int:
    space = _SPACE.match(text, at)
    return at if space is None else space.end()


def _after(text: str, at: int, sign: str) -> int:
    """Return where to go on after *sign*, which must come next."""
    at = _skip(text, at)
    if not text.startswith(sign, at):
        raise _NoJson(text[at : at + 20])
    return _skip(text, at + 1)


def _table(batch: list[tuple[int, str]], declared: Declaration, *, is_document: bool) -> Table:
    raws = pl.DataFrame([pl.Series(column) for column in zip(*batch, strict=True)], RAWS_SCHEMA)
    rows, faults = _parsed(batch, is_document=is_document)
    members: list[tuple[int, dict[str | Measured, Any]]] = []
    plans: dict[tuple[str, ...], dict[str, str | Measured] | tuple[str, str]] = {}
    same: set[tuple[str, ...]] = set()
    for number, row in rows:
        if not isinstance(row, dict):
            faults.append((number, "", "", "not-json", _ROW_FORM))
            continue
        plan = plans.get(names := tuple(row))
        if plan is None:
            plan = plans[names] = _plan(names, declared)
            if isinstance(plan, dict) and all(n == column for n, column in plan.items()):
                same.add(names)
        if isinstance(plan, tuple):
            code, name = plan
            expected = known_names(declared) if code == "unknown-column" else ""
            faults.append((number, _text_of(name[:80]), "", code, expected))
        else:
            known = row if names in same else {plan[n]: cell for n, cell in row.items()}
            members.append((number, known))
    used = [plan.values() for plan in plans.values() if isinstance(plan, dict)]
    columns = tuple(dict.fromkeys(column for plan in used for column in plan))
    if len(columns) > declared.columns:
        raise FileRefused("too-many-columns", expected=str(declared.columns))
    is_odd = any(_ESCAPED in raw or NOT_TEXT in raw for _, raw in batch)
    split = _split(members, columns, is_odd=is_odd)
    if is_odd:
        is_text = ~pl.any_horizontal(
            pl.lit(value=False),
            pl.exclude("line").str.contains(NOT_TEXT, literal=True).fill_null(value=False),
        )
        odd = split.filter(~is_text)["line"].to_list()
        faults += [(number, "", "", "not-text", "") for number in odd]
        split = split.filter(is_text)
    errors = errors_of(faults).join(raws, on="line", how="left").sort("line")
    header = Header(columns, is_wide=declared.layout == "wide")
    return Table(pl.concat(header.cells(split)), errors, picked(raws))


def _split(
    members: list[tuple[int, dict[str | Measured, Any]]],
    columns: tuple[str | Measured, ...],
    *,
    is_odd: bool,
) -> pl.DataFrame:
    cells = {
        str(position): _series([row.get(column) for _, row in members], is_odd=is_odd)
        for position, column in enumerate(columns)
    }
    line = pl.Series("line", [number for number, _ in members], pl.Int64)
    return pl.DataFrame({"line": line} | cells)


def _series(values: list[Any], *, is_odd: bool) -> pl.Series:
    if not is_odd:
        try:
            return pl.Series(values, dtype=pl.String)
        except TypeError:  # some are no text
            pass
    return pl.Series([_cell_of(value) for value in values], dtype=pl.String)


def _parsed(
    batch: list[tuple[int, str]], *, is_document: bool
) -> tuple[list[tuple[int, Any]], list[tuple[int, str, str, str, str]]]:
    """Parse the rows' texts, at once where that is possible; name those that are no JSON."""
    if is_document or all(_FLAT_LINE.fullmatch(raw) and NOT_TEXT not in raw for _, raw in batch):
        try:
            values = _DECODER.decode(f"[{','.join(raw for _, raw in batch)}]")
            return [(number, value) for (number, _), value in zip(batch, values, strict=True)], []
        except ValueError:
            if is_document:
                raise
    rows, faults = [], []
    for number, raw in batch:
        try:
            if NOT_TEXT in raw:
                faults.append((number, "", "", "not-text", ""))
            elif _skip(raw, _extent(raw, _skip(raw, 0))) == len(raw):
                rows.append((number, _DECODER.decode(raw)))
            else:
                faults.append((number, "", "", "not-json", _ROW_FORM))
        except (ValueError, RecursionError):
            faults.append((number, "", "", "not-json", _ROW_FORM))
    return rows, faults


def _plan(
    names: tuple[str, ...], declared: Declaration
) -> dict[str, str | Measured] | tuple[str, str]:
    """Give each member its column; or say what is wrong with which."""
    plan = {name: meaning(name, declared) for name in names}
    for name, column in sorted(plan.items(), key=lambda item: item[0]):
        if column is None:
            return "unknown-column", name
    if len(set(plan.values())) < len(plan):
        columns = list(plan.values())
        return "column-twice", next(n for n, c in plan.items() if columns.count(c) > 1)
    if len(plan) > declared.columns:
        return "unknown-column", names[declared.columns]
    return {name: column for name, column in plan.items() if column is not None}


def _members_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise _NoJson("a member stands there twice")
    return members


_DECODER: Final = json.JSONDecoder(
    parse_float=str,
    parse_int=str,
    # NaN and Infinity stay text, and are refused where a number is due.
    parse_constant=str,
    object_pairs_hook=_members_once,
)


def _cell_of(value: Any) -> str | None:
    """Return a JSON value as the text of a cell; what is no text or number keeps its JSON."""
    if value is None:
        return None
    if isinstance(value, str):
        return _text_of(value)
    return _text_of(json.dumps(value, ensure_ascii=False).replace("\\u0000", NOT_TEXT))


def _text_of(text: str) -> str:
    """Mark what JSON can say and no database keeps: U+0000 and halves of surrogate pairs."""
    if text.isascii() and "\x00" not in text:
        return text
    return (
        text.replace("\x00", NOT_TEXT).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    )
