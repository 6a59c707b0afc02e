"""Runs Envoy, ext-proc and an app on this machine, and ends them all."""
