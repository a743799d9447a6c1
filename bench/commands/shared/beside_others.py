"""Keep threads of torch from holding up each other on a machine that others use.

They wait for each other by spinning, which is fastest where each has a core. Where other processes
want the same cores, the one that is waited for does not get one: beside two busy processes two
threads made a fifth of the weight steps of an idle machine, and twice as many with a short spin.
Spinning changes no number that is computed.
"""

from __future__ import annotations

import os
from collections.abc import MutableMapping
from pathlib import Path

#: Of the cores: so many processes, in the last minute and now, and others want them.
BUSY = 0.75
LOAD = Path("/proc/loadavg")
#: Rounds of libgomp, which takes 300,000 by itself; it reads this once, when torch is loaded.
SPIN, ROUNDS = "GOMP_SPINCOUNT", "10000"
#: What people set to choose for themselves.
CHOSEN = (SPIN, "OMP_WAIT_POLICY")


def spin_less_beside_others(environment: MutableMapping[str, str] = os.environ) -> bool:
    """Set a short spin, for this process and those that it starts, if the machine is busy now.

    Returns whether it was set. To be called before torch is imported. Elsewhere than on Linux
    nothing is done.
    """
    if any(name in environment for name in CHOSEN):
        return False
    try:
        last_minute, _, _, running, *_ = LOAD.read_text(encoding="ascii").split()
        # Without this process. The minute alone would count a command that has just ended.
        others = min(float(last_minute), int(running.partition("/")[0]) - 1)
    except (OSError, ValueError):
        return False
    busy = others >= BUSY * len(os.sched_getaffinity(0))
    if busy:
        environment[SPIN] = ROUNDS
    return busy
