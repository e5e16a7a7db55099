"""The steps of a report that was made: reviewed, published, countersigned."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from kembar_gateway import feed, signatures
from kembar_gateway.feed import News
from kembar_gateway.keyring import KeysUnreadable, UnknownKey
from kembar_gateway.reports import store
from kembar_gateway.reports.refusals import (
    NotPublished,
    OwnReport,
    ReportNotReviewed,
    ReportPublished,
    ReportReviewed,
    ReportSuperseded,
    SignatureRefused,
    SigningUnavailable,
)
from kembar_gateway.reports.store import Known, Signature
from kembar_gateway.signatures import NotSigned
from kembar_shared.chassis import audit
from kembar_shared.chassis.problems import NotFound

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from kembar_gateway.identity import Issuer
    from kembar_shared.chassis.database import Connection

LEEWAY: Final = timedelta(minutes=5)
"""How far ahead a partner's clock may be."""


def review(conn: Connection, code: str, *, client: str, now: datetime) -> Known:
    """Let another client than the one that made it say that a report may be published.

    Raises:
        NotFound: There is no such report.
        ReportPublished: It is published.
        ReportReviewed: It was reviewed.
        OwnReport: The client made it.
    """
    known = _locked(conn, code)
    if known.status == store.PUBLISHED:
        raise ReportPublished
    if known.status == store.REVIEWED:
        raise ReportReviewed
    if known.created_by == client:
        raise OwnReport
    store.change(conn, code, status=store.REVIEWED, reviewed_at=now, reviewed_by=client)
    return _locked(conn, code)


def publish(conn: Connection, issuer: Issuer, code: str, *, client: str, now: datetime) -> Known:
    """Sign a reviewed report with the gateway's key; from now on nothing of it changes.

    Raises:
        NotFound: There is no such report.
        ReportPublished: It is published.
        ReportNotReviewed: Nobody reviewed it.
        ReportSuperseded: What it says of changes is no longer true.
        SigningUnavailable: The key cannot be used.
    """
    known = _locked(conn, code)
    if known.status == store.PUBLISHED:
        raise ReportPublished
    if known.status != store.REVIEWED:
        raise ReportNotReviewed
    store.next_number(conn, known.cooperation, known.period)
    last = store.last_published(conn, known.cooperation, known.period)
    if last is not None and last.code != known.supersedes:
        raise ReportSuperseded(code=last.code)
    document = store.document(conn, code).encode()
    try:
        signed = issuer.sign_report(document, now=now)
    except (KeysUnreadable, UnknownKey, OSError) as error:
        raise SigningUnavailable from error
    made = Signature(
        code,
        role=store.PUBLISHER,
        party=None,
        signed_at=now.replace(microsecond=0),
        added_at=now,
        added_by=client,
        **signed,
    )
    store.sign(conn, made)
    store.change(conn, code, status=store.PUBLISHED, published_at=now, published_by=client)
    detail = {"code": code, "period": known.period, "digest": known.digest}
    told = {**detail, "supersedes": known.supersedes}
    feed.append(conn, [News(feed.PUBLISHED, told, cooperation=known.cooperation)], at=now)
    return _locked(conn, code)


def countersign(
    conn: Connection, code: str, sent: Mapping[str, str], *, client: str, now: datetime
) -> Known:
    """Add the partner's signature, once it was found to fit.

    Raises:
        NotFound: There is no such report.
        NotPublished: It is not published yet.
        SignatureRefused: The signature does not fit, or the key is not one of this client's.
    """
    known = _locked(conn, code)
    if known.status != store.PUBLISHED:
        raise NotPublished
    key = store.find_key(conn, sent["kid"], lock=True)
    is_theirs = key is not None and key.client == client and key.cooperation == known.cooperation
    if key is None or not is_theirs or key.withdrawn_at is not None:
        raise SignatureRefused
    document = store.document(conn, code).encode()
    try:
        signed = signatures.check(document, sent["protected"], sent["signature"], key.jwk)
    except NotSigned as error:
        raise SignatureRefused from error
    # Signatures say seconds alone.
    earliest = known.created_at - timedelta(seconds=1)
    if not earliest <= signed.at <= now + LEEWAY:
        raise SignatureRefused
    if key.kid in {each.kid for each in store.signatures(conn, code)}:
        return known
    made = Signature(
        code,
        key.kid,
        store.COUNTERSIGNER,
        key.party,
        sent["protected"],
        sent["signature"],
        key.jwk,
        signed.at,
        now,
        client,
    )
    store.sign(conn, made)
    told = {"code": code, "digest": known.digest, "party": key.party, "kid": key.kid}
    feed.append(conn, [News(feed.COUNTERSIGNED, told, cooperation=known.cooperation)], at=now)
    return known


def told(known: Known, client: str, did: str) -> audit.Entry:
    """Return what the audit trail says of a step."""
    detail = {"did": did, "digest": known.digest}
    return audit.Entry(audit.REPORT, client, known.code, detail=detail)


def _locked(conn: Connection, code: str) -> Known:
    known = store.find(conn, code, lock=True)
    if known is None:
        raise NotFound
    return known
