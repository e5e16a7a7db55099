"""What can be wrong with a request to the kernel.

Problem
    UploadRejected 422      StationsNotYours 403
    FileUnreadable 422
    StationNotYours 403     StationExists 409
    UnknownUpload 404       OwnUpload 403
    NothingToReview 409     BodyUnreadable 400
"""

from __future__ import annotations

from kembar_shared.chassis.problems import BadRequest, Conflict, NotFound, Problem


class UploadRejected(Problem):
    """No row of the file could be stored; the receipt's rejections say why."""

    slug, status = "upload-rejected", 422
    is_on_record = True


class FileUnreadable(Problem):
    """No row of the file can be read at all; `errors` says why."""

    slug, status = "file-unreadable", 422
    is_on_record = True


class StationsNotYours(Problem):
    """Every row of the file belongs to stations of others."""

    slug, status = "stations-not-yours", 403


class StationNotYours(Problem):
    """The caller's token is narrowed to other stations."""

    slug, status = "station-not-yours", 403


class StationExists(Conflict):
    """A station with this code is registered already."""

    slug = "station-exists"


class UnknownUpload(NotFound):
    """There is no such upload that the caller may see."""

    slug = "unknown-upload"


class UnknownFigure(NotFound):
    """There is no figure of that indicator, jurisdiction and period."""

    slug = "unknown-figure"


class OwnUpload(Problem):
    """Nobody reviews what they sent themselves."""

    slug, status = "own-upload", 403


class NothingToReview(Conflict):
    """No measurement is chosen that has another flag than the one it shall get."""

    slug = "nothing-to-review"


class BodyUnreadable(BadRequest):
    """The body is no gzip, or no form with one part `file`, though its headers say so."""

    slug = "body-unreadable"
