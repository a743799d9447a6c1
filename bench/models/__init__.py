"""The life after the search: training a recogniser from scratch, its folder, and what reads it.

``origin``               what is to be trained, and who recommended it
``identity``             what makes a training the same one again, its words included
``retraining``           trains one recogniser in its folder, or resumes it
``checkpoint``           what a training is resumed from
``campaign``             trains many recognisers, and skips those that are done
``listing``              reads a file that lists what to train
``stored``               writes a trained model into its folder, and loads it again
``backbone_cost``        parameters and multiply-adds of a model's backbone

``test_sets``            finds the test sets, and what of a word is compared
``evaluation``           scores models on test sets, and times them
``evaluation_pairs``     which words one model reads and another does not
``evaluation_table``     an evaluation as tables of text
``evaluation_picture``   an evaluation as a figure of accuracy against cost
``evaluation_document``  an evaluation as JSON
``published``            the accuracies that the papers print

``reading``              reads words from image files with a trained model
``export/``              a trained model as one file for other programs
"""
