"""The baselines as modules: they learn, they read, and do nothing they were not asked for."""

from __future__ import annotations

import pytest
import torch

from spaces.networks.chain import Grey
from spaces.networks.normalisation import RunningStatistics, UpdatingStatistics
from trainers.baselines.building import build_baseline
from trainers.baselines.catalogue import BASELINES, find_baseline
from trainers.baselines.rcnn import ITERATIONS, GatedRecurrentLayer
from trainers.baselines.resnet import BasicBlock
from trainers.errors import TrainerError
from trainers.recogniser.benchmark_rectifier import BenchmarkRectifier
from trainers.recogniser.layers import ConvolutionLayer
from trainers.recogniser.lstm_attention import LSTMAttentionHead
from trainers.recogniser.sequence import ProjectedBiLSTM
from trainers.recogniser.standalone import StandAlone

CHARACTERS, MAX_LENGTH = 7, 5
LABELS = [[0, 1, 2], [6], [3, 3, 4, 5, 1]]


def images_for(model: StandAlone, count: int = len(LABELS)) -> torch.Tensor:
    generator = torch.Generator().manual_seed(5)
    return torch.randint(
        0, 256, (count, *model.input_size, 3), dtype=torch.uint8, generator=generator
    )


#: Those whose networks are large: a second each and more.
LARGE = {"star-net", "rosetta", "7x7-ex6", "5x5-ex6"}


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.slow) if name in LARGE else name for name in BASELINES],
)
def test_every_baseline_trains_every_weight_and_reads(name: str) -> None:
    model = build_baseline(name, CHARACTERS, MAX_LENGTH)
    images = images_for(model)
    loss = model.loss(images, LABELS)
    assert loss.shape == ()
    assert torch.isfinite(loss)
    loss.backward()  # type: ignore[no-untyped-call]
    for parameter_name, parameter in model.named_parameters():
        assert parameter.grad is not None, parameter_name
        assert torch.isfinite(parameter.grad).all(), parameter_name
    words = model.read(images)
    assert len(words) == len(LABELS)
    assert all(0 <= symbol < CHARACTERS for word in words for symbol in word)
    if BASELINES[name].head == "attention":
        assert all(len(word) <= MAX_LENGTH for word in words)


def test_encoder_and_attention_learn_words_by_heart() -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        encoder = ProjectedBiLSTM(6, 12, project_last=True)
        head = LSTMAttentionHead(encoder.out_channels, CHARACTERS, 16, MAX_LENGTH)
        features = torch.randn(len(LABELS), 10, 6)
    optimiser = torch.optim.AdamW([*encoder.parameters(), *head.parameters()], 2e-2)
    for _ in range(80):
        optimiser.zero_grad()
        head.loss(encoder(features), LABELS).backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    assert head.read(encoder(features)) == LABELS


def test_attention_is_told_what_it_said_before() -> None:
    head = LSTMAttentionHead(6, CHARACTERS, 16, MAX_LENGTH)
    head.loss(torch.randn(2, 10, 6), [[2, 4], [5]]).backward()  # type: ignore[no-untyped-call]
    of_symbols = head.cell.weight_ih.grad[:, 6:].abs().sum(0)  # type: ignore[index, union-attr]
    # The last input of the shorter word is ignored by the loss, and EOS is never an input.
    assert of_symbols.nonzero().flatten().tolist() == [2, 4, 5, head.start]


def test_a_recurrent_layer_sees_further_at_every_step() -> None:
    layer = GatedRecurrentLayer(2, 3)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.abs_()  # Or a ReLU may be closed by chance, and pass no gradient on.
    x = torch.rand(1, 2, 21, 21).requires_grad_()
    layer(x, RunningStatistics())[0, :, 10, 10].sum().backward()
    assert x.grad is not None
    rows, columns = x.grad[0].abs().sum(0).nonzero().T
    # One pixel more each way at the start and at each of the steps.
    reach = 1 + ITERATIONS
    assert (rows.min(), rows.max()) == (10 - reach, 10 + reach)
    assert (columns.min(), columns.max()) == (10 - reach, 10 + reach)


def test_a_block_of_the_resnet_keeps_its_input() -> None:
    block, widening = BasicBlock(4, 4), BasicBlock(4, 5)
    x = torch.rand(2, 4, 3, 6)
    for each in (block, widening):
        assert each.second.norm is not None
        torch.nn.init.zeros_(each.second.norm.weight)
    torch.testing.assert_close(block(x, RunningStatistics()), x)
    assert widening.project is not None
    projected = widening.project(x, RunningStatistics()).relu()
    torch.testing.assert_close(widening(x, RunningStatistics()), projected)


def test_a_loss_moves_running_statistics_and_reading_does_not() -> None:
    model = build_baseline("grcnn", CHARACTERS, MAX_LENGTH)
    images = images_for(model)
    before = {name: value.clone() for name, value in model.named_buffers()}
    model.read(images)
    model.loss(images, LABELS, RunningStatistics())
    assert all(torch.equal(value, before[name]) for name, value in model.named_buffers())
    model.loss(images, LABELS)
    running = [name for name in before if "running" in name]
    now = dict(model.named_buffers())
    assert running
    assert all(not torch.equal(now[name], before[name]) for name in running)


