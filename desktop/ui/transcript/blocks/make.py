"""Which view draws which block."""

from __future__ import annotations

from desktop.ui.transcript.blocks.block_state import BlockState
from desktop.ui.transcript.blocks.block_view import BlockView
from desktop.ui.transcript.blocks.code_view import CodeView
from desktop.ui.transcript.blocks.diagram_view import DiagramView, may_be_diagram
from desktop.ui.transcript.blocks.formula_view import FormulaView
from desktop.ui.transcript.blocks.rule_view import RuleView
from desktop.ui.transcript.blocks.table_view import TableView
from desktop.ui.transcript.blocks.text_view import TextView
from desktop.ui.transcript.style import Style
from desktop.ui.transcript.text.inline import References
from desktop.ui.transcript.text.markdown import Block, Kind

_VIEWS: dict[Kind, type[BlockView]] = {
    Kind.CODE: CodeView,
    Kind.FORMULA: FormulaView,
    Kind.RULE: RuleView,
    Kind.TABLE: TableView,
}


def make_view(
    block: Block, style: Style, width: float, references: References, state: BlockState, *, muted: bool = False
) -> BlockView:
    """The view that draws `block` in `width` pixels as the reader wants it (`state`); `muted` in the muted colour."""
    kind = DiagramView if may_be_diagram(block, style) else _VIEWS.get(block.kind, TextView)
    return kind(block, style, width, references, state, muted=muted)
