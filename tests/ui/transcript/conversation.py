"""One conversation with everything that a transcript can show, for pictures and for people to look at."""

from __future__ import annotations

import time
from dataclasses import replace
from itertools import count
from typing import Any

from desktop.chat.message import FinishReason, Message, Role, Sampling, State, Statistics
from desktop.errors import Crash, EngineCrashed, PromptTooLong
from desktop.packed_errors import pack
from desktop.ui.i18n import tr
from desktop.ui.rows import make_row
from desktop.ui.transcript.row import Row

_DAY_S = 86_400
_ids = count(1)

PROSE = """\
# Tea, and how to make it

A *good* cup needs **three things**: water that has just boiled, leaves that are not old, and ~~a hurry~~ patience. \
Read more at [the tea society](https://tea.example/brewing), or at https://tea.example/green, and mind the \
`brew(minutes=3)` of your kettle. “Quotes” aren’t wider than they should be – nor is an ellipsis…

## The steps

1. Warm the pot.
2. Add the leaves:
   - one spoon a cup,
   - and one for the pot.
     - Nobody counts that one, but everybody tastes it, and a line that is long enough to break shows how an item hangs.
3. Pour, wait, pour.

### Before guests come

- [x] clean cups
- [ ] cake, *or* biscuits
- [ ] a second pot

> Tea is a cup of life.
>
> > Said by nobody in particular, and quoted by everybody who sells tea.

---

| Tea | Water | Minutes | Leaves a cup | From | What people say of it |
|:----|------:|:-------:|-------------:|------|------------------------|
| Green | 80 °C | 2–3 | 2.0 g | 杭州 | grassy, light, bitter when forgotten |
| Black | 100 °C | 3–5 | 2.5 g | Assam | strong; takes milk |
| Oolong | 95 °C | 1, then again | 5.0 g | 安溪 | seven infusions[^1] |

[^1]: Or so the seller says.
"""

CHINESE = """\
## 炉边的茶

好茶要有**三样东西**：刚开的水、*不陈的*叶子，还有耐心。用 `brew(minutes=3)` 这样的函数来计时，\
比凭感觉可靠得多；当然，“感觉”也很重要。中文和 English、数字 42 混排时，行距应当一致，标点不应当出现在行首。

1. **温壶**：先用热水烫一遍。
2. 投茶：一人一勺，壶里再加一勺。

> 茶者，南方之嘉木也。

```python
def 泡茶(分钟: int = 3) -> str:
    return f"泡了 {分钟} 分钟"  # 注释里的中文要清楚
```
"""

CODE = """\
Two languages, and one line that is too long for any page:

```python
from dataclasses import dataclass


@dataclass(frozen=True)
class Cup:
    \"\"\"What is drunk from.\"\"\"

    volume_ml: float = 250.0

    def pour(self, water_ml: float) -> float:  # returns what is spilt
        return max(0.0, water_ml - self.volume_ml) if water_ml >= 0 else self.never_called_with_less(water_ml)
```

```sql
SELECT tea, avg(minutes) AS "minutes"
FROM brews WHERE water_c BETWEEN 80 AND 100
GROUP BY tea ORDER BY 2 DESC; -- strongest first
```
"""

FORMULAS = """\
Einstein's $E = mc^2$ stands on the line, as do $\\frac{a}{b}$ and \\(\\sum_{i=1}^{n} x_i\\), and on its own:

$$\\int_{-\\infty}^{\\infty} e^{-x^2}\\,dx = \\sqrt{\\pi}$$

\\[ A = \\begin{pmatrix} 1 & 2 \\\\ 3 & 4 \\end{pmatrix}, \\; \\hat{x} = \\operatorname{arg}_{x \\in \\mathbb{R}} f \\]

It costs $5 or $6, which is no formula. 质能方程 $E=mc^2$ 写在中文里。
"""

