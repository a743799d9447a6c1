"""The CTC head against a sum over all alignments, and the flat start's alignment."""

from __future__ import annotations

import itertools

import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from torch import Tensor

from trainers.recogniser.ctc import CTCHead


def transparent(classes: int) -> CTCHead:
    """A head whose logits are its input."""
    head = CTCHead(classes, classes - 1)
    with torch.no_grad():
        head.classify.weight.copy_(torch.eye(classes))
        head.classify.bias.zero_()
    return head


def collapse(alignment: list[int] | tuple[int, ...]) -> list[int]:
    """Repetitions merged, blanks (0) dropped, as character ids."""
    return [symbol - 1 for symbol, _ in itertools.groupby(alignment) if symbol != 0]


def negative_log_likelihood(logits_TV: Tensor, label: list[int]) -> Tensor:
    probabilities = logits_TV.softmax(-1)
    steps, classes = logits_TV.shape
    total = torch.zeros(())
    for alignment in itertools.product(range(classes), repeat=steps):
        if collapse(alignment) == label:
            total = (
                total
                + torch.stack(
                    [probabilities[t, symbol] for t, symbol in enumerate(alignment)]
                ).prod()
            )
    return -total.log()


def test_loss_equals_the_sum_over_alignments() -> None:
    logits = torch.randn(4, 5, 3, generator=torch.Generator().manual_seed(0)).requires_grad_()
    labels = [[0, 1], [1, 1], [0], [1, 0, 1]]
    loss = transparent(3).loss(logits, labels)
    expected = sum(negative_log_likelihood(x, y) for x, y in zip(logits, labels, strict=True)) / 4
    torch.testing.assert_close(loss, expected)
    (gradient,) = torch.autograd.grad(loss, logits)
    (expected_gradient,) = torch.autograd.grad(expected, logits)
    torch.testing.assert_close(gradient, expected_gradient, rtol=1e-4, atol=1e-6)


def test_a_label_that_has_no_path_is_not_in_the_mean() -> None:
    logits = torch.randn(3, 3, 3, generator=torch.Generator().manual_seed(1))
    labels = [[0, 1], [0, 0, 0], [1]]
    with_it = transparent(3).loss(logits, labels)
    without = transparent(3).loss(logits[[0, 2]], [labels[0], labels[2]])
    torch.testing.assert_close(with_it, without)
    assert transparent(3).loss(logits[1:2], labels[1:2]).isnan()


@pytest.mark.parametrize(
    ("best", "word"),
    [
        ([0, 0, 0, 0, 0], []),
        ([1, 1, 2, 2, 2], [0, 1]),
        ([1, 0, 1, 1, 0], [0, 0]),
        ([0, 3, 3, 0, 1], [2, 0]),
        ([2, 2, 2, 2, 2], [1]),
    ],
)
def test_best_path_reading(best: list[int], word: list[int]) -> None:
    logits = torch.nn.functional.one_hot(torch.tensor([best]), 4).float()
    assert transparent(4).read(logits) == [word]
    assert transparent(4).read(logits, beam_width=5) == [word]


def test_no_images_no_words() -> None:
    assert transparent(4).read(torch.zeros(0, 5, 4)) == []


@pytest.mark.parametrize("impossible", [[0, 1, 2, 0, 1], [1, 1, 1]])
def test_a_label_without_an_alignment_gives_no_gradient(impossible: list[int]) -> None:
    """Five characters, or three equal ones with blanks between, do not fit in four steps."""
    logits = torch.randn(2, 4, 4, generator=torch.Generator().manual_seed(1)).requires_grad_()
    head = transparent(4)
    loss = head.loss(logits, [impossible, [0, 1]])
    loss.backward()
    assert torch.isfinite(loss)
    assert not logits.grad[0].any()
    assert logits.grad[1].any()
    assert all(torch.isfinite(p.grad).all() for p in head.parameters())


def flat_start_alignment(label: list[int], steps: int = 25, classes: int = 37) -> list[int]:
    """The classes that the loss pulls up: the negative entries of its gradient."""
    logits = torch.zeros(1, steps, classes, requires_grad=True)
    transparent(classes).flat_start_loss(logits, [label]).backward()
    negative = logits.grad[0] < 0
    assert bool((negative.sum(-1) == 1).all())
    return negative.int().argmax(-1).tolist()


@given(st.lists(st.integers(0, 35), min_size=1, max_size=25, unique=True))
@example(list(range(25)))
@example([7])
def test_flat_start_gives_every_character_its_frames_in_order(label: list[int]) -> None:
    assert collapse(flat_start_alignment(label)) == label


@given(st.lists(st.integers(0, 2), min_size=1, max_size=25))
def test_flat_start_with_repeated_characters(label: list[int]) -> None:
    alignment = flat_start_alignment(label)
    merged = [symbol for symbol, _ in itertools.groupby(label)]
    read = [symbol for symbol, _ in itertools.groupby(collapse(alignment))]
    assert read == merged
    if len(label) <= 6:  # Up to here there is always room for the blank between equal characters.
        assert collapse(alignment) == label


def test_flat_start_frames_are_where_the_character_is() -> None:
    """In a crop evenly filled by N characters, the n-th is in the n-th N-th."""
    for length in range(1, 26):
        for step, symbol in enumerate(flat_start_alignment(list(range(length)))):
            if symbol:
                assert symbol - 1 == int((step + 0.5) * length / 25)


def test_flat_start_loss_is_a_sum_over_steps_and_a_mean_over_images() -> None:
    loss = transparent(5).flat_start_loss(torch.zeros(3, 10, 5), [[0], [1, 2], [3, 0, 1]])
    torch.testing.assert_close(loss, 10 * torch.tensor(5.0).log())
