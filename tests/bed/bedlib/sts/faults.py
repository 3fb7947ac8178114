"""Answers that are wrong on purpose.

html           a page with status 200, as a captive portal has it
hang           no answer at all (see server.py)
once500        the tag's first request fails with 500, the next ones go well
and the names in ERRORS
"""

import threading

from .prefix import Prefix
from .reply import AwsError

CAPTIVE_PORTAL = (
    b"<!DOCTYPE html><html><head><title>Guest network</title></head>"
    b"<body><h1>Please accept the terms of use</h1></body></html>"
)

ERRORS = {
    "500": AwsError("InternalFailure", "An internal error has occurred.", 500),
    "503": AwsError("ServiceUnavailable", "The service is temporarily unable to handle the request.", 503),
    "throttle": AwsError("Throttling", "Rate exceeded", 400),
    "regiondisabled": AwsError(
        "RegionDisabledException",
        "STS is not activated in this region for account:111122223333. "
        "Your account administrator can activate STS in this region using the IAM Console.",
        403,
    ),
    "idprejected": AwsError(
        "IDPRejectedClaim", "The identity provider rejected the claim: authentication failed.", 403
    ),
}

NAMES = {*ERRORS, "html", "hang", "once500"}

_met_once: set[str | None] = set()
_lock = threading.Lock()


def _first_of(tag: str | None) -> bool:
    with _lock:
        first = tag not in _met_once
        _met_once.add(tag)
    return first


def error(wishes: Prefix) -> AwsError | None:
    """The error that the request is to be answered with, if any."""
    if wishes.fault == "once500":
        return ERRORS["500"] if _first_of(wishes.tag) else None
    return ERRORS.get(wishes.fault)
