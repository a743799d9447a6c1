"""From an architecture to an ``nn.Module``: the only part of ``spaces`` that imports torch.

``network``            ``Network``, what trainers know of any space's networks
``mesh``               the networks of the AutoSTR space
``chain``              the networks of the STR-NAS space
``backbone``           one architecture as a network of its own
``operations``         the candidate operations as modules
``entangled``          candidates that share one set of weights
``convolution``        convolution, batch norm and activation as one module
``normalisation``      the four ways to get the statistics of batch norm
``batch_norm``         batch norm that leaves the statistics to its caller
``batch_convolution``  a faster training step of ``convolution`` on CPUs, by torch
``kernels/``           the same step, compiled by Numba
"""
