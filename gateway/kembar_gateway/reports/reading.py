"""Read a report in any of its forms, with its signatures and what became of their keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kembar_gateway.reports import bundle, shown, store

if TYPE_CHECKING:
    from datetime import datetime

    from kembar_gateway.identity import Issuer
    from kembar_gateway.reports.canonical import Json
    from kembar_gateway.reports.store import Known, Signature
    from kembar_shared.chassis.database import Connection


def detail(conn: Connection, issuer: Issuer, known: Known, *, is_told: bool) -> Json:
    """Return the members of `shown.ReportDetail`."""
    last = store.last_published(conn, known.cooperation, known.period)
    is_newer = last is not None and last.number > known.number
    signed = store.signatures(conn, known.code)
    withdrawn = _withdrawn(conn, issuer, signed)
    return {
        **shown.report(known, is_told=is_told),
        "superseded_by": last.code if last is not None and is_newer else None,
        "signatures": [shown.signature(each, withdrawn.get(each.kid)) for each in signed],
    }


def envelope(conn: Connection, issuer: Issuer, known: Known) -> bytes:
    """Return report, inputs, signatures and keys as one JSON document."""
    signed = store.signatures(conn, known.code)
    inputs = store.files(conn, known.code, [bundle.INPUTS])[bundle.INPUTS]
    return bundle.envelope(
        store.document(conn, known.code).encode(),
        inputs.encode(),
        _members(signed),
        shown.keys(signed, _withdrawn(conn, issuer, signed)),
    )


def file(conn: Connection, known: Known, name: str) -> bytes:
    """Return one of the files that the report names by their digests."""
    return store.files(conn, known.code, [name])[name].encode()


def archive(conn: Connection, issuer: Issuer, known: Known) -> bytes:
    """Return the bundle; the same signatures and keys give the same bytes."""
    signed = store.signatures(conn, known.code)
    files = {name: text.encode() for name, text in store.files(conn, known.code).items()}
    files |= {
        bundle.REPORT: store.document(conn, known.code).encode(),
        bundle.SIGNATURES: bundle.signatures_file(_members(signed)),
        bundle.KEYS: bundle.keys_file(shown.keys(signed, _withdrawn(conn, issuer, signed))),
    }
    return bundle.archive(files)


def _members(signed: list[Signature]) -> list[Json]:
    return [{"protected": each.protected, "signature": each.signature} for each in signed]


def _withdrawn(conn: Connection, issuer: Issuer, signed: list[Signature]) -> dict[str, datetime]:
    """Return since when keys of these signatures are withdrawn, by their ids."""
    found = {}
    for each in signed:
        if each.role == store.PUBLISHER:
            at = issuer.withdrawn_at(each.kid)
        else:
            key = store.find_key(conn, each.kid)
            at = None if key is None else key.withdrawn_at
        if at is not None:
            found[each.kid] = at
    return found
