"""The machine under a run: its devices and processes, compilation, clocks, files."""
