"""``bench run``."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from bench.commands.shared.default_preset import default_preset
from bench.commands.shared.options import (
    data_options,
    data_overrides,
    device_option,
    device_override,
    preset_options,
    space_options,
    space_overrides,
    with_options,
)
from bench.commands.shared.output import print_facts, print_json, warn_of_data
from bench.commands.shared.processes import refuse_several
from bench.commands.shared.quantities import MAC_LIMIT, PARAMETER_LIMIT
from bench.commands.shared.say import say
from bench.commands.shared.starts import with_a_start_that_fits
from bench.presets import load_preset, quoted
from bench.records.counted import one_ned
from bench.records.limits import AXES
from bench.records.readable import folder_name
from bench.records.result import Recommendation, RunResult
from bench.records.settings import Preset, with_start
from bench.running.evaluators.base import COMMON
from bench.running.problem import Caps, Chosen
from searchers.finding import find_searcher


@click.command()
@click.option("--searcher", required=True, help="Name of the searcher; see `bench list`.")
@click.option("--preset", default=None, help="Preset or TOML file; cpu, or gpu where there is one.")
@space_options
@click.option(
    "--out", type=click.Path(path_type=Path), help="Run folder; results/runs/... by default."
)
@data_options
@click.option(
    "--max-macs",
    type=MAC_LIMIT,
    help="Hard cap on multiply-adds of the full-size backbone; the preset's by default.",
)
@click.option("--max-params", type=PARAMETER_LIMIT, help="Hard cap on parameters of that backbone.")
@click.option(
    "--evaluator",
    type=click.Choice(["supernet", "synthetic", "replay"]),
    help="supernet; a made-up landscape, to try a searcher on in seconds; or recorded runs.",
)
@click.option("--replay", metavar="FOLDER", help="The runs that --evaluator replay answers from.")
@click.option(
    "--latency-table",
    metavar="JSON",
    help="Measured by `bench latency measure`, for latency terms.",
)
@click.option("--budget-images", type=click.IntRange(1), help="Images the run may consume.")
@click.option(
    "--budget-epochs",
    type=click.FloatRange(0.0, 1e5, min_open=True),
    help="The same, in passes over the words of search_train.",
)
@click.option("--budget-macs", type=click.IntRange(1), help="Multiply-adds, of the same.")
@click.option("--budget-evaluations", type=click.IntRange(1), help="Evaluations, of the same.")
@click.option(
    "--budget-seconds",
    type=click.FloatRange(0.0, 1e9, min_open=True),
    help="Seconds of trainer and searcher; the first limit that is spent ends the run.",
)
@device_option
@click.option(
    "--workers",
    type=click.IntRange(1, 256),
    default=1,
    show_default=True,
    help="Processes that share batches of evaluations; each has its part of the threads.",
)
@click.option(
    "--from-scratch",
    is_flag=True,
    help="Train a supernet by the preset's recipe, if it has one, instead of taking a trained one.",
)
@preset_options
def run(
    searcher: str,
    preset: str | None,
    seed: int,
    out: Path | None,
    as_json: bool,
    quiet: bool,
    workers: int,
    **given: Any,
) -> None:
    """Run one searcher on one seed, or resume it where it was interrupted.

    Without any other option it searches a backbone for rendered words, starting from the supernet
    that comes with the package.
    """
    refuse_several("run")
    chosen = find_searcher(searcher)
    changes = with_options(overrides_of(given), given["overrides"])
    name = preset or default_preset(given["device"], changes)
    settings = with_a_start_that_fits(name, load_preset(name, changes, chosen))
    caps = Caps.of(settings.run)
    from bench.records.foreign import refuse_foreign
    from bench.run import Run
    from bench.running.interrupt import graceful_interrupt
    from bench.running.progress import counting, run_progress

    if out is not None:
        refuse_foreign(out)
    if given["from_scratch"] and settings.supernet_recipe.images:
        # Refuses now what it would refuse an hour later.
        Chosen.of(searcher, settings).build(settings, seed, caps)
        settings = with_fresh_supernet(name, settings, seed, quiet)

    with counting("rendering words", quiet) as rendering:
        built = Run(searcher, name, settings, seed, caps, lambda _, d, t: rendering(d, t), workers)
    warn_of_data(built.manifest.data)
    folder = out or default_folder(searcher, name, seed, built.manifest.identity_hash)

    def incumbent() -> str:
        return built.searcher.recommend().text

    title = f"{searcher} on {name}"
    with (
        graceful_interrupt() as stop,
        run_progress(title, built.preset.run.budget_images, incumbent, quiet) as report,
    ):
        result = built.execute(folder, report, stop)
    if as_json:
        print_json(result)
    else:
        print_result(result, settings.data.case_sensitive, settings.space.options())


def default_folder(searcher: str, preset: str, seed: int, identity: str) -> Path:
    """The same command finds the same folder again, and so resumes."""
    # Variants and plug-ins are named with a colon, which not every file system takes.
    name = folder_name(f"{Path(preset).stem}-{searcher}")
    return Path("results") / "runs" / f"{name}-seed{seed}-{identity[:8]}"


def with_fresh_supernet(name: str, preset: Preset, seed: int, quiet: bool) -> Preset:
    """The preset starting from a supernet trained here, now or by an earlier call."""
    from bench.commands.shared.command_line import command_line
    from bench.commands.shared.supernet_job import build_job
    from bench.running.interrupt import graceful_interrupt
    from bench.running.progress import run_progress
    from bench.supernets.store import obtain_supernet, supernet_file

    job = build_job(name, preset, seed, quiet)
    out = supernet_file(job, name, seed)
    with (
        graceful_interrupt() as stop,
        run_progress(f"supernet, seed {seed}", job.images, lambda: "", quiet) as report,
    ):
        obtain_supernet(job, out, command_line(), report, stop)
    return with_start(preset, str(out))


def overrides_of(given: dict[str, Any]) -> list[str]:
    """Options that are short forms of preset keys, as overrides."""
    overrides = data_overrides(given)
    overrides.extend(space_overrides(given["space"], given["part"]))
    for axis in ("epochs", *AXES):
        if given[f"budget_{axis}"]:
            overrides.append(f"run.budget_{axis}={given[f'budget_{axis}']}")
    for cap in ("max_macs", "max_params"):
        if given[cap]:
            overrides.append(f"run.{cap}={given[cap]}")
    overrides.extend(device_override(given["device"]))
    if given["replay"]:
        overrides.append(f"run.replay={quoted(given['replay'])}")
        overrides.append("run.evaluator=replay")
    if given["latency_table"]:
        overrides.append(f"run.latency_table={quoted(given['latency_table'])}")
    # After --replay, so that an evaluator that is asked for by name is the one that is used.
    if given["evaluator"]:
        overrides.append(f"run.evaluator={given['evaluator']}")
    if given["from_scratch"]:
        overrides.append("supernet.start=")
    return overrides


def print_result(result: RunResult, case_sensitive: bool, space: str) -> None:
    """The recommendation and its cost, for people; ``space`` are options that name its space."""
    found, cost = result.recommendation, result.cost
    say(f"\nRecommended by {result.searcher}, seed {result.seed} ({result.ended})")
    print_facts(
        {
            "architecture": found.text,
            "index": found.index,
            "MACs": found.macs,
            "parameters": found.params,
            **_scores(found, case_sensitive),
            **_steps(result.tables.get("steps", ())),
            "images consumed": cost.total.images,
            "images before, in the supernet": cost.supernet_images_before,
            "evaluations": cost.total.evaluations,
            "proposals": ", ".join(f"{n:,} {kind}" for kind, n in result.proposals.items()),
            "seconds, the referee's aside": round(cost.seconds.total, 1),
            "failures": cost.failures,
            "folder": result.run_dir,
        }
    )
    for warning in result.warnings:
        say(f"Warning: {warning}")
    say(f"\nLook at it: bench space show {shlex.quote(found.text)}{space}")
    if found.test_words:
        say(f"Train it from scratch: bench retrain {shlex.quote(result.run_dir)}")


def _with_own_weights(found: Recommendation) -> dict[str, object]:
    """The score with weights that the run has trained on, where it is another one."""
    other = found.weights == COMMON and found.own_score != found.score
    return {"the same with the run's own weights": found.own_score} if other else {}


def _steps(rows: Iterable[dict[str, Any]]) -> dict[str, object]:
    """What each step of a search in steps came to, where it was evaluated."""
    return {
        f"step {row['step']}, search_val": f"{row['score']:.4f} by {row['architecture']}"
        for row in rows
        if row["score"] is not None
    }


def _scores(found: Recommendation, case_sensitive: bool) -> dict[str, object]:
    """What the referee found; a made-up landscape has no words and never claims any."""
    score, words = found.score, found.test_words
    if not words:
        return {"quality (not measured on words)": score}
    read = None if score is None else f"{score:.4f} of {words:,} held-out words"
    return {
        "word accuracy, test": read,
        **_with_own_weights(found),
        "1-NED, test": one_ned(found, case_sensitive),
        "word accuracy, search_val": found.search_val_score,
    }
