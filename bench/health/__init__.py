"""Whether a supernet likes some architectures for how it was trained: five measures with bounds,
and whether it ranks them as training them from scratch does.

``exposure``    M1, M5: how often operations and paths were trained, weighted by learning rate
``scales``      M2: how far the branches of each operation have grown
``gate_probe``  M3: which operations gate gradients favour before anything was searched
``ranking``     M4: whether scores follow the number of an operation, given MACs
``panel``       how well scores rank a panel of trainings, beside what costs nothing
``words``       answers as a terminal shows them
``check``       all of them, with their bounds
"""

from __future__ import annotations
