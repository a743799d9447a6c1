"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import click

from bench.presets import parse_value, quoted
from bench.records.errors import PresetError

Command = TypeVar("Command", bound=Callable[..., Any])


def preset_options(command: Command) -> Command:
    """``--seed``, ``--set``, ``--quiet`` and ``--json`` of commands that train or score."""
    for option in reversed(
        (
            click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=0, show_default=True),
            click.option(
                "--set",
                "overrides",
                multiple=True,
                metavar="KEY=VALUE",
                help="Override a key of the preset. Repeatable.",
            ),
            click.option("--quiet", is_flag=True, help="No progress bar."),
            click.option("--json", "as_json", is_flag=True, help="Print one JSON document."),
        )
    ):
        command = option(command)
    return command


#: Set beside an option, for those who do not say otherwise.
FOLLOWS = ("data.test_images",)


def with_options(short: Sequence[str], overrides: Sequence[str]) -> list[str]:
    """Overrides of the preset that options are ``short`` for, then those of ``--set``.

    ``PresetError`` for a key that both give another value: one of them would go unheard.
    """
    known = dict(_parted(each) for each in short)
    for key, value in map(_parted, overrides):
        if key in known and key not in FOLLOWS and parse_value(known[key]) != parse_value(value):
            raise PresetError(
                f"--set {key}={value} and an option that sets it to {known[key]}: give one of them"
            )
    return [*short, *overrides]


def _parted(override: str) -> tuple[str, str]:
    key, _, value = override.partition("=")
    return key.strip(), value.strip()


device_option = click.option("--device", help="auto, cpu, cuda, cuda:1, ...")


def device_override(device: str | None) -> list[str]:
    """What ``device_option`` says, as overrides of a preset."""
    return [] if device is None else [f"trainer.device={quoted(device)}"]


def space_options(command: Command) -> Command:
    """``--space`` and ``--part``: short forms of the preset's space."""
    for option in reversed(
        (
            click.option("--space", metavar="NAME", help="Space; the preset's by default."),
            click.option("--part", metavar="NAME", help="Of strnas: extractor, rectifier or both."),
        )
    ):
        command = option(command)
    return command


def space_overrides(space: str | None, part: str | None) -> list[str]:
    """What ``space_options`` say, as overrides of a preset."""
    given = {"space.name": space, "space.part": part}
    return [f"{key}={quoted(value)}" for key, value in given.items() if value is not None]


def data_options(command: Command) -> Command:
    """``--search-train``, ``--search-val`` and ``--test``: short forms of the preset's data."""
    for option in reversed(
        (
            click.option(
                "--search-train",
                multiple=True,
                metavar="LMDB",
                help="Words for weights; `rendered` adds rendered ones. Repeatable.",
            ),
            click.option(
                "--search-val",
                multiple=True,
                metavar="LMDB",
                help="Words for architecture decisions. Repeatable.",
            ),
            click.option(
                "--test", multiple=True, metavar="LMDB", help="The referee's words. Repeatable."
            ),
        )
    ):
        command = option(command)
    return command


def data_overrides(given: Mapping[str, Any]) -> list[str]:
    """What ``data_options`` say, as overrides of a preset; a named test set is read whole."""
    overrides = []
    for split in ("search_train", "search_val", "test"):
        if given[split]:
            listed = ", ".join(quoted(path) for path in given[split])
            overrides.append(f"data.{split}=[{listed}]")
    if given["test"]:
        overrides.append("data.test_images=0")
    return overrides
