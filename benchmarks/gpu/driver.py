"""Runs the parts one after the other, each in a process with a time limit. Standard library only.

What is known is on disk at any moment: every part writes its own file after each measurement, and
``summary.json`` is written before and after each part. A part that fails or takes too long does not
keep the others from running. Time that a part leaves is the next one's.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any

from benchmarks.gpu.installing import install, wheels_in
from benchmarks.gpu.parts import ENVIRONMENT, INSTALL_SECONDS, MINUTES, PARTS, Part
from benchmarks.gpu.process import Ended, run_limited
from benchmarks.gpu.record import read_json, write_json

ROOT = Path(__file__).resolve().parents[2]


class CutOff(BaseException):
    """The machine, or who sits at it, wants this to end: no error of a part."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


class Visit:
    """The parts that are asked for, and what has become of them so far."""

    def __init__(self, options: argparse.Namespace, site: Path) -> None:
        self.options = options
        self.scale = options.minutes / MINUTES
        self.site = site
        self.spare = 0.0
        self.summary: dict[str, Any] = {
            "began": datetime.now(UTC).isoformat(timespec="seconds"),
            "device": options.device,
            "tiny": options.tiny,
            "minutes": options.minutes,
            "parts": [],
        }

    def run(self) -> bool:
        """Whether everything that was run went well."""
        try:
            if self.options.wheels:
                self._lead("install", INSTALL_SECONDS, self._install)
            self._part(ENVIRONMENT)
            found = read_json(self.options.out / "environment.json") or {}
            usable = self.options.device == "cpu" or bool(found.get("cuda_available"))
            for part in PARTS:
                if self.options.only and part.name not in self.options.only:
                    self._note(part.name, 0.0, Ended("skipped", ["not asked for"], 0.0))
                elif part.needs_device and not usable:
                    self._note(part.name, 0.0, Ended("skipped", ["torch sees no GPU here"], 0.0))
                else:
                    self._part(part)
        finally:
            self.summary["ended"] = datetime.now(UTC).isoformat(timespec="seconds")
            self._write()
        return all(part["state"] in ("ok", "skipped") for part in self.summary["parts"])

    def _part(self, part: Part) -> None:
        file = self.options.out / f"{part.name}.json"

        def work(limit: float) -> Ended:
            given = ["--out", file, "--device", self.options.device, "--seconds", f"{limit:.0f}"]
            if self.options.tiny:
                given.append("--tiny")
            if self.options.commit:
                given += ["--commit", self.options.commit]
            module = part.module or f"benchmarks.gpu.{part.name}"
            command = [sys.executable, "-m", module, *map(str, given)]
            return run_limited(command, limit, self._environment(), ROOT)

        self._lead(part.name, part.seconds, work)

    def _install(self, limit: float) -> Ended:
        return install(self.options.wheels, self.site, limit)

    def _lead(self, name: str, seconds: float, work: Any) -> None:
        """Run one part within its own limit and what those before it have left."""
        limit = seconds * self.scale + self.spare
        row = self._note(name, limit, Ended("running", [], 0.0))
        began = time.monotonic()
        try:
            ended: Ended = work(limit)
        except CutOff as cut:
            why = f"signal {cut.number}"
            self._note(name, limit, Ended("cut off", [why], time.monotonic() - began), row)
            raise
        self.spare = max(0.0, limit - ended.seconds)
        self._note(name, limit, ended, row)

    def _note(self, name: str, limit: float, ended: Ended, row: int | None = None) -> int:
        """Write down, and tell, what has become of a part; the place of its row."""
        parts = self.summary["parts"]
        document = read_json(self.options.out / f"{name}.json") or {}
        entry = {
            "part": name,
            "state": ended.state,
            "seconds": round(ended.seconds, 1),
            "limit_seconds": round(limit, 1),
            "headline": document.get("headline"),
            "error": [] if ended.state == "ok" else ended.lines,
        }
        if row is None:
            parts.append(entry)
            row = len(parts) - 1
        else:
            parts[row] = entry
        self._write()
        if ended.state != "running":
            said = entry["headline"] or (entry["error"] or [""])[-1]
            print(
                f"{name:<14}{ended.state:<10}{ended.seconds:>6.1f} s  {said}".rstrip(), flush=True
            )
        return row

    def _write(self) -> None:
        write_json(self.options.out / "summary.json", self.summary)

    def _environment(self) -> dict[str, str]:
        """Of a part: the repository and the wheels' packages are found, files are kept apart."""
        paths = [str(self.site), str(ROOT), os.environ.get("PYTHONPATH", "")]
        return {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(path for path in paths if path),
            "PYTHONUNBUFFERED": "1",
            "STRNAS_CACHE": str(self.site.parent / "cache"),
            "TMPDIR": str(self.site.parent),
        }


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code: 0, 1 when a part failed or took too long, 2 for bad options."""
    options = parsed(arguments)
    options.out.mkdir(parents=True, exist_ok=True)

    def cut(number: int, frame: FrameType | None) -> None:
        raise CutOff(number)

    before = {number: signal.signal(number, cut) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            return 0 if Visit(options, Path(folder) / "site").run() else 1
    except CutOff as error:
        return 128 + error.number
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Options; bad ones end in exit code 2."""
    names = [part.name for part in PARTS]
    told = [f"  {part.name:<14}{part.seconds:>4.0f} s  {part.what}" for part in PARTS]
    parser = argparse.ArgumentParser(
        prog="benchmarks/gpu/run",
        description="Everything that is to be tested and measured on a GPU, in minutes.",
        epilog="\n".join(["parts, the most important first, and their limits:", *told]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="for the files")
    parser.add_argument("--wheels", type=Path, metavar="FOLDER", help="packages to install first")
    parser.add_argument("--only", nargs="+", default=[], choices=names, metavar="PART")
    parser.add_argument("--device", default="cuda", choices=("cuda", "cpu"))
    parser.add_argument("--minutes", type=float, default=MINUTES, help="of all parts together")
    parser.add_argument("--tiny", action="store_true", help="small sizes: to try the script itself")
    parser.add_argument("--commit", default="", help="where there is no git to ask")
    options = parser.parse_args(arguments)
    if not 0.0 < options.minutes <= 24 * 60:
        parser.error(f"--minutes {options.minutes}: expected more than 0")
    if options.wheels and not wheels_in(options.wheels):
        parser.error(
            f"--wheels {options.wheels}: no wheels there; docs/gpu.md says how to get them"
        )
    if options.out.exists() and not options.out.is_dir():
        parser.error(f"--out {options.out} is a file: name a folder")
    return options
