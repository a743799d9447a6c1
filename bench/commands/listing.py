"""``bench list``."""

from __future__ import annotations

import inspect
from importlib import import_module

import click

from bench.commands.shared.output import print_json, print_table
from bench.presets import load_preset, preset_names
from searchers import FAMILIES, SEARCHERS
from searchers.errors import SearcherError
from searchers.finding import find_searcher, plugins
from spaces import SPACES


@click.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def listing(as_json: bool) -> None:
    """Searchers, spaces and presets that can be named on the command line."""
    presets = preset_names()
    names = sorted([*SEARCHERS, *plugins()])
    if as_json:
        print_json({"searchers": names, "spaces": sorted(SPACES), "presets": presets})
        return
    rows = [(name, _searcher(name)) for name in names]
    rows += [(f"{family}:NAME", _summary(target)) for family, (target, _) in FAMILIES.items()]
    print_table(["searcher", ""], sorted(rows))
    print_table(["space", ""], [(name, _summary(SPACES[name])) for name in sorted(SPACES)])
    print_table(["preset", ""], [(name, load_preset(name).description) for name in presets])


def _searcher(name: str) -> str:
    """What a searcher is in a line; a plug-in that cannot be used says why."""
    try:
        return first_line(find_searcher(name).kind)
    except SearcherError as error:
        return f"not usable: {error}"


def _summary(target: str) -> str:
    """The first line of the class's docstring."""
    module, _, attribute = target.partition(":")
    return first_line(getattr(import_module(module), attribute))


def first_line(found: object) -> str:
    """The first line of a docstring."""
    return (inspect.getdoc(found) or "").partition("\n")[0]
