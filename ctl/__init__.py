"""kysiractl: renders configurations that put Kysira in the way of traffic, and runs it here."""
