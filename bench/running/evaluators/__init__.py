"""Where scores come from: the supernet, or a made-up landscape. One interface, ``Evaluator``.

``base``       ``Evaluator``, what the runner needs of whatever makes scores
``building``   makes the evaluator that a preset asks for
``supernet``   scores real words with inherited weights
``synthetic``  scores by a made-up landscape, to test searchers in seconds
``landscape``  that landscape, whose best architecture is known
``replay``     scores that earlier runs recorded, and predictions for the rest
``cache``      keeps scores, so that none is computed twice
``leading``    an evaluator that trains weights together with other processes
"""
