"""Loops for what torch is slow at on a CPU, compiled on first use by Numba, which is optional.

Without Numba, on a GPU and in other precisions than fp32 torch computes the same, up to rounding.

``loops``        the loops themselves, in plain Python
``compiling``    from loops to ``Kernels``; the cache of compiled ones
``choice``       whether this process uses them
``convolution``  the step of autograd that uses them
``widening``     the same step for 1x1 convolutions that add channels
"""
