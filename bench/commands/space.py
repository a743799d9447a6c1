"""``bench space show|sample|count|neighbours``: everything here answers without torch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import click
import numpy as np

from bench.commands.shared.output import print_facts, print_json, print_table
from bench.commands.shared.pictures import check_picture, write_picture
from bench.commands.shared.quantities import MAC_LIMIT
from bench.commands.shared.say import say
from bench.records.architectures import parse_architecture
from bench.records.layers import IMAGE, layers_of, shape_text
from bench.records.settings import SpaceSettings
from spaces import Architecture, Space

Command = TypeVar("Command", bound=Callable[..., Any])

#: Architectures drawn at a time; part of what a seed means.
SAMPLE_BLOCK = 65_536
BAR_CHARACTERS = 7
EIGHTHS = " ▏▎▍▌▋▊▉█"


def _space_options(command: Command) -> Command:
    """Add the options that say which space is meant."""
    for option in (
        click.option(
            "--strict",
            is_flag=True,
            help="Keep skip out of downsampling layers, as the authors' code.",
        ),
        click.option("--part", default="", help="Of strnas: extractor, rectifier or both."),
        click.option("--space", "name", default="autostr", show_default=True, help="Space."),
    ):
        command = option(command)
    return command


_json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
_limit_option = click.option(
    "--max-macs", type=MAC_LIMIT, help="Only architectures with at most so many multiply-adds."
)


@click.group()
def space() -> None:
    """Describe, sample and count architectures."""


@space.command()
@click.argument("architecture", metavar="TEXT_OR_INDEX")
@_space_options
@click.option(
    "--picture",
    metavar="FILE.svg",
    type=click.Path(path_type=Path),
    help="Draw it too, as the paper's Figure 5 does.",
)
@_json_option
def show(
    architecture: str,
    name: str,
    part: str,
    strict: bool,
    picture: Path | None,
    as_json: bool,
) -> None:
    """Show one architecture, layer by layer.

    TEXT_OR_INDEX is a text form such as A..B..A..B..B..-555555545514466, the same with the name of
    a typical path (ABABB-555555555555555), or an index; in space strnas one such as
    k5-1203-4511-6666-1000-20140.
    """
    found = SpaceSettings(name, strict, part).load()
    one = parse_architecture(found, architecture)
    if picture is not None:
        check_picture(picture)
        write_picture(picture, _drawn(found, one))
    facts = describe(found, one)
    if as_json:
        print_json(facts)
        return
    print_facts({"architecture": one.text, "index": one.index, "space": _title(found)})
    columns = ["layer", "stride", "operation", "output", "MACs", "parameters", "of MACs"]
    print_table(columns, list(layer_rows(found, one)))


@space.command()
@click.option("-n", "number", type=click.IntRange(1, 10_000_000), default=1, show_default=True)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@_limit_option
@_space_options
def sample(
    number: int, seed: int, max_macs: int | None, name: str, part: str, strict: bool
) -> None:
    """Draw architectures uniformly, one text a line."""
    found = SpaceSettings(name, strict, part).load()
    rng = np.random.default_rng(seed)
    for start in range(0, number, SAMPLE_BLOCK):
        drawn = found.sample(min(SAMPLE_BLOCK, number - start), rng, max_macs)
        say("\n".join(found.texts(drawn)))


@space.command()
@_limit_option
@_space_options
@_json_option
def count(max_macs: int | None, name: str, part: str, strict: bool, as_json: bool) -> None:
    """Count the architectures exactly, all of them or those under a limit."""
    found = SpaceSettings(name, strict, part).load()
    architectures = found.count(max_macs)
    if as_json:
        print_json({"paths": found.count_paths(), "architectures": architectures})
        return
    facts: dict[str, object] = {"space": _title(found)}
    if max_macs is not None:
        facts["MACs at most"] = max_macs
    facts |= {"paths": found.count_paths(), "architectures": architectures}
    if max_macs is not None:
        facts["share of all"] = f"{architectures / found.count():.4%}"
    print_facts(facts)


@space.command()
@click.argument("architecture", metavar="TEXT_OR_INDEX")
@_space_options
@_json_option
def neighbours(architecture: str, name: str, part: str, strict: bool, as_json: bool) -> None:
    """List all architectures one move away: another operation, or two strides exchanged."""
    found = SpaceSettings(name, strict, part).load()
    one = parse_architecture(found, architecture)
    around = found.neighbours(np.array(one.encoding, dtype=np.int8))
    rows = list(
        zip(
            found.architectures(around),
            found.macs(around).tolist(),
            found.params(around).tolist(),
            strict=True,
        )
    )
    if as_json:
        listed = [
            {"text": near.text, "index": near.index, "macs": macs, "params": params}
            for near, macs, params in rows
        ]
        print_json({"text": one.text, "index": one.index, "neighbours": listed})
        return
    print_table(
        ["neighbour", "MACs", "parameters"],
        [(near.text, macs, params) for near, macs, params in rows],
    )
    say(f"{len(rows)} neighbours of {one.text}")


def _drawn(space: Space, architecture: Architecture) -> str:
    # Here, since matplotlib takes a second to load.
    from bench.report.figures.architecture import architecture_figure
    from bench.report.figures.canvas import house_style

    layers = layers_of(space, architecture)
    with house_style():
        return architecture_figure(architecture.text, IMAGE[space.name], layers)


def describe(space: Space, architecture: Architecture) -> dict[str, Any]:
    """The facts about one architecture that ``bench space show --json`` prints."""
    encoding = space.encode([architecture])
    path, operations = np.split(encoding[0], [space.path_length])
    return {
        "text": architecture.text,
        "index": architecture.index,
        "path": space.path_text(path),
        "operations": [space.operations[code] for code in operations],
        "macs": int(space.macs(encoding)[0]),
        "params": int(space.params(encoding)[0]),
        "output_shape": list(space.output_shape),
    }


def layer_rows(
    space: Space, architecture: Architecture
) -> Iterator[tuple[str, str, str, str, int, int, str]]:
    """A row for what is not searched, each layer and the whole, in the columns of ``show``."""
    layers = layers_of(space, architecture)
    largest = max(layer.macs for layer in layers)
    for each in layers:
        bar = _bar(each.macs / largest)
        yield each.name, each.stride, each.operation, each.shape, each.macs, each.params, bar
    total_macs = sum(layer.macs for layer in layers)
    total_params = sum(layer.params for layer in layers)
    yield "total", "", "", shape_text(space.output_shape), total_macs, total_params, ""


def _bar(share: float) -> str:
    full, eighths = divmod(round(8 * BAR_CHARACTERS * share), 8)
    return ("█" * full + EIGHTHS[eighths]).strip()


def _title(space: Space) -> str:
    return f"{space.name}, strict" if space.strict else space.name
