"""A formula on lines of its own."""

from __future__ import annotations

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QTextBlockFormat, QTextCharFormat, QTextCursor
from typing_extensions import override

from desktop.ui.i18n import language, tr
from desktop.ui.transcript.blocks import formula_picture
from desktop.ui.transcript.blocks.block_view import BlockView
from desktop.ui.transcript.blocks.formula_object import EM, InlineFormula
from desktop.ui.transcript.blocks.target import Does, Target
from desktop.ui.transcript.formulas import latex
from desktop.ui.transcript.formulas.typeset import Formula, typeset
from desktop.ui.transcript.text.markdown import plain_text

_AIR = 4
_BAR = 8
_TAG_GAP = 24


class FormulaView(BlockView):
    """A formula in the middle, its tag at the right. One that cannot be set, or has no end yet, is its source.

    The document holds one character, which is the formula.
    """

    _formula: Formula | None = None
    _tag: Formula | None = None

    @property
    def _em(self) -> float:
        return self._style.text_font.pixelSize() * EM

    @override
    def _fill(self) -> None:
        block = self.block
        self._document.setDefaultFont(self._style.text_font)
        if block.closed:
            body, tag = latex.split_tag(block.text)
            self._formula = typeset(body, display=True, language=language())
            self._tag = typeset(rf"\text{{{tag}}}", display=False) if tag else None
        look = QTextCharFormat()
        if self._formula is None:
            look.setForeground(QColor(self._style.tokens.muted))
        else:
            middle = QTextBlockFormat()
            middle.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            QTextCursor(self._document).setBlockFormat(middle)
        self._inline.insert_object(
            QTextCursor(self._document),
            InlineFormula(
                plain_text(block), self._formula, self._style.text_font, self._style.code_font, shrinks=False
            ),
            look,
        )

    @override
    def set_width(self, width: float) -> None:
        if width != self._width:
            super().set_width(width)
            self._document.setTextWidth(max(1.0, self._formula_room))
        self._measure()

    @override
    def targets(self) -> list[Target]:
        if self._formula is None:
            return []
        areas = self.areas(0, 1)
        return [Target(areas[0], tr("Copy LaTeX"), Does.COPY, self.block.text)] if areas else []

    @override
    def target_at(self, point: QPointF) -> Target | None:
        # A click marks the formula, as it does with text. The keyboard and the context menu copy it.
        return None

    @override
    def _content_width(self) -> float:
        if self._formula is None:
            return 0.0
        return self._formula.width * self._em + self._tag_room

    @override
    def _top(self) -> float:
        return self._style.px(_AIR)

    @override
    def _bottom(self) -> float:
        return self._style.px(_AIR + (_BAR if self.scrolls_sideways else 0))

    @property
    def _tag_room(self) -> float:
        return self._tag.width * self._em + self._style.px(_TAG_GAP) if self._tag else 0.0

    @property
    def _formula_room(self) -> float:
        """In which the formula stands in the middle: the whole column, less the tag where the two would meet."""
        room = self.room().width()
        if self._formula is None:
            return room
        width = self._formula.width * self._em
        return room if width + 2 * self._tag_room <= room else max(width, room - self._tag_room)

    @override
    def _draw_ground(self, painter: QPainter) -> None:
        if self._tag is None or self._formula is None:
            return
        colours = self._style.tokens
        right = max(self.room().width(), self._content_width()) + self.room().left() - self._sideways.offset
        painter.save()
        painter.setClipRect(self.room(), Qt.ClipOperation.IntersectClip)
        formula_picture.draw(
            painter,
            self._tag,
            QPointF(right - self._tag.width * self._em, self._baseline()),
            self._em,
            QColor(colours.muted if self._muted else colours.text),
            self._style.text_font,
        )
        painter.restore()
