"""Words and how sure of them: the whole way from pixels to characters as one module.

``Model.read`` reads as fast as can be, and moves words that have ended out of its way. This is the
same greedy reading with shapes that do not depend on what is read, of operators that every format
of networks has: so it can be traced (``bench.models.export``), and it says how probable a word is.

Shape legend: B images, H x W image size, T time steps, C channels, N states of a recurrent cell, U
hidden units, V classes, S characters.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from spaces.networks.batch_norm import BatchNorm
from spaces.networks.convolution import Activation, Convolution, Normaliser, Stride, activate
from trainers.errors import TrainerError
from trainers.recogniser.attention import AttentionHead
from trainers.recogniser.ctc import CTCHead
from trainers.recogniser.lstm_attention import LSTMAttentionHead
from trainers.recogniser.standalone import StandAlone

#: What stands behind the last character of a word.
PADDING = -1
#: What a step changes: ``step, symbol_B, ended_B, log_p_B, margin_B, ids_BS, state_NBU``.
Carry = tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]
#: What all steps look at: ``features_BTC, keys_BTU``.
Seen = tuple[Tensor, Tensor]
#: Takes steps until ``going`` says no: ``step, carry, seen -> carry``.
Loop = Callable[["NextSymbol", Carry, Seen], Carry]


class TracedStatistics:
    """Running statistics, by torch's plain operators: those who write files fold them."""

    def __call__(self, layer: BatchNorm, x_BCHW: Tensor) -> Tensor:
        return F.batch_norm(
            x_BCHW, layer.running_mean, layer.running_var, layer.weight, layer.bias, eps=layer.eps
        )

    def convolve(
        self, convolution: Convolution, x_BCHW: Tensor, stride: Stride, activation: Activation
    ) -> Tensor:
        return activate(self(convolution.norm, convolution.convolved(x_BCHW, stride)), activation)


class NextSymbol(nn.Module):
    """One step of an attention head's greedy reading: ``carry, seen -> carry``."""

    def __init__(self, head: AttentionHead | LSTMAttentionHead) -> None:
        super().__init__()
        self.head = head
        self.length = head.max_length

    def begin(self, features_BTC: Tensor) -> tuple[Carry, Seen]:
        """Before the first symbol."""
        head = self.head
        states = 2 if isinstance(head, LSTMAttentionHead) else 1
        # By its shape, not its length: tracing takes the length of a tensor for a constant.
        batch = features_BTC.shape[0]
        symbol_B = torch.full((batch,), head.start, device=features_BTC.device)
        carry = (
            torch.zeros_like(symbol_B[0]),
            symbol_B,
            symbol_B == head.eos,
            torch.zeros_like(symbol_B, dtype=torch.float32),
            torch.full_like(symbol_B, torch.inf, dtype=torch.float32),
            torch.full_like(symbol_B[:, None].repeat(1, self.length), PADDING),
            features_BTC.new_zeros(states, batch, head.hidden),
        )
        return carry, (features_BTC, head.project_features(features_BTC))

    def forward(
        self,
        step: Tensor,
        symbol_B: Tensor,
        ended_B: Tensor,
        log_p_B: Tensor,
        margin_B: Tensor,
        ids_BS: Tensor,
        state_NBU: Tensor,
        features_BTC: Tensor,
        keys_BTU: Tensor,
    ) -> Carry:
        head = self.head
        if isinstance(head, LSTMAttentionHead):
            states = head._step(features_BTC, keys_BTU, symbol_B, (state_NBU[0], state_NBU[1]))
            state_NBU = torch.stack(states)
        else:
            embedded_BU = head.embed(symbol_B)
            state_NBU = head._step(features_BTC, keys_BTU, embedded_BU, state_NBU[0])[None]
        # The benchmark's decoder has the start symbol as a class, which it never reads.
        log_p_BV = F.log_softmax(head.classify(state_NBU[0]).float(), -1)[:, : head.start]
        best_B2, which_B2 = log_p_BV.topk(2)
        symbol_B = which_B2[:, 0].contiguous()
        going_B = ~ended_B
        log_p_B = torch.where(going_B, log_p_B + best_B2[:, 0], log_p_B)
        closest_B = torch.minimum(margin_B, best_B2[:, 0] - best_B2[:, 1])
        margin_B = torch.where(going_B, closest_B, margin_B)
        ended_B = ended_B | (symbol_B == head.eos)
        here_S = torch.arange(self.length, device=ids_BS.device) == step
        ids_BS = torch.where(here_S & ~ended_B[:, None], symbol_B[:, None], ids_BS)
        return (
            step + 1,
            symbol_B,
            ended_B,
            log_p_B,
            margin_B,
            ids_BS,
            state_NBU,
        )


class WordReader(nn.Module):
    """``uint8 images_BHW3 -> ids_BS (int64), scores_B, margins_B``; greedily, whatever the beams.

    Ids are places in the charset, ``PADDING`` behind the word's end. The score of a word is its
    probability in [0, 1]: with attention the product over its symbols, EOS included, with CTC that
    of the best path. The margin is that of the closest decision on the way, in log-probability:
    rounding turns words whose margin is next to nothing.
    """

    def __init__(self, network: StandAlone, norm: Normaliser, loop: Loop | None = None) -> None:
        super().__init__()
        self.network = network
        self.norm = norm
        self.loop = loop or until_ended
        head = network.head
        if not isinstance(head, CTCHead | AttentionHead | LSTMAttentionHead):
            raise TrainerError(f"head {type(head).__name__} has no greedy reading")
        self.next_symbol = None if isinstance(head, CTCHead) else NextSymbol(head)
        self.classify = head.classify

    def forward(self, images_BHW3: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        features_BTC = self.network.encode(images_BHW3, self.norm)
        if self.next_symbol is None:
            return _best_path(self.classify(features_BTC))
        carry = self.loop(self.next_symbol, *self.next_symbol.begin(features_BTC))
        return carry[5], carry[3].exp(), carry[4]


def until_ended(next_symbol: NextSymbol, carry: Carry, seen: Seen) -> Carry:
    """A loop in Python."""
    while bool(going(next_symbol.length, *carry)):
        carry = next_symbol(*carry, *seen)
    return carry


def going(length: int, step: Tensor, symbol_B: Tensor, ended_B: Tensor, *rest: Tensor) -> Tensor:
    """Whether a word has not ended, a scalar."""
    return (step < length) & ~ended_B.all()


def _best_path(logits_BTV: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Most probable class a step, repetitions merged, blanks (class 0) dropped."""
    log_p_BTV = F.log_softmax(logits_BTV.float(), -1)
    best_BT2, which_BT2 = log_p_BTV.topk(2)
    symbols_BT = which_BT2[:, :, 0]
    kept_BT = (symbols_BT != F.pad(symbols_BT[:, :-1], (1, 0))) & (symbols_BT != 0)
    # Each symbol goes to its place in the word, what is dropped to a column behind all of them.
    length = symbols_BT.shape[1]
    place_BT = torch.where(kept_BT, kept_BT.long().cumsum(1) - 1, length)
    room_BS = torch.full_like(F.pad(symbols_BT, (0, 1)), PADDING)
    ids_BS = room_BS.scatter(1, place_BT, symbols_BT - 1)[:, :length]
    margins_B = (best_BT2[:, :, 0] - best_BT2[:, :, 1]).amin(1)
    return ids_BS, best_BT2[:, :, 0].sum(1).exp(), margins_B
