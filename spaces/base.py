"""What can be searched: the interface between a space and everything that searches it.

Life of an architecture, in the order in which a searcher meets these methods:

1. ``load_space(name)`` gives a ``Space``. It only describes: it holds no weights, no data
   and no random generator, it never changes, and one object may serve many runs.
2. A population is an *encoding* array: int8, shape (N, path_length + layers). The first
   ``path_length`` columns are the downsampling path, the others the operation of each
   choice block. A space without a downsampling path has ``path_length`` 0 and one path,
   the empty one; nothing else changes for a searcher.
3. ``sample`` draws uniformly from the legal set (also under a limit on MACs), ``mutate``,
   ``crossover`` and ``neighbours`` move within it, ``count`` says how large it is. What they
   return is always legal: no searcher has to repair anything.
4. ``macs`` and ``params`` price a population without building a network.
5. ``rank`` gives each architecture its index, ``unrank`` goes back: a bijection with
   ``range(size)``. An index is the short name of an architecture in logs and caches.
6. ``architectures`` freezes rows of a population into ``Architecture`` objects, which carry
   the text form, the index and the encoding; ``parse`` reads a text form or an index back.
   These objects are what searchers hand to the trainer and what records keep.

Everything is vectorised over the rows of a population unless its docstring says otherwise.
Randomness comes only from the ``numpy.random.Generator`` that the caller passes in.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spaces.errors import SpaceError
from spaces.names import unknown_name
from spaces.path_graph import PathGraph

Int8 = NDArray[np.int8]
Int64 = NDArray[np.int64]
Bool = NDArray[np.bool_]


@dataclass(frozen=True)
class Architecture:
    """One frozen point of a space.

    ``text`` is what people read and type, ``index`` its rank in the space, ``encoding`` its
    row in a population: the path columns, then one operation per choice block.
    """

    text: str
    index: int
    encoding: tuple[int, ...]

    def __post_init__(self) -> None:
        if not self.text:
            raise SpaceError("architecture text is empty: make one with Space.parse")
        if self.index < 0:
            raise SpaceError(f"architecture index is {self.index}, expected 0 or more")
        if not self.encoding:
            raise SpaceError(f"architecture {self.text} has an empty encoding")

    def __str__(self) -> str:
        return self.text


class NamedEncoding(Protocol):
    """How a black-box searcher sees a space: D unordered integer choices.

    Choice d is one of ``range(cardinalities[d])``. The encoding is part of what is compared,
    so a run records its ``name``.
    """

    @property
    def name(self) -> str:
        """The name under which the space offers it."""
        ...

    @property
    def cardinalities(self) -> tuple[int, ...]:
        """Number of options of each of the D choices."""
        ...

    def decode(self, points: ArrayLike) -> tuple[Int8, Bool]:
        """Turn points (N, D) into legal encodings (N, columns) and a mask (N,) of the repaired.

        Deterministic: the same point always gives the same architecture.
        """
        ...

    def encode(self, encodings: ArrayLike) -> Int64:
        """Turn encodings (N, columns) into points (N, D) that decode to them unrepaired."""
        ...


class Space(ABC):
    """A set of architectures; see the module's text for the life cycle."""

    def __repr__(self) -> str:
        given = ", ".join(f"{key}={value!r}" for key, value in self.settings().items())
        return f"{type(self).__name__}({given})"

    # ---- what the space is -------------------------------------------------------------

    #: What is searched, of a space that has parts; '' for others.
    part: str = ""

    @property
    @abstractmethod
    def name(self) -> str:
        """The name in the registry."""

    @property
    @abstractmethod
    def layers(self) -> int:
        """Number of choice blocks."""

    @property
    @abstractmethod
    def path_length(self) -> int:
        """Number of path columns of an encoding; 0 for a space without a downsampling path."""

    @property
    @abstractmethod
    def operations(self) -> tuple[str, ...]:
        """Names of the operations; an operation's code is its place here."""

    @property
    def default_operations(self) -> tuple[str, ...]:
        """Operations that are no candidates; see ``uniform_architecture``. Codes follow the others.

        None in most spaces.
        """
        return ()

    @property
    @abstractmethod
    def size(self) -> int:
        """Number of indices. In a strict space some of them are not legal."""

    @property
    @abstractmethod
    def strict(self) -> bool:
        """Whether the space forbids some operations at some layers; see ``operation_allowed``."""

    @property
    @abstractmethod
    def output_shape(self) -> tuple[int, int, int]:
        """Channels, height and width that the backbone hands to the sequence translator."""

    @property
    @abstractmethod
    def stem_macs(self) -> int:
        """Multiply-adds of what comes before the first choice block."""

    @property
    @abstractmethod
    def encoding_names(self) -> tuple[str, ...]:
        """Names that ``named_encoding`` knows; the first is the default."""

    @abstractmethod
    def settings(self) -> dict[str, bool | int | str | list[int]]:
        """Return the options that rebuild this space: ``load_space(name, **settings)``."""

    @property
    def columns(self) -> int:
        """Number of columns of an encoding."""
        return self.path_length + self.layers

    # ---- names of one architecture -----------------------------------------------------

    @abstractmethod
    def parse(self, text: str) -> Architecture:
        """Read a text form or a decimal index; SpaceError says precisely what is wrong."""

    @abstractmethod
    def texts(self, encodings: ArrayLike) -> list[str]:
        """Return the text form of each row."""

    @abstractmethod
    def rank(self, encodings: ArrayLike) -> Int64:
        """Return the index (N,) of each row; Python's integers in a space too large for int64."""

    @abstractmethod
    def unrank(self, indices: ArrayLike) -> Int8:
        """Return the encodings (N, columns) of indices (N,); the inverse of ``rank``."""

    def of_indices(self, indices: Sequence[int]) -> Int8:
        """Return the encodings (N, columns) of a list of indices, however large or few they are."""
        # Beyond an int64, arrays hold Python's integers.
        kind = np.int64 if self.size <= np.iinfo(np.int64).max else object
        return self.unrank(np.array(indices, dtype=kind))

    def architectures(self, encodings: ArrayLike) -> list[Architecture]:
        """Freeze each row of a population."""
        array = np.asarray(encodings)
        indices = self.rank(array).tolist()
        rows = array.tolist()
        return [
            Architecture(text, index, tuple(row))
            for text, index, row in zip(self.texts(array), indices, rows, strict=True)
        ]

    def architecture(self, encoding: ArrayLike) -> Architecture:
        """Freeze one row, shape (columns,)."""
        return self.architectures(np.asarray(encoding)[None])[0]

    def uniform_architecture(self, path: ArrayLike, operation: str) -> Architecture:
        """Return the architecture of one path (path_length,) with ``operation`` on every layer.

        With one of ``operations`` it is a member of the space like any other; SpaceError if the
        space forbids it somewhere on the path. With one of ``default_operations`` it is none: its
        index is at least ``size``, no index or text form parses to it, and nothing but ``macs``,
        ``params`` and ``encode`` takes it; a trainer has to be told to build the operation.
        """
        known = (*self.operations, *self.default_operations)
        if operation not in self.operations:
            raise SpaceError(unknown_name("operation", operation, known))
        code = self.operations.index(operation)
        row = np.concatenate([np.asarray(path), np.full(self.layers, code)])
        if not self.is_valid(row[None])[0]:
            raise SpaceError(
                f"operation {operation} is not allowed on every layer of path "
                f"{self.path_text(path)}: choose another one"
            )
        return self.architecture(row)

    def mixed_architectures(self, encodings: ArrayLike) -> list[Architecture]:
        """Freeze rows of which any layer may have one of ``default_operations``.

        What ``uniform_architecture`` says of those that are no members of the space goes for them.
        """
        return self.architectures(encodings)

    def parse_mixed(self, text: str) -> Architecture:
        """Read the text of one of ``mixed_architectures``."""
        return self.parse(text)

    def uniform_encodings(self) -> Int8:
        """Return the legal ones (N, columns) of typical paths x one operation on every layer."""
        paths = self.typical_paths()
        kinds = len(self.operations)
        operations = np.repeat(np.arange(kinds, dtype=np.int8), self.layers)
        columns = np.tile(operations.reshape(kinds, self.layers), (len(paths), 1))
        rows: Int8 = np.hstack([np.repeat(paths, kinds, axis=0), columns])
        legal: Int8 = rows[self.is_valid(rows)]
        return legal

    def encode(self, architectures: Sequence[Architecture]) -> Int8:
        """Stack architectures into a population (N, columns)."""
        for found in architectures:
            if len(found.encoding) != self.columns:
                raise SpaceError(
                    f"architecture {found.text} has {len(found.encoding)} columns, the space "
                    f"{self.name} {self.columns}: parse its text in this space"
                )
        rows = [found.encoding for found in architectures]
        return np.array(rows, dtype=np.int8).reshape(len(rows), self.columns)

    # ---- the set -----------------------------------------------------------------------

    @abstractmethod
    def is_valid(self, encodings: ArrayLike) -> Bool:
        """Return, for each row (N,), whether it is a legal architecture."""

    @abstractmethod
    def count(self, max_macs: int | None = None) -> int:
        """Return the exact number of legal architectures with at most ``max_macs`` MACs."""

    @abstractmethod
    def min_macs(self) -> int:
        """Return the MACs of the smallest legal architecture."""

    @abstractmethod
    def max_macs(self) -> int:
        """Return the MACs of the largest legal architecture."""

    @abstractmethod
    def sample(self, n: int, rng: np.random.Generator, max_macs: int | None = None) -> Int8:
        """Draw n legal architectures (n, columns), uniform and independent.

        With ``max_macs``, uniform over those that need at most so many MACs. SpaceError when
        there is none.
        """

    # ---- moves -------------------------------------------------------------------------

    @abstractmethod
    def neighbours(self, encoding: ArrayLike) -> Int8:
        """Return every legal architecture one move away (M, columns) of one row (columns,)."""

    @abstractmethod
    def mutate(self, encodings: ArrayLike, rng: np.random.Generator, n_mutations: int = 1) -> Int8:
        """Make ``n_mutations`` random moves from each row; each result differs from its row."""

    @abstractmethod
    def crossover(self, a: ArrayLike, b: ArrayLike, rng: np.random.Generator) -> Int8:
        """Cross row i of ``a`` with row i of ``b`` into one legal child (N, columns)."""

    # ---- costs -------------------------------------------------------------------------

    @abstractmethod
    def macs(self, encodings: ArrayLike) -> Int64:
        """Return multiply-adds (N,) of the convolutions for one image, stem included."""

    @abstractmethod
    def params(self, encodings: ArrayLike) -> Int64:
        """Return the number of weights (N,), batch norm's included."""

    @abstractmethod
    def operation_macs(self, path: ArrayLike) -> Int64:
        """Return the MACs (layers, operations) of each candidate on one path (path_length,)."""

    @abstractmethod
    def operation_allowed(self, path: ArrayLike) -> Bool:
        """Return which operations (layers, operations) are legal on one path (path_length,)."""

    # ---- paths -------------------------------------------------------------------------

    @abstractmethod
    def count_paths(self) -> int:
        """Return the number of downsampling paths; 1 for a space without a choice of path."""

    @abstractmethod
    def typical_paths(self) -> Int8:
        """Return the paths worth a grid search (P, path_length)."""

    @abstractmethod
    def parse_path(self, text: str) -> Int8:
        """Read one path (path_length,) from its text or its short name."""

    @abstractmethod
    def path_text(self, path: ArrayLike) -> str:
        """Return the text of one path (path_length,)."""

    @abstractmethod
    def path_graph(self) -> PathGraph:
        """Return the paths as a graph with the costs of every candidate on every edge.

        A space without a choice of path returns ``PathGraph.chain``.
        """

    # ---- views -------------------------------------------------------------------------

    @abstractmethod
    def named_encoding(self, name: str) -> NamedEncoding:
        """Return a view of the space as plain integer choices; unknown name: SpaceError."""
