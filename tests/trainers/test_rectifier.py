"""The rectifier: sizes, the spline's exactness on affine maps, where it starts, gradients."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from spaces.networks.normalisation import BatchStatistics, UpdatingStatistics
from trainers.recogniser.rectifier import (
    CONTROL_POINTS,
    START_MARGIN,
    TARGET_MARGIN,
    Rectifier,
    ThinPlateSpline,
    border_points,
)


def pixel_centres(height: int, width: int) -> Tensor:
    """(H, W, 2) positions (x, y) of the pixels in [0, 1]."""
    ys = (torch.arange(height, dtype=torch.float64) + 0.5) / height
    xs = (torch.arange(width, dtype=torch.float64) + 0.5) / width
    return torch.stack(torch.meshgrid(ys, xs, indexing="ij")[::-1], -1)


def fresh(seed: int = 0) -> Rectifier:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        rectifier = Rectifier()
    rectifier.reset()
    return rectifier


def test_parameter_count_is_that_of_the_authors() -> None:
    assert sum(p.numel() for p in Rectifier().parameters()) == 1_854_760


def test_points_on_their_targets_give_exactly_the_pixel_grid() -> None:
    spline = ThinPlateSpline((32, 100)).double()
    target = border_points(CONTROL_POINTS, TARGET_MARGIN)
    torch.testing.assert_close(spline(target[None])[0], pixel_centres(32, 100), rtol=0, atol=1e-5)


def test_an_affine_displacement_of_the_points_is_the_affine_grid() -> None:
    spline = ThinPlateSpline((8, 30)).double()
    matrix = torch.tensor([[0.6, 0.1], [-0.05, 0.7]], dtype=torch.float64)
    shift = torch.tensor([0.15, 0.2], dtype=torch.float64)
    target = border_points(CONTROL_POINTS, TARGET_MARGIN)
    grid = spline((target @ matrix.T + shift)[None])[0]
    expected = pixel_centres(8, 30) @ matrix.T + shift
    assert expected.min() > 0  # Nothing is clamped: the comparison is of the spline alone.
    assert expected.max() < 1
    torch.testing.assert_close(grid, expected, rtol=0, atol=1e-5)


def test_the_spline_passes_through_its_control_points() -> None:
    spline = ThinPlateSpline((10, 10)).double()  # Its border pixels lie on the target points.
    generator = torch.Generator().manual_seed(1)
    target = border_points(CONTROL_POINTS, TARGET_MARGIN)
    source = target + 0.03 * torch.rand(target.shape, generator=generator, dtype=torch.float64)
    grid = spline(source[None])[0]
    torch.testing.assert_close(grid[0], source[:10], rtol=0, atol=1e-5)
    torch.testing.assert_close(grid[-1], source[10:], rtol=0, atol=1e-5)


def test_sampling_positions_stay_in_the_image() -> None:
    spline = ThinPlateSpline((32, 100))
    grid = spline(torch.randn(4, CONTROL_POINTS, 2) * 3)
    assert grid.min() == 0.0
    assert grid.max() == 1.0


def test_it_starts_as_a_resize_up_to_the_change_of_margins() -> None:
    """Points at 0.01 for targets at 0.05: x -> 0.01 + (x - 0.05) * 0.98 / 0.90, clamped."""
    rectifier = fresh().double()
    rows = torch.linspace(0, 1, 64, dtype=torch.float64)[:, None]
    columns = torch.linspace(0, 1, 256, dtype=torch.float64)[None]
    images = torch.stack([rows.expand(64, 256), columns.expand(64, 256), rows * columns])[None]
    images = torch.cat([images, images.flip(1)])
    out = rectifier(images, BatchStatistics())
    scale = (1 - 2 * START_MARGIN) / (1 - 2 * TARGET_MARGIN)
    positions = START_MARGIN + (pixel_centres(32, 100) - TARGET_MARGIN) * scale
    grid = positions.clamp(0, 1).expand(2, -1, -1, -1)
    expected = F.grid_sample(images, 2 * grid - 1, align_corners=False)
    torch.testing.assert_close(out, expected, rtol=0, atol=1e-4)
    # Away from the border this is nearly the picture itself, at the output's size.
    resized = F.interpolate(images, (32, 100), mode="bilinear", align_corners=False)
    inside = (0, slice(2), slice(4, -4), slice(10, -10))  # The two ramps.
    assert (out[inside] - resized[inside]).abs().max() < (scale - 1) / 2


def test_gradients_reach_every_part_of_the_localisation_network() -> None:
    rectifier = fresh()
    generator = torch.Generator().manual_seed(3)
    images = torch.rand(3, 3, 64, 256, generator=generator)
    rectifier(images, UpdatingStatistics()).square().mean().backward()
    last = rectifier.localisation.points
    assert last.bias.grad.abs().sum() > 0
    assert last.weight.grad.abs().sum() > 0
    # Zero weights at the start hide the layers before; after one step they learn too.
    with torch.no_grad():
        last.weight.sub_(last.weight.grad)
    rectifier.zero_grad()
    rectifier(images, UpdatingStatistics()).square().mean().backward()
    for name, parameter in rectifier.named_parameters():
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all(), name
        if not (name.startswith(("localisation.convs", "localisation.hidden.")) and "bias" in name):
            # Biases before a batch norm have no effect, all others do.
            assert parameter.grad.abs().sum() > 0, name


def test_positions_are_not_rounded_to_bf16() -> None:
    rectifier = fresh()
    images = torch.rand(2, 3, 64, 256, generator=torch.Generator().manual_seed(4))
    plain = rectifier(images, BatchStatistics())
    with torch.autocast("cpu", torch.bfloat16):
        mixed = rectifier(images, BatchStatistics())
    # At the start the points are the bias alone, whatever the layers before compute.
    torch.testing.assert_close(mixed.float(), plain, rtol=0, atol=1e-5)


@pytest.mark.parametrize("size", [(32, 100), (64, 256), (48, 160)])
def test_any_input_size_gives_the_output_size(size: tuple[int, int]) -> None:
    out = fresh()(torch.rand(2, 3, *size), BatchStatistics())
    assert out.shape == (2, 3, 32, 100)
