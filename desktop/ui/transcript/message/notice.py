"""The line under a message's text: why an answer ended early, what was left out, with room for its buttons."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainter

from desktop.ui.icons import icon
from desktop.ui.transcript.flow import Flow
from desktop.ui.transcript.message import notice_deeds
from desktop.ui.transcript.row import Row
from desktop.ui.transcript.style import Style

_ABOVE, _INDENT = 8, 24
_ABOVE_BUTTONS = 10


class Notice:
    """The notice of `row` in a column of `width` pixels. Where there is none, it takes no room."""

    def __init__(self, row: Row, style: Style, width: float) -> None:
        self._row = row
        self._style = style
        self._width = width
        self._flow = Flow(style, self._room(width), muted=not row.is_error, plain=True)
        self._flow.set_text(row.notice)

    @property
    def height(self) -> float:
        """Of the words and the room for buttons."""
        if not self._row.notice:
            return 0.0
        return self._buttons_top + notice_deeds.height(self._row, self._style, self._room(self._width))

    @property
    def buttons(self) -> QRectF | None:
        """The room of the buttons."""
        if not self._has_buttons:
            return None
        return QRectF(self._left, self._buttons_top, self._room(self._width), self.height - self._buttons_top)

    def restyle(self, style: Style) -> None:
        """Draw with `style`, which has other colours and the same measures."""
        self._style = style
        self._flow.restyle(style)

    def set_width(self, width: float) -> None:
        """Lay out for a column of `width` pixels."""
        self._width = width
        self._flow.set_width(self._room(width))

    def realise(self, bottom: float) -> bool:
        """Lay out what lies above a height. True if the notice's height changed by that."""
        return self._flow.realise(0, bottom)

    def draw(self, painter: QPainter) -> None:
        """Paint at the painter's origin."""
        if not self._row.notice:
            return
        px = self._style.px
        if self._row.is_error:
            size = px(16)
            icon("triangle-alert", self._style.tokens.danger, size).paint(painter, 0, px(_ABOVE + 4), size, size)
        painter.save()
        painter.translate(QPointF(self._left, px(_ABOVE)))
        self._flow.draw(painter, 0, self._flow.height)
        painter.restore()

    @property
    def _has_buttons(self) -> bool:
        return bool(notice_deeds.deeds_of(self._row))

    @property
    def _buttons_top(self) -> float:
        px = self._style.px
        return px(_ABOVE) + self._flow.height + (px(_ABOVE_BUTTONS) if self._has_buttons else 0)

    @property
    def _left(self) -> int:
        return self._style.px(_INDENT) if self._row.is_error else 0

    def _room(self, width: float) -> float:
        return max(1.0, width - self._left)
