"""``python -m tests.fuzz --seed 0 --arguments 5000 --files 2000``: attacks on the command line.

Each trial is a process of its own. A trial is wrong with a traceback, an exit code that is not 0,
1 where documented, 2 or 130, more than 60 s or 1.5 GiB, or a file outside of its output folder.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from tests.fuzz.attack import attack_arguments, attack_files
from tests.fuzz.seeds import import_all, make_seeds


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--arguments", type=int, default=5000)
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--no-model", action="store_true", help="Train none: a minute less.")
    parser.add_argument("--cache", help="A folder to share; without it, everything is new.")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="fuzz-") as made:
        place = Path(made)
        os.environ["STRNAS_CACHE"] = given.cache or str(place / "cache")
        import_all()
        with_model = not given.no_model
        make_seeds(place / "seeds", with_model)
        wrong = 0
        for attack, count in (
            (attack_arguments, given.arguments),
            (lambda *a: attack_files(*a, with_model), given.files),
        ):
            for report in attack(place, count, given.seed):
                wrong += report.wrong
                sys.stderr.write(f"{report.text}\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
