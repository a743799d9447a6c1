"""Whether this process is one of several that torchrun started. No torch here."""

from __future__ import annotations

import os
from dataclasses import dataclass

from trainers.errors import TrainerError

#: What torchrun tells each process; a cluster that sets only some of them means something else.
VARIABLES = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT")
#: Fewer images of a batch than this are no part worth a process.
FEWEST_IMAGES = 2


@dataclass(frozen=True)
class Launch:
    """Process ``rank`` of ``size``, the ``local_rank``-th on its machine. Rank 0 leads."""

    rank: int = 0
    size: int = 1
    local_rank: int = 0

    def __post_init__(self) -> None:
        if not (0 <= self.local_rank <= self.rank < self.size):
            raise TrainerError(
                f"RANK {self.rank}, WORLD_SIZE {self.size}, LOCAL_RANK {self.local_rank} in the "
                "environment do not go together: start the processes with torchrun"
            )

    def check_batch(self, images: int, key: str = "trainer.batch_images") -> None:
        """``TrainerError`` unless a batch, set by ``key``, can be shared out evenly."""
        fewest = FEWEST_IMAGES * self.size
        if self.size > 1 and (images % self.size or images < fewest):
            raise TrainerError(
                f"{key} {images} on {self.size} processes: expected a multiple of "
                f"{self.size}, {fewest} or more; set another one, or another --nproc-per-node"
            )


def find_launch() -> Launch:
    """What torchrun left in the environment; one process alone without it."""
    if any(name not in os.environ for name in VARIABLES):
        return Launch()
    try:
        numbers = [int(os.environ[name]) for name in VARIABLES[:3]]
    except ValueError as error:
        raise TrainerError(
            f"the environment of torchrun is damaged ({error}): start the processes with torchrun"
        ) from error
    return Launch(*numbers)
