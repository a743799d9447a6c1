"""From run records to the analysis: one plain document that reports are drawn from.

``analysis``   puts the parts together
``protocol``   what was fixed before the study; whether runs belong to one protocol
``groups``     runs by searcher and by block
``scores``     endpoint, tests, verdicts
``costs``      images, seconds, the supernet's share
``anytime``    curves on every axis
``placement``  Pareto front, distribution of MACs in the space
``health``     how evenly weights were trained
``trainings``  models trained from scratch that belong beside the runs
``finals``     their scores against proxy scores
``retraining`` commands that train what is lacking
``provenance`` runs, versions, hardware, deviations from the paper
``checklist``  what good practice asks of a study, and what this one can answer
"""
