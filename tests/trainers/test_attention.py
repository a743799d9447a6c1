"""The attention head: its loss against plain equations, and what its searches find."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import pytest
import torch
from torch import Tensor

from trainers.recogniser.attention import AttentionHead


def build(inputs: int, characters: int, hidden: int, max_length: int, seed: int) -> AttentionHead:
    """A head with lively weights: at torch's own scale all words are about equally probable."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        head = AttentionHead(inputs, characters, hidden, max_length)
    with torch.no_grad():
        for parameter in head.parameters():
            parameter.mul_(3.0)
    return head


def features_of(batch: int, steps: int, channels: int, seed: int) -> Tensor:
    return torch.randn(batch, steps, channels, generator=torch.Generator().manual_seed(seed))


@torch.no_grad()
def log_probability(head: AttentionHead, features_TC: Tensor, symbols: Sequence[int]) -> float:
    """Of the symbols (EOS included where wanted): equations one by one, one image, no batching."""
    weights = dict(head.named_parameters())

    def linear(name: str, x: Tensor) -> Tensor:
        return weights[f"{name}.weight"] @ x + weights[f"{name}.bias"]

    state = torch.zeros(head.hidden, dtype=features_TC.dtype)
    previous, total = head.start, 0.0
    for symbol in symbols:
        query = linear("project_state", state)
        energies = [
            linear("energy", torch.tanh(linear("project_features", feature) + query))
            for feature in features_TC
        ]
        attention = torch.cat(energies).exp()
        attention = attention / attention.sum()
        context = (attention[:, None] * features_TC).sum(0)
        x = torch.cat([weights["embed.weight"][previous], context])
        from_input = weights["cell.weight_ih"] @ x + weights["cell.bias_ih"]
        from_state = weights["cell.weight_hh"] @ state + weights["cell.bias_hh"]
        reset_i, update_i, new_i = from_input.chunk(3)
        reset_h, update_h, new_h = from_state.chunk(3)
        reset, update = torch.sigmoid(reset_i + reset_h), torch.sigmoid(update_i + update_h)
        state = (1 - update) * torch.tanh(new_i + reset * new_h) + update * state
        probabilities = linear("classify", state).exp()
        total += (probabilities[symbol] / probabilities.sum()).log().item()
        previous = symbol
    return total


def with_end(head: AttentionHead, word: Sequence[int]) -> list[int]:
    """The symbols that reading ``word`` took: a word of the greatest length needs no EOS."""
    return list(word) if len(word) == head.max_length else [*word, head.eos]


def test_parameter_count_is_that_of_the_authors() -> None:
    head = AttentionHead(512, 96)
    assert sum(p.numel() for p in head.parameters()) == 2_988_130


def test_loss_equals_the_equations() -> None:
    head = build(6, 4, 5, 25, seed=0).double()
    features = features_of(3, 7, 6, seed=1).double()
    labels = [[1, 2, 3], [0], [3, 3, 1, 0, 2]]
    expected = -sum(
        log_probability(head, f, [*label, head.eos])
        for f, label in zip(features, labels, strict=True)
    )
    assert head.loss(features, labels).item() == pytest.approx(expected / 3, rel=1e-6)


def test_padding_does_not_matter() -> None:
    head, features = build(6, 4, 5, 25, seed=0), features_of(2, 7, 6, seed=1)
    apart = head.loss(features[:1], [[1]]) + head.loss(features[1:], [[0, 1, 2, 3]])
    together = 2 * head.loss(features, [[1], [0, 1, 2, 3]])
    torch.testing.assert_close(together, apart)


@pytest.mark.parametrize("beam_width", [1, 3])
def test_reading_ends_at_eos_or_at_the_greatest_length(beam_width: int) -> None:
    head, features = build(6, 4, 5, 7, seed=2), features_of(3, 7, 6, seed=3)
    with torch.no_grad():
        head.classify.bias[head.eos] = 1e4
        assert head.read(features, beam_width) == [[], [], []]
        head.classify.bias[head.eos] = -1e4
        words = head.read(features, beam_width)
    assert [len(word) for word in words] == [7, 7, 7]
    assert all(symbol < 4 for word in words for symbol in word)


def test_no_images_no_words() -> None:
    head = build(6, 4, 5, 7, seed=2)
    assert head.read(torch.zeros(0, 7, 6)) == []
    assert head.read(torch.zeros(0, 7, 6), beam_width=3) == []


def test_it_learns_four_words_and_reads_them() -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        head = AttentionHead(8, 6, 24, max_length=6)
    features, words = features_of(4, 9, 8, seed=5), [[0, 1, 2], [5], [3, 3, 3, 4], [2, 0, 2, 1, 5]]
    optimiser = torch.optim.Adam(head.parameters(), lr=2e-2)
    for _ in range(80):
        optimiser.zero_grad()
        loss = head.loss(features, words)
        loss.backward()
        optimiser.step()
    assert loss.item() < 0.2
    with torch.no_grad():
        assert head.read(features) == words
        assert head.read(features, beam_width=5) == words


@torch.no_grad()
def test_one_beam_is_greedy_reading() -> None:
    head, features = build(6, 5, 8, 6, seed=6), features_of(40, 7, 6, seed=7)
    assert head._read_with_beams(features, 1) == head.read(features)


@torch.no_grad()
def test_beams_find_nothing_less_probable_than_greedy_reading() -> None:
    """No theorem: a narrow beam may lose the greedy word. On these 60 it does not."""
    head, features = build(6, 8, 8, 6, seed=8), features_of(60, 7, 6, seed=9)

    def score(beam_width: int) -> Tensor:
        words = head.read(features, beam_width)
        return torch.tensor(
            [
                log_probability(head, f, with_end(head, word))
                for f, word in zip(features, words, strict=True)
            ]
        )

    gain = score(5) - score(1)
    assert gain.min() > -1e-4
    assert gain.max() > 0.01  # There was something to find.


@torch.no_grad()
def test_wide_beams_are_exhaustive_search() -> None:
    head, features = build(4, 2, 6, 3, seed=10), features_of(12, 5, 4, seed=11)
    words = [w for length in range(4) for w in itertools.product(range(2), repeat=length)]
    assert len(words) == 15
    best = [
        list(max(words, key=lambda w, f=f: log_probability(head, f, with_end(head, w))))
        for f in features
    ]
    assert len({tuple(word) for word in best}) > 2  # Not the same answer everywhere.
    assert head.read(features, beam_width=27) == best
