"""Processes: adopting orphans, ending groups, free ports."""

import argparse
import contextlib
import ctypes
import os
import random
import signal
import socket
import subprocess
import time

from . import places

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
GRACE = 5  # seconds that a command has to end after a signal

_libc = ctypes.CDLL(None, use_errno=True)


def adopt_orphans() -> None:
    """From now on descendants whose parent has died become children of this process."""
    if _libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def die_with_parent() -> None:
    """In a child that is about to start a program: let it be killed when this process ends."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def default_signals() -> None:
    """In a child that is about to start a program: no signal is ignored, none is blocked."""
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])


def heed(handler) -> None:
    """Have the signals handled that ask for the end; but for a hang-up that `nohup` had this process ignore."""
    signal.signal(signal.SIGTERM, handler)
    signal.signal(signal.SIGINT, handler)
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
        signal.signal(signal.SIGHUP, handler)


def children() -> dict[int, str]:
    """The living children of this process, with their names."""
    found = {}
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat") as file:
                # "PID (NAME) STATE PARENT ...", where NAME may hold anything
                head, _, tail = file.read().rpartition(") ")
        except OSError:
            continue  # it has just ended
        state, parent = tail.split()[:2]
        if int(parent) == os.getpid() and state != "Z":
            found[int(name)] = head.partition("(")[2]
    return found


def reap() -> None:
    """Collect the children that have ended."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def end_children(spare: set[int] = frozenset(), patience: float = 2.0) -> None:
    """End all children but the spared ones: politely, then surely. Needs adopt_orphans()."""
    start = time.monotonic()
    asked: set[int] = set()
    while left := {pid for pid in children() if pid not in spare}:
        late = time.monotonic() - start > patience
        for pid in left if late else left - asked:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL if late else signal.SIGTERM)
        asked |= left
        time.sleep(0.01)
        for pid in left:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)


def listen() -> socket.socket:
    """A socket that listens on a free port of the loopback interface."""
    return socket.create_server(("127.0.0.1", 0), backlog=512)


def free_port() -> int:
    """A port for a server that must open it itself. It lies below the range from which the
    kernel picks ports for others, so that nobody takes it in the meantime by chance."""
    while True:
        port = random.randrange(16000, 32000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def add_command_argument(parser: argparse.ArgumentParser) -> None:
    """The rest of the command line is a command of its own, with or without -- before it."""
    parser.add_argument("command", nargs=argparse.REMAINDER, metavar="-- COMMAND")


def command_of(options: argparse.Namespace, parser: argparse.ArgumentParser) -> list[str]:
    command = options.command[1:] if options.command[:1] == ["--"] else options.command
    if not command:
        parser.error("which command?")
    return command


def run_in_foreground(
    command: list[str], environment: dict[str, str], is_apart: bool = False, grace: int = GRACE
) -> int:
    """Run the command in the foreground, hand signals on to it, and return its exit code as a shell would.

    One that is apart inherits no signal's effect, and leads a session of its own unless somebody may type for it.
    """
    process = None
    leads = is_apart and not os.isatty(0)

    def send(number):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number) if leads else process.send_signal(number)

    def hand_on(number, _frame):
        if process is not None:
            send(number)
            signal.alarm(grace)

    heed(hand_on)
    signal.signal(signal.SIGALRM, lambda *_: send(signal.SIGKILL))
    try:
        process = subprocess.Popen(
            command, env=environment, start_new_session=leads, preexec_fn=default_signals if is_apart else None
        )
    except FileNotFoundError:
        places.complain(f"{command[0]}: command not found")
        return 127
    except OSError as problem:
        places.complain(f"{command[0]}: {problem.strerror}")
        return 126
    code = process.wait()
    signal.alarm(0)
    return code if code >= 0 else 128 - code
