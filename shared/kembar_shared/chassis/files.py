"""Files that a process keeps for itself, readable by their owner alone."""

from __future__ import annotations

import os
import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def write_secret(file: Path, text: str, *, replace: bool) -> None:
    """Write *file* whole or not at all; it is on the disk when this returns.

    Args:
        file: Where to; its folder is made where it is missing.
        text: What to write.
        replace: False leaves a file that is already there.

    Raises:
        OSError: The disk is full, or may not be written to.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
            opened.write(text)
            opened.flush()
            os.fsync(opened.fileno())
        if replace:
            draft.replace(file)
        else:
            _link(draft, file)
    finally:
        draft.unlink(missing_ok=True)


def _link(draft: Path, file: Path) -> None:
    """Give *draft* its name, unless another process did so first."""
    try:
        file.hardlink_to(draft)
    except FileExistsError:
        return
