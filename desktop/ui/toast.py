"""A short message over the bottom of the window, with at most one thing to do about it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QAccessible, QAccessibleEvent, QEnterEvent, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QApplication, QFrame, QHBoxLayout, QLabel, QPushButton, QWidget
from typing_extensions import override

from desktop.ui.controls import IconButton, describe, set_look
from desktop.ui.i18n import tr
from desktop.ui.theme import scaled

_SHOWN_MS = 8000
_WIDTH_PX = 560
_ACTION_KEYS = QKeySequence("Alt+Z")

Words = str | Callable[[], str]
"""A function says it anew when another language is spoken. What is only confirmed in passing stays as it was said."""


class Toast(QFrame):
    """One message at a time; a new one takes the place of the old one.

    It goes by itself after 8 seconds, unless the pointer or the focus is on it, or it tells of an error.

    Signals:
        gone(): it went and no other took its place
    """

    gone = Signal()

    def __init__(self, window: QWidget, above: QWidget) -> None:
        """The toast floats over `window`, on top of `above`, which is one of its parts."""
        super().__init__(window)
        self.setObjectName("toast")
        self._window, self._above = window, above
        self._words: Words = ""
        self._action_words: Words = ""
        self._do: Callable[[], object] | None = None
        self._next: tuple[Words, Words, Callable[[], object]] | None = None
        self._stays = self._in_progress = False
        self._text = QLabel()
        self._text.setWordWrap(True)
        self._text.setTextFormat(Qt.TextFormat.PlainText)
        self._action = QPushButton()
        self._action.setObjectName("toastAction")
        self._action.setProperty("look", "link")
        self._close = IconButton("toastClose", "x", box=28, size=14)
        self._row = QHBoxLayout(self)
        self._row.addWidget(self._text, 1)
        self._row.addWidget(self._action)
        self._row.addWidget(self._close)
        self._timer = QTimer(self, singleShot=True, interval=_SHOWN_MS)
        self._timer.timeout.connect(self.dismiss)
        self._action.clicked.connect(self._on_action)
        self._close.clicked.connect(self.dismiss)
        for button in (self._action, self._close):
            button.installEventFilter(self)
        window.installEventFilter(self)
        above.installEventFilter(self)
        self._say()
        self.hide()

    def show_message(self, words: Words, action: Words = "", do: Callable[[], object] | None = None) -> None:
        """Say `words`. With `action`, a button of that name calls `do`."""
        self._show(words, action, do, stays=False)

    def show_error(self, words: Words, action: Words = "", do: Callable[[], object] | None = None) -> None:
        """Say `words` until the user has closed it: what went wrong takes longer to read."""
        self._show(words, action, do, stays=True)

    def show_progress(self, words: Words, action: Words, do: Callable[[], object]) -> None:
        """Say how far something is, until `end_progress`. Whoever has closed it is not told again."""
        if self._offers or (self._in_progress and not self.isVisible()):
            return
        if self._in_progress and self._action.text() == _said(action):
            self._words = words
            self._text.setText(_said(words))
            self.setAccessibleName(_said(words))
        else:
            self._show(words, action, do, stays=False)
            self._in_progress = True
            self._timer.stop()

    def show_afterwards(self, words: Words, action: Words, do: Callable[[], object]) -> None:
        """As `show_message`, but what can still be undone is offered to its end first."""
        if self._offers:
            self._next = (words, action, do)
        else:
            self.show_message(words, action, do)

    def end_progress(self) -> None:
        """Go away if this tells of something that is under way."""
        if self._in_progress:
            self._in_progress = False
            self.dismiss()

    def dismiss_error(self) -> None:
        """Go away if this tells of an error: what went wrong has succeeded since."""
        if self._stays:
            self.dismiss()

    def dismiss_message(self, words: Words) -> None:
        """Go away if this says `words`: they are no longer true."""
        if self._words is words:
            self.dismiss()

    def dismiss(self) -> None:
        """Go away."""
        self._timer.stop()
        # What was said holds what it was about, such as an error with all that led to it.
        self._words = self._action_words = ""
        self._do = None
        self.hide()
        then, self._next = self._next, None
        self.gone.emit()
        if then is not None:
            self.show_message(*then)

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched in (self._window, self._above):
            if event.type() in (QEvent.Type.Resize, QEvent.Type.Move):
                self._place()
        elif event.type() is QEvent.Type.FocusIn:
            self._timer.stop()
        elif event.type() is QEvent.Type.FocusOut:
            self._wait()
        return super().eventFilter(watched, event)

    @override
    def enterEvent(self, event: QEnterEvent) -> None:
        super().enterEvent(event)
        self._timer.stop()

    @override
    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._wait()

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.dismiss()
        else:
            super().keyPressEvent(event)

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.LanguageChange:
            self._say()
            self._place()

    def _show(self, words: Words, action: Words, do: Callable[[], object] | None, *, stays: bool) -> None:
        self._words, self._action_words = words, action
        self._do, self._stays, self._in_progress = do, stays, False
        set_look(self._text, "danger" if stays else "")
        self._action.setVisible(bool(action))
        self._say()
        self._place()
        self.show()
        self.raise_()
        QAccessible.updateAccessibility(QAccessibleEvent(self, QAccessible.Event.Alert))
        self._wait()

    @property
    def _offers(self) -> bool:
        """Whether it offers to take something back, or another step, that goes with it."""
        return self._do is not None and not self._in_progress and self.isVisible()

    def _wait(self) -> None:
        focus = QApplication.focusWidget()
        has_focus = focus is not None and self.isAncestorOf(focus)
        if self.isVisible() and not (self._stays or self._in_progress) and not has_focus and not self.underMouse():
            self._timer.start()

    def _on_action(self) -> None:
        # First what was asked for: who hears that the toast is gone may forget what it was about.
        words = self._words
        if self._do is not None:
            self._do()
        # What it did may have closed this, and shown what came next.
        if self._words is words:
            self.dismiss()

    def _place(self) -> None:
        self._row.setContentsMargins(scaled(16), scaled(8), scaled(8), scaled(8))
        self._row.setSpacing(scaled(8))
        room = self._window.width() - 2 * scaled(16)
        words = self._text.fontMetrics().horizontalAdvance(self._text.text())
        beside = self._action.sizeHint().width() if self._action.text() else 0
        width = min(room, scaled(_WIDTH_PX), words + beside + self._close.width() + scaled(16 + 8 + 16 + 8))
        height = self._row.totalHeightForWidth(width) if self._row.hasHeightForWidth() else self.sizeHint().height()
        bottom = self._above.mapTo(self._window, QPoint(0, 0)).y() - scaled(4)
        self.setGeometry((self._window.width() - width) // 2, max(0, bottom - height), width, height)

    def _say(self) -> None:
        """In the language that is spoken now."""
        text, action = _said(self._words), _said(self._action_words)
        self._text.setText(text)
        self._action.setText(action)
        describe(self._action, action, _ACTION_KEYS)
        self._action.setShortcut(_ACTION_KEYS)
        self.setAccessibleName(text)
        describe(self._close, tr("Close"))


def _said(words: Words) -> str:
    return words if isinstance(words, str) else words()
