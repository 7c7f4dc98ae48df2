"""A diagram: drawn, or its source."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QGuiApplication, QPainter
from typing_extensions import override

from desktop.ui.i18n import tr
from desktop.ui.transcript.blocks.code_view import CodeView
from desktop.ui.transcript.blocks.target import Does, Target
from desktop.ui.transcript.code.languages import is_diagram
from desktop.ui.transcript.diagrams.service import Picture
from desktop.ui.transcript.diagrams.wire import Fault, Why
from desktop.ui.transcript.style import Style
from desktop.ui.transcript.text.markdown import Block, Kind

_LEAST_SCALE = 0.7
"""A diagram that is wider than its room is drawn smaller down to this: its texts can still be read. Then it scrolls."""
PAPER_SCALE = 3.0
"""Pixels to a unit on paper: 288 dots an inch."""
_STEPS = 20
"""So many sizes are drawn between none and full: a window that is being resized does not ask for each."""


def may_be_diagram(block: Block, style: Style) -> bool:
    """Whether `block` is a diagram and there is somebody to draw it."""
    return style.diagrams is not None and block.kind is Kind.CODE and is_diagram(block.language)


class DiagramView(CodeView):
    """Shows the source until there is a picture, and where there is none. Selected and copied is always the source."""

    _picture: Picture | None = None

    @override
    def grow(self, block: Block) -> bool:
        # A whole one is shown by another view: this one has been laid out without a picture.
        return block == self.block or (not _is_whole(block) and super().grow(block))

    @override
    def change(self, does: Does) -> None:
        super().change(does)
        self._state.widest = self._state.scrolled = 0.0

    @override
    def targets(self) -> list[Target]:
        found = super().targets()
        if not self._has or not found:
            return found
        size = found[-1].area.size()
        if not self._shows_picture:
            area = QRectF(found[0].area.topLeft() - QPointF(size.width(), 0), size)
            return [Target(area, tr("Show diagram"), Does.SHOW_SOURCE), *found]
        svg = self._picture.svg if self._picture is not None else ""
        wanted = (
            Target(QRectF(), tr("Show source"), Does.SHOW_SOURCE),
            Target(QRectF(), tr("Save as SVG…"), Does.SAVE, svg, "svg"),
            Target(QRectF(), tr("Copy source"), Does.COPY, self.block.text, self.block.language),
        )
        places = [target.area for target in found[-len(wanted) :]]
        return [replace(target, area=area) for target, area in zip(wanted, places, strict=True)]

    @override
    def draw(self, painter: QPainter, selection: tuple[int, int] | None = None) -> None:
        picture = self._picture
        if picture is None or not self._shows_picture:
            super().draw(painter, selection)
            return
        self._markers.draw(painter, self.height, self._baseline())
        self._draw_ground(painter)
        area = self._area()
        painter.save()
        painter.setClipRect(self.room().adjusted(1, 0, -1, 0), Qt.ClipOperation.IntersectClip)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(area, picture.image)
        if selection is not None and selection[0] < selection[1]:
            painter.fillRect(area, QColor(self._style.tokens.selection))
        painter.restore()
        self._sideways.draw_bar(painter, self._bar())

    # The picture is one thing: before it or behind it there is a place for the caret, not in it.

    @override
    def position_at(self, point: QPointF) -> int:
        if not self._shows_picture:
            return super().position_at(point)
        return 0 if point.x() < self._area().center().x() else self.length

    @override
    def word_at(self, position: int) -> tuple[int, int]:
        return (0, self.length) if self._shows_picture else super().word_at(position)

    @override
    def caret_area(self, position: int) -> QRectF:
        if not self._shows_picture:
            return super().caret_area(position)
        area = self._area()
        return QRectF(area.left() if position == 0 else area.right(), area.top(), 0, area.height())

    @override
    def areas(self, start: int, end: int) -> list[QRectF]:
        return [self._area() & self.room()] if self._shows_picture else super().areas(start, end)

    @override
    def breaks(self) -> list[float]:
        return [] if self._shows_picture else super().breaks()

    @override
    def _bottom(self) -> float:
        return super()._bottom() + (self._style.px(24) if self._complaint() else 0)

    @override
    def _content_width(self) -> float:
        if not self._shows_picture:
            return super()._content_width()
        return self._area().width() + 2 * self._margin

    @override
    def _measure(self) -> None:
        self._find_picture()
        if not self._shows_picture:
            super()._measure()
            return
        self._state.widest = 0.0
        self._sideways.fit(self.room().width(), self._content_width())
        self.height = self._top() + self._area().height() + self._bottom()

    @override
    def _draw_ground(self, painter: QPainter) -> None:
        super()._draw_ground(painter)
        complaint = self._complaint()
        if not complaint:
            return
        px = self._style.px
        line = QRectF(self.left + px(16), self.height - px(34), self._width - self.left - px(32), px(24))
        font = self._style.small_font_for(complaint)
        painter.setFont(font)
        painter.setPen(QColor(self._style.tokens.muted))
        said = QFontMetricsF(font).elidedText(complaint, Qt.TextElideMode.ElideRight, line.width())
        painter.drawText(line, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, said)

    @override
    def _draw_lines(self, painter: QPainter) -> None:
        if not self._shows_picture:
            super()._draw_lines(painter)

    @property
    def _margin(self) -> int:
        return self._style.px(16)

    @property
    def _has(self) -> bool:
        return self._picture is not None and not self._picture.image.isNull()

    @property
    def _shows_picture(self) -> bool:
        return self._has and not self._state.shows_source

    def _find_picture(self) -> None:
        diagrams = self._style.diagrams
        if diagrams is None or not _is_whole(self.block):
            return
        dark, zoom = self._style.tokens.dark, self._style.zoom
        if self._style.on_paper:
            self._picture = diagrams.wait_for(self.block.text, dark, PAPER_SCALE)
        else:
            dots = zoom * max((screen.devicePixelRatio() for screen in QGuiApplication.screens()), default=1.0)
            self._picture = diagrams.picture(self.block.text, dark, dots)
            if self._has and self._fitting() < 1:
                # Drawn for the size at which it is shown: small text stays sharp.
                self._picture = diagrams.picture(self.block.text, dark, dots * self._fitting())

    def _fitting(self) -> float:
        """How much smaller the picture is drawn than it is, for its room."""
        picture = self._picture
        room = self.room().width() - 2 * self._margin
        if picture is None or not picture.width:
            return 1.0
        share = min(1.0, room / (picture.width * self._style.zoom))
        if self._style.on_paper:
            # Nothing scrolls, and a picture is on one page.
            most = self._style.page_height - self._top() - self._bottom()
            return min(share, most / (picture.height * self._style.zoom))
        return share if share == 1 else max(_LEAST_SCALE, int(share * _STEPS) / _STEPS)

    def _area(self) -> QRectF:
        """Where the picture is, scrolled sideways as it is."""
        picture = self._picture
        if picture is None:
            return QRectF()
        scale = self._style.zoom * self._fitting()
        width, height = picture.width * scale, picture.height * scale
        free = max(0.0, self.room().width() - 2 * self._margin - width)
        x = self.room().left() + self._margin + free / 2 - self._sideways.offset
        return QRectF(round(x), self._top(), width, height)

    def _complaint(self) -> str:
        return _words(self._picture.fault) if self._picture is not None and self._picture.fault is not None else ""


def _is_whole(block: Block) -> bool:
    """Not what still grows, nor what was cut for its length."""
    return block.closed and block.first and block.last


def _words(fault: Fault) -> str:
    match fault.why:
        case Why.SYNTAX if fault.line:
            said = tr("Line {line} of this diagram is not understood.", line=fault.line)
        case Why.SYNTAX:
            said = tr("This diagram is not understood.")
        case Why.LARGE:
            said = tr("This diagram is too large to be drawn.")
        case Why.SLOW:
            said = tr("This diagram takes too long to draw.")
        case Why.CRASH:
            said = tr("This diagram could not be drawn.")
        case Why.MISSING:
            said = ""
    return said
