"""A drawing of plain shapes and texts: no style sheet, no links, no images, nothing that could load anything."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from desktop.ui.transcript.diagrams.geometry import Matrix


@dataclass(frozen=True, slots=True)
class Shape:
    """One SVG shape. `look` are its attributes, geometry included; colours are `#rrggbb` or `none`."""

    kind: str
    look: dict[str, str]
    matrix: Matrix


@dataclass(frozen=True, slots=True)
class Text:
    """One line of text in one font, which begins at (`x`, `y`) on its baseline. `width` is what it measures."""

    words: str
    x: float
    y: float
    width: float
    size: float
    bold: bool
    italic: bool
    fill: str
    opacity: float
    matrix: Matrix

    @property
    def corners(self) -> Iterator[tuple[float, float]]:
        """About what the letters cover, in the drawing."""
        for x in (self.x, self.x + self.width):
            for y in (self.y - 0.9 * self.size, self.y + 0.25 * self.size):
                yield self.matrix.apply((x, y))

    @property
    def spots(self) -> Iterator[tuple[float, float]]:
        """Some points among its letters, in the drawing."""
        for share in (0.1, 0.3, 0.5, 0.7, 0.9):
            for rise in (0.1, 0.35, 0.6):
                yield self.matrix.apply((self.x + share * self.width, self.y - rise * self.size))


@dataclass(frozen=True, slots=True)
class Drawing:
    """What is painted, shapes below texts, in a view of `width` × `height` from (`left`, `top`)."""

    left: float
    top: float
    width: float
    height: float
    shapes: Sequence[Shape]
    texts: Sequence[Text]

    def svg(self, families: Sequence[str] = (), *, with_texts: bool = True) -> str:
        """The drawing as an SVG file, its texts in the first of `families` that the reader has."""
        view = f"{self.left:g} {self.top:g} {self.width:g} {self.height:g}"
        size = f'width="{self.width:g}" height="{self.height:g}" viewBox="{view}"'
        parts = [f'<svg xmlns="http://www.w3.org/2000/svg" {size}>']
        parts += map(_shape, self.shapes)
        if with_texts:
            fonts = ", ".join([*(f"'{family}'" for family in families if "'" not in family), "sans-serif"])
            parts.append(f"<g font-family={quoteattr(fonts)}>")
            parts += map(_text, self.texts)
            parts.append("</g>")
        parts.append("</svg>")
        return "".join(parts)


def _shape(shape: Shape) -> str:
    look = "".join(f" {name}={quoteattr(value)}" for name, value in shape.look.items())
    return f"<{shape.kind}{look}{_transform(shape.matrix)}/>"


def _text(text: Text) -> str:
    look = f' font-size="{text.size:g}" fill={quoteattr(text.fill)}'
    if text.bold:
        look += ' font-weight="bold"'
    if text.italic:
        look += ' font-style="italic"'
    if text.opacity < 1:
        look += f' opacity="{text.opacity:g}"'
    # In the middle of where it was measured: another font on the reader's computer is then off by half as much.
    x = text.x + text.width / 2
    place = f'x="{x:g}" y="{text.y:g}" text-anchor="middle" xml:space="preserve"'
    return f"<text {place}{look}{_transform(text.matrix)}>{escape(text.words)}</text>"


def _transform(matrix: Matrix) -> str:
    return "" if matrix == Matrix() else f' transform="{matrix.svg}"'
