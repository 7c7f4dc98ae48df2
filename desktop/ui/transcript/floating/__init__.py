"""The real widgets that float over the painted conversation."""
