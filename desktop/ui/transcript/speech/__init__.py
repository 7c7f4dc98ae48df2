"""The conversation for those who hear it."""
