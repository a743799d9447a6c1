"""ONNX, for onnxruntime and whatever else reads it: ``images -> ids, scores``.

By torch's newer exporter: the older one fails at the attention decoders' cells once the number of
images is open. It keeps the decoders' loop, which ends with the longest word, makes LSTM layers
one operator each, and folds batch norm into the convolution before it.

Shape legend: B images, H x W input size, S characters.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch

from bench.models.export.graph import Graph, known_of
from trainers.models.reader import Carry, NextSymbol, Seen, TracedStatistics, WordReader, going

if TYPE_CHECKING:
    from bench.models.export.checking import Reader
    from trainers.models.model import Model

#: The first in which images can be sampled along a grid as torch does it.
OPSET = 20
IMAGES, OUTPUTS = "images", ("ids", "scores")


def encode(model: Model) -> bytes:
    """The model as an ONNX file, which holds charset and input size as metadata."""
    graph = Graph(WordReader(model.network, TracedStatistics(), _loop)).eval()
    example = torch.zeros((2, *model.input_size, 3), dtype=torch.uint8)
    from onnx_ir.passes.common import RemoveUnusedNodesPass

    with torch.no_grad(), _silence():
        program = torch.onnx.export(
            graph,
            (example,),
            input_names=[IMAGES],
            output_names=list(OUTPUTS),
            dynamic_shapes=({0: torch.export.Dim("B")},),
            opset_version=OPSET,
            dynamo=True,
            verbose=False,
        )
    if program is None:
        raise TypeError("torch.onnx.export returned no program")
    RemoveUnusedNodesPass()(program.model)
    # Each node would tell the line, and the folder, that it was made of.
    for node in program.model.graph.all_nodes():
        node.metadata_props.clear()
    program.model.metadata_props.update(known_of(model))
    content: bytes = program.model_proto.SerializeToString()
    return content


def open_reader(content: bytes, threads: int) -> Reader:
    """Reads with onnxruntime on the CPU."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])

    def read(images_BHW3: Any) -> Any:
        return tuple(session.run(list(OUTPUTS), {IMAGES: images_BHW3}))

    return read


def _loop(next_symbol: NextSymbol, carry: Carry, seen: Seen) -> Carry:
    """A loop that stays one."""
    from torch._higher_order_ops.while_loop import while_loop

    ended: Carry = while_loop(  # type: ignore[no-untyped-call]
        lambda *carry: going(next_symbol.length, *carry),
        lambda *carry: next_symbol(*carry, *seen),
        carry,
    )
    return ended


@contextmanager
def _silence() -> Iterator[None]:
    """Without the exporter's talk of itself and of packages that nobody asked for."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
