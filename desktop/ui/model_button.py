"""The button that names the chosen model, shows its loading, and opens the list of models."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QEvent, QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QEnterEvent, QKeySequence, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QMenu, QToolButton, QWidget
from typing_extensions import override

from desktop.hub.model import Model
from desktop.ui import controls
from desktop.ui.colours import Tokens
from desktop.ui.controls import DRESS_CHANGES, IconButton, describe
from desktop.ui.i18n import tr
from desktop.ui.icons import icon
from desktop.ui.library_words import title_of
from desktop.ui.models.choice import ModelState
from desktop.ui.quantities import size
from desktop.ui.theme import RADIUS_CONTROL, scaled, tokens

_LEAST_PX, _MOST_PX = 148, 260
_KEYS = QKeySequence("Ctrl+M")
# More models than fit below the button on a small screen: then those that were used last stand in the menu.
_MOST_IN_MENU, _RECENT_IN_MENU = 12, 8


class ModelButton(QWidget):
    """The button itself, and beside it, while a model is loaded, the button that cancels.

    Signals:
        chosen(str name)
        file_requested(), unload_requested(), cancel_requested()
        library_requested(), discover_requested(), downloads_requested(): a page of the models' window
    """

    chosen = Signal(str)
    file_requested = Signal()
    library_requested = Signal()
    discover_requested = Signal()
    downloads_requested = Signal()
    unload_requested = Signal()
    cancel_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._models: list[Model] = []
        self._current: Model | None = None
        self._state = ModelState.NONE
        self._fraction = 0.0
        self._problem = ""
        self._download_percent = -1
        self._button = _Pill()
        self._cancel = IconButton("cancelLoadButton", "x", box=28, size=14)
        self._cancel.hide()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        row.addWidget(self._button)
        row.addWidget(self._cancel)
        self._button.clicked.connect(self.open_menu)
        self._cancel.clicked.connect(self.cancel_requested)
        self._retranslate()

    def set_models(self, models: list[Model], current: Model | None, state: ModelState, problem: str = "") -> None:
        """Which models there are, which one is chosen and how it is. `problem` words why it could not be loaded."""
        self._models, self._current, self._state, self._problem = models, current, state, problem
        self._cancel.setVisible(state is ModelState.LOADING)
        self._say()

    def set_fraction(self, fraction: float) -> None:
        """How much of the model is loaded, 0 to 1."""
        self._fraction = fraction
        self._say()

    def set_download_percent(self, percent: int) -> None:
        """How far all that is being downloaded is; -1 where nothing is."""
        if percent != self._download_percent:
            self._download_percent = percent
            self._say()

    def open_menu(self) -> QMenu:
        """Show the list of models below the button."""
        menu = self._menu()
        corner = QPoint(self._button.width() - menu.sizeHint().width(), self._button.height() + scaled(4))
        menu.popup(self._button.mapToGlobal(corner))
        return menu

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.LanguageChange:
            self._retranslate()

    def _menu(self) -> QMenu:
        menu = controls.menu(self)
        menu.setObjectName("modelMenu")
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        theme = tokens(self.palette())
        for model in self._listed():
            action = menu.addAction(_row(model), partial(self.chosen.emit, model.name))
            action.setEnabled(model.is_usable)
            if self._current is not None and model.name == self._current.name:
                action.setIcon(icon("check", theme.accent, scaled(16)))
        if len(self._models) > _MOST_IN_MENU:
            words = tr("All {count} models…", count=len(self._models))
            menu.addAction(words, self.library_requested.emit)
        if self._models:
            menu.addSeparator()
        menu.addAction(tr("Get models…"), self.discover_requested.emit)
        if self._download_percent >= 0:
            words = f"{tr('Downloads')}\t{tr('{percent} %', percent=self._download_percent)}"
            menu.addAction(words, self.downloads_requested.emit)
        menu.addAction(f"{tr('Choose a file…')}\t{_native('Ctrl+O')}", self.file_requested.emit)
        menu.addAction(f"{tr('Manage models…')}\t{_native('Ctrl+Shift+M')}", self.library_requested.emit)
        if self._state is ModelState.READY:
            menu.addAction(tr("Unload, to free its memory"), self.unload_requested.emit)
        return menu

    def _listed(self) -> list[Model]:
        """All models; of many, those that were used last, and the chosen one among them."""
        if len(self._models) <= _MOST_IN_MENU:
            return self._models
        chosen = self._current.name if self._current is not None else ""
        by_use = sorted(self._models, key=lambda model: (model.name != chosen, -(model.last_used_at or 0)))
        recent = {model.name for model in by_use[:_RECENT_IN_MENU]}
        return [model for model in self._models if model.name in recent]

    def _say(self) -> None:
        name = title_of(self._current) if self._current else tr("Choose a model")
        percent = f"{self._fraction:.0%}"
        words = {
            ModelState.NONE: tr("No model is chosen"),
            ModelState.IDLE: tr("It is loaded when you ask something"),
            ModelState.LOADING: tr("Loading… {percent}", percent=percent),
            ModelState.READY: tr("Loaded"),
            ModelState.FAILED: self._problem or tr("It could not be loaded"),
        }[self._state]
        detail = percent if self._state is ModelState.LOADING else ""
        if self._download_percent >= 0:
            words = tr("{state}. Downloading: {percent} %", state=words, percent=self._download_percent)
        self._button.show_state(name, detail, self._state, self._fraction)
        self._button.show_download(self._download_percent)
        describe(self._button, tr("Model: {name}. {state}", name=name, state=words), _KEYS)

    def _retranslate(self) -> None:
        describe(self._cancel, tr("Cancel loading"))
        self._say()


def _native(keys: str) -> str:
    return QKeySequence(keys).toString(QKeySequence.SequenceFormat.NativeText)


def _row(model: Model) -> str:
    """The model's line in the menu; what follows the tab stands at the right."""
    if model.missing:
        return f"{title_of(model)}\t{tr('File is missing')}"
    if model.flaw is not None:
        return f"{title_of(model)}\t{tr('Cannot be used')}"
    if model.is_starter:
        return f"{title_of(model)}\t{tr('tiny, {size}', size=size(model.size_bytes))}"
    return f"{title_of(model)}\t{size(model.size_bytes)}"


