"""The file that a first start fills the register from."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from datetime import date
from importlib import resources
from pathlib import Path
from typing import Any, Final, cast

from pydantic import ValidationError

from kembar_gateway.register.book import Entered, Register
from kembar_gateway.register.checks import faults_of
from kembar_gateway.register.kinds import KINDS, Filed

FORMAT: Final = 1

_NOTES: Final = ("note", "baseline_note", "targets_note", "progress_note")

Table = dict[str, Any]  # Any: whatever the file holds


class ProfileRejected(ValueError):
    """A profile file is unreadable or refers to what it does not hold."""


def load(path: Path | None) -> Register:
    """Read the profile at *path*, or the packaged one of Bandung and Kawasaki.

    Raises:
        ProfileRejected: It is not a profile; the message says where.
    """
    try:
        register = Register(_entries(tomllib.loads(_read(path))))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ProfileRejected(f"{path}: {error}") from error
    _check(register)
    return register


def _read(path: Path | None) -> str:
    if path is not None:
        return path.read_text(encoding="utf-8")
    packaged = resources.files("kembar_gateway") / "profiles" / "bandung-kawasaki.toml"
    return packaged.read_text(encoding="utf-8")


def _entries(file: Table) -> Iterator[Entered]:
    """Yield the entries of a file, those of a kind after those of the kinds they may name."""
    if file.pop("format", None) != FORMAT:
        raise ProfileRejected(f"format: only {FORMAT} is known")
    sources, notes = file.pop("sources", {}), file.pop("notes", {})
    cooperations = [each.get("code") for each in file.get("cooperations", ())]
    if not cooperations:
        raise ProfileRejected("cooperations: there is none")
    for kind in KINDS.values():
        for number, table in enumerate(file.pop(kind.name.replace("-", "_"), ())):
            place = f"{kind.name}.{number}"
            body = cast("Table", _Spelling(sources, notes).spell(table, place))
            if kind.name != "cooperations" and len(cooperations) == 1:
                body.setdefault("cooperation", cooperations[0])
            try:
                part = kind.model.model_validate(body)
            except ValidationError as error:
                raise ProfileRejected(_told(place, error)) from error
            filed = cast("Filed", part)
            yield Entered(kind.name, filed.cooperation, filed.code, part)
    if file:
        raise ProfileRejected(f"{', '.join(file)}: unknown")


class _Spelling:
    """Puts sources and notes, which the file gives once, where they are named."""

    def __init__(self, sources: Table, notes: Table) -> None:
        self._sources = sources
        self._notes = notes

    def spell(self, value: Any, place: str) -> Any:
        """Return *value* with its dates as text, its sources and notes in full."""
        if isinstance(value, date):
            return value.isoformat()
        if isinstance(value, list):
            return [self.spell(each, f"{place}.{i}") for i, each in enumerate(value)]
        if not isinstance(value, dict):
            return value
        return {name: self._member(name, each, f"{place}.{name}") for name, each in value.items()}

    def _member(self, name: str, value: Any, place: str) -> Any:
        if name == "sources":
            return [{"code": c, **_found(self._sources, c, place)} for c in value]
        if name in _NOTES and isinstance(value, str):
            return _found(self._notes, value, place)
        return self.spell(value, place)


def _found(table: Table, code: str, place: str) -> Table:
    if code not in table:
        raise ProfileRejected(f"{place}: nothing is called {code!r}")
    return cast("Table", table[code])


def _told(place: str, error: ValidationError) -> str:
    found = error.errors(include_input=False, include_url=False)
    return "; ".join(
        f"{place}.{'.'.join(str(step) for step in each['loc'])}: {each['msg']}" for each in found
    )


def _check(register: Register) -> None:
    """Refuse a profile in which a code is given twice or points at nothing."""
    seen: set[tuple[str, str, str]] = set()
    for entered in register.entries:
        name = (entered.kind, entered.cooperation, entered.code)
        place = f"{entered.kind}: {entered.code}"
        if name in seen:
            raise ProfileRejected(f"{place}: the code is given twice")
        seen.add(name)
        if entered.cooperation not in register.cooperations:
            raise ProfileRejected(f"{place}: no cooperation is called {entered.cooperation!r}")
    for entered in register.entries:
        for fault in faults_of(entered, register):
            params = " ".join(f"{name} {value}" for name, value in fault.params.items())
            raise ProfileRejected(
                f"{entered.kind}: {entered.code}: {fault.place}: {fault.code} {params}"
            )
