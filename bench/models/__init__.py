"""The life after the search: training a recogniser from scratch, its folder, and what reads it."""
