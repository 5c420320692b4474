"""What reports on trained cells share: results read and checked, tables, statistics, curves, where they come from."""
