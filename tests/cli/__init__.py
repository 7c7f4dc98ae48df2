"""Tests of desktop/cli: real processes, real models."""
