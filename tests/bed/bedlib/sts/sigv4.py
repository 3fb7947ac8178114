"""Checks of a request's signature (AWS Signature Version 4, in the header).

The signature is over the path as the client sent it, prefix included.
"""

import hashlib
import hmac
import re
from datetime import datetime, timedelta, timezone
from urllib.parse import quote

from .reply import AwsError

AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/]+)/(?P<scope>(?P<date>\d{8})/(?P<region>[^/]+)/"
    r"(?P<service>[^/]+)/aws4_request), ?SignedHeaders=(?P<headers>[^,]+), ?Signature=(?P<signature>[0-9a-f]{64})"
)


def parse(header: str | None) -> re.Match | None:
    """The parts of an Authorization header: key, scope, region ...; None when there is none."""
    if header is None:
        return None
    match = AUTHORIZATION.fullmatch(header.strip())
    if match is None:
        raise AwsError("IncompleteSignature", "Authorization header is not a valid signature", 403)
    return match


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


WINDOW = timedelta(minutes=5)
STAMP = "%Y%m%dT%H%M%SZ"


def _check_time(date: str, now: datetime) -> None:
    """Refuse a request that was signed more than five minutes before or after now."""
    try:
        signed_at = datetime.strptime(date, STAMP).replace(tzinfo=timezone.utc)
    except ValueError:
        raise AwsError("IncompleteSignature", f"Date must be in ISO-8601 'basic format'. Got '{date}'.", 403) from None
    stamps = (date, (now - WINDOW).strftime(STAMP), (now + WINDOW).strftime(STAMP), now.strftime(STAMP))
    if signed_at < now - WINDOW:
        what = "Signature expired: {0} is now earlier than {1} ({3} - 5 min.)"
    elif signed_at > now + WINDOW:
        what = "Signature not yet current: {0} is still later than {2} ({3} + 5 min.)"
    else:
        return
    raise AwsError("SignatureDoesNotMatch", what.format(*stamps), 403)


def verify(signed: re.Match, secret: str, method: str, target: str, headers, body: bytes, now: datetime) -> None:
    """Refuse a request whose signature was not made with this secret, or not now."""
    _check_time(headers.get("x-amz-date", ""), now)
    path, _, query = target.partition("?")
    canonical = "\n".join(
        [
            method,
            quote(re.sub("/+", "/", path), safe="/-_.~"),
            "&".join(sorted(query.split("&"))) if query else "",
            *(f"{name}:{' '.join(headers.get(name, '').split())}" for name in signed["headers"].split(";")),
            "",
            signed["headers"],
            hashlib.sha256(body).hexdigest(),
        ]
    )
    to_sign = "\n".join(
        [
            "AWS4-HMAC-SHA256",
            headers.get("x-amz-date", ""),
            signed["scope"],
            hashlib.sha256(canonical.encode()).hexdigest(),
        ]
    )
    key = b"AWS4" + secret.encode()
    for part in signed["scope"].split("/"):
        key = _hmac(key, part)
    if not hmac.compare_digest(_hmac(key, to_sign).hex(), signed["signature"]):
        raise AwsError(
            "SignatureDoesNotMatch",
            "The request signature we calculated does not match the signature you provided. "
            "Check your AWS Secret Access Key and signing method. "
            "Consult the service documentation for details.",
            403,
        )
