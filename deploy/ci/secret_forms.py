"""Secrets of Kembar's own forms, for the scan of `make check`: a plugin of detect-secrets."""

from __future__ import annotations

import re
from collections.abc import Generator

from detect_secrets.plugins.base import RegexBasedDetector


class KembarDetector(RegexBasedDetector):
    """Finds the secret of a client and the private half of a signing key."""

    secret_type = "Kembar secret"  # noqa: S105  what findings are called

    @property
    def denylist(self) -> Generator[re.Pattern[str]]:
        """Forms that nothing else has."""
        yield re.compile(r"\bkembar_[A-Za-z0-9_-]{43}")
        yield re.compile(r'"d"\s*:\s*"[A-Za-z0-9_-]{43}"')
