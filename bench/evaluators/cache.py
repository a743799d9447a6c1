"""Evaluations that were made once need not be made again: a store shared by runs and processes.

A key is the hash of everything that decides a score: weights, words, fidelity, numerics and the
architecture (``Evaluator.fingerprint``). So a hit is what a computation would have given; it is
billed like one, with the seconds that it took when it was made. Two processes may write: LMDB
serialises them, and equal keys carry equal scores.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import lmdb
import msgspec

from bench.evaluators.base import NOT_FINITE, Evaluator, Outcome, Verdict
from searchers.base import Evaluate, Evaluated, Failure, Result, Work
from spaces import Architecture
from trainers.cost import Cost

if TYPE_CHECKING:
    from torch import Tensor

#: Of the file; about 200 bytes are used for an evaluation. Space is taken as it is needed.
MAP_BYTES = 2**30


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A score, or None for an output that was not finite, and the seconds it took."""

    architecture: str
    score: Annotated[float, msgspec.Meta(ge=0.0, le=1.0)] | None
    seconds: Annotated[float, msgspec.Meta(ge=0.0)]


class EvaluationCache:
    """Entries by key in an LMDB. Whatever is wrong with the file costs time, never a result.

    ``trouble`` says what went wrong, if anything did.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.trouble: str | None = None

    def get(self, key: bytes) -> Entry | None:
        """The entry, None if there is none that can be read."""
        try:
            # Opened for each access, an environment survives forks and needs no closing.
            with self._open() as env, env.begin() as transaction:
                found = transaction.get(key)
            return None if found is None else msgspec.json.decode(found, type=Entry)
        except (lmdb.Error, OSError, msgspec.DecodeError) as error:
            self._note(error)
            return None

    def put(self, key: bytes, entry: Entry) -> None:
        """Keep an entry."""
        try:
            with self._open() as env, env.begin(write=True) as transaction:
                transaction.put(key, msgspec.json.encode(entry))
        except (lmdb.Error, OSError) as error:
            self._note(error)

    def _open(self) -> lmdb.Environment:
        self.path.mkdir(parents=True, exist_ok=True)
        return lmdb.open(str(self.path), map_size=MAP_BYTES, max_readers=1024)

    def _note(self, error: Exception) -> None:
        self.trouble = (
            f"evaluation cache {self.path} was not used ({' '.join(str(error).split())}): delete "
            "it, set STRNAS_CACHE to another folder or run.evaluation_cache to false"
        )


class CachedEvaluator(Evaluator):
    """Asks the cache before the evaluator, for evaluations only."""

    def __init__(self, inner: Evaluator, cache: EvaluationCache) -> None:
        self.inner = inner
        self.cache = cache
        self.device = inner.device

    def execute(self, work: Work) -> Outcome:
        fingerprint = self.inner.fingerprint() if isinstance(work, Evaluate) else None
        if not isinstance(work, Evaluate) or fingerprint is None:
            return self.inner.execute(work)
        key = key_of(fingerprint, work.architecture)
        known = self.cache.get(key)
        if known is not None and known.architecture == work.architecture.text:
            result: Result = (
                Failure(work, NOT_FINITE) if known.score is None else Evaluated(work, known.score)
            )
            return Outcome(result, known.seconds, cached=True)
        outcome = self.inner.execute(work)
        score = outcome.result.score if isinstance(outcome.result, Evaluated) else None
        # Too little memory is a matter of the moment.
        if score is not None or outcome.result == Failure(work, NOT_FINITE):
            self.cache.put(key, Entry(work.architecture.text, score, outcome.seconds))
        return outcome

    def price(self, work: Work) -> Cost:
        return self.inner.price(work)

    def perform(self, work: Work) -> Result:
        return self.execute(work).result

    def judge(self, architecture: Architecture) -> Verdict:
        return self.inner.judge(architecture)

    def glance(self, architecture: Architecture) -> float | None:
        return self.inner.glance(architecture)

    def fingerprint(self) -> dict[str, object] | None:
        return self.inner.fingerprint()

    def state(self) -> tuple[dict[str, Tensor], dict[str, int]]:
        return self.inner.state()

    def load_state(self, tensors: Mapping[str, Tensor], counters: Mapping[str, int]) -> None:
        self.inner.load_state(tensors, counters)

    def close(self) -> None:
        self.inner.close()


def key_of(fingerprint: Mapping[str, object], architecture: Architecture) -> bytes:
    """The content address of an evaluation."""
    text = json.dumps([fingerprint, architecture.text], sort_keys=True)
    return blake2b(text.encode(), digest_size=24).digest()
