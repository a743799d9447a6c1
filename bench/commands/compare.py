"""``bench compare``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bench.commands.shared.output import print_json, print_table
from bench.commands.shared.say import say, warn

if TYPE_CHECKING:
    from bench.comparison.analysis import Conducted
    from bench.comparison.document import Analysis
    from bench.records.record import RunRecord


#: Of the analysis, what `--json` prints.
JSON = (
    "endpoint",
    "inference",
    "supernets",
    "plan",
    "summary",
    "verdicts",
    "searchers",
    "tests",
    "decided_later",
    "excluded",
    "unfinished",
)


@click.command()
@click.argument("places", nargs=-1, type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="Report folder; see below by default.")
@click.option("--name", default=None, help="Title of the report; the folder's name by default.")
@click.option("--question", default="", help="What the study asks, for the report's head.")
@click.option(
    "--margin",
    type=click.FloatRange(0.0, 1.0, min_open=True, max_open=True),
    help="Shift of the score below which searchers count as equivalent; the study's, else 0.02.",
)
@click.option("--baseline", help="Whom the others are held against; the study's, or random.")
@click.option(
    "--family",
    type=click.Choice(["all-pairs", "against-baseline"]),
    help="Pairs that are tested together; the study's, or all.",
)
@click.option(
    "--alpha",
    type=click.FloatRange(0.0, 1.0, min_open=True, max_open=True),
    help="Chance of any false *different*; the study's, or 0.05.",
)
@click.option(
    "--endpoint",
    type=click.Choice(["shared", "final"]),
    help="Scores on common weights, or trained from scratch; the study's, or shared.",
)
@click.option(
    "--models",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Models of `bench retrain`, or a folder of them: the final scores. Repeatable.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def compare(
    places: tuple[Path, ...],
    out: Path | None,
    name: str | None,
    question: str,
    models: tuple[Path, ...],
    as_json: bool,
    **decisions: Any,
) -> None:
    """Compare the runs in and below the given folders; results/runs if none is given.

    Writes report.html, report.md, report.json, figures/, tables/ and records.zip: into the study's
    folder if one folder is given, into results/comparison-... otherwise. Unfinished and damaged
    runs are named, never silently dropped.

    records.zip holds all that the report is made of. Given in place of folders, anywhere, it is
    unpacked into the report's folder (--out, or one in results/) and compared again.

    Of a study, its file decides endpoint, baseline, family, alpha and margin; what is given here
    instead is told as a deviation in the report.
    """
    from bench.comparison.archive import NAME, is_archive, pack
    from bench.comparison.opening import finals_below
    from bench.comparison.trainings import find_models
    from bench.records.runs import find_runs, read_what_can_be

    given = places or (Path("results") / "runs",)
    if any(is_archive(place) for place in given):
        given = (_unpacked(given, out),)
    folders, trained = find_runs(given), find_models([*finals_below(given), *models])
    # Only now what takes seconds to load: a wrong name is refused at once.
    from bench.comparison.analysis import analyse
    from bench.comparison.protocol import protocol_of
    from bench.records.trouble import failed_to_begin
    from bench.report import safe, write_report

    records, excluded = read_what_can_be(folders)
    unbegun = failed_to_begin(given)
    folder, study = out or _default_folder(given), _study(given, records)
    analysis = analyse(
        records,
        name or (study.file.name if study else "") or folder.resolve().name,
        question or (study.file.question if study else ""),
        protocol_of(study.file if study else None, decisions),
        [*excluded, *unbegun],
        trained,
        study,
    )
    paths = write_report(analysis, folder)
    # Also what could not be read: its reader is to be told the same.
    packed = [*folders, *(Path(each.run) for each in unbegun)]
    paths[NAME] = str(pack(packed, given[0], folder, trained))
    if as_json:
        _print_data(analysis, paths)
    else:
        _print_summary(safe(analysis), study, paths["report.html"])


def _print_data(analysis: Analysis, paths: Mapping[str, str]) -> None:
    from bench.comparison.serialised import serialised

    data = serialised(analysis)
    print_json({**{key: data[key] for key in JSON}, "report": paths})


def _print_summary(analysis: Analysis, study: Conducted | None, report: str) -> None:
    """The plan, the main table, what was left out of it, and where the rest is."""
    from bench.comparison.checklist import told
    from bench.records.limits import AXES
    from bench.report import main_table_rows
    from bench.report.banner import banner_of

    if study is not None:
        say(f"plan: {told(study.roll)}")
    columns, rows = main_table_rows(analysis)
    print_table(columns, rows)
    say(analysis.summary)
    say(analysis.inference)
    for sentence in analysis.provenance.decided_later:
        say(f"decided after the runs: {sentence}")
    if banner := banner_of(analysis.setting):
        say(banner)
    budget = analysis.setting.budget
    axis = budget.equalised
    say(f"budget: {budget.limits[axis]:,} {AXES[axis]} a run; all costs are in the report")
    for run in [*analysis.provenance.unfinished, *analysis.excluded]:
        say(f"left out: {run.run}: {run.reason}")
    for model in analysis.proxy_final.left_out or ():
        say(f"model left out: {model.model}: {model.reason}")
    say(f"report: {report}")


def _unpacked(places: tuple[Path, ...], out: Path | None) -> Path:
    """The folder that the one archive was laid out in."""
    from bench.comparison.archive import NAME, unpack

    if len(places) > 1:
        raise click.UsageError("give one archive of records alone, or folders")
    archive = places[0].resolve()
    # One that was not renamed is named after the study that it lies in.
    name = archive.parent.name if archive.name == NAME else archive.stem
    folder = out or Path("results") / name
    unpack(places[0], folder)
    return folder


def _default_folder(places: tuple[Path, ...]) -> Path:
    if len(places) == 1 and places[0] != Path("results") / "runs":
        return places[0]
    named = "\n".join(sorted(str(place.resolve()) for place in places))
    return Path("results") / f"comparison-{blake2b(named.encode(), digest_size=4).hexdigest()}"


def _study(places: tuple[Path, ...], records: Sequence[RunRecord]) -> Conducted | None:
    """The study whose folder this is; None where it is none, which is said if it should be one."""
    from bench.comparison.analysis import Conducted
    from bench.comparison.opening import study_of
    from bench.records.errors import PresetError
    from bench.records.study_roll import call

    try:
        study = study_of(places)
    except PresetError as error:
        warn(f"bench: {error}: which runs were planned is not known")
        return None
    return None if study is None else Conducted(study, places[0], call(study, places[0], records))
