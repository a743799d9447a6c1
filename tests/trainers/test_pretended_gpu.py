"""The trainer's verbs on a GPU that is pretended: no operator meets tensors of both kinds, results
are the CPU's, and the host waits where it is known to.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from pretended_gpu import OnGpu, PretendedGpu, as_inner, waits

from benchmarks.gpu.subject import Subject
from spaces.networks import normalisation
from spaces.networks.convolution import convolve
from trainers import trainer as trainer_module
from trainers.trainer import Trainer

#: Of the fully equipped recognisers; rectifier and decoder in bf16, as preset gpu has them.
PRESETS = {
    "gpu": ("gpu", ()),
    "gpu, beams": ("gpu", ("recogniser.beam_width=2",)),
    "gpu, fp32": ("gpu", ("trainer.precision=fp32", "recogniser.sequence_encoder=bilstm")),
    "gpu, four stages": (
        "gpu",
        (
            "trainer.precision=fp32",
            "recogniser.rectifier=grey-tps",
            "recogniser.sequence_encoder=projected-bilstm",
            "recogniser.head=lstm-attention",
        ),
    ),
    "cpu": ("cpu", ()),
    "cpu, flat start": ("cpu", ("trainer.flat_start_steps=10",)),
    "paper": ("paper", ()),
}
SLOW = {"gpu, beams", "gpu, fp32", "gpu, four stages", "cpu, flat start", "paper"}
MARKED = [pytest.param(name, marks=pytest.mark.slow) if name in SLOW else name for name in PRESETS]


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A device cuda:0, autocast included."""
    for name in ("is_autocast_enabled", "get_autocast_dtype"):
        known = getattr(torch, name)
        monkeypatch.setattr(
            torch, name, lambda kind, known=known: known(kind.replace("cuda", "cpu"))
        )
    autocast = torch.autocast
    monkeypatch.setattr(
        torch, "autocast", lambda kind, *a, **k: autocast(kind.replace("cuda", "cpu"), *a, **k)
    )
    monkeypatch.setattr(trainer_module, "resolve_device", torch.device)
    monkeypatch.setattr("trainers.weight_steps.compute_repeatably", lambda device: None)
    before = torch.__future__.get_overwrite_module_params_on_conversion()
    torch.__future__.set_overwrite_module_params_on_conversion(True)
    waits.clear()
    with PretendedGpu():
        yield
    torch.__future__.set_overwrite_module_params_on_conversion(before)


def pair(name: str) -> tuple[Trainer, Trainer, Subject]:
    """The same trainer on the CPU and on the pretended GPU."""
    preset, overrides = PRESETS[name]
    given = (preset, True, *overrides)
    cpu = Subject.of(given[0], "cpu", True, *overrides)
    there = Subject.of(given[0], "cuda", True, *overrides)
    return cpu.ours(), there.ours(), cpu


@pytest.mark.parametrize("name", MARKED)
def test_every_verb_computes_what_the_cpu_does(gpu: None, name: str) -> None:
    cpu, there, subject = pair(name)
    assert isinstance(next(there.supernet.parameters()), OnGpu)
    bf16 = subject.preset.trainer.precision == "bf16"
    close = 0.02 if bf16 else 1e-3
    path = subject.paths[0]
    wanted = np.ones((15, 7), bool)
    gates = [one.gate_gradient(path, wanted) for one in (cpu, there)]
    assert gates[1].loss == pytest.approx(gates[0].loss, rel=close)
    scale = np.abs(gates[0].gradients).max()
    assert scale > 0
    np.testing.assert_allclose(gates[1].gradients, gates[0].gradients, atol=5 * close * scale)
    losses = [one.train_weights(subject.paths[:2]) for one in (cpu, there)]
    assert losses[1].failed_steps == 0
    assert losses[1].loss == pytest.approx(losses[0].loss, rel=close)
    scores = [one.evaluate(path, 8) for one in (cpu, there)]
    assert scores[1] is not None
    assert there.evaluate_many(subject.paths[:1], 8) == [scores[1]]
    if not bf16:
        assert scores[1].one_ned == pytest.approx(scores[0].one_ned)


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("gpu", 0),
        pytest.param("gpu, four stages", 0, marks=pytest.mark.slow),
        pytest.param("cpu", 1, marks=pytest.mark.slow),
    ],
)
def test_where_the_host_waits_in_a_step(gpu: None, name: str, more: int) -> None:
    """For loss and finiteness, and for the gates; for the features where the loss is CTC's."""
    _, there, subject = pair(name)
    waits.clear()
    there.train_weights(subject.paths[:1])
    assert waits.total() <= 2 + more, waits
    waits.clear()
    there.gate_gradient(subject.paths[0], np.ones((15, 7), bool))
    assert waits.total() <= 2 + more, waits


@pytest.mark.parametrize("name", ["gpu", pytest.param("gpu, four stages", marks=pytest.mark.slow)])
def test_reading_asks_less_often_than_it_steps(gpu: None, name: str) -> None:
    _, there, subject = pair(name)
    head = there.supernet.recogniser.head
    features = torch.randn(6, 5, head.project_features.in_features, device=torch.device("cuda"))
    waits.clear()
    with torch.no_grad():
        words = head.read(features)
    assert len(words) == 6
    assert waits.total() <= 1 + head.max_length // 4, waits


def test_what_is_pretended_is_refused_as_a_gpu_would(gpu: None) -> None:
    there = torch.ones(3, device=torch.device("cuda"))
    assert there.device.type == "cuda"
    with pytest.raises(RuntimeError, match="tensors of the host"):
        there + torch.ones(3)
    assert waits.total() == 0
    assert float((there + 1).sum()) == 6.0
    assert (there > 0).nonzero().tolist() == [[0], [1], [2]]
    assert {what for what, _ in waits} == {"aten::_local_scalar_dense", "aten::nonzero", "tolist"}


def test_nothing_is_compiled_for_the_cpu(gpu: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kernels of the CPU take many seconds to compile, and no GPU has a use for them."""

    def asked() -> None:
        raise AssertionError("kernels of the CPU were asked for")

    monkeypatch.setattr(normalisation, "kernels_in_use", asked)
    _, there, subject = pair("cpu")
    there.train_weights(subject.paths[:1])
    there.gate_gradient(subject.paths[0], np.ones((15, 7), bool))


def test_strides_taken_afterwards_give_the_same_convolution(gpu: None) -> None:
    """What is computed on a GPU for a depthwise convolution with stride (2, 1)."""
    torch.manual_seed(0)
    x, weight = torch.randn(2, 6, 7, 9), torch.randn(6, 1, 5, 5)
    on_cpu = [tensor.clone().requires_grad_() for tensor in (x, weight)]
    there = [OnGpu(tensor.clone()).requires_grad_() for tensor in (x, weight)]
    for stride in ((2, 1), (1, 2), (2, 2)):
        expected = convolve(on_cpu[0], on_cpu[1], None, stride, 2, 6)
        found = convolve(there[0], there[1], None, stride, 2, 6)
        assert torch.allclose(as_inner(found), expected, atol=1e-5)
        upstream = torch.randn_like(expected)
        wanted = torch.autograd.grad(expected, on_cpu, upstream)
        given = torch.autograd.grad(found, there, OnGpu(upstream))
        for one, other in zip(wanted, given, strict=True):
            assert torch.allclose(as_inner(other), one, atol=1e-4)
