"""Tables and figures of the two source papers, each by one command, at a stated scale.

One entry a file: what the paper claims, the commands that redo it at each scale, and how what came
out is laid beside what was printed. ``registry.py`` names them all.
"""
