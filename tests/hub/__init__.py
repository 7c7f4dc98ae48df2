"""Tests of desktop/hub."""
