"""A searched rectifier's supernet begins from one of another part of the space."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from spaces import load_space
from spaces.networks.normalisation import BatchStatistics
from trainers.building import PACKED, build_network, load_supernet, supernet_identity
from trainers.errors import TrainerError
from trainers.parts import space_of_part
from trainers.settings import DataSettings, RecogniserSettings, SupernetSettings
from trainers.state import pack_parameters, write_tensors
from trainers.supernet import Supernet, build_supernet

DATA = DataSettings(charset="36", max_length=16)
RECOGNISER = RecogniserSettings(sequence_encoder="bilstm", sequence_hidden=16)
SPACE = load_space("strnas")
EXTRACTOR = SPACE.parse("k5-1203-4511-6666-1000-20140")
K3E3 = SPACE.parse("k3-1111-1111-1111-1111-11111")
RECTIFIER = "r3-12-31-41-51-60"


def settings(entangled: bool) -> SupernetSettings:
    return SupernetSettings(
        stem_width=4, widths=(8, 8, 8, 8, 8), sharing="stage", entangled=entangled
    )


def made(part: str, seed: int, entangled: bool) -> Supernet:
    network = build_network(space_of_part(SPACE, part), settings(entangled))
    net = build_supernet(network, RECOGNISER, 36, 16, seed, entangle=entangled)
    with torch.no_grad():
        generator = torch.Generator().manual_seed(seed)
        for parameter in net.parameters():
            parameter.add_(0.1 * torch.randn(parameter.shape, generator=generator))
    return net


def stored(net: Supernet, part: str, entangled: bool, folder: Path) -> str:
    path = folder / f"{part}.safetensors"
    packed = pack_parameters(net.shared, net.shared.state_dict(), half=False)
    write_tensors(path, {PACKED: packed}, {"identity": identity(part, entangled)})
    return str(path)


def identity(part: str, entangled: bool) -> dict[str, Any]:
    return supernet_identity(space_of_part(SPACE, part), DATA, RECOGNISER, settings(entangled))


def begun(file: str, part: str, entangled: bool) -> tuple[Supernet, dict[str, Any]]:
    network = build_network(space_of_part(SPACE, part), settings(entangled))
    net = build_supernet(network, RECOGNISER, 36, 16, seed=1, entangle=entangled)
    start = load_supernet(
        net, file, identity(part, entangled), lambda other: made(other, 3, entangled)
    )
    return net, start


@torch.no_grad()
def features(net: Supernet, text: str, images: torch.Tensor, part: str) -> torch.Tensor:
    space = space_of_part(SPACE, part)
    row = space.encode([space.parse(text)])[0]
    return net.backbone(row, BatchStatistics())(images)


@pytest.fixture(scope="module")
def images() -> torch.Tensor:
    return torch.rand(4, 3, 32, 100, generator=torch.Generator().manual_seed(5))


@pytest.mark.parametrize("entangled", [False, True])
def test_the_rectifier_alone_is_that_of_both_with_the_fixed_extractor(
    entangled: bool, tmp_path: Path, images: torch.Tensor
) -> None:
    both = made("both", 2, entangled)
    net, start = begun(stored(both, "both", entangled, tmp_path), "rectifier", entangled)
    assert start["fresh"] == []
    assert start["part"] == "both"
    wanted = features(both, f"{RECTIFIER}+{K3E3.text}", images, "both")
    found = features(net, RECTIFIER, images, "rectifier")
    # Weights that lie elsewhere in memory are added up in another order.
    torch.testing.assert_close(found, wanted, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("part", ["both", "rectifier"])
@pytest.mark.parametrize("entangled", [False, True])
def test_from_an_extractor_the_rectifier_is_fresh_and_does_not_rectify(
    part: str, entangled: bool, tmp_path: Path, images: torch.Tensor
) -> None:
    extractor = made("extractor", 2, entangled)
    net, start = begun(stored(extractor, "extractor", entangled, tmp_path), part, entangled)
    assert start["fresh"] == ["rectifier"]
    assert net.rectification is not None
    assert not net.rectification.points.weight.any()
    for name, value in extractor.recogniser.state_dict().items():
        assert torch.equal(net.recogniser.state_dict()[name], value)
    rectified = net.rectification.spline(net.rectification.points.bias.reshape(1, -1, 2))
    grey = torch.nn.functional.grid_sample(
        net.stem(images, BatchStatistics()),
        (2.0 * rectified - 1.0).expand(4, -1, -1, -1),
        align_corners=False,
    )
    text = {"both": f"{RECTIFIER}+{EXTRACTOR.text}", "rectifier": RECTIFIER}[part]
    alone = {"both": EXTRACTOR, "rectifier": K3E3}[part].text
    wanted = features(extractor, alone, grey, "extractor")
    torch.testing.assert_close(features(net, text, images, part), wanted, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(("have", "want"), [("rectifier", "both"), ("both", "extractor")])
def test_what_lacks_weights_or_would_drop_some_is_refused(
    have: str, want: str, tmp_path: Path
) -> None:
    file = stored(made(have, 2, False), have, False, tmp_path)
    with pytest.raises(TrainerError, match=f"has part '{have}', the preset '{want}'"):
        begun(file, want, False)
