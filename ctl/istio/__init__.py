"""Istio: the EnvoyFilter that puts Kysira into sidecars and gateways."""
