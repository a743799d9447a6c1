"""From run records to the analysis that reports are drawn from.

``analysis``     puts the parts together
``document``     the analysis, and what all runs share
``serialised``   the one way to JSON data
``answers``      what parts are where no statistic fits
``protocol``     what was fixed before the study; whether runs belong to one protocol
``groups``       runs by searcher and by block
``searchers``    a row for each searcher
``endpoint``     centres of the scores
``pairs``        the family of pairs: tests, verdicts, ranks
``costs``        images, seconds, the supernet's share
``anytime``      curves on every axis
``rank_curve``   who leads when
``placement``    Pareto front, distribution of MACs in the space
``health``       how evenly weights were trained
``trainings``    models trained from scratch that belong beside the runs
``finals``       their scores against proxy scores
``final_scores`` what that gives
``agreement``    how well proxy scores rank
``retraining``   commands that train what is lacking
``replaying``    how much was recorded, and how much predicted
``provenance``   runs, versions, hardware, deviations from the paper
``checklist``    what good practice asks of a study, and what this one can answer
``planning``     how many blocks a study needs
"""
