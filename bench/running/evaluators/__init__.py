"""Where scores come from: the supernet, or a made-up landscape. One interface, ``Evaluator``."""