DIAGRAM = """\
```mermaid
flowchart LR
    A[烧水] --> B{开了吗？}
    B -- 没有 --> A
    B -- yes --> C[Pour]
```
"""

SCRIPTS = """\
مرحبا بالعالم، هذا نص عربي مع كلمة English و `code` في السطر نفسه.

שלום עולם, זה משפט בעברית.

Emoji: 🍵 👩‍🔬 🇨🇳 ❤️ and 1️⃣; combining: é ẹ́ ñ, Zalgo: h̷e̴l̸l̵o̶. 日本語：お茶。한국어: 차. Ελληνικά: τσάι. Русский: чай.
"""

REASONING = """\
The reader asks about tea. I should mention **water** and *time*.

- $T \\approx 80$ °C for green tea
- 红茶用 `100 °C`
"""


_SHORT = "Green tea, at 80 °C. It takes"


def rows() -> list[Row]:
    """The conversation, each row made as the window makes it."""
    now = time.time()
    length: dict[str, Any] = {
        "finish": FinishReason.LENGTH,
        "sampling": Sampling(max_tokens=512),
        "statistics": _told(512),
    }
    crashed = pack(EngineCrashed(Crash.OUT_OF_MEMORY, "decode", needed_bytes=9_000_000_000, free_bytes=6_000_000_000))
    too_long = pack(PromptTooLong(5000, 4096))
    asked = _question("How do I make tea?", now)
    return [
        _row(_question("How do I make tea?\nWith leaves, please. 用中文也行。", now - 400 * _DAY_S), branches=2),
        _row(_answer(PROSE, now - 400 * _DAY_S, statistics=_told(1204)), branch=1, branches=3),
        _row(_question("那么，中国人怎么泡茶？", now - 30 * _DAY_S)),
        _row(_answer(CHINESE, now - 30 * _DAY_S, reasoning=REASONING, reasoning_s=12.3, statistics=_told(300))),
        _row(_question("Now as a program, please: " + "with everything that a cup can do, " * 6, now - _DAY_S)),
        _row(_answer(CODE, now - _DAY_S, reasoning=REASONING, reasoning_s=83.0, statistics=_told(300))),
        _row(asked),
        _row(_answer(FORMULAS + DIAGRAM, now, statistics=_told(80))),
        _row(_question("مرحبا، كيف أصنع الشاي؟", now)),
        _row(_answer(SCRIPTS, now, statistics=replace(_told(80), left_out_messages=3))),
        _row(asked),
        _row(_answer(_SHORT, now, State.STOPPED, finish=FinishReason.STOPPED, statistics=_told(12))),
        _row(asked),
        _row(_answer(_SHORT, now, **length)),
        _row(asked),
        _row(_answer(_SHORT, now, State.INTERRUPTED, error=crashed)),
        _row(asked),
        _row(_answer("", now, State.FAILED, error=too_long)),
        _row(asked),
        _row(_answer("", now, State.STREAMING, reasoning=REASONING)),
        _row(asked),
        replace(_row(_answer("", now, State.STREAMING)), progress=tr("Loading the model… {percent} %", percent=40)),
        _row(asked),
        _row(_answer("Green tea, **at 80", now, State.STREAMING)),
    ]


def _told(tokens: int) -> Statistics:
    return Statistics(300, 0, tokens, 0.31, 900.0, 42.4, 4096)


def _question(text: str, created_at: float) -> Message:
    return Message(0, 1, None, Role.USER, State.COMPLETE, text, created_at)


def _answer(text: str, created_at: float, state: State = State.COMPLETE, **more: Any) -> Message:
    return Message(0, 1, None, Role.ASSISTANT, state, text, created_at, model="tea", **more)


def _row(message: Message, branch: int = 0, branches: int = 1) -> Row:
    numbered = replace(message, id=next(_ids))
    return make_row(numbered, branch, branches, {"tea": "SmolLM2 135M Instruct"}, writing=None)
