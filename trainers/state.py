"""Weights, optimiser state and counters of a trainer as tensors and plain numbers.

Files are safetensors: a table of named arrays and nothing that could run. What comes from a file is
checked against the network that is to receive it: same names, same shapes, finite numbers.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from spaces.atomic import write_atomically
from trainers.errors import TrainerError

#: Larger files are refused before they are opened: no supernet of the space comes near it.
MAX_FILE_BYTES = 16 * 2**30
METADATA_KEY = "strnas"


def optimiser_tensors(model: nn.Module, optimiser: torch.optim.Optimizer) -> dict[str, Tensor]:
    """Optimiser state by parameter name: ``optimiser/<parameter>/<entry>``."""
    names: dict[Tensor, str] = {parameter: name for name, parameter in model.named_parameters()}
    return {
        f"optimiser/{names[parameter]}/{entry}": torch.as_tensor(value)
        for parameter, state in optimiser.state.items()
        for entry, value in state.items()
    }


def load_optimiser(
    model: nn.Module, optimiser: torch.optim.Optimizer, tensors: Mapping[str, Tensor]
) -> None:
    """The reverse of ``optimiser_tensors``."""
    parameters = dict(model.named_parameters())
    optimiser.state.clear()
    for key, value in tensors.items():
        kind, _, rest = key.partition("/")
        if kind != "optimiser":
            continue
        name, _, entry = rest.rpartition("/")
        if name not in parameters:
            raise TrainerError(f"optimiser state of unknown parameter {name!r}")
        parameter = parameters[name]
        # Copied into fresh memory: tensors read from a file are not aligned as torch's own.
        moved = torch.empty_like(parameter if value.dim() else value).copy_(value)
        optimiser.state[parameter][entry] = moved


def load_weights(model: nn.Module, tensors: Mapping[str, Tensor], source: str) -> None:
    """Copy ``tensors`` into the model; ``TrainerError`` if names, shapes or numbers do not fit."""
    own = model.state_dict()
    missing, extra = own.keys() - tensors.keys(), tensors.keys() - own.keys()
    if missing or extra:
        example = min(missing or extra)
        raise TrainerError(
            f"{source} is of another network: {len(missing)} arrays missing, {len(extra)} unknown "
            f"(such as {example}); use the preset it was made with"
        )
    for name, value in own.items():
        given = tensors[name]
        if given.shape != value.shape:
            raise TrainerError(
                f"{source}: {name} has shape {tuple(given.shape)}, expected {tuple(value.shape)}; "
                "use the preset it was made with"
            )
        if not bool(torch.isfinite(given).all()):
            raise TrainerError(f"{source}: {name} holds NaN or infinite numbers")
        value.copy_(given)


def write_tensors(path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, Any]) -> None:
    """One safetensors file with ``metadata`` as JSON in its header, replaced atomically."""
    plain = {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
    content = save(plain, {METADATA_KEY: json.dumps(metadata, sort_keys=True)})
    write_atomically(path, content)


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors and metadata of a file; ``TrainerError`` if it is missing, damaged or not one."""
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise TrainerError(f"{path} is larger than {MAX_FILE_BYTES} bytes: not a supernet")
        with safe_open(path, framework="pt") as file:
            metadata = json.loads((file.metadata() or {})[METADATA_KEY])
            return {name: file.get_tensor(name) for name in file.keys()}, metadata  # noqa: SIM118
    except OSError as error:
        raise TrainerError(f"{path}: {error.strerror or error}") from error
    except (SafetensorError, ValueError, KeyError) as error:
        raise TrainerError(
            f"{path} is damaged or not a file of this project ({type(error).__name__}): restore it "
            "or train anew"
        ) from error


def file_hash(path: Path) -> str:
    """blake2b-128 of a file's bytes, in hexadecimal."""
    digest = blake2b(digest_size=16)
    with path.open("rb") as file:
        while block := file.read(2**20):
            digest.update(block)
    return digest.hexdigest()
