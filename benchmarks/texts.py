"""What people and models write, made up: prose, lists, code, tables, formulas and Chinese. Always the same."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

_WORDS = re.findall(
    r"\w+",
    """
    the of a to and is in that it for as with on by this from or be are an which at can one has more when if than
    model value function number result memory network language example question answer method system window river
    winter garden letter morning silence careful simple different possible important together without because
    while between through change compute remember describe consider explain measure follow reach build write learn
    matter
    """,
)
_CHINESE = (
    "的一是了我不在人们有来他这上着个地到大里说去子得也和那要下看天时过出小么起你都把"
    "好还多没为又可家学只以主会样年想能生同中十从自面前"
)
_CODE = [
    "def mean(values: list[float]) -> float:",
    '    """The arithmetic mean; 0 of nothing."""',
    "    total = sum(values)  # as precise as need be",
    "    return total / len(values) if values else 0.0",
    "",
    "class Counter:",
    "    def __init__(self, start: int = 0) -> None:",
    "        self.count, self._name = start, f'counter {start}'",
    "    for index in range(10):",
    "        print(index, 'times', 0x1F * 3.5e-2)",
]
_FORMULAS = [
    r"\frac{1}{\sqrt{2\pi\sigma^2}} e^{-\frac{(x-\mu)^2}{2\sigma^2}}",
    r"\sum_{i=1}^{n} \frac{x_i^2}{i + 1} \le \int_0^1 f(t)\,dt",
    r"\begin{pmatrix} a & b \\ c & d \end{pmatrix}^{-1}",
    r"\operatorname{softmax}(z)_i = \frac{e^{z_i}}{\sum_j e^{z_j}}",
    r"\begin{aligned} y &= ax + b \\ z &= \alpha y^2 \end{aligned}",
]
_TOKEN = re.compile(r" ?[^\W\d_]{1,6}| ?\d{1,3}|\n+| +| ?[^\w\s]|_|.", re.DOTALL)


def tokens(text: str) -> list[str]:
    """`text` in pieces about as a model writes them."""
    return [part for token in _TOKEN.findall(text) for part in ([token] if token.isascii() else list(token))]


class _Writer:
    """Writes at random, and always the same for a `seed`."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311  nothing secret

    def sentence(self, words: int = 14) -> str:
        chosen = [self._random.choice(_WORDS) for _ in range(words)]
        if self._random.random() < 0.3:
            chosen[words // 2] = f"**{chosen[words // 2]}**"
        if self._random.random() < 0.2:
            chosen[-2] = f"`{chosen[-2]}()`"
        return " ".join(chosen).capitalize() + "."

    def prose(self, sentences: int = 4) -> str:
        return " ".join(self.sentence(self._random.randint(7, 18)) for _ in range(sentences))

    def chinese(self, characters: int = 90) -> str:
        return "".join(self._random.choices(_CHINESE, k=characters - 1)) + "。"

    def code(self, lines: int = 14) -> str:
        body = "\n".join(self._random.choice(_CODE) for _ in range(lines))
        return f"```python\n{body}\n```"

    def table(self, rows: int = 6, columns: int = 4) -> str:
        head = ["| " + " | ".join(f"Column {index}" for index in range(columns)) + " |", "|---" * columns + "|"]
        return "\n".join(head + [f"| {' | '.join(self._cell() for _ in range(columns))} |" for _ in range(rows)])

    def formula(self) -> str:
        return f"$$\n{self._random.choice(_FORMULAS)}\n$$"

    def inline_formulas(self) -> str:
        return (
            f"{self.sentence()} Where $x_{{{self._random.randint(0, 99)}}}^2 + \\alpha \\le \\beta$ {self.sentence()}"
        )

    def bullets(self, items: int = 5) -> str:
        return "\n".join(f"- {self.sentence(9)}" for _ in range(items))

    def heading(self) -> str:
        return f"## {self._random.choice(_WORDS).capitalize()} and {self._random.choice(_WORDS)}"

    def question(self) -> str:
        return self.chinese(24) if self._random.random() < 0.3 else self.prose(self._random.randint(1, 2))

    def answer(self, parts: int) -> str:
        kinds: list[tuple[Callable[[], str], int]] = [
            (self.prose, 10),
            (self.chinese, 4),
            (self.bullets, 3),
            (self.code, 3),
            (self.inline_formulas, 2),
            (self.heading, 2),
            (self.table, 1),
            (self.formula, 1),
        ]
        writing = [write for write, weight in kinds for _ in range(weight)]
        return "\n\n".join(self._random.choice(writing)() for _ in range(parts))

    def _cell(self) -> str:
        return f"{self._random.choice(_WORDS)} {self._random.randint(0, 9999)}"


def chat(messages: int) -> list[str]:
    """A chat's texts; the first is a question."""
    writer = _Writer(messages)
    return [writer.answer(1 + number % 6) if number % 2 else writer.question() for number in range(messages)]


def reply(length: int) -> list[str]:
    """A reply of so many tokens, with code, tables and formulas in all its parts."""
    writer = _Writer(length)
    written: list[str] = []
    while len(written) < length:
        parts = [writer.heading(), writer.prose(), writer.code(), writer.inline_formulas(), writer.table()]
        parts += [writer.bullets(), writer.formula(), writer.chinese(), writer.prose(6)]
        written += tokens("\n\n".join(parts) + "\n\n")
    return written[:length]


def long_block(kind: str) -> list[str]:
    """The tokens of a reply that is one long thing."""
    writer = _Writer(1)
    match kind:
        case "code":
            text = writer.code(600)
        case "list":
            text = writer.bullets(300)
        case "table":
            text = writer.table(400)
        case "paragraph":
            text = writer.prose(400)[:16_000]
        case _:
            raise ValueError(kind)
    return tokens(text)


def hostile(kind: str) -> str:
    """A text that wants to make the window stand still."""
    return _HOSTILE[kind]()


_HOSTILE: dict[str, Callable[[], str]] = {
    "one_line_of_10_MB": lambda: "x" * 10_000_000,
    "nested_quotes": lambda: ">" * 10_000 + " deep",
    "nested_brackets": lambda: "[" * 10_000 + "](" * 10_000,
    "table_of_100000_rows": lambda: "| a | b |\n|---|---|\n" + "| 1 | 2 |\n" * 100_000,
    "zero_width_and_bidi": lambda: "a\u202eb\u200b\u2066c\ufeff\u200d" * 10_000,
    "broken_latex": lambda: "$$\\frac{" * 3_000 + "\n\n" + "$\\left(" * 3_000 + "$x$ " * 3_000,
    "code_at_every_word": lambda: "`a` " * 4_900,
    "nested_fractions": lambda: "$$" + "\\frac{1}{1+" * 5_000 + "x" + "}" * 5_000 + "$$",
    "broken_mermaid": lambda: "```mermaid\nflowchart LR\n" + "A --> B[" * 5_000 + "\n```",
}
HOSTILE_KINDS = tuple(_HOSTILE)
