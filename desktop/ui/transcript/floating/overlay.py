"""The real widgets that float over the painted transcript: actions, Retry, the way to the end."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QObject, QPoint, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QToolButton, QWidget

from desktop.ui.i18n import tr
from desktop.ui.icons import icon
from desktop.ui.transcript.column import Column
from desktop.ui.transcript.floating.action_bar import ActionBar
from desktop.ui.transcript.floating.notice_buttons import NoticeButtons
from desktop.ui.transcript.message.branch_counter import OVERHANG
from desktop.ui.transcript.row import Row
from desktop.ui.transcript.style import Style


@dataclass(frozen=True, slots=True)
class Scene:
    """What the overlay is placed by: the column's corner in the viewport, the rows in sight, the chosen rows."""

    column: Column
    corner: QPoint
    in_sight: range
    hovered: int | None
    focused: int | None


class Overlay(QObject):
    """Keeps the widgets in their places, and says by row what was asked for.

    Signals:
        copy_requested(row: int), edit_requested(row: int), regenerate_requested(row: int),
        several_requested(row: int, corner: QPoint), continue_requested(row: int), retry_requested(row: int),
        compare_requested(row: int), branch_requested(row: int, step: int)
        summary_requested(row: int), overflow_chosen(row: int, overflow: Overflow)
        end_requested(): to the end of the chat
        focus_left(): a button has lost the focus
    """

    copy_requested = Signal(int)
    edit_requested = Signal(int)
    regenerate_requested = Signal(int)
    several_requested = Signal(int, QPoint)
    compare_requested = Signal(int)
    continue_requested = Signal(int)
    retry_requested = Signal(int)
    branch_requested = Signal(int, int)
    summary_requested = Signal(int)
    overflow_chosen = Signal(int, object)
    end_requested = Signal()
    focus_left = Signal()

    def __init__(self, viewport: QWidget) -> None:
        super().__init__(viewport)
        self._viewport = viewport
        self._rows: dict[ActionBar, int] = {}
        self._shown: dict[ActionBar, Row | None] = {}
        self._notice_buttons = NoticeButtons(viewport)
        self._notice_buttons.retry_requested.connect(self.retry_requested)
        self._notice_buttons.continue_requested.connect(self.continue_requested)
        self._notice_buttons.summary_requested.connect(self.summary_requested)
        self._notice_buttons.overflow_chosen.connect(self.overflow_chosen)
        self._style: Style | None = None
        self._has_new = False
        self.hover_bar = self._bar("hoverActions", Qt.FocusPolicy.NoFocus)
        self.focus_bar = self._bar("focusActions", Qt.FocusPolicy.StrongFocus)
        self.jump = QToolButton(viewport)
        self.jump.setObjectName("jumpToEnd")
        self.jump.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # by keyboard: End
        self.jump.setCursor(Qt.CursorShape.ArrowCursor)
        self.jump.clicked.connect(self.end_requested)
        self.jump.hide()

    def restyle(self, style: Style) -> None:
        """Look as `style` says, and speak the language that is spoken now."""
        self._style = style
        for bar in (self.hover_bar, self.focus_bar):
            bar.restyle(style)
            self._shown[bar] = None
        self._notice_buttons.restyle(style)
        self._dress_jump(style)

    def _dress_jump(self, style: Style) -> None:
        size = style.px(36)
        colours = style.tokens
        self.jump.setIcon(icon("arrow-down", colours.text, style.px(18)))
        self.jump.setIconSize(QSize(style.px(18), style.px(18)))
        self.jump.setStyleSheet(
            f"QToolButton {{ background: {colours.surface}; border: 1px solid {colours.line};"
            f" border-radius: {size // 2}px; padding: 0 {style.px(12) if self._has_new else 0}px; }}"
            f"QToolButton:hover {{ border-color: {colours.muted}; }}"
        )
        words = tr("New text") if self._has_new else ""
        beside = Qt.ToolButtonStyle.ToolButtonTextBesideIcon
        self.jump.setToolButtonStyle(beside if words else Qt.ToolButtonStyle.ToolButtonIconOnly)
        self.jump.setText(words)
        self.jump.setFont(style.text_font)
        width = QFontMetrics(style.text_font).horizontalAdvance(words) + style.px(18 + 34) if words else size
        self.jump.setFixedSize(width, size)
        self.jump.setAccessibleName(tr("New text: to the end") if words else tr("To the end"))
        self.jump.setToolTip(tr("{action} ({key})", action=tr("To the end"), key="End"))

    def place(self, scene: Scene, *, show_jump: bool, has_new: bool = False) -> None:
        """Put everything where it belongs now. The way to the end says so where `has_new` text came below."""
        if has_new != self._has_new:
            self._has_new = has_new
            self._dress_jump(self._styled)
        focused = scene.focused
        self._place_bar(self.focus_bar, scene, focused)
        self._place_bar(self.hover_bar, scene, scene.hovered if scene.hovered != focused else None)
        self._notice_buttons.place(scene.column, scene.corner, scene.in_sight)
        self.jump.setVisible(show_jump)
        if show_jump:
            margin = self._styled.px(16)
            x = (self._viewport.width() - self.jump.width()) // 2
            self.jump.move(x, self._viewport.height() - self.jump.height() - margin)
            self.jump.raise_()

    def several_corner(self, otherwise: QPoint) -> QPoint:
        """Where the menu of how many belongs for the chosen message; `otherwise` while its button is out of sight."""
        bar = self.focus_bar
        in_sight = bar.isVisible() and self._viewport.rect().contains(bar.geometry())
        return bar.several_corner() if in_sight else otherwise

    def confirm_copied(self, row: int, *, confirmed: bool) -> None:
        """Show on `row` that it was copied, or no more."""
        for bar, shown in self._rows.items():
            bar.set_confirmed(confirmed and shown == row, self._styled)

    @property
    def _styled(self) -> Style:
        if self._style is None:
            raise RuntimeError("restyle comes first")
        return self._style

    def _bar(self, name: str, focus: Qt.FocusPolicy) -> ActionBar:
        bar = ActionBar(name, focus, self._viewport)
        self._rows[bar] = -1
        self._shown[bar] = None
        bar.copy_requested.connect(lambda: self.copy_requested.emit(self._rows[bar]))
        bar.edit_requested.connect(lambda: self.edit_requested.emit(self._rows[bar]))
        bar.regenerate_requested.connect(lambda: self.regenerate_requested.emit(self._rows[bar]))
        bar.several_requested.connect(lambda corner: self.several_requested.emit(self._rows[bar], corner))
        bar.compare_requested.connect(lambda: self.compare_requested.emit(self._rows[bar]))
        bar.continue_requested.connect(lambda: self.continue_requested.emit(self._rows[bar]))
        bar.branch_requested.connect(lambda step: self.branch_requested.emit(self._rows[bar], step))
        bar.focus_left.connect(self.focus_left)
        return bar

    def _place_bar(self, bar: ActionBar, scene: Scene, row: int | None) -> None:
        if row is None or row not in scene.in_sight:
            bar.hide()
            return
        if self._rows[bar] != row:
            bar.set_confirmed(False, self._styled)
        self._rows[bar] = row
        shown = scene.column.rows[row]
        if self._shown[bar] is not shown:
            self._shown[bar] = shown
            bar.show_row(shown)
        area = scene.column.view(row).actions
        px = self._styled.px
        # The icons, not their buttons' edges, stand flush with the text.
        overhang = px(OVERHANG)
        left = 0 if bar.is_at_right else -overhang
        corner = scene.corner + QPoint(left, round(scene.column.top(row) + area.top()))
        bar.setGeometry(corner.x(), corner.y(), round(area.width()) + overhang, round(area.height()))
        bar.show()
