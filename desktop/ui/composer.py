"""Where the user writes: one rounded field with its button, and a quiet line below it."""

from __future__ import annotations

import math

from PySide6.QtCore import QEvent, QMimeData, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QFocusEvent, QInputMethodEvent, QKeyEvent, QKeySequence, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPlainTextEdit, QVBoxLayout, QWidget
from typing_extensions import override

from desktop.ui.context_line import ContextLine
from desktop.ui.context_words import ContextUse
from desktop.ui.controls import DRESS_CHANGES, ElidedLabel, IconButton, describe
from desktop.ui.i18n import tr
from desktop.ui.theme import COLUMN_PX, scaled

# How long typing must rest before the draft is saved.
_DRAFT_MS = 400
_MARGIN_PX = 24
_INSET_PX = 12
_MAX_SHARE = 0.4
"""Of the window's height: higher the field never grows."""


class Composer(QWidget):
    """The field, Send and Stop, and the line that says how full the context is.

    Signals:
        submitted(str text): Send or Enter was pressed. The text stays until `clear`: it may not have reached the disk,
            or the chat is still being answered.
        edit_submitted(int message_id, str text): the same while an earlier message is edited
        stop_requested()
        draft_changed(str text): the draft rested for a moment
        edit_last_requested(): Up was pressed in the empty field
        overflow_chosen(Overflow overflow): what shall become of messages that do not fit the context
        model_needed(): Enter was pressed, but no model is chosen
    """

    submitted = Signal(str)
    edit_submitted = Signal(int, str)
    stop_requested = Signal()
    draft_changed = Signal(str)
    edit_last_requested = Signal()
    overflow_chosen = Signal(object)
    model_needed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("composerArea")
        self._answering = self._has_model = self._is_base = False
        self._editing: int | None = None
        self._draft_aside = ""
        self._frame = QFrame()
        self._frame.setObjectName("composerFrame")
        self._edit = _Field()
        self._send = IconButton("sendButton", "arrow-up", ink="on_accent", look="send", box=34, size=18)
        self._stop = IconButton("stopButton", "stop", ink="on_accent", look="send", box=34, size=16)
        self._stop.hide()
        self._strip = _EditStrip()
        self._strip.hide()
        self._context_line = ContextLine()
        self._hint = QLabel()
        self._drafting = QTimer(self, singleShot=True, interval=_DRAFT_MS)
        self._lay_out()
        self._connect()
        self._retranslate()
        self._update()

    @property
    def field(self) -> QPlainTextEdit:
        """Where one writes."""
        return self._edit

    def text(self) -> str:
        """What stands in the field."""
        return self._edit.toPlainText()

    def set_text(self, text: str) -> None:
        """Put `text` into the field, the caret behind it. An edit that was going on is over."""
        self._end_edit()
        # Sets the history of changes back as well: Undo shall not bring another chat's draft.
        self._edit.setPlainText(text)
        self._to_end()

    def clear(self) -> None:
        """Empty the field after its text was taken; after an edit, bring back the draft that it put aside."""
        self._replace(self._end_edit())

    def focus(self) -> None:
        """Put the caret into the field."""
        self._edit.setFocus(Qt.FocusReason.OtherFocusReason)

    def begin_edit(self, message_id: int, text: str) -> None:
        """Let the user rewrite the message; the draft is put aside meanwhile."""
        if self._editing is None:
            self._draft_aside = self.text()
        self._editing = message_id
        self._strip.show()
        self._replace(text)
        self._update()
        self.focus()

    def cancel_edit(self) -> bool:
        """Leave the message as it was. False if none was edited."""
        if self._editing is None:
            return False
        self._replace(self._end_edit())
        self.focus()
        return True

    def set_answering(self, answering: bool) -> None:
        """Whether the open chat is being answered: Send is Stop meanwhile."""
        had_focus = self._send.hasFocus() or self._stop.hasFocus()
        self._answering = answering
        self._send.setVisible(not answering)
        self._stop.setVisible(answering)
        if had_focus:
            self.focus()
        self._update()

    def set_model(self, *, has_model: bool, is_base: bool = False) -> None:
        """Whether there is a model that could answer, and whether it is one that only continues text."""
        self._has_model, self._is_base = has_model, is_base
        self._update()

    def set_context(self, use: ContextUse | None) -> None:
        """How full the context is, and what the next send costs. None says nothing."""
        self._context_line.set_use(use)
        self._show_hint()

    def flush_draft(self) -> None:
        """Report a draft that still rests, now: another chat is about to be shown."""
        if self._drafting.isActive():
            self._drafting.stop()
            self._report_draft()

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.LanguageChange:
            self._retranslate()
        elif event.type() in DRESS_CHANGES:
            self._fit()

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.addWidget(self._edit, 1)
        row.addWidget(self._send, 0, Qt.AlignmentFlag.AlignBottom)
        row.addWidget(self._stop, 0, Qt.AlignmentFlag.AlignBottom)
        self._inside = QVBoxLayout(self._frame)
        self._inside.addWidget(self._strip)
        self._inside.addLayout(row)
        self._below = QHBoxLayout()
        self._below.addWidget(self._context_line, 1)
        self._below.addWidget(self._hint)
        self._hint.setProperty("look", "small")
        self._column = QVBoxLayout(self)
        self._column.addWidget(self._frame)
        self._column.addLayout(self._below)

    def _connect(self) -> None:
        self._edit.textChanged.connect(self._on_text_changed)
        self._edit.focus_changed.connect(self._on_focus_changed)
        self._edit.submitted.connect(self._submit)
        self._edit.up_in_empty.connect(self.edit_last_requested)
        self._edit.document().documentLayout().documentSizeChanged.connect(self._fit)
        self._send.clicked.connect(self._submit)
        self._stop.clicked.connect(self.stop_requested)
        self._context_line.overflow_chosen.connect(self.overflow_chosen)
        self._strip.cancelled.connect(self.cancel_edit)
        self._drafting.timeout.connect(self._report_draft)

    def _submit(self) -> None:
        if not self._has_model:
            self.model_needed.emit()
        if not self._send.isEnabled():
            return
        # Until the text is taken it stays a draft that is to be reported.
        if self._editing is None:
            self.submitted.emit(self.text())
        else:
            self.edit_submitted.emit(self._editing, self.text())

    def _replace(self, text: str) -> None:
        if text != self.text():
            # Through the cursor, so that Undo brings the former text back.
            cursor = self._edit.textCursor()
            cursor.select(cursor.SelectionType.Document)
            cursor.insertText(text)
        self._to_end()

    def _to_end(self) -> None:
        self._edit.moveCursor(self._edit.textCursor().MoveOperation.End)
        self._drafting.stop()

    def _end_edit(self) -> str:
        """The edit is over. Returns the draft that it had put aside."""
        draft, self._draft_aside = self._draft_aside, ""
        self._editing = None
        self._strip.hide()
        self._update()
        return draft

    def _report_draft(self) -> None:
        if self._editing is None:
            self.draft_changed.emit(self.text())

    def _on_text_changed(self) -> None:
        self._drafting.start()
        self._update()

    def _on_focus_changed(self, focused: bool) -> None:
        self._frame.setProperty("focused", focused)
        self._frame.style().unpolish(self._frame)
        self._frame.style().polish(self._frame)

    def _update(self) -> None:
        ask, begin = tr("Ask anything…"), tr("Begin a text: the model continues it…")
        self._edit.setPlaceholderText(begin if self._is_base else ask)
        # Qt draws another placeholder in place of one only when something else changes.
        self._edit.viewport().update()
        self._send.setEnabled(self._has_model and bool(self.text().strip()))
        if not self._has_model:
            self._hint.setText(tr("Choose a model first"))
        elif self._answering:
            self._hint.setText(tr("Esc stops"))
        else:
            self._hint.setText(tr("Shift+Enter for a new line"))
        self._show_hint()

    def _retranslate(self) -> None:
        self._edit.setAccessibleName(tr("Message"))
        describe(self._send, tr("Send"), QKeySequence(Qt.Key.Key_Return))
        describe(self._stop, tr("Stop"), QKeySequence(Qt.Key.Key_Escape))
        self._strip.retranslate()
        self._update()

    def _show_hint(self) -> None:
        """Where there is too little room for both, what is told of the context is more important."""
        beside = self._below.spacing() + self._hint.sizeHint().width()
        room = self.width() - 2 * (self._column.contentsMargins().left() + scaled(_INSET_PX))
        self._hint.setVisible(self._context_line.whole_width + beside <= room)

    def _fit(self) -> None:
        side = max(scaled(_MARGIN_PX), (self.width() - scaled(COLUMN_PX)) // 2)
        self._column.setContentsMargins(side, scaled(4), side, scaled(10))
        self._column.setSpacing(scaled(6))
        self._below.setContentsMargins(scaled(_INSET_PX), 0, scaled(_INSET_PX), 0)
        self._below.setSpacing(scaled(16))
        self._inside.setContentsMargins(scaled(14), scaled(8), scaled(8), scaled(8))
        self._inside.setSpacing(scaled(4))
        self._show_hint()
        self._edit.fit(int(self.window().height() * _MAX_SHARE))


class _EditStrip(QWidget):
    """Says that an earlier message is being edited.

    Signals:
        cancelled()
    """

    cancelled = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("editStrip")
        self._words = ElidedLabel()
        self._words.setProperty("look", "warning")
        self._close = IconButton("cancelEditButton", "x", box=26, size=14)
        self._close.clicked.connect(self.cancelled)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._words, 1)
        row.addWidget(self._close)

    def retranslate(self) -> None:
        """Speak the language that is chosen now."""
        self._words.set_full_text(tr("Editing an earlier message — Esc cancels"))
        describe(self._close, tr("Cancel editing"), QKeySequence(Qt.Key.Key_Escape))


