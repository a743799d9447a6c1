"""One file for each command of ``bench``."""
