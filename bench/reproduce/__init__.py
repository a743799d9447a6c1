"""Tables and figures of the two source papers, each by one command, at a stated scale.

An entry says what the paper claims, the commands that redo it at each scale, and how what came out
is laid beside what was printed.

``entry``             what an entry is made of
``registry``          all entries, by name
``running``           runs the commands of an entry, and writes its outcome
``cost``              how many runs and trainings an entry takes
``page``              an outcome as Markdown and as JSON

``autostr_space``     AutoSTR, Tables 1 and 2: the space, counted
``autostr_table3``    AutoSTR, Table 3: what is found, against ASTER
``autostr_table4``    AutoSTR, Table 4: what is found, against the largest operation everywhere
``autostr_table5``    AutoSTR, Table 5: two paths, two default operations, both steps
``autostr_table6``    AutoSTR, Table 6: the exponent of the regulariser
``autostr_figure4``   AutoSTR, Figure 4: accuracy against costs
``autostr_figure5``   AutoSTR, Figures 5 and 6: pictures of architectures
``autostr_figure7``   AutoSTR, Figure 7: random architectures beside what is found
``strnas_rows``       STR-NAS, "Verify the effect of NAS": fixed cells beside what is found
``strnas_methods``    STR-NAS, table of methods: seven hand-made recognisers beside what is found
``strnas_settings``   STR-NAS, the three settings of the search
``strnas_cells``      STR-NAS, probabilities of the candidates after the search

``targets``           the words that each target set of AutoSTR is searched with
``study_file``        writes the study file of an entry, and its commands
``beside_baselines``  commands that train what is found beside baselines, and evaluate all
``ends``              reads what the runs of a study ended with
``trained``           reads the cards of models that an entry trained
``evaluated``         reads what ``bench eval`` wrote
"""