class _Field(QPlainTextEdit):
    """The text itself. Rich text that is pasted comes in plain.

    Signals:
        submitted(): Enter, but not while an input method composes
        up_in_empty()
        focus_changed(bool focused)
    """

    submitted = Signal()
    up_in_empty = Signal()
    focus_changed = Signal(bool)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("composer")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setTabChangesFocus(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.document().setDocumentMargin(0)
        self._composing = False
        self._fits = True

    def fit(self, most_px: int) -> None:
        """Be as high as the text, one line at least, `most_px` at most."""
        least = scaled(34)
        spare = max(0, least - self.fontMetrics().lineSpacing())
        wanted = self._text_height(most_px) + spare
        height = max(least, min(wanted, most_px))
        self.setViewportMargins(0, spare // 2, 0, spare - spare // 2)
        self.setVerticalScrollBarPolicy(
            Qt.ScrollBarPolicy.ScrollBarAsNeeded if wanted > height else Qt.ScrollBarPolicy.ScrollBarAlwaysOff
        )
        self._fits = wanted <= height
        self.setFixedHeight(height)

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._fits:
            # It scrolled for the caret before there was room.
            self.verticalScrollBar().setValue(0)

    def _text_height(self, enough_px: int) -> int:
        """How high the text is; `enough_px` or more where it is higher than that."""
        height = 0.0
        block = self.document().firstBlock()
        while block.isValid() and height < enough_px:
            # Measured block by block: a line with Chinese may be higher than the font's own lines.
            height += self.document().documentLayout().blockBoundingRect(block).height()
            block = block.next()
        return math.ceil(height)

    @override
    def minimumSizeHint(self) -> QSize:
        return QSize(scaled(80), scaled(34))

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        held = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if enter and not held:
            # While an input method composes, Enter chooses its candidate; some platforms deliver it here as well.
            if not self._composing:
                self.submitted.emit()
        elif enter:
            self.textCursor().insertBlock()
            self.ensureCursorVisible()
        elif event.key() == Qt.Key.Key_Up and not held and self.document().isEmpty() and not self._composing:
            self.up_in_empty.emit()
        elif event.key() == Qt.Key.Key_Escape:
            event.ignore()
        else:
            super().keyPressEvent(event)

    @override
    def inputMethodEvent(self, event: QInputMethodEvent) -> None:
        self._composing = bool(event.preeditString())
        super().inputMethodEvent(event)

    @override
    def canInsertFromMimeData(self, source: QMimeData) -> bool:
        # Files are the window's to take.
        return source.hasText() and not source.hasUrls()

    @override
    def insertFromMimeData(self, source: QMimeData) -> None:
        # A selection in another program may end lines like an old Mac or Windows does.
        self.textCursor().insertText(source.text().replace("\r\n", "\n").replace("\r", "\n"))
        self.ensureCursorVisible()

    @override
    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.focus_changed.emit(True)

    @override
    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self._composing = False
        self.focus_changed.emit(False)
