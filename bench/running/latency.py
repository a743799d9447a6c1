"""The table of measured latencies as a JSON file, and as the array that searchers use."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import Meta, Struct

from bench.records.documents import writing
from bench.records.errors import RecordError
from spaces import Space
from spaces.atomic import write_atomically
from spaces.files import read_regular

FORMAT = 1
#: A table has a few hundred entries of about 100 bytes.
MAX_BYTES, MAX_ENTRIES = 4 * 2**20, 20_000
Milliseconds = Annotated[float, Meta(ge=0.0, le=1e7)]
Name = Annotated[str, Meta(min_length=1, max_length=80)]
Count = Annotated[int, Meta(ge=1, le=1_000_000)]


class LatencyEntry(Struct, frozen=True, forbid_unknown_fields=True):
    """Median and interquartile range of one candidate between two shapes."""

    shape: Name
    operation: Name
    ms: Milliseconds
    spread_ms: Milliseconds


class LatencyTable(Struct, frozen=True, forbid_unknown_fields=True):
    """What was measured, on what, and how; one image at a time."""

    space: Name
    device: Name
    threads: Annotated[int, Meta(ge=1, le=1024)]
    repetitions: Count
    hardware: dict[str, Any]
    versions: dict[str, str]
    stem_ms: Milliseconds
    entries: Annotated[list[LatencyEntry], Meta(min_length=1, max_length=MAX_ENTRIES)]
    format: Literal[1] = 1


def write_latency(table: LatencyTable, path: Path) -> None:
    """Write the table atomically; ``RecordError`` if the file cannot be written."""
    content = msgspec.json.format(msgspec.json.encode(table), indent=1)
    with writing(path):
        write_atomically(path, content + b"\n")


def read_latency(path: Path) -> LatencyTable:
    """Read a table; ``RecordError`` says what is wrong with the file."""
    try:
        return msgspec.json.decode(read_regular(path, MAX_BYTES), type=LatencyTable)
    except OSError as error:
        raise RecordError(f"{path} cannot be read ({error.strerror or error})") from error
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise RecordError(
            f"{path} is no latency table ({error}): make one with `bench latency measure`"
        ) from error


def latency_array(table: LatencyTable, space: Space) -> npt.NDArray[np.float64]:
    """Milliseconds (E, K) of every candidate on every edge of ``space.path_graph()``.

    What the space does not allow is 0. ``RecordError`` if the table lacks an entry of the space.
    """
    if table.space != space.name:
        raise RecordError(
            f"the latency table is of space {table.space}, expected {space.name}: measure again"
        )
    measured: dict[tuple[str, str], float] = {}
    for entry in table.entries:
        key = (entry.shape, entry.operation)
        if key in measured:
            raise RecordError(f"the latency table has {' '.join(key)} twice: measure again")
        measured[key] = entry.ms
    graph = space.path_graph()
    array = np.zeros(graph.edge_macs.shape)
    for edge, operation in np.argwhere(graph.edge_allowed).tolist():
        key = (graph.shapes[edge], space.operations[operation])
        if key not in measured:
            raise RecordError(f"the latency table lacks {' '.join(key)}: measure it for this space")
        array[edge, operation] = measured[key]
    return array


def compare_sums(
    sums: npt.NDArray[np.float64], measured: npt.NDArray[np.float64]
) -> dict[str, float | None]:
    """How far sums of a table (N,) are from measured times (N,), in milliseconds.

    The bias is what sums exceed the times by, relative to these; ``rank_correlation``, Kendall's
    tau-b, is what a search needs: it is None where all sums, or all times, are equal.
    """
    # Here, since scipy takes a while to load.
    from scipy.stats import kendalltau

    relative, order = sums / measured - 1.0, float(kendalltau(sums, measured).statistic)
    return {
        "mean_ms": float(measured.mean()),
        "mean_absolute_relative_error": float(np.abs(relative).mean()),
        "largest_relative_error": float(np.abs(relative).max()),
        "relative_bias": float(relative.mean()),
        "rank_correlation": None if np.isnan(order) else order,
    }
