"""AWS Sign-In's federation endpoint: credentials become a sign-in token, and the token a session of the console.

It checks what AWS documents ("Enable custom identity broker access to the AWS console", IAM User Guide): temporary
credentials that were issued here and have not run out, a SessionDuration within its bounds and the role's maximum,
none at all for chained roles; a token is good for 15 minutes, a destination is a page of the console.
"""

import html
import json
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from . import keys, trust
from .journal import Entry
from .reply import AwsError

PATH = "/federation"
TOKEN_LIFETIME = timedelta(minutes=15)
CONSOLES = ("console.aws.amazon.com", "console.amazonaws.cn", "console.amazonaws-us-gov.com")


@dataclass
class Token:
    """Whose console a sign-in token opens, and until when."""

    issued: keys.Issued
    end: datetime


_tokens: dict[str, Token] = {}


def _refuse(why: str) -> AwsError:
    return AwsError("InvalidRequest", why, 400)


def _caller(session: str, now: datetime) -> keys.Issued:
    """Who the session's credentials are of."""
    try:
        parts = json.loads(session)
        key, secret, token = (parts[name] for name in ("sessionId", "sessionKey", "sessionToken"))
    except (ValueError, KeyError, TypeError):
        raise _refuse("Session is not the JSON that it should be") from None
    caller = keys.caller(key, token, now)
    if secret != caller.role.secret_access_key:
        raise _refuse("the secret access key is wrong")
    return caller


def _check_duration(value: str, caller: keys.Issued) -> int:
    if not value.isdecimal() or not 900 <= int(value) <= 43200:
        raise _refuse("SessionDuration is out of bounds")
    if caller.chained:
        raise _refuse("no SessionDuration with role chaining")
    role = trust.find_role(caller.role.role_arn)
    if role is not None and int(value) > int(role.max_session_duration):
        raise _refuse("SessionDuration exceeds the role's maximum")
    return int(value)


def _get_token(query: dict[str, str], now: datetime, entry: Entry) -> tuple[str, bytes]:
    caller = _caller(query.get("Session", ""), now)
    entry.role = caller.role.role_arn
    if "SessionDuration" in query:
        entry.duration = _check_duration(query["SessionDuration"], caller)
    # with characters that have to be encoded
    token = secrets.token_urlsafe(300) + "+/=&"
    _tokens[token] = Token(caller, now + TOKEN_LIFETIME)
    return "application/json", json.dumps({"SigninToken": token}).encode()


def _login(query: dict[str, str], now: datetime, entry: Entry) -> tuple[str, bytes]:
    token = _tokens.get(query.get("SigninToken", ""))
    if token is None or now >= token.end:
        raise _refuse("the sign-in token is not good, or no longer")
    entry.role = token.issued.role.role_arn
    destination = query.get("Destination", "")
    host = urlsplit(destination).hostname or ""
    if not destination.startswith("https://") or not any(host == one or host.endswith(f".{one}") for one in CONSOLES):
        raise _refuse("the destination is no page of the console")
    if not query.get("Issuer"):
        raise _refuse("there is no Issuer")
    page = f"<!DOCTYPE html><title>console</title><h1>{token.issued.arn}</h1><p>{html.escape(destination)}</p>"
    return "text/html", page.encode()


ACTIONS = {"getSigninToken": _get_token, "login": _login}


def answer(query: dict[str, str], now: datetime, entry: Entry) -> tuple[str, bytes]:
    """The type and the body of an answer that goes well."""
    action = query.get("Action", "")
    entry.action = action
    if action not in ACTIONS:
        raise _refuse("there is no such Action")
    return ACTIONS[action](query, now, entry)
