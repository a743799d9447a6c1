"""Weights by name, with the description in the header: for those who have a network of their own.

Names are those of ``trainers.recogniser.standalone.StandAlone``; nothing is folded.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import torch
from safetensors import torch as safetensors_torch

from bench.models.export.graph import known_of
from spaces.networks.normalisation import RunningStatistics
from trainers.models.building import build_model
from trainers.models.description import read_description
from trainers.models.reader import WordReader
from trainers.state import load_weights

if TYPE_CHECKING:
    from bench.models.export.checking import Reader
    from trainers.models.model import Model

#: Bytes of the number, in little endian, that says how long the header is.
LENGTH_BYTES = 8


def encode(model: Model) -> bytes:
    """The model's weights and running statistics as a safetensors file."""
    weights = model.network.state_dict().items()
    tensors = {name: value.detach().cpu().contiguous() for name, value in weights}
    content: bytes = safetensors_torch.save(tensors, known_of(model))
    return content


def beside(content: bytes) -> dict[str, Any]:
    """The header as a document for people: what is known of the model, and shapes by name."""
    header = _header(content)
    known = dict(header.pop("__metadata__"))
    known["description"] = json.loads(known["description"])
    return {**known, "tensors": {name: header[name]["shape"] for name in sorted(header)}}


def open_reader(content: bytes, threads: int) -> Reader:
    """Reads with a network built again, on as many threads as torch has been given."""
    description = read_description(beside(content)["description"], "the file")
    network = build_model(description, seed=0)
    load_weights(network, safetensors_torch.load(content), "the file")
    reader = WordReader(network, RunningStatistics())

    def read(images_BHW3: Any) -> Any:
        with torch.inference_mode():
            ids_BS, scores_B, _ = reader(torch.from_numpy(images_BHW3))
        return ids_BS.numpy(), scores_B.numpy()

    return read


def _header(content: bytes) -> dict[str, Any]:
    length = int.from_bytes(content[:LENGTH_BYTES], "little")
    header: Mapping[str, Any] = json.loads(content[LENGTH_BYTES : LENGTH_BYTES + length])
    return dict(header)
