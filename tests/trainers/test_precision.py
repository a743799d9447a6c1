"""bf16 autocast: on the CPU as far as it goes, on a GPU where there is one."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable

import numpy as np
import pytest
import torch

from trainers.settings import RecogniserSettings
from trainers.trainer import Trainer

MakeTrainer = Callable[..., Trainer]
PATH = np.array([0, 1, 2, 0, 1, 3, 0, 4], np.int8)
FULL_PATH = np.array([1, 1, 2, 2, 2] + [0] * 10 + [3, 6, 4] * 5, np.int8)
RECOGNISERS = {
    "ctc": RecogniserSettings(),
    "bilstm-ctc": RecogniserSettings(sequence_encoder="bilstm", sequence_hidden=4),
    "attention": RecogniserSettings(head="attention", attention_hidden=8, beam_width=3),
    "bilstm-attention": RecogniserSettings(
        sequence_encoder="bilstm", sequence_hidden=4, head="attention", attention_hidden=8
    ),
}


@pytest.mark.parametrize("kind", RECOGNISERS)
def test_bf16_agrees_with_fp32_on_the_cpu(make_trainer: MakeTrainer, kind: str) -> None:
    mixed, plain = (
        make_trainer(RECOGNISERS[kind], precision=precision, workers=1)
        for precision in ("bf16", "fp32")
    )
    everything = np.ones((4, 7), bool)
    gates = [one.gate_gradient(PATH, everything) for one in (mixed, plain)]
    assert gates[0].loss == pytest.approx(gates[1].loss, rel=0.02)
    assert gates[0].loss != gates[1].loss  # It really computes in bf16.
    np.testing.assert_allclose(gates[0].gradients, gates[1].gradients, rtol=0.3, atol=0.1)
    losses = [one.train_weights(PATH[None]).loss for one in (mixed, plain)]
    assert losses[0] == pytest.approx(losses[1], rel=0.02)
    assert all(p.dtype == torch.float32 for p in mixed.supernet.parameters())
    assert mixed.train_weights(np.repeat(PATH[None], 5, 0)).failed_steps == 0
    assert mixed.evaluate(PATH, 16) is not None
    for one in (mixed, plain):
        one.close()


def test_bf16_with_rectifier_on_the_whole_depth(make_trainer: MakeTrainer) -> None:
    recogniser = RecogniserSettings(rectifier="tps", head="attention", attention_hidden=8)
    settings = {"batch_images": 4, "calibration_images": 4, "words": 8}
    mixed, plain = (
        make_trainer(recogniser, full=True, precision=precision, **settings)
        for precision in ("bf16", "fp32")
    )
    losses = [one.train_weights(FULL_PATH[None]).loss for one in (mixed, plain)]
    assert losses[0] == pytest.approx(losses[1], rel=0.02)
    gate = mixed.gate_gradient(FULL_PATH, np.ones((15, 7), bool))
    assert math.isfinite(gate.loss)
    assert np.isfinite(gate.gradients).all()
    assert mixed.evaluate(FULL_PATH, 8) is not None


def test_feature_maps_are_channels_last(make_trainer: MakeTrainer) -> None:
    """Of the loader's images no copy is made, and every convolution sees its fastest layout."""
    trainer = make_trainer()
    layouts: list[bool] = []

    def look(module: torch.nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        layouts.append(inputs[0].is_contiguous(memory_format=torch.channels_last))

    for part in trainer.supernet.stem.modules():
        part.register_forward_pre_hook(look)
    for block in trainer.supernet.blocks.values():
        for candidate in block:
            candidate.register_forward_pre_hook(look)
    trainer.train_weights(PATH[None])
    trainer.evaluate(PATH, 8)
    assert len(layouts) > 8
    assert all(layouts)


@pytest.mark.gpu
@pytest.mark.parametrize("kind", RECOGNISERS)
def test_on_a_gpu(make_trainer: MakeTrainer, kind: str) -> None:
    def build(device: str, precision: str) -> Trainer:
        return make_trainer(RECOGNISERS[kind], device=device, precision=precision, workers=2)

    cpu, gpu, mixed = build("cpu", "fp32"), build("cuda", "fp32"), build("cuda", "bf16")
    everything = np.ones((4, 7), bool)
    gates = [one.gate_gradient(PATH, everything) for one in (cpu, gpu, mixed)]
    assert gates[1].loss == pytest.approx(gates[0].loss, rel=1e-3)
    np.testing.assert_allclose(gates[1].gradients, gates[0].gradients, rtol=0.02, atol=5e-3)
    assert gates[2].loss == pytest.approx(gates[0].loss, rel=0.02)
    np.testing.assert_allclose(gates[2].gradients, gates[0].gradients, rtol=0.3, atol=0.1)
    losses = [one.train_weights(PATH[None]).loss for one in (cpu, gpu, mixed)]
    assert losses[1] == pytest.approx(losses[0], rel=1e-3)
    assert losses[2] == pytest.approx(losses[0], rel=0.02)
    assert mixed.train_weights(np.repeat(PATH[None], 5, 0)).failed_steps == 0
    for one in (cpu, gpu, mixed):
        scores = one.evaluate(PATH, 16)
        assert scores is not None
        assert scores.words == 16
        one.close()


@pytest.mark.gpu
def test_gpu_gate_candidates_are_computed_in_the_precision_of_the_path(
    make_trainer: MakeTrainer,
) -> None:
    """The backward thread of a GPU must not fall back to its own autocast type."""
    trainer = make_trainer(device="cuda", precision="bf16")
    seen: set[torch.dtype] = set()

    def look(module: torch.nn.Module, inputs: object, output: torch.Tensor) -> None:
        seen.add(output.dtype)

    for block in trainer.supernet.blocks.values():
        for candidate in block[:6]:
            candidate.project.register_forward_hook(look)
    trainer.gate_gradient(PATH, np.ones((4, 7), bool))
    assert seen == {torch.bfloat16}


@pytest.mark.gpu
@pytest.mark.parametrize("kind", RECOGNISERS)
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_gpu_continues_exactly(make_trainer: MakeTrainer, precision: str, kind: str) -> None:
    """To the last bit, as on a CPU; CTC too, whose loss is computed on the host."""

    def build() -> Trainer:
        return make_trainer(RECOGNISERS[kind], device="cuda", precision=precision)

    first = build()
    first.train_weights(np.repeat(PATH[None], 3, 0))
    tensors, counters = first.state()
    second = build()
    second.load_state({name: value.cpu().clone() for name, value in tensors.items()}, counters)
    for _ in range(3):
        losses = [one.train_weights(PATH[None]).loss for one in (first, second)]
        assert losses[0] == losses[1]
    gates = [one.gate_gradient(PATH, np.ones((4, 7), bool)) for one in (first, second)]
    assert gates[0].loss == gates[1].loss
    np.testing.assert_array_equal(gates[0].gradients, gates[1].gradients)
    ends = [one.state()[0] for one in (first, second)]
    assert ends[0].keys() == ends[1].keys()
    assert all(torch.equal(value, ends[1][name]) for name, value in ends[0].items())


@pytest.mark.gpu
@pytest.mark.parametrize("kind", RECOGNISERS)
def test_gpu_scores_populations_as_one_by_one(make_trainer: MakeTrainer, kind: str) -> None:
    trainer = make_trainer(RECOGNISERS[kind], device="cuda", precision="bf16")
    paths = np.repeat(PATH[None], 2, 0)
    expected = trainer.evaluate(PATH, 16)
    assert trainer.evaluate_many(paths, 16) == [expected, expected]
    trainer.close()


@pytest.mark.gpu
@pytest.mark.parametrize("kind", RECOGNISERS)
def test_gpu_steps_wait_only_for_what_they_return(make_trainer: MakeTrainer, kind: str) -> None:
    """For loss, finiteness and gates; there and back again for the features of CTC."""
    trainer = make_trainer(RECOGNISERS[kind], device="cuda")
    everything = np.ones((4, 7), bool)
    trainer.train_weights(PATH[None])
    trainer.gate_gradient(PATH, everything)
    torch.cuda.set_sync_debug_mode("warn")
    try:
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            trainer.train_weights(PATH[None])
            trainer.gate_gradient(PATH, everything)
    finally:
        torch.cuda.set_sync_debug_mode("default")
    places = [f"{one.filename}:{one.lineno}" for one in told if "synchroniz" in str(one.message)]
    assert len(places) <= 4 + 2 * 4 * ("ctc" in kind), places
    trainer.close()
