"""Code as HTML, in its colours. Knows no Qt."""

from __future__ import annotations

from desktop.ui.transcript.code.highlight import highlighter
from desktop.ui.transcript.code.languages import language
from desktop.ui.transcript.code.lexing import Range
from desktop.ui.transcript.export.html_inline import text_html

_MAX_COLOURED_CHARS = 200_000


def code_html(text: str, written: str, *, is_numbered: bool, wraps: bool) -> str:
    """`text` in the language that is `written` behind its fence."""
    name = language(written).name if written else ""
    colours = highlighter(written) if written and len(text) <= _MAX_COLOURED_CHARS else None
    ranges = colours.feed(text) if colours is not None else []
    inner = _coloured(text, ranges)
    if is_numbered:
        inner = "\n".join(f'<span class="line">{line}</span>' for line in _lines(text, ranges))
    label = f"<figcaption>{text_html(name)}</figcaption>" if name else ""
    look = ' class="wraps"' if wraps else ""
    return f'<figure class="code">{label}<pre{look} dir="ltr"><code>{inner}</code></pre></figure>\n'


def _coloured(text: str, ranges: list[Range]) -> str:
    parts = []
    end = 0
    for start, stop, ink in ranges:
        start, stop = max(start, end), min(stop, len(text))  # noqa: PLW2901
        if start < stop:
            parts += [text_html(text[end:start]), f'<span class="ink-{ink}">{text_html(text[start:stop])}</span>']
            end = stop
    return "".join(parts) + text_html(text[end:])


def _lines(text: str, ranges: list[Range]) -> list[str]:
    """Each line with the colours of its own."""
    found = []
    begin = 0
    at = 0
    for line in text.split("\n"):
        end = begin + len(line)
        own = []
        while at < len(ranges) and ranges[at][0] < end:
            start, stop, ink = ranges[at]
            own.append((max(start, begin) - begin, min(stop, end) - begin, ink))
            if stop > end:
                break
            at += 1
        found.append(_coloured(line, own))
        begin = end + 1
    return found
