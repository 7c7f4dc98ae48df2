"""What code is written in, and the colours of it. Knows no Qt."""
