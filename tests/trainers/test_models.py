"""Stand-alone recognisers: what describes them, what they compute, how they are trained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import torch
from torch import nn

from spaces import load_space
from spaces.errors import InputError
from spaces.networks.network import network_of
from spaces.networks.normalisation import UpdatingStatistics
from trainers.data.charset import get_charset
from trainers.data.word_images import WordImages
from trainers.errors import TrainerError
from trainers.models.building import build_model
from trainers.models.description import (
    ModelDescription,
    describe_architecture,
    describe_baseline,
    read_description,
)
from trainers.models.files import KEY, read_model, write_model
from trainers.models.model import Model
from trainers.optimisers import retraining_rate
from trainers.settings import (
    DataSettings,
    RecogniserSettings,
    RetrainingSettings,
    SupernetSettings,
)
from trainers.state import write_tensors
from trainers.supernet import build_supernet

WIDTHS = SupernetSettings(stem_width=4, widths=(4, 4, 6, 6, 8))
DATA = DataSettings(max_length=5)
PARTS = RecogniserSettings(sequence_encoder="bilstm", sequence_hidden=4)
WHOLE = RecogniserSettings("tps", "bilstm", 4, "attention", 6)
FOUR_STAGE = RecogniserSettings("grey-tps", "projected-bilstm", 4, "lstm-attention", 6)
SPACES = {
    "autostr": load_space("autostr"),
    **{part: load_space("strnas", part=part) for part in ("extractor", "rectifier", "both")},
}


def description(space: str = "autostr", parts: RecogniserSettings = PARTS) -> ModelDescription:
    found = SPACES[space]
    row = found.sample(1, np.random.default_rng(1))
    return describe_architecture(found, found.architectures(row)[0], DATA, parts, WIDTHS)


def model(of: ModelDescription, seed: int = 0) -> Model:
    return Model(of, build_model(of, seed), torch.device("cpu"))


def images(of: ModelDescription, count: int = 3) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, *of.input_size, 3), dtype=np.uint8)


@pytest.mark.parametrize(
    ("space", "parts"),
    [("autostr", PARTS), ("autostr", WHOLE), ("extractor", WHOLE), ("rectifier", PARTS),
     ("both", PARTS), ("autostr", FOUR_STAGE), ("extractor", FOUR_STAGE)],
)  # fmt: skip
def test_it_computes_what_the_supernet_computes_for_its_path(
    space: str, parts: RecogniserSettings
) -> None:
    of = description(space, parts)
    found = SPACES[space]
    net = build_supernet(
        network_of(found, WIDTHS.stem_width, WIDTHS.widths), parts, 36, DATA.max_length, seed=3
    )
    wake(net)
    row = found.encode([found.parse(of.name)])[0].tolist()
    alone = build_model(of, seed=0)
    alone.load_state_dict(weights_of_path(net, row))
    given = torch.from_numpy(images(of))
    first = net.recogniser.loss(
        given, [[1], [2, 3], [4]], net.backbone(row, norm := UpdatingStatistics()), norm
    )
    second = alone.loss(given, [[1], [2, 3], [4]], UpdatingStatistics())
    torch.testing.assert_close(second, first)


def wake(net: nn.Module) -> None:
    """Blocks begin as the identity, rectifiers as none: weights that act."""
    generator = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.add_(0.05 * torch.randn(parameter.shape, generator=generator))


def weights_of_path(net: Any, row: list[int]) -> dict[str, torch.Tensor]:
    """A supernet's weights by the names that the stand-alone network of a path has for them."""
    parts: dict[str, nn.Module] = {"backbone.stem": net.stem}
    for place, (edge, code) in enumerate(net.route(row)):
        parts[f"backbone.blocks.{place}"] = net.operation(edge, code)
    if net.rectification is not None:
        parts["backbone.rectification"] = net.rectification
    for name in ("rectifier", "sequence_encoder", "head"):
        if getattr(net.recogniser, name) is not None:
            parts[name] = getattr(net.recogniser, name)
    return {
        f"{prefix}.{name}": value
        for prefix, part in parts.items()
        for name, value in part.state_dict().items()
    }


