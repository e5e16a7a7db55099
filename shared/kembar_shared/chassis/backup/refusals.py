"""Why a backup was not made or not restored."""

from __future__ import annotations


class Refused(Exception):
    """A backup cannot be made or restored, for a reason that its operator should read.

    Attributes:
        reason: Names the sentence `backup.<reason>.text` in the chassis' messages.
        params: Values of the names in that sentence.
    """

    def __init__(self, reason: str, **params: object) -> None:
        super().__init__(reason, params)
        self.reason = reason
        self.params = params
