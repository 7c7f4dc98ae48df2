"""Answers while the engine may guess ahead where that was measured to pay, beside answers without any guess.

What a batch costs is measured first, as the app does it. Beside each speed stands how many tokens were guessed, of how
many: none means that guessing was off.
"""

from __future__ import annotations

from dataclasses import replace

from benchmarks.asking import N_CTX, STORY, Asked, ask, loaded, question
from benchmarks.figures import Figure, beside
from benchmarks.models import models
from desktop.engine.api import Guessing, ModelSpec

_ANSWER_TOKENS = 120
_TEXT = (
    "The stove stood in the middle of the room. It was old and black, and it was the only warm thing in the house. "
    "In the morning Anna lit it with birch bark, and in the evening the cat lay down before it and slept until dawn."
)
_CODE = '''```python
def mean(values):
    """The arithmetic mean of the values."""
    total = 0.0
    for value in values:
        total = total + value
    if not values:
        raise ValueError("no values")
    return total / len(values)
```'''
_TASKS = {
    "chat": "What should I pack for a week in the mountains in winter?",
    "story": STORY,
    "repeat": f"Repeat this text word for word, but call the woman Maria instead of Anna.\n\n{_TEXT}",
    "code": f"Rename the variable `total` to `amount` in this function, and print all of it.\n\n{_CODE}",
}


def measure(pairs: int) -> list[Figure]:
    figures = []
    for name, path in models().items():
        spec = ModelSpec(str(path), n_ctx=N_CTX)
        with loaded(spec) as engine:
            engine.tune(spec)
            for task, text in _TASKS.items():
                auto = question(spec, text, _ANSWER_TOKENS)
                off = replace(auto, guessing=Guessing.OFF)
                ask(engine, off)
                runs = [(ask(engine, auto), ask(engine, off)) for _ in range(pairs)]
                speeds = [(mine.decode, base.decode) for mine, base in runs]
                figures.append(beside(f"guessing_{task}_{name}", "tokens/s", speeds))
                guessed = [(_guessed(mine), float(mine.n_tokens)) for mine, _ in runs]
                figures.append(beside(f"guessed_tokens_{task}_{name}", "tokens", guessed))
    return figures


def _guessed(asked: Asked) -> float:
    return float(sum(each.statistics.guessed_tokens for each in asked.finished))
