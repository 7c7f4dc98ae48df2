"""What of dropped files may be models."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QMimeData


def model_paths(files: QMimeData) -> list[Path]:
    """The GGUF files and folders among them."""
    paths = [Path(url.toLocalFile()) for url in files.urls() if url.isLocalFile()]
    return [path for path in paths if path.suffix.lower() == ".gguf" or path.is_dir()]
