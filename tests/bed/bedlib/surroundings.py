"""What a run inherits and shall not depend on: `nohup`, a job in the background, a supervisor, a person's own settings.

plain COMMAND...   run the command as if nothing of that had been inherited

In the command's surroundings every signal has its default effect and none is blocked, the umask is 022, 4,096 files may be
open, standard input, output and error are open, and no variable is left that changes what programs say or do. Unless
standard input is a terminal, where somebody may work, it leads a session of its own, without a controlling terminal.
"""

import argparse
import os
import re
import resource
import sys

from . import places, processes

FILES = 4096
PLAIN = {"LANG": "C.UTF-8", "AWS_EC2_METADATA_DISABLED": "true"}
# Not LEAPP_BED: where the bed is, and what it offers to those within.
PERSONAL = re.compile(
    r"AWS_|LEAPP_(?!BED)|__?leapp|XDG_|LC_|LANG$|LANGUAGE$|TZ$|NO_COLOR$|FORCE_COLOR$|CLICOLOR|COLORTERM$|BASH_ENV$|BASH_FUNC_"
    r"|ENV$|CDPATH$|GLOBIGNORE$|POSIXLY_CORRECT$|IFS$|PS\d$|PROMPT|ZDOTDIR$|PYTHON|DBUS_|DISPLAY$|WAYLAND_|SSH_|SUDO_|TMUX"
    r"|DIRENV_|__?MISE_|STARSHIP_|[A-Za-z]+_proxy$|[A-Z]+_PROXY$"
)


def environment(inherited: dict[str, str]) -> dict[str, str]:
    """The variables that are no one's personal settings."""
    return {name: value for name, value in inherited.items() if not PERSONAL.match(name)} | PLAIN


def settle() -> None:
    """Set for this process, and with it for all that it starts, what it inherited; but for signals."""
    plain = environment(dict(os.environ))
    os.environ.clear()
    os.environ.update(plain)
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # it gets the lowest number that is free
    os.umask(0o022)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, max(FILES, most)))
    except ValueError:
        raise places.Unfit(f"only {most} files may be open, and the tests need {FILES}; raise: ulimit -Hn") from None


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="plain", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    processes.add_command_argument(parser)
    command = processes.command_of(parser.parse_args(), parser)
    # the packages that are built may have to be fetched through a proxy
    proxies = {name: value for name, value in os.environ.items() if name.lower().endswith("_proxy")}
    try:
        settle()
    except places.Unfit as problem:
        places.complain(problem)
        return 1
    # a bed within it ends before it
    return processes.run_in_foreground(command, os.environ | proxies, is_apart=True, grace=4 * processes.GRACE)


if __name__ == "__main__":
    sys.exit(main())
