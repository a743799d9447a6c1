"""A plain implementation of the trainer's verbs, as one writes it down from the papers.

NCHW tensors, ``nn.Conv2d`` and ``nn.BatchNorm2d`` on every edge of the mesh, one path at a time, a
loop over symbols in the decoder, torch's optimisers as they come. Nothing in it is tuned and
nothing is slowed down: speed is compared with it, and results are checked against it. Modules are
called as those of ``trainers``, whose weights it loads.

Shape legend of all files: B images, H rows, W columns, C and D channels, T time steps, V classes,
L layers, K candidates a layer.
"""
