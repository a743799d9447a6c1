"""``run.json``: what a run is, and where and with what it was made."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping
from hashlib import blake2b
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from bench.records.documents import json_bytes
from bench.records.errors import RecordError
from bench.records.readable import readable
from bench.records.result import Count, Finite, Seconds
from spaces.atomic import write_atomically
from spaces.files import read_object

FILE_NAME = "run.json"
PACKAGES = (
    "strnas-bench", "torch", "numpy", "scipy", "opencv-python-headless", "lmdb", "optuna",
    "nevergrad",
)  # fmt: skip
MAX_BYTES = 16 * 2**20


class StoredRunSettings(Struct, frozen=True):
    """Section ``run`` of a preset; 0: no limit."""

    evaluator: str
    budget_images: Count
    budget_macs: Count = 0
    budget_evaluations: Count = 0
    budget_seconds: Seconds = 0.0


class StoredLandscape(Struct, frozen=True):
    """Section ``landscape`` of a preset."""

    seed: int


class StoredPreset(Struct, frozen=True):
    """Of a preset, what says where scores come from, and what a run may spend."""

    run: StoredRunSettings
    landscape: StoredLandscape


class RunIdentity(Struct, frozen=True):
    """What makes it this run, as far as readers know its keys."""

    searcher: Annotated[str, Meta(min_length=1, max_length=1000)]
    seed: Count
    supernet: str | None
    preset: StoredPreset
    hyperparameters: dict[str, Any]
    data: dict[str, list[str]]
    max_macs: Count | None = None
    max_params: Count | None = None
    searcher_source: str | None = None


class _Identified(Struct, frozen=True):
    identity: RunIdentity


class SpaceNamed(Struct, frozen=True):
    """The space, and how it was built."""

    name: str
    settings: dict[str, Any]


class Begun(Struct, frozen=True, kw_only=True):
    """What the first file of any work says: what it is, when and where it was begun.

    ``identity`` is all that makes it this work, and plain: every key of it is hashed and compared,
    also those that only another version knows.
    """

    identity: dict[str, Any]
    identity_hash: Annotated[str, Meta(min_length=1, max_length=128)]
    created: str = ""
    hardware: dict[str, Any] = {}
    versions: dict[str, str] = {}


class ReplayNamed(Struct, frozen=True, kw_only=True):
    """The record that scores are replayed from, and how well others are predicted.

    Errors are root mean squares over held-out records; None: not said, as by older versions.
    """

    evaluations: Count | None = None
    predicted_left_out: Count | None = None
    hash: str | None = None
    surrogate: str | None = None
    surrogate_penalty: Finite | None = None
    surrogate_error: Finite | None = None
    surrogate_error_of_best: Finite | None = None
    surrogate_error_of_others: Finite | None = None
    surrogate_kendall_tau: Finite | None = None


class Manifest(Begun, frozen=True, kw_only=True):
    """``run.json``; ``data`` describes splits, or the record that scores are replayed from."""

    space: SpaceNamed
    preset_name: str = "unknown"
    retraining: dict[str, Any] | None = None
    data: dict[str, dict[str, Any]] = {}
    supernet_start: dict[str, Any] | None = None


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


def continued_elsewhere(begun: Begun, now: Begun) -> str | None:
    """What there is to say where work goes on with other versions or on another machine.

    None where it does not. What ``begun`` does not say, as of an older version, has not changed.
    """
    before, after = _surroundings(begun), _surroundings(now)
    changed = [key for key in after if key in before and before[key] != after[key]]
    if not changed:
        return None
    found, known = (
        ", ".join(readable(f"{key} {each[key]}") for key in changed) for each in (after, before)
    )
    return (
        f"continued with {found}, begun with {known}: what was computed since may differ; to "
        "have all of one version and one machine, start again in a new folder"
    )


def _surroundings(manifest: Begun) -> dict[str, Any]:
    """Versions, processor and accelerator by name: what may decide the digits of a score."""
    hardware = manifest.hardware
    return {
        **manifest.versions,
        **{key: hardware[key] for key in ("processor", "accelerator") if key in hardware},
    }


def identity_hash(identity: Mapping[str, Any]) -> str:
    """Hash of what makes two runs the same run: preset, searcher, seed, data and supernet."""
    text = json.dumps(identity, sort_keys=True)
    return blake2b(text.encode(), digest_size=12).hexdigest()


def write_manifest(folder: Path, manifest: Begun) -> None:
    """Write ``run.json`` atomically."""
    write_atomically(folder / FILE_NAME, json_bytes(manifest, sort_keys=True))


def read_manifest(folder: Path) -> Manifest | None:
    """The manifest of a run directory, None if there is none; ``RecordError`` if it is damaged."""
    path = folder / FILE_NAME
    if not path.exists():
        return None
    try:
        found = read_object(path, MAX_BYTES)
        if not isinstance(found.get("identity_hash"), str):
            raise ValueError("no identity_hash")
        return msgspec.convert(found, Manifest)
    except OSError as error:
        raise RecordError(
            f"{path} cannot be read ({error.strerror or error}): choose another folder"
        ) from error
    except msgspec.ValidationError as error:
        raise damaged(path, error) from error
    except ValueError as error:
        raise RecordError(
            f"{path} is not the manifest of a run ({error}): choose another folder"
        ) from error


def known_identity(folder: Path, manifest: Manifest) -> RunIdentity:
    """What comparisons use of it; ``RecordError`` where it says too little."""
    try:
        return msgspec.convert({"identity": manifest.identity}, _Identified).identity
    except msgspec.ValidationError as error:
        raise damaged(folder / FILE_NAME, error) from error


def damaged(path: Path, error: msgspec.ValidationError) -> RecordError:
    """What is said of a manifest that holds something else."""
    return RecordError(f"{path} is damaged or of another version ({error}): run it again")


def processor() -> str:
    """Model of the CPU, as the system names it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor())
