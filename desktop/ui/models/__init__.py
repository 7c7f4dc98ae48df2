"""Models in the window: which one answers, which there are, and where more come from."""
