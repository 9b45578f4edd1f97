from __future__ import annotations

import json

import pytest

from mirrorkit.oci.errcode import ErrorCode, error_body

STATUSES = {
    "BLOB_UNKNOWN": 404,
    "DIGEST_INVALID": 400,
    "MANIFEST_UNKNOWN": 404,
    "NAME_INVALID": 400,
    "NAME_UNKNOWN": 404,
    "UNAVAILABLE": 503,
    "UNSUPPORTED": 405,
}


def test_each_code_goes_with_its_http_status() -> None:
    assert {str(code): code.status for code in ErrorCode} == STATUSES


@pytest.mark.parametrize("code", ErrorCode)
def test_an_error_travels_in_the_body_of_the_specification(code: ErrorCode) -> None:
    body = json.loads(error_body(code, 'no "x" here'))
    assert body == {"errors": [{"code": code.name, "message": 'no "x" here'}]}
