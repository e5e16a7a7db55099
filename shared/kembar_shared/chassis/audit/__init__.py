"""The audit trail: who did what, on what, when, with what result; nobody changes it unseen.

Each process keeps its own. An entry is written in the transaction of what it tells of, and carries
a keyed hash of itself and of the entry before it; the head, one row, carries the number and hash
of the newest entry and a keyed hash of both. Whoever edits, inserts or deletes an entry without the
key breaks the chain; whoever cuts its tail is contradicted by the copies of the head that lie
elsewhere: in a file beside the key, in backups, in the log.

    append(conn, [Entry(UPLOAD, client, code)])    last of all in a writing transaction
    Trail(engine, settings, service=…)             the key, and what is written on the side
    refused(request, slug)                         a refusal that is no `Problem`
"""

from __future__ import annotations

from kembar_shared.chassis.audit.chain import (
    ACTIONS,
    CLIENT,
    CORRECTION,
    DONE,
    KEY,
    REFUSED,
    REGISTER,
    REPORT,
    RETRACTION,
    REVIEW,
    RULES,
    SECRET,
    STATION,
    TOKEN_REFUSED,
    UPLOAD,
    Entry,
    Head,
)
from kembar_shared.chassis.audit.refusals import refused
from kembar_shared.chassis.audit.store import append
from kembar_shared.chassis.audit.trail import Trail

__all__ = [
    "ACTIONS",
    "CLIENT",
    "CORRECTION",
    "DONE",
    "KEY",
    "REFUSED",
    "REGISTER",
    "REPORT",
    "RETRACTION",
    "REVIEW",
    "RULES",
    "SECRET",
    "STATION",
    "TOKEN_REFUSED",
    "UPLOAD",
    "Entry",
    "Head",
    "Trail",
    "append",
    "refused",
]
