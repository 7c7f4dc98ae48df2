"""Model files: which there are, and what they say of themselves."""
