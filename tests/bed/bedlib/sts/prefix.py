"""What the path of an endpoint URL asks for before the real path begins.

Many tests share one server. Each uses an endpoint URL of its own, such as
`http://127.0.0.1:PORT/t/my-test/fault/500/`, and thereby marks its requests and
asks for the behaviour it wants to see:

    /t/TAG/          the tag that the journal shows for this request
    /fault/NAME/     answer with a fault (see faults.py)
    /clock/+SECONDS/ the server's clock is shifted (a minus sign works as well)
    /ttl/SECONDS/    credentials are issued with this lifetime, whatever was asked
    /delay/MILLIS/   answer only after this time

They can be combined in any order; what follows them is the path that is served.
"""

from dataclasses import dataclass
from urllib.parse import unquote

WORDS = ("t", "fault", "clock", "ttl", "delay")


@dataclass
class Prefix:
    """The wishes found in a path, and the rest of the path."""

    rest: str = "/"
    tag: str | None = None
    fault: str | None = None
    clock: int = 0
    ttl: int | None = None
    delay: int = 0


def parse(path: str) -> Prefix:
    """Split the wishes off a path. A malformed number raises ValueError."""
    wishes = Prefix()
    segments = path.split("/")[1:]
    while len(segments) >= 2 and segments[0] in WORDS:
        word, value = segments[0], unquote(segments[1])
        if word == "t":
            wishes.tag = value
        elif word == "fault":
            wishes.fault = value
        else:
            setattr(wishes, word, int(value))
        segments = segments[2:]
    wishes.rest = "/" + "/".join(segments)
    return wishes
