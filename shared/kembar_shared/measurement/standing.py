"""Whether the rules of this process are those in force in its database.

Replicas of a service share a database, and not always a release, settings and files. Which of them
count is brought into force by `migrate`; a process with others computes nothing and says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from kembar_shared.measurement import store

if TYPE_CHECKING:
    from kembar_shared.chassis.database import Connection


class Standing:
    """The rules of one process, beside those in force."""

    def __init__(self, what: int, rules: str, name: str) -> None:
        """Ask nothing yet.

        Args:
            what: `store.heads.JUDGEMENT` or `store.heads.CHECKS`.
            rules: Those of this process.
            name: What it computes by them, for the log.
        """
        self._what, self._rules, self._name = what, rules, name
        self._told: str | None = None

    def is_in_force(self, conn: Connection) -> bool:
        """Say whether the rules are in force, or none are yet; tell once of others."""
        others = store.heads.in_force(conn, self._what)
        if others in {None, self._rules}:
            self._told = None
            return True
        if self._told != others:
            self._told = others
            structlog.get_logger().warning(
                "other rules in force",
                computes=self._name,
                own=self._rules,
                in_force=others,
                remedy="where the own ones shall count, run migrate with these settings and files; "
                "else start this process with those of the other replicas",
            )
        return False
