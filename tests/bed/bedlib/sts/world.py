"""The accounts, roles and identity providers there are.

Both accounts have the identity providers `ssp` and `nano`, and the roles that
a person can sign in to. 444455556666 has further roles for chains.
"""

import json

from moto.iam.models import iam_backends

FIRST = "111122223333"
SECOND = "444455556666"
ACCOUNTS = (FIRST, SECOND)
PROVIDERS = ("ssp", "nano")

HOUR = 3600
EXTERNAL_ID = "leapp-bed-external"
MFA_DEVICE = f"arn:aws:iam::{FIRST}:mfa/alice"
MFA_CODES = ("123456", "246802")

CHAIN_ACTIONS = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]


def _sign_in(account: str) -> dict:
    """Lets people in who have signed in at one of the account's identity providers."""
    return {
        "Effect": "Allow",
        "Action": ["sts:AssumeRoleWithSAML", "sts:TagSession"],
        "Principal": {"Federated": [f"arn:aws:iam::{account}:saml-provider/{name}" for name in PROVIDERS]},
    }


def _chain(principal: str, condition: dict | None = None) -> dict:
    """Lets another role (or all of an account) in, under a condition."""
    statement = {"Effect": "Allow", "Action": CHAIN_ACTIONS, "Principal": {"AWS": principal}}
    return statement | ({"Condition": condition} if condition else {})


def _create_role(account: str, name: str, hours: int, *statements: dict, path: str = "/") -> None:
    iam_backends[account]["aws"].create_role(
        role_name=name,
        assume_role_policy_document=json.dumps({"Version": "2012-10-17", "Statement": statements}),
        path=path,
        permissions_boundary=None,
        description="",
        tags=[],
        max_session_duration=str(hours * HOUR),
    )


def seed(metadata: dict[str, str]) -> None:
    """Make everything. `metadata` maps a provider's name to its SAML metadata document."""
    first_admin = f"arn:aws:iam::{FIRST}:role/Admin"
    for account in ACCOUNTS:
        for name in PROVIDERS:
            iam_backends[account]["aws"].create_saml_provider(name, metadata[name])
        sign_in = _sign_in(account)
        _create_role(account, "Admin", 12, sign_in)
        _create_role(account, "ReadOnly", 1, sign_in)
        _create_role(account, "Solo", 1, sign_in)
        chain = [_chain(first_admin)] if account == SECOND else []
        _create_role(account, "Deploy", 2, sign_in, *chain, path="/team/")

    anyone_in_first = f"arn:aws:iam::{FIRST}:root"
    _create_role(SECOND, "Audit", 1, _chain(f"arn:aws:iam::{SECOND}:role/team/Deploy"))
    _create_role(SECOND, "Partner", 1, _chain(anyone_in_first, {"StringEquals": {"sts:ExternalId": EXTERNAL_ID}}))
    _create_role(SECOND, "Guarded", 1, _chain(anyone_in_first, {"Bool": {"aws:MultiFactorAuthPresent": "true"}}))
