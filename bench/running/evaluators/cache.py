"""Evaluations that were made once need not be made again: a store shared by runs and processes.

A key is the hash of everything that decides a score: weights, words, fidelity, numerics and the
architecture (``Evaluator.fingerprint``). So a hit is what a computation would have given; it is
billed like one, with the seconds that it took when it was made. Two processes may write: LMDB
serialises them, and equal keys carry equal scores.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Annotated

import lmdb
import msgspec

from bench.running.evaluators.base import NOT_FINITE, AroundEvaluator, Evaluator, Outcome
from searchers.base import Evaluate, Evaluated, Failure, Result, Work
from spaces import Architecture
from trainers.data.lmdb_pages import damaged_page

#: Of the file; about 200 bytes are used for an evaluation. Space is taken as it is needed.
MAP_BYTES = 2**30
#: Longer ones are not read; the longest one written is about 150 bytes.
MAX_ENTRY_BYTES = 4096
#: A month: no evaluation takes that long, and the sum of many stays a number.
MAX_SECONDS = 2.6e6
HASH_BYTES = 8


class CachedScore(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A score, or None for an output that was not finite, and the seconds it took."""

    architecture: str
    score: Annotated[float, msgspec.Meta(ge=0.0, le=1.0)] | None
    seconds: Annotated[float, msgspec.Meta(ge=0.0, le=MAX_SECONDS)]


class EvaluationCache:
    """Entries by key in an LMDB. Whatever is wrong with the file costs time, never a result.

    ``trouble`` says what went wrong, if anything did.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.trouble: str | None = None
        #: Whether the pages of the file were looked at: at the first access of a process.
        self._followable = False

    def get(self, key: bytes) -> CachedScore | None:
        """The entry, None if there is none that can be read."""
        try:
            # Opened for each access, an environment survives forks and needs no closing.
            with self._open() as env, env.begin() as transaction:
                found = transaction.get(key)
            return None if found is None else _unpack(key, found)
        except (lmdb.Error, OSError, ValueError) as error:
            self._note(error)
            return None

    def put(self, key: bytes, entry: CachedScore) -> None:
        """Keep an entry."""
        try:
            with self._open() as env, env.begin(write=True) as transaction:
                transaction.put(key, _pack(key, entry))
        except (lmdb.Error, OSError) as error:
            self._note(error)

    def _open(self) -> lmdb.Environment:
        self.path.mkdir(parents=True, exist_ok=True)
        env = lmdb.open(str(self.path), map_size=MAP_BYTES, max_readers=1024)
        try:
            self._check(env)
        except BaseException:
            env.close()
            raise
        return env

    def _check(self, env: lmdb.Environment) -> None:
        """Reading beyond the end of a file that is mapped into memory ends the process."""
        page_bytes, last = env.stat()["psize"], env.info()["last_pgno"]
        file = self.path / "data.mdb"
        if file.stat().st_size < (last + 1) * page_bytes:
            raise lmdb.CorruptedError("data.mdb is cut off")
        if self._followable:
            return
        # While a transaction reads, nobody writes over the pages that it may see.
        with env.begin(), file.open("rb") as opened:
            damaged = damaged_page(opened.fileno(), page_bytes, last)
        if damaged is not None:
            raise lmdb.CorruptedError(f"page {damaged} of data.mdb is damaged")
        self._followable = True

    def _note(self, error: Exception) -> None:
        self.trouble = (
            f"evaluation cache {self.path} was not used ({' '.join(str(error).split())}): delete "
            "it, set STRNAS_CACHE to another folder or run.evaluation_cache to false"
        )


def _pack(key: bytes, entry: CachedScore) -> bytes:
    content = msgspec.json.encode(entry)
    return _hash_of(key, content) + content


def _unpack(key: bytes, stored: bytes) -> CachedScore:
    """The entry; ``ValueError`` unless every bit of it is as it was written, under this key."""
    known, content = stored[:HASH_BYTES], stored[HASH_BYTES:]
    if len(stored) > MAX_ENTRY_BYTES or known != _hash_of(key, content):
        raise ValueError("an entry is damaged")
    return msgspec.json.decode(content, type=CachedScore)


def _hash_of(key: bytes, content: bytes) -> bytes:
    # LMDB has no checksums, and a digit that has changed would be a score like any other.
    return blake2b(key + content, digest_size=HASH_BYTES).digest()


class CachedEvaluator(AroundEvaluator):
    """Asks the cache before the evaluator, for evaluations only."""

    def __init__(self, inner: Evaluator, cache: EvaluationCache) -> None:
        super().__init__(inner)
        self.cache = cache

    def execute_many(self, works: Sequence[Work]) -> list[Outcome]:
        """What is known is looked up; the rest is left to the evaluator, together."""
        evaluations = [work for work in works if isinstance(work, Evaluate)]
        # Weight steps between evaluations would change what the latter are known by.
        fingerprint = self.inner.fingerprint() if len(evaluations) == len(works) else None
        if fingerprint is None:
            return self.inner.execute_many(works)
        keys = [key_of(fingerprint, work.architecture) for work in evaluations]
        known = [self._known(*pair) for pair in zip(keys, evaluations, strict=True)]
        missing = [place for place, outcome in enumerate(known) if outcome is None]
        computed = iter(self.inner.execute_many([works[place] for place in missing]))
        found = [next(computed) if outcome is None else outcome for outcome in known]
        for place in missing:
            self._keep(keys[place], evaluations[place], found[place])
        return found

    def _known(self, key: bytes, work: Evaluate) -> Outcome | None:
        known = self.cache.get(key)
        if known is None or known.architecture != work.architecture.text:
            return None
        result: Result = (
            Failure(work, NOT_FINITE) if known.score is None else Evaluated(work, known.score)
        )
        return Outcome(result, known.seconds, cached=True)

    def _keep(self, key: bytes, work: Evaluate, outcome: Outcome) -> None:
        score = outcome.result.score if isinstance(outcome.result, Evaluated) else None
        # Too little memory is a matter of the moment.
        if score is not None or outcome.result == Failure(work, NOT_FINITE):
            self.cache.put(key, CachedScore(work.architecture.text, score, outcome.seconds))


def key_of(fingerprint: Mapping[str, object], architecture: Architecture) -> bytes:
    """The content address of an evaluation."""
    text = json.dumps([fingerprint, architecture.text], sort_keys=True)
    return blake2b(text.encode(), digest_size=24).digest()
