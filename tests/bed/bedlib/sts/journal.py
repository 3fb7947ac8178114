"""The journal: one line of JSON for each request, for tests to count and read."""

import json
import os
import time
from dataclasses import asdict, dataclass, field


@dataclass
class Entry:
    """What the journal tells of one request."""

    tag: str | None = None
    action: str | None = None
    role: str | None = None
    role_session_name: str | None = None
    duration: int | None = None
    status: int = 0
    code: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    transitive: list[str] = field(default_factory=list)
    external_id: str | None = None
    source_identity: str | None = None
    mfa: str | None = None
    policy: bool = False
    policy_arns: list[str] = field(default_factory=list)
    connection: int = 0
    access_key: str | None = None
    region: str | None = None
    user_agent: str | None = None
    time: float = 0


class Journal:
    """An append-only file. One write per line, so lines of threads never mix."""

    def __init__(self, path: str):
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)

    def write(self, entry: Entry) -> None:
        entry.time = round(time.time(), 6)
        os.write(self._file, json.dumps(asdict(entry)).encode() + b"\n")
