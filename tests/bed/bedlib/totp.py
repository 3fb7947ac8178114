"""Time-based one-time passwords (RFC 6238), as authenticator apps show them."""

import base64
import hashlib
import hmac
import struct
import time


def code(secret: str, now: float | None = None) -> str:
    """The six digits for a base32 secret."""
    key = base64.b32decode(secret.upper() + "=" * (-len(secret) % 8))
    counter = int(time.time() if now is None else now) // 30
    digest = hmac.new(key, struct.pack(">Q", counter), hashlib.sha1).digest()
    offset = digest[-1] & 15
    number = struct.unpack(">I", digest[offset : offset + 4])[0] & 0x7FFFFFFF
    return f"{number % 1_000_000:06d}"
