"""Figures as SVG: drawn by matplotlib, finished so that they carry tooltips and stay small.

``legend``      colours, markers and short names of the searchers of a report
``canvas``      a drawing measured in points; marks with tooltips; what goes wrong elsewhere
``svg``         from matplotlib's file to one that can stand on a page among others
``paired``      the score of every searcher on every supernet: the first picture
``endpoint``    the endpoint of every run, and of every searcher with its interval
``effects``     shifts against the baseline with their intervals
``improvement`` how probably a run beats one of the baseline
``profile``     the share of runs that reach a score
``curves``      anytime curves: centres with bands; every run
``ranks``       average ranks, with bars that join what was not told apart
``pareto``      score against cost
``macs``        where recommendations lie in the space
``health``      a supernet at a glance, for `bench supernet check --picture`
``supernet``    updates against what was expected
``proxy``       proxy score against final score

A figure is as high as its rows need, names are set where nothing can overlap them, and every mark
that stands for a run says which.
"""

from __future__ import annotations
