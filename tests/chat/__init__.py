"""Tests of desktop/chat."""
