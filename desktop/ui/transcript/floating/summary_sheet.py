"""The summary that an answer was made with, to be read and copied."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget
from typing_extensions import override

from desktop.ui.i18n import tr, tr_count
from desktop.ui.theme import scaled


class SummarySheet(QDialog):
    """`summary` stood for so many `messages`."""

    def __init__(self, summary: str, messages: int, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("summarySheet")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._messages = messages
        self._what = QLabel()
        self._what.setWordWrap(True)
        self._what.setProperty("look", "muted")
        self._text = text = QPlainTextEdit(summary)
        text.setObjectName("summaryText")
        text.setReadOnly(True)
        text.setTabChangesFocus(True)
        text.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self._copy, self._close = copy, close = QPushButton(), QPushButton()
        copy.setObjectName("copySummary")
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(summary))
        close.setObjectName("closeSummary")
        close.clicked.connect(self.accept)
        close.setDefault(True)
        buttons = QHBoxLayout()
        buttons.addStretch()
        buttons.addWidget(copy)
        buttons.addWidget(close)
        column = QVBoxLayout(self)
        column.setContentsMargins(scaled(24), scaled(20), scaled(24), scaled(20))
        column.setSpacing(scaled(12))
        column.addWidget(self._what)
        column.addWidget(text, 1)
        column.addLayout(buttons)
        self.resize(min(scaled(520), parent.window().width() - scaled(32)), scaled(340))
        close.setFocus()
        self._retranslate()

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.LanguageChange:
            self._retranslate()

    def _retranslate(self) -> None:
        self.setWindowTitle(tr("Summary"))
        self._text.setAccessibleName(tr("Summary"))
        self._what.setText(
            tr_count(
                "The model wrote this. It was given it in place of the oldest message.",
                "The model wrote this. It was given it in place of the {count} oldest messages.",
                self._messages,
            )
        )
        self._copy.setText(tr("Copy"))
        self._close.setText(tr("Close"))
