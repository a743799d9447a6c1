"""What is refused before a command begins, and what the operating system refused, in one line."""

from __future__ import annotations

import errno
from collections.abc import Sequence

from spaces.errors import InputError

#: Of a path in a message; the rest of a name that is too long says nothing.
LONGEST_PATH = 200
REMEDIES = {
    errno.ENOSPC: "free space, then run the same command again",
    errno.EDQUOT: "free space, then run the same command again",
    errno.EROFS: "choose a place that can be written",
    errno.EACCES: "choose another path, or ask for permission",
    errno.EPERM: "choose another path, or ask for permission",
    errno.ENAMETOOLONG: "give a shorter name",
}
#: The command that only names back what it is given: images, whose names may be any bytes.
READS_ANY_NAME = "read"


def refuse_what_is_no_text(arguments: Sequence[str]) -> None:
    """``InputError`` for bytes that are not UTF-8.

    Results and manifests hold paths as text: the first of them would fail when all work is done.
    """
    if arguments and arguments[0] == READS_ANY_NAME:
        return
    for number, argument in enumerate(arguments, 1):
        if not _is_text(argument):
            raise InputError(
                f"argument {number}, {argument!r}, is not UTF-8 text: give names in UTF-8"
            )


def refusal_in_words(error: OSError) -> str:
    """What the system refused: path, reason, and what to do about it."""
    reason = error.strerror or str(error) or type(error).__name__
    if error.filename is None:
        return f"the operating system refuses ({reason})"
    name = error.filename
    path = name.decode(errors="replace") if isinstance(name, bytes) else str(name)
    if len(path) > LONGEST_PATH:
        path = f"{path[:LONGEST_PATH]}..."
    remedy = REMEDIES.get(error.errno or 0, "choose another path")
    return f"{path} cannot be used ({reason}): {remedy}"


def _is_text(argument: str) -> bool:
    try:
        argument.encode()
    except UnicodeEncodeError:
        return False
    return True
