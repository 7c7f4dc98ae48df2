"""Messages in, tokens out."""
