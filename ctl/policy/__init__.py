"""kysira.yaml at the command line: checked, compared, explained, and added to."""
