"""TorchScript, for programs that load ``torch.jit``: ``images -> ids, scores``.

The network is traced; the loop of attention decoders, which a trace would write out step by step,
is scripted around a traced step.

Shape legend: B images, H x W input size, S characters.
"""

from __future__ import annotations

import io
import json
import warnings
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from bench.models.export.graph import Graph, known_of
from trainers.models.reader import Carry, NextSymbol, Seen, TracedStatistics, WordReader

if TYPE_CHECKING:
    from bench.models.export.checking import Reader
    from trainers.models.model import Model

#: The extra file with charset and input size.
KNOWN = "model.json"


class _Steps(nn.Module):
    """``trainers.models.reader.until_ended`` in the words that scripts know."""

    def __init__(self, next_symbol: nn.Module, length: int) -> None:
        super().__init__()
        self.next_symbol = next_symbol
        self.length = length

    def forward(
        self,
        step: Tensor,
        symbol: Tensor,
        ended: Tensor,
        log_p: Tensor,
        margin: Tensor,
        ids: Tensor,
        state: Tensor,
        features: Tensor,
        keys: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
        while bool(step < self.length) and not bool(ended.all()):
            step, symbol, ended, log_p, margin, ids, state = self.next_symbol(
                step, symbol, ended, log_p, margin, ids, state, features, keys
            )
        return step, symbol, ended, log_p, margin, ids, state


class _ScriptedLoop(nn.Module):
    """A ``Loop`` that stays one in a trace."""

    def __init__(self, reader: WordReader, next_symbol: NextSymbol, example_BHW3: Tensor) -> None:
        super().__init__()
        carry, seen = next_symbol.begin(reader.network.encode(example_BHW3, reader.norm))
        step = torch.jit.trace(  # type: ignore[no-untyped-call]
            next_symbol, (*carry, *seen), check_trace=False
        )
        self.steps = torch.jit.script(_Steps(step, next_symbol.length))

    def forward(self, next_symbol: NextSymbol, carry: Carry, seen: Seen) -> Carry:
        ended: Carry = self.steps(*carry, *seen)
        return ended


def encode(model: Model) -> bytes:
    """The model as a TorchScript file, which holds charset and input size as an extra file."""
    reader = WordReader(model.network, TracedStatistics())
    example = torch.zeros((2, *model.input_size, 3), dtype=torch.uint8)
    content = io.BytesIO()
    with torch.no_grad(), warnings.catch_warnings():
        # TorchScript is no longer developed, and says so.
        warnings.simplefilter("ignore")
        if reader.next_symbol is not None:
            reader.loop = _ScriptedLoop(reader, reader.next_symbol, example)
        traced = torch.jit.trace(  # type: ignore[no-untyped-call]
            Graph(reader).eval(), (example,), check_trace=False
        )
        # Freezing folds batch norm into the convolution before it.
        frozen = torch.jit.freeze(traced)
        torch.jit.save(frozen, content, {KNOWN: json.dumps(known_of(model))})
    return content.getvalue()


def open_reader(content: bytes, threads: int) -> Reader:
    """Reads with torch on the CPU, on as many threads as torch has been given."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        graph = torch.jit.load(io.BytesIO(content), "cpu")  # type: ignore[no-untyped-call]

    def read(images_BHW3: Any) -> Any:
        with torch.inference_mode():
            ids_BS, scores_B = graph(torch.from_numpy(images_BHW3))
        return ids_BS.numpy(), scores_B.numpy()

    return read
