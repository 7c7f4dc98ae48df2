"""The kept states as the app sees them: folders, one a conversation, that go when their conversation goes.

What is in them is the engine process's (`llama/states.py`).
"""

from __future__ import annotations

import shutil
from collections.abc import Container
from pathlib import Path


def forget_all_but(folder: Path, conversations: Container[str]) -> None:
    """Remove what is kept of all other conversations below `folder`; what cannot be removed stays for now."""
    if folder.is_dir():
        for each in folder.iterdir():
            if each.name not in conversations:
                shutil.rmtree(each, ignore_errors=True)
