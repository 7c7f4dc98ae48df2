"""What `make bench` runs: each figure beside a baseline from the same run."""
