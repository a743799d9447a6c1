"""The statistics of comparisons: pure functions on arrays, without plots or files.

``answers``      what every statistic answers with: an estimate with its interval, or a refusal
``blocks``       from recorded runs to a complete paired matrix
``clusters``     supernets as units: t test, sign flip, equivalence, correlation, posterior
``intervals``    mean, median, interquartile mean and standard deviation with intervals
``signed_rank``  the exact signed-rank distribution that tests and intervals share
``paired``       Wilcoxon's signed-rank test of two searchers, correlation of their scores
``equivalence``  two one-sided tests against a stated margin
``power``        detectable effects and needed blocks
``holm``         many comparisons
``omnibus``      Friedman's test, exact or by chi-squared; average ranks, and who shares a bar
``effects``      how large: Hodges-Lehmann shift, Vargha-Delaney A12, relative improvement
``verdicts``     different, equivalent, inconclusive, too few, not comparable: in words
``pairwise``     all of that for every pair of a family
``curves``       anytime curves, bands, normalised area
``pareto``       fronts and hypervolume
``ranking``      how well a proxy score ranks architectures: Kendall's tau
``top_k``        how well it picks the best: precision, regret

Modules are imported one by one: scipy takes seconds to load, and ``bench --help`` need not wait.
"""

from __future__ import annotations
