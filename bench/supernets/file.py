"""A trained supernet as a file with its provenance."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.records.documents import json_bytes, writing
from bench.records.result import RunResult
from bench.records.work_folder import CHECKPOINT
from bench.supernets.exposure import KEY, exposure_of_run
from spaces.atomic import write_atomically
from trainers.building import PACKED, supernet_identity
from trainers.state import (
    content_hash,
    pack_parameters,
    read_tensors,
    tensors_file,
    weights_in,
)

if TYPE_CHECKING:
    from bench.run import Run


def export_supernet(
    folder: Path, out: Path, run: Run, result: RunResult, half: bool, command: str
) -> dict[str, Any]:
    """Write the weights of a finished training run to ``out``; returns what to print.

    With ``half`` numbers are stored in 16 bits. What is known of their origin stands in the file's
    header and, with the file's hash, beside it in ``<name>.json``.
    """
    tensors, state = read_tensors(folder / CHECKPOINT / "state.safetensors")
    # Default operations, which a strategy may have used, are no part of it.
    packed = pack_parameters(run.trainer.supernet.shared, weights_in(tensors), half)
    cost = result.cost
    before = run.supernet_start or {}
    preset = run.preset
    metadata = {
        "identity": supernet_identity(run.space, preset.data, preset.recogniser, preset.supernet),
        "provenance": {
            "command": command,
            "seed": run.seed,
            "images": cost.images_private,
            "macs": cost.total.macs + int(before.get("macs", 0)),
            "augmentation": preset.trainer.augmentation,
            "weight_steps": state["trainer"]["weight_steps"] + int(before.get("weight_steps", 0)),
            "continued_from": before.get("hash"),
            "search_train": run.manifest.data["search_train"]["hashes"],
            "versions": run.manifest.versions,
        },
    }
    # Beside the file and not in it: how it was trained does not make it another one.
    # Of one of another part it is not known which cells it was of.
    begun_from = "" if "part" in before else preset.supernet.start
    exposure = exposure_of_run(folder, run.space, preset.trainer, begun_from)
    known = {} if exposure is None else {KEY: exposure.as_dict()}
    content = tensors_file({PACKED: packed}, metadata)
    provenance = {"file": out.name, "hash": content_hash(content), **metadata, **known}
    with writing(out):
        # First, since a supernet that is there is not written again: what is known of it would be
        # lost with a process that ends between the two.
        write_atomically(out.with_suffix(".json"), json_bytes(provenance))
        write_atomically(out, content)
    return {
        "file": str(out),
        "hash": content_hash(content),
        "bytes": len(content),
        "images": cost.images_private,
        "seconds": round(cost.seconds.total, 1),
    }
