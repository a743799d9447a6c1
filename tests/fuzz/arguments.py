"""Argument lists over all commands, drawn from what click knows of them."""

from __future__ import annotations

import os
import random
from importlib import import_module

import click

from bench.cli import COMMANDS

ARCHITECTURE = "A..B..A..B..B..-555555545514466"
NASTY = (
    "", " ", "-1", "0", "1", "3", "7" * 5000, "1e999", "nan", "-inf", "0.5", "1_0", "１", "a=b",
    "=", "a.b.c=", "run.budget_images=-1", "run.evaluator=nonsense", "searcher.x=[" + "[" * 3000,
    "run.seed=" + "9" * 5000, "\x1b[31mHOSTILE", "\u202egnp", "x" * 300, "x" * 5000, "../../../x",
    "/proc/self/mem", "/dev/full", "/dev/zero", "/root/nothing/here", "out/../out", "inputs/pipe",
    "inputs", "inputs/words.lmdb", "inputs/run", "inputs/study.toml", "inputs/preset.toml",
    "inputs/words.zip", "inputs/a.png", "inputs/labels.tsv", "out/new", "out/new.svg",
    "out/new.png", "~", "$(id)", "%s%n", "{}", "[]", "null", "true", "random", "autostr", "strnas",
    "tiny", "cpu", "94", "all", "test", "cuda:99", "auto", ARCHITECTURE, "4242424242424242",
    "module:Class", "os:system", "日本", "e\u0301", os.fsdecode(b"\xff\xfe"), "-", "--", "-h",
)  # fmt: skip
#: What makes a command quick enough to be tried thousands of times.
SMALL = {
    "run": (
        "--searcher random --preset tiny --set run.evaluator=synthetic --set run.budget_images=600 "
        "--out out/run --quiet"
    ),
    "retrain": f"{ARCHITECTURE} --preset tiny --set retraining.epochs=0.1 --quiet --out out/model",
    "space show": ARCHITECTURE,
    "space count": "--max-macs 450M",
    "space neighbours": ARCHITECTURE,
    "space sample": "-n 3",
    "study": "inputs/study.toml --out out/study --quiet",
    "compare": "inputs/run --out out/report",
    "data info": "inputs/words.lmdb --quiet",
    "data import": "inputs/words.zip out/words --quiet",
    "data render": "out/words --count 3 --quiet",
    "data sheet": "inputs/words.lmdb out/sheet.png",
    "doctor": "--searcher random --budget-images 100",
    "plan": "inputs/run",
    "read": "inputs/model inputs/a.png",
    "eval": "inputs/model",
    "export": "inputs/model",
    "baseline show": "crnn",
}


def leaves() -> dict[str, click.Command]:
    """Every command that does something, by its words."""
    found: dict[str, click.Command] = {}
    for name, (place, _) in sorted(COMMANDS.items()):
        module, _, attribute = place.partition(":")
        _collect(name, getattr(import_module(module), attribute), found)
    return found


def _collect(name: str, command: click.Command, found: dict[str, click.Command]) -> None:
    if isinstance(command, click.Group):
        for inner, each in sorted(command.commands.items()):
            _collect(f"{name} {inner}", each, found)
    else:
        found[name] = command


def draw(commands: dict[str, click.Command], rng: random.Random) -> list[str]:
    """One argument list: what would do, with a few things changed, or options at random."""
    name = rng.choice(list(commands))
    words = name.split()
    if name in SMALL and rng.random() < 0.6:
        given = SMALL[name].split()
        for _ in range(rng.randrange(3)):
            if given:
                given[rng.randrange(len(given))] = rng.choice(NASTY)
        words += given
    parameters = commands[name].params
    for _ in range(rng.randrange(4)):
        chosen = rng.choice(parameters) if parameters else None
        if isinstance(chosen, click.Option):
            words.append(rng.choice(chosen.opts))
            if not chosen.is_flag:
                words.append(_value(chosen, rng))
        else:
            words.append(rng.choice(NASTY))
    if rng.random() < 0.03:
        words.insert(rng.randrange(len(words)), rng.choice(NASTY))
    return words


def _value(option: click.Option, rng: random.Random) -> str:
    if isinstance(option.type, click.Choice) and rng.random() < 0.7:
        return str(rng.choice(list(option.type.choices)))
    return rng.choice(NASTY)
