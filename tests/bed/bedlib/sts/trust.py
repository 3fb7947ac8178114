"""Trust policies: which principal may take which action on a role."""

import json
from functools import lru_cache

from moto.iam.models import iam_backends

from .reply import AwsError


def account_of(arn: str) -> str:
    """The account an ARN belongs to; anything else is refused as AWS does."""
    fields = arn.split(":", 5)
    if len(fields) != 6 or fields[0] != "arn":
        raise AwsError("ValidationError", f"{arn} is invalid")
    return fields[4]


def find_role(arn: str):
    """moto's role of that ARN, or None."""
    roles = iam_backends[account_of(arn)]["aws"].roles
    return next((role for role in roles.values() if role.arn == arn), None)


@lru_cache
def _policy(document: str) -> dict:
    return json.loads(document)


def _many(value) -> list:
    return value if isinstance(value, list) else [value]


def _holds(condition: dict, context: dict[str, str]) -> bool:
    """Whether every condition of a statement holds. Only the operators in use are known."""
    for operator, wanted in condition.items():
        if operator not in ("StringEquals", "Bool"):
            raise NotImplementedError(f"condition operator {operator}")
        for key, values in wanted.items():
            if context.get(key) not in _many(values):
                return False
    return True


def allows(role, action: str, principals: list[str], context: dict[str, str]) -> bool:
    """Whether the role's trust policy lets any of these principals take the action."""
    document = role.assume_role_policy_document
    policy = _policy(document if isinstance(document, str) else json.dumps(document))
    for statement in _many(policy["Statement"]):
        principal = statement["Principal"]
        trusted = _many(principal.get("AWS", [])) + _many(principal.get("Federated", []))
        if (
            statement["Effect"] == "Allow"
            and action in _many(statement["Action"])
            and any(name in trusted for name in principals)
            and _holds(statement.get("Condition", {}), context)
        ):
            return True
    return False
