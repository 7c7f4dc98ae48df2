"""Fireside: a desktop chat client whose model lives on the user's own computer."""