def test_an_image_is_read_the_same_alone_and_in_company() -> None:
    model = build_baseline("rare", CHARACTERS, MAX_LENGTH)
    images = images_for(model)
    model.loss(images, LABELS)
    together = model.encode(images, RunningStatistics())
    for row, image in enumerate(images):
        alone = model.encode(image[None], RunningStatistics())[0]
        torch.testing.assert_close(together[row], alone, rtol=1e-3, atol=1e-4)


def test_padding_of_shorter_labels_costs_nothing() -> None:
    model = build_baseline("r2am", CHARACTERS, MAX_LENGTH)
    images = images_for(model)
    norm = RunningStatistics()
    together = model.loss(images, LABELS, norm)
    alone = [model.loss(images[i, None], [label], norm) for i, label in enumerate(LABELS)]
    torch.testing.assert_close(together, torch.stack(alone).mean())


def test_attention_reads_what_it_was_taught_to_say_and_stops_at_the_end() -> None:
    model = build_baseline("r2am", CHARACTERS, MAX_LENGTH)
    images = images_for(model)
    with torch.no_grad():
        model.head.classify.weight.zero_()  # type: ignore[union-attr, operator]
        # The start symbol is a class, and the last one; it can not be read.
        model.head.classify.bias.copy_(torch.arange(CHARACTERS + 2.0))  # type: ignore[union-attr, operator]
    assert model.read(images) == [[]] * len(LABELS)
    with torch.no_grad():
        model.head.classify.bias[CHARACTERS] = -1.0  # type: ignore[union-attr, index]
    assert model.read(images) == [[CHARACTERS - 1] * MAX_LENGTH] * len(LABELS)


def test_the_loss_teaches_the_rectifier() -> None:
    model = build_baseline("rare", CHARACTERS, MAX_LENGTH)
    model.loss(images_for(model), LABELS).backward()  # type: ignore[no-untyped-call]
    assert isinstance(model.rectifier, BenchmarkRectifier)
    assert model.rectifier.points.weight.grad is not None
    assert model.rectifier.points.weight.grad.abs().sum() > 0


def test_weights_depend_on_the_seed_alone() -> None:
    state = torch.get_rng_state()
    first, again, other = (
        torch.nn.utils.parameters_to_vector(build_baseline("grcnn", seed=seed).parameters())
        for seed in (1, 1, 2)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert torch.equal(torch.get_rng_state(), state)


def test_grey_models_see_grey_alone() -> None:
    model = build_baseline("crnn", CHARACTERS, MAX_LENGTH)
    red, grey = torch.zeros(2, 1, 32, 100, 3, dtype=torch.uint8)
    red[..., 0], grey[...] = 200, 60  # 0.299 * 200 = 59.8
    norm = RunningStatistics()
    seen_red, seen_grey = model.rectified(red, norm), model.rectified(grey, norm)
    assert seen_grey.shape == (1, 1, 32, 100)
    torch.testing.assert_close(seen_red, seen_grey, rtol=0, atol=0.2 / 127.5 + 1e-6)


def test_the_rectifier_starts_with_nearly_the_image_itself() -> None:
    rectifier = BenchmarkRectifier()
    columns = torch.linspace(-1, 1, 100).expand(2, 1, 32, 100)
    rectified = rectifier(columns, UpdatingStatistics())
    # From margins of 0.05 to margins of 0.01: 98 % of the width where 90 % were.
    expected = (columns * 0.98 / 0.9).clamp(-1, 1)
    torch.testing.assert_close(rectified, expected, rtol=0, atol=0.02)


def test_grey_made_behind_the_rectifier_is_the_grey_image_rectified() -> None:
    """So spaces whose own stem makes grey see what the benchmark's extractors see."""
    rectifier, grey, norm = BenchmarkRectifier(), Grey(), RunningStatistics()
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        rectifier.points.bias.add_(0.1 * torch.randn(40, generator=generator))
    colour = torch.rand(2, 3, 32, 100, generator=generator)
    rectified = rectifier(colour, norm)
    assert rectified.shape == colour.shape
    torch.testing.assert_close(grey(rectified, norm), rectifier(grey(colour, norm), norm))
    assert (rectified - colour).abs().max() > 0.1


@pytest.mark.parametrize(("stride", "padding"), [((2, 1), (0, 1)), ((1, 1), (0, 0))])
def test_small_kernels_on_channels_last_are_safe(
    stride: tuple[int, int], padding: tuple[int, int]
) -> None:
    """Not the convolutions that torch 2.13.0 gets wrong on CPU: strided ones of kernel 1."""
    layer = ConvolutionLayer(8, 8, 2, stride, padding, normalised=False, activated=False)
    generator = torch.Generator().manual_seed(0)
    given = torch.randn(64, 8, 4, 26, generator=generator)
    wanted = torch.randn(layer(given, UpdatingStatistics()).shape, generator=generator)
    gradients = []
    for memory_format in (torch.contiguous_format, torch.channels_last):
        layer.to(memory_format=memory_format)  # type: ignore[call-overload]
        x = given.clone(memory_format=memory_format).requires_grad_()
        layer.zero_grad()
        (layer(x, UpdatingStatistics()) * wanted).sum().backward()
        gradients.append((x.grad, layer.conv.weight.grad))
    for plain, last in zip(*gradients, strict=True):
        torch.testing.assert_close(last, plain, rtol=1e-4, atol=1e-4)


def test_an_unknown_name_is_one_line_with_the_nearest() -> None:
    with pytest.raises(TrainerError, match="unknown baseline 'rosseta', did you mean 'rosetta'"):
        find_baseline("rosseta")
