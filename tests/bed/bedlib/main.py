"""Starts the bed around a command, or to stay.

bed run [--dir DIR] -- COMMAND...   start it, run the command in it, stop it
bed up DIR                          start it to stay; DIR/env has its variables
bed down DIR                        stop it and remove DIR
"""

import argparse
import contextlib
import fcntl
import os
import shlex
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

from . import keeper, places, processes, surroundings

TRACE = "LEAPP_BED_TRACE"  # set it to see how long the start takes


def _start_keeper(directory: Path, attached: bool, remove: bool) -> tuple[int, int]:
    """Fork the keeper and wait for its word. Returns its process id and the lifeline's end to hold."""
    lifeline, hold = os.pipe()
    report, word = os.pipe()
    pid = os.fork()
    if pid == 0:
        processes.default_signals()
        os.close(hold)
        os.close(report)
        if not attached:
            # outlive the one who called, and let go of its output
            null = os.open(os.devnull, os.O_RDWR)
            for number in (0, 1, 2):
                os.dup2(null, number)
        status = 1
        try:
            keeper.keep(directory, lifeline if attached else None, word, remove)
            status = 0
        finally:
            os._exit(status)
    os.close(lifeline)
    os.close(word)
    try:
        with os.fdopen(report) as answer:
            said = answer.read().strip()
    except BaseException:  # a signal, most likely
        _stop_keeper(pid, hold)
        raise
    if said != "ready":
        _stop_keeper(pid, hold)
        raise keeper.Failed(said or "the start was interrupted")
    return pid, hold


def _stop_keeper(pid: int, hold: int) -> None:
    """Let go of the lifeline and wait until the keeper and all of its group have ended."""
    os.close(hold)
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + processes.GRACE
    while True:
        processes.reap()
        try:
            os.killpg(pid, 0 if time.monotonic() < deadline else signal.SIGKILL)
        except ProcessLookupError:
            return
        time.sleep(0.01)


def _variables(directory: Path) -> dict[str, str]:
    """What the keeper has written to DIR/env."""
    lines = (directory / "env").read_text().splitlines()
    return dict(shlex.split(line)[1].split("=", 1) for line in lines)


class Interrupted(Exception):
    """A signal asked for the end before the command was started."""


def run(command: list[str], directory: str | None) -> int:
    """bed run"""
    start = time.monotonic()
    processes.adopt_orphans()

    def interrupt(number, _frame):
        raise Interrupted(number)

    processes.heed(interrupt)
    place = Path(tempfile.mkdtemp(prefix="leapp-bed.")) if directory is None else _fresh(directory)
    try:
        pid, hold = _start_keeper(place, attached=True, remove=directory is None)
    except Interrupted as interrupted:
        return 128 + interrupted.args[0]
    if TRACE in os.environ:
        places.complain(f"up in {time.monotonic() - start:.2f} s")
    try:
        return processes.run_in_foreground(command, os.environ | _variables(place), is_apart=True)
    finally:
        left = {child: name for child, name in processes.children().items() if child != pid}
        processes.reap()
        if pid not in processes.children():
            places.complain("the keeper was ended from outside")
        elif left:
            places.complain(f"the command left processes behind, ended now: {', '.join(sorted(left.values()))}")
        processes.end_children(spare={pid})
        _stop_keeper(pid, hold)


def _fresh(directory: str) -> Path:
    """An empty directory of that name."""
    place = Path(directory).resolve()
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any(place.iterdir()):
        raise keeper.Failed(f"{place} is not empty")
    return place


def up(directory: str) -> int:
    """bed up"""
    place = _fresh(directory)
    _start_keeper(place, attached=False, remove=False)
    places.complain(f"up; its variables are in {place / 'env'}")
    return 0


def down(directory: str) -> int:
    """bed down"""
    place = Path(directory).resolve()
    lock_file = place / "keeper.lock"
    if not lock_file.exists():
        raise keeper.Failed(f"{place} is not the directory of a bed")
    with open(lock_file) as lock:
        deadline = time.monotonic() + 2 * processes.GRACE
        asked = False
        while True:
            try:
                # the keeper holds the lock as long as it lives
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if not asked:
                    os.kill(int(lock_file.read_text()), signal.SIGTERM)
                    asked = True
                if time.monotonic() > deadline:
                    raise keeper.Failed(f"the bed in {place} does not end") from None
                time.sleep(0.01)
    shutil.rmtree(place)
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="bed", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
    verb = verbs.add_parser("run", help="run a command in the bed")
    verb.add_argument("--dir", help="keep state and logs in this (new or empty) directory")
    processes.add_command_argument(verb)
    verbs.add_parser("up", help="start the bed to stay").add_argument("dir")
    verbs.add_parser("down", help="stop it").add_argument("dir")
    options = parser.parse_args()
    try:
        surroundings.settle()
        if options.verb == "run":
            return run(processes.command_of(options, verb), options.dir)
        return up(options.dir) if options.verb == "up" else down(options.dir)
    except (keeper.Failed, places.Missing, places.Unfit) as problem:
        places.complain(problem)
        return 1


if __name__ == "__main__":
    sys.exit(main())
