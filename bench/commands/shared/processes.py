"""Commands and the processes that torchrun starts: those that share work, and those that do not."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, TypeVar

import msgspec

from bench.records.errors import PresetError
from bench.records.settings import Preset
from trainers.launch import Launch, find_launch

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from trainers.distributed import ProcessGroup

Job = TypeVar("Job")


def refuse_several(command: str, remedy: str = "") -> None:
    """``PresetError`` where torchrun started several processes; the first speaks for all.

    What there is to do about it is ``remedy``, where it is not to take another command.
    """
    launch = find_launch()
    if launch.size == 1:
        return
    if launch.rank > 0:
        raise SystemExit(2)
    other = (
        "start it without torchrun, which only `bench supernet train`, `bench retrain` and `bench "
        "baseline train` take"
    )
    raise PresetError(
        f"torchrun started {launch.size} processes, `bench {command}` uses one: {remedy or other}"
    )


def processes(launch: Launch) -> AbstractContextManager[ProcessGroup | None]:
    """The group that torchrun has started; None for one process."""
    if launch.size == 1:
        return nullcontext()
    from trainers.distributed import joined

    return joined(launch)


def on_own_device(preset: Preset, group: ProcessGroup | None) -> Preset:
    """The preset of this process, which has a device to itself where there are several."""
    if group is None:
        return preset
    from trainers.distributed import own_device

    device = own_device(preset.trainer.device, group.launch)
    trainer = msgspec.structs.replace(preset.trainer, device=device)
    return msgspec.structs.replace(preset, trainer=trainer)


def one_renders(group: ProcessGroup | None, build: Callable[[], Job]) -> Job:
    """What ``build`` makes in every process, one of each machine before the others.

    It renders words, which the others then find in the cache.
    """
    if group is None:
        return build()
    renders = group.launch.local_rank == 0
    if not renders:
        group.wait()
    job = build()
    if renders:
        group.wait()
    return job


def follow_leader(launch: Launch, work: Callable[[ProcessGroup], None]) -> int:
    """What the processes other than the first one do; returns the exit code."""
    from trainers.distributed import ProcessLost, joined

    try:
        with joined(launch) as group:
            work(group)
    except ProcessLost:
        # The process that ended, or torchrun, has said why.
        return 1
    return 0
