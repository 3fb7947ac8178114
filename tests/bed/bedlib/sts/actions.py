"""The STS actions that leapp uses, each as strict as AWS is."""

import hashlib
import json
import re
from base64 import b64encode
from dataclasses import dataclass
from datetime import datetime

from . import assertion, keys, trust, world
from .journal import Entry
from .keys import Issued
from .reply import AwsError

HOUR = 3600
SESSION_NAME = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)
MAX_POLICY = 2048  # characters, by the parameter's own bound
PACKED_POLICY = 1500  # characters of policy and tags that fit when packed; AWS does not tell its own


@dataclass
class Call:
    """One request for an action."""

    parameters: dict[str, str]
    now: datetime
    ttl: int | None
    region: str
    caller: Issued | None  # None for the actions that need no signature
    entry: Entry

    def required(self, name: str) -> str:
        value = self.parameters.get(name)
        if not value:
            label = name[0].lower() + name[1:]
            raise AwsError(
                "ValidationError",
                f"1 validation error detected: Value null at '{label}' failed to satisfy constraint: "
                "Member must not be null",
            )
        return value

    def members(self, name: str) -> list[str]:
        """A list parameter: NAME.member.1, NAME.member.2 ..."""
        found = []
        while (value := self.parameters.get(f"{name}.member.{len(found) + 1}")) is not None:
            found.append(value)
        return found


# --- parameters that both AssumeRole actions share ---------------------------


def _requested_duration(call: Call) -> int | None:
    text = call.parameters.get("DurationSeconds")
    if text is None:
        return None
    seconds = int(text)
    call.entry.duration = seconds
    if not 900 <= seconds <= 12 * HOUR:
        bound, word = (900, "greater") if seconds < 900 else (12 * HOUR, "less")
        raise AwsError(
            "ValidationError",
            f"1 validation error detected: Value '{seconds}' at 'durationSeconds' failed to satisfy constraint: "
            f"Member must have value {word} than or equal to {bound}",
        )
    return seconds


