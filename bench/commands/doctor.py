"""``bench doctor``: does a searcher keep the contract?"""

from __future__ import annotations

import sys
import traceback
from contextlib import redirect_stdout
from dataclasses import asdict, dataclass
from typing import Any

import click

from bench.commands.shared.exits import FAILED
from bench.commands.shared.output import print_json, print_table
from bench.commands.shared.say import say
from bench.records.errors import PresetError


@dataclass(frozen=True)
class Finding:
    """One check: whether it passed, and what was found or what is wrong."""

    check: str
    passed: bool
    detail: str


@click.command()
@click.option("--searcher", required=True, help="Name, or module:Class; see `bench list`.")
@click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="KEY=VALUE",
    help="A setting of the searcher that differs from its default. Repeatable.",
)
@click.option("--space", default="autostr", show_default=True, help="Space to search in.")
@click.option(
    "--budget-images",
    type=click.IntRange(100, 1_000_000),
    default=1_000,
    show_default=True,
    help="Budget of each rehearsal: a weight step is 2 images, an evaluation 10.",
)
@click.option("--verbose", is_flag=True, help="Show where a check broke off.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def doctor(
    searcher: str,
    overrides: tuple[str, ...],
    space: str,
    budget_images: int,
    verbose: bool,
    as_json: bool,
) -> int:
    """Check that a searcher, also one of your own, keeps the contract.

    It is led through a small budget on a made-up landscape, again and again: no data, no training,
    seconds. Exits with 1 if a check fails.
    """
    from bench.doctor.checks import CHECKS
    from bench.doctor.subject import Subject, default_subject
    from spaces import load_space

    load_space(space)
    found = default_subject(searcher, _settings(overrides))
    subject = Subject(found.name, found.kind, found.settings, space, budget_images)
    findings = [_examine(name, check, subject, verbose) for name, check in CHECKS.items()]
    passed = all(finding.passed for finding in findings)
    if as_json:
        print_json(
            {
                "searcher": searcher,
                "passed": passed,
                "checks": [asdict(finding) for finding in findings],
            }
        )
    else:
        rows = [(f.check, "pass" if f.passed else "FAIL", f.detail) for f in findings]
        print_table([f"{searcher}: contract", "", "found"], rows)
        broken = sum(not finding.passed for finding in findings)
        say("fit for `bench run`" if passed else f"{broken} of {len(rows)} checks failed")
    return 0 if passed else FAILED


def _examine(name: str, check: Any, subject: Any, verbose: bool) -> Finding:
    from bench.doctor.checks import Broken

    try:
        # What a searcher prints must not end up in the table or the document.
        with redirect_stdout(sys.stderr):
            return Finding(name, True, check(subject))
    except Broken as broken:
        return Finding(name, False, str(broken))
    # A searcher under examination may raise anything, and even leave the program.
    except (Exception, SystemExit) as error:  # noqa: BLE001
        if verbose:
            traceback.print_exc(file=sys.stderr)
        return Finding(name, False, f"{type(error).__name__}: {' '.join(str(error).split())}")


def _settings(overrides: tuple[str, ...]) -> dict[str, Any]:
    from bench.presets import parse_value

    settings = {}
    for override in overrides:
        key, separator, text = override.partition("=")
        if not separator or not key.strip():
            raise PresetError(f"--set {override!r}: expected key=value, such as training_share=0.2")
        settings[key.strip()] = parse_value(text)
    return settings
