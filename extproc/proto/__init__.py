"""Envoy's ext_proc messages; ``make proto`` compiles them from ext_proc.proto."""
