"""Draws the README's pictures: the real window on a real store, with scripted answers.

`make screenshots` writes `packaging/screenshots/window-light.png` and `window-dark-zh.png`. Nothing in them is passed
off as a measurement: the model button names the script, and no speed is shown.
"""

# ruff: noqa: INP001  A package of this folder's name would hide the library called `packaging`.

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtWidgets import QApplication

from desktop.app import Fireside
from desktop.engine.scripted import ScriptedEngine
from desktop.hub.model import STARTER
from desktop.loading import Loading
from desktop.paths import Paths
from desktop.settings import Settings
from desktop.ui.appearance import Appearance

SIZE = (1280, 820)
FOLDER = Path(__file__).parent / "screenshots"

ENGLISH = """## Banking a fire

A fire that should last the night wants **little air** and *much ember*:

1. Rake the coals together, towards the back.
2. Lay one **dense** log on them, bark down.
3. Close the damper to a finger's width.

An ember bed halves about every six hours, so keep `embers(8)` above 0.3:

```python
def embers(hours: float, logs: int = 1) -> float:
    return logs * 0.5 ** (hours / 6)
```"""

CHINESE_FOLLOW_UP = """夜里想让炉火不灭，关键是**少进风**、**多留炭**：

- 把红炭拢到炉膛后部，压一根致密的硬木。
- 风门只留一指宽，早上一拨就着。"""

CHINESE = """## 夜里怎么封火

想让炉火过夜，关键是**少进风**、**多留炭**：

1. 把红炭拢到炉膛后部。
2. 压一根致密的硬木，树皮朝下。
3. 风门只留一指宽。

| 木柴 | 干透要多久 | 火力 |
|---|---|---|
| 橡木 | 24 个月 | 强 |
| 桦木 | 12 个月 | 中等 |"""

CHINESE_CODE = """余炭大约每 6 小时减半，`embers(8)` 不低于 0.3 就好：

```python
def embers(hours: float, logs: int = 1) -> float:
    return logs * 0.5 ** (hours / 6)  # 早上还剩多少炭
```"""


@dataclass(frozen=True)
class Picture:
    """What is asked and answered in the open chat, and which other chats stand in the sidebar, the oldest first."""

    name: str
    theme: Literal["light", "dark"]
    language: Literal["en", "zh_CN"]
    model: str
    earlier: tuple[str, ...]
    chat: tuple[tuple[str, str], ...]


PICTURES = (
    Picture(
        "window-light",
        "light",
        "en",
        "Scripted answers",
        ("Words for the smell of rain", "给猫起十个名字", "Why does oak burn longer than birch?"),
        (("How do I bank a fire overnight?", ENGLISH), ("用中文再说一遍，简短些。", CHINESE_FOLLOW_UP)),
    ),
    Picture(
        "window-dark-zh",
        "dark",
        "zh_CN",
        "脚本写好的回答",
        ("形容雨后气味的词", "给猫起十个名字", "橡木为什么比桦木耐烧？"),
        (("夜里怎么封火？", CHINESE), ("写成 Python，算算早上还剩多少炭。", CHINESE_CODE)),
    ),
)


def main() -> None:
    """Draw all pictures."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    app = QApplication(sys.argv[:1])
    # A caret that blinks would be in one picture and not in the next.
    app.setCursorFlashTime(0)
    FOLDER.mkdir(exist_ok=True)
    for picture in PICTURES:
        with TemporaryDirectory() as folder:
            draw(app, picture, Path(folder))


def draw(app: QApplication, picture: Picture, folder: Path) -> None:
    """Ask everything in a window whose data is in `folder`, and save what it shows."""
    paths = Paths.under(folder)
    paths.make()
    settings = Settings(theme=picture.theme, language=picture.language, model=STARTER)
    replies = ["…"] * len(picture.earlier) + [answer for _, answer in picture.chat]
    fireside = Fireside(paths, settings, ScriptedEngine(replies), Loading(paths.machine), Appearance(app))
    window = fireside.window
    window.resize(*SIZE)
    window.show()
    for question in picture.earlier:
        _ask(app, fireside, question)
        fireside.session.start_new()
    for question, _ in picture.chat:
        _ask(app, fireside, question)
    models = fireside.models
    if models.current is not None:
        models.current = replace(models.current, title=picture.model, is_starter=False)
        models.changed.emit()
    _settle()
    # Quality 0 is the smallest file: PNG loses nothing.
    window.grab().save(str(FOLDER / f"{picture.name}.png"), "PNG", 0)
    fireside.close()
    window.deleteLater()
    _settle()


def _ask(app: QApplication, fireside: Fireside, question: str) -> None:
    fireside.session.send(question)
    while fireside.answers.chats():
        app.processEvents()
    _settle()


def _settle() -> None:
    """Let what is queued happen."""
    loop = QEventLoop()
    QTimer.singleShot(300, loop.quit)
    loop.exec()


if __name__ == "__main__":
    main()
