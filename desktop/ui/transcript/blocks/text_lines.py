"""The lines that a document is laid out in: where the text between two positions stands, and lines one by one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from PySide6.QtCore import QPointF
from PySide6.QtGui import QPainter, QTextDocument, QTextLine

Stretch = tuple[QTextLine, float, float, float]
"""A line and what of it is meant: from left to right, and its baseline."""


def lines_between(document: QTextDocument, start: int, end: int) -> Iterator[Stretch]:
    """The lines between two positions."""
    layout_of = document.documentLayout()
    block = document.findBlock(start)
    while block.isValid() and block.position() < end:
        layout = block.layout()
        corner = layout_of.blockBoundingRect(block).topLeft()
        from_start = layout.lineForTextPosition(max(0, start - block.position()))
        for index in range(from_start.lineNumber() if from_start.isValid() else 0, layout.lineCount()):
            line = layout.lineAt(index)
            first = max(start - block.position(), line.textStart())
            last = min(end - block.position(), line.textStart() + line.textLength())
            if line.textStart() >= end - block.position():
                break
            if first < last:
                edges = sorted((caret_x(line, first), caret_x(line, last)))
                baseline = corner.y() + line.y() + line.ascent()
                yield line, corner.x() + edges[0], corner.x() + edges[1], baseline
        block = block.next()


def line_bottoms(document: QTextDocument) -> list[float]:
    """Where each line ends, from the document's upper edge."""
    return [corner.y() + line.y() + line.height() for line, corner in _all(document)]


def draw_lines(painter: QPainter, document: QTextDocument) -> None:
    """Paint the lines of this page. Qt would paint one of the page before, and a search find it on both."""
    whole = document.documentLayout().frameBoundingRect(document.rootFrame())
    seen = painter.clipBoundingRect() if painter.hasClipping() else whole
    for line, corner in _all(document):
        if seen.top() <= corner.y() + line.y() + line.height() / 2 < seen.bottom():
            line.draw(painter, corner)


def caret_x(line: Any, position: int) -> float:
    """The x of a caret in a QTextLine; PySide's cursorToX returns the position too."""
    found = line.cursorToX(position)
    return float(found[0] if isinstance(found, tuple) else found)


def _all(document: QTextDocument) -> Iterator[tuple[QTextLine, QPointF]]:
    """Each line, and the corner that its place counts from."""
    block = document.begin()
    while block.isValid():
        layout, corner = block.layout(), document.documentLayout().blockBoundingRect(block).topLeft()
        for index in range(layout.lineCount()):
            yield layout.lineAt(index), corner
        block = block.next()
