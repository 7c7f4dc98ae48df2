"""Draws the README's pictures: the real windows on a real store, with scripted answers and a computer made up.

`make screenshots` writes them to `packaging/screenshots/`. Nothing in them is passed off as a measurement: the model
button names the script, and how models fit is reckoned for the computer below, wherever the pictures are drawn.
"""

# ruff: noqa: INP001  A package of this folder's name would hide the library called `packaging`.

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtWidgets import QApplication
from typing_extensions import override

from desktop.app import Fireside
from desktop.engine.scripted import ScriptedEngine
from desktop.hub.catalogue import entries
from desktop.hub.fit import Accelerator, Machine
from desktop.hub.model import STARTER, Model, Source
from desktop.loading import Loading
from desktop.paths import Paths
from desktop.settings import Settings
from desktop.ui.appearance import Appearance
from desktop.ui.models.in_window import ModelsInWindow
from desktop.ui.models.window import ModelsWindow
from desktop.ui.transcript.transcript import Transcript

SIZE = (1280, 820)
MODELS_SIZE = (960, 720)
FOLDER = Path(__file__).parent / "screenshots"

ENGLISH = r"""## Banking a fire

A fire that should last the night wants **little air** and *much ember*. Embers halve about every $t_{1/2} = 6$ hours:

$$m(t) = m_0 \cdot 2^{-t / t_{1/2}}, \qquad \frac{m(8)}{m_0} \approx 0.4$$

```python
def embers(hours: float, logs: int = 1) -> float:
    return logs * 0.5 ** (hours / 6)
```"""

CHINESE_FOLLOW_UP = """夜里想让炉火不灭，关键是**少进风**、**多留炭**：

```mermaid
flowchart LR
    A[拢好红炭] --> B[压一根硬木] --> C{风门留一指宽} --> D([早上一拨就着])
```"""

CHINESE = r"""## 夜里怎么封火

想让炉火过夜，关键是**少进风**、**多留炭**。余炭大约每 6 小时减半：

$$m(t) = m_0 \cdot 2^{-t / t_{\text{半}}}, \qquad t_{\text{半}} \approx 6\,\text{小时}$$

| 木柴 | 干透要多久 | 火力 |
|---|---|---|
| 橡木 | 24 个月 | 强 |
| 桦木 | 12 个月 | 中等 |"""

CHINESE_CODE = """八小时后还剩四成，`embers(8)` 不低于 0.3 就好：

```python
def embers(hours: float, logs: int = 1) -> float:
    return logs * 0.5 ** (hours / 6)  # 早上还剩多少炭
```"""


COMPARED = (
    """A fire that lasts the night needs two things:

1. A deep bed of **red embers**, drawn together.
2. Hardly any **air**: a finger's width.

Lay one split of oak on top, and leave it alone.""",
    """Think of it as **slowing** the fire, not feeding it.

| wood | lasts |
|---|---|
| oak | 8 hours |
| birch | 5 hours |
| spruce | 3 hours |

Close the damper once the log has caught.""",
    """Rake, cover, close:

```sh
rake embers
cover --with ash
close damper --leave 1cm
```

In the morning, open the damper and add kindling.""",
)
"""Three answers to one question."""


_PACE_S = 0.02
"""A token of the script every so often, as a model would."""


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


GIB = 1 << 30
COMPUTER = Machine(
    total_bytes=32 * GIB,
    free_bytes=24 * GIB,
    accelerators=(Accelerator("CUDA0", "8 GB", 8 * GIB, 7 * GIB),),
    cpu_bytes_per_s=50e9,
    gpu_bytes_per_s=300e9,
    processor="x86_64",
)
"""With 32 GiB of memory and a GPU of 8 GiB."""
HAS = ("qwen3.5-9b", "gpt-oss-20b", "gemma-4-e4b", "qwen2.5-coder-7b", "phi-4-mini")
"""Of the catalogue, what lies in the library of the picture; the last one on a disk that is not connected."""


class ThatComputer(Loading):
    """Loads nothing, and knows no other computer than the one of the pictures."""

    @override
    def machine(self) -> Machine:
        return COMPUTER

    @override
    def study(self, log: Path) -> None:
        pass


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
    with TemporaryDirectory() as folder:
        draw_comparison(app, Path(folder))
    with TemporaryDirectory() as folder:
        draw_discover(app, Path(folder))
    with TemporaryDirectory() as folder:
        draw_library(app, Path(folder))


def draw(app: QApplication, picture: Picture, folder: Path) -> None:
    """Ask everything in a window whose data is in `folder`, and save what it shows."""
    settings = Settings(theme=picture.theme, language=picture.language, model=STARTER)
    replies = ["…"] * len(picture.earlier) + [answer for _, answer in picture.chat]
    fireside = _open_chat(app, folder, settings, replies, picture.model)
    for question in picture.earlier:
        _ask(app, fireside, question)
        fireside.session.start_new()
    for question, _ in picture.chat:
        _ask(app, fireside, question)
    # Diagrams are drawn by another process, colours of code are learned in a thread.
    for _ in range(10):
        _settle()
    _save_window(fireside, picture.name)
    _shut(fireside)


