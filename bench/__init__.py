"""The harness: command line, the one run loop, ledger, records."""

__version__ = "0.2.0"
