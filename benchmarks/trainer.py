"""Seconds and memory of the trainer's verbs beside a plain implementation of the same.

    python -m benchmarks.trainer [--only TEXT ...] [--rounds 3] [--batch 32 64] [--quick]
    python -m benchmarks.trainer --preset NAME [--set KEY=VALUE] [--rounds 5]

Processes with the same weights, words and threads, ours and ``benchmarks.plain``, take turns
round by round on the full-size network: rectifier, the full mesh, BiLSTM, head, in fp32 on the CPU,
labels of 3 to 10 characters. Every ratio is the median of those of the rounds. With ``--preset``,
the same on a preset's own network, settings and words; on a CUDA device, images per second.
``--against PATH`` takes the trainer of another checkout, an older commit, into the turns.
``--json FILE`` writes all of it with versions and hardware.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any

from bench.presets import load_preset
from bench.records.errors import PresetError
from benchmarks.common.children import NAMES, Children, contestants, is_checkout
from benchmarks.common.floors import floors, floors_table
from benchmarks.common.output import header, line, shares_header, shares_table
from benchmarks.common.preset import measure_preset
from benchmarks.common.preset_cpu import measure_on_cpu
from benchmarks.common.rows import Row, population_rows, scoring_rows, step_rows
from benchmarks.common.table import print_table, table_line, write_json
from benchmarks.common.turns import measure_row
from spaces.errors import InputError
from trainers.compute import resolve_device


def main() -> None:
    """Measure, print, and write JSON when asked."""
    options = arguments()
    if not options.preset:
        measure_rows(options)
        return
    try:
        preset = load_preset(options.preset, options.set)
        if preset.run.evaluator != "supernet":
            raise PresetError(
                f"run.evaluator = {preset.run.evaluator} trains nothing: choose supernet"
            )
        device = resolve_device(preset.trainer.device).type
        if device == "cpu":
            measure_on_cpu(preset, options)
        elif options.against or options.processes or "plain" not in options.subjects:
            raise PresetError(f"--against, --subjects and --processes: on the CPU, not on {device}")
        else:
            measure_preset(options.preset, options.set, options.rounds or 5, options.json)
    except InputError as error:
        print(f"benchmarks.trainer: {error}", file=sys.stderr)
        sys.exit(2)


def measure_rows(options: argparse.Namespace) -> None:
    """The rows of the table, full size, on the CPU."""
    rounds, (threads,) = options.rounds or (1 if options.quick else 3), options.threads
    names = options.subjects
    print(
        f"{rounds} rounds (1 of populations), {threads} threads each, "
        f"sharing {options.sharing}; a last column in weight steps of that batch on random paths"
    )
    print(table_line(header(names)), flush=True)
    found: dict[str, Any] = {}
    members = contestants(names, threads, options.against)
    shares: dict[str, Any] = {}
    row = step_rows(options.batch[0], options.sharing)[0]
    with Children(members) as children:
        for asked in options.rows:
            times = 1 if "population" in asked.name else rounds
            found[asked.name] = measure_row(children, members, asked.as_dict(), times)
            found[asked.name] |= {
                "images": asked.images_consumed,
                "architectures": len(asked.encodings),
            }
            print(table_line(line(asked, found, names)), flush=True)
        for member in [] if options.only else members:
            children.ask(member, {"do": "prepare", "row": row.as_dict()})
            shares[member.name] = children.ask(member, {"do": "shares"})
    document = {"rounds": rounds, "threads": threads, "rows": found, "shares": shares}
    if shares:
        print(f"\nSeconds of {row.name}, {len(row.encodings)} steps, by part, forward and back")
        print_table(shares_header(names), shares_table(shares))
        document["floors"] = floors(row, threads)
        print("\nFloors of the same steps")
        print_table(("", ""), floors_table(document["floors"]))
    if options.json:
        write_json(options.json, "cpu", document)


def arguments() -> argparse.Namespace:
    """Options of the command line."""
    text, _, more = (__doc__ or "").partition("\n")
    parser = argparse.ArgumentParser(
        description=text, epilog=more, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--only", nargs="+", default=[], metavar="TEXT", help="rows that have it")
    add("--rounds", type=int, metavar="N")
    add("--batch", type=int, nargs="+", default=None, metavar="N")
    add("--images", type=int, default=512, help="of an evaluation")
    add("--population-images", type=int, default=48, help="of each of 50")
    add("--sharing", default="edge", choices=("edge", "width", "stage"))
    add("--quick", action="store_true", help="one round, batch 32, few images")
    add("--preset", metavar="NAME")
    add("--set", action="append", default=[], metavar="KEY=VALUE")
    add(
        "--threads", type=int, nargs="+", default=[os.cpu_count() or 1], metavar="N",
        help="of each process; with --preset several numbers, measured in turns",
    )  # fmt: skip
    add("--against", type=Path, metavar="PATH", help="another checkout, measured as 'before'")
    add(
        "--subjects", nargs="+", choices=NAMES,
        help="who takes turns: ours plain, and before with --against; ours has to be among them",
    )  # fmt: skip
    add(
        "--processes", type=int, default=0, metavar="N",
        help="with --preset: also N processes of one thread each, side by side, beside one",
    )  # fmt: skip
    add("--interval", type=float, default=3.0, metavar="SECONDS", help="of --processes, at least")
    add("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    options.batch = options.batch or ([32] if options.quick else [32, 64])
    check(parser, options)
    rows = all_rows(options)
    # By head: the networks are built again when it changes.
    options.rows = sorted(chosen(rows, options.only), key=lambda row: row.head)
    if not options.rows:
        known = "; ".join(row.name for row in rows)
        parser.error(f"no row has {' or '.join(options.only)} in its name, choose among: {known}")
    return options


def check(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    """End with one line for what cannot be measured; settle who takes turns."""
    rounds = 1 if options.rounds is None else options.rounds
    if min(rounds, options.images, options.population_images, *options.threads) < 1:
        parser.error("rounds, images, population images and threads: expected 1 or more of each")
    if min(options.batch) < 2:
        parser.error(f"batch {min(options.batch)}: expected 2 images or more, for batch norm")
    # Told now, and not when minutes of measuring would be lost with it.
    if options.json and not options.json.parent.is_dir():
        parser.error(f"no folder {options.json.parent} to write {options.json.name} to: make it")
    if options.against and not is_checkout(options.against):
        parser.error(f"--against {options.against}: expected a checkout of this repository")
    options.against = options.against and options.against.resolve()
    options.threads = sorted(set(options.threads))
    if not options.preset and (len(options.threads) > 1 or options.processes):
        parser.error("several numbers of threads, or --processes: only with --preset")
    if options.processes and not (options.processes > 1 and 0 < options.interval < 3600):
        parser.error("--processes: expected 2 or more, with an interval of 0 to 3600 seconds")
    asked = options.subjects or (NAMES if options.against else NAMES[:2])
    if "ours" not in asked or ("before" in asked) != bool(options.against):
        parser.error("--subjects: expected ours among them, and before if and only if --against")
    options.subjects = [name for name in NAMES if name in asked]


def chosen(rows: list[Row], texts: list[str]) -> list[Row]:
    """All rows, or those with one of ``texts`` in their name."""
    return [row for row in rows if not texts or any(text in row.name for text in texts)]


def all_rows(options: argparse.Namespace) -> list[Row]:
    """Steps at each batch size, evaluations, populations."""
    rows = [row for batch in options.batch for row in step_rows(batch, options.sharing)]
    rows += scoring_rows(128 if options.quick else options.images, options.sharing)
    return rows + population_rows(
        10 if options.quick else 50, options.population_images, options.sharing
    )


if __name__ == "__main__":
    main()
