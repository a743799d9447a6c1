"""Parameters and multiply-adds of the baselines against the papers, and how they are counted."""

from __future__ import annotations

from functools import cache

import pytest
import torch
from torch import nn

from spaces import load_space
from trainers.baselines.building import assemble, build_baseline
from trainers.baselines.catalogue import ARCHITECTURES, BASELINES
from trainers.baselines.counting import BaselineCost, count_baseline
from trainers.recogniser.benchmark_rectifier import BenchmarkRectifier

#: The column ``params x 10^6`` of the slides.
SLIDES = {
    "crnn": "8.3",
    "rare": "10.8",
    "r2am": "2.9",
    "star-net": "48.7",
    "grcnn": "4.6",
    "rosetta": "44.3",
    "trba": "49.6",
}
#: The same column of the slides' second table, fixed rows.
SLIDES_FIXED = {
    "3x3-ex3": "14.101",
    "5x5-ex3": "14.292",
    "5x5-ex6": "23.283",
    "7x7-ex6": "23.857",
}
#: Of a batch norm over 512 channels.
NORM_PARAMS = 1024


@cache
def cost_of(name: str) -> BaselineCost:
    return count_baseline(BASELINES[name])


@pytest.mark.parametrize("name", SLIDES)
def test_recognisers_have_the_slides_counts_to_the_printed_digit(name: str) -> None:
    assert BASELINES[name].counted == "recogniser"
    assert f"{cost_of(name).recogniser.params / 1e6:.1f}" == SLIDES[name]
    assert BASELINES[name].published_params == f"{SLIDES[name]} M"


@pytest.mark.parametrize("name", SLIDES_FIXED)
def test_fixed_rows_have_the_slides_counts_to_the_printed_digit(name: str) -> None:
    """With the batch norm that all four counts ask for; the space's cells are short by it."""
    assert BASELINES[name].counted == "recogniser"
    assert f"{cost_of(name).recogniser.params / 1e6:.3f}" == SLIDES_FIXED[name]
    assert BASELINES[name].published_params == f"{SLIDES_FIXED[name]} M"


def test_fixed_rows_have_the_operation_of_their_name_in_all_cells() -> None:
    space = load_space("strnas")
    for name in SLIDES_FIXED:
        kernel, expansion = name[0], name[-1]
        uniform = space.uniform_architecture((), f"k{kernel}e{expansion}")
        assert BASELINES[name].architecture == uniform.text


def test_around_a_strnas_extractor_stand_5_291_million_parameters() -> None:
    for name in ("trba", *SLIDES_FIXED):
        cost = cost_of(name)
        assert cost.recogniser.params - cost.stages["backbone"].params == 5_291_278


@pytest.mark.parametrize(
    ("name", "params", "macs"),
    [
        ("aster", 12_994_784, 552_448_000),
        ("all-k5e6", 10_400_608, 480_652_800),
        ("autostr-iiit5k", 2_364_128, 246_739_200),
    ],
)
def test_backbones_of_the_autostr_paper(name: str, params: int, macs: int) -> None:
    assert BASELINES[name].counted == "backbone"
    backbone = cost_of(name).stages["backbone"]
    assert (backbone.params, backbone.macs) == (params, macs)
    assert cost_of(name).stages["rectifier"].params == 1_854_760
    assert cost_of(name).stages["sequence_encoder"].params == 3_153_920


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_an_architecture_costs_what_its_space_says(name: str) -> None:
    space_name, text = ARCHITECTURES[name]
    space = load_space(space_name)
    row = space.encode([space.parse(text)])
    backbone = cost_of(name).stages["backbone"]
    more = NORM_PARAMS if space_name == "strnas" else 0
    assert backbone.params == space.params(row)[0] + more
    assert backbone.macs == space.macs(row)[0]


@pytest.mark.parametrize("name", ["crnn", "trba", "grcnn"])
def test_multiply_adds_are_weights_times_places(name: str) -> None:
    """Every weight of a convolution, linear or recurrent layer multiplies once at each place."""
    model = build_baseline(name)
    seen = {"rectifier": 0, "backbone": 0, "sequence_encoder": 0}

    def note(stage: str, layer: nn.Module, given: torch.Tensor, made: object) -> None:
        if isinstance(layer, nn.LSTM):
            places = given.shape[1]
        else:
            assert isinstance(made, torch.Tensor)
            places = made[0].numel() // (made.shape[1] if made.ndim == 4 else made.shape[-1])
        seen[stage] += places * sum(p.numel() for p in layer.parameters() if p.ndim > 1)

    for stage in seen:
        for layer in (getattr(model, stage) or nn.Identity()).modules():
            if isinstance(layer, nn.Conv2d | nn.Linear | nn.LSTM):
                layer.register_forward_hook(
                    lambda layer, given, made, stage=stage: note(stage, layer, given[0], made)
                )
    model.read(torch.zeros(1, 32, 100, 3, dtype=torch.uint8))
    if isinstance(model.rectifier, BenchmarkRectifier):
        # The grid: a product of (32 * 100, 20) with (20, 2).
        seen["rectifier"] += 3200 * 20 * 2
    assert seen == {stage: cost_of(name).stages[stage].macs for stage in seen}


def test_attention_takes_a_step_for_each_character_and_the_end() -> None:
    baseline = BASELINES["r2am"]
    head = assemble(baseline, 36, 5).head
    # At each step: the state's projection, energies of 26 columns, their mean, the cell, classes.
    step = 256 * 256 + 26 * 256 + 26 * 512 + 4 * 256 * (512 + 38 + 256) + 256 * 38
    for length in (1, 5, 25):
        macs = count_baseline(baseline, length).stages["head"].macs
        assert macs == 26 * 512 * 256 + (length + 1) * step
    assert head.classify.out_features == 38  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("name", "input_shape", "output_shape", "classes"),
    [
        ("crnn", (1, 32, 100), (512, 1, 24), 37),
        ("r2am", (1, 32, 100), (512, 1, 26), 38),
        ("trba", (1, 32, 100), (512, 1, 26), 38),
        ("3x3-ex3", (1, 32, 100), (512, 1, 25), 38),
        ("aster", (3, 64, 256), (512, 1, 25), 95),
        ("autostr-iiit5k", (3, 64, 256), (512, 1, 25), 95),
    ],
)
def test_shapes_and_classes(
    name: str,
    input_shape: tuple[int, ...],
    output_shape: tuple[int, ...],
    classes: int,
) -> None:
    cost = cost_of(name)
    assert (cost.input_shape, cost.output_shape, cost.classes) == (
        input_shape,
        output_shape,
        classes,
    )
