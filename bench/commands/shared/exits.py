"""Exit codes of commands, beside 0: done, and 2: bad input."""

from __future__ import annotations

#: Everything was done that could be, and something of it failed.
FAILED = 1
#: Stopped by Ctrl-C or SIGTERM.
INTERRUPTED = 130
