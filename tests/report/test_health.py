"""The picture of a supernet shows what the check says, and nothing that it does not."""

from __future__ import annotations

import re
from typing import Any

from bench.report.figures.canvas import house_style
from bench.report.figures.health import health_figure
from bench.report.figures.look import Look

CHOICES = {"k3e1 k3e3": {"k3e1": 10.0, "k3e3": 40.0}, "k3e1": {"k3e1": 10.0}}


def drawn(found: dict[str, Any]) -> str | None:
    with house_style():
        return health_figure(found, Look({}, {}))


def test_every_bar_and_every_architecture_says_what_it_is() -> None:
    points = [
        {"architecture": "<A>", "accuracy": 0.5, "finals": [0.6, 0.7]},
        {"architecture": "B", "accuracy": 0.25, "finals": [0.4]},
    ]
    picture = drawn(
        {
            "updates_ratio": {"choices": CHOICES},
            "scale_ratio": {"scales": {"k3e1": 0.125, "k3e3": 0.5}},
            "rank_tau": {
                "taus": {"accuracy": {"estimate": 0.5, "low": 0.1, "high": 0.8, "n": 2}},
                "points": points,
            },
        }
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
    picture = drawn({"updates_ratio": {}, "scale_ratio": {"scales": {"k3e1": 0.1, "k3e3": 0.2}}})
    assert picture is not None
    assert "proxy score" not in picture
    assert drawn({"updates_ratio": {}, "scale_ratio": {"scales": {}}}) is None
