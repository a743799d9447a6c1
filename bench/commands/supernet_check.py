"""``bench supernet check``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bench.commands.shared.exits import FAILED
from bench.commands.shared.options import preset_options
from bench.commands.shared.output import print_json, print_lines
from bench.commands.shared.pictures import check_picture, write_picture
from bench.commands.shared.say import say, warn
from bench.health.words import interval
from bench.presets import load_preset, quoted

if TYPE_CHECKING:
    from bench.health.check import Measure
    from bench.health.panel import PanelAgreement
    from bench.report.figures.health import Health


@click.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--preset", default="cpu", show_default=True, help="Preset or TOML file.")
@click.option(
    "-n",
    "architectures",
    type=click.IntRange(6, 10_000),
    default=200,
    show_default=True,
    help="Random architectures to score.",
)
@click.option(
    "--panel",
    metavar="FILE.toml",
    type=click.Path(path_type=Path),
    help="Architectures trained from scratch, of `bench panel`, to hold scores against.",
)
@click.option("--part", default="uniform", show_default=True, help="Of the panel.")
@click.option(
    "--picture",
    metavar="FILE.svg",
    type=click.Path(path_type=Path),
    help="Draw what was found: updates, scales, scores.",
)
@preset_options
def check(
    file: Path | None,
    preset: str,
    architectures: int,
    panel: Path | None,
    part: str,
    picture: Path | None,
    seed: int,
    overrides: tuple[str, ...],
    quiet: bool,
    as_json: bool,
) -> int:
    """Does a supernet prefer architectures for how it was trained? Five measures with bounds.

    With --panel also: does it rank architectures as training them from scratch does?

    FILE is a supernet of `bench supernet train`; the preset's own by default. The exit code is 1 if
    a measure is out of its bound; what cannot be measured is said, and is none. See
    docs/ranking.md.
    """
    given = [] if file is None else [f"supernet.start={quoted(str(file))}"]
    settings = load_preset(preset, [*overrides, *given])
    if picture is not None:
        check_picture(picture)
    from bench.health.check import check_supernet
    from bench.health.panel import PanelAgreement
    from bench.running.progress import counting

    with counting("checking", quiet) as progress:
        given_panel = None if panel is None else (panel, part)
        measures = check_supernet(preset, settings, seed, architectures, given_panel, progress)
    failed = [measure.key for measure in measures if measure.passed is False]
    document = _document(measures, settings.supernet.start, failed)
    if picture is not None:
        _draw(measures, picture)
    if as_json:
        print_json(document)
        return FAILED if failed else 0
    words = {True: "within", False: "OUT", None: "unknown"}
    rows = [
        (
            measure.what,
            "-" if measure.value is None else f"{measure.value:.3g}",
            f"{measure.bound:.3g}",
            words[measure.passed],
            measure.told,
        )
        for measure in measures
    ]
    print_lines(["measure", "value", "bound", "", "in words"], rows)
    if isinstance(held := measures[-1].details, PanelAgreement):
        _print_agreement(held)
    return FAILED if failed else 0


def _document(measures: Sequence[Measure], start: str, failed: Sequence[str]) -> dict[str, object]:
    """What ``--json`` prints: each measure by its key."""
    from bench.comparison.serialised import serialised

    found: dict[str, object] = {
        measure.key: {
            "value": measure.value,
            "bound": measure.bound,
            "passed": measure.passed,
            "sentence": measure.told,
            **serialised(measure.details),
        }
        for measure in measures
    }
    return {**found, "supernet": start, "failed": list(failed)}


def _draw(measures: Sequence[Measure], picture: Path) -> None:
    from bench.report.figures.canvas import house_style
    from bench.report.figures.health import health_figure

    with house_style():
        drawn = health_figure(_found(measures))
    if drawn is None:
        warn(f"bench: nothing to draw: {picture} is not written")
        return
    write_picture(picture, drawn)


def _found(measures: Sequence[Measure]) -> Health:
    """What there is to draw."""
    from bench.health.panel import PanelAgreement
    from bench.report.figures.health import Health, Ranked

    updates: Counter[str] = Counter()
    scales: Mapping[str, float] = {}
    held: PanelAgreement | None = None
    for measure in measures:
        if isinstance(measure.details, PanelAgreement):
            held = measure.details
            continue
        if measure.key == "updates_ratio":
            for choice in measure.details.get("choices", {}).values():
                updates.update(choice)
        scales = measure.details.get("scales", scales)
    if held is None:
        return Health(updates, scales)
    points = (
        Ranked(each["architecture"], each["accuracy"], each["finals"]) for each in held.points
    )
    return Health(updates, scales, tuple(points), held.tau)


def _name(predictor: str) -> str:
    """``proxy, word accuracy``."""
    known = {
        "accuracy": "proxy, word accuracy",
        "one_ned": "proxy, 1-NED",
        "log_likelihood": "proxy, log-likelihood",
        "macs": "MACs",
        "accuracy_and_macs": "proxy and MACs, mean rank",
    }
    return known.get(predictor, predictor.replace("_", " "))


def _print_agreement(found: PanelAgreement) -> None:
    """What is behind the last measure: each predictor, the top, and what is overrated."""
    from bench.health.panel import Halves

    say(
        f"\nKendall's tau with the word accuracy after training from scratch, "
        f"{found.architectures} architectures"
    )
    rows = [(_name(key), interval(tau)) for key, tau in found.taus.items()]
    rows.append(("between two seeds", interval(found.ceiling)))
    rows.append(("proxy, freed of seeds' noise", interval(found.tau_without_noise)))
    rows.append(("what the proxy adds to MACs", interval(found.adds_to_macs)))
    print_lines(["predictor", "tau"], rows)
    if isinstance(found.halves, Halves):
        best = found.halves.best
        say(
            f"\nOf the proxies, the best on every other architecture is {_name(best)}; its tau on "
            f"the rest is {interval(found.halves.rest[best])}"
        )
    say("\nThe best by proxy")
    print_lines(
        ["top", "among the best", "best lost by training only these"],
        [(str(k), interval(top), interval(found.regret[k])) for k, top in found.top_k.items()],
    )
    say("\nProxy minus final score, for one more of an operation")
    print_lines(["operation", "slope"], [(k, interval(v, 3)) for k, v in found.slopes.items()])
    if found.not_finite:
        say(f"\n{found.not_finite} scores are not finite, and count as 0")
    if found.not_trained_yet:
        say(f"\n{found.not_trained_yet} architectures of the part are not trained yet")
