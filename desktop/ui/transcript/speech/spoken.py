"""What is on the page in words, for those who hear it: no Markdown, formulas as they are read out, code by name.

Knows no Qt.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from desktop.ui.i18n import language, tr, tr_count
from desktop.ui.transcript.code import languages
from desktop.ui.transcript.formulas.typeset import typeset
from desktop.ui.transcript.text.inline import LINE_BREAK, References, Span, spans
from desktop.ui.transcript.text.markdown import NOTE, TASK_DONE, TASK_OPEN, Block, Kind
from desktop.ui.transcript.text.whole import joined, wholes


def spoken_text(blocks: Sequence[Block], references: References) -> str:
    """All of a text: each block a paragraph, what is no running text under a title that says what it is."""
    return "\n".join(line for part in wholes(blocks) for line in _lines(part, references) if line)


def running(block: Block, references: References) -> str:
    """The words of a paragraph, a heading or another block that is running text, behind its list marker."""
    text = block.text if block.kind is Kind.PLAIN else _inline(block.text, references)
    return " ".join(filter(None, [*map(_marker, block.indents), text]))


def title(part: Sequence[Block]) -> str:
    """What a block is that is no running text; `part` are its pieces."""
    first = part[0]
    match first.kind:
        case Kind.CODE if languages.is_diagram(first.language):
            return _diagram(first.text)
        case Kind.CODE:
            lines = sum(block.text.count("\n") + 1 for block in part)
            if not first.language:
                return tr_count("Code, {count} line", "Code, {count} lines", lines)
            return tr_count(
                "Code, {language}, {count} line",
                "Code, {language}, {count} lines",
                lines,
                language=languages.language(first.language).name,
            )
        case Kind.TABLE:
            rows = sum(len(block.rows) for block in part)
            columns = max((len(cells) for cells in first.rows), default=0)
            return tr("Table, {rows} × {columns}", rows=f"{rows:,}", columns=f"{columns:,}")
        case Kind.FORMULA:
            return _formula(first.text, display=True)
    return ""


def is_running(block: Block) -> bool:
    """Whether the block is text that is read sentence by sentence."""
    return block.kind in (Kind.PARAGRAPH, Kind.HEADING, Kind.PLAIN)


def _lines(part: Sequence[Block], references: References) -> Iterator[str]:
    if is_running(part[0]):
        yield "".join(block.joint * (not block.first) + running(block, references) for block in part)
        return
    yield title(part)
    if part[0].kind is Kind.CODE:
        yield joined(part)
    elif part[0].kind is Kind.TABLE:
        for block in part:
            for cells in block.rows:
                yield tr(", ").join(_inline(cell, references) for cell in cells)


def _inline(text: str, references: References) -> str:
    return "".join(_said(span) for span in spans(text, references)).replace(LINE_BREAK, "\n")


def _said(span: Span) -> str:
    if span.note:
        return tr(" (note {label})", label=span.text)
    return _formula(span.text, display=span.display) if span.formula else span.text


def _formula(source: str, *, display: bool) -> str:
    """As a teacher would read it out. What cannot be typeset is said as it is shown: as its source."""
    made = typeset(source, display=display, language=language())
    return made.speech if made is not None and made.speech else source


def _marker(indent: str) -> str:
    """A number is said; a bullet is a pause. A task says how far it is."""
    if indent == TASK_DONE:
        return tr("Done:")
    if indent == TASK_OPEN:
        return tr("To do:")
    if indent.startswith(NOTE):
        return tr("Note {label}:", label=indent.removeprefix(NOTE))
    return indent if indent[:1].isdigit() else ""


def _diagram(source: str) -> str:
    kind = source.split(maxsplit=1)[0] if source.strip() else ""
    names = {
        "flowchart": tr("Diagram: flowchart"),
        "graph": tr("Diagram: flowchart"),
        "sequenceDiagram": tr("Diagram: sequence"),
        "classDiagram": tr("Diagram: classes"),
        "stateDiagram": tr("Diagram: states"),
        "gantt": tr("Diagram: timetable"),
        "pie": tr("Diagram: pie chart"),
    }
    return names.get(kind.removesuffix("-v2"), tr("Diagram"))
