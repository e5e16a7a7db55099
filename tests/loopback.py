"""Talking to this machine itself."""

from __future__ import annotations

import ssl
from typing import Any, Final

PLAIN: Final[dict[str, Any]] = {
    "trust_env": False,
    "verify": ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
}
"""Arguments of an HTTP client: no proxy, and no authorities, which take long to read."""
