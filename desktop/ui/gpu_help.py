"""Which graphics processors this build of llama.cpp uses, and how to get a build for one that it does not."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import QEvent
from PySide6.QtGui import QGuiApplication, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget
from typing_extensions import override

from desktop.engine.api import Device
from desktop.engine.gpus import GpuHelp, UnusedGpu, gpu_help
from desktop.engine.local import LocalEngine
from desktop.errors import AppError
from desktop.hub.stop import Stopped
from desktop.ui.background import Background, LongJob
from desktop.ui.controls import DRESS_CHANGES
from desktop.ui.error_text import one_line
from desktop.ui.i18n import tr
from desktop.ui.quantities import gigabytes
from desktop.ui.theme import scaled


def ask_engine(log: Path, job: LongJob) -> GpuHelp:
    """Ask an engine process of its own, which logs to the file at `log`: one that answers may be busy for long.

    Raises:
        EngineUnavailable, EngineCrashed
        Stopped: before it began.
    """
    if job.stop.is_set():
        raise Stopped
    engine = LocalEngine(log)
    try:
        return gpu_help(engine.system_info())
    finally:
        engine.close()


class GpuHelpView(QWidget):
    """Asks when it is shown first, not before: an engine process is started for it."""

    def __init__(self, background: Background, log: Path) -> None:
        super().__init__()
        self.setObjectName("gpuHelp")
        self._ask = partial(background.run_long, partial(ask_engine, log))
        self._asked = False
        self._help: GpuHelp | None = None
        self._error: AppError | None = None
        self._words = _label("")
        self._notes: list[tuple[UnusedGpu, QLabel]] = []
        self._commands: list[_Command] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.addWidget(self._words)
        self._retranslate()

    @override
    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not self._asked:
            self._asked = True
            job = self._ask(lambda _: None, self._on_found, self._on_error)
            # The settings may be closed before the engine has answered.
            self.destroyed.connect(job.abandon)

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.LanguageChange:
            self._retranslate()
        elif event.type() in DRESS_CHANGES:
            self._column.setSpacing(scaled(8))

    def _on_found(self, found: GpuHelp) -> None:
        self._help = found
        for unused in found.unused:
            self._notes.append((unused, _label("")))
            self._column.addWidget(self._notes[-1][1])
            if unused.command:
                command = _Command(unused.command)
                self._commands.append(command)
                self._column.addWidget(command)
        self._retranslate()

    def _on_error(self, error: BaseException) -> None:
        if not isinstance(error, AppError):
            raise error
        self._error = error
        self._retranslate()

    def _retranslate(self) -> None:
        for command in self._commands:
            command.retranslate()
        for unused, label in self._notes:
            label.setText(_unused_words(unused))
        found = self._help
        if self._error is not None:
            self._words.setText(one_line(self._error))
        elif found is None:
            self._words.setText(tr("Looking…"))
        else:
            backends = tr("This llama.cpp was built for: {backends}", backends=", ".join(found.backends))
            used = [_used_words(device) for device in found.devices]
            none = [] if used or found.unused else [tr("No GPU was found: the processor computes alone.")]
            self._words.setText("\n".join([backends, *used, *none]))


class _Command(QWidget):
    """A command to type, with a button that copies it."""

    def __init__(self, command: str) -> None:
        super().__init__()
        self._field = QLineEdit(command)
        self._field.setObjectName("rebuildCommand")
        self._field.setReadOnly(True)
        self._field.setCursorPosition(0)
        self._copy = QPushButton()
        self._copy.setObjectName("copyCommand")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._field, 1)
        row.addWidget(self._copy)
        self._copied = False
        self._copy.clicked.connect(self._on_copy)
        self.retranslate()

    def retranslate(self) -> None:
        """Speak the language that is chosen now."""
        self._field.setAccessibleName(tr("Command that builds llama.cpp for this GPU"))
        self._copy.setText(tr("Copied") if self._copied else tr("Copy"))
        self._copy.setAccessibleName(tr("Copy the command"))

    def _on_copy(self) -> None:
        QGuiApplication.clipboard().setText(self._field.text())
        self._copied = True
        self.retranslate()


def _used_words(gpu: Device) -> str:
    return tr(
        "{name}: {description}, {free} of {total} free",
        name=gpu.name,
        description=gpu.description,
        free=gigabytes(gpu.free_bytes),
        total=gigabytes(gpu.total_bytes),
    )


def _unused_words(unused: UnusedGpu) -> str:
    name = unused.gpu.name
    if not unused.command:
        return tr("{gpu} is there, but its driver does not let llama.cpp use it.", gpu=name)
    if unused.missing:
        return tr(
            "{gpu} is there, but this llama.cpp cannot use it. Install {compiler}, then this command builds one that "
            "can:",
            gpu=name,
            compiler=unused.missing,
        )
    return tr("{gpu} is there, but this llama.cpp cannot use it. This command builds one that can:", gpu=name)


def _label(text: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("look", "small")
    label.setWordWrap(True)
    return label
