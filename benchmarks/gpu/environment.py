"""What the machine is, what is installed there, and of which commit this is."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from benchmarks.gpu.record import Record, part_options

ROOT = Path(__file__).resolve().parents[2]
#: What a run imports, and what is good to know beside it.
PACKAGES = (
    "torch", "triton", "numpy", "opencv-python-headless", "pillow", "matplotlib", "scipy",
    "click", "rich", "msgspec", "lmdb", "safetensors", "rapidfuzz", "simplejpeg",
    "pytest", "pytest-timeout", "pytest-xdist", "hypothesis", "optuna", "nevergrad", "pandas",
    "nvidia-cudnn-cu13", "nvidia-cudnn-cu12", "nvidia-cublas",
)  # fmt: skip


def main() -> int:
    """Write what needs no package first."""
    options = part_options(__doc__)
    record = Record(
        options.out,
        date=datetime.now(UTC).isoformat(timespec="seconds"),
        commit=options.commit or said(["git", "rev-parse", "HEAD"]),
        changed_files=(said(["git", "status", "--porcelain"]) or "").splitlines()[:40],
        python=sys.version,
        system=platform.platform(),
        processor=processor(),
        cores=os.cpu_count(),
        usable_cores=len(os.sched_getaffinity(0)),
        memory_bytes=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        packages={name: installed(name) for name in PACKAGES},
        nvidia_smi=said([
            "nvidia-smi", "--query-gpu=name,driver_version,memory.total,clocks.sm,clocks.max.sm,"
            "power.limit,compute_cap", "--format=csv,noheader",
        ]),
    )  # fmt: skip
    record.attempt("torch", work=torch_facts)
    facts = record.document["torch"]
    record.put("cuda_available", value=bool(facts.get("cuda_available")))
    names = [device["name"] for device in facts.get("devices", [])]
    record.headline(f"{', '.join(names) or record.document['processor']}, torch {facts['version']}")
    return 1 if record.failures else 0


def torch_facts() -> dict[str, Any]:
    """Versions that torch was built with, and the devices it sees."""
    import torch

    devices = []
    for index in range(torch.cuda.device_count()):
        found = torch.cuda.get_device_properties(index)
        devices.append(
            {
                "name": found.name,
                "memory_bytes": found.total_memory,
                "multiprocessors": found.multi_processor_count,
                "capability": f"{found.major}.{found.minor}",
            }
        )
    return {
        "version": torch.__version__,
        "cuda": torch.version.cuda,
        "cudnn": torch.backends.cudnn.version(),
        "cuda_available": torch.cuda.is_available(),
        "threads": torch.get_num_threads(),
        "devices": devices,
        "workspace": os.environ.get("CUBLAS_WORKSPACE_CONFIG"),
    }


def installed(name: str) -> str | None:
    """Version of a package; None where it is missing."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def said(command: list[str]) -> str | None:
    """What a command prints; None where it cannot be run."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=8, cwd=ROOT)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def processor() -> str:
    """Model of the CPU, as Linux names it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor())


if __name__ == "__main__":
    sys.exit(main())
