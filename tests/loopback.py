"""Talking to this machine itself."""

from __future__ import annotations

from typing import Any, Final

PLAIN: Final[dict[str, Any]] = {"trust_env": False, "verify": False}
"""Arguments of an HTTP client: no proxy, and no certificates, which take long to read."""
