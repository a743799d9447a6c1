"""What the benchmarks share: data, tables, rounds between two processes, hardware, memory."""
