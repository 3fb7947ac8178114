"""Runs a command on a session bus of its own, with a fresh, real gnome-keyring on it.

The keyring is unlocked, or with --locked as it is before its owner logs in.
The command's environment is as it was, but for DBUS_SESSION_BUS_ADDRESS.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from . import places, processes

PASSWORD = b"bed-password"  # makes the collection, and unlocks it
COLLECTION = "/org/freedesktop/secrets/collection/login"
START_LIMIT = 20

# A bus that starts no service by itself: only what is under test is on it.
BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:dir={place}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""


class Failed(Exception):
    """The keyring could not be started."""


class Keyring:
    """A bus and a gnome-keyring in a folder."""

    def __init__(self, place: Path):
        self.place = place
        self.address = ""

    def start(self) -> None:
        self._start_bus()
        for name in ("data", "runtime"):
            (self.place / name).mkdir(mode=0o700)
        with open(self.place / "keyring.log", "wb") as log:
            daemon = subprocess.Popen(
                [places.need_program("gnome-keyring-daemon"), "--foreground", "--components=secrets", "--unlock"],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                env=self._environment()
                | {"XDG_DATA_HOME": str(self.place / "data"), "XDG_RUNTIME_DIR": str(self.place / "runtime")},
                preexec_fn=processes.die_with_parent,
            )
        daemon.stdin.write(PASSWORD)
        daemon.stdin.close()
        deadline = time.monotonic() + START_LIMIT
        while COLLECTION not in self.ask("ReadAlias", "default"):
            if daemon.poll() is not None or time.monotonic() > deadline:
                raise Failed(f"gnome-keyring does not answer: {(self.place / 'keyring.log').read_text()}")
            time.sleep(0.01)

    def _start_bus(self) -> None:
        (self.place / "bus.conf").write_text(BUS.format(place=self.place))
        with open(self.place / "bus.log", "wb") as log:
            bus = subprocess.Popen(
                [places.need_program("dbus-daemon"), "--nofork", f"--config-file={self.place / 'bus.conf'}"]
                + ["--print-address"],
                stdout=subprocess.PIPE,
                stderr=log,
                preexec_fn=processes.die_with_parent,
            )
        self.address = bus.stdout.readline().decode().strip()
        if not self.address:
            raise Failed(f"the bus does not start: {(self.place / 'bus.log').read_text()}")

    def _environment(self) -> dict[str, str]:
        return os.environ | {"DBUS_SESSION_BUS_ADDRESS": self.address}

    def ask(self, method: str, *arguments: str) -> str:
        """What the Secret Service answers; nothing when it is not there."""
        return subprocess.run(
            [places.need_program("gdbus"), "call", "--session", "--dest", "org.freedesktop.secrets"]
            + ["--object-path", "/org/freedesktop/secrets"]
            + ["--method", f"org.freedesktop.Secret.Service.{method}", *arguments],
            env=self._environment(),
            capture_output=True,
            text=True,
            check=False,
        ).stdout

    def lock(self) -> None:
        if COLLECTION not in self.ask("Lock", f"['{COLLECTION}']"):
            raise Failed("the keyring cannot be locked")

    def run(self, command: list[str]) -> int:
        return processes.run_in_foreground(command, self._environment())


def main() -> int:
    parser = argparse.ArgumentParser(prog="keyring", description=__doc__)
    parser.add_argument("--locked", action="store_true")
    processes.add_command_argument(parser)
    options = parser.parse_args()
    command = processes.command_of(options, parser)

    def interrupt(number, _frame):
        sys.exit(128 + number)  # until the command has been started

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, interrupt)
    processes.adopt_orphans()
    with tempfile.TemporaryDirectory(prefix="leapp-keyring.") as folder:
        keyring = Keyring(Path(folder))
        try:
            keyring.start()
            if options.locked:
                keyring.lock()
            return keyring.run(command)
        except (Failed, places.Missing) as problem:
            places.complain(problem)
            return 125
        finally:
            processes.end_children()


if __name__ == "__main__":
    sys.exit(main())
