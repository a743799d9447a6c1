"""Optuna and nevergrad behind ask and tell; each is imported when it is needed.

``encoded``            what both see of a space: rows of unordered choices
``optuna_library``     the one place that imports Optuna
``nevergrad_library``  the one place that imports nevergrad
"""