def _check_role_maximum(seconds: int | None, role) -> None:
    if seconds is not None and seconds > int(role.max_session_duration):
        raise AwsError(
            "ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        )


def _session_tags(call: Call) -> dict[str, str]:
    tags = {}
    number = 1
    while (key := call.parameters.get(f"Tags.member.{number}.Key")) is not None:
        tags[key] = call.parameters.get(f"Tags.member.{number}.Value", "")
        number += 1
    call.entry.tags = tags
    if len({key.lower() for key in tags}) < number - 1:
        raise AwsError(
            "InvalidParameterValue", "Duplicate tag keys found. Please note that Tag keys are case insensitive."
        )
    return tags


def _check_policy(call: Call, tags: dict[str, str]) -> None:
    """The session policy must be JSON, and small enough together with the tags."""
    policy = call.parameters.get("Policy", "")
    call.entry.policy = bool(policy)
    number = 1
    while (arn := call.parameters.get(f"PolicyArns.member.{number}.arn")) is not None:
        call.entry.policy_arns.append(arn)
        number += 1
    if len(policy) > MAX_POLICY:
        raise AwsError(
            "ValidationError",
            "1 validation error detected: Value at 'policy' failed to satisfy constraint: "
            f"Member must have length less than or equal to {MAX_POLICY}",
        )
    packed = sum(len(key) + len(value) for key, value in tags.items())
    if policy:
        try:
            packed += len(json.dumps(json.loads(policy), separators=(",", ":")))
        except ValueError:
            raise AwsError("MalformedPolicyDocument", "Syntax errors in policy.") from None
    if packed > PACKED_POLICY:
        percent = packed * 100 // PACKED_POLICY
        raise AwsError(
            "PackedPolicyTooLarge",
            f"Packed policy consumes {percent}% of allotted space, please use smaller policy.",
        )


def _issue(call: Call, role_arn: str, session_name: str, seconds: int) -> tuple[Issued, dict]:
    """Credentials, and the part of the answer that shows them."""
    lifetime = seconds if call.ttl is None else call.ttl
    issued = keys.issue(role_arn, session_name, lifetime, call.now, call.region)
    role = issued.role
    return issued, {
        "Credentials": {
            "AccessKeyId": role.access_key_id,
            "SecretAccessKey": role.secret_access_key,
            "SessionToken": role.session_token,
            "Expiration": issued.expiration,
        },
        "AssumedRoleUser": {"AssumedRoleId": role.user_id, "Arn": role.arn},
    }


# --- the actions -------------------------------------------------------------


def assume_role_with_saml(call: Call) -> dict:
    """Credentials for a role that a SAML response offers."""
    role_arn = call.required("RoleArn")
    provider_arn = call.required("PrincipalArn")
    call.entry.role = role_arn
    _check_policy(call, {})
    seconds = _requested_duration(call)

    accepted = assertion.check(call.required("SAMLAssertion"), role_arn, provider_arn, call.now)
    call.entry.role_session_name = accepted.session_name
    role = trust.find_role(role_arn)
    context = {"SAML:aud": accepted.recipient}
    if role is None or not trust.allows(role, "sts:AssumeRoleWithSAML", [provider_arn], context):
        raise AwsError("AccessDenied", "Not authorized to perform sts:AssumeRoleWithSAML", 403)
    _check_role_maximum(seconds, role)

    # the assertion's SessionDuration is the default and an upper bound for the request
    bound = accepted.session_duration
    lifetime = seconds or min(bound or HOUR, int(role.max_session_duration))
    if bound is not None:
        lifetime = min(lifetime, bound)

    _, answer = _issue(call, role_arn, accepted.session_name, lifetime)
    qualifier = f"{accepted.issuer}{trust.account_of(role_arn)}/{provider_arn.rpartition('/')[2]}"
    return answer | {
        "PackedPolicySize": 1,
        "Subject": accepted.subject,
        "SubjectType": accepted.subject_type,
        "Issuer": accepted.issuer,
        "Audience": accepted.recipient,
        "NameQualifier": b64encode(hashlib.sha1(qualifier.encode()).digest()).decode(),
    }


# Each code is good once for each tag.
_used_codes: set[tuple[str | None, str]] = set()


def _check_mfa(call: Call) -> bool:
    """Whether the request proves a second factor; a wrong proof is refused, and one that was used."""
    serial = call.parameters.get("SerialNumber")
    code = call.parameters.get("TokenCode")
    call.entry.mfa = serial
    if serial is None and code is None:
        return False
    if serial != world.MFA_DEVICE:
        raise AwsError(
            "AccessDenied",
            "MultiFactorAuthentication failed, unable to validate MFA code.  "
            "Please verify your MFA serial number is valid and associated with this user.",
            403,
        )
    use = (call.entry.tag, code)
    if code not in world.MFA_CODES or use in _used_codes:
        raise AwsError("AccessDenied", "MultiFactorAuthentication failed with invalid MFA one time pass code.", 403)
    _used_codes.add(use)
    return True


def _check_trust(call: Call, role_arn: str, needed: list[str]):
    """The role, if its trust policy lets the caller take all the needed actions."""
    context = {"aws:MultiFactorAuthPresent": str(_check_mfa(call)).lower()}
    if call.parameters.get("ExternalId"):
        context["sts:ExternalId"] = call.parameters["ExternalId"]
    role = trust.find_role(role_arn)
    for action in needed:
        if role is None or not trust.allows(role, action, call.caller.principals, context):
            raise AwsError(
                "AccessDenied",
                f"User: {call.caller.arn} is not authorized to perform: {action} on resource: {role_arn}",
                403,
            )
    return role


def assume_role(call: Call) -> dict:
    """Credentials for a role whose trust policy lets the caller in."""
    role_arn = call.required("RoleArn")
    session_name = call.required("RoleSessionName")
    tags = _session_tags(call)
    transitive = call.members("TransitiveTagKeys")
    source_identity = call.parameters.get("SourceIdentity") or call.caller.source_identity
    entry = call.entry
    entry.role = role_arn
    entry.role_session_name = session_name
    entry.transitive = transitive
    entry.external_id = call.parameters.get("ExternalId")
    entry.source_identity = call.parameters.get("SourceIdentity")

    if not SESSION_NAME.fullmatch(session_name):
        raise AwsError(
            "ValidationError",
            f"1 validation error detected: Value '{session_name}' at 'roleSessionName' failed to satisfy constraint: "
            r"Member must satisfy regular expression pattern: [\w+=,.@-]*",
        )
    seconds = _requested_duration(call)
    _check_policy(call, tags)

    needed = ["sts:AssumeRole"]
    if tags:
        needed.append("sts:TagSession")
    if entry.source_identity:
        needed.append("sts:SetSourceIdentity")
    role = _check_trust(call, role_arn, needed)

    _check_role_maximum(seconds, role)
    # every caller here is itself an assumed role, so this is always a chain
    if seconds is not None and seconds > HOUR:
        raise AwsError(
            "ValidationError",
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
        )

    issued, answer = _issue(call, role_arn, session_name, seconds or HOUR)
    issued.chained = True
    transitive_keys = {key.lower() for key in transitive}
    issued.tags = call.caller.tags | {key: value for key, value in tags.items() if key.lower() in transitive_keys}
    issued.source_identity = source_identity
    if source_identity:
        answer["SourceIdentity"] = source_identity
    return answer | {"PackedPolicySize": 1}


def get_caller_identity(call: Call) -> dict:
    """Who the caller is."""
    role = call.caller.role
    return {"Arn": role.arn, "UserId": role.user_id, "Account": role.account_id}


SIGNED = {"AssumeRole": assume_role, "GetCallerIdentity": get_caller_identity}
UNSIGNED = {"AssumeRoleWithSAML": assume_role_with_saml}
