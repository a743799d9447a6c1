"""What a searcher says, held to its interface: plug-ins are other people's code.

An answer that does not fit is a ``SearcherError`` in one line, at the first moment that it is
given. Only tables are asked for when the search is over: bad ones are left out of its result.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any, NoReturn

import numpy as np
from msgspec import convert

from searchers.base import Evaluate, GateGradient, Searcher, TrainWeights, Work
from searchers.errors import SearcherError
from spaces import Architecture

Tables = dict[str, list[dict[str, Any]]]
#: Characters that are shown of an answer.
SHOWN = 80


def asked(searcher: Searcher, n: int) -> Sequence[Work]:
    """The next work."""
    works = searcher.ask(n)
    if not isinstance(works, Sequence):
        _refuse(searcher, f"ask({n})", works, "a list of work")
    for work in works:
        if not isinstance(work, TrainWeights | GateGradient | Evaluate):
            _refuse(searcher, f"ask({n})", work, "TrainWeights, GateGradient or Evaluate in a list")
    return works


def recommended(searcher: Searcher) -> Architecture:
    """The incumbent."""
    found = searcher.recommend()
    if not isinstance(found, Architecture):
        _refuse(searcher, "recommend()", found, "an Architecture")
    return found


def drawn(searcher: Searcher, n: int, rng: np.random.Generator) -> Sequence[Architecture]:
    """Samples of what is being learned."""
    found: object = searcher.samples(n, rng)
    if not (isinstance(found, Sequence) and all(isinstance(each, Architecture) for each in found)):
        _refuse(searcher, f"samples({n}, rng)", found, "a list of Architectures")
    return found


def status(searcher: Searcher) -> dict[str, float]:
    """Numbers for the log; those that are not finite are left out."""
    found: object = searcher.status()
    if not (isinstance(found, dict) and all(isinstance(name, str) for name in found)):
        _refuse(searcher, "status()", found, "numbers by name")
    for value in found.values():
        if not isinstance(value, int | float):
            _refuse(searcher, "status()", value, "numbers")
    return {name: value for name, value in found.items() if math.isfinite(value)}


def warnings(searcher: Searcher) -> list[str]:
    """What a person should know."""
    found: object = searcher.warnings()
    if not (isinstance(found, list) and all(isinstance(each, str) for each in found)):
        _refuse(searcher, "warnings()", found, "a list of texts")
    return found


def state(searcher: Searcher) -> dict[str, Any]:
    """All that it continues from."""
    try:
        found = searcher.state_dict()
        json.dumps(found)
    except TypeError as error:
        raise SearcherError(
            f"searcher {type(searcher).__name__} has a state that is no JSON data ({error}): mend "
            "_state(); `bench doctor --searcher` checks it"
        ) from error
    return found


def tables(searcher: Searcher) -> tuple[Tables, list[str]]:
    """Tables for the result; none, with a warning, where they are no rows of JSON data."""
    found = searcher.tables()
    try:
        return convert(json.loads(json.dumps(found, allow_nan=False)), Tables), []
    except (TypeError, ValueError) as error:
        name = type(searcher).__name__
        return {}, [f"tables() of {name} gave no rows of JSON data ({error}): they were left out"]


def _refuse(searcher: Searcher, call: str, value: object, expected: str) -> NoReturn:
    shown = repr(value)
    shown = shown if len(shown) <= SHOWN else f"{shown[:SHOWN]}..."
    raise SearcherError(
        f"searcher {type(searcher).__name__}: {call} gave {shown}, expected {expected}; `bench "
        "doctor --searcher` checks the whole interface"
    )
