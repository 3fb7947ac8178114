"""Answers that are wrong on purpose. `hang` is the server's own affair."""

import threading

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

_met_once: set[str | None] = set()
_lock = threading.Lock()


def first_of(tag: str | None) -> bool:
    """Whether this is the first request of the tag: the one that `once500` fails."""
    with _lock:
        first = tag not in _met_once
        _met_once.add(tag)
    return first
