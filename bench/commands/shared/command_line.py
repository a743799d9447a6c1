"""The command line that this process was started with."""

from __future__ import annotations

import shlex
import sys


def command_line() -> str:
    """As a person would type it again."""
    return shlex.join(["bench", *sys.argv[1:]])
