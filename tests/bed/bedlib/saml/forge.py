"""Makes a response of its own out of a real one, and signs it with the identity provider's key.

So that a test sees exactly one thing wrong: everything else is as it was.
"""

import base64
import re
from datetime import datetime, timedelta
from pathlib import Path

from lxml import etree

SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
PROTOCOL = "urn:oasis:names:tc:SAML:2.0:protocol"
DSIG = "http://www.w3.org/2000/09/xmldsig#"
ENCRYPTION = "http://www.w3.org/2001/04/xmlenc#"
ATTRIBUTE = "https://aws.amazon.com/SAML/Attributes/"
NAMES = {"a": SAML, "p": PROTOCOL, "d": DSIG}

# every attribute of SAML that holds a point in time
INSTANTS = ("IssueInstant", "NotBefore", "NotOnOrAfter", "AuthnInstant", "SessionNotOnOrAfter")


def decode(text: str) -> etree._Element:
    """The response as XML."""
    return etree.fromstring(base64.b64decode(text))


def encode(response: etree._Element, encoding: str = "UTF-8") -> str:
    """The response as it is posted."""
    return base64.b64encode(etree.tostring(response, xml_declaration=True, encoding=encoding)).decode()


def tamper(text: str) -> str:
    """Change the first role that is offered and leave the signatures as they are."""
    document = base64.b64decode(text)
    changed = re.sub(rb":role/[\w/+=,.@-]+?(?=[,<])", b":role/Tampered", document, count=1)
    if changed == document:
        raise ValueError("the response offers no role")
    return base64.b64encode(changed).decode()


def strip_signatures(response: etree._Element) -> None:
    for signature in response.findall(".//d:Signature", NAMES):
        signature.getparent().remove(signature)


def set_audience(response: etree._Element, audience: str) -> None:
    for element in response.iterfind(".//a:Audience", NAMES):
        element.text = audience


def set_recipient(response: etree._Element, recipient: str) -> None:
    response.set("Destination", recipient)
    for element in response.iterfind(".//a:SubjectConfirmationData", NAMES):
        element.set("Recipient", recipient)


def set_age(response: etree._Element, seconds: float) -> None:
    """Move every point in time into the past."""
    for element in response.iter():
        for name in INSTANTS:
            if moment := element.get(name):
                moved = datetime.fromisoformat(moment.replace("Z", "+00:00")) - timedelta(seconds=seconds)
                element.set(name, moved.strftime("%Y-%m-%dT%H:%M:%SZ"))


def set_attribute(response: etree._Element, name: str, values: list[str]) -> None:
    """Replace the values of an AWS attribute, or add it. No values remove it."""
    statement = response.find(".//a:AttributeStatement", NAMES)
    for attribute in statement.findall("a:Attribute", NAMES):
        if attribute.get("Name") == ATTRIBUTE + name:
            statement.remove(attribute)
    if values:
        attribute = etree.SubElement(statement, f"{{{SAML}}}Attribute", Name=ATTRIBUTE + name)
        for value in values:
            etree.SubElement(attribute, f"{{{SAML}}}AttributeValue").text = value


def encrypt(response: etree._Element) -> None:
    """Put an EncryptedAssertion in the assertion's place. Its content is well-formed and means nothing."""
    assertion = response.find("a:Assertion", NAMES)
    encrypted = etree.fromstring(
        f'<a:EncryptedAssertion xmlns:a="{SAML}"><e:EncryptedData xmlns:e="{ENCRYPTION}" xmlns:d="{DSIG}"'
        f' Type="{ENCRYPTION}Element"><e:EncryptionMethod Algorithm="http://www.w3.org/2009/xmlenc11#aes256-gcm"/>'
        f'<d:KeyInfo><e:EncryptedKey><e:EncryptionMethod Algorithm="{ENCRYPTION}rsa-oaep-mgf1p"/>'
        f"<e:CipherData><e:CipherValue>{_noise(256)}</e:CipherValue></e:CipherData></e:EncryptedKey></d:KeyInfo>"
        f"<e:CipherData><e:CipherValue>{_noise(4096)}</e:CipherValue></e:CipherData></e:EncryptedData>"
        "</a:EncryptedAssertion>"
    )
    response.replace(assertion, encrypted)
    strip_signatures(response)


def _noise(length: int) -> str:
    return base64.b64encode(bytes(number * 101 % 251 for number in range(length))).decode()


def fail(response: etree._Element, message: str) -> None:
    """Turn it into the answer to a sign-in that failed: a status, and no assertion."""
    strip_signatures(response)
    response.remove(response.find("a:Assertion", NAMES))
    response.replace(
        response.find("p:Status", NAMES),
        etree.fromstring(
            f'<p:Status xmlns:p="{PROTOCOL}"><p:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Responder">'
            '<p:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:AuthnFailed"/></p:StatusCode>'
            f"<p:StatusMessage>{message}</p:StatusMessage></p:Status>"
        ),
    )


def sign(response: etree._Element, directory: Path) -> etree._Element:
    """Sign the assertion, then the response, with the key that lies in the directory."""
    from signxml import XMLSigner
    from signxml.algorithms import CanonicalizationMethod

    strip_signatures(response)
    key, certificate = (directory / "idp.key").read_bytes(), (directory / "idp.crt").read_text()

    def signed(element: etree._Element) -> etree._Element:
        # the place for the signature: right after the issuer, as the schema has it
        placeholder = etree.Element(f"{{{DSIG}}}Signature", Id="placeholder", nsmap={"ds": DSIG})
        element.find("a:Issuer", NAMES).addnext(placeholder)
        signer = XMLSigner(
            signature_algorithm="rsa-sha256",
            digest_algorithm="sha256",
            c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,
        )
        return signer.sign(element, key=key, cert=certificate, reference_uri=element.get("ID"))

    assertion = response.find("a:Assertion", NAMES)
    if assertion is not None:
        alone = etree.fromstring(etree.tostring(assertion, with_tail=False))
        response.replace(assertion, signed(alone))
    return signed(response)
