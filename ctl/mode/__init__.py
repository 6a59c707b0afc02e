"""The mode of running services: shown, set on all of them, put back, and followed."""
