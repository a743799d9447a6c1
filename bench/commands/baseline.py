"""``bench baseline list``, ``show``, ``train`` and ``eval``; the list answers without torch."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bench.commands.evaluate import evaluate
from bench.commands.shared.default_preset import default_preset
from bench.commands.shared.options import (
    data_options,
    data_overrides,
    device_option,
    device_override,
    preset_options,
    with_options,
)
from bench.commands.shared.output import print_facts, print_json, print_table
from bench.commands.shared.training import train_model
from bench.models.origin import from_baseline
from trainers.baselines.catalogue import BASELINES, Baseline, find_baseline
from trainers.data.charset import DEFAULT_MAX_LENGTH

if TYPE_CHECKING:
    from trainers.baselines.counting import BaselineCost

_json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")


@click.group()
def baseline() -> None:
    """The hand-made recognisers of the papers' tables."""


@baseline.command("list")
@_json_option
def listing(as_json: bool) -> None:
    """The baselines, what they are made of and the parameters that the papers print."""
    if as_json:
        print_json({"baselines": [_described(each) for each in BASELINES.values()]})
        return
    print_table(
        ["baseline", "rectifier", "backbone", "sequence", "head", "published"],
        [
            (each.name, *each.stages.values(), each.published_params or "")
            for each in BASELINES.values()
        ],
    )


@baseline.command()
@click.argument("name")
@_json_option
def show(name: str, as_json: bool) -> None:
    """Count the parameters and multiply-adds of one baseline, stage by stage.

    Multiply-adds are those of convolutions and matrix products for one image; attention reads a
    word of 25 characters and EOS. What is counted as the baseline's own is what its paper counts:
    the whole recogniser, or the backbone.
    """
    found = find_baseline(name)
    from trainers.baselines.counting import count_baseline

    cost = count_baseline(found)
    facts = _facts(found, cost)
    if as_json:
        print_json(facts)
        return
    print_facts(
        {
            "baseline": found.title,
            "source": found.source,
            **({"architecture": facts["architecture"]} if facts["architecture"] else {}),
            "counted": found.counted,
            "parameters": _beside(facts["params"], found.published_params),
            "MACs": _beside(facts["macs"], found.published_macs),
            "input": _shape(cost.input_shape),
            "backbone's output": _shape(cost.output_shape),
            "classes": f"{cost.classes} ({found.characters} characters)",
        }
    )
    rows = [
        (stage, kind, cost.stages[stage].params, cost.stages[stage].macs)
        for stage, kind in found.stages.items()
    ]
    rows.append(("recogniser", "", cost.recogniser.params, cost.recogniser.macs))
    print_table(["stage", "", "parameters", "MACs"], rows)


@baseline.command()
@click.argument("name")
@click.option("--preset", default=None, help="Preset or TOML file; cpu, or gpu where there is one.")
@click.option(
    "--out", type=click.Path(path_type=Path), help="Model folder; results/models/... by default."
)
@device_option
@data_options
@preset_options
def train(
    name: str,
    preset: str | None,
    out: Path | None,
    device: str | None,
    seed: int,
    overrides: tuple[str, ...],
    quiet: bool,
    as_json: bool,
    **words: Any,
) -> int:
    """Train a baseline as `bench retrain` trains an architecture, or resume.

    Data, characters and the section [retraining] are the preset's; the recogniser is the paper's.
    """
    find_baseline(name)
    chosen = preset or default_preset(device)
    changes = with_options([*data_overrides(words), *device_override(device)], overrides)
    return train_model(lambda: from_baseline(name, chosen, changes), seed, out, quiet, as_json)


baseline.add_command(evaluate)


def _described(found: Baseline) -> dict[str, Any]:
    """What is known without counting."""
    return {
        "name": found.name,
        "title": found.title,
        "source": found.source,
        "stages": found.stages,
        "architecture": found.architecture,
        "counted": found.counted,
        "published": {"params": found.published_params, "macs": found.published_macs},
        "characters": found.characters,
    }


def _facts(found: Baseline, cost: BaselineCost) -> dict[str, Any]:
    own = cost.recogniser if found.counted == "recogniser" else cost.stages["backbone"]
    return {
        **_described(found),
        "params": own.params,
        "macs": own.macs,
        "stage_costs": {stage: asdict(each) for stage, each in cost.stages.items()},
        "recogniser": asdict(cost.recogniser),
        "classes": cost.classes,
        "max_length": DEFAULT_MAX_LENGTH,
        "input_shape": list(cost.input_shape),
        "output_shape": list(cost.output_shape),
    }


def _beside(count: int, published: str | None) -> str:
    return f"{count:,}" + (f" (published: {published})" if published else "")


def _shape(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))
