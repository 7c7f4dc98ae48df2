"""What is written: Markdown and its inline text as plain values. Knows no Qt."""
