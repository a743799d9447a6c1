"""Packages from a folder of wheels into a folder of their own. Standard library only."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from benchmarks.gpu.process import Ended, run_limited

#: Belong to the machine: a wheel of theirs would hide the build that fits its GPU.
MACHINES_OWN = ("torch-", "triton-", "nvidia_")


def wheels_in(folder: Path) -> list[Path]:
    """The wheels of a folder but for those of torch and what comes with it."""
    return sorted(path for path in folder.glob("*.whl") if not path.name.startswith(MACHINES_OWN))


def install(folder: Path, site: Path, limit: float) -> Ended:
    """Install the wheels of ``folder`` into ``site``, without network and without their needs."""
    options = ["-q", "--no-index", "--no-deps", "--no-compile", "--no-cache-dir", "--upgrade"]
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", *options]
    wheels = [str(path) for path in wheels_in(folder)]
    return run_limited([*command, "--target", str(site), *wheels], limit, dict(os.environ))
