"""Judging measurements: a person's flag wins over every check, and keeps its reason."""

from __future__ import annotations

import json
import uuid
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from kembar_shared.chassis import audit
from kembar_shared.chassis.database import writing
from kembar_shared.measurement import store
from kembar_shared.measurement.problems import NothingToReview, OwnUpload, UnknownUpload
from kembar_shared.measurement.vocabulary import Flag

if TYPE_CHECKING:
    from kembar_shared.chassis.database import Engine
    from kembar_shared.chassis.verifying import Caller


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a review says.

    Attributes:
        flag: The flag that the measurements get.
        reason: Why.
        selection: Which measurements.
        upload: Only those whose value came with the upload of this code.
    """

    flag: Flag
    reason: str
    selection: store.Selection
    upload: str | None = None


def review(engine: Engine, judgement: Judgement, *, caller: Caller) -> dict[str, Any]:
    """Give measurements a reviewer's flag; the values stay as they are.

    Raises:
        NothingToReview: No measurement is chosen that has another flag.
        OwnUpload: Some of them were sent by the caller.
        UnknownUpload: There is no such upload.
    """
    return _judge(engine, judgement, caller=caller, may_be_own=False)


def retract(engine: Engine, upload: str, reason: str, *, caller: Caller) -> dict[str, Any]:
    """Take an upload back: its values that still count are flagged as missing, and kept.

    Raises:
        NothingToReview: None of its values counts any more.
        UnknownUpload: There is no such upload of the caller's.
    """
    whole = store.Selection()
    judgement = Judgement(Flag.MISSING, reason, whole, upload)
    return _judge(engine, judgement, caller=caller, may_be_own=True)


def _judge(
    engine: Engine, judgement: Judgement, *, caller: Caller, may_be_own: bool
) -> dict[str, Any]:
    with writing(engine) as conn:
        upload_id = None
        if judgement.upload is not None:
            upload = store.events.upload(conn, judgement.upload)
            if upload is None or (may_be_own and upload["client"] != caller.client):
                raise UnknownUpload(upload=judgement.upload)
            upload_id = upload["id"]
        labels = store.judging.series_chosen(conn, judgement.selection, upload_id)
        if caller.stations is not None:
            labels = {id_: row for id_, row in labels.items() if caller.sees(row["station"])}
            if upload_id is not None and not labels and not may_be_own:
                # Of an upload with none of its stations it may not even know.
                raise UnknownUpload(upload=judgement.upload)
        store.series.hold(conn, sorted(labels))
        zones = {id_: row["timezone"] for id_, row in labels.items()}
        rows = store.judging.chosen(
            conn, zones, judgement.selection, upload=upload_id, flag=judgement.flag
        )
        if rows.is_empty():
            raise NothingToReview
        if not may_be_own and caller.client in rows["client"].to_list():
            raise OwnUpload
        kind = store.events.RETRACTED if may_be_own else store.events.REVIEWED
        event = store.events.begin(conn, kind, caller.client)
        judged = rows.with_columns(flag=pl.lit(int(judgement.flag), pl.Int16))
        store.judging.judge(conn, event, judged, zones=zones)
        code = uuid.uuid4().hex
        kept = {
            "id": event,
            "code": code,
            "flag": int(judgement.flag),
            "reason": judgement.reason,
            "selection": json.dumps(
                asdict(judgement.selection) | {"upload": judgement.upload}, default=str
            ),
            "judged": rows.height,
        }
        store.judging.keep(conn, kept)
        at = store.events.end(conn, event)
        detail = {"flag": kept["flag"], "upload": judgement.upload}
        audit.append(
            conn,
            [audit.Entry(kind, caller.client, code, n=rows.height, detail=detail)],
        )
        return kept | {"kind": kind, "client": caller.client, "recorded_at": at}
