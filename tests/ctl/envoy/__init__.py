"""Tests of ctl.envoy."""
