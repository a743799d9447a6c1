"""What commands do that have no work for several processes."""

from __future__ import annotations

from bench.errors import PresetError
from trainers.launch import find_launch


def refuse_several(command: str) -> None:
    """``PresetError`` where torchrun started several processes; the first speaks for all."""
    launch = find_launch()
    if launch.size == 1:
        return
    if launch.rank > 0:
        raise SystemExit(2)
    raise PresetError(
        f"torchrun started {launch.size} processes, `bench {command}` uses one: start it without "
        "torchrun, which only `bench supernet train` takes"
    )
