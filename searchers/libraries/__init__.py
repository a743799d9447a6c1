"""Optuna and nevergrad behind ask and tell; each is imported when it is needed.

``encoded``                                 what both see of a space: rows of unordered choices
``optuna_library``, ``nevergrad_library``   the one place each that imports the library
"""
