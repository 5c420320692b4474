"""The report on a sweep: what cells reach over the values of a setting."""
