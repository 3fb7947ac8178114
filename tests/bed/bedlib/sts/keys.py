"""The credentials this STS has issued, and who calls with them."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from moto.sts.models import AssumedRole, sts_backends

from .reply import AwsError
from .trust import account_of


# Every secret access key starts with it, so that output can be searched for all of them.
MARK = "BedSecret"


@dataclass
class Issued:
    """Temporary credentials and the session they stand for."""

    role: AssumedRole
    expiration: datetime
    tags: dict[str, str] = field(default_factory=dict)  # those that go on to the next role
    source_identity: str | None = None
    chained: bool = False  # had with the credentials of another role

    @property
    def arn(self) -> str:
        return self.role.arn

    @property
    def principals(self) -> list[str]:
        """The names under which a trust policy may mean this caller."""
        account = self.role.account_id
        return [self.role.role_arn, self.arn, f"arn:aws:iam::{account}:root", account]


_issued: dict[str, Issued] = {}


def issue(role_arn: str, session_name: str, seconds: int, now: datetime, region: str) -> Issued:
    """Make credentials. moto keeps them too, so that its other services know the caller."""
    role = sts_backends[account_of(role_arn)]["aws"].assume_role(
        region_name=region,
        role_session_name=session_name,
        role_arn=role_arn,
        policy="",
        duration=seconds,
        external_id="",
    )
    role.secret_access_key = MARK + role.secret_access_key[len(MARK) :]
    issued = Issued(role, now + timedelta(seconds=seconds))
    _issued[role.access_key_id] = issued
    return issued


def caller(access_key: str | None, token: str | None, now: datetime) -> Issued:
    """Who calls with this key; a key or token that was never issued or has run out is refused."""
    if access_key is None:
        raise AwsError("MissingAuthenticationToken", "Request is missing Authentication Token", 403)
    issued = _issued.get(access_key)
    if issued is None or token != issued.role.session_token:
        raise AwsError("InvalidClientTokenId", "The security token included in the request is invalid.", 403)
    if now >= issued.expiration:
        raise AwsError("ExpiredToken", "The security token included in the request is expired", 403)
    return issued