class _Pill(QToolButton):
    """Paints the state's dot, the name, the progress and an arrow."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("modelButton")
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._name, self._detail = "", ""
        self._state = ModelState.NONE
        self._fraction = 0.0
        self._download_percent = -1
        self._hovered = False

    def show_state(self, name: str, detail: str, state: ModelState, fraction: float) -> None:
        """`detail` stands behind the name; `fraction` fills the ground while the model is loaded."""
        if (name, detail) != (self._name, self._detail):
            self.updateGeometry()
        self._name, self._detail, self._state, self._fraction = name, detail, state, fraction
        self.update()

    def show_download(self, percent: int) -> None:
        """A line along the lower edge is `percent` of the way; there is none where that is less than nothing."""
        self._download_percent = percent
        self.update()

    @override
    def sizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        width = metrics.horizontalAdvance(self._name) + scaled(12 + 8 + 10 + 6 + 16 + 10 + 4)
        if self._detail:
            # Room for the widest number, so that the button does not jitter while it counts.
            width += scaled(8) + metrics.horizontalAdvance("100%")
        return QSize(min(width, scaled(_MOST_PX)), scaled(32))

    @override
    def minimumSizeHint(self) -> QSize:
        return QSize(min(self.sizeHint().width(), scaled(_LEAST_PX)), scaled(32))

    @override
    def enterEvent(self, event: QEnterEvent) -> None:
        self._hovered = True
        super().enterEvent(event)

    @override
    def leaveEvent(self, event: QEvent) -> None:
        self._hovered = False
        super().leaveEvent(event)

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in DRESS_CHANGES:
            self.updateGeometry()

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        theme = tokens(self.palette())
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        shape = QPainterPath()
        shape.addRoundedRect(area, scaled(RADIUS_CONTROL), scaled(RADIUS_CONTROL))
        painter.fillPath(shape, QColor(theme.hover if self._hovered or self.isDown() else theme.bg))
        if self._state is ModelState.LOADING:
            painter.save()
            painter.setClipPath(shape)
            painter.fillRect(
                QRectF(area.left(), area.top(), area.width() * self._fraction, area.height()), _tint(theme)
            )
            painter.restore()
        if self._download_percent >= 0:
            # At least a dot of it: that there is a download is said from the first byte on.
            done = max(scaled(8), area.width() * self._download_percent / 100)
            painter.save()
            painter.setClipPath(shape)
            painter.fillRect(QRectF(area.left(), area.bottom() - scaled(3), done, scaled(3)), QColor(theme.accent))
            painter.restore()
        if self.hasFocus():
            painter.strokePath(shape, QPen(QColor(theme.accent), scaled(2)))
        else:
            painter.strokePath(shape, QPen(QColor(theme.line), 1))
        self._paint_dot(painter, theme)
        self._paint_words(painter, theme)

    def _paint_dot(self, painter: QPainter, theme: Tokens) -> None:
        size = scaled(8)
        dot = QRectF(scaled(12), (self.height() - size) / 2, size, size)
        if self._state is ModelState.FAILED:
            # A sign of its own: colour alone says nothing to some.
            side = scaled(14)
            sign = icon("triangle-alert", theme.danger, side)
            sign.paint(painter, scaled(9), (self.height() - side) // 2, side, side)
            return
        hollow = self._state in (ModelState.NONE, ModelState.IDLE)
        colour = {ModelState.READY: theme.ok, ModelState.LOADING: theme.accent}.get(self._state, theme.muted)
        painter.setPen(QPen(QColor(colour), scaled(1.5)))
        painter.setBrush(Qt.BrushStyle.NoBrush if hollow else QColor(colour))
        painter.drawEllipse(dot)

    def _paint_words(self, painter: QPainter, theme: Tokens) -> None:
        metrics, arrow = self.fontMetrics(), scaled(16)
        left, right = scaled(12 + 8 + 10), self.width() - scaled(10) - arrow
        icon("chevron-down", theme.muted, arrow).paint(painter, right, (self.height() - arrow) // 2, arrow, arrow)
        right -= scaled(6)
        middle = Qt.AlignmentFlag.AlignVCenter
        if self._detail:
            painter.setPen(QColor(theme.muted))
            painter.drawText(
                QRectF(left, 0, right - left, self.height()), middle | Qt.AlignmentFlag.AlignRight, self._detail
            )
            right -= metrics.horizontalAdvance("100%") + scaled(8)
        painter.setPen(QColor(theme.text))
        name = metrics.elidedText(self._name, Qt.TextElideMode.ElideMiddle, int(right - left))
        painter.drawText(QRectF(left, 0, right - left, self.height()), middle | Qt.AlignmentFlag.AlignLeft, name)


def _tint(theme: Tokens) -> QColor:
    return QColor(theme.selection)
