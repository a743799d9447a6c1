"""Weights, optimiser state and counters of a trainer as tensors and plain numbers.

Files are safetensors: a table of named arrays and nothing that could run. What comes from a file is
checked against the network that is to receive it: same names, same shapes, finite numbers. A hash
of the whole file stands in its header, since a flipped bit in a weight would go unnoticed.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save
from torch import Tensor, nn

from spaces.atomic import write_atomically
from spaces.files import open_regular
from trainers.errors import TrainerError

#: Larger files are refused before they are opened: no supernet of the space comes near it.
MAX_FILE_BYTES = 16 * 2**30
#: What safetensors allows.
MAX_HEADER_BYTES = 100_000_000
METADATA_KEY = "strnas"
#: Before the names of weights where a checkpoint holds other tensors, too.
MODEL = "model/"
#: Where the header holds the hash of the file; zeros stand for it while the hash is computed.
HASH_ENTRY = re.compile(rb'"blake2b":"([0-9a-f]{32})"')
NO_HASH = "0" * 32
#: What each optimiser remembers of a parameter that has moved.
OPTIMISER_ENTRIES: dict[type[torch.optim.Optimizer], frozenset[str]] = {
    torch.optim.AdamW: frozenset({"step", "exp_avg", "exp_avg_sq"}),
    torch.optim.Adadelta: frozenset({"step", "square_avg", "acc_delta"}),
}


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
    """The reverse of ``optimiser_tensors``; ``TrainerError`` if it is of another optimiser.

    Nothing changes unless everything fits.
    """
    parameters = dict(model.named_parameters())
    state: dict[Tensor, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        kind, _, rest = key.partition("/")
        if kind != "optimiser":
            continue
        name, _, entry = rest.rpartition("/")
        if name not in parameters:
            raise TrainerError(
                f"optimiser state of unknown parameter {name!r}: use the preset it was made with"
            )
        parameter = parameters[name]
        if value.dim() and value.shape != parameter.shape:
            raise TrainerError(
                f"optimiser state {entry} of {name} has shape {tuple(value.shape)}, expected "
                f"{tuple(parameter.shape)}: use the preset it was made with"
            )
        # Copied into fresh memory: tensors read from a file are not aligned as torch's own.
        if value.dim():
            moved = torch.empty_like(parameter).copy_(value)
        else:
            # A fused step reads its count where the parameter is, any other on the CPU.
            device = parameter.device if optimiser.defaults.get("fused") else value.device
            moved = torch.empty_like(value, device=device).copy_(value)
        state.setdefault(parameter, {})[entry] = moved.detach()
    expected = OPTIMISER_ENTRIES[type(optimiser)]
    for entries in state.values():
        if entries.keys() != expected:
            raise TrainerError(
                f"optimiser state holds {', '.join(sorted(entries))}, expected "
                f"{', '.join(sorted(expected))}: use the preset it was made with"
            )
    optimiser.state.clear()
    optimiser.state.update(state)


def model_tensors(model: nn.Module) -> dict[str, Tensor]:
    """Weights and buffers as checkpoints hold them: ``model/<name>``."""
    return {MODEL + name: value for name, value in model.state_dict().items()}


def weights_in(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The reverse of ``model_tensors``, from all tensors of a checkpoint."""
    return {
        name.removeprefix(MODEL): value for name, value in tensors.items() if name.startswith(MODEL)
    }


def load_weights(model: nn.Module, tensors: Mapping[str, Tensor], source: str) -> None:
    """Copy ``tensors`` into the model; ``TrainerError`` if names, shapes or numbers do not fit.

    Nothing is copied unless everything fits.
    """
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
        if not given.is_floating_point() or not bool(torch.isfinite(given.float()).all()):
            raise TrainerError(
                f"{source}: {name} holds NaN or what is no number; restore the file or train again"
            )
    for name, value in own.items():
        value.copy_(tensors[name])


def pack_parameters(model: nn.Module, tensors: Mapping[str, Tensor], half: bool) -> Tensor:
    """All parameters of ``tensors`` as one vector in the model's order, in 16 bits with ``half``.

    A supernet has thousands of small arrays, whose names alone would take half a megabyte. Running
    statistics are left out: scores with inherited weights never use them.
    """
    names = [name for name, _ in model.named_parameters()]
    flat = torch.cat([tensors[name].flatten() for name in names])
    return flat.half() if half else flat


