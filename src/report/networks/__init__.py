"""Every variant built and run: from one file per network to the table of all."""
