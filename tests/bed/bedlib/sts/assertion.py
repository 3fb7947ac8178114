"""Checks of a SAML response, as AssumeRoleWithSAML makes them.

Nothing is read before its signature has been checked against the certificate
of the identity provider's metadata, and only the signed part is read then.
"""

import base64
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from cryptography import x509
from lxml import etree
from moto.iam.models import iam_backends
from signxml import SignatureConfiguration, XMLVerifier

from . import trust
from .reply import AwsError

NAMES = {
    "p": "urn:oasis:names:tc:SAML:2.0:protocol",
    "a": "urn:oasis:names:tc:SAML:2.0:assertion",
    "d": "http://www.w3.org/2000/09/xmldsig#",
    "m": "urn:oasis:names:tc:SAML:2.0:metadata",
}
ATTRIBUTE = "https://aws.amazon.com/SAML/Attributes/"
SIGN_IN = re.compile(r"https://([a-z0-9-]+\.)?signin\.aws\.amazon\.com/saml(/acs/[A-Za-z0-9]+)?")
WINDOW = timedelta(minutes=5)
MAX_LENGTH = 100_000


@dataclass(frozen=True)
class Provider:
    """An identity provider as its metadata describes it."""

    entity: str
    certificates: tuple[x509.Certificate, ...]


@dataclass
class Accepted:
    """What an assertion says once it has been accepted."""

    session_name: str
    session_duration: int | None
    issuer: str
    recipient: str
    subject: str
    subject_type: str


def _invalid(message: str) -> AwsError:
    return AwsError("InvalidIdentityToken", message)


def _secure_parser() -> etree.XMLParser:
    return etree.XMLParser(resolve_entities=False, no_network=True)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


@lru_cache
def _read_metadata(document: str) -> Provider:
    root = etree.fromstring(document.encode(), _secure_parser())
    path = ".//m:IDPSSODescriptor/m:KeyDescriptor//d:X509Certificate"
    certificates = tuple(
        x509.load_der_x509_certificate(base64.b64decode(element.text)) for element in root.iterfind(path, NAMES)
    )
    return Provider(root.get("entityID"), certificates)


def _find_provider(arn: str) -> Provider:
    name = arn.rpartition("/")[2]
    provider = iam_backends[trust.account_of(arn)]["aws"].saml_providers.get(name)
    if provider is None or provider.arn != arn:
        raise _invalid(
            "Specified provider doesn't exist (Service: AWSOpenIdDiscoveryService; Status Code: 400; "
            "Error Code: AuthSamlManifestNotFoundException)"
        )
    return _read_metadata(provider.saml_metadata_document)


def _signed_part(element: etree._Element, provider: Provider) -> etree._Element:
    """The element as its own signature covers it."""
    # apart from its document, so that a signature can cover nothing else
    alone = etree.fromstring(etree.tostring(element, with_tail=False), _secure_parser())
    for certificate in provider.certificates:
        try:
            return (
                XMLVerifier()
                .verify(alone, x509_cert=certificate, expect_config=SignatureConfiguration(location="./"))
                .signed_xml
            )
        except Exception:  # whatever is wrong with it, it is not a valid signature
            continue
    raise _invalid("Response signature invalid")


def _signed_assertion(text: str, provider: Provider) -> etree._Element:
    """The one assertion of a successful response, as it was signed."""
    try:
        document = base64.b64decode(text, validate=True)
        response = etree.fromstring(document, _secure_parser())
    except (ValueError, etree.XMLSyntaxError):
        raise _invalid("Invalid base64 SAMLResponse") from None
    if response.tag != f"{{{NAMES['p']}}}Response":
        raise _invalid("Not a SAML Response")
    status = response.find("p:Status/p:StatusCode", NAMES)
    if status is None or not status.get("Value", "").endswith(":Success"):
        raise _invalid("SAML Response status is not Success")
    if response.find("a:EncryptedAssertion", NAMES) is not None:
        raise _invalid("Could not decrypt SAML assertion")
    assertions = response.findall("a:Assertion", NAMES)
    if len(assertions) != 1:
        raise _invalid("Response must carry exactly one Assertion")

    if assertions[0].find("d:Signature", NAMES) is not None:
        return _signed_part(assertions[0], provider)
    if response.find("d:Signature", NAMES) is not None:
        return _signed_part(response, provider).find("a:Assertion", NAMES)
    raise _invalid("Response signature invalid")


