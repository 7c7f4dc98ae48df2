"""What is shown, taken out of the window: on paper, as PDF, and as files that open anywhere."""
