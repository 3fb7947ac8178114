"""The keeper: the one process that starts the servers, and stops them all.

It leads a process group that holds every server. It ends when it is told to,
or when its lifeline breaks: a pipe whose other end is held by the process that
wants the bed, so that even a killed owner leaves nothing behind. A watchdog in
the same group does the same for the keeper itself.
"""

import fcntl
import os
import select
import shlex
import shutil
import signal
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

from . import components, places, processes

START_LIMIT = 60  # seconds; on a busy machine everything takes its time


class Failed(Exception):
    """The bed could not be started."""


def _serves(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=10):
            return True
    except OSError:
        return False


def _start_watchdog(directory: Path, remove: bool) -> int:
    """A child that waits for this process to end, whatever ends it, and then ends the whole group."""
    reader, writer = os.pipe()
    if watchdog := os.fork():
        os.close(reader)
        return watchdog  # `writer` stays open as long as this process lives
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    os.closerange(3, reader)
    os.closerange(reader + 1, 1024)
    os.read(reader, 1)
    if remove:
        shutil.rmtree(directory, ignore_errors=True)
    os.killpg(0, signal.SIGKILL)


class Keeper:
    """Starts the servers in a directory, writes their variables to DIRECTORY/env, stops them."""

    def __init__(self, directory: Path):
        self.directory = directory
        self.running: list[tuple[components.Component, subprocess.Popen]] = []
        self.variables: dict[str, str] = {}

    def start(self) -> None:
        """Start all servers at once and wait until all serve."""
        directory = self.directory
        (directory / "log").mkdir(exist_ok=True)
        environment = components.environment(directory)
        self.variables = {
            "LEAPP_BED_DIR": str(directory),
            "LEAPP_BED_BIN": str(places.PROGRAMS),
            "LEAPP_BED_PYTHON": str(places.PYTHON),
            "LEAPP_BED_NODE_PATH": str(places.NODE_MODULES),
        }

        def launch(component: components.Component) -> str:
            self.running.append((component, component.start(directory, environment)))
            self.variables |= component.variables
            for listener in component.sockets:
                listener.close()
            return component.ready

        # the slow starters first
        nano = launch(components.nanoidp(directory))
        launch(components.ministack(directory))
        launch(components.proxy(directory))
        ssp = components.simplesamlphp(directory)
        launch(components.sts(directory, {"ssp": ssp.ready, "nano": nano}))
        launch(ssp)

        self._wait_until_ready()
        lines = [f"export {name}={shlex.quote(value)}\n" for name, value in sorted(self.variables.items())]
        (directory / "env").write_text("".join(lines))

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_LIMIT
        waiting = list(self.running)
        while waiting:
            component, process = waiting[0]
            if process.poll() is not None:
                raise Failed(f"{component.name} ended at once with {process.returncode}: {self._tail(component)}")
            if time.monotonic() > deadline:
                raise Failed(f"{component.name} does not serve after {START_LIMIT} s: {self._tail(component)}")
            if _serves(component.ready) and (component.first is None or _serves(component.first)):
                waiting.pop(0)
            else:
                time.sleep(0.01)

    def _tail(self, component: components.Component) -> str:
        log = self.directory / "log" / f"{component.name}.log"
        return log.read_text(errors="replace")[-2000:].strip() or "it said nothing"

    def wait(self, lifeline: int | None) -> None:
        """Wait for a signal to end, or for the lifeline to break."""
        reader, writer = os.pipe()
        os.set_blocking(writer, False)
        signal.set_wakeup_fd(writer)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda *_: None)
        select.select([reader] + ([] if lifeline is None else [lifeline]), [], [])


def keep(directory: Path, lifeline: int | None, report: int, remove: bool) -> None:
    """The keeper's whole life. Writes one line to `report`: "ready", or what went wrong."""
    os.setsid()
    processes.adopt_orphans()
    lock = os.open(directory / "keeper.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    os.write(lock, str(os.getpid()).encode())
    watchdog = _start_watchdog(directory, remove)
    keeper = Keeper(directory)
    try:
        keeper.start()
        os.write(report, b"ready\n")
    except (Failed, places.Missing, OSError, subprocess.SubprocessError) as problem:
        os.write(report, f"{problem}\n".encode())
    else:
        os.close(report)
        keeper.wait(lifeline)
    finally:
        processes.end_children(spare={watchdog})
        if remove:
            shutil.rmtree(directory, ignore_errors=True)
        os.kill(watchdog, signal.SIGKILL)
        os.waitpid(watchdog, 0)
