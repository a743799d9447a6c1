"""A folder of work is given back once, however often it is closed."""

from __future__ import annotations

import os
from pathlib import Path

from bench.records.manifest import Manifest, SpaceNamed
from bench.records.run_folder import RunFolder


def test_closing_twice_closes_nothing_of_others(tmp_path: Path) -> None:
    space = SpaceNamed("autostr", {})
    manifest = Manifest(identity={}, identity_hash="0" * 32, space=space)
    folder = RunFolder(tmp_path / "run", manifest)
    folder.work.close()
    other = os.open(tmp_path, os.O_RDONLY)
    folder.work.close()
    os.fstat(other)
    os.close(other)
    RunFolder(tmp_path / "run", manifest).work.close()