@pytest.mark.parametrize(
    "of", [description(), description("both"), describe_baseline("r2am", DATA)]
)
def test_written_and_read_again_it_reads_the_same(of: ModelDescription, tmp_path: Path) -> None:
    first = model(of, seed=1)
    write_model(tmp_path / "m.safetensors", first)
    second = read_model(tmp_path / "m.safetensors", "cpu")
    assert second.description == of
    assert second.params == first.params
    assert second.read(images(of)) == first.read(images(of))
    own, other = first.network.state_dict(), second.network.state_dict()
    assert all(torch.equal(own[name], other[name]) for name in own)


def test_a_seed_makes_weights_and_leaves_torch_alone() -> None:
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    of = description()
    same, other = (build_model(of, 1).state_dict(), build_model(of, 2).state_dict())
    assert torch.equal(torch.rand(1), expected)
    again = build_model(of, 1).state_dict()
    assert all(torch.equal(same[name], again[name]) for name in same)
    assert any(not torch.equal(same[name], other[name]) for name in same)


def test_output_that_is_not_finite_is_no_word() -> None:
    of = description()
    broken = model(of)
    with torch.no_grad():
        next(broken.network.backbone.parameters()).fill_(torch.nan)
    found = WordImages(np.arange(3), images(of), ["a", "b", "c"])
    assert broken.score(found) is None
    assert model(of).score(found) is not None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"widths": [4096]}, "widths"),
        ({"widths": [8] * 17}, "widths"),
        ({"first_width": 0}, "first_width"),
        ({"charset": "37"}, "37"),
        ({"max_length": 10**9}, "max_length"),
        ({"surprise": 1}, "surprise"),
        ({"kind": "pickle"}, "pickle"),
        ({"text": "x" * 300}, "text"),
    ],
)
def test_a_strange_description_is_refused(change: dict[str, Any], said: str) -> None:
    plain = {**msgspec.to_builtins(description()), **change}
    with pytest.raises(TrainerError, match=said) as refusal:
        read_description(plain, "model.json")
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    "change",
    [{"space": "nonsense"}, {"text": "A..B"}, {"part": "extractor"}, {"widths": [8, 8]}],
)
def test_a_description_of_nothing_that_exists_is_refused(
    change: dict[str, Any], tmp_path: Path
) -> None:
    plain = {**msgspec.to_builtins(description()), **change}
    write_tensors(tmp_path / "m.safetensors", {"a": torch.zeros(1)}, {KEY: plain})
    with pytest.raises(InputError):
        read_model(tmp_path / "m.safetensors", "cpu")


def test_a_description_larger_than_its_file_is_refused(tmp_path: Path) -> None:
    wide = {**msgspec.to_builtins(description()), "widths": [2048] * 5, "first_width": 2048}
    write_tensors(tmp_path / "m.safetensors", {"a": torch.zeros(7)}, {KEY: wide})
    with pytest.raises(TrainerError, match=r"holds 7 numbers, its description is of a model of"):
        read_model(tmp_path / "m.safetensors", "cpu")


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    write_tensors(tmp_path / "m.safetensors", {"a": torch.zeros(7)}, {"identity": {}})
    with pytest.raises(TrainerError, match="is no model: choose a model folder"):
        read_model(tmp_path / "m.safetensors", "cpu")


def test_the_paper_s_rate_drops_after_the_seventh_and_the_tenth_of_twelve_epochs() -> None:
    settings = RetrainingSettings(
        epochs=12.0, learning_rate=1.0, schedule="steps", drops=(7 / 12, 10 / 12)
    )
    rates = [retraining_rate(settings, step, 120) for step in range(120)]
    expected = [1.0] * 70 + [0.1] * 30 + [0.01] * 20
    assert rates == pytest.approx(expected)


def test_charset_and_class_ids_agree() -> None:
    found = model(describe_baseline("crnn", DataSettings(charset="94")))
    assert found.charset == get_charset("94")
    assert found.codec.decode(found.codec.encode("aB-9")) == "aB-9"
