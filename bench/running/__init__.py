"""The one run loop, what it costs, and how it is scored."""
