"""``bench list``."""

from __future__ import annotations

import inspect
from importlib import import_module

import click

from bench.commands.output import print_json, print_table
from bench.presets import load_preset, preset_names
from searchers import SEARCHERS
from spaces import SPACES


@click.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def listing(as_json: bool) -> None:
    """Searchers, spaces and presets that can be named on the command line."""
    presets = preset_names()
    if as_json:
        print_json({"searchers": sorted(SEARCHERS), "spaces": sorted(SPACES), "presets": presets})
        return
    print_table(["searcher", ""], [(name, _summary(SEARCHERS[name])) for name in sorted(SEARCHERS)])
    print_table(["space", ""], [(name, _summary(SPACES[name])) for name in sorted(SPACES)])
    print_table(["preset", ""], [(name, load_preset(name).description) for name in presets])


def _summary(target: str) -> str:
    """The first line of the class's docstring."""
    module, _, attribute = target.partition(":")
    found = getattr(import_module(module), attribute)
    return (inspect.getdoc(found) or "").partition("\n")[0]
