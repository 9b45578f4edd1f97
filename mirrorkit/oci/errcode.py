"""The error codes of distribution-spec 1.1 ("Error codes") and the body they travel in."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec


class ErrorCode(StrEnum):
    """A code of the specification."""

    BLOB_UNKNOWN = "BLOB_UNKNOWN"
    DIGEST_INVALID = "DIGEST_INVALID"
    MANIFEST_UNKNOWN = "MANIFEST_UNKNOWN"
    NAME_INVALID = "NAME_INVALID"
    NAME_UNKNOWN = "NAME_UNKNOWN"
    UNAVAILABLE = "UNAVAILABLE"
    """Not the specification's: what the distribution project says when its storage fails."""
    UNSUPPORTED = "UNSUPPORTED"

    @property
    def status(self) -> int:
        """The HTTP status it goes with."""
        return _STATUS[self]


_STATUS: Final = {
    ErrorCode.BLOB_UNKNOWN: 404,
    ErrorCode.DIGEST_INVALID: 400,
    ErrorCode.MANIFEST_UNKNOWN: 404,
    ErrorCode.NAME_INVALID: 400,
    ErrorCode.NAME_UNKNOWN: 404,
    ErrorCode.UNAVAILABLE: 503,
    ErrorCode.UNSUPPORTED: 405,
}


def error_body(code: ErrorCode, message: str) -> bytes:
    """Return the JSON body that says one error."""
    return msgspec.json.encode({"errors": [{"code": code, "message": message}]})
