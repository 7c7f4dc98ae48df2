"""What can be done with a message: a row of small buttons below it, and what the answer cost."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPoint, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPalette, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QWidget
from typing_extensions import override

from desktop.chat.message import Role, State
from desktop.ui.i18n import tr
from desktop.ui.icons import icon
from desktop.ui.transcript.message import branch_counter
from desktop.ui.transcript.message.branch_counter import BUTTON_HEIGHT, BUTTON_WIDTH, GAP
from desktop.ui.transcript.row import Row
from desktop.ui.transcript.style import Style
from desktop.ui.transcript.words import speaker, statistics_lines, when


class ActionBar(QWidget):
    """The actions of one message at a time.

    Signals:
        copy_requested(), edit_requested(), regenerate_requested(), continue_requested(), compare_requested()
        several_requested(corner: QPoint): where the menu of how many belongs, on the screen
        branch_requested(step: int)
        focus_came(): a button has the focus
        focus_left(): a button has lost the focus
    """

    copy_requested = Signal()
    edit_requested = Signal()
    regenerate_requested = Signal()
    several_requested = Signal(QPoint)
    compare_requested = Signal()
    continue_requested = Signal()
    branch_requested = Signal(int)
    focus_came = Signal()
    focus_left = Signal()

    def __init__(self, name: str, focus: Qt.FocusPolicy, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.is_at_right = False
        self._focus = focus
        self._buttons: list[tuple[QToolButton, str]] = []
        self._previous = self._button("previousBranch", "chevron-left")
        self._position = QLabel(self, alignment=Qt.AlignmentFlag.AlignCenter)
        self._next = self._button("nextBranch", "chevron-right")
        self._copy = self._button("copyMessage", "copy")
        self._edit = self._button("editMessage", "pencil")
        self._regenerate = self._button("regenerateAnswer", "refresh-cw")
        self._several = self._button("trySeveral", "layers")
        self._compare = self._button("compareVersions", "columns-3")
        self._continue = self._button("continueAnswer", "step-forward")
        self._said = QLabel(self)
        self._said.setObjectName("said")
        self._statistics = QLabel(self)
        self._statistics.setObjectName("statistics")
        self._lines: tuple[str, ...] = ()
        """Of the statistics, the longer one first."""
        self._row_layout = QHBoxLayout(self)
        self._row_layout.setContentsMargins(0, 0, 0, 0)
        # It covers the counter that is painted where its own stands.
        self.setAutoFillBackground(True)
        self.setBackgroundRole(QPalette.ColorRole.Window)
        self._style: Style | None = None
        self._previous.clicked.connect(lambda: self.branch_requested.emit(-1))
        self._next.clicked.connect(lambda: self.branch_requested.emit(1))
        self._copy.clicked.connect(self.copy_requested)
        self._edit.clicked.connect(self.edit_requested)
        self._regenerate.clicked.connect(self.regenerate_requested)
        self._several.clicked.connect(self._ask_how_many)
        self._compare.clicked.connect(self.compare_requested)
        self._continue.clicked.connect(self.continue_requested)
        self.hide()

    def show_row(self, row: Row) -> None:
        """Offer what can be done with `row`."""
        message = row.message
        is_answer = message.role is Role.ASSISTANT
        is_done = message.state is not State.STREAMING
        self._arrange(at_right=not is_answer)
        self._copy.setVisible(bool(message.text))
        self._edit.setVisible(is_done)
        self._regenerate.setVisible(is_answer and is_done)
        self._several.setVisible(is_done)
        self._compare.setVisible(is_answer and row.branches > 1)
        self._continue.setVisible(is_done and row.can_continue)
        for widget in (self._previous, self._position, self._next):
            widget.setVisible(row.branches > 1)
        self._previous.setEnabled(row.branch > 0)
        self._next.setEnabled(row.branch + 1 < row.branches)
        self._position.setText(branch_counter.position(row))
        if self._style is not None:
            self._position.setFixedWidth(branch_counter.position_width(row, self._style))
        # Over an answer it stands in the answer's first line.
        self._said.setText("" if is_answer else f"{speaker(row)} · {when(row)}")
        self._said.setVisible(not is_answer)
        told = message.statistics if is_answer else None
        self._lines = statistics_lines(told) if told is not None else ()
        self._fit_statistics()

    def set_confirmed(self, confirmed: bool, style: Style) -> None:
        """Show a tick on the copy button: copied."""
        self._copy.setIcon(icon("check" if confirmed else "copy", style.tokens.muted, style.px(16)))

    def restyle(self, style: Style) -> None:
        """Look as `style` says, and speak the language that is spoken now."""
        for button, icon_name in self._buttons:
            button.setIcon(icon(icon_name, style.tokens.muted, style.px(16)))
            button.setIconSize(QSize(style.px(16), style.px(16)))
            button.setFixedSize(style.px(BUTTON_WIDTH), style.px(BUTTON_HEIGHT))
        self._style = style
        self._row_layout.setSpacing(style.px(GAP))
        self._said.setContentsMargins(0, 0, style.px(6), 0)
        for label in (self._said, self._position, self._statistics):
            label.setFont(style.small_font)
            label.setStyleSheet(f"color: {style.tokens.muted}; font-size: {style.px(12)}px;")
        self.setStyleSheet(
            f"QToolButton {{ padding: 0; border: 2px solid transparent; border-radius: {style.px(6)}px; }}"
            f"QToolButton:hover {{ background: {style.tokens.hover}; }}"
            f"QToolButton:focus {{ border-color: {style.tokens.accent}; }}"
        )
        self._name(self._previous, tr("Previous version"), "←")
        self._name(self._next, tr("Next version"), "→")
        self._name(self._copy, tr("Copy message"), "C")
        self._name(self._edit, tr("Edit"), "E")
        self._name(self._regenerate, tr("Answer again"), "R")
        self._name(self._several, tr("Try several answers"), "T")
        self._name(self._compare, tr("Compare the versions"), "V")
        self._name(self._continue, tr("Continue the answer"), "")
        self._statistics.setToolTip(tr("Speed · time to first token · length of the answer"))

    def focus_first(self) -> None:
        """Move the focus to the first button."""
        for button, _ in self._ordered():
            if button.isVisible() and button.isEnabled():
                button.setFocus(Qt.FocusReason.TabFocusReason)
                return

    def has_focus(self) -> bool:
        """Whether one of the buttons has the focus."""
        return any(button.hasFocus() for button, _ in self._buttons)

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.FocusIn:
            self.focus_came.emit()
        elif event.type() == QEvent.Type.FocusOut:
            self.focus_left.emit()
        elif isinstance(event, QKeyEvent) and isinstance(watched, QToolButton) and _is_enter(event):
            # Where the platform presses buttons by Space alone, Enter would go on to the transcript.
            watched.click()
            return True
        return super().eventFilter(watched, event)

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_statistics()

    def _arrange(self, *, at_right: bool) -> None:
        """Put everything in its order: the counter stands where it is painted, at the outer edge."""
        if at_right == self.is_at_right and self._row_layout.count():
            return
        self.is_at_right = at_right
        while self._row_layout.count():
            self._row_layout.takeAt(0)
        counter = (self._previous, self._position, self._next)
        buttons = (self._copy, self._edit, self._regenerate, self._several, self._compare, self._continue)
        if at_right:
            self._row_layout.addStretch()
        for widget in (self._said, *buttons, *counter) if at_right else (*counter, *buttons):
            self._row_layout.addWidget(widget)
        if not at_right:
            self._row_layout.addStretch()
            self._row_layout.addWidget(self._statistics)

    def several_corner(self) -> QPoint:
        """Where the menu of how many belongs, on the screen."""
        return self._several.mapToGlobal(self._several.rect().bottomLeft())

    def _ask_how_many(self) -> None:
        self.several_requested.emit(self.several_corner())

    def _fit_statistics(self) -> None:
        """Show the statistics where they fit beside the buttons, as many of them as do."""
        self._statistics.hide()
        room = self.width() - self._row_layout.minimumSize().width() - self._row_layout.spacing()
        for line in self._lines:
            self._statistics.setText(line)
            if self._statistics.sizeHint().width() <= room:
                self._statistics.show()
                return

    def _ordered(self) -> list[tuple[QToolButton, str]]:
        return sorted(self._buttons, key=lambda pair: self._row_layout.indexOf(pair[0]))

    def _button(self, name: str, icon_name: str) -> QToolButton:
        button = QToolButton(self)
        button.setObjectName(name)
        button.setAutoRaise(True)
        button.setFocusPolicy(self._focus)
        button.setCursor(Qt.CursorShape.ArrowCursor)
        button.installEventFilter(self)
        self._buttons.append((button, icon_name))
        return button

    def _name(self, button: QToolButton, name: str, key: str) -> None:
        button.setAccessibleName(name)
        button.setToolTip(tr("{action} ({key})", action=name, key=key) if key else name)


def _is_enter(event: QKeyEvent) -> bool:
    return event.type() == QEvent.Type.KeyPress and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
