"""The report on networks beside what reference implementations recorded: ``python -m report.parity``."""
