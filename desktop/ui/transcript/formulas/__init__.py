"""LaTeX into glyphs in their places. Knows no Qt."""
