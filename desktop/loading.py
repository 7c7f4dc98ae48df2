"""How a model is loaded on this machine: what fits, what is tried in which order, and what was learned from it."""
