"""AWS's XML, for results and for errors."""

import uuid
from datetime import datetime
from xml.sax.saxutils import escape

NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"


class AwsError(Exception):
    """An error as AWS tells it: a code, a message, an HTTP status."""

    def __init__(self, code: str, message: str, status: int = 400):
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


def instant(moment: datetime) -> str:
    """A point in time as STS writes it: UTC, whole seconds."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _elements(fields: dict) -> str:
    parts = []
    for name, value in fields.items():
        if value is None:
            continue
        if isinstance(value, dict):
            text = _elements(value)
        elif isinstance(value, datetime):
            text = instant(value)
        else:
            text = escape(str(value))
        parts.append(f"<{name}>{text}</{name}>")
    return "".join(parts)


def result(action: str, fields: dict) -> bytes:
    """The answer to an action that went well."""
    return (
        f'<{action}Response xmlns="{NAMESPACE}">'
        f"<{action}Result>{_elements(fields)}</{action}Result>"
        f"<ResponseMetadata><RequestId>{uuid.uuid4()}</RequestId></ResponseMetadata>"
        f"</{action}Response>"
    ).encode()


def failure(error: AwsError) -> bytes:
    """The answer to an action that was refused."""
    side = "Sender" if error.status < 500 else "Receiver"
    return (
        f'<ErrorResponse xmlns="{NAMESPACE}">'
        f"<Error><Type>{side}</Type><Code>{error.code}</Code>"
        f"<Message>{escape(error.message)}</Message></Error>"
        f"<RequestId>{uuid.uuid4()}</RequestId>"
        f"</ErrorResponse>"
    ).encode()
