"""One block on the page: how each kind is laid out and painted."""
