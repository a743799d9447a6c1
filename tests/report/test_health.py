"""The picture of a supernet shows what was found, and nothing that was not."""

from __future__ import annotations

import re

from bench.report.figures.canvas import house_style
from bench.report.figures.health import Health, Ranked, health_figure
from bench.statistics.answers import Estimate


def drawn(found: Health) -> str | None:
    with house_style():
        return health_figure(found)


def test_every_bar_and_every_architecture_says_what_it_is() -> None:
    picture = drawn(
        Health(
            updates={"k3e1": 20.0, "k3e3": 40.0},
            scales={"k3e1": 0.125, "k3e3": 0.5},
            panel=(Ranked("<A>", 0.5, (0.6, 0.7)), Ranked("B", 0.25, (0.4,))),
            tau=Estimate(0.5, 0.1, 0.8, 2, 0.95, "Kendall's tau-b"),
        )
    )
    assert picture is not None
    # 20 of k3e1 and 40 of k3e3, over their mean.
    for said in ("over the mean: 0.667", "over the mean: 1.33", "branches: 0.125", "mean 0.312"):
        assert said in re.sub(r"&#10;|\n", " ", picture), said
    assert "&lt;A&gt;" in picture
    assert "<A>" not in picture
    assert "from scratch 0.600, 0.700" in picture
    assert "Kendall" in picture


def test_without_a_panel_or_exposure_the_rest_is_drawn() -> None:
    picture = drawn(Health({}, {"k3e1": 0.1, "k3e3": 0.2}))
    assert picture is not None
    assert "proxy score" not in picture
    assert drawn(Health({}, {})) is None
