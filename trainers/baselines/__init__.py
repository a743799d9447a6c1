"""The hand-made recognisers of both papers' tables, one composition of four stages each.

``catalogue`` says which there are and needs no torch; ``building`` makes the modules.
"""
