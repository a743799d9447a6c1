"""Supernets on disk: trained by the loop of runs, kept by what they were made of, scored."""
