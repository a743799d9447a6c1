"""The statistics of comparisons: pure functions on arrays, without plots or files.

Modules are imported one by one: scipy takes seconds to load, and ``bench --help`` need not wait.

``answers``             what every statistic answers: an estimate with its interval, or a refusal
``blocks``              from recorded runs to a complete paired matrix
``intervals``           mean, median, interquartile mean and standard deviation with intervals
``bootstrap``           percentile intervals by resampling blocks

``signed_rank``         the exact signed-rank distribution that tests and intervals share
``paired``              Wilcoxon's signed-rank test of two searchers, correlation of their scores
``clusters``            supernets as units: t test, sign flip, equivalence, correlation, posterior
``equivalence``         two one-sided tests against a stated margin
``power``               detectable effects and needed blocks
``holm``                p values corrected for many comparisons
``omnibus``             Friedman's test of all searchers at once, and average ranks
``effects``             how large: Hodges-Lehmann shift, Vargha-Delaney A12, relative improvement
``verdicts``            different, equivalent, inconclusive, too few, not comparable: in words
``pairwise``            all of that for every pair of a family

``curves``              score against what was spent, with bands
``pareto``              fronts and hypervolume
``ranking``             how well a proxy score ranks architectures: Kendall's tau
``top_k``               how well it picks the best: precision, regret
``proportions``         word accuracy with Wilson's interval
``paired_proportions``  McNemar's test of two models on the same words
``slopes``              slope of a fitted line with its interval
"""

from __future__ import annotations
