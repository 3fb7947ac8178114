"""Where things are, and what to say when they are not."""

import os
import shutil
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent  # tests/bed
INSTALLED = Path(os.environ.get("LEAPP_BED") or HERE.parent.parent / ".bed")
PROGRAMS = INSTALLED / "bin"
PYTHON = INSTALLED / "python" / "bin" / "python"
NODE_MODULES = INSTALLED / "node" / "node_modules"
SIMPLESAMLPHP = INSTALLED / "simplesamlphp"


class Missing(Exception):
    """A part of the bed is not installed."""

    def __init__(self, what: str):
        super().__init__(f"{what} is missing; run: tests/bed/install")


class Unfit(Exception):
    """The bed cannot be here."""


def need_file(path: Path) -> None:
    if not path.exists():
        raise Missing(str(path))


def need_program(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        raise Missing(f"the program {name}")
    return path


def complain(message: object) -> None:
    print(f"bed: {message}", file=sys.stderr, flush=True)
