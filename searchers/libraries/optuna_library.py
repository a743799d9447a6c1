"""Optuna behind ask and tell: the only module that imports it, itself imported when needed.

Each proposal is made by a *fresh* sampler, seeded from the searcher's generator. Optuna's samplers
keep what they know in the study, so nothing is lost; and since what is left in them is only
a random state, a run is restored from its trials alone, in the order of their numbers, without
pickle and without asking anything again. (The one exception: the GP would start to fit its kernel
from the kernel it found the last time; here it starts from the default one.)

A point beyond a cap is a completed trial with a positive constraint. Its value is asked of every
trial but only the GP looks at it; it is the mean of the scores so far, which says nothing.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.samplers import BaseSampler, GPSampler, NSGAIISampler, TPESampler
from optuna.trial import FrozenTrial, TrialState, create_trial

from searchers.libraries.encoded import Asked, Excess, Point

#: Name of the constraint that stands for the hard caps.
CAP = "cap"
#: What a running trial shares with the next ones; of no use once it is finished.
SHARED = "relative_params"
RUNNING, COMPLETE, FAILED = "running", "complete", "failed"
STATES = {
    RUNNING: TrialState.RUNNING,
    COMPLETE: TrialState.COMPLETE,
    FAILED: TrialState.FAIL,
}
NAMES = {state: name for name, state in STATES.items()}


class Choice(CategoricalDistribution):
    """One of ``range(n)``, compared and looked up at once: 30,030 options are many.

    Optuna compares distributions option by option, several times a trial.
    """

    def __init__(self, n: int) -> None:
        super().__init__(range(n))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Choice) and len(other.choices) == len(self.choices)

    __hash__ = CategoricalDistribution.__hash__

    def __deepcopy__(self, memo: dict[int, Any]) -> Choice:
        return self

    def to_internal_repr(self, param_value_in_external_repr: Any) -> float:
        return int(param_value_in_external_repr)


class _KnownSpace:
    """All trials have the same parameters: Optuna need not look for those they share.

    For samplers that propose all of a trial's choices together.
    """

    known: dict[str, BaseDistribution]

    def infer_relative_search_space(
        self, study: optuna.Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        return self.known


class _TPE(_KnownSpace, TPESampler):
    pass


class _NSGAII(_KnownSpace, NSGAIISampler):
    pass


class _GP(_KnownSpace, GPSampler):
    pass


SAMPLERS: dict[str, type[_TPE] | type[_NSGAII] | type[_GP]] = {
    "gp": _GP,
    "nsgaii": _NSGAII,
    "tpe": _TPE,
}


class OptunaLibrary:
    """One study in memory; see ``searchers.libraries.encoded.Library``."""

    def __init__(
        self,
        cardinalities: Sequence[int],
        sampler: str,
        options: Mapping[str, Any],
        rng: np.random.Generator,
    ) -> None:
        # Optuna sorts parameters by their names.
        self._choices: dict[str, BaseDistribution] = {
            f"choice_{place:04d}": Choice(n) for place, n in enumerate(cardinalities)
        }
        self._make = _maker(sampler, options, self._choices)
        self._rng = rng
        self._begin()

    def _begin(self) -> None:
        self._storage = optuna.storages.InMemoryStorage()
        with _quiet():
            self._study = optuna.create_study(
                storage=self._storage,
                sampler=self._make(0),
                pruner=optuna.pruners.NopPruner(),
                direction="maximize",
            )
        self._study_id = self._storage.get_study_id_from_name(self._study.study_name)
        self._scores: list[float] = []

    def ask(self, excess: Excess | None) -> Asked:
        self._study.sampler = self._make(int(self._rng.integers(2**32)))
        trial = self._study.ask(self._choices)
        point: Point = tuple(trial.params.values())
        if excess is None:
            return Asked(trial.number, point, 0.0)
        beyond = excess(point)
        trial.set_constraint(CAP, beyond)
        if beyond > 0.0:
            self._study.tell(trial.number, float(np.mean(self._scores or [0.0])))
        return Asked(trial.number, point, beyond)

    def impose(self, point: Point, excess: float) -> int:
        # Not enqueue_trial: asking for the trial would sample a point only to throw it away.
        params = dict(zip(self._choices, point, strict=True))
        number = len(self._study.get_trials(deepcopy=False))
        self._study.add_trial(
            create_trial(
                state=TrialState.RUNNING,
                params=params,
                distributions=self._choices,
                constraints={CAP: excess},
            )
        )
        return number

    def tell(self, number: int, score: float | None) -> None:
        if score is None:
            self._study.tell(number, state=TrialState.FAIL)
        else:
            self._study.tell(number, score)
            self._scores.append(score)

    def state(self) -> dict[str, Any]:
        trials = self._study.get_trials(deepcopy=False)
        return {
            "trials": [_record(trial) for trial in trials],
            "study": self._storage.get_study_system_attrs(self._study_id),
            "scores": list(self._scores),
        }

    def load_state(self, state: Mapping[str, Any]) -> None:
        self._begin()
        for name, point, score, attributes in state["trials"]:
            self._study.add_trial(
                create_trial(
                    state=STATES[name],
                    value=score,
                    params=dict(zip(self._choices, point, strict=True)),
                    distributions=self._choices,
                    system_attrs=attributes,
                )
            )
        for key, value in state["study"].items():
            self._storage.set_study_system_attr(self._study_id, key, value)
        self._scores = [float(score) for score in state["scores"]]


def _record(trial: FrozenTrial) -> list[Any]:
    """A trial as JSON data: state, point, value, what Optuna and its sampler noted."""
    attributes = {
        key: value
        for key, value in trial.system_attrs.items()
        if trial.state == TrialState.RUNNING or SHARED not in key
    }
    return [NAMES[trial.state], list(trial.params.values()), trial.value, attributes]


def _maker(
    sampler: str, options: Mapping[str, Any], choices: dict[str, BaseDistribution]
) -> Callable[[int], BaseSampler]:
    kind = SAMPLERS[sampler]
    if options.get("group") or not options.get("multivariate", True):
        # It looks at one choice or one group at a time, and finds out for itself.
        return _experimental(lambda seed: TPESampler(seed=seed, **options))

    def make(seed: int) -> BaseSampler:
        made = kind(seed=seed, **options)
        made.known = choices
        return made

    return _experimental(make) if options.get("deterministic_objective") else make


def _experimental(make: Callable[[int], BaseSampler]) -> Callable[[int], BaseSampler]:
    """``make`` without Optuna's warning: that an option is experimental is in our docs, once."""

    def quietly(seed: int) -> BaseSampler:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            return make(seed)

    return quietly


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the line that Optuna writes for a new study; the user's level is put back."""
    level = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(level)
