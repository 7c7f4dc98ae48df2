"""What a conversation is: values and pure functions."""
