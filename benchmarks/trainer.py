"""Seconds and memory of the trainer's verbs beside a plain implementation of the same.

    python -m benchmarks.trainer [--only TEXT ...] [--rounds 3] [--batch 32 64] [--quick]
    python -m benchmarks.trainer --preset NAME [--set KEY=VALUE] [--rounds 5]

Two processes with the same weights, words and threads, ours and ``benchmarks.plain``, take turns
round by round on the full-size network: rectifier, the full mesh, BiLSTM, head, in fp32 on the CPU,
labels of 3 to 10 characters. Every ratio is the median of those of the rounds. With ``--preset``,
images per second on a preset's own trainer, data and device instead. ``--json FILE`` writes all of
it with versions and hardware.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any

from benchmarks.common.floors import floors, floors_table
from benchmarks.common.output import HEADER, SHARES_HEADER, line, shares_table
from benchmarks.common.pair import NAMES, Pair
from benchmarks.common.preset import measure_preset
from benchmarks.common.rows import Row, population_rows, scoring_rows, step_rows
from benchmarks.common.table import print_table, table_line, write_json
from spaces.errors import InputError


def main() -> None:
    """Measure, print, and write JSON when asked."""
    options = arguments()
    if options.preset:
        try:
            measure_preset(options.preset, options.set, options.rounds or 5, options.json)
        except InputError as error:
            print(f"benchmarks.trainer: {error}", file=sys.stderr)
            sys.exit(2)
        return
    rounds = options.rounds or (1 if options.quick else 3)
    print(
        f"{rounds} rounds (1 of populations), {options.threads} threads each, "
        f"sharing {options.sharing}; a last column in weight steps of that batch on random paths"
    )
    print(table_line(HEADER), flush=True)
    found: dict[str, Any] = {}
    with Pair(options.threads) as pair:
        for row in options.rows:
            found[row.name] = pair.measure(row.as_dict(), 1 if "population" in row.name else rounds)
            found[row.name] |= {"images": row.images_consumed, "architectures": len(row.encodings)}
            print(table_line(line(row, found)), flush=True)
        row = step_rows(options.batch[0], options.sharing)[0]
        shares = {} if options.only else {name: pair.shares(name, row.as_dict()) for name in NAMES}
    document = {"rounds": rounds, "threads": options.threads, "rows": found, "shares": shares}
    if shares:
        print(f"\nSeconds of {row.name}, {len(row.encodings)} steps, by part, forward and back")
        print_table(SHARES_HEADER, shares_table(shares))
        document["floors"] = floors(row, options.threads)
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
    parser.add_argument("--only", nargs="+", default=[], metavar="TEXT", help="rows that have it")
    parser.add_argument("--rounds", type=int, metavar="N")
    parser.add_argument("--batch", type=int, nargs="+", default=None, metavar="N")
    parser.add_argument("--images", type=int, default=512, help="of an evaluation")
    parser.add_argument("--population-images", type=int, default=48, help="of each of 50")
    parser.add_argument("--sharing", default="edge", choices=("edge", "width", "stage"))
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1, metavar="N")
    parser.add_argument("--quick", action="store_true", help="one round, batch 32, few images")
    parser.add_argument("--preset", metavar="NAME")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    options.batch = options.batch or ([32] if options.quick else [32, 64])
    rounds = 1 if options.rounds is None else options.rounds
    if min(rounds, options.images, options.population_images, options.threads) < 1:
        parser.error("rounds, images, population images and threads: expected 1 or more of each")
    if min(options.batch) < 2:
        parser.error(f"batch {min(options.batch)}: expected 2 images or more, for batch norm")
    # Told now, and not when minutes of measuring would be lost with it.
    if options.json and not options.json.parent.is_dir():
        parser.error(f"no folder {options.json.parent} to write {options.json.name} to: make it")
    rows = all_rows(options)
    # By head: the networks are built anew when it changes.
    options.rows = sorted(chosen(rows, options.only), key=lambda row: row.head)
    if not options.rows:
        known = "; ".join(row.name for row in rows)
        parser.error(f"no row has {' or '.join(options.only)} in its name, choose among: {known}")
    return options


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
