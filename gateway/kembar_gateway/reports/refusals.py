"""Why a step of a report is refused."""

from __future__ import annotations

from kembar_shared.chassis.problems import Conflict, InvalidRequest, Unavailable


class ReportPublished(Conflict):
    """The report is published, and what is published is never changed."""

    slug = "report-published"


class ReportNotReviewed(Conflict):
    """The report must be reviewed before it is published."""

    slug = "report-not-reviewed"


class ReportReviewed(Conflict):
    """The report was reviewed before."""

    slug = "report-reviewed"


class OwnReport(Conflict):
    """Whoever made a report cannot review it."""

    slug = "own-report"


class ReportSuperseded(Conflict):
    """A newer report of the period was published since this one was made; params: `code`."""

    slug = "report-superseded"


class NotReportable(Conflict):
    """A figure holds a number that no report can carry exactly."""

    slug = "not-reportable"


class NotPublished(Conflict):
    """Only a published report is countersigned."""

    slug = "report-not-published"


class SignatureRefused(InvalidRequest):
    """A signature does not fit the report, or no key of this client's party has made it."""

    slug = "signature-refused"


class KeyRefused(InvalidRequest):
    """What was sent is no public Ed25519 key that could be registered for this party."""

    slug = "key-refused"


class SigningUnavailable(Unavailable):
    """The key file cannot be used for the moment, so nothing is signed."""

    slug = "signing-unavailable"
