"""Tests of ctl.stack."""
