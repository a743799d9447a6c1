"""Where the bench keeps what is cheap to lose and slow to compute again."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder() -> Path:
    """Return the folder for cached files; it may not exist yet.

    ``$STRNAS_CACHE`` when set, else ``$XDG_CACHE_HOME/strnas-bench``, else
    ``~/.cache/strnas-bench``. An empty variable counts as not set. Nothing is created
    here: the writer makes the folder, so that reading never touches the disk.
    """
    own = os.environ.get("STRNAS_CACHE")
    if own:
        return Path(own).expanduser()
    shared = os.environ.get("XDG_CACHE_HOME")
    root = Path(shared).expanduser() if shared else Path("~/.cache").expanduser()
    return root / "strnas-bench"
