"""Candidates that are parts of one another: what they compute, and whose weights they train."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import pytest
import torch

from bench.cli import run as run_bench
from bench.records.event_log import read_events
from spaces import load_space
from spaces.autostr.operations import OPERATIONS
from spaces.errors import InputError
from spaces.networks.entangled import PartialMBConv, entangled
from spaces.networks.mesh import Mesh
from spaces.networks.normalisation import (
    BatchStatistics,
    CalibratedStatistics,
    RunningStatistics,
    UpdatingStatistics,
)
from spaces.networks.operations import MBConv
from trainers.gates import gate_gradients
from trainers.settings import RecogniserSettings
from trainers.supernet import Supernet, build_supernet

SPACE = load_space("autostr")
MESH = Mesh(4, (6, 8, 8, 12, 10), sharing="stage")
NAMES = [operation.name for operation in OPERATIONS]
PAIRS = [("k3e1", "k5e1"), ("k3e3", "k5e6"), ("k3e6", "k5e6"), ("k5e3", "k5e6")]


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def supernet(entangle: bool = True, seed: int = 0) -> Supernet:
    return build_supernet(MESH, RecogniserSettings(), 5, 5, seed, (), entangle)


def standalone(part: MBConv) -> MBConv:
    """A block of its own with the weights of ``part``."""
    inputs, outputs = part.depthwise.conv.in_channels, part.project.conv.out_channels
    expansion = 1
    if part.expand is not None:
        inputs = part.expand.conv.in_channels
        expansion = part.depthwise.conv.in_channels // inputs
    own = MBConv(inputs, outputs, part.depthwise.kernel, expansion, not part.shortcut)
    with torch.no_grad():
        for name in ("expand", "depthwise", "project"):
            given, taken = getattr(part, name), getattr(own, name)
            if given is None:
                continue
            assert taken.conv.weight.shape == given.conv.weight.shape
            taken.conv.weight.copy_(given.conv.weight)
            for key in ("weight", "bias", "running_mean", "running_var"):
                getattr(taken.norm, key).copy_(getattr(given.norm, key))
    return own


def randomised(net: Supernet) -> Supernet:
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for each in (*net.parameters(), *net.buffers()):
            each.copy_(0.2 + torch.rand(each.shape, generator=generator))
    return net


@pytest.mark.parametrize(("small", "large"), PAIRS)
@pytest.mark.parametrize("block", ["level1_block01", "level0_block00", "level2_down"])
def test_a_part_computes_what_a_block_of_its_weights_does(
    small: str, large: str, block: str
) -> None:
    net = randomised(supernet())
    candidates = net.blocks[block]
    part, whole = candidates[NAMES.index(small)], candidates[NAMES.index(large)]
    assert isinstance(part, PartialMBConv)
    assert not list(part.parameters())
    assert not isinstance(whole, PartialMBConv)
    own = standalone(part)
    inputs = (part.expand or part.depthwise).conv.in_channels
    x = torch.rand(4, inputs, 8, 10).contiguous(memory_format=torch.channels_last)
    stride = (1, 1) if part.shortcut else (2, 1)
    calibrated = CalibratedStatistics()
    with torch.no_grad():
        part(x, stride, calibrated)
        calibrated.gathering = False
        of_batch = own(x, stride, BatchStatistics())
        torch.testing.assert_close(part(x, stride, calibrated), of_batch, rtol=1e-4, atol=1e-4)
        torch.testing.assert_close(
            part(x, stride, RunningStatistics()), own(x, stride, RunningStatistics())
        )
    trained = part(x, stride, UpdatingStatistics())
    expected = own(x, stride, UpdatingStatistics())
    torch.testing.assert_close(trained, expected, rtol=1e-4, atol=1e-4)
    weight = torch.rand_like(trained)
    (trained * weight).sum().backward()
    (expected * weight).sum().backward()
    kernel, hidden = part.depthwise.kernel, part.depthwise.conv.out_channels
    edge = (whole.depthwise.kernel - kernel) // 2
    middle = slice(edge, edge + kernel)
    found = whole.depthwise.conv.weight.grad
    given = own.depthwise.conv.weight.grad
    torch.testing.assert_close(found[:hidden, :, middle, middle], given, rtol=1e-3, atol=1e-3)
    # What is not its own has a gradient of zero.
    assert float(found.abs().sum()) == pytest.approx(float(given.abs().sum()), rel=1e-3)
    torch.testing.assert_close(
        whole.project.norm.weight.grad, own.project.norm.weight.grad, rtol=1e-3, atol=1e-3
    )
    # Its statistics are the first of the whole's, moved.
    torch.testing.assert_close(
        whole.depthwise.norm.running_mean[:hidden], own.depthwise.norm.running_mean
    )
    torch.testing.assert_close(
        whole.depthwise.norm.running_var[:hidden], own.depthwise.norm.running_var
    )


def test_gates_and_scores_are_those_of_a_supernet_with_these_weights() -> None:
    net, own = randomised(supernet()), supernet(entangle=False)
    own.recogniser.load_state_dict(net.recogniser.state_dict())
    own.stem.load_state_dict(net.stem.state_dict())
    for key, block in net.blocks.items():
        for code, candidate in enumerate(block):
            given = standalone(candidate) if isinstance(candidate, MBConv) else candidate
            own.blocks[key][code].load_state_dict(given.state_dict())
    row = SPACE.sample(1, np.random.default_rng(1))[0].tolist()
    images = torch.from_numpy(
        np.random.default_rng(2).integers(0, 256, (4, 32, 100, 3), dtype=np.uint8)
    )
    wanted = np.ones((15, 7), dtype=bool)
    labels = [[0, 1], [2], [3, 4], [1]]
    loss, gates = gate_gradients(net, row, wanted, images, labels)
    expected_loss, expected = gate_gradients(own, row, wanted, images, labels)
    assert loss == pytest.approx(expected_loss, rel=1e-4)
    np.testing.assert_allclose(gates, expected, rtol=2e-2, atol=1e-2 * np.abs(expected).max())
    assert all(parameter.grad is None for parameter in net.parameters())


def test_a_failed_step_is_undone_in_the_whole() -> None:
    net = randomised(supernet())
    before = {name: value.clone() for name, value in net.state_dict().items()}
    rows = SPACE.sample(6, np.random.default_rng(0))
    images = torch.zeros(4, 32, 100, 3, dtype=torch.uint8)
    for row in rows:
        norm = UpdatingStatistics()
        net.recogniser.encode(images, net.backbone(row.tolist(), norm), norm)
        norm.undo()
    for name, value in net.state_dict().items():
        assert torch.equal(value, before[name]), name


def test_it_holds_two_blocks_and_a_skip_a_choice() -> None:
    """Those of k5e1 and k5e6; with the same names in files, whatever else there is."""
    own, shared = supernet(False).state_dict(), supernet().state_dict()
    assert shared.keys() < own.keys()
    kept = {NAMES.index(name) for name in ("k5e1", "k5e6", "skip")}
    held = {int(name.split(".")[2]) for name in shared if name.startswith("blocks.")}
    assert held == kept
    assert sum(v.numel() for v in shared.values()) < 0.5 * sum(v.numel() for v in own.values())


def test_a_copy_is_of_its_own() -> None:
    net = supernet()
    other = copy.deepcopy(net)
    part = other.blocks["level1_block01"][NAMES.index("k3e3")]
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.fill_(7.0)
    assert not (part.depthwise.conv.weight == 7.0).any()
    whole = other.blocks["level1_block01"][NAMES.index("k5e6")]
    with torch.no_grad():
        whole.depthwise.conv.weight.fill_(3.0)
    assert (part.depthwise.conv.weight == 3.0).all()


@pytest.mark.whole
def test_a_file_of_one_is_searched_by_two_processes_and_by_no_other_preset(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    net = tmp_path / "net.safetensors"
    on = ["--set", "supernet.entangled=true"]
    train = ["supernet", "train", "--preset", "tiny", "--quiet", "--out", str(net)]
    train += ["--images", "80"]
    assert run_bench([*train, *on]) == 0
    start = ["--set", f'supernet.start="{net}"', "--quiet", "--set", "run.budget_images=200"]
    scores = {}
    for workers in (1, 2):
        out = tmp_path / f"run{workers}"
        search = ["run", "--preset", "tiny", "--searcher", "evolution", "--out", str(out)]
        assert run_bench([*search, *on, *start, "--workers", str(workers)]) == 0
        events = read_events(out / "events.jsonl")
        scores[workers] = [event.get("result", {}).get("score") for event in events]
    assert any(score is not None for score in scores[1])
    assert scores[1] == scores[2]
    capsys.readouterr()
    out = tmp_path / "other"
    assert (
        run_bench(["run", "--preset", "tiny", "--searcher", "random", "--out", str(out), *start])
        == 2
    )
    assert "entangled" in capsys.readouterr().err


def test_blocks_of_which_none_holds_the_others_are_refused() -> None:
    wide, deep = MBConv(4, 4, 3, 6, False), MBConv(4, 4, 5, 3, False)
    with pytest.raises(InputError, match="none holds all others"):
        entangled([wide, deep])
    assert entangled([wide, MBConv(4, 4, 3, 3, False)])[0] is wide
