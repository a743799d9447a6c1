"""Keep threads of torch from holding up each other on a machine that others use.

They wait for each other by spinning, which is fastest where each has a core. Where other processes
want the same cores, the one that is waited for does not get one: beside two busy processes two
threads made a fifth of the weight steps of an idle machine, and twice as many with a short spin.
Spinning changes no number that is computed.
"""

from __future__ import annotations

import os
from collections.abc import MutableMapping

#: Of the cores: a load from which they count as wanted by others.
BUSY = 0.75
#: Rounds of libgomp, which takes 300,000 by itself; it reads this once, when torch is loaded.
SPIN, ROUNDS = "GOMP_SPINCOUNT", "10000"
#: What people set to choose for themselves.
CHOSEN = (SPIN, "OMP_WAIT_POLICY")


def spin_less_beside_others(environment: MutableMapping[str, str] = os.environ) -> bool:
    """Set a short spin, for this process and those that it starts, if the machine is busy now.

    Returns whether it was set. To be called before torch is imported.
    """
    if any(name in environment for name in CHOSEN) or not hasattr(os, "getloadavg"):
        return False
    try:
        last_minute, _, _ = os.getloadavg()
    except OSError:
        return False
    busy = last_minute >= BUSY * (os.cpu_count() or 1)
    if busy:
        environment[SPIN] = ROUNDS
    return busy
