"""``bench plan``: how many paired blocks a study needs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bench.commands.shared.output import print_json, print_lines
from bench.commands.shared.say import say

if TYPE_CHECKING:
    from bench.statistics.answers import Estimate, NotComputable


@click.command()
@click.argument("pilot", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--effect",
    type=click.FloatRange(0.0, 1.0, min_open=True),
    default=0.02,
    show_default=True,
    help="Shift of the score that the study is to find.",
)
@click.option(
    "--power",
    type=click.FloatRange(0.0, 1.0, min_open=True, max_open=True),
    default=0.8,
    show_default=True,
    help="Probability with which it is to be found.",
)
@click.option(
    "--alpha",
    type=click.FloatRange(0.0, 1.0, min_open=True, max_open=True),
    help="Familywise error, shared out by Holm; the study's, or 0.05.",
)
@click.option("--baseline", help="What all are compared with; the study's, or random.")
@click.option(
    "--family",
    type=click.Choice(["all-pairs", "against-baseline"]),
    help="Pairs that are tested together; the study's, or all-pairs.",
)
@click.option(
    "--endpoint",
    type=click.Choice(["shared", "final"]),
    help="Scores on common weights, or trained from scratch; the study's, or shared.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def plan(
    pilot: tuple[Path, ...],
    effect: float,
    power: float,
    as_json: bool,
    **decisions: Any,
) -> None:
    """How many blocks (seeds, or supernets x seeds) a study like this PILOT needs.

    Of the folder of a study its arms are compared, by its endpoint. The spread of paired
    differences comes from the pilot's runs. Its estimate from a few blocks is uncertain itself: the
    last column plans with the upper end of its 95 % interval.
    """
    from bench.comparison.planning import needed_blocks
    from bench.comparison.serialised import serialised

    found = needed_blocks(pilot, effect, power, decisions)
    if as_json:
        print_json(serialised(found))
        return
    say(
        f"to find a shift of {effect:g} with probability {power:g}, {found.comparisons} "
        f"comparisons at {found.alpha:g} (Holm: the smallest p below {found.threshold:.4g})"
    )
    rows = [
        (
            row.pair,
            str(row.pilot_blocks),
            _number(row.sd_difference),
            _number(row.correlation),
            _blocks(row.blocks),
            _blocks(row.blocks_cautious),
        )
        for row in found.pairs
    ]
    print_lines(["pair", "pilot", "sd of difference", "rho", found.unit, "cautiously"], rows)


def _number(answer: Estimate | NotComputable) -> str:
    from bench.statistics.answers import NotComputable

    if isinstance(answer, NotComputable) and answer.value is None:
        return answer.reason
    return f"{answer.value:.3f}"


def _blocks(answer: int | NotComputable) -> str:
    return f"{answer:,}" if isinstance(answer, int) else answer.reason
