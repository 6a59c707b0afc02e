"""Envoy Gateway: the policies that put Kysira behind a Gateway."""
