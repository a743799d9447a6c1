"""Does what a recipe says, and lays the outcome beside it."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.records.documents import json_bytes
from bench.records.errors import RecordError
from bench.reproduce.entry import DATA, OUT, Entry, Recipe, Reproduction, Scale
from bench.reproduce.page import document, markdown
from spaces.atomic import write_atomically

RESULT = "result.json"
PAGE = "result.md"
#: Runs one command of ``bench``; returns its exit code.
Call = Callable[[Sequence[str]], int]
#: Commands that take ``--workers``.
SHARED = ("study", "retrain")


def check_data(recipe: Recipe, data: Path | None) -> None:
    """``RecordError`` where something that the scale needs is not in the folder ``data``."""
    if not recipe.needs:
        return
    if data is not None and any(character in str(data) for character in '"\\{}\n'):
        raise RecordError(f"--data {data}: expected a path without quotes, braces and backslashes")
    missing = [
        f"{name} ({what})"
        for name, what in recipe.needs.items()
        if data is None or not (data / name).exists()
    ]
    if missing:
        place = "no --data was given" if data is None else f"--data {data} has no"
        raise RecordError(
            f"{place}: this scale needs {', '.join(missing)}, as `bench data import` makes them"
            if data is None
            else f"{place} {', '.join(missing)}: import them with `bench data import`"
        )


def commands_of(
    recipe: Recipe, out: Path, data: Path | None, workers: int | None
) -> list[list[str]]:
    """The commands that are left, with folders filled in."""
    found = []
    for command in recipe.commands:
        makes = recipe.once.get(command)
        if makes is not None and Path(_filled(makes, out, data)).exists():
            continue
        words = [_filled(word, out, data) for word in command]
        if workers is not None and words[0] in SHARED:
            words += ["--workers", str(workers)]
        found.append(words)
    return found


def reproduce(
    entry: Entry,
    scale: Scale,
    out: Path,
    data: Path | None,
    workers: int | None,
    call: Call,
    command: str,
) -> Reproduction | None:
    """Do the commands that are left, and write the outcome; None where one of them failed."""
    recipe = entry.recipe(scale, data)
    check_data(recipe, data)
    out.mkdir(parents=True, exist_ok=True)
    for name, text in recipe.files.items():
        write_atomically(out / name, _filled(text, out, data).encode())
    for words in commands_of(recipe, out, data, workers):
        if call(words):
            return None
    outcome = entry.read(out)
    for name, picture in outcome.pictures.items():
        write_atomically(out / name, picture.encode())
    write_atomically(out / PAGE, markdown(entry, scale, outcome, command).encode())
    write_atomically(out / RESULT, json_bytes(document(entry, scale, outcome, command)))
    return outcome


def told(words: Sequence[str]) -> str:
    """A command as one types it."""
    return shlex.join(["bench", *words])


def _filled(text: str, out: Path, data: Path | None) -> str:
    return text.replace(OUT, str(out)).replace(DATA, "" if data is None else data.as_posix())
