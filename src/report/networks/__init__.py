"""Every variant built and run: from one record per network to the table of all."""
