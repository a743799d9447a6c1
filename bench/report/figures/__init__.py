"""Figures as SVG: drawn by matplotlib, finished so that they carry tooltips and stay small.

A figure is as high as its rows need, names are set where nothing can overlap them, and every mark
that stands for a run says which.

``legend``         colours, markers and short names of the searchers of a report
``canvas``         a drawing measured in points, its axes and marks
``svg``            makes matplotlib's file small, with tooltips, and fit for a page

``paired``         the score of every searcher on every supernet: the first picture
``endpoint``       the score of every run, and of every searcher with its interval
``effects``        shifts against the baseline with their intervals
``improvement``    how probably a run beats one of the baseline
``profile``        the share of runs that reach a score
``curves``         score against what was spent, with bands
``rank_curve``     average ranks against what was spent
``ranks``          average ranks, with bars that join what was not told apart
``pareto``         score against cost
``macs``           where recommendations lie in the space
``supernet``       how often parts were updated, against what was expected
``proxy``          proxy score against final score

``health``         one supernet at a glance, for ``bench supernet check --picture``
``accuracy_cost``  trained models by accuracy and cost, for ``bench eval --picture``
``architecture``   one architecture as a column of boxes
"""

from __future__ import annotations