def _check_audience_and_recipient(assertion: etree._Element) -> str:
    confirmation = assertion.find("a:Subject/a:SubjectConfirmation/a:SubjectConfirmationData", NAMES)
    recipient = confirmation.get("Recipient", "") if confirmation is not None else ""
    if not SIGN_IN.fullmatch(recipient):
        raise _invalid("Response contains an invalid recipient")
    audiences = [
        (element.text or "").strip()
        for element in assertion.iterfind("a:Conditions/a:AudienceRestriction/a:Audience", NAMES)
    ]
    if not any(name == "urn:amazon:webservices" or SIGN_IN.fullmatch(name) for name in audiences):
        raise _invalid("Response does not contain the required audience.")
    return recipient


def _check_window(assertion: etree._Element, now: datetime) -> None:
    confirmation = assertion.find("a:Subject/a:SubjectConfirmation/a:SubjectConfirmationData", NAMES)
    conditions = assertion.find("a:Conditions", NAMES)
    ends = [_moment(assertion.get("IssueInstant")) + WINDOW]
    for element in (confirmation, conditions):
        if element.get("NotOnOrAfter"):
            ends.append(_moment(element.get("NotOnOrAfter")))
    if now >= min(ends):
        raise AwsError("ExpiredTokenException", "Token must be redeemed within 5 minutes of issuance")
    begin = conditions.get("NotBefore")
    if begin and now < _moment(begin):
        raise _invalid("Assertion is not yet valid")


def _attributes(assertion: etree._Element) -> dict[str, list[str]]:
    return {
        element.get("Name"): [(value.text or "").strip() for value in element.iterfind("a:AttributeValue", NAMES)]
        for element in assertion.iterfind("a:AttributeStatement/a:Attribute", NAMES)
    }


def _session_name(attributes: dict[str, list[str]]) -> str:
    names = attributes.get(ATTRIBUTE + "RoleSessionName")
    if not names:
        raise _invalid("RoleSessionName is required in AuthnResponse")
    if not re.fullmatch(r"[\w+=,.@-]{2,64}", names[0], re.ASCII):
        raise _invalid("RoleSessionName in AuthnResponse must match [a-zA-Z_0-9+=,.@-]{2,64}")
    return names[0]


def _session_duration(attributes: dict[str, list[str]]) -> int | None:
    values = attributes.get(ATTRIBUTE + "SessionDuration")
    if not values:
        return None
    if not values[0].isdigit() or not 900 <= int(values[0]) <= 43200:
        raise _invalid("SessionDuration in AuthnResponse must be between 900 and 43200")
    return int(values[0])


def _offers(attributes: dict[str, list[str]], role_arn: str, provider_arn: str) -> bool:
    """Whether the role is offered through this provider; a pair stands in either order."""
    wanted = sorted((role_arn, provider_arn))
    return any(
        sorted(part.strip() for part in value.split(",")) == wanted for value in attributes.get(ATTRIBUTE + "Role", [])
    )


def check(text: str, role_arn: str, provider_arn: str, now: datetime) -> Accepted:
    """Accept a base64 SAML response for this role and provider, or raise what AWS would answer."""
    if len(text) > MAX_LENGTH:
        raise AwsError(
            "ValidationError",
            "1 validation error detected: Value at 'sAMLAssertion' failed to satisfy constraint: "
            f"Member must have length less than or equal to {MAX_LENGTH}",
        )
    if trust.account_of(role_arn) != trust.account_of(provider_arn):
        raise AwsError("ValidationError", "Principal exists outside the account of the Role being assumed.")
    provider = _find_provider(provider_arn)
    assertion = _signed_assertion(text, provider)

    issuer = assertion.findtext("a:Issuer", namespaces=NAMES)
    if issuer != provider.entity:
        raise _invalid("Issuer not present in specified provider")
    recipient = _check_audience_and_recipient(assertion)
    _check_window(assertion, now)
    attributes = _attributes(assertion)
    session_name = _session_name(attributes)
    session_duration = _session_duration(attributes)
    if not _offers(attributes, role_arn, provider_arn):
        raise AwsError("AccessDenied", "Not authorized to perform sts:AssumeRoleWithSAML", 403)

    subject = assertion.find("a:Subject/a:NameID", NAMES)
    has_subject = subject is not None
    return Accepted(
        session_name=session_name,
        session_duration=session_duration,
        issuer=issuer,
        recipient=recipient,
        subject=(subject.text or "") if has_subject else "",
        subject_type=subject.get("Format", "").rpartition(":")[2] if has_subject else "transient",
    )
