"""One message: where its parts stand, and how they are painted."""
