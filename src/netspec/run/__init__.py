"""A built network at work: its trace, a trial run, its lowered program."""
