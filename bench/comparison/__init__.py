"""From run records to the analysis that reports are drawn from.

``analysis``      puts the parts together
``document``      the classes of the whole analysis and of what all runs share
``answers``       what stands in the analysis where no statistic fits
``serialised``    the one way from an analysis to JSON data

``opening``       finds the study, its models and the space of the runs
``protocol``      what was fixed before the study, such as endpoint and baseline
``groups``        sorts runs by searcher and by block

``searchers``     a row for each searcher
``endpoint``      centres of the scores, and the gain over random architectures
``noise``         how far chance alone moves a score on so many words
``pairs``         the family of pairs: tests, verdicts, ranks
``inference``     the sentence that says what the conclusions are about
``costs``         images, seconds, the supernet's share
``anytime``       score against what was spent, on every axis
``rank_curve``    who leads when
``placement``     Pareto fronts, and where recommendations lie in the space
``health``        how evenly the shared weights were trained

``trainings``     reads model folders, and keeps those that belong beside the runs
``proxy_final``   joins proxy scores with the final scores of those trainings
``final_scores``  the classes that hold what it finds
``agreement``     how well proxy scores rank architectures
``retraining``    commands that train what is still missing

``replaying``     how much of a replayed study was recorded, how much predicted
``provenance``    runs, versions, hardware, deviations from the paper
``checklist``     what good practice asks of a study, and its answers
``archive``       packs all that a report needs into one file, and unpacks it
``planning``      how many blocks a study needs
"""
