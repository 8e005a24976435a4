"""The shell of AMTS: the command line, the texts people read, the demo and the benchmarks."""
