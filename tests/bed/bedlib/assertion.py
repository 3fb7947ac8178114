"""Signs in without a browser and prints the SAML response in base64.

Runs inside the bed. The options make a response in which that one thing is
wrong; those that change what is signed sign it anew with SimpleSAMLphp's key.
"""

import argparse
import os
import sys
from pathlib import Path

from . import places, totp
from .saml import signin

SECRETS = {"carol": "JBSWY3DPEHPK3PXP"}  # the users of nanoidp that need a code


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="assertion", description=__doc__)
    parser.add_argument("user")
    parser.add_argument("password")
    parser.add_argument("--idp", choices=("ssp", "nano"), default="ssp")
    parser.add_argument("--url", help="sign in here; by default at the bed's identity provider")

    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--tamper", action="store_true", help="change a role after signing")
    kind.add_argument("--unsigned", action="store_true", help="take the signatures away")
    kind.add_argument("--encrypted", action="store_true", help="an EncryptedAssertion (of noise)")
    kind.add_argument("--status-failure", action="store_true", help="a sign-in that failed, with a StatusMessage")

    again = parser.add_argument_group("changed, then signed again")
    again.add_argument("--audience")
    again.add_argument("--recipient")
    again.add_argument("--age", type=float, metavar="SECONDS", help="negative: from the future")
    again.add_argument("--role", action="append", metavar="PAIR", help="offer these role,provider pairs instead")
    again.add_argument("--session-name", metavar="NAME", help="empty: none")
    again.add_argument("--session-duration", metavar="SECONDS", help="empty: none")
    again.add_argument("--encoding", metavar="NAME", help="write it in this encoding, with an ö in the tag `Name`")
    return parser.parse_args()


def _changed(text: str, options: argparse.Namespace) -> str:
    """The response with what the options ask for."""
    from .saml import forge  # takes a moment to load

    if options.tamper:
        return forge.tamper(text)
    response = forge.decode(text)
    if options.audience is not None:
        forge.set_audience(response, options.audience)
    if options.recipient is not None:
        forge.set_recipient(response, options.recipient)
    if options.age is not None:
        forge.set_age(response, options.age)
    if options.role is not None:
        forge.set_attribute(response, "Role", options.role)
    for name, value in (("RoleSessionName", options.session_name), ("SessionDuration", options.session_duration)):
        if value is not None:
            forge.set_attribute(response, name, [value] if value else [])
    if options.encoding is not None:
        forge.set_attribute(response, "PrincipalTag:Name", ["Jörg"])

    if options.encrypted:
        forge.encrypt(response)
    elif options.status_failure:
        forge.fail(response, "Authentication failed: the account is locked.")
    elif options.unsigned:
        forge.strip_signatures(response)
    else:
        response = forge.sign(response, Path(os.environ["LEAPP_BED_DIR"], "ssp", "cert"))
    return forge.encode(response, options.encoding or "UTF-8")


def main() -> int:
    options = _options()
    url = options.url or os.environ.get(f"LEAPP_BED_{options.idp.upper()}_URL")
    if url is None:
        places.complain("no bed here; run: tests/bed/bed run -- COMMAND...")
        return 1
    secret = SECRETS.get(options.user)
    try:
        text = signin.sign_in(url, options.user, options.password, totp.code(secret) if secret else None)
    except (signin.Refused, OSError) as problem:
        places.complain(problem)
        return 1
    plain = ("user", "password", "idp", "url")
    if any(value not in (None, False) for name, value in vars(options).items() if name not in plain):
        text = _changed(text, options)
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
