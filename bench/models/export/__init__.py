"""A trained model as one file for those who have no use for this package: a format a module.

Each format's module has ``encode(model)``, the bytes of the file, and
``open_reader(content, threads)``, which reads words with nothing but these bytes.

``writing``      from a model folder to a file that was checked
``graph``        the network that goes into a file, and facts about it
``onnx``         the format for onnxruntime
``torchscript``  the format for ``torch.jit``
``safetensors``  weights by name, for those with a network of their own
``checking``     whether a file reads what the model reads, and how fast
``errors``       ``ExportError``
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class Format:
    """Where a format is written, how its files end, and the packages that it needs."""

    module: str
    suffix: str
    packages: tuple[str, ...] = ()


FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        "onnx": Format("bench.models.export.onnx", ".onnx", ("onnx", "onnxruntime", "onnxscript")),
        "torchscript": Format("bench.models.export.torchscript", ".pt"),
        "safetensors": Format("bench.models.export.safetensors", ".safetensors"),
    }
)
