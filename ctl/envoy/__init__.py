"""Envoy: its configuration rendered, checked and merged, its program found."""
