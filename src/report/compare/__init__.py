"""Two runs or two cells side by side: in which settings and in which results they differ."""
