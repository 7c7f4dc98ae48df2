"""Diagrams written in Mermaid, drawn without a browser in a process of their own."""
