"""The file that describes a study: everything that decides a verdict, before the first run.

    name = "reference-cpu"
    question = "Which searcher recommends the best backbone for a budget of minutes?"
    preset = "cpu"
    searchers = ["random", "evolution", "tpe", "proxyless", "autostr"]
    seeds = 3                              # 0, 1, 2; or a list
    supernet_seeds = [0, 1]                # a supernet each, trained by the preset's recipe
    set = ["run.evaluation_images=250"]    # as with `bench run --set`
    budget = { images = 20_000 }           # or macs, evaluations, seconds: what is equalised

    endpoint = "shared"                    # or "final": recommendations trained from scratch,
    final_seeds = 3                        # each with so many seeds
    baseline = "random"
    family = "all-pairs"                   # or "against-baseline"
    alpha = 0.05
    margin = 0.02                          # a smaller shift counts as none

    [[arms]]                               # a searcher under settings of its own, with a name
    name = "proxyless-slow"
    searcher = "proxyless"
    set = ["searcher.proxyless.learning_rate=0.005"]

Without ``supernet_seeds`` all runs start from the supernet that the preset names. With the
synthetic evaluator they are seeds of landscapes instead.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta, Struct

from bench.records.errors import PresetError
from bench.records.toml_file import read_struct
from spaces.names import unknown_name

Seed = Annotated[int, Meta(ge=0, le=2**31 - 1)]
Name = Annotated[str, Meta(min_length=1, max_length=200)]
Inside = Annotated[float, Meta(gt=0.0, lt=1.0)]
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class Arm(Struct, frozen=True, forbid_unknown_fields=True):
    """A searcher as a study runs it, under a name of its own; ``set`` as with `bench run --set`."""

    name: str
    searcher: Name
    set: tuple[str, ...] = ()


class Equalised(Struct, frozen=True, forbid_unknown_fields=True):
    """What runs are given alike: one of the four."""

    images: Annotated[int, Meta(ge=1)] | None = None
    macs: Annotated[int, Meta(ge=1)] | None = None
    evaluations: Annotated[int, Meta(ge=1)] | None = None
    seconds: Annotated[float, Meta(gt=0.0, le=1e9)] | None = None

    @property
    def given(self) -> dict[str, float]:
        """Axis -> limit of what is given."""
        found = {axis: getattr(self, axis) for axis in self.__struct_fields__}
        return {axis: limit for axis, limit in found.items() if limit is not None}


class StudyFile(Struct, frozen=True, forbid_unknown_fields=True):
    """Searchers x seeds x supernet seeds under one protocol, and how they will be compared."""

    name: str
    seeds: Annotated[int, Meta(ge=1, le=10_000)] | Annotated[tuple[Seed, ...], Meta(min_length=1)]
    searchers: Annotated[tuple[Name, ...], Meta(max_length=100)] = ()
    arms: Annotated[tuple[Arm, ...], Meta(max_length=100)] = ()
    preset: Name = "cpu"
    question: str = ""
    supernet_seeds: tuple[Seed, ...] = ()
    set: tuple[str, ...] = ()
    budget: Equalised | None = None
    max_macs: Annotated[int, Meta(ge=1)] | None = None
    max_params: Annotated[int, Meta(ge=1)] | None = None
    endpoint: Literal["shared", "final"] = "shared"
    final_seeds: Annotated[int, Meta(ge=1, le=100)] = 3
    baseline: Name = "random"
    family: Literal["all-pairs", "against-baseline"] = "all-pairs"
    alpha: Inside = 0.05
    margin: Inside = 0.02

    @property
    def seed_list(self) -> tuple[int, ...]:
        """The seeds one by one."""
        return tuple(range(self.seeds)) if isinstance(self.seeds, int) else self.seeds

    @property
    def all_arms(self) -> tuple[Arm, ...]:
        """Searchers as they are, then the arms with settings of their own."""
        return (*(Arm(searcher, searcher) for searcher in self.searchers), *self.arms)

    @property
    def shared_set(self) -> tuple[str, ...]:
        """What all arms set, the budget and the caps included."""
        limits = self.budget.given if self.budget is not None else {}
        budget = [f"run.budget_{axis}={limit}" for axis, limit in limits.items()]
        caps = {"max_macs": self.max_macs, "max_params": self.max_params}
        return (*self.set, *budget, *(f"run.{key}={cap}" for key, cap in caps.items() if cap))

    @property
    def varied(self) -> frozenset[str]:
        """Keys of the preset in which arms may differ, since the file says so."""
        return frozenset(each.partition("=")[0].strip() for arm in self.arms for each in arm.set)


def read_study(path: Path) -> StudyFile:
    """The study of a TOML file; ``PresetError`` says what is wrong with it."""
    study = read_struct(path, f"study {path}", StudyFile)
    _check(study, path)
    return study


def _check(study: StudyFile, path: Path) -> None:
    for what, name in (("name", study.name), *(("name of an arm", arm.name) for arm in study.arms)):
        if not NAME.fullmatch(name):
            raise PresetError(
                f"study {path}: {what} {name!r}: expected letters, digits, dots, dashes or "
                "underscores, since a folder is named so"
            )
    names = tuple(arm.name for arm in study.all_arms)
    if not names:
        raise PresetError(f"study {path}: it has no searchers and no arms: give one at least")
    for what, given in (
        ("searchers" if not study.arms else "searchers and arms", names),
        ("seeds", study.seed_list),
        ("supernet_seeds", study.supernet_seeds),
    ):
        if len(set(given)) < len(given):
            raise PresetError(f"study {path}: {what} names one twice: each run is made once")
    if study.family == "against-baseline" and study.baseline not in names:
        raise PresetError(
            f"study {path}: {unknown_name('baseline', study.baseline, names)}: the family "
            "against-baseline needs it among the searchers"
        )
    if study.budget is not None and len(study.budget.given) != 1:
        raise PresetError(
            f"study {path}: budget names {len(study.budget.given)} limits: expected one of images, "
            "macs, evaluations, seconds, which is what runs are given alike"
        )
