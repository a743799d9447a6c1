"""Networks of the STR-NAS space in the trainer: what they cost, share and are given."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch.utils.flop_counter import FlopCounterMode

from spaces import Space, load_space
from spaces.errors import SpaceError
from spaces.networks.backbone import Backbone
from spaces.networks.network import Network, network_of
from spaces.networks.normalisation import (
    BatchStatistics,
    CalibratedStatistics,
    UpdatingStatistics,
)
from trainers.building import build_network, load_supernet, supernet_identity
from trainers.cost import Pricer
from trainers.errors import TrainerError
from trainers.gates import gate_gradients
from trainers.population import in_groups
from trainers.settings import DataSettings, RecogniserSettings, SupernetSettings
from trainers.supernet import Supernet, build_supernet

WIDTHS = (4, 4, 6, 6, 8)
SPACES = {part: load_space("strnas", part=part) for part in ("extractor", "rectifier", "both")}
LABELS = [[1, 2], [3], [4, 0]]
ANY = pytest.mark.parametrize("part", sorted(SPACES))


def network(part: str) -> Network:
    return network_of(SPACES[part], 4, WIDTHS)


def supernet(part: str) -> Supernet:
    return build_supernet(network(part), RecogniserSettings(), 5, 5, seed=0)


def images() -> torch.Tensor:
    """Smooth patterns, so that a pixel tells where it comes from."""
    generator = torch.Generator().manual_seed(1)
    coarse = torch.rand((3, 3, 5, 8), generator=generator)
    fine = F.interpolate(coarse, (32, 100), mode="bilinear")
    return (255 * fine).permute(0, 2, 3, 1).contiguous().to(torch.uint8)


def rows(space: Space, n: int, seed: int = 0) -> np.ndarray:
    return space.sample(n, np.random.default_rng(seed))


def awake(net: Supernet) -> Supernet:
    """Blocks begin as the identity, rectifiers as no rectification: give them weights that act."""
    generator = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for parameter in net.parameters():
            parameter += 0.1 * torch.randn(parameter.shape, generator=generator)
    return net


def test_a_backbone_has_the_parameters_macs_and_shape_of_the_space() -> None:
    space = SPACES["extractor"]
    full = network_of(space, 16, (32, 64, 128, 256, 512))
    for row in rows(space, 3):
        # On the meta device: shapes without numbers.
        with torch.device("meta"):
            backbone = Backbone(full, (), row.tolist())
            x_B3HW = torch.empty(1, 3, 32, 100)
        counter = FlopCounterMode(display=False)
        with counter, torch.no_grad():
            features = backbone(x_B3HW, BatchStatistics())
        assert features.shape == (1, *space.output_shape)
        assert sum(p.numel() for p in backbone.parameters()) == space.params(row[None])[0]
        assert counter.get_total_flops() == 2 * space.macs(row[None])[0]
        assert full.macs(row[None])[0] == space.macs(row[None])[0]


def test_grey_is_pillows() -> None:
    from PIL import Image

    pixels = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    expected = np.asarray(Image.fromarray(pixels).convert("L"), dtype=np.float64)
    grey = network("extractor").stem()(
        torch.from_numpy(pixels).permute(2, 0, 1)[None].float(), BatchStatistics()
    )
    assert np.abs(grey[0, 0].numpy() - expected).max() < 1.0


@ANY
def test_only_the_active_candidates_and_what_is_fixed_are_trained(part: str) -> None:
    net, row = supernet(part), rows(SPACES[part], 1)[0].tolist()
    norm = UpdatingStatistics()
    net.recogniser.loss(images(), LABELS, net.backbone(row, norm), norm).backward()
    moved = {name.rsplit(".", 1)[0] for name, p in net.named_parameters() if p.grad is not None}
    blocks = {".".join(name.split(".")[1:3]) for name in moved if name.startswith("blocks.")}
    chosen = {
        f"{edge.weight_key('')}.{code - edge.candidates.start}"
        for edge, code in net.route(row)
        if SPACES[part].operations[code] != "identity"
    }
    assert blocks == chosen
    assert any(name.startswith("rectification.points") for name in moved) == (part != "extractor")


@ANY
def test_gate_gradients_are_those_of_autograd(part: str) -> None:
    """Each candidate's output times a gate, the inactive ones' gates zero; the definition."""
    space, net = SPACES[part], awake(supernet(part)).double()
    row = rows(space, 1)[0].tolist()
    wanted = np.asarray(space.operation_allowed(()))
    loss, found = gate_gradients(net, row, wanted, images(), LABELS)
    gates = torch.zeros(wanted.shape, dtype=torch.float64)
    gates[range(space.layers), row] = 1.0
    gates.requires_grad_()
    norm = BatchStatistics()

    def backbone(images_B3HW: torch.Tensor) -> torch.Tensor:
        start = x = net.stem(images_B3HW, norm)
        for layer, edge in enumerate(net.network.route(())):
            outputs = [
                gates[layer, code] * net.operation(edge, code)(x.clone(), edge.stride, norm)
                for code in edge.candidates
            ]
            x = net.behind(edge, sum(outputs), start, norm)
        return x

    expected = net.recogniser.loss(images(), LABELS, backbone, norm)
    expected.backward()
    assert loss == pytest.approx(float(expected.detach()))
    np.testing.assert_allclose(found, gates.grad.numpy(), rtol=1e-6, atol=1e-9)
    assert (np.abs(found[wanted]) > 0).mean() > 0.9


def test_rectification_begins_as_none_and_then_acts() -> None:
    net, row = supernet("both"), rows(SPACES["both"], 1)[0].tolist()
    seen: list[torch.Tensor] = []
    net.rectification.register_forward_hook(lambda _, given, out: seen.extend((given[1], out)))
    norm = BatchStatistics()
    for wake in (False, True):
        which = awake(net) if wake else net
        with torch.no_grad():
            which.backbone(row, norm)(which.recogniser.rectified(images(), norm))
    start, first, _, second = seen
    # The points begin a little nearer to the border than they end: not quite the same.
    assert torch.corrcoef(torch.stack([start.ravel(), first.ravel()]))[0, 1] > 0.9
    assert (first - second).abs().mean() > 0.05


@ANY
def test_architectures_scored_together_see_what_one_alone_sees(part: str) -> None:
    net, population = awake(supernet(part)), rows(SPACES[part], 4)
    population[1, 5:] = population[0, 5:]
    with torch.inference_mode():
        for group in in_groups(net, population):
            group.calibrate(images())
            for member, features in group._encode(images()):
                norm = CalibratedStatistics()
                backbone = net.backbone(population[member.place].tolist(), norm)
                net.recogniser.encode(images(), backbone, norm)
                norm.gathering = False
                alone = net.recogniser.encode(images(), backbone, norm)
                assert torch.equal(features, alone)


def test_prices_of_a_gate_gradient() -> None:
    space, net = SPACES["rectifier"], network("rectifier")
    pricer = Pricer(net, batch_images=8, calibration_images=16)
    row = rows(space, 1)[0]
    wanted = np.asarray(space.operation_allowed(())).copy()
    alone = pricer.gate_gradient(row, wanted & False).macs
    assert alone == 8 * 2 * net.macs(row[None])[0]
    others = net.candidate_macs(()).sum() - net.candidate_macs(())[range(space.layers), row].sum()
    assert pricer.gate_gradient(row, wanted).macs == alone + 8 * others


def test_what_does_not_go_together_is_refused() -> None:
    with pytest.raises(TrainerError, match="before a rectifier that is searched"):
        build_supernet(network("both"), RecogniserSettings(rectifier="tps"), 5, 5, seed=0)
    with pytest.raises(SpaceError, match="a rectification goes with layers that search one"):
        Backbone(network("both"), (), rows(SPACES["both"], 1)[0].tolist())
    with pytest.raises(TrainerError, match="unknown default operation 'residual'"):
        build_supernet(network("extractor"), RecogniserSettings(), 5, 5, 0, ("residual",))


def test_a_supernet_of_another_space_is_refused() -> None:
    settings = SupernetSettings(stem_width=4, widths=(8, 16, 32, 64, 128), sharing="stage")
    recogniser = RecogniserSettings(sequence_encoder="bilstm", sequence_hidden=64)
    space = SPACES["extractor"]
    net = build_supernet(build_network(space, settings), recogniser, 36, 16, seed=0)
    data = DataSettings(charset="36", max_length=16)
    identity: dict[str, Any] = supernet_identity(space, data, recogniser, settings)
    with pytest.raises(TrainerError, match="has space 'autostr', the preset 'strnas'"):
        load_supernet(net, "shipped:cpu", identity)
