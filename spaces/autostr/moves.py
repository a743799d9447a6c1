"""Moves within the AutoSTR space; whatever they return is legal.

The neighbourhood of an architecture has two kinds of moves:

* another operation at one layer: 15 x 6 of them;
* a path move: the stride codes of two layers change places where they differ. This shifts one
  downsampling to another layer, or exchanges an A with a B: 10 x 2 + 10 x 3 + 2 x 3 = 56.

Every move can be undone by a move, and moves connect the whole space. In a strict space those
that put the skip connection on a downsampling layer are left out.

The functions take legal int8 encodings (N, 2 * layers): stride codes, then operations.
"""

from __future__ import annotations

import numpy as np

from spaces.autostr.operations import KEEP, OPERATIONS, SKIP, STRIDES
from spaces.base import Bool, Int8, Int64

OTHERS = len(OPERATIONS) - 1
# Rows crossed at a time: the way counts of a block stay within a few megabytes.
BLOCK = 2048


def has_strided_skip(encodings: Int8) -> Bool:
    """Return (N,) whether a downsampling layer has the skip connection."""
    layers = encodings.shape[1] // 2
    found: Bool = ((encodings[:, :layers] != KEEP) & (encodings[:, layers:] == SKIP)).any(axis=1)
    return found


def neighbours(encoding: Int8, strict: bool) -> Int8:
    """Return all architectures one move from one encoding, shape (M, 2 * layers).

    First the other operations, layer by layer in order of their codes, then the path moves in
    order of the two layers.
    """
    layers = len(encoding) // 2
    operations = np.tile(encoding, (layers * OTHERS, 1))
    where = np.repeat(np.arange(layers), OTHERS)
    operations[np.arange(len(where)), layers + where] = _other_operation(
        encoding[layers + where], np.tile(np.arange(OTHERS), layers)
    )
    first, second = np.triu_indices(layers, 1)
    differ = encoding[first] != encoding[second]
    first, second = first[differ], second[differ]
    paths = np.tile(encoding, (len(first), 1))
    rows = np.arange(len(first))
    paths[rows, first] = encoding[second]
    paths[rows, second] = encoding[first]
    found: Int8 = np.concatenate([operations, paths])
    return found[~has_strided_skip(found)] if strict else found


def mutate(encodings: Int8, rng: np.random.Generator, n_mutations: int, strict: bool) -> Int8:
    """Make moves from each row, each uniform in the neighbourhood of what it starts from.

    A last move that would lead back to the row is drawn again.
    """
    children = encodings.copy()
    for mutation in range(n_mutations):
        last = mutation == n_mutations - 1
        pending = np.arange(len(children))
        # Draws that are no move are drawn again, which keeps the draw uniform over the moves.
        while len(pending):
            before = children[pending]
            tried = _draw_moves(before, rng)
            refused = (tried == before).all(axis=1)
            if strict:
                refused |= has_strided_skip(tried)
            if last:
                refused |= (tried == encodings[pending]).all(axis=1)
            children[pending[~refused]] = tried[~refused]
            pending = pending[refused]
    return children


def crossover(a: Int8, b: Int8, rng: np.random.Generator, strict: bool) -> Int8:
    """Cross legal parents row by row.

    The child's path is uniform among all legal paths that at each layer have the stride of one
    of the parents: both parents' paths are among them, so there is always one and nothing needs
    repair. Each operation comes from either parent with equal chance. In a strict space a skip
    that would fall on a downsampling layer is replaced with the other parent's operation: the
    stride there comes from that parent, who therefore has no skip there.
    """
    layers = a.shape[1] // 2
    children = np.where(rng.integers(0, 2, a.shape, dtype=np.int8), a, b)
    for start in range(0, len(a), BLOCK):
        block = slice(start, start + BLOCK)
        children[block, :layers] = _mixed_paths(a[block, :layers], b[block, :layers], rng)
    if strict:
        strides, operations = children[:, :layers], children[:, layers:]
        rows, where = np.nonzero((strides != KEEP) & (operations == SKIP))
        # One of the two is a skip, code 6, and the other is not.
        operations[rows, where] = np.minimum(a[rows, layers + where], b[rows, layers + where])
    return children


def _other_operation(current: Int8, choice: Int64) -> Int8:
    """Return operation number ``choice`` (0 to 5) among those that differ from ``current``."""
    return (choice + (choice >= current)).astype(np.int8)


def _draw_moves(encodings: Int8, rng: np.random.Generator) -> Int8:
    """Try one move per row; a pair of layers with equal strides leaves its row as it was."""
    layers = encodings.shape[1] // 2
    tried = encodings.copy()
    first, second = np.triu_indices(layers, 1)
    drawn = rng.integers(0, layers * OTHERS + len(first), len(encodings))
    rows = np.flatnonzero(drawn < layers * OTHERS)
    where, choice = np.divmod(drawn[rows], OTHERS)
    where += layers
    tried[rows, where] = _other_operation(encodings[rows, where], choice)
    rows = np.flatnonzero(drawn >= layers * OTHERS)
    pair = drawn[rows] - layers * OTHERS
    tried[rows, first[pair]] = encodings[rows, second[pair]]
    tried[rows, second[pair]] = encodings[rows, first[pair]]
    return tried


def _mixed_paths(a: Int8, b: Int8, rng: np.random.Generator) -> Int8:
    """Draw, for each row, uniformly among the legal paths made of the parents' strides.

    ``ways[layer][i, j]`` (N,) counts how such a path can go on from a layer when i downsamplings
    A and j downsamplings B are still to come; a uniform number below the count of all is then
    turned into its path, layer by layer.
    """
    rows, layers = a.shape
    left_a, left_b = (np.count_nonzero(a == code, axis=1) for code in (1, 2))
    offered = np.stack([(a == code) | (b == code) for code in range(len(STRIDES))], axis=-1)
    most_a, most_b = int(left_a.max(initial=0)), int(left_b.max(initial=0))
    # One row and column of zeros before the first, for "fewer than none to come".
    ways = np.zeros((layers + 1, most_a + 2, most_b + 2, rows), np.int64)
    ways[layers, 1, 1] = 1
    for layer in reversed(range(layers)):
        after, (keep, take_a, take_b) = ways[layer + 1], offered[:, layer].T
        ways[layer, 1:, 1:] = (
            keep * after[1:, 1:] + take_a * after[:-1, 1:] + take_b * after[1:, :-1]
        )
    every = np.arange(rows)
    numbers = rng.integers(0, ways[0, left_a + 1, left_b + 1, every])
    paths = np.empty_like(a)
    for layer in range(layers):
        after = ways[layer + 1]
        upto_keep = offered[:, layer, 0] * after[left_a + 1, left_b + 1, every]
        upto_a = upto_keep + offered[:, layer, 1] * after[left_a, left_b + 1, every]
        code = (numbers >= upto_keep).astype(np.int8) + (numbers >= upto_a)
        numbers -= np.choose(code, [np.zeros_like(upto_a), upto_keep, upto_a])
        left_a -= code == 1
        left_b -= code == 2
        paths[:, layer] = code
    return paths
