"""What the workflow asks before any job starts: names of targets and reports, what jobs need, what was typed."""
