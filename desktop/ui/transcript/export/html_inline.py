"""Running text as HTML. Knows no Qt. All of it is untrusted: everything is escaped, and few addresses become links."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from itertools import groupby

from desktop.ui.i18n import language
from desktop.ui.transcript.formulas.typeset import typeset
from desktop.ui.transcript.text import note
from desktop.ui.transcript.text.address import may_open
from desktop.ui.transcript.text.inline import LINE_BREAK, References, Span, spans
from desktop.ui.transcript.text.script import has_slanted_letters

_NOT_IN_HTML = dict.fromkeys((*range(9), 11, 12, *range(14, 32), 127), "�")


def text_html(text: str) -> str:
    """`text` as it is, line breaks included."""
    return escape(text.translate(_NOT_IN_HTML))


def inline_html(text: str, references: References, notes: Mapping[str, str]) -> str:
    """Inline Markdown. `notes` are the ids of the footnotes by their keys."""
    found = []
    for address, runs in groupby(spans(text, references), key=lambda span: span.href):
        inner = "".join(_span(run, notes) for run in runs)
        # Asked once more where it is written: nothing but these schemes may ever stand in a file.
        found.append(f'<a href="{text_html(address)}" rel="noreferrer">{inner}</a>' if may_open(address) else inner)
    return "".join(found)


def formula_html(source: str, *, display: bool) -> str:
    """A formula as a picture on the baseline; as its source where it cannot be set."""
    title = text_html(source)
    made = typeset(source, display=display, language=language())
    if made is None:
        dollars = "$$" if display else "$"
        return f'<code class="formula">{dollars}{title}{dollars}</code>'
    return f'<span class="formula" title="{title}">{made.svg}</span>'


def _span(span: Span, notes: Mapping[str, str]) -> str:
    if span.formula:
        inner = formula_html(span.text, display=span.display)
    elif span.note:
        inner = _reference(span, notes)
    else:
        inner = text_html(span.text).replace(LINE_BREAK, "<br>\n")
    if span.code:
        inner = f"<code>{inner}</code>"
    if span.strike:
        inner = f"<s>{inner}</s>"
    if span.italic:
        inner = f"<em>{inner}</em>" if has_slanted_letters(span.text) else f'<em class="dots">{inner}</em>'
    if span.bold:
        inner = f"<strong>{inner}</strong>"
    return f'<span class="muted">{inner}</span>' if span.muted else inner


def _reference(span: Span, notes: Mapping[str, str]) -> str:
    target = notes.get(note.key(span.note))
    shown = text_html(span.text)
    return f'<sup><a href="#{target}">{shown}</a></sup>' if target else f"<sup>{shown}</sup>"
