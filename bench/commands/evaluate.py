"""``bench eval``: trained models on test sets, beside the papers' tables."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bench.commands.shared.output import print_facts, print_json, print_table
from bench.commands.shared.pictures import check_picture, write_picture
from bench.commands.shared.processes import refuse_several
from bench.commands.shared.say import say
from bench.running.progress import counting
from spaces.errors import InputError

if TYPE_CHECKING:
    from bench.models.evaluation import Evaluation

CHARSET_NAMES = ("36", "62", "94")
#: How an alphabet of one's own is named (``trainers.data.charset``).
OWN = "characters:"
#: Columns of figures that go beside a method's name into 80 characters.
COLUMNS_BESIDE = 6


@click.command("eval")
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("sets", nargs=-1)
@click.option("--data", type=click.Path(path_type=Path), help="Folder of LMDBs, sets by name.")
@click.option(
    "--also",
    multiple=True,
    metavar="MODEL",
    type=click.Path(path_type=Path),
    help="One more model, another seed perhaps. Repeatable.",
)
@click.option("--case-sensitive", is_flag=True, help="Short for --charset 62.")
@click.option(
    "--charset",
    help="What is compared: 36, 62, 94, or model for all that MODEL reads. By default 36; for a "
    "model of an alphabet of its own, that.",
)
@click.option(
    "--latency-images",
    type=click.IntRange(0, 100_000),
    default=50,
    show_default=True,
    help="Crops to time one by one; 0 leaves it out.",
)
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda, cuda:1, ...")
@click.option("--out", type=click.Path(path_type=Path), help="Folder for eval.json and eval.md.")
@click.option("--markdown", type=click.Path(path_type=Path), help="File for the tables alone.")
@click.option(
    "--picture",
    type=click.Path(path_type=Path),
    help="File .svg: accuracy against multiply-adds and parameters of the backbones.",
)
@click.option("--quiet", is_flag=True, help="No progress bar.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def evaluate(
    model: Path,
    sets: tuple[str, ...],
    data: Path | None,
    also: tuple[Path, ...],
    case_sensitive: bool,
    charset: str | None,
    latency_images: int,
    device: str,
    out: Path | None,
    markdown: Path | None,
    picture: Path | None,
    quiet: bool,
    as_json: bool,
) -> None:
    """Read test sets with MODEL, a model folder: word accuracy and 1-NED beside the papers' rows.

    SETS are names of LMDBs in the folder --data, or paths of LMDBs. Without any, all columns of the
    papers' tables: IIIT5K, SVT, IC03, IC13, IC15, SVTP and CUTE80, and what is missing is said.

    Letters and digits are compared, their case ignored, unless --charset says otherwise. Labels
    without any are left out; images that cannot be decoded and words too long for the model are
    errors.
    """
    refuse_several("eval")
    from bench.models.test_sets import WordProtocol, find_sets

    if picture is not None:
        check_picture(picture)
    if case_sensitive and charset not in (None, "62"):
        raise InputError(f"--case-sensitive and --charset {charset}: give one of them")
    if charset not in (None, "model", *CHARSET_NAMES):
        raise InputError(f"--charset {charset}: expected {', '.join(CHARSET_NAMES)} or model")
    characters = "62" if case_sensitive else charset or "model"
    from bench.models.evaluation import check_charset
    from bench.models.evaluation import evaluate as evaluate_models
    from bench.models.evaluation_document import document
    from bench.models.stored import load_model

    models = [load_model(folder, device) for folder in (model, *also)]
    if characters == "model":
        own = models[0].model.charset.name
        characters = own if charset or own.startswith(OWN) else "36"
    protocol = WordProtocol(characters)
    found = find_sets(data, sets, protocol)
    for trained in models:
        check_charset(trained, protocol)
    _make_way(out, markdown)
    with counting("reading words", quiet) as report:
        evaluation = evaluate_models(models, found, protocol, latency_images, report)
    _write(evaluation, out, markdown)
    if picture is not None:
        from bench.models.evaluation_picture import picture as drawn

        write_picture(picture, drawn(evaluation))
    if as_json:
        print_json(document(evaluation))
    else:
        _print(evaluation)


def _make_way(out: Path | None, markdown: Path | None) -> None:
    """Find out now, and not after the evaluation, whether there is a place for the files."""
    if markdown is not None and (markdown.is_dir() or not markdown.absolute().parent.is_dir()):
        raise InputError(
            f"--markdown {markdown} cannot be written: expected a file in an existing folder"
        )
    try:
        if out is not None:
            out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"--out {out} cannot be made ({error.strerror or error}): choose another folder"
        ) from error


def _write(evaluation: Evaluation, out: Path | None, markdown: Path | None) -> None:
    from bench.models import evaluation_table
    from bench.models.evaluation_document import document
    from bench.records.documents import json_bytes, writing
    from spaces.atomic import write_atomically

    page = evaluation_table.markdown(evaluation).encode()
    files = {markdown: page} if markdown else {}
    if out:
        # What programs look for comes last: where it is, all is.
        files |= {out / "eval.md": page, out / "eval.json": json_bytes(document(evaluation))}
    for path, content in files.items():
        with writing(path):
            write_atomically(path, content)


def _print(evaluation: Evaluation) -> None:
    from bench.models.evaluation_table import comparison, facts_of, notes, pair_table, score_table

    for row in evaluation.rows:
        print_facts(facts_of(row))
        table = score_table(evaluation, row)
        print_table(table.columns, table.rows)
    if len(evaluation.rows) > 1:
        pairs = pair_table(evaluation)
        print_table(pairs.columns, pairs.rows)
    for part in comparison(evaluation).parts(COLUMNS_BESIDE):
        headings = ["\n".join(heading.rsplit(" ", 1)) for heading in part.columns[1:]]
        print_table([part.columns[0], *headings], part.rows)
    for note in notes(evaluation):
        say(note)
