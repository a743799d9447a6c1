"""One process at a time works on a thing; its lock file says which."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path


def try_lock(file: Path) -> int | None:
    """An advisory lock on ``file``, which is made if need be; None while another process has it.

    It dies with the process. Close what is returned to give it back.
    """
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor
