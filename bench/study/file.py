"""The file that describes a study.

    name = "reference-cpu"
    question = "Which searcher recommends the best backbone for a budget of minutes?"
    preset = "cpu"
    searchers = ["random", "evolution", "tpe", "proxyless", "autostr"]
    seeds = 3                              # 0, 1, 2; or a list
    supernet_seeds = [0, 1]                # a supernet each, trained by the preset's recipe
    set = ["run.budget_images=20000"]      # as with `bench run --set`

Without ``supernet_seeds`` all runs start from the supernet that the preset names. With the
synthetic evaluator they are seeds of landscapes instead.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from bench.errors import PresetError
from bench.toml_file import read_toml
from spaces.names import unknown_name

Seed = Annotated[int, Meta(ge=0, le=2**31 - 1)]
Name = Annotated[str, Meta(min_length=1, max_length=200)]
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class StudyFile(Struct, frozen=True, forbid_unknown_fields=True):
    """Searchers x seeds x supernet seeds under one protocol."""

    name: str
    searchers: Annotated[tuple[Name, ...], Meta(min_length=1, max_length=100)]
    seeds: Annotated[int, Meta(ge=1, le=10_000)] | Annotated[tuple[Seed, ...], Meta(min_length=1)]
    preset: Name = "cpu"
    question: str = ""
    supernet_seeds: tuple[Seed, ...] = ()
    set: tuple[str, ...] = ()
    max_macs: Annotated[int, Meta(ge=1)] | None = None
    max_params: Annotated[int, Meta(ge=1)] | None = None

    @property
    def seed_list(self) -> tuple[int, ...]:
        """The seeds one by one."""
        return tuple(range(self.seeds)) if isinstance(self.seeds, int) else self.seeds


def read_study(path: Path) -> StudyFile:
    """The study of a TOML file; ``PresetError`` says what is wrong with it."""
    raw = read_toml(path, f"study {path}")
    for key in raw:
        if key not in StudyFile.__struct_fields__:
            known = StudyFile.__struct_fields__
            raise PresetError(f"study {path}: {unknown_name('key', key, known)}")
    try:
        study = msgspec.convert(raw, StudyFile)
    except msgspec.ValidationError as error:
        text, _, place = str(error).partition(" - at `$.")
        raise PresetError(f"study {path}: {place.strip('`') or 'file'}: {text}") from error
    _check(study, path)
    return study


def _check(study: StudyFile, path: Path) -> None:
    if not NAME.fullmatch(study.name):
        raise PresetError(
            f"study {path}: name {study.name!r}: expected letters, digits, dots, dashes or "
            "underscores, since a folder is named so"
        )
    for what, given in (
        ("searchers", study.searchers),
        ("seeds", study.seed_list),
        ("supernet_seeds", study.supernet_seeds),
    ):
        if len(set(given)) < len(given):
            raise PresetError(f"study {path}: {what} names one twice: each run is made once")
