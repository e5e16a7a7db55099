"""Copies of the head outside the database: they show that a tail was cut."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from kembar_shared.chassis.audit.chain import Head
from kembar_shared.chassis.files import write_secret

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LOGGED: Final = "audit-head"
"""The event under which a head stands in the log."""


class Witness(NamedTuple):
    """A head as it was found somewhere; None where what was found there is none."""

    source: str
    head: Head | None


def beside(key_file: Path) -> Path:
    """Return where the newest head is kept, given where the key is."""
    return key_file.with_suffix(".head")


def keep(file: Path, head: Head) -> None:
    """Keep *head* in *file*, on the disk when this returns."""
    write_secret(file, json.dumps(head._asdict()) + "\n", replace=True)


def read(file: Path) -> list[Witness]:
    """Return what *file* tells: a kept head, a backup's manifest, or a log with many.

    Raises:
        OSError: It cannot be read.
    """
    with file.open(encoding="utf-8", errors="replace") as lines:
        if file.suffix == ".log":
            return list(_logged(str(file), lines))
        text = lines.read()
    try:
        told = json.loads(text)
        if "tables" in told and told.get("audit") is None:
            return []  # the backup of a trail that had not begun
        return [Witness(str(file), _head(told.get("audit", told)))]
    except (ValueError, AttributeError):
        return [Witness(str(file), None)]


def _logged(source: str, lines: Any) -> Iterator[Witness]:  # Any: an open text file
    for number, line in enumerate(lines, 1):
        if f'"{LOGGED}"' not in line:
            continue
        try:
            told = json.loads(line)
        except ValueError:  # the last line of a process that was killed
            continue
        if isinstance(told, dict) and told.get("event") == LOGGED:
            yield Witness(f"{source}:{number}", _head(told))


def _head(told: Any) -> Head | None:  # Any: what JSON can say
    """Return the head that *told* says; None where it says none."""
    if not isinstance(told, dict):
        return None
    seq, at_us, *texts = (told.get(name) for name in Head._fields)
    if type(seq) is not int or type(at_us) is not int or not all(type(t) is str for t in texts):
        return None
    return Head(seq, at_us, *(str(text) for text in texts))
