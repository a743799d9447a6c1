"""The tests that need a GPU, counted one by one.

Only files that have such a test are read: others need packages that the machine may not have.
With ``--device cpu``, to try the part itself, the tests of one of these files that need none.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from benchmarks.gpu.record import Record, part_options

ROOT = Path(__file__).resolve().parents[2]
MARK = "pytest.mark.gpu"
WITHOUT_GPU = "tests/bench/test_ledger.py"


class Counter:
    """A pytest plugin that writes down each test as it ends."""

    def __init__(self, record: Record) -> None:
        self.record = record
        self.counts = dict.fromkeys(("passed", "failed", "skipped"), 0)
        self.tests: list[dict[str, Any]] = []

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Called by pytest after setup, call and teardown of each test."""
        if report.when != "call" and report.outcome == "passed":
            return
        self.counts[report.outcome] += 1
        self.tests.append(
            {
                "test": report.nodeid,
                "outcome": report.outcome,
                "seconds": round(report.duration, 2),
                "message": str(report.longrepr)[-3000:] if report.failed else None,
            }
        )
        self._write()

    def pytest_collectreport(self, report: Any) -> None:
        """Called by pytest after reading a file."""
        if report.failed:
            self.counts["failed"] += 1
            message = str(report.longrepr)[-3000:]
            self.tests.append({"test": report.nodeid, "outcome": "failed", "message": message})
            self._write()

    def _write(self) -> None:
        self.record.document |= {"counts": self.counts, "tests": self.tests}
        said = [f"{count} {outcome}" for outcome, count in self.counts.items()]
        self.record.headline(", ".join(said))


def main() -> int:
    """The exit code of pytest."""
    options = part_options(__doc__)
    record = Record(options.out, device=options.device)
    # Plugins that happen to be there may warn of what these do not expect.
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    import pytest

    gpu = options.device == "cuda"
    code = pytest.main(
        [
            *("-p", "xdist.plugin", "-p", "pytest_timeout", "-p", "no:cacheprovider"),
            # Packages of other versions than the tested ones may warn; that is no failure here.
            *("-n", "0", "-W", "default", "-q", "--rootdir", str(ROOT)),
            *("-m", "gpu" if gpu else "not gpu and not slow"),
            *(marked_files() if gpu else [WITHOUT_GPU]),
        ],
        plugins=[Counter(record)],
    )
    record.put("exit_code", value=int(code))
    return int(code)


def marked_files() -> list[str]:
    """Files with a test that needs a GPU."""
    files = sorted((ROOT / "tests").rglob("test_*.py"))
    found = [path for path in files if MARK in path.read_text(encoding="utf-8")]
    return [str(path.relative_to(ROOT)) for path in found]


if __name__ == "__main__":
    sys.exit(main())
