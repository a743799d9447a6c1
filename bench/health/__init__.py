"""Whether a supernet likes some architectures for how it was trained: five measures with bounds,
and whether it ranks them as training them from scratch does.

M1 and M5, how often operations and paths were trained, are in ``bench/supernets/exposure.py``.

``check``       all measures, each with its bound
``scales``      M2: how far the branches of each operation have grown
``gate_probe``  M3: which operations gate gradients favour before any search
``ranking``     M4: whether scores follow the number of an operation, given MACs
``panel``       how well scores rank a panel of trainings, beside cheap rivals
``words``       an estimate with its interval, as a terminal shows it
"""

from __future__ import annotations