def draw_comparison(app: QApplication, folder: Path) -> None:
    """Three answers to one question side by side, by night, in English."""
    settings = Settings(theme="dark", language="en", model=STARTER)
    fireside = _open_chat(app, folder, settings, COMPARED, "Scripted answers")
    _ask(app, fireside, "How do I bank a fire overnight?")
    fireside.session.try_several(fireside.session.rows[-1].message.id, len(COMPARED) - 1)
    _wait(app, fireside)
    transcript = fireside.window.findChild(Transcript)
    if transcript is None:
        raise LookupError("the window has no transcript")
    # One of the new answers is shown.
    transcript.compare_requested.emit(fireside.session.rows[-1].message.id)
    for _ in range(5):
        _settle()
    _save_window(fireside, "comparing-dark")
    _shut(fireside)


def draw_discover(app: QApplication, folder: Path) -> None:
    """What is recommended, by day, in English."""
    fireside, models = _open(app, folder, "light", "en")
    models.show_discover()
    _settle()
    _save_models_window("models-light")
    _shut(fireside)


def draw_library(app: QApplication, folder: Path) -> None:
    """The models on this computer, by night, in Chinese."""
    fireside, models = _open(app, folder, "dark", "zh_CN")
    models.show_library()
    # What this computer really has is listed in the background.
    _settle()
    shelf = fireside.shelf
    shelf.models = [*_library(folder), *(model for model in shelf.models if model.is_starter)]
    shelf.neighbours = []
    shelf.changed.emit()
    fireside.models.current = shelf.models[0]
    fireside.models.changed.emit()
    _save_models_window("models-dark-zh")
    _shut(fireside)


def _library(folder: Path) -> list[Model]:
    """Models of the catalogue as if they had been downloaded."""
    by_id = {entry.id: entry for entry in entries()}
    models = []
    for name in HAS:
        entry = by_id[name]
        quantisation = entry.quantisations[0]
        path = folder / quantisation.file
        models.append(
            Model(
                name=name,
                title=entry.title,
                path=path,
                size_bytes=quantisation.size_bytes,
                source=Source.DOWNLOADED,
                # It has a chat template, which is what tells it from a base model.
                header=replace(entry.header(quantisation), chat_template="{{ messages }}"),
                missing=name == HAS[-1],
                files=(path,),
                companion=folder / "mmproj-F16.gguf" if entry.vision else None,
            )
        )
    return models


def _open(
    app: QApplication, folder: Path, theme: Literal["light", "dark"], language: Literal["en", "zh_CN"]
) -> tuple[Fireside, ModelsInWindow]:
    """The program on the made-up computer, offline."""
    paths = Paths.under(folder)
    paths.make()
    settings = Settings(theme=theme, language=language, model=STARTER, offline=True)
    fireside = Fireside(paths, settings, ScriptedEngine([]), ThatComputer(paths.machine), Appearance(app))
    fireside.window.show()
    models = fireside.window.findChild(ModelsInWindow)
    if models is None:
        raise LookupError("the window has no models")
    return fireside, models


def _open_chat(app: QApplication, folder: Path, settings: Settings, replies: Sequence[str], model: str) -> Fireside:
    """The program, in which a model that is called `model` gives these replies."""
    paths = Paths.under(folder)
    paths.make()
    engine = ScriptedEngine(replies, pace_s=_PACE_S)
    fireside = Fireside(paths, settings, engine, Loading(paths.machine), Appearance(app))
    fireside.window.resize(*SIZE)
    fireside.window.show()
    # What this computer really has is listed in the background.
    _settle()
    # Whoever looks at the picture is told that no model has said this.
    shelf = fireside.shelf
    shelf.models = [replace(each, title=model, source=Source.ADDED) for each in shelf.models]
    shelf.changed.emit()
    return fireside


def _save_window(fireside: Fireside, name: str) -> None:
    # Quality 0 is the smallest file: PNG loses nothing.
    fireside.window.grab().save(str(FOLDER / f"{name}.png"), "PNG", 0)


def _save_models_window(name: str) -> None:
    (own,) = (each for each in QApplication.topLevelWidgets() if isinstance(each, ModelsWindow) and each.isVisible())
    own.resize(*MODELS_SIZE)
    _settle()
    own.grab().save(str(FOLDER / f"{name}.png"), "PNG", 0)


def _shut(fireside: Fireside) -> None:
    fireside.close()
    fireside.window.deleteLater()
    _settle()


def _ask(app: QApplication, fireside: Fireside, question: str) -> None:
    fireside.session.send(question)
    _wait(app, fireside)


def _wait(app: QApplication, fireside: Fireside) -> None:
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
