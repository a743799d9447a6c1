"""The hand-made recognisers of both papers' tables, one composition of four stages each.

``catalogue``  which there are, and what the papers print; needs no torch
``building``   makes a baseline's network
``counting``   parameters and multiply-adds, stage by stage

``vgg``        extractor of CRNN
``rcnn``       extractor of GRCNN
``resnet``     extractor of the four-stage benchmark
``aster``      extractor of ASTER
``strnas``     extractor of the STR-NAS slides' fixed rows
"""
