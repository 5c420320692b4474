"""Looking at runs from outside, those that go on and those that have finished: ``python -m train watch RESULTS``."""