def unpack_parameters(model: nn.Module, packed: Tensor, source: str) -> dict[str, Tensor]:
    """The reverse of ``pack_parameters``, beside the model's own running statistics."""
    own = model.state_dict()
    sizes = {name: own[name].numel() for name, _ in model.named_parameters()}
    if packed.shape != (sum(sizes.values()),):
        raise TrainerError(
            f"{source} holds an array of shape {tuple(packed.shape)}, expected "
            f"({sum(sizes.values())},): use the preset it was made with"
        )
    parts = dict(zip(sizes, torch.split(packed, list(sizes.values())), strict=True))
    return own | {name: part.view(own[name].shape) for name, part in parts.items()}


def write_tensors(path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, Any]) -> None:
    """One safetensors file with ``metadata`` as JSON in its header, replaced atomically."""
    write_atomically(path, tensors_file(tensors, metadata))


def tensors_file(tensors: Mapping[str, Tensor], metadata: Mapping[str, Any]) -> bytes:
    """What ``write_tensors`` writes."""
    # As arrays: with thousands of tensors, safetensors takes a quarter of the time for them.
    plain = {name: value.detach().cpu().contiguous().numpy() for name, value in tensors.items()}
    content = save(plain, {METADATA_KEY: json.dumps(metadata), "blake2b": NO_HASH})
    # Quotes inside names and metadata are escaped: the entry cannot be mistaken for another text.
    head, entry, rest = content.partition(f'"blake2b":"{NO_HASH}"'.encode())
    digest = blake2b(content, digest_size=16).hexdigest()
    return b"".join((head, entry.replace(NO_HASH.encode(), digest.encode()), rest))


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors and metadata of a file; ``TrainerError`` if it is missing, damaged or not one."""
    try:
        with open_regular(path) as file:
            size = file.seek(0, io.SEEK_END)
        tensors, metadata = _read(path) if size <= MAX_FILE_BYTES else ({}, None)
    except OSError as error:
        raise TrainerError(
            f"{path} cannot be read ({error.strerror or error}): check the path"
        ) from error
    except (SafetensorError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise TrainerError(
            f"{path} is damaged or not a file of this project ({type(error).__name__}): restore it "
            "or train again"
        ) from error
    if size > MAX_FILE_BYTES:
        raise TrainerError(
            f"{path} has {size} bytes, expected at most {MAX_FILE_BYTES}: it is no supernet"
        )
    if not isinstance(metadata, dict):
        raise TrainerError(f"{path} has no description in its header: restore it or train again")
    return tensors, metadata


def _read(path: Path) -> tuple[dict[str, Tensor], Any]:
    _check_hash(path)
    with safe_open(path, framework="pt") as file:
        metadata = json.loads((file.metadata() or {})[METADATA_KEY])
        return {name: file.get_tensor(name) for name in file.keys()}, metadata  # noqa: SIM118


def _check_hash(path: Path) -> None:
    """``ValueError`` if a file is not what its hash says. Older files have none."""
    with path.open("rb") as file:
        start = file.read(8)
        # A longer header is refused by safetensors, whatever stands in it.
        header = file.read(min(int.from_bytes(start, "little"), MAX_HEADER_BYTES))
        found = HASH_ENTRY.search(header)
        if found is None:
            return
        digest = blake2b(start, digest_size=16)
        digest.update(header[: found.start(1)] + NO_HASH.encode() + header[found.end(1) :])
        while block := file.read(2**20):
            digest.update(block)
    if digest.hexdigest() != found[1].decode():
        raise ValueError("its hash differs")


def content_hash(content: bytes) -> str:
    """What ``file_hash`` says of a file of these bytes."""
    return blake2b(content, digest_size=16).hexdigest()


def file_hash(path: Path) -> str:
    """blake2b-128 of a file's bytes, in hexadecimal."""
    digest = blake2b(digest_size=16)
    with open_regular(path) as file:
        while block := file.read(2**20):
            digest.update(block)
    return digest.hexdigest()


def tensors_hash(tensors: Mapping[str, Tensor]) -> str:
    """blake2b-128 of names, shapes and bytes of tensors, in hexadecimal."""
    digest = blake2b(digest_size=16)
    for name in sorted(tensors):
        value = tensors[name].detach().cpu().contiguous()
        digest.update(f"{name} {value.dtype} {tuple(value.shape)}\n".encode())
        digest.update(value.numpy().tobytes())
    return digest.hexdigest()
