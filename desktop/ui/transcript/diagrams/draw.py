"""Draws one diagram: Mermaid in, a plain SVG and its pixels out. Runs in the diagrams' own process only."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache, partial

import merman
from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QPointF, QRectF, QSize
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QImageWriter, QPainter, QTransform
from PySide6.QtSvg import QSvgRenderer

from desktop.ui.transcript.diagrams.flatten import CannotDraw, flatten
from desktop.ui.transcript.diagrams.lines import Measure, is_bold
from desktop.ui.transcript.diagrams.paint import contrast
from desktop.ui.transcript.diagrams.plain import Drawing, Text

MAX_PIXELS = 16_000_000
_MAX_SIDE = 32_000
"""QImage and its painter are sure about coordinates up to here."""
_READABLE = 4.5
"""The contrast of text that WCAG AA asks for."""

_DIRECTIVE = re.compile(r"%%\{.*?\}%%", re.DOTALL)
_FRONT_MATTER = re.compile(r"\A\s*---[^\S\n]*\n(.*?)\n[^\S\n]*---[^\S\n]*(?:\n|\Z)", re.DOTALL)
_SVG_LINE = 1.1
"""Of a line in an SVG text, in its size."""

_MAX_WORK = 2_000_000
"""About 100 nodes and 150 edges; what takes long nevertheless is ended from outside."""
_FLOWCHART = {"wrappingWidth": 200, "subGraphTitleMargin": {"top": 4, "bottom": 10}}
_GANTT = {"useWidth": 680, "fontSize": 13, "sectionFontSize": 13, "barHeight": 24, "barGap": 6}

_Operation = merman.MermanTextMeasurementOperation
_Result = merman.MermanTextMeasurementResultKind


def own_look_removed(source: str) -> str:
    """`source` without the author's settings, of the same number of lines: the look is the interface's."""

    def blank(match: re.Match[str]) -> str:
        return "\n" * match[0].count("\n")

    def title_only(match: re.Match[str]) -> str:
        titles = [line for line in match[1].split("\n") if line.startswith("title:")]
        return "\n".join(["---", *titles[:1], "---"]) + "\n" if titles else blank(match)

    return _FRONT_MATTER.sub(title_only, _DIRECTIVE.sub(blank, source))


class NotUnderstood(Exception):
    """The source is not Mermaid. `line` counts from 1; 0 where the library does not know which."""

    def __init__(self, line: int) -> None:
        super().__init__(line)
        self.line = line


class Artist:
    """Draws with the fonts `families`, in `variables` (a theme) on a ground of one colour."""

    def __init__(
        self, families: Sequence[str], variables: Mapping[str, object], ground: str, inks: Sequence[str]
    ) -> None:
        self._families = list(families)
        self._ground = ground
        self._current = str(variables["gridColor"])
        self._inks = inks
        self._font = lru_cache(maxsize=64)(self._make_font)
        services = merman.MermanEngineServices().with_text_measurer(_Ruler(self.width))
        self._engine = merman.MermanEngine(json.dumps(_options(variables)), services)

    def draw(self, source: str) -> Drawing:
        """The plain drawing of a Mermaid source.

        Raises:
            NotUnderstood: by the library.
            CannotDraw: there is nothing to be seen, or too much.
        """
        source = own_look_removed(source)
        try:
            svg = self._engine.render_svg(source, None)
        except merman.MermanError.Binding as error:
            if error.resource is not None:
                raise CannotDraw from error
            raise NotUnderstood(_line_of_error(source)) from error
        return self._with_readable_texts(flatten(svg, self.width, self._current, self._ground))

    def svg(self, drawing: Drawing) -> str:
        """`drawing` as a file."""
        return drawing.svg(self._families)

    def png(self, drawing: Drawing, scale: float) -> bytes:
        """`drawing` on its ground, with `scale` pixels to a unit, or as many as MAX_PIXELS allow."""
        image = self._shapes(drawing, scale)
        painter = QPainter(image)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.TextAntialiasing)
        painter.scale(image.width() / drawing.width, image.height() / drawing.height)
        painter.translate(-drawing.left, -drawing.top)
        for text in drawing.texts:
            self._paint(painter, text)
        painter.end()
        buffer = QBuffer()
        buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        writer = QImageWriter(buffer, QByteArray(b"png"))
        # Fast rather than small: it only crosses a pipe.
        writer.setCompression(10)
        writer.write(image)
        return bytes(buffer.data().data())

    def width(self, words: str, size: float, bold: bool, italic: bool) -> float:
        """How wide `words` are at `size` pixels."""
        font = self._font(bold, italic)
        return QFontMetricsF(font).horizontalAdvance(words) * size / font.pixelSize()

    def _make_font(self, bold: bool, italic: bool) -> QFont:
        font = QFont(self._families)
        # Measured large and unhinted, so that a text has the same width at every scale.
        font.setPixelSize(64)
        font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
        font.setStyleHint(QFont.StyleHint.SansSerif)
        font.setBold(bold)
        font.setItalic(italic)
        return font

    def _shapes(self, drawing: Drawing, scale: float) -> QImage:
        size = _pixels(drawing, scale)
        image = QImage(size, QImage.Format.Format_RGB32)
        image.fill(QColor(self._ground))
        renderer = QSvgRenderer(drawing.svg(with_texts=False).encode())
        painter = QPainter(image)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        renderer.render(painter, QRectF(0, 0, size.width(), size.height()))
        painter.end()
        return image

    def _paint(self, painter: QPainter, text: Text) -> None:
        matrix = text.matrix
        font = self._font(text.bold, text.italic)
        painter.save()
        painter.setTransform(QTransform(matrix.a, matrix.b, matrix.c, matrix.d, matrix.e, matrix.f), combine=True)
        painter.translate(text.x, text.y)
        shrink = text.size / font.pixelSize()
        painter.scale(shrink, shrink)
        painter.setOpacity(text.opacity)
        painter.setPen(QColor(text.fill))
        painter.setFont(font)
        painter.drawText(QPointF(0, 0), text.words)
        painter.restore()

    def _with_readable_texts(self, drawing: Drawing) -> Drawing:
        """The same with every text readable where it stands: authors colour shapes with one theme in mind."""
        image = self._shapes(drawing, min(1.0, (1_000_000 / (drawing.width * drawing.height)) ** 0.5))
        scale = image.width() / drawing.width
        texts = []
        for text in drawing.texts:
            spots = [(int((x - drawing.left) * scale), int((y - drawing.top) * scale)) for x, y in text.spots]
            colours = Counter(image.pixelColor(x, y).name() for x, y in spots if image.valid(x, y))
            ground = colours.most_common(1)[0][0] if colours else self._ground
            if contrast(text.fill, ground) < _READABLE:
                best = max(self._inks, key=partial(contrast, ground))
                texts.append(replace(text, fill=best, opacity=1.0))
            else:
                texts.append(text)
        return replace(drawing, texts=texts)


class _Ruler(merman.MermanTextMeasurer):  # type: ignore[misc]  # the library has no types
    """Tells the library how wide texts are in the fonts that they will be painted in."""

    def __init__(self, width: Measure) -> None:
        self._width = width

    def measure(self, request: merman.MermanTextMeasureRequest) -> merman.MermanTextMeasureResult | None:
        size = request.font_size
        rows = request.text.split("\n")
        bold = is_bold(request.font_weight or "")
        width = max(self._width(row, size, bold, request.font_style == "italic") for row in rows)
        return _answer(request, width, len(rows))


def _answer(request: merman.MermanTextMeasureRequest, width: float, rows: int) -> merman.MermanTextMeasureResult | None:
    is_html = request.wrap_mode is merman.MermanTextWrapMode.HTML_LIKE
    height = rows * request.line_height if is_html else (_SVG_LINE * (rows - 1) + 1.2) * request.font_size
    fits = request.max_width is None or width <= request.max_width
    operation = request.operation
    if operation in (_Operation.MEASURE, _Operation.MERMAID_CALCULATE_TEXT_DIMENSIONS):
        return _result(_Result.METRICS, width=width, height=height, line_count=rows)
    if operation is _Operation.WRAPPED and fits:
        return _result(_Result.METRICS, width=width, height=height, line_count=rows)
    if operation in (_Operation.B_BOX_X, _Operation.B_BOX_X_WITH_ASCII_OVERHANG, _Operation.TITLE_B_BOX_X):
        return _result(_Result.HORIZONTAL_EXTENTS, bbox_left=width / 2, bbox_right=width / 2)
    if operation.name.endswith(("WIDTH", "LENGTH")) and operation is not _Operation.WRAPPED_WITH_RAW_WIDTH:
        return _result(_Result.LENGTH, length=width)
    # The library knows how it breaks lines, and its own heights.
    return None


def _result(kind: merman.MermanTextMeasurementResultKind, **found: float) -> merman.MermanTextMeasureResult:
    nothing: dict[str, float | None] = {"width": 0.0, "height": 0.0, "length": 0.0, "line_count": 1}
    nothing |= {"bbox_left": None, "bbox_right": None, "raw_width": None}
    return merman.MermanTextMeasureResult(result_kind=kind, **(nothing | found))


def _line_of_error(source: str) -> int:
    analysis = json.loads(merman.Merman().analyze_json(source, None))
    last = source.count("\n") + 1
    for found in analysis.get("diagnostics", []):
        span = found.get("span") or {}
        # What is laid to the charge of all lines is of no line.
        if found.get("severity") == "error" and (span.get("line"), span.get("end_line")) != (1, last):
            return int(span.get("line", 0))
    return 0


def _options(variables: Mapping[str, object]) -> dict[str, object]:
    site: dict[str, object] = {"theme": "base", "look": "classic", "layout": "dagre", "flowchart": _FLOWCHART}
    site |= {"gantt": _GANTT, "fontSize": 14}
    return {
        "svg": {"pipeline": "resvg-safe"},
        "resources": {"profile": "constrained", "limits": {"max_layout_work_units": _MAX_WORK}},
        "site_config": {**site, "themeVariables": dict(variables)},
    }


def _pixels(drawing: Drawing, scale: float) -> QSize:
    if drawing.width > _MAX_SIDE * 4 or drawing.height > _MAX_SIDE * 4:
        raise CannotDraw
    scale = min(scale, (MAX_PIXELS / (drawing.width * drawing.height)) ** 0.5)
    scale = min(scale, _MAX_SIDE / drawing.width, _MAX_SIDE / drawing.height)
    return QSize(max(1, round(drawing.width * scale)), max(1, round(drawing.height * scale)))
