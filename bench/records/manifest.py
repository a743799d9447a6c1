"""``run.json``: what a run is, and where and with what it was made."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping
from hashlib import blake2b
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from bench.records.documents import json_bytes
from bench.records.errors import RecordError
from spaces.atomic import write_atomically
from spaces.files import read_object

FILE_NAME = "run.json"
PACKAGES = (
    "strnas-bench", "torch", "numpy", "scipy", "opencv-python-headless", "lmdb", "optuna",
    "nevergrad",
)  # fmt: skip
MAX_BYTES = 16 * 2**20


def hardware(device: str) -> dict[str, Any]:
    """Processor, cores, torch threads and accelerator: what seconds are to be read with."""
    import torch

    accelerator = torch.cuda.get_device_name(device) if device.startswith("cuda") else None
    return {
        "machine": platform.machine(),
        "system": platform.system(),
        "processor": processor(),
        "cores": os.cpu_count(),
        "torch_threads": torch.get_num_threads(),
        "device": device,
        "accelerator": accelerator,
    }


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that results depend on."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


def identity_hash(identity: Mapping[str, Any]) -> str:
    """Hash of what makes two runs the same run: preset, searcher, seed, data and supernet."""
    text = json.dumps(identity, sort_keys=True)
    return blake2b(text.encode(), digest_size=12).hexdigest()


def write_manifest(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Write ``run.json`` atomically."""
    write_atomically(folder / FILE_NAME, json_bytes(manifest, sort_keys=True))


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """The manifest of a run directory, None if there is none; ``RecordError`` if it is damaged."""
    path = folder / FILE_NAME
    if not path.exists():
        return None
    try:
        manifest = read_object(path, MAX_BYTES)
        if not isinstance(manifest.get("identity_hash"), str):
            raise ValueError("no identity_hash")
    except OSError as error:
        raise RecordError(
            f"{path} cannot be read ({error.strerror or error}): choose another folder"
        ) from error
    except ValueError as error:
        raise RecordError(
            f"{path} is not the manifest of a run ({error}): choose another folder"
        ) from error
    return manifest


def processor() -> str:
    """Model of the CPU, as the system names it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor())
